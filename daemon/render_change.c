// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What came of a change, and of the changes before it, as text. Easy to get
 * wrong: who reads it may be about to lose his connection; so what he has to do
 * to keep the change, and that he has to do nothing to be rid of it, stands at
 * the end, where it is seen, with the time on the clock.
 */
#include "render.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "table.h"

static void change_table(const json_t *change, bool ja, FILE *out)
{
	struct table *table = table_new(4);

	table_add(table, "");
	table_add(table, render_say(ja, "ADDED", "追加"));
	table_add(table, render_say(ja, "REMOVED", "削除"));
	table_add(table, render_say(ja, "CHANGED", "変更"));
	table_add(table, render_say(ja, "Conduits", "通信経路"));
	table_add_format(table, "%lld",
			 render_number(change, "conduits_added"));
	table_add_format(table, "%lld",
			 render_number(change, "conduits_removed"));
	table_add_format(table, "%lld",
			 render_number(change, "conduits_changed"));
	table_add(table, render_say(ja, "Elements", "要素"));
	table_add_format(table, "%lld",
			 render_number(change, "elements_added"));
	table_add_format(table, "%lld",
			 render_number(change, "elements_deleted"));
	table_add(table, "");
	table_print(table, out);
	table_free(table);
}

static void change_sessions(const json_t *change, bool ja, FILE *out)
{
	const json_t *ended = json_object_get(change, "sessions_ended");

	if (json_is_integer(ended))
		render_line(
			out,
			render_say(ja,
				   "Sessions ended that are no longer "
				   "permitted: %lld",
				   "許可されなくなり、終わらせた接続: %lld"),
			(long long)json_integer_value(ended));
	else
		render_line(
			out, "%s",
			render_say(ja,
				   "Sessions that are no longer permitted "
				   "are being ended; if there are any, the "
				   "log will tell how many (SEKI-SESSIONS).",
				   "許可されなくなった接続を終わらせている。"
				   "あれば、数はログに出る(SEKI-SESSIONS)。"));
}

/* "14:05:09", with the date if that is not today */
static void change_clock(long long when, char *text, size_t size)
{
	time_t then = when, now = time(NULL);
	struct tm tm, today;

	if (!localtime_r(&then, &tm) || !localtime_r(&now, &today) ||
	    !strftime(text, size,
		      tm.tm_yday == today.tm_yday &&
				      tm.tm_year == today.tm_year ?
			      "%T" :
			      "%F %T",
		      &tm))
		snprintf(text, size, "?");
}

static void change_awaited(const json_t *change, bool ja, FILE *out)
{
	const json_t *until = json_object_get(change, "confirm_until");
	char clock[64];

	if (!json_is_integer(until))
		return;
	change_clock(json_integer_value(until), clock, sizeof(clock));
	render_line(out, "%s", "");
	render_line(out,
		    render_say(ja,
			       "NOT CONFIRMED YET. To keep it, type before %s "
			       "(within %lld s):",
			       "まだ確定していない。確定するには、%s までに"
			       "(残り%lld秒):"),
		    clock, render_number(change, "confirm_seconds"));
	render_line(out, "%s", "    sekimorictl confirm");
	render_line(out,
		    render_say(ja,
			       "If you have lost the connection, do nothing: "
			       "the configuration that was confirmed before "
			       "comes back by itself at %s.",
			       "接続が切れたときは、何もしなくてよい。%s に、"
			       "前に確定した設定に自動で戻る。"),
		    clock);
}

static void change_number(const json_t *change, bool ja, FILE *out)
{
	long long number = render_number(change, "number");

	if (number)
		render_line(out,
			    render_say(ja, "Generation: %lld", "世代: %lld"),
			    number);
	else
		render_line(out, "%s",
			    render_say(ja,
				       "It could not be kept as a generation; "
				       "see the log.",
				       "世代として保存できなかった。ログを"
				       "参照。"));
}

void render_change(const json_t *parameters, bool ja, FILE *out)
{
	bool edited = json_is_true(json_object_get(parameters, "edited"));

	render_findings(json_object_get(parameters, "findings"), stderr);
	if (edited) {
		render_line(out, "%s",
			    render_say(ja,
				       "The configuration was read, is in "
				       "force and was verified.",
				       "設定を読み、適用し、照合した。"));
		change_table(parameters, ja, out);
		change_number(parameters, ja, out);
		change_sessions(parameters, ja, out);
	} else {
		render_line(
			out, "%s",
			render_say(ja,
				   "No change: the configuration was read; "
				   "the kernel holds it already and was not "
				   "touched.",
				   "変更なし。設定を読んだが、カーネルは既に"
				   "同じ内容で、変更していない。"));
		change_number(parameters, ja, out);
	}
	change_awaited(parameters, ja, out);
}

void render_confirm(const json_t *parameters, bool ja, FILE *out)
{
	render_line(out,
		    render_say(ja, "Confirmed: generation %lld stays in force.",
			       "確定した。世代 %lld は有効であり続ける。"),
		    render_number(parameters, "number"));
}

/* "root" is not asked for: the numbers are what was written down */
static void change_add_who(struct table *table, const json_t *from)
{
	const char *process = render_text(from, "process");
	const json_t *uid = json_object_get(from, "uid");
	long long pid = render_number(from, "pid");
	char number[32] = "";

	if (json_is_integer(uid))
		snprintf(number, sizeof(number), ", uid %lld",
			 (long long)json_integer_value(uid));
	if (pid)
		table_add_format(table, "%s%spid %lld%s", process,
				 *process ? ", " : "", pid, number);
	else
		table_add(table, *process ? process : render_text(from, "by"));
}

static const char *history_state(const json_t *history,
				 const json_t *generation, bool ja)
{
	long long number = render_number(generation, "number");
	bool awaited = render_number(history, "running") !=
		       render_number(history, "confirmed");

	if (json_is_true(json_object_get(generation, "damaged")))
		return render_say(ja, "DAMAGED", "破損");
	if (number == render_number(history, "running"))
		return awaited ? render_say(ja, "not confirmed", "未確定") :
				 render_say(ja, "in force", "有効");
	if (awaited && number == render_number(history, "confirmed"))
		return render_say(ja, "confirmed", "確定");
	return "";
}

static void history_row(struct table *table, const json_t *history,
			const json_t *generation, bool ja)
{
	table_add_format(table, "%lld", render_number(generation, "number"));
	table_add(table, history_state(history, generation, ja));
	render_add_time(table, generation, "time", "");
	change_add_who(table, generation);
	table_add_format(table, "%.12s", render_text(generation, "digest"));
	table_add(table, render_text(generation, "outcome"));
	table_add(table, render_text(generation, "why"));
}

void render_history(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *generations = json_object_get(parameters, "generations");
	const json_t *left = json_object_get(parameters, "seconds_left");
	const json_t *generation;
	struct table *table;
	size_t i;

	if (!json_array_size(generations)) {
		render_line(out, "%s",
			    render_say(ja, "No generation is kept.",
				       "保存された世代はない。"));
		return;
	}
	table = table_new(7);
	table_add(table, render_say(ja, "NO", "世代"));
	table_add(table, render_say(ja, "STATE", "状態"));
	table_add(table, render_say(ja, "TIME", "時刻"));
	table_add(table, render_say(ja, "WHO", "実行者"));
	table_add(table, render_say(ja, "DIGEST", "ダイジェスト"));
	table_add(table, render_say(ja, "OUTCOME", "結果"));
	table_add(table, render_say(ja, "WHY", "理由"));
	table_align_right(table, 0);
	json_array_foreach(generations, i, generation) {
		history_row(table, parameters, generation, ja);
	}
	table_print(table, out);
	table_free(table);
	if (json_integer_value(left) > 0)
		render_line(out,
			    render_say(ja,
				       "Generation %lld is undone in %lld s, "
				       "unless you type: sekimorictl confirm",
				       "世代 %lld は、あと%lld秒で元に戻る。"
				       "確定するには: sekimorictl confirm"),
			    render_number(parameters, "running"),
			    (long long)json_integer_value(left));
}

/* The bytes as they were, but for a newline that the last line lacks */
void render_files(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *files = json_object_get(parameters, "files"), *file;
	size_t i;

	json_array_foreach(files, i, file) {
		const json_t *text = json_object_get(file, "text");
		size_t len = json_string_length(text);

		render_line(out, "==> %s <==", render_text(file, "name"));
		if (json_is_null(text))
			render_line(out, "(%lld %s, SHA-256 %s: %s)",
				    render_number(file, "len"),
				    render_say(ja, "bytes", "バイト"),
				    render_text(file, "sha256"),
				    render_say(ja,
					       "what it holds is shown to root "
					       "only",
					       "内容はrootにだけ示す"));
		if (!len)
			continue;
		fwrite(json_string_value(text), 1, len, out);
		if (json_string_value(text)[len - 1] != '\n')
			fputc('\n', out);
	}
}

static void journal_add_time(struct table *table, const json_t *line)
{
	const char *time = render_text(line, "time"), *end;
	struct tm tm = { 0 };
	json_t *number;

	end = strptime(time, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end) {
		table_add(table, time);
		return;
	}
	number = json_pack("{sI}", "time", (json_int_t)timegm(&tm));
	render_add_time(table, number, "time", time);
	json_decref(number);
}

/* Is it shown in a cell of its own, or of no use to a reader? */
static bool journal_is_frame(const char *key)
{
	static const char *const keys[] = { "n",    "time", "event",
					    "prev", "pid",  "process",
					    "uid",  "by",   "text" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

/* What else the line has, as KEY=VALUE */
static void journal_rest(const json_t *line, char *text, size_t size)
{
	size_t used = 0;
	const json_t *value;
	const char *key;
	char *shown;
	int len;

	text[0] = '\0';
	json_object_foreach((json_t *)line, key, value) {
		if (journal_is_frame(key) || used >= size)
			continue;
		shown = json_is_string(value) ?
				NULL :
				json_dumps(value,
					   JSON_COMPACT | JSON_ENCODE_ANY);
		len = snprintf(text + used, size - used, "%s%s=%s",
			       used ? " " : "", key,
			       shown ? shown : json_string_value(value));
		used += len > 0 ? (size_t)len : 0;
		free(shown);
	}
}

static void journal_row(struct table *table, const json_t *line, bool ja)
{
	const json_t *fields = json_object_get(line, "fields");
	const json_t *from = json_is_object(fields) ? fields : line;
	const char *fault = render_text(line, "fault");
	const char *said = render_text(line, "text");
	const char *why = render_text(from, "why");
	char rest[2048];

	if (*fault) {
		table_add(table, "");
		table_add(table, render_say(ja, "FAULT", "異常"));
		table_add_format(table, "%s:%lld", render_text(line, "file"),
				 render_number(line, "line"));
		table_add(table, fault);
		return;
	}
	journal_add_time(table, line);
	table_add(table, render_text(line, "event"));
	change_add_who(table, from);
	if (!*said)
		journal_rest(from, rest, sizeof(rest));
	if (*said && *why)
		table_add_format(table, "%s (\"%s\")", said, why);
	else
		table_add(table, *said ? said : rest);
}

void render_journal(const json_t *lines, bool ja, FILE *out)
{
	struct table *table;
	const json_t *line;
	size_t i;

	if (!json_array_size(lines)) {
		render_line(out, "%s",
			    render_say(ja, "The journal is empty.",
				       "記録はない。"));
		return;
	}
	table = table_new(4);
	table_add(table, render_say(ja, "TIME", "時刻"));
	table_add(table, render_say(ja, "EVENT", "出来事"));
	table_add(table, render_say(ja, "WHO", "実行者"));
	table_add(table, render_say(ja, "WHAT", "内容"));
	json_array_foreach(lines, i, line) {
		journal_row(table, line, ja);
	}
	table_print(table, out);
	table_free(table);
}
