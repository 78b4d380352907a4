// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs every unit suite. CK_FORK=no in the environment keeps one process, for
 * debuggers and valgrind.
 */
#include <check.h>
#include <stdlib.h>

#include "suites.h"

int main(void)
{
	SRunner *runner = srunner_create(NULL);
	int failed;

	srunner_add_suite(runner, test_addr_suite());
	srunner_add_suite(runner, test_allowed_suite());
	srunner_add_suite(runner, test_arena_suite());
	srunner_add_suite(runner, test_bridge_suite());
	srunner_add_suite(runner, test_concern_suite());
	srunner_add_suite(runner, test_conf_suite());
	srunner_add_suite(runner, test_decode_suite());
	srunner_add_suite(runner, test_describe_suite());
	srunner_add_suite(runner, test_diag_suite());
	srunner_add_suite(runner, test_diff_suite());
	srunner_add_suite(runner, test_flow_suite());
	srunner_add_suite(runner, test_foreign_suite());
	srunner_add_suite(runner, test_hash_suite());
	srunner_add_suite(runner, test_partition_suite());
	srunner_add_suite(runner, test_piece_suite());
	srunner_add_suite(runner, test_plan_suite());
	srunner_add_suite(runner, test_reconcile_suite());
	srunner_add_suite(runner, test_ruleset_suite());
	srunner_add_suite(runner, test_scan_suite());
	srunner_add_suite(runner, test_suspect_suite());
	srunner_add_suite(runner, test_surround_suite());
	srunner_add_suite(runner, test_session_suite());
	srunner_add_suite(runner, test_term_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
