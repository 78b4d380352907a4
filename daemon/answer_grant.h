/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ANSWER_GRANT_H
#define SEKIMORI_ANSWER_GRANT_H

/* The replies to Allow, Disallow and Allowed; new references */
#include <jansson.h>
#include <stdint.h>

struct actor;
struct engine;
struct varlink_request;

json_t *answer_allow(struct engine *engine, const struct actor *actor,
		     const struct varlink_request *request, uint64_t now_usec);
json_t *answer_disallow(struct engine *engine, const struct actor *actor,
			const char *name, uint64_t now_usec);
json_t *answer_allowed(const struct engine *engine, uint64_t now_usec);

#endif
