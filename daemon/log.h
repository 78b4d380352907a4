/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_LOG_H
#define SEKIMORI_LOG_H

/*
 * Syslog lines of one shape: a plain sentence, then msgid=SEKI-NAME and
 * further key=value pairs. People read the sentence, programs look for the
 * message id, which never changes its meaning. The same lines are kept as data:
 * { time_usec, msgid, priority, text, fields }, where text is the sentence.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

struct actor;
struct records;

/**
 * struct log_line - a line in the making; put it on the stack
 * @record: the same as data; NULL while nobody keeps it. What was begun is to
 *	be ended.
 */
struct log_line {
	char text[4096];
	size_t len;
	json_t *record;
};

/**
 * log_open - send what follows to syslog
 * @facility: a name that syslog knows, such as "daemon"; else it is "daemon"
 * @to_stderr: to standard error as well
 *
 * May be called again, to change either.
 */
void log_open(const char *facility, bool to_stderr);

/**
 * log_follow - keep what is logged from here on as data as well
 * @records: where to; NULL: nowhere
 */
void log_follow(struct records *records);

/** log_facility - the number of a facility's name, or -1 */
int log_facility(const char *name);

/**
 * log_begin - start a line
 * @msgid: "SEKI-..."
 * @fmt: a sentence, without a full stop at its end
 */
void log_begin(struct log_line *line, const char *msgid, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Add key=value; the text may be anything, and is quoted where needed. */
void log_add_text(struct log_line *line, const char *key, const char *value);
void log_add_number(struct log_line *line, const char *key,
		    unsigned long long value);

/**
 * log_add_process - add uid=, pid=, process=, parent=, parent_process=, as far
 *	as they are known
 */
void log_add_process(struct log_line *line, const struct actor *actor);

/** log_add_actor - add by=, and the process if it was one */
void log_add_actor(struct log_line *line, const struct actor *actor);

/** log_end - send the line; @priority is LOG_ERR, LOG_NOTICE, ... */
void log_end(struct log_line *line, int priority);

/**
 * log_error - one line of priority LOG_ERR about something that failed
 * @error: -errno or errno; 0 if there is none to tell
 */
void log_error(const char *msgid, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
