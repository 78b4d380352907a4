// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the kernel's notifications to what has to be read again. Easy to get
 * wrong: passing over what was not understood. A key that is missed here is
 * not looked at until the next comparison of everything, so whatever is not
 * plainly one element, one set or somebody else's makes more suspect, never
 * less. That is also why attributes are walked here and not with
 * mnl_attr_parse(), which takes a broken one for the end.
 */
#include "suspect.h"

#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"
#include "diff.h"

/* So many names of sets of ours there are not; somebody is making them up. */
#define SETS_MAX 64
#define KEYS_FIRST 16

enum kind {
	KIND_UNKNOWN,
	KIND_NOTHING,
	KIND_TABLE,
	KIND_PROGRAM,
	KIND_SET,
	KIND_ELEMS,
};

/*
 * Whatever a message is about, the table is its first attribute; and the name
 * of the set is the second of those about sets and elements.
 */
#define ATTR_TABLE 1
#define ATTR_SET 2

/* Attributes of one level by type; those beyond are of no interest here */
#define ATTRS_MAX 12
_Static_assert(NFTA_SET_ELEM_KEY_END < ATTRS_MAX, "ends of keys");

struct attrs {
	const struct nlattr *table[ATTRS_MAX];
};

void suspects_init(struct suspects *suspects, struct arena *arena)
{
	*suspects = (struct suspects){ .arena = arena };
}

bool suspects_any(const struct suspects *suspects)
{
	return suspects->all || suspects->program || suspects->n_sets;
}

static struct suspect_set *find_set(const struct suspects *suspects,
				    const char *name)
{
	size_t i;

	for (i = 0; i < suspects->n_sets; i++)
		if (!strcmp(suspects->sets[i].name, name))
			return &suspects->sets[i];
	return NULL;
}

const struct suspect_set *suspects_set(const struct suspects *suspects,
				       const char *name)
{
	static const struct suspect_set everything = { .name = "",
						       .whole = true };

	return suspects->all ? &everything : find_set(suspects, name);
}

/* The named set, with nothing of it suspect if it is new; NULL: too many */
static struct suspect_set *get_set(struct suspects *suspects, const char *name)
{
	struct suspect_set *set = find_set(suspects, name);

	if (set)
		return set;
	if (suspects->n_sets == SETS_MAX) {
		suspects->all = true;
		return NULL;
	}
	suspects->sets = arena_push(suspects->arena, suspects->sets,
				    &suspects->n_sets, sizeof(*set));
	set = &suspects->sets[suspects->n_sets - 1];
	set->name = arena_copy(suspects->arena, name, strlen(name));
	return set;
}

static void make_whole(struct suspect_set *set)
{
	set->whole = true;
	set->keys = NULL;
	set->n_keys = 0;
	set->size_keys = 0;
}

void suspects_add_set(struct suspects *suspects, const char *name)
{
	struct suspect_set *set = get_set(suspects, name);

	if (set)
		make_whole(set);
}

static int key_order(const void *a, const void *b, void *len)
{
	return memcmp(a, b, *(const size_t *)len);
}

/* Who changes one element a thousand times must not make us read all. */
static void drop_duplicates(struct suspect_set *set)
{
	size_t len = set->key_len, n = 1, i;

	qsort_r(set->keys, set->n_keys, len, key_order, &len);
	for (i = 1; i < set->n_keys; i++) {
		const uint8_t *key = set->keys + i * len;

		if (!memcmp(set->keys + (n - 1) * len, key, len))
			continue;
		memmove(set->keys + n * len, key, len);
		n++;
	}
	set->n_keys = n;
}

static void add_key(struct suspects *suspects, struct suspect_set *set,
		    const uint8_t *key)
{
	uint8_t *keys;
	size_t size;

	if (set->n_keys >= set->max_keys) {
		drop_duplicates(set);
		/* So that it is not sorted for every single key */
		if (set->n_keys > set->max_keys / 2) {
			make_whole(set);
			return;
		}
	}
	if (set->n_keys == set->size_keys) {
		size = set->size_keys ? 2 * set->size_keys : KEYS_FIRST;
		keys = arena_alloc(suspects->arena, size * set->key_len);
		if (set->n_keys)
			memcpy(keys, set->keys, set->n_keys * set->key_len);
		set->keys = keys;
		set->size_keys = size;
	}
	memcpy(set->keys + set->n_keys * set->key_len, key, set->key_len);
	set->n_keys++;
}

/* Its elements are looked up by their keys, if they can be. */
static void take_shape(struct suspect_set *set, const struct set *shape)
{
	size_t share = shape->n_elems / SUSPECT_KEYS_SHARE;

	if (set_is_interval(shape) || !shape->key_len ||
	    (set->n_keys && set->key_len != shape->key_len)) {
		make_whole(set);
		return;
	}
	set->key_len = shape->key_len;
	set->max_keys = share > SUSPECT_KEYS_MIN ? share : SUSPECT_KEYS_MIN;
}

void suspects_add_key(struct suspects *suspects, const struct set *shape,
		      const uint8_t *key)
{
	struct suspect_set *set = get_set(suspects, shape->name);

	if (!set)
		return;
	take_shape(set, shape);
	if (!set->whole)
		add_key(suspects, set, key);
}

static void add_elem(struct suspects *suspects, const struct elem_edit *edit)
{
	if (edit->what == ELEM_ONE)
		suspects_add_key(suspects, edit->set, edit->elem->key);
	else
		suspects_add_set(suspects, edit->set->name);
}

void suspects_add_edits(struct suspects *suspects, const struct edits *edits)
{
	size_t i;

	if (edits->scope > EDIT_ELEMENTS)
		suspects->all = true;
	for (i = 0; !suspects->all && i < edits->n_added; i++)
		add_elem(suspects, &edits->added[i]);
	for (i = 0; !suspects->all && i < edits->n_deleted; i++)
		add_elem(suspects, &edits->deleted[i]);
}

/* Are these @len bytes attributes, and nothing else? */
static bool parse_attrs(const void *data, size_t len, struct attrs *attrs)
{
	const char *end = (const char *)data + len;
	const struct nlattr *attr;

	memset(attrs, 0, sizeof(*attrs));
	for (attr = data; mnl_attr_ok(attr, end - (const char *)attr);
	     attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) < ATTRS_MAX)
			attrs->table[mnl_attr_get_type(attr)] = attr;
	/* The padding of the last one may be missing. */
	return (const char *)attr >= end;
}

static bool parse_nest(const struct nlattr *nest, struct attrs *attrs)
{
	return nest && parse_attrs(mnl_attr_get_payload(nest),
				   mnl_attr_get_payload_len(nest), attrs);
}

static bool parse_message(const struct nlmsghdr *nlh, struct attrs *attrs)
{
	const size_t head = MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg);

	return nlh->nlmsg_len >= head &&
	       parse_attrs((const char *)nlh + head, nlh->nlmsg_len - head,
			   attrs);
}

/* NULL if it is not there, or no text */
static const char *get_text(const struct attrs *attrs, unsigned int type)
{
	const struct nlattr *attr = attrs->table[type];

	if (!attr || mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return NULL;
	return mnl_attr_get_str(attr);
}

static enum kind kind_of(unsigned int type)
{
	switch (type) {
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_DELTABLE:
		return KIND_TABLE;
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_NEWRULE:
	case NFT_MSG_DELRULE:
	case NFT_MSG_NEWOBJ:
	case NFT_MSG_DELOBJ:
	case NFT_MSG_NEWFLOWTABLE:
	case NFT_MSG_DELFLOWTABLE:
		return KIND_PROGRAM;
	case NFT_MSG_NEWSET:
	case NFT_MSG_DELSET:
		return KIND_SET;
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_DELSETELEM:
		return KIND_ELEMS;
	case NFT_MSG_NEWGEN:
	case NFT_MSG_TRACE:
		return KIND_NOTHING;
	}
	return KIND_UNKNOWN;
}

/*
 * One element: its key is suspect, or all of its set when it has none that can
 * be looked up.
 */
static bool note_elem(struct suspects *suspects, struct suspect_set *set,
		      const struct nlattr *nest)
{
	struct attrs attrs, key;
	const struct nlattr *value = NULL;

	if (!parse_nest(nest, &attrs))
		return false;
	if (attrs.table[NFTA_SET_ELEM_KEY]) {
		if (!parse_nest(attrs.table[NFTA_SET_ELEM_KEY], &key))
			return false;
		value = key.table[NFTA_DATA_VALUE];
	}
	if (!value || mnl_attr_get_payload_len(value) != set->key_len ||
	    attrs.table[NFTA_SET_ELEM_KEY_END] ||
	    attrs.table[NFTA_SET_ELEM_FLAGS])
		make_whole(set);
	else if (!set->whole)
		add_key(suspects, set, mnl_attr_get_payload(value));
	return true;
}

static bool note_elems(struct suspects *suspects, struct suspect_set *set,
		       const struct nlattr *list)
{
	const struct nlattr *attr;
	const char *end;

	if (!list || !mnl_attr_get_payload_len(list)) {
		make_whole(set);
		return true;
	}
	attr = mnl_attr_get_payload(list);
	end = (const char *)attr + mnl_attr_get_payload_len(list);
	for (; mnl_attr_ok(attr, end - (const char *)attr);
	     attr = mnl_attr_next(attr))
		if (!note_elem(suspects, set, attr))
			return false;
	return (const char *)attr >= end;
}

static bool note_elem_list(struct suspects *suspects,
			   const struct ruleset *known,
			   const struct attrs *attrs)
{
	const char *name = get_text(attrs, ATTR_SET);
	const struct set *shape;
	struct suspect_set *set;

	if (!name)
		return false;
	set = get_set(suspects, name);
	if (!set)
		return true;
	shape = ruleset_set(known, name);
	if (!shape) {
		/* Then more than its elements is not known. */
		suspects->program = true;
		make_whole(set);
	} else {
		take_shape(set, shape);
	}
	return note_elems(suspects, set,
			  attrs->table[NFTA_SET_ELEM_LIST_ELEMENTS]);
}

/* false: not well formed */
static bool note_ours(struct suspects *suspects, const struct ruleset *known,
		      enum kind kind, const struct attrs *attrs)
{
	const char *name;

	switch (kind) {
	case KIND_UNKNOWN:
	case KIND_NOTHING:
	case KIND_TABLE:
		suspects->all = true;
		return true;
	case KIND_PROGRAM:
		suspects->program = true;
		return true;
	case KIND_SET:
		suspects->program = true;
		name = get_text(attrs, ATTR_SET);
		if (name)
			suspects_add_set(suspects, name);
		return name;
	case KIND_ELEMS:
		return note_elem_list(suspects, known, attrs);
	}
	return false;
}

enum touch suspects_note(struct suspects *suspects, const struct ruleset *known,
			 const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	enum kind kind = kind_of(NFNL_MSG_TYPE(nlh->nlmsg_type));
	struct attrs attrs;
	const char *table;

	if (NFNL_SUBSYS_ID(nlh->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
	    kind == KIND_NOTHING)
		return TOUCH_NOTHING;
	table = parse_message(nlh, &attrs) ? get_text(&attrs, ATTR_TABLE) :
					     NULL;
	if (!table || kind == KIND_UNKNOWN) {
		suspects->all = true;
		return TOUCH_OURS;
	}
	if (nfg->nfgen_family != NFPROTO_INET || strcmp(table, RULESET_TABLE))
		return kind == KIND_ELEMS ? TOUCH_NOTHING : TOUCH_OTHERS;
	if (!suspects->all &&
	    (!known || !note_ours(suspects, known, kind, &attrs)))
		suspects->all = true;
	return TOUCH_OURS;
}

static int elem_order(const void *a, const void *b)
{
	/* Both are of one sorted array. */
	const struct elem *const *x = a, *const *y = b;

	return (*x > *y) - (*x < *y);
}

/* Leave in @set, which is one of the desired, what is suspect of it. */
static void keep_suspects(const struct suspects *suspects, struct set *set)
{
	const struct suspect_set *suspect = suspects_set(suspects, set->name);
	const struct elem **found, *elem;
	struct elem *elems;
	size_t n_found = 0, n = 0, i;

	/* Keys of another length are not this set's, so all of it is. */
	if (suspect && (suspect->whole || set_is_interval(set) ||
			suspect->key_len != set->key_len))
		return;
	found = arena_alloc(suspects->arena,
			    (suspect ? suspect->n_keys : 0) * sizeof(*found));
	for (i = 0; suspect && i < suspect->n_keys; i++) {
		elem = set_find(set, suspect->keys + i * suspect->key_len);
		if (elem)
			found[n_found++] = elem;
	}
	qsort(found, n_found, sizeof(*found), elem_order);
	elems = arena_alloc(suspects->arena, n_found * sizeof(*elems));
	for (i = 0; i < n_found; i++)
		if (!i || found[i] != found[i - 1])
			elems[n++] = *found[i];
	set->elems = elems;
	set->n_elems = n;
}

struct ruleset *suspects_expect(const struct suspects *suspects,
				const struct ruleset *desired)
{
	struct arena *arena = suspects->arena;
	struct ruleset *expected = arena_alloc(arena, sizeof(*expected));
	size_t i;

	*expected = *desired;
	expected->arena = arena;
	expected->sets =
		arena_alloc(arena, desired->n_sets * sizeof(*expected->sets));
	for (i = 0; i < desired->n_sets; i++) {
		expected->sets[i] = desired->sets[i];
		keep_suspects(suspects, &expected->sets[i]);
	}
	return expected;
}
