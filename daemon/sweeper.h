/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SWEEPER_H
#define SEKIMORI_SWEEPER_H

/*
 * Ends the connections that the policy in force no longer permits, in the
 * background: after each change, and with each comparison. Those whose flow
 * goes, but which another one permits, it hands to that.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bridge.h"
#include "conntrack.h"

struct sweeper;

/** sweeper_open - never fails: what is wrong is logged, and nothing is swept */
struct sweeper *sweeper_open(void);
void sweeper_close(struct sweeper *sweeper);

/**
 * sweeper_begin - from now on by this policy and ruleset; all over again
 *
 * Both must live until the next sweeper_begin() or sweeper_stop(). To be called
 * when the kernel holds the ruleset.
 */
void sweeper_begin(struct sweeper *sweeper, const struct policy *policy,
		   const struct ruleset *ruleset);

/** sweeper_again - once more by the same, if none is under way */
void sweeper_again(struct sweeper *sweeper);

/** sweeper_stop - forget the policy */
void sweeper_stop(struct sweeper *sweeper);

/**
 * sweeper_work - for about so long; true if there is more to do
 *
 * At the end what was done is logged: SEKI-SESSIONS.
 */
bool sweeper_work(struct sweeper *sweeper, uint64_t budget_usec);

/** sweeper_ended - how many the last sweep has ended; false: it is under way */
bool sweeper_ended(const struct sweeper *sweeper, uint64_t *n_ended);

/**
 * sweeper_hand_on - hand sessions to the flows that are to permit them from now on
 * @before: whose flows they name
 * @policy, @ruleset: by which they are judged
 * @bridge: what becomes of those that are not permitted, or NULL: they stay as
 *	they are
 *
 * It is done by sweeper_work(), while the kernel holds the live elements of both.
 * All must live until sweeper_stop().
 */
void sweeper_hand_on(struct sweeper *sweeper, const struct policy *before,
		     const struct policy *policy, const struct ruleset *ruleset,
		     const struct bridge *bridge);

/**
 * sweeper_catch_up - the same for what has been opened since, or left alone
 *
 * Or, if that is not known, for all.
 */
void sweeper_catch_up(struct sweeper *sweeper);

/**
 * sweeper_has_late - has anything been left alone, since it is unanswered?
 *
 * With a new ruleset, first packets give it another mark; it is better not to be
 * in the way of those that come often.
 */
bool sweeper_has_late(const struct sweeper *sweeper);

/** sweeper_give_up - the time for that is over, which is logged */
void sweeper_give_up(struct sweeper *sweeper);

/**
 * sweeper_count - how many sessions another policy would end
 * @before: whose flows they name
 * @budget_usec: how long counting may take
 *
 * -1 if it took longer, or cannot be done. Nothing is ended.
 */
int64_t sweeper_count(const struct policy *before, const struct policy *policy,
		      const struct ruleset *ruleset, uint64_t budget_usec);

#endif
