// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hashes for ids. Easy to get wrong: an id that depended on the order of
 * entries would pass from a removed conduit to its neighbour, and with it the
 * neighbour would inherit the live connections.
 */
#include "hash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *byte = data;

	while (len--) {
		hash ^= *byte++;
		hash *= 0x100000001b3ULL;
	}
	return hash;
}

uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

uint64_t hash_number(uint64_t hash, uint64_t number)
{
	uint8_t bytes[8];
	unsigned int i;

	for (i = 0; i < 8; i++)
		bytes[i] = number >> (8 * i) & 0xff;
	return hash_bytes(hash, bytes, sizeof(bytes));
}

uint64_t hash_finish(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ULL;
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ULL;
	return hash ^ hash >> 32;
}

struct wish {
	uint64_t hash;
	size_t index;
};

static int wish_cmp(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

void hash_ids(const uint64_t *hashes, uint32_t *ids, size_t n, uint32_t min,
	      uint32_t max)
{
	struct wish *wishes = calloc(n ? n : 1, sizeof(*wishes));
	/* Room is kept at the top, for moving up. */
	const uint64_t range = (uint64_t)max + 1 - min - IDS_MAX;
	uint32_t next = min, id;
	size_t i;

	assert(n <= IDS_MAX);
	if (!wishes)
		abort();
	for (i = 0; i < n; i++)
		wishes[i] = (struct wish){ hashes[i], i };
	qsort(wishes, n, sizeof(*wishes), wish_cmp);
	for (i = 0; i < n; i++) {
		id = min + ((wishes[i].hash >> 32) * range >> 32);
		if (id < next)
			id = next;
		ids[wishes[i].index] = id;
		next = id + 1;
	}
	free(wishes);
}
