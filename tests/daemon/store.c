// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is kept on the disk, and what is left of it after a power cut or after
 * somebody has altered it. The disk is played: the files are real ones, but it
 * is remembered what of them was synced, so that they can be made anew as any
 * disk could show them after the power was gone. Easy to get wrong: a file's
 * bytes and its name are synced apart from each other.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "counter.h"
#include "durable.h"
#include "journal.h"
#include "state.h"
#include "store.h"

#define ARRAY_LEN(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define NOW 1795514400ull /* 2026-11-24T10:00:00Z */

#define FILES_MAX 64
#define CHANGES_MAX 32
#define FDS_MAX 256
#define PATH_SIZE 512

struct content {
	char *data;
	size_t len;
};

struct played_file {
	struct content live, safe; /* as it is seen; what was synced */
};

struct played_name {
	char name[64];
	int file; /* -1: there is none */
};

/* How an operation goes wrong */
enum harm {
	HARM_FAIL, /* it does not succeed; the next one will */
	HARM_FAIL_SHORT, /* a write does a part first */
	HARM_DIE, /* it and all that follow never happen */
	HARM_DIE_ONE, /* ... but one byte was written */
	HARM_DIE_HALF,
	HARM_DIE_ALMOST,
	HARM_DIE_AFTER, /* the first that never happens is the next one */
	HARMS,
};

/* What a disk has of bytes that were not synced */
enum remains {
	REMAINS_NOTHING,
	REMAINS_ONE,
	REMAINS_HALF,
	REMAINS_ALMOST,
	REMAINS_ZEROS, /* the new size, but not what was written */
	REMAINS_ALL,
	REMAINS,
};

struct world {
	char dir[64];
	struct durable_ops ops;
	struct played_file files[FILES_MAX];
	int n_files;
	struct played_name safe[FILES_MAX], live[FILES_MAX];
	/* the live names after each change since the last sync */
	struct played_name pending[CHANGES_MAX][FILES_MAX];
	int n_pending;
	int fds[FDS_MAX];
	int step, harm_at; /* 0: never */
	enum harm harm;
	bool dead;
	const char *no_room_for; /* a file that cannot be made */

	struct journal *journal;
	struct store *store;
};

/* Instead of the real one, which is at home with the kernel's table */
struct show_count *counter_find(const struct counters *counters, uint32_t id)
{
	size_t i;

	for (i = 0; i < counters->n_counts; i++) {
		if (counters->counts[i].id == id)
			return &counters->counts[i];
	}
	return NULL;
}

static void content_set(struct content *content, const char *data, size_t len)
{
	char *copy = malloc(len + 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, len);
	free(content->data);
	content->data = copy;
	content->len = len;
}

static struct played_name *name_find(struct played_name *names,
				     const char *name)
{
	int i, unused = -1;

	for (i = 0; i < FILES_MAX; i++) {
		if (names[i].name[0] && !strcmp(names[i].name, name))
			return &names[i];
		if (!names[i].name[0] && unused < 0)
			unused = i;
	}
	ck_assert_int_ge(unused, 0);
	snprintf(names[unused].name, sizeof(names[unused].name), "%s", name);
	names[unused].file = -1;
	return &names[unused];
}

static void world_changed_names(struct world *world)
{
	ck_assert_int_lt(world->n_pending, CHANGES_MAX);
	memcpy(world->pending[world->n_pending++], world->live,
	       sizeof(world->live));
}

/* Count one more operation: does it go wrong? */
static bool world_step(struct world *world)
{
	if (world->dead)
		return true;
	if (++world->step != world->harm_at)
		return false;
	world->dead = world->harm >= HARM_DIE;
	return world->harm != HARM_DIE_AFTER;
}

static int played_open(void *data, int dir, const char *name, int flags)
{
	struct world *world = data;
	struct played_name *entry;
	int fd;

	if (world_step(world))
		return -EIO;
	if (world->no_room_for && !strcmp(name, world->no_room_for))
		return -ENOSPC;
	fd = durable_real.open(NULL, dir, name, flags);
	if (fd < 0)
		return fd;
	ck_assert_int_lt(fd, FDS_MAX);
	entry = name_find(world->live, name);
	if (entry->file < 0) {
		ck_assert_int_lt(world->n_files, FILES_MAX);
		entry->file = world->n_files++;
		content_set(&world->files[entry->file].live, "", 0);
		content_set(&world->files[entry->file].safe, "", 0);
		world_changed_names(world);
	}
	world->fds[fd] = entry->file;
	return fd;
}

static int played_write(void *data, int fd, const void *bytes, size_t len)
{
	struct world *world = data;
	struct content *live = &world->files[world->fds[fd]].live;
	bool was_dead = world->dead, wrong = world_step(world);
	size_t n = len;

	if (wrong) {
		n = was_dead				  ? 0 :
		    world->harm == HARM_FAIL_SHORT	  ? len / 3 :
		    world->harm == HARM_DIE_ONE		  ? 1 :
		    world->harm == HARM_DIE_HALF	  ? len / 2 :
		    world->harm == HARM_DIE_ALMOST && len ? len - 1 :
							    0;
	} else if (len > 40) {
		n = 40; /* the rest has to be asked for again */
	}
	if (n) {
		ck_assert_int_eq(write(fd, bytes, n), (int)n);
		live->data = realloc(live->data, live->len + n + 1);
		ck_assert_ptr_nonnull(live->data);
		memcpy(live->data + live->len, bytes, n);
		live->len += n;
	}
	return wrong ? -ENOSPC : (int)n;
}

static int played_truncate(void *data, int fd, size_t size)
{
	struct world *world = data;
	struct content *live = &world->files[world->fds[fd]].live;

	if (world_step(world))
		return -EIO;
	ck_assert_uint_le(size, live->len);
	live->len = size;
	return durable_real.truncate(NULL, fd, size);
}

static int played_sync(void *data, int fd)
{
	struct world *world = data;
	struct stat st;

	if (world_step(world))
		return -EIO;
	ck_assert_int_eq(fstat(fd, &st), 0);
	if (S_ISDIR(st.st_mode)) {
		memcpy(world->safe, world->live, sizeof(world->safe));
		world->n_pending = 0;
	} else {
		struct played_file *file = &world->files[world->fds[fd]];

		content_set(&file->safe, file->live.data, file->live.len);
	}
	return 0;
}

static int played_rename(void *data, int dir, const char *from, const char *to)
{
	struct world *world = data;
	struct played_name *old;

	if (world_step(world))
		return -EIO;
	old = name_find(world->live, from);
	name_find(world->live, to)->file = old->file;
	old->file = -1;
	world_changed_names(world);
	return durable_real.rename(NULL, dir, from, to);
}

static int played_unlink(void *data, int dir, const char *name)
{
	struct world *world = data;
	int rc;

	if (world_step(world))
		return -EIO;
	rc = durable_real.unlink(NULL, dir, name);
	if (!rc) {
		name_find(world->live, name)->file = -1;
		world_changed_names(world);
	}
	return rc;
}

static char *path_in(char path[static PATH_SIZE], const struct world *world,
		     const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", world->dir, name);
	return path;
}

/* Good until the end of the block */
#define world_path(world, name) path_in((char[PATH_SIZE]){ 0 }, world, name)

static void world_write(const struct world *world, const char *name,
			const char *data, size_t len)
{
	int fd = open(world_path(world, name), O_WRONLY | O_CREAT | O_TRUNC,
		      0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (int)len);
	close(fd);
}

static struct content world_read(const struct world *world, const char *name)
{
	struct content content = { 0 };
	char buf[65536];
	int fd = open(world_path(world, name), O_RDONLY);
	ssize_t n;

	ck_assert_msg(fd >= 0, "%s", name);
	n = read(fd, buf, sizeof(buf));
	ck_assert(n >= 0 && n < (ssize_t)sizeof(buf));
	close(fd);
	content_set(&content, buf, (size_t)n);
	return content;
}

static bool world_has(const struct world *world, const char *name)
{
	return access(world_path(world, name), F_OK) == 0;
}

static int is_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* How many files have @part in their names; they are removed if so wanted */
static int world_count(const struct world *world, const char *part, bool remove)
{
	struct dirent **entries;
	int i, n, count = 0;

	n = scandir(world->dir, &entries, is_entry, alphasort);
	ck_assert_int_ge(n, 0);
	for (i = 0; i < n; i++) {
		if (strstr(entries[i]->d_name, part)) {
			count++;
			if (remove)
				unlink(world_path(world, entries[i]->d_name));
		}
		free(entries[i]);
	}
	free(entries);
	return count;
}

/* What the disk shows of a file, if not all of it was synced */
static void world_show(const struct world *world, const char *name,
		       const struct played_file *file, enum remains remains)
{
	const struct content *live = &file->live, *safe = &file->safe;
	size_t more = live->len > safe->len ? live->len - safe->len : 0;
	struct content shown = { 0 };

	if (remains == REMAINS_ALL) {
		world_write(world, name, live->data, live->len);
		return;
	}
	switch (remains) {
	case REMAINS_NOTHING:
		more = 0;
		break;
	case REMAINS_ONE:
		more = more ? 1 : 0;
		break;
	case REMAINS_HALF:
		more /= 2;
		break;
	case REMAINS_ALMOST:
		more -= more ? 1 : 0;
		break;
	case REMAINS_ZEROS:
	case REMAINS_ALL:
	case REMAINS:
		break;
	}
	content_set(&shown, safe->data, safe->len);
	shown.data = realloc(shown.data, safe->len + more + 1);
	ck_assert_ptr_nonnull(shown.data);
	memset(shown.data + safe->len, 0, more);
	if (remains != REMAINS_ZEROS && more)
		memcpy(shown.data + safe->len, live->data + safe->len, more);
	world_write(world, name, shown.data, safe->len + more);
	free(shown.data);
}

/* The directory as it is found after a power cut */
static void world_cut_power(struct world *world, int n_names,
			    enum remains remains)
{
	const struct played_name *names =
		n_names ? world->pending[n_names - 1] : world->safe;
	int i;

	world_count(world, "", true);
	for (i = 0; i < FILES_MAX; i++) {
		if (names[i].name[0] && names[i].file >= 0)
			world_show(world, names[i].name,
				   &world->files[names[i].file], remains);
	}
}

/* All is synced; what is in the directory is what the disk has. */
static void world_settle(struct world *world)
{
	struct dirent **entries;
	int i, n;

	memset(world->live, 0, sizeof(world->live));
	n = scandir(world->dir, &entries, is_entry, alphasort);
	ck_assert_int_ge(n, 0);
	for (i = 0; i < world->n_files; i++) {
		free(world->files[i].live.data);
		free(world->files[i].safe.data);
	}
	memset(world->files, 0, sizeof(world->files));
	for (i = 0; i < n; i++) {
		struct content bytes = world_read(world, entries[i]->d_name);

		world->files[i].live = bytes;
		content_set(&world->files[i].safe, bytes.data, bytes.len);
		name_find(world->live, entries[i]->d_name)->file = i;
		free(entries[i]);
	}
	free(entries);
	world->n_files = n;
	world->n_pending = 0;
	memcpy(world->safe, world->live, sizeof(world->safe));
}

static struct world *world_new(void)
{
	struct world *world = calloc(1, sizeof(*world));

	ck_assert_ptr_nonnull(world);
	/* nothing here needs a disk to be there after a power cut */
	snprintf(world->dir, sizeof(world->dir), "%s/store-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	ck_assert_ptr_nonnull(mkdtemp(world->dir));
	world->ops.open = played_open;
	world->ops.write = played_write;
	world->ops.truncate = played_truncate;
	world->ops.sync = played_sync;
	world->ops.datasync = played_sync;
	world->ops.rename = played_rename;
	world->ops.unlink = played_unlink;
	world->ops.data = world;
	return world;
}

static void world_free(struct world *world)
{
	int i;

	journal_close(world->journal);
	store_close(world->store);
	world_count(world, "", true);
	ck_assert_int_eq(rmdir(world->dir), 0);
	for (i = 0; i < world->n_files; i++) {
		free(world->files[i].live.data);
		free(world->files[i].safe.data);
	}
	free(world);
}

START_TEST(bytes_are_replaced)
{
	static const struct durable_bytes parts[] = {
		{ "one ", 4 },
		{ "", 0 },
		{ "two\0three", 9 },
	};
	struct world *world = world_new();
	struct arena *arena = arena_new();
	struct durable_bytes bytes;
	int dir = durable_open_dir(world->dir);
	struct stat st;

	ck_assert_int_ge(dir, 0);
	/* what stands in the way is not written into */
	ck_assert_int_eq(
		symlink("/etc/hostname", world_path(world, "file.new")), 0);
	ck_assert_int_eq(durable_replace(&durable_real, dir, "file", parts, 3),
			 0);
	ck_assert_int_eq(durable_read(dir, "file", 13, arena, &bytes), 0);
	ck_assert_uint_eq(bytes.len, 13);
	ck_assert_mem_eq(bytes.data, "one two\0three", 14);
	ck_assert_int_eq(durable_read(dir, "file", 12, arena, &bytes), -EFBIG);
	ck_assert_int_eq(durable_read_sealed(dir, "file", 99, arena, &bytes),
			 -EBADMSG);
	ck_assert_int_eq(lstat(world_path(world, "file"), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(world_count(world, ".new", false), 0);

	ck_assert_int_eq(durable_replace_sealed(&durable_real, dir, "file",
						parts, 1),
			 0);
	ck_assert_int_eq(durable_read(dir, "file", 99, arena, &bytes), 0);
	ck_assert_str_eq(
		bytes.data,
		"one "
		"68b2589574c8fb725a4836aaef9461f39a10c01064aa500948939188e4cba6de\n");
	ck_assert_uint_eq(bytes.len, 4 + 65);
	ck_assert_int_eq(durable_read_sealed(dir, "file", 99, arena, &bytes),
			 0);
	ck_assert_uint_eq(bytes.len, 4);
	close(dir);
	arena_free(arena);
	world_free(world);
}
END_TEST

START_TEST(strangers_files_are_refused)
{
	struct world *world = world_new();
	struct arena *arena = arena_new();
	struct durable_bytes bytes;
	int dir = durable_open_dir(world->dir);

	world_write(world, "file", "x", 1);
	ck_assert_int_eq(durable_read(dir, "none", 9, arena, &bytes), -ENOENT);
	ck_assert_int_eq(durable_read(dir, "file", 9, arena, &bytes), 0);
	ck_assert_int_eq(chmod(world_path(world, "file"), 0620), 0);
	ck_assert_int_eq(durable_read(dir, "file", 9, arena, &bytes), -EPERM);
	ck_assert_int_eq(symlink("file", world_path(world, "link")), 0);
	ck_assert_int_eq(durable_read(dir, "link", 9, arena, &bytes), -ELOOP);
	ck_assert_int_eq(mkfifo(world_path(world, "pipe"), 0600), 0);
	ck_assert_int_eq(durable_read(dir, "pipe", 9, arena, &bytes), -EPERM);
	close(dir);
	ck_assert_int_eq(chmod(world->dir, 0770), 0);
	ck_assert_int_eq(durable_open_dir(world->dir), -EPERM);
	ck_assert_int_eq(durable_open_dir("/nowhere/at/all"), -ENOENT);
	arena_free(arena);
	world_free(world);
}
END_TEST

START_TEST(hash_is_sha256)
{
	static const struct durable_bytes parts[] = { { "a", 1 }, { "bc", 2 } };
	char hash[DURABLE_HASH];

	durable_hash(parts, 2, hash);
	ck_assert_str_eq(hash, "ba7816bf8f01cfea414140de5dae2223"
			       "b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(numbers_are_listed)
{
	static const char *const names[] = {
		"a.10", "a.9",	"a.1",	"a.01", "a.0", "a.",
		"a.-1", "a. 1", "a.1x", "b.7",	"a",   "a.18446744073709551616",
	};
	struct world *world = world_new();
	struct arena *arena = arena_new();
	int dir = durable_open_dir(world->dir), i;
	uint64_t *numbers;
	size_t n;

	for (i = 0; i < ARRAY_LEN(names); i++)
		world_write(world, names[i], "", 0);
	ck_assert_int_eq(durable_list(dir, "a.", arena, &numbers, &n), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(numbers[0], 1);
	ck_assert_uint_eq(numbers[1], 9);
	ck_assert_uint_eq(numbers[2], 10);
	ck_assert_int_eq(durable_list(dir, "c.", arena, &numbers, &n), 0);
	ck_assert_uint_eq(n, 0);
	close(dir);
	arena_free(arena);
	world_free(world);
}
END_TEST

static const struct journal_limits roomy = { 1 << 20, 4 };
/* two lines a file */
static const struct journal_limits narrow = { 350, 3 };

static void journal_start(struct world *world,
			  const struct journal_limits *limits,
			  struct journal_report *report)
{
	journal_close(world->journal);
	world->journal = NULL;
	ck_assert_int_eq(journal_open(world->dir, &world->ops, limits,
				      &world->journal, report),
			 0);
}

static void journal_fill(struct world *world,
			 const struct journal_limits *limits, int n)
{
	struct journal_report report;

	journal_start(world, limits, &report);
	while (n--) {
		json_t *fields = json_pack("{sisi}", "left", n, "uid", 0);

		ck_assert_int_eq(journal_append(world->journal, "apply", fields,
						NOW),
				 0);
		json_decref(fields);
	}
}

/* Nothing is wrong, and the last line has number @n. */
static void journal_is_well(const struct world *world, uint64_t n)
{
	struct journal_report report;
	json_t *lines;
	char why[128] = "";
	int rc = journal_verify(world->dir, &report);

	if (report.n_faults)
		journal_fault_text(&report.faults[0], why, sizeof(why));
	ck_assert_msg(rc == 0, "%s:%zu %s", report.faults[0].file,
		      report.faults[0].line, why);
	ck_assert_uint_eq(report.n_faults, 0);
	ck_assert_int_eq(journal_read(world->dir, 0, 1, &lines), 0);
	ck_assert_uint_eq(json_array_size(lines), n ? 1 : 0);
	if (n)
		ck_assert_uint_eq((uint64_t)json_integer_value(json_object_get(
					  json_array_get(lines, 0), "n")),
				  n);
	json_decref(lines);
}

/* The first bad place */
static void journal_is_bad(const struct world *world, const char *file,
			   size_t line)
{
	struct journal_report report;
	char why[128];

	ck_assert_int_eq(journal_verify(world->dir, &report), -EBADMSG);
	ck_assert_uint_gt(report.n_faults, 0);
	journal_fault_text(&report.faults[0], why, sizeof(why));
	ck_assert_msg(!strcmp(report.faults[0].file, file) &&
			      report.faults[0].line == line,
		      "%s:%zu \"%s\" instead of %s:%zu", report.faults[0].file,
		      report.faults[0].line, why, file, line);
}

START_TEST(lines_are_as_described)
{
	struct world *world = world_new();
	struct journal_report report;
	json_t *fields = json_pack("{ssss}", "why", "二\n行", "by", "root");
	struct durable_bytes line;
	struct content bytes;
	char hash[DURABLE_HASH], *text;

	ck_assert_int_eq(journal_open(world->dir, NULL, &roomy, &world->journal,
				      &report),
			 0);
	ck_assert_uint_eq(report.n_faults, 0);
	ck_assert_uint_eq(journal_last(world->journal, hash), 0);
	ck_assert_int_eq(journal_append(world->journal, "apply", fields, NOW),
			 0);
	bytes = world_read(world, "journal.1");
	ck_assert_uint_eq(journal_last(world->journal, hash), 1);
	line.data = bytes.data;
	line.len = bytes.len - 1;
	bytes.data[bytes.len] = '\0';
	ck_assert_str_eq(bytes.data,
			 "{\"n\":1,\"time\":\"2026-11-24T10:00:00Z\","
			 "\"event\":\"apply\",\"why\":\"二\\n行\","
			 "\"by\":\"root\",\"prev\":\"0000000000000000000000000"
			 "000000000000000000000000000000000000000\"}\n");
	durable_hash(&line, 1, hash);
	free(bytes.data);

	ck_assert_int_eq(journal_append(world->journal, "confirm", NULL, NOW),
			 0);
	bytes = world_read(world, "journal.1");
	bytes.data[bytes.len] = '\0';
	text = strrchr(bytes.data, '"') - 64;
	ck_assert_msg(!strncmp(text, hash, 64), "%s has not %s", text, hash);
	free(bytes.data);
	journal_is_well(world, 2);
	json_decref(fields);
	world_free(world);
}
END_TEST

START_TEST(bad_lines_are_not_written)
{
	struct world *world = world_new();
	static const char *const ours[] = { "n", "time", "event", "prev" };
	char *big = calloc(1, JOURNAL_LINE_MAX + 1);
	json_t *fields;
	int i;

	journal_fill(world, &roomy, 1);
	for (i = 0; i < ARRAY_LEN(ours); i++) {
		fields = json_pack("{si}", ours[i], 1);
		ck_assert_int_eq(journal_append(world->journal, "x", fields,
						NOW),
				 -EINVAL);
		json_decref(fields);
	}
	fields = json_object();
	json_object_set_new(fields, "nul", json_stringn("a\0b", 3));
	ck_assert_int_eq(journal_append(world->journal, "x", fields, NOW),
			 -EINVAL);
	json_decref(fields);
	ck_assert_int_eq(journal_append(world->journal, "\xff", NULL, NOW),
			 -EINVAL);
	memset(big, 'x', JOURNAL_LINE_MAX);
	fields = json_pack("{ss}", "big", big);
	ck_assert_int_eq(journal_append(world->journal, "x", fields, NOW),
			 -E2BIG);
	json_decref(fields);
	free(big);
	journal_is_well(world, 1);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	journal_is_well(world, 2);
	world_free(world);
}
END_TEST

START_TEST(files_follow_each_other)
{
	struct world *world = world_new();
	struct journal_report report;
	json_t *lines;
	int i;

	journal_fill(world, &narrow, 9);
	ck_assert_int_eq(world_count(world, "journal.", false), 4);
	ck_assert(world_has(world, "journal.5"));
	ck_assert(world_has(world, "journal.7"));
	ck_assert(world_has(world, "journal.9"));
	journal_is_well(world, 9);
	ck_assert_int_eq(journal_read(world->dir, 6, 2, &lines), 0);
	ck_assert_uint_eq(json_array_size(lines), 2);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(
			json_integer_value(json_object_get(
				json_array_get(lines, (size_t)i), "n")),
			6 + i);
	json_decref(lines);
	ck_assert_int_eq(journal_read(world->dir, 1, 100, &lines), 0);
	ck_assert_uint_eq(json_array_size(lines), 5);
	json_decref(lines);
	journal_start(world, &narrow, &report);
	ck_assert_uint_eq(report.n_lines, 5);
	ck_assert_uint_eq(report.n_faults, 0);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	journal_is_well(world, 11);
	ck_assert(!world_has(world, "journal.5"));
	world_free(world);
}
END_TEST

/* The recipe of the header, word for word */
static const char recipe[] =
	"set -- $(ls -v journal.[0-9]*)\n"
	"hash=$(head -n 1 \"$1\" | jq -r .prev)\n"
	"while IFS= read -r line; do\n"
	"    [ \"$(jq -r .prev <<<\"$line\")\" = \"$hash\" ] ||"
	" echo \"broken: $line\"\n"
	"    hash=$(printf %s \"$line\" | sha256sum | cut -d ' ' -f 1)\n"
	"done < <(cat \"$@\")\n"
	"head=$(head -n 1 journal.head | jq -r .hash)\n"
	"[ \"$head\" = \"$hash\" ] || echo \"the head names $head\"\n";

/* What it prints, up to the first space of the first line */
static void recipe_says(const struct world *world, const char *word)
{
	char command[256], said[64] = "";
	FILE *pipe;

	world_write(world, "recipe", recipe, strlen(recipe));
	snprintf(command, sizeof(command), "cd %s && bash ./recipe",
		 world->dir);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	if (!fgets(said, sizeof(said), pipe))
		said[0] = '\0';
	while (fgetc(pipe) != EOF)
		;
	ck_assert_int_eq(pclose(pipe), 0);
	said[strcspn(said, " \n")] = '\0';
	ck_assert_str_eq(said, word);
	unlink(world_path(world, "recipe"));
}

static void flip(const struct world *world, const char *name, size_t at)
{
	struct content bytes = world_read(world, name);

	ck_assert_uint_lt(at, bytes.len);
	bytes.data[at] ^= 1;
	world_write(world, name, bytes.data, bytes.len);
	free(bytes.data);
}

START_TEST(auditor_needs_no_program)
{
	struct world *world = world_new();

	journal_fill(world, &narrow, 9);
	recipe_says(world, "");
	flip(world, "journal.7", 9); /* "time" */
	recipe_says(world, "broken:");
	flip(world, "journal.7", 9);
	recipe_says(world, "");
	flip(world, "journal.9", 30);
	recipe_says(world, "the");
	world_free(world);
}
END_TEST

/* Which line of @bytes a byte is in, its newline being part of it */
static size_t line_of(const struct content *bytes, size_t at)
{
	size_t i, line = 1;

	for (i = 0; i < at; i++)
		line += bytes->data[i] == '\n';
	return line;
}

/* The daemon notices at its start, and goes on with it. */
static void journal_goes_on(struct world *world)
{
	struct journal_report report;

	journal_start(world, &roomy, &report);
	ck_assert_uint_gt(report.n_faults, 0);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
}

/* Found now, still found afterwards, and so for ever */
static void journal_stays_bad(struct world *world, const char *file,
			      size_t line)
{
	journal_is_bad(world, file, line);
	journal_goes_on(world);
	journal_is_bad(world, file, line);
	journal_goes_on(world);
	journal_is_bad(world, file, line);
}

/* Two files of two and three lines, as they are found again and again */
struct original {
	struct content first, last, head;
};

static void original_make(struct world *world, struct original *original)
{
	journal_fill(world, &narrow, 2);
	journal_fill(world, &narrow, 1);
	journal_fill(world, &roomy, 2);
	original->first = world_read(world, "journal.1");
	original->last = world_read(world, "journal.3");
	original->head = world_read(world, "journal.head");
	ck_assert_uint_eq(line_of(&original->first, original->first.len), 3);
	ck_assert_uint_eq(line_of(&original->last, original->last.len), 4);
}

static void original_restore(struct world *world,
			     const struct original *original)
{
	world_count(world, "", true);
	world_write(world, "journal.1", original->first.data,
		    original->first.len);
	world_write(world, "journal.3", original->last.data,
		    original->last.len);
	world_write(world, "journal.head", original->head.data,
		    original->head.len);
	world_settle(world);
	journal_is_well(world, 5);
}

static void original_free(struct original *original)
{
	free(original->first.data);
	free(original->last.data);
	free(original->head.data);
}

START_TEST(each_flipped_byte_is_found)
{
	static const unsigned char masks[] = { 0x01, 0x20, 0x80 };
	struct world *world = world_new();
	struct original original;
	const struct content *bytes;
	const char *name;
	size_t i;

	original_make(world, &original);
	bytes = _i ? &original.last : &original.first;
	name = _i ? "journal.3" : "journal.1";
	for (i = 0; i < bytes->len * sizeof(masks); i++) {
		struct content copy = { 0 };
		size_t at = i / sizeof(masks);

		original_restore(world, &original);
		content_set(&copy, bytes->data, bytes->len);
		copy.data[at] ^= (char)masks[i % sizeof(masks)];
		world_write(world, name, copy.data, copy.len);
		free(copy.data);
		world_settle(world);
		journal_stays_bad(world, name, line_of(bytes, at));
	}
	original_free(&original);
	world_free(world);
}
END_TEST

START_TEST(an_altered_head_is_found)
{
	struct world *world = world_new();
	struct original original;
	struct journal_report report;
	size_t i;

	original_make(world, &original);
	for (i = 0; i < original.head.len; i++) {
		original_restore(world, &original);
		flip(world, "journal.head", i);
		journal_is_bad(world, "journal.head", 0);
		world_write(world, "journal.head", original.head.data, i);
		journal_is_bad(world, "journal.head", 0);
		world_settle(world);
		journal_start(world, &roomy, &report);
		ck_assert_int_eq(report.faults[0].kind, JOURNAL_HEAD);
		ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW),
				 0);
		journal_is_well(world, 6);
	}
	original_restore(world, &original);
	unlink(world_path(world, "journal.head"));
	journal_is_bad(world, "journal.head", 0);
	original_free(&original);
	world_free(world);
}
END_TEST

START_TEST(each_truncation_is_found)
{
	struct world *world = world_new();
	struct original original;
	size_t len;

	original_make(world, &original);
	for (len = 0; len < original.last.len; len++) {
		size_t line = line_of(&original.last, len);
		bool clean = len && original.last.data[len - 1] == '\n';

		original_restore(world, &original);
		world_write(world, "journal.3", original.last.data, len);
		world_settle(world);
		if (!len)
			journal_is_bad(world, "journal.1", 2);
		else
			journal_is_bad(world, "journal.3", line - clean);
		journal_goes_on(world);
		/* without a line in it the file has not stayed */
		if (line == 1)
			journal_is_bad(world, "journal.1", 3);
		else
			journal_is_bad(world, "journal.3", line);
	}
	for (len = 0; len < original.first.len; len++) {
		bool clean = len && original.first.data[len - 1] == '\n';

		original_restore(world, &original);
		world_write(world, "journal.1", original.first.data, len);
		world_settle(world);
		if (!len || clean)
			journal_stays_bad(world, "journal.3", 1);
		else
			journal_stays_bad(world, "journal.1",
					  line_of(&original.first, len));
	}
	original_free(&original);
	world_free(world);
}
END_TEST

/* Lines of the last file, 0 for none, as they are put together anew */
static const struct {
	const char *order;
	const char *file;
	size_t line; /* of the first bad place */
	enum journal_fault_kind kind;
} orders[] = {
	{ "23", "journal.3", 1, JOURNAL_MISSING },
	{ "13", "journal.3", 2, JOURNAL_MISSING },
	{ "12", "journal.3", 2, JOURNAL_TRUNCATED },
	{ "1", "journal.3", 1, JOURNAL_TRUNCATED },
	{ "", "journal.1", 2, JOURNAL_TRUNCATED },
	{ "3", "journal.3", 1, JOURNAL_MISSING },
	{ "213", "journal.3", 1, JOURNAL_NUMBER },
	{ "132", "journal.3", 2, JOURNAL_NUMBER },
	{ "321", "journal.3", 1, JOURNAL_NUMBER },
	{ "1223", "journal.3", 3, JOURNAL_NUMBER },
	{ "1231", "journal.3", 4, JOURNAL_NUMBER },
	{ "1233", "journal.3", 4, JOURNAL_NUMBER },
};

START_TEST(lines_out_of_order_are_found)
{
	struct world *world = world_new();
	struct original original;
	struct journal_report report;
	char text[8192] = "";
	const char *order;

	original_make(world, &original);
	for (order = orders[_i].order; *order; order++) {
		const char *line = original.last.data;
		int n = *order - '0';

		while (--n)
			line = strchr(line, '\n') + 1;
		strncat(text, line, (size_t)(strchr(line, '\n') + 1 - line));
	}
	original_restore(world, &original);
	world_write(world, "journal.3", text, strlen(text));
	ck_assert_int_eq(journal_verify(world->dir, &report), -EBADMSG);
	ck_assert_str_eq(report.faults[0].file, orders[_i].file);
	ck_assert_uint_eq(report.faults[0].line, orders[_i].line);
	ck_assert_int_eq(report.faults[0].kind, orders[_i].kind);
	world_settle(world);
	journal_start(world, &roomy, &report);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	ck_assert_int_eq(journal_verify(world->dir, &report), -EBADMSG);
	original_free(&original);
	world_free(world);
}
END_TEST

START_TEST(files_that_are_gone_are_missed)
{
	struct world *world = world_new();
	struct original original;
	struct journal_report report;

	original_make(world, &original);
	original_restore(world, &original);
	unlink(world_path(world, "journal.1"));
	world_settle(world);
	journal_stays_bad(world, "journal.3", 1);
	original_restore(world, &original);
	unlink(world_path(world, "journal.3"));
	world_settle(world);
	journal_is_bad(world, "journal.1", 2);
	journal_start(world, &roomy, &report);
	ck_assert_int_eq(report.faults[0].kind, JOURNAL_TRUNCATED);
	ck_assert_uint_eq(report.faults[0].due, 3);
	ck_assert_uint_eq(report.faults[0].n, 5);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	ck_assert_int_eq(journal_verify(world->dir, &report), -EBADMSG);
	ck_assert_int_eq(report.faults[0].kind, JOURNAL_MISSING);
	ck_assert_uint_eq(report.faults[0].due, 3);
	ck_assert_uint_eq(report.faults[0].n, 6);
	ck_assert_uint_eq(report.n_faults, 1);

	original_restore(world, &original);
	unlink(world_path(world, "journal.3"));
	ck_assert_int_eq(symlink("journal.1", world_path(world, "journal.3")),
			 0);
	journal_is_bad(world, "journal.3", 0);
	original_free(&original);
	world_free(world);
}
END_TEST

START_TEST(an_old_head_is_found)
{
	struct world *world = world_new();
	struct journal_report report;
	struct content old, older;

	journal_fill(world, &roomy, 3);
	older = world_read(world, "journal.head");
	journal_fill(world, &roomy, 1);
	old = world_read(world, "journal.head");
	journal_fill(world, &roomy, 1);
	world_write(world, "journal.head", old.data, old.len);
	journal_is_well(world, 5); /* a power cut explains it */
	world_write(world, "journal.head", older.data, older.len);
	ck_assert_int_eq(journal_verify(world->dir, &report), -EBADMSG);
	ck_assert_int_eq(report.faults[0].kind, JOURNAL_BEYOND);
	ck_assert_uint_eq(report.faults[0].line, 5);
	free(old.data);
	free(older.data);
	world_free(world);
}
END_TEST

/* Which of two lines that do not fit, if nothing follows them */
START_TEST(the_head_tells_which_is_altered)
{
	struct world *world = world_new();
	struct content old, bytes;

	journal_fill(world, &roomy, 4);
	old = world_read(world, "journal.head");
	journal_fill(world, &roomy, 1);
	world_write(world, "journal.head", old.data, old.len);
	bytes = world_read(world, "journal.1");
	flip(world, "journal.1", bytes.len - 5); /* in the last "prev" */
	journal_is_bad(world, "journal.1", 5);
	flip(world, "journal.1", bytes.len - 5);
	journal_is_well(world, 5);
	bytes.data[bytes.len] = '\0';
	flip(world, "journal.1",
	     (size_t)(strstr(bytes.data, "\"n\":4") - bytes.data) + 20);
	journal_is_bad(world, "journal.1", 4);
	free(bytes.data);
	free(old.data);
	world_free(world);
}
END_TEST

/* A line may be lost to a full disk, but never the proof. */
START_TEST(a_head_without_room_stops_the_journal)
{
	struct world *world = world_new();
	int i;

	journal_fill(world, &roomy, 2);
	world->no_room_for = "journal.head.new";
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	for (i = 0; i < 3; i++) {
		journal_is_well(world, 3);
		ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW),
				 -ENOSPC);
	}
	world->no_room_for = NULL;
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	journal_is_well(world, 4);
	world_free(world);
}
END_TEST

START_TEST(a_writer_notices_changes)
{
	struct world *world = world_new();
	struct journal_report report;
	struct content bytes;

	journal_fill(world, &roomy, 2);
	bytes = world_read(world, "journal.1");
	world_write(world, "journal.1", bytes.data, bytes.len - 1);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW),
			 -ESTALE);
	unlink(world_path(world, "journal.1"));
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW),
			 -ESTALE);
	world_settle(world);
	journal_start(world, &roomy, &report);
	ck_assert_int_eq(report.faults[0].kind, JOURNAL_TRUNCATED);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	ck_assert(world_has(world, "journal.3"));
	free(bytes.data);
	world_free(world);
}
END_TEST

/* What cannot be read stands where the next file is to be made. */
START_TEST(a_way_in_the_way_is_cleared)
{
	struct world *world = world_new();
	struct journal_report report;

	journal_fill(world, &narrow, 2);
	world_write(world, "journal.3", "", 0);
	ck_assert_int_eq(chmod(world_path(world, "journal.3"), 0666), 0);
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW),
			 -ESTALE);
	journal_start(world, &narrow, &report);
	ck_assert_int_eq(report.faults[0].kind, JOURNAL_FILE);
	ck_assert_int_eq(report.faults[0].error, -EPERM);
	ck_assert(world_has(world, "journal.torn.3"));
	ck_assert_int_eq(journal_append(world->journal, "x", NULL, NOW), 0);
	journal_is_well(world, 3);
	world_free(world);
}
END_TEST

START_TEST(torn_bytes_are_kept)
{
	struct world *world = world_new();
	struct journal_report report;
	struct content bytes;
	FILE *file;
	json_t *lines;

	journal_fill(world, &roomy, 2);
	file = fopen(world_path(world, "journal.1"), "a");
	fputs("{\"n\":3,\"ti", file);
	fclose(file);
	world_settle(world);
	ck_assert_int_eq(journal_read(world->dir, 0, 9, &lines), 0);
	ck_assert_uint_eq(json_array_size(lines), 3);
	ck_assert_ptr_nonnull(
		json_object_get(json_array_get(lines, 2), "fault"));
	json_decref(lines);
	journal_is_bad(world, "journal.1", 3);
	journal_start(world, &roomy, &report);
	ck_assert_uint_eq(report.n_faults, 1);
	ck_assert_int_eq(report.faults[0].kind, JOURNAL_TORN);
	ck_assert_uint_eq(report.faults[0].due, 3);
	bytes = world_read(world, "journal.torn.3");
	ck_assert_uint_eq(bytes.len, 10);
	ck_assert_mem_eq(bytes.data, "{\"n\":3,\"ti", 10);
	free(bytes.data);
	journal_is_well(world, 2);

	/* only its end has reached the disk */
	file = fopen(world_path(world, "journal.1"), "a");
	ck_assert_uint_eq(fwrite("\0\0\0\"}\n", 1, 6, file), 6);
	fclose(file);
	world_settle(world);
	journal_start(world, &roomy, &report);
	ck_assert_uint_eq(report.n_faults, 1);
	ck_assert_int_eq(report.faults[0].kind, JOURNAL_TORN);
	bytes = world_read(world, "journal.torn.3");
	ck_assert_uint_eq(bytes.len, 6);
	free(bytes.data);
	journal_is_well(world, 2);
	world_free(world);
}
END_TEST

static const struct store_file some_files[] = {
	{ "sekimori.conf", "zones = ();\n", 12 },
	{ "conf.d/業務.conf", "\0\xff\n\n", 4 },
	{ "conf.d/\xff\xfe.conf", "", 0 },
	{ "/etc/lists/bad%20.txt", "192.0.2.1\n", 10 },
};

static void store_start(struct world *world)
{
	store_close(world->store);
	world->store = NULL;
	ck_assert_int_eq(store_open(world->dir, &world->ops, &world->store), 0);
}

static uint64_t put(struct world *world, uint64_t time)
{
	const struct store_meta meta = {
		.time = time,
		.uid = 1000,
		.pid = 42,
		.process = "sekimorictl",
		.why = "窓口 \xff",
		.digest = "abcd",
	};
	uint64_t number;

	ck_assert_int_eq(store_put(world->store, &meta, some_files,
				   (size_t)ARRAY_LEN(some_files), &number),
			 0);
	return number;
}

/* It is there, and it is what put() has put. */
static void is_intact(const struct world *world, uint64_t number)
{
	struct arena *arena = arena_new();
	struct store_generation generation;
	int i;

	ck_assert_int_eq(store_get(world->store, number, arena, &generation),
			 0);
	ck_assert_uint_eq(generation.meta.number, number);
	ck_assert_uint_eq(generation.meta.uid, 1000);
	ck_assert_int_eq(generation.meta.pid, 42);
	ck_assert_int_eq(generation.meta.error, 0);
	ck_assert_str_eq(generation.meta.process, "sekimorictl");
	ck_assert_str_eq(generation.meta.why, "窓口 \\xff");
	ck_assert_str_eq(generation.meta.digest, "abcd");
	ck_assert_str_eq(generation.meta.outcome, "");
	ck_assert_uint_eq(generation.n_files, (size_t)ARRAY_LEN(some_files));
	for (i = 0; i < ARRAY_LEN(some_files); i++) {
		ck_assert_str_eq(generation.files[i].name, some_files[i].name);
		ck_assert_uint_eq(generation.files[i].len, some_files[i].len);
		ck_assert_mem_eq(generation.files[i].data, some_files[i].data,
				 some_files[i].len + 1);
	}
	arena_free(arena);
}

/* The numbers that are there, the newest first; "!" behind a damaged one */
static void numbers_are(const struct world *world, const char *numbers)
{
	struct arena *arena = arena_new();
	struct store_meta *list;
	char text[256] = "";
	size_t i, n;

	ck_assert_int_eq(store_list(world->store, arena, &list, &n), 0);
	for (i = 0; i < n; i++) {
		size_t len = strlen(text);

		ck_assert(!list[i].error || list[i].error == -EBADMSG);
		snprintf(text + len, sizeof(text) - len, "%s%llu%s",
			 i ? " " : "", (unsigned long long)list[i].number,
			 list[i].error ? "!" : "");
	}
	ck_assert_str_eq(text, numbers);
	arena_free(arena);
}

static void set_current(struct world *world, uint64_t running,
			uint64_t confirmed)
{
	struct store_current current = {
		.running = running,
		.confirmed = confirmed,
	};

	ck_assert_int_eq(store_set_current(world->store, &current), 0);
}

START_TEST(what_was_put_is_got)
{
	struct world *world = world_new();
	struct arena *arena = arena_new();
	struct store_generation generation;
	struct stat st;

	ck_assert_int_eq(store_open(world->dir, NULL, &world->store), 0);
	numbers_are(world, "");
	ck_assert_uint_eq(put(world, NOW), 1);
	ck_assert_uint_eq(put(world, NOW), 2);
	is_intact(world, 1);
	is_intact(world, 2);
	numbers_are(world, "2 1");
	ck_assert_int_eq(store_get(world->store, 3, arena, &generation),
			 -ENOENT);
	ck_assert_int_eq(stat(world_path(world, "generation.1"), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	arena_free(arena);
	world_free(world);
}
END_TEST

START_TEST(what_cannot_be_kept_is_refused)
{
	static const struct store_file twice[] = {
		{ "a", "", 0 },
		{ "b", "", 0 },
		{ "a", "", 0 },
	};
	static const struct store_file nameless = { "", "", 0 };
	static const struct store_file large[] = {
		{ "a", "", STORE_BYTES_MAX },
		{ "b", "", 1 },
	};
	static const struct store_meta meta = { 0 };
	struct world *world = world_new();
	struct store_current current = { .running = 1 };
	uint64_t number;

	store_start(world);
	ck_assert_int_eq(store_put(world->store, &meta, twice, 3, &number),
			 -EINVAL);
	ck_assert_int_eq(store_put(world->store, &meta, &nameless, 1, &number),
			 -EINVAL);
	ck_assert_int_eq(store_put(world->store, &meta, twice, 0, &number),
			 -EINVAL);
	ck_assert_int_eq(store_put(world->store, &meta, large, 2, &number),
			 -EFBIG);
	ck_assert_int_eq(store_put(world->store, &meta, twice, 2, &number), 0);
	ck_assert_uint_eq(number, 1);
	current.confirmed = 2;
	ck_assert_int_eq(store_set_current(world->store, &current), -ENOENT);
	world_free(world);
}
END_TEST

START_TEST(each_change_of_a_generation_is_found)
{
	struct world *world = world_new();
	struct content bytes;
	size_t i;

	store_start(world);
	put(world, NOW);
	put(world, NOW);
	bytes = world_read(world, "generation.2");
	for (i = 0; i < bytes.len; i++) {
		flip(world, "generation.2", i);
		numbers_are(world, "2! 1");
		world_write(world, "generation.2", bytes.data, i);
		numbers_are(world, "2! 1");
		world_write(world, "generation.2", bytes.data, bytes.len);
	}
	is_intact(world, 2);
	/* one in place of another */
	world_write(world, "generation.1", bytes.data, bytes.len);
	numbers_are(world, "2 1!");
	free(bytes.data);
	world_free(world);
}
END_TEST

#define HEADER                                                       \
	"{\"format\":1,\"number\":1,\"time\":1,\"uid\":0,\"pid\":1," \
	"\"process\":\"\",\"why\":\"\",\"digest\":\"\",\"outcome\":\"\","

/* Sealed, and yet not what we would have written */
static const struct {
	const char *text;
	int rc;
} forged[] = {
	{ HEADER "\"files\":[{\"name\":\"a\",\"len\":2}]}\nxy", 0 },
	{ HEADER "\"files\":[{\"name\":\"a\",\"len\":1}]}\nxy", -EBADMSG },
	{ HEADER "\"files\":[{\"name\":\"a\",\"len\":3}]}\nxy", -EBADMSG },
	{ HEADER "\"files\":[{\"name\":\"a\",\"len\":-1}]}\nxy", -EBADMSG },
	{ HEADER "\"files\":[{\"name\":\"\",\"len\":2}]}\nxy", -EBADMSG },
	{ HEADER "\"files\":[{\"name_hex\":\"ff\",\"len\":2}]}\nxy", 0 },
	{ HEADER "\"files\":[{\"name_hex\":\"fg\",\"len\":2}]}\nxy", -EBADMSG },
	{ HEADER "\"files\":[{\"name_hex\":\"f\",\"len\":2}]}\nxy", -EBADMSG },
	{ HEADER "\"files\":[]}\n", -EBADMSG },
	{ HEADER "\"files\":[{\"name\":\"a\",\"len\":0}]}", -EBADMSG },
	{ "{\"format\":2}\n", -EBADMSG },
	{ "\n", -EBADMSG },
	{ "", -EBADMSG },
};

START_TEST(what_does_not_add_up_is_damaged)
{
	struct world *world = world_new();
	struct arena *arena = arena_new();
	struct store_generation generation;
	struct durable_bytes bytes = { forged[_i].text,
				       strlen(forged[_i].text) };
	int dir = durable_open_dir(world->dir);

	ck_assert_int_eq(durable_replace_sealed(&durable_real, dir,
						"generation.1", &bytes, 1),
			 0);
	close(dir);
	store_start(world);
	ck_assert_int_eq(store_get(world->store, 1, arena, &generation),
			 forged[_i].rc);
	arena_free(arena);
	world_free(world);
}
END_TEST

START_TEST(each_change_of_current_is_found)
{
	struct world *world = world_new();
	struct store_current current;
	struct content bytes;
	size_t i;

	store_start(world);
	ck_assert_int_eq(store_current(world->store, &current), -ENOENT);
	ck_assert_uint_eq(current.running, 0);
	put(world, NOW);
	set_current(world, 1, 1);
	bytes = world_read(world, "current");
	for (i = 0; i < bytes.len; i++) {
		flip(world, "current", i);
		ck_assert_int_eq(store_current(world->store, &current),
				 -EBADMSG);
		ck_assert_uint_eq(current.running, 0);
		world_write(world, "current", bytes.data, i);
		ck_assert_int_eq(store_current(world->store, &current),
				 -EBADMSG);
		world_write(world, "current", bytes.data, bytes.len);
	}
	ck_assert_int_eq(store_current(world->store, &current), 0);
	ck_assert_uint_eq(current.running, 1);
	free(bytes.data);
	world_free(world);
}
END_TEST

START_TEST(numbers_never_repeat)
{
	struct world *world = world_new();
	struct content bytes;

	store_start(world);
	put(world, NOW);
	put(world, NOW);
	put(world, NOW);
	set_current(world, 1, 1);
	ck_assert_int_eq(store_prune(world->store, 0, 0, NOW), 0);
	numbers_are(world, "3 1");
	store_start(world);
	ck_assert_uint_eq(put(world, NOW), 4);

	/* damaged, the newest */
	flip(world, "generation.4", 20);
	store_start(world);
	ck_assert_uint_eq(put(world, NOW), 5);
	numbers_are(world, "5 4! 3 1");

	/* taken away by somebody */
	set_current(world, 5, 1);
	unlink(world_path(world, "generation.5"));
	unlink(world_path(world, "generation.4"));
	store_start(world);
	ck_assert_uint_eq(put(world, NOW), 6);

	/* and without the file that knows better */
	bytes = world_read(world, "current");
	world_write(world, "current", bytes.data, 10);
	free(bytes.data);
	store_start(world);
	ck_assert_uint_eq(put(world, NOW), 7);
	world_free(world);
}
END_TEST

START_TEST(old_ones_are_pruned)
{
	struct world *world = world_new();
	uint64_t i;

	store_start(world);
	for (i = 1; i <= 8; i++)
		put(world, NOW + 10 * i);
	set_current(world, 3, 2);
	flip(world, "generation.4", 30);
	/* none is older, and the damaged one not before them */
	ck_assert_int_eq(store_prune(world->store, 2, 1000, NOW + 80), 0);
	numbers_are(world, "8 7 6 5 4! 3 2 1");
	/* 30 seconds: from the fifth down */
	ck_assert_int_eq(store_prune(world->store, 2, 30, NOW + 80), 0);
	numbers_are(world, "8 7 6 3 2");
	/* the clock was set back */
	ck_assert_int_eq(store_prune(world->store, 1, 0, NOW), 0);
	numbers_are(world, "8 7 6 3 2");
	/* nothing is known */
	flip(world, "current", 20);
	ck_assert_int_eq(store_prune(world->store, 1, 0, NOW + 80), -EBADMSG);
	numbers_are(world, "8 7 6 3 2");
	flip(world, "current", 20);
	ck_assert_int_eq(store_prune(world->store, 1, 0, NOW + 80), 0);
	numbers_are(world, "8 3 2");
	world_free(world);
}
END_TEST

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"
#define OTHER "76543210-89ab-cdef-0123-456789abcdef"

/* 4 was set at boot + 1000 with 60 seconds; 3, 2, 1 were confirmed before */
static const struct {
	uint64_t running;
	uint64_t seconds;
	struct store_clock now;
	const char *damaged;
	int rc;
	uint64_t number;
	enum store_reason reason;
} forces[] = {
	{ 3, 0, { NOW, 1000, BOOT }, "", 0, 3, STORE_RUNNING },
	{ 3, 60, { NOW, 9000, OTHER }, "", 0, 3, STORE_RUNNING },
	{ 4, 0, { NOW, 9000, OTHER }, "", 0, 4, STORE_RUNNING },
	{ 4, 60, { NOW, 1000, BOOT }, "", 0, 4, STORE_AWAITED },
	{ 4, 60, { NOW + 59, 1059, BOOT }, "", 0, 4, STORE_AWAITED },
	{ 4, 60, { NOW + 60, 1060, BOOT }, "", 0, 3, STORE_OVERDUE },
	/* the clock was set forward, and back */
	{ 4, 60, { NOW + 9999, 1059, BOOT }, "", 0, 4, STORE_AWAITED },
	{ 4, 60, { NOW - 9999, 1060, BOOT }, "", 0, 3, STORE_OVERDUE },
	{ 4, 60, { NOW + 1, 5, OTHER }, "", 0, 3, STORE_REBOOTED },
	{ 4, 60, { NOW + 1, 1001, "" }, "", 0, 3, STORE_REBOOTED },
	{ 4, 60, { NOW, 1000, BOOT }, "4", 0, 3, STORE_EARLIER_ONE },
	{ 4, 60, { NOW, 1000, BOOT }, "43", 0, 2, STORE_EARLIER_ONE },
	{ 4, 60, { NOW, 1060, BOOT }, "3", 0, 2, STORE_EARLIER_ONE },
	{ 4, 60, { NOW, 1060, BOOT }, "32", 0, 1, STORE_EARLIER_ONE },
	{ 4, 60, { NOW, 1060, BOOT }, "321", -EBADMSG, 0, STORE_EARLIER_ONE },
	{ 4, 60, { NOW, 1000, BOOT }, "c", -EBADMSG, 0, STORE_RUNNING },
};

START_TEST(what_is_to_be_in_force)
{
	static const struct store_clock set = { NOW, 1000, BOOT };
	struct world *world = world_new();
	struct arena *arena = arena_new();
	struct store_generation generation;
	struct store_current current;
	enum store_reason reason = STORE_RUNNING;
	const char *damaged;
	uint64_t i;

	store_start(world);
	ck_assert_int_eq(store_in_force(world->store, &set, arena, &generation,
					&reason),
			 -ENOENT);
	for (i = 1; i <= 4; i++) {
		put(world, NOW);
		if (i < 4)
			set_current(world, i, i);
	}
	memset(&current, 0, sizeof(current));
	current.running = forces[_i].running;
	current.confirmed = 3;
	store_set_deadline(&current, &set, forces[_i].seconds);
	ck_assert_uint_eq(store_seconds_left(&current, &set),
			  forces[_i].seconds);
	ck_assert_int_eq(store_set_current(world->store, &current), 0);
	ck_assert_int_eq(store_current(world->store, &current), 0);
	ck_assert_uint_eq(current.deadline.wall,
			  forces[_i].seconds ? NOW + 60 : 0);
	for (damaged = forces[_i].damaged; *damaged; damaged++) {
		char name[32] = "current";

		if (*damaged != 'c')
			snprintf(name, sizeof(name), "generation.%c", *damaged);
		flip(world, name, 20);
	}
	ck_assert_int_eq(store_in_force(world->store, &forces[_i].now, arena,
					&generation, &reason),
			 forces[_i].rc);
	if (!forces[_i].rc) {
		ck_assert_uint_eq(generation.meta.number, forces[_i].number);
		ck_assert_int_eq(reason, forces[_i].reason);
		ck_assert_str_eq(generation.files[0].data, "zones = ();\n");
	}
	arena_free(arena);
	world_free(world);
}
END_TEST

START_TEST(earlier_ones_are_remembered_once)
{
	static const uint64_t confirmed[] = { 1, 2, 1, 3, 3, 1 };
	struct world *world = world_new();
	struct store_current current;
	int i;

	store_start(world);
	for (i = 0; i < 12; i++)
		put(world, NOW);
	for (i = 0; i < ARRAY_LEN(confirmed); i++)
		set_current(world, confirmed[i], confirmed[i]);
	ck_assert_int_eq(store_current(world->store, &current), 0);
	ck_assert_uint_eq(current.confirmed, 1);
	ck_assert_uint_eq(current.earlier[0], 3);
	ck_assert_uint_eq(current.earlier[1], 2);
	ck_assert_uint_eq(current.earlier[2], 0);
	for (i = 1; i <= 12; i++)
		set_current(world, (uint64_t)i, (uint64_t)i);
	ck_assert_int_eq(store_current(world->store, &current), 0);
	for (i = 0; i < STORE_EARLIER; i++)
		ck_assert_uint_eq(current.earlier[i], (uint64_t)(11 - i));
	world_free(world);
}
END_TEST

START_TEST(the_clock_is_read)
{
	struct store_clock now;

	ck_assert_int_eq(store_clock_read(&now), 0);
	ck_assert_uint_gt(now.wall, 1000000000);
	ck_assert_uint_gt(now.boot, 0);
	ck_assert_uint_eq(strlen(now.boot_id), 36);
}
END_TEST

static int state_number(const struct world *world, uint64_t *number)
{
	struct counters counters = { 0 };

	int64_t latest;

	return state_load(world_path(world, "state.json"), number, &latest,
			  &counters);
}

START_TEST(state_is_kept)
{
	struct world *world = world_new();
	struct show_count counts[] = {
		{ .id = 7, .packets = 9, .last_hit = 5 }
	};
	struct counters counters = { .counts = counts, .n_counts = 1 };
	uint64_t number = 0;

	ck_assert_int_eq(state_number(world, &number), -ENOENT);
	ck_assert_int_eq(state_save(world_path(world, "state.json"), 12, 0,
				    &counters),
			 0);
	ck_assert_int_eq(state_number(world, &number), 0);
	ck_assert_uint_eq(number, 12);
	world_write(world, "state.json", "{\"format\":1,", 12);
	ck_assert_int_eq(state_number(world, &number), -EBADMSG);
	world_free(world);
}
END_TEST

/*
 * @prepare: what is there before, all of it synced
 * @act: what is interrupted
 * @check: after a power cut, with what @act had returned; or, if @alive, while
 *         the process that was refused something goes on
 */
struct scenario {
	const char *name;
	void (*prepare)(struct world *world);
	int (*act)(struct world *world);
	void (*check)(struct world *world, int rc, bool alive);
};

static void state_prepare(struct world *world)
{
	struct counters counters = { 0 };

	ck_assert_int_eq(state_save(world_path(world, "state.json"), 1, 0,
				    &counters),
			 0);
}

static int state_act(struct world *world)
{
	struct counters counters = { 0 };

	return state_save_by(&world->ops, world_path(world, "state.json"), 2, 0,
			     &counters);
}

static void state_check(struct world *world, int rc, bool alive)
{
	uint64_t number = 0;

	(void)alive;
	ck_assert_int_eq(state_number(world, &number), 0);
	ck_assert(number == 2 || (rc && number == 1));
}

static void put_prepare(struct world *world)
{
	store_start(world);
	put(world, NOW);
	put(world, NOW);
}

static int put_act(struct world *world)
{
	static const struct store_meta meta = {
		.uid = 1000,
		.pid = 42,
		.process = "sekimorictl",
		.why = "窓口 \\xff",
		.digest = "abcd",
	};
	uint64_t number;

	return store_put(world->store, &meta, some_files,
			 (size_t)ARRAY_LEN(some_files), &number);
}

static bool put_is_there(const struct world *world, uint64_t number)
{
	char name[32];

	snprintf(name, sizeof(name), "generation.%d", (int)number);
	return world_has(world, name);
}

static void put_check(struct world *world, int rc, bool alive)
{
	bool there;

	if (!alive)
		store_start(world);
	there = put_is_there(world, 3);
	ck_assert_int_eq(world_count(world, ".new", false), 0);
	is_intact(world, 1);
	is_intact(world, 2);
	if (there)
		is_intact(world, 3);
	ck_assert(there || rc);
	if (alive && rc) {
		ck_assert(!there);
		ck_assert_uint_eq(put(world, NOW), 4);
		numbers_are(world, "4 2 1");
		return;
	}
	ck_assert_uint_eq(put(world, NOW), there ? 4 : 3);
	numbers_are(world, there ? "4 3 2 1" : "3 2 1");
}

static void current_prepare(struct world *world)
{
	put_prepare(world);
	set_current(world, 1, 1);
}

static int current_act(struct world *world)
{
	static const struct store_clock now = { NOW, 1000, BOOT };
	struct store_current current = { .running = 2, .confirmed = 1 };

	store_set_deadline(&current, &now, 60);
	return store_set_current(world->store, &current);
}

static void current_check(struct world *world, int rc, bool alive)
{
	struct store_current current;

	if (!alive)
		store_start(world);
	ck_assert_int_eq(world_count(world, ".new", false), 0);
	ck_assert_int_eq(store_current(world->store, &current), 0);
	ck_assert_uint_eq(current.confirmed, 1);
	if (current.running == 2) {
		ck_assert_uint_eq(current.deadline.boot, 1060);
		ck_assert_str_eq(current.deadline.boot_id, BOOT);
	} else {
		ck_assert_uint_eq(current.running, 1);
		ck_assert_uint_eq(current.deadline.boot, 0);
		ck_assert_int_ne(rc, 0);
	}
	is_intact(world, 1);
	is_intact(world, 2);
}

static void prune_prepare(struct world *world)
{
	int i;

	store_start(world);
	for (i = 0; i < 6; i++)
		put(world, NOW);
	set_current(world, 2, 4);
}

static int prune_act(struct world *world)
{
	return store_prune(world->store, 1, 0, NOW);
}

static void prune_check(struct world *world, int rc, bool alive)
{
	struct arena *arena = arena_new();
	struct store_meta *list;
	size_t i, n;

	if (!alive)
		store_start(world);
	ck_assert_int_eq(store_list(world->store, arena, &list, &n), 0);
	for (i = 0; i < n; i++)
		ck_assert_int_eq(list[i].error, 0);
	arena_free(arena);
	is_intact(world, 2);
	is_intact(world, 4);
	is_intact(world, 6);
	ck_assert(rc || n == 3);
	ck_assert_int_eq(prune_act(world), 0);
	numbers_are(world, "6 4 2");
	ck_assert_uint_eq(put(world, NOW), 7);
}

static int append_act(struct world *world)
{
	json_t *fields = json_pack("{ss}", "what", "act");
	int rc = journal_append(world->journal, "act", fields, NOW);

	json_decref(fields);
	return rc;
}

/*
 * @n lines were there before, and one more was to come. Whatever has happened,
 * it is torn at worst, and the journal goes on.
 */
static void append_check_n(struct world *world, int rc, bool alive,
			   const struct journal_limits *limits)
{
	const uint64_t n = 4;
	struct journal_report report;
	char hash[DURABLE_HASH];
	uint64_t last;

	if (alive)
		journal_is_well(world, rc ? n : n + 1);
	else
		journal_start(world, limits, &report);
	if (!alive && report.n_faults) {
		ck_assert_uint_eq(report.n_faults, 1);
		ck_assert_int_eq(report.faults[0].kind, JOURNAL_TORN);
		ck_assert_uint_eq(report.faults[0].due, n + 1);
		ck_assert_int_ne(rc, 0);
		ck_assert_int_eq(world_count(world, "journal.torn.5", false),
				 1);
	}
	ck_assert_int_eq(world_count(world, ".new", false), 0);
	last = journal_last(world->journal, hash);
	ck_assert(last == n + 1 || (rc && last == n));
	journal_is_well(world, last);
	ck_assert_int_eq(append_act(world), 0);
	ck_assert_int_eq(append_act(world), 0);
	journal_is_well(world, last + 2);
	journal_start(world, limits, &report);
	ck_assert_uint_eq(report.n_faults, 0);
}

static void append_prepare(struct world *world)
{
	journal_fill(world, &roomy, 4);
}

static void append_check(struct world *world, int rc, bool alive)
{
	append_check_n(world, rc, alive, &roomy);
}

/* The fifth line begins a file, and the first file has to go. */
static const struct journal_limits narrowest = { 350, 2 };

static void rotate_prepare(struct world *world)
{
	journal_fill(world, &narrowest, 4);
	ck_assert(world_has(world, "journal.1"));
	ck_assert(world_has(world, "journal.3"));
}

static void rotate_check(struct world *world, int rc, bool alive)
{
	append_check_n(world, rc, alive, &narrowest);
	ck_assert(!world_has(world, "journal.1"));
}

static void begin_prepare(struct world *world)
{
	struct journal_report report;

	journal_start(world, &roomy, &report);
}

static void begin_check(struct world *world, int rc, bool alive)
{
	struct journal_report report;
	char hash[DURABLE_HASH];
	uint64_t last;

	if (!alive)
		journal_start(world, &roomy, &report);
	last = journal_last(world->journal, hash);
	ck_assert(last == 1 || (rc && last == 0));
	journal_is_well(world, last);
	ck_assert_int_eq(append_act(world), 0);
	journal_is_well(world, last + 1);
}

/* The fourth line is beyond the head already when the daemon starts. */
static void ahead_prepare(struct world *world)
{
	struct content old;

	journal_fill(world, &roomy, 3);
	old = world_read(world, "journal.head");
	journal_fill(world, &roomy, 1);
	journal_close(world->journal);
	world->journal = NULL;
	world_write(world, "journal.head", old.data, old.len);
	free(old.data);
}

static int ahead_act(struct world *world)
{
	struct journal_report report;
	int rc = journal_open(world->dir, &world->ops, &roomy, &world->journal,
			      &report);

	return rc ? rc : append_act(world);
}

static void ahead_check(struct world *world, int rc, bool alive)
{
	struct journal_report report;

	if (!world->journal) /* it could not be opened */
		journal_start(world, &roomy, &report);
	append_check_n(world, rc, alive, &roomy);
}

static const char torn_line[] =
	"{\"n\":5,\"time\":\"2026-11-24T10:00:00Z\",\"eve";

/* What a power cut has left is put right, and that is interrupted as well. */
static void recover_prepare(struct world *world)
{
	FILE *file;

	journal_fill(world, &roomy, 4);
	journal_close(world->journal);
	world->journal = NULL;
	file = fopen(world_path(world, "journal.1"), "a");
	fputs(torn_line, file);
	fclose(file);
	world_write(world, "journal.head.new", "{", 1);
}

static int recover_act(struct world *world)
{
	struct journal_report report;

	return journal_open(world->dir, &world->ops, &roomy, &world->journal,
			    &report);
}

static void recover_check(struct world *world, int rc, bool alive)
{
	struct journal_report report;
	struct content bytes;

	(void)alive;
	journal_start(world, &roomy, &report);
	ck_assert_uint_eq(report.n_lines, 4);
	if (report.n_faults) {
		ck_assert_int_eq(report.faults[0].kind, JOURNAL_TORN);
		ck_assert_int_ne(rc, 0);
	}
	bytes = world_read(world, "journal.torn.5");
	ck_assert_uint_eq(bytes.len, strlen(torn_line));
	free(bytes.data);
	append_check_n(world, -EIO, false, &roomy);
}

static const struct scenario scenarios[] = {
	{ "state", state_prepare, state_act, state_check },
	{ "put", put_prepare, put_act, put_check },
	{ "current", current_prepare, current_act, current_check },
	{ "prune", prune_prepare, prune_act, prune_check },
	{ "append", append_prepare, append_act, append_check },
	{ "rotate", rotate_prepare, append_act, rotate_check },
	{ "begin", begin_prepare, append_act, begin_check },
	{ "ahead", ahead_prepare, ahead_act, ahead_check },
	{ "recover", recover_prepare, recover_act, recover_check },
};

/* The process that is dead gives back what it had. */
static void world_bury(struct world *world)
{
	journal_close(world->journal);
	store_close(world->store);
	world->journal = NULL;
	world->store = NULL;
}

/* Every state that the disk may be found in; returns how many */
static int cut_all_ways(struct world *world, const struct scenario *scenario,
			int rc)
{
	struct world *after = world_new();
	int names, remains, n = 0;

	world_bury(world);
	for (names = 0; names <= world->n_pending; names++) {
		for (remains = 0; remains < REMAINS; remains++) {
			char dir[sizeof(world->dir)];

			/* what is checked has a disk of its own */
			memcpy(dir, world->dir, sizeof(dir));
			memcpy(world->dir, after->dir, sizeof(dir));
			world_cut_power(world, names, (enum remains)remains);
			memcpy(world->dir, dir, sizeof(dir));
			world_settle(after);
			scenario->check(after, rc, false);
			world_bury(after);
			n++;
		}
	}
	world_free(after);
	return n;
}

START_TEST(power_may_be_cut_anywhere)
{
	const struct scenario *scenario = &scenarios[_i / HARMS];
	enum harm harm = (enum harm)(_i % HARMS);
	int step, n = 0;
	bool reached = true;

	for (step = 1; reached; step++) {
		struct world *world = world_new();
		int rc;

		scenario->prepare(world);
		world_settle(world);
		world->step = 0;
		world->harm_at = step;
		world->harm = harm;
		rc = scenario->act(world);
		reached = world->step >= step;
		world->harm_at = 0;
		if (reached && harm < HARM_DIE) {
			scenario->check(world, rc, true);
			n++;
		} else {
			/* without harm as well: what was said to be durable */
			n += cut_all_ways(world, scenario, rc);
		}
		world_free(world);
	}
	ck_assert_msg(step > 4 && n >= step, "%s: %d steps, %d states",
		      scenario->name, step, n);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("store");
	SRunner *runner;
	int n_failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, bytes_are_replaced);
	tcase_add_test(tcase, strangers_files_are_refused);
	tcase_add_test(tcase, hash_is_sha256);
	tcase_add_test(tcase, numbers_are_listed);
	tcase_add_test(tcase, lines_are_as_described);
	tcase_add_test(tcase, bad_lines_are_not_written);
	tcase_add_test(tcase, files_follow_each_other);
	tcase_add_test(tcase, auditor_needs_no_program);
	tcase_add_loop_test(tcase, each_flipped_byte_is_found, 0, 2);
	tcase_add_test(tcase, an_altered_head_is_found);
	tcase_add_test(tcase, each_truncation_is_found);
	tcase_add_loop_test(tcase, lines_out_of_order_are_found, 0,
			    ARRAY_LEN(orders));
	tcase_add_test(tcase, files_that_are_gone_are_missed);
	tcase_add_test(tcase, an_old_head_is_found);
	tcase_add_test(tcase, the_head_tells_which_is_altered);
	tcase_add_test(tcase, a_head_without_room_stops_the_journal);
	tcase_add_test(tcase, a_writer_notices_changes);
	tcase_add_test(tcase, a_way_in_the_way_is_cleared);
	tcase_add_test(tcase, torn_bytes_are_kept);
	tcase_add_test(tcase, what_was_put_is_got);
	tcase_add_test(tcase, what_cannot_be_kept_is_refused);
	tcase_add_test(tcase, each_change_of_a_generation_is_found);
	tcase_add_loop_test(tcase, what_does_not_add_up_is_damaged, 0,
			    ARRAY_LEN(forged));
	tcase_add_test(tcase, each_change_of_current_is_found);
	tcase_add_test(tcase, numbers_never_repeat);
	tcase_add_test(tcase, old_ones_are_pruned);
	tcase_add_loop_test(tcase, what_is_to_be_in_force, 0,
			    ARRAY_LEN(forces));
	tcase_add_test(tcase, earlier_ones_are_remembered_once);
	tcase_add_test(tcase, the_clock_is_read);
	tcase_add_test(tcase, state_is_kept);
	tcase_add_loop_test(tcase, power_may_be_cut_anywhere, 0,
			    ARRAY_LEN(scenarios) * HARMS);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? 1 : 0;
}
