// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frames. Easy to get wrong: what is counted is what an interface was given
 * to send, and a neighbour that is sought there counts as well; so neighbours are
 * known from the beginning, and nobody speaks IPv6.
 */
#include "flood.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../bench/inject.h"

#define N_FLOWS 256 /* of each lane */
#define BURST 128 /* frames of a lane, one after another */
#define ANSWER_USEC (20 * 1000000ull)

/**
 * struct flood_shared - what both processes see
 * @wanted: lanes; written by us
 * @state: what the other process does, as lanes, or FLOOD_BORN before it can
 */
struct flood_shared {
	unsigned int wanted, state;
	struct flood_counts counts;
};
#define FLOOD_BORN (1u << N_LANES)

static const struct lane_def {
	const char *in, *out, *dst;
	unsigned int net;
	uint16_t port;
} lanes[N_LANES] = {
	[LANE_ESTABLISHED] = { "ein", "eout", GATE_ESTABLISHED_HOST, 1,
			       GATE_PORT },
	[LANE_NEW] = { "nin", "nout", GATE_NEW_HOST, 3, GATE_PORT },
	[LANE_FORBIDDEN] = { "fin", "fout", NULL, 5, GATE_CLOSED_PORT },
	[LANE_CROSSED] = { "xin", "xout", GATE_CROSSED_HOST, 7, GATE_PORT },
};

/* ---- in the gateway ---- */

static int run_in(struct field *field, enum topology_place place,
		  const char *script)
{
	const char *const argv[] = { "sh", "-ec", script, NULL };
	pid_t parent = getpid(), child = fork();
	int status;

	if (!child) {
		topology_prepare_child(field->topology, place, parent);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return status ? -EIO : 0;
}

/*
 * The frames are addressed to one MAC, and nobody else may speak. With its
 * address, an interface forgets its neighbours.
 */
static int prepare(struct field *field)
{
	static const char quiet[] =
		"echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6\n";
	static const char gateway[] =
		"echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6\n"
		"for i in ein eout nin nout fin fout xin xout; do\n"
		"	known=$(ip -4 neigh show dev $i nud permanent)\n"
		"	ip link set $i address 02:00:00:00:00:01\n"
		"	echo \"$known\" | while read addr lladdr mac rest; do\n"
		"		ip neigh replace $addr lladdr $mac dev $i nud "
		"permanent\n"
		"	done\n"
		"done\n"
		"cd /proc/sys/net/netfilter\n"
		"echo 3600 >nf_conntrack_udp_timeout\n"
		"echo 3600 >nf_conntrack_udp_timeout_stream\n";
	int rc = run_in(field, TOPOLOGY_WORLD, quiet);

	return rc ? rc : run_in(field, TOPOLOGY_GATEWAY, gateway);
}

/* What an interface was given to send, whether or not its peer took it */
static uint64_t count_out(const char *ifname)
{
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	uint64_t sent = 0, dropped = 0;
	char line[512], name[16];

	if (!file)
		abort();
	while (fgets(line, sizeof(line), file))
		if (sscanf(line,
			   " %15[^:]: %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			   "%" SCNu64 " %*s %" SCNu64,
			   name, &sent, &dropped) == 3 &&
		    !strcmp(name, ifname))
			break;
	fclose(file);
	return sent + dropped;
}

/* Conduit @nth of those that change, at a port that is not its own; or else a
 * source of the lane to its host */
static struct inject_flow flow_of(const struct lane_def *lane, unsigned int nth)
{
	struct inject_flow flow = { .family = AF_INET,
				    .sport = (uint16_t)(20000 + nth),
				    .dport = lane->port };
	char src[16], dst[16];

	gate_addr(src, lane->net, nth);
	gate_addr(dst, lane->net + 1, nth);
	if (lane->net == 3) /* in the list of sources */
		snprintf(src, sizeof(src), "10.3.%u.%u", nth % 2, 10 + nth / 2);
	if (lane->net == 7)
		strcpy(src, GATE_CROSSED_SOURCE);
	if (inet_pton(AF_INET, src, flow.saddr) != 1 ||
	    inet_pton(AF_INET, lane->dst ? lane->dst : dst, flow.daddr) != 1)
		abort();
	return flow;
}

static void open_lane(const struct lane_def *lane, struct inject *inject)
{
	struct inject_flow flows[N_FLOWS];
	struct inject back;
	uint64_t before;
	unsigned int i;

	for (i = 0; i < N_FLOWS; i++)
		flows[i] = flow_of(lane, i);
	inject_open(flows, N_FLOWS, false, inject);
	inject_attach(inject, lane->in);
	if (lane != &lanes[LANE_ESTABLISHED])
		return;
	inject_send(inject, lane->in, N_FLOWS);
	inject_open(flows, N_FLOWS, true, &back);
	before = count_out(lane->in);
	inject_send(&back, lane->out, N_FLOWS);
	if (count_out(lane->in) - before < N_FLOWS) {
		fprintf(stderr, "flood: replies are dropped\n");
		_exit(1);
	}
}

static void flood_run(const struct inject *injects, unsigned int wanted,
		      volatile struct flood_shared *shared)
{
	uint64_t before[N_LANES], begun;
	struct flood_counts counts = { 0 };
	unsigned int lane;

	for (lane = 0; lane < N_LANES; lane++)
		before[lane] = count_out(lanes[lane].out);
	begun = now_usec();
	shared->state = wanted;
	while (shared->wanted == wanted)
		for (lane = 0; lane < N_LANES; lane++) {
			if (!(wanted & LANE_BIT(lane)))
				continue;
			inject_send(&injects[lane], lanes[lane].in, BURST);
			counts.sent[lane] += BURST;
		}
	counts.usec = now_usec() - begun;
	for (lane = 0; lane < N_LANES; lane++)
		counts.passed[lane] = count_out(lanes[lane].out) - before[lane];
	memcpy((void *)&shared->counts, &counts, sizeof(counts));
	__sync_synchronize();
	shared->state = 0;
}

static void flood_live(const struct field *field,
		       volatile struct flood_shared *shared)
{
	const struct timespec moment = { 0, 100 * 1000 };
	struct inject injects[N_LANES];
	cpu_set_t cpus;
	unsigned int i;

	CPU_ZERO(&cpus);
	CPU_SET((unsigned int)sysconf(_SC_NPROCESSORS_ONLN) - 1, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0 ||
	    topology_enter(field->topology, TOPOLOGY_GATEWAY))
		_exit(1);
	for (i = 0; i < N_LANES; i++)
		open_lane(&lanes[i], &injects[i]);
	shared->state = 0;
	for (;;) {
		if (shared->wanted)
			flood_run(injects, shared->wanted, shared);
		nanosleep(&moment, NULL);
	}
}

/* ---- our side ---- */

static int await(struct flood *flood, unsigned int state)
{
	const struct timespec moment = { 0, 200 * 1000 };
	uint64_t deadline = now_usec() + ANSWER_USEC;

	while (flood->shared->state != state) {
		if (waitpid(flood->child, NULL, WNOHANG) == flood->child) {
			flood->child = 0;
			return -ECHILD;
		}
		if (now_usec() > deadline)
			return -ETIMEDOUT;
		nanosleep(&moment, NULL);
	}
	__sync_synchronize();
	return 0;
}

int flood_open(struct field *field, struct flood *flood)
{
	pid_t parent = getpid();
	int rc = prepare(field);

	flood->child = 0;
	flood->shared = mmap(NULL, sizeof(*flood->shared),
			     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			     -1, 0);
	if (flood->shared == MAP_FAILED)
		abort();
	if (rc)
		return rc;
	flood->shared->state = FLOOD_BORN;
	flood->child = fork();
	if (!flood->child) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(126);
		flood_live(field, flood->shared);
	}
	return flood->child < 0 ? -errno : await(flood, 0);
}

void flood_close(struct flood *flood)
{
	if (flood->child > 0) {
		kill(flood->child, SIGKILL);
		waitpid(flood->child, NULL, 0);
	}
	if (flood->shared)
		munmap((void *)flood->shared, sizeof(*flood->shared));
}

int flood_begin(struct flood *flood, unsigned int wanted)
{
	flood->shared->wanted = wanted;
	return await(flood, wanted);
}

int flood_end(struct flood *flood, struct flood_counts *counts)
{
	int rc;

	flood->shared->wanted = 0;
	rc = await(flood, 0);
	if (!rc)
		memcpy(counts, (const void *)&flood->shared->counts,
		       sizeof(*counts));
	return rc;
}
