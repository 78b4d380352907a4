// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Findings for people. Easy to get wrong: a broken file can have a thousand of
 * them, which belong on the terminal of whoever asked, but not all in a log.
 */
#include "finding.h"

#include "escape.h"
#include "log.h"

#define FINDING_LOG_MAX 20

void finding_print(FILE *out, const struct diag *diag)
{
	size_t all = diag->n_errors + diag->n_warnings, i;
	char line[4096], safe[4 * sizeof(line)];

	for (i = 0; i < diag->n_findings; i++) {
		diag_print(&diag->findings[i], line, sizeof(line));
		escape_text(line, "", safe, sizeof(safe));
		fprintf(out, "%s\n", safe);
	}
	if (all > diag->n_findings)
		fprintf(out, "%zu further findings are not shown\n",
			all - diag->n_findings);
}

void finding_log(const struct diag *diag)
{
	size_t all = diag->n_errors + diag->n_warnings, i;
	struct log_line line;
	char text[1024];

	for (i = 0; i < diag->n_findings && i < FINDING_LOG_MAX; i++) {
		const struct finding *finding = &diag->findings[i];
		bool error = finding->severity == SEVERITY_ERROR;

		diag_print(finding, text, sizeof(text));
		log_begin(&line, "SEKI-FINDING", "%s", text);
		log_add_text(&line, "rule", finding->id);
		log_add_text(&line, "severity", error ? "error" : "warning");
		log_end(&line, error ? LOG_ERR : LOG_WARNING);
	}
	if (all <= i)
		return;
	log_begin(&line, "SEKI-FINDINGS", "There are %zu further findings",
		  all - i);
	log_add_number(&line, "further", all - i);
	log_end(&line, LOG_ERR);
}
