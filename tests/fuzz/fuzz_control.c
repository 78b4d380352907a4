// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes of a stranger, through the pure part of the control protocol: split
 * at NUL bytes as control.c does, parsed, and each result put into a reply.
 * Easy to get wrong: a reply is made of what was asked, so it is written out
 * too, and must be JSON again.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/varlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_reply(json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);
	json_t *again;

	assert(text);
	again = json_loads(text, 0, NULL);
	assert(json_is_object(again));
	json_decref(again);
	json_decref(message);
	free(text);
}

static void fuzz_request(const char *bytes, size_t len)
{
	struct varlink_request request;
	json_t *error;
	int rc = varlink_parse(bytes, len, &request, &error);

	assert(rc == 0 || rc == -EINVAL || rc == -EBADMSG);
	assert(rc != -EBADMSG || error);
	if (error) {
		assert(rc);
		fuzz_reply(error);
		return;
	}
	if (rc)
		return;
	assert(request.method >= VARLINK_GET_INFO &&
	       request.method <= VARLINK_VERSION);
	assert(memchr(request.interface, '\0', sizeof(request.interface)));
	assert(memchr(request.file, '\0', sizeof(request.file)));
	assert(request.method != VARLINK_PLAN || request.file[0] == '/');
	varlink_description(request.interface);
	fuzz_reply(varlink_reply(varlink_info(), request.more));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end;

	while (size) {
		end = memchr(at, '\0', size);
		if (!end)
			end = at + size;
		fuzz_request(at, (size_t)(end - at));
		size -= (size_t)(end - at);
		at = end;
		if (size) {
			size--;
			at++;
		}
	}
	return 0;
}
