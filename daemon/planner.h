/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_PLANNER_H
#define SEKIMORI_PLANNER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct actor;
struct engine;

/**
 * planner_forbid - may this file be named?
 * @actor: who names it. Root may name any; others only files in the directory
 *	of the configuration, for what is said about a file shows some of it.
 *
 * NULL, or the error reply.
 */
json_t *planner_forbid(const struct engine *engine, const struct actor *actor,
		       const char *file);

/**
 * planner_reply - what putting a configuration in force would change
 * @actor: who asks; see planner_forbid()
 * @file: absolute path; has to pass the same checks as the configuration
 * @nft: list the edits as commands of nft, too
 *
 * Nothing is changed. Returns the reply, or the error reply.
 */
json_t *planner_reply(struct engine *engine, const struct actor *actor,
		      const char *file, bool nft, uint64_t now_usec);

/**
 * planner_diff - what led from one generation to another
 *
 * The reply has the same form; its "file" and "kernel" are null. The kernel is
 * neither touched nor asked. Returns the reply, or the error reply.
 */
json_t *planner_diff(struct engine *engine, uint64_t from, uint64_t to,
		     uint64_t now_usec);

#endif
