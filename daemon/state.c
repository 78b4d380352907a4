// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's memory across restarts: the number of changes made, the latest
 * time that the clock has shown, and when each flow was last hit. Easy to get
 * wrong: it is a memory and not a policy, so it is read with distrust: it may
 * take from what the policy permits but never add to it.
 */
#include "state.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "counter.h"
#include "durable.h"

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

/* The directory of @path; *name is the rest of it. */
static int state_open_dir(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int fd;

	*name = slash ? slash + 1 : path;
	if (asprintf(&dir, "%.*s", (int)(*name - path), path) < 0)
		abort();
	fd = durable_open_dir(slash ? dir : ".");
	free(dir);
	return fd;
}

static int state_take(const json_t *json, uint64_t *generation, int64_t *latest,
		      struct counters *counters)
{
	json_t *hits, *entry;
	size_t i;

	if (json_integer_value(json_object_get(json, "format")) !=
		    STATE_FORMAT ||
	    json_integer_value(json_object_get(json, "generation")) < 0 ||
	    json_integer_value(json_object_get(json, "latest")) < 0)
		return -EBADMSG;
	*generation = (uint64_t)json_integer_value(
		json_object_get(json, "generation"));
	*latest = json_integer_value(json_object_get(json, "latest"));
	hits = json_object_get(json, "hits");
	json_array_foreach(hits, i, entry) {
		state_take_hit(entry, counters);
	}
	counters->known = json_is_array(hits);
	return 0;
}

int state_load(const char *path, uint64_t *generation, int64_t *latest,
	       struct counters *counters)
{
	struct arena *arena = arena_new();
	struct durable_bytes bytes;
	const char *name;
	int dir, rc;

	dir = state_open_dir(path, &name);
	rc = dir < 0 ? dir :
		       durable_read(dir, name, STATE_SIZE_MAX, arena, &bytes);
	if (!rc) {
		json_t *json = json_loadb(bytes.data, bytes.len,
					  JSON_REJECT_DUPLICATES, NULL);

		rc = state_take(json, generation, latest, counters);
		json_decref(json);
	}
	if (dir >= 0)
		close(dir);
	arena_free(arena);
	return rc;
}

static json_t *state_json(uint64_t generation, int64_t latest,
			  const struct counters *counters)
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
	json = json_pack("{sisIsIso}", "format", STATE_FORMAT, "generation",
			 (json_int_t)generation, "latest", (json_int_t)latest,
			 "hits", hits);
	if (!json)
		abort();
	return json;
}

int state_save_by(const struct durable_ops *ops, const char *path,
		  uint64_t generation, int64_t latest,
		  const struct counters *counters)
{
	struct durable_bytes bytes;
	json_t *json;
	const char *name;
	char *text;
	int dir, rc;

	dir = state_open_dir(path, &name);
	if (dir < 0)
		return dir;
	json = state_json(generation, latest, counters);
	text = json_dumps(json, JSON_COMPACT);
	if (!text)
		abort();
	bytes.data = text;
	bytes.len = strlen(text);
	rc = durable_replace(ops, dir, name, &bytes, 1);
	free(text);
	json_decref(json);
	close(dir);
	return rc;
}

int state_save(const char *path, uint64_t generation, int64_t latest,
	       const struct counters *counters)
{
	return state_save_by(&durable_real, path, generation, latest, counters);
}
