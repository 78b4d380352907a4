/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SUITES_H
#define SEKIMORI_SUITES_H

/* The suites of all files here, for main.c */
#include <check.h>

Suite *test_addr_suite(void);
Suite *test_allowed_suite(void);
Suite *test_arena_suite(void);
Suite *test_bridge_suite(void);
Suite *test_concern_suite(void);
Suite *test_conf_suite(void);
Suite *test_decode_suite(void);
Suite *test_describe_suite(void);
Suite *test_diag_suite(void);
Suite *test_diff_suite(void);
Suite *test_flow_suite(void);
Suite *test_foreign_suite(void);
Suite *test_hash_suite(void);
Suite *test_partition_suite(void);
Suite *test_piece_suite(void);
Suite *test_plan_suite(void);
Suite *test_reconcile_suite(void);
Suite *test_ruleset_suite(void);
Suite *test_scan_suite(void);
Suite *test_suspect_suite(void);
Suite *test_surround_suite(void);
Suite *test_session_suite(void);
Suite *test_term_suite(void);

#endif
