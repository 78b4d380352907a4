// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The options of "allow". Easy to get wrong: what is right is for the daemon to
 * say, which knows the configuration; here it is only seen to that it can be
 * asked, and that an option that is given twice by mistake is not passed over.
 */
#include "request.h"

#include <stdlib.h>

#include "argument.h"

#define REQUEST_SECONDS_MAX (366 * 86400ull) /* the daemon wants far less */

/* Each of these stands for one element of an array. */
static bool request_add(json_t *request, const char *key, json_t *value)
{
	json_t *array = json_object_get(request, key);

	if (!array) {
		array = json_array();
		if (json_object_set_new(request, key, array))
			abort();
	}
	/* what is not UTF-8 is no value */
	return !json_array_append_new(array, value);
}

static bool request_set(json_t *request, const char *key, json_t *value)
{
	if (!json_object_get(request, key))
		return !json_object_set_new(request, key, value);
	json_decref(value);
	return false;
}

bool request_option(json_t **request, int option, const char *value)
{
	uint64_t seconds;

	if (!*request)
		*request = json_object();
	switch (option) {
	case REQUEST_FOR:
		return argument_duration(value, REQUEST_SECONDS_MAX,
					 &seconds) &&
		       request_set(*request, "seconds",
				   json_integer((json_int_t)seconds));
	case REQUEST_FROM:
		return request_add(*request, "from", json_string(value));
	case REQUEST_TO:
		return request_add(*request, "to", json_string(value));
	case REQUEST_SERVICE:
		return request_add(*request, "services", json_string(value));
	case REQUEST_BIND:
		return request_set(*request, "bind", json_string(value));
	case REQUEST_KIND:
		return request_set(*request, "kind", json_string(value));
	case REQUEST_APPROVED_BY:
		return request_set(*request, "approved_by", json_string(value));
	case REQUEST_APPROVAL:
		return request_set(*request, "approval", json_string(value));
	}
	return false;
}

bool request_finish(json_t *request, const char *name, const char *reason)
{
	static const char *const keys[] = { "seconds", "from", "to", "services",
					    "reason" };
	size_t i;

	if (reason && !request_set(request, "reason", json_string(reason)))
		return false;
	if (name && !request_set(request, "name", json_string(name)))
		return false;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!json_object_get(request, keys[i]))
			return false;
	return true;
}
