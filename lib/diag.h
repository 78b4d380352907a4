/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DIAG_H
#define SEKIMORI_DIAG_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/** struct place - where something was written; line 0 means the whole file */
struct place {
	const char *file;
	unsigned int line;
};

enum severity {
	SEVERITY_ERROR, /* the configuration is refused */
	SEVERITY_WARNING, /* it is accepted, but somebody should look */
};

/**
 * struct finding - one thing wrong
 * @id: a clause ("K02") or the class of mistake ("syntax", "type", ...)
 * @at: where it is
 * @also: the other place that it contradicts; file is NULL if there is none
 * @text: one sentence, without the id and without a place
 */
struct finding {
	enum severity severity;
	const char *id;
	struct place at;
	struct place also;
	const char *text;
};

/**
 * struct diag - every finding of one run, in the order found
 *
 * Findings beyond DIAG_MAX are counted but not kept, so that hostile input
 * cannot make the list large.
 */
#define DIAG_MAX 1000
struct diag {
	struct arena *arena;
	struct finding *findings;
	size_t n_findings;
	size_t n_errors; /* all, also those not kept */
	size_t n_warnings;
};

/** diag_init - an empty list whose texts live in @arena */
void diag_init(struct diag *diag, struct arena *arena);

/** diag_error - add an error; @also may be NULL */
void diag_error(struct diag *diag, const char *id, struct place at,
		const struct place *also, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** diag_warn - add a warning; @also may be NULL */
void diag_warn(struct diag *diag, const char *id, struct place at,
	       const struct place *also, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** diag_repeat - add a finding of another list; its texts are not copied */
void diag_repeat(struct diag *diag, const struct finding *finding);

/** diag_is_full - are there DIAG_MAX findings, so that it is time to give up? */
bool diag_is_full(const struct diag *diag);

/**
 * diag_sort - order findings by file and line, keeping the order of equals
 *
 * Call it once, when all stages have reported.
 */
void diag_sort(struct diag *diag);

/**
 * diag_print - one finding as one line without newline
 * @buf: where to write, always NUL-terminated
 *
 * "FILE:LINE: error: K02 TEXT (see FILE:LINE)". Returns the length that the
 * whole line has, as snprintf() does.
 */
size_t diag_print(const struct finding *finding, char *buf, size_t size);

#endif
