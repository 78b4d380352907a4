// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit against a kernel that is played here: what is logged, once, when
 * readings fail or are interrupted, and when there is very much to be found.
 * Easy to get wrong: what could not be read must never be called gone.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "audit.h"
#include "concern.h"
#include "links.h"
#include "log.h"
#include "nft.h"
#include "surround.h"
#include "sysctl.h"

#define SEC 1000000ull
#define PIECE 100 /* tables in one piece of an answer */

/*
 * What the kernel holds: tables of the family bridge, called t0, t1..., and
 * maybe a chain on eth0.
 */
static struct {
	unsigned int n_tables;
	bool has_chain;
	uint32_t genid;
	int ask_error; /* -errno of each question, or 0 */
	unsigned int n_interrupted; /* readings of tables still to be */
	unsigned int n_asked; /* questions about tables */
	bool links_changed;
	bool has_odd_name; /* an interface's name is not UTF-8 */
	int survey_error;
	size_t n_surveys;
	size_t before; /* which of them the last one was held against, or 0 */
} kernel;

struct nft {
	uint16_t type;
	unsigned int at;
};

int nft_open(struct nft **nft)
{
	*nft = calloc(1, sizeof(**nft));
	return 0;
}

void nft_close(struct nft *nft)
{
	free(nft);
}

int nft_generation(struct nft *nft, uint32_t *genid)
{
	(void)nft;
	*genid = kernel.genid;
	return 0;
}

int nft_ask(struct nft *nft, const struct nft_query *query)
{
	ck_assert_int_eq(query->family, NFPROTO_UNSPEC);
	ck_assert_ptr_null(query->table);
	if (kernel.ask_error)
		return kernel.ask_error;
	nft->type = query->type;
	nft->at = 0;
	kernel.n_asked += query->type == NFT_MSG_GETTABLE;
	return 0;
}

static struct nlmsghdr *begin(void *buf, uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nfg->nfgen_family = family;
	return nlh;
}

static int answer_tables(struct nft *nft,
			 int (*visit)(void *data, const struct nlmsghdr *nlh),
			 void *data)
{
	unsigned int end = nft->at + PIECE;
	struct nlmsghdr *nlh;
	char name[16];
	long buf[64];

	if (kernel.n_interrupted) {
		kernel.n_interrupted--;
		return -EINTR;
	}
	for (; nft->at < end && nft->at < kernel.n_tables; nft->at++) {
		nlh = begin(buf, NFPROTO_BRIDGE);
		snprintf(name, sizeof(name), "t%u", nft->at);
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, name);
		ck_assert_int_eq(visit(data, nlh), 0);
	}
	return nft->at < kernel.n_tables;
}

int nft_answer(struct nft *nft,
	       int (*visit)(void *data, const struct nlmsghdr *nlh), void *data)
{
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	long buf[64];

	if (nft->type == NFT_MSG_GETTABLE)
		return answer_tables(nft, visit, data);
	if (nft->type != NFT_MSG_GETCHAIN || !kernel.has_chain)
		return 0;
	nlh = begin(buf, NFPROTO_NETDEV);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, "t");
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, "c");
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(NF_NETDEV_INGRESS));
	mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, 0);
	mnl_attr_put_strz(nlh, NFTA_HOOK_DEV, "eth0");
	mnl_attr_nest_end(nlh, nest);
	return visit(data, nlh);
}

struct links {
	int unused;
};

int links_open(struct links **links)
{
	*links = calloc(1, sizeof(**links));
	return 0;
}

void links_close(struct links *links)
{
	free(links);
}

int links_fd(const struct links *links)
{
	(void)links;
	return -1;
}

bool links_changed(struct links *links)
{
	(void)links;
	return kernel.links_changed;
}

int links_survey(struct links *links, struct arena *arena,
		 struct surroundings *around)
{
	(void)links;
	(void)arena;
	if (kernel.survey_error)
		return kernel.survey_error;
	around->n_rules = ++kernel.n_surveys; /* stands for all of it */
	return 0;
}

int sysctl_read(const char **names, size_t n, struct arena *arena,
		struct sysctl_value **values)
{
	(void)names;
	(void)n;
	(void)arena;
	*values = NULL;
	return 0;
}

int sysctl_hold(const struct policy *policy, struct concerns *concerns)
{
	(void)policy;
	if (kernel.has_odd_name)
		concern_add(concerns, GRAVITY_NOTICE, "SEKI-T", "eth\xff",
			    "Interface eth\xff is odd");
	return 0;
}

const char **surround_sysctls(const struct policy *policy,
			      const struct surroundings *surroundings,
			      struct arena *arena, size_t *n)
{
	(void)policy;
	(void)surroundings;
	(void)arena;
	*n = 0;
	return NULL;
}

void surround_judge(struct surroundings *surroundings,
		    const struct surroundings *before,
		    const struct policy *policy, struct concerns *concerns)
{
	ck_assert_uint_eq(surroundings->n_rules, kernel.n_surveys);
	kernel.before = before ? before->n_rules : 0;
	(void)policy;
	(void)concerns;
}

/* What was logged since the last silence() */
static struct {
	unsigned int n_news, n_gone, n_more, n_errors;
	unsigned long long n_more_new, n_more_gone, n_not_kept;
	int priority; /* of the last line */
	char subject[64];
} heard;

void log_begin(struct log_line *line, const char *msgid, const char *fmt, ...)
{
	(void)fmt;
	memset(line, 0, sizeof(*line));
	snprintf(line->text, sizeof(line->text), "%s", msgid);
}

void log_add_text(struct log_line *line, const char *key, const char *value)
{
	(void)line;
	if (!strcmp(key, "subject"))
		snprintf(heard.subject, sizeof(heard.subject), "%s", value);
}

void log_add_number(struct log_line *line, const char *key,
		    unsigned long long value)
{
	(void)line;
	if (!strcmp(key, "new"))
		heard.n_more_new = value;
	if (!strcmp(key, "gone"))
		heard.n_more_gone = value;
	if (!strcmp(key, "not_kept"))
		heard.n_not_kept = value;
}

void log_end(struct log_line *line, int priority)
{
	heard.n_news += !strcmp(line->text, "SEKI-AUDIT");
	heard.n_gone += !strcmp(line->text, "SEKI-AUDIT-GONE");
	heard.n_more += !strcmp(line->text, "SEKI-AUDIT-MORE");
	heard.priority = priority;
}

void log_error(const char *msgid, int error, const char *fmt, ...)
{
	(void)error;
	(void)fmt;
	heard.n_errors += !strcmp(msgid, "SEKI-AUDIT-READ");
}

static void silence(void)
{
	memset(&heard, 0, sizeof(heard));
}

static const char *interfaces[] = { "eth0" };
static struct zone zones[] = {
	{ .name = "gateway" },
	{ .name = "a", .interfaces = interfaces, .n_interfaces = 1 },
};
static const struct policy gateway_alone = { .zones = zones, .n_zones = 1 };
static const struct policy with_zone = { .zones = zones, .n_zones = 2 };

static struct audit *audit;

static void setup(void)
{
	memset(&kernel, 0, sizeof(kernel));
	silence();
	ck_assert_int_eq(audit_open(&audit), 0);
}

static void teardown(void)
{
	audit_close(audit);
}

/* Others commit something, and the audit looks at it */
static int run_after_commit(uint64_t sec)
{
	kernel.genid++;
	silence();
	return audit_run(audit, &gateway_alone, sec * SEC);
}

/* How many concerns there are; the first one has been there since @since */
static size_t n_concerns(uint64_t *since)
{
	json_t *json = audit_json(audit), *list;
	size_t n;

	list = json_object_get(json, "concerns");
	n = json_array_size(list);
	if (n && since)
		*since = (uint64_t)json_integer_value(
			json_object_get(json_array_get(list, 0), "since"));
	json_decref(json);
	return n;
}

START_TEST(test_once_when_it_comes_and_when_it_goes)
{
	uint64_t since = 0;

	ck_assert_int_eq(run_after_commit(100), 0);
	ck_assert_uint_eq(heard.n_news + heard.n_gone, 0);
	ck_assert_uint_eq(n_concerns(NULL), 0);

	kernel.n_tables = 1;
	ck_assert_int_eq(run_after_commit(200), 0);
	ck_assert_uint_eq(heard.n_news, 1);
	ck_assert_int_eq(heard.priority, LOG_WARNING);
	ck_assert_str_eq(heard.subject, "table bridge t0");
	ck_assert_uint_eq(audit_n_warnings(audit), 1);
	ck_assert_uint_eq(audit_n_critical(audit), 0);

	ck_assert_int_eq(run_after_commit(300), 0);
	ck_assert_uint_eq(heard.n_news + heard.n_gone, 0);
	ck_assert_uint_eq(n_concerns(&since), 1);
	ck_assert_uint_eq(since, 200);

	kernel.n_tables = 0;
	ck_assert_int_eq(run_after_commit(400), 0);
	ck_assert_uint_eq(heard.n_gone, 1);
	ck_assert_int_eq(heard.priority, LOG_NOTICE);
	ck_assert_str_eq(heard.subject, "table bridge t0");
	ck_assert_uint_eq(n_concerns(NULL), 0);
	ck_assert_uint_eq(audit_n_warnings(audit), 0);
}
END_TEST

START_TEST(test_logged_again_when_it_is_graver)
{
	uint64_t since = 0;

	kernel.has_chain = true;
	ck_assert_int_eq(run_after_commit(100), 0);
	ck_assert_int_eq(heard.priority, LOG_WARNING);
	silence();
	ck_assert_int_eq(audit_run(audit, &with_zone, 200 * SEC), 0);
	ck_assert_uint_eq(heard.n_news, 1);
	ck_assert_uint_eq(heard.n_gone, 0);
	ck_assert_int_eq(heard.priority, LOG_CRIT);
	ck_assert_uint_eq(audit_n_critical(audit), 1);
	ck_assert_uint_eq(n_concerns(&since), 1);
	ck_assert_uint_eq(since, 100);
	silence();
	ck_assert_int_eq(audit_run(audit, &gateway_alone, 300 * SEC), 0);
	ck_assert_uint_eq(heard.n_news + heard.n_gone, 0);
	ck_assert_uint_eq(audit_n_critical(audit), 0);
}
END_TEST

START_TEST(test_read_anew_when_interrupted)
{
	kernel.n_tables = 3;
	kernel.n_interrupted = 2;
	ck_assert_int_eq(run_after_commit(100), 0);
	ck_assert_uint_eq(heard.n_news, 3);
	ck_assert_uint_eq(kernel.n_asked, 3);
}
END_TEST

START_TEST(test_not_gone_when_always_interrupted)
{
	kernel.n_tables = 3;
	ck_assert_int_eq(run_after_commit(100), 0);
	kernel.n_interrupted = 1000;
	kernel.n_tables = 2;
	ck_assert_int_eq(run_after_commit(200), 0);
	ck_assert_uint_gt(kernel.n_interrupted, 900);
	ck_assert_uint_eq(heard.n_news + heard.n_gone + heard.n_errors, 0);
	ck_assert_uint_eq(n_concerns(NULL), 3);
	/* What was taken as it was is read once more, commit or not. */
	kernel.n_interrupted = 0;
	ck_assert_int_eq(audit_run(audit, &gateway_alone, 300 * SEC), 0);
	ck_assert_uint_eq(heard.n_gone, 1);
	ck_assert_uint_eq(n_concerns(NULL), 2);
}
END_TEST

START_TEST(test_not_gone_when_not_readable)
{
	kernel.n_tables = 1;
	ck_assert_int_eq(run_after_commit(100), 0);
	kernel.ask_error = -EPERM;
	kernel.n_tables = 0;
	ck_assert_int_eq(run_after_commit(200), -EPERM);
	ck_assert_uint_eq(heard.n_errors, 1);
	ck_assert_uint_eq(heard.n_gone, 0);
	ck_assert_int_eq(run_after_commit(300), -EPERM);
	ck_assert_uint_eq(heard.n_errors, 0);
	ck_assert_uint_eq(n_concerns(NULL), 1);
	kernel.ask_error = 0;
	ck_assert_int_eq(run_after_commit(400), 0);
	ck_assert_uint_eq(heard.n_gone, 1);
	kernel.survey_error = -EIO;
	kernel.n_tables = 1;
	ck_assert_int_eq(run_after_commit(500), -EIO);
	ck_assert_uint_eq(heard.n_errors, 1);
	ck_assert_uint_eq(heard.n_news, 1);
}
END_TEST

START_TEST(test_surveys_are_held_against_the_last_good_one)
{
	unsigned int i;

	ck_assert_int_eq(run_after_commit(100), 0);
	ck_assert_uint_eq(kernel.before, 0);
	ck_assert_int_eq(run_after_commit(200), 0);
	ck_assert_uint_eq(kernel.before, 1);
	kernel.survey_error = -EIO;
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(run_after_commit(300), -EIO);
	kernel.survey_error = 0;
	ck_assert_int_eq(run_after_commit(400), 0);
	ck_assert_uint_eq(kernel.n_surveys, 3);
	ck_assert_uint_eq(kernel.before, 2);
	ck_assert_int_eq(run_after_commit(500), 0);
	ck_assert_uint_eq(kernel.before, 3);
	audit_forget(audit);
	ck_assert_int_eq(run_after_commit(550), 0);
	ck_assert_uint_eq(kernel.before, 0);
	/* one that is under way, and nothing surveyed, when it is closed */
	kernel.survey_error = -EIO;
	ck_assert_int_eq(run_after_commit(600), -EIO);
	audit_begin(audit);
}
END_TEST

START_TEST(test_many_at_once)
{
	kernel.n_tables = 200;
	ck_assert_int_eq(run_after_commit(100), 0);
	ck_assert_uint_eq(heard.n_news, 50);
	ck_assert_uint_eq(heard.n_more, 1);
	ck_assert_uint_eq(heard.n_more_new, 150);
	ck_assert_int_eq(heard.priority, LOG_WARNING);
	ck_assert_uint_eq(n_concerns(NULL), 200);

	kernel.n_tables = 0;
	ck_assert_int_eq(run_after_commit(200), 0);
	ck_assert_uint_eq(heard.n_gone, 50);
	ck_assert_uint_eq(heard.n_more, 1);
	ck_assert_uint_eq(heard.n_more_gone, 150);

	/* One stands for those that there is no room for. */
	kernel.n_tables = CONCERNS_MAX + 200;
	ck_assert_int_eq(run_after_commit(300), 0);
	ck_assert_uint_eq(heard.n_more, 1);
	ck_assert_uint_eq(heard.n_not_kept, 200);
	ck_assert_uint_eq(n_concerns(NULL), CONCERNS_MAX + 1);
	ck_assert_int_eq(run_after_commit(400), 0);
	ck_assert_uint_eq(heard.n_more, 0);
	kernel.n_tables++;
	ck_assert_int_eq(run_after_commit(500), 0);
	ck_assert_uint_eq(heard.n_more, 1);
	ck_assert_uint_eq(heard.n_not_kept, 201);
}
END_TEST

START_TEST(test_read_only_what_may_have_changed)
{
	kernel.n_tables = 1;
	ck_assert_int_eq(run_after_commit(100), 0);
	ck_assert_int_eq(audit_run(audit, &gateway_alone, 200 * SEC), 0);
	ck_assert_uint_eq(kernel.n_asked, 1);
	ck_assert_uint_eq(n_concerns(NULL), 1);
	ck_assert(!audit_links_changed(audit));
	ck_assert_int_eq(audit_run(audit, &gateway_alone, 300 * SEC), 0);
	ck_assert_uint_eq(kernel.n_asked, 1);
	kernel.links_changed = true;
	ck_assert(audit_links_changed(audit));
	ck_assert_int_eq(audit_run(audit, &gateway_alone, 400 * SEC), 0);
	ck_assert_uint_eq(kernel.n_asked, 2);
	ck_assert_int_eq(run_after_commit(500), 0);
	ck_assert_uint_eq(kernel.n_asked, 3);
}
END_TEST

START_TEST(test_a_piece_at_a_time)
{
	unsigned int n = 1;

	ck_assert_int_eq(audit_step(audit, &gateway_alone, 0), 0);
	ck_assert_uint_eq(kernel.n_asked, 0);
	kernel.n_tables = 5 * PIECE;
	audit_begin(audit);
	while (audit_step(audit, &gateway_alone, SEC) == 1)
		n++;
	ck_assert_uint_gt(n, 5);
	ck_assert_uint_eq(n_concerns(NULL), 5 * PIECE);

	/* Asked for while one is under way: that one may have missed it. */
	kernel.genid++;
	audit_begin(audit);
	ck_assert_int_eq(audit_step(audit, &gateway_alone, SEC), 1);
	kernel.genid++;
	kernel.n_tables = 1;
	audit_begin(audit);
	audit_begin(audit);
	n = kernel.n_asked;
	while (audit_step(audit, &gateway_alone, SEC) == 1)
		;
	ck_assert_uint_eq(kernel.n_asked, n + 1);
	ck_assert_uint_eq(n_concerns(NULL), 1);
}
END_TEST

START_TEST(test_json_of_any_name)
{
	json_t *json, *concern;

	kernel.has_odd_name = true;
	ck_assert_int_eq(run_after_commit(100), 0);
	json = audit_json(audit);
	concern = json_array_get(json_object_get(json, "concerns"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(concern, "subject")),
			 "eth\\xff");
	ck_assert_str_eq(json_string_value(json_object_get(concern, "gravity")),
			 "notice");
	ck_assert_str_eq(json_string_value(json_object_get(concern, "text")),
			 "Interface eth\\xff is odd");
	json_decref(json);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("audit");
	TCase *tcase = tcase_create("audit");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_once_when_it_comes_and_when_it_goes);
	tcase_add_test(tcase, test_logged_again_when_it_is_graver);
	tcase_add_test(tcase, test_read_anew_when_interrupted);
	tcase_add_test(tcase, test_not_gone_when_always_interrupted);
	tcase_add_test(tcase, test_not_gone_when_not_readable);
	tcase_add_test(tcase, test_surveys_are_held_against_the_last_good_one);
	tcase_add_test(tcase, test_many_at_once);
	tcase_add_test(tcase, test_read_only_what_may_have_changed);
	tcase_add_test(tcase, test_a_piece_at_a_time);
	tcase_add_test(tcase, test_json_of_any_name);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
