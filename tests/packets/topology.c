// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gateway and the world around it, out of a policy. Easy to get wrong: the
 * far ends have to be up, with their queues, before anything may be believed to
 * have been dropped by the ruleset; so each link is tried in both directions,
 * below IP, until it carries. And what a test starts must not outlive it: the
 * namespaces have no names, so the kernel takes them down with us.
 */
#include "topology.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ETHERTYPE_TRIAL 0x88b6 /* IEEE 802: for local experiments */
#define CARRIER_TRIES 1000
#define CARRIER_WAIT_MSEC 10
#define ADDRESS_TRIES 100000

/* Next hops of all networks; nothing else uses them. */
#define VIA_IPV4 "169.254.83.75"
#define VIA_IPV6 "fe80::53:4b"

/* ---- small things ---- */

static struct mac mac_made(uint8_t kind, uint32_t number)
{
	struct mac mac = { { 0x06, 0x53, kind } };

	mac.bytes[3] = (uint8_t)(number >> 16);
	mac.bytes[4] = (uint8_t)(number >> 8);
	mac.bytes[5] = (uint8_t)number;
	return mac;
}

enum { MAC_GATEWAY = 1, MAC_WORLD, MAC_VIA, MAC_HOST };

/* A host that declares no MAC has one all the same. */
static struct mac mac_of_addr(const struct addr *addr)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < sizeof(addr->bytes); i++)
		hash = (hash ^ addr->bytes[i]) * 16777619u;
	return mac_made(MAC_HOST, hash ^ hash >> 24);
}

static size_t family_index(unsigned int family)
{
	return family == 4 ? 0 : 1;
}

static int cmp_neighbours(const void *a, const void *b)
{
	const struct topology_neighbour *x = a, *y = b;

	return addr_cmp(&x->addr, &y->addr);
}

static const struct topology_neighbour *
neighbour_find(const struct topology *topology, const struct addr *addr)
{
	struct topology_neighbour key = { .addr = *addr };

	if (!topology->n_neighbours)
		return NULL;
	return bsearch(&key, topology->neighbours, topology->n_neighbours,
		       sizeof(key), cmp_neighbours);
}

/* ---- what the others ask ---- */

int topology_enter(const struct topology *topology, enum topology_place place)
{
	int fd = -1;

	switch (place) {
	case TOPOLOGY_HOME:
		fd = topology->home_ns;
		break;
	case TOPOLOGY_GATEWAY:
		fd = topology->gateway_ns;
		break;
	case TOPOLOGY_WORLD:
		fd = topology->world_ns;
		break;
	}
	return setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

const struct topology_link *
topology_link_by_name(const struct topology *topology, const char *name)
{
	size_t i;

	for (i = 0; i < topology->n_links; i++)
		if (!strcmp(topology->links[i].name, name))
			return &topology->links[i];
	return NULL;
}

/* A zone's networks are dealt out to its interfaces in turn. */
static const struct topology_link *link_of_net(const struct topology *topology,
					       const struct zone *zone,
					       size_t net)
{
	size_t i, nth = zone->n_interfaces ? net % zone->n_interfaces : 0;

	for (i = 0; i < topology->n_links; i++)
		if (topology->links[i].zone == zone && !nth--)
			return &topology->links[i];
	return NULL;
}

const struct topology_link *topology_towards(const struct topology *topology,
					     const struct addr *addr)
{
	const struct zone *zone = policy_zone_of(topology->policy, addr);
	size_t i, best = 0;
	bool found = false;

	if (!zone)
		return NULL;
	for (i = 0; i < zone->n_networks; i++) {
		const struct prefix *net = &zone->networks[i];

		if (!prefix_has_addr(net, addr))
			continue;
		if (!found || net->len > zone->networks[best].len)
			best = i;
		found = true;
	}
	return found ? link_of_net(topology, zone, best) : NULL;
}

const struct addr *topology_link_addr(const struct topology_link *link,
				      unsigned int family)
{
	const struct addr *addr = &link->nets[family_index(family)].addr;

	return addr->family ? addr : NULL;
}

const struct topology_link *topology_owner(const struct topology *topology,
					   const struct addr *addr)
{
	const struct addr *own;
	size_t i;

	for (i = 0; i < topology->n_links; i++) {
		own = topology_link_addr(&topology->links[i], addr->family);
		if (own && !addr_cmp(own, addr))
			return &topology->links[i];
	}
	return NULL;
}

struct mac topology_mac(const struct topology *topology,
			const struct addr *addr)
{
	const struct zone *zone = policy_zone_of(topology->policy, addr);
	const struct topology_neighbour *neighbour;

	if (zone && zone->has_next_hop_mac)
		return zone->next_hop_mac;
	neighbour = neighbour_find(topology, addr);
	return neighbour ? neighbour->mac : mac_of_addr(addr);
}

bool topology_interrupted(const struct topology *topology)
{
	struct pollfd poll_fd = { .fd = topology->signals, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

/* ---- running programs ---- */

void topology_prepare_child(const struct topology *topology,
			    enum topology_place place, pid_t parent)
{
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
	    topology_enter(topology, place))
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Run "ip -batch" with what was written to @script, which is closed. */
static int run_ip(const struct topology *topology, enum topology_place place,
		  FILE *script)
{
	pid_t parent = getpid(), child;
	int status;

	if (fflush(script) || lseek(fileno(script), 0, SEEK_SET) < 0) {
		fclose(script);
		return -EIO;
	}
	child = fork();
	if (!child) {
		topology_prepare_child(topology, place, parent);
		dup2(fileno(script), STDIN_FILENO);
		execlp("ip", "ip", "-batch", "-", (char *)NULL);
		_exit(127);
	}
	fclose(script);
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

static FILE *script_new(void)
{
	int fd = memfd_create("ip-batch", MFD_CLOEXEC);
	FILE *script = fd < 0 ? NULL : fdopen(fd, "w");

	if (!script)
		abort();
	return script;
}

/* ---- namespaces and links ---- */

static int ns_open(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd;
}

static int ns_new(int *fd)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	*fd = ns_open();
	return *fd < 0 ? *fd : 0;
}

static int sysctl_set(const char *name, const char *value)
{
	char path[128];
	ssize_t done;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* not in this kernel */
	done = write(fd, value, strlen(value));
	close(fd);
	return done < 0 ? -errno : 0;
}

static int sysctls_set(const struct topology *topology)
{
	static const char *const gateway[][2] = {
		{ "ipv4/ip_forward", "1" },
		{ "ipv6/conf/all/forwarding", "1" },
		{ "ipv6/conf/default/forwarding", "1" },
		{ "ipv4/conf/all/rp_filter", "0" },
		{ "ipv4/conf/default/rp_filter", "0" },
		{ "ipv4/conf/all/accept_source_route", "1" },
		{ "ipv4/conf/default/accept_source_route", "1" },
		{ "ipv6/conf/all/accept_source_route", "1" },
		{ "ipv6/conf/default/accept_source_route", "1" },
		{ "ipv6/conf/all/seg6_enabled", "1" },
		{ "ipv6/conf/default/seg6_enabled", "1" },
		{ "ipv4/conf/all/bc_forwarding", "1" },
		{ "ipv4/conf/default/bc_forwarding", "1" },
		{ "ipv4/conf/all/send_redirects", "0" },
		{ "ipv4/conf/default/send_redirects", "0" },
		{ "ipv4/icmp_echo_ignore_broadcasts", "0" },
		{ "ipv4/icmp_ratelimit", "0" },
		{ "ipv6/icmp/ratelimit", "0" },
		{ "ipv6/conf/all/accept_dad", "0" },
		{ "ipv6/conf/default/accept_dad", "0" },
		{ "ipv6/conf/default/accept_ra", "0" },
	};
	static const char *const world[][2] = {
		{ "ipv6/conf/all/disable_ipv6", "1" },
		{ "ipv6/conf/default/disable_ipv6", "1" },
	};
	size_t i;
	int rc;

	rc = topology_enter(topology, TOPOLOGY_GATEWAY);
	for (i = 0; !rc && i < sizeof(gateway) / sizeof(*gateway); i++)
		rc = sysctl_set(gateway[i][0], gateway[i][1]);
	if (!rc)
		rc = topology_enter(topology, TOPOLOGY_WORLD);
	for (i = 0; !rc && i < sizeof(world) / sizeof(*world); i++)
		rc = sysctl_set(world[i][0], world[i][1]);
	return rc;
}

static void links_list(struct topology *topology)
{
	const struct policy *policy = topology->policy;
	size_t i, k, n = 0;

	for (i = 0; i < policy->n_zones; i++)
		n += policy->zones[i].n_interfaces;
	topology->links = calloc(n ? n : 1, sizeof(*topology->links));
	if (!topology->links)
		abort();
	for (i = 0; i < policy->n_zones; i++)
		for (k = 0; k < policy->zones[i].n_interfaces; k++) {
			struct topology_link *link =
				&topology->links[topology->n_links++];

			link->name = policy->zones[i].interfaces[k];
			link->zone = &policy->zones[i];
			link->mac = mac_made(MAC_GATEWAY,
					     (uint32_t)topology->n_links);
		}
}

static int links_make(const struct topology *topology)
{
	char text[2][ADDR_TEXT];
	FILE *script = script_new();
	size_t i;
	int rc;

	fprintf(script, "link set lo up\n");
	for (i = 0; i < topology->n_links; i++) {
		struct mac peer = mac_made(MAC_WORLD, (uint32_t)i + 1);

		fprintf(script,
			"link add name %s address %s type veth peer name w%zu "
			"address %s netns /proc/%d/fd/%d\n",
			topology->links[i].name,
			mac_print(&topology->links[i].mac, text[0]), i,
			mac_print(&peer, text[1]), (int)getpid(),
			topology->world_ns);
	}
	rc = run_ip(topology, TOPOLOGY_GATEWAY, script);
	if (rc)
		return rc;

	script = script_new();
	for (i = 0; i < topology->n_links; i++)
		fprintf(script, "link set w%zu up\n", i);
	rc = run_ip(topology, TOPOLOGY_WORLD, script);
	if (rc)
		return rc;

	script = script_new();
	for (i = 0; i < topology->n_links; i++)
		fprintf(script, "link set %s up\n", topology->links[i].name);
	return run_ip(topology, TOPOLOGY_GATEWAY, script);
}

static int links_index(struct topology *topology)
{
	char name[32];
	size_t i;
	int rc;

	rc = topology_enter(topology, TOPOLOGY_GATEWAY);
	for (i = 0; !rc && i < topology->n_links; i++) {
		struct topology_link *link = &topology->links[i];

		link->gateway_ifindex = if_nametoindex(link->name);
		if (!link->gateway_ifindex)
			rc = -errno;
	}
	if (!rc)
		rc = topology_enter(topology, TOPOLOGY_WORLD);
	for (i = 0; !rc && i < topology->n_links; i++) {
		snprintf(name, sizeof(name), "w%zu", i);
		topology->links[i].world_ifindex = if_nametoindex(name);
		if (!topology->links[i].world_ifindex)
			rc = -errno;
	}
	return rc;
}

static int trial_socket(const struct topology *topology,
			enum topology_place place)
{
	int rc = topology_enter(topology, place);
	int fd;

	if (rc)
		return rc;
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    htons(ETHERTYPE_TRIAL));
	if (fd < 0)
		return -errno;
	return fd;
}

/* Send from one end until the other end has seen it. */
static int link_try(const struct topology *topology, int from,
		    unsigned int from_index, int to, unsigned int to_index)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE_TRIAL),
		.sll_ifindex = (int)from_index,
		.sll_halen = 6,
		.sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};
	struct pollfd poll_fd = { .fd = to, .events = POLLIN };
	struct sockaddr_ll got;
	unsigned int tries;
	char byte = 0;

	for (tries = 0; tries < CARRIER_TRIES; tries++) {
		socklen_t len = sizeof(got);

		if (topology_interrupted(topology))
			return -EINTR;
		/* may fail as long as the link is not up; then again */
		sendto(from, &byte, 1, 0, (struct sockaddr *)&addr,
		       sizeof(addr));
		if (poll(&poll_fd, 1, CARRIER_WAIT_MSEC) <= 0)
			continue;
		while (recvfrom(to, &byte, 1, 0, (struct sockaddr *)&got,
				&len) >= 0)
			if (got.sll_ifindex == (int)to_index &&
			    got.sll_pkttype != PACKET_OUTGOING)
				return 0;
	}
	return -ENETDOWN;
}

static int links_wait(const struct topology *topology)
{
	int gateway = trial_socket(topology, TOPOLOGY_GATEWAY);
	int world = trial_socket(topology, TOPOLOGY_WORLD);
	int rc = gateway < 0 ? gateway : world < 0 ? world : 0;
	size_t i;

	for (i = 0; !rc && i < topology->n_links; i++) {
		const struct topology_link *link = &topology->links[i];

		rc = link_try(topology, world, link->world_ifindex, gateway,
			      link->gateway_ifindex);
		if (!rc)
			rc = link_try(topology, gateway, link->gateway_ifindex,
				      world, link->world_ifindex);
	}
	if (gateway >= 0)
		close(gateway);
	if (world >= 0)
		close(world);
	return rc;
}

/* ---- addresses, routes, neighbours ---- */

static void neighbour_add(struct topology_neighbour **list, size_t *n,
			  const struct addr *addr, const struct mac *mac)
{
	if (!(*n & (*n - 1))) { /* grow at each power of two */
		*list = realloc(*list, (*n ? 2 * *n : 1) * sizeof(**list));
		if (!*list)
			abort();
	}
	(*list)[*n].addr = *addr;
	(*list)[(*n)++].mac = *mac;
}

static void neighbours_list(struct topology *topology)
{
	const struct policy *policy = topology->policy;
	size_t i, k;

	for (i = 0; i < policy->n_hosts; i++) {
		const struct endpoint *host = &policy->hosts[i];

		for (k = 0; k < host->n_prefixes; k++) {
			const struct addr *addr = &host->prefixes[k].addr;
			struct mac made = mac_of_addr(addr);

			neighbour_add(&topology->neighbours,
				      &topology->n_neighbours, addr,
				      host->has_mac ? &host->mac : &made);
		}
	}
	if (topology->n_neighbours)
		qsort(topology->neighbours, topology->n_neighbours,
		      sizeof(*topology->neighbours), cmp_neighbours);
}

/* Does a conduit name this one address? Then it is not the gateway's. */
static bool addr_is_named(const struct policy *policy, const struct addr *addr)
{
	size_t i, k;

	for (i = 0; i < policy->n_flows; i++) {
		const struct endpoint *ends[] = { policy->flows[i].from,
						  policy->flows[i].to };

		for (k = 0; k < 2; k++)
			if (ends[k]->kind == ENDPOINT_HOST &&
			    ends[k]->n_prefixes == 1 &&
			    !addr_cmp(&ends[k]->prefixes[0].addr, addr))
				return true;
	}
	return false;
}

/* The first free address from @from on inside @net, for the gateway */
static bool addr_take(const struct topology *topology, const struct zone *zone,
		      const struct prefix *net, struct addr *from)
{
	struct addr last = prefix_last(net);
	unsigned int tries;

	for (tries = 0; tries < ADDRESS_TRIES; tries++) {
		if (!prefix_has_addr(net, from) || !addr_cmp(from, &last))
			return false; /* the last one is for broadcasts */
		if (policy_zone_of(topology->policy, from) == zone &&
		    !neighbour_find(topology, from) &&
		    !topology_owner(topology, from) &&
		    !addr_is_named(topology->policy, from))
			return true;
		if (!addr_next(from, from))
			return false;
	}
	return false;
}

static void link_take_addr(struct topology *topology,
			   struct topology_link *link, unsigned int family)
{
	const struct zone *zone = link->zone;
	struct prefix *taken = &link->nets[family_index(family)];
	size_t i, pass;

	/* first from this link's own networks, then from any of the zone */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < zone->n_networks; i++) {
			struct prefix net = zone->networks[i];
			bool whole = !net.len;
			struct addr addr = net.addr;

			if (net.addr.family != family ||
			    net.len > addr_bits(&addr) - 2 ||
			    (!pass && link_of_net(topology, zone, i) != link))
				continue;
			if (whole)
				addr_parse(family == 4 ? "198.18.0.0" :
							 "2001:db8:ffff::",
					   &addr);
			if (addr_next(&addr, &addr) &&
			    addr_take(topology, zone, &net, &addr)) {
				taken->addr = addr;
				taken->len =
					(uint8_t)(whole ? addr_bits(&addr) :
							  net.len);
				return;
			}
		}
}

static void script_link_addrs(FILE *script, const struct topology_link *link)
{
	char text[ADDR_TEXT];
	size_t i;

	for (i = 0; i < 2; i++) {
		const struct prefix *net = &link->nets[i];

		if (!net->addr.family)
			continue;
		fprintf(script, "addr add %s/%u dev %s %s noprefixroute\n",
			addr_print(&net->addr, text), net->len, link->name,
			i	       ? "nodad" :
			net->len <= 30 ? "brd +" :
					 "");
	}
}

static void script_vias(FILE *script, const struct topology_link *link,
			size_t number)
{
	struct mac mac = mac_made(MAC_VIA, (uint32_t)number);
	char text[ADDR_TEXT];

	if (link->zone->has_next_hop_mac)
		mac = link->zone->next_hop_mac;
	fprintf(script, "neigh add %s lladdr %s dev %s nud permanent\n",
		VIA_IPV4, mac_print(&mac, text), link->name);
	fprintf(script, "neigh add %s lladdr %s dev %s nud permanent\n",
		VIA_IPV6, mac_print(&mac, text), link->name);
}

static void script_routes(FILE *script, const struct topology *topology,
			  const struct zone *zone)
{
	char text[ADDR_TEXT];
	size_t i;

	for (i = 0; i < zone->n_networks; i++) {
		const struct topology_link *link =
			link_of_net(topology, zone, i);
		bool is_v4 = zone->networks[i].addr.family == 4;

		if (!link)
			continue;
		fprintf(script, "route add %s via %s dev %s onlink\n",
			prefix_print(&zone->networks[i], text),
			is_v4 ? VIA_IPV4 : VIA_IPV6, link->name);
	}
}

static void script_neighbours(FILE *script, const struct topology *topology)
{
	char text[2][ADDR_TEXT];
	size_t i;

	for (i = 0; i < topology->n_neighbours; i++) {
		const struct topology_neighbour *neighbour =
			&topology->neighbours[i];
		const struct topology_link *link =
			topology_towards(topology, &neighbour->addr);

		if (!link || link->zone->has_next_hop_mac)
			continue;
		addr_print(&neighbour->addr, text[0]);
		fprintf(script, "route replace %s dev %s\n", text[0],
			link->name);
		fprintf(script, "neigh add %s lladdr %s dev %s nud permanent\n",
			text[0], mac_print(&neighbour->mac, text[1]),
			link->name);
	}
}

static int addrs_make(struct topology *topology)
{
	FILE *script = script_new();
	size_t i;

	for (i = 0; i < topology->n_links; i++) {
		link_take_addr(topology, &topology->links[i], 4);
		link_take_addr(topology, &topology->links[i], 6);
		script_link_addrs(script, &topology->links[i]);
		script_vias(script, &topology->links[i], i);
	}
	for (i = 0; i < topology->policy->n_zones; i++)
		script_routes(script, topology, &topology->policy->zones[i]);
	script_neighbours(script, topology);
	return run_ip(topology, TOPOLOGY_GATEWAY, script);
}

/* Addresses that the kernel still tries out would not answer. */
static bool addrs_are_tentative(void)
{
	FILE *file = fopen("/proc/self/net/if_inet6", "re");
	unsigned int flags;
	bool tentative = false;

	if (!file)
		return false; /* no IPv6 in this kernel */
	while (fscanf(file, "%*s %*s %*s %*s %x %*s", &flags) == 1)
		if (flags & 0x40) /* IFA_F_TENTATIVE */
			tentative = true;
	fclose(file);
	return tentative;
}

static int addrs_wait(const struct topology *topology)
{
	struct pollfd poll_fd = { .fd = topology->signals, .events = POLLIN };
	unsigned int tries;
	int rc = topology_enter(topology, TOPOLOGY_GATEWAY);

	for (tries = 0; !rc && addrs_are_tentative(); tries++) {
		if (poll(&poll_fd, 1, CARRIER_WAIT_MSEC) > 0)
			rc = -EINTR;
		else if (tries == CARRIER_TRIES)
			rc = -ENETDOWN;
	}
	return rc;
}

int topology_set_mtu(const struct topology *topology,
		     const struct topology_link *link, unsigned int mtu)
{
	FILE *script = script_new();
	int rc;

	fprintf(script, "link set %s mtu %u\n", link->name, mtu);
	rc = run_ip(topology, TOPOLOGY_GATEWAY, script);
	if (rc)
		return rc;
	script = script_new();
	fprintf(script, "link set w%zu mtu %u\n",
		(size_t)(link - topology->links), mtu);
	return run_ip(topology, TOPOLOGY_WORLD, script);
}

/* ---- beginning and end ---- */

static void signals_held(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

void topology_hold_signals(void)
{
	sigset_t set;

	signals_held(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int signals_take(struct topology *topology)
{
	sigset_t set;

	topology_hold_signals();
	signals_held(&set);
	topology->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return topology->signals < 0 ? -errno : 0;
}

static int namespaces_make(struct topology *topology)
{
	int rc;

	topology->home_ns = ns_open();
	if (topology->home_ns < 0)
		return topology->home_ns;
	rc = ns_new(&topology->gateway_ns);
	if (!rc)
		rc = ns_new(&topology->world_ns);
	if (!rc)
		rc = sysctls_set(topology);
	return rc;
}

static int topology_fill(struct topology *topology)
{
	int rc;

	links_list(topology);
	neighbours_list(topology);
	rc = namespaces_make(topology);
	if (!rc)
		rc = links_make(topology);
	if (!rc)
		rc = links_index(topology);
	if (!rc)
		rc = links_wait(topology);
	if (!rc)
		rc = addrs_make(topology);
	if (!rc)
		rc = addrs_wait(topology);
	return rc;
}

int topology_build(const struct policy *policy, struct topology **topology)
{
	struct topology *new = calloc(1, sizeof(*new));
	int rc;

	if (!new)
		abort();
	new->policy = policy;
	new->home_ns = new->gateway_ns = new->world_ns = new->signals = -1;
	rc = signals_take(new);
	if (!rc)
		rc = topology_fill(new);
	if (new->home_ns >= 0)
		topology_enter(new, TOPOLOGY_HOME);
	if (rc) {
		topology_free(new);
		return rc;
	}
	*topology = new;
	return 0;
}

void topology_free(struct topology *topology)
{
	int *fds[4];
	size_t i;

	if (!topology)
		return;
	fds[0] = &topology->home_ns;
	fds[1] = &topology->gateway_ns;
	fds[2] = &topology->world_ns;
	fds[3] = &topology->signals;
	for (i = 0; i < 4; i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	free(topology->links);
	free(topology->neighbours);
	free(topology);
}
