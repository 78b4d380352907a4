// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A table of names, open addressing, never more than half full. Easy to get
 * wrong: its size is fixed, so the caller must know the number beforehand.
 */
#include "names.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "hash.h"

struct entry {
	const char *name;
	void *what;
};

struct names {
	size_t mask;
	size_t n, max;
	struct entry *entries;
};

struct names *names_new(struct arena *arena, size_t max)
{
	struct names *names = arena_alloc(arena, sizeof(*names));
	size_t size = 8;

	while (size < 2 * max)
		size *= 2;
	names->mask = size - 1;
	names->max = max;
	names->entries = arena_alloc(arena, size * sizeof(*names->entries));
	return names;
}

static struct entry *names_slot(const struct names *names, const char *name)
{
	size_t i = hash_finish(hash_text(HASH_START, name)) & names->mask;

	while (names->entries[i].name && strcmp(names->entries[i].name, name))
		i = (i + 1) & names->mask;
	return &names->entries[i];
}

void *names_add(struct names *names, const char *name, void *what)
{
	struct entry *entry = names_slot(names, name);

	if (!entry->name) {
		assert(names->n < names->max);
		names->n++;
		*entry = (struct entry){ name, what };
	}
	return entry->what;
}

void *names_find(const struct names *names, const char *name)
{
	return names_slot(names, name)->what;
}
