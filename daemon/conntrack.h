/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CONNTRACK_H
#define SEKIMORI_CONNTRACK_H

/*
 * The kernel's connection tracking in this network namespace: a sweep over all
 * entries, which asks about each session, ends those that may not go on, and
 * hands those to another flow that belong to it now.
 */
#include <stdbool.h>
#include <stddef.h>

#include "session.h"

struct conntrack;

/** conntrack_open - 0 or -errno; the caller closes it */
int conntrack_open(struct conntrack **conntrack);

/** conntrack_close - NULL is fine */
void conntrack_close(struct conntrack *conntrack);

/**
 * struct sweep - what to ask, and what to do
 * @mark: the mark that it should have; 0: it may not go on. Asked about each
 *	session that is ours (session_is_ours()); others are left alone.
 * @data: its first argument
 * @acts: end and move them; else they are only counted
 */
struct sweep {
	uint32_t (*mark)(void *data, const struct session *session);
	void *data;
	bool acts;
};

/**
 * struct sweep_counts - what a sweep has met so far
 * @seen: entries of any kind
 * @ours: of these, sessions with the mark of a flow
 * @ended: of these, what may not go on, and has been ended if it was to be
 * @moved: of these, what has another flow now, or would have
 * @apart: of these, what has the mark of those that are to end: FLOW_ENDS
 * @gone: of these, what had ended by itself when something was to be done to it,
 *	and perhaps been opened anew with another mark, which was left alone
 * @failed: of these, to what it could not be done
 */
struct sweep_counts {
	size_t seen, ours, ended, moved, apart, gone, failed;
};

/**
 * conntrack_begin - start a sweep, in place of one that is under way
 *
 * A sweep that is to end what a commit no longer permits has to begin after it.
 * 0 or -errno.
 */
int conntrack_begin(struct conntrack *conntrack, const struct sweep *sweep);

/**
 * conntrack_step - go on with it: at most some hundred entries
 * @counts: of the whole sweep until now
 *
 * 1: there is more. 0: that was all. -EINTR: that was all, but the kernel says
 * that it may have skipped some. Else -errno; there is no more then. -EINVAL: no
 * sweep is under way.
 */
int conntrack_step(struct conntrack *conntrack, struct sweep_counts *counts);

/**
 * conntrack_watch - from now on hear of each connection that is opened
 *
 * While it lasts, sweeps leave alone what has not been answered: whatever comes
 * of it next is a first packet, too, and gets its mark from the ruleset. For when there
 * is another ruleset, conntrack_catch_up() meets that, and what has been opened
 * since; all of it, unless the kernel was told to keep it to itself, by the sysctl
 * net.netfilter.nf_conntrack_events or by a rule of somebody else's. 0 or -errno.
 */
int conntrack_watch(struct conntrack *conntrack);
void conntrack_unwatch(struct conntrack *conntrack);

/** conntrack_has_late - has the last sweep left anything alone? */
bool conntrack_has_late(const struct conntrack *conntrack);

/**
 * conntrack_catch_up - after a sweep, meet some of what is left
 * @counts: to which these are added
 *
 * 1: there is more. 0: that was all. -errno: some may not have been heard of, and
 * nobody is watching.
 */
int conntrack_catch_up(struct conntrack *conntrack,
		       struct sweep_counts *counts);

#endif
