// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state machine, event by event: what is to be done, where that leads and
 * when it goes on. What no script thinks of is for tests/property/reconcile.c.
 */
#include <check.h>
#include <stddef.h>

#include "reconcile.h"
#include "suites.h"

#define MS 1000ull
#define S (1000 * MS)
#define NEVER UINT64_MAX
#define COMPARE (100 * S)

/* Short, so that a script can be read as a table */
#define START RECONCILE_START
#define TOUCHED RECONCILE_TOUCHED
#define LOST RECONCILE_LOST
#define TIMER RECONCILE_TIMER
#define EQUAL RECONCILE_EQUAL
#define DIFFERENT RECONCILE_DIFFERENT
#define VOID RECONCILE_VOID
#define COMMITTED RECONCILE_COMMITTED
#define STALE RECONCILE_STALE
#define FAILED RECONCILE_FAILED
#define STOP RECONCILE_STOP

struct step {
	enum reconcile_event event;
	uint64_t now_usec;
	enum reconcile_action action;
	enum reconcile_state state;
	uint64_t due_usec;
};

/* What a step must come to, by the state */
#define WAITS(STATE, DUE) RECONCILE_WAIT, RECONCILE_##STATE, DUE
#define LOOKS RECONCILE_LOOK, RECONCILE_LOOKING, NEVER
#define COMPARES RECONCILE_COMPARE, RECONCILE_LOOKING, NEVER
#define COMMITS RECONCILE_COMMIT, RECONCILE_COMMITTING, NEVER
#define REPLACES RECONCILE_REPLACE, RECONCILE_COMMITTING, NEVER

static void play(struct reconcile *r, const struct step *steps, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct step *step = &steps[i];
		enum reconcile_action action =
			reconcile_next(r, step->event, step->now_usec);

		ck_assert_msg(action == step->action &&
				      r->state == step->state &&
				      r->due_usec == step->due_usec,
			      "step %zu: action %d, state %d, due %llu; not "
			      "%d, %d, %llu",
			      i, action, r->state,
			      (unsigned long long)r->due_usec, step->action,
			      step->state, (unsigned long long)step->due_usec);
	}
}

#define PLAY(R, ...)                                                 \
	do {                                                         \
		static const struct step script[] = { __VA_ARGS__ }; \
                                                                     \
		play((R), script, sizeof(script) / sizeof(*script)); \
	} while (0)

static void started(struct reconcile *r, enum reconcile_mode mode)
{
	reconcile_init(r, mode, COMPARE);
	ck_assert_int_eq(r->state, RECONCILE_STOPPED);
	ck_assert_uint_eq(r->due_usec, NEVER);
	PLAY(r, { START, 1 * S, WAITS(IDLE, 101 * S) });
}

START_TEST(test_repair)
{
	struct reconcile r;

	started(&r, RECONCILE_REPAIR);
	PLAY(&r, { TOUCHED, 2 * S, LOOKS }, { DIFFERENT, 3 * S, COMMITS },
	     { COMMITTED, 4 * S, LOOKS });
	ck_assert_uint_eq(r.n_repairs, 1);
	ck_assert_uint_eq(r.fight_usec, 4 * S);
	ck_assert_uint_eq(r.repaired_usec, 4 * S);
	PLAY(&r, { EQUAL, 5 * S, WAITS(IDLE, 101 * S) },
	     /* A harmless change needs no repair. */
	     { TOUCHED, 6 * S, LOOKS }, { EQUAL, 7 * S, WAITS(IDLE, 101 * S) },
	     { TOUCHED, 8 * S, LOOKS }, { DIFFERENT, 8 * S, COMMITS },
	     { COMMITTED, 9 * S, LOOKS });
	ck_assert_uint_eq(r.n_repairs, 2);
	ck_assert_uint_eq(r.fight_usec, 4 * S);
	ck_assert_uint_eq(r.repaired_usec, 9 * S);
	/* Not proved: the same again */
	PLAY(&r, { DIFFERENT, 9 * S, COMMITS }, { COMMITTED, 9 * S, LOOKS },
	     { EQUAL, 9 * S, WAITS(IDLE, 101 * S) });
	ck_assert_uint_eq(r.n_repairs, 3);
}
END_TEST

START_TEST(test_compare)
{
	struct reconcile r;

	started(&r, RECONCILE_REPAIR);
	PLAY(&r, { TIMER, 101 * S - 1, WAITS(IDLE, 101 * S) },
	     { TIMER, 101 * S, COMPARES },
	     { EQUAL, 103 * S, WAITS(IDLE, 203 * S) },
	     { TIMER, 210 * S, COMPARES }, { DIFFERENT, 211 * S, COMMITS },
	     { COMMITTED, 212 * S, LOOKS },
	     { EQUAL, 213 * S, WAITS(IDLE, 311 * S) },
	     /* A look is no comparison. */
	     { TOUCHED, 300 * S, LOOKS },
	     { EQUAL, 312 * S, WAITS(IDLE, 311 * S) },
	     { TIMER, 312 * S, COMPARES });

	reconcile_init(&r, RECONCILE_REPAIR, NEVER);
	PLAY(&r, { START, 5, WAITS(IDLE, NEVER) },
	     { TIMER, NEVER - 2, WAITS(IDLE, NEVER) },
	     { LOST, NEVER - 1, COMPARES },
	     { EQUAL, NEVER - 1, WAITS(IDLE, NEVER) });
}
END_TEST

START_TEST(test_while_working)
{
	struct reconcile r;

	started(&r, RECONCILE_REPAIR);
	PLAY(&r, /* While looking */
	     { TOUCHED, 2 * S, LOOKS },
	     { TOUCHED, 2 * S, WAITS(LOOKING, NEVER) },
	     { TOUCHED, 2 * S, WAITS(LOOKING, NEVER) },
	     { TIMER, 2 * S, WAITS(LOOKING, NEVER) }, { EQUAL, 2 * S, LOOKS },
	     { EQUAL, 2 * S, WAITS(IDLE, 101 * S) },
	     /* A look that was void is made again, and that will do. */
	     { TOUCHED, 2 * S, LOOKS },
	     { TOUCHED, 2 * S, WAITS(LOOKING, NEVER) }, { VOID, 2 * S, LOOKS },
	     { EQUAL, 2 * S, WAITS(IDLE, 101 * S) },
	     /* While committing */
	     { TOUCHED, 2 * S, LOOKS }, { DIFFERENT, 2 * S, COMMITS },
	     { TOUCHED, 2 * S, WAITS(COMMITTING, NEVER) },
	     { STALE, 2 * S, LOOKS }, { DIFFERENT, 2 * S, COMMITS },
	     { TOUCHED, 2 * S, WAITS(COMMITTING, NEVER) },
	     { COMMITTED, 2 * S, LOOKS },
	     { EQUAL, 2 * S, WAITS(IDLE, 101 * S) },
	     /* Lost: the looks that are under way do not make up for it. */
	     { LOST, 3 * S, COMPARES }, { LOST, 3 * S, WAITS(LOOKING, NEVER) },
	     { EQUAL, 4 * S, COMPARES }, { EQUAL, 5 * S, WAITS(IDLE, 105 * S) },
	     { TOUCHED, 6 * S, LOOKS }, { LOST, 6 * S, WAITS(LOOKING, NEVER) },
	     { DIFFERENT, 6 * S, COMMITS }, { COMMITTED, 6 * S, LOOKS },
	     { EQUAL, 6 * S, COMPARES }, { EQUAL, 6 * S, WAITS(IDLE, 106 * S) },
	     /* A comparison gives way to a look and is taken up again. */
	     { TIMER, 106 * S, COMPARES },
	     { TOUCHED, 106 * S, WAITS(LOOKING, NEVER) },
	     { VOID, 106 * S, LOOKS }, { EQUAL, 106 * S, COMPARES },
	     { EQUAL, 107 * S, WAITS(IDLE, 207 * S) });
	ck_assert_uint_eq(r.n_overtaken, 0);
}
END_TEST

START_TEST(test_alert)
{
	struct reconcile r;
	int i;

	started(&r, RECONCILE_ALERT);
	PLAY(&r, { TOUCHED, 2 * S, LOOKS },
	     { DIFFERENT, 3 * S, WAITS(ALERTED, 101 * S) },
	     { TOUCHED, 4 * S, LOOKS },
	     { TOUCHED, 4 * S, WAITS(LOOKING, NEVER) },
	     { DIFFERENT, 5 * S, LOOKS },
	     { DIFFERENT, 5 * S, WAITS(ALERTED, 101 * S) },
	     { TIMER, 100 * S, WAITS(ALERTED, 101 * S) },
	     { TIMER, 101 * S, COMPARES },
	     /* Not at once again, though it still differs */
	     { DIFFERENT, 102 * S, WAITS(ALERTED, 202 * S) },
	     { TOUCHED, 103 * S, LOOKS },
	     { EQUAL, 103 * S, WAITS(IDLE, 202 * S) },
	     { TOUCHED, 104 * S, LOOKS });
	for (i = 1; i < RECONCILE_OVERTAKEN; i++)
		PLAY(&r, { VOID, 104 * S, LOOKS });
	PLAY(&r, { VOID, 104 * S, WAITS(BACKED_OFF, 104 * S + 1 * MS) },
	     { TOUCHED, 104 * S, WAITS(BACKED_OFF, 104 * S + 1 * MS) },
	     { TIMER, 105 * S, LOOKS },
	     { VOID, 105 * S, WAITS(BACKED_OFF, 105 * S + 2 * MS) },
	     { TIMER, 106 * S, LOOKS },
	     { DIFFERENT, 106 * S, WAITS(ALERTED, 202 * S) });
	ck_assert_uint_eq(r.n_repairs, 0);
}
END_TEST

START_TEST(test_overtaken)
{
	struct reconcile r;
	int i;

	started(&r, RECONCILE_REPAIR);
	PLAY(&r, { TOUCHED, 2 * S, LOOKS });
	for (i = 1; i < RECONCILE_OVERTAKEN; i++)
		if (i % 2)
			PLAY(&r, { VOID, 2 * S, LOOKS });
		else
			PLAY(&r, { DIFFERENT, 2 * S, COMMITS },
			     { STALE, 2 * S, LOOKS });
	PLAY(&r, { DIFFERENT, 2 * S, COMMITS }, { STALE, 2 * S, REPLACES },
	     /* Which cannot be, but then it is not tried in a tight loop. */
	     { STALE, 2 * S, WAITS(BACKED_OFF, 2 * S + 2 * MS) },
	     { TIMER, 3 * S, LOOKS }, { VOID, 3 * S, REPLACES },
	     { COMMITTED, 3 * S, LOOKS });
	ck_assert_uint_eq(r.n_overtaken, 0);
	ck_assert_uint_eq(r.n_repairs, 1);
	PLAY(&r, { VOID, 3 * S, LOOKS },
	     { EQUAL, 3 * S, WAITS(IDLE, 101 * S) });
}
END_TEST

/* Commits to other tables are no reason to replace ours. */
START_TEST(test_overtaken_without_doubt)
{
	struct reconcile r;
	int i;

	started(&r, RECONCILE_REPAIR);
	PLAY(&r, { TIMER, 101 * S, COMPARES });
	for (i = 1; i < RECONCILE_OVERTAKEN; i++)
		PLAY(&r, { VOID, 101 * S, COMPARES });
	PLAY(&r, { VOID, 101 * S, WAITS(BACKED_OFF, 101 * S + 1 * MS) });
	for (i = 0; i < 20; i++) {
		ck_assert_int_eq(reconcile_next(&r, TIMER, 102 * S + i * S),
				 RECONCILE_COMPARE);
		ck_assert_int_eq(reconcile_next(&r, VOID, 102 * S + i * S),
				 RECONCILE_WAIT);
	}
	/* But a change to ours is looked at, though this is still to be done */
	PLAY(&r, { TIMER, 121 * S, WAITS(BACKED_OFF, 122 * S) },
	     { TOUCHED, 121 * S, LOOKS }, { VOID, 121 * S, LOOKS },
	     { EQUAL, 121 * S, COMPARES },
	     { EQUAL, 121 * S, WAITS(IDLE, 221 * S) });
	/* Who breaks into comparisons without an end gets a whole table. */
	PLAY(&r, { LOST, 122 * S, COMPARES });
	for (i = 1; i < RECONCILE_OVERTAKEN; i++)
		PLAY(&r, { TOUCHED, 122 * S, WAITS(LOOKING, NEVER) },
		     { VOID, 122 * S, LOOKS }, { EQUAL, 122 * S, COMPARES });
	PLAY(&r, { VOID, 122 * S, REPLACES }, { COMMITTED, 122 * S, LOOKS },
	     { EQUAL, 122 * S, COMPARES },
	     { EQUAL, 122 * S, WAITS(IDLE, 222 * S) });
}
END_TEST

START_TEST(test_failed)
{
	static const unsigned int ms[] = { 10,	20,  40,   80,	 160,
					   320, 640, 1000, 1000, 1000 };
	uint64_t now = 2 * S;
	struct reconcile r;
	size_t i;

	started(&r, RECONCILE_REPAIR);
	PLAY(&r, { TOUCHED, 2 * S, LOOKS },
	     { TOUCHED, 2 * S, WAITS(LOOKING, NEVER) });
	for (i = 0; i < 100; i++) {
		uint64_t due = now + ms[i < 9 ? i : 9] * MS;

		ck_assert_int_eq(reconcile_next(&r, FAILED, now),
				 RECONCILE_WAIT);
		ck_assert_int_eq(r.state, RECONCILE_BACKED_OFF);
		ck_assert_uint_eq(r.due_usec, due);
		ck_assert_int_eq(reconcile_next(&r, TOUCHED, now),
				 RECONCILE_WAIT);
		ck_assert_int_eq(reconcile_next(&r, LOST, now), RECONCILE_WAIT);
		ck_assert_int_eq(reconcile_next(&r, TIMER, due - 1),
				 RECONCILE_WAIT);
		ck_assert_uint_eq(r.due_usec, due);
		now = due;
		ck_assert_int_eq(reconcile_next(&r, TIMER, now),
				 RECONCILE_COMPARE);
		/* The kernel may as well refuse what it was given. */
		if (i % 2)
			ck_assert_int_eq(reconcile_next(&r, DIFFERENT, now),
					 RECONCILE_COMMIT);
	}
	ck_assert_int_eq(reconcile_next(&r, COMMITTED, now), RECONCILE_LOOK);
	ck_assert_int_eq(reconcile_next(&r, EQUAL, now), RECONCILE_WAIT);
	ck_assert_int_eq(r.state, RECONCILE_IDLE);
	ck_assert_uint_eq(r.n_failed, 0);
	ck_assert_uint_eq(r.n_repairs, 1);
}
END_TEST

/* One repair from TOUCHED to EQUAL, in no time */
static void repair(struct reconcile *r, uint64_t now_usec)
{
	ck_assert_int_eq(reconcile_next(r, TOUCHED, now_usec), RECONCILE_LOOK);
	ck_assert_int_eq(reconcile_next(r, DIFFERENT, now_usec),
			 RECONCILE_COMMIT);
	ck_assert_int_eq(reconcile_next(r, COMMITTED, now_usec),
			 RECONCILE_LOOK);
	ck_assert_int_eq(reconcile_next(r, EQUAL, now_usec), RECONCILE_WAIT);
	ck_assert_int_eq(r->state, RECONCILE_IDLE);
}

START_TEST(test_fight)
{
	static const unsigned int ms[] = {
		1, 2, 4, 8, 16, 32, 64, 128, 250, 250
	};
	uint64_t now = 2 * S, due;
	struct reconcile r;
	size_t i;

	started(&r, RECONCILE_REPAIR);
	for (i = 0; i < RECONCILE_AT_ONCE; i++)
		repair(&r, now);
	for (i = 0; i < 200; i++) {
		due = now + ms[i < 9 ? i : 9] * MS;
		ck_assert_int_eq(reconcile_next(&r, TOUCHED, now),
				 RECONCILE_WAIT);
		ck_assert_int_eq(r.state, RECONCILE_BACKED_OFF);
		ck_assert_uint_eq(r.due_usec, due);
		ck_assert_int_eq(reconcile_next(&r, TOUCHED, due - 1),
				 RECONCILE_WAIT);
		ck_assert_uint_eq(r.due_usec, due);
		now = due;
		ck_assert_int_eq(reconcile_next(&r, TIMER, now),
				 RECONCILE_LOOK);
		ck_assert_int_eq(reconcile_next(&r, DIFFERENT, now),
				 RECONCILE_COMMIT);
		ck_assert_int_eq(reconcile_next(&r, COMMITTED, now),
				 RECONCILE_LOOK);
		ck_assert_int_eq(reconcile_next(&r, EQUAL, now),
				 RECONCILE_WAIT);
	}
	ck_assert_uint_eq(r.n_repairs, RECONCILE_AT_ONCE + 200);
	ck_assert_uint_eq(r.fight_usec, 2 * S);
	ck_assert(now < 60 * S);
	/* After this long it is another fight. */
	now += RECONCILE_QUIET;
	repair(&r, now);
	ck_assert_uint_eq(r.n_repairs, 1);
	ck_assert_uint_eq(r.fight_usec, now);
	repair(&r, now + RECONCILE_QUIET - 1);
	ck_assert_uint_eq(r.n_repairs, 2);
	ck_assert_uint_eq(r.fight_usec, now);
}
END_TEST

/* Somebody is so fast that no look is ever equal. */
START_TEST(test_fight_without_rest)
{
	struct reconcile r;
	int i;

	started(&r, RECONCILE_REPAIR);
	PLAY(&r, { TOUCHED, 2 * S, LOOKS });
	for (i = 0; i < RECONCILE_AT_ONCE; i++)
		PLAY(&r, { DIFFERENT, 2 * S, COMMITS },
		     { TOUCHED, 2 * S, WAITS(COMMITTING, NEVER) },
		     { COMMITTED, 2 * S, LOOKS });
	PLAY(&r, { DIFFERENT, 2 * S, WAITS(BACKED_OFF, 2 * S + 1 * MS) },
	     { TIMER, 2 * S + 1 * MS, LOOKS },
	     { DIFFERENT, 2 * S + 1 * MS, COMMITS },
	     { COMMITTED, 2 * S + 2 * MS, LOOKS },
	     { TOUCHED, 2 * S + 2 * MS, WAITS(LOOKING, NEVER) },
	     { EQUAL, 2 * S + 2 * MS, WAITS(BACKED_OFF, 2 * S + 4 * MS) },
	     { TIMER, 2 * S + 4 * MS, LOOKS },
	     { EQUAL, 2 * S + 4 * MS, WAITS(IDLE, 101 * S) });
	/* A replacement is a repair like any other. */
	PLAY(&r, { TOUCHED, 3 * S, LOOKS }, { DIFFERENT, 3 * S, COMMITS },
	     { COMMITTED, 3 * S, LOOKS });
	for (i = 1; i < RECONCILE_OVERTAKEN; i++)
		PLAY(&r, { VOID, 3 * S, LOOKS });
	PLAY(&r, { VOID, 3 * S, WAITS(BACKED_OFF, 3 * S + 4 * MS) },
	     { TIMER, 3 * S + 4 * MS, LOOKS },
	     { VOID, 3 * S + 4 * MS, REPLACES },
	     { COMMITTED, 3 * S + 4 * MS, LOOKS });
	ck_assert_uint_eq(r.n_repairs, RECONCILE_AT_ONCE + 3);
	/* While it is wrong, time alone does not end the fight. */
	PLAY(&r, { FAILED, 4 * S, WAITS(BACKED_OFF, 4 * S + 10 * MS) },
	     { TIMER, 60 * S, COMPARES }, { DIFFERENT, 60 * S, COMMITS },
	     { COMMITTED, 60 * S, LOOKS },
	     { EQUAL, 60 * S, WAITS(IDLE, 160 * S) });
	ck_assert_uint_eq(r.n_repairs, RECONCILE_AT_ONCE + 4);
	/* What was due in the meantime is done when the fight lets it. */
	PLAY(&r, { TOUCHED, 60 * S, WAITS(BACKED_OFF, 60 * S + 16 * MS) },
	     { TIMER, 160 * S, LOOKS }, { EQUAL, 160 * S, COMPARES },
	     { EQUAL, 160 * S, WAITS(IDLE, 260 * S) });
	/* Also when it was a look that was too early with what it found */
	PLAY(&r, { TOUCHED, 161 * S, LOOKS });
	r.n_repairs = RECONCILE_AT_ONCE + 4;
	PLAY(&r, { DIFFERENT, 161 * S, COMMITS },
	     { COMMITTED, 260 * S - 9 * MS, LOOKS },
	     { DIFFERENT, 260 * S, WAITS(BACKED_OFF, 260 * S + 23 * MS) },
	     { TIMER, 261 * S, LOOKS }, { DIFFERENT, 261 * S, COMMITS },
	     { COMMITTED, 261 * S, LOOKS },
	     { EQUAL, 261 * S, WAITS(BACKED_OFF, 261 * S + 64 * MS) },
	     { TIMER, 262 * S, COMPARES });
}
END_TEST

START_TEST(test_escalation)
{
	struct reconcile r;
	unsigned int n;

	reconcile_init(&r, RECONCILE_REPAIR, COMPARE);
	for (n = 0; n < 60000; n++) {
		r.n_repairs = n;
		ck_assert_msg(reconcile_is_escalation(&r) ==
				      (n == 5 || n == 50 || n == 500 ||
				       n == 5000 || n == 50000),
			      "%u", n);
	}
	/* A fight without an end */
	r.n_repairs = UINT32_MAX;
	r.state = RECONCILE_COMMITTING;
	r.doubt = true;
	ck_assert_int_eq(reconcile_next(&r, COMMITTED, 5 * S), RECONCILE_LOOK);
	ck_assert_uint_eq(r.n_repairs, UINT32_MAX);
	ck_assert(!reconcile_is_escalation(&r));
}
END_TEST

/* The fifth repair, proved long after it was made, is still the fifth. */
START_TEST(test_escalation_when_proved)
{
	struct reconcile r;
	int i;

	started(&r, RECONCILE_REPAIR);
	for (i = 0; i < 4; i++)
		repair(&r, 2 * S);
	PLAY(&r, { TOUCHED, 3 * S, LOOKS }, { DIFFERENT, 3 * S, COMMITS },
	     { COMMITTED, 3 * S, LOOKS },
	     { EQUAL, 30 * S, WAITS(IDLE, 101 * S) });
	ck_assert(reconcile_is_escalation(&r));
	PLAY(&r, { TOUCHED, 30 * S, LOOKS },
	     { EQUAL, 30 * S, WAITS(IDLE, 101 * S) });
	ck_assert_uint_eq(r.n_repairs, 0);
}
END_TEST

START_TEST(test_stop)
{
	struct reconcile r;
	int event;

	started(&r, RECONCILE_REPAIR);
	PLAY(&r, { TOUCHED, 2 * S, LOOKS },
	     { LOST, 2 * S, WAITS(LOOKING, NEVER) },
	     { STOP, 3 * S, WAITS(STOPPED, NEVER) });
	for (event = TOUCHED; event <= (int)STOP; event++) {
		ck_assert_int_eq(reconcile_next(&r, event, 500 * S),
				 RECONCILE_WAIT);
		ck_assert_int_eq(r.state, RECONCILE_STOPPED);
		ck_assert_uint_eq(r.due_usec, NEVER);
	}
	PLAY(&r, { START, 500 * S, WAITS(IDLE, 600 * S) },
	     { TIMER, 600 * S, COMPARES },
	     /* A new policy, while there is work on the old one */
	     { TOUCHED, 601 * S, WAITS(LOOKING, NEVER) },
	     { START, 602 * S, WAITS(IDLE, 702 * S) },
	     /* What is reported late is not believed. */
	     { EQUAL, 603 * S, LOOKS },
	     { EQUAL, 603 * S, WAITS(IDLE, 702 * S) });
}
END_TEST

/* Whatever is reported when nobody asked makes us look. */
START_TEST(test_misfits)
{
	static const enum reconcile_event reports[] = {
		EQUAL, DIFFERENT, VOID, COMMITTED, STALE, FAILED,
	};
	struct reconcile r;
	size_t i;

	for (i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
		started(&r, RECONCILE_REPAIR);
		ck_assert_int_eq(reconcile_next(&r, reports[i], 2 * S),
				 RECONCILE_LOOK);
		ck_assert_uint_eq(r.n_repairs, 0);
	}
	started(&r, RECONCILE_REPAIR);
	PLAY(&r, { TOUCHED, 2 * S, LOOKS }, { COMMITTED, 2 * S, LOOKS },
	     { STALE, 2 * S, LOOKS }, { DIFFERENT, 2 * S, COMMITS },
	     { EQUAL, 2 * S, LOOKS }, { DIFFERENT, 2 * S, COMMITS },
	     { DIFFERENT, 2 * S, LOOKS });
	ck_assert_uint_eq(r.n_repairs, 0);
}
END_TEST

START_TEST(test_clock_set_back)
{
	struct reconcile r;
	int i;

	started(&r, RECONCILE_REPAIR);
	PLAY(&r, { LOST, 90 * S, COMPARES },
	     { EQUAL, 90 * S, WAITS(IDLE, 190 * S) },
	     { TIMER, 1 * S, WAITS(IDLE, 101 * S) });
	for (i = 0; i < RECONCILE_AT_ONCE + 20; i++) {
		reconcile_next(&r, TOUCHED, 90 * S + i * S);
		reconcile_next(&r, DIFFERENT, 90 * S + i * S);
		reconcile_next(&r, COMMITTED, 90 * S + i * S);
		reconcile_next(&r, EQUAL, 90 * S + i * S);
	}
	ck_assert_uint_eq(r.n_repairs, RECONCILE_AT_ONCE + 20);
	PLAY(&r, { TOUCHED, 5 * S, WAITS(BACKED_OFF, 5 * S + 250 * MS) },
	     { TIMER, 1 * S, WAITS(BACKED_OFF, 2 * S) },
	     { TIMER, 2 * S, LOOKS },
	     { FAILED, 50 * S, WAITS(BACKED_OFF, 50 * S + 10 * MS) },
	     { TIMER, 0, WAITS(BACKED_OFF, 1 * S) }, { TIMER, 1 * S, COMPARES },
	     { EQUAL, 0, WAITS(IDLE, 100 * S) });
}
END_TEST

Suite *test_reconcile_suite(void)
{
	Suite *suite = suite_create("reconcile");
	TCase *tc = tcase_create("reconcile");

	tcase_add_test(tc, test_repair);
	tcase_add_test(tc, test_compare);
	tcase_add_test(tc, test_while_working);
	tcase_add_test(tc, test_alert);
	tcase_add_test(tc, test_overtaken);
	tcase_add_test(tc, test_overtaken_without_doubt);
	tcase_add_test(tc, test_failed);
	tcase_add_test(tc, test_fight);
	tcase_add_test(tc, test_fight_without_rest);
	tcase_add_test(tc, test_escalation);
	tcase_add_test(tc, test_escalation_when_proved);
	tcase_add_test(tc, test_stop);
	tcase_add_test(tc, test_misfits);
	tcase_add_test(tc, test_clock_set_back);
	suite_add_tcase(suite, tc);
	return suite;
}
