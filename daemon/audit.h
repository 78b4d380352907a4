/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_AUDIT_H
#define SEKIMORI_AUDIT_H

/*
 * What there is in the kernel beside our table that can take packets past it,
 * or that contradicts the zone model. Looked for at start, whenever the kernel
 * says that something has changed, and every time the table is compared.
 * Reported, never changed; except sysctls that the configuration claims.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy.h"

struct audit;

/** audit_open - nothing has been looked at yet; 0 or -errno */
int audit_open(struct audit **audit);
void audit_close(struct audit *audit);

/** audit_links_fd - readable when interfaces, addresses, routes... change */
int audit_links_fd(const struct audit *audit);

/** audit_links_changed - read what has come in there; true: look again */
bool audit_links_changed(struct audit *audit);

/**
 * audit_begin - look at everything anew; if that is under way, once more then
 *
 * Cheap. The work is done by audit_step().
 */
void audit_begin(struct audit *audit);

/**
 * audit_step - a piece of that work, of some milliseconds at most
 *
 * 1: there is more. 0: all has been looked at and judged by this policy, which
 * may be another one than at the steps before. Else -errno of what could not be
 * read, which has been logged; what could be read has been judged, and the rest
 * stands as it was.
 *
 * At the last step claimed sysctls are set, and what is new since the last
 * time, and what is gone, is logged: SEKI-AUDIT and SEKI-AUDIT-GONE, with the
 * concern's id, subject and gravity.
 */
int audit_step(struct audit *audit, const struct policy *policy,
	       uint64_t now_usec);

/**
 * audit_forget - what interfaces are called and which they are, is as it should
 *	be now
 *
 * Until then those that were renamed or replaced are of concern.
 */
void audit_forget(struct audit *audit);

/** audit_run - all of it at once; may take seconds where others have much */
int audit_run(struct audit *audit, const struct policy *policy,
	      uint64_t now_usec);

/** audit_n_critical - concerns of that gravity at the last run */
size_t audit_n_critical(const struct audit *audit);
size_t audit_n_warnings(const struct audit *audit);

/** audit_json - { concerns: [ { gravity, id, subject, text, since } ] } */
json_t *audit_json(const struct audit *audit);

#endif
