// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Transactions by hand, and notifications of them. Easy to get wrong: an
 * attack that the kernel refused looks like one that was undone, so every
 * message is acknowledged and the first refusal is the result. And a listener
 * who is told of every element of a large transaction loses something, so ours
 * lets the kernel drop everything but the ends of transactions.
 */
#include "raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH_SIZE (1 << 20)
#define REPLY_SIZE (64 << 10)
#define SOCKET_BUFFER (8 << 20)
#define NOISE_TABLE "noise"

struct raw {
	struct mnl_socket *socket;
	uint32_t seq, first_seq;
	uint8_t *batch, *reply;
	size_t len, n_messages;
};

uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- the socket ---- */

static struct mnl_socket *netlink_open(unsigned int groups)
{
	struct mnl_socket *socket =
		mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int size = SOCKET_BUFFER;

	if (!socket)
		return NULL;
	if (mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(socket);
		return NULL;
	}
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_SNDBUFFORCE, &size,
		   sizeof(size));
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		   sizeof(size));
	return socket;
}

int raw_open(struct raw **raw)
{
	struct raw *new = calloc(1, sizeof(*new));

	if (!new)
		abort();
	new->socket = netlink_open(0);
	if (!new->socket) {
		free(new);
		return -errno;
	}
	new->batch = malloc(BATCH_SIZE);
	new->reply = malloc(REPLY_SIZE);
	if (!new->batch || !new->reply)
		abort();
	*raw = new;
	return 0;
}

void raw_close(struct raw *raw)
{
	if (!raw)
		return;
	mnl_socket_close(raw->socket);
	free(raw->batch);
	free(raw->reply);
	free(raw);
}

/* ---- messages ---- */

static struct nlmsghdr *put_header(struct raw *raw, uint16_t type,
				   uint16_t flags, uint8_t family,
				   uint16_t resource)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(raw->batch + raw->len);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++raw->seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(resource);
	return nlh;
}

static struct nlmsghdr *put_message(struct raw *raw, uint16_t type,
				    uint16_t flags, uint8_t family)
{
	if (raw->len > BATCH_SIZE - 32 * 1024)
		abort(); /* a mistake of the test's */
	return put_header(raw, NFNL_SUBSYS_NFTABLES << 8 | type,
			  flags | NLM_F_ACK, family, 0);
}

static void end_message(struct raw *raw, const struct nlmsghdr *nlh)
{
	raw->len += MNL_ALIGN(nlh->nlmsg_len);
	raw->n_messages++;
}

void raw_begin(struct raw *raw)
{
	struct nlmsghdr *nlh;

	raw->len = 0;
	nlh = put_header(raw, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC,
			 NFNL_SUBSYS_NFTABLES);
	raw->len += MNL_ALIGN(nlh->nlmsg_len);
	raw->first_seq = nlh->nlmsg_seq;
	raw->n_messages = 0;
}

int raw_commit(struct raw *raw)
{
	struct nlmsghdr *nlh = put_header(raw, NFNL_MSG_BATCH_END, 0, AF_UNSPEC,
					  NFNL_SUBSYS_NFTABLES);
	size_t n_acks = 0;
	int rc = 0;

	raw->len += MNL_ALIGN(nlh->nlmsg_len);
	if (mnl_socket_sendto(raw->socket, raw->batch, raw->len) < 0)
		return -errno;
	while (n_acks < raw->n_messages) {
		ssize_t got = mnl_socket_recvfrom(raw->socket, raw->reply,
						  REPLY_SIZE);
		int left = (int)got;

		if (got < 0)
			return -errno;
		for (nlh = (struct nlmsghdr *)raw->reply;
		     mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type != NLMSG_ERROR ||
			    nlh->nlmsg_seq < raw->first_seq)
				continue;
			n_acks++;
			if (err->error && !rc)
				rc = err->error;
			if (nlh->nlmsg_seq == raw->first_seq)
				return rc; /* the batch as a whole */
		}
	}
	return rc;
}

static struct nlmsghdr *put_table(struct raw *raw, uint16_t type,
				  uint16_t flags)
{
	struct nlmsghdr *nlh = put_message(raw, type, flags, NFPROTO_INET);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, RAW_TABLE);
	return nlh;
}

void raw_delete_table(struct raw *raw)
{
	end_message(raw, put_table(raw, NFT_MSG_DELTABLE, 0));
}

static void put_table_flags(struct raw *raw, uint16_t how, uint32_t flags)
{
	struct nlmsghdr *nlh = put_table(raw, NFT_MSG_NEWTABLE, how);

	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(flags));
	end_message(raw, nlh);
}

void raw_set_table_flags(struct raw *raw, uint32_t flags)
{
	put_table_flags(raw, 0, flags);
}

void raw_make_table(struct raw *raw, uint32_t flags)
{
	put_table_flags(raw, NLM_F_CREATE, flags);
}

void raw_set_policy(struct raw *raw, const char *chain, uint32_t policy)
{
	struct nlmsghdr *nlh =
		put_message(raw, NFT_MSG_NEWCHAIN, 0, NFPROTO_INET);

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, RAW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain);
	mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(policy));
	end_message(raw, nlh);
}

/* ---- rules ---- */

static struct nlmsghdr *put_rule(struct raw *raw, uint16_t type, uint16_t flags,
				 const char *chain)
{
	struct nlmsghdr *nlh = put_message(raw, type, flags, NFPROTO_INET);

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, RAW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	return nlh;
}

void raw_flush_chain(struct raw *raw, const char *chain)
{
	end_message(raw, put_rule(raw, NFT_MSG_DELRULE, 0, chain));
}

void raw_delete_rule(struct raw *raw, const char *chain, uint64_t handle)
{
	struct nlmsghdr *nlh = put_rule(raw, NFT_MSG_DELRULE, 0, chain);

	mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE, htobe64(handle));
	end_message(raw, nlh);
}

/* One expression inside NFTA_RULE_EXPRESSIONS: begin it, then its attributes */
struct put_expr {
	struct nlattr *elem, *data;
};

static struct put_expr expr_begin(struct nlmsghdr *nlh, const char *name)
{
	struct put_expr put;

	put.elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
	put.data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	return put;
}

static void expr_end(struct nlmsghdr *nlh, struct put_expr put)
{
	mnl_attr_nest_end(nlh, put.data);
	mnl_attr_nest_end(nlh, put.elem);
}

static void put_compare(struct nlmsghdr *nlh, const void *value, size_t len)
{
	struct put_expr put = expr_begin(nlh, "cmp");
	struct nlattr *data;

	mnl_attr_put_u32(nlh, NFTA_CMP_SREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(nlh, NFTA_CMP_OP, htonl(NFT_CMP_EQ));
	data = mnl_attr_nest_start(nlh, NFTA_CMP_DATA);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, value);
	mnl_attr_nest_end(nlh, data);
	expr_end(nlh, put);
}

static void put_match_udp(struct nlmsghdr *nlh, uint16_t port)
{
	uint16_t port_be = htons(port);
	uint8_t udp = IPPROTO_UDP;
	struct put_expr put = expr_begin(nlh, "meta");

	mnl_attr_put_u32(nlh, NFTA_META_DREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(nlh, NFTA_META_KEY, htonl(NFT_META_L4PROTO));
	expr_end(nlh, put);
	put_compare(nlh, &udp, sizeof(udp));

	put = expr_begin(nlh, "payload");
	mnl_attr_put_u32(nlh, NFTA_PAYLOAD_DREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(nlh, NFTA_PAYLOAD_BASE,
			 htonl(NFT_PAYLOAD_TRANSPORT_HEADER));
	mnl_attr_put_u32(nlh, NFTA_PAYLOAD_OFFSET, htonl(2));
	mnl_attr_put_u32(nlh, NFTA_PAYLOAD_LEN, htonl(2));
	expr_end(nlh, put);
	put_compare(nlh, &port_be, sizeof(port_be));
}

static void put_verdict(struct nlmsghdr *nlh, int code, const char *chain)
{
	struct nlattr *verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);

	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl((uint32_t)code));
	if (chain)
		mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(nlh, verdict);
}

void raw_add_accept(struct raw *raw, const char *chain, uint16_t port,
		    bool insert)
{
	struct nlmsghdr *nlh =
		put_rule(raw, NFT_MSG_NEWRULE,
			 NLM_F_CREATE | (insert ? 0 : NLM_F_APPEND), chain);
	struct nlattr *exprs, *data;
	struct put_expr put;

	exprs = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	if (port)
		put_match_udp(nlh, port);
	put = expr_begin(nlh, "immediate");
	mnl_attr_put_u32(nlh, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
	data = mnl_attr_nest_start(nlh, NFTA_IMMEDIATE_DATA);
	put_verdict(nlh, NF_ACCEPT, NULL);
	mnl_attr_nest_end(nlh, data);
	expr_end(nlh, put);
	mnl_attr_nest_end(nlh, exprs);
	end_message(raw, nlh);
}

void raw_add_rule(struct raw *raw, const char *chain,
		  const struct raw_rule *rule)
{
	struct nlmsghdr *nlh = put_rule(raw, NFT_MSG_NEWRULE,
					NLM_F_CREATE | NLM_F_APPEND, chain);

	mnl_attr_put(nlh, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, rule->exprs_len,
		     rule->exprs);
	if (rule->userdata_len)
		mnl_attr_put(nlh, NFTA_RULE_USERDATA, rule->userdata_len,
			     rule->userdata);
	end_message(raw, nlh);
}

/**
 * struct rule_search
 * @n: the one that is wanted; with @rule NULL they are counted
 * @at: where we are
 */
struct rule_search {
	int n, at;
	bool found;
	struct raw_rule *rule;
};

static void rule_copy(const struct nlmsghdr *nlh, struct raw_rule *rule)
{
	const struct nlattr *attr;

	memset(rule, 0, sizeof(*rule));
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		size_t len = mnl_attr_get_payload_len(attr);

		switch (mnl_attr_get_type(attr)) {
		case NFTA_RULE_HANDLE:
			rule->handle = be64toh(mnl_attr_get_u64(attr));
			break;
		case NFTA_RULE_EXPRESSIONS:
			if (len > sizeof(rule->exprs))
				abort();
			memcpy(rule->exprs, mnl_attr_get_payload(attr), len);
			rule->exprs_len = len;
			break;
		case NFTA_RULE_USERDATA:
			if (len > sizeof(rule->userdata))
				abort();
			memcpy(rule->userdata, mnl_attr_get_payload(attr), len);
			rule->userdata_len = len;
			break;
		}
	}
}

static int rule_see(const struct nlmsghdr *nlh, void *data)
{
	struct rule_search *search = data;

	if (search->rule && search->at == search->n) {
		rule_copy(nlh, search->rule);
		search->found = true;
	}
	search->at++;
	return MNL_CB_OK;
}

int raw_find_rule(struct raw *raw, const char *chain, int n,
		  struct raw_rule *rule)
{
	struct rule_search search = { .n = n };
	int rc = 0;

	if (n < 0) {
		rc = raw_dump(raw, NFT_MSG_GETRULE, chain, rule_see, &search);
		search.n = search.at + n;
		search.at = 0;
	}
	search.rule = rule;
	if (!rc)
		rc = raw_dump(raw, NFT_MSG_GETRULE, chain, rule_see, &search);
	return rc ? rc : search.found ? 0 : -ENOENT;
}

/* ---- elements ---- */

struct raw_elem raw_live_elem(const char *iif, const char *oif, uint32_t mark)
{
	struct raw_elem elem = { .set = "live",
				 .key_len = 36,
				 .data = RAW_VERDICT };

	snprintf((char *)elem.key, 16, "%s", iif);
	snprintf((char *)elem.key + 16, 16, "%s", oif);
	memcpy(elem.key + 32, &mark, sizeof(mark)); /* marks: host byte order */
	return elem;
}

static void put_elem_data(struct nlmsghdr *nlh, const struct raw_elem *elem)
{
	struct nlattr *data;

	if (elem->data == RAW_NOTHING)
		return;
	data = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	if (elem->data == RAW_MARK)
		mnl_attr_put(nlh, NFTA_DATA_VALUE, sizeof(elem->mark),
			     &elem->mark);
	else
		put_verdict(nlh, elem->chain ? NFT_GOTO : NF_ACCEPT,
			    elem->chain);
	mnl_attr_nest_end(nlh, data);
}

static void put_elem(struct raw *raw, uint16_t type, uint16_t flags,
		     const struct raw_elem *elem)
{
	struct nlmsghdr *nlh = put_message(raw, type, flags, NFPROTO_INET);
	struct nlattr *list, *one, *key;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RAW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, elem->set);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	one = mnl_attr_nest_start(nlh, 1);
	if (elem->catch_all) {
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS,
				 htonl(2)); /* NFT_SET_ELEM_CATCHALL */
	} else {
		key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
		mnl_attr_put(nlh, NFTA_DATA_VALUE, elem->key_len, elem->key);
		mnl_attr_nest_end(nlh, key);
	}
	if (type == NFT_MSG_NEWSETELEM)
		put_elem_data(nlh, elem);
	mnl_attr_nest_end(nlh, one);
	mnl_attr_nest_end(nlh, list);
	end_message(raw, nlh);
}

void raw_add_elem(struct raw *raw, const struct raw_elem *elem)
{
	put_elem(raw, NFT_MSG_NEWSETELEM, NLM_F_CREATE, elem);
}

void raw_delete_elem(struct raw *raw, const struct raw_elem *elem)
{
	put_elem(raw, NFT_MSG_DELSETELEM, 0, elem);
}

/* ---- noise in a table of others ---- */

void raw_make_noise_table(struct raw *raw)
{
	struct nlmsghdr *nlh;

	nlh = put_message(raw, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFPROTO_IPV4);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, NOISE_TABLE);
	end_message(raw, nlh);
	nlh = put_message(raw, NFT_MSG_NEWSET, NLM_F_CREATE, NFPROTO_IPV4);
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, NOISE_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, NOISE_TABLE);
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(4));
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl(1));
	end_message(raw, nlh);
}

static void put_noise(struct raw *raw, uint16_t type, uint32_t from, uint32_t n)
{
	struct nlattr *list, *one, *key;
	struct nlmsghdr *nlh;
	uint32_t i;

	nlh = put_message(raw, type, NLM_F_CREATE, NFPROTO_IPV4);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, NOISE_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, NOISE_TABLE);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (i = from; i < from + n; i++) {
		one = mnl_attr_nest_start(nlh, 1);
		key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
		mnl_attr_put_u32(nlh, NFTA_DATA_VALUE, htonl(i));
		mnl_attr_nest_end(nlh, key);
		mnl_attr_nest_end(nlh, one);
	}
	mnl_attr_nest_end(nlh, list);
	end_message(raw, nlh);
}

/* A list of elements is an attribute, so it is at most 64 KiB long. */
#define NOISE_STEP 2000u

void raw_add_noise(struct raw *raw, uint32_t from, uint32_t n)
{
	for (; n > NOISE_STEP; from += NOISE_STEP, n -= NOISE_STEP)
		put_noise(raw, NFT_MSG_NEWSETELEM, from, NOISE_STEP);
	put_noise(raw, NFT_MSG_NEWSETELEM, from, n);
}

void raw_delete_noise(struct raw *raw, uint32_t from, uint32_t n)
{
	for (; n > NOISE_STEP; from += NOISE_STEP, n -= NOISE_STEP)
		put_noise(raw, NFT_MSG_DELSETELEM, from, NOISE_STEP);
	put_noise(raw, NFT_MSG_DELSETELEM, from, n);
}

/* ---- reading ---- */

/* The attribute by which a dump is limited to a table, or 0 */
static uint16_t table_filter(uint16_t type)
{
	switch (type) {
	case NFT_MSG_GETRULE:
		return NFTA_RULE_TABLE;
	case NFT_MSG_GETSET:
		return NFTA_SET_TABLE;
	case NFT_MSG_GETSETELEM:
		return NFTA_SET_ELEM_LIST_TABLE;
	case NFT_MSG_GETOBJ:
		return NFTA_OBJ_TABLE;
	case NFT_MSG_GETFLOWTABLE:
		return NFTA_FLOWTABLE_TABLE;
	}
	return 0;
}

/* The table is the first attribute of everything, and its name its own. */
static bool is_ours(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nfg->nfgen_family != NFPROTO_INET)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg))
	{
		if (mnl_attr_get_type(attr) == 1)
			return !strcmp(mnl_attr_get_str(attr), RAW_TABLE);
	}
	return false;
}

int raw_dump(struct raw *raw, uint16_t type, const char *of,
	     int (*see)(const struct nlmsghdr *nlh, void *data), void *data)
{
	struct nlmsghdr *nlh;
	bool torn = false;

	raw->len = 0;
	nlh = put_header(raw, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_DUMP,
			 NFPROTO_INET, 0);
	if (table_filter(type))
		mnl_attr_put_strz(nlh, table_filter(type), RAW_TABLE);
	if (of)
		mnl_attr_put_strz(nlh,
				  type == NFT_MSG_GETRULE ?
					  NFTA_RULE_CHAIN :
					  NFTA_SET_ELEM_LIST_SET,
				  of);
	if (mnl_socket_sendto(raw->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(raw->socket, raw->reply,
						  REPLY_SIZE);
		int left = (int)got;

		if (got < 0)
			return -errno;
		for (nlh = (struct nlmsghdr *)raw->reply;
		     mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_seq != raw->seq)
				continue;
			torn |= nlh->nlmsg_flags & NLM_F_DUMP_INTR;
			if (nlh->nlmsg_type == NLMSG_DONE)
				return torn ? -EINTR : 0;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return *(int *)mnl_nlmsg_get_payload(nlh);
			if (is_ours(nlh))
				see(nlh, data);
		}
	}
}

/* ---- hearing ---- */

/**
 * struct ear
 * @empty_usec: there was nothing to be read then
 */
struct ear {
	struct mnl_socket *socket;
	uint8_t *buffer;
	uint64_t empty_usec;
};

/* Only NFT_MSG_NEWGEN; a filter reads 16 bits as if they were big-endian */
static int ear_filter(struct mnl_socket *socket)
{
	uint16_t type = htons(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	return setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET,
			  SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ?
		       -errno :
		       0;
}

int ear_open(struct ear **ear)
{
	struct ear *new = calloc(1, sizeof(*new));
	int rc;

	if (!new)
		abort();
	new->buffer = malloc(REPLY_SIZE);
	if (!new->buffer)
		abort();
	new->socket = netlink_open(1u << (NFNLGRP_NFTABLES - 1));
	rc = new->socket ? ear_filter(new->socket) : -errno;
	if (rc) {
		ear_close(new);
		return rc;
	}
	*ear = new;
	return 0;
}

void ear_close(struct ear *ear)
{
	if (!ear)
		return;
	if (ear->socket)
		mnl_socket_close(ear->socket);
	free(ear->buffer);
	free(ear);
}

static void commit_read(const struct nlmsghdr *nlh, struct commit *commit)
{
	const struct nlattr *attr;

	memset(commit, 0, sizeof(*commit));
	commit->usec = now_usec();
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		switch (mnl_attr_get_type(attr)) {
		case NFTA_GEN_ID:
			commit->generation = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFTA_GEN_PROC_PID:
			commit->pid = (pid_t)ntohl(mnl_attr_get_u32(attr));
			break;
		case NFTA_GEN_PROC_NAME:
			snprintf(commit->comm, sizeof(commit->comm), "%s",
				 mnl_attr_get_str(attr));
			break;
		}
	}
}

/* Is there anything to read, at @deadline_usec at the latest? */
static bool ear_wait(struct ear *ear, uint64_t deadline_usec)
{
	struct pollfd poll_fd = { .fd = mnl_socket_get_fd(ear->socket),
				  .events = POLLIN };
	struct timespec left = { 0, 0 };
	uint64_t now = now_usec();

	for (;;) {
		if (ppoll(&poll_fd, 1, &left, NULL) > 0)
			return true;
		ear->empty_usec = now;
		if (now >= deadline_usec)
			return false;
		left.tv_sec = (time_t)((deadline_usec - now) / 1000000);
		left.tv_nsec = (long)((deadline_usec - now) % 1000000 * 1000);
		if (ppoll(&poll_fd, 1, &left, NULL) > 0)
			return true;
		now = now_usec();
		left = (struct timespec){ 0, 0 };
	}
}

int ear_next(struct ear *ear, uint64_t deadline_usec, struct commit *commit)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)ear->buffer;
	ssize_t got;

	while (ear_wait(ear, deadline_usec)) {
		/* one message in each datagram, as each is its own */
		got = mnl_socket_recvfrom(ear->socket, ear->buffer, REPLY_SIZE);
		if (got < 0 && errno != ENOBUFS)
			return -errno;
		if (got < 0 || !mnl_nlmsg_ok(nlh, (int)got))
			continue;
		commit_read(nlh, commit);
		commit->since_usec = ear->empty_usec;
		return 0;
	}
	return -ETIMEDOUT;
}

int ear_await(struct ear *ear, pid_t pid, uint64_t deadline_usec,
	      struct commit *commit)
{
	int rc;

	do {
		rc = ear_next(ear, deadline_usec, commit);
	} while (!rc && commit->pid != pid);
	return rc;
}

int ear_await_answer(struct ear *ear, pid_t pid, uint64_t deadline_usec,
		     struct commit *commit)
{
	int rc = ear_await(ear, getpid(), deadline_usec, commit);

	return rc ? rc : ear_await(ear, pid, deadline_usec, commit);
}

void ear_drain(struct ear *ear)
{
	struct commit commit;

	while (!ear_next(ear, 0, &commit))
		;
}
