/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ARENA_H
#define SEKIMORI_ARENA_H

#include <stddef.h>

/**
 * struct arena - a region: everything one policy generation needs
 *
 * Memory is handed out zeroed and is freed in one call. Nothing that was
 * handed out moves. Running out of memory ends the process with abort(): the
 * kernel keeps enforcing what it has.
 */
struct arena;

/** arena_new - an empty arena; the caller frees it with arena_free() */
struct arena *arena_new(void);

/** arena_free - free the arena and all that was taken from it; NULL is fine */
void arena_free(struct arena *arena);

/** arena_alloc - @size zeroed bytes, aligned for any type; never NULL */
void *arena_alloc(struct arena *arena, size_t size);

/** arena_copy - a copy of @len bytes at @data, with a NUL behind them */
char *arena_copy(struct arena *arena, const void *data, size_t len);

/** arena_printf - a formatted string */
char *arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * arena_push - append one zeroed slot to an array that lives in the arena
 * @array: the array as the last push returned it, NULL when empty
 * @n: number of entries, increased by one
 * @size: bytes of one entry
 *
 * Returns the array, which has moved if it had to grow (by doubling): pointers
 * into it are valid only until the next push. The new slot is the last one.
 */
void *arena_push(struct arena *arena, void *array, size_t *n, size_t size);

/** arena_used - bytes taken from the system by this arena */
size_t arena_used(const struct arena *arena);

#endif
