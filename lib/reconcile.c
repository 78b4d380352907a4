// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What to do next, from events and time alone, so that storms, races and
 * fights can be played in a test. Easy to get wrong: what comes in while a
 * look is under way is not covered by that look, so its EQUAL must not end the
 * work; and no event, in whatever state, may leave work that nobody is going
 * to take up again.
 */
#include "reconcile.h"

#define DELAY_FIRST 1000ull
#define RETRY_FIRST (10 * 1000ull)

/* UINT64_MAX would mean never. */
static uint64_t later(uint64_t now_usec, uint64_t delay_usec)
{
	const uint64_t last = UINT64_MAX - 1;

	if (now_usec >= last || delay_usec > last - now_usec)
		return last;
	return now_usec + delay_usec;
}

/* @first, doubled so many times, but at most @most */
static uint64_t doubled(uint64_t first, unsigned int times, uint64_t most)
{
	if (times > 20 || first << times > most)
		return most;
	return first << times;
}

static void count(unsigned int *n)
{
	if (*n < UINT32_MAX)
		(*n)++;
}

static enum reconcile_action begin(struct reconcile *r,
				   enum reconcile_state state,
				   enum reconcile_action action)
{
	r->state = state;
	r->due_usec = UINT64_MAX;
	r->comparing = action == RECONCILE_COMPARE;
	r->replacing = action == RECONCILE_REPLACE;
	return action;
}

/*
 * The suspects first, if there are any: they take no time, and most likely it
 * is there that something is wrong.
 */
static enum reconcile_action look(struct reconcile *r)
{
	if (r->again || !r->everything) {
		r->again = false;
		return begin(r, RECONCILE_LOOKING, RECONCILE_LOOK);
	}
	r->everything = false;
	return begin(r, RECONCILE_LOOKING, RECONCILE_COMPARE);
}

static uint64_t compare_due(const struct reconcile *r)
{
	if (r->compare_usec == UINT64_MAX)
		return UINT64_MAX;
	return later(r->compared_usec, r->compare_usec);
}

static enum reconcile_action rest(struct reconcile *r,
				  enum reconcile_state state)
{
	r->state = state;
	r->doubt = false;
	r->n_overtaken = 0;
	r->n_failed = 0;
	r->due_usec = compare_due(r);
	return RECONCILE_WAIT;
}

static enum reconcile_action back_off(struct reconcile *r, uint64_t due_usec)
{
	r->state = RECONCILE_BACKED_OFF;
	r->due_usec = due_usec;
	return RECONCILE_WAIT;
}

/* When the fight that is going on lets us repair again */
static uint64_t fight_due(const struct reconcile *r)
{
	if (r->n_repairs < RECONCILE_AT_ONCE)
		return 0;
	return later(r->repaired_usec,
		     doubled(DELAY_FIRST, r->n_repairs - RECONCILE_AT_ONCE,
			     RECONCILE_DELAY_MAX));
}

static enum reconcile_action look_in_time(struct reconcile *r,
					  uint64_t now_usec)
{
	/* Nothing could be done about what it finds. */
	if (now_usec < fight_due(r))
		return back_off(r, fight_due(r));
	return look(r);
}

static void begin_doubt(struct reconcile *r)
{
	/* What overtook us before was no reason to replace anything. */
	if (!r->doubt)
		r->n_overtaken = 0;
	r->doubt = true;
}

/* Something is to be looked at: @again or @everything has been set. */
static enum reconcile_action alarm(struct reconcile *r, uint64_t now_usec)
{
	bool doubted = r->doubt;

	begin_doubt(r);
	switch (r->state) {
	case RECONCILE_STOPPED:
	case RECONCILE_LOOKING:
	case RECONCILE_COMMITTING:
		return RECONCILE_WAIT;
	case RECONCILE_BACKED_OFF:
		/* Only a comparison was put off: this cannot wait so long. */
		if (doubted)
			return RECONCILE_WAIT;
		break;
	case RECONCILE_IDLE:
	case RECONCILE_ALERTED:
		break;
	}
	return look_in_time(r, now_usec);
}

static enum reconcile_action look_was_equal(struct reconcile *r,
					    uint64_t now_usec)
{
	if (r->comparing)
		r->compared_usec = now_usec;
	/*
	 * Comparisons that are overtaken again and again stay so in a row
	 * when there is a look between them.
	 */
	if (!r->everything)
		r->n_overtaken = 0;
	if (r->again || r->everything)
		return look_in_time(r, now_usec);
	return rest(r, RECONCILE_IDLE);
}

static enum reconcile_action look_was_different(struct reconcile *r,
						uint64_t now_usec)
{
	if (r->comparing)
		r->compared_usec = now_usec;
	begin_doubt(r);
	if (r->mode == RECONCILE_ALERT) {
		if (r->again || r->everything)
			return look(r);
		return rest(r, RECONCILE_ALERTED);
	}
	if (now_usec < fight_due(r)) {
		r->again = true; /* who knows what there is to undo by then */
		return back_off(r, fight_due(r));
	}
	return begin(r, RECONCILE_COMMITTING, RECONCILE_COMMIT);
}

static enum reconcile_action was_overtaken(struct reconcile *r,
					   uint64_t now_usec)
{
	bool replaced = r->replacing;

	if (r->comparing)
		r->everything = true;
	else
		r->again = true;
	count(&r->n_overtaken);
	if (r->n_overtaken < RECONCILE_OVERTAKEN)
		return look(r);
	if (r->mode == RECONCILE_ALERT || !r->doubt || replaced)
		return back_off(
			r, later(now_usec,
				 doubled(DELAY_FIRST,
					 r->n_overtaken - RECONCILE_OVERTAKEN,
					 RECONCILE_RETRY)));
	if (now_usec < fight_due(r))
		return back_off(r, fight_due(r));
	return begin(r, RECONCILE_COMMITTING, RECONCILE_REPLACE);
}

static enum reconcile_action was_committed(struct reconcile *r,
					   uint64_t now_usec)
{
	if (!r->n_repairs)
		r->fight_usec = now_usec;
	count(&r->n_repairs);
	r->repaired_usec = now_usec;
	r->n_overtaken = 0;
	r->again = true;
	return look(r);
}

static enum reconcile_action has_failed(struct reconcile *r, uint64_t now_usec)
{
	uint64_t delay_usec =
		doubled(RETRY_FIRST, r->n_failed, RECONCILE_RETRY);

	count(&r->n_failed);
	begin_doubt(r);
	/* Nothing is known any more, so no suspects come before the rest. */
	r->again = false;
	r->everything = true;
	return back_off(r, later(now_usec, delay_usec));
}

static enum reconcile_action time_has_come(struct reconcile *r,
					   uint64_t now_usec)
{
	if (r->due_usec == UINT64_MAX || now_usec < r->due_usec)
		return RECONCILE_WAIT;
	if (now_usec >= compare_due(r))
		r->everything = true;
	return look(r);
}

static enum reconcile_action start(struct reconcile *r, uint64_t now_usec)
{
	reconcile_init(r, r->mode, r->compare_usec);
	r->compared_usec = now_usec;
	return rest(r, RECONCILE_IDLE);
}

/* What does not fit the state it comes in must not be lost for that. */
static enum reconcile_action
report(struct reconcile *r, enum reconcile_event event, uint64_t now_usec)
{
	bool looking = r->state == RECONCILE_LOOKING;

	if (!looking && r->state != RECONCILE_COMMITTING) {
		r->again = true;
		return alarm(r, now_usec);
	}
	if (event == RECONCILE_FAILED)
		return has_failed(r, now_usec);
	if (looking && event == RECONCILE_EQUAL)
		return look_was_equal(r, now_usec);
	if (looking && event == RECONCILE_DIFFERENT)
		return look_was_different(r, now_usec);
	if (!looking && event == RECONCILE_COMMITTED)
		return was_committed(r, now_usec);
	return was_overtaken(r, now_usec);
}

/* A clock that was set back, or has begun anew, must not make anybody wait. */
static void follow_clock(struct reconcile *r, uint64_t now_usec)
{
	uint64_t latest = later(now_usec, RECONCILE_RETRY);

	if (r->compared_usec > now_usec)
		r->compared_usec = now_usec;
	if (r->fight_usec > now_usec)
		r->fight_usec = now_usec;
	if (r->repaired_usec > now_usec)
		r->repaired_usec = now_usec;
	if (r->state == RECONCILE_IDLE || r->state == RECONCILE_ALERTED)
		r->due_usec = compare_due(r);
	if (r->state == RECONCILE_BACKED_OFF && r->due_usec > latest)
		r->due_usec = latest;
}

void reconcile_init(struct reconcile *reconcile, enum reconcile_mode mode,
		    uint64_t compare_usec)
{
	*reconcile = (struct reconcile){
		.mode = mode,
		.state = RECONCILE_STOPPED,
		.due_usec = UINT64_MAX,
		.compare_usec = compare_usec,
	};
}

enum reconcile_action reconcile_next(struct reconcile *reconcile,
				     enum reconcile_event event,
				     uint64_t now_usec)
{
	struct reconcile *r = reconcile;

	if (event == RECONCILE_START)
		return start(r, now_usec);
	if (event == RECONCILE_STOP)
		reconcile_init(r, r->mode, r->compare_usec);
	if (r->state == RECONCILE_STOPPED)
		return RECONCILE_WAIT;
	follow_clock(r, now_usec);
	/* A fight is not over while something is wrong. */
	if (!r->doubt && now_usec - r->repaired_usec >= RECONCILE_QUIET)
		r->n_repairs = 0;

	switch (event) {
	case RECONCILE_START:
	case RECONCILE_STOP:
		break;
	case RECONCILE_TOUCHED:
		r->again = r->again || r->state != RECONCILE_BACKED_OFF ||
			   !r->doubt;
		return alarm(r, now_usec);
	case RECONCILE_LOST:
		r->everything = true;
		return alarm(r, now_usec);
	case RECONCILE_TIMER:
		return time_has_come(r, now_usec);
	case RECONCILE_EQUAL:
	case RECONCILE_DIFFERENT:
	case RECONCILE_VOID:
	case RECONCILE_COMMITTED:
	case RECONCILE_STALE:
	case RECONCILE_FAILED:
		return report(r, event, now_usec);
	}
	return RECONCILE_WAIT;
}

bool reconcile_is_escalation(const struct reconcile *reconcile)
{
	unsigned int n = reconcile->n_repairs;

	while (n && n % 10 == 0)
		n /= 10;
	return n == 5;
}
