// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket. Easy to get wrong: a client may send half a request, a
 * thousand at once, or ask for much and read nothing, and nobody else may
 * notice. So one request is handled at a time for each client, the next only
 * when its reply has left; what waits in either direction is bounded; and who
 * is idle for long, or in the way of another, is dropped. Some replies are not
 * ready at once: their clients wait, at no cost, and are looked after whenever
 * anything else has happened.
 */
#include "control.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "actor.h"
#include "answer.h"
#include "engine.h"
#include "log.h"
#include "varlink.h"

#define CONTROL_GROUPS_MAX 1024

struct client {
	struct control *control;
	struct client *next;
	int fd;
	sd_event_source *io, *idle;
	uint64_t active_usec; /* when it was last of use */
	struct ucred peer;
	struct actor actor;
	gid_t *groups;
	size_t n_groups;
	bool ended; /* it will send nothing more */
	bool closing; /* close it when all has been sent */
	size_t in_len;
	char *out; /* what is to be sent, or NULL */
	size_t out_len, out_sent;
	struct answer answer;
	char in[VARLINK_IN_MAX + 1];
};

struct control {
	sd_event *event;
	sd_event_source *source, *post;
	struct answer_source answers;
	struct client *clients;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd;
	gid_t gid; /* of the control group, or (gid_t)-1 */
};

static void control_drop(struct client *client)
{
	struct client **link = &client->control->clients;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	sd_event_source_disable_unref(client->io);
	sd_event_source_disable_unref(client->idle);
	json_decref(client->answer.reply);
	close(client->fd);
	free(client->groups);
	free(client->out);
	free(client);
}

/* The client has done something useful: it may stay for another while. */
static void control_touch(struct client *client)
{
	sd_event_now(client->control->event, CLOCK_MONOTONIC,
		     &client->active_usec);
	sd_event_source_set_time(client->idle,
				 client->active_usec + CONTROL_IDLE_USEC);
}

/* Has it been told all there is, and is more to come? */
static bool control_waits(const struct client *client)
{
	return !client->out && client->answer.continues &&
	       !answer_is_ready(&client->control->answers, &client->answer);
}

static unsigned int control_rights(const struct client *client)
{
	gid_t gid = client->control->gid;
	size_t i;

	if (client->peer.uid == 0)
		return ANSWER_VIEW | ANSWER_OPERATE;
	if (gid == (gid_t)-1)
		return 0;
	if (client->peer.gid == gid)
		return ANSWER_VIEW | ANSWER_OPERATE;
	for (i = 0; i < client->n_groups; i++)
		if (client->groups[i] == gid)
			return ANSWER_VIEW | ANSWER_OPERATE;
	return 0;
}

/* Make @message what is to be sent next. */
static void control_queue(struct client *client, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);
	size_t len;

	json_decref(message);
	len = text ? strlen(text) + 1 : 0;
	if (len > CONTROL_OUT_MAX) {
		free(text);
		message = varlink_error(VARLINK_ERROR "TooLarge", NULL);
		text = json_dumps(message, JSON_COMPACT);
		json_decref(message);
	}
	if (!text)
		abort();
	client->out = text;
	client->out_len = strlen(text) + 1;
	client->out_sent = 0;
}

static size_t control_n_watchers(const struct control *control)
{
	const struct client *client;
	size_t n = 0;

	for (client = control->clients; client; client = client->next)
		n += client->answer.continues &&
		     client->answer.method == VARLINK_WATCH;
	return n;
}

static void control_answer(struct client *client, unsigned int rights,
			   const struct varlink_request *request)
{
	struct control *control = client->control;

	if (rights && request->method == VARLINK_WATCH && !request->oneway &&
	    control_n_watchers(control) >= CONTROL_WATCHERS_MAX) {
		control_queue(client,
			      varlink_error(VARLINK_ERROR "TooManyWatchers",
					    NULL));
		return;
	}
	answer_request(&control->answers, &client->actor, rights, request,
		       &client->answer);
	if (client->answer.reply)
		control_queue(client, client->answer.reply);
	client->answer.reply = NULL;
}

/* One request, without its NUL */
static void control_serve(struct client *client, const char *bytes, size_t len)
{
	unsigned int rights = control_rights(client);
	struct varlink_request request;
	json_t *error;
	int rc;

	client->answer.continues = false;
	client->closing = !rights;
	rc = varlink_parse(bytes, len, &request, &error);
	if (rc == -EBADMSG)
		client->closing = true;
	if (rc) {
		if (error && !rights) {
			json_decref(error);
			error = varlink_error(
				VARLINK_ERROR_SERVICE "PermissionDenied", NULL);
		}
		if (error)
			control_queue(client, error);
		return;
	}
	control_answer(client, rights, &request);
}

/* Is there a whole request, or the next portion of an answer, to be done? */
static bool control_has_work(const struct client *client)
{
	if (client->answer.continues)
		return answer_is_ready(&client->control->answers,
				       &client->answer);
	return !client->closing && (memchr(client->in, '\0', client->in_len) ||
				    client->in_len > VARLINK_IN_MAX);
}

static void control_work(struct client *client)
{
	size_t len;
	char *end;

	control_touch(client);
	if (client->answer.continues) {
		answer_continue(&client->control->answers, &client->answer);
		control_queue(client, client->answer.reply);
		client->answer.reply = NULL;
		return;
	}
	end = memchr(client->in, '\0', client->in_len);
	if (!end) {
		client->closing = true;
		control_queue(client,
			      varlink_error(VARLINK_ERROR "Malformed",
					    json_pack("{ss}", "reason",
						      "the request is too "
						      "long")));
		return;
	}
	len = (size_t)(end - client->in);
	control_serve(client, client->in, len);
	client->in_len -= len + 1;
	memmove(client->in, end + 1, client->in_len);
}

/* Send what is waiting. 0, or -errno when the client is gone */
static int control_send(struct client *client)
{
	ssize_t sent;

	while (client->out_sent < client->out_len) {
		sent = send(client->fd, client->out + client->out_sent,
			    client->out_len - client->out_sent,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? 0 : -errno;
		client->out_sent += (size_t)sent;
		control_touch(client);
	}
	free(client->out);
	client->out = NULL;
	client->out_len = client->out_sent = 0;
	return 0;
}

static int control_receive(struct client *client)
{
	ssize_t got;

	got = recv(client->fd, client->in + client->in_len,
		   sizeof(client->in) - client->in_len, MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (got == 0)
		client->ended = true;
	client->in_len += (size_t)got;
	return 0;
}

/* 0, or -errno when the client is gone */
static int control_step(struct client *client)
{
	if (client->out)
		return control_send(client);
	if (control_has_work(client)) {
		control_work(client);
		return control_send(client);
	}
	return control_receive(client);
}

/*
 * What may wake this client next. One that waits is not read from: it could
 * send without end. That it hangs up is said in any case.
 */
static int control_arm(struct client *client)
{
	bool busy = client->out || control_has_work(client);
	bool waits = control_waits(client);
	int rc;

	if (!busy && !waits && (client->ended || client->closing))
		return -ECONNRESET;
	rc = sd_event_source_set_io_events(client->io, busy  ? EPOLLOUT :
						       waits ? 0 :
							       EPOLLIN);
	if (rc < 0)
		return rc;
	if (waits)
		return sd_event_source_set_enabled(client->idle, SD_EVENT_OFF);
	/* while it waited, its time did not run */
	if (sd_event_source_get_enabled(client->idle, NULL) <= 0)
		control_touch(client);
	return sd_event_source_set_enabled(client->idle, SD_EVENT_ONESHOT);
}

/*
 * One step for one client: so many requests that one client sends at once
 * never keep the others waiting for more than one of them.
 */
static int control_on_client(sd_event_source *source, int fd, uint32_t revents,
			     void *data)
{
	struct client *client = data;

	(void)source;
	(void)fd;
	if (revents & EPOLLERR ||
	    (revents & EPOLLHUP && control_waits(client)) ||
	    control_step(client) || control_arm(client) < 0)
		control_drop(client);
	return 0;
}

/* Something has happened: are there replies to those who wait for them? */
static int control_on_post(sd_event_source *source, void *data)
{
	struct control *control = data;
	struct client *client, *next;

	(void)source;
	for (client = control->clients; client; client = next) {
		next = client->next;
		if (client->answer.continues && !client->out &&
		    control_arm(client) < 0)
			control_drop(client);
	}
	return 0;
}

static int control_on_idle(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	control_drop(data);
	return 0;
}

/*
 * Is @a to make room rather than @b? Root's clients last; of others, whoever
 * waits for a reply last; of those, whoever has been of no use for longest.
 */
static bool control_is_lesser(const struct client *a, const struct client *b)
{
	bool root_a = a->peer.uid == 0, root_b = b->peer.uid == 0;
	bool waits_a = control_waits(a), waits_b = control_waits(b);

	if (root_a != root_b)
		return root_b;
	if (waits_a != waits_b)
		return waits_b;
	return a->active_usec < b->active_usec;
}

static void control_make_room(struct control *control, uid_t uid)
{
	struct client *client, *least = NULL;
	size_t n_all = 0, n_other = 0;

	for (client = control->clients; client; client = client->next) {
		n_all++;
		n_other += client->peer.uid != 0;
		if (!least || control_is_lesser(client, least))
			least = client;
	}
	if (n_all >= CONTROL_CLIENTS_MAX ||
	    (uid != 0 && n_other >= CONTROL_CLIENTS_OTHER))
		control_drop(least);
}

/* The peer's supplementary groups; none if the kernel will not say */
static void control_ask_groups(struct client *client)
{
	gid_t groups[CONTROL_GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return;
	client->groups = malloc(len + 1);
	if (!client->groups)
		abort();
	memcpy(client->groups, groups, len);
	client->n_groups = len / sizeof(groups[0]);
}

static int control_add_client(struct control *control, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	socklen_t len = sizeof(client->peer);
	int rc;

	if (!client)
		abort();
	client->control = control;
	client->fd = fd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->peer, &len) < 0) {
		rc = -errno;
		free(client);
		return rc;
	}
	control_make_room(control, client->peer.uid);
	client->next = control->clients;
	control->clients = client;
	client->actor = actor_of("control", client->peer.uid, client->peer.pid);
	control_ask_groups(client);
	rc = sd_event_add_time_relative(control->event, &client->idle,
					CLOCK_MONOTONIC, CONTROL_IDLE_USEC, 0,
					control_on_idle, client);
	if (rc >= 0)
		rc = sd_event_add_io(control->event, &client->io, fd, EPOLLIN,
				     control_on_client, client);
	if (rc < 0) {
		client->fd = -1; /* the caller's again */
		control_drop(client);
		return rc;
	}
	sd_event_now(control->event, CLOCK_MONOTONIC, &client->active_usec);
	return 0;
}

static int control_on_accept(sd_event_source *source, int fd, uint32_t revents,
			     void *data)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source;
	(void)revents;
	if (client >= 0 && control_add_client(data, client))
		close(client);
	return 0;
}

gid_t control_gid(const char *name)
{
	const struct group *group = getgrnam(name);

	return group ? group->gr_gid : (gid_t)-1;
}

void control_permit(struct control *control, const char *group)
{
	gid_t gid = control_gid(group);
	struct log_line line;
	const char *why = NULL;

	if (gid == (gid_t)-1)
		why = "there is no such group";
	else if (chown(control->path, (uid_t)-1, gid) < 0)
		why = "the daemon is not in the group; start it anew";
	else if (chmod(control->path, 0660) < 0)
		why = "the socket's mode cannot be set";
	control->gid = gid;
	if (!why)
		return;
	chmod(control->path, 0600);
	log_begin(&line, "SEKI-GROUP",
		  "Only root can use the control socket: %s", why);
	log_add_text(&line, "group", group);
	log_end(&line, LOG_WARNING);
}

static int control_bind(struct control *control)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int rc;

	memcpy(addr.sun_path, control->path, sizeof(addr.sun_path));
	control->fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return -errno;
	/* the lock on the run directory says that no other daemon has it */
	if (unlink(control->path) < 0 && errno != ENOENT)
		return -errno;
	mask = umask(0177);
	rc = bind(control->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ?
		     -errno :
		     0;
	umask(mask);
	if (!rc && listen(control->fd, CONTROL_CLIENTS_MAX) < 0)
		rc = -errno;
	return rc;
}

int control_open(sd_event *event, const char *path, struct engine *engine,
		 struct records *records, struct control **control)
{
	struct control *made = calloc(1, sizeof(*made));
	int rc = -ENAMETOOLONG;

	if (!made)
		abort();
	made->event = event;
	made->answers.engine = engine;
	made->answers.records = records;
	made->gid = (gid_t)-1;
	made->fd = -1;
	if (strlen(path) >= sizeof(made->path))
		goto fail;
	strcpy(made->path, path);
	rc = control_bind(made);
	if (rc)
		goto fail;
	rc = sd_event_add_io(event, &made->source, made->fd, EPOLLIN,
			     control_on_accept, made);
	if (rc >= 0)
		rc = sd_event_add_post(event, &made->post, control_on_post,
				       made);
	if (rc < 0)
		goto fail;
	*control = made;
	return 0;
fail:
	sd_event_source_disable_unref(made->source);
	if (made->fd >= 0)
		close(made->fd);
	free(made);
	return rc;
}

/* What there is to tell still, as far as the socket takes it */
static void control_finish(struct client *client)
{
	int rc = 0;

	while (!rc && !client->out && client->answer.continues &&
	       control_has_work(client)) {
		control_work(client);
		rc = control_send(client);
	}
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (control->clients) {
		control_finish(control->clients);
		control_drop(control->clients);
	}
	sd_event_source_disable_unref(control->source);
	sd_event_source_disable_unref(control->post);
	unlink(control->path);
	close(control->fd);
	free(control);
}
