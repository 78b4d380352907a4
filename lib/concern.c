// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A list of concerns that does not grow with the number of things that others
 * do. Easy to get wrong: when it is full, what comes later must not be lost
 * only because it comes later; the gravest are those that are kept.
 */
#include "concern.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

const char *gravity_name(enum gravity gravity)
{
	switch (gravity) {
	case GRAVITY_NOTICE:
		return "notice";
	case GRAVITY_WARNING:
		return "warning";
	case GRAVITY_CRITICAL:
		return "critical";
	}
	return "";
}

void concerns_init(struct concerns *concerns, struct arena *arena)
{
	*concerns = (struct concerns){ .arena = arena };
}

const struct concern *concerns_find(const struct concerns *concerns,
				    const char *id, const char *subject)
{
	const struct concern *list = concerns->list;
	size_t i;

	for (i = 0; i < concerns->n; i++)
		if (!strcmp(list[i].subject, subject) &&
		    !strcmp(list[i].id, id))
			return &list[i];
	return NULL;
}

/* Where one more goes; NULL if all that are kept are at least as grave */
static struct concern *concerns_slot(struct concerns *concerns,
				     enum gravity gravity)
{
	struct concern *lightest;
	size_t i;

	if (concerns->n < CONCERNS_MAX) {
		concerns->list = arena_push(concerns->arena, concerns->list,
					    &concerns->n, sizeof(*lightest));
		return &concerns->list[concerns->n - 1];
	}
	lightest = &concerns->list[concerns->n - 1];
	for (i = concerns->n - 1; i-- > 0;)
		if (concerns->list[i].gravity < lightest->gravity)
			lightest = &concerns->list[i];
	return lightest->gravity < gravity ? lightest : NULL;
}

void concern_add(struct concerns *concerns, enum gravity gravity,
		 const char *id, const char *subject, const char *fmt, ...)
{
	struct concern *concern;
	char text[1024];
	va_list args;

	if (concerns_find(concerns, id, subject))
		return;
	concerns->n_all++;
	concern = concerns_slot(concerns, gravity);
	if (!concern)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	concern->gravity = gravity;
	concern->id = arena_copy(concerns->arena, id, strlen(id));
	concern->subject =
		arena_copy(concerns->arena, subject, strlen(subject));
	concern->text = arena_copy(concerns->arena, text, strlen(text));
}

static int concern_order(const void *a, const void *b)
{
	const struct concern *x = a, *y = b;
	int order = (int)y->gravity - (int)x->gravity;

	if (!order)
		order = strcmp(x->id, y->id);
	return order ? order : strcmp(x->subject, y->subject);
}

void concerns_sort(struct concerns *concerns)
{
	if (concerns->n)
		qsort(concerns->list, concerns->n, sizeof(*concerns->list),
		      concern_order);
}
