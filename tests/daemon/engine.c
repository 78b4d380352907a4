// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine against a kernel that is played here: one that is interrupted by
 * others, refuses, or does not keep what it was given. Easy to get wrong: the
 * kernel played here must not share memory with the engine, or it would always
 * hold what is desired; so each commit is copied.
 */
#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "actor.h"
#include "arena.h"
#include "audit.h"
#include "counter.h"
#include "day.h"
#include "engine.h"
#include "history.h"
#include "log.h"
#include "look.h"
#include "nft.h"
#include "policy.h"
#include "program.h"
#include "state.h"
#include "sweeper.h"

/* A noon in Japan and in Europe alike */
#define NOON_SEC 1795489200 /* 2026-11-24 03:00 UTC */
#define NOON (NOON_SEC * SEC)
#define SEC 1000000ull
#define DAY (86400 * SEC)

/* The engine opens a door of its own first; its keeper's come after. */
#define ENGINE_PORT 1

/* What is told of one commit */
struct notice {
	bool ours; /* it touched our table */
	struct nft_author author;
};
#define NOTICES_MAX 64

/* The kernel, of which a test has one */
static struct kernel {
	struct arena *arena;
	struct ruleset *table;
	uint32_t genid;
	uint32_t n_ports;
	struct notice notices[NOTICES_MAX];
	size_t n_notices;
	bool joined; /* somebody is told */
	bool lossy; /* the next notices are lost */
	bool cannot_own;
	unsigned int n_reads, n_commits;
	unsigned int n_read_all; /* of the reads, those of everything */
	unsigned int n_stale; /* commits still to be refused as stale */
	unsigned int n_meddled; /* commits still to be spoiled by others */
	unsigned int n_overtaken; /* looks still to be spoiled by others */
	int refusal; /* errno for each commit, or 0 */
	unsigned int n_granted,
		n_refused; /* commits: first these, then those */
	int read_error; /* -errno for each reading, or 0 */
	uint64_t packets; /* of every live element */
	uint64_t skew_msec; /* by which elements seem to end later */
	unsigned int n_gone; /* commits still to come too late */
	size_t n_live_moving; /* elements while connections got other flows */
	size_t n_live_late; /* and while those did that came late */
	unsigned int n_moves;
	uint32_t open_to; /* port of who sees an open gate; 0: nobody */
} kernel;

struct nft {
	uint32_t port;
};

struct look {
	struct ruleset *observed;
	const struct ruleset *desired;
	unsigned int n_steps;
};

struct batch_origin {
	const struct ruleset *desired; /* NULL: delete the table */
	uint32_t genid; /* 0: any */
};

static const char *copy_text(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

static struct verdict copy_verdict(struct arena *arena,
				   const struct verdict *verdict)
{
	struct verdict copy = *verdict;

	copy.chain = copy_text(arena, verdict->chain);
	return copy;
}

static void copy_chain(struct arena *arena, const struct chain *from,
		       struct chain *to)
{
	size_t i, k;

	*to = *from;
	to->name = copy_text(arena, from->name);
	to->type = copy_text(arena, from->type);
	to->rules =
		arena_alloc(arena, (from->n_rules + 1) * sizeof(*to->rules));
	for (i = 0; i < from->n_rules; i++) {
		struct rule *rule = &to->rules[i];

		*rule = from->rules[i];
		rule->comment = NULL;
		rule->handle = i + 1;
		rule->exprs = arena_alloc(arena, (rule->n_exprs + 1) *
							 sizeof(*rule->exprs));
		for (k = 0; k < rule->n_exprs; k++) {
			struct expr *expr = &rule->exprs[k];

			*expr = from->rules[i].exprs[k];
			expr->name = copy_text(arena, expr->name);
			expr->verdict = copy_verdict(arena, &expr->verdict);
		}
	}
}

static void copy_set(struct arena *arena, const struct set *from,
		     struct set *to)
{
	size_t i;

	*to = *from;
	to->name = copy_text(arena, from->name);
	to->elems =
		arena_alloc(arena, (from->n_elems + 1) * sizeof(*to->elems));
	for (i = 0; i < from->n_elems; i++) {
		struct elem *elem = &to->elems[i];

		*elem = from->elems[i];
		elem->comment = NULL;
		elem->key = (uint8_t *)arena_copy(arena, elem->key,
						  set_key_size(from));
		if (from->data_type == NFT_DATA_VERDICT && elem->verdict) {
			struct verdict *verdict =
				arena_alloc(arena, sizeof(*verdict));

			*verdict = copy_verdict(arena, elem->verdict);
			elem->verdict = verdict;
		}
	}
}

static struct ruleset *copy_ruleset(struct arena *arena,
				    const struct ruleset *from)
{
	struct ruleset *to = ruleset_new(arena);
	size_t i;

	to->exists = from->exists;
	to->flags = from->flags;
	to->n_chains = from->n_chains;
	to->chains =
		arena_alloc(arena, (from->n_chains + 1) * sizeof(*to->chains));
	for (i = 0; i < from->n_chains; i++)
		copy_chain(arena, &from->chains[i], &to->chains[i]);
	to->n_sets = from->n_sets;
	to->sets = arena_alloc(arena, (from->n_sets + 1) * sizeof(*to->sets));
	for (i = 0; i < from->n_sets; i++)
		copy_set(arena, &from->sets[i], &to->sets[i]);
	return to;
}

/* What encode.c would do, but the transaction is known by what it is for. */
struct batch *encode_edits(const struct ruleset *observed,
			   const struct ruleset *desired,
			   const struct edits *edits, uint32_t genid)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	ck_assert(observed && edits->scope != EDIT_NOTHING);
	batch->origins = calloc(1, sizeof(*batch->origins));
	batch->origins->desired = desired;
	batch->origins->genid = genid;
	return batch;
}

struct batch *encode_withdraw(uint32_t genid)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	batch->origins = calloc(1, sizeof(*batch->origins));
	batch->origins->genid = genid;
	return batch;
}

void batch_free(struct batch *batch)
{
	free(batch->origins);
	free(batch);
}

void batch_origin(const struct batch *batch, uint32_t seq, char *buf,
		  size_t size)
{
	(void)batch;
	snprintf(buf, size, "message %u", seq);
}

struct batch *encode_replacement(const struct ruleset *desired,
				 uint64_t now_msec, uint32_t genid)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	(void)now_msec;
	batch->origins = calloc(1, sizeof(*batch->origins));
	batch->origins->desired = desired;
	batch->origins->genid = genid;
	return batch;
}

/* Of no interest here, and so refused like what does not exist */
struct batch *encode_hold(bool hold)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	batch->origins = calloc(1, sizeof(*batch->origins));
	batch->n_messages = hold ? 2 : 1;
	return batch;
}

/* Accepted, and nothing comes of it */
void batch_make_dry(struct batch *batch)
{
	batch->n_messages = 2;
}

int nft_open(struct nft **nft)
{
	*nft = calloc(1, sizeof(**nft));
	(*nft)->port = ++kernel.n_ports;
	return 0;
}

void nft_close(struct nft *nft)
{
	free(nft);
}

int nft_fd(const struct nft *nft)
{
	(void)nft;
	return -1;
}

uint32_t nft_port(const struct nft *nft)
{
	return nft->port;
}

bool nft_can_own(struct nft *nft)
{
	(void)nft;
	return !kernel.cannot_own;
}

int nft_join(struct nft *nft)
{
	(void)nft;
	kernel.joined = true;
	return 0;
}

int nft_leave(struct nft *nft)
{
	(void)nft;
	kernel.joined = false;
	return 0;
}

int nft_generation(struct nft *nft, uint32_t *genid)
{
	(void)nft;
	*genid = kernel.genid;
	return 0;
}

bool nft_is_commit(const struct nlmsghdr *nlh, struct nft_author *author)
{
	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN))
		return false;
	memcpy(author, mnl_nlmsg_get_payload(nlh), sizeof(*author));
	return true;
}

int nft_notified(struct nft *nft,
		 void (*visit)(void *data, const struct nlmsghdr *nlh),
		 void *data)
{
	size_t n = kernel.n_notices, i;
	uint8_t buf[512];

	(void)nft;
	kernel.n_notices = 0;
	if (kernel.lossy) {
		kernel.lossy = false;
		return -ENOBUFS;
	}
	for (i = 0; i < n; i++) {
		struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
		struct nfgenmsg *nfg;

		if (kernel.notices[i].ours) {
			nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 |
					  NFT_MSG_NEWRULE;
			nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
			nfg->nfgen_family = NFPROTO_INET;
			mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, RULESET_TABLE);
			visit(data, nlh);
		}
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN;
		memcpy(mnl_nlmsg_put_extra_header(nlh,
						  sizeof(struct nft_author)),
		       &kernel.notices[i].author, sizeof(struct nft_author));
		visit(data, nlh);
	}
	return 0;
}

static void notice(bool ours, uint32_t port, uint32_t pid, const char *comm)
{
	struct notice *new = &kernel.notices[kernel.n_notices];

	kernel.genid++;
	if (!kernel.joined)
		return;
	ck_assert_uint_lt(kernel.n_notices, NOTICES_MAX);
	kernel.n_notices++;
	new->ours = ours;
	new->author.genid = kernel.genid;
	new->author.port = port;
	new->author.pid = pid;
	snprintf(new->author.comm, sizeof(new->author.comm), "%s", comm);
}

/* Somebody else takes a permission out, or changes nothing that we see. */
static void meddle(bool visibly)
{
	struct set *set = (struct set *)ruleset_set(kernel.table, "entries");

	if (visibly)
		set->n_elems--;
	notice(visibly, 1000, 77, "mallory");
}

static void count_packets(struct ruleset *table)
{
	static const char *const names[] = { PROGRAM_LIVE, PROGRAM_LIVE_IN,
					     PROGRAM_LIVE_OUT };
	size_t i, k;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct set *set = ruleset_set(table, names[i]);

		for (k = 0; set && k < set->n_elems; k++) {
			set->elems[k].packets = kernel.packets;
			set->elems[k].bytes = 100 * kernel.packets;
		}
	}
}

static void shift_ends(struct ruleset *table)
{
	const struct set *set = ruleset_set(table, PROGRAM_LIVE_TIMED);
	size_t i;

	for (i = 0; set && i < set->n_elems; i++)
		set->elems[i].end_msec += kernel.skew_msec;
}

/* Whatever comes is accepted, in a way that nobody else has noticed. */
static void open_gate(struct ruleset *ruleset)
{
	static struct expr accept = { .type = EXPR_IMMEDIATE,
				      .dreg = REG_VERDICT,
				      .verdict = { NF_ACCEPT, NULL } };
	static struct rule rule = { .exprs = &accept, .n_exprs = 1 };
	size_t i;

	for (i = 0; i < ruleset->n_chains; i++)
		if (ruleset->chains[i].is_base) {
			ruleset->chains[i].rules = &rule;
			ruleset->chains[i].n_rules = 1;
		}
}

struct look *look_begin(struct nft *nft, const struct suspects *suspects,
			const struct ruleset *desired, int64_t offset_usec,
			struct arena *arena)
{
	struct look *look = arena_alloc(arena, sizeof(*look));

	ck_assert(suspects_any(suspects));
	kernel.n_reads++;
	kernel.n_read_all += suspects->all;
	look->observed = copy_ruleset(arena, kernel.table);
	look->observed->now_msec =
		(day_clock_usec() + (uint64_t)offset_usec) / 1000;
	shift_ends(look->observed);
	count_packets(look->observed);
	if (nft->port == kernel.open_to)
		open_gate(look->observed);
	look->desired = desired;
	look->n_steps = 3;
	return look;
}

int look_step(struct look *look)
{
	if (kernel.read_error)
		return kernel.read_error;
	if (--look->n_steps)
		return 1;
	if (kernel.n_overtaken) {
		kernel.n_overtaken--;
		notice(true, 1000, 77, "mallory");
	}
	return 0;
}

const struct ruleset *look_observed(const struct look *look)
{
	return look->observed;
}

const struct ruleset *look_expected(const struct look *look)
{
	return look->desired;
}

void look_end(struct look *look)
{
	(void)look;
}

int look_now(struct nft *nft, const struct suspects *suspects,
	     const struct ruleset *desired, int64_t offset_usec,
	     struct arena *arena, const struct look **look)
{
	struct look *made =
		look_begin(nft, suspects, desired, offset_usec, arena);
	int rc;

	while ((rc = look_step(made)) == 1)
		;
	*look = made;
	return rc;
}

int nft_commit(struct nft *nft, const struct batch *batch,
	       struct nft_refusal *refusals, size_t *n_refusals)
{
	const struct ruleset *desired = batch->origins->desired;

	*n_refusals = 0;
	if (batch->n_messages)
		return batch->n_messages == 2 ? 0 : -ENOENT;
	kernel.n_commits++;
	if (kernel.n_refused && !kernel.n_granted) {
		kernel.n_refused--;
		return -ENOSPC;
	}
	kernel.n_granted -= kernel.n_granted > 0;
	if (kernel.refusal) {
		*n_refusals = 1;
		refusals[0].error = kernel.refusal;
		snprintf(refusals[0].origin, sizeof(refusals[0].origin), "it");
		return -kernel.refusal;
	}
	if (kernel.n_gone) {
		kernel.n_gone--;
		((struct set *)ruleset_set(kernel.table, PROGRAM_LIVE_TIMED))
			->n_elems = 0;
		return -ENOENT;
	}
	if (kernel.n_stale && batch->origins->genid) {
		kernel.n_stale--;
		notice(false, 1000, 78, "trudy");
		return -ERESTART;
	}
	if (batch->origins->genid)
		ck_assert_uint_eq(batch->origins->genid, kernel.genid);
	kernel.skew_msec = 0;
	kernel.table = desired ? copy_ruleset(kernel.arena, desired) :
				 ruleset_new(kernel.arena);
	notice(true, nft->port, 1, "sekimorid");
	if (kernel.n_meddled) {
		kernel.n_meddled--;
		meddle(true);
	}
	return 0;
}

/* Nor are sessions. */
struct sweeper *sweeper_open(void)
{
	return NULL;
}

void sweeper_close(struct sweeper *sweeper)
{
	(void)sweeper;
}

void sweeper_begin(struct sweeper *sweeper, const struct policy *policy,
		   const struct ruleset *ruleset)
{
	(void)sweeper;
	ck_assert(policy && ruleset);
}

void sweeper_again(struct sweeper *sweeper)
{
	(void)sweeper;
}

void sweeper_stop(struct sweeper *sweeper)
{
	(void)sweeper;
}

bool sweeper_work(struct sweeper *sweeper, uint64_t budget_usec)
{
	(void)sweeper;
	(void)budget_usec;
	return false;
}

bool sweeper_ended(const struct sweeper *sweeper, uint64_t *n_ended)
{
	(void)sweeper;
	*n_ended = 0;
	return true;
}

/* How many flows does the kernel let through at this moment? */
static size_t n_live(void)
{
	return ruleset_set(kernel.table, PROGRAM_LIVE)->n_elems;
}

void sweeper_hand_on(struct sweeper *sweeper, const struct policy *before,
		     const struct policy *policy, const struct ruleset *ruleset,
		     const struct bridge *bridge)
{
	(void)sweeper;
	ck_assert(before && policy && ruleset);
	ck_assert(!bridge || bridge->ahead);
	kernel.n_live_moving = n_live();
	kernel.n_moves++;
}

bool sweeper_has_late(const struct sweeper *sweeper)
{
	(void)sweeper;
	return true;
}

void sweeper_catch_up(struct sweeper *sweeper)
{
	(void)sweeper;
	kernel.n_live_late = n_live();
}

void sweeper_give_up(struct sweeper *sweeper)
{
	(void)sweeper;
}

int look_all(struct nft *nft, struct arena *arena, struct ruleset **ruleset,
	     uint32_t *genid)
{
	*ruleset = copy_ruleset(arena, kernel.table);
	*genid = kernel.genid;
	kernel.n_reads++;
	if (nft->port == kernel.open_to)
		open_gate(*ruleset);
	return 0;
}

/* What is around the table is of no concern here. */
struct audit {
	unsigned int n_runs, n_steps, n_forgotten;
};

int audit_open(struct audit **audit)
{
	*audit = calloc(1, sizeof(**audit));
	return 0;
}

void audit_close(struct audit *audit)
{
	free(audit);
}

int audit_links_fd(const struct audit *audit)
{
	(void)audit;
	return -1;
}

bool audit_links_changed(struct audit *audit)
{
	(void)audit;
	return true;
}

void audit_forget(struct audit *audit)
{
	audit->n_forgotten++;
}

void audit_begin(struct audit *audit)
{
	audit->n_steps = 3;
}

int audit_step(struct audit *audit, const struct policy *policy,
	       uint64_t now_usec)
{
	ck_assert(policy && now_usec && audit->n_steps);
	if (--audit->n_steps)
		return 1;
	audit->n_runs++;
	return 0;
}

size_t audit_n_critical(const struct audit *audit)
{
	(void)audit;
	return 0;
}

size_t audit_n_warnings(const struct audit *audit)
{
	(void)audit;
	return 0;
}

json_t *audit_json(const struct audit *audit)
{
	return json_integer(audit->n_runs);
}

/* One test's world */
struct world {
	struct engine *engine;
	char dir[32], conf[64], state[64];
};

#define WITHOUT_CONDUITS                                                          \
	"format = 1;\n"                                                           \
	"gateway = { name = \"g\"; model = \"alpha\"; guideline = \"R7.3\"; };\n" \
	"zones = (\n"                                                             \
	"  { name = \"a\"; layer = \"lgwan\"; interfaces = [ \"a0\" ];\n"         \
	"    networks = [ \"10.1.0.0/24\" ]; },\n"                                \
	"  { name = \"b\"; layer = \"other\"; interfaces = [ \"b0\" ];\n"         \
	"    networks = [ \"10.2.0.0/24\" ]; } );\n"

static const char good[] = WITHOUT_CONDUITS
	"conduits = (\n"
	"  { name = \"in\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"    to = [ \"gateway\" ]; services = [ \"tcp/22\" ]; },\n"
	"  { name = \"web\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"    to = [ \"10.1.0.9\" ]; services = [ \"tcp/443\" ];\n"
	"    valid_until = \"2026-11-24\"; } );\n";

static const char tried[] =
	"must_drop = ( { name = \"never\"; from = \"10.2.0.5\"; "
	"to = \"10.1.0.9\"; service = \"tcp/9\"; } );\n";

static void write_conf(const struct world *world, const char *text,
		       const char *more)
{
	FILE *file = fopen(world->conf, "w");

	ck_assert(file);
	fprintf(file, "%s%s", text, more);
	fclose(file);
	ck_assert(!chmod(world->conf, 0600));
}

static void world_open_engine(struct world *world)
{
	ck_assert_int_eq(
		engine_open(world->conf, world->dir, NULL, &world->engine), 0);
}

static void world_open(struct world *world)
{
	memset(world, 0, sizeof(*world));
	snprintf(world->dir, sizeof(world->dir), "/tmp/engine-XXXXXX");
	ck_assert(mkdtemp(world->dir));
	snprintf(world->conf, sizeof(world->conf), "%s/c", world->dir);
	snprintf(world->state, sizeof(world->state), "%s/state.json",
		 world->dir);
	memset(&kernel, 0, sizeof(kernel));
	kernel.arena = arena_new();
	kernel.table = ruleset_new(kernel.arena);
	kernel.genid = 7;
	world_open_engine(world);
	write_conf(world, good, "");
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void world_close(struct world *world)
{
	engine_free(world->engine);
	arena_free(kernel.arena);
	nftw(world->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static int start(struct world *world, uint64_t now)
{
	struct file_config config;
	int rc;

	file_load(world->conf, &config);
	rc = engine_start(world->engine, &config, now);
	file_unload(&config);
	return rc;
}

static int reload(const struct world *world, uint64_t now,
		  struct engine_outcome *outcome)
{
	const struct engine_order order = { .why = "" };
	struct actor actor = actor_self("test");

	return engine_apply(world->engine, &actor, &order, now, outcome);
}

static uint64_t generation(const struct world *world)
{
	struct show_status status;

	engine_status(world->engine, &status);
	return status.generation;
}

static void assert_state(const struct world *world, enum engine_state state)
{
	ck_assert_str_eq(engine_state_name(engine_state(world->engine)),
			 engine_state_name(state));
}

static void wait_until_right(struct world *world);

START_TEST(start_creates)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	assert_state(&world, ENGINE_IN_FORCE);
	ck_assert_uint_eq(kernel.n_commits, 1);
	ck_assert_uint_eq(kernel.n_reads, 2); /* before and after */
	ck_assert_uint_eq(generation(&world), 1);
	world_close(&world);
}
END_TEST

START_TEST(start_finds_it_right)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	engine_free(world.engine);
	world_open_engine(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(kernel.n_commits, 1);
	world_close(&world);
}
END_TEST

START_TEST(start_mends_what_it_finds)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	engine_free(world.engine);
	meddle(true);
	world_open_engine(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(kernel.n_commits, 2);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(stale_is_tried_again)
{
	struct world world;

	world_open(&world);
	kernel.n_stale = 3;
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(kernel.n_commits, 4);
	ck_assert_uint_eq(generation(&world), 1);
	world_close(&world);
}
END_TEST

START_TEST(stale_forever_is_replaced)
{
	struct world world;

	world_open(&world);
	kernel.n_stale = 1000;
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_lt(kernel.n_commits, 20);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(refusal_is_no_success)
{
	struct world world;

	world_open(&world);
	kernel.refusal = EPERM;
	ck_assert_int_eq(start(&world, NOON), -EPERM);
	assert_state(&world, ENGINE_UNSURE);
	ck_assert_uint_eq(kernel.n_commits, 1);
	world_close(&world);
}
END_TEST

START_TEST(unreadable_is_no_success)
{
	struct world world;

	world_open(&world);
	kernel.read_error = -ENOBUFS;
	ck_assert_int_eq(start(&world, NOON), -ENOBUFS);
	ck_assert_uint_eq(kernel.n_commits, 0);
	world_close(&world);
}
END_TEST

START_TEST(commit_that_did_not_last)
{
	struct world world;

	world_open(&world);
	kernel.n_meddled = 2;
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(kernel.n_commits, 3);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(commits_that_never_last)
{
	struct world world;
	size_t n_elems;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_elems = ruleset_n_elems(kernel.table);
	engine_free(world.engine);
	meddle(true);
	kernel.n_commits = 0;
	kernel.n_meddled = 1000;
	world_open_engine(&world);
	/* it was in force as a whole; what came after that is drift */
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_lt(kernel.n_commits, 20);
	kernel.n_meddled = 0;
	wait_until_right(&world);
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), n_elems);
	world_close(&world);
}
END_TEST

START_TEST(reload_of_a_bad_file)
{
	struct engine_outcome outcome;
	const struct policy *policy;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	policy = engine_policy(world.engine);
	write_conf(&world, good, "no_such_thing = 1;\n");
	ck_assert_int_eq(reload(&world, NOON, &outcome), -EINVAL);
	ck_assert(outcome.refused);
	ck_assert_uint_ge(outcome.diag->n_errors, 1);
	engine_outcome_free(&outcome);
	ck_assert_ptr_eq(engine_policy(world.engine), policy);
	ck_assert_uint_eq(kernel.n_commits, 1);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(reload_of_the_same)
{
	struct engine_outcome outcome;
	struct world world;
	uint64_t serial;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	serial = engine_serial(world.engine);
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert(!outcome.refused && !outcome.edited);
	ck_assert_str_eq(outcome.from, outcome.to);
	engine_outcome_free(&outcome);
	ck_assert_uint_eq(kernel.n_commits, 1);
	ck_assert_uint_eq(generation(&world), 1);
	ck_assert_uint_ne(engine_serial(world.engine), serial);
	world_close(&world);
}
END_TEST

static const char more[] =
	"hosts = ( { name = \"h\"; zone = \"b\";\n"
	"  addresses = [ \"10.2.0.8\" ]; } );\n"
	"services = ( { name = \"s\"; ports = [ \"tcp/9\" ]; } );\n";

static const char other[] =
	"format = 1;\n"
	"gateway = { name = \"g\"; model = \"alpha\"; guideline = \"R7.3\"; };\n"
	"zones = (\n"
	"  { name = \"a\"; layer = \"lgwan\"; interfaces = [ \"a0\" ];\n"
	"    networks = [ \"10.1.0.0/24\" ]; },\n"
	"  { name = \"b\"; layer = \"other\"; interfaces = [ \"b0\" ];\n"
	"    networks = [ \"10.2.0.0/24\" ]; } );\n"
	"conduits = (\n"
	"  { name = \"in\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"    to = [ \"gateway\" ]; services = [ \"tcp/2222\" ]; },\n"
	"  { name = \"new\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"    to = [ \"10.1.0.9\" ]; services = [ \"tcp/80\" ]; } );\n";

START_TEST(reload_of_another)
{
	struct engine_outcome outcome;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	write_conf(&world, other, "");
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert(outcome.edited);
	ck_assert_str_ne(outcome.from, outcome.to);
	ck_assert_uint_eq(outcome.change.n_added, 1); /* new */
	ck_assert_uint_eq(outcome.change.n_removed, 1); /* web */
	ck_assert_uint_eq(outcome.change.n_changed, 1); /* in */
	ck_assert_uint_ge(outcome.n_added, 1);
	ck_assert_uint_ge(outcome.n_deleted, 1);
	engine_outcome_free(&outcome);
	ck_assert_uint_eq(generation(&world), 2);
	world_close(&world);
}
END_TEST

static const char ranged[] =
	"format = 1;\n"
	"gateway = { name = \"g\"; model = \"alpha\"; guideline = \"R7.3\"; };\n"
	"zones = (\n"
	"  { name = \"a\"; layer = \"lgwan\"; interfaces = [ \"a0\" ];\n"
	"    networks = [ \"10.1.0.0/24\" ]; },\n"
	"  { name = \"b\"; layer = \"other\"; interfaces = [ \"b0\" ];\n"
	"    networks = [ \"10.2.0.0/24\" ]; } );\n"
	"conduits = (\n"
	"  { name = \"in\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"    to = [ \"gateway\" ]; services = [ \"tcp/22\" ]; },\n"
	"  { name = \"web\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"    to = [ \"10.1.0.9\" ]; services = [ \"tcp/80-8%c\" ]; } );\n";

/*
 * The flow of 80-84 comes before its connections are no longer those of 80-89,
 * and with it a twin for those that end.
 */
START_TEST(reload_that_hands_connections_on)
{
	struct engine_outcome outcome;
	char conf[sizeof(ranged)];
	struct world world;
	unsigned int i;
	size_t n;

	world_open(&world);
	snprintf(conf, sizeof(conf), ranged, '9');
	write_conf(&world, conf, "");
	ck_assert_int_eq(start(&world, NOON), 0);
	n = n_live();
	snprintf(conf, sizeof(conf), ranged, '4');
	write_conf(&world, conf, "");
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert_uint_eq(kernel.n_live_moving, 3 * n);
	ck_assert_uint_eq(kernel.n_live_late, 2 * n);
	ck_assert_uint_eq(n_live(), n);
	ck_assert_uint_eq(kernel.n_commits, 4);
	assert_state(&world, ENGINE_IN_FORCE);
	/* without the first step it will do, but whichever other is refused, all
	 * of it is undone */
	snprintf(conf, sizeof(conf), ranged, '9');
	write_conf(&world, conf, "");
	for (i = 0; i < 3; i++) {
		kernel.n_moves = 0;
		kernel.n_granted = i;
		kernel.n_refused = i ? 1 : 2;
		ck_assert_int_eq(reload(&world, NOON, &outcome), -ENOSPC);
		engine_outcome_free(&outcome);
		ck_assert_uint_eq(kernel.n_refused, 0);
		ck_assert_uint_eq(kernel.n_moves, i ? 2 : 0);
		ck_assert(!i || kernel.n_live_moving == 3 * n);
		ck_assert_uint_eq(n_live(), n);
		assert_state(&world, ENGINE_IN_FORCE);
	}
	kernel.n_moves = 0;
	kernel.n_refused = 1;
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert_uint_eq(kernel.n_moves, 1);
	ck_assert_uint_eq(kernel.n_live_moving, 2 * n);
	ck_assert_uint_eq(n_live(), n);
	world_close(&world);
}
END_TEST

static void assert_digest(const struct ruleset *ruleset, const char *expected)
{
	char digest[DIGEST_TEXT];

	ruleset_digest(ruleset, digest);
	ck_assert_str_eq(digest, expected);
}

static void restart(struct world *world, uint64_t now)
{
	engine_free(world->engine);
	world_open_engine(world);
	ck_assert_int_eq(start(world, now), 0);
}

static uint64_t n_kept(const struct world *world)
{
	json_t *json = history_json(engine_history(world->engine));
	size_t n = json_array_size(json_object_get(json, "generations"));

	json_decref(json);
	return n;
}

/* What was to be in between is kept by nobody once it was given up. */
START_TEST(reload_that_cannot_go_back)
{
	struct engine_outcome outcome;
	char conf[sizeof(ranged)];
	struct world world;
	size_t n;

	world_open(&world);
	snprintf(conf, sizeof(conf), ranged, '9');
	write_conf(&world, conf, "");
	ck_assert_int_eq(start(&world, NOON), 0);
	n = n_live();
	snprintf(conf, sizeof(conf), ranged, '4');
	write_conf(&world, conf, "");
	kernel.n_granted = 1;
	kernel.n_refused = 100;
	ck_assert_int_eq(reload(&world, NOON, &outcome), -ENOSPC);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_UNSURE);
	ck_assert_uint_eq(kernel.n_moves, 2); /* there, and back again */
	kernel.n_refused = 0;
	engine_work(world.engine, NOON + SEC);
	engine_tick(world.engine, NOON + 60 * SEC);
	assert_state(&world, ENGINE_IN_FORCE);
	ck_assert_uint_eq(n_live(), n);
	world_close(&world);
}
END_TEST

static const char narrow[] =
	"format = 1;\n"
	"gateway = { name = \"g\"; model = \"alpha\"; guideline = \"R7.3\"; };\n"
	"zones = (\n"
	"  { name = \"a\"; layer = \"lgwan\"; interfaces = [ \"a0\" ];\n"
	"    networks = [ \"10.1.0.0/24\" ]; },\n"
	"  { name = \"b\"; layer = \"other\"; interfaces = [ \"b0\" ];\n"
	"    networks = [ \"10.2.0.0/24\" ]; } );\n"
	"conduits = (%s\n"
	"  { name = \"in\"; kind = \"plain\"; from = [ \"b\" ];\n"
	"    to = [ \"gateway\" ]; services = [ \"tcp/22\" ]; },\n"
	"  { name = \"web\"; kind = \"plain\"; from = [ \"10.2.0.0/2%d\" ];\n"
	"    to = [ \"10.1.0.9\" ]; services = [ \"tcp/80\" ]; %s } );\n";

/* A day ends a conduit, and the classes that it made. */
START_TEST(day_that_is_refused_half_way)
{
	struct world world;
	char conf[2048];

	world_open(&world);
	snprintf(conf, sizeof(conf), narrow, "", 5,
		 "valid_until = \"2026-11-24\";");
	write_conf(&world, conf, "");
	ck_assert_int_eq(start(&world, NOON), 0);
	kernel.n_granted = 1;
	kernel.n_refused = 1;
	engine_tick(world.engine, NOON + DAY);
	ck_assert_uint_eq(kernel.n_refused, 0);
	assert_state(&world, ENGINE_UNSURE);
	engine_work(world.engine, NOON + DAY + SEC);
	engine_tick(world.engine, NOON + DAY + 60 * SEC);
	assert_state(&world, ENGINE_IN_FORCE);
	ck_assert_uint_eq(n_live(), 0);
	world_close(&world);
}
END_TEST

/* One step finds everything there already, and the next one is refused. */
START_TEST(reload_whose_first_step_is_none)
{
	static const char wide[] =
		"{ name = \"wide\"; kind = \"plain\"; from = [ \"b\" ];"
		"  to = [ \"10.1.0.9\" ]; services = [ \"tcp/80\" ]; },";
	struct engine_outcome outcome;
	struct world world;
	char conf[2048];
	size_t n;

	world_open(&world);
	snprintf(conf, sizeof(conf), narrow, wide, 4, "");
	write_conf(&world, conf, "");
	ck_assert_int_eq(start(&world, NOON), 0);
	n = n_live();
	snprintf(conf, sizeof(conf), narrow, "", 4, "");
	write_conf(&world, conf, "");
	kernel.n_granted = 1;
	kernel.n_refused = 1;
	ck_assert_int_eq(reload(&world, NOON, &outcome), -ENOSPC);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_IN_FORCE);
	engine_work(world.engine, NOON + SEC);
	ck_assert_uint_eq(n_live(), n);
	world_close(&world);
}
END_TEST

/* So many elements that nobody is told of the commit */
static void write_large(const struct world *world, size_t port)
{
	char text[8192];
	int len = 0;
	size_t i;

	len += sprintf(text + len, "conduits = ( { name = \"bulk\"; kind = "
				   "\"plain\"; from = [ \"b\" ]; to = [ ");
	for (i = 0; i < 60; i++)
		len += sprintf(text + len, "%s\"10.1.0.%zu\"", i ? ", " : "",
			       100 + i);
	len += sprintf(text + len, " ]; services = [ ");
	for (i = 0; i < 3; i++)
		len += sprintf(text + len, "%s\"udp/%zu-%zu\"", i ? ", " : "",
			       port + 100 * i, port + 100 * i + 49);
	sprintf(text + len, " ]; } );\n");
	write_conf(world, WITHOUT_CONDUITS, text);
}

START_TEST(large_reload)
{
	struct engine_outcome outcome;
	struct world world;
	unsigned int n_before;

	world_open(&world);
	write_large(&world, 1000);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_before = kernel.n_read_all;
	write_large(&world, 2000);
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert_uint_gt(outcome.n_added, 9000);
	engine_outcome_free(&outcome);
	/* what was edited is read back, and no more */
	ck_assert_uint_eq(kernel.n_read_all, n_before);
	ck_assert(kernel.joined);
	world_close(&world);
}
END_TEST

/* Somebody has committed as well, while nobody was told of it. */
START_TEST(large_reload_that_is_spoiled)
{
	struct engine_outcome outcome;
	struct world world;
	unsigned int n_before;
	size_t n_elems;

	world_open(&world);
	write_large(&world, 1000);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_before = kernel.n_read_all;
	n_elems = ruleset_n_elems(kernel.table);
	write_large(&world, 2000);
	kernel.n_meddled = 1;
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), n_elems);
	engine_outcome_free(&outcome);
	ck_assert_uint_gt(kernel.n_read_all, n_before);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(reload_that_the_kernel_refuses)
{
	struct engine_outcome outcome;
	struct show_status status;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	write_conf(&world, other, more);
	kernel.refusal = ENOSPC;
	ck_assert_int_eq(reload(&world, NOON, &outcome), -ENOSPC);
	ck_assert(outcome.refused);
	ck_assert_uint_eq(n_kept(&world), 1);
	engine_status(world.engine, &status);
	ck_assert_str_eq(status.digest, outcome.from);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_IN_FORCE);
	kernel.refusal = 0;
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	engine_outcome_free(&outcome);
	world_close(&world);
}
END_TEST

START_TEST(reload_that_goes_wrong_half_way)
{
	struct engine_outcome outcome;
	struct world world;
	size_t n_elems;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_elems = ruleset_n_elems(kernel.table);
	write_conf(&world, other, "");
	kernel.n_meddled = 1;
	kernel.n_granted = 1;
	kernel.n_refused = 1;
	ck_assert_int_eq(reload(&world, NOON, &outcome), -ENOSPC);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_IN_FORCE); /* of the old one */
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), n_elems);
	world_close(&world);
}
END_TEST

static void let_gate_seem_open(bool open)
{
	kernel.open_to = open ? ENGINE_PORT : 0;
}

/* What a trial is about is tried on what was read back, not on our own word. */
START_TEST(reload_that_fails_in_the_kernel)
{
	const struct actor actor = actor_self("test");
	struct engine_outcome outcome;
	struct world world;
	size_t n_elems;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_elems = ruleset_n_elems(kernel.table);
	write_conf(&world, other, tried);
	let_gate_seem_open(true);
	ck_assert_int_eq(reload(&world, NOON, &outcome), -EBADE);
	ck_assert(outcome.refused);
	ck_assert_ptr_nonnull(strstr(outcome.reason, "read back"));
	ck_assert_uint_eq(outcome.diag->n_errors, 1);
	ck_assert_ptr_nonnull(strstr(outcome.diag->findings[0].text,
				     "must_drop \"never\": tcp/9"));
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_IN_FORCE); /* of the old one */
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), n_elems);
	ck_assert_uint_eq(history_running(engine_history(world.engine)), 1);
	let_gate_seem_open(false);
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert_uint_eq(outcome.n_trials, 1);
	engine_outcome_free(&outcome);
	/* the kernel has it already, and shows itself to be open */
	let_gate_seem_open(true);
	ck_assert_int_eq(reload(&world, NOON, &outcome), -EBADE);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_IN_FORCE);
	engine_work(world.engine, NOON);
	/* and when there is nothing to go back to, there is nothing again */
	ck_assert_int_eq(engine_withdraw(world.engine, &actor, NOON), 0);
	ck_assert_int_eq(reload(&world, NOON, &outcome), -EBADE);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_WITHDRAWN);
	ck_assert(!kernel.table->exists);
	world_close(&world);
}
END_TEST

START_TEST(start_that_fails_in_the_kernel)
{
	struct world world;

	world_open(&world);
	write_conf(&world, good, tried);
	let_gate_seem_open(true);
	ck_assert_int_eq(start(&world, NOON), -EBADE);
	/* no table that lets through what must not pass is left as it is */
	ck_assert_int_eq(engine_shut(world.engine, NOON), 0);
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), 0);
	ck_assert(kernel.table->exists);
	world_close(&world);
}
END_TEST

/* What the kernel refuses at a start is not what is to be in force from then. */
START_TEST(start_that_the_kernel_refuses)
{
	const struct history *history;
	char digest[DIGEST_TEXT];
	struct world world;
	int i;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	ruleset_digest(kernel.table, digest);
	write_conf(&world, other, more);
	/* it is tried at each start, and leaves nothing behind */
	for (i = 0; i < 3; i++) {
		kernel.n_refused = 1;
		restart(&world, NOON);
		ck_assert_uint_eq(kernel.n_refused, 0);
		assert_state(&world, ENGINE_IN_FORCE);
		assert_digest(kernel.table, digest);
		history = engine_history(world.engine);
		ck_assert_uint_eq(history_running(history), 1);
		ck_assert_uint_eq(history_confirmed(history), 1);
		ck_assert_uint_eq(n_kept(&world), 1);
	}
	restart(&world, NOON);
	ck_assert_uint_gt(history_running(engine_history(world.engine)), 1);
	world_close(&world);
}
END_TEST

/* As if the power had been cut between the disk and the kernel */
START_TEST(start_that_the_kernel_has_never_accepted)
{
	const struct history *history;
	struct engine_outcome outcome;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	write_conf(&world, other, more);
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	engine_outcome_free(&outcome);
	kernel.table = ruleset_new(kernel.arena);
	kernel.n_refused = 1;
	restart(&world, NOON);
	history = engine_history(world.engine);
	ck_assert_uint_eq(history_running(history), 1);
	ck_assert_uint_eq(history_previous(history), 2);
	/* if nothing at all is accepted, it stays as it was */
	engine_free(world.engine);
	world_open_engine(&world);
	kernel.table = ruleset_new(kernel.arena);
	kernel.refusal = ENOSPC;
	ck_assert_int_eq(start(&world, NOON), -ENOSPC);
	kernel.refusal = 0;
	ck_assert_uint_eq(history_running(engine_history(world.engine)), 1);
	ck_assert_uint_eq(history_previous(engine_history(world.engine)), 2);
	/* and nothing is forwarded */
	ck_assert_int_eq(engine_shut(world.engine, NOON), 0);
	ck_assert(kernel.table->exists);
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), 0);
	world_close(&world);
}
END_TEST

/* There was nothing before: it is not recorded as if it were in force. */
START_TEST(first_start_that_the_kernel_refuses)
{
	struct world world;

	world_open(&world);
	kernel.refusal = ENOSPC;
	ck_assert_int_eq(start(&world, NOON), -ENOSPC);
	kernel.refusal = 0;
	ck_assert_uint_eq(history_running(engine_history(world.engine)), 0);
	ck_assert_uint_eq(n_kept(&world), 0);
	restart(&world, NOON);
	ck_assert_uint_ne(history_running(engine_history(world.engine)), 0);
	world_close(&world);
}
END_TEST

START_TEST(day_ends_a_conduit)
{
	struct world world;
	size_t n_elems;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_elems = ruleset_n_elems(kernel.table);
	engine_tick(world.engine, NOON + 60 * SEC);
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), n_elems);
	ck_assert_uint_eq(kernel.n_commits, 1);
	engine_tick(world.engine, NOON + DAY);
	ck_assert_uint_lt(ruleset_n_elems(kernel.table), n_elems);
	ck_assert_uint_eq(kernel.n_commits, 2);
	assert_state(&world, ENGINE_IN_FORCE);
	/* the next day changes nothing */
	engine_tick(world.engine, NOON + 2 * DAY);
	ck_assert_uint_eq(kernel.n_commits, 2);
	world_close(&world);
}
END_TEST

START_TEST(day_that_cannot_be_applied_is_tried_again)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	kernel.refusal = EPERM;
	engine_tick(world.engine, NOON + DAY);
	assert_state(&world, ENGINE_UNSURE);
	kernel.refusal = 0;
	engine_tick(world.engine, NOON + DAY + 60 * SEC);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

#define WINDOW(times) "windows = [ \"daily " times "\" ];"

/* The conduit "web" with another term */
static void write_term(const struct world *world, const char *term)
{
	const char *at = strstr(good, "valid_until");
	char *text;

	ck_assert(asprintf(&text, "%.*s%s } );\n", (int)(at - good), good,
			   term) > 0);
	write_conf(world, text, "");
	free(text);
}

/* Elements of "web" that end by themselves, which are all that do */
static size_t n_timed(void)
{
	return ruleset_set(kernel.table, PROGRAM_LIVE_TIMED)->n_elems;
}

static bool clock_is_known(const struct world *world)
{
	return engine_terms(world->engine)->is_known;
}

START_TEST(window_opens_and_closes)
{
	const uint64_t opens = NOON + 3600 * SEC, closes = NOON + 7200 * SEC;
	struct world world;
	const struct set *set;

	world_open(&world);
	write_term(&world, WINDOW("13:00-14:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(n_timed(), 0);
	ck_assert_int_eq(engine_change(world.engine), opens / SEC);
	engine_tick(world.engine, opens - 1);
	ck_assert_uint_eq(n_timed(), 0);
	engine_tick(world.engine, opens);
	ck_assert_uint_eq(n_timed(), 2);
	set = ruleset_set(kernel.table, PROGRAM_LIVE_TIMED);
	ck_assert_uint_eq(set->elems[0].end_msec, closes / 1000);
	ck_assert_uint_eq(ruleset_set(kernel.table, PROGRAM_LIVE)->n_elems, 0);
	ck_assert_int_eq(engine_change(world.engine), closes / SEC);
	engine_tick(world.engine, closes - 1);
	ck_assert_uint_eq(n_timed(), 2);
	engine_tick(world.engine, closes);
	ck_assert_uint_eq(n_timed(), 0);
	ck_assert_int_eq(engine_change(world.engine), (opens + DAY) / SEC);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

/* The end is all that a reload may change, and no digest shows it. */
START_TEST(another_end_is_put_in_force)
{
	struct engine_outcome outcome;
	struct world world;
	const struct set *set;

	world_open(&world);
	write_term(&world, WINDOW("11:00-14:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	write_term(&world, WINDOW("11:00-13:00"));
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert(outcome.edited);
	ck_assert_uint_eq(outcome.n_added, 2);
	ck_assert_uint_eq(outcome.n_deleted, 2);
	engine_outcome_free(&outcome);
	set = ruleset_set(kernel.table, PROGRAM_LIVE_TIMED);
	ck_assert_uint_eq(set->elems[0].end_msec, (NOON + 3600 * SEC) / 1000);
	world_close(&world);
}
END_TEST

START_TEST(clock_forward_ends_at_once)
{
	struct world world;

	world_open(&world);
	write_term(&world, WINDOW("11:00-13:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(n_timed(), 2);
	engine_tick(world.engine, NOON + 2 * 3600 * SEC);
	ck_assert_uint_eq(n_timed(), 0);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

/* Compare everything, and do what comes of it. */
static void compare(const struct world *world, uint64_t now)
{
	unsigned int i;

	engine_request_audit(world->engine);
	for (i = 0; engine_work(world->engine, now); i++)
		ck_assert_uint_lt(i, 1000);
}

/* What the kernel counts goes on as it was, and has to be told anew. */
static void clock_is_set(void (*meets_it)(const struct world *world,
					  uint64_t now))
{
	struct show_status status;
	struct world world;
	unsigned int n_reads;

	world_open(&world);
	write_term(&world, WINDOW("11:00-14:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	n_reads = kernel.n_reads;
	kernel.skew_msec = 600 * 1000; /* what it has ends later, it seems */
	meets_it(&world, NOON + 600 * SEC);
	ck_assert_uint_gt(kernel.n_reads, n_reads);
	ck_assert_uint_eq(kernel.n_commits, 2);
	ck_assert_uint_eq(n_timed(), 2);
	assert_state(&world, ENGINE_IN_FORCE);
	/* which nobody has done */
	engine_status(world.engine, &status);
	ck_assert_uint_eq(status.n_incidents, 0);
	/* but what somebody does after that is his */
	kernel.skew_msec = 1200 * 1000;
	compare(&world, NOON + 600 * SEC);
	engine_status(world.engine, &status);
	ck_assert_uint_eq(status.n_repaired, 1);
	ck_assert_uint_eq(kernel.n_commits, 3);
	world_close(&world);
}

static void meet_in_tick(const struct world *world, uint64_t now)
{
	engine_tick(world->engine, now);
}

static void meet_in_status(const struct world *world, uint64_t now)
{
	engine_verify(world->engine, now);
}

static void meet_in_reload(const struct world *world, uint64_t now)
{
	struct engine_outcome outcome;

	ck_assert_int_eq(reload(world, now, &outcome), 0);
	ck_assert(!outcome.edited);
	engine_outcome_free(&outcome);
}

START_TEST(clock_that_is_set_is_told)
{
	clock_is_set(meet_in_tick);
}
END_TEST

/* Others may be faster than the notification that it was set. */
START_TEST(clock_that_is_set_is_told_first)
{
	clock_is_set(compare);
	clock_is_set(meet_in_status);
	clock_is_set(meet_in_reload);
}
END_TEST

START_TEST(clock_back_revives_nothing)
{
	struct world world;

	world_open(&world);
	write_term(&world, WINDOW("11:00-13:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	engine_tick(world.engine, NOON + 3600 * SEC);
	ck_assert_uint_eq(n_timed(), 0);
	engine_tick(world.engine, NOON + 600 * SEC);
	ck_assert_uint_eq(n_timed(), 0);
	ck_assert(!clock_is_known(&world));
	/* what has no end does not depend on it */
	ck_assert_uint_eq(ruleset_set(kernel.table, PROGRAM_LIVE_IN)->n_elems,
			  1);
	/* when it is as late again, the next window opens */
	ck_assert_int_eq(engine_change(world.engine),
			 (NOON + 3600 * SEC) / SEC);
	engine_tick(world.engine, NOON + 3600 * SEC);
	ck_assert(clock_is_known(&world));
	engine_tick(world.engine, NOON + DAY);
	ck_assert_uint_eq(n_timed(), 2);
	world_close(&world);
}
END_TEST

START_TEST(clock_back_a_little_does_nothing)
{
	struct world world;

	world_open(&world);
	write_term(&world, WINDOW("11:00-13:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	engine_tick(world.engine, NOON + 1800 * SEC);
	engine_tick(world.engine, NOON + 1799 * SEC);
	ck_assert(clock_is_known(&world));
	ck_assert_uint_eq(n_timed(), 2);
	/* but it does not run out behind the end, either */
	engine_tick(world.engine, NOON + 3600 * SEC);
	engine_tick(world.engine, NOON + 3599 * SEC);
	ck_assert_uint_eq(n_timed(), 0);
	world_close(&world);
}
END_TEST

START_TEST(memory_revives_nothing)
{
	struct engine_outcome outcome;
	struct world world;

	world_open(&world);
	write_term(&world, WINDOW("11:00-13:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	engine_tick(world.engine, NOON + 3600 * SEC);
	engine_free(world.engine); /* as if it were killed */
	world_open_engine(&world);
	ck_assert_int_eq(start(&world, NOON + 600 * SEC), 0);
	ck_assert_uint_eq(n_timed(), 0);
	ck_assert(!clock_is_known(&world));
	ck_assert_int_eq(reload(&world, NOON + 601 * SEC, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert_uint_eq(n_timed(), 0);
	/* unless somebody says that it is right now */
	ck_assert_int_eq(unlink(world.state), 0);
	ck_assert_int_eq(reload(&world, NOON + 602 * SEC, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert(clock_is_known(&world));
	ck_assert_uint_eq(n_timed(), 2);
	ck_assert_int_eq(access(world.state, F_OK), 0);
	world_close(&world);
}
END_TEST

START_TEST(clock_before_the_release_is_wrong)
{
	struct world world;

	world_open(&world);
	write_term(&world, "valid_until = \"2099-12-31\";");
	ck_assert_int_eq(start(&world, (SEKIMORI_RELEASED - 10) * SEC), 0);
	ck_assert_uint_eq(n_timed(), 0);
	ck_assert(!clock_is_known(&world));
	ck_assert_int_eq(engine_change(world.engine), SEKIMORI_RELEASED);
	engine_tick(world.engine, SEKIMORI_RELEASED * SEC);
	ck_assert(clock_is_known(&world));
	ck_assert_uint_eq(n_timed(), 2);
	world_close(&world);
}
END_TEST

/* Elements are gone from the kernel, and nobody has said so. */
static void lose_timed(void)
{
	((struct set *)ruleset_set(kernel.table, PROGRAM_LIVE_TIMED))->n_elems =
		0;
}

/* The kernel ends it a bit earlier than we do. */
START_TEST(end_is_no_drift)
{
	const uint64_t closes = NOON + 3600 * SEC;
	struct show_status status;
	struct world world;

	world_open(&world);
	write_term(&world, WINDOW("11:00-13:00"));
	ck_assert_int_eq(start(&world, closes - 34 * SEC / 10), 0);
	ck_assert_uint_eq(n_timed(), 2);
	lose_timed();
	compare(&world, closes - 16 * SEC / 10);
	engine_status(world.engine, &status);
	ck_assert_uint_eq(status.n_incidents, 0);
	ck_assert_uint_eq(kernel.n_commits, 1);
	world_close(&world);
}
END_TEST

/* But long before its end nothing ends by itself. */
START_TEST(end_before_its_time_is_drift)
{
	struct show_status status;
	struct world world;

	world_open(&world);
	write_term(&world, WINDOW("11:00-13:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	lose_timed();
	compare(&world, NOON);
	engine_status(world.engine, &status);
	ck_assert_uint_eq(status.n_repaired, 1);
	ck_assert_uint_eq(n_timed(), 2);
	world_close(&world);
}
END_TEST

/* That it has ended by itself is not only believed. */
START_TEST(end_is_checked)
{
	const uint64_t closes = NOON + 3600 * SEC;
	struct show_status status;
	struct world world;
	struct set *set, late;
	unsigned int i;

	world_open(&world);
	write_term(&world, WINDOW("11:00-13:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	late = *ruleset_set(kernel.table, PROGRAM_LIVE_TIMED);
	engine_tick(world.engine, closes);
	ck_assert_uint_eq(n_timed(), 0);
	/* somebody has made it last, and nobody has said so */
	set = (struct set *)ruleset_set(kernel.table, PROGRAM_LIVE_TIMED);
	*set = late;
	kernel.skew_msec = 2000;
	for (i = 0; engine_work(world.engine, closes); i++)
		ck_assert_uint_lt(i, 1000);
	ck_assert_uint_eq(n_timed(), 0);
	engine_status(world.engine, &status);
	ck_assert_uint_eq(status.n_repaired, 1);
	world_close(&world);
}
END_TEST

/* It ends between the look and the transaction that takes it out. */
START_TEST(end_may_come_first)
{
	struct engine_outcome outcome;
	struct world world;

	world_open(&world);
	write_term(&world, WINDOW("11:00-13:00"));
	ck_assert_int_eq(start(&world, NOON), 0);
	write_term(&world, WINDOW("01:00-02:00"));
	kernel.n_gone = 1;
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert(!outcome.refused);
	engine_outcome_free(&outcome);
	ck_assert_uint_eq(kernel.n_gone, 0);
	ck_assert_uint_eq(n_timed(), 0);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(withdrawn_stays_withdrawn)
{
	struct actor actor = actor_self("test");
	struct engine_outcome outcome;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	kernel.n_stale = 1;
	ck_assert_int_eq(engine_withdraw(world.engine, &actor, NOON), 0);
	ck_assert(!kernel.table->exists);
	assert_state(&world, ENGINE_WITHDRAWN);
	engine_tick(world.engine, NOON + DAY);
	engine_verify(world.engine, NOON + DAY);
	ck_assert(!kernel.table->exists);
	assert_state(&world, ENGINE_WITHDRAWN);
	/* not even a bad file changes that, only a good one */
	write_conf(&world, "", "format = 2;\n");
	ck_assert_int_eq(reload(&world, NOON + DAY, &outcome), -EINVAL);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_WITHDRAWN);
	write_conf(&world, good, "");
	ck_assert_int_eq(reload(&world, NOON + DAY, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert(kernel.table->exists);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

static const char alert[] = "watch = { mode = \"alert\"; };\n";

/* Until there is nothing to be done at once */
static void work(struct world *world, uint64_t now)
{
	unsigned int n = 0;

	while (engine_work(world->engine, now))
		ck_assert_uint_lt(++n, 1000);
}

static void assert_incidents(struct world *world, const char *expected)
{
	json_t *json = engine_drift_json(world->engine), *history, *incident;
	char text[512] = "";
	size_t i;

	history = json_object_get(json, "history");
	json_array_foreach(history, i, incident) {
		json_t *actor =
			json_array_get(json_object_get(incident, "actors"), 0);
		size_t len = strlen(text);

		snprintf(
			text + len, sizeof(text) - len, "%s %s %s;",
			json_string_value(json_object_get(incident, "outcome")),
			json_string_value(json_object_get(incident, "by")),
			actor ? json_string_value(
					json_object_get(actor, "process")) :
				"nobody");
	}
	ck_assert_str_eq(text, expected);
	json_decref(json);
}

START_TEST(commits_of_others_cost_nothing)
{
	unsigned int n_reads;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_reads = kernel.n_reads;
	meddle(false);
	meddle(false);
	work(&world, NOON + SEC);
	engine_verify(world.engine, NOON + 2 * SEC);
	ck_assert_uint_eq(kernel.n_reads, n_reads);
	assert_incidents(&world, "");
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(drift_is_undone)
{
	struct world world;
	size_t n_elems;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_elems = ruleset_n_elems(kernel.table);
	meddle(true);
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), n_elems - 1);
	work(&world, NOON + SEC);
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), n_elems);
	ck_assert_uint_eq(kernel.n_commits, 2);
	ck_assert_uint_eq(generation(&world), 2);
	assert_incidents(&world, "repaired event mallory;");
	assert_state(&world, ENGINE_IN_FORCE);
	/* and our own commit was none */
	work(&world, NOON + 2 * SEC);
	ck_assert_uint_eq(kernel.n_commits, 2);
	assert_incidents(&world, "repaired event mallory;");
	world_close(&world);
}
END_TEST

START_TEST(drift_is_left_in_alert_mode)
{
	struct engine_outcome outcome;
	struct world world;

	world_open(&world);
	write_conf(&world, good, alert);
	ck_assert_int_eq(start(&world, NOON), 0);
	meddle(true);
	work(&world, NOON + SEC);
	ck_assert_uint_eq(kernel.n_commits, 1);
	assert_state(&world, ENGINE_DRIFTED);
	assert_incidents(&world, "");
	ck_assert_int_eq(reload(&world, NOON + 2 * SEC, &outcome), 0);
	ck_assert(outcome.edited);
	ck_assert_uint_eq(outcome.n_added, 1);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(drift_that_others_undo)
{
	struct world world;
	struct set *set;

	world_open(&world);
	write_conf(&world, good, alert);
	ck_assert_int_eq(start(&world, NOON), 0);
	meddle(true);
	work(&world, NOON + SEC);
	assert_state(&world, ENGINE_DRIFTED);
	set = (struct set *)ruleset_set(kernel.table, "entries");
	set->n_elems++;
	notice(true, 1001, 79, "bob");
	work(&world, NOON + 2 * SEC);
	assert_state(&world, ENGINE_IN_FORCE);
	assert_incidents(&world, "reverted event mallory;");
	world_close(&world);
}
END_TEST

START_TEST(touch_without_a_difference)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	notice(true, 1000, 77, "mallory");
	work(&world, NOON + SEC);
	ck_assert_uint_eq(kernel.n_commits, 1);
	assert_incidents(&world, "unchanged event mallory;");
	world_close(&world);
}
END_TEST

START_TEST(loss_makes_us_compare)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	meddle(true);
	kernel.lossy = true;
	work(&world, NOON + SEC);
	ck_assert_uint_eq(kernel.n_commits, 2);
	assert_incidents(&world, "repaired comparison nobody;");
	world_close(&world);
}
END_TEST

START_TEST(gap_makes_us_compare)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	meddle(true);
	kernel.n_notices = 0;
	meddle(false); /* the next one is told, and its number shows it */
	work(&world, NOON + SEC);
	ck_assert_uint_eq(kernel.n_commits, 2);
	assert_incidents(&world, "repaired comparison nobody;");
	world_close(&world);
}
END_TEST

START_TEST(repair_that_is_overtaken)
{
	struct world world;
	size_t n_elems;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_elems = ruleset_n_elems(kernel.table);
	kernel.n_stale = 3;
	kernel.n_overtaken = 3;
	kernel.n_meddled = 3;
	meddle(true);
	work(&world, NOON + SEC);
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), n_elems);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(repair_that_is_overtaken_always)
{
	struct world world;
	size_t n_elems;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_elems = ruleset_n_elems(kernel.table);
	kernel.n_stale = 1000000;
	meddle(true);
	work(&world, NOON + SEC);
	ck_assert_uint_eq(ruleset_n_elems(kernel.table), n_elems);
	assert_state(&world, ENGINE_IN_FORCE);
	ck_assert_uint_lt(kernel.n_commits, 20);
	world_close(&world);
}
END_TEST

/* The timer, as soon as it is due, until the table is as it should be */
static void wait_until_right(struct world *world)
{
	unsigned int n;

	for (n = 0; n < 1000; n++) {
		struct timespec ts;
		uint64_t usec;

		work(world, NOON + SEC);
		if (engine_state(world->engine) == ENGINE_IN_FORCE)
			return;
		clock_gettime(CLOCK_MONOTONIC, &ts);
		usec = (uint64_t)ts.tv_sec * 1000000 +
		       (uint64_t)ts.tv_nsec / 1000;
		ck_assert_uint_lt(engine_due_usec(world->engine),
				  usec + 2 * SEC);
		usleep(1000);
	}
	ck_abort_msg("it never becomes right");
}

START_TEST(repair_that_fails_is_tried_again)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	kernel.refusal = EPERM;
	meddle(true);
	work(&world, NOON + SEC);
	assert_state(&world, ENGINE_DRIFTED);
	kernel.refusal = 0;
	wait_until_right(&world);
	assert_incidents(&world, "repaired event mallory;");
	world_close(&world);
}
END_TEST

START_TEST(look_that_fails_is_tried_again)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	kernel.read_error = -EBADMSG;
	meddle(true);
	work(&world, NOON + SEC);
	ck_assert_uint_eq(kernel.n_commits, 1);
	kernel.read_error = 0;
	while (kernel.n_commits == 1)
		work(&world, NOON + SEC);
	assert_incidents(&world, "repaired event mallory;");
	world_close(&world);
}
END_TEST

START_TEST(fight_is_backed_off_but_never_lost)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	kernel.n_meddled = 25;
	meddle(true);
	work(&world, NOON + SEC);
	assert_state(&world, ENGINE_DRIFTED); /* backed off */
	ck_assert_uint_ge(kernel.n_commits, 16);
	ck_assert_uint_lt(kernel.n_commits, 26);
	wait_until_right(&world);
	ck_assert_uint_eq(kernel.n_commits, 27);
	world_close(&world);
}
END_TEST

START_TEST(audit_compares_and_runs)
{
	struct world world;
	unsigned int n_reads;
	uint64_t n_audited;
	json_t *json;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	work(&world, NOON);
	n_audited = engine_audited(world.engine);
	n_reads = kernel.n_reads;
	engine_request_audit(world.engine);
	ck_assert_uint_eq(engine_audited(world.engine), n_audited);
	work(&world, NOON + SEC);
	ck_assert_uint_eq(engine_audited(world.engine), n_audited + 1);
	ck_assert_uint_gt(kernel.n_reads, n_reads);
	json = engine_audit_json(world.engine);
	ck_assert_int_ge(json_integer_value(json), 2);
	json_decref(json);
	world_close(&world);
}
END_TEST

START_TEST(ownership_where_it_can_be)
{
	struct engine_outcome outcome;
	struct world world;

	world_open(&world);
	engine_free(world.engine);
	kernel.cannot_own = _i == 1;
	world_open_engine(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(kernel.table->flags,
			  _i == 1 ? 0 : RULESET_F_OWNER | RULESET_F_PERSIST);
	write_conf(&world, good, "watch = { ownership = false; };\n");
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert_uint_eq(kernel.table->flags, 0);
	ck_assert_str_eq(outcome.from, outcome.to);
	engine_outcome_free(&outcome);
	world_close(&world);
}
END_TEST

static const struct show_count *count_of(struct world *world, uint64_t now,
					 size_t conduit)
{
	uint32_t id = engine_policy(world->engine)->conduits[conduit].flows->id;
	const struct show_count *counts;
	size_t n, i;

	counts = engine_counts(world->engine, now, &n);
	for (i = 0; i < n; i++)
		if (counts[i].id == id)
			return &counts[i];
	ck_abort_msg("the flow is not counted");
}

START_TEST(hits_are_remembered)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	/* what was counted before the first look is of unknown age */
	kernel.packets = 5;
	ck_assert_uint_gt(count_of(&world, NOON + 10 * SEC, 0)->packets, 0);
	ck_assert_int_eq(count_of(&world, NOON + 10 * SEC, 0)->last_hit, 0);
	kernel.packets = 6;
	ck_assert_int_eq(count_of(&world, NOON + 20 * SEC, 0)->last_hit,
			 NOON_SEC + 20);
	ck_assert_int_eq(count_of(&world, NOON + 30 * SEC, 0)->last_hit,
			 NOON_SEC + 20);
	engine_remember(world.engine, NOON + 30 * SEC);
	engine_free(world.engine);

	/* another run: still known, and hit only when it grew meanwhile */
	world_open_engine(&world);
	ck_assert_int_eq(start(&world, NOON + 100 * SEC), 0);
	ck_assert_uint_eq(generation(&world), 1);
	ck_assert_int_eq(count_of(&world, NOON + 110 * SEC, 0)->last_hit,
			 NOON_SEC + 20);
	kernel.packets = 0; /* deleted and added anew */
	ck_assert_int_eq(count_of(&world, NOON + 120 * SEC, 0)->last_hit,
			 NOON_SEC + 20);
	kernel.packets = 1;
	ck_assert_int_eq(count_of(&world, NOON + 130 * SEC, 0)->last_hit,
			 NOON_SEC + 130);
	world_close(&world);
}
END_TEST

START_TEST(bad_memory_is_only_forgotten)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"format\":2,\"generation\":1}",
		"{\"format\":1,\"generation\":-1}",
		"{\"format\":1,\"generation\":1,\"hits\":[1,[2],[-1,1,1]]}",
	};
	struct world world;
	FILE *file;

	world_open(&world);
	file = fopen(world.state, "w");
	ck_assert(file);
	fputs(texts[_i], file);
	fclose(file);
	chmod(world.state, 0600);
	ck_assert_int_eq(start(&world, NOON), 0);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

/* ---- temporary conduits ---- */

static int allow(struct world *world, const char *name, const char *to,
		 uint64_t seconds, uint64_t now)
{
	const struct engine_grant grant = {
		.conduit = { .name = name,
			     .kind = "plain",
			     .from = { { "b" }, 1 },
			     .to = { { to }, 1 },
			     .services = { { "tcp/80" }, 1 },
			     .reason = "test" },
		.seconds = seconds,
	};
	struct actor actor = actor_self("test");
	struct engine_granted granted;
	struct engine_outcome outcome;
	int rc = engine_allow(world->engine, &actor, &grant, now, &outcome,
			      &granted);

	ck_assert_int_eq(outcome.refused, rc != 0);
	ck_assert_int_eq(outcome.reason != NULL, rc != 0);
	if (!rc)
		ck_assert_int_eq(granted.expires,
				 (int64_t)(now / SEC + seconds));
	if (!rc && !name)
		ck_assert_str_eq(granted.name, "allow-1");
	engine_outcome_free(&outcome);
	return rc;
}

static int disallow(struct world *world, const char *name, uint64_t now)
{
	struct actor actor = actor_self("test");
	struct engine_outcome outcome;
	int rc = engine_disallow(world->engine, &actor, name, now, &outcome);

	engine_outcome_free(&outcome);
	return rc;
}

static int put_generation(struct world *world, uint64_t number, uint64_t now)
{
	const struct engine_order order = { .generation = number, .why = "" };
	struct actor actor = actor_self("test");
	struct engine_outcome outcome;
	int rc = engine_apply(world->engine, &actor, &order, now, &outcome);

	engine_outcome_free(&outcome);
	return rc;
}

/* How many there are; and of these, in force */
static size_t n_allowed(const struct world *world, uint64_t now, size_t *n_is)
{
	json_t *list = engine_allowed_json(world->engine, now), *entry;
	size_t n = json_array_size(list), i;

	*n_is = 0;
	json_array_foreach(list, i, entry) {
		*n_is += json_is_true(json_object_get(entry, "in_force"));
	}
	json_decref(list);
	return n;
}

static void assert_allowed(const struct world *world, uint64_t now, size_t n,
			   size_t n_in_force)
{
	size_t n_is;

	ck_assert_uint_eq(n_allowed(world, now, &n_is), n);
	ck_assert_uint_eq(n_is, n_in_force);
}

/* @n conduits, of which the one in the middle has this port */
static void write_many(const struct world *world, size_t n, unsigned int port)
{
	FILE *file = fopen(world->conf, "w");
	size_t i;

	ck_assert(file);
	fprintf(file, WITHOUT_CONDUITS "conduits = (\n");
	for (i = 0; i < n; i++)
		fprintf(file,
			"%s{ name = \"c%zu\"; kind = \"plain\"; from = "
			"[ \"b\" ]; to = [ \"10.1.0.%zu\" ]; services = "
			"[ \"tcp/%zu\" ]; }",
			i ? ",\n" : "", i, 1 + i % 250,
			i == n / 2 ? port : 1000 + i / 250);
	fprintf(file, " );\n");
	fclose(file);
	ck_assert(!chmod(world->conf, 0600));
}

/* Most of it need not be read again, there or back. */
START_TEST(reload_of_one_in_many)
{
	struct engine_outcome outcome;
	struct show_status status;
	char first[DIGEST_TEXT];
	struct world world;
	uint64_t number;

	world_open(&world);
	write_many(&world, 2000, 2000);
	ck_assert_int_eq(start(&world, NOON), 0);
	number = history_running(engine_history(world.engine));
	write_many(&world, 2000, 2001);
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert_uint_eq(outcome.change.n_changed, 1);
	ck_assert_uint_eq(outcome.change.n_added + outcome.change.n_removed, 0);
	memcpy(first, outcome.from, sizeof(first));
	ck_assert_str_ne(outcome.to, first);
	engine_outcome_free(&outcome);
	ck_assert_int_eq(put_generation(&world, number, NOON), 0);
	engine_status(world.engine, &status);
	ck_assert_str_eq(status.digest, first);
	/* what is broken is broken in its own place */
	write_many(&world, 2000, 70000);
	ck_assert_int_eq(reload(&world, NOON, &outcome), -EINVAL);
	ck_assert_uint_eq(outcome.diag->n_errors, 1);
	ck_assert_uint_eq(outcome.diag->findings[0].at.line, 1009);
	engine_outcome_free(&outcome);
	world_close(&world);
}
END_TEST

START_TEST(allowed_ends_on_time)
{
	const uint64_t end = NOON + 3600 * SEC;
	struct world world;
	size_t n;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n = n_timed();
	ck_assert_int_eq(allow(&world, NULL, "10.1.0.8", 3600, NOON), 0);
	ck_assert_uint_eq(n_timed(), n + 2);
	ck_assert_int_eq(engine_change(world.engine), end / SEC);
	assert_allowed(&world, NOON, 1, 1);
	engine_tick(world.engine, end - SEC);
	ck_assert_uint_eq(n_timed(), n + 2);
	engine_tick(world.engine, end);
	ck_assert_uint_eq(n_timed(), n);
	assert_allowed(&world, end, 0, 0);
	/* and a clock that is put back revives nothing */
	restart(&world, NOON);
	ck_assert_uint_eq(n_timed(), 0);
	world_close(&world);
}
END_TEST

START_TEST(allowed_survives_us_but_not_its_end)
{
	struct world world;
	uint64_t number;
	size_t n;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	number = history_running(engine_history(world.engine));
	n = n_timed();
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 3600, NOON), 0);
	restart(&world, NOON + 60 * SEC);
	ck_assert_uint_eq(n_timed(), n + 2);
	ck_assert_uint_eq(kernel.n_commits, 2);
	/* that is no edit of the configuration */
	ck_assert_uint_eq(history_running(engine_history(world.engine)),
			  number);
	restart(&world, NOON + 3600 * SEC);
	ck_assert_uint_eq(n_timed(), n);
	assert_allowed(&world, NOON + 3600 * SEC, 0, 0);
	world_close(&world);
}
END_TEST

START_TEST(allowed_leaves_an_edited_file_alone)
{
	const struct policy *policy;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	write_conf(&world, "nonsense", "");
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 60, NOON), 0);
	policy = engine_policy(world.engine);
	ck_assert_uint_eq(policy->n_conduits, 3);
	ck_assert_str_eq(policy->conduits[1].name, "web");
	ck_assert_str_eq(policy->conduits[2].name, "x");
	ck_assert_str_eq(policy->conduits[2].reason, "test");
	ck_assert_ptr_nonnull(policy->conduits[2].allowed_by);
	ck_assert_int_eq(disallow(&world, "x", NOON), 0);
	ck_assert_uint_eq(engine_policy(world.engine)->n_conduits, 2);
	world_close(&world);
}
END_TEST

/*
 * The array of conduits grows at powers of two, and moves when it is large; what
 * is taken over by the next change must not be taken from where it was.
 */
START_TEST(allow_beside_many)
{
	struct engine_outcome outcome;
	struct world world;
	unsigned int i;
	FILE *file;

	world_open(&world);
	file = fopen(world.conf, "w");
	ck_assert_ptr_nonnull(file);
	fwrite(good, 1, strlen(good) - strlen(" );\n"), file);
	for (i = 2; i < 4096; i++)
		fprintf(file,
			",\n{ name = \"c%u\"; kind = \"plain\"; from = [ \"b\" ]; "
			"to = [ \"10.1.0.7\" ]; services = [ \"tcp/%u\" ]; }",
			i, i);
	fprintf(file, " );\n");
	fclose(file);
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(engine_policy(world.engine)->n_conduits, 4096);
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 3600, NOON), 0);
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert_int_eq(disallow(&world, "x", NOON), 0);
	ck_assert_uint_eq(engine_policy(world.engine)->n_conduits, 4096);
	world_close(&world);
}
END_TEST

START_TEST(allow_that_is_refused)
{
	struct world world;
	size_t n;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n = n_timed();
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 59, NOON), -ERANGE);
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 604801, NOON), -ERANGE);
	ck_assert_int_eq(allow(&world, "x", "nobody", 60, NOON), -EINVAL);
	ck_assert_int_eq(allow(&world, "web", "10.1.0.8", 60, NOON), -EINVAL);
	ck_assert_int_eq(allow(&world, "x y", "10.1.0.8", 60, NOON), -EINVAL);
	ck_assert_int_eq(disallow(&world, "web", NOON), -ENOENT);
	kernel.refusal = EPERM;
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 60, NOON), -EPERM);
	kernel.refusal = 0;
	ck_assert_uint_eq(n_timed(), n);
	assert_allowed(&world, NOON, 0, 0);
	restart(&world, NOON);
	assert_allowed(&world, NOON, 0, 0);
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 60, NOON), 0);
	/* nor is it taken out if the kernel does not do so */
	kernel.refusal = EPERM;
	ck_assert_int_eq(disallow(&world, "x", NOON), -EPERM);
	kernel.refusal = 0;
	assert_allowed(&world, NOON, 1, 1);
	world_close(&world);
}
END_TEST

/* A directory stands in the way of each new file of this name. */
static void let_disk_fail(const struct world *world, const char *name,
			  bool fails)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s.new", world->dir, name);
	ck_assert_int_eq(fails ? mkdir(path, 0700) : rmdir(path), 0);
}

static bool is_on_disk(const struct world *world, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", world->dir, name);
	return !access(path, F_OK);
}

/* To take away needs no disk, and what was taken away does not come back. */
START_TEST(disallow_without_a_disk)
{
	struct world world;
	size_t n;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n = n_timed();
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 3600, NOON), 0);
	ck_assert_int_eq(allow(&world, "y", "10.1.0.7", 3600, NOON), 0);
	let_disk_fail(&world, "allowed.conf", true);
	ck_assert_int_ne(allow(&world, "z", "10.1.0.6", 3600, NOON), 0);
	ck_assert(is_on_disk(&world, "allowed.conf"));
	ck_assert_int_eq(disallow(&world, "x", NOON), 0);
	ck_assert_uint_eq(n_timed(), n + 2);
	assert_allowed(&world, NOON, 1, 1);
	ck_assert(!is_on_disk(&world, "allowed.conf"));
	/* not even the other one comes back, unless it can be written */
	restart(&world, NOON);
	assert_allowed(&world, NOON, 0, 0);
	let_disk_fail(&world, "allowed.conf", false);
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 3600, NOON), 0);
	ck_assert_int_eq(allow(&world, "y", "10.1.0.7", 3600, NOON), 0);
	let_disk_fail(&world, "allowed.conf", true);
	ck_assert_int_eq(disallow(&world, "x", NOON), 0);
	engine_tick(world.engine, NOON + 60 * SEC);
	ck_assert(!is_on_disk(&world, "allowed.conf"));
	let_disk_fail(&world, "allowed.conf", false);
	engine_tick(world.engine, NOON + 120 * SEC);
	restart(&world, NOON + 120 * SEC);
	assert_allowed(&world, NOON + 120 * SEC, 1, 1);
	ck_assert_uint_eq(n_timed(), n + 2);
	/* if the kernel does not do so, it is there still */
	let_disk_fail(&world, "allowed.conf", true);
	kernel.refusal = EPERM;
	ck_assert_int_eq(disallow(&world, "y", NOON), -EPERM);
	kernel.refusal = 0;
	assert_allowed(&world, NOON + 120 * SEC, 1, 1);
	world_close(&world);
}
END_TEST

/* Nor does it need that the configuration could be kept. */
START_TEST(disallow_from_what_is_not_kept)
{
	struct engine_outcome outcome;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 3600, NOON), 0);
	ck_assert_int_eq(allow(&world, "y", "10.1.0.7", 3600, NOON), 0);
	let_disk_fail(&world, "generations/generation.2", true);
	write_conf(&world, good, "# another\n");
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert(!is_on_disk(&world, "generations/generation.2"));
	ck_assert_int_eq(disallow(&world, "x", NOON), 0);
	assert_allowed(&world, NOON, 1, 1);
	ck_assert_int_eq(disallow(&world, "y", NOON), 0);
	assert_allowed(&world, NOON, 0, 0);
	ck_assert_uint_eq(engine_policy(world.engine)->n_conduits, 2);
	world_close(&world);
}
END_TEST

/* Generations come and go beside it. */
START_TEST(allowed_stays_across_rollback)
{
	struct engine_outcome outcome;
	struct world world;
	uint64_t first;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	first = history_running(engine_history(world.engine));
	ck_assert_int_eq(allow(&world, "before", "10.1.0.8", 3600, NOON), 0);
	write_conf(&world, good, "# another\n");
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert_uint_ne(history_running(engine_history(world.engine)), first);
	ck_assert_int_eq(disallow(&world, "before", NOON), 0);
	ck_assert_int_eq(allow(&world, "behind", "10.1.0.7", 3600, NOON), 0);
	ck_assert_int_eq(put_generation(&world, first, NOON), 0);
	ck_assert_uint_eq(engine_policy(world.engine)->n_conduits, 3);
	ck_assert_str_eq(engine_policy(world.engine)->conduits[2].name,
			 "behind");
	assert_allowed(&world, NOON, 1, 1);
	world_close(&world);
}
END_TEST

/* The configuration goes before, and what does not fit comes back with it. */
START_TEST(allowed_is_left_out_where_it_does_not_fit)
{
	struct engine_outcome outcome;
	struct world world;
	uint64_t first;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	first = history_running(engine_history(world.engine));
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 3600, NOON), 0);
	write_conf(&world, good,
		   "must_drop = ( { from = \"10.2.0.5\"; to = \"10.1.0.8\"; "
		   "service = \"tcp/80\"; } );\n");
	ck_assert_int_eq(reload(&world, NOON, &outcome), 0);
	ck_assert_uint_eq(outcome.diag->n_warnings, 1);
	engine_outcome_free(&outcome);
	ck_assert_uint_eq(engine_policy(world.engine)->n_conduits, 2);
	assert_allowed(&world, NOON, 1, 0);
	ck_assert_int_eq(allow(&world, "y", "10.1.0.8", 3600, NOON), -EINVAL);
	restart(&world, NOON);
	assert_allowed(&world, NOON, 1, 0);
	ck_assert_int_eq(put_generation(&world, first, NOON), 0);
	assert_allowed(&world, NOON, 1, 1);
	ck_assert_uint_eq(engine_policy(world.engine)->n_conduits, 3);
	world_close(&world);
}
END_TEST

/* What is awaited is awaited still. */
START_TEST(allow_confirms_nothing)
{
	const struct engine_order order = { .confirm_seconds = 600, .why = "" };
	struct actor actor = actor_self("test");
	struct engine_outcome outcome;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	write_conf(&world, good, "# another\n");
	ck_assert_int_eq(
		engine_apply(world.engine, &actor, &order, NOON, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 3600, NOON), 0);
	ck_assert_int_gt(history_seconds_left(engine_history(world.engine)), 0);
	ck_assert_int_eq(engine_confirm(world.engine, &actor, NOON), 0);
	assert_allowed(&world, NOON, 1, 1);
	ck_assert_int_eq(engine_withdraw(world.engine, &actor, NOON), 0);
	ck_assert_int_eq(allow(&world, "y", "10.1.0.7", 3600, NOON), -EBUSY);
	world_close(&world);
}
END_TEST

/* Whatever becomes of the file, nothing is permitted that was not. */
START_TEST(allowed_that_is_damaged)
{
	struct world world;
	char path[64];
	FILE *file;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 3600, NOON), 0);
	snprintf(path, sizeof(path), "%s/allowed.conf", world.dir);
	file = fopen(path, "r+");
	ck_assert(file && !fseek(file, 100, SEEK_SET));
	fputc('#', file);
	fclose(file);
	restart(&world, NOON);
	assert_allowed(&world, NOON, 0, 0);
	ck_assert_uint_eq(engine_policy(world.engine)->n_conduits, 2);
	ck_assert_int_eq(allow(&world, "x", "10.1.0.8", 3600, NOON), 0);
	world_close(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine");
	TCase *tcase = tcase_create("engine");
	SRunner *runner;
	int n_failed;

	setenv("TZ", "JST-9", 1);
	log_open("local7", false);
	tcase_add_test(tcase, start_creates);
	tcase_add_test(tcase, start_finds_it_right);
	tcase_add_test(tcase, start_mends_what_it_finds);
	tcase_add_test(tcase, stale_is_tried_again);
	tcase_add_test(tcase, stale_forever_is_replaced);
	tcase_add_test(tcase, refusal_is_no_success);
	tcase_add_test(tcase, unreadable_is_no_success);
	tcase_add_test(tcase, commit_that_did_not_last);
	tcase_add_test(tcase, commits_that_never_last);
	tcase_add_test(tcase, reload_of_a_bad_file);
	tcase_add_test(tcase, reload_of_the_same);
	tcase_add_test(tcase, reload_of_another);
	tcase_add_test(tcase, large_reload);
	tcase_add_test(tcase, reload_of_one_in_many);
	tcase_add_test(tcase, large_reload_that_is_spoiled);
	tcase_add_test(tcase, reload_that_hands_connections_on);
	tcase_add_test(tcase, reload_that_cannot_go_back);
	tcase_add_test(tcase, day_that_is_refused_half_way);
	tcase_add_test(tcase, reload_whose_first_step_is_none);
	tcase_add_test(tcase, reload_that_the_kernel_refuses);
	tcase_add_test(tcase, reload_that_goes_wrong_half_way);
	tcase_add_test(tcase, reload_that_fails_in_the_kernel);
	tcase_add_test(tcase, start_that_fails_in_the_kernel);
	tcase_add_test(tcase, start_that_the_kernel_refuses);
	tcase_add_test(tcase, start_that_the_kernel_has_never_accepted);
	tcase_add_test(tcase, first_start_that_the_kernel_refuses);
	tcase_add_test(tcase, day_ends_a_conduit);
	tcase_add_test(tcase, window_opens_and_closes);
	tcase_add_test(tcase, another_end_is_put_in_force);
	tcase_add_test(tcase, clock_forward_ends_at_once);
	tcase_add_test(tcase, clock_that_is_set_is_told);
	tcase_add_test(tcase, clock_that_is_set_is_told_first);
	tcase_add_test(tcase, clock_back_revives_nothing);
	tcase_add_test(tcase, clock_back_a_little_does_nothing);
	tcase_add_test(tcase, memory_revives_nothing);
	tcase_add_test(tcase, clock_before_the_release_is_wrong);
	tcase_add_test(tcase, end_is_no_drift);
	tcase_add_test(tcase, end_before_its_time_is_drift);
	tcase_add_test(tcase, end_is_checked);
	tcase_add_test(tcase, end_may_come_first);
	tcase_add_test(tcase, day_that_cannot_be_applied_is_tried_again);
	tcase_add_test(tcase, withdrawn_stays_withdrawn);
	tcase_add_test(tcase, commits_of_others_cost_nothing);
	tcase_add_test(tcase, drift_is_undone);
	tcase_add_test(tcase, drift_is_left_in_alert_mode);
	tcase_add_test(tcase, drift_that_others_undo);
	tcase_add_test(tcase, touch_without_a_difference);
	tcase_add_test(tcase, loss_makes_us_compare);
	tcase_add_test(tcase, gap_makes_us_compare);
	tcase_add_test(tcase, repair_that_is_overtaken);
	tcase_add_test(tcase, repair_that_is_overtaken_always);
	tcase_add_test(tcase, repair_that_fails_is_tried_again);
	tcase_add_test(tcase, look_that_fails_is_tried_again);
	tcase_add_test(tcase, fight_is_backed_off_but_never_lost);
	tcase_add_test(tcase, audit_compares_and_runs);
	tcase_add_loop_test(tcase, ownership_where_it_can_be, 0, 2);
	tcase_add_test(tcase, hits_are_remembered);
	tcase_add_loop_test(tcase, bad_memory_is_only_forgotten, 0, 6);
	tcase_add_test(tcase, allowed_ends_on_time);
	tcase_add_test(tcase, allowed_survives_us_but_not_its_end);
	tcase_add_test(tcase, allowed_leaves_an_edited_file_alone);
	tcase_add_test(tcase, allow_beside_many);
	tcase_add_test(tcase, allow_that_is_refused);
	tcase_add_test(tcase, disallow_without_a_disk);
	tcase_add_test(tcase, disallow_from_what_is_not_kept);
	tcase_add_test(tcase, allowed_stays_across_rollback);
	tcase_add_test(tcase, allowed_is_left_out_where_it_does_not_fit);
	tcase_add_test(tcase, allow_confirms_nothing);
	tcase_add_test(tcase, allowed_that_is_damaged);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? 1 : 0;
}
