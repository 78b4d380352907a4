// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a configuration file and as a list file. Easy to get wrong: that
 * nothing crashes is the least of it. What was accepted must be whole, for
 * nobody looks at it again, and what libconfig refuses although the scanner
 * took it means that the two disagree, which is the mistake to find.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/arena.h"
#include "../../lib/conf.h"
#include "../../lib/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_plain(const char *text)
{
	size_t len = strlen(text), i, n;
	uint32_t rune;

	assert(len && len <= 255);
	for (i = 0; i < len; i += n) {
		n = utf8_read(text + i, len - i, &rune);
		assert(n && utf8_is_plain(rune));
	}
}

static void fuzz_word(const struct word *word)
{
	assert(word->text && word->at.file && word->at.line);
	fuzz_plain(word->text);
}

static void fuzz_endpoints(const struct model_endpoint *endpoints, size_t n)
{
	struct prefix prefix;
	size_t i;

	assert(n);
	for (i = 0; i < n; i++) {
		fuzz_word(&endpoints[i].text);
		assert(endpoints[i].is_prefix ==
		       !prefix_parse(endpoints[i].text.text, &prefix));
	}
}

static void fuzz_conduits(const struct model *model)
{
	size_t i, k;

	for (i = 0; i < model->n_conduits; i++) {
		const struct model_conduit *conduit = &model->conduits[i];

		fuzz_word(&conduit->name);
		assert(conduit->kind && conduit->bind);
		fuzz_endpoints(conduit->from, conduit->n_from);
		fuzz_endpoints(conduit->to, conduit->n_to);
		assert(conduit->n_services);
		for (k = 0; k < conduit->n_services; k++)
			fuzz_word(&conduit->services[k].text);
		if (conduit->reason)
			fuzz_plain(conduit->reason);
		assert(conduit->n_windows <= WINDOWS_MAX);
		for (k = 0; k < conduit->n_windows; k++)
			assert(conduit->windows[k].days &&
			       conduit->windows[k].from < DAY_SECONDS &&
			       conduit->windows[k].from <
				       conduit->windows[k].until);
		assert(!conduit->has_valid_until ||
		       (conduit->valid_until.month >= 1 &&
			conduit->valid_until.month <= 12));
	}
}

/* No mistake was found, so there is none. */
static void fuzz_whole(const struct model *model)
{
	size_t i, k;

	for (i = 0; i < model->n_zones; i++) {
		fuzz_word(&model->zones[i].name);
		assert(model->zones[i].layer && model->zones[i].n_interfaces);
		for (k = 0; k < model->zones[i].n_interfaces; k++)
			fuzz_word(&model->zones[i].interfaces[k]);
		if (model->zones[i].label)
			fuzz_plain(model->zones[i].label);
	}
	for (i = 0; i < model->n_hosts; i++) {
		fuzz_word(&model->hosts[i].name);
		fuzz_word(&model->hosts[i].zone);
		assert(model->hosts[i].n_addresses);
	}
	for (i = 0; i < model->n_services; i++) {
		fuzz_word(&model->services[i].name);
		assert(model->services[i].n_ports);
	}
	for (i = 0; i < model->n_lists; i++) {
		fuzz_word(&model->lists[i].name);
		fuzz_word(&model->lists[i].file);
	}
	fuzz_conduits(model);
}

static void fuzz_findings(struct diag *diag)
{
	char line[4096];
	uint32_t rune;
	size_t i, k, n, len;

	diag_sort(diag);
	for (i = 0; i < diag->n_findings; i++) {
		assert(strncmp(diag->findings[i].text, "libconfig: ", 11) != 0);
		len = diag_print(&diag->findings[i], line, sizeof(line));
		assert(len < sizeof(line));
		for (k = 0; k < len; k += n) {
			n = utf8_read(line + k, len - k, &rune);
			assert(n && utf8_is_plain(rune));
		}
	}
}

/* Read again, with everything taken over that can be, it says the same. */
static void fuzz_again(const struct model *model, const char *bytes,
		       size_t size)
{
	struct arena *arena = arena_new();
	struct model *again = conf_new(model, arena);
	struct diag diag;

	diag_init(&diag, arena);
	assert(!conf_parse(again, "g", bytes, size, &diag));
	assert(again->n_pieces == model->n_pieces);
	assert(again->n_hosts == model->n_hosts);
	assert(again->n_conduits == model->n_conduits);
	fuzz_whole(again);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_list list = { .name = { "list", { "f", 1 } } };
	struct arena *arena = arena_new();
	const char *bytes = (const char *)data;
	struct model *model = conf_new(NULL, arena);
	struct diag diag;
	int ret;

	diag_init(&diag, arena);
	ret = conf_parse(model, "f", bytes, size, &diag);
	assert(ret == (diag.n_errors ? -EINVAL : 0));
	if (!ret)
		fuzz_whole(model);
	if (!ret && !conf_finish(model, "f", &diag)) {
		fuzz_word(&model->gateway_name);
		assert(model->model && model->edition);
		fuzz_again(model, bytes, size);
	}
	fuzz_findings(&diag);

	diag_init(&diag, arena);
	ret = conf_parse_list(model, &list, "l", bytes, size, &diag);
	assert(ret == (diag.n_errors ? -EINVAL : 0));
	assert(ret || list.n_prefixes);
	fuzz_findings(&diag);
	arena_free(arena);
	return 0;
}
