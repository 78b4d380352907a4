// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal: lines that are bound to each other by their hashes. Easy to get
 * wrong: a repair must not destroy the proof. Whatever was found missing or
 * altered when the journal was opened must still be found so after a thousand
 * more lines; hence the chain always goes on from what the head names, which
 * is not always the line that happens to stand last.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"

#define JOURNAL_PREFIX "journal."
#define JOURNAL_HEAD_NAME "journal.head"
#define JOURNAL_HEAD_MAX ((size_t)4096)
#define JOURNAL_NAME_MAX 40
#define JOURNAL_TRIES 10 /* to read it all between two lines of a writer */

struct journal_head {
	uint64_t first, n;
	char hash[DURABLE_HASH];
};

struct journal {
	int dir;
	const struct durable_ops *ops;
	struct journal_limits limits;
	struct journal_head head; /* as it should stand on the disk */
	bool behind; /* it does not stand there yet */
	uint64_t file; /* the number in the last file's name; 0: none yet */
	size_t size; /* bytes in it */
};

/*
 * One line as it stands, or a file that cannot be read
 * @start: the number in the file's name
 * @line: in the file, from 1; 0 for a file as a whole
 * @whole: it ends in a newline
 * @valid: it is a line of a journal; else @n and @prev are not set
 */
struct journal_line {
	uint64_t start;
	size_t line, offset;
	struct durable_bytes bytes;
	int error;
	bool whole, valid;
	uint64_t n;
	char prev[DURABLE_HASH], hash[DURABLE_HASH];
};

/* All that there is on the disk */
struct journal_view {
	struct arena *arena;
	struct journal_head head;
	int head_error;
	uint64_t *starts; /* of the files from the head's first line on */
	size_t n_starts;
	struct journal_line *lines;
	size_t n_lines;
};

/*
 * Going through the lines
 * @due: the number that the next line should have
 * @prev: the hash that it should have in it; NULL if that is not known
 * @blamed: the last line is reported already, so that its hash proves nothing
 * @lost: a file could not be read, so any higher number will do
 * @torn: from which line on nothing was written to its end; n_lines if all was
 */
struct journal_judge {
	const struct journal_view *view;
	struct journal_report *report;
	uint64_t due;
	const char *prev;
	bool blamed, lost;
	size_t torn;
};

static const char *journal_zeros(void)
{
	return "00000000000000000000000000000000"
	       "00000000000000000000000000000000";
}

static void journal_name(char name[static JOURNAL_NAME_MAX], uint64_t start)
{
	snprintf(name, JOURNAL_NAME_MAX, JOURNAL_PREFIX "%" PRIu64, start);
}

static bool journal_take_hash(const json_t *json,
			      char hash[static DURABLE_HASH])
{
	const char *text = json_string_value(json);

	if (!text || strlen(text) != DURABLE_HASH - 1 ||
	    strspn(text, "0123456789abcdef") != DURABLE_HASH - 1)
		return false;
	memcpy(hash, text, DURABLE_HASH);
	return true;
}

static uint64_t journal_take_number(const json_t *json)
{
	json_int_t n = json_integer_value(json);

	return n > 0 ? (uint64_t)n : 0;
}

static int journal_read_head(int dir, struct arena *arena,
			     struct journal_head *head)
{
	struct durable_bytes bytes;
	json_t *json;
	int rc;

	memset(head, 0, sizeof(*head));
	rc = durable_read_sealed(dir, JOURNAL_HEAD_NAME, JOURNAL_HEAD_MAX,
				 arena, &bytes);
	if (rc)
		return rc;
	json = json_loadb(bytes.data, bytes.len, JSON_REJECT_DUPLICATES, NULL);
	head->first = journal_take_number(json_object_get(json, "first"));
	head->n = journal_take_number(json_object_get(json, "n"));
	if (!journal_take_hash(json_object_get(json, "hash"), head->hash) ||
	    !head->first || head->n < head->first)
		rc = -EBADMSG;
	json_decref(json);
	return rc;
}

static int journal_write_head(struct journal *journal)
{
	const struct journal_head *head = &journal->head;
	char text[256];
	struct durable_bytes bytes = { .data = text };
	int rc;

	bytes.len = (size_t)snprintf(text, sizeof(text),
				     "{\"first\":%" PRIu64 ",\"n\":%" PRIu64
				     ",\"hash\":\"%s\"}\n",
				     head->first, head->n, head->hash);
	rc = durable_replace_sealed(journal->ops, journal->dir,
				    JOURNAL_HEAD_NAME, &bytes, 1);
	journal->behind = rc != 0;
	return rc;
}

/* What stands in one file, line by line */
static void journal_split(struct journal_view *view, uint64_t start,
			  const struct durable_bytes *bytes)
{
	size_t offset = 0, n = 0;

	while (offset < bytes->len) {
		const char *text = bytes->data + offset;
		const char *end = memchr(text, '\n', bytes->len - offset);
		struct journal_line *line;

		view->lines = arena_push(view->arena, view->lines,
					 &view->n_lines, sizeof(*view->lines));
		line = &view->lines[view->n_lines - 1];
		line->start = start;
		line->line = ++n;
		line->offset = offset;
		line->whole = end != NULL;
		line->bytes.data = text;
		line->bytes.len = end ? (size_t)(end - text) :
					bytes->len - offset;
		offset += line->bytes.len + 1;
	}
}

static void journal_load_file(struct journal_view *view, int dir,
			      uint64_t start)
{
	struct durable_bytes bytes;
	char name[JOURNAL_NAME_MAX];
	int rc;

	journal_name(name, start);
	rc = durable_read(dir, name, JOURNAL_FILE_MAX, view->arena, &bytes);
	if (!rc) {
		journal_split(view, start, &bytes);
		return;
	}
	view->lines = arena_push(view->arena, view->lines, &view->n_lines,
				 sizeof(*view->lines));
	view->lines[view->n_lines - 1].start = start;
	view->lines[view->n_lines - 1].error = rc;
}

/* The object that a line is, or NULL if it is none of ours */
static json_t *journal_parse(struct journal_line *line)
{
	json_t *json = json_loadb(line->bytes.data, line->bytes.len,
				  JSON_REJECT_DUPLICATES, NULL);

	line->n = journal_take_number(json_object_get(json, "n"));
	line->valid =
		line->n &&
		journal_take_hash(json_object_get(json, "prev"), line->prev) &&
		json_is_string(json_object_get(json, "time")) &&
		json_is_string(json_object_get(json, "event"));
	if (line->valid)
		return json;
	json_decref(json);
	return NULL;
}

/* Everything from the file on that has line @from in it */
static int journal_load(struct journal_view *view, int dir, uint64_t from)
{
	size_t i = 0, n_all;
	uint64_t *all;
	int rc;

	view->lines = NULL;
	view->n_lines = 0;
	view->head_error = journal_read_head(dir, view->arena, &view->head);
	rc = durable_list(dir, JOURNAL_PREFIX, view->arena, &all, &n_all);
	if (rc)
		return rc;
	/* what is older than the first line has only not been removed yet */
	while (!view->head_error && i < n_all && all[i] < view->head.first)
		i++;
	while (i + 1 < n_all && all[i + 1] <= from)
		i++;
	view->starts = all ? all + i : NULL;
	view->n_starts = n_all - i;
	for (; i < n_all; i++)
		journal_load_file(view, dir, all[i]);
	return 0;
}

/* As journal_load(), without a line having been appended in between */
static int journal_load_all(struct journal_view *view, int dir)
{
	struct journal_head head;
	int try = 0, error, rc;
	size_t i;

	do {
		rc = journal_load(view, dir, 0);
		if (rc)
			return rc;
		error = journal_read_head(dir, view->arena, &head);
	} while (++try < JOURNAL_TRIES &&
		 (error != view->head_error ||
		  (!error && memcmp(&head, &view->head, sizeof(head)) != 0)));
	for (i = 0; i < view->n_lines; i++) {
		struct journal_line *line = &view->lines[i];

		if (line->error)
			continue;
		json_decref(journal_parse(line));
		durable_hash(&line->bytes, 1, line->hash);
	}
	return 0;
}

static struct journal_fault *journal_blame(struct journal_judge *judge,
					   enum journal_fault_kind kind,
					   const struct journal_line *line)
{
	struct journal_report *report = judge->report;
	size_t i = report->n_faults++;
	struct journal_fault *fault;

	/* beyond what is told one by one, only the number counts */
	fault = &report->faults[i < JOURNAL_FAULTS ? i : JOURNAL_FAULTS - 1];
	if (i >= JOURNAL_FAULTS)
		return fault;
	fault->kind = kind;
	fault->due = judge->due;
	if (line) {
		journal_name(fault->file, line->start);
		fault->line = line->line;
		fault->n = line->n;
	} else {
		snprintf(fault->file, sizeof(fault->file), JOURNAL_HEAD_NAME);
	}
	return fault;
}

enum journal_link {
	JOURNAL_UNKNOWN,
	JOURNAL_HOLDS,
	JOURNAL_BROKEN,
};

/* Does what comes after line @i confirm its hash? */
static enum journal_link journal_next(const struct journal_view *view, size_t i)
{
	const struct journal_line *line = &view->lines[i];
	const char *hash = NULL;

	if (i + 1 < view->n_lines && line[1].valid)
		hash = line[1].prev;
	else if (i + 1 == view->n_lines && !view->head_error &&
		 view->head.n == line->n)
		hash = view->head.hash;
	if (!hash)
		return JOURNAL_UNKNOWN;
	return strcmp(hash, line->hash) ? JOURNAL_BROKEN : JOURNAL_HOLDS;
}

/* Does the head confirm the line before the one that is due? */
static bool journal_head_vouches(const struct journal_judge *judge)
{
	const struct journal_view *view = judge->view;

	return !view->head_error && judge->prev &&
	       view->head.n == judge->due - 1 &&
	       !strcmp(view->head.hash, judge->prev);
}

/*
 * Two lines that do not fit: one of them was altered. If the second does not
 * fit what follows it either, it is that one.
 */
static void journal_judge_link(struct journal_judge *judge, size_t i)
{
	const struct journal_line *line = &judge->view->lines[i];
	bool known = judge->blamed;

	judge->blamed = false;
	if (known || !judge->prev || !strcmp(line->prev, judge->prev))
		return;
	if (i == 0 || journal_next(judge->view, i) == JOURNAL_BROKEN ||
	    journal_head_vouches(judge)) {
		journal_blame(judge, JOURNAL_ALTERED, line);
		judge->blamed = true;
	} else {
		journal_blame(judge, JOURNAL_ALTERED, line - 1);
	}
}

/*
 * A number that is not due. Between lines that fit otherwise it was altered;
 * else something is missing, or stands where it does not belong.
 */
static void journal_judge_number(struct journal_judge *judge, size_t i)
{
	const struct journal_line *line = &judge->view->lines[i];
	bool fits = judge->prev && !strcmp(line->prev, judge->prev);

	judge->blamed = false;
	if (fits || journal_next(judge->view, i) == JOURNAL_BROKEN) {
		journal_blame(judge, JOURNAL_NUMBER, line);
		judge->blamed = true;
		return;
	}
	journal_blame(judge,
		      line->n > judge->due ? JOURNAL_MISSING : JOURNAL_NUMBER,
		      line);
	judge->due = line->n;
}

static void journal_judge_line(struct journal_judge *judge, size_t i)
{
	const struct journal_line *line = &judge->view->lines[i];

	judge->report->n_lines += line->whole;
	if (!line->valid || !line->whole) {
		journal_blame(judge, JOURNAL_GARBLED, line);
		judge->blamed = true;
		judge->prev = NULL;
	} else {
		if (judge->lost && line->n > judge->due)
			judge->due = line->n;
		if (line->n == judge->due)
			journal_judge_link(judge, i);
		else
			journal_judge_number(judge, i);
		judge->prev = line->hash;
	}
	judge->lost = false;
	judge->due++;
}

/*
 * Was the writer interrupted here? Only one line at a time is not vouched for
 * by the head, and a power cut may leave anything in its place.
 */
static bool journal_is_torn(const struct journal_judge *judge, size_t i)
{
	const struct journal_view *view = judge->view;
	const struct journal_line *line = &view->lines[i];

	if (line->start != view->starts[view->n_starts - 1])
		return false;
	return !line->whole ||
	       (!line->valid && !view->head_error && judge->due > view->head.n);
}

/* What is last, against the head */
static void journal_judge_end(struct journal_judge *judge)
{
	const struct journal_view *view = judge->view;
	const struct journal_head *head = &view->head;
	const struct journal_line *last =
		judge->torn ? &view->lines[judge->torn - 1] : NULL;
	uint64_t n = judge->due - 1;

	if (view->head_error) {
		if (view->head_error != -ENOENT || n > 1)
			journal_blame(judge, JOURNAL_HEAD, NULL)->error =
				view->head_error;
	} else if (judge->lost) {
		return; /* what the head names may be in there */
	} else if (n < head->n) {
		journal_blame(judge, JOURNAL_TRUNCATED, last)->n = head->n;
	} else if (n > head->n + 1) {
		journal_blame(judge, JOURNAL_BEYOND, last);
	} else if (n == head->n) {
		if (!judge->blamed && strcmp(last->hash, head->hash) != 0)
			journal_blame(judge, JOURNAL_ALTERED, last);
	} else if (judge->torn > 1 && !judge->report->n_faults &&
		   strcmp(last[-1].hash, head->hash) != 0) {
		journal_blame(judge, JOURNAL_HEAD, NULL)->error = -EBADMSG;
	}
}

static void journal_judge(struct journal_judge *judge)
{
	const struct journal_view *view = judge->view;
	size_t i;

	memset(judge->report, 0, sizeof(*judge->report));
	judge->torn = view->n_lines;
	judge->due = 1;
	if (!view->head_error)
		judge->due = view->head.first;
	else if (view->n_starts)
		judge->due = view->starts[0];
	judge->prev = judge->due == 1 ? journal_zeros() : NULL;
	for (i = 0; i < view->n_lines; i++) {
		const struct journal_line *line = &view->lines[i];

		if (line->error) {
			journal_blame(judge, JOURNAL_FILE, line)->error =
				line->error;
			judge->lost = true;
			judge->prev = NULL;
		} else if (journal_is_torn(judge, i)) {
			journal_blame(judge, JOURNAL_TORN, line);
			judge->torn = i;
			break;
		} else {
			journal_judge_line(judge, i);
		}
	}
	journal_judge_end(judge);
}

void journal_fault_text(const struct journal_fault *fault, char *buf,
			size_t size)
{
	switch (fault->kind) {
	case JOURNAL_TORN:
		snprintf(buf, size,
			 "line %" PRIu64 " was not written to its end",
			 fault->due);
		return;
	case JOURNAL_GARBLED:
		snprintf(buf, size, "is not a line of a journal");
		return;
	case JOURNAL_ALTERED:
		snprintf(buf, size,
			 "line %" PRIu64 " was altered after it was written",
			 fault->n);
		return;
	case JOURNAL_NUMBER:
		snprintf(buf, size,
			 "has number %" PRIu64 " where %" PRIu64 " is due",
			 fault->n, fault->due);
		return;
	case JOURNAL_MISSING:
		snprintf(buf, size,
			 "lines %" PRIu64 " to %" PRIu64
			 " are missing before this one",
			 fault->due, fault->n - 1);
		return;
	case JOURNAL_TRUNCATED:
		snprintf(buf, size,
			 "lines %" PRIu64 " to %" PRIu64
			 " are missing at the end",
			 fault->due, fault->n);
		return;
	case JOURNAL_BEYOND:
		snprintf(buf, size,
			 "line %" PRIu64 " is further than a power cut can be "
			 "beyond the last line that the head names",
			 fault->n);
		return;
	case JOURNAL_HEAD:
		snprintf(buf, size, "the head cannot be used: %s",
			 fault->error == -EBADMSG ? "it was altered" :
						    strerror(-fault->error));
		return;
	case JOURNAL_FILE:
		snprintf(buf, size, "cannot be read: %s",
			 strerror(-fault->error));
		return;
	}
	snprintf(buf, size, "?");
}

int journal_verify(const char *dir, struct journal_report *report)
{
	struct journal_view view = { .arena = arena_new() };
	struct journal_judge judge = { .view = &view, .report = report };
	int fd = durable_open_dir(dir), rc = fd;

	if (fd >= 0) {
		rc = journal_load_all(&view, fd);
		if (!rc)
			journal_judge(&judge);
		if (!rc && report->n_faults)
			rc = -EBADMSG;
		close(fd);
	}
	arena_free(view.arena);
	return rc;
}

/* Bytes that are not lines go into a file of their own. */
static int journal_put_aside(const struct journal *journal,
			     const struct journal_judge *judge)
{
	const struct journal_view *view = judge->view;
	const struct journal_line *line = &view->lines[judge->torn];
	const struct journal_line *last = &view->lines[view->n_lines - 1];
	struct durable_bytes bytes = { .data = line->bytes.data };
	const struct durable_ops *ops = journal->ops;
	char name[JOURNAL_NAME_MAX];
	int fd, rc;

	bytes.len = (size_t)(last->bytes.data - line->bytes.data) +
		    last->bytes.len + last->whole;
	snprintf(name, sizeof(name), JOURNAL_PREFIX "torn.%" PRIu64,
		 judge->due);
	rc = durable_replace(ops, journal->dir, name, &bytes, 1);
	if (rc)
		return rc;
	journal_name(name, line->start);
	fd = ops->open(ops->data, journal->dir, name, 0);
	if (fd < 0)
		return fd;
	rc = ops->truncate(ops->data, fd, line->offset);
	if (!rc)
		rc = ops->sync(ops->data, fd);
	close(fd);
	return rc;
}

static int journal_remove_file(const struct journal *journal, uint64_t start)
{
	char name[JOURNAL_NAME_MAX];

	journal_name(name, start);
	return journal->ops->unlink(journal->ops->data, journal->dir, name);
}

/* Files of lines that are not kept any more */
static int journal_remove_old(const struct journal *journal)
{
	struct arena *arena = arena_new();
	uint64_t *starts;
	size_t i, n;
	int rc = durable_list(journal->dir, JOURNAL_PREFIX, arena, &starts, &n);

	for (i = 0; !rc && i < n && starts[i] < journal->head.first; i++)
		rc = journal_remove_file(journal, starts[i]);
	arena_free(arena);
	return rc;
}

/* Which line the next one will follow */
static void journal_resume(struct journal *journal,
			   const struct journal_judge *judge)
{
	const struct journal_view *view = judge->view;
	const struct journal_line *last = NULL;

	if (judge->torn && !view->lines[judge->torn - 1].error)
		last = &view->lines[judge->torn - 1];
	journal->head = view->head;
	if (view->head_error) {
		journal->head.first = view->n_starts ? view->starts[0] : 1;
		journal->head.n = judge->due - 1;
	}
	if (view->head_error || (last && judge->due - 1 > view->head.n)) {
		journal->head.n = judge->due - 1;
		memcpy(journal->head.hash, last ? last->hash : journal_zeros(),
		       DURABLE_HASH);
		journal->behind = journal->head.n > 0;
	}
	if (last) {
		journal->file = last->start;
		journal->size = last->offset + last->bytes.len + 1;
	}
}

/* Nothing may stand where the next file will be made. */
static int journal_clear_way(const struct journal *journal,
			     const struct journal_judge *judge)
{
	const struct journal_view *view = judge->view;
	const struct durable_ops *ops = journal->ops;
	char name[JOURNAL_NAME_MAX], aside[JOURNAL_NAME_MAX];
	size_t i = view->n_starts;
	uint64_t last = 0;
	int rc = 0;

	if (judge->torn)
		last = view->lines[judge->torn - 1].start;
	/* a file without a line is one that was about to get its first */
	while (!rc && i && view->starts[i - 1] > last)
		rc = journal_remove_file(journal, view->starts[--i]);
	if (rc || journal->file || last <= journal->head.n)
		return rc;
	/* it cannot be read, and what could be in there was never written */
	journal_name(name, last);
	snprintf(aside, sizeof(aside), JOURNAL_PREFIX "torn.%" PRIu64, last);
	return ops->rename(ops->data, journal->dir, name, aside);
}

static int journal_recover(struct journal *journal,
			   struct journal_report *report)
{
	struct journal_view view = { .arena = arena_new() };
	struct journal_judge judge = { .view = &view, .report = report };
	int rc;

	rc = durable_sweep(journal->ops, journal->dir, JOURNAL_PREFIX);
	if (!rc)
		rc = journal_load_all(&view, journal->dir);
	if (!rc)
		journal_judge(&judge);
	if (!rc && judge.torn < view.n_lines)
		rc = journal_put_aside(journal, &judge);
	if (!rc) {
		journal_resume(journal, &judge);
		rc = journal_clear_way(journal, &judge);
	}
	if (!rc && journal->behind)
		rc = journal_write_head(journal);
	if (!rc)
		rc = journal_remove_old(journal);
	arena_free(view.arena);
	return rc;
}

int journal_open(const char *dir, const struct durable_ops *ops,
		 const struct journal_limits *limits, struct journal **out,
		 struct journal_report *report)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int rc;

	if (!journal)
		abort();
	memset(report, 0, sizeof(*report));
	journal->ops = ops ? ops : &durable_real;
	journal->limits = *limits;
	if (!journal->limits.n_files)
		journal->limits.n_files = 1;
	if (journal->limits.file_size > JOURNAL_FILE_MAX / 2)
		journal->limits.file_size = JOURNAL_FILE_MAX / 2;
	journal->dir = durable_open_dir(dir);
	rc = journal->dir < 0 ? journal->dir : journal_recover(journal, report);
	if (rc) {
		journal_close(journal);
		journal = NULL;
	}
	*out = journal;
	return rc;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->dir >= 0)
		close(journal->dir);
	free(journal);
}

static bool journal_is_ours(const char *key)
{
	return !strcmp(key, "n") || !strcmp(key, "time") ||
	       !strcmp(key, "event") || !strcmp(key, "prev");
}

/* The line with its newline, to be freed; NULL if it cannot be one */
static char *journal_text(const struct journal *journal, const char *event,
			  const json_t *fields, uint64_t now_sec)
{
	time_t now = (time_t)now_sec;
	json_t *json, *value;
	char stamp[64], *text = NULL, *line = NULL;
	const char *key;
	struct tm tm;

	if (!gmtime_r(&now, &tm) ||
	    !strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	json = json_pack("{sIssss}", "n", (json_int_t)journal->head.n + 1,
			 "time", stamp, "event", event);
	if (!json)
		return NULL;
	json_object_foreach((json_t *)fields, key, value) {
		if (journal_is_ours(key) || json_object_set(json, key, value))
			goto out;
	}
	if (!json_object_set_new(json, "prev", json_string(journal->head.hash)))
		text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	/* what cannot be read again, such as a NUL, must not be written */
	json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (json && asprintf(&line, "%s\n", text) < 0)
		abort();
	free(text);
out:
	json_decref(json);
	return line;
}

/* The last file, if it still is what we have left */
static int journal_open_last(const struct journal *journal)
{
	const struct durable_ops *ops = journal->ops;
	char name[JOURNAL_NAME_MAX];
	struct stat st;
	int fd;

	journal_name(name, journal->file);
	fd = ops->open(ops->data, journal->dir, name, O_APPEND | O_NONBLOCK);
	if (fd == -ENOENT || fd == -ELOOP || fd == -ENXIO || fd == -EISDIR)
		return -ESTALE;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || st.st_mode & 022 ||
	    (uintmax_t)st.st_size != journal->size) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

static int journal_append_last(struct journal *journal,
			       const struct durable_bytes *line)
{
	int fd = journal_open_last(journal), rc;

	if (fd < 0)
		return fd;
	rc = durable_append(journal->ops, fd, journal->size, line);
	close(fd);
	if (!rc)
		journal->size += line->len;
	return rc;
}

/* The first line of a new file; without it the file must not stay. */
static int journal_append_new(struct journal *journal,
			      const struct durable_bytes *line)
{
	const struct durable_ops *ops = journal->ops;
	char name[JOURNAL_NAME_MAX];
	int fd, rc;

	journal_name(name, journal->head.n + 1);
	fd = ops->open(ops->data, journal->dir, name,
		       O_CREAT | O_EXCL | O_APPEND);
	if (fd < 0)
		return fd == -EEXIST ? -ESTALE : fd;
	rc = durable_append(ops, fd, 0, line);
	close(fd);
	if (!rc)
		rc = ops->sync(ops->data, journal->dir);
	if (rc) {
		ops->unlink(ops->data, journal->dir, name);
		return rc;
	}
	journal->file = journal->head.n + 1;
	journal->size = line->len;
	return 0;
}

/* From which line on files are kept */
static uint64_t journal_first(const struct journal *journal)
{
	size_t n, n_files = journal->limits.n_files;
	uint64_t *starts, first = journal->head.first;
	struct arena *arena = arena_new();

	if (!durable_list(journal->dir, JOURNAL_PREFIX, arena, &starts, &n) &&
	    n > n_files && starts[n - n_files] > first &&
	    starts[n - n_files] <= journal->head.n)
		first = starts[n - n_files];
	arena_free(arena);
	return first;
}

static int journal_append_line(struct journal *journal,
			       const struct durable_bytes *line)
{
	bool is_new = !journal->file ||
		      journal->size + line->len > journal->limits.file_size;
	struct durable_bytes bare = { line->data, line->len - 1 };
	int rc;

	/* more than one line beyond the head would look like a forgery */
	rc = journal->behind ? journal_write_head(journal) : 0;
	if (rc)
		return rc;
	rc = is_new ? journal_append_new(journal, line) :
		      journal_append_last(journal, line);
	if (rc)
		return rc;
	/* the line is durable; what fails from here on is done the next time */
	journal->head.n++;
	durable_hash(&bare, 1, journal->head.hash);
	if (is_new)
		journal->head.first = journal_first(journal);
	if (!journal_write_head(journal) && is_new)
		journal_remove_old(journal);
	return 0;
}

int journal_append(struct journal *journal, const char *event,
		   const json_t *fields, uint64_t now_sec)
{
	char *text = journal_text(journal, event, fields, now_sec);
	struct durable_bytes line = { .data = text };
	int rc;

	if (!text)
		return -EINVAL;
	line.len = strlen(text);
	rc = line.len > JOURNAL_LINE_MAX ? -E2BIG :
					   journal_append_line(journal, &line);
	free(text);
	return rc;
}

uint64_t journal_last(const struct journal *journal,
		      char hash[static DURABLE_HASH])
{
	memcpy(hash, journal->head.hash, DURABLE_HASH);
	return journal->head.n;
}

static json_t *journal_show_fault(const struct journal_line *line)
{
	struct journal_fault fault = {
		.kind = line->error ? JOURNAL_FILE : JOURNAL_GARBLED,
		.error = line->error,
	};
	char why[256];

	journal_name(fault.file, line->start);
	journal_fault_text(&fault, why, sizeof(why));
	return json_pack("{sssssI}", "fault", why, "file", fault.file, "line",
			 (json_int_t)line->line);
}

static json_t *journal_show(const struct journal_view *view, uint64_t from,
			    size_t max)
{
	json_t *shown = json_array();
	size_t i = !from && view->n_lines > max ? view->n_lines - max : 0;

	for (; i < view->n_lines && json_array_size(shown) < max; i++) {
		struct journal_line *line = &view->lines[i];
		json_t *json = line->error || !line->whole ?
				       NULL :
				       journal_parse(line);

		if (!json)
			json = journal_show_fault(line);
		else if (line->n < from)
			json_decref(json);
		if ((!line->valid || line->n >= from) &&
		    json_array_append_new(shown, json))
			abort();
	}
	return shown;
}

int journal_read(const char *dir, uint64_t from, size_t max, json_t **lines)
{
	struct journal_view view = { .arena = arena_new() };
	int fd = durable_open_dir(dir), rc = fd;

	if (fd >= 0) {
		rc = journal_load(&view, fd, from);
		if (!rc)
			*lines = journal_show(&view, from, max);
		close(fd);
	}
	arena_free(view.arena);
	return rc;
}
