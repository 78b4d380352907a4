// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random packets through the kernel, each held against what the policy says.
 * Easy to get wrong: two packets of one connection would not both be first
 * ones; so source ports are counted up and do not repeat while connections are
 * remembered.
 */
#include "check.h"

#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "../property/reference.h"

#define CHUNK 2048
#define WRONG_PRINTED 20
#define FIRST_PORT 1024
#define N_PORTS (65536 - FIRST_PORT)

static const char *proto_text(uint8_t proto, char buf[static 4])
{
	if (proto_name(proto))
		return proto_name(proto);
	snprintf(buf, 4, "%u", proto);
	return buf;
}

static void write_row(FILE *file, unsigned long nth, const struct probe *probe,
		      bool passed)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT], mac[ADDR_TEXT], proto[4];

	fprintf(file, "R%lu\t%s\t%u\t-\t%s\t%s\t%s\t-\t%s\t%s\t%u\t-\t%s\n",
		nth, passed ? "pass" : "drop", probe->src.family,
		addr_print(&probe->src, src),
		probe->iif ? mac_print(&probe->src_mac, mac) : "-",
		probe->iif ? probe->iif : "gateway",
		addr_print(&probe->dst, dst), proto_text(probe->proto, proto),
		probe->dport, probe->local ? probe->local : "forwarded");
}

static void judge(struct check *check, const struct probe *probe, bool passed)
{
	const struct policy *policy = check->topology->policy;
	bool right = reference_pass(policy, probe, check->local);
	const struct flow *flow;

	check->n_passed += passed;
	check->n_dropped += !passed;
	if (check->decisions)
		write_row(check->decisions, check->n_passed + check->n_dropped,
			  probe, passed);
	if (right == passed) {
		flow = passed ? NULL :
				reference_flow(policy, probe, check->local);
		if (flow && probe->iif && flow->conduit->bind == BIND_MAC &&
		    !mac_equal(&flow->from->mac, &probe->src_mac))
			check->n_bound++;
		return;
	}
	if (check->n_wrong++ < WRONG_PRINTED) {
		printf("FAILED  the reference says %s: ",
		       right ? "pass" : "drop");
		write_row(stdout, check->n_passed + check->n_dropped, probe,
			  passed);
	}
}

static double now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int check_packets(struct check *check, unsigned long n)
{
	struct probe probes[CHUNK];
	bool passed[CHUNK];
	unsigned long done, i, chunk;
	double begin;
	int rc;

	for (done = 0; done < n; done += chunk) {
		chunk = n - done < CHUNK ? n - done : CHUNK;
		for (i = 0; i < chunk; i++) {
			random_probe(&check->dice, check->topology, &probes[i]);
			probes[i].sport =
				(uint16_t)(FIRST_PORT + (done + i) % N_PORTS);
		}
		begin = now_msec();
		rc = wire_probe(check->wire, probes, chunk, passed);
		if (rc)
			return rc;
		check->msec += now_msec() - begin;
		for (i = 0; i < chunk; i++)
			judge(check, &probes[i], passed[i]);
	}
	return 0;
}

void check_print(const struct check *check)
{
	unsigned long n = check->n_passed + check->n_dropped;

	printf("%lu decisions, %lu passed, %lu dropped (%lu for the MAC "
	       "alone), %lu not as the reference says; %.0f a second\n",
	       n, check->n_passed, check->n_dropped, check->n_bound,
	       check->n_wrong,
	       check->msec > 0 ? (double)n / check->msec * 1e3 : 0);
}
