// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Temporary conduits as text. Easy to get wrong: reasons are what somebody has
 * typed, so they are shown only through the table, which makes visible what a
 * terminal would obey.
 */
#include "render.h"

#include <stdlib.h>
#include <time.h>

#include "table.h"

static void render_cell(struct table *table, const json_t *object,
			const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	table_add(table, text ? text : "");
}

static void render_cell_time(struct table *table, const json_t *object,
			     const char *key)
{
	time_t when = json_integer_value(json_object_get(object, key));
	char text[64];
	struct tm tm;

	if (!when || !localtime_r(&when, &tm) ||
	    !strftime(text, sizeof(text), "%F %T %z", &tm))
		text[0] = '\0';
	table_add(table, text);
}

static void render_cell_list(struct table *table, const json_t *object,
			     const char *key)
{
	const json_t *array = json_object_get(object, key), *value;
	char *all = NULL;
	size_t len = 0, i;
	FILE *out = open_memstream(&all, &len);

	if (!out)
		abort();
	json_array_foreach(array, i, value) {
		const char *text = json_string_value(value);

		fprintf(out, "%s%s", i ? ", " : "", text ? text : "");
	}
	fclose(out);
	table_add(table, all);
	free(all);
}

void render_allowed(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *list = json_object_get(parameters, "allowed"), *entry;
	struct table *table = table_new(8);
	size_t i;

	table_add(table, render_say(ja, "CONDUIT", "通信経路"));
	table_add(table, render_say(ja, "FROM", "発"));
	table_add(table, render_say(ja, "TO", "着"));
	table_add(table, render_say(ja, "SERVICES", "サービス"));
	table_add(table, render_say(ja, "UNTIL", "期限"));
	table_add(table, render_say(ja, "IN FORCE", "現在"));
	table_add(table, render_say(ja, "ALLOWED BY", "許可した者"));
	table_add(table, render_say(ja, "REASON", "理由"));
	json_array_foreach(list, i, entry) {
		bool in_force =
			json_is_true(json_object_get(entry, "in_force"));

		render_cell(table, entry, "name");
		render_cell_list(table, entry, "from");
		render_cell_list(table, entry, "to");
		render_cell_list(table, entry, "services");
		render_cell_time(table, entry, "expires");
		table_add(table, in_force ? render_say(ja, "yes", "有効") :
					    render_say(ja, "no", "無効"));
		render_cell(table, entry, "allowed_by");
		render_cell(table, entry, "reason");
	}
	table_print(table, out);
	table_free(table);
}

void render_allow(const json_t *parameters, bool ja, FILE *out)
{
	struct table *table = table_new(2);

	render_findings(json_object_get(parameters, "findings"), stderr);
	table_add(table, render_say(ja, "Allowed", "一時許可"));
	render_cell(table, parameters, "name");
	table_add(table, render_say(ja, "Until", "期限"));
	render_cell_time(table, parameters, "expires");
	table_print(table, out);
	table_free(table);
}

void render_disallow(const json_t *parameters, bool ja, FILE *out)
{
	const json_t *sessions = json_object_get(parameters, "sessions");
	struct table *table = table_new(2);

	table_add(table, render_say(ja, "Ended", "許可取消"));
	render_cell(table, parameters, "name");
	table_add(table, render_say(ja, "Sessions ended", "切断した通信"));
	if (json_is_integer(sessions))
		table_add_format(table, "%lld", json_integer_value(sessions));
	else
		table_add(table, "-");
	table_print(table, out);
	table_free(table);
	if (json_is_false(json_object_get(parameters, "kept")))
		fprintf(stderr, "%s\n",
			render_say(
				ja,
				"This could not be kept on the disk: the next "
				"start may not go by it. See the log.",
				"ディスクに保存できませんでした。次の起動"
				"には反映されないことがあります。ログを"
				"確認してください。"));
}

void render_temporary(const json_t *conduits, bool ja, FILE *out)
{
	struct table *table = NULL;
	const json_t *conduit;
	size_t i;

	json_array_foreach(conduits, i, conduit) {
		if (!json_is_string(json_object_get(conduit, "allowed_by")))
			continue;
		if (!table) {
			table = table_new(4);
			table_add(table,
				  render_say(ja, "TEMPORARY", "一時許可"));
			table_add(table, render_say(ja, "UNTIL", "期限"));
			table_add(table,
				  render_say(ja, "ALLOWED BY", "許可した者"));
			table_add(table, render_say(ja, "REASON", "理由"));
		}
		render_cell(table, conduit, "name");
		render_cell_time(table, conduit, "expires");
		render_cell(table, conduit, "allowed_by");
		render_cell(table, conduit, "reason");
	}
	if (!table)
		return;
	fputc('\n', out);
	table_print(table, out);
	table_free(table);
}
