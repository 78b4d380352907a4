/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_PROBES_H
#define SEKIMORI_PROBES_H

#include "../packets/probe.h"
#include "dice.h"
#include "eval.h"
#include "generate.h"
#include "policy.h"

/** probes_any - a packet that a flow covers, then perhaps with changes */
void probes_any(struct dice *dice, const struct policy *policy,
		struct probe *probe);

/** probes_can_be - packets that cannot exist are no test */
bool probes_can_be(const struct probe *probe);

/** probes_packet - as the first packet of a connection, for the evaluator */
struct packet probes_packet(const struct policy *policy,
			    const struct probe *probe);

/** probes_hook - where it decides */
uint32_t probes_hook(const struct probe *probe);

/** probes_report - print for which packet two policies have failed a test */
void probes_report(const struct probe *probe, const struct generate_pair *pair);

#endif
