// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Property: whatever happens in whatever order, nothing that is wrong in the
 * kernel is left without somebody coming back to it; and when the others stop,
 * it is soon as desired, and said to be. The kernel, the reader and the others
 * are played here. SEED and ROUNDS in the environment repeat or extend a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "reconcile.h"

#define MS 1000ull
#define S (1000 * MS)
#define NEVER UINT64_MAX
#define STEPS 400
#define STEPS_AFTER 4000

/**
 * struct world - what is played
 * @wrong: the kernel does not hold what is desired
 * @suspect: what is wrong would be found by a look
 * @touched, lost: notifications that have not been delivered yet
 * @pending_touch, pending_loss: delivered, and not covered by a look yet
 * @fresh_touch, fresh_loss: likewise, since the work under way has begun
 * @changed: somebody has committed since the work under way has begun
 * @found: what the look under way is going to say
 * @attacks, fails, jumps: percent of the steps in which others attack, work
 *	fails, or the clock jumps
 * @steady: the clock never jumps
 */
struct world {
	struct dice *dice;
	struct reconcile r;
	uint64_t now_usec;
	bool wrong, suspect;
	bool touched, lost;
	bool pending_touch, pending_loss, fresh_touch, fresh_loss;
	bool changed, found, under_way;
	enum reconcile_action action;
	unsigned int attacks, fails, jumps;
	bool ever_attacked, steady;
	unsigned long n_commits, n_replaced;
	uint64_t committed_usec; /* the last that the kernel took */
	unsigned int n_fight;
	const char *complaint;
};

static void complain(struct world *w, const char *complaint)
{
	if (!w->complaint)
		w->complaint = complaint;
}

static uint64_t delay(unsigned int n_repairs)
{
	uint64_t delay_usec = 1 * MS;

	if (n_repairs < RECONCILE_AT_ONCE)
		return 0;
	while (n_repairs-- > RECONCILE_AT_ONCE && delay_usec < 250 * MS)
		delay_usec *= 2;
	return delay_usec < 250 * MS ? delay_usec : 250 * MS;
}

static void begin_work(struct world *w, enum reconcile_action action)
{
	w->action = action;
	w->under_way = true;
	w->changed = false;
	w->fresh_touch = false;
	w->fresh_loss = false;
	switch (action) {
	case RECONCILE_WAIT:
		break;
	case RECONCILE_LOOK:
		w->found = w->wrong && w->suspect;
		break;
	case RECONCILE_COMPARE:
		w->found = w->wrong;
		break;
	case RECONCILE_COMMIT:
	case RECONCILE_REPLACE:
		if (w->r.mode == RECONCILE_ALERT)
			complain(w, "changes the kernel, but should alert");
		if (!w->ever_attacked && !w->fails)
			complain(w, "changes what nobody has touched");
		if (w->steady &&
		    w->now_usec < w->committed_usec + delay(w->n_fight))
			complain(w, "repairs too fast");
		break;
	}
}

static void check(struct world *w, enum reconcile_action action)
{
	const struct reconcile *r = &w->r;

	switch (r->state) {
	case RECONCILE_IDLE:
		if (w->pending_touch || w->pending_loss)
			complain(w, "idle, though not all has been looked at");
		if (r->due_usec == NEVER)
			complain(w, "idle, and never compares");
		break;
	case RECONCILE_ALERTED:
		if (r->mode == RECONCILE_REPAIR)
			complain(w, "gives up");
		if (w->pending_touch || w->pending_loss)
			complain(w, "alerted, but not of all");
		if (r->due_usec == NEVER)
			complain(w, "alerted, and never compares");
		break;
	case RECONCILE_LOOKING:
	case RECONCILE_COMMITTING:
		if (!w->under_way)
			complain(w, "believes that there is work under way");
		break;
	case RECONCILE_BACKED_OFF:
		if (r->due_usec == NEVER || r->due_usec > w->now_usec + 1 * S)
			complain(w, "backed off for too long");
		break;
	case RECONCILE_STOPPED:
		complain(w, "stopped");
		break;
	}
	if (action != RECONCILE_WAIT && r->due_usec != NEVER)
		complain(w, "has an action and a time");
}

/* The end of a fight, as the header has it */
static void count_fight(struct world *w)
{
	if (!w->r.doubt && w->now_usec >= w->committed_usec + RECONCILE_QUIET)
		w->n_fight = 0;
}

static void tell(struct world *w, enum reconcile_event event)
{
	enum reconcile_action action;
	bool was_under_way = w->under_way;

	count_fight(w);
	action = reconcile_next(&w->r, event, w->now_usec);
	if (action != RECONCILE_WAIT && was_under_way)
		complain(w, "begins something while there is work under way");
	if (action != RECONCILE_WAIT)
		begin_work(w, action);
	check(w, action);
}

/* The work under way ends with this. */
static void report(struct world *w, enum reconcile_event event)
{
	w->under_way = false;
	tell(w, event);
}

static void end_look(struct world *w)
{
	bool comparing = w->action == RECONCILE_COMPARE;

	if (dice_chance(w->dice, w->fails)) {
		report(w, RECONCILE_FAILED);
		return;
	}
	/* Who reads may see others coming, but need not. */
	if ((w->changed || w->fresh_touch) && dice_chance(w->dice, 70)) {
		report(w, RECONCILE_VOID);
		return;
	}
	w->pending_touch = w->fresh_touch;
	if (comparing)
		w->pending_loss = w->fresh_loss;
	if (w->found) {
		w->suspect = true;
		report(w, RECONCILE_DIFFERENT);
	} else {
		report(w, RECONCILE_EQUAL);
	}
}

static void end_commit(struct world *w)
{
	bool replacing = w->action == RECONCILE_REPLACE;

	if (dice_chance(w->dice, w->fails)) {
		report(w, RECONCILE_FAILED);
		return;
	}
	if (w->changed && !replacing) {
		report(w, RECONCILE_STALE);
		return;
	}
	w->wrong = false;
	w->n_commits++;
	w->n_replaced += replacing;
	w->committed_usec = w->now_usec;
	w->n_fight++;
	report(w, RECONCILE_COMMITTED);
	if (w->r.n_repairs != w->n_fight && w->steady)
		complain(w, "counts another number of repairs");
}

static void end_work(struct world *w)
{
	switch (w->action) {
	case RECONCILE_WAIT:
		complain(w, "works at waiting");
		break;
	case RECONCILE_LOOK:
	case RECONCILE_COMPARE:
		end_look(w);
		break;
	case RECONCILE_COMMIT:
	case RECONCILE_REPLACE:
		end_commit(w);
		break;
	}
}

/* Others commit something: it may harm, and we may get to know. */
static void attack(struct world *w)
{
	w->ever_attacked = true;
	w->changed = true;
	w->wrong = dice_chance(w->dice, 80);
	switch (dice_roll(w->dice, 8)) {
	case 0:
		w->lost = true;
		break;
	case 1: /* as if nothing had happened */
		break;
	default:
		w->touched = true;
		w->suspect = true;
	}
}

static void deliver(struct world *w)
{
	if (w->touched) {
		w->touched = false;
		w->pending_touch = true;
		w->fresh_touch = true;
		tell(w, RECONCILE_TOUCHED);
	} else if (w->lost) {
		w->lost = false;
		w->pending_loss = true;
		w->fresh_loss = true;
		tell(w, RECONCILE_LOST);
	}
}

static void pass_time(struct world *w)
{
	static const uint64_t most[] = { 10, 300, 5 * MS, 300 * MS, 5 * S };
	uint64_t limit = most[dice_roll(w->dice, 5)];
	uint64_t usec = dice_next(w->dice) % limit;

	if (dice_chance(w->dice, w->jumps))
		w->now_usec = dice_next(w->dice) % (100 * S);
	/* The timer is not late by more than this, if nobody is busy. */
	else if (!w->under_way && w->r.due_usec != NEVER &&
		 w->r.due_usec > w->now_usec &&
		 usec > w->r.due_usec - w->now_usec)
		w->now_usec = w->r.due_usec + dice_roll(w->dice, 50);
	else
		w->now_usec += usec;
}

static void step(struct world *w)
{
	pass_time(w);
	if (dice_chance(w->dice, w->attacks))
		attack(w);
	if ((w->touched || w->lost) && dice_chance(w->dice, 60))
		deliver(w);
	else if (w->under_way && dice_chance(w->dice, 70))
		end_work(w);
	else if (w->now_usec >= w->r.due_usec || dice_chance(w->dice, 10))
		tell(w, RECONCILE_TIMER);
}

static bool is_settled(const struct world *w)
{
	if (w->touched || w->lost || w->under_way)
		return false;
	if (w->r.mode == RECONCILE_ALERT && w->wrong)
		return w->r.state == RECONCILE_ALERTED;
	return !w->wrong && w->r.state == RECONCILE_IDLE;
}

/* From now on nobody else does anything, and all works. */
static void settle(struct world *w)
{
	uint64_t end_usec = w->now_usec + w->r.compare_usec + 15 * S;
	unsigned int i;

	w->attacks = 0;
	w->fails = 0;
	w->jumps = 0;
	/* So that a clock that has been set back is seen */
	tell(w, RECONCILE_TIMER);
	for (i = 0; i < STEPS_AFTER && !is_settled(w); i++) {
		/* Nothing happens between one event and the next. */
		if (!w->touched && !w->lost && !w->under_way) {
			if (w->r.due_usec == NEVER) {
				complain(w, "left with nothing to come");
				return;
			}
			if (w->now_usec < w->r.due_usec)
				w->now_usec = w->r.due_usec;
			tell(w, RECONCILE_TIMER);
		} else {
			w->now_usec += 300;
			if (w->touched || w->lost)
				deliver(w);
			else
				end_work(w);
		}
	}
	if (!is_settled(w))
		complain(w, "does not come to an end");
	if (w->now_usec > end_usec)
		complain(w, "takes too long");
}

static void run_round(struct dice *dice, struct world *w)
{
	static const unsigned int rates[] = { 0, 1, 5, 20, 60 };
	int i;

	*w = (struct world){ .dice = dice, .now_usec = 1000 * S };
	w->attacks = rates[dice_roll(dice, 5)];
	w->fails = rates[dice_roll(dice, 4)];
	w->jumps = dice_chance(dice, 10);
	w->steady = !w->jumps;
	reconcile_init(&w->r,
		       dice_chance(dice, 70) ? RECONCILE_REPAIR :
					       RECONCILE_ALERT,
		       (1 + dice_roll(dice, 60)) * S);
	tell(w, RECONCILE_START);
	for (i = 0; i < STEPS && !w->complaint; i++)
		step(w);
	if (!w->complaint)
		settle(w);
}

/* Any events at any time, also those that cannot be */
static void run_nonsense(struct dice *dice, struct world *w)
{
	enum reconcile_action action = RECONCILE_WAIT;
	enum reconcile_event event;
	struct reconcile *r = &w->r;
	int i;

	*w = (struct world){ .dice = dice };
	reconcile_init(r, dice_roll(dice, 2), dice_next(dice) % S);
	for (i = 0; i < STEPS && !w->complaint; i++) {
		w->now_usec = dice_next(dice);
		w->now_usec >>= dice_roll(dice, 64);
		event = dice_roll(dice, RECONCILE_STOP + 1);
		if (event == RECONCILE_STOP && dice_chance(dice, 90))
			event = RECONCILE_TOUCHED;
		action = reconcile_next(r, event, w->now_usec);
		if ((r->state == RECONCILE_LOOKING ||
		     r->state == RECONCILE_COMMITTING) !=
		    (r->due_usec == NEVER && r->state != RECONCILE_STOPPED))
			complain(w, "waits for nothing");
		if (action != RECONCILE_WAIT && r->due_usec != NEVER)
			complain(w, "has an action and a time");
		if (r->mode == RECONCILE_ALERT &&
		    (action == RECONCILE_COMMIT || action == RECONCILE_REPLACE))
			complain(w, "changes the kernel, but should alert");
	}
}

struct count {
	unsigned long n_commits, n_replaced;
};

static bool try_world(struct dice *dice, void *data)
{
	struct count *count = data;
	struct world w;

	if (dice_chance(dice, 10))
		run_nonsense(dice, &w);
	else
		run_round(dice, &w);
	if (w.complaint)
		printf("reconcile: %s\n", w.complaint);
	count->n_commits += w.n_commits;
	count->n_replaced += w.n_replaced;
	return !w.complaint;
}

int main(void)
{
	struct count count = { 0 };

	if (!dice_play(0x5e1c0de, 20000, try_world, &count))
		return 1;
	printf("reconcile: %lu repairs, %lu of them with a whole table\n",
	       count.n_commits, count.n_replaced);
	/* A sample of one kind only would show nothing. */
	return !count.n_replaced || count.n_commits < 4 * count.n_replaced;
}
