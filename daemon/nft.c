// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The only door to nf_tables: it carries bytes and interprets nothing. Easy to
 * get wrong: a dump is not a snapshot. The kernel says so with
 * NLM_F_DUMP_INTR, and only inside one dump; that nothing changed between the
 * dumps of one reading is known from the generation before and after.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "arena.h"
#include "decode.h"

#define READ_TRIES 32

/* The kernel fills dump replies up to what the reader offers, to 32 KiB. */
#define DUMP_BUFFER (64 * 1024)

struct nft {
	struct mnl_socket *socket;
	uint32_t seq;
	uint8_t *buffer; /* DUMP_BUFFER bytes */
};

int nft_open(struct nft **out)
{
	struct nft *nft = calloc(1, sizeof(*nft));
	int err;

	if (!nft)
		abort();
	nft->buffer = malloc(DUMP_BUFFER);
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
	struct iovec iov = { .iov_base = nft->buffer, .iov_len = DUMP_BUFFER };
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

/* Send a request and give each reply to @visit, until the last. */
static int nft_ask(struct nft *nft, const struct nlmsghdr *request,
		   int (*visit)(struct ruleset *ruleset,
				const struct nlmsghdr *nlh),
		   struct ruleset *ruleset)
{
	bool interrupted = false;
	int err = 0;

	if (mnl_socket_sendto(nft->socket, request, request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t got = nft_receive(nft, 0);
		const struct nlmsghdr *nlh = (void *)nft->buffer;
		int left = got;

		if (got < 0)
			return got;
		for (; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_seq != request->nlmsg_seq)
				continue;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				interrupted = true;
			if (nlh->nlmsg_type == NLMSG_DONE)
				return interrupted ? -EINTR : err;
			if (nlh->nlmsg_type == NLMSG_ERROR) {
				const struct nlmsgerr *reply =
					mnl_nlmsg_get_payload(nlh);

				return interrupted ? -EINTR : reply->error;
			}
			/* Read on to the end of the dump in any case. */
			if (!err)
				err = visit(ruleset, nlh);
			if (!(nlh->nlmsg_flags & NLM_F_MULTI))
				return err;
		}
	}
}

struct generation_reply {
	uint32_t genid;
	bool found;
};

static int note_generation(const struct nlattr *attr, void *data)
{
	struct generation_reply *reply = data;

	if (mnl_attr_get_type(attr) == NFTA_GEN_ID &&
	    mnl_attr_get_payload_len(attr) == sizeof(uint32_t)) {
		reply->genid = ntohl(mnl_attr_get_u32(attr));
		reply->found = true;
	}
	return MNL_CB_OK;
}

int nft_generation(struct nft *nft, uint32_t *genid)
{
	uint8_t buf[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *request = nft_request(nft, buf, NFT_MSG_GETGEN, 0);
	struct generation_reply reply = { .found = false };
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
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), note_generation, &reply);
	if (!reply.found)
		return -EBADMSG;
	*genid = reply.genid;
	return 0;
}

static int nft_dump(struct nft *nft, uint16_t type,
		    int (*visit)(struct ruleset *ruleset,
				 const struct nlmsghdr *nlh),
		    struct ruleset *ruleset)
{
	uint8_t buf[MNL_NLMSG_HDRLEN + 128];
	struct nlmsghdr *nlh = nft_request(nft, buf, type, NLM_F_DUMP);

	/* Attribute 1 of these requests is the table; chains have no filter. */
	if (type == NFT_MSG_GETRULE || type == NFT_MSG_GETSET)
		mnl_attr_put_strz(nlh, 1, RULESET_TABLE);
	return nft_ask(nft, nlh, visit, ruleset);
}

static int nft_dump_elems(struct nft *nft, const char *set,
			  struct ruleset *ruleset)
{
	uint8_t buf[MNL_NLMSG_HDRLEN + 512];
	struct nlmsghdr *nlh =
		nft_request(nft, buf, NFT_MSG_GETSETELEM, NLM_F_DUMP);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	return nft_ask(nft, nlh, decode_elems, ruleset);
}

static int nft_read_all(struct nft *nft, struct ruleset *ruleset)
{
	size_t i;
	int err;

	err = nft_dump(nft, NFT_MSG_GETTABLE, decode_table, ruleset);
	if (err || !ruleset->exists)
		return err;
	err = nft_dump(nft, NFT_MSG_GETCHAIN, decode_chain, ruleset);
	if (err)
		return err;
	err = nft_dump(nft, NFT_MSG_GETSET, decode_set, ruleset);
	if (err)
		return err;
	for (i = 0; i < ruleset->n_sets; i++) {
		err = nft_dump_elems(nft, ruleset->sets[i].name, ruleset);
		if (err)
			return err;
	}
	return nft_dump(nft, NFT_MSG_GETRULE, decode_rule, ruleset);
}

int nft_read(struct nft *nft, struct arena *arena, struct ruleset **out,
	     uint32_t *genid)
{
	struct ruleset *ruleset;
	uint32_t before, after;
	unsigned int tries;
	int err;

	for (tries = 0; tries < READ_TRIES; tries++) {
		err = nft_generation(nft, &before);
		if (err)
			return err;
		ruleset = ruleset_new(arena);
		err = nft_read_all(nft, ruleset);
		/* Objects that vanish while they are listed: read again. */
		if (err && err != -EINTR && err != -ENOENT && err != -EBADMSG)
			return err;
		if (nft_generation(nft, &after))
			return -EIO;
		if (before != after || err == -EINTR)
			continue;
		if (err)
			return err;
		decode_finish(ruleset);
		*out = ruleset;
		*genid = before;
		return 0;
	}
	return -EAGAIN;
}

int nft_read_set(struct nft *nft, const char *name, struct arena *arena,
		 struct ruleset **out)
{
	struct ruleset *ruleset;
	unsigned int tries;
	int err = -EAGAIN;

	for (tries = 0; tries < READ_TRIES; tries++) {
		ruleset = ruleset_new(arena);
		err = nft_dump(nft, NFT_MSG_GETSET, decode_set, ruleset);
		if (!err)
			err = nft_dump_elems(nft, name, ruleset);
		if (err == -EINTR)
			continue;
		if (err)
			return err;
		decode_finish(ruleset);
		*out = ruleset;
		return 0;
	}
	return err == -EINTR ? -EAGAIN : err;
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
	while ((got = nft_receive(nft, MSG_DONTWAIT)) >= 0) {
		const struct nlmsghdr *nlh = (void *)nft->buffer;
		int left = got;

		for (; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			note_refusal(batch, nlh, refusals, n_refusals);
	}
	if (got != -EAGAIN)
		return got;
	return *n_refusals ? -refusals[0].error : 0;
}
