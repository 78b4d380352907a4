// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one way from a path to a policy, for the daemon and for the offline
 * verbs. Easy to get wrong: what is checked must be what is read, so each file
 * is opened once, without following a link and without waiting (it may be a
 * pipe), and everything else is asked of the descriptor. A file that somebody
 * writes while it is read would be half a policy; that is refused too.
 */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "conf.h"
#include "load.h"

/**
 * struct file_reader - reading one configuration
 * @dir: of the main file, with its slash, or ""
 * @earlier: see conf_new()
 * @kept: where the bytes come from instead of the disk, or NULL
 * @total: bytes read so far, of all files
 */
struct file_reader {
	struct file_config *config;
	const char *dir;
	const struct model *earlier;
	const struct store_file *kept;
	size_t n_kept;
	size_t total;
};

struct file_bytes {
	const char *data;
	size_t len;
};

static void file_report(struct file_reader *reader, const char *id,
			struct place at, const char *name, const char *why)
{
	/* a list is reported where it is named, with its own name in the text */
	if (at.line)
		diag_error(&reader->config->diag, id, at, NULL, "\"%s\" %s",
			   name, why);
	else
		diag_error(&reader->config->diag, id, at, NULL, "the file %s",
			   why);
}

/* Who may touch it: a finding for each thing wrong; false if there was any. */
static bool file_check(struct file_reader *reader, const struct stat *st,
		       struct place at, const char *name)
{
	struct arena *arena = reader->config->arena;

	if (!S_ISREG(st->st_mode)) {
		file_report(reader, "file", at, name, "is not a regular file");
		return false;
	}
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		file_report(reader, "K20", at, name,
			    arena_printf(arena,
					 "belongs to uid %u; it must belong to "
					 "root",
					 (unsigned int)st->st_uid));
		return false;
	}
	if (st->st_mode & 066) {
		file_report(reader, "K20", at, name,
			    arena_printf(arena,
					 "may be read or written by others "
					 "(mode %04o); give it mode 0600",
					 (unsigned int)st->st_mode & 07777));
		return false;
	}
	if (st->st_size > (off_t)FILE_SIZE_MAX ||
	    reader->total + (size_t)st->st_size > FILE_TOTAL_MAX) {
		file_report(reader, "size", at, name,
			    arena_printf(arena,
					 "is too large (%lld bytes; at most %u "
					 "a file, %u in all)",
					 (long long)st->st_size, FILE_SIZE_MAX,
					 FILE_TOTAL_MAX));
		return false;
	}
	return true;
}

/* All of a file of @size bytes; -EAGAIN if it grew or shrank meanwhile */
static int file_read_bytes(struct file_reader *reader, int fd, size_t size,
			   struct file_bytes *bytes)
{
	char *data = arena_alloc(reader->config->copies_arena, size + 1);
	size_t len = 0;
	ssize_t got = 1;

	while (len <= size && got > 0) {
		got = read(fd, data + len, size + 1 - len);
		if (got < 0 && errno == EINTR) {
			got = 1;
			continue;
		}
		if (got > 0)
			len += (size_t)got;
	}
	if (got < 0 || len != size)
		return got < 0 ? -errno : -EAGAIN;
	bytes->data = data;
	bytes->len = len;
	return 0;
}

static bool file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int file_read_disk(struct file_reader *reader, const char *path,
			  struct place at, struct file_bytes *bytes)
{
	struct stat before, after;
	int fd, rc = -EINVAL;

	fd = open(path,
		  O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		file_report(
			reader, "file", at, path,
			errno == ELOOP ?
				"is a symbolic link, which is not followed" :
				arena_printf(reader->config->arena,
					     "cannot be opened: %s",
					     strerror(errno)));
		return -EINVAL;
	}
	if (fstat(fd, &before) < 0) {
		file_report(reader, "file", at, path, "cannot be examined");
		goto out;
	}
	if (!file_check(reader, &before, at, path))
		goto out;
	rc = file_read_bytes(reader, fd, (size_t)before.st_size, bytes);
	if (!rc && (fstat(fd, &after) < 0 || !file_is_same(&before, &after)))
		rc = -EAGAIN;
	if (rc) {
		file_report(reader, "file", at, path,
			    rc == -EAGAIN ? "was changed while it was read" :
					    "cannot be read");
		rc = -EINVAL;
		goto out;
	}
	reader->total += bytes->len;
out:
	close(fd);
	return rc;
}

/* What a file is called among the copies */
static const char *file_short_name(const struct file_reader *reader,
				   const char *path)
{
	size_t len = strlen(reader->dir);

	return strncmp(path, reader->dir, len) ? path : path + len;
}

static int file_read_kept(struct file_reader *reader, const char *path,
			  struct place at, struct file_bytes *bytes)
{
	const char *name = file_short_name(reader, path);
	size_t i;

	for (i = 0; i < reader->n_kept; i++) {
		if (strcmp(reader->kept[i].name, name))
			continue;
		bytes->data = reader->kept[i].data;
		bytes->len = reader->kept[i].len;
		return 0;
	}
	file_report(reader, "file", at, path, "was not kept");
	return -EINVAL;
}

/* Read one file of the configuration. 0, or -EINVAL after a finding. */
static int file_read(struct file_reader *reader, const char *path,
		     struct place at, struct file_bytes *bytes)
{
	struct file_config *config = reader->config;
	struct store_file *copy;
	int rc;

	if (reader->kept)
		return file_read_kept(reader, path, at, bytes);
	rc = file_read_disk(reader, path, at, bytes);
	if (rc)
		return rc;
	config->copies = arena_push(config->copies_arena, config->copies,
				    &config->n_copies, sizeof(*copy));
	copy = &config->copies[config->n_copies - 1];
	copy->name = file_short_name(reader, path);
	copy->name = arena_copy(config->copies_arena, copy->name,
				strlen(copy->name));
	copy->data = bytes->data;
	copy->len = bytes->len;
	return 0;
}

/* Could the file be read? What is wrong inside it is a matter of findings. */
static bool file_parse(struct file_reader *reader, const char *path)
{
	struct place at = { .file = path };
	struct file_bytes bytes;

	if (file_read(reader, path, at, &bytes))
		return false;
	conf_parse(reader->config->model, path, bytes.data, bytes.len,
		   &reader->config->diag);
	return true;
}

/* The directory part of @path with its slash, or "" */
static const char *file_dir(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return arena_copy(arena, path, slash ? (size_t)(slash + 1 - path) : 0);
}

static int file_is_dropin(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 &&
	       !strcmp(entry->d_name + len - 5, ".conf");
}

/* The order of the C locale, whatever the locale of the caller is */
static int file_cmp_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Whoever may write the directory may put a file in place of another. */
static int file_check_dir(struct file_reader *reader, int fd, struct place at)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		file_report(reader, "file", at, at.file, "cannot be examined");
		return -EINVAL;
	}
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & 022) {
		diag_error(&reader->config->diag, "K20", at, NULL,
			   "the directory may be written by others than root "
			   "(owner uid %u, mode %04o); give it mode 0700",
			   (unsigned int)st.st_uid,
			   (unsigned int)st.st_mode & 07777);
		return -EINVAL;
	}
	return 0;
}

/* In the order in which they were read from the disk */
static void file_parse_kept_dropins(struct file_reader *reader)
{
	static const char dir[] = "conf.d/";
	size_t i;

	for (i = 1; i < reader->n_kept; i++) {
		const char *name = reader->kept[i].name;

		if (!strncmp(name, dir, strlen(dir)) &&
		    strlen(name) > strlen(dir) + 5 &&
		    !strcmp(name + strlen(name) - 5, ".conf") &&
		    !strchr(name + strlen(dir), '/'))
			file_parse(reader,
				   arena_printf(reader->config->arena, "%s%s",
						reader->dir, name));
	}
}

static void file_parse_dropins(struct file_reader *reader)
{
	struct arena *arena = reader->config->arena;
	struct place at = { 0 };
	struct dirent **entries = NULL;
	int fd, n, i;

	at.file = arena_printf(arena, "%sconf.d", reader->dir);
	fd = open(at.file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0) {
		file_report(reader, "file", at, at.file,
			    "is no directory that can be opened");
		return;
	}
	n = file_check_dir(reader, fd, at) ?
		    0 :
		    scandirat(fd, ".", &entries, file_is_dropin,
			      file_cmp_names);
	if (n < 0) {
		diag_error(&reader->config->diag, "file", at, NULL,
			   "the directory cannot be read: %s", strerror(errno));
	}
	if (n > FILE_DROPINS_MAX)
		diag_error(&reader->config->diag, "size", at, NULL,
			   "the directory holds %d files; at most %d are read",
			   n, FILE_DROPINS_MAX);
	for (i = 0; i < n; i++) {
		if (n <= FILE_DROPINS_MAX)
			file_parse(reader, arena_printf(arena, "%s/%s", at.file,
							entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	close(fd);
}

static void file_parse_lists(struct file_reader *reader)
{
	struct model *model = reader->config->model;
	struct arena *arena = reader->config->arena;
	struct file_bytes bytes;
	size_t i;

	for (i = 0; i < model->n_lists; i++) {
		struct word *file = &model->lists[i].file;
		const char *path;

		if (!file->text)
			continue; /* which the parser has said */
		path = file->text[0] == '/' ?
			       file->text :
			       arena_printf(arena, "%s%s",
					    file_dir(arena, file->at.file),
					    file->text);
		if (file_read(reader, path, file->at, &bytes))
			continue;
		conf_parse_list(model, &model->lists[i], path, bytes.data,
				bytes.len, &reader->config->diag);
	}
}

static int file_load_from(struct file_reader *reader, const char *path)
{
	struct file_config *config = reader->config;

	memset(config, 0, sizeof(*config));
	config->arena = arena_new();
	config->copies_arena = arena_new();
	diag_init(&config->diag, config->arena);
	config->model = conf_new(reader->earlier, config->arena);
	reader->dir = file_dir(config->arena, path);
	if (reader->kept) /* perhaps it was called something else then */
		path = arena_printf(config->arena, "%s%s", reader->dir,
				    reader->kept[0].name);

	/* a main file that cannot be read must not be judged as an empty one */
	if (!file_parse(reader, path))
		return -EINVAL;
	if (reader->kept)
		file_parse_kept_dropins(reader);
	else
		file_parse_dropins(reader);
	file_parse_lists(reader);
	conf_finish(config->model, path, &config->diag);
	config->policy = load_policy(config->model, &config->diag);
	return config->policy ? 0 : -EINVAL;
}

int file_load(const char *path, struct file_config *config)
{
	struct file_reader reader = { .config = config };

	return file_load_from(&reader, path);
}

/* What may be taken over: all of it, if there is no mistake in it */
static const struct model *file_model(const struct file_config *config)
{
	return config && config->policy ? config->model : NULL;
}

int file_reload(const char *path, const struct file_config *earlier,
		struct file_config *config)
{
	struct file_reader reader = { .config = config,
				      .earlier = file_model(earlier) };

	return file_load_from(&reader, path);
}

int file_load_kept(const char *path, const struct store_file *files,
		   size_t n_files, const struct file_config *earlier,
		   struct file_config *config)
{
	struct file_reader reader = { .config = config,
				      .earlier = file_model(earlier),
				      .kept = files,
				      .n_kept = n_files };

	return file_load_from(&reader, path);
}

int file_extend(struct file_config *config, const char *name, const char *bytes,
		size_t len)
{
	struct model *model = arena_alloc(config->arena, sizeof(*model));

	config->plain = config->policy;
	config->plain_diag = config->diag;
	*model = *config->model;
	/* what the parser finds are errors, of which there are none so far */
	diag_init(&config->diag, config->arena);
	conf_parse(model, name, bytes, len, &config->diag);
	config->policy = load_policy(model, &config->diag);
	/* there is nothing else in it; the array may have moved as it grew */
	config->model->conduits = model->conduits;
	return config->policy ? 0 : -EINVAL;
}

static const struct finding *file_first_error(const struct diag *diag)
{
	size_t i;

	for (i = 0; i < diag->n_findings; i++)
		if (diag->findings[i].severity == SEVERITY_ERROR)
			return &diag->findings[i];
	return NULL;
}

void file_retract(struct file_config *config, const char *what)
{
	const struct finding *error = file_first_error(&config->diag);

	config->policy = config->plain;
	config->diag = config->plain_diag;
	if (error)
		diag_warn(&config->diag, error->id, error->at, &error->also,
			  "%s: %s", what, error->text);
}

void file_forget_copies(struct file_config *config)
{
	arena_free(config->copies_arena);
	config->copies_arena = NULL;
	config->copies = NULL;
	config->n_copies = 0;
}

void file_pass_copies(struct file_config *from, struct file_config *to)
{
	file_forget_copies(to);
	to->copies_arena = from->copies_arena;
	to->copies = from->copies;
	to->n_copies = from->n_copies;
	from->copies_arena = NULL;
	file_forget_copies(from);
}

void file_unload(struct file_config *config)
{
	file_forget_copies(config);
	arena_free(config->arena);
	memset(config, 0, sizeof(*config));
}
