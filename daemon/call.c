// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The caller's side of the control protocol. Easy to get wrong: one read is
 * not one reply. A reply ends at its NUL, which may come in the middle of what
 * was read, with the next reply behind it.
 */
#include "call.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "varlink.h"

#define CALL_REPLY_MAX (64u << 20) /* bytes */
#define CALL_WAIT_MSEC (120 * 1000)

struct call {
	int fd;
	char *buf;
	size_t len, size;
};

int call_open(const char *path, struct call **call)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct call *made;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	made = calloc(1, sizeof(*made));
	if (!made)
		abort();
	made->fd = fd;
	*call = made;
	return 0;
}

void call_close(struct call *call)
{
	if (!call)
		return;
	close(call->fd);
	free(call->buf);
	free(call);
}

int call_send(struct call *call, const char *method, json_t *parameters,
	      bool more)
{
	json_t *json =
		json_pack("{so}", "method",
			  json_sprintf("%s.%s", VARLINK_INTERFACE, method));
	char *text;
	size_t len, at = 0;
	ssize_t sent = 0;

	if (!json || (more && json_object_set_new(json, "more", json_true())) ||
	    (parameters && json_object_set_new(json, "parameters", parameters)))
		abort();
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (!text)
		abort();
	len = strlen(text) + 1;
	while (at < len) {
		sent = send(call->fd, text + at, len - at, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			break;
		at += (size_t)sent;
	}
	free(text);
	return at < len ? -errno : 0;
}

/* Read some more. 0 or -errno */
static int call_fill(struct call *call)
{
	struct pollfd wait = { .fd = call->fd, .events = POLLIN };
	ssize_t got;
	int rc;

	if (call->len == call->size) {
		call->size = call->size ? 2 * call->size : 64 << 10;
		if (call->size > CALL_REPLY_MAX)
			return -EBADMSG;
		call->buf = realloc(call->buf, call->size);
		if (!call->buf)
			abort();
	}
	do
		rc = poll(&wait, 1, CALL_WAIT_MSEC);
	while (rc < 0 && errno == EINTR);
	if (rc <= 0)
		return rc ? -errno : -ETIMEDOUT;
	got = recv(call->fd, call->buf + call->len, call->size - call->len, 0);
	if (got <= 0)
		return got ? -errno : -ECONNRESET;
	call->len += (size_t)got;
	return 0;
}

/* Is a whole reply there? @seen bytes are without a NUL, then and now. */
static bool call_has_end(const struct call *call, size_t *seen)
{
	while (*seen < call->len && call->buf[*seen])
		(*seen)++;
	return *seen < call->len;
}

int call_receive(struct call *call, json_t **reply)
{
	size_t seen = 0, used;
	json_t *json;
	int rc;

	while (!call_has_end(call, &seen)) {
		rc = call_fill(call);
		if (rc)
			return rc;
	}
	used = seen + 1;
	json = json_loadb(call->buf, used - 1, 0, NULL);
	call->len -= used;
	memmove(call->buf, call->buf + used, call->len);
	if (!json_is_object(json)) {
		json_decref(json);
		return -EBADMSG;
	}
	*reply = json;
	return 0;
}

/* Add the arrays of a further portion to those of the first. */
static void call_join(json_t *all, const json_t *portion)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)portion, key, value) {
		if (json_is_array(value))
			json_array_extend(json_object_get(all, key),
					  (json_t *)value);
	}
}

int call_collect(struct call *call, json_t **reply)
{
	json_t *all = NULL, *message;
	bool continues = true;
	int rc;

	while (continues) {
		rc = call_receive(call, &message);
		if (rc) {
			json_decref(all);
			return rc;
		}
		continues = json_is_true(json_object_get(message, "continues"));
		if (!all || json_object_get(message, "error")) {
			json_decref(all);
			all = message;
			continue;
		}
		call_join(json_object_get(all, "parameters"),
			  json_object_get(message, "parameters"));
		json_decref(message);
	}
	*reply = all;
	return 0;
}
