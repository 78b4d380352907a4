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
void render_reload(const json_t *parameters, bool ja, FILE *out);
void render_drift(const json_t *parameters, bool ja, FILE *out);
void render_audit(const json_t *parameters, bool ja, FILE *out);

/** render_record - one reply to Watch: "HH:MM:SS.mmm  PRIORITY  TEXT" */
void render_record(const json_t *parameters, bool ja, FILE *out);

/** render_findings - one on a line, as "FILE:LINE: error: K02 ..." */
void render_findings(const json_t *findings, FILE *out);

#endif
