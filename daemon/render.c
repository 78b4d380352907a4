// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replies as text. Easy to get wrong: the daemon may be of another version
 * than this command, so nothing is taken for granted about a reply: a member
 * that is not there, or of another type, reads as empty or zero.
 */
#include "render.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "escape.h"
#include "table.h"

#define RENDER_MATRIX_ZONES 12 /* wider ones are printed as a list */
#define RENDER_NAMES_MAX 3 /* of one end of a conduit */

struct render_word {
	const char *name; /* as in the reply */
	const char *english, *japanese;
	const char *mark, *mark_ja; /* in the cells of the matrix */
};

static const struct render_word render_kinds[] = {
	{ "plain", "plain", "通常", "P", "通" },
	{ "screen", "screen", "画面転送", "S", "画" },
	{ "mail-text", "mail-text", "メールテキスト化", "T", "文" },
	{ "mail-out", "mail-out", "メール送信", "O", "送" },
	{ "file-cdr", "file-cdr", "ファイル無害化", "F", "無" },
	{ "special", "special", "特定通信", "X", "特" },
	{ "trusted-external", "trusted-external", "安全な外部接続先", "E",
	  "外" },
	{ "specified-cloud", "specified-cloud", "特定クラウド", "C", "雲" },
};

static const struct render_word render_layers[] = {
	{ "gateway", "gateway", "自装置", NULL, NULL },
	{ "individual-number", "individual-number", "個人番号利用事務系", NULL,
	  NULL },
	{ "lgwan", "lgwan", "LGWAN接続系", NULL, NULL },
	{ "internet", "internet", "インターネット接続系", NULL, NULL },
	{ "other", "other", "その他", NULL, NULL },
};

static const struct render_word render_states[] = {
	{ "in_force", "in force", "有効", NULL, NULL },
	{ "drifted", "drifted", "逸脱", NULL, NULL },
	{ "unsure", "unsure", "不明", NULL, NULL },
	{ "withdrawn", "withdrawn", "解除", NULL, NULL },
	{ "up", "up", "稼働", NULL, NULL },
	{ "down", "down", "停止", NULL, NULL },
	{ "absent", "absent", "なし", NULL, NULL },
	{ "repair", "repair", "修復", NULL, NULL },
	{ "alert", "alert only", "警告のみ", NULL, NULL },
	{ "owned", "owned", "所有", NULL, NULL },
	{ "off", "off", "所有しない(設定)", NULL, NULL },
	{ "unsupported", "not supported by the kernel", "カーネルが未対応",
	  NULL, NULL },
};

/* Also the order in which concerns are shown */
static const struct render_word render_gravities[] = {
	{ "critical", "critical", "重大", NULL, NULL },
	{ "warning", "warning", "警告", NULL, NULL },
	{ "notice", "notice", "参考", NULL, NULL },
};

#define RENDER_WORD(table, name, ja) \
	render_word(table, sizeof(table) / sizeof((table)[0]), name, ja)

bool render_is_japanese(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = getenv(names[i]);
		if (value && *value)
			return !strncmp(value, "ja", 2);
	}
	return false;
}

const char *render_say(bool ja, const char *english, const char *japanese)
{
	return ja ? japanese : english;
}

static const char *render_word(const struct render_word *words, size_t n,
			       const char *name, bool ja)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i].name, name))
			return render_say(ja, words[i].english,
					  words[i].japanese);
	return name;
}

const char *render_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

long long render_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void render_add_time(struct table *table, const json_t *object, const char *key,
		     const char *none)
{
	time_t when = render_number(object, key);
	char text[64];
	struct tm tm;

	if (!when || !localtime_r(&when, &tm) ||
	    !strftime(text, sizeof(text), "%F %T", &tm))
		table_add(table, none);
	else
		table_add(table, text);
}

static void render_row(struct table *table, const char *name, const char *text)
{
	table_add(table, name);
	table_add(table, text);
}

static void render_row_number(struct table *table, const char *name,
			      const json_t *object, const char *key)
{
	table_add(table, name);
	table_add_format(table, "%lld", render_number(object, key));
}

/* What a state means for whoever reads it */
static const char *render_meaning(const char *state, const char *mode, bool ja)
{
	if (!strcmp(state, "in_force"))
		return render_say(ja, "the kernel holds just this policy",
				  "カーネルはこの方針だけを保持している");
	if (!strcmp(state, "drifted") && !strcmp(mode, "repair"))
		return render_say(ja,
				  "the kernel's table was changed by others "
				  "and is being put right; see drift",
				  "カーネルの表が他者に変更され、修復中。"
				  "drift を参照");
	if (!strcmp(state, "drifted"))
		return render_say(
			ja,
			"the kernel's table was changed by others; "
			"reload puts it back",
			"カーネルの表が他者に変更された。reload で戻る");
	if (!strcmp(state, "withdrawn"))
		return render_say(ja,
				  "the table was removed: nothing is "
				  "enforced",
				  "表は撤去された。何も制御していない");
	return render_say(ja, "the last change failed; see the log",
			  "直前の変更に失敗した。ログを参照");
}

/* How the table is guarded, and how often that was needed */
static void render_guard(struct table *table, const json_t *from, bool ja)
{
	const json_t *open = json_object_get(from, "open");
	long long n_open = json_is_array(open) ?
				   (long long)json_array_size(open) :
				   json_integer_value(open);

	render_row(table, render_say(ja, "Mode", "動作"),
		   RENDER_WORD(render_states, render_text(from, "mode"), ja));
	render_row(table, render_say(ja, "Ownership", "所有"),
		   RENDER_WORD(render_states, render_text(from, "ownership"),
			       ja));
	table_add(table, render_say(ja, "Incidents", "変更事案"));
	table_add_format(table,
			 render_say(ja, "%lld (%lld repaired, %lld open)",
				    "%lld(修復済み %lld、未解決 %lld)"),
			 render_number(from, "incidents"),
			 render_number(from, "repaired"), n_open);
}

/* Which generation of the configuration, and whether it will last */
static void render_config(struct table *table, const json_t *status, bool ja)
{
	const json_t *left = json_object_get(status, "confirm_seconds_left");

	table_add(table, render_say(ja, "Generation", "世代"));
	if (json_is_integer(left))
		table_add_format(
			table,
			render_say(ja,
				   "%lld, NOT CONFIRMED: it is undone in %lld "
				   "s unless you type: sekimorictl confirm",
				   "%lld、未確定: あと%lld秒で元に戻る。確定"
				   "するには: sekimorictl confirm"),
			render_number(status, "config_number"),
			(long long)json_integer_value(left));
	else if (render_number(status, "config_number"))
		table_add_format(table, "%lld",
				 render_number(status, "config_number"));
	else
		table_add(table, render_say(ja, "not kept; see the log",
					    "保存されていない。ログを参照"));
}

void render_status(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *status = json_object_get(parameters, "status");
	const char *never = render_say(ja, "never", "なし");
	const char *state = render_text(status, "state");
	struct table *table = table_new(2);

	table_add(table, render_say(ja, "State", "状態"));
	table_add_format(table, "%s: %s", RENDER_WORD(render_states, state, ja),
			 render_meaning(state, render_text(status, "mode"),
					ja));
	render_row(table, render_say(ja, "Gateway", "装置"),
		   render_text(status, "gateway"));
	render_row(table, render_say(ja, "Model", "モデル"),
		   render_text(status, "model"));
	render_row(table, render_say(ja, "Guideline", "ガイドライン"),
		   render_text(status, "guideline"));
	render_row(table, render_say(ja, "File", "設定ファイル"),
		   render_text(status, "file"));
	render_row(table, render_say(ja, "Digest", "ダイジェスト"),
		   render_text(status, "digest"));
	render_config(table, status, ja);
	render_row_number(table, render_say(ja, "Table edits", "表の変更回数"),
			  status, "generation");
	render_row_number(table, render_say(ja, "Zones", "ゾーン"), status,
			  "zones");
	table_add(table, render_say(ja, "Conduits", "通信経路"));
	table_add_format(table,
			 render_say(ja, "%lld (%lld in force)",
				    "%lld(有効 %lld)"),
			 render_number(status, "conduits"),
			 render_number(status, "conduits_in_force"));
	table_add(table, render_say(ja, "Next change", "次の変化"));
	render_add_time(table, status, "next_change", never);
	if (!strcmp(render_text(status, "clock"), "behind"))
		render_row(table, render_say(ja, "Clock", "時計"),
			   render_say(ja,
				      "behind: no conduit that has a term is "
				      "in force",
				      "遅れている: 期間や時間帯のある通信経路は"
				      "無効"));
	render_row_number(table, render_say(ja, "Flows", "通信"), status,
			  "flows");
	render_row_number(table, render_say(ja, "Elements", "要素"), status,
			  "elements");
	render_row_number(table, render_say(ja, "Warnings", "警告"), status,
			  "warnings");
	table_add(table, render_say(ja, "Started", "起動"));
	render_add_time(table, status, "started", never);
	table_add(table, render_say(ja, "Changed", "変更"));
	render_add_time(table, status, "changed", never);
	table_add(table, render_say(ja, "Verified", "照合"));
	render_add_time(table, status, "verified", never);
	table_add(table, render_say(ja, "Compared", "全体比較"));
	render_add_time(table, status, "compared", never);
	render_guard(table, status, ja);
	table_add(table, render_say(ja, "Concerns", "懸念"));
	table_add_format(table,
			 render_say(ja, "%lld critical, %lld warnings",
				    "重大 %lld、警告 %lld"),
			 render_number(status, "concerns_critical"),
			 render_number(status, "concerns_warning"));
	render_row(table, render_say(ja, "Version", "版"),
		   render_text(status, "version"));
	table_print(table, out);
	table_free(table);
}

/* Texts of an array, joined; more than @max become a number */
static void render_join(const json_t *array, const char *key, size_t max,
			char *buf, size_t size)
{
	size_t n = json_array_size(array), used = 0, i;
	int len = 0;

	buf[0] = '\0';
	for (i = 0; i < n && i < max && used < size; i++) {
		const json_t *entry = json_array_get(array, i);
		const char *text = key ? render_text(entry, key) :
					 json_string_value(entry);

		len = snprintf(buf + used, size - used, "%s%s", i ? ", " : "",
			       text ? text : "");
		used += len > 0 ? (size_t)len : 0;
	}
	if (n > max && used < size)
		snprintf(buf + used, size - used, ", +%zu", n - max);
}

static void render_interfaces(struct table *table, const json_t *zone, bool ja)
{
	const json_t *interfaces = json_object_get(zone, "interfaces");
	const json_t *entry;
	char text[1024];
	size_t used = 0, i;
	int len;

	text[0] = '\0';
	json_array_foreach(interfaces, i, entry) {
		const char *state = render_text(entry, "state");

		if (used >= sizeof(text))
			break;
		len = snprintf(text + used, sizeof(text) - used, "%s%s %s",
			       i ? ", " : "", render_text(entry, "name"),
			       RENDER_WORD(render_states, state, ja));
		used += len > 0 ? (size_t)len : 0;
	}
	table_add(table, text);
}

void render_zones(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *zones = json_object_get(parameters, "zones"), *zone;
	struct table *table = table_new(8);
	char text[1024];
	size_t i;

	table_add(table, render_say(ja, "ZONE", "ゾーン"));
	table_add(table, render_say(ja, "LAYER", "層"));
	table_add(table, render_say(ja, "HOSTS", "ホスト"));
	table_add(table, render_say(ja, "OUT", "発"));
	table_add(table, render_say(ja, "IN", "着"));
	table_add(table, render_say(ja, "INTERFACES", "インタフェース"));
	table_add(table, render_say(ja, "NETWORKS", "ネットワーク"));
	table_add(table, render_say(ja, "LABEL", "名称"));
	for (i = 2; i < 5; i++)
		table_align_right(table, i);
	json_array_foreach(zones, i, zone) {
		const char *layer = render_text(zone, "layer");
		bool external = json_is_true(json_object_get(zone, "external"));

		table_add(table, render_text(zone, "name"));
		table_add_format(
			table, "%s%s", RENDER_WORD(render_layers, layer, ja),
			external ? render_say(ja, " (external)", "(外部)") :
				   "");
		table_add_format(table, "%lld", render_number(zone, "hosts"));
		table_add_format(table, "%lld",
				 render_number(zone, "conduits_from"));
		table_add_format(table, "%lld",
				 render_number(zone, "conduits_to"));
		render_interfaces(table, zone, ja);
		render_join(json_object_get(zone, "networks"), NULL, 8, text,
			    sizeof(text));
		table_add(table, text);
		table_add(table, render_text(zone, "label"));
	}
	table_print(table, out);
	table_free(table);
}

static const struct render_word *render_kind(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(render_kinds) / sizeof(render_kinds[0]); i++)
		if (!strcmp(render_kinds[i].name, name))
			return &render_kinds[i];
	return NULL;
}

/* How many conduits of what kind: "2P 1S", or in words */
static void render_add_kinds(struct table *table, const json_t *pair, bool ja,
			     bool words)
{
	const json_t *kinds = json_object_get(pair, "kinds"), *n;
	char text[256];
	size_t used = 0;
	const char *name;
	int len;

	text[0] = '\0';
	json_object_foreach((json_t *)kinds, name, n) {
		const struct render_word *kind = render_kind(name);
		const char *shown = name;

		if (used >= sizeof(text))
			break;
		if (kind && !words)
			shown = render_say(ja, kind->mark, kind->mark_ja);
		else if (kind && ja)
			shown = kind->japanese;
		len = snprintf(text + used, sizeof(text) - used, "%s%lld%s%s",
			       used ? " " : "",
			       (long long)json_integer_value(n),
			       words ? " " : "", shown);
		used += len > 0 ? (size_t)len : 0;
	}
	table_add(table, text);
}

static const json_t *render_find_pair(const json_t *pairs, const char *from,
				      const char *to)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(pairs, i, pair) {
		if (!strcmp(render_text(pair, "from"), from) &&
		    !strcmp(render_text(pair, "to"), to))
			return pair;
	}
	return NULL;
}

/* Does any pair have a conduit of this kind? */
static bool render_has_kind(const json_t *pairs, const char *kind)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(pairs, i, pair) {
		if (json_object_get(json_object_get(pair, "kinds"), kind))
			return true;
	}
	return false;
}

/* What the marks in the cells mean */
static void render_legend(const json_t *pairs, bool ja, FILE *out)
{
	size_t n = sizeof(render_kinds) / sizeof(render_kinds[0]), i;

	fputs(render_say(ja, "\nfrom row to column; conduits in force:",
			 "\n行から列へ。有効な通信経路:"),
	      out);
	for (i = 0; i < n; i++) {
		const struct render_word *kind = &render_kinds[i];

		if (render_has_kind(pairs, kind->name))
			fprintf(out, " %s=%s",
				render_say(ja, kind->mark, kind->mark_ja),
				render_say(ja, kind->english, kind->japanese));
	}
	fputs("\n", out);
}

static void render_square(const json_t *zones, const json_t *pairs, bool ja,
			  FILE *out)
{
	size_t n = json_array_size(zones), i, k;
	struct table *table = table_new(n + 1);

	table_add(table, render_say(ja, "FROM \\ TO", "発 \\ 着"));
	for (i = 0; i < n; i++)
		table_add(table, json_string_value(json_array_get(zones, i)));
	for (i = 0; i < n; i++) {
		const char *from = json_string_value(json_array_get(zones, i));

		table_add(table, from);
		for (k = 0; k < n; k++) {
			const json_t *pair = render_find_pair(
				pairs, from,
				json_string_value(json_array_get(zones, k)));

			if (pair)
				render_add_kinds(table, pair, ja, false);
			else
				table_add(table, ".");
		}
	}
	table_print(table, out);
	table_free(table);
	render_legend(pairs, ja, out);
}

static void render_pairs(const json_t *pairs, bool ja, FILE *out)
{
	struct table *table = table_new(4);
	const json_t *pair;
	size_t i;

	table_add(table, render_say(ja, "FROM", "発"));
	table_add(table, render_say(ja, "TO", "着"));
	table_add(table, render_say(ja, "CONDUITS", "通信経路"));
	table_add(table, render_say(ja, "KINDS", "種別"));
	table_align_right(table, 2);
	json_array_foreach(pairs, i, pair) {
		table_add(table, render_text(pair, "from"));
		table_add(table, render_text(pair, "to"));
		table_add_format(table, "%lld",
				 render_number(pair, "conduits"));
		render_add_kinds(table, pair, ja, true);
	}
	table_print(table, out);
	table_free(table);
}

void render_matrix(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *zones = json_object_get(parameters, "zones"), *zone;
	const json_t *pairs = json_object_get(parameters, "pairs");
	size_t i;

	json_array_foreach(zones, i, zone) {
		if (!json_is_string(zone))
			return;
	}
	if (json_array_size(zones) > RENDER_MATRIX_ZONES)
		render_pairs(pairs, ja, out);
	else
		render_square(zones, pairs, ja, out);
}

static void render_add_names(struct table *table, const json_t *conduit,
			     const char *key, const char *member)
{
	char text[1024];

	render_join(json_object_get(conduit, key), member, RENDER_NAMES_MAX,
		    text, sizeof(text));
	table_add(table, text);
}

static void render_add_term(struct table *table, const json_t *conduit, bool ja)
{
	bool in_force = json_is_true(json_object_get(conduit, "in_force"));
	const char *from = render_text(conduit, "valid_from");
	const char *until = render_text(conduit, "valid_until");
	char text[1024];

	table_add(table, in_force ? render_say(ja, "yes", "有効") :
				    render_say(ja, "no", "無効"));
	render_add_time(table, conduit, "next_change",
			render_say(ja, "never", "なし"));
	if (render_number(conduit, "expires"))
		render_add_time(table, conduit, "expires", "");
	else if (*from || *until)
		table_add_format(table, "%s - %s", from, until);
	else
		table_add(table, render_say(ja, "always", "無期限"));
	render_join(json_object_get(conduit, "windows"), NULL, RENDER_NAMES_MAX,
		    text, sizeof(text));
	table_add(table, *text ? text : render_say(ja, "any time", "常時"));
}

static void render_add_conduit(struct table *table, const json_t *conduit,
			       bool ja)
{
	const json_t *marks = json_object_get(conduit, "marks");
	long long n_flows = render_number(conduit, "flows");
	const char *mark = json_string_value(json_array_get(marks, 0));

	table_add(table, render_text(conduit, "name"));
	table_add(table,
		  RENDER_WORD(render_kinds, render_text(conduit, "kind"), ja));
	render_add_names(table, conduit, "from", "name");
	render_add_names(table, conduit, "to", "name");
	render_add_names(table, conduit, "services", NULL);
	table_add(table, render_text(conduit, "bind"));
	if (n_flows > 1)
		table_add_format(table, "%s +%lld", mark ? mark : "",
				 n_flows - 1);
	else
		table_add(table, mark ? mark : "");
	table_add_format(table, "%lld", render_number(conduit, "packets"));
	table_add_format(table, "%lld", render_number(conduit, "bytes"));
	render_add_time(table, conduit, "last_hit",
			render_number(conduit, "packets") ?
				render_say(ja, "unknown", "不明") :
				render_say(ja, "never", "なし"));
	render_add_term(table, conduit, ja);
}

void render_conduits(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *conduits = json_object_get(parameters, "conduits");
	struct table *table = table_new(14);
	const json_t *conduit;
	size_t i;

	table_add(table, render_say(ja, "CONDUIT", "通信経路"));
	table_add(table, render_say(ja, "KIND", "種別"));
	table_add(table, render_say(ja, "FROM", "発"));
	table_add(table, render_say(ja, "TO", "着"));
	table_add(table, render_say(ja, "SERVICES", "サービス"));
	table_add(table, render_say(ja, "BIND", "限定"));
	table_add(table, render_say(ja, "MARK", "マーク"));
	table_add(table, render_say(ja, "PACKETS", "パケット"));
	table_add(table, render_say(ja, "BYTES", "バイト"));
	table_add(table, render_say(ja, "LAST HIT", "最終使用"));
	table_add(table, render_say(ja, "IN FORCE", "現在"));
	table_add(table, render_say(ja, "NEXT CHANGE", "次の変化"));
	table_add(table, render_say(ja, "DAYS", "期間"));
	table_add(table, render_say(ja, "TIMES", "時間帯"));
	table_align_right(table, 7);
	table_align_right(table, 8);
	json_array_foreach(conduits, i, conduit) {
		render_add_conduit(table, conduit, ja);
	}
	table_print(table, out);
	table_free(table);
	render_temporary(conduits, ja, out);
}

void render_findings(const json_t *findings, FILE *out)
{
	char line[4096], safe[4 * sizeof(line)];
	const json_t *finding;
	size_t i;
	int len;

	json_array_foreach(findings, i, finding) {
		const char *also = render_text(finding, "also_file");

		len = snprintf(line, sizeof(line), "%s:%lld: %s: %s %s",
			       render_text(finding, "file"),
			       render_number(finding, "line"),
			       render_text(finding, "severity"),
			       render_text(finding, "id"),
			       render_text(finding, "text"));
		if (*also && len > 0 && (size_t)len < sizeof(line))
			snprintf(line + len, sizeof(line) - (size_t)len,
				 " (see %s:%lld)", also,
				 render_number(finding, "also_line"));
		escape_text(line, "", safe, sizeof(safe));
		fprintf(out, "%s\n", safe);
	}
}

void render_line(FILE *out, const char *fmt, ...)
{
	char line[4096], safe[4 * sizeof(line)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	escape_text(line, "", safe, sizeof(safe));
	fprintf(out, "%s\n", safe);
}

/* Local time with milliseconds */
static void render_moment(const json_t *object, const char *key, bool with_date,
			  char *text, size_t size)
{
	long long usec = render_number(object, key);
	time_t when = usec / 1000000;
	size_t len = 0;
	struct tm tm;

	if (usec > 0 && localtime_r(&when, &tm))
		len = with_date ? strftime(text, size, "%F %T", &tm) :
				  strftime(text, size, "%T", &tm);
	if (len)
		snprintf(text + len, size - len, ".%03lld", usec / 1000 % 1000);
	else
		snprintf(text, size, "?");
}

/* "repaired after 0.8 ms" */
static void render_outcome(const json_t *incident, bool ja, char *text,
			   size_t size)
{
	const char *outcome = render_text(incident, "outcome");
	double msec = (double)render_number(incident, "latency_usec") / 1000;

	if (!strcmp(outcome, "repaired"))
		snprintf(text, size,
			 render_say(ja, "repaired after %.1f ms",
				    "%.1fミリ秒後に修復"),
			 msec);
	else if (!strcmp(outcome, "reverted"))
		snprintf(text, size,
			 render_say(ja, "put back by others within %.1f ms",
				    "%.1fミリ秒以内に他者が元に戻した"),
			 msec);
	else if (!strcmp(outcome, "unchanged"))
		snprintf(text, size, "%s",
			 render_say(ja, "touched, but nothing was different",
				    "操作されたが、違いはなかった"));
	else if (!strcmp(outcome, "open"))
		snprintf(text, size, "%s",
			 render_say(ja, "OPEN: not put right",
				    "未解決: 元に戻っていない"));
	else
		snprintf(text, size, "%s", outcome);
}

/* "nft, pid 123, uid 0, started by bash, pid 100" */
static void render_actor(const json_t *actor, bool ja, FILE *out)
{
	char uid[64], parent[256] = "";

	if (json_is_integer(json_object_get(actor, "uid")))
		snprintf(uid, sizeof(uid), "uid %lld",
			 render_number(actor, "uid"));
	else
		snprintf(uid, sizeof(uid), "%s",
			 render_say(ja, "had ended already", "既に終了"));
	if (render_number(actor, "parent_pid"))
		snprintf(parent, sizeof(parent),
			 render_say(ja, ", started by %s, pid %lld",
				    "、親プロセス %s、pid %lld"),
			 render_text(actor, "parent_process"),
			 render_number(actor, "parent_pid"));
	render_line(out,
		    render_say(ja, "    by %s, pid %lld, %s%s",
			       "    実行者 %s、pid %lld、%s%s"),
		    render_text(actor, "process"), render_number(actor, "pid"),
		    uid, parent);
}

/* How many there are beyond those that are listed */
static void render_more(const json_t *incident, const char *list,
			const char *number, bool ja, FILE *out)
{
	long long n =
		(long long)json_array_size(json_object_get(incident, list));
	long long n_all = render_number(incident, number);

	if (n_all > n)
		render_line(out,
			    render_say(ja, "    and %lld more",
				       "    ほか %lld 件"),
			    n_all - n);
}

static void render_incident(const json_t *incident, bool ja, FILE *out)
{
	const json_t *actors = json_object_get(incident, "actors");
	const json_t *changes = json_object_get(incident, "changes"), *entry;
	bool by_event = !strcmp(render_text(incident, "by"), "event");
	char when[64], outcome[128];
	size_t i;

	render_moment(incident, "seen_usec", true, when, sizeof(when));
	render_outcome(incident, ja, outcome, sizeof(outcome));
	fputs("\n", out);
	render_line(out, "%s  #%lld  %s", when, render_number(incident, "id"),
		    outcome);
	json_array_foreach(actors, i, entry) {
		render_actor(entry, ja, out);
	}
	render_more(incident, "actors", "n_actors", ja, out);
	if (!json_array_size(actors))
		render_line(out, "    %s",
			    by_event ? render_say(ja, "by somebody not seen",
						  "実行者 不明") :
				       render_say(ja,
						  "found by comparison; nobody "
						  "was seen",
						  "比較で判明。実行者 不明"));
	json_array_foreach(changes, i, entry) {
		const char *nft = render_text(entry, "nft");

		render_line(out, "    - %s", render_text(entry, "words"));
		if (*nft)
			render_line(out, "        %s", nft);
	}
	render_more(incident, "changes", "n_changes", ja, out);
}

void render_drift(const json_t *parameters, bool ja, FILE *out)
{
	static const char *const lists[] = { "open", "history" };
	struct table *table = table_new(2);
	const json_t *incident;
	size_t i, k;

	render_guard(table, parameters, ja);
	table_print(table, out);
	table_free(table);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		json_array_foreach(json_object_get(parameters, lists[i]), k,
				   incident) {
			render_incident(incident, ja, out);
		}
	}
}

/* Its text is a sentence, which names its subject. */
static void render_add_concern(struct table *table, const json_t *concern,
			       bool ja)
{
	const char *gravity = render_text(concern, "gravity");

	table_add(table, RENDER_WORD(render_gravities, gravity, ja));
	table_add(table, render_text(concern, "id"));
	render_add_time(table, concern, "since",
			render_say(ja, "unknown", "不明"));
	table_add(table, render_text(concern, "text"));
}

static size_t render_rank(const json_t *concern)
{
	size_t n = sizeof(render_gravities) / sizeof(render_gravities[0]), i;
	const char *gravity = render_text(concern, "gravity");

	for (i = 0; i < n; i++)
		if (!strcmp(render_gravities[i].name, gravity))
			break;
	return i;
}

void render_audit(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *concerns = json_object_get(parameters, "concerns");
	size_t n = sizeof(render_gravities) / sizeof(render_gravities[0]);
	const char *state = render_text(parameters, "state");
	struct table *table;
	const json_t *concern;
	size_t rank, i;

	render_line(out, "%s: %s", render_say(ja, "State", "状態"),
		    RENDER_WORD(render_states, state, ja));
	if (!json_array_size(concerns)) {
		render_line(out, "%s",
			    render_say(ja, "Nothing else is of concern.",
				       "ほかに懸念はない。"));
		return;
	}
	fputs("\n", out);
	table = table_new(4);
	table_add(table, render_say(ja, "GRAVITY", "重さ"));
	table_add(table, render_say(ja, "ID", "識別子"));
	table_add(table, render_say(ja, "SINCE", "発見"));
	table_add(table, render_say(ja, "WHAT", "内容"));
	for (rank = 0; rank <= n; rank++) {
		json_array_foreach(concerns, i, concern) {
			if (render_rank(concern) == rank)
				render_add_concern(table, concern, ja);
		}
	}
	table_print(table, out);
	table_free(table);
}

void render_record(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *record = json_object_get(parameters, "record");
	long long missed = render_number(parameters, "missed");
	char when[64];

	if (missed)
		render_line(out,
			    render_say(ja, "(%lld lines were missed)",
				       "(%lld行を取りこぼした)"),
			    missed);
	if (!json_is_object(record))
		return;
	render_moment(record, "time_usec", false, when, sizeof(when));
	render_line(out, "%s  %-7s  %s", when, render_text(record, "priority"),
		    render_text(record, "text"));
}
