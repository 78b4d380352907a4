// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's memory across restarts: the number of changes made, and when
 * each flow was last hit. Easy to get wrong: it is written by a daemon that
 * may lose power at any moment, so it is written beside, synced, and renamed;
 * and it is read with distrust, since nothing depends on it but ages.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counter.h"

#define STATE_FORMAT 1
#define STATE_SIZE_MAX (256 << 20)

static void state_take_hit(const json_t *entry, struct counters *counters)
{
	json_int_t id = json_integer_value(json_array_get(entry, 0));
	json_int_t packets = json_integer_value(json_array_get(entry, 1));
	json_int_t last_hit = json_integer_value(json_array_get(entry, 2));
	struct show_count *count;

	if (id <= 0 || id > UINT32_MAX || packets < 0 || last_hit < 0)
		return;
	count = counter_find(counters, (uint32_t)id);
	if (!count)
		return;
	count->packets = (uint64_t)packets;
	count->last_hit = last_hit;
}

/* Open what only we may have written */
static int state_open(const char *path, FILE **file)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || st.st_mode & 022 ||
	    st.st_size > STATE_SIZE_MAX) {
		close(fd);
		return -EPERM;
	}
	*file = fdopen(fd, "r");
	if (!*file)
		abort();
	return 0;
}

int state_load(const char *path, uint64_t *generation,
	       struct counters *counters)
{
	json_t *json, *hits, *entry;
	FILE *file = NULL;
	int rc;
	size_t i;

	rc = state_open(path, &file);
	if (rc)
		return rc;
	json = json_loadf(file, JSON_REJECT_DUPLICATES, NULL);
	fclose(file);
	if (json_integer_value(json_object_get(json, "format")) !=
		    STATE_FORMAT ||
	    json_integer_value(json_object_get(json, "generation")) < 0) {
		rc = -EBADMSG;
		goto out;
	}
	*generation = (uint64_t)json_integer_value(
		json_object_get(json, "generation"));
	hits = json_object_get(json, "hits");
	json_array_foreach(hits, i, entry) {
		state_take_hit(entry, counters);
	}
	counters->known = json_is_array(hits);
out:
	json_decref(json);
	return rc;
}

static json_t *state_json(uint64_t generation, const struct counters *counters)
{
	json_t *hits = json_array(), *json;
	size_t i;

	for (i = 0; hits && i < counters->n_counts; i++) {
		const struct show_count *count = &counters->counts[i];

		if (!count->packets && !count->last_hit)
			continue;
		if (json_array_append_new(
			    hits, json_pack("[III]", (json_int_t)count->id,
					    (json_int_t)count->packets,
					    (json_int_t)count->last_hit)))
			abort();
	}
	json = json_pack("{sisIso}", "format", STATE_FORMAT, "generation",
			 (json_int_t)generation, "hits", hits);
	if (!json)
		abort();
	return json;
}

int state_save(const char *path, uint64_t generation,
	       const struct counters *counters)
{
	json_t *json = state_json(generation, counters);
	FILE *file;
	char *beside;
	int fd, rc = 0;

	if (asprintf(&beside, "%s.new", path) < 0)
		abort();
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0) {
		rc = -errno;
		goto out;
	}
	file = fdopen(fd, "w");
	if (!file)
		abort();
	if (json_dumpf(json, file, JSON_COMPACT) || fflush(file) ||
	    fsync(fd) < 0)
		rc = -EIO;
	fclose(file);
	if (!rc && rename(beside, path) < 0)
		rc = -errno;
	if (rc)
		unlink(beside);
out:
	free(beside);
	json_decref(json);
	return rc;
}
