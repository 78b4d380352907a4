// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends and sees. Easy to get wrong: a packet counts as dropped only when it
 * would have arrived by now. On one processor, veth links deliver in the order
 * of sending; so a marker is sent after the packets, the gateway's side sends
 * it back, and it returns behind everything that was let through. A queue that
 * overflowed meanwhile (others use this machine too) is noticed by the
 * kernel's counters, and what was not seen is sent again.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_packet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ETHERTYPE_MARKER 0x88b5 /* IEEE 802: for local experiments */
#define RECEIVE_BUFFER (32 << 20) /* bytes */
#define RECEIVE_BATCH 64
#define MARKER_WAIT_MSEC 10000
#define LOSSES_MAX 20
#define CONNTRACK_DUMP_SIZE 32768

/* Protocols whose delivery to the gateway is watched */
static const uint8_t watched[] = {
	IPPROTO_TCP,  IPPROTO_UDP,    IPPROTO_SCTP,
	IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_UDPLITE,
	IPPROTO_GRE,  IPPROTO_ESP,    89 /* OSPF */,
};

#define N_WATCHED (sizeof(watched) / sizeof(*watched))

struct receive_buffer {
	struct mmsghdr messages[RECEIVE_BATCH];
	struct iovec vectors[RECEIVE_BATCH];
	struct sockaddr_storage names[RECEIVE_BATCH];
	uint8_t data[RECEIVE_BATCH][FRAME_MAX];
};

/**
 * struct wire
 * @world: sees every frame that leaves the gateway, and the marker
 * @marker: at the gateway's end, sees only the marker, and sends it back
 * @local: raw sockets in the gateway, IPv4 and IPv6 for each protocol
 * @own: raw sockets in the gateway that send, IPv4 and IPv6
 */
struct wire {
	const struct topology *topology;
	int world, marker;
	int local[2][N_WATCHED];
	int own[2];
	struct mnl_socket *conntrack;
	cpu_set_t cpus_before; /* for wire_close() */
	uint64_t next_id;
	uint64_t next_marker;
	uint64_t machine_losses; /* as of the last look */
	struct receive_buffer received;
	struct frame frames[WIRE_BATCH];
};

/* ---- opening and closing ---- */

static int pin_to_one_cpu(struct wire *wire)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0 || sched_getaffinity(0, sizeof(wire->cpus_before),
					 &wire->cpus_before) < 0)
		return -errno;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0;
}

static int open_socket(int family, int type, int protocol)
{
	static const int size = RECEIVE_BUFFER;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) <
	    0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

static int open_world(struct wire *wire)
{
	static const int on = 1;
	int rc = topology_enter(wire->topology, TOPOLOGY_WORLD);

	if (rc)
		return rc;
	wire->world = open_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (wire->world < 0)
		return wire->world;
	/* without it, our own frames would be seen as well */
	return setsockopt(wire->world, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
			  sizeof(on)) < 0 ?
		       -errno :
		       0;
}

static int open_gateway(struct wire *wire)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int rc = topology_enter(wire->topology, TOPOLOGY_GATEWAY);
	size_t i, k;

	if (rc)
		return rc;
	wire->marker =
		open_socket(AF_PACKET, SOCK_RAW, htons(ETHERTYPE_MARKER));
	if (wire->marker < 0)
		return wire->marker;
	for (i = 0; i < 2; i++) {
		wire->own[i] = open_socket(families[i], SOCK_RAW, IPPROTO_RAW);
		if (wire->own[i] < 0)
			return wire->own[i];
		for (k = 0; k < N_WATCHED; k++) {
			wire->local[i][k] =
				open_socket(families[i], SOCK_RAW, watched[k]);
			if (wire->local[i][k] < 0)
				return wire->local[i][k];
		}
	}
	wire->conntrack = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!wire->conntrack ||
	    mnl_socket_bind(wire->conntrack, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

static void prepare_received(struct receive_buffer *received)
{
	size_t i;

	for (i = 0; i < RECEIVE_BATCH; i++) {
		struct msghdr *header = &received->messages[i].msg_hdr;

		received->vectors[i].iov_base = received->data[i];
		received->vectors[i].iov_len = sizeof(received->data[i]);
		header->msg_iov = &received->vectors[i];
		header->msg_iovlen = 1;
		header->msg_name = &received->names[i];
	}
}

/* Packets that the kernel lost before any rule saw them, on all processors */
static uint64_t count_machine_losses(void)
{
	FILE *file = fopen("/proc/net/softnet_stat", "re");
	unsigned int lost;
	uint64_t sum = 0;

	if (!file)
		return 0;
	while (fscanf(file, "%*x %x%*[^\n]", &lost) == 1)
		sum += lost;
	fclose(file);
	return sum;
}

int wire_open(const struct topology *topology, struct wire **wire)
{
	struct wire *new = calloc(1, sizeof(*new));
	size_t i, k;
	int rc;

	if (!new)
		abort();
	if (!topology->n_links) {
		free(new);
		return -ENODEV;
	}
	new->topology = topology;
	new->world = new->marker = new->own[0] = new->own[1] = -1;
	for (i = 0; i < 2; i++)
		for (k = 0; k < N_WATCHED; k++)
			new->local[i][k] = -1;
	new->next_id = FRAME_ID_MAGIC << 48;
	prepare_received(&new->received);

	rc = pin_to_one_cpu(new);
	if (!rc)
		rc = open_world(new);
	if (!rc)
		rc = open_gateway(new);
	topology_enter(topology, TOPOLOGY_HOME);
	if (rc) {
		wire_close(new);
		return rc;
	}
	new->machine_losses = count_machine_losses();
	*wire = new;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void wire_close(struct wire *wire)
{
	size_t i, k;

	if (!wire)
		return;
	close_fd(wire->world);
	close_fd(wire->marker);
	for (i = 0; i < 2; i++) {
		close_fd(wire->own[i]);
		for (k = 0; k < N_WATCHED; k++)
			close_fd(wire->local[i][k]);
	}
	if (wire->conntrack)
		mnl_socket_close(wire->conntrack);
	if (CPU_COUNT(&wire->cpus_before))
		sched_setaffinity(0, sizeof(wire->cpus_before),
				  &wire->cpus_before);
	free(wire);
}

uint64_t wire_id(struct wire *wire)
{
	return wire->next_id++;
}

/* ---- connection tracking ---- */

static struct nlmsghdr *conntrack_request(char *buf, uint16_t type,
					  uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = 1;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

static int conntrack_talk(struct wire *wire, const struct nlmsghdr *request,
			  mnl_cb_t see, void *data)
{
	unsigned int port = mnl_socket_get_portid(wire->conntrack);
	char buf[CONNTRACK_DUMP_SIZE];
	ssize_t got;
	int rc;

	if (mnl_socket_sendto(wire->conntrack, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		got = mnl_socket_recvfrom(wire->conntrack, buf, sizeof(buf));
		if (got < 0)
			return -errno;
		rc = mnl_cb_run(buf, (size_t)got, 1, port, see, data);
	} while (rc > MNL_CB_STOP);
	return rc < 0 ? -errno : 0;
}

int wire_forget(struct wire *wire)
{
	char buf[128];

	return conntrack_talk(
		wire, conntrack_request(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK),
		NULL, NULL);
}

struct mark_query {
	const struct addr *src, *dst;
	uint32_t mark;
};

/* Fill @found with the attributes nested in @attr, of types up to @max. */
struct nested {
	const struct nlattr **found;
	uint16_t max;
};

static int nested_see(const struct nlattr *attr, void *data)
{
	struct nested *nested = data;

	if (mnl_attr_get_type(attr) <= nested->max)
		nested->found[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static bool attr_is_addr(const struct nlattr *attr, const struct addr *addr)
{
	size_t len = addr->family == 4 ? 4 : 16;

	return attr && mnl_attr_get_payload_len(attr) == len &&
	       !memcmp(mnl_attr_get_payload(attr), addr->bytes, len);
}

static int mark_see(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *entry[CTA_MAX + 1] = { 0 };
	const struct nlattr *tuple[CTA_TUPLE_MAX + 1] = { 0 };
	const struct nlattr *ip[CTA_IP_MAX + 1] = { 0 };
	struct nested outer = { entry, CTA_MAX };
	struct nested middle = { tuple, CTA_TUPLE_MAX };
	struct nested inner = { ip, CTA_IP_MAX };
	struct mark_query *query = data;
	bool is_v4 = query->src->family == 4;

	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), nested_see, &outer);
	if (!entry[CTA_TUPLE_ORIG] || !entry[CTA_MARK])
		return MNL_CB_OK;
	mnl_attr_parse_nested(entry[CTA_TUPLE_ORIG], nested_see, &middle);
	if (!tuple[CTA_TUPLE_IP])
		return MNL_CB_OK;
	mnl_attr_parse_nested(tuple[CTA_TUPLE_IP], nested_see, &inner);
	if (attr_is_addr(ip[is_v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC],
			 query->src) &&
	    attr_is_addr(ip[is_v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST], query->dst))
		query->mark = ntohl(mnl_attr_get_u32(entry[CTA_MARK]));
	return MNL_CB_OK;
}

int wire_mark(struct wire *wire, const struct addr *src, const struct addr *dst,
	      uint32_t *mark)
{
	struct mark_query query = { .src = src, .dst = dst };
	char buf[128];
	int rc;

	rc = conntrack_talk(
		wire, conntrack_request(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP),
		mark_see, &query);
	if (!rc)
		*mark = query.mark;
	return rc;
}

/* ---- sending ---- */

int wire_send(struct wire *wire, const char *iif, const struct frame *frame)
{
	const struct topology_link *link =
		topology_link_by_name(wire->topology, iif);
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };

	if (!link)
		return -ENODEV;
	addr.sll_ifindex = (int)link->world_ifindex;
	if (sendto(wire->world, frame->data, frame->len, 0,
		   (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return 0;
}

int wire_send_own(struct wire *wire, const struct frame *frame)
{
	const uint8_t *ip = frame->data + ETHER_LEN;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	bool is_v4 = ip[0] >> 4 == 4;
	ssize_t done;

	memcpy(&v4.sin_addr, ip + 16, 4);
	memcpy(&v6.sin6_addr, ip + 24, 16);
	done = is_v4 ? sendto(wire->own[0], ip, frame->len - ETHER_LEN, 0,
			      (struct sockaddr *)&v4, sizeof(v4)) :
		       sendto(wire->own[1], ip, frame->len - ETHER_LEN, 0,
			      (struct sockaddr *)&v6, sizeof(v6));
	return done < 0 ? -errno : 0;
}

/* ---- seeing ---- */

struct seer {
	void (*see)(const struct sighting *sighting, void *data);
	void *data;
};

static const struct topology_link *link_of_index(const struct wire *wire,
						 int ifindex)
{
	size_t i;

	for (i = 0; i < wire->topology->n_links; i++)
		if ((int)wire->topology->links[i].world_ifindex == ifindex)
			return &wire->topology->links[i];
	return NULL;
}

static int receive_some(struct wire *wire, int fd)
{
	struct receive_buffer *received = &wire->received;
	size_t i;

	for (i = 0; i < RECEIVE_BATCH; i++)
		received->messages[i].msg_hdr.msg_namelen =
			sizeof(received->names[i]);
	return recvmmsg(fd, received->messages, RECEIVE_BATCH, MSG_DONTWAIT,
			NULL);
}

static uint16_t ethertype_of(const uint8_t *frame)
{
	return (uint16_t)(frame[12] << 8 | frame[13]);
}

static bool is_marker(const uint8_t *frame, size_t len, uint64_t number)
{
	return len >= ETHER_LEN + sizeof(number) &&
	       ethertype_of(frame) == ETHERTYPE_MARKER &&
	       !memcmp(frame + ETHER_LEN, &number, sizeof(number));
}

/* One frame on the world's side; true if it is the marker. */
static bool see_frame(struct wire *wire, size_t nth, uint64_t marker,
		      const struct seer *seer)
{
	const struct sockaddr_ll *from =
		(struct sockaddr_ll *)&wire->received.names[nth];
	const uint8_t *frame = wire->received.data[nth];
	size_t len = wire->received.messages[nth].msg_len;
	struct sighting sighting;

	if (is_marker(frame, len, marker))
		return true;
	if (len <= ETHER_LEN || (ethertype_of(frame) != ETHERTYPE_IP &&
				 ethertype_of(frame) != ETHERTYPE_IPV6))
		return false;
	sighting.link = link_of_index(wire, from->sll_ifindex);
	if (sighting.link &&
	    frame_parse(frame + ETHER_LEN, len - ETHER_LEN, &sighting.view))
		seer->see(&sighting, seer->data);
	return false;
}

/* Wait for something to read, but not for ever, and not through a signal. */
static int wait_readable(const struct wire *wire, int fd)
{
	struct pollfd polls[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = wire->topology->signals, .events = POLLIN },
	};
	int n = poll(polls, 2, MARKER_WAIT_MSEC);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (!n)
		return -ETIMEDOUT;
	return polls[1].revents ? -EINTR : 0;
}

/* Everything up to the marker; it has been sent, so it comes. */
static int see_world(struct wire *wire, uint64_t marker,
		     const struct seer *seer)
{
	bool found = false;
	int i, n, rc;

	while (!found) {
		rc = wait_readable(wire, wire->world);
		if (rc)
			return rc;
		while ((n = receive_some(wire, wire->world)) > 0)
			for (i = 0; i < n; i++)
				if (see_frame(wire, (size_t)i, marker, seer))
					found = true;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return 0;
}

static int see_local(struct wire *wire, size_t family, size_t nth,
		     const struct seer *seer)
{
	int i, n;

	while ((n = receive_some(wire, wire->local[family][nth])) > 0)
		for (i = 0; i < n; i++) {
			struct sighting sighting = { 0 };
			const uint8_t *data = wire->received.data[i];
			size_t len = wire->received.messages[i].msg_len;

			if (!family) { /* IPv4 comes with its header */
				if (!frame_parse(data, len, &sighting.view))
					continue;
			} else {
				sighting.view.proto = watched[nth];
				frame_parse_l4(data, len, &sighting.view);
			}
			seer->see(&sighting, seer->data);
		}
	return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

static int send_marker(int fd, unsigned int ifindex, uint64_t number)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)ifindex,
	};
	uint8_t frame[ETHER_LEN + sizeof(number)] = {
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0x06,
		0x53,
		0x00,
		0x00,
		0x00,
		0x01,
		ETHERTYPE_MARKER >> 8,
		ETHERTYPE_MARKER & 0xff,
	};

	memcpy(frame + ETHER_LEN, &number, sizeof(number));
	return sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&addr,
		      sizeof(addr)) < 0 ?
		       -errno :
		       0;
}

/* Wait at the gateway's end until the marker has come in. */
static int await_marker(struct wire *wire, uint64_t number)
{
	uint8_t frame[64];
	ssize_t len;
	int rc;

	for (;;) {
		rc = wait_readable(wire, wire->marker);
		if (rc)
			return rc;
		while ((len = recv(wire->marker, frame, sizeof(frame), 0)) > 0)
			if (is_marker(frame, (size_t)len, number))
				return 0;
	}
}

int wire_collect(struct wire *wire,
		 void (*see)(const struct sighting *sighting, void *data),
		 void *data)
{
	const struct topology_link *link = &wire->topology->links[0];
	uint64_t number = wire->next_marker++;
	struct seer seer = { see, data };
	size_t i, k;
	int rc;

	rc = send_marker(wire->world, link->world_ifindex, number);
	if (!rc)
		rc = await_marker(wire, number);
	if (!rc)
		rc = send_marker(wire->marker, link->gateway_ifindex, number);
	if (!rc)
		rc = see_world(wire, number, &seer);
	for (i = 0; i < 2; i++)
		for (k = 0; !rc && k < N_WATCHED; k++)
			rc = see_local(wire, i, k, &seer);
	return rc;
}

/* ---- probes by the hundred ---- */

/**
 * struct batch - probes that are on their way together
 * @first_id: of the first one; the others follow
 */
struct batch {
	const struct probe *probes;
	size_t n;
	bool *passed;
	uint64_t first_id;
};

/* In GRE and the like, the place of the ports is taken by other things. */
static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static void batch_see(const struct sighting *sighting, void *data)
{
	const struct view *view = &sighting->view;
	const struct batch *batch = data;
	const struct probe *probe;
	uint64_t nth;

	if (!view->has_id || view->is_error)
		return;
	nth = view->id - batch->first_id;
	if (nth >= batch->n)
		return; /* left over from before */
	/* a reply with the same payload is not the probe */
	probe = &batch->probes[nth];
	if (has_ports(view->proto) &&
	    (view->dport != probe->dport || view->sport != probe->sport))
		return;
	if (view->proto == probe->proto && !sighting->link == !!probe->local)
		batch->passed[nth] = true;
}

static int send_all(struct wire *wire, struct mmsghdr *messages, unsigned int n)
{
	int done;

	while (n) {
		done = sendmmsg(wire->world, messages, n, 0);
		if (done < 0 && errno != EINTR && errno != EAGAIN &&
		    errno != ENOBUFS)
			return -errno;
		if (done > 0) {
			messages += done;
			n -= (unsigned int)done;
		}
	}
	return 0;
}

/* Send what has not passed yet. */
static int batch_send(struct wire *wire, const struct batch *batch)
{
	struct mmsghdr messages[WIRE_BATCH] = { 0 };
	struct sockaddr_ll addrs[WIRE_BATCH] = { 0 };
	struct iovec vectors[WIRE_BATCH];
	unsigned int n = 0;
	size_t i;
	int rc;

	for (i = 0; i < batch->n; i++) {
		const struct probe *probe = &batch->probes[i];
		struct frame *frame = &wire->frames[i];
		const struct topology_link *link = NULL;

		if (batch->passed[i])
			continue;
		if (probe->iif)
			link = topology_link_by_name(wire->topology,
						     probe->iif);
		if (probe->iif && !link)
			return -ENODEV;
		frame_build(frame, probe, link ? &link->mac : &probe->src_mac,
			    batch->first_id + i, NULL);
		if (!link) {
			rc = wire_send_own(wire, frame);
			if (rc && rc != -EPERM && rc != -EACCES &&
			    rc != -ENETUNREACH && rc != -EHOSTUNREACH)
				return rc;
			continue;
		}
		addrs[n].sll_family = AF_PACKET;
		addrs[n].sll_ifindex = (int)link->world_ifindex;
		vectors[n].iov_base = frame->data;
		vectors[n].iov_len = frame->len;
		messages[n].msg_hdr.msg_name = &addrs[n];
		messages[n].msg_hdr.msg_namelen = sizeof(addrs[n]);
		messages[n].msg_hdr.msg_iov = &vectors[n];
		messages[n].msg_hdr.msg_iovlen = 1;
		n++;
	}
	return send_all(wire, messages, n);
}

/* Has a packet been lost, by whomever, since the last look? */
static bool lost_any(struct wire *wire)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);
	uint64_t losses = count_machine_losses();
	bool lost = losses != wire->machine_losses;

	wire->machine_losses = losses;
	if (getsockopt(wire->world, SOL_PACKET, PACKET_STATISTICS, &stats,
		       &len) == 0 &&
	    stats.tp_drops)
		lost = true;
	return lost;
}

static int batch_run(struct wire *wire, struct batch *batch)
{
	unsigned int losses;
	int rc;

	for (losses = 0; losses < LOSSES_MAX; losses++) {
		rc = wire_forget(wire);
		if (!rc)
			rc = batch_send(wire, batch);
		if (!rc)
			rc = wire_collect(wire, batch_see, batch);
		if (rc)
			return rc;
		if (!lost_any(wire))
			return 0;
	}
	return -ENOBUFS;
}

int wire_probe(struct wire *wire, const struct probe *probes, size_t n,
	       bool *passed)
{
	struct batch batch;
	size_t done;
	int rc;

	memset(passed, 0, n * sizeof(*passed));
	for (done = 0; done < n; done += batch.n) {
		batch.probes = probes + done;
		batch.passed = passed + done;
		batch.n = n - done < WIRE_BATCH ? n - done : WIRE_BATCH;
		batch.first_id = wire->next_id;
		wire->next_id += batch.n;
		rc = batch_run(wire, &batch);
		if (rc)
			return rc;
	}
	return 0;
}
