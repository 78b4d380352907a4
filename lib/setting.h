/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SETTING_H
#define SEKIMORI_SETTING_H

/*
 * The values of single settings. The functions that read one want it to be of
 * the right type already; what is wrong with the value they report.
 */
#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "diag.h"
#include "utf8.h"
#include "window.h"

struct arena;

#define TEXT_LEN_MAX 255 /* bytes of any text */
#define NAME_LEN_MAX 31
#define INTERFACE_LEN_MAX 15 /* IFNAMSIZ without the NUL */

/**
 * struct reader - the state of reading one file
 * @arena: what is read is copied to it
 * @group: what the group of settings being read is called; NULL at the top
 * @in_list: there are several of them, told apart by their "name"
 * @entry: the group itself
 * @first_line, @first_element: where the piece of it begins that is being read
 * @is_over: the list being read has more than it may, and this has been said
 * @subject: "conduit "patch": " once it was needed, else empty
 */
struct reader {
	struct arena *arena;
	struct diag *diag;
	const char *file;
	unsigned int first_line, first_element;
	bool is_over;
	const char *group;
	bool in_list;
	const config_setting_t *entry;
	char subject[QUOTE_TEXT + 32];
};

/**
 * setting_enter - from now on the settings of this group are read
 *
 * With NULL for the group and the entry: those of the file as a whole.
 */
void setting_enter(struct reader *reader, const char *group, bool in_list,
		   const config_setting_t *entry);

struct place setting_place(const struct reader *reader,
			   const config_setting_t *setting);

/**
 * setting_subject - what a sentence about the group being read begins with
 *
 * "conduit "patch": ", or "conduit 3: " if it has no name; "" at the top.
 */
const char *setting_subject(struct reader *reader);

/**
 * setting_is_continued - does this go on with a list from a piece before?
 *
 * What there is to say about the list as a whole has been said then.
 */
bool setting_is_continued(const struct reader *reader,
			  const config_setting_t *setting);

/** setting_refuse - say that a text is no value for its setting, and @why */
void setting_refuse(struct reader *reader, const config_setting_t *setting,
		    const char *why);

/** setting_text - a text for people, copied; NULL if it cannot be used */
const char *setting_text(struct reader *reader,
			 const config_setting_t *setting);

/** setting_name - the name of an entry, copied; NULL if it is none */
const char *setting_name(struct reader *reader,
			 const config_setting_t *setting);

/** setting_interface - the name of an interface, copied; NULL if it is none */
const char *setting_interface(struct reader *reader,
			      const config_setting_t *setting);

/** setting_user_group - the name of a group of users, copied; or NULL */
const char *setting_user_group(struct reader *reader,
			       const config_setting_t *setting);

/**
 * setting_is_address - is this text, right or wrong, meant for an address or a
 * prefix? No name is.
 */
bool setting_is_address(const config_setting_t *setting);

/**
 * setting_choice - which one of some words the setting holds
 * @nth: gives the words from 1 on, and "?" behind the last one
 *
 * Returns the number of the word, or 0.
 */
unsigned int setting_choice(struct reader *reader,
			    const config_setting_t *setting,
			    const char *(*nth)(unsigned int));

/* True if the value is right, and written. */
bool setting_addr(struct reader *reader, const config_setting_t *setting,
		  struct addr *addr);
bool setting_prefix(struct reader *reader, const config_setting_t *setting,
		    struct prefix *prefix);
bool setting_mac(struct reader *reader, const config_setting_t *setting,
		 struct mac *mac);
bool setting_service(struct reader *reader, const config_setting_t *setting,
		     struct service *service);
bool setting_window(struct reader *reader, const config_setting_t *setting,
		    struct window *window);

enum presence {
	OPTIONAL,
	REQUIRED,
};

/**
 * setting_count - how many elements of an array of texts are to be read
 * @max: how many there may be
 * @presence: whether there must be any
 *
 * 0 if they are not texts; at most @max.
 */
unsigned int setting_count(struct reader *reader, const config_setting_t *array,
			   unsigned int max, enum presence presence);

#endif
