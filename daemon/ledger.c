// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal, read where it lies: an auditor has to be able to look at it when
 * the daemon does not run, or is not believed. Easy to get wrong: a journal that
 * is not there is not one that is in order.
 */
#include "ledger.h"

#include <errno.h>
#include <stdlib.h>

#include "journal.h"
#include "render.h"

static json_t *ledger_have(json_t *json)
{
	if (!json)
		abort();
	return json;
}

static void ledger_print(const struct ledger *ledger, json_t *json)
{
	json_dumpf(ledger_have(json), ledger->out,
		   JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	fputc('\n', ledger->out);
	json_decref(json);
}

int ledger_show(const struct ledger *ledger, size_t n)
{
	json_t *lines = NULL;
	int rc = journal_read(ledger->dir, 0, n, &lines);

	if (rc)
		return rc;
	if (ledger->json)
		ledger_print(ledger, json_pack("{sO}", "lines", lines));
	else
		render_journal(lines, ledger->ja, ledger->out);
	json_decref(lines);
	return 0;
}

static size_t ledger_n_listed(const struct journal_report *report)
{
	return report->n_faults < JOURNAL_FAULTS ? report->n_faults :
						   JOURNAL_FAULTS;
}

static void ledger_say_faults(const struct ledger *ledger,
			      const struct journal_report *report)
{
	size_t n = ledger_n_listed(report), i;
	char why[256];

	for (i = 0; i < n; i++) {
		journal_fault_text(&report->faults[i], why, sizeof(why));
		render_line(ledger->out, "%s/%s:%zu: %s", ledger->dir,
			    report->faults[i].file, report->faults[i].line,
			    why);
	}
	if (report->n_faults > n)
		render_line(ledger->out,
			    render_say(ledger->ja, "and %zu more",
				       "ほか %zu 件"),
			    report->n_faults - n);
	render_line(ledger->out,
		    report->n_faults ?
			    render_say(ledger->ja,
				       "THE JOURNAL IS NOT WHAT WAS WRITTEN: "
				       "%zu lines, %zu faults",
				       "記録が、書かれたとおりでない: %zu 行、"
				       "異常 %zu 件") :
			    render_say(ledger->ja,
				       "%zu lines, all as they were written; "
				       "%zu faults",
				       "%zu 行。すべて書かれたとおりである。"
				       "異常 %zu 件"),
		    report->n_lines, report->n_faults);
}

static json_t *ledger_faults_json(const struct journal_report *report)
{
	json_t *faults = ledger_have(json_array());
	size_t i;
	char why[256];

	for (i = 0; i < ledger_n_listed(report); i++) {
		const struct journal_fault *fault = &report->faults[i];

		journal_fault_text(fault, why, sizeof(why));
		if (json_array_append_new(
			    faults,
			    json_pack("{ss sI ss}", "file", fault->file, "line",
				      (json_int_t)fault->line, "why", why)))
			abort();
	}
	return faults;
}

int ledger_verify(const struct ledger *ledger)
{
	struct journal_report report = { 0 };
	int rc = journal_verify(ledger->dir, &report);

	if (rc && rc != -EBADMSG)
		return rc;
	if (ledger->json)
		ledger_print(ledger,
			     json_pack("{ss sI sI so}", "dir", ledger->dir,
				       "lines", (json_int_t)report.n_lines,
				       "n_faults", (json_int_t)report.n_faults,
				       "faults", ledger_faults_json(&report)));
	else
		ledger_say_faults(ledger, &report);
	return rc;
}
