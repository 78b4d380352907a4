// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration files to a model. Easy to get wrong: the lists at the top
 * may go on in further files, so a limit or a second "gateway" is a matter of
 * all files together, and what is required is known only after the last one.
 */
#include "conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "entry.h"
#include "group.h"
#include "piece.h"
#include "scan.h"

#define FORMAT 1
#define COMPARE_SECONDS 60
#define KEEP_GENERATIONS 100
#define KEEP_DAYS 400

#define ZONES_MAX 255
#define SERVICES_MAX 100000
#define LISTS_MAX 1024
#define TRIALS_MAX 100000 /* of both kinds together */
#define PREFIXES_MAX 1000000 /* of one list */

static void set_format(struct reader *reader, void *field,
		       const config_setting_t *setting)
{
	struct model *model = field;

	model->has_format = true;
	if (config_setting_get_int64(setting) != FORMAT)
		diag_error(reader->diag, "value",
			   setting_place(reader, setting), NULL,
			   "format must be %d: this version knows no other",
			   FORMAT);
}

/* Whether a group that may be there once, in whatever file, is there again. */
static bool is_again(struct reader *reader, const config_setting_t *setting,
		     struct place *at)
{
	struct place here = setting_place(reader, setting);

	if (!at->file) {
		*at = here;
		return false;
	}
	diag_error(reader->diag, "duplicate", here, at,
		   "\"%s\" is already there; remove one of the two",
		   setting->name);
	return true;
}

static void set_gateway(struct reader *reader, void *field,
			const config_setting_t *setting)
{
	struct model *model = field;

	if (!is_again(reader, setting, &model->gateway_at))
		entry_read_gateway(reader, setting, model);
	model->has_gateway = true;
}

static void set_log(struct reader *reader, void *field,
		    const config_setting_t *setting)
{
	struct model *model = field;

	if (!is_again(reader, setting, &model->facility.at))
		entry_read_log(reader, setting, model);
}

static void set_control(struct reader *reader, void *field,
			const config_setting_t *setting)
{
	struct model *model = field;

	if (!is_again(reader, setting, &model->group.at))
		entry_read_control(reader, setting, model);
}

static void set_watch(struct reader *reader, void *field,
		      const config_setting_t *setting)
{
	struct model *model = field;

	if (!is_again(reader, setting, &model->watch_at))
		entry_read_watch(reader, setting, model);
}

static void set_history(struct reader *reader, void *field,
			const config_setting_t *setting)
{
	struct model *model = field;

	if (!is_again(reader, setting, &model->keeping_at))
		entry_read_history(reader, setting, model);
}

static void set_sysctls(struct reader *reader, void *field,
			const config_setting_t *array)
{
	entry_read_sysctls(reader, array, field);
}

/*
 * How many entries of a list to read when there are @n_before from earlier
 * files and at most @max may be.
 */
static unsigned int count_entries(struct reader *reader,
				  const config_setting_t *list, size_t n_before,
				  size_t max)
{
	unsigned int n = config_setting_length(list);

	if (!setting_is_continued(reader, list))
		reader->is_over = false;
	if (n <= max - n_before)
		return n;
	n = max - n_before;
	if (!reader->is_over)
		diag_error(reader->diag, "limit",
			   setting_place(reader,
					 config_setting_get_elem(list, n)),
			   NULL, "there are too many %s; the limit is %zu",
			   list->name, max);
	reader->is_over = true;
	return n;
}

/* The entry number @i of a list, or NULL if it is not even a group. */
static const config_setting_t *
entry_of(struct reader *reader, const config_setting_t *list, unsigned int i)
{
	const config_setting_t *entry = config_setting_get_elem(list, i);

	if (config_setting_is_group(entry))
		return entry;
	diag_error(reader->diag, "type", setting_place(reader, entry), NULL,
		   "an entry of %s must be a group, { ... }, but is %s",
		   list->name, group_type_name(entry));
	return NULL;
}

static void set_zones(struct reader *reader, void *field,
		      const config_setting_t *list)
{
	struct model *model = field;
	unsigned int i,
		n = count_entries(reader, list, model->n_zones, ZONES_MAX);

	for (i = 0; i < n; i++) {
		const config_setting_t *entry = entry_of(reader, list, i);
		struct model_zone *zone;

		if (!entry)
			continue;
		model->zones = arena_push(reader->arena, model->zones,
					  &model->n_zones, sizeof(*zone));
		zone = &model->zones[model->n_zones - 1];
		zone->name.at = setting_place(reader, entry);
		entry_read_zone(reader, entry, zone);
	}
}

static void set_hosts(struct reader *reader, void *field,
		      const config_setting_t *list)
{
	struct model *model = field;
	unsigned int i,
		n = count_entries(reader, list, model->n_hosts, HOSTS_MAX);

	for (i = 0; i < n; i++) {
		const config_setting_t *entry = entry_of(reader, list, i);
		struct model_host *host;

		if (!entry)
			continue;
		model->hosts = arena_push(reader->arena, model->hosts,
					  &model->n_hosts, sizeof(*host));
		host = &model->hosts[model->n_hosts - 1];
		host->name.at = setting_place(reader, entry);
		entry_read_host(reader, entry, host);
	}
}

static void set_services(struct reader *reader, void *field,
			 const config_setting_t *list)
{
	struct model *model = field;
	unsigned int i, n = count_entries(reader, list, model->n_services,
					  SERVICES_MAX);

	for (i = 0; i < n; i++) {
		const config_setting_t *entry = entry_of(reader, list, i);
		struct model_service *service;

		if (!entry)
			continue;
		model->services = arena_push(reader->arena, model->services,
					     &model->n_services,
					     sizeof(*service));
		service = &model->services[model->n_services - 1];
		service->name.at = setting_place(reader, entry);
		entry_read_service(reader, entry, service);
	}
}

static void set_lists(struct reader *reader, void *field,
		      const config_setting_t *list)
{
	struct model *model = field;
	unsigned int i,
		n = count_entries(reader, list, model->n_lists, LISTS_MAX);

	for (i = 0; i < n; i++) {
		const config_setting_t *entry = entry_of(reader, list, i);
		struct model_list *slot;

		if (!entry)
			continue;
		model->lists = arena_push(reader->arena, model->lists,
					  &model->n_lists, sizeof(*slot));
		slot = &model->lists[model->n_lists - 1];
		slot->name.at = setting_place(reader, entry);
		entry_read_list(reader, entry, slot);
	}
}

static void set_conduits(struct reader *reader, void *field,
			 const config_setting_t *list)
{
	struct model *model = field;
	unsigned int i, n = count_entries(reader, list, model->n_conduits,
					  CONDUITS_MAX);

	for (i = 0; i < n; i++) {
		const config_setting_t *entry = entry_of(reader, list, i);
		struct model_conduit *conduit;

		if (!entry)
			continue;
		model->conduits = arena_push(reader->arena, model->conduits,
					     &model->n_conduits,
					     sizeof(*conduit));
		conduit = &model->conduits[model->n_conduits - 1];
		conduit->name.at = setting_place(reader, entry);
		entry_read_conduit(reader, entry, conduit);
	}
}

static void read_trials(struct reader *reader, struct model *model,
			const config_setting_t *list, bool must_pass)
{
	unsigned int i,
		n = count_entries(reader, list, model->n_trials, TRIALS_MAX);

	for (i = 0; i < n; i++) {
		const config_setting_t *entry = entry_of(reader, list, i);
		struct model_trial *trial;

		if (!entry)
			continue;
		model->trials = arena_push(reader->arena, model->trials,
					   &model->n_trials, sizeof(*trial));
		trial = &model->trials[model->n_trials - 1];
		trial->name.at = setting_place(reader, entry);
		trial->must_pass = must_pass;
		entry_read_trial(reader, entry, trial);
	}
}

static void set_must_pass(struct reader *reader, void *field,
			  const config_setting_t *list)
{
	read_trials(reader, field, list, true);
}

static void set_must_drop(struct reader *reader, void *field,
			  const config_setting_t *list)
{
	read_trials(reader, field, list, false);
}

/* Nothing is required of one file; conf_finish() looks at all of them. */
static const struct key file_keys[] = {
	{ "format", KEY_NUMBER, OPTIONAL, set_format, 0 },
	{ "gateway", KEY_GROUP, OPTIONAL, set_gateway, 0 },
	{ "log", KEY_GROUP, OPTIONAL, set_log, 0 },
	{ "control", KEY_GROUP, OPTIONAL, set_control, 0 },
	{ "watch", KEY_GROUP, OPTIONAL, set_watch, 0 },
	{ "history", KEY_GROUP, OPTIONAL, set_history, 0 },
	{ "sysctls", KEY_ARRAY, OPTIONAL, set_sysctls, 0 },
	{ "zones", KEY_LIST, OPTIONAL, set_zones, 0 },
	{ "hosts", KEY_LIST, OPTIONAL, set_hosts, 0 },
	{ "services", KEY_LIST, OPTIONAL, set_services, 0 },
	{ "lists", KEY_LIST, OPTIONAL, set_lists, 0 },
	{ "conduits", KEY_LIST, OPTIONAL, set_conduits, 0 },
	{ "must_pass", KEY_LIST, OPTIONAL, set_must_pass, 0 },
	{ "must_drop", KEY_LIST, OPTIONAL, set_must_drop, 0 },
};

static const struct group file_group = GROUP(NULL, false, file_keys);

struct model *conf_new(const struct model *earlier, struct arena *arena)
{
	struct model *model = arena_alloc(arena, sizeof(*model));

	model->arena = arena;
	model->earlier = earlier;
	model->watch.ownership = true;
	model->watch.compare_seconds = COMPARE_SECONDS;
	model->keeping.generations = KEEP_GENERATIONS;
	model->keeping.days = KEEP_DAYS;
	return model;
}

static void read_piece(struct reader *reader, const char *text,
		       struct model *model)
{
	config_t config;

	config_init(&config);
	if (config_read_string(&config, text))
		group_read(reader, &file_group, config_root_setting(&config),
			   model);
	else
		/* It takes less than the scan does; so much the better. */
		diag_error(reader->diag, "syntax",
			   (struct place){ reader->file,
					   config_error_line(&config) +
						   reader->first_line - 1 },
			   NULL, "libconfig: %s", config_error_text(&config));
	config_destroy(&config);
}

/* Of a piece that says nothing but entries: those of the same text before */
static void parse_piece(struct reader *reader, const struct scan_piece *at,
			const char *text, struct model *model)
{
	size_t n_errors = reader->diag->n_errors;
	struct piece piece;

	reader->first_line = at->first_line;
	reader->first_element = at->first_element;
	if (!at->is_pure) {
		read_piece(reader, text, model);
		return;
	}
	piece_begin(&piece, text, at->first_line, model);
	if (!piece_take(&piece, reader->file, model))
		read_piece(reader, text, model);
	if (reader->diag->n_errors == n_errors)
		piece_keep(&piece, model);
}

int conf_parse(struct model *model, const char *name, const char *bytes,
	       size_t len, struct diag *diag)
{
	struct reader reader = {
		.arena = model->arena,
		.diag = diag,
		.file = arena_copy(model->arena, name, strlen(name)),
	};
	size_t n_errors = diag->n_errors, i;
	struct scanned scanned;

	if (scan_text(reader.file, bytes, len, diag, &scanned)) {
		/* What it says is not known, so nothing is known to lack. */
		model->has_format = true;
		model->has_gateway = true;
		return -EINVAL;
	}
	for (i = 0; i < scanned.n_pieces; i++)
		parse_piece(&reader, &scanned.pieces[i],
			    scanned.text + scanned.pieces[i].start, model);
	scan_free(&scanned);
	return diag->n_errors == n_errors ? 0 : -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cut the comment and the blanks off a line. */
static const char *trim(const char *line, size_t *len)
{
	const char *comment = memchr(line, '#', *len);

	if (comment)
		*len = comment - line;
	while (*len && is_blank(line[*len - 1]))
		(*len)--;
	for (; *len && is_blank(*line); line++)
		(*len)--;
	return line;
}

/* One entry of a list file. */
static void read_prefix(struct model *model, struct model_list *list,
			struct place at, const char *entry, size_t len,
			struct diag *diag)
{
	char text[ADDR_TEXT] = "", quoted[QUOTE_TEXT];
	struct prefix prefix;
	int ret;

	if (len < sizeof(text) && !memchr(entry, '\0', len))
		memcpy(text, entry, len);
	ret = prefix_parse(text, &prefix);
	if (ret == -EDOM) {
		diag_error(diag, "value", at, NULL,
			   "\"%s\" has bits set behind its length; write "
			   "\"%s\"",
			   text, prefix_print(&prefix, quoted));
	} else if (ret) {
		diag_error(diag, "value", at, NULL,
			   "%s is not an address or a prefix; write one a "
			   "line, and \"#\" before a comment",
			   utf8_quote(entry, len, quoted));
	} else {
		list->prefixes = arena_push(model->arena, list->prefixes,
					    &list->n_prefixes,
					    sizeof(*list->prefixes));
		list->prefixes[list->n_prefixes - 1] =
			(struct model_prefix){ prefix, at };
	}
}

static void read_prefixes(struct model *model, struct model_list *list,
			  struct place at, const char *bytes, size_t len,
			  struct diag *diag)
{
	const char *end = bytes + len, *next, *entry;

	while (bytes < end && !diag_is_full(diag)) {
		at.line++;
		next = memchr(bytes, '\n', end - bytes);
		len = (next ? next : end) - bytes;
		entry = trim(bytes, &len);
		bytes = next ? next + 1 : end;
		if (!len)
			continue;
		if (list->n_prefixes == PREFIXES_MAX) {
			diag_error(diag, "limit", at, NULL,
				   "there are too many prefixes in the list; "
				   "the limit is %d",
				   PREFIXES_MAX);
			return;
		}
		read_prefix(model, list, at, entry, len, diag);
	}
}

int conf_parse_list(struct model *model, struct model_list *list,
		    const char *name, const char *bytes, size_t len,
		    struct diag *diag)
{
	struct place at = {
		.file = arena_copy(model->arena, name, strlen(name)),
	};
	size_t n_errors = diag->n_errors;

	if (len > SCAN_BYTES_MAX)
		diag_error(diag, "limit", at, NULL,
			   "the file has %zu bytes; the limit is %zu", len,
			   SCAN_BYTES_MAX);
	else
		read_prefixes(model, list, at, bytes, len, diag);
	if (!list->n_prefixes && diag->n_errors == n_errors)
		diag_error(diag, "missing", at, &list->file.at,
			   "there is no address and no prefix in the list");
	return diag->n_errors == n_errors ? 0 : -EINVAL;
}

int conf_finish(struct model *model, const char *name, struct diag *diag)
{
	struct place at = {
		.file = arena_copy(model->arena, name, strlen(name)),
	};
	size_t n_errors = diag->n_errors;

	piece_sort(model);
	model->earlier = NULL;
	if (!model->has_format)
		diag_error(diag, "missing", at, NULL,
			   "the setting \"format\" is missing; write "
			   "format = %d;",
			   FORMAT);
	if (!model->has_gateway)
		diag_error(diag, "missing", at, NULL,
			   "the setting \"gateway\" is missing; it says what "
			   "this gateway is called and which model and "
			   "guideline it follows");
	return diag->n_errors == n_errors ? 0 : -EINVAL;
}
