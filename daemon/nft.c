// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The only door to nf_tables: it carries bytes and interprets nothing. Easy to
 * get wrong: a dump is not a snapshot. The kernel says so with
 * NLM_F_DUMP_INTR, and only inside one dump; whether anything changed between
 * the dumps of one reading is for the reader to find out.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* The kernel fills dump replies up to what the reader offers, to 32 KiB. */
#define NFT_BUFFER (64 * 1024)

/*
 * Pieces of an answer that are read rather than not: to close a socket makes
 * the kernel wait for whatever is being freed, for tens of milliseconds.
 */
#define NFT_LEFTOVERS 16

/* Messages read at once */
#define NFT_NOTIFIED_MAX 4096

/*
 * Room for notifications: the commit of 100,000 elements makes about 8 MiB of
 * them, and takes longer than it takes us to wake up.
 */
#define NFT_NOTIFICATIONS (16 << 20)

struct nft {
	struct mnl_socket *socket;
	uint32_t seq;
	uint8_t *buffer; /* NFT_BUFFER bytes */
	struct nft_query query; /* being answered */
	size_t n_found; /* keys of it, since it was last sent */
	bool interrupted;
	int visit_rc;
};

int nft_open(struct nft **out)
{
	struct nft *nft = calloc(1, sizeof(*nft));
	int err;

	if (!nft)
		abort();
	nft->buffer = malloc(NFT_BUFFER);
	if (!nft->buffer)
		abort();
	nft->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nft->socket ||
	    mnl_socket_bind(nft->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		nft_close(nft);
		return err;
	}
	*out = nft;
	return 0;
}

void nft_close(struct nft *nft)
{
	if (!nft)
		return;
	if (nft->socket)
		mnl_socket_close(nft->socket);
	free(nft->buffer);
	free(nft);
}

int nft_fd(const struct nft *nft)
{
	return mnl_socket_get_fd(nft->socket);
}

uint32_t nft_port(const struct nft *nft)
{
	return mnl_socket_get_portid(nft->socket);
}

static struct nlmsghdr *nft_request(struct nft *nft, uint8_t *buf,
				    uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++nft->seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = NFPROTO_INET;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

/* One reply read into nft->buffer; its length, or -errno */
static ssize_t nft_receive(struct nft *nft, int flags)
{
	struct iovec iov = { .iov_base = nft->buffer, .iov_len = NFT_BUFFER };
	struct sockaddr_nl from;
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t len;

	do {
		len = recvmsg(mnl_socket_get_fd(nft->socket), &msg, flags);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -ENOSPC;
	/* Only the kernel, port 0, may speak here. */
	if (msg.msg_namelen != sizeof(from) || from.nl_pid)
		return -EPROTO;
	return len;
}

static int note_author(const struct nlattr *attr, void *data)
{
	struct nft_author *author = data;

	switch (mnl_attr_get_type(attr)) {
	case NFTA_GEN_ID:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			author->genid = ntohl(mnl_attr_get_u32(attr));
		break;
	case NFTA_GEN_PROC_PID:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			author->pid = ntohl(mnl_attr_get_u32(attr));
		break;
	case NFTA_GEN_PROC_NAME:
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			snprintf(author->comm, sizeof(author->comm), "%s",
				 mnl_attr_get_str(attr));
		break;
	}
	return MNL_CB_OK;
}

bool nft_is_commit(const struct nlmsghdr *nlh, struct nft_author *author)
{
	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN))
		return false;
	memset(author, 0, sizeof(*author));
	author->port = nlh->nlmsg_pid;
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), note_author, author);
	return author->genid; /* never 0 */
}

int nft_generation(struct nft *nft, uint32_t *genid)
{
	uint8_t buf[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *request = nft_request(nft, buf, NFT_MSG_GETGEN, 0);
	struct nft_author author;
	const struct nlmsghdr *nlh = (void *)nft->buffer;
	ssize_t got;

	if (mnl_socket_sendto(nft->socket, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		got = nft_receive(nft, 0);
		if (got < 0)
			return got;
		if (!mnl_nlmsg_ok(nlh, got))
			return -EBADMSG;
	} while (nlh->nlmsg_seq != request->nlmsg_seq);
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

		return error->error ? error->error : -EBADMSG;
	}
	if (!nft_is_commit(nlh, &author))
		return -EBADMSG;
	*genid = author.genid;
	return 0;
}

static void nft_put_keys(struct nlmsghdr *nlh, const struct nft_query *query)
{
	struct nlattr *list, *elem, *key;
	size_t i;

	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (i = 0; i < query->n_keys; i++) {
		elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
		mnl_attr_put(nlh, NFTA_DATA_VALUE, query->key_len,
			     query->keys + i * query->key_len);
		mnl_attr_nest_end(nlh, key);
		mnl_attr_nest_end(nlh, elem);
	}
	mnl_attr_nest_end(nlh, list);
}

static int nft_send_query(struct nft *nft)
{
	const struct nft_query *query = &nft->query;
	uint8_t buf[NFT_KEYS_MAX * (KEY_MAX + 16) + 1024];
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	nlh = nft_request(nft, buf, query->type,
			  query->keys ? NLM_F_ACK : NLM_F_DUMP);
	nfg = mnl_nlmsg_get_payload(nlh);
	nfg->nfgen_family = query->family;
	/* Attribute 1 of all these requests is the table. */
	if (query->table)
		mnl_attr_put_strz(nlh, 1, query->table);
	if (query->set)
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, query->set);
	if (query->keys)
		nft_put_keys(nlh, query);
	nft->n_found = 0;
	if (mnl_socket_sendto(nft->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return 0;
}

int nft_ask(struct nft *nft, const struct nft_query *query)
{
	nft->query = *query;
	nft->interrupted = false;
	nft->visit_rc = 0;
	if (query->keys &&
	    (query->n_keys > NFT_KEYS_MAX || query->key_len > KEY_MAX))
		return -EINVAL;
	return nft_send_query(nft);
}

/*
 * The kernel stops at the first key that it does not have. So many as were
 * found came before that one.
 */
static int nft_pass_missing_key(struct nft *nft)
{
	struct nft_query *query = &nft->query;
	size_t n = nft->n_found + 1;
	int err;

	if (n >= query->n_keys)
		return nft->visit_rc;
	query->keys += n * query->key_len;
	query->n_keys -= n;
	err = nft_send_query(nft);
	return err ? err : 1;
}

/* The last message of an answer */
static int nft_end_answer(struct nft *nft, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *reply = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*reply))
			return -EBADMSG;
		if (reply->error == -ENOENT && nft->query.keys)
			return nft_pass_missing_key(nft);
		if (reply->error)
			return nft->interrupted ? -EINTR : reply->error;
	}
	return nft->interrupted ? -EINTR : nft->visit_rc;
}

int nft_answer(struct nft *nft,
	       int (*visit)(void *data, const struct nlmsghdr *nlh), void *data)
{
	ssize_t got = nft_receive(nft, 0);
	const struct nlmsghdr *nlh = (void *)nft->buffer;
	int left = got;

	if (got < 0)
		return got;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != nft->seq)
			continue; /* of a question that was given up */
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			nft->interrupted = true;
		if (nlh->nlmsg_type == NLMSG_DONE ||
		    nlh->nlmsg_type == NLMSG_ERROR)
			return nft_end_answer(nft, nlh);
		nft->n_found++;
		/* Read on to the end of the answer in any case. */
		if (!nft->visit_rc)
			nft->visit_rc = visit(data, nlh);
	}
	return 1;
}

static int nft_reopen(struct nft *nft)
{
	struct mnl_socket *socket;
	struct nft *fresh = NULL;
	int err = nft_open(&fresh);

	if (!fresh)
		return err;
	socket = nft->socket;
	nft->socket = fresh->socket;
	fresh->socket = socket;
	nft_close(fresh);
	return 0;
}

static int nft_pass_over(void *data, const struct nlmsghdr *nlh)
{
	(void)data;
	(void)nlh;
	return 0;
}

int nft_give_up(struct nft *nft)
{
	unsigned int i;

	if (nft->query.keys)
		return 0; /* what is here already has another number */
	for (i = 0; i < NFT_LEFTOVERS; i++)
		if (nft_answer(nft, nft_pass_over, NULL) != 1)
			return 0;
	return nft_reopen(nft);
}

/* The whole batch has to fit into the socket's send buffer at once. */
static int nft_make_room(struct nft *nft, size_t len)
{
	int fd = mnl_socket_get_fd(nft->socket), size = len + len / 2 + 65536;

	if (len > INT32_MAX / 4)
		return -EMSGSIZE;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)))
		return -errno;
	return 0;
}

static void note_refusal(const struct batch *batch, const struct nlmsghdr *nlh,
			 struct nft_refusal *refusals, size_t *n)
{
	const struct nlmsgerr *reply = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type != NLMSG_ERROR || !reply->error)
		return;
	if (*n == NFT_REFUSALS_MAX)
		return;
	refusals[*n].error = -reply->error;
	batch_origin(batch, nlh->nlmsg_seq, refusals[*n].origin,
		     sizeof(refusals[*n].origin));
	(*n)++;
}

int nft_commit(struct nft *nft, const struct batch *batch,
	       struct nft_refusal *refusals, size_t *n_refusals)
{
	ssize_t got;
	int err = nft_make_room(nft, batch->len);

	*n_refusals = 0;
	if (err)
		return err;
	if (mnl_socket_sendto(nft->socket, batch->data, batch->len) < 0)
		return -errno;
	/* The kernel has answered by now: whatever it had to say is here. */
	while ((got = nft_receive(nft, MSG_DONTWAIT)) != -EAGAIN) {
		const struct nlmsghdr *nlh = (void *)nft->buffer;
		int left = got;

		if (got < 0) { /* read on, or the rest will be taken amiss */
			if (err)
				break;
			err = got;
		}
		for (; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			note_refusal(batch, nlh, refusals, n_refusals);
	}
	if (err)
		return err;
	return *n_refusals ? -refusals[0].error : 0;
}

bool nft_can_own(struct nft *nft)
{
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct batch *batch = encode_probe();
	size_t n_refusals;
	int err;

	err = nft_commit(nft, batch, refusals, &n_refusals);
	batch_free(batch);
	return !err;
}

static int nft_membership(struct nft *nft, int option)
{
	int group = NFNLGRP_NFTABLES;

	return mnl_socket_setsockopt(nft->socket, option, &group,
				     sizeof(group)) < 0 ?
		       -errno :
		       0;
}

int nft_join(struct nft *nft)
{
	int size = NFT_NOTIFICATIONS;

	/* Without the privilege, or with less room, more of them are lost. */
	setsockopt(nft_fd(nft), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		   sizeof(size));
	return nft_membership(nft, NETLINK_ADD_MEMBERSHIP);
}

int nft_leave(struct nft *nft)
{
	return nft_membership(nft, NETLINK_DROP_MEMBERSHIP);
}

int nft_notified(struct nft *nft,
		 void (*visit)(void *data, const struct nlmsghdr *nlh),
		 void *data)
{
	unsigned int n;
	int lost = 0;

	for (n = 0; n < NFT_NOTIFIED_MAX; n++) {
		ssize_t got = nft_receive(nft, MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (void *)nft->buffer;
		int left = got;

		if (got == -EAGAIN)
			return lost;
		if (got == -ENOBUFS || got == -ENOSPC)
			lost = -ENOBUFS;
		else if (got < 0)
			return got;
		for (; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			visit(data, nlh);
	}
	return -ENOBUFS; /* more than we can follow, and others wait */
}
