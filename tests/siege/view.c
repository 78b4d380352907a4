// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table as lines of text that can be compared. Easy to get wrong: what is
 * left out must be only what changes by itself. So from the kernel's messages
 * the attributes to leave out are named, and all others count, those that
 * nobody here knows as well. Rules keep their order; what has none is sorted.
 */
#include "view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw.h"

#define LINE_MAX_LEN (64 << 10)

/* Not in every kernel's headers: set, its number of elements */
#define SET_ATTR_COUNT 20

static void lines_add(struct view_lines *lines, char *line)
{
	if (!(lines->n & (lines->n - 1))) { /* grow at each power of two */
		size_t room = lines->n ? 2 * lines->n : 1;

		lines->lines = realloc(lines->lines, room * sizeof(char *));
		if (!lines->lines)
			abort();
	}
	lines->lines[lines->n++] = line;
}

static int cmp_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lines_sort(struct view_lines *lines)
{
	if (lines->n)
		qsort(lines->lines, lines->n, sizeof(char *), cmp_lines);
}

static void lines_free(struct view_lines *lines)
{
	size_t i;

	for (i = 0; i < lines->n; i++)
		free(lines->lines[i]);
	free(lines->lines);
}

/* ---- as nft prints it ---- */

/* Take out what changes by itself, all the way down. */
static void json_normalise(json_t *json)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_array(json))
		json_array_foreach(json, i, value)
			json_normalise(value);
	if (!json_is_object(json))
		return;
	json_object_del(json, "handle");
	json_object_del(json, "expires");
	value = json_object_get(json, "flags");
	if (json_is_string(value) && !strcmp(json_string_value(value), "mark"))
		json_object_del(json, "flags");
	json_object_del(json, "timeout"); /* shorter when it is made anew */
	value = json_object_get(json, "counter");
	if (json_is_object(value)) {
		json_object_del(value, "packets");
		json_object_del(value, "bytes");
	}
	json_object_foreach(json, key, value)
		json_normalise(value);
}

static char *json_line(const char *prefix, json_t *json)
{
	char *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT |
					      JSON_ENCODE_ANY);
	char *line;

	if (!text || asprintf(&line, "%s %s", prefix, text) < 0)
		abort();
	free(text);
	return line;
}

/* A set is a line, and so is each element of it. */
static void lines_add_set(struct view_lines *lines, json_t *set)
{
	const char *name = json_string_value(json_object_get(set, "name"));
	json_t *elem, *elems = json_object_get(set, "elem");
	char prefix[128];
	size_t i;

	snprintf(prefix, sizeof(prefix), "element %s", name);
	json_array_foreach(elems, i, elem)
		lines_add(lines, json_line(prefix, elem));
	json_object_del(set, "elem");
	lines_add(lines, json_line("set", set));
}

/* Where a rule stands in its chain; they come chain by chain */
struct position {
	const char *chain;
	size_t n;
};

static void lines_add_rule(struct view_lines *lines, json_t *rule,
			   struct position *last)
{
	const char *chain = json_string_value(json_object_get(rule, "chain"));
	char prefix[128];

	if (!last->chain || strcmp(chain, last->chain))
		last->n = 0;
	last->chain = chain;
	snprintf(prefix, sizeof(prefix), "rule %s %03zu", chain, last->n++);
	lines_add(lines, json_line(prefix, rule));
}

static void view_nft(json_t *listing, struct view_lines *lines)
{
	struct position last = { NULL, 0 };
	json_t *object, *body;
	const char *key;
	size_t i;

	json_normalise(listing);
	json_array_foreach(json_object_get(listing, "nftables"), i, object)
		json_object_foreach(object, key, body) {
			if (!strcmp(key, "set") || !strcmp(key, "map"))
				lines_add_set(lines, body);
			else if (!strcmp(key, "rule"))
				lines_add_rule(lines, body, &last);
			else if (strcmp(key, "metainfo"))
				lines_add(lines, json_line(key, body));
		}
	lines_sort(lines);
}

/* ---- as the kernel tells it ---- */

struct writer {
	char *text;
	size_t len;
};

static void write_hex(struct writer *w, const void *bytes, size_t len)
{
	const uint8_t *byte = bytes;

	while (len-- && w->len < LINE_MAX_LEN - 3)
		w->len += (size_t)sprintf(w->text + w->len, "%02x", *byte++);
}

static void write_text(struct writer *w, const char *text)
{
	int n = snprintf(w->text + w->len, LINE_MAX_LEN - w->len, "%s", text);

	w->len += (size_t)n;
	if (w->len >= LINE_MAX_LEN)
		abort(); /* nothing of ours is that long */
}

static void write_attr(struct writer *w, const struct nlattr *attr)
{
	char number[16];

	snprintf(number, sizeof(number), " %u=", mnl_attr_get_type(attr));
	write_text(w, number);
	write_hex(w, mnl_attr_get_payload(attr),
		  mnl_attr_get_payload_len(attr));
}

/* An expression; of a counter only that it is one */
static void write_expr(struct writer *w, const struct nlattr *expr)
{
	const struct nlattr *attr;
	bool counts = false;

	mnl_attr_for_each_nested(attr, expr)
	{
		if (mnl_attr_get_type(attr) == NFTA_EXPR_NAME) {
			counts = !strcmp(mnl_attr_get_str(attr), "counter");
			write_text(w, " ");
			write_text(w, mnl_attr_get_str(attr));
		} else if (!counts) {
			write_attr(w, attr);
		}
	}
}

static void write_exprs(struct writer *w, const struct nlattr *list)
{
	const struct nlattr *expr;

	write_text(w, " [");
	mnl_attr_for_each_nested(expr, list)
	{
		write_expr(w, expr);
	}
	write_text(w, " ]");
}

/* Attributes by what is done with them; bit n is type n */
struct kind {
	const char *name;
	uint32_t left_out;
	uint16_t expr, exprs;
};

#define BIT(n) (1u << (n))

/* That a table persists, without an owner, nobody can take from it again; and
 * it is as good as one that does not. nft 1.0.6 calls it "mark". */
static const struct kind kind_table = {
	"table",
	BIT(NFTA_TABLE_USE) | BIT(NFTA_TABLE_HANDLE) | BIT(NFTA_TABLE_PAD) |
		BIT(NFTA_TABLE_OWNER),
	0,
	0,
};
static const struct kind kind_chain = {
	"chain",
	BIT(NFTA_CHAIN_HANDLE) | BIT(NFTA_CHAIN_USE) |
		BIT(NFTA_CHAIN_COUNTERS) | BIT(NFTA_CHAIN_PAD) |
		BIT(NFTA_CHAIN_ID),
	0,
	0,
};
static const struct kind kind_rule = {
	"rule",
	BIT(NFTA_RULE_HANDLE) | BIT(NFTA_RULE_POSITION) | BIT(NFTA_RULE_PAD),
	0,
	NFTA_RULE_EXPRESSIONS,
};
/* In the userdata of sets nft keeps notes on how to print them. The comment is
 * there as well, which the other view shows. */
static const struct kind kind_set = {
	"set",
	BIT(NFTA_SET_USERDATA) | BIT(NFTA_SET_ID) | BIT(NFTA_SET_PAD) |
		BIT(NFTA_SET_HANDLE) | BIT(SET_ATTR_COUNT),
	NFTA_SET_EXPR,
	NFTA_SET_EXPRESSIONS,
};
static const struct kind kind_elem = {
	"element",
	BIT(NFTA_SET_ELEM_TIMEOUT) | BIT(NFTA_SET_ELEM_EXPIRATION) |
		BIT(NFTA_SET_ELEM_PAD),
	NFTA_SET_ELEM_EXPR,
	NFTA_SET_ELEM_EXPRESSIONS,
};
static const struct kind kind_object = {
	"object",
	BIT(NFTA_OBJ_USE) | BIT(NFTA_OBJ_HANDLE) | BIT(NFTA_OBJ_PAD),
	0,
	0,
};
static const struct kind kind_flowtable = {
	"flowtable",
	BIT(NFTA_FLOWTABLE_USE) | BIT(NFTA_FLOWTABLE_HANDLE) |
		BIT(NFTA_FLOWTABLE_PAD),
	0,
	0,
};

static void write_kind_attr(struct writer *w, const struct kind *kind,
			    const struct nlattr *attr)
{
	uint16_t type = mnl_attr_get_type(attr);

	if (type < 32 && kind->left_out & BIT(type))
		return;
	if (kind == &kind_table && type == NFTA_TABLE_FLAGS &&
	    mnl_attr_get_u32(attr) == htonl(RAW_F_PERSIST))
		return write_text(w, " 2=00000000");
	if (type && type == kind->expr)
		write_expr(w, attr);
	else if (type && type == kind->exprs)
		write_exprs(w, attr);
	else
		write_attr(w, attr);
}

/**
 * struct kernel_reader - what is being read
 * @chain, @n_rule: rules come chain by chain
 * @sets: names of the sets, to be read afterwards
 */
struct kernel_reader {
	struct view_lines *lines;
	const struct kind *kind;
	char chain[NFT_NAME_MAXLEN];
	unsigned int n_rule;
	struct view_lines sets;
	char text[LINE_MAX_LEN];
};

static const char *string_attr(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == type)
			return mnl_attr_get_str(attr);
	}
	return "";
}

static void keep_line(struct kernel_reader *reader)
{
	char *line = strdup(reader->text);

	if (!line)
		abort();
	lines_add(reader->lines, line);
}

static int kernel_see(const struct nlmsghdr *nlh, void *data)
{
	struct kernel_reader *reader = data;
	struct writer w = { .text = reader->text };
	const struct nlattr *attr;
	char place[NFT_NAME_MAXLEN + 16];
	const char *chain;

	write_text(&w, reader->kind->name);
	if (reader->kind == &kind_rule) {
		chain = string_attr(nlh, NFTA_RULE_CHAIN);
		if (strcmp(chain, reader->chain))
			reader->n_rule = 0;
		snprintf(reader->chain, sizeof(reader->chain), "%s", chain);
		snprintf(place, sizeof(place), " %s %03u", chain,
			 reader->n_rule++);
		write_text(&w, place);
	}
	if (reader->kind == &kind_set)
		lines_add(&reader->sets,
			  strdup(string_attr(nlh, NFTA_SET_NAME)));
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		write_kind_attr(&w, reader->kind, attr);
	}
	keep_line(reader);
	return 0;
}

static bool is_zero(const struct nlattr *attr)
{
	const uint8_t *byte = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	while (len && !*byte) {
		byte++;
		len--;
	}
	return !len;
}

/*
 * Before the first interval of a set nft puts an end at 0 where nothing has
 * begun, or does not: it means nothing, and nft does not print it either.
 */
static bool elem_is_nothing(const struct nlattr *elem)
{
	const struct nlattr *attr, *value;
	bool ends = false, zero = false;

	mnl_attr_for_each_nested(attr, elem)
	{
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_FLAGS)
			ends = ntohl(mnl_attr_get_u32(attr)) ==
			       NFT_SET_ELEM_INTERVAL_END;
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_KEY)
			continue;
		mnl_attr_for_each_nested(value, attr)
		{
			zero = is_zero(value);
		}
	}
	return ends && zero;
}

static int elems_see(const struct nlmsghdr *nlh, void *data)
{
	struct kernel_reader *reader = data;
	const struct nlattr *list, *elem, *attr;

	mnl_attr_for_each(list, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(elem, list)
		{
			struct writer w = { .text = reader->text };

			if (elem_is_nothing(elem))
				continue;
			write_text(&w, "element ");
			write_text(&w,
				   string_attr(nlh, NFTA_SET_ELEM_LIST_SET));
			mnl_attr_for_each_nested(attr, elem)
			{
				write_kind_attr(&w, &kind_elem, attr);
			}
			keep_line(reader);
		}
	}
	return 0;
}

static int view_kernel(struct raw *raw, struct view_lines *lines)
{
	static const struct {
		uint16_t type;
		const struct kind *kind;
	} parts[] = {
		{ NFT_MSG_GETTABLE, &kind_table },
		{ NFT_MSG_GETCHAIN, &kind_chain },
		{ NFT_MSG_GETRULE, &kind_rule },
		{ NFT_MSG_GETSET, &kind_set },
		{ NFT_MSG_GETOBJ, &kind_object },
		{ NFT_MSG_GETFLOWTABLE, &kind_flowtable },
	};
	struct kernel_reader *reader = calloc(1, sizeof(*reader));
	size_t i;
	int rc = 0;

	if (!reader)
		abort();
	reader->lines = lines;
	for (i = 0; !rc && i < sizeof(parts) / sizeof(*parts); i++) {
		reader->kind = parts[i].kind;
		rc = raw_dump(raw, parts[i].type, NULL, kernel_see, reader);
		if (rc == -ENOENT) /* no such table: no such parts of it */
			rc = 0;
	}
	for (i = 0; !rc && i < reader->sets.n; i++)
		rc = raw_dump(raw, NFT_MSG_GETSETELEM, reader->sets.lines[i],
			      elems_see, reader);
	lines_free(&reader->sets);
	free(reader);
	lines_sort(lines);
	return rc;
}

/* ---- both ---- */

int table_view_take(struct raw *raw, json_t *listing, struct table_view *view)
{
	int rc;

	memset(view, 0, sizeof(*view));
	rc = view_kernel(raw, &view->kernel);
	if (rc) {
		table_view_free(view);
		return rc;
	}
	if (listing)
		view_nft(listing, &view->nft);
	return 0;
}

void table_view_free(struct table_view *view)
{
	lines_free(&view->nft);
	lines_free(&view->kernel);
	memset(view, 0, sizeof(*view));
}

static bool lines_same(const struct view_lines *before,
		       const struct view_lines *after, const char *what,
		       FILE *out)
{
	size_t i = 0;

	while (i < before->n && i < after->n &&
	       !strcmp(before->lines[i], after->lines[i]))
		i++;
	if (i == before->n && i == after->n)
		return true;
	fprintf(out,
		"        the table as %s: %zu lines before, %zu after; the "
		"first that differ:\n        - %.400s\n        + %.400s\n",
		what, before->n, after->n,
		i < before->n ? before->lines[i] : "(end)",
		i < after->n ? after->lines[i] : "(end)");
	return false;
}

bool table_view_same(const struct table_view *before,
		     const struct table_view *after, FILE *out)
{
	bool same = lines_same(&before->nft, &after->nft, "nft prints it", out);

	return lines_same(&before->kernel, &after->kernel,
			  "the kernel tells it", out) &&
	       same;
}
