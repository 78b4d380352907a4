// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policies for tests, out of a text: it is shorter than building structures,
 * and it cannot make what the parser would never let through.
 */
#include "text_policy.h"

#include <check.h>
#include <string.h>

#include "arena.h"
#include "conf.h"
#include "load.h"

const struct policy *text_policy(struct arena *arena, const char *conf)
{
	struct model *model = conf_new(arena);
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
