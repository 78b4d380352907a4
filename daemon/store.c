// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configurations that were in force, kept for going back to them. Easy to get
 * wrong: this is read when something has just gone wrong, so nothing in it is
 * believed because it is there: the seal must fit, the number inside must be
 * that of the name, and the lengths must add up, or it is damaged.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "escape.h"

#define STORE_FORMAT 1
#define STORE_PREFIX "generation."
#define STORE_CURRENT "current"
#define STORE_HEADER_MAX ((size_t)32 << 20)
#define STORE_CURRENT_MAX ((size_t)64 << 10)
#define STORE_NAME_MAX 40
#define STORE_TEXT_MAX 4096 /* bytes of a text of the meta data */

struct store {
	int dir;
	const struct durable_ops *ops;
	uint64_t last; /* the highest number that was given */
};

static void store_name(char name[static STORE_NAME_MAX], uint64_t number)
{
	snprintf(name, STORE_NAME_MAX, STORE_PREFIX "%" PRIu64, number);
}

int store_clock_read(struct store_clock *now)
{
	struct timespec wall, boot;
	FILE *file;
	int rc = 0;

	memset(now, 0, sizeof(*now));
	if (clock_gettime(CLOCK_REALTIME, &wall) < 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &boot) < 0)
		return -errno;
	now->wall = wall.tv_sec > 0 ? (uint64_t)wall.tv_sec : 0;
	now->boot = (uint64_t)boot.tv_sec;
	file = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (!file)
		return -errno;
	if (!fgets(now->boot_id, sizeof(now->boot_id), file) ||
	    strlen(now->boot_id) != STORE_BOOT_ID - 1)
		rc = -EIO;
	fclose(file);
	return rc;
}

void store_set_deadline(struct store_current *current,
			const struct store_clock *now, uint64_t seconds)
{
	memset(&current->deadline, 0, sizeof(current->deadline));
	if (!seconds)
		return;
	current->deadline = *now;
	current->deadline.wall += seconds;
	current->deadline.boot += seconds;
}

static bool store_is_this_boot(const struct store_current *current,
			       const struct store_clock *now)
{
	return now->boot_id[0] &&
	       !strcmp(current->deadline.boot_id, now->boot_id);
}

uint64_t store_seconds_left(const struct store_current *current,
			    const struct store_clock *now)
{
	if (!store_is_this_boot(current, now) ||
	    current->deadline.boot <= now->boot)
		return 0;
	return current->deadline.boot - now->boot;
}

static json_t *store_parse(const char *bytes, size_t len)
{
	json_t *json = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);

	if (json_integer_value(json_object_get(json, "format")) == STORE_FORMAT)
		return json;
	json_decref(json);
	return NULL;
}

static bool store_take_number(const json_t *json, const char *key,
			      uint64_t *number)
{
	const json_t *value = json_object_get(json, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*number = (uint64_t)json_integer_value(value);
	return true;
}

static const char *store_take_text(const json_t *json, const char *key,
				   struct arena *arena)
{
	const char *text = json_string_value(json_object_get(json, key));

	return arena_copy(arena, text ? text : "", text ? strlen(text) : 0);
}

static bool store_take_current(const json_t *json,
			       struct store_current *current, uint64_t *last)
{
	const json_t *earlier = json_object_get(json, "earlier");
	const char *boot_id =
		json_string_value(json_object_get(json, "boot_id"));
	size_t i;

	if (!store_take_number(json, "running", &current->running) ||
	    !store_take_number(json, "confirmed", &current->confirmed) ||
	    !store_take_number(json, "deadline", &current->deadline.wall) ||
	    !store_take_number(json, "boot_deadline",
			       &current->deadline.boot) ||
	    !store_take_number(json, "last", last) || !boot_id ||
	    strlen(boot_id) >= STORE_BOOT_ID)
		return false;
	strcpy(current->deadline.boot_id, boot_id);
	for (i = 0; i < STORE_EARLIER && i < json_array_size(earlier); i++)
		current->earlier[i] = (uint64_t)json_integer_value(
			json_array_get(earlier, i));
	return true;
}

static int store_read_current(int dir, struct store_current *current,
			      uint64_t *last)
{
	struct arena *arena = arena_new();
	struct durable_bytes bytes;
	json_t *json;
	int rc;

	*last = 0;
	memset(current, 0, sizeof(*current));
	rc = durable_read_sealed(dir, STORE_CURRENT, STORE_CURRENT_MAX, arena,
				 &bytes);
	if (!rc) {
		json = store_parse(bytes.data, bytes.len);
		if (!store_take_current(json, current, last)) {
			memset(current, 0, sizeof(*current));
			rc = -EBADMSG;
		}
		json_decref(json);
	}
	arena_free(arena);
	return rc;
}

static int store_find_last(struct store *store)
{
	struct arena *arena = arena_new();
	struct store_current current;
	uint64_t *numbers;
	size_t n;
	int rc;

	rc = durable_list(store->dir, STORE_PREFIX, arena, &numbers, &n);
	if (!rc) {
		/* without it the files tell, of which the newest is kept */
		store_read_current(store->dir, &current, &store->last);
		if (n && numbers[n - 1] > store->last)
			store->last = numbers[n - 1];
	}
	arena_free(arena);
	return rc;
}

int store_open(const char *dir, const struct durable_ops *ops,
	       struct store **out)
{
	struct store *store = calloc(1, sizeof(*store));
	int rc = 0;

	if (!store)
		abort();
	store->ops = ops ? ops : &durable_real;
	store->dir = durable_open_dir(dir);
	if (store->dir < 0)
		rc = store->dir;
	if (!rc)
		rc = durable_sweep(store->ops, store->dir, STORE_PREFIX);
	if (!rc)
		rc = durable_sweep(store->ops, store->dir, STORE_CURRENT);
	if (!rc)
		rc = store_find_last(store);
	if (rc) {
		store_close(store);
		store = NULL;
	}
	*out = store;
	return rc;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->dir >= 0)
		close(store->dir);
	free(store);
}

static json_t *store_text(const char *text)
{
	json_t *json = json_string(text ? text : "");
	char buf[STORE_TEXT_MAX];

	if (json && json_string_length(json) < sizeof(buf))
		return json;
	json_decref(json);
	escape_text(text, "", buf, sizeof(buf));
	return json_string(buf);
}

/* A name that is no UTF-8 is a name all the same. */
static json_t *store_file_json(const struct store_file *file)
{
	json_t *name = json_string(file->name);
	size_t i, len = strlen(file->name);
	char *hex;

	if (name)
		return json_pack("{sosI}", "name", name, "len",
				 (json_int_t)file->len);
	hex = calloc(2, len + 1);
	if (!hex)
		abort();
	for (i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)file->name[i]);
	name = json_string(hex);
	free(hex);
	return json_pack("{sosI}", "name_hex", name, "len",
			 (json_int_t)file->len);
}

static char *store_header(uint64_t number, const struct store_meta *meta,
			  const struct store_file *files, size_t n_files)
{
	json_t *array = json_array(), *json;
	char *text, *line;
	size_t i;

	for (i = 0; i < n_files; i++) {
		if (json_array_append_new(array, store_file_json(&files[i])))
			abort();
	}
	json = json_pack("{sisIsIsIsIsososososo}", "format", STORE_FORMAT,
			 "number", (json_int_t)number, "time",
			 (json_int_t)meta->time, "uid", (json_int_t)meta->uid,
			 "pid", (json_int_t)meta->pid, "process",
			 store_text(meta->process), "why",
			 store_text(meta->why), "digest",
			 store_text(meta->digest), "outcome",
			 store_text(meta->outcome), "files", array);
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	if (!text || asprintf(&line, "%s\n", text) < 0)
		abort();
	free(text);
	json_decref(json);
	return line;
}

static int store_check_files(const struct store_file *files, size_t n_files)
{
	size_t i, j, total = 0;

	if (!n_files || n_files > STORE_FILES_MAX)
		return -EINVAL;
	for (i = 0; i < n_files; i++) {
		if (!files[i].name[0])
			return -EINVAL;
		for (j = 0; j < i; j++) {
			if (!strcmp(files[i].name, files[j].name))
				return -EINVAL;
		}
		if (files[i].len > STORE_BYTES_MAX - total)
			return -EFBIG;
		total += files[i].len;
	}
	return 0;
}

int store_put(struct store *store, const struct store_meta *meta,
	      const struct store_file *files, size_t n_files, uint64_t *number)
{
	struct durable_bytes *parts;
	char name[STORE_NAME_MAX];
	char *header;
	size_t i;
	int rc = store_check_files(files, n_files);

	if (rc)
		return rc;
	*number = ++store->last;
	header = store_header(*number, meta, files, n_files);
	parts = calloc(n_files + 1, sizeof(*parts));
	if (!parts)
		abort();
	parts[0].data = header;
	parts[0].len = strlen(header);
	for (i = 0; i < n_files; i++) {
		parts[i + 1].data = files[i].data;
		parts[i + 1].len = files[i].len;
	}
	store_name(name, *number);
	rc = durable_replace_sealed(store->ops, store->dir, name, parts,
				    n_files + 1);
	/* what was refused to the caller shall not be listed later */
	if (rc)
		store->ops->unlink(store->ops->data, store->dir, name);
	free(parts);
	free(header);
	return rc;
}

static int store_hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static const char *store_take_name(const json_t *json, struct arena *arena)
{
	const char *name = json_string_value(json_object_get(json, "name"));
	const char *hex = json_string_value(json_object_get(json, "name_hex"));
	size_t i, len;
	char *bytes;

	if (name)
		return arena_copy(arena, name, strlen(name));
	if (!hex)
		return NULL;
	len = strlen(hex) / 2;
	if (strlen(hex) % 2)
		return NULL;
	bytes = arena_alloc(arena, len + 1);
	for (i = 0; i < len; i++) {
		int high = store_hex_digit(hex[2 * i]);
		int low = store_hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return NULL;
		bytes[i] = (char)(high << 4 | low);
	}
	return bytes;
}

/* Cut the bytes behind the header into files; all of them must be used. */
static bool store_take_files(const json_t *json, struct durable_bytes rest,
			     struct arena *arena,
			     struct store_generation *generation)
{
	const json_t *array = json_object_get(json, "files");
	size_t i, n = json_array_size(array);

	if (!n || n > STORE_FILES_MAX)
		return false;
	generation->files = arena_alloc(arena, n * sizeof(struct store_file));
	generation->n_files = n;
	for (i = 0; i < n; i++) {
		const json_t *entry = json_array_get(array, i);
		struct store_file *file = &generation->files[i];
		uint64_t len;

		file->name = store_take_name(entry, arena);
		if (!file->name || !file->name[0] ||
		    !store_take_number(entry, "len", &len) || len > rest.len)
			return false;
		file->len = (size_t)len;
		file->data = arena_copy(arena, rest.data, file->len);
		rest.data += file->len;
		rest.len -= file->len;
	}
	return !rest.len;
}

static bool store_take_meta(const json_t *json, struct arena *arena,
			    struct store_meta *meta)
{
	uint64_t uid, pid;

	if (!store_take_number(json, "number", &meta->number) ||
	    !store_take_number(json, "time", &meta->time) ||
	    !store_take_number(json, "uid", &uid) || uid > UINT32_MAX ||
	    !store_take_number(json, "pid", &pid) || pid > INT32_MAX)
		return false;
	meta->uid = (uid_t)uid;
	meta->pid = (pid_t)pid;
	meta->process = store_take_text(json, "process", arena);
	meta->why = store_take_text(json, "why", arena);
	meta->digest = store_take_text(json, "digest", arena);
	meta->outcome = store_take_text(json, "outcome", arena);
	return true;
}

int store_get(const struct store *store, uint64_t number, struct arena *arena,
	      struct store_generation *generation)
{
	struct arena *scratch = arena_new();
	struct durable_bytes bytes, rest;
	char name[STORE_NAME_MAX];
	const char *end;
	json_t *json = NULL;
	int rc;

	memset(generation, 0, sizeof(*generation));
	store_name(name, number);
	rc = durable_read_sealed(store->dir, name,
				 STORE_BYTES_MAX + STORE_HEADER_MAX, scratch,
				 &bytes);
	if (rc)
		goto out;
	end = memchr(bytes.data, '\n', bytes.len);
	if (end)
		json = store_parse(bytes.data, (size_t)(end - bytes.data));
	if (!json) {
		rc = -EBADMSG;
		goto out;
	}
	rest.data = end + 1;
	rest.len = bytes.len - (size_t)(rest.data - bytes.data);
	if (!store_take_meta(json, arena, &generation->meta) ||
	    generation->meta.number != number ||
	    !store_take_files(json, rest, arena, generation))
		rc = -EBADMSG;
	json_decref(json);
out:
	arena_free(scratch);
	return rc;
}

/* What is said of it in a list; its bytes are read and forgotten */
static void store_describe(const struct store *store, uint64_t number,
			   struct arena *arena, struct store_meta *meta)
{
	struct arena *scratch = arena_new();
	struct store_generation generation;
	const char **texts[] = { &meta->process, &meta->why, &meta->digest,
				 &meta->outcome };
	size_t i;
	int rc = store_get(store, number, scratch, &generation);

	if (!rc)
		*meta = generation.meta;
	meta->number = number;
	meta->error = rc;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = *texts[i] ? *texts[i] : "";

		*texts[i] = arena_copy(arena, text, strlen(text));
	}
	arena_free(scratch);
}

int store_list(const struct store *store, struct arena *arena,
	       struct store_meta **list, size_t *n)
{
	uint64_t *numbers;
	size_t i;
	int rc = durable_list(store->dir, STORE_PREFIX, arena, &numbers, n);

	if (rc)
		return rc;
	*list = arena_alloc(arena, (*n + 1) * sizeof(**list));
	for (i = 0; i < *n; i++)
		store_describe(store, numbers[*n - 1 - i], arena, &(*list)[i]);
	return 0;
}

int store_current(const struct store *store, struct store_current *current)
{
	uint64_t last;

	return store_read_current(store->dir, current, &last);
}

static int store_has(const struct store *store, uint64_t number)
{
	char name[STORE_NAME_MAX];
	struct stat st;

	if (!number)
		return 0;
	store_name(name, number);
	return fstatat(store->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ?
		       -errno :
		       0;
}

/* Those confirmed before @confirmed, without saying any of them twice */
static json_t *store_earlier(const struct store_current *old,
			     uint64_t confirmed)
{
	json_t *array = json_array();
	uint64_t number = old->confirmed;
	size_t i;

	for (i = 0; i <= STORE_EARLIER; i++) {
		if (number && number != confirmed &&
		    json_array_size(array) < STORE_EARLIER &&
		    json_array_append_new(array,
					  json_integer((json_int_t)number)))
			abort();
		number = i < STORE_EARLIER ? old->earlier[i] : 0;
		if (number == old->confirmed)
			number = 0;
	}
	return array;
}

/* As they are, when it is only put back */
static json_t *store_same_earlier(const struct store_current *current)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < STORE_EARLIER && current->earlier[i]; i++)
		if (json_array_append_new(
			    array,
			    json_integer((json_int_t)current->earlier[i])))
			abort();
	return array;
}

static int store_write_current(struct store *store,
			       const struct store_current *current,
			       bool restores)
{
	struct store_current old;
	struct durable_bytes bytes;
	uint64_t last;
	json_t *json;
	char *text;
	int rc = store_has(store, current->running);

	if (!rc)
		rc = store_has(store, current->confirmed);
	if (rc)
		return rc;
	/* from a file that is damaged nothing can be taken over */
	store_read_current(store->dir, &old, &last);
	json = json_pack("{sisIsIsIsIsssIso}", "format", STORE_FORMAT,
			 "running", (json_int_t)current->running, "confirmed",
			 (json_int_t)current->confirmed, "deadline",
			 (json_int_t)current->deadline.wall, "boot_deadline",
			 (json_int_t)current->deadline.boot, "boot_id",
			 current->deadline.boot_id, "last",
			 (json_int_t)store->last, "earlier",
			 restores ? store_same_earlier(current) :
				    store_earlier(&old, current->confirmed));
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text)
		return -EINVAL;
	bytes.data = text;
	bytes.len = strlen(text);
	rc = durable_replace_sealed(store->ops, store->dir, STORE_CURRENT,
				    &bytes, 1);
	free(text);
	return rc;
}

int store_set_current(struct store *store, const struct store_current *current)
{
	return store_write_current(store, current, false);
}

int store_restore_current(struct store *store,
			  const struct store_current *current)
{
	return store_write_current(store, current, true);
}

int store_remove(struct store *store, uint64_t number)
{
	char name[STORE_NAME_MAX];
	int rc;

	store_name(name, number);
	rc = store->ops->unlink(store->ops->data, store->dir, name);
	return rc ? rc : store->ops->sync(store->ops->data, store->dir);
}

static uint64_t store_wanted(const struct store_current *current,
			     const struct store_clock *now,
			     enum store_reason *reason)
{
	*reason = STORE_RUNNING;
	if (current->running == current->confirmed ||
	    !current->deadline.boot_id[0])
		return current->running;
	*reason = STORE_AWAITED;
	if (store_seconds_left(current, now))
		return current->running;
	*reason = store_is_this_boot(current, now) ? STORE_OVERDUE :
						     STORE_REBOOTED;
	return current->confirmed;
}

int store_in_force(const struct store *store, const struct store_clock *now,
		   struct arena *arena, struct store_generation *generation,
		   enum store_reason *reason)
{
	struct store_current current;
	uint64_t wanted;
	size_t i;
	int rc = store_current(store, &current), error;

	if (rc)
		return rc;
	wanted = store_wanted(&current, now, reason);
	if (!wanted)
		return -ENOENT;
	rc = store_get(store, wanted, arena, generation);
	if (!rc)
		return 0;
	*reason = STORE_EARLIER_ONE;
	error = wanted == current.confirmed || !current.confirmed ?
			rc :
			store_get(store, current.confirmed, arena, generation);
	for (i = 0; error && i < STORE_EARLIER && current.earlier[i]; i++)
		error = store_get(store, current.earlier[i], arena, generation);
	if (!error)
		return 0;
	/* that a generation is gone is damage too */
	return rc == -ENOENT ? -EBADMSG : rc;
}

/*
 * The numbers grow with time. So the first that is too young is the last that
 * has to be read, which matters: all of them may be a hundred megabytes.
 */
static bool store_is_young(const struct store_meta *meta, uint64_t keep_seconds,
			   uint64_t now)
{
	return !meta->error && meta->time <= now &&
	       now - meta->time < keep_seconds;
}

static bool store_may_remove(const struct store_meta *meta,
			     const struct store_current *current, uint64_t now)
{
	if (meta->number == current->running ||
	    meta->number == current->confirmed)
		return false;
	/* a time to come is one from before the clock was set */
	return meta->error || meta->time <= now;
}

int store_prune(struct store *store, size_t keep_count, uint64_t keep_seconds,
		uint64_t now)
{
	struct arena *arena = arena_new();
	struct store_current current;
	uint64_t *numbers;
	size_t n, i, removed = 0;
	int rc = store_current(store, &current);

	if (!rc || rc == -ENOENT)
		rc = durable_list(store->dir, STORE_PREFIX, arena, &numbers,
				  &n);
	if (!keep_count)
		keep_count = 1; /* the newest one says which number is next */
	for (i = 0; !rc && i + keep_count < n; i++) {
		struct store_meta meta = { 0 };
		char name[STORE_NAME_MAX];

		store_describe(store, numbers[i], arena, &meta);
		if (store_is_young(&meta, keep_seconds, now))
			break;
		if (!store_may_remove(&meta, &current, now))
			continue;
		store_name(name, numbers[i]);
		rc = store->ops->unlink(store->ops->data, store->dir, name);
		removed += !rc;
	}
	if (!rc && removed)
		rc = store->ops->sync(store->ops->data, store->dir);
	arena_free(arena);
	return rc;
}
