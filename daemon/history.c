// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was, and what is to be. Easy to get wrong: the file of the configuration
 * is not what is in force. It may have been edited for later, rolled back from,
 * or broken; so what it held when it was last used is remembered, and at a
 * start it counts as new only if it holds something else by now.
 */
#include "history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"
#include "arena.h"
#include "day.h"
#include "durable.h"
#include "journal.h"
#include "log.h"
#include "record.h"

#define HISTORY_JOURNAL_FILE ((size_t)8 << 20)
#define HISTORY_JOURNAL_FILES 64
#define HISTORY_SEEN "configuration.seen"

struct history {
	char *dir, *journal_dir;
	const char *path;
	int fd; /* of dir, or -1 */
	struct store *store; /* NULL: cannot be used */
	struct journal *journal; /* NULL: cannot be used, or not yet */
	bool journal_fails; /* which has been logged */
	uint64_t next_record;
	struct store_current current;
};

static void history_fail(const char *what, int rc)
{
	log_error("SEKI-HISTORY", rc, "%s", what);
}

/* A directory inside of ours; freed by the caller */
static char *history_make_dir(const struct history *history, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", history->dir, name) < 0)
		abort();
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		history_fail("A directory for what is to be kept cannot be "
			     "made",
			     -errno);
	return path;
}

static void history_read_current(struct history *history)
{
	int rc = history->store ?
			 store_current(history->store, &history->current) :
			 -ENOENT;

	if (!rc)
		return;
	memset(&history->current, 0, sizeof(history->current));
	if (rc != -ENOENT)
		history_fail("It cannot be read which generation was in force",
			     rc);
}

struct history *history_open(const char *dir, const char *path)
{
	struct history *history = calloc(1, sizeof(*history));
	char *generations;
	int rc;

	if (!history)
		abort();
	history->dir = strdup(dir);
	if (!history->dir)
		abort();
	history->path = path;
	history->next_record = 1;
	history->fd = durable_open_dir(dir);
	generations = history_make_dir(history, "generations");
	history->journal_dir = history_make_dir(history, "journal");
	rc = store_open(generations, NULL, &history->store);
	if (rc)
		history_fail("The generations that are kept cannot be used",
			     rc);
	free(generations);
	history_read_current(history);
	return history;
}

void history_close(struct history *history)
{
	if (!history)
		return;
	if (history->fd >= 0)
		close(history->fd);
	store_close(history->store);
	journal_close(history->journal);
	free(history->journal_dir);
	free(history->dir);
	free(history);
}

/* ---- the start ---- */

/* What the configuration's files hold, in short */
static void history_hash(const struct file_config *config,
			 char hash[static DURABLE_HASH])
{
	struct durable_bytes *parts;
	char(*lens)[24];
	size_t i;

	parts = calloc(3 * config->n_copies + 1, sizeof(*parts));
	lens = calloc(config->n_copies + 1, sizeof(*lens));
	if (!parts || !lens)
		abort();
	for (i = 0; i < config->n_copies; i++) {
		const struct store_file *file = &config->copies[i];
		int len =
			snprintf(lens[i], sizeof(lens[i]), "/%zu/", file->len);

		parts[3 * i] = (struct durable_bytes){ file->name,
						       strlen(file->name) };
		parts[3 * i + 1] =
			(struct durable_bytes){ lens[i], (size_t)len };
		parts[3 * i + 2] =
			(struct durable_bytes){ file->data, file->len };
	}
	durable_hash(parts, 3 * config->n_copies, hash);
	free(lens);
	free(parts);
}

static bool history_has_seen(const struct history *history,
			     const struct file_config *config)
{
	struct arena *arena = arena_new();
	struct durable_bytes bytes;
	char hash[DURABLE_HASH];
	bool same = false;

	history_hash(config, hash);
	if (history->fd >= 0 &&
	    !durable_read_sealed(history->fd, HISTORY_SEEN, 2 * DURABLE_HASH,
				 arena, &bytes))
		same = bytes.len == strlen(hash) &&
		       !memcmp(bytes.data, hash, bytes.len);
	arena_free(arena);
	return same;
}

void history_see(struct history *history, const struct file_config *config)
{
	struct durable_bytes bytes;
	char hash[DURABLE_HASH];
	int rc = -EBADF;

	history_hash(config, hash);
	bytes = (struct durable_bytes){ hash, strlen(hash) };
	if (history->fd >= 0)
		rc = durable_replace_sealed(&durable_real, history->fd,
					    HISTORY_SEEN, &bytes, 1);
	if (rc)
		history_fail("It cannot be kept what the configuration held",
			     rc);
}

void history_unsee(struct history *history)
{
	if (history->fd >= 0 && !unlinkat(history->fd, HISTORY_SEEN, 0))
		fsync(history->fd);
}

static bool history_same_files(const struct store_generation *generation,
			       const struct file_config *config)
{
	size_t i;

	if (generation->n_files != config->n_copies)
		return false;
	for (i = 0; i < config->n_copies; i++) {
		const struct store_file *a = &generation->files[i];
		const struct store_file *b = &config->copies[i];

		if (strcmp(a->name, b->name) || a->len != b->len ||
		    memcmp(a->data, b->data, a->len))
			return false;
	}
	return true;
}

/* Use what was kept in place of @config, if this version still accepts it. */
static bool history_take(const struct history *history,
			 const struct store_generation *generation,
			 struct file_config *config)
{
	struct file_config kept;

	if (file_load_kept(history->path, generation->files,
			   generation->n_files, NULL, &kept)) {
		history_fail("This version does not accept the generation "
			     "that is to be in force",
			     -EINVAL);
		file_unload(&kept);
		return false;
	}
	file_unload(config);
	*config = kept;
	return true;
}

static enum history_choice
history_weigh(const struct history *history, const struct file_config *config,
	      const struct store_generation *generation,
	      enum store_reason reason)
{
	switch (reason) {
	case STORE_AWAITED:
		return HISTORY_AWAITED;
	case STORE_OVERDUE:
	case STORE_REBOOTED:
		return HISTORY_RETURNED;
	case STORE_EARLIER_ONE:
		history_fail("The generation that is to be in force is damaged",
			     -EBADMSG);
		/* what is whole is nearer to it than what was before it */
		return config->policy ? HISTORY_FILE : HISTORY_KEPT;
	case STORE_RUNNING:
		break;
	}
	if (!config->policy)
		return HISTORY_KEPT;
	if (!history_has_seen(history, config))
		return HISTORY_FILE;
	return history_same_files(generation, config) ? HISTORY_SAME :
							HISTORY_UNDONE;
}

enum history_choice history_choose(struct history *history,
				   struct file_config *config, uint64_t *number)
{
	enum history_choice choice = config->policy ? HISTORY_FILE :
						      HISTORY_NONE;
	struct arena *arena = arena_new();
	struct store_generation generation;
	enum store_reason reason;
	struct store_clock now;
	int rc = -ENOENT;

	*number = 0;
	if (history->store) {
		rc = store_clock_read(&now);
		if (!rc)
			rc = store_in_force(history->store, &now, arena,
					    &generation, &reason);
		if (rc && rc != -ENOENT)
			history_fail("No generation that was kept can be read",
				     rc);
	}
	if (!rc) {
		choice = history_weigh(history, config, &generation, reason);
		*number = choice == HISTORY_FILE ? 0 : generation.meta.number;
	}
	if (*number && choice != HISTORY_SAME &&
	    !history_take(history, &generation, config)) {
		choice = config->policy ? HISTORY_FILE : HISTORY_NONE;
		*number = 0;
	}
	if (choice == HISTORY_RETURNED)
		history_enter(history, *number, 0);
	arena_free(arena);
	return choice;
}

/* ---- what is in force ---- */

int history_keep(struct history *history, struct file_config *config,
		 const struct history_entry *entry, uint64_t now_usec,
		 uint64_t *number)
{
	const struct store_meta meta = {
		.time = now_usec / 1000000,
		.uid = entry->actor->uid,
		.pid = entry->actor->pid,
		.process = entry->actor->comm,
		.why = entry->why,
		.digest = entry->digest,
		.outcome = entry->actor->how,
	};
	int rc = -EBADF;

	if (history->store)
		rc = store_put(history->store, &meta, config->copies,
			       config->n_copies, number);
	if (!rc)
		return 0;
	*number = 0;
	history_fail("The configuration cannot be kept, so there will be no "
		     "way back to it",
		     rc);
	return rc;
}

void history_remove(struct history *history, uint64_t number)
{
	int rc = history->store ? store_remove(history->store, number) : 0;

	if (rc)
		history_fail("A generation that was not put in force cannot be "
			     "removed",
			     rc);
}

uint64_t history_find_running(const struct history *history,
			      const struct file_config *config)
{
	struct arena *arena = arena_new();
	struct store_generation generation;
	uint64_t number = history->current.running;

	if (!number || store_get(history->store, number, arena, &generation) ||
	    !history_same_files(&generation, config))
		number = 0;
	arena_free(arena);
	return number;
}

/* What is in force was written, or not; what counts is what can be read. */
static int history_wrote_current(struct history *history, int rc)
{
	history_read_current(history);
	if (rc)
		history_fail("It cannot be kept which generation is in force",
			     rc);
	return rc;
}

static int history_set_current(struct history *history,
			       const struct store_current *current)
{
	return history_wrote_current(
		history, history->store ?
				 store_set_current(history->store, current) :
				 -EBADF);
}

int history_enter(struct history *history, uint64_t number,
		  uint64_t confirm_seconds)
{
	struct store_current current = history->current;
	struct store_clock now;
	int rc = store_clock_read(&now);

	if (rc) {
		history_fail("The clock cannot be read", rc);
		return rc;
	}
	current.running = number;
	if (!confirm_seconds)
		current.confirmed = number;
	store_set_deadline(&current, &now, confirm_seconds);
	return history_set_current(history, &current);
}

struct store_current history_mark(const struct history *history)
{
	return history->current;
}

int history_restore(struct history *history, const struct store_current *mark)
{
	return history_wrote_current(
		history, history->store ?
				 store_restore_current(history->store, mark) :
				 -EBADF);
}

int history_confirm(struct history *history)
{
	struct store_current current = history->current;
	struct store_clock now;
	int rc;

	if (history_seconds_left(history) <= 0)
		return -ENOENT;
	rc = store_clock_read(&now);
	if (rc)
		return rc;
	current.confirmed = current.running;
	store_set_deadline(&current, &now, 0);
	return history_set_current(history, &current);
}

int64_t history_seconds_left(const struct history *history)
{
	const struct store_clock *deadline = &history->current.deadline;
	struct store_clock now;

	if (!deadline->wall && !deadline->boot)
		return -1;
	if (store_clock_read(&now))
		return 0;
	return (int64_t)store_seconds_left(&history->current, &now);
}

uint64_t history_running(const struct history *history)
{
	return history->current.running;
}

uint64_t history_confirmed(const struct history *history)
{
	return history->current.confirmed;
}

uint64_t history_previous(const struct history *history)
{
	const struct store_current *current = &history->current;

	return current->running != current->confirmed ? current->confirmed :
							current->earlier[0];
}

void history_prune(struct history *history, size_t keep_count,
		   uint64_t keep_seconds, uint64_t now_usec)
{
	int rc = 0;

	if (history->store)
		rc = store_prune(history->store, keep_count, keep_seconds,
				 now_usec / 1000000);
	if (rc)
		history_fail("Old generations cannot be removed", rc);
}

/* ---- to look at ---- */

int history_load(const struct history *history, uint64_t number,
		 const struct file_config *earlier, struct file_config *config)
{
	struct arena *arena = arena_new();
	struct store_generation generation = { .n_files = 0 };
	int rc = -ENOENT;

	memset(config, 0, sizeof(*config));
	if (history->store)
		rc = store_get(history->store, number, arena, &generation);
	if (!rc && !generation.n_files)
		rc = -EBADMSG;
	if (!rc)
		rc = file_load_kept(history->path, generation.files,
				    generation.n_files, earlier, config);
	arena_free(arena);
	return rc;
}

static json_t *history_have(json_t *json)
{
	if (!json)
		abort();
	return json;
}

static json_t *history_meta_json(const struct store_meta *meta)
{
	if (meta->error)
		return history_have(json_pack("{sI sb}", "number",
					      (json_int_t)meta->number,
					      "damaged", 1));
	return history_have(json_pack(
		"{sI sI sI sI ss ss ss ss sb}", "number",
		(json_int_t)meta->number, "time", (json_int_t)meta->time, "uid",
		(json_int_t)meta->uid, "pid", (json_int_t)meta->pid, "process",
		meta->process, "why", meta->why, "digest", meta->digest,
		"outcome", meta->outcome, "damaged", 0));
}

json_t *history_json(const struct history *history)
{
	json_t *generations = history_have(json_array());
	struct arena *arena = arena_new();
	struct store_meta *list = NULL;
	int64_t left = history_seconds_left(history);
	size_t n = 0, i;

	if (history->store && store_list(history->store, arena, &list, &n))
		n = 0;
	for (i = 0; i < n; i++)
		if (json_array_append_new(generations,
					  history_meta_json(&list[i])))
			abort();
	arena_free(arena);
	return history_have(json_pack(
		"{sI sI so so}", "running",
		(json_int_t)history->current.running, "confirmed",
		(json_int_t)history->current.confirmed, "seconds_left",
		left < 0 ? json_null() : json_integer(left), "generations",
		generations));
}

static json_t *history_file_json(const struct store_file *file, bool with_text)
{
	const struct durable_bytes bytes = { file->data, file->len };
	json_t *name = json_string(file->name), *text = NULL;
	char hash[DURABLE_HASH];

	durable_hash(&bytes, 1, hash);
	/* what is not UTF-8 was no configuration that was accepted */
	if (with_text)
		text = json_stringn(file->data, file->len);
	return history_have(json_pack("{so sI ss so}", "name",
				      name ? name : json_string("?"), "len",
				      (json_int_t)file->len, "sha256", hash,
				      "text", text ? text : json_null()));
}

json_t *history_files_json(const struct history *history, uint64_t number,
			   bool with_texts)
{
	struct arena *arena = arena_new();
	struct store_generation generation = { .n_files = 0 };
	json_t *files = NULL;
	size_t i;
	int rc = -ENOENT;

	if (history->store)
		rc = store_get(history->store, number, arena, &generation);
	if (!rc)
		files = history_have(json_array());
	for (i = 0; !rc && i < generation.n_files; i++)
		if (json_array_append_new(
			    files, history_file_json(&generation.files[i],
						     with_texts)))
			abort();
	arena_free(arena);
	return files ? history_have(json_pack("{sI so}", "number",
					      (json_int_t)number, "files",
					      files)) :
		       NULL;
}

/* ---- the journal ---- */

static void history_log_faults(const struct journal_report *report)
{
	struct log_line line;
	char text[256];
	size_t i;

	for (i = 0; i < report->n_faults && i < JOURNAL_FAULTS; i++) {
		const struct journal_fault *fault = &report->faults[i];

		journal_fault_text(fault, text, sizeof(text));
		log_begin(&line, "SEKI-JOURNAL",
			  "The journal is not as it was written: %s", text);
		log_add_text(&line, "file", fault->file);
		log_add_number(&line, "line", fault->line);
		log_end(&line, LOG_CRIT);
	}
}

void history_begin_journal(struct history *history)
{
	static const struct journal_limits limits = { HISTORY_JOURNAL_FILE,
						      HISTORY_JOURNAL_FILES };
	struct journal_report report = { 0 };
	int rc;

	journal_close(history->journal);
	history->journal = NULL;
	rc = journal_open(history->journal_dir, NULL, &limits,
			  &history->journal, &report);
	history_log_faults(&report);
	if (rc && !history->journal_fails)
		log_error("SEKI-JOURNAL", rc, "The journal cannot be written");
	history->journal_fails = rc;
}

/* What the journal is about: the policy, and what was done to it */
static bool history_is_of_interest(const json_t *record)
{
	static const char *const msgids[] = {
		"SEKI-START",	 "SEKI-READY",	  "SEKI-RELOAD",
		"SEKI-REFUSED",	 "SEKI-KERNEL",	  "SEKI-CONFIRMED",
		"SEKI-ROLLBACK", "SEKI-KEPT",	  "SEKI-WITHDRAWN",
		"SEKI-TERM",	 "SEKI-CLOCK",	  "SEKI-DRIFT",
		"SEKI-REPAIRED", "SEKI-REVERTED", "SEKI-TOUCHED",
		"SEKI-FIGHT",	 "SEKI-MORE",	  "SEKI-HOLD",
		"SEKI-LOST",	 "SEKI-OWNER",	  "SEKI-SYSCTL",
		"SEKI-SESSIONS", "SEKI-HISTORY",  "SEKI-JOURNAL",
		"SEKI-STOP",	 "SEKI-ALLOWED",  "SEKI-DISALLOWED",
		"SEKI-UNKEPT",	 "SEKI-SHUT",
	};
	const char *msgid = json_string_value(json_object_get(record, "msgid"));
	size_t i;

	for (i = 0; msgid && i < sizeof(msgids) / sizeof(msgids[0]); i++)
		if (!strcmp(msgid, msgids[i]))
			return true;
	return false;
}

static int history_append(struct history *history, const char *event,
			  const json_t *fields, uint64_t now_sec)
{
	int rc = journal_append(history->journal, event, fields, now_sec);

	if (rc == -ESTALE) { /* somebody has written to it */
		history_begin_journal(history);
		rc = history->journal ? journal_append(history->journal, event,
						       fields, now_sec) :
					-EBADF;
	}
	if (rc && !history->journal_fails)
		log_error("SEKI-JOURNAL", rc, "The journal cannot be written");
	history->journal_fails = rc;
	return rc;
}

static int history_append_record(struct history *history, const json_t *record)
{
	json_int_t usec =
		json_integer_value(json_object_get(record, "time_usec"));
	json_t *fields;
	int rc;

	fields = history_have(json_pack(
		"{sO sO sO}", "priority", json_object_get(record, "priority"),
		"text", json_object_get(record, "text"), "fields",
		json_object_get(record, "fields")));
	rc = history_append(history,
			    json_string_value(json_object_get(record, "msgid")),
			    fields, (uint64_t)usec / 1000000);
	json_decref(fields);
	return rc;
}

bool history_lags(const struct history *history, const struct records *records)
{
	return history->journal && records &&
	       history->next_record < records_next(records);
}

int history_follow(struct history *history, const struct records *records)
{
	uint64_t end = records_next(records);
	int rc = 0;

	if (!history->journal)
		return -EBADF;
	if (history->next_record < records_first(records))
		history->next_record = records_first(records);
	for (; history->next_record < end; history->next_record++) {
		json_t *record = records_get(records, history->next_record);

		if (record && history_is_of_interest(record))
			rc = history_append_record(history, record);
		json_decref(record);
	}
	return rc;
}

bool history_can_write(struct history *history)
{
	if (!history->journal || history->journal_fails)
		history_begin_journal(history);
	/* whether it can be written is known when it was */
	return history->journal && !history_append(history, "SEKI-ORDER", NULL,
						   day_now_usec() / 1000000);
}
