// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Temporary conduits on the disk. Easy to get wrong: what cannot be read or
 * kept must permit nothing, and never stand in the way of the configuration.
 */
#include "allow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "durable.h"
#include "log.h"

#define ALLOW_FILE "allowed.conf"
#define ALLOW_BYTES_MAX ((size_t)4 << 20)

struct allow {
	char *path;
	int fd; /* of the directory, or -1 */
	char *text;
	size_t len;
	bool unkept; /* the disk has something else */
};

static int allow_check(const char *text, size_t len)
{
	struct arena *arena = arena_new();
	struct allowed *list;
	size_t n;
	int rc = allowed_parse(text, len, arena, &list, &n);

	arena_free(arena);
	return rc;
}

static void allow_take(struct allow *allow, const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		abort();
	memcpy(copy, text, len);
	copy[len] = '\0';
	free(allow->text);
	allow->text = copy;
	allow->len = len;
}

static int allow_read(struct allow *allow)
{
	struct arena *arena = arena_new();
	struct durable_bytes bytes;
	int rc = -EBADF;

	if (allow->fd >= 0)
		rc = durable_read_sealed(allow->fd, ALLOW_FILE, ALLOW_BYTES_MAX,
					 arena, &bytes);
	if (!rc)
		rc = allow_check(bytes.data, bytes.len);
	if (!rc)
		allow_take(allow, bytes.data, bytes.len);
	else
		allow_take(allow, "", 0);
	arena_free(arena);
	return rc;
}

struct allow *allow_open(const char *dir)
{
	struct allow *allow = calloc(1, sizeof(*allow));
	int rc;

	if (!allow || asprintf(&allow->path, "%s/" ALLOW_FILE, dir) < 0)
		abort();
	allow->fd = durable_open_dir(dir);
	rc = allow_read(allow);
	if (rc && rc != -ENOENT)
		log_error("SEKI-ERROR", rc,
			  "The temporary conduits in %s cannot be read, so "
			  "there are none",
			  allow->path);
	return allow;
}

void allow_close(struct allow *allow)
{
	if (!allow)
		return;
	if (allow->fd >= 0)
		close(allow->fd);
	free(allow->text);
	free(allow->path);
	free(allow);
}

const char *allow_path(const struct allow *allow)
{
	return allow->path;
}

struct allowed *allow_list(const struct allow *allow, int64_t now,
			   struct arena *arena, size_t *n)
{
	struct allowed *all, *list;
	size_t n_all, i;

	*n = 0;
	if (allowed_parse(allow->text, allow->len, arena, &all, &n_all))
		n_all = 0; /* it has been understood before */
	list = arena_alloc(arena, (n_all + 1) * sizeof(*list));
	for (i = 0; i < n_all; i++)
		if (all[i].expires > now)
			list[(*n)++] = all[i];
	return list;
}

int allow_write(struct allow *allow, const char *text, size_t len)
{
	struct durable_bytes bytes = { text, len };
	int rc = -EBADF;

	if (allow->fd >= 0)
		rc = durable_replace_sealed(&durable_real, allow->fd,
					    ALLOW_FILE, &bytes, 1);
	if (rc)
		return rc;
	allow_take(allow, text, len);
	allow->unkept = false;
	return 0;
}

static int allow_remove(const struct allow *allow)
{
	if (allow->fd < 0)
		return -EBADF;
	if (unlinkat(allow->fd, ALLOW_FILE, 0) < 0 && errno != ENOENT)
		return -errno;
	return fsync(allow->fd) < 0 ? -errno : 0;
}

static void allow_log_unkept(const struct allow *allow, int rc, bool removed)
{
	struct log_line line;

	log_begin(&line, "SEKI-UNKEPT",
		  removed ? "A temporary conduit is ended, which cannot be "
			    "kept on the disk; none of the others will be in "
			    "force after the next start, unless it can be "
			    "written by then" :
			    "A temporary conduit is ended, which cannot be "
			    "kept on the disk; it will be in force again after "
			    "the next start, until its time is over, unless it "
			    "can be written by then");
	log_add_text(&line, "file", allow->path);
	log_add_text(&line, "error", strerror(-rc));
	log_end(&line, LOG_CRIT);
}

int allow_reduce(struct allow *allow, const char *text, size_t len)
{
	int rc = allow_write(allow, text, len);
	bool removed;

	if (!rc)
		return 0;
	removed = !allow_remove(allow);
	if (removed)
		rc = allow_write(allow, text, len);
	if (!rc)
		return 0;
	allow_log_unkept(allow, rc, removed);
	allow_take(allow, text, len);
	allow->unkept = true;
	return rc;
}

void allow_restore(struct allow *allow, const char *text, size_t len)
{
	int rc = allow_write(allow, text, len);

	if (!rc)
		return;
	log_error("SEKI-ERROR", rc, "%s cannot be written", allow->path);
	allow_take(allow, text, len);
	allow->unkept = true;
}

void allow_settle(struct allow *allow)
{
	struct log_line line;

	if (!allow->unkept || allow_write(allow, allow->text, allow->len))
		return;
	log_begin(&line, "SEKI-UNKEPT",
		  "The temporary conduits are kept on the disk as they are");
	log_add_text(&line, "file", allow->path);
	log_end(&line, LOG_NOTICE);
}
