// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk over a group of settings. Easy to get wrong: libconfig checks
 * nothing. A setting that nobody asks for passes silently, and its getters
 * return 0 for a value of the wrong type, so every name must be in the table,
 * and nothing is taken before its type is known.
 */
#include "group.h"

#include <string.h>

#include "guess.h"

const char *group_type_name(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
	case CONFIG_TYPE_FLOAT:
		return "a number";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_ARRAY:
		return "an array";
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_LIST:
		return "a list";
	}
	return "something else";
}

/* What a value of a type looks like, for the message that it is of another. */
static const char *wanted_name(enum key_type type)
{
	switch (type) {
	case KEY_NUMBER:
		return "a whole number";
	case KEY_BOOL:
		return "true or false, without quotes";
	case KEY_TEXT:
		return "a text in double quotes";
	case KEY_ARRAY:
		return "an array of texts, [ \"...\", \"...\" ]";
	case KEY_GROUP:
		return "a group, { ... }";
	case KEY_LIST:
		return "a list of groups, ( { ... }, { ... } )";
	}
	return "?";
}

static bool type_fits(enum key_type type, const config_setting_t *setting)
{
	switch (type) {
	case KEY_NUMBER:
		return config_setting_type(setting) == CONFIG_TYPE_INT ||
		       config_setting_type(setting) == CONFIG_TYPE_INT64;
	case KEY_BOOL:
		return config_setting_type(setting) == CONFIG_TYPE_BOOL;
	case KEY_TEXT:
		return config_setting_type(setting) == CONFIG_TYPE_STRING;
	case KEY_ARRAY:
		return config_setting_is_array(setting);
	case KEY_GROUP:
		return config_setting_is_group(setting);
	case KEY_LIST:
		return config_setting_is_list(setting);
	}
	return false;
}

static const struct key *find_key(const struct group *group, const char *name)
{
	size_t i;

	for (i = 0; i < group->n_keys; i++) {
		if (!strcmp(group->keys[i].name, name))
			return &group->keys[i];
	}
	return NULL;
}

/* Returns the key that was probably meant, or NULL. */
static const struct key *report_unknown(struct reader *reader,
					const struct group *group,
					const config_setting_t *setting)
{
	struct guess guess = { NULL, 0 };
	char quoted[QUOTE_TEXT];
	size_t i;

	for (i = 0; i < group->n_keys; i++)
		guess_try(&guess, setting->name, group->keys[i].name);
	utf8_quote(setting->name, strlen(setting->name), quoted);
	if (!guess.word) {
		diag_error(reader->diag, "unknown",
			   setting_place(reader, setting), NULL,
			   "%sthere is no setting %s; remove it",
			   setting_subject(reader), quoted);
		return NULL;
	}
	diag_error(reader->diag, "unknown", setting_place(reader, setting),
		   NULL, "%sthere is no setting %s (did you mean \"%s\"?)",
		   setting_subject(reader), quoted, guess.word);
	return find_key(group, guess.word);
}

static void report_missing(struct reader *reader, const struct group *group,
			   unsigned int seen)
{
	size_t i;

	for (i = 0; i < group->n_keys; i++) {
		if (group->keys[i].presence == OPTIONAL || seen & 1u << i)
			continue;
		diag_error(reader->diag, "missing",
			   setting_place(reader, reader->entry), NULL,
			   "%sthe setting \"%s\" is missing",
			   setting_subject(reader), group->keys[i].name);
	}
}

/* Take the value of one setting. Returns the key that it is, or was meant for. */
static const struct key *read_setting(struct reader *reader,
				      const struct group *group,
				      const config_setting_t *setting,
				      void *entry)
{
	const struct key *key = find_key(group, setting->name);

	if (!key)
		return setting_is_continued(reader, setting) ?
			       NULL :
			       report_unknown(reader, group, setting);
	if (type_fits(key->type, setting))
		key->set(reader, (char *)entry + key->offset, setting);
	else if (!setting_is_continued(reader, setting))
		diag_error(reader->diag, "type", setting_place(reader, setting),
			   NULL, "%s%s must be %s, but is %s",
			   setting_subject(reader), key->name,
			   wanted_name(key->type), group_type_name(setting));
	return key;
}

void group_read(struct reader *reader, const struct group *group,
		const config_setting_t *settings, void *entry)
{
	int i, n = config_setting_length(settings);
	const struct key *key;
	unsigned int seen = 0;

	/* A file of nothing but mistakes is read no further. */
	if (diag_is_full(reader->diag))
		return;
	setting_enter(reader, group->name, group->in_list, settings);
	for (i = 0; i < n; i++) {
		key = read_setting(reader, group,
				   config_setting_get_elem(settings, i), entry);
		/* What is there under a wrong name is not missing as well. */
		if (key)
			seen |= 1u << (key - group->keys);
	}
	report_missing(reader, group, seen);
	setting_enter(reader, NULL, false, NULL);
}
