/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_RECONCILE_H
#define SEKIMORI_RECONCILE_H

/*
 * What to do next so that the kernel holds what is desired: a state machine of
 * events and time, without I/O, clock or memory of its own. Level-triggered:
 * an event never says what is in the kernel, it only makes us look; only a
 * look that found nothing to change ends the work. Times are microseconds of
 * a clock that does not jump.
 */
#include <stdbool.h>
#include <stdint.h>

enum reconcile_mode {
	RECONCILE_REPAIR, /* undo what others change */
	RECONCILE_ALERT, /* only say so */
};

enum reconcile_event {
	RECONCILE_START, /* a policy is in force and was read back just now */
	RECONCILE_TOUCHED, /* somebody else has changed our table */
	RECONCILE_LOST, /* notifications were lost: anything may have changed */
	RECONCILE_TIMER, /* it is reconcile.due_usec or later */
	RECONCILE_EQUAL, /* a look found what is desired */
	RECONCILE_DIFFERENT, /* a look found something else */
	RECONCILE_VOID, /* a look was overtaken by further changes */
	RECONCILE_COMMITTED, /* the kernel took our changes */
	RECONCILE_STALE, /* it did not: somebody was faster */
	RECONCILE_FAILED, /* a look or a commit failed for another reason */
	RECONCILE_STOP, /* nothing is desired any more (withdrawn) */
};

enum reconcile_action {
	RECONCILE_WAIT, /* until an event, or until due_usec */
	RECONCILE_LOOK, /* read what is suspect: touched, edited, or differing */
	RECONCILE_COMPARE, /* read everything */
	RECONCILE_COMMIT, /* undo what the last look found */
	RECONCILE_REPLACE, /* commit all of the table, whatever it holds */
};

/*
 * The first repairs of a fight come at once. Then each waits twice as long as
 * the one before, but never longer than RECONCILE_DELAY_MAX; and it never
 * ends. A fight is over when nothing had to be repaired for a while.
 */
#define RECONCILE_AT_ONCE 16
#define RECONCILE_DELAY_MAX (250 * 1000ull)
#define RECONCILE_QUIET (10 * 1000000ull)
#define RECONCILE_RETRY (1000 * 1000ull) /* after a failure, at most */

/*
 * So many STALE or VOID in a row, then REPLACE. But a comparison that was only
 * due is no reason to replace anything, however often it is overtaken.
 */
#define RECONCILE_OVERTAKEN 8

enum reconcile_state {
	RECONCILE_IDLE, /* what is desired is there, as far as anybody knows */
	RECONCILE_LOOKING, /* a look is under way */
	RECONCILE_COMMITTING, /* a commit is under way */
	RECONCILE_BACKED_OFF, /* something is to be done, at due_usec */
	RECONCILE_ALERTED, /* it differs, and is left so */
	RECONCILE_STOPPED,
};

/**
 * struct reconcile - the state
 * @due_usec: when to call with RECONCILE_TIMER; UINT64_MAX: not at all
 * @compare_usec: time between two comparisons of everything
 * @n_repairs: in the fight that is going on; 0: there is none
 * @fight_usec: when it began; @repaired_usec: the last of them
 * @n_overtaken: STALE and VOID in a row
 * @n_failed: FAILED in a row
 */
struct reconcile {
	enum reconcile_mode mode;
	enum reconcile_state state;
	uint64_t due_usec;
	uint64_t compare_usec;
	uint64_t compared_usec;
	unsigned int n_repairs;
	uint64_t fight_usec, repaired_usec;
	unsigned int n_overtaken;
	unsigned int n_failed;
	bool everything; /* a comparison is to be made */
	bool again; /* a look at the suspects is to be made, and before that */
	bool doubt; /* there is reason to believe that something is wrong */
	bool comparing, replacing; /* what is under way */
};

/**
 * reconcile_init - nothing is desired yet (RECONCILE_STOPPED)
 * @compare_usec: time between two comparisons of everything
 */
void reconcile_init(struct reconcile *reconcile, enum reconcile_mode mode,
		    uint64_t compare_usec);

/**
 * reconcile_next - what has happened, and so what is to be done now
 *
 * The caller carries the action out and reports what came of it: EQUAL,
 * DIFFERENT, VOID or FAILED after a look or comparison; COMMITTED, STALE or
 * FAILED after a commit or replacement. In whatever order events come, either
 * the state is IDLE, ALERTED or STOPPED, or an action was just returned that
 * will be reported on, or due_usec is armed.
 *
 * While an action is under way, other events give WAIT, but START and STOP,
 * which end it: nothing is to be reported then. A comparison may be broken off
 * with VOID after TOUCHED: the look at the suspects comes first then, and the
 * comparison is begun again after it.
 */
enum reconcile_action reconcile_next(struct reconcile *reconcile,
				     enum reconcile_event event,
				     uint64_t now_usec);

/**
 * reconcile_is_escalation - is this repair one to speak up about?
 *
 * True at the 5th, 50th, 500th, ... repair of a fight. To be asked when a
 * repair has been proved.
 */
bool reconcile_is_escalation(const struct reconcile *reconcile);

#endif
