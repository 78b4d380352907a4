// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of findings. Easy to get wrong: a file of nothing but mistakes must
 * cost neither memory nor the time for sentences that nobody will see, and yet
 * the counts must be of all of them, for they decide whether a configuration
 * is refused.
 */
#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

void diag_init(struct diag *diag, struct arena *arena)
{
	*diag = (struct diag){ .arena = arena };
}

bool diag_is_full(const struct diag *diag)
{
	return diag->n_findings >= DIAG_MAX;
}

__attribute__((format(printf, 3, 0))) static void
diag_add(struct diag *diag, const struct finding *finding, const char *fmt,
	 va_list args)
{
	struct finding *slot;
	va_list again;
	char *text;
	int len;

	if (finding->severity == SEVERITY_ERROR)
		diag->n_errors++;
	else
		diag->n_warnings++;
	if (diag_is_full(diag))
		return;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		abort();
	text = arena_alloc(diag->arena, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, fmt, args);

	diag->findings = arena_push(diag->arena, diag->findings,
				    &diag->n_findings, sizeof(*slot));
	slot = &diag->findings[diag->n_findings - 1];
	*slot = *finding;
	slot->text = text;
}

void diag_error(struct diag *diag, const char *id, struct place at,
		const struct place *also, const char *fmt, ...)
{
	struct finding finding = { .severity = SEVERITY_ERROR,
				   .id = id,
				   .at = at };
	va_list args;

	if (also)
		finding.also = *also;
	va_start(args, fmt);
	diag_add(diag, &finding, fmt, args);
	va_end(args);
}

void diag_warn(struct diag *diag, const char *id, struct place at,
	       const struct place *also, const char *fmt, ...)
{
	struct finding finding = { .severity = SEVERITY_WARNING,
				   .id = id,
				   .at = at };
	va_list args;

	if (also)
		finding.also = *also;
	va_start(args, fmt);
	diag_add(diag, &finding, fmt, args);
	va_end(args);
}

void diag_repeat(struct diag *diag, const struct finding *finding)
{
	if (finding->severity == SEVERITY_ERROR)
		diag->n_errors++;
	else
		diag->n_warnings++;
	if (diag_is_full(diag))
		return;
	diag->findings = arena_push(diag->arena, diag->findings,
				    &diag->n_findings, sizeof(*finding));
	diag->findings[diag->n_findings - 1] = *finding;
}

struct rank {
	struct finding finding;
	size_t index; /* qsort() alone does not keep the order of equals */
};

static int rank_cmp(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;
	const struct place *p = &x->finding.at, *q = &y->finding.at;
	int cmp = strcmp(p->file ? p->file : "", q->file ? q->file : "");

	if (cmp)
		return cmp;
	if (p->line != q->line)
		return p->line < q->line ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

void diag_sort(struct diag *diag)
{
	struct rank *ranks;
	size_t i;

	if (diag->n_findings < 2)
		return;
	ranks = calloc(diag->n_findings, sizeof(*ranks));
	if (!ranks)
		abort();
	for (i = 0; i < diag->n_findings; i++)
		ranks[i] = (struct rank){ diag->findings[i], i };
	qsort(ranks, diag->n_findings, sizeof(*ranks), rank_cmp);
	for (i = 0; i < diag->n_findings; i++)
		diag->findings[i] = ranks[i].finding;
	free(ranks);
}

/* Append to a text that may already be longer than its buffer. */
__attribute__((format(printf, 4, 5))) static size_t
append(char *buf, size_t size, size_t len, const char *fmt, ...)
{
	va_list args;
	int more;

	va_start(args, fmt);
	more = len < size ? vsnprintf(buf + len, size - len, fmt, args) :
			    vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (more < 0)
		abort();
	return len + (size_t)more;
}

static size_t append_place(char *buf, size_t size, size_t len,
			   const struct place *place)
{
	const char *file = place->file ? place->file : "?";

	if (!place->line)
		return append(buf, size, len, "%s", file);
	return append(buf, size, len, "%s:%u", file, place->line);
}

static const char *severity_name(enum severity severity)
{
	switch (severity) {
	case SEVERITY_ERROR:
		return "error";
	case SEVERITY_WARNING:
		return "warning";
	}
	return "?";
}

size_t diag_print(const struct finding *finding, char *buf, size_t size)
{
	size_t len;

	if (size)
		buf[0] = '\0';
	len = append_place(buf, size, 0, &finding->at);
	len = append(buf, size, len, ": %s: %s %s",
		     severity_name(finding->severity), finding->id,
		     finding->text);
	if (finding->also.file) {
		len = append(buf, size, len, " (see ");
		len = append_place(buf, size, len, &finding->also);
		len = append(buf, size, len, ")");
	}
	return len;
}
