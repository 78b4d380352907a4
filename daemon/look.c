// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A look at the table. Easy to get wrong: what is read in pieces is true of no
 * single moment. The definitions fit into few pieces and are read again until
 * no commit came in between; elements are read once, as others may commit to
 * their own tables all the time, and whether ours was among them is known to
 * the caller, who is notified of every commit.
 */
#include "look.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "day.h"
#include "decode.h"

#define LOOK_TRIES 32

/* What is read first, in this order: each needs those before it. */
static const struct {
	uint16_t type;
	int (*decode)(struct ruleset *ruleset, const struct nlmsghdr *nlh);
} look_program[] = {
	{ NFT_MSG_GETTABLE, decode_table },
	{ NFT_MSG_GETCHAIN, decode_chain },
	{ NFT_MSG_GETSET, decode_set },
	{ NFT_MSG_GETOBJ, decode_object },
	{ NFT_MSG_GETFLOWTABLE, decode_flowtable },
	{ NFT_MSG_GETRULE, decode_rule },
};
#define LOOK_DUMPS (sizeof(look_program) / sizeof(look_program[0]))

struct look {
	struct nft *nft;
	struct suspects scope; /* as it was when the look began */
	const struct ruleset *desired;
	struct ruleset *observed;
	const struct ruleset *expected;
	int (*decode)(struct ruleset *ruleset, const struct nlmsghdr *nlh);
	size_t dump; /* of look_program; LOOK_DUMPS: elements are next */
	size_t set, key; /* the next ones to read */
	size_t n_others; /* before the dump that is under way */
	unsigned int tries;
	int64_t offset_usec;
	uint64_t now_msec; /* when the kernel wrote what is read next */
	bool asked; /* an answer is under way */
	bool over;
};

/* The program as @desired has it, in sets without elements */
static struct ruleset *look_assume(const struct ruleset *desired,
				   struct arena *arena)
{
	struct ruleset *assumed = ruleset_new(arena);
	size_t i;

	*assumed = *desired;
	assumed->arena = arena;
	/* they will be sorted, which is not for us to do to those of others */
	assumed->chains = arena_alloc(arena, desired->n_chains *
						     sizeof(*assumed->chains));
	memcpy(assumed->chains, desired->chains,
	       desired->n_chains * sizeof(*assumed->chains));
	assumed->sets =
		arena_alloc(arena, desired->n_sets * sizeof(*assumed->sets));
	for (i = 0; i < desired->n_sets; i++) {
		assumed->sets[i] = desired->sets[i];
		assumed->sets[i].elems = NULL;
		assumed->sets[i].n_elems = 0;
	}
	return assumed;
}

static uint64_t look_time_msec(const struct look *look)
{
	return (day_clock_usec() + (uint64_t)look->offset_usec) / 1000;
}

struct look *look_begin(struct nft *nft, const struct suspects *suspects,
			const struct ruleset *desired, int64_t offset_usec,
			struct arena *arena)
{
	struct look *look = arena_alloc(arena, sizeof(*look));

	look->nft = nft;
	look->scope = *suspects;
	look->desired = desired;
	look->offset_usec = offset_usec;
	if (look->scope.all || look->scope.program) {
		look->observed = ruleset_new(arena);
	} else {
		assert(desired); /* or there is nothing to be assumed */
		look->observed = look_assume(desired, arena);
		look->dump = LOOK_DUMPS;
	}
	return look;
}

static int look_visit(void *data, const struct nlmsghdr *nlh)
{
	struct look *look = data;

	return look->decode(look->observed, nlh);
}

/* Forget what an interrupted dump has given. */
static void look_forget_dump(struct look *look)
{
	struct ruleset *observed = look->observed;
	size_t i;

	switch (look_program[look->dump].type) {
	case NFT_MSG_GETCHAIN:
		observed->n_chains = 0;
		break;
	case NFT_MSG_GETSET:
		observed->n_sets = 0;
		break;
	case NFT_MSG_GETOBJ:
	case NFT_MSG_GETFLOWTABLE:
		observed->n_others = look->n_others;
		break;
	case NFT_MSG_GETRULE:
		for (i = 0; i < observed->n_chains; i++)
			observed->chains[i].n_rules = 0;
		break;
	}
}

/* The set as it should be, if the kernel has one of the same shape */
static const struct set *look_wanted(const struct look *look,
				     const struct set *have)
{
	const struct set *want;

	if (!look->desired)
		return have;
	want = ruleset_set(look->desired, have->name);
	return want && set_same_shape(have, want) ? want : NULL;
}

/*
 * The program has been read. A set that has to be made anew misses all of its
 * elements. That it is gone has been notified, and so it is suspect as a whole;
 * if not, then we know less than we thought.
 */
static void look_check_sets(struct look *look)
{
	const struct suspect_set *suspect;
	size_t n_right = 0, n_known = 0, i;

	for (i = 0; i < look->observed->n_sets; i++)
		n_right += !!look_wanted(look, &look->observed->sets[i]);
	if (!look->desired || n_right == look->desired->n_sets)
		return;
	for (i = 0; i < look->desired->n_sets; i++) {
		suspect =
			suspects_set(&look->scope, look->desired->sets[i].name);
		n_known += suspect && suspect->whole;
	}
	if (n_right + n_known < look->desired->n_sets)
		look->scope.all = true;
}

static int look_ask_dump(struct look *look)
{
	uint16_t type = look_program[look->dump].type;
	struct nft_query query = { .type = type, .family = NFPROTO_INET };
	int rc;

	/* nobody but us has a table that is called so */
	if (type != NFT_MSG_GETTABLE && type != NFT_MSG_GETCHAIN)
		query.table = RULESET_TABLE;
	look->n_others = look->observed->n_others;
	look->decode = look_program[look->dump].decode;
	rc = nft_ask(look->nft, &query);
	look->asked = !rc;
	return rc;
}

static int look_end_dump(struct look *look, int rc)
{
	if (rc == -EINTR && look->tries++ < LOOK_TRIES) {
		look_forget_dump(look);
		return 1;
	}
	look->tries = 0;
	if (rc && rc != -EINTR)
		return rc;
	look->dump++;
	if (!look->observed->exists)
		look->over = true;
	else if (look->dump == LOOK_DUMPS)
		look_check_sets(look);
	return 1;
}

/* Elements of the set whose turn it is; false: none of it is suspect */
static bool look_ask_elems(struct look *look, int *rc)
{
	const struct set *set = &look->observed->sets[look->set];
	const struct suspect_set *suspect =
		suspects_set(&look->scope, set->name);
	struct nft_query query = {
		.type = NFT_MSG_GETSETELEM,
		.family = NFPROTO_INET,
		.table = RULESET_TABLE,
		.set = set->name,
	};

	/* of a set that is not ours, or will be made anew, none matter */
	if ((!look->scope.all && !suspect) || !look_wanted(look, set))
		return false;
	if (!look->scope.all && !suspect->whole) {
		if (look->key == suspect->n_keys)
			return false;
		query.keys = suspect->keys + look->key * suspect->key_len;
		query.key_len = suspect->key_len;
		query.n_keys = suspect->n_keys - look->key;
		if (query.n_keys > NFT_KEYS_MAX)
			query.n_keys = NFT_KEYS_MAX;
		look->key += query.n_keys;
	}
	look->decode = decode_elems;
	*rc = nft_ask(look->nft, &query);
	look->asked = !*rc;
	look->now_msec = look_time_msec(look);
	return true;
}

int look_step(struct look *look)
{
	int rc = 0;

	if (look->asked) {
		look->observed->now_msec = look->now_msec;
		rc = nft_answer(look->nft, look_visit, look);
		look->now_msec = look_time_msec(look);
		if (rc == 1)
			return 1;
		look->asked = false;
		if (look->dump < LOOK_DUMPS)
			return look_end_dump(look, rc);
		if (rc && rc != -EINTR)
			return rc;
		if (!look->key) /* it was read as a whole */
			look->set++;
		return 1;
	}
	if (!look->over && look->dump < LOOK_DUMPS) {
		rc = look_ask_dump(look);
		return rc ? rc : 1;
	}
	for (; !look->over && look->set < look->observed->n_sets;
	     look->set++, look->key = 0)
		if (look_ask_elems(look, &rc))
			return rc ? rc : 1;
	if (look->desired)
		look->expected = suspects_expect(&look->scope, look->desired);
	look->observed->now_msec = look_time_msec(look);
	return decode_finish(look->observed);
}

const struct ruleset *look_observed(const struct look *look)
{
	return look->observed;
}

const struct ruleset *look_expected(const struct look *look)
{
	return look->expected;
}

void look_end(struct look *look)
{
	if (look && look->asked)
		nft_give_up(look->nft);
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
	look_end(made);
	*look = made;
	return rc;
}

int look_all(struct nft *nft, struct arena *arena, struct ruleset **ruleset,
	     uint32_t *genid)
{
	struct suspects everything;
	const struct look *look;
	uint32_t before, after;
	unsigned int tries;
	int rc;

	suspects_init(&everything, arena);
	everything.all = true;
	for (tries = 0; tries < LOOK_TRIES; tries++) {
		rc = nft_generation(nft, &before);
		if (rc)
			return rc;
		rc = look_now(nft, &everything, NULL, day_offset_usec(), arena,
			      &look);
		if (nft_generation(nft, &after))
			return -EIO;
		/* what vanishes while it is listed may look like a mistake */
		if (before != after)
			continue;
		if (rc)
			return rc;
		*ruleset = look->observed;
		*genid = before;
		return 0;
	}
	return -EAGAIN;
}
