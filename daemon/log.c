// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines for syslog. Easy to get wrong: names of processes, files and conduits
 * end up here, and whoever chose them must not be able to write a second line,
 * to forge a key=value pair or to move a cursor; so each value is escaped and
 * quoted, and the sentence is escaped as a whole.
 *
 * Where the lines are kept as data is the one thing that this program keeps
 * outside what is passed around: it is a part of where the log goes, which
 * openlog() keeps for the whole process as well.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "day.h"
#include "escape.h"
#include "record.h"

static struct records *log_records;

int log_facility(const char *name)
{
	static const struct {
		const char *name;
		int facility;
	} table[] = {
		{ "auth", LOG_AUTH },	  { "authpriv", LOG_AUTHPRIV },
		{ "cron", LOG_CRON },	  { "daemon", LOG_DAEMON },
		{ "ftp", LOG_FTP },	  { "lpr", LOG_LPR },
		{ "mail", LOG_MAIL },	  { "news", LOG_NEWS },
		{ "syslog", LOG_SYSLOG }, { "user", LOG_USER },
		{ "uucp", LOG_UUCP },	  { "local0", LOG_LOCAL0 },
		{ "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 },
		{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 },
		{ "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 },
		{ "local7", LOG_LOCAL7 },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].name, name))
			return table[i].facility;
	return -1;
}

void log_open(const char *facility, bool to_stderr)
{
	int number = log_facility(facility);

	closelog();
	openlog("sekimorid",
		LOG_PID | LOG_NDELAY | (to_stderr ? LOG_PERROR : 0),
		number < 0 ? LOG_DAEMON : number);
}

void log_follow(struct records *records)
{
	log_records = records;
}

/* A member of the record. json_string() and its like fail for want of memory. */
static void log_keep(json_t *object, const char *key, json_t *value)
{
	if (!object)
		json_decref(value);
	else if (json_object_set_new(object, key, value))
		abort();
}

static void log_keep_field(struct log_line *line, const char *key,
			   json_t *value)
{
	log_keep(json_object_get(line->record, "fields"), key, value);
}

/* Append what fits; a line that is full stays as it is. */
static void log_append(struct log_line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void log_append(struct log_line *line, const char *fmt, ...)
{
	size_t room = sizeof(line->text) - line->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line->text + line->len, room, fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room)
		line->text[line->len] = '\0';
	else
		line->len += (size_t)len;
}

static void log_begin_list(struct log_line *line, const char *msgid,
			   const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));
static void log_begin_list(struct log_line *line, const char *msgid,
			   const char *fmt, va_list args)
{
	char sentence[2048];

	vsnprintf(sentence, sizeof(sentence), fmt, args);
	line->len = escape_text(sentence, "", line->text, sizeof(line->text));
	line->record = log_records ? json_object() : NULL;
	if (line->record) {
		log_keep(line->record, "time_usec",
			 json_integer((json_int_t)day_now_usec()));
		log_keep(line->record, "msgid", json_string(msgid));
		log_keep(line->record, "text", json_string(line->text));
		log_keep(line->record, "fields", json_object());
	}
	log_append(line, ": msgid=%s", msgid);
}

void log_begin(struct log_line *line, const char *msgid, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_begin_list(line, msgid, fmt, args);
	va_end(args);
}

void log_add_text(struct log_line *line, const char *key, const char *value)
{
	char safe[2048];

	escape_text(value, "", safe, sizeof(safe));
	log_keep_field(line, key, json_string(safe));
	escape_text(value, "\"\\", safe, sizeof(safe));
	if (*safe && !strpbrk(safe, " =,;"))
		log_append(line, " %s=%s", key, safe);
	else
		log_append(line, " %s=\"%s\"", key, safe);
}

void log_add_number(struct log_line *line, const char *key,
		    unsigned long long value)
{
	log_append(line, " %s=%llu", key, value);
	log_keep_field(line, key,
		       json_integer(value > INT64_MAX ? INT64_MAX :
							(json_int_t)value));
}

void log_add_process(struct log_line *line, const struct actor *actor)
{
	if (actor->has_uid)
		log_add_number(line, "uid", actor->uid);
	log_add_number(line, "pid", (unsigned long long)actor->pid);
	log_add_text(line, "process", actor->comm);
	if (!actor->parent)
		return;
	log_add_number(line, "parent", (unsigned long long)actor->parent);
	log_add_text(line, "parent_process", actor->parent_comm);
}

void log_add_actor(struct log_line *line, const struct actor *actor)
{
	log_add_text(line, "by", actor->how);
	if (actor->pid)
		log_add_process(line, actor);
}

/* As people write priorities in a configuration of syslog */
static const char *log_priority_name(int priority)
{
	static const char *const names[] = {
		[LOG_EMERG] = "emerg",	   [LOG_ALERT] = "alert",
		[LOG_CRIT] = "crit",	   [LOG_ERR] = "err",
		[LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
		[LOG_INFO] = "info",	   [LOG_DEBUG] = "debug",
	};

	return names[LOG_PRI(priority)];
}

void log_end(struct log_line *line, int priority)
{
	syslog(priority, "%s", line->text);
	if (!line->record)
		return;
	log_keep(line->record, "priority",
		 json_string(log_priority_name(priority)));
	if (log_records)
		records_add(log_records, line->record);
	else
		json_decref(line->record);
	line->record = NULL;
}

void log_error(const char *msgid, int error, const char *fmt, ...)
{
	struct log_line line;
	va_list args;

	va_start(args, fmt);
	log_begin_list(&line, msgid, fmt, args);
	va_end(args);
	if (error)
		log_add_text(&line, "error", strerror(abs(error)));
	log_end(&line, LOG_ERR);
}
