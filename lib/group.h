/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_GROUP_H
#define SEKIMORI_GROUP_H

/*
 * Groups of settings, { name = value; ... }: what may be in them, as tables.
 */
#include "setting.h"

enum key_type {
	KEY_NUMBER,
	KEY_BOOL,
	KEY_TEXT,
	KEY_ARRAY, /* of texts */
	KEY_GROUP,
	KEY_LIST, /* of groups */
};

/**
 * struct key - one setting that a group may have
 * @set: takes the value, whose type has been checked
 * @offset: of the field for it in the entry; 0 where @set wants the entry
 */
struct key {
	const char *name;
	enum key_type type;
	enum presence presence;
	void (*set)(struct reader *reader, void *field,
		    const config_setting_t *setting);
	size_t offset;
};

/**
 * struct group - a kind of group of settings
 * @name: as people call it, NULL for the file as a whole
 * @in_list: there are several of them, told apart by their "name"
 * @keys: at most 32
 */
struct group {
	const char *name;
	bool in_list;
	const struct key *keys;
	size_t n_keys;
};

/** GROUP - initialiser of a struct group with a table of keys */
#define GROUP(text, list, table)                                    \
	{                                                           \
		.name = (text), .in_list = (list), .keys = (table), \
		.n_keys = sizeof(table) / sizeof((table)[0]),       \
	}

/**
 * group_read - take the value of each setting in a group
 * @settings: a group of libconfig
 * @entry: where the fields are that the keys' offsets count from
 *
 * Reports each setting that is not in the table, is of another type, or is
 * required and missing.
 */
void group_read(struct reader *reader, const struct group *group,
		const config_setting_t *settings, void *entry);

/** group_type_name - "a text", "a list", ...: what type of value this is */
const char *group_type_name(const config_setting_t *setting);

#endif
