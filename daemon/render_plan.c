// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plan as text. Easy to get wrong: what it says is read in a hurry, before a
 * change is let loose; so what becomes possible comes first, each line stands
 * for itself, and that something is left out is always said.
 */
#include "render.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "escape.h"

static const char *plan_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static long long plan_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* A line that is put together; what does not fit is cut off */
struct line {
	char text[4096];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void line_add(struct line *line,
							   const char *fmt, ...)
{
	size_t left = sizeof(line->text) - line->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line->text + line->len, left, fmt, args);
	va_end(args);
	if (len > 0)
		line->len += (size_t)len < left ? (size_t)len : left - 1;
}

static void line_end(struct line *line, FILE *out)
{
	char safe[4 * sizeof(line->text)];

	escape_text(line->text, "", safe, sizeof(safe));
	fprintf(out, "%s\n", safe);
	line->len = 0;
	line->text[0] = '\0';
}

static void line_add_texts(struct line *line, const json_t *texts,
			   long long more, bool ja)
{
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text)
		line_add(line, "%s%s", i ? ", " : "",
			 json_is_string(text) ? json_string_value(text) : "?");
	if (more > 0)
		line_add(line,
			 render_say(ja, " and %lld more", " ほか %lld 件"),
			 more);
}

static void line_add_who(struct line *line, const json_t *who, bool ja)
{
	const json_t *except = json_object_get(who, "except");

	line_add_texts(line, json_object_get(who, "names"),
		       plan_number(who, "more"), ja);
	if (!json_array_size(except))
		return;
	line_add(line, "%s", render_say(ja, " (but for ", "("));
	line_add_texts(line, except, plan_number(who, "except_more"), ja);
	line_add(line, "%s", render_say(ja, ")", " を除く)"));
}

static const char *plan_permit(const char *permit, bool ja)
{
	if (!strcmp(permit, "ip"))
		return render_say(ja, "any MAC", "MAC不問");
	if (!strcmp(permit, "mac"))
		return render_say(ja, "bound MACs only", "限定したMACのみ");
	return permit;
}

static void line_add_time(struct line *line, const json_t *object,
			  const char *key)
{
	time_t when = plan_number(object, key);
	char text[64];
	struct tm tm;

	if (localtime_r(&when, &tm) &&
	    strftime(text, sizeof(text), "%F %T", &tm))
		line_add(line, "%s", text);
}

/* "Mon-Fri 22:00-05:00, from 2026-12-01, until 2027-03-31" */
static void line_add_term(struct line *line, const json_t *term, bool ja)
{
	const json_t *windows = json_object_get(term, "windows");
	const char *from = plan_text(term, "valid_from");
	const char *until = plan_text(term, "valid_until");
	const char *comma = "";

	if (json_array_size(windows)) {
		line_add_texts(line, windows, 0, ja);
		comma = ", ";
	}
	if (*from) {
		line_add(line, render_say(ja, "%sfrom %s", "%s%s から"), comma,
			 from);
		comma = ", ";
	}
	if (*until) {
		line_add(line, render_say(ja, "%suntil %s", "%s%s まで"), comma,
			 until);
		comma = ", ";
	}
	if (!json_is_integer(json_object_get(term, "expires")))
		return;
	line_add(line, "%s%s", comma, render_say(ja, "until ", ""));
	line_add_time(line, term, "expires");
	line_add(line, "%s", render_say(ja, "", " まで"));
}

/* What decides at which times; @permit: what does if terms play no part */
static void line_add_course(struct line *line, const json_t *course,
			    const char *permit, bool ja)
{
	const json_t *stage;
	size_t i;

	if (!json_array_size(course)) {
		line_add(line, "%s",
			 strcmp(permit, "none") ?
				 render_say(ja, "always", "常時") :
				 render_say(ja, "never", "なし"));
		return;
	}
	json_array_foreach(course, i, stage) {
		const json_t *term = json_object_get(stage, "term");

		line_add(line, "%s",
			 i ? render_say(ja, "; else ", "、ほかは ") : "");
		if (json_is_object(term))
			line_add_term(line, term, ja);
		else
			line_add(line, "%s", render_say(ja, "always", "常時"));
		if (json_array_size(course) > 1)
			line_add(line, " (%s)",
				 plan_permit(plan_text(stage, "permit"), ja));
	}
}

/* At which times, where it is not the same at all of them */
static void line_add_courses(struct line *line, const json_t *json, bool ja)
{
	const json_t *before = json_object_get(json, "course_before");
	const json_t *after = json_object_get(json, "course_after");
	const char *was = plan_text(json, "before");

	if (!json_array_size(before) && !json_array_size(after))
		return;
	line_add(line, " [");
	if (json_array_size(before) || strcmp(was, "none")) {
		line_add_course(line, before, was, ja);
		line_add(line, " -> ");
	}
	line_add_course(line, after, plan_text(json, "after"), ja);
	line_add(line, "]");
}

/* What is so now, and what was, if it is not the same */
static void line_add_permits(struct line *line, const json_t *json, bool later,
			     bool ja)
{
	const char *before = plan_text(json, "before");
	const char *after = plan_text(json, "after");

	if (later)
		line_add(line, " (%s)",
			 strcmp(after, "none") ?
				 plan_permit(after, ja) :
				 render_say(ja, "not now", "現在は不可"));
	else if (!strcmp(before, "none"))
		line_add(line, " (%s)", plan_permit(after, ja));
	else if (strcmp(after, "none") && !strcmp(before, after))
		line_add(line, " (%s)",
			 render_say(ja, "other MACs are bound",
				    "限定するMACが変わる"));
	else if (strcmp(after, "none"))
		line_add(line, " (%s -> %s)", plan_permit(before, ja),
			 plan_permit(after, ja));
}

static void plan_line(const json_t *json, const char *mark, bool later, bool ja,
		      FILE *out)
{
	const json_t *services = json_object_get(json, "services");
	struct line line = { .len = 0 };

	line_add(&line, "  %s ", mark);
	line_add_who(&line, json_object_get(json, "from"), ja);
	line_add(&line, " -> ");
	line_add_who(&line, json_object_get(json, "to"), ja);
	line_add(&line, ": ");
	line_add_texts(&line, services,
		       plan_number(json, "n_services") -
			       (long long)json_array_size(services),
		       ja);
	line_add_permits(&line, json, later, ja);
	line_add_courses(&line, json, ja);
	if (json_is_true(json_object_get(json, "in_part")))
		line_add(&line, "%s",
			 render_say(ja, ", in part", "、一部のみ"));
	line_end(&line, out);
}

static void plan_more(long long n_all, const json_t *array, bool ja, FILE *out)
{
	long long more = n_all - (long long)json_array_size(array);

	if (more > 0)
		fprintf(out,
			render_say(ja, "  ... and %lld more\n",
				   "  … ほか %lld 件\n"),
			more);
}

static void plan_lines(const json_t *plan, const char *key, const char *title,
		       bool ja, FILE *out)
{
	const json_t *array = json_object_get(plan, key), *line;
	const char *mark = !strcmp(key, "opened") ? "+" :
			   !strcmp(key, "closed") ? "-" :
						    "~";
	char count[32];
	size_t i;

	if (!json_array_size(array))
		return;
	fprintf(out, "%s\n", title);
	json_array_foreach(array, i, line)
		plan_line(line, mark, !strcmp(key, "later"), ja, out);
	snprintf(count, sizeof(count), "n_%s", key);
	plan_more(plan_number(plan, count), array, ja, out);
}

static void plan_field(const json_t *field, bool ja, FILE *out)
{
	const json_t *removed = json_object_get(field, "removed");
	const json_t *added = json_object_get(field, "added");
	struct line line = { .len = 0 };

	line_add(&line, "      %s:", plan_text(field, "field"));
	if (json_array_size(removed)) {
		line_add(&line, " - ");
		line_add_texts(&line, removed,
			       plan_number(field, "n_removed") -
				       (long long)json_array_size(removed),
			       ja);
	}
	if (json_array_size(added)) {
		line_add(&line, " + ");
		line_add_texts(&line, added,
			       plan_number(field, "n_added") -
				       (long long)json_array_size(added),
			       ja);
	}
	line_end(&line, out);
}

static const char *plan_kind(const char *kind, bool ja)
{
	static const char *const words[][2] = {
		{ "gateway", "装置" },	   { "zone", "ゾーン" },
		{ "host", "ホスト" },	   { "list", "リスト" },
		{ "conduit", "通信経路" },
	};
	size_t i;

	for (i = 0; ja && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i][0], kind))
			return words[i][1];
	return kind;
}

/* When a conduit is in force, and now; @title says before or after */
static void plan_term(const json_t *term, const char *title, bool ja, FILE *out)
{
	bool in_force = json_is_true(json_object_get(term, "in_force"));
	const json_t *next = json_object_get(term, "next_change");
	struct line line = { .len = 0 };

	line_add(&line, "      %s: ", title);
	line_add_term(&line, term, ja);
	line_add(&line, "; %s",
		 in_force ? render_say(ja, "now in force", "現在は有効") :
			    render_say(ja, "now not in force", "現在は無効"));
	if (json_is_integer(next)) {
		line_add(&line, "%s",
			 in_force ? render_say(ja, ", ends ", "、終了 ") :
				    render_say(ja, ", begins ", "、開始 "));
		line_add_time(&line, term, "next_change");
	}
	line_end(&line, out);
}

static void plan_terms(const json_t *change, bool ja, FILE *out)
{
	const json_t *before = json_object_get(change, "term_before");
	const json_t *after = json_object_get(change, "term_after");
	const char *was = render_say(ja, "was in force", "変更前の有効期間");
	const char *is = render_say(ja, "in force", "有効期間");

	if (!json_is_object(before) && !json_is_object(after))
		return;
	if (json_is_object(before) && !json_equal(before, after))
		plan_term(before, was, ja, out);
	if (json_is_object(after))
		plan_term(after, is, ja, out);
	else if (strcmp(plan_text(change, "what"), "removed"))
		render_line(out, "      %s: %s", is,
			    render_say(ja, "always", "常時"));
}

static void plan_change(const json_t *change, bool ja, FILE *out)
{
	const char *what = plan_text(change, "what");
	const json_t *field;
	struct line line = { .len = 0 };
	size_t i;

	line_add(&line, "  %s %s \"%s\"",
		 !strcmp(what, "added")	  ? "+" :
		 !strcmp(what, "removed") ? "-" :
					    "~",
		 plan_kind(plan_text(change, "kind"), ja),
		 plan_text(change, "name"));
	if (!strcmp(what, "renamed"))
		line_add(&line,
			 render_say(ja, " (was \"%s\")", "(旧名 \"%s\")"),
			 plan_text(change, "old_name"));
	line_end(&line, out);
	json_array_foreach(json_object_get(change, "fields"), i, field)
		plan_field(field, ja, out);
	plan_terms(change, ja, out);
}

static void plan_changes(const json_t *plan, bool ja, FILE *out)
{
	const json_t *array = json_object_get(plan, "changes"), *change;
	size_t i;

	if (!json_array_size(array)) {
		fprintf(out, "%s\n",
			render_say(ja, "Nothing is written otherwise.",
				   "記述の違いはない。"));
		return;
	}
	fprintf(out, "%s\n",
		render_say(ja, "Written otherwise:", "記述の変更:"));
	json_array_foreach(array, i, change)
		plan_change(change, ja, out);
	plan_more(plan_number(plan, "n_changes"), array, ja, out);
}

static void plan_reach(const json_t *plan, bool ja, FILE *out)
{
	bool complete = json_is_true(json_object_get(plan, "complete"));

	plan_lines(plan, "opened",
		   render_say(ja, "Newly permitted:", "新たに許可される通信:"),
		   ja, out);
	plan_lines(plan, "closed",
		   render_say(ja,
			      "No longer permitted:", "許可されなくなる通信:"),
		   ja, out);
	plan_lines(plan, "altered",
		   render_say(ja, "Permitted otherwise:",
			      "許可の条件が変わる通信:"),
		   ja, out);
	plan_lines(plan, "later",
		   render_say(ja, "Permitted at other times than before:",
			      "許可される時期が変わる通信:"),
		   ja, out);
	if (!complete)
		fprintf(out, "%s\n",
			render_say(ja,
				   "There is more, which was too much to look "
				   "at.",
				   "このほかにもあるが、多すぎるため調べて"
				   "いない。"));
	else if (!plan_number(plan, "n_opened") &&
		 !plan_number(plan, "n_closed") &&
		 !plan_number(plan, "n_altered") &&
		 !plan_number(plan, "n_later"))
		fprintf(out, "%s\n",
			render_say(ja, "The same connections are permitted.",
				   "許可される通信は変わらない。"));
}

static void plan_findings(const json_t *plan, bool ja, FILE *out)
{
	const json_t *found = json_object_get(plan, "findings_new");
	const json_t *gone = json_object_get(plan, "findings_gone");

	if (json_array_size(found)) {
		fprintf(out, "%s\n",
			render_say(ja, "New findings:", "新たな指摘:"));
		render_findings(found, out);
	}
	if (json_array_size(gone)) {
		fprintf(out, "%s\n",
			render_say(ja, "Findings that are gone:",
				   "解消される指摘:"));
		render_findings(gone, out);
	}
}

static void plan_kernel(const json_t *kernel, bool ja, FILE *out)
{
	const json_t *nft = json_object_get(kernel, "nft"), *command;
	struct line line = { .len = 0 };
	size_t i;

	fprintf(out,
		render_say(ja,
			   "In the kernel: %lld elements added, %lld deleted; "
			   "%lld rules added, %lld deleted; %lld sets, %lld "
			   "chains\n",
			   "カーネル: 要素 追加 %lld、削除 %lld、規則 追加 "
			   "%lld、削除 %lld、集合 %lld、チェーン %lld\n"),
		plan_number(kernel, "elements_added"),
		plan_number(kernel, "elements_deleted"),
		plan_number(kernel, "rules_added"),
		plan_number(kernel, "rules_deleted"),
		plan_number(kernel, "sets"), plan_number(kernel, "chains"));
	json_array_foreach(nft, i, command) {
		const char *text = json_string_value(command);

		line_add(&line, "  %s", text ? text : "?");
		line_end(&line, out);
	}
	if (json_array_size(nft))
		plan_more(plan_number(kernel, "n_nft"), nft, ja, out);
	if (json_is_true(json_object_get(kernel, "accepted")))
		line_add(&line, "%s",
			 render_say(ja, "The kernel would take it.",
				    "カーネルはこれを受け入れる。"));
	else
		line_add(&line,
			 render_say(ja, "THE KERNEL WOULD REFUSE IT: %s",
				    "カーネルが拒否する: %s"),
			 plan_text(kernel, "reason"));
	line_end(&line, out);
}

static void plan_sessions(const json_t *cut, bool ja, FILE *out)
{
	if (!cut)
		return; /* nobody was asked */
	if (json_is_integer(cut))
		fprintf(out,
			render_say(ja,
				   "Live connections that it would end: %lld\n",
				   "切断される通信中の接続: %lld\n"),
			(long long)json_integer_value(cut));
	else
		fprintf(out, "%s\n",
			render_say(ja,
				   "Live connections that it would end: too "
				   "many to be counted",
				   "切断される通信中の接続: 数えきれない"));
}

void render_plan(const json_t *parameters, bool ja, FILE *out)
{
	plan_reach(parameters, ja, out);
	plan_changes(parameters, ja, out);
	plan_findings(parameters, ja, out);
	if (json_is_true(json_object_get(parameters, "offline"))) {
		fprintf(out, "%s\n",
			render_say(ja,
				   "Offline: the kernel was not asked, and what "
				   "is connected is not known.",
				   "オフライン: カーネルには尋ねておらず、"
				   "通信中の接続は分からない。"));
		return;
	}
	plan_sessions(json_object_get(parameters, "sessions_cut"), ja, out);
	if (json_is_object(json_object_get(parameters, "kernel")))
		plan_kernel(json_object_get(parameters, "kernel"), ja, out);
}
