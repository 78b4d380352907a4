// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine against a kernel that is played here: one that is interrupted by
 * others, refuses, or does not keep what it was given. Easy to get wrong: the
 * kernel played here must not share memory with the engine, or it would always
 * hold what is desired; so each commit is copied.
 */
#include <check.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"
#include "arena.h"
#include "counter.h"
#include "engine.h"
#include "log.h"
#include "nft.h"
#include "policy.h"
#include "program.h"
#include "state.h"

/* A noon in Japan and in Europe alike */
#define NOON_SEC 1795489200 /* 2026-11-24 03:00 UTC */
#define NOON (NOON_SEC * SEC)
#define SEC 1000000ull
#define DAY (86400 * SEC)

struct nft {
	struct arena *arena;
	struct ruleset *table; /* what the kernel holds */
	uint32_t genid;
	unsigned int n_reads, n_commits;
	unsigned int n_stale; /* commits still to be refused as stale */
	unsigned int n_meddled; /* commits still to be spoiled by others */
	int refusal; /* errno for each commit, or 0 */
	int read_error; /* -errno for each reading, or 0 */
	uint64_t packets; /* of every live element */
};

struct batch_origin {
	const struct ruleset *desired; /* NULL: delete the table */
	uint32_t genid;
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

int nft_generation(struct nft *nft, uint32_t *genid)
{
	*genid = nft->genid;
	return 0;
}

int nft_read(struct nft *nft, struct arena *arena, struct ruleset **ruleset,
	     uint32_t *genid)
{
	nft->n_reads++;
	if (nft->read_error)
		return nft->read_error;
	*ruleset = copy_ruleset(arena, nft->table);
	*genid = nft->genid;
	return 0;
}

int nft_read_set(struct nft *nft, const char *name, struct arena *arena,
		 struct ruleset **ruleset)
{
	struct set *set;
	size_t i;

	if (!ruleset_set(nft->table, name))
		return -ENOENT;
	*ruleset = copy_ruleset(arena, nft->table);
	set = (struct set *)ruleset_set(*ruleset, name);
	for (i = 0; i < set->n_elems; i++) {
		set->elems[i].packets = nft->packets;
		set->elems[i].bytes = 100 * nft->packets;
	}
	return 0;
}

/* Somebody else takes a permission out, or changes nothing that we see. */
static void meddle(struct nft *nft, bool visibly)
{
	struct set *set = (struct set *)ruleset_set(nft->table, "entries");

	if (visibly)
		set->n_elems--;
	nft->genid++;
}

int nft_commit(struct nft *nft, const struct batch *batch,
	       struct nft_refusal *refusals, size_t *n_refusals)
{
	nft->n_commits++;
	*n_refusals = 0;
	if (nft->refusal) {
		*n_refusals = 1;
		refusals[0].error = nft->refusal;
		snprintf(refusals[0].origin, sizeof(refusals[0].origin), "it");
		return -nft->refusal;
	}
	if (nft->n_stale) {
		nft->n_stale--;
		nft->genid++;
		return -ERESTART;
	}
	ck_assert_uint_eq(batch->origins->genid, nft->genid);
	nft->table = batch->origins->desired ?
			     copy_ruleset(nft->arena, batch->origins->desired) :
			     ruleset_new(nft->arena);
	nft->genid++;
	if (nft->n_meddled) {
		nft->n_meddled--;
		meddle(nft, true);
	}
	return 0;
}

/* One test's world */
struct world {
	struct nft nft;
	struct engine *engine;
	char dir[32], conf[64], state[64];
};

static const char good[] =
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
	"    to = [ \"10.1.0.9\" ]; services = [ \"tcp/443\" ];\n"
	"    valid_until = \"2026-11-24\"; } );\n";

static void write_conf(const struct world *world, const char *text,
		       const char *more)
{
	FILE *file = fopen(world->conf, "w");

	ck_assert(file);
	fprintf(file, "%s%s", text, more);
	fclose(file);
	ck_assert(!chmod(world->conf, 0600));
}

static void world_open(struct world *world)
{
	memset(world, 0, sizeof(*world));
	snprintf(world->dir, sizeof(world->dir), "/tmp/engine-XXXXXX");
	ck_assert(mkdtemp(world->dir));
	snprintf(world->conf, sizeof(world->conf), "%s/c", world->dir);
	snprintf(world->state, sizeof(world->state), "%s/s", world->dir);
	world->nft.arena = arena_new();
	world->nft.table = ruleset_new(world->nft.arena);
	world->nft.genid = 7;
	world->engine = engine_new(&world->nft, world->conf, world->state);
	write_conf(world, good, "");
}

static void world_close(struct world *world)
{
	engine_free(world->engine);
	arena_free(world->nft.arena);
	unlink(world->conf);
	unlink(world->state);
	rmdir(world->dir);
}

static int start(struct world *world, uint64_t now)
{
	struct file_config config;
	int rc;

	ck_assert_int_eq(file_load(world->conf, &config), 0);
	rc = engine_start(world->engine, &config, now);
	file_unload(&config);
	return rc;
}

static int reload(struct world *world, uint64_t now,
		  struct engine_outcome *outcome)
{
	struct actor actor = actor_self("test");

	return engine_reload(world->engine, &actor, now, outcome);
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

START_TEST(start_creates)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	assert_state(&world, ENGINE_IN_FORCE);
	ck_assert_uint_eq(world.nft.n_commits, 1);
	ck_assert_uint_eq(world.nft.n_reads, 2); /* before and after */
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
	world.engine = engine_new(&world.nft, world.conf, world.state);
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(world.nft.n_commits, 1);
	world_close(&world);
}
END_TEST

START_TEST(start_mends_what_it_finds)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	engine_free(world.engine);
	meddle(&world.nft, true);
	world.engine = engine_new(&world.nft, world.conf, world.state);
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(world.nft.n_commits, 2);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(stale_is_tried_again)
{
	struct world world;

	world_open(&world);
	world.nft.n_stale = 3;
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(world.nft.n_commits, 4);
	ck_assert_uint_eq(generation(&world), 1);
	world_close(&world);
}
END_TEST

START_TEST(stale_forever_ends)
{
	struct world world;

	world_open(&world);
	world.nft.n_stale = 1000;
	ck_assert_int_eq(start(&world, NOON), -EAGAIN);
	ck_assert_uint_lt(world.nft.n_commits, 20);
	assert_state(&world, ENGINE_UNSURE);
	world_close(&world);
}
END_TEST

START_TEST(refusal_is_no_success)
{
	struct world world;

	world_open(&world);
	world.nft.refusal = EPERM;
	ck_assert_int_eq(start(&world, NOON), -EPERM);
	assert_state(&world, ENGINE_UNSURE);
	ck_assert_uint_eq(world.nft.n_commits, 1);
	world_close(&world);
}
END_TEST

START_TEST(unreadable_is_no_success)
{
	struct world world;

	world_open(&world);
	world.nft.read_error = -ENOBUFS;
	ck_assert_int_eq(start(&world, NOON), -ENOBUFS);
	ck_assert_uint_eq(world.nft.n_commits, 0);
	world_close(&world);
}
END_TEST

START_TEST(commit_that_did_not_last)
{
	struct world world;

	world_open(&world);
	world.nft.n_meddled = 2;
	ck_assert_int_eq(start(&world, NOON), 0);
	ck_assert_uint_eq(world.nft.n_commits, 3);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(commits_that_never_last)
{
	struct world world;

	world_open(&world);
	world.nft.n_meddled = 1000;
	ck_assert_int_eq(start(&world, NOON), -EAGAIN);
	ck_assert_uint_lt(world.nft.n_commits, 20);
	assert_state(&world, ENGINE_UNSURE);
	/* and it is not given up: the next minute mends it */
	world.nft.n_meddled = 0;
	engine_tick(world.engine, NOON + 60 * SEC);
	assert_state(&world, ENGINE_IN_FORCE);
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
	ck_assert_uint_eq(world.nft.n_commits, 1);
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
	ck_assert_uint_eq(world.nft.n_commits, 1);
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

START_TEST(reload_that_the_kernel_refuses)
{
	struct engine_outcome outcome;
	struct show_status status;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	write_conf(&world, other, more);
	world.nft.refusal = ENOSPC;
	ck_assert_int_eq(reload(&world, NOON, &outcome), -ENOSPC);
	ck_assert(outcome.refused);
	engine_status(world.engine, &status);
	ck_assert_str_eq(status.digest, outcome.from);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_IN_FORCE);
	world.nft.refusal = 0;
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
	n_elems = ruleset_n_elems(world.nft.table);
	write_conf(&world, other, "");
	world.nft.n_meddled = 8; /* as long as the new one is tried */
	ck_assert_int_eq(reload(&world, NOON, &outcome), -EAGAIN);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_IN_FORCE); /* of the old one */
	ck_assert_uint_eq(ruleset_n_elems(world.nft.table), n_elems);
	world_close(&world);
}
END_TEST

START_TEST(day_ends_a_conduit)
{
	struct world world;
	size_t n_elems;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_elems = ruleset_n_elems(world.nft.table);
	engine_tick(world.engine, NOON + 60 * SEC);
	ck_assert_uint_eq(ruleset_n_elems(world.nft.table), n_elems);
	ck_assert_uint_eq(world.nft.n_commits, 1);
	engine_tick(world.engine, NOON + DAY);
	ck_assert_uint_lt(ruleset_n_elems(world.nft.table), n_elems);
	ck_assert_uint_eq(world.nft.n_commits, 2);
	assert_state(&world, ENGINE_IN_FORCE);
	/* the next day changes nothing */
	engine_tick(world.engine, NOON + 2 * DAY);
	ck_assert_uint_eq(world.nft.n_commits, 2);
	world_close(&world);
}
END_TEST

START_TEST(day_that_cannot_be_applied_is_tried_again)
{
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	world.nft.refusal = EPERM;
	engine_tick(world.engine, NOON + DAY);
	assert_state(&world, ENGINE_UNSURE);
	world.nft.refusal = 0;
	engine_tick(world.engine, NOON + DAY + 60 * SEC);
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
	world.nft.n_stale = 1;
	ck_assert_int_eq(engine_withdraw(world.engine, &actor, NOON), 0);
	ck_assert(!world.nft.table->exists);
	assert_state(&world, ENGINE_WITHDRAWN);
	engine_tick(world.engine, NOON + DAY);
	engine_verify(world.engine, NOON + DAY);
	ck_assert(!world.nft.table->exists);
	assert_state(&world, ENGINE_WITHDRAWN);
	/* not even a bad file changes that, only a good one */
	write_conf(&world, "", "format = 2;\n");
	ck_assert_int_eq(reload(&world, NOON + DAY, &outcome), -EINVAL);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_WITHDRAWN);
	write_conf(&world, good, "");
	ck_assert_int_eq(reload(&world, NOON + DAY, &outcome), 0);
	engine_outcome_free(&outcome);
	ck_assert(world.nft.table->exists);
	assert_state(&world, ENGINE_IN_FORCE);
	world_close(&world);
}
END_TEST

START_TEST(drift_is_seen_and_put_back)
{
	struct engine_outcome outcome;
	unsigned int n_reads;
	struct world world;

	world_open(&world);
	ck_assert_int_eq(start(&world, NOON), 0);
	n_reads = world.nft.n_reads;
	engine_verify(world.engine, NOON + 10 * SEC);
	ck_assert_uint_eq(world.nft.n_reads, n_reads); /* cheap */
	meddle(&world.nft, false);
	engine_verify(world.engine, NOON + 20 * SEC);
	ck_assert_uint_eq(world.nft.n_reads, n_reads + 1);
	assert_state(&world, ENGINE_IN_FORCE);
	meddle(&world.nft, true);
	engine_verify(world.engine, NOON + 30 * SEC);
	assert_state(&world, ENGINE_DRIFTED);
	ck_assert_int_eq(reload(&world, NOON + 40 * SEC, &outcome), 0);
	ck_assert(outcome.edited);
	ck_assert_uint_eq(outcome.n_added, 1);
	engine_outcome_free(&outcome);
	assert_state(&world, ENGINE_IN_FORCE);
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
	world.nft.packets = 5;
	ck_assert_uint_gt(count_of(&world, NOON + 10 * SEC, 0)->packets, 0);
	ck_assert_int_eq(count_of(&world, NOON + 10 * SEC, 0)->last_hit, 0);
	world.nft.packets = 6;
	ck_assert_int_eq(count_of(&world, NOON + 20 * SEC, 0)->last_hit,
			 NOON_SEC + 20);
	ck_assert_int_eq(count_of(&world, NOON + 30 * SEC, 0)->last_hit,
			 NOON_SEC + 20);
	engine_remember(world.engine, NOON + 30 * SEC);
	engine_free(world.engine);

	/* another run: still known, and hit only when it grew meanwhile */
	world.engine = engine_new(&world.nft, world.conf, world.state);
	ck_assert_int_eq(start(&world, NOON + 100 * SEC), 0);
	ck_assert_uint_eq(generation(&world), 1);
	ck_assert_int_eq(count_of(&world, NOON + 110 * SEC, 0)->last_hit,
			 NOON_SEC + 20);
	world.nft.packets = 0; /* deleted and added anew */
	ck_assert_int_eq(count_of(&world, NOON + 120 * SEC, 0)->last_hit,
			 NOON_SEC + 20);
	world.nft.packets = 1;
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
	tcase_add_test(tcase, stale_forever_ends);
	tcase_add_test(tcase, refusal_is_no_success);
	tcase_add_test(tcase, unreadable_is_no_success);
	tcase_add_test(tcase, commit_that_did_not_last);
	tcase_add_test(tcase, commits_that_never_last);
	tcase_add_test(tcase, reload_of_a_bad_file);
	tcase_add_test(tcase, reload_of_the_same);
	tcase_add_test(tcase, reload_of_another);
	tcase_add_test(tcase, reload_that_the_kernel_refuses);
	tcase_add_test(tcase, reload_that_goes_wrong_half_way);
	tcase_add_test(tcase, day_ends_a_conduit);
	tcase_add_test(tcase, day_that_cannot_be_applied_is_tried_again);
	tcase_add_test(tcase, withdrawn_stays_withdrawn);
	tcase_add_test(tcase, drift_is_seen_and_put_back);
	tcase_add_test(tcase, hits_are_remembered);
	tcase_add_loop_test(tcase, bad_memory_is_only_forgotten, 0, 6);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? 1 : 0;
}
