/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_HASH_H
#define SEKIMORI_HASH_H

/*
 * A 64-bit FNV-1a hash with a final mix: ids of flows and classes come from
 * it. It guards against accident, not against an author of collisions, who
 * would be the author of the policy; that ids differ is checked where they are
 * given out.
 */
#include <stddef.h>
#include <stdint.h>

#define HASH_START 0xcbf29ce484222325ULL

/** hash_bytes - continue @hash with @len bytes */
uint64_t hash_bytes(uint64_t hash, const void *data, size_t len);

/** hash_text - continue @hash with a string and its end */
uint64_t hash_text(uint64_t hash, const char *text);

/** hash_number - continue @hash with a number, the same on every machine */
uint64_t hash_number(uint64_t hash, uint64_t number);

/** hash_finish - spread the entropy over all bits */
uint64_t hash_finish(uint64_t hash);

/**
 * hash_ids - give 32-bit ids to distinct 64-bit hashes, all of them different
 * @hashes: n hashes, without duplicates
 * @ids: n ids, from @min to @max; depends only on the set of hashes
 *
 * An id follows from its hash alone, but where two hashes ask for the same id:
 * there the greater one takes the next free number. At most IDS_MAX.
 */
#define IDS_MAX 4000000u
void hash_ids(const uint64_t *hashes, uint32_t *ids, size_t n, uint32_t min,
	      uint32_t max);

#endif
