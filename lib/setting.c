// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is this a right value? Easy to get wrong: what is accepted here is shown on
 * terminals, written to logs and handed to the kernel by parts that do not
 * look at it again, so a character that is not known to be harmless is refused
 * at this door.
 */
#include "setting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "guess.h"

void setting_enter(struct reader *reader, const char *group, bool in_list,
		   const config_setting_t *entry)
{
	reader->group = group;
	reader->in_list = in_list;
	reader->entry = entry;
	reader->subject[0] = '\0';
}

struct place setting_place(const struct reader *reader,
			   const config_setting_t *setting)
{
	return (struct place){
		.file = reader->file,
		.line = reader->first_line - 1 + setting->line,
	};
}

bool setting_is_continued(const struct reader *reader,
			  const config_setting_t *setting)
{
	/* It is the first setting of the piece, which begins in its list. */
	return reader->first_element && !config_setting_index(setting) &&
	       config_setting_is_root(config_setting_parent(setting));
}

/* The how many-th of its list the entry is */
static unsigned int number_of(const struct reader *reader)
{
	const config_setting_t *list = config_setting_parent(reader->entry);
	unsigned int n = config_setting_index(reader->entry) + 1;

	return setting_is_continued(reader, list) ? reader->first_element + n :
						    n;
}

/* An element of an array is called by the name of the array. */
static const char *name_of(const config_setting_t *setting)
{
	return setting->name ? setting->name : setting->parent->name;
}

static const char *copy(const struct reader *reader, const char *text)
{
	return text ? arena_copy(reader->arena, text, strlen(text)) : NULL;
}

const char *setting_subject(struct reader *reader)
{
	const config_setting_t *name = NULL;
	char *buf = reader->subject, quoted[QUOTE_TEXT];
	size_t size = sizeof(reader->subject);
	const char *text;

	if (!reader->group || *buf)
		return buf;
	if (reader->in_list)
		name = config_setting_get_member(reader->entry, "name");
	if (name && config_setting_type(name) == CONFIG_TYPE_STRING) {
		text = config_setting_get_string(name);
		snprintf(buf, size, "%s %s: ", reader->group,
			 utf8_quote(text, strlen(text), quoted));
	} else if (reader->in_list) {
		snprintf(buf, size, "%s %u: ", reader->group,
			 number_of(reader));
	} else {
		snprintf(buf, size, "%s: ", reader->group);
	}
	return buf;
}

void setting_refuse(struct reader *reader, const config_setting_t *setting,
		    const char *why)
{
	const char *text = config_setting_get_string(setting);
	char quoted[QUOTE_TEXT];

	diag_error(reader->diag, "value", setting_place(reader, setting), NULL,
		   "%s%s: %s %s", setting_subject(reader), name_of(setting),
		   utf8_quote(text, strlen(text), quoted), why);
}

/* The text as libconfig keeps it, or NULL if it cannot be used. */
static const char *text_in(struct reader *reader,
			   const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);
	size_t len = strlen(text), i, n;
	uint32_t rune;

	if (!len) {
		setting_refuse(reader, setting, "is empty");
		return NULL;
	}
	if (len > TEXT_LEN_MAX) {
		diag_error(reader->diag, "limit",
			   setting_place(reader, setting), NULL,
			   "%s%s: the text has %zu bytes; the limit is %d",
			   setting_subject(reader), name_of(setting), len,
			   TEXT_LEN_MAX);
		return NULL;
	}
	for (i = 0; i < len; i += n) {
		n = utf8_read(text + i, len - i, &rune);
		if (!n) {
			setting_refuse(reader, setting,
				       "is not UTF-8; save the file as UTF-8");
			return NULL;
		}
		if (!utf8_is_plain(rune)) {
			setting_refuse(reader, setting,
				       "has a control character in it; remove "
				       "it");
			return NULL;
		}
	}
	return text;
}

const char *setting_text(struct reader *reader, const config_setting_t *setting)
{
	return copy(reader, text_in(reader, setting));
}

bool setting_is_address(const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);

	/* "10.1.2.3" could be a name by its characters. */
	return strpbrk(text, ":/") ||
	       (strchr(text, '.') && !text[strspn(text, "0123456789.")]);
}

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool is_name(const char *text)
{
	const char *c;

	if (!is_letter_or_digit(*text) || strlen(text) > NAME_LEN_MAX)
		return false;
	for (c = text; *c; c++) {
		if (!is_letter_or_digit(*c) && *c != '.' && *c != '_' &&
		    *c != '-')
			return false;
	}
	return true;
}

const char *setting_name(struct reader *reader, const config_setting_t *setting)
{
	const char *text = text_in(reader, setting);

	if (!text)
		return NULL;
	if (setting_is_address(setting)) {
		setting_refuse(reader, setting,
			       "looks like an address, which a name must not");
		return NULL;
	}
	if (!is_name(text)) {
		setting_refuse(reader, setting,
			       "is not a name; a name has at most 31 letters, "
			       "digits, \".\", \"_\" or \"-\", and begins with "
			       "a letter or digit");
		return NULL;
	}
	return copy(reader, text);
}

/*
 * What the kernel takes for the name of an interface, less what would be a
 * pattern or a quote to a tool that shows it.
 */
static bool is_interface(const char *text)
{
	const char *c;

	if (!strcmp(text, ".") || !strcmp(text, "..") ||
	    strlen(text) > INTERFACE_LEN_MAX || strpbrk(text, "/:\"'`\\*"))
		return false;
	for (c = text; *c; c++) {
		if (*c <= ' ' || *c > '~')
			return false;
	}
	return true;
}

const char *setting_interface(struct reader *reader,
			      const config_setting_t *setting)
{
	const char *text = text_in(reader, setting);

	if (text && !is_interface(text)) {
		setting_refuse(reader, setting,
			       "is not the name of an interface; that has at "
			       "most 15 characters, and none of them is a "
			       "space, a quote, \"/\", \":\", \"\\\" or \"*\"");
		return NULL;
	}
	return copy(reader, text);
}

const char *setting_user_group(struct reader *reader,
			       const config_setting_t *setting)
{
	const char *text = text_in(reader, setting);

	if (text && (strlen(text) > NAME_LEN_MAX || *text == '-' ||
		     strpbrk(text, " :,/\\\"'"))) {
		setting_refuse(reader, setting,
			       "is not the name of a group of users");
		return NULL;
	}
	return copy(reader, text);
}

unsigned int setting_choice(struct reader *reader,
			    const config_setting_t *setting,
			    const char *(*nth)(unsigned int))
{
	const char *text = config_setting_get_string(setting);
	char quoted[QUOTE_TEXT], words[2 * QUOTE_TEXT] = "";
	struct guess guess = { NULL, 0 };
	size_t len = 0;
	unsigned int i;

	for (i = 1; strcmp(nth(i), "?") != 0; i++) {
		if (!strcmp(nth(i), text))
			return i;
		guess_try(&guess, text, nth(i));
		if (len < sizeof(words))
			len += snprintf(words + len, sizeof(words) - len,
					"%s\"%s\"", i > 1 ? ", " : "", nth(i));
	}
	utf8_quote(text, strlen(text), quoted);
	if (guess.word)
		diag_error(reader->diag, "value",
			   setting_place(reader, setting), NULL,
			   "%s%s: there is no %s (did you mean \"%s\"?)",
			   setting_subject(reader), name_of(setting), quoted,
			   guess.word);
	else
		diag_error(reader->diag, "value",
			   setting_place(reader, setting), NULL,
			   "%s%s: there is no %s; use one of %s",
			   setting_subject(reader), name_of(setting), quoted,
			   words);
	return 0;
}

bool setting_addr(struct reader *reader, const config_setting_t *setting,
		  struct addr *addr)
{
	int ret = addr_parse(config_setting_get_string(setting), addr);

	if (ret)
		setting_refuse(reader, setting,
			       "is not an address, such as \"10.1.2.3\" or "
			       "\"fd00::1\"");
	return !ret;
}

bool setting_prefix(struct reader *reader, const config_setting_t *setting,
		    struct prefix *prefix)
{
	const char *text = config_setting_get_string(setting);
	char quoted[QUOTE_TEXT], meant[ADDR_TEXT];
	int ret = prefix_parse(text, prefix);

	if (ret == -EDOM)
		diag_error(reader->diag, "value",
			   setting_place(reader, setting), NULL,
			   "%s%s: %s has bits set behind its length; write "
			   "\"%s\"",
			   setting_subject(reader), name_of(setting),
			   utf8_quote(text, strlen(text), quoted),
			   prefix_print(prefix, meant));
	else if (ret)
		setting_refuse(reader, setting,
			       "is not an address or a prefix, such as "
			       "\"10.1.0.0/16\" or \"fd00::/64\"");
	return !ret;
}

bool setting_mac(struct reader *reader, const config_setting_t *setting,
		 struct mac *mac)
{
	int ret = mac_parse(config_setting_get_string(setting), mac);

	if (ret == -EDOM)
		setting_refuse(reader, setting,
			       "is a group address or zero, which no interface "
			       "has as its own");
	else if (ret)
		setting_refuse(reader, setting,
			       "is not a MAC address, such as "
			       "\"02:00:5e:00:53:01\"");
	return !ret;
}

bool setting_service(struct reader *reader, const config_setting_t *setting,
		     struct service *service)
{
	int ret = service_parse(config_setting_get_string(setting), service);

	if (ret == -EDOM)
		setting_refuse(reader, setting,
			       "is port 0, or a range that ends before it "
			       "starts");
	else if (ret == -ENOTSUP)
		setting_refuse(reader, setting,
			       "opens no flow; errors and replies pass with "
			       "the flow that they belong to, so remove it");
	else if (ret)
		setting_refuse(reader, setting,
			       "is not a service, such as \"tcp/443\", "
			       "\"udp/3478-3481\" or \"icmp/echo-request\"");
	return !ret;
}

bool setting_window(struct reader *reader, const config_setting_t *setting,
		    struct window *window)
{
	int ret = window_parse(config_setting_get_string(setting), window);

	if (ret == -EDOM)
		setting_refuse(reader, setting,
			       "ends when it begins; for a whole day write "
			       "\"daily 00:00-24:00\"");
	else if (ret)
		setting_refuse(reader, setting,
			       "is not a time of the week, such as \"Mon-Fri "
			       "09:00-17:00\", \"Sun 22:00-02:00\" or \"daily "
			       "01:00-04:00\"");
	return !ret;
}

unsigned int setting_count(struct reader *reader, const config_setting_t *array,
			   unsigned int max, enum presence presence)
{
	unsigned int n = config_setting_length(array);
	const config_setting_t *first;

	if (!n) {
		if (presence == REQUIRED)
			diag_error(reader->diag, "value",
				   setting_place(reader, array), NULL,
				   "%s%s must not be empty",
				   setting_subject(reader), array->name);
		return 0;
	}
	/* libconfig sees to it that the others are of the same type. */
	first = config_setting_get_elem(array, 0);
	if (config_setting_type(first) != CONFIG_TYPE_STRING) {
		diag_error(reader->diag, "type", setting_place(reader, first),
			   NULL, "%s%s must hold texts in double quotes",
			   setting_subject(reader), array->name);
		return 0;
	}
	if (n > max) {
		diag_error(reader->diag, "limit", setting_place(reader, array),
			   NULL, "%s%s has %u elements; the limit is %u",
			   setting_subject(reader), array->name, n, max);
		return max;
	}
	return n;
}
