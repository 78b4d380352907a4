// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random packets. Easy to get wrong: what is random altogether is dropped by
 * any policy; so a packet begins as one that some flow covers, at an end of its
 * addresses or inside, and only then goes astray.
 */
#include "probes.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

static const struct zone *any_zone(struct dice *dice,
				   const struct policy *policy)
{
	return &policy->zones[dice_roll(dice, policy->n_zones)];
}

static struct addr any_addr(struct dice *dice, const struct endpoint *e)
{
	struct addr addr = { .family = 4, .bytes = { 10, 0, 0, 1 } };
	const struct prefix *prefix;
	unsigned int i;

	if (!e->n_prefixes)
		return addr;
	prefix = &e->prefixes[dice_roll(dice, e->n_prefixes)];
	addr = prefix_first(prefix);
	/* Near the start, at the end, or anywhere inside */
	switch (dice_roll(dice, 4)) {
	case 0:
		return prefix_last(prefix);
	case 1:
		for (i = prefix->len; i < addr_bits(&addr); i++)
			if (dice_roll(dice, 2))
				addr.bytes[i / 8] |= 0x80 >> i % 8;
		return addr;
	}
	i = addr_bits(&addr) / 8 - 1;
	if (prefix->len < addr_bits(&addr))
		addr.bytes[i] |= dice_roll(dice, 32) &
				 (prefix->len > addr_bits(&addr) - 8 ?
					  0xff >> (prefix->len % 8) :
					  0xff);
	return addr;
}

void probes_any(struct dice *dice, const struct policy *policy,
		struct probe *probe)
{
	const struct flow *flow =
		&policy->flows[dice_roll(dice, policy->n_flows)];
	const struct zone *in = flow->from->zone;
	unsigned int changes = dice_roll(dice, 3);

	memset(probe, 0, sizeof(*probe));
	probe->src = any_addr(dice, flow->from);
	probe->dst = any_addr(dice, flow->to);
	probe->proto = flow->service.proto;
	probe->dport =
		flow->service.first +
		dice_roll(dice, flow->service.last - flow->service.first + 1);
	probe->src_mac = flow->from->mac;
	probe->iif = policy_is_gateway(flow->from) ? NULL : in->interfaces[0];
	if (policy_is_gateway(flow->to))
		probe->local = probe->iif;
	while (changes--)
		switch (dice_roll(dice, 6)) {
		case 0:
			in = any_zone(dice, policy);
			if (probe->iif && in->n_interfaces)
				probe->iif = in->interfaces[dice_roll(
					dice, in->n_interfaces)];
			break;
		case 1:
			probe->src_mac.bytes[5]++;
			break;
		case 2:
			probe->dport += dice_roll(dice, 3) - 1;
			break;
		case 3:
			probe->src = any_addr(dice,
					      &policy->zone_endpoints[dice_roll(
						      dice, policy->n_zones)]);
			break;
		case 4:
			probe->dst = any_addr(dice,
					      &policy->zone_endpoints[dice_roll(
						      dice, policy->n_zones)]);
			break;
		case 5:
			probe->proto = probe->proto == IPPROTO_TCP ?
					       IPPROTO_UDP :
					       IPPROTO_TCP;
			break;
		}
}

bool probes_can_be(const struct probe *probe)
{
	unsigned int family = probe->src.family;

	return family == probe->dst.family &&
	       !(probe->proto == IPPROTO_ICMP && family != 4) &&
	       !(probe->proto == IPPROTO_ICMPV6 && family != 6);
}

static const char *way_out(const struct policy *policy,
			   const struct addr *daddr)
{
	const struct zone *zone = policy_zone_of(policy, daddr);

	return zone && zone->n_interfaces ? zone->interfaces[0] : "none";
}

struct packet probes_packet(const struct policy *policy,
			    const struct probe *probe)
{
	return (struct packet){
		.iifname = probe->iif ? probe->iif : "",
		.oifname = probe->local ? "" : way_out(policy, &probe->dst),
		.source_mac = probe->src_mac,
		.family = probe->src.family,
		.saddr = probe->src,
		.daddr = probe->dst,
		.proto = probe->proto,
		.sport = 1024,
		.dport = probe->dport,
		.tcp_flags = 0x02,
		.hop_limit = 64,
		.daddr_is_local = probe->local && probe->iif &&
				  !strcmp(probe->local, probe->iif),
		.ct_state = NF_CT_STATE_BIT(IP_CT_NEW),
		.ct_mark = 7,
		.mark = 0,
	};
}

uint32_t probes_hook(const struct probe *probe)
{
	if (probe->local)
		return NF_INET_LOCAL_IN;
	return probe->iif ? NF_INET_FORWARD : NF_INET_LOCAL_OUT;
}

void probes_report(const struct probe *probe, const struct generate_pair *pair)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];

	printf("%s\nand then\n%s\nfailed: %s%s -> %s%s proto %u port %u\n",
	       pair->conf[0], pair->conf[1], addr_print(&probe->src, src),
	       probe->iif ? "" : " (gateway)", addr_print(&probe->dst, dst),
	       probe->local ? " (gateway)" : "", probe->proto, probe->dport);
}
