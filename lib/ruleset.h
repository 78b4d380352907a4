/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_RULESET_H
#define SEKIMORI_RULESET_H

/*
 * The table "inet sekimori" as data: what compile.c wants the kernel to hold
 * and what decode.c found it to hold have this one type. Numbers are those of
 * linux/netfilter/nf_tables.h. Everything lives in ruleset.arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

struct arena;

#define RULESET_TABLE "sekimori"
#define KEY_MAX 64 /* bytes the kernel allows for one set key */

/*
 * Flags of a table that headers of older kernels lack. A table with an owner
 * can be changed by no other socket; alone, it vanishes with the owner (since
 * 5.12). One that persists as well (since 6.9) stays, without an owner, and may
 * be adopted. Persistence cannot be given or taken away later.
 */
#define RULESET_F_OWNER 0x2
#define RULESET_F_PERSIST 0x4

/** struct verdict - NF_ACCEPT, NF_DROP, NFT_GOTO, NFT_JUMP, NFT_RETURN, ... */
struct verdict {
	int32_t code;
	const char *chain; /* of goto and jump, else NULL */
};

enum expr_type {
	EXPR_META, /* dreg = meta key, or meta key = sreg when @set */
	EXPR_CT, /* likewise for conntrack */
	EXPR_PAYLOAD, /* dreg = len bytes at offset from base */
	EXPR_EXTHDR, /* dreg = does the option or extension header exist */
	EXPR_FIB, /* dreg = result of a route lookup */
	EXPR_BITWISE, /* dreg = sreg & data (one register) */
	EXPR_CMP, /* go on only if sreg op data */
	EXPR_LOOKUP, /* search sreg in set; dreg = data, or the verdict */
	EXPR_IMMEDIATE, /* dreg = data, or the verdict */
	EXPR_COUNTER,
	EXPR_OTHER, /* something that the compiler never makes */
};

/* Registers are counted in words of 4 bytes; REG_VERDICT is the verdict. */
#define REG_VERDICT (-1)
#define REG_WORDS 16

struct expr {
	enum expr_type type;
	uint32_t key; /* meta, ct, fib result, exthdr type, cmp op, payload base */
	uint32_t flags; /* fib, exthdr, lookup */
	int8_t sreg, dreg;
	bool writes; /* meta, ct: sets instead of reads */
	bool has_dreg; /* lookup */
	uint32_t offset, len; /* payload, exthdr; len also of cmp, bitwise */
	uint8_t data[16]; /* cmp, bitwise mask, immediate */
	struct verdict verdict; /* immediate into REG_VERDICT */
	const char *name; /* set of a lookup; kernel's name of EXPR_OTHER */
	uint64_t packets, bytes; /* counter, as observed; never compared */
};

struct rule {
	struct expr *exprs;
	size_t n_exprs;
	const char *comment; /* never compared */
	uint64_t handle; /* as observed, else 0 */
};

struct chain {
	const char *name;
	bool is_base;
	uint32_t hook; /* NF_INET_... */
	int32_t priority;
	uint32_t policy; /* NF_DROP or NF_ACCEPT */
	const char *type; /* "filter" */
	bool has_other; /* flags or devices that the compiler never gives */
	bool is_bound; /* lives and dies with the one rule that jumps to it */
	struct rule *rules;
	size_t n_rules;
};

/**
 * struct elem - one element
 * @key: set.key_len bytes; in an interval set twice that: first and last value
 * @mark: data of a map whose data is a mark, in host byte order
 * @verdict: data of a verdict map
 * @comment: shown by "nft list"; never compared; NULL if none or as observed
 * @packets: as observed, where the set counts
 * @end_msec: where elements of the set end: when this one does, in milliseconds
 *	since 1970 UTC; 0: never. Not part of the digest.
 * @has_other: carries what the compiler never makes; equals nothing
 */
struct elem {
	const uint8_t *key;
	union {
		uint32_t mark;
		const struct verdict *verdict;
	};
	const char *comment;
	uint64_t packets, bytes;
	uint64_t end_msec;
	bool has_other;
};

/**
 * struct set - a set, a map to marks or a map to verdicts
 * @flags: NFT_SET_MAP, NFT_SET_INTERVAL, NFT_SET_CONSTANT...
 * @key_type, data_type: nft's numbers for printing, NFT_DATA_VERDICT for verdicts
 * @counts: each element carries a counter
 * @has_other: defined by what the compiler never makes; equals no other set
 * @has_catchall: has an element that stands for all keys, which is not in @elems
 * @has_stray: starts and ends of its intervals are not in pairs; @elems are then
 *	what a search finds
 */
struct set {
	const char *name;
	uint32_t flags;
	uint32_t key_type;
	uint32_t key_len;
	uint32_t data_type;
	uint32_t data_len;
	uint32_t size; /* declared maximum; 0: none */
	bool counts;
	bool has_other, has_catchall, has_stray;
	const char *comment; /* for people; never compared */
	struct elem *elems; /* sorted by key */
	size_t n_elems;
};

enum other_kind { OTHER_OBJECT, OTHER_FLOWTABLE };

/** struct other - a thing in the table that the compiler never makes */
struct other {
	enum other_kind kind;
	uint32_t type; /* of an object: NFT_OBJECT_... */
	const char *name;
};

/**
 * struct ruleset - all of it
 * @now_msec: the wall clock, in milliseconds since 1970 UTC: of what was
 *	observed, when that was; of what was compiled, for when
 */
struct ruleset {
	struct arena *arena;
	uint64_t now_msec;
	bool exists; /* is there a table at all */
	uint32_t flags; /* NFT_TABLE_F_... */
	uint32_t owner; /* port of the socket that owns it, as observed; or 0 */
	struct chain *chains; /* sorted by name */
	size_t n_chains;
	struct set *sets; /* sorted by name */
	size_t n_sets;
	struct other *others; /* sorted; as observed, never desired */
	size_t n_others;
};

/** ruleset_new - no table, no chains, no sets */
struct ruleset *ruleset_new(struct arena *arena);

/** ruleset_sort - bring chains, sets, elements, others into canonical order */
void ruleset_sort(struct ruleset *ruleset);

/** set_sort - bring the elements of one set into order */
void set_sort(struct set *set);

/* Lookups by name in a sorted ruleset; NULL if there is none. */
const struct set *ruleset_set(const struct ruleset *ruleset, const char *name);
const struct chain *ruleset_chain(const struct ruleset *ruleset,
				  const char *name);

/** set_is_interval - are the keys pairs of first and last value? */
bool set_is_interval(const struct set *set);

/** set_key_size - bytes at elem.key */
size_t set_key_size(const struct set *set);

/** set_find - the element with exactly @key, or NULL; @set must be sorted */
const struct elem *set_find(const struct set *set, const uint8_t *key);

/**
 * table_flags_fit - does a table with flags @observed serve as @desired?
 *
 * A table that persists without having an owner is as good as a plain one.
 */
bool table_flags_fit(uint32_t observed, uint32_t desired);

/* Equality, without comments, handles and counters. */
bool verdict_equal(const struct verdict *a, const struct verdict *b);
bool rule_equal(const struct rule *a, const struct rule *b);
bool set_same_shape(const struct set *a, const struct set *b);
bool elem_same_data(const struct set *set, const struct elem *a,
		    const struct elem *b);

/**
 * set_times_out - may elements of the set end by themselves?
 *
 * The kernel knows for how long, not until when; so of such elements two that
 * end within a few seconds of each other have the same data.
 */
bool set_times_out(const struct set *set);

/** ruleset_n_elems - elements of all sets */
size_t ruleset_n_elems(const struct ruleset *ruleset);

#define DIGEST_LEN 32
#define DIGEST_TEXT (2 * DIGEST_LEN + 1)

/**
 * ruleset_digest - SHA-256 of the canonical form, as hexadecimal digits
 *
 * Two rulesets have the same digest when, and practically only when, the
 * kernel would decide the same by the same steps. It is the same with an owner
 * as without, so it can be foretold on any machine.
 */
void ruleset_digest(const struct ruleset *ruleset,
		    char text[static DIGEST_TEXT]);

#endif
