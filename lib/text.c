// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rulesets in nft's own words. A rule is printed by carrying out its
 * expressions on registers that hold words instead of values: what a lookup
 * finds in its registers is the text of its key. Easy to get wrong: nft reads
 * names and comments back, so nothing that could end a string may be printed;
 * names are checked when the configuration is read, comments are filtered here.
 */
#include "text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

#include "addr.h"
#include "calendar.h"

struct out {
	char *text;
	size_t len, size;
	uint64_t now_msec; /* 0: unknown */
};

/* What the words of the registers mean while a rule is printed */
struct machine {
	const struct ruleset *ruleset;
	struct out *out;
	char words[REG_WORDS][64];
	bool continues[REG_WORDS]; /* belongs to the word before it */
};

static void put(struct out *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void grow(struct out *out, size_t len)
{
	size_t size = 2 * out->size + len + 256;
	char *text = realloc(out->text, size);

	if (!text)
		abort();
	out->text = text;
	out->size = size;
}

static void put(struct out *out, const char *fmt, ...)
{
	va_list args;
	int len;

	for (;;) {
		va_start(args, fmt);
		len = vsnprintf(out->text ? out->text + out->len : NULL,
				out->size - out->len, fmt, args);
		va_end(args);
		if (len < 0)
			abort();
		if ((size_t)len < out->size - out->len)
			break;
		grow(out, len);
	}
	out->len += len;
}

static void put_comment(struct out *out, const char *comment)
{
	size_t i;

	if (!comment)
		return;
	put(out, " comment \"");
	for (i = 0; i < 127 && comment[i]; i++)
		put(out, "%c",
		    comment[i] == '"' || comment[i] == '\\' ? '\'' :
							      comment[i]);
	put(out, "\"");
}

static const struct {
	uint32_t key;
	const char *word;
	unsigned int n_regs;
} meta_words[] = {
	{ NFT_META_NFPROTO, "meta nfproto", 1 },
	{ NFT_META_L4PROTO, "meta l4proto", 1 },
	{ NFT_META_IIF, "iif", 1 },
	{ NFT_META_OIF, "oif", 1 },
	{ NFT_META_IIFNAME, "iifname", 4 },
	{ NFT_META_OIFNAME, "oifname", 4 },
	{ NFT_META_IIFTYPE, "iiftype", 1 },
	{ NFT_META_MARK, "meta mark", 1 },
}, ct_words[] = {
	{ NFT_CT_STATE, "ct state", 1 },
	{ NFT_CT_MARK, "ct mark", 1 },
	{ NFT_CT_DIRECTION, "ct direction", 1 },
};

static const struct {
	uint32_t base, offset, len;
	uint8_t family; /* of the rule so far; 0: any */
	uint8_t l4proto; /* 0: any */
	const char *word;
} payload_words[] = {
	{ NFT_PAYLOAD_LL_HEADER, 6, 6, 0, 0, "ether saddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFPROTO_IPV4, 0, "ip saddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, 16, 4, NFPROTO_IPV4, 0, "ip daddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, 8, 16, NFPROTO_IPV6, 0, "ip6 saddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, 24, 16, NFPROTO_IPV6, 0, "ip6 daddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, 7, 1, NFPROTO_IPV6, 0, "ip6 hoplimit" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1, 0, IPPROTO_TCP, "tcp flags" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0, IPPROTO_ICMP, "icmp type" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0, IPPROTO_ICMPV6,
	  "icmpv6 type" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 0, 0, "th dport" },
};

/* nft's data types: the name, the bytes that count, and how values look */
enum look {
	LOOK_HEX,
	LOOK_NUMBER,
	LOOK_NAME,
	LOOK_ADDR,
	LOOK_MAC,
	LOOK_PROTO,
	LOOK_DIRECTION
};

static const struct type_word {
	uint32_t type;
	const char *name;
	unsigned int len;
	enum look look;
} type_words[] = {
	{ 7, "ipv4_addr", 4, LOOK_ADDR },
	{ 8, "ipv6_addr", 16, LOOK_ADDR },
	{ 9, "ether_addr", 6, LOOK_MAC },
	{ 12, "inet_proto", 1, LOOK_PROTO },
	{ 13, "inet_service", 2, LOOK_NUMBER },
	{ 14, "icmp_type", 1, LOOK_NUMBER },
	{ 19, "mark", 4, LOOK_HEX },
	{ 27, "ct_dir", 1, LOOK_DIRECTION },
	{ 29, "icmpv6_type", 1, LOOK_NUMBER },
	{ 41, "ifname", 16, LOOK_NAME },
};

#define TYPE_BITS 6
#define TYPE_MASK 0x3f

static const struct type_word *type_word(uint32_t type)
{
	size_t i;

	for (i = 0; i < sizeof(type_words) / sizeof(*type_words); i++)
		if (type_words[i].type == type)
			return &type_words[i];
	return NULL;
}

/*
 * Fields of a concatenated type, the first one first; 0 if one is unknown. The
 * kernel does not check the type: it need not fit the length of the key.
 */
static size_t type_fields(uint32_t type, const struct type_word *fields[5])
{
	size_t n = 0, i;
	uint32_t rest;

	for (rest = type; rest; rest >>= TYPE_BITS)
		n++;
	if (n > 5)
		return 0;
	for (i = n; i--; type >>= TYPE_BITS) {
		fields[i] = type_word(type & TYPE_MASK);
		if (!fields[i])
			return 0;
	}
	return n;
}

static void put_hex(struct out *out, const uint8_t *bytes, size_t len)
{
	size_t i;

	put(out, "0x");
	for (i = 0; i < len; i++)
		put(out, "%02x", bytes[i]);
}

static void put_field(struct out *out, const struct type_word *type,
		      const uint8_t *bytes)
{
	char text[ADDR_TEXT];
	struct addr addr = { .family = type->len == 4 ? 4 : 6 };
	struct mac mac;
	uint32_t mark;

	switch (type->look) {
	case LOOK_HEX:
		memcpy(&mark, bytes, sizeof(mark));
		put(out, "0x%08x", mark);
		break;
	case LOOK_NUMBER:
		put(out, "%u",
		    type->len == 2 ? bytes[0] << 8 | bytes[1] : bytes[0]);
		break;
	case LOOK_NAME:
		put(out, "\"%.16s\"", (const char *)bytes);
		break;
	case LOOK_ADDR:
		memcpy(addr.bytes, bytes, type->len);
		put(out, "%s", addr_print(&addr, text));
		break;
	case LOOK_MAC:
		memcpy(mac.bytes, bytes, sizeof(mac.bytes));
		put(out, "%s", mac_print(&mac, text));
		break;
	case LOOK_PROTO:
		if (proto_name(bytes[0]))
			put(out, "%s", proto_name(bytes[0]));
		else
			put(out, "%u", bytes[0]);
		break;
	case LOOK_DIRECTION:
		put(out, "%s", bytes[0] ? "reply" : "original");
		break;
	}
}

static void put_key(struct out *out, const struct set *set, const uint8_t *key)
{
	const struct type_word *fields[5];
	size_t i, n = type_fields(set->key_type, fields), len = 0;

	for (i = 0; i < n; i++)
		len = ((len + 3) & ~3u) + fields[i]->len;
	if (!n || len > set->key_len) {
		put_hex(out, key, set->key_len);
		return;
	}
	for (i = 0; i < n; i++) {
		put(out, "%s", i ? " . " : "");
		put_field(out, fields[i], key);
		key += (fields[i]->len + 3) & ~3u;
	}
}

static void put_verdict(struct out *out, const struct verdict *verdict)
{
	switch (verdict->code) {
	case NF_ACCEPT:
		put(out, "accept");
		break;
	case NF_DROP:
		put(out, "drop");
		break;
	case NFT_RETURN:
		put(out, "return");
		break;
	case NFT_CONTINUE:
		put(out, "continue");
		break;
	case NFT_JUMP:
		put(out, "jump %s", verdict->chain);
		break;
	case NFT_GOTO:
		put(out, "goto %s", verdict->chain);
		break;
	default: /* not an enum of ours: whatever the kernel reports */
		put(out, "verdict %d", verdict->code);
		break;
	}
}

/* For how long or, where it is not known what time it is, until when */
static void put_end(struct out *out, uint64_t end_msec)
{
	uint64_t seconds = end_msec / 1000;
	unsigned int date;

	if (!end_msec)
		return;
	if (out->now_msec) {
		seconds = end_msec > out->now_msec ?
				  (end_msec - out->now_msec) / 1000 :
				  0;
		put(out, " timeout %llud%uh%um%us",
		    (unsigned long long)(seconds / DAY_SECONDS),
		    (unsigned int)(seconds / 3600 % 24),
		    (unsigned int)(seconds / 60 % 60),
		    (unsigned int)(seconds % 60));
		return;
	}
	date = date_of_days((int64_t)(seconds / DAY_SECONDS));
	seconds %= DAY_SECONDS;
	put(out, " [until %04u-%02u-%02uT%02u:%02u:%02uZ]", date / 10000,
	    date / 100 % 100, date % 100, (unsigned int)(seconds / 3600),
	    (unsigned int)(seconds / 60 % 60), (unsigned int)(seconds % 60));
}

static void put_elem(struct out *out, const struct set *set,
		     const struct elem *elem)
{
	put_key(out, set, elem->key);
	if (set_is_interval(set) &&
	    memcmp(elem->key, elem->key + set->key_len, set->key_len)) {
		put(out, "-");
		put_key(out, set, elem->key + set->key_len);
	}
	put_end(out, elem->end_msec);
	put_comment(out, elem->comment);
	if (elem->has_other)
		put(out, " [unknown attributes]");
	if (!(set->flags & NFT_SET_MAP))
		return;
	put(out, " : ");
	if (set->data_type == NFT_DATA_VERDICT)
		put_verdict(out, elem->verdict);
	else
		put(out, "0x%08x", elem->mark);
}

static void put_type(struct out *out, uint32_t type)
{
	const struct type_word *fields[5];
	size_t i, n = type_fields(type, fields);

	if (!n)
		put(out, "unknown-%x", type);
	for (i = 0; i < n; i++)
		put(out, "%s%s", i ? " . " : "", fields[i]->name);
}

static void put_set_type(struct out *out, const struct set *set)
{
	put(out, "type ");
	put_type(out, set->key_type);
	if (!(set->flags & NFT_SET_MAP))
		return;
	put(out, " : ");
	if (set->data_type == NFT_DATA_VERDICT)
		put(out, "verdict");
	else
		put_type(out, set->data_type);
}

static void put_set(struct out *out, const struct set *set)
{
	size_t i;

	put(out, "\t%s %s {\n\t\t", set->flags & NFT_SET_MAP ? "map" : "set",
	    set->name);
	put_set_type(out, set);
	put(out, "\n");
	if (set_is_interval(set))
		put(out, "\t\tflags interval\n");
	else if (set_times_out(set))
		put(out, "\t\tflags timeout\n");
	if (set->size)
		put(out, "\t\tsize %u\n", set->size);
	if (set->counts)
		put(out, "\t\tcounter\n");
	if (set->comment)
		put(out, "\t\tcomment \"%s\"\n", set->comment);
	for (i = 0; i < set->n_elems; i++) {
		put(out, "%s", i ? ",\n\t\t\t     " : "\t\telements = { ");
		put_elem(out, set, &set->elems[i]);
	}
	put(out, "%s\t}\n\n", set->n_elems ? " }\n" : "");
}

static void word_set(struct machine *m, int8_t reg, unsigned int n_regs,
		     const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void word_set(struct machine *m, int8_t reg, unsigned int n_regs,
		     const char *fmt, ...)
{
	va_list args;
	unsigned int i;

	va_start(args, fmt);
	vsnprintf(m->words[reg], sizeof(m->words[reg]), fmt, args);
	va_end(args);
	m->continues[reg] = false;
	for (i = 1; i < n_regs && reg + i < REG_WORDS; i++)
		m->continues[reg + i] = true;
}

static void put_meta(struct machine *m, const struct expr *expr)
{
	size_t i;

	for (i = 0; i < sizeof(meta_words) / sizeof(*meta_words); i++) {
		if (meta_words[i].key != expr->key)
			continue;
		if (expr->writes)
			put(m->out, " %s set %s", meta_words[i].word,
			    m->words[expr->sreg]);
		else
			word_set(m, expr->dreg, meta_words[i].n_regs, "%s",
				 meta_words[i].word);
		return;
	}
	if (expr->writes)
		put(m->out, " meta key-%u set %s", expr->key,
		    m->words[expr->sreg]);
	else
		word_set(m, expr->dreg, 1, "meta key-%u", expr->key);
}

static void put_ct(struct machine *m, const struct expr *expr)
{
	size_t i;

	for (i = 0; i < sizeof(ct_words) / sizeof(*ct_words); i++) {
		if (ct_words[i].key != expr->key)
			continue;
		if (expr->writes)
			put(m->out, " %s set %s", ct_words[i].word,
			    m->words[expr->sreg]);
		else
			word_set(m, expr->dreg, 1, "%s", ct_words[i].word);
		return;
	}
	if (expr->writes)
		put(m->out, " ct key-%u set %s", expr->key,
		    m->words[expr->sreg]);
	else
		word_set(m, expr->dreg, 1, "ct key-%u", expr->key);
}

static void load_payload(struct machine *m, const struct expr *expr,
			 uint8_t family, uint8_t l4proto)
{
	static const char bases[][3] = { "ll", "nh", "th" };
	unsigned int n_regs = (expr->len + 3) / 4;
	size_t i;

	for (i = 0; i < sizeof(payload_words) / sizeof(*payload_words); i++) {
		if (payload_words[i].base != expr->key ||
		    payload_words[i].offset != expr->offset ||
		    payload_words[i].len != expr->len ||
		    (payload_words[i].family &&
		     payload_words[i].family != family) ||
		    (payload_words[i].l4proto &&
		     payload_words[i].l4proto != l4proto))
			continue;
		word_set(m, expr->dreg, n_regs, "%s", payload_words[i].word);
		return;
	}
	word_set(m, expr->dreg, n_regs, "@%s,%u,%u",
		 expr->key < 3 ? bases[expr->key] : "?", expr->offset * 8,
		 expr->len * 8);
}

static void load_exthdr(struct machine *m, const struct expr *expr)
{
	if (expr->offset == NFT_EXTHDR_OP_IPV6 && expr->key == IPPROTO_ROUTING)
		word_set(m, expr->dreg, 1, "exthdr rt");
	else
		word_set(m, expr->dreg, 1, "exthdr %u of kind %u", expr->key,
			 expr->offset);
}

static void load_fib(struct machine *m, const struct expr *expr)
{
	word_set(m, expr->dreg, 1, "fib%s%s%s%s",
		 expr->flags & NFTA_FIB_F_SADDR ? " saddr" : "",
		 expr->flags & NFTA_FIB_F_DADDR ? " daddr" : "",
		 expr->flags & NFTA_FIB_F_IIF ? " . iif" : "",
		 expr->key == NFT_FIB_RESULT_ADDRTYPE ? " type" : " oif");
}

/* The states in @mask, joined; false if it has others as well, or none */
static bool mask_states(struct machine *m, const struct expr *expr,
			uint32_t mask)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} states[] = {
		{ NF_CT_STATE_INVALID_BIT, "invalid" },
		{ NF_CT_STATE_BIT(IP_CT_ESTABLISHED), "established" },
		{ NF_CT_STATE_BIT(IP_CT_RELATED), "related" },
		{ NF_CT_STATE_BIT(IP_CT_NEW), "new" },
		{ NF_CT_STATE_UNTRACKED_BIT, "untracked" },
	};
	char names[sizeof(m->words[0])] = "";
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(*states); i++) {
		if (!(mask & states[i].bit))
			continue;
		mask &= ~states[i].bit;
		strcat(names, *names ? "," : "");
		strcat(names, states[i].name);
	}
	if (mask || !*names)
		return false;
	word_set(m, expr->dreg, 1, "ct state %s", names);
	return true;
}

static void mask_word(struct machine *m, const struct expr *expr)
{
	char word[sizeof(m->words[0])];
	uint32_t mask = 0;

	memcpy(word, m->words[expr->sreg], sizeof(word));
	if (!strcmp(word, "tcp flags") && expr->data[0] == 0x17) {
		word_set(m, expr->dreg, 1,
			 "tcp flags & (fin | syn | rst | ack)");
		return;
	}
	memcpy(&mask, expr->data, sizeof(mask));
	if (!strcmp(word, "ct state") && mask_states(m, expr, mask))
		return;
	if (!strncmp(word, "ip ", 3))
		mask = ntohl(mask); /* as in the packet */
	word_set(m, expr->dreg, 1, "%.40s & 0x%x", word, mask);
}

/* A name as the kernel pads it with zeros; without those, it is a beginning */
static bool put_interface(struct machine *m, const struct expr *expr,
			  const char *op)
{
	size_t len = strnlen((const char *)expr->data, expr->len), i;

	for (i = 0; i < len; i++)
		if (expr->data[i] <= ' ' || expr->data[i] > '~' ||
		    expr->data[i] == '"')
			return false;
	put(m->out, "%s\"%.*s%s\"", op, (int)len, (const char *)expr->data,
	    len == expr->len ? "*" : "");
	return true;
}

/* What is in a packet is in the order of bytes there, and has its own look. */
static bool put_bytes(struct machine *m, const char *word,
		      const struct expr *expr, const char *op)
{
	char text[ADDR_TEXT];
	struct addr addr = { .family = expr->len == 4 ? 4 : 6 };
	struct mac mac;
	uint16_t port_be;
	uint32_t i;

	if ((!strncmp(word, "ip saddr", 8) || !strncmp(word, "ip daddr", 8) ||
	     !strncmp(word, "ip6 saddr", 9) ||
	     !strncmp(word, "ip6 daddr", 9)) &&
	    (expr->len == 4 || expr->len == 16)) {
		memcpy(addr.bytes, expr->data, expr->len);
		put(m->out, "%s%s", op, addr_print(&addr, text));
	} else if (!strncmp(word, "ether", 5) && expr->len == 6) {
		memcpy(mac.bytes, expr->data, sizeof(mac.bytes));
		put(m->out, "%s%s", op, mac_print(&mac, text));
	} else if (!strncmp(word, "th ", 3) && expr->len == 2) {
		memcpy(&port_be, expr->data, sizeof(port_be));
		put(m->out, "%s%u", op, ntohs(port_be));
	} else if ((!strcmp(word, "iifname") || !strcmp(word, "oifname")) &&
		   put_interface(m, expr, op)) {
		return true;
	} else if (expr->len > 4 || (*word == '@' && expr->len > 1)) {
		put(m->out, "%s0x", op);
		for (i = 0; i < expr->len && i < sizeof(expr->data); i++)
			put(m->out, "%02x", expr->data[i]);
	} else {
		return false;
	}
	return true;
}

static void put_compare(struct machine *m, const struct expr *expr)
{
	static const char ops[][4] = { "", "!= ", "< ", "<= ", "> ", ">= " };
	const char *word = m->words[expr->sreg];
	const char *op = expr->key < 6 ? ops[expr->key] : "? ";
	uint32_t number = 0;

	memcpy(&number, expr->data, expr->len < 4 ? expr->len : 4);
	put(m->out, " %s ", word);
	if (!strcmp(word, "meta nfproto"))
		put(m->out, "%s%s", op,
		    number == NFPROTO_IPV4 ? "ipv4" : "ipv6");
	else if (!strcmp(word, "meta l4proto") && proto_name(number))
		put(m->out, "%s%s", op, proto_name(number));
	else if ((!strcmp(word, "iif") || !strcmp(word, "oif")) && number == 1)
		put(m->out, "%s\"lo\"", op);
	else if (!strcmp(word, "iiftype") && number == 1)
		put(m->out, "%sether", op);
	else if (!strncmp(word, "exthdr", 6))
		put(m->out, "%s", number ? "exists" : "missing");
	else if (!strncmp(word, "fib", 3) && number == 2)
		put(m->out, "%slocal", op);
	else if (!strncmp(word, "tcp flags", 9) && number == 2)
		put(m->out, "%ssyn", op);
	else if (!strncmp(word, "ct state", 8) && !number)
		m->out->len--; /* "ct state new" says it all */
	else if (!put_bytes(m, word, expr, op))
		put(m->out, "%s%u", op, number);
}

static void put_lookup(struct machine *m, const struct expr *expr)
{
	const struct set *set = ruleset_set(m->ruleset, expr->name);
	unsigned int n = set ? (set->key_len + 3) / 4 : 1, i;
	struct out key = { .text = NULL };

	put(&key, "%s", "");
	for (i = 0; i < n && expr->sreg + i < REG_WORDS; i++)
		if (!m->continues[expr->sreg + i])
			put(&key, "%s%s", key.len ? " . " : "",
			    m->words[expr->sreg + i]);
	if (!expr->has_dreg)
		put(m->out, " %s @%s", key.text, expr->name);
	else if (expr->dreg == REG_VERDICT)
		put(m->out, " %s vmap @%s", key.text, expr->name);
	else
		word_set(m, expr->dreg, 1, "%s map @%s", key.text, expr->name);
	free(key.text);
}

static void put_expr(struct machine *m, const struct expr *expr, uint8_t family,
		     uint8_t l4proto)
{
	uint32_t number;

	switch (expr->type) {
	case EXPR_META:
		put_meta(m, expr);
		break;
	case EXPR_CT:
		put_ct(m, expr);
		break;
	case EXPR_PAYLOAD:
		load_payload(m, expr, family, l4proto);
		break;
	case EXPR_EXTHDR:
		load_exthdr(m, expr);
		break;
	case EXPR_FIB:
		load_fib(m, expr);
		break;
	case EXPR_BITWISE:
		mask_word(m, expr);
		break;
	case EXPR_CMP:
		put_compare(m, expr);
		break;
	case EXPR_LOOKUP:
		put_lookup(m, expr);
		break;
	case EXPR_IMMEDIATE:
		if (expr->dreg == REG_VERDICT) {
			put(m->out, " ");
			put_verdict(m->out, &expr->verdict);
			break;
		}
		memcpy(&number, expr->data, sizeof(number));
		word_set(m, expr->dreg, 1, "0x%08x", number);
		break;
	case EXPR_COUNTER:
		put(m->out, " counter");
		break;
	case EXPR_OTHER:
		put(m->out, " [unknown expression %s]", expr->name);
		break;
	}
}

static void put_rule(struct out *out, const struct ruleset *ruleset,
		     const struct rule *rule)
{
	struct machine m = { .ruleset = ruleset, .out = out };
	uint8_t family = 0, l4proto = 0;
	size_t i;

	for (i = 0; i < rule->n_exprs; i++) {
		const struct expr *expr = &rule->exprs[i];

		if (expr->type == EXPR_CMP && expr->key == NFT_CMP_EQ) {
			if (!strcmp(m.words[expr->sreg], "meta nfproto"))
				family = expr->data[0];
			if (!strcmp(m.words[expr->sreg], "meta l4proto"))
				l4proto = expr->data[0];
		}
		put_expr(&m, expr, family, l4proto);
	}
	put_comment(out, rule->comment);
}

static const char *hook_name(uint32_t hook)
{
	static const char *const names[] = { "prerouting",  "input",
					     "forward",	    "output",
					     "postrouting", "ingress" };

	return hook < sizeof(names) / sizeof(*names) ? names[hook] : "?";
}

char *text_rule(const struct ruleset *ruleset, const struct rule *rule)
{
	struct out out = { .text = NULL };

	put(&out, "%s", "");
	put_rule(&out, ruleset, rule);
	/* Each statement begins with a space. */
	if (out.len)
		memmove(out.text, out.text + 1, out.len);
	return out.text;
}

static void put_base(struct out *out, const struct chain *chain)
{
	put(out, "type %s hook %s priority %d; policy %s;", chain->type,
	    hook_name(chain->hook), chain->priority,
	    chain->policy == NF_DROP ? "drop" : "accept");
}

static void put_chain(struct out *out, const struct ruleset *ruleset,
		      const struct chain *chain)
{
	size_t i;

	put(out, "\tchain %s {\n", chain->name);
	if (chain->is_base) {
		put(out, "\t\t");
		put_base(out, chain);
		put(out, "\n");
	}
	for (i = 0; i < chain->n_rules; i++) {
		char *rule = text_rule(ruleset, &chain->rules[i]);

		put(out, "\t\t%s\n", rule);
		free(rule);
	}
	put(out, "\t}\n\n");
}

char *text_ruleset(const struct ruleset *ruleset, size_t *len)
{
	struct out out = { .now_msec = ruleset->now_msec };
	size_t i;

	put(&out, "table inet " RULESET_TABLE " {\n");
	for (i = 0; i < ruleset->n_sets; i++)
		put_set(&out, &ruleset->sets[i]);
	for (i = 0; i < ruleset->n_chains; i++)
		put_chain(&out, ruleset, &ruleset->chains[i]);
	put(&out, "}\n");
	if (len)
		*len = out.len;
	return out.text;
}

char *text_elem(const struct set *set, const struct elem *elem,
		uint64_t now_msec)
{
	struct out out = { .text = NULL, .now_msec = now_msec };

	put_elem(&out, set, elem);
	return out.text;
}

char *text_chain(const struct chain *chain)
{
	struct out out = { .text = NULL };

	put(&out, "chain %s {", chain->name);
	if (chain->is_base) {
		put(&out, " ");
		put_base(&out, chain);
	}
	put(&out, "%s }", chain->has_other ? " [unknown attributes]" : "");
	return out.text;
}

char *text_set(const struct set *set)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{ NFT_SET_CONSTANT, "constant" },
		{ NFT_SET_INTERVAL, "interval" },
		{ NFT_SET_TIMEOUT, "timeout" },
		{ NFT_SET_EVAL, "dynamic" },
	};
	struct out out = { .text = NULL };
	size_t i, n = 0;

	put(&out, "%s %s { ", set->flags & NFT_SET_MAP ? "map" : "set",
	    set->name);
	put_set_type(&out, set);
	put(&out, ";");
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (set->flags & words[i].flag)
			put(&out, "%s%s", n++ ? "," : " flags ", words[i].word);
	put(&out, "%s", n ? ";" : "");
	if (set->size)
		put(&out, " size %u;", set->size);
	if (set->counts)
		put(&out, " counter;");
	put(&out, "%s }", set->has_other ? " [unknown attributes]" : "");
	return out.text;
}
