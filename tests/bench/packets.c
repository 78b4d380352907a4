// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rulesets cost a forwarded packet, as ratios to forwarding without one
 * and to each other. Every ruleset has a network namespace of its own, all of
 * them at once, with the interfaces "in" and "out". Frames arrive at "in", are
 * routed and filtered, and swallowed by "out", an ifb, which drops what nobody
 * redirected to it: all in this thread, whose CPU time is the measure. Rulesets
 * take turns, a few milliseconds each, between two samples of the same frames
 * in a namespace without a ruleset; so what disturbs the machine disturbs all.
 * Easy to get wrong: packets that go nowhere are cheap. Each sample ends with
 * asking how many arrived and how many connections there are.
 *
 * Usage: packets [-n PACKETS] [-r ROUNDS] established|new|denied
 *		NAME=RULES,FLOWS...
 *
 * RULES is nft text. A line of FLOWS is a source address and port and a
 * destination address and port; 10.0.0.0/9 and fd00::/16 are behind "in",
 * 10.128.0.0/9 and fd01::/16 behind "out". A sample sends PACKETS packets:
 * of the flows in turn, made established before ("established"), or of one new
 * flow each ("new" passes all of them, "denied" none).
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inject.h"

#define RULESETS_MAX 16
#define ROUNDS_MAX 1001
#define N_WARM_UP 512 /* packets */
#define N_PARTS 50

#define CONNTRACK "/proc/sys/net/netfilter/nf_conntrack_"

enum mode { MODE_ESTABLISHED, MODE_NEW, MODE_DENIED, N_MODES };

struct ruleset {
	const char *name;
	int netns;
	struct inject there; /* "in" to "out" */
	struct inject back; /* the replies to that */
	double ratio[ROUNDS_MAX]; /* to no ruleset */
};

struct bench {
	enum mode mode;
	uint32_t n_packets; /* a sample */
	int n_rounds;
	int bare; /* the namespace without a ruleset */
	int n_rulesets;
	struct ruleset *rulesets;
};

static void packets_enter(int netns)
{
	if (setns(netns, CLONE_NEWNET))
		err(1, "setns");
}

/* Runs a program with the file @in as its input. */
static void packets_run(const char *const argv[], int in)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		dup2(in, STDIN_FILENO);
		execvp(argv[0], (char *const *)argv);
		err(127, "%s", argv[0]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		errx(1, "%s failed", argv[0]);
}

static void packets_run_ip(const char *batch)
{
	const char *const ip[] = { "ip", "-batch", "-", NULL };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) || write(ends[1], batch, strlen(batch)) < 0)
		err(1, "pipe");
	close(ends[1]);
	packets_run(ip, ends[0]);
	close(ends[0]);
}

static void packets_set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(1, "%s", path);
	close(fd);
}

/* Enters a new namespace that forwards between "in" and "out". */
static int packets_make_netns(void)
{
	static const char links[] =
		"link add in address 02:00:00:00:00:01 type veth peer feed\n"
		"link add out address 02:00:00:00:00:01 type ifb\n";
	static const char addresses[] =
		"link set feed up\n"
		"link set in up\n"
		"link set out up\n"
		"addr add 192.0.2.1/30 dev in\n"
		"addr add 192.0.2.5/30 dev out\n"
		"addr add 2001:db8:0:1::1/64 dev in nodad\n"
		"addr add 2001:db8:0:2::1/64 dev out nodad\n"
		"neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev in\n"
		"neigh add 2001:db8:0:1::2 lladdr 02:00:00:00:00:02 dev in\n"
		"route add 10.0.0.0/9 via 192.0.2.2\n"
		"route add 10.128.0.0/9 via 192.0.2.6\n"
		"route add fd00::/16 via 2001:db8:0:1::2\n"
		"route add fd01::/16 via 2001:db8:0:2::2\n";
	const char *const no_queue[] = { "tc",	"qdisc", "replace", "dev",
					 "out", "root",	 "noqueue", NULL };
	int netns;

	if (unshare(CLONE_NEWNET))
		err(1, "unshare");
	netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		err(1, "/proc/thread-self/ns/net");
	packets_run_ip(links);
	/* Its multicast reports would run the program that sends frames. */
	packets_set_sysctl("/proc/sys/net/ipv6/conf/feed/disable_ipv6", "1");
	packets_run_ip(addresses);
	packets_run(no_queue, STDIN_FILENO);
	packets_set_sysctl("/proc/sys/net/ipv4/ip_forward", "1");
	packets_set_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1");
	packets_set_sysctl("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	packets_set_sysctl(CONNTRACK "udp_timeout", "3600");
	packets_set_sysctl(CONNTRACK "udp_timeout_stream", "3600");
	return netns;
}

static void packets_load_rules(const char *path)
{
	const char *const nft[] = { "nft", "-f", "-", NULL };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	packets_run(nft, fd);
	close(fd);
}

static bool packets_parse_flow(const char *line, struct inject_flow *flow)
{
	char saddr[INET6_ADDRSTRLEN], daddr[INET6_ADDRSTRLEN];

	if (sscanf(line, "%45s %" SCNu16 " %45s %" SCNu16, saddr, &flow->sport,
		   daddr, &flow->dport) != 4)
		return false;
	flow->family = strchr(saddr, ':') ? AF_INET6 : AF_INET;
	return inet_pton(flow->family, saddr, flow->saddr) == 1 &&
	       inet_pton(flow->family, daddr, flow->daddr) == 1;
}

static void packets_read_flows(const char *path, struct ruleset *r)
{
	struct inject_flow *flows = NULL;
	size_t n = 0, room = 0, line_size = 0;
	FILE *file = fopen(path, "re");
	char *line = NULL;

	if (!file)
		err(1, "%s", path);
	while (getline(&line, &line_size, file) > 0) {
		if (n == room) {
			room = room ? 2 * room : 1024;
			flows = reallocarray(flows, room, sizeof(*flows));
			if (!flows)
				err(1, "%s", path);
		}
		if (!packets_parse_flow(line, &flows[n++]))
			errx(1, "%s:%zu: not a flow", path, n);
	}
	if (!n)
		errx(1, "%s: no flows", path);
	inject_open(flows, n, false, &r->there);
	inject_open(flows, n, true, &r->back);
	fclose(file);
	free(line);
	free(flows);
}

/* How many packets an interface of the current namespace has been given */
static uint64_t packets_count(const char *ifname)
{
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	char line[512], name[IF_NAMESIZE];
	uint64_t rx, tx;

	if (!file)
		err(1, "/proc/thread-self/net/dev");
	/* An ifb counts what it is told to send as received. */
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line,
			   " %15[^:]: %*s %" SCNu64 " %*s %*s %*s %*s %*s %*s"
			   " %*s %" SCNu64,
			   name, &rx, &tx) == 3 &&
		    !strcmp(name, ifname)) {
			fclose(file);
			return rx + tx;
		}
	}
	errx(1, "no interface %s", ifname);
}

/* How many connections the current namespace knows */
static uint32_t packets_count_connections(void)
{
	FILE *file = fopen(CONNTRACK "count", "re");
	uint32_t n;

	if (!file || fscanf(file, "%" SCNu32, &n) != 1)
		err(1, CONNTRACK "count");
	fclose(file);
	return n;
}

/* Makes the current namespace forget them. */
static void packets_flush_connections(void)
{
	const struct {
		struct nlmsghdr nlh;
		struct nfgenmsg nfg;
	} request = {
		.nlh.nlmsg_len = sizeof(request),
		.nlh.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 |
				  IPCTNL_MSG_CT_DELETE,
		.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
	};
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
	} ack;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0 ||
	    recv(fd, &ack, sizeof(ack), 0) != sizeof(ack) || ack.err.error)
		errx(1, "cannot flush the connections");
	close(fd);
}

/* Makes the next @n flows established: there, and back. */
static void packets_establish(const struct ruleset *r, uint32_t n)
{
	uint64_t before;

	packets_enter(r->netns);
	inject_send(&r->there, "in", n);
	before = packets_count("in");
	inject_send(&r->back, "out", n);
	if (packets_count("in") - before < n)
		errx(1, "%s: replies are dropped", r->name);
}

/*
 * All namespaces share the kernel's one connection table, in which the youngest
 * entry of a bucket is the first. So the rulesets must take turns, or the last
 * would find its connections in fewer steps than the others.
 */
static void packets_establish_all(const struct bench *bench)
{
	int part, i;

	for (part = 0; part < N_PARTS; part++) {
		for (i = 0; i < bench->n_rulesets; i++) {
			const struct ruleset *r = &bench->rulesets[i];
			uint64_t n = r->there.n_frames;
			uint32_t from = n * part / N_PARTS;
			uint32_t to = n * (part + 1) / N_PARTS;

			if (to > from)
				packets_establish(r, to - from);
		}
	}
}

static double packets_cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Sends a sample of @r's frames into @netns; all or none must pass. */
static double packets_sample(const struct bench *bench, int netns,
			     const struct ruleset *r, bool pass)
{
	uint64_t before, expected = pass ? bench->n_packets : 0, passed;
	double start, spent;

	packets_enter(netns);
	if (bench->mode == MODE_ESTABLISHED) {
		inject_send(&r->there, "in", N_WARM_UP);
	} else {
		packets_flush_connections();
		inject_rewind(&r->there);
	}
	before = packets_count("out");
	start = packets_cpu_seconds();
	inject_send(&r->there, "in", bench->n_packets);
	spent = packets_cpu_seconds() - start;
	passed = packets_count("out") - before;
	if (passed != expected)
		errx(1, "%s: %" PRIu64 " packets passed, not %" PRIu64, r->name,
		     passed, expected);
	return spent;
}

static void packets_measure(const struct bench *bench, struct ruleset *r,
			    int round)
{
	bool pass = bench->mode != MODE_DENIED;
	uint32_t n_expected = 0;
	double base, cost;

	base = packets_sample(bench, bench->bare, r, true);
	cost = packets_sample(bench, r->netns, r, pass);
	if (pass)
		n_expected = bench->mode == MODE_NEW ? bench->n_packets :
						       r->there.n_frames;
	if (packets_count_connections() != n_expected)
		errx(1, "%s: %" PRIu32 " connections, not %" PRIu32, r->name,
		     packets_count_connections(), n_expected);
	base += packets_sample(bench, bench->bare, r, true);
	r->ratio[round] = cost / (base / 2);
}

static int packets_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void packets_print_median(double *ratio, int n, bool spread)
{
	qsort(ratio, n, sizeof(ratio[0]), packets_compare);
	printf(" %5.2f", ratio[n / 2]);
	if (spread)
		printf(" (%5.2f-%5.2f)", ratio[n / 10], ratio[n - 1 - n / 10]);
}

/* A row a ruleset: against none, and against each one before it */
static void packets_print(const struct bench *bench)
{
	int n = bench->n_rounds, i, j, k;
	double ratio[ROUNDS_MAX];

	printf("%-19s%5s %-13s", "", "/none", "(p10-p90)");
	for (i = 1; i < bench->n_rulesets; i++)
		printf("   /%2d", i);
	putchar('\n');
	for (i = 0; i < bench->n_rulesets; i++) {
		const struct ruleset *r = &bench->rulesets[i];

		printf("%2d %-15s", i + 1, r->name);
		memcpy(ratio, r->ratio, sizeof(ratio));
		packets_print_median(ratio, n, true);
		for (j = 0; j < i; j++) {
			for (k = 0; k < n; k++)
				ratio[k] = r->ratio[k] /
					   bench->rulesets[j].ratio[k];
			packets_print_median(ratio, n, false);
		}
		putchar('\n');
	}
}

static void packets_add(struct bench *bench, char *arg)
{
	struct ruleset *r = &bench->rulesets[bench->n_rulesets++];
	const char *rules;

	r->name = strsep(&arg, "=");
	rules = strsep(&arg, ",");
	if (!rules || !arg)
		errx(1, "%s: not NAME=RULES,FLOWS", r->name);
	packets_read_flows(arg, r);
	if (bench->mode != MODE_ESTABLISHED &&
	    r->there.n_frames < bench->n_packets)
		errx(1, "%s: fewer than %" PRIu32 " flows", arg,
		     bench->n_packets);
	r->netns = packets_make_netns();
	inject_attach(&r->there, "in");
	packets_load_rules(rules);
}

static enum mode packets_parse_mode(const char *name)
{
	static const char *const names[] = {
		[MODE_ESTABLISHED] = "established",
		[MODE_NEW] = "new",
		[MODE_DENIED] = "denied",
	};
	enum mode mode = 0;

	while (mode < N_MODES && strcmp(name, names[mode]))
		mode++;
	return mode;
}

int main(int argc, char **argv)
{
	struct bench bench = { .n_packets = 4096, .n_rounds = 101 };
	int opt, round, i;

	while ((opt = getopt(argc, argv, "n:r:")) != -1) {
		if (opt == 'n')
			bench.n_packets = strtoul(optarg, NULL, 10);
		else if (opt == 'r')
			bench.n_rounds = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	argc -= optind;
	argv += optind;
	bench.mode = argc < 2 ? N_MODES : packets_parse_mode(argv[0]);
	if (bench.mode == N_MODES || argc - 1 > RULESETS_MAX ||
	    !bench.n_packets || bench.n_rounds < 1 ||
	    bench.n_rounds > ROUNDS_MAX)
		errx(2, "usage: packets [-n packets] [-r rounds] "
			"established|new|denied NAME=RULES,FLOWS...");
	bench.rulesets = calloc(argc - 1, sizeof(*bench.rulesets));
	if (!bench.rulesets)
		err(1, "rulesets");
	bench.bare = packets_make_netns();
	while (*++argv)
		packets_add(&bench, *argv);
	if (bench.mode == MODE_ESTABLISHED)
		packets_establish_all(&bench);

	for (round = 0; round < bench.n_rounds; round++) {
		for (i = 0; i < bench.n_rulesets; i++) {
			int turn = (round + i) % bench.n_rulesets;

			packets_measure(&bench, &bench.rulesets[turn], round);
		}
	}
	packets_print(&bench);
	return 0;
}
