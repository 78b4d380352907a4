// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policies for tests, out of a text: it is shorter than building structures,
 * and it cannot make what the parser would never let through.
 */
#include "text_policy.h"

#include <check.h>
#include <string.h>

#include "arena.h"
#include "compile.h"
#include "conf.h"
#include "load.h"

const struct policy *text_policy(struct arena *arena, const char *conf)
{
	struct model *model = conf_new(NULL, arena);
	const struct policy *policy;
	struct diag diag;
	char line[512] = "";

	diag_init(&diag, arena);
	conf_parse(model, "test.conf", conf, strlen(conf), &diag);
	conf_finish(model, "test.conf", &diag);
	policy = load_policy(model, &diag);
	if (diag.n_errors)
		diag_print(&diag.findings[0], line, sizeof(line));
	ck_assert_msg(policy, "%s", line);
	return policy;
}

const struct terms *text_terms(struct arena *arena, const struct policy *policy)
{
	return policy ? terms_build(policy, 1793491200, 0, &calendar_utc,
				    arena) :
			NULL;
}

struct ruleset *text_compile(struct arena *arena, const char *conf)
{
	const struct policy *policy = text_policy(arena, conf);

	return compile_policy(policy, text_terms(arena, policy), arena);
}
