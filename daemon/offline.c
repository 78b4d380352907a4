// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configurations without a daemon. Easy to get wrong: this machine is most
 * likely not the gateway, so nothing of what it has may play a part but its
 * clock, and what is not known without the gateway is said to be unknown.
 */
#include "offline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "compile.h"
#include "day.h"
#include "file.h"
#include "finding.h"
#include "plan.h"
#include "render.h"
#include "show.h"
#include "text.h"
#include "trial.h"

/* A configuration, and what it makes now */
struct subject {
	struct file_config config;
	const struct terms *terms;
	const struct ruleset *ruleset;
	char digest[DIGEST_TEXT];
};

static void offline_print_json(json_t *json)
{
	if (!json)
		abort();
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(json);
}

/* What is not refused; -EINVAL: the findings say why. */
static int offline_load(const char *file, struct subject *subject)
{
	struct file_config *config = &subject->config;
	int64_t now = (int64_t)(day_now_usec() / 1000000);

	subject->digest[0] = '-';
	subject->digest[1] = '\0';
	if (file_load(file, config))
		return -EINVAL;
	subject->terms = terms_build(config->policy, now, 0, &day_calendar,
				     config->arena);
	if (trial_policy(config->policy, subject->terms, &config->diag))
		return -EINVAL;
	subject->ruleset =
		compile_policy(config->policy, subject->terms, config->arena);
	ruleset_digest(subject->ruleset, subject->digest);
	return 0;
}

int offline_check(const char *file, bool json, bool ja)
{
	struct subject subject = { 0 };
	int rc = offline_load(file, &subject);
	const struct diag *diag = &subject.config.diag;

	if (json) {
		offline_print_json(json_pack(
			"{sssIsIsoso}", "file", file, "errors",
			(json_int_t)diag->n_errors, "warnings",
			(json_int_t)diag->n_warnings, "digest",
			rc ? json_null() : json_string(subject.digest),
			"findings", show_findings(diag)));
	} else {
		finding_print(stdout, diag);
		printf(render_say(ja,
				  "%s: %zu errors, %zu warnings, digest %s\n",
				  "%s: エラー %zu 件、警告 %zu 件、"
				  "ダイジェスト %s\n"),
		       file, diag->n_errors, diag->n_warnings, subject.digest);
	}
	file_unload(&subject.config);
	return rc;
}

int offline_compile(const char *file, bool json)
{
	struct subject subject = { 0 };
	int rc = offline_load(file, &subject);
	char *text;

	if (rc) {
		finding_print(stderr, &subject.config.diag);
		goto out;
	}
	text = text_ruleset(subject.ruleset, NULL);
	if (json)
		offline_print_json(json_pack("{ssss}", "digest", subject.digest,
					     "ruleset", text));
	else
		fputs(text, stdout);
	free(text);
out:
	file_unload(&subject.config);
	return rc;
}

static struct plan_side offline_side(const struct subject *subject)
{
	return (struct plan_side){ subject->config.policy, subject->terms,
				   &subject->config.diag };
}

int offline_plan(const char *old_file, const char *file, bool json, bool ja)
{
	struct subject old = { 0 }, new = { 0 };
	struct plan_side before, after;
	int rc = old_file ? offline_load(old_file, &old) : 0;
	json_t *plan, *rest;

	if (!rc)
		rc = offline_load(file, &new);
	if (rc) {
		finding_print(stderr, new.config.arena ? &new.config.diag :
							 &old.config.diag);
		goto out;
	}
	before = offline_side(&old);
	after = offline_side(&new);
	plan = show_plan(plan_make(&before, &after, new.config.arena));
	rest = json_pack("{ss? ss so? ss sI sn sn sb}", "old_file", old_file,
			 "file", file, "from",
			 old_file ? json_string(old.digest) : NULL, "to",
			 new.digest, "warnings",
			 (json_int_t) new.config.diag.n_warnings, "kernel",
			 "sessions_cut", "offline", 1);
	if (!rest || json_object_update(plan, rest))
		abort();
	json_decref(rest);
	if (!json)
		render_plan(plan, ja, stdout);
	else
		offline_print_json(json_incref(plan));
	json_decref(plan);
out:
	file_unload(&old.config);
	file_unload(&new.config);
	return rc;
}
