/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CONCERN_H
#define SEKIMORI_CONCERN_H

/*
 * What an audit finds in the kernel outside our table. It is not ours, so it
 * is reported and not changed.
 */
#include <stdbool.h>
#include <stddef.h>

struct arena;

enum gravity {
	GRAVITY_NOTICE, /* worth knowing */
	GRAVITY_WARNING, /* the zone model no longer says all */
	GRAVITY_CRITICAL, /* packets can pass by the policy */
};

/** gravity_name - "notice", "warning", "critical" */
const char *gravity_name(enum gravity gravity);

/**
 * struct concern - one thing found
 * @id: its kind, which never changes its meaning: "SEKI-A-NAT", for example
 * @subject: what it is about, such as "chain ip nat postrouting"; with @id it
 *	tells one concern from another, from one audit to the next
 * @text: a plain sentence, without a full stop at its end
 */
struct concern {
	enum gravity gravity;
	const char *id;
	const char *subject;
	const char *text;
};

/**
 * struct concerns - all that one audit has found
 * @n_all: also those beyond CONCERNS_MAX, which are counted and not kept; the
 *	gravest are kept
 */
#define CONCERNS_MAX 1000
struct concerns {
	struct arena *arena;
	struct concern *list;
	size_t n;
	size_t n_all;
};

/** concerns_init - an empty list whose texts live in @arena */
void concerns_init(struct concerns *concerns, struct arena *arena);

/**
 * concern_add - add one; a subject that has this id already is passed over
 * @id, subject: copied
 * @fmt: the text; what is longer than 1023 bytes is cut off
 */
void concern_add(struct concerns *concerns, enum gravity gravity,
		 const char *id, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** concerns_sort - by gravity, the worst first, then by id and subject */
void concerns_sort(struct concerns *concerns);

/** concerns_find - the one with this id and subject, or NULL */
const struct concern *concerns_find(const struct concerns *concerns,
				    const char *id, const char *subject);

#endif
