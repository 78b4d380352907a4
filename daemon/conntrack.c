// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The only door to connection tracking. Easy to get wrong: the kernel takes a
 * request to delete that names no entry, or names it by what it does not know,
 * as one to delete all of them. So entries are deleted one at a time, each by
 * the very attributes that the kernel has given for it, and never by a filter.
 *
 * What the kernel has given may be older than it looks, as it fills a piece of
 * a dump ahead of its being read. Meanwhile a connection may have ended and
 * another one begun between the same ends, perhaps in the same place of memory,
 * and then with the same id. So an entry is looked at once more right before it
 * is deleted, or given another mark.
 *
 * A dump passes by what comes into a place that it has already been at; whoever
 * wants to know of that as well watches meanwhile. And while the rules look for the
 * flow of a packet that comes before any answer, they use the mark for other
 * things; who writes it then makes them lose the packet.
 *
 * The socket for watching stays open: whenever one is closed that could own a
 * table, nf_tables first waits until all that was deleted is gone from memory,
 * which takes some 20 ms.
 */
#include "conntrack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

/* The kernel fills dump replies up to what the reader offers, to 32 KiB. */
#define CONNTRACK_BUFFER (64 * 1024)

/* Connections that are opened while others are dealt with have room to wait. */
#define CONNTRACK_NEWS (8 * 1024 * 1024)
#define CONNTRACK_NEWS_EACH 200 /* in one step */
#define CONNTRACK_LATE (4 * 1024 * 1024)

#define CONNTRACK_TYPE(type) (NFNL_SUBSYS_CTNETLINK << 8 | (type))

struct conntrack {
	struct mnl_socket *dump, *edit;
	struct mnl_socket *news; /* of connections that are opened */
	bool watches; /* hears of them */
	uint8_t *late; /* what is left to be met, CONNTRACK_LATE bytes of messages */
	size_t late_len, late_met;
	uint32_t seq;
	uint8_t *piece; /* of a dump, CONNTRACK_BUFFER bytes */
	uint8_t *reply; /* to an edit, likewise */
	struct sweep sweep;
	struct sweep_counts counts;
	uint32_t sweep_seq;
	bool running; /* a sweep is under way */
	bool stale; /* its answer may not have been read to the end */
	bool interrupted;
};

/* What an entry is known by: attributes of the message that told of it */
struct entry {
	uint8_t family;
	const struct nlattr *tuple, *zone, *id;
	uint32_t mark; /* in the kernel's byte order; without one: 0 */
	bool is_answered;
};

static int conntrack_connect(struct mnl_socket **socket)
{
	*socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!*socket || mnl_socket_bind(*socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

int conntrack_open(struct conntrack **out)
{
	struct conntrack *c = calloc(1, sizeof(*c));
	const int room = CONNTRACK_NEWS;
	int rc;

	if (!c)
		abort();
	c->piece = malloc(CONNTRACK_BUFFER);
	c->reply = malloc(CONNTRACK_BUFFER);
	if (!c->piece || !c->reply)
		abort();
	rc = conntrack_connect(&c->dump);
	if (!rc)
		rc = conntrack_connect(&c->edit);
	if (!rc)
		rc = conntrack_connect(&c->news);
	if (rc) {
		conntrack_close(c);
		return rc;
	}
	/* less room is a matter of luck, which shows when it is out */
	setsockopt(mnl_socket_get_fd(c->news), SOL_SOCKET, SO_RCVBUFFORCE,
		   &room, sizeof(room));
	*out = c;
	return 0;
}

void conntrack_close(struct conntrack *c)
{
	if (!c)
		return;
	if (c->dump)
		mnl_socket_close(c->dump);
	if (c->edit)
		mnl_socket_close(c->edit);
	if (c->news)
		mnl_socket_close(c->news);
	free(c->late);
	free(c->piece);
	free(c->reply);
	free(c);
}

static ssize_t conntrack_receive(const struct mnl_socket *socket,
				 uint8_t *buffer, int flags)
{
	struct iovec iov = { .iov_base = buffer, .iov_len = CONNTRACK_BUFFER };
	struct sockaddr_nl from;
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t len;

	do {
		len = recvmsg(mnl_socket_get_fd(socket), &msg, flags);
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

static struct nlmsghdr *conntrack_request(struct conntrack *c, uint8_t *buffer,
					  uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = CONNTRACK_TYPE(type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++c->seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

static int conntrack_send(const struct mnl_socket *socket,
			  const struct nlmsghdr *nlh)
{
	if (mnl_socket_sendto(socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return 0;
}

/* The error that a message tells of; 0 for an acknowledgement */
static int error_of(const struct nlmsghdr *nlh)
{
	const int *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error) || *error > 0)
		return -EBADMSG;
	return *error;
}

/* ---- entries ---- */

static int entry_note(const struct nlattr *attr, void *data)
{
	struct entry *entry = data;
	bool is_number = mnl_attr_validate(attr, MNL_TYPE_U32) >= 0;

	switch (mnl_attr_get_type(attr)) {
	case CTA_TUPLE_ORIG:
		if (mnl_attr_get_payload_len(attr))
			entry->tuple = attr;
		break;
	case CTA_ZONE:
		entry->zone = attr;
		break;
	case CTA_ID:
		entry->id = is_number ? attr : NULL;
		break;
	case CTA_STATUS:
		entry->is_answered = is_number &&
				     ntohl(mnl_attr_get_u32(attr)) &
					     IPS_SEEN_REPLY;
		break;
	case CTA_MARK:
		entry->mark = is_number ? mnl_attr_get_u32(attr) : 0;
		break;
	}
	return MNL_CB_OK;
}

/* false: the message does not say enough for us to speak of the entry */
static bool entry_read(const struct nlmsghdr *nlh, struct entry *entry)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	memset(entry, 0, sizeof(*entry));
	if (nlh->nlmsg_type != CONNTRACK_TYPE(IPCTNL_MSG_CT_NEW) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return false;
	entry->family = nfg->nfgen_family;
	mnl_attr_parse(nlh, sizeof(*nfg), entry_note, entry);
	return entry->tuple && entry->id;
}

/* Are these one and the same, and not just between the same ends? */
static bool entry_equal(const struct entry *a, const struct entry *b)
{
	return mnl_attr_get_u32(a->id) == mnl_attr_get_u32(b->id) &&
	       a->mark == b->mark;
}

static void put_again(struct nlmsghdr *nlh, const struct nlattr *attr)
{
	mnl_attr_put(nlh, attr->nla_type, mnl_attr_get_payload_len(attr),
		     mnl_attr_get_payload(attr));
}

/*
 * Ask something about one entry, named in full (though by its ends alone the
 * kernel knows which one gets a mark), with @mark if that is not 0. The answer
 * is in c->reply: an entry (0), or none.
 */
static int entry_ask(struct conntrack *c, const struct entry *entry,
		     uint16_t type, uint16_t flags, uint32_t mark)
{
	uint8_t buffer[4096];
	struct nlmsghdr *request = conntrack_request(c, buffer, type, flags);
	struct nfgenmsg *nfg = mnl_nlmsg_get_payload(request);
	const struct nlmsghdr *nlh = (void *)c->reply;
	ssize_t len;
	int rc;

	if (mnl_attr_get_payload_len(entry->tuple) > sizeof(buffer) / 2)
		return -EMSGSIZE;
	nfg->nfgen_family = entry->family;
	put_again(request, entry->tuple);
	if (entry->zone && mnl_attr_validate(entry->zone, MNL_TYPE_U16) >= 0)
		put_again(request, entry->zone);
	put_again(request, entry->id);
	if (mark)
		mnl_attr_put_u32(request, CTA_MARK, htonl(mark));
	rc = conntrack_send(c->edit, request);
	if (rc)
		return rc;
	do {
		len = conntrack_receive(c->edit, c->reply, 0);
		if (len < 0)
			return len;
		if (!mnl_nlmsg_ok(nlh, len))
			return -EBADMSG;
	} while (nlh->nlmsg_seq != request->nlmsg_seq);
	return nlh->nlmsg_type == NLMSG_ERROR ? error_of(nlh) : 0;
}

/* Is it still the one that we have read of? 0 or -errno; -ENOENT: no */
static int entry_check(struct conntrack *c, const struct entry *entry)
{
	struct entry now;
	int rc = entry_ask(c, entry, IPCTNL_MSG_CT_GET, 0, 0);

	if (rc)
		return rc;
	if (!entry_read((void *)c->reply, &now))
		return -EBADMSG;
	return entry_equal(&now, entry) ? 0 : -ENOENT;
}

/* Give it another mark, or end it if that is 0; likewise */
static int entry_act(struct conntrack *c, const struct entry *entry,
		     uint32_t mark)
{
	int rc = entry_check(c, entry);

	return rc ? rc :
		    entry_ask(c, entry,
			      mark ? IPCTNL_MSG_CT_NEW : IPCTNL_MSG_CT_DELETE,
			      NLM_F_ACK, mark);
}

/* ---- sessions ---- */

static bool read_addr(const struct nf_conntrack *ct, uint8_t family,
		      enum nf_conntrack_attr attr, struct addr *addr)
{
	if (nfct_attr_is_set(ct, attr) <= 0)
		return false;
	addr->family = family;
	memcpy(addr->bytes, nfct_get_attr(ct, attr), addr_bits(addr) / 8);
	return true;
}

static uint16_t read_port(const struct nf_conntrack *ct,
			  enum nf_conntrack_attr attr)
{
	return nfct_attr_is_set(ct, attr) > 0 ?
		       ntohs(nfct_get_attr_u16(ct, attr)) :
		       0;
}

/*
 * The session as its first packet met the ruleset: where it came from as it
 * was, where it went to after any translation by others, which is where the
 * replies come from.
 */
static bool read_session(const struct nf_conntrack *ct, struct session *session)
{
	bool is_ip4 = nfct_attr_is_set(ct, ATTR_ORIG_IPV4_SRC) > 0;
	uint32_t status = nfct_attr_is_set(ct, ATTR_STATUS) > 0 ?
				  nfct_get_attr_u32(ct, ATTR_STATUS) :
				  0;

	memset(session, 0, sizeof(*session));
	if (nfct_attr_is_set(ct, ATTR_ORIG_L4PROTO) <= 0 ||
	    nfct_attr_is_set(ct, ATTR_MARK) <= 0 || status & IPS_EXPECTED)
		return false;
	session->proto = nfct_get_attr_u8(ct, ATTR_ORIG_L4PROTO);
	session->mark = nfct_get_attr_u32(ct, ATTR_MARK);
	session->sport = read_port(ct, ATTR_ORIG_PORT_SRC);
	session->dport = read_port(ct, ATTR_REPL_PORT_SRC);
	if (nfct_attr_is_set(ct, ATTR_ICMP_TYPE) > 0) {
		session->sport = read_port(ct, ATTR_ICMP_ID);
		session->dport = nfct_get_attr_u8(ct, ATTR_ICMP_TYPE);
	}
	if (is_ip4)
		return read_addr(ct, 4, ATTR_ORIG_IPV4_SRC, &session->src) &&
		       read_addr(ct, 4, ATTR_REPL_IPV4_SRC, &session->dst);
	return read_addr(ct, 6, ATTR_ORIG_IPV6_SRC, &session->src) &&
	       read_addr(ct, 6, ATTR_REPL_IPV6_SRC, &session->dst);
}

static bool parse_session(const struct nlmsghdr *nlh, struct session *session)
{
	struct nf_conntrack *ct = nfct_new();
	bool known;

	if (!ct)
		abort();
	known = nfct_nlmsg_parse(nlh, ct) >= 0 && read_session(ct, session);
	nfct_destroy(ct);
	return known;
}

/* ---- the sweep ---- */

/* Once there are too many, nobody is watching any more. */
static void late_add(struct conntrack *c, const struct nlmsghdr *nlh)
{
	size_t len = MNL_ALIGN(nlh->nlmsg_len);

	if (c->late_len + len > CONNTRACK_LATE) {
		conntrack_unwatch(c);
		return;
	}
	if (!c->late)
		c->late = malloc(CONNTRACK_LATE);
	if (!c->late)
		abort();
	memcpy(c->late + c->late_len, nlh, nlh->nlmsg_len);
	c->late_len += len;
}

static void sweep_meet(struct conntrack *c, const struct nlmsghdr *nlh)
{
	const struct sweep *sweep = &c->sweep;
	struct session session;
	struct entry entry;
	uint32_t mark;
	int rc = 0;

	c->counts.seen++;
	if (!entry_read(nlh, &entry) || !parse_session(nlh, &session) ||
	    !session_is_ours(&session))
		return;
	c->counts.ours++;
	mark = sweep->mark(sweep->data, &session);
	if (mark == session.mark)
		return;
	if (c->running && c->watches && !entry.is_answered) {
		late_add(c, nlh);
		return;
	}
	if (sweep->acts)
		rc = entry_act(c, &entry, mark);
	if (rc == -ENOENT)
		c->counts.gone++;
	else if (rc)
		c->counts.failed++;
	else if (mark & FLOW_ENDS)
		c->counts.apart++;
	else if (mark)
		c->counts.moved++;
	else
		c->counts.ended++;
}

/* The rest of an answer would be in the way of the next one. */
static int sweep_clear(struct conntrack *c)
{
	struct mnl_socket *fresh = NULL;
	int rc;

	if (!c->stale)
		return 0;
	rc = conntrack_connect(&fresh);
	if (rc) {
		if (fresh)
			mnl_socket_close(fresh);
		return rc;
	}
	mnl_socket_close(c->dump);
	c->dump = fresh;
	c->stale = false;
	return 0;
}

/* Some of what has been left; if it has changed by itself since, then all is well */
static void sweep_late(struct conntrack *c)
{
	const struct nlmsghdr *nlh;
	unsigned int i;

	for (i = 0; i < CONNTRACK_NEWS_EACH && c->late_met < c->late_len; i++) {
		nlh = (void *)(c->late + c->late_met);
		sweep_meet(c, nlh);
		c->late_met += MNL_ALIGN(nlh->nlmsg_len);
	}
}

/*
 * Some of what has been heard of meanwhile: they may come faster than they are
 * dealt with. 1: there is more. If not all has been heard of, then from now on
 * none is.
 */
static int sweep_news(struct conntrack *c)
{
	const struct nlmsghdr *nlh;
	unsigned int i;
	ssize_t len;
	int left;

	if (!c->watches)
		return -ENOTCONN;
	for (i = 0; i < CONNTRACK_NEWS_EACH; i++) {
		len = conntrack_receive(c->news, c->piece, MSG_DONTWAIT);
		if (len == -EAGAIN)
			return 0;
		if (len < 0) {
			conntrack_unwatch(c);
			return len;
		}
		nlh = (void *)c->piece;
		left = len;
		for (; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			sweep_meet(c, nlh);
	}
	return 1;
}

int conntrack_begin(struct conntrack *c, const struct sweep *sweep)
{
	uint8_t buffer[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *request;
	int rc;

	c->running = false;
	c->late_len = c->late_met = 0;
	rc = sweep_clear(c);
	if (rc)
		return rc;
	request = conntrack_request(c, buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	rc = conntrack_send(c->dump, request);
	if (rc)
		return rc;
	c->sweep = *sweep;
	c->sweep_seq = request->nlmsg_seq;
	c->running = c->stale = true;
	c->interrupted = false;
	memset(&c->counts, 0, sizeof(c->counts));
	return 0;
}

/* One piece of the dump; 1, or what ended it */
static int sweep_piece(struct conntrack *c)
{
	const struct nlmsghdr *nlh = (void *)c->piece;
	ssize_t got = conntrack_receive(c->dump, c->piece, 0);
	int left = got;

	if (got < 0)
		return got;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != c->sweep_seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			c->interrupted = true;
		if (nlh->nlmsg_type == NLMSG_DONE)
			return error_of(nlh);
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return error_of(nlh) ? error_of(nlh) : -EBADMSG;
		sweep_meet(c, nlh);
	}
	return left ? -EBADMSG : 1;
}

int conntrack_step(struct conntrack *c, struct sweep_counts *counts)
{
	int rc;

	if (!c->running)
		return -EINVAL;
	rc = sweep_piece(c);
	*counts = c->counts;
	if (rc == 1)
		return 1;
	c->running = false;
	c->stale = rc != 0;
	return !rc && c->interrupted ? -EINTR : rc;
}

/* ---- what is opened meanwhile ---- */

static int news_join(struct conntrack *c, int option)
{
	int group = NFNLGRP_CONNTRACK_NEW;

	return mnl_socket_setsockopt(c->news, option, &group, sizeof(group)) <
			       0 ?
		       -errno :
		       0;
}

/* What was heard before is of no interest. */
static void news_forget(struct conntrack *c)
{
	ssize_t len;

	do {
		len = conntrack_receive(c->news, c->reply, MSG_DONTWAIT);
	} while (len >= 0 || len == -ENOBUFS);
}

int conntrack_watch(struct conntrack *c)
{
	int rc;

	conntrack_unwatch(c);
	rc = news_join(c, NETLINK_ADD_MEMBERSHIP);
	c->watches = !rc;
	return rc;
}

void conntrack_unwatch(struct conntrack *c)
{
	if (!c->watches)
		return;
	news_join(c, NETLINK_DROP_MEMBERSHIP);
	news_forget(c);
	c->watches = false;
}

bool conntrack_has_late(const struct conntrack *c)
{
	return c->late_len;
}

int conntrack_catch_up(struct conntrack *c, struct sweep_counts *counts)
{
	int rc = 1;

	c->counts = *counts;
	if (!c->watches || c->late_met == c->late_len)
		rc = sweep_news(c);
	else
		sweep_late(c);
	*counts = c->counts;
	return rc;
}
