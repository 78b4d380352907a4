// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines for syslog. Easy to get wrong: names of processes, files and conduits
 * end up here, and whoever chose them must not be able to write a second line,
 * to forge a key=value pair or to move a cursor; so each value is escaped and
 * quoted, and the sentence is escaped as a whole.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "escape.h"

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
}

void log_add_actor(struct log_line *line, const struct actor *actor)
{
	log_add_text(line, "by", actor->how);
	if (!actor->pid)
		return;
	log_add_number(line, "uid", actor->uid);
	log_add_number(line, "pid", (unsigned long long)actor->pid);
	log_add_text(line, "process", actor->comm);
}

void log_end(struct log_line *line, int priority)
{
	syslog(priority, "%s", line->text);
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
