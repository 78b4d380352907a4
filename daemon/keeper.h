/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_KEEPER_H
#define SEKIMORI_KEEPER_H

/*
 * Makes the kernel hold a ruleset, and sees to it that it goes on holding it:
 * follows every commit that anybody makes, looks where our table was touched,
 * undoes what differs, and keeps a record of who did it. lib/reconcile.c says
 * what to do next; this carries it out. Wall clock times (@now_usec) come from
 * the caller.
 */
#include <stdbool.h>
#include <stdint.h>

#include "incident.h"
#include "nft.h"
#include "policy.h"
#include "ruleset.h"

struct keeper;

/**
 * keeper_open - open the sockets; nothing is kept yet
 * @compared: called whenever all of the table was read and found right, with
 *	what was read
 *
 * 0 or -errno.
 */
int keeper_open(void (*compared)(void *data, const struct ruleset *observed,
				 uint64_t now_usec),
		void *data, struct keeper **keeper);
void keeper_close(struct keeper *keeper);

/** keeper_watch - how to guard the table from now on */
void keeper_watch(struct keeper *keeper, const struct watch *watch);

enum keeper_ownership {
	KEEPER_OWNED, /* others cannot touch the table */
	KEEPER_NOT_WANTED, /* the configuration says no */
	KEEPER_UNSUPPORTED, /* the kernel cannot */
};
enum keeper_ownership keeper_ownership(const struct keeper *keeper);

/** keeper_flags - table flags that a ruleset to be applied must ask for */
uint32_t keeper_flags(const struct keeper *keeper);

/**
 * struct keeper_edit - what had to be done
 * @existed: there was a table at first
 * @edited: at least one transaction was carried out
 */
struct keeper_edit {
	bool existed, edited;
	size_t n_added, n_deleted; /* elements */
};

/**
 * keeper_apply - make the kernel hold @desired, and see that it does
 * @desired: must live until another one was applied, or withdrawn
 *
 * 0: it was read back. Else -errno; -EAGAIN: others changed the table again and
 * again. Then, if nothing was edited, what was kept before still is; else nothing
 * is kept until the next success.
 */
int keeper_apply(struct keeper *keeper, const struct ruleset *desired,
		 uint64_t now_usec, struct keeper_edit *edit);

/** keeper_forget - keep nothing any more, and leave the kernel as it is */
void keeper_forget(struct keeper *keeper);

/** keeper_withdraw - remove the table and keep nothing; 0 or -errno */
int keeper_withdraw(struct keeper *keeper);

/** keeper_fd - readable when somebody has committed something */
int keeper_fd(const struct keeper *keeper);

/** keeper_due_usec - when to work even if nobody has; CLOCK_MONOTONIC. 0: now */
uint64_t keeper_due_usec(const struct keeper *keeper);

/**
 * keeper_work - take notice of what has happened, and do what is to be done
 * @budget_usec: about how long this may take
 *
 * Returns true if there is more to be done right away.
 */
bool keeper_work(struct keeper *keeper, uint64_t now_usec,
		 uint64_t budget_usec);

/** keeper_verify - take notice of everything up to now, without a look */
void keeper_verify(struct keeper *keeper, uint64_t now_usec);

/** keeper_compare - compare everything as soon as possible */
void keeper_compare(struct keeper *keeper);

/**
 * keeper_follow_clock - the wall clock was set
 *
 * Until something is applied next, nothing that differs is held against anybody:
 * the kernel counts by another clock, so all ends that it has are off.
 */
void keeper_follow_clock(struct keeper *keeper);

/**
 * struct keeper_trial - what would have to be done, and whether it would do
 * @observed: all of the table, as it is
 * @edits: from there to what is desired
 * @refused: 0, or the errno of the kernel's first refusal; @origin says of what
 */
struct keeper_trial {
	const struct ruleset *observed;
	const struct edits *edits;
	int refused;
	char origin[256];
};

/**
 * keeper_try - would the kernel take @desired, guarded as @watch says?
 * @desired: gets its flags
 * @arena: of what is found
 *
 * The kernel checks the whole transaction and carries out nothing. 0 if it could
 * be asked; else -errno.
 */
int keeper_try(struct keeper *keeper, struct ruleset *desired,
	       const struct watch *watch, struct arena *arena,
	       struct keeper_trial *trial);

/** keeper_check_ends - see that what should have ended by itself has done so */
void keeper_check_ends(struct keeper *keeper);

/** keeper_keeps - is there a ruleset that it keeps? */
bool keeper_keeps(const struct keeper *keeper);

/* What is known. */
bool keeper_is_right(const struct keeper *keeper); /* as far as we know */
uint64_t keeper_verified_usec(const struct keeper *keeper); /* wall clock */
uint64_t keeper_compared_usec(const struct keeper *keeper); /* wall clock */
uint64_t keeper_n_compared(const struct keeper *keeper); /* right or not */
uint64_t keeper_n_commits(const struct keeper *keeper); /* of ours */
struct incidents *keeper_incidents(const struct keeper *keeper);

/** keeper_others_changed - have others changed what is theirs? Asking resets */
bool keeper_others_changed(struct keeper *keeper);

#endif
