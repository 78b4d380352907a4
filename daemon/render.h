/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_RENDER_H
#define SEKIMORI_RENDER_H

/*
 * Replies of the daemon as text for people, in English or Japanese. What is
 * missing from a reply shows as an empty cell.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/** render_is_japanese - does the environment ask for Japanese? */
bool render_is_japanese(void);

/** render_say - one of two texts of the same meaning */
const char *render_say(bool ja, const char *english, const char *japanese)
	__attribute__((format_arg(2), format_arg(3)));

/* One function for each reply; @parameters as received. */
void render_status(const json_t *parameters, bool ja, FILE *out);
void render_zones(const json_t *parameters, bool ja, FILE *out);
void render_matrix(const json_t *parameters, bool ja, FILE *out);
void render_conduits(const json_t *parameters, bool ja, FILE *out);
void render_change(const json_t *parameters, bool ja, FILE *out);
void render_drift(const json_t *parameters, bool ja, FILE *out);
void render_audit(const json_t *parameters, bool ja, FILE *out);
void render_plan(const json_t *parameters, bool ja, FILE *out);
void render_confirm(const json_t *parameters, bool ja, FILE *out);
void render_history(const json_t *parameters, bool ja, FILE *out);
void render_files(const json_t *parameters, bool ja, FILE *out);

/** render_journal - lines as journal_read() gives them */
void render_journal(const json_t *lines, bool ja, FILE *out);
void render_allow(const json_t *parameters, bool ja, FILE *out);
void render_disallow(const json_t *parameters, bool ja, FILE *out);
void render_allowed(const json_t *parameters, bool ja, FILE *out);

/** render_temporary - who has allowed which of these conduits, why, how long */
void render_temporary(const json_t *conduits, bool ja, FILE *out);

/** render_record - one reply to Watch: "HH:MM:SS.mmm  PRIORITY  TEXT" */
void render_record(const json_t *parameters, bool ja, FILE *out);

/** render_findings - one on a line, as "FILE:LINE: error: K02 ..." */
void render_findings(const json_t *findings, FILE *out);

/* What the above are made of. A member that is not there is "" or 0. */
struct table;

const char *render_text(const json_t *object, const char *key);
long long render_number(const json_t *object, const char *key);

/** render_line - a line of text that is not in a table; made safe */
void render_line(FILE *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** render_add_time - local time; @none: where there is none */
void render_add_time(struct table *table, const json_t *object, const char *key,
		     const char *none);

#endif
