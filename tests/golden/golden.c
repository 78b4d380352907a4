// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Golden files: for each NAME.conf under the folder given, the findings must
 * be those in NAME.findings, byte for byte; and where there is a NAME.nft, the
 * compiled ruleset must be that text. A NAME.list beside it is what every list
 * of the configuration contains. With ACCEPT=1 in the environment, new output
 * is written instead, for review with git diff.
 */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "compile.h"
#include "conf.h"
#include "load.h"
#include "text.h"
#include "trial.h"

#define NOW 1793491200 /* 2026-11-01 00:00 UTC, a Sunday */

/* The whole file, NUL-terminated, or NULL if it cannot be read */
static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *bytes = NULL;
	size_t size;
	ssize_t got;

	*len = 0;
	if (!f)
		return NULL;
	/* No file contains this byte twice, so it reads to the end. */
	got = getdelim(&bytes, &size, EOF, f);
	fclose(f);
	if (got < 0) {
		free(bytes);
		return strdup("");
	}
	*len = got;
	return bytes;
}

static bool is_accepting(void)
{
	const char *accept = getenv("ACCEPT");

	return accept && !strcmp(accept, "1");
}

static bool compare(const char *path, const char *got)
{
	char *want;
	size_t len;
	FILE *f;

	if (is_accepting()) {
		f = fopen(path, "w");
		if (!f || fputs(got, f) < 0 || fclose(f))
			return false;
		return true;
	}
	want = read_file(path, &len);
	if (want && !strcmp(want, got)) {
		free(want);
		return true;
	}
	printf("%s differs; expected:\n%s\ngot:\n%s\n", path,
	       want ? want : "(no such file)", got);
	free(want);
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The path with another ending than ".conf" */
static void sibling(const char *path, const char *ending,
		    char out[static PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.*s%s", (int)(strlen(path) - strlen(".conf")),
		 path, ending);
}

static const struct policy *load(const char *path, struct arena *arena,
				 struct diag *diag)
{
	char list_path[PATH_MAX];
	struct model *model = conf_new(NULL, arena);
	size_t len, list_len, i;
	char *bytes = read_file(path, &len);
	char *list;

	sibling(path, ".list", list_path);
	list = read_file(list_path, &list_len);
	conf_parse(model, base_name(path), bytes, len, diag);
	for (i = 0; list && i < model->n_lists; i++)
		conf_parse_list(model, &model->lists[i], base_name(list_path),
				list, list_len, diag);
	conf_finish(model, base_name(path), diag);
	free(bytes);
	free(list);
	return load_policy(model, diag);
}

static bool check_findings(const char *path, const struct diag *diag)
{
	char golden[PATH_MAX], *text = NULL;
	char line[1024];
	size_t size, i;
	FILE *f = open_memstream(&text, &size);
	bool ok;

	for (i = 0; i < diag->n_findings; i++) {
		diag_print(&diag->findings[i], line, sizeof(line));
		fprintf(f, "%s\n", line);
	}
	fclose(f);
	sibling(path, ".findings", golden);
	ok = compare(golden, text);
	free(text);
	return ok;
}

static bool check_ruleset(const char *path, const struct policy *policy,
			  struct arena *arena)
{
	char golden[PATH_MAX], *want, *text;
	const struct terms *terms;
	size_t len;
	bool ok = true;

	sibling(path, ".nft", golden);
	want = read_file(golden, &len);
	if (want && !policy) {
		printf("%s: refused, but there is a ruleset for it\n", path);
		ok = false;
	} else if (want) {
		terms = terms_build(policy, NOW, 0, &calendar_utc, arena);
		text = text_ruleset(compile_policy(policy, terms, arena), NULL);
		ok = compare(golden, text);
		free(text);
	}
	free(want);
	return ok;
}

static bool check_file(const char *path)
{
	struct arena *arena = arena_new();
	const struct policy *policy;
	struct diag diag;
	bool ok;

	diag_init(&diag, arena);
	policy = load(path, arena, &diag);
	if (policy)
		trial_policy(policy,
			     terms_build(policy, NOW, 0, &calendar_utc, arena),
			     &diag);
	ok = check_findings(path, &diag);
	ok = check_ruleset(path, policy, arena) && ok;
	arena_free(arena);
	return ok;
}

int main(void)
{
	unsigned int passed = 0, failed = 0;
	static const char pattern[] = "tests/golden/*.conf";
	glob_t files;
	size_t i;

	if (glob(pattern, 0, NULL, &files)) {
		fprintf(stderr, "no files match %s\n", pattern);
		return 2;
	}
	for (i = 0; i < files.gl_pathc; i++)
		if (check_file(files.gl_pathv[i]))
			passed++;
		else
			failed++;
	globfree(&files);
	printf("golden: %u passed, %u failed\n", passed, failed);
	return failed != 0;
}
