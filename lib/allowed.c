// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Temporary conduits as text. Easy to get wrong: the texts come from whoever
 * may ask for a conduit, and nothing that he writes may become another setting.
 * So the only characters that end a text or begin an escape are escaped, and
 * with them all that could end a line.
 */
#include "allowed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "conf.h"
#include "instant.h"

struct writer {
	struct arena *arena;
	char *text;
	size_t len;
};

static void writer_add(struct writer *writer, char c)
{
	writer->text = arena_push(writer->arena, writer->text, &writer->len, 1);
	writer->text[writer->len - 1] = c;
}

static void writer_plain(struct writer *writer, const char *text)
{
	for (; *text; text++)
		writer_add(writer, *text);
}

static void writer_quoted(struct writer *writer, const char *text)
{
	char escape[8];

	writer_add(writer, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			writer_add(writer, '\\');
		if (c >= ' ' && c != 0x7f) {
			writer_add(writer, *text);
			continue;
		}
		snprintf(escape, sizeof(escape), "\\x%02x", c);
		writer_plain(writer, escape);
	}
	writer_add(writer, '"');
}

static void writer_text(struct writer *writer, const char *name,
			const char *text)
{
	if (!text)
		return;
	writer_plain(writer, "\n    ");
	writer_plain(writer, name);
	writer_plain(writer, " = ");
	writer_quoted(writer, text);
	writer_add(writer, ';');
}

static void writer_texts(struct writer *writer, const char *name,
			 const struct allowed_texts *texts)
{
	size_t i;

	writer_plain(writer, "\n    ");
	writer_plain(writer, name);
	writer_plain(writer, " = [ ");
	for (i = 0; i < texts->n; i++) {
		if (i)
			writer_plain(writer, ", ");
		writer_quoted(writer, texts->texts[i]);
	}
	writer_plain(writer, " ];");
}

static void writer_conduit(struct writer *writer, const struct allowed *allowed,
			   const struct calendar *calendar)
{
	char text[INSTANT_TEXT];

	writer_plain(writer, "\n  { name = ");
	writer_quoted(writer, allowed->name);
	writer_add(writer, ';');
	writer_text(writer, "kind", allowed->kind);
	writer_text(writer, "bind", allowed->bind);
	writer_texts(writer, "from", &allowed->from);
	writer_texts(writer, "to", &allowed->to);
	writer_texts(writer, "services", &allowed->services);
	writer_text(writer, "reason", allowed->reason);
	writer_text(writer, "approved_by", allowed->approved_by);
	writer_text(writer, "approval", allowed->approval);
	writer_text(writer, "allowed_by", allowed->allowed_by);
	writer_text(writer, "expires",
		    instant_print(allowed->expires,
				  calendar->local(allowed->expires), text));
	writer_plain(writer, " }");
}

char *allowed_print(const struct allowed *list, size_t n,
		    const struct calendar *calendar, struct arena *arena,
		    size_t *len)
{
	struct writer writer = { .arena = arena };
	size_t i;

	writer_plain(&writer,
		     "# Conduits that \"sekimorictl allow\" has made. Written "
		     "by sekimorid; not to be edited\n");
	if (n)
		writer_plain(&writer, "conduits = (");
	for (i = 0; i < n; i++) {
		writer_plain(&writer, i ? "," : "");
		writer_conduit(&writer, &list[i], calendar);
	}
	if (n)
		writer_plain(&writer, "\n);\n");
	if (len)
		*len = writer.len;
	writer_add(&writer, '\0');
	return writer.text;
}

static int allowed_take_ends(const struct model_endpoint *ends, size_t n,
			     struct allowed_texts *texts)
{
	if (n > ALLOWED_TEXTS_MAX)
		return -EINVAL;
	for (texts->n = 0; texts->n < n; texts->n++)
		texts->texts[texts->n] = ends[texts->n].text.text;
	return 0;
}

static int allowed_take(const struct model_conduit *from,
			struct allowed *allowed)
{
	size_t i;

	*allowed = (struct allowed){
		.name = from->name.text,
		.kind = kind_name(from->kind),
		.bind = from->bind == BIND_MAC ? "mac" : "ip",
		.reason = from->reason,
		.approved_by = from->approved_by,
		.approval = from->approval,
		.allowed_by = from->allowed_by,
		.expires = from->expires,
	};
	/* without these it would not be temporary */
	if (!from->has_expires || !from->allowed_by ||
	    from->n_services > ALLOWED_TEXTS_MAX ||
	    allowed_take_ends(from->from, from->n_from, &allowed->from) ||
	    allowed_take_ends(from->to, from->n_to, &allowed->to))
		return -EINVAL;
	for (i = 0; i < from->n_services; i++)
		allowed->services.texts[i] = from->services[i].text.text;
	allowed->services.n = from->n_services;
	return 0;
}

/* Does it hold conduits, and nothing else that would be configuration? */
static bool allowed_is_only_conduits(const struct model *model)
{
	return !model->has_format && !model->has_gateway && !model->n_zones &&
	       !model->n_hosts && !model->n_services && !model->n_lists &&
	       !model->n_trials && !model->n_sysctls && !model->facility.text &&
	       !model->group.text && !model->watch_at.line;
}

int allowed_parse(const char *bytes, size_t len, struct arena *arena,
		  struct allowed **list, size_t *n)
{
	struct model *model = conf_new(NULL, arena);
	struct diag diag;
	size_t i;
	int rc;

	*list = NULL;
	*n = 0;
	diag_init(&diag, arena);
	rc = conf_parse(model, "allowed.conf", bytes, len, &diag);
	if (rc || !allowed_is_only_conduits(model))
		return -EINVAL;
	*list = arena_alloc(arena, model->n_conduits * sizeof(**list));
	for (i = 0; i < model->n_conduits; i++)
		if (allowed_take(&model->conduits[i], &(*list)[i]))
			return -EINVAL;
	*n = model->n_conduits;
	return 0;
}
