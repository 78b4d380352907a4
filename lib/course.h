/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_COURSE_H
#define SEKIMORI_COURSE_H

/*
 * What is permitted in the course of time, where conduits are in force at some
 * times only: while the first one is, what that one says; else what the next one
 * says; and so on.
 */
#include "policy.h"

struct arena;
struct courses;

/* May connections be opened, and from whatever MAC address? */
enum reach_permit {
	REACH_NONE,
	REACH_IP,
	REACH_MAC, /* only from and to the MAC addresses that are bound */
};

/**
 * struct course_claim - what a flow decides, and when
 * @from_mac, to_mac: of REACH_MAC
 * @term: the conduit whose term it is; NULL: always
 * @term_hash: of the term; 0: always
 */
struct course_claim {
	enum reach_permit permit;
	struct mac from_mac, to_mac;
	const struct conduit *term;
	uint64_t term_hash;
};

/**
 * struct course - one or none of these decides at any time
 * @term: NULL: whenever none before it does
 * @hash: of all of it
 */
struct course {
	struct course_stage {
		enum reach_permit permit;
		const struct conduit *term;
	} * stages;
	size_t n;
	uint64_t hash;
};

/** course_claim_of - what a conduit decides; the caller adds MAC addresses */
struct course_claim course_claim_of(const struct conduit *conduit);

/** course_same_claim - do they decide alike, whenever? Either may be NULL */
bool course_same_claim(const struct course_claim *a,
		       const struct course_claim *b);

/**
 * course_settle - leave out what makes no difference at any time
 * @claims: the one that goes before all others first; none but the last is
 *	for always
 *
 * Returns how many are left. What comes to the same is the same then, unless
 * the same times are written otherwise.
 */
size_t course_settle(const struct course_claim **claims, size_t n);

/** course_same - of two that are settled */
bool course_same(const struct course_claim **a, size_t n_a,
		 const struct course_claim **b, size_t n_b);

/** courses_new - no course yet */
struct courses *courses_new(struct arena *arena);

/** courses_find - the one course that stands for these, which are settled */
const struct course *courses_find(struct courses *courses,
				  const struct course_claim **claims, size_t n);

/** course_has_terms - is it another one at some times than at others? */
bool course_has_terms(const struct course *course);

#endif
