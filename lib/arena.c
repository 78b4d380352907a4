// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regions of memory: blocks from calloc(), cut from the front, freed together.
 * Easy to get wrong: a large request must not become the block that is cut
 * next, or the rest of the current one is lost and small requests that follow
 * take a new block each.
 */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks grow with the arena, so that a small one stays small. */
#define BLOCK_MIN ((size_t)4 << 10)
#define BLOCK_MAX ((size_t)1 << 20)

struct block {
	struct block *next;
	size_t size; /* bytes at data */
	size_t used;
	_Alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct block *blocks; /* the first one is being cut */
	size_t block_size; /* of the next block */
	size_t used;
};

struct arena *arena_new(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		abort();
	arena->block_size = BLOCK_MIN;
	arena->used = sizeof(*arena);
	return arena;
}

void arena_free(struct arena *arena)
{
	struct block *block, *next;

	if (!arena)
		return;
	for (block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

static struct block *block_new(struct arena *arena, size_t size)
{
	struct block *block;

	if (size > SIZE_MAX - sizeof(*block))
		abort();
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		abort();
	block->size = size;
	arena->used += sizeof(*block) + size;
	return block;
}

/* Bytes for one request in a block of its own, behind the current one. */
static void *arena_take_large(struct arena *arena, size_t size)
{
	struct block *block = block_new(arena, size);

	block->used = size;
	if (arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		arena->blocks = block;
	}
	return block->data;
}

static void *arena_take(struct arena *arena, size_t size, size_t align)
{
	struct block *block = arena->blocks;
	size_t start;

	if (block) {
		/* used and align are small against SIZE_MAX */
		start = (block->used + align - 1) & ~(align - 1);
		if (start <= block->size && size <= block->size - start) {
			block->used = start + size;
			return block->data + start;
		}
	}
	if (size > arena->block_size / 4)
		return arena_take_large(arena, size);

	block = block_new(arena, arena->block_size);
	block->next = arena->blocks;
	arena->blocks = block;
	if (arena->block_size < BLOCK_MAX)
		arena->block_size *= 2;
	block->used = size;
	return block->data;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return arena_take(arena, size, _Alignof(max_align_t));
}

char *arena_copy(struct arena *arena, const void *data, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		abort();
	copy = arena_take(arena, len + 1, 1);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args, again;
	char *text;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	if (len < 0)
		abort();
	text = arena_take(arena, (size_t)len + 1, 1);
	vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text;
}

/*
 * Give back the block that holds just this array, if there is one: blocks of
 * that size are never cut.
 */
static void arena_give_back(struct arena *arena, const void *array, size_t size)
{
	struct block **link, *block;

	for (link = &arena->blocks; *link; link = &(*link)->next) {
		block = *link;
		if (block->data != array || block->size != size)
			continue;
		*link = block->next;
		arena->used -= sizeof(*block) + block->size;
		free(block);
		return;
	}
}

void *arena_push(struct arena *arena, void *array, size_t *n, size_t size)
{
	unsigned char *slots = array;
	size_t bytes;

	/*
	 * The capacity is not stored: it is the lowest power of two that holds
	 * n entries, so the array is full exactly when n is one.
	 */
	if (!(*n & (*n - 1))) {
		if (__builtin_mul_overflow(*n ? *n * 2 : 1, size, &bytes))
			abort();
		slots = arena_alloc(arena, bytes);
		if (*n) {
			memcpy(slots, array, *n * size);
			if (*n * size >= BLOCK_MAX)
				arena_give_back(arena, array, *n * size);
		}
	}
	/* A slot may have been given up before. */
	memset(slots + *n * size, 0, size);
	(*n)++;
	return slots;
}

size_t arena_used(const struct arena *arena)
{
	return arena->used;
}
