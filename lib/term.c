// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When permissions are in force. Easy to get wrong: the end of one window is
 * not the end of the permission if another one has begun before; and where
 * clocks are changed, a local time may be no instant, or two. Then the instant
 * is taken that permits less.
 */
#include "term.h"

#include "arena.h"

/*
 * All that happens in a week happens again in the next, but for a day on which
 * clocks are changed: so two weeks from any day on show what comes next.
 */
#define TERM_DAYS 15
#define TERM_WEEK (8 * DAY_SECONDS)

/* From @start on, and before @end */
struct span {
	int64_t start, end;
};

/* One that is empty if nothing is left of it */
static struct span span_within(struct span span, struct span bounds)
{
	if (span.start < bounds.start)
		span.start = bounds.start;
	if (span.end > bounds.end)
		span.end = bounds.end;
	return span;
}

/* From the first day to the last one, or to an instant before its end */
static struct span term_bounds(const struct conduit *conduit,
			       const struct calendar *calendar)
{
	struct span bounds = { INT64_MIN, INT64_MAX };

	if (conduit->valid_from)
		bounds.start = calendar->instant(
			date_days(conduit->valid_from) * DAY_SECONDS, true);
	if (conduit->valid_until)
		bounds.end = calendar->instant(
			(date_days(conduit->valid_until) + 1) * DAY_SECONDS,
			false);
	if (conduit->expires && conduit->expires < bounds.end)
		bounds.end = conduit->expires;
	return bounds;
}

/* The windows as they are on the days from @when on */
struct spans {
	struct span spans[TERM_DAYS * WINDOWS_MAX];
	size_t n;
};

static void term_spans(const struct conduit *conduit, int64_t when,
		       struct span bounds, const struct calendar *calendar,
		       struct spans *spans)
{
	/* one over midnight may have begun the day before */
	int64_t first = calendar_day(calendar, when) - 1, day;
	size_t i;

	spans->n = 0;
	for (day = first; day < first + TERM_DAYS; day++)
		for (i = 0; i < conduit->n_windows; i++) {
			const struct window *window = &conduit->windows[i];
			int64_t midnight = day * DAY_SECONDS;
			struct span span;

			if (!window_begins_on(window, day))
				continue;
			span.start = calendar->instant(midnight + window->from,
						       true);
			span.end = calendar->instant(midnight + window->until,
						     false);
			span = span_within(span, bounds);
			if (span.start < span.end)
				spans->spans[spans->n++] = span;
		}
}

/*
 * Where what is in force at @when ends, or @when if nothing is. Windows overlap
 * and are in no order, so it is searched again as long as it grows.
 */
static int64_t spans_end(const struct spans *spans, int64_t when)
{
	int64_t end = when, last;
	size_t i;

	do {
		last = end;
		for (i = 0; i < spans->n; i++)
			if (spans->spans[i].start <= end &&
			    spans->spans[i].end > end)
				end = spans->spans[i].end;
	} while (end != last);
	return end;
}

/* When the next one begins; INT64_MAX: none does */
static int64_t spans_start(const struct spans *spans, int64_t when)
{
	int64_t start = INT64_MAX;
	size_t i;

	for (i = 0; i < spans->n; i++)
		if (spans->spans[i].start >= when &&
		    spans->spans[i].start < start)
			start = spans->spans[i].start;
	return start;
}

bool term_is_limited(const struct conduit *conduit)
{
	return conduit->valid_from || conduit->valid_until ||
	       conduit->expires || conduit->n_windows;
}

/* An instant that may be never */
static int64_t term_instant(int64_t when)
{
	return when == INT64_MAX ? 0 : when;
}

/* In force until @end if that lies behind @from, which may be still to come */
static struct term term_between(int64_t when, int64_t from, int64_t end)
{
	if (when < from)
		return (struct term){ false, from };
	return (struct term){ true, term_instant(end) };
}

struct term term_of(const struct conduit *conduit, int64_t when,
		    const struct calendar *calendar)
{
	struct span bounds = term_bounds(conduit, calendar);
	int64_t from = when < bounds.start ? bounds.start : when, end;
	struct spans spans;

	if (from >= bounds.end)
		return (struct term){ false, 0 };
	if (!conduit->n_windows)
		return term_between(when, from, bounds.end);
	term_spans(conduit, from, bounds, calendar, &spans);
	end = spans_end(&spans, from);
	if (end == from)
		return (struct term){ false,
				      term_instant(spans_start(&spans, from)) };
	/* they go on and on */
	if (end - from >= TERM_WEEK)
		end = bounds.end;
	return term_between(when, from, end);
}

struct terms *terms_build(const struct policy *policy, int64_t when,
			  int64_t floor, const struct calendar *calendar,
			  struct arena *arena)
{
	struct terms *terms = arena_alloc(arena, sizeof(*terms));
	size_t i;

	terms->when = when;
	terms->today = calendar_day(calendar, when);
	terms->is_known = when >= floor;
	terms->of = arena_alloc(arena, policy->n_conduits * sizeof(*terms->of));
	for (i = 0; i < policy->n_conduits; i++) {
		const struct conduit *conduit = &policy->conduits[i];
		struct term *term = &terms->of[i];

		if (!term_is_limited(conduit))
			*term = (struct term){ true, 0 };
		else if (terms->is_known)
			*term = term_of(conduit, when, calendar);
		else
			*term = (struct term){ false, floor };
		if (term->change &&
		    (!terms->change || term->change < terms->change))
			terms->change = term->change;
	}
	return terms;
}

struct terms *terms_of_day(const struct policy *policy, const struct terms *now,
			   struct arena *arena)
{
	struct terms *terms = arena_alloc(arena, sizeof(*terms));
	size_t i;

	terms->when = now->when;
	terms->today = now->today;
	terms->is_known = true;
	terms->of = arena_alloc(arena, policy->n_conduits * sizeof(*terms->of));
	for (i = 0; i < policy->n_conduits; i++) {
		const struct conduit *conduit = &policy->conduits[i];
		bool begun = !conduit->valid_from ||
			     date_days(conduit->valid_from) <= now->today;
		bool ended = conduit->valid_until &&
			     date_days(conduit->valid_until) < now->today;

		terms->of[i].in_force = !now->is_known || (begun && !ended);
	}
	return terms;
}

bool terms_in_force(const struct terms *terms, const struct conduit *conduit)
{
	return terms->of[conduit->index].in_force;
}
