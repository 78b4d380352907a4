// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names and values of sysctls. Easy to get wrong: a name becomes a path that
 * is opened for writing, so what could leave /proc/sys/net must not come out
 * of here as a name; and an interface may have dots in its name, which do not
 * separate anything.
 */
#include "claim.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define BLANKS " \t"

static bool claim_is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

/* What stands between blanks; NULL if it is longer than @max or empty. */
static char *claim_trim(const char *text, size_t len, size_t max,
			struct arena *arena)
{
	while (len && strchr(BLANKS, text[len - 1]))
		len--;
	while (len && strchr(BLANKS, *text)) {
		text++;
		len--;
	}
	return len && len <= max ? arena_copy(arena, text, len) : NULL;
}

/* Parts with dots between them, none empty or hidden, and no other marks */
static bool claim_is_name(const char *name)
{
	const char *c;

	for (c = name; *c; c++) {
		bool first = c == name || c[-1] == '.';

		if (*c == '.' && (first || !c[1]))
			return false;
		/* a dot in a part: an interface's, not at its ends, not two */
		if (*c == '/' &&
		    (first || !claim_is_word(c[1]) || !claim_is_word(c[-1])))
			return false;
		if (*c != '.' && *c != '/' && !claim_is_word(*c))
			return false;
	}
	return *name && strlen(name) <= CLAIM_NAME_MAX;
}

/* "." for "/" and the reverse */
static void claim_swap(char *name)
{
	for (; *name; name++) {
		if (*name == '.')
			*name = '/';
		else if (*name == '/')
			*name = '.';
	}
}

/* Words with one space between them; NULL if there is anything else. */
static const char *claim_value(char *value)
{
	char *to = value;
	const char *from;

	for (from = value; *from; from++) {
		if (strchr(BLANKS, *from)) {
			if (to[-1] != ' ')
				*to++ = ' ';
			continue;
		}
		if (!claim_is_word(*from) && !strchr(".,:+", *from))
			return NULL;
		*to++ = *from;
	}
	*to = '\0';
	return value;
}

enum claim_fault claim_parse(const char *text, struct arena *arena,
			     struct sysctl_claim *claim)
{
	const char *equals = strchr(text, '=');
	char *name, *value;
	size_t first;

	if (!equals)
		return CLAIM_FORM;
	name = claim_trim(text, equals - text, CLAIM_NAME_MAX, arena);
	value = claim_trim(equals + 1, strlen(equals + 1), CLAIM_VALUE_MAX,
			   arena);
	if (!name)
		return CLAIM_NAME;
	first = strcspn(name, "./");
	if (name[first] == '/')
		claim_swap(name);
	if (!claim_is_name(name))
		return CLAIM_NAME;
	if (strncmp(name, "net.", 4) != 0)
		return CLAIM_OUTSIDE;
	if (!value || !claim_value(value))
		return CLAIM_VALUE;
	*claim = (struct sysctl_claim){ .name = name, .value = value };
	return CLAIM_FINE;
}

const char *claim_path(const char *name, struct arena *arena)
{
	char *path;

	if (!claim_is_name(name) || strncmp(name, "net.", 4) != 0)
		return NULL;
	path = arena_copy(arena, name, strlen(name));
	claim_swap(path);
	return path;
}

const char *claim_of_interface(const char *head, const char *interface,
			       const char *leaf, struct arena *arena)
{
	char *part = arena_copy(arena, interface, strlen(interface));

	claim_swap(part);
	return arena_printf(arena, "%s%s%s", head, part, leaf);
}

/* @len bytes of digits, as the kernel reads them: 0x and 0 have a meaning */
static bool claim_digits(const char *text, size_t len, long *number)
{
	char buf[32], *end;

	if (!len || len >= sizeof(buf))
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	*number = strtol(buf, &end, 0);
	return !*end && (*buf == '-' || (*buf >= '0' && *buf <= '9'));
}

bool claim_number(const char *value, long *number)
{
	return claim_digits(value, strlen(value), number);
}

bool claim_holds(const char *wanted, const char *is)
{
	long a, b;

	for (;;) {
		size_t n, m;

		wanted += strspn(wanted, BLANKS);
		is += strspn(is, BLANKS);
		n = strcspn(wanted, BLANKS);
		m = strcspn(is, BLANKS);
		if (!n || !m)
			return n == m;
		if ((n != m || memcmp(wanted, is, n) != 0) &&
		    (!claim_digits(wanted, n, &a) || !claim_digits(is, m, &b) ||
		     a != b))
			return false;
		wanted += n;
		is += m;
	}
}
