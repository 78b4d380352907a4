// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket with an engine that the test plays: replies that are not
 * ready at once, and replies without end. Server and clients are in one process
 * and one loop, which is turned until there is nothing left to do. Easy to get
 * wrong: that something did not come, or that nobody was woken, can only be
 * said of a loop that has come to rest.
 */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "actor.h"
#include "control.h"
#include "diag.h"
#include "engine.h"
#include "file.h"
#include "history.h"
#include "links.h"
#include "planner.h"
#include "record.h"
#include "varlink.h"

/* ---- the engine ---- */

/* What was kept: what comes of loading it, by number */
struct history {
	int loads[8];
	int64_t left; /* to confirm */
};

struct engine {
	uint64_t audited;
	int n_requested;
	struct history history;
	uint64_t previous;
	/* the last order that was carried out or refused */
	struct engine_order order;
	char path[256], why[VARLINK_WHY_MAX + 1];
	int n_orders, n_written; /* of them in the journal */
	int rc; /* that orders come to */
	bool swept;
	struct diag diag;
};

uint64_t engine_audited(const struct engine *engine)
{
	return engine->audited;
}

void engine_request_audit(struct engine *engine)
{
	engine->n_requested++;
}

json_t *engine_audit_json(const struct engine *engine)
{
	return json_pack("{s[{sI}]}", "concerns", "since",
			 (json_int_t)engine->audited);
}

json_t *planner_reply(struct engine *engine, const struct actor *actor,
		      const char *file, bool nft, uint64_t now_usec)
{
	(void)engine;
	(void)actor;
	(void)now_usec;
	return varlink_reply(json_pack("{ss sb}", "file", file, "nft", nft),
			     false);
}

json_t *engine_drift_json(const struct engine *engine)
{
	(void)engine;
	return json_pack("{ss}", "mode", "repair");
}

enum engine_state engine_state(const struct engine *engine)
{
	(void)engine;
	return ENGINE_DRIFTED;
}

const char *engine_state_name(enum engine_state state)
{
	return state == ENGINE_DRIFTED ? "drifted" : "?";
}

uint64_t engine_serial(const struct engine *engine)
{
	(void)engine;
	return 1;
}

void engine_write_journal(struct engine *engine)
{
	engine->n_written = engine->n_orders;
}

/* What the rest of the protocol would need; not asked for here */

void engine_verify(struct engine *engine, uint64_t now_usec)
{
	(void)engine;
	(void)now_usec;
	abort();
}

void engine_status(const struct engine *engine, struct show_status *status)
{
	(void)engine;
	(void)status;
	abort();
}

const struct policy *engine_policy(const struct engine *engine)
{
	(void)engine;
	abort();
}

const struct terms *engine_terms(const struct engine *engine)
{
	(void)engine;
	abort();
}

static void engine_copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "-");
}

int engine_apply(struct engine *engine, const struct actor *actor,
		 const struct engine_order *order, uint64_t now_usec,
		 struct engine_outcome *outcome)
{
	(void)now_usec;
	ck_assert_str_eq(actor->how, "control");
	ck_assert_ptr_nonnull(order->why);
	memset(outcome, 0, sizeof(*outcome));
	engine->n_orders++;
	engine->order = *order;
	engine_copy(engine->path, sizeof(engine->path), order->path);
	engine_copy(engine->why, sizeof(engine->why), order->why);
	outcome->diag = &engine->diag;
	outcome->refused = engine->rc != 0;
	outcome->reason = "No such luck";
	strcpy(outcome->from, "old");
	strcpy(outcome->to, engine->rc ? "" : "new");
	outcome->edited = true;
	outcome->generation = 40;
	outcome->number = 7;
	outcome->swept = engine->swept;
	outcome->n_ended = 3;
	if (!engine->rc)
		engine->history.left = order->confirm_seconds ?
					       (int64_t)order->confirm_seconds :
					       -1;
	return engine->rc;
}

int engine_allow(struct engine *engine, const struct actor *actor,
		 const struct engine_grant *grant, uint64_t now_usec,
		 struct engine_outcome *outcome, struct engine_granted *granted)
{
	(void)engine;
	(void)actor;
	(void)grant;
	(void)now_usec;
	(void)outcome;
	(void)granted;
	abort();
}

int engine_disallow(struct engine *engine, const struct actor *actor,
		    const char *name, uint64_t now_usec,
		    struct engine_outcome *outcome)
{
	(void)engine;
	(void)actor;
	(void)name;
	(void)now_usec;
	(void)outcome;
	abort();
}

json_t *engine_allowed_json(const struct engine *engine, uint64_t now_usec)
{
	(void)engine;
	(void)now_usec;
	abort();
}

void engine_outcome_free(struct engine_outcome *outcome)
{
	ck_assert_ptr_nonnull(outcome->diag);
	outcome->diag = NULL;
}

int engine_confirm(struct engine *engine, const struct actor *actor,
		   uint64_t now_usec)
{
	(void)actor;
	(void)now_usec;
	if (engine->history.left < 0)
		return -ENOENT;
	engine->history.left = -1;
	return 0;
}

uint64_t engine_previous(const struct engine *engine)
{
	return engine->previous;
}

const struct history *engine_history(const struct engine *engine)
{
	return &engine->history;
}

int64_t history_seconds_left(const struct history *history)
{
	return history->left;
}

uint64_t history_running(const struct history *history)
{
	(void)history;
	return 7;
}

int history_load(const struct history *history, uint64_t number,
		 const struct file_config *earlier, struct file_config *config)
{
	(void)earlier;
	memset(config, 0, sizeof(*config));
	return number < 8 ? history->loads[number] : -ENOENT;
}

void file_unload(struct file_config *config)
{
	(void)config;
}

json_t *history_json(const struct history *history)
{
	return json_pack("{sI}", "seconds_left", (json_int_t)history->left);
}

json_t *history_files_json(const struct history *history, uint64_t number,
			   bool with_texts)
{
	if (number >= 8 || history->loads[number])
		return NULL;
	return json_pack("{sI s[{ss ss?}]}", "number", (json_int_t)number,
			 "files", "name", "sekimori.conf", "text",
			 with_texts ? "a\tb" : NULL);
}

json_t *planner_forbid(const struct engine *engine, const struct actor *actor,
		       const char *file)
{
	(void)engine;
	(void)actor;
	return strncmp(file, "/etc/", 5) ?
		       varlink_error(VARLINK_ERROR "Elsewhere", NULL) :
		       NULL;
}

json_t *planner_diff(struct engine *engine, uint64_t from, uint64_t to,
		     uint64_t now_usec)
{
	(void)engine;
	(void)now_usec;
	return varlink_reply(json_pack("{sI sI}", "from", (json_int_t)from,
				       "to", (json_int_t)to),
			     false);
}

int engine_withdraw(struct engine *engine, const struct actor *actor,
		    uint64_t now_usec)
{
	(void)engine;
	(void)actor;
	(void)now_usec;
	abort();
}

const struct show_count *engine_counts(struct engine *engine, uint64_t now_usec,
				       size_t *n_counts)
{
	(void)engine;
	(void)now_usec;
	(void)n_counts;
	abort();
}

int links_list(struct arena *arena, struct surroundings *around)
{
	(void)arena;
	(void)around;
	abort();
}

/* ---- the world ---- */

struct world {
	struct engine engine;
	struct records *records;
	struct control *control;
	sd_event *event;
	char dir[64], path[96];
};

static void world_open(struct world *world)
{
	const struct group *group = getgrgid(getgid());

	memset(world, 0, sizeof(*world));
	world->engine.history.left = -1;
	strcpy(world->dir, "/tmp/sekimori-control.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(world->dir));
	snprintf(world->path, sizeof(world->path), "%s/sock", world->dir);
	world->records = records_new();
	ck_assert_int_ge(sd_event_new(&world->event), 0);
	ck_assert_int_eq(control_open(world->event, world->path, &world->engine,
				      world->records, &world->control),
			 0);
	ck_assert_ptr_nonnull(group);
	control_permit(world->control, group->gr_name);
}

static void world_close(struct world *world)
{
	control_close(world->control);
	sd_event_unref(world->event);
	records_free(world->records);
	ck_assert_int_eq(rmdir(world->dir), 0);
}

/* Turn the loop until it rests. It must not take for ever. */
static void world_rest(struct world *world)
{
	int turns = 0, rc;

	while ((rc = sd_event_run(world->event, 0)) > 0)
		ck_assert_int_lt(turns++, 100000);
	ck_assert_int_eq(rc, 0);
}

static int world_on_event(sd_event_source *source, void *data)
{
	(void)source;
	(void)data;
	return 0;
}

/* Let something happen, whatever it is. */
static void world_nudge(struct world *world)
{
	ck_assert_int_ge(sd_event_add_defer(world->event, NULL, world_on_event,
					    NULL),
			 0);
	world_rest(world);
}

static void world_log(struct world *world, int n, size_t size)
{
	char *text = calloc(1, size + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', size);
	while (n--)
		records_add(world->records,
			    json_pack("{sIss}", "number",
				      (json_int_t)records_next(world->records),
				      "text", text));
	free(text);
	world_nudge(world);
}

static int client_open(struct world *world)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, world->path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	world_rest(world);
	return fd;
}

static void client_send(struct world *world, int fd, const char *method,
			const char *also)
{
	char text[256];
	int len = snprintf(text, sizeof(text),
			   "{\"method\":\"jp.sekimori.Control.%s\"%s}", method,
			   also);

	ck_assert_int_eq(send(fd, text, (size_t)len + 1, MSG_NOSIGNAL),
			 len + 1);
	world_rest(world);
}

/* The next reply, or NULL: none has come; the daemon rests, so none will. */
static json_t *client_receive(struct world *world, int fd)
{
	char text[16384], *end = NULL;
	size_t len = 0;
	ssize_t got;

	while (!end) {
		/* no further than to the end of this reply */
		got = recv(fd, text + len, sizeof(text) - len,
			   MSG_DONTWAIT | MSG_PEEK);
		if (got < 0 && errno == EAGAIN && len) {
			world_rest(world);
			continue;
		}
		if (got <= 0)
			return NULL;
		end = memchr(text + len, '\0', (size_t)got);
		if (end)
			got = end + 1 - (text + len);
		ck_assert_int_eq(recv(fd, text + len, (size_t)got, 0), got);
		len += (size_t)got;
	}
	return json_loads(text, 0, NULL);
}

static bool client_is_hung_up_on(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void expect_error(struct world *world, int fd, const char *name)
{
	json_t *reply = client_receive(world, fd);
	const char *error = json_string_value(json_object_get(reply, "error"));

	ck_assert_ptr_nonnull(error);
	ck_assert_str_eq(strrchr(error, '.') + 1, name);
	json_decref(reply);
}

/* The parameters of a reply that is not an error; borrowed from @reply */
static json_t *expect_reply(struct world *world, int fd, bool continues,
			    json_t **reply)
{
	*reply = client_receive(world, fd);
	ck_assert_ptr_nonnull(*reply);
	ck_assert_ptr_null(json_object_get(*reply, "error"));
	ck_assert_int_eq(json_is_true(json_object_get(*reply, "continues")),
			 continues);
	return json_object_get(*reply, "parameters");
}

static void expect_version(struct world *world, int fd)
{
	json_t *reply;
	json_t *version = json_object_get(
		expect_reply(world, fd, false, &reply), "version");

	ck_assert(json_is_string(version));
	json_decref(reply);
}

/* The number of the record that comes next; and how many were missed */
static long long expect_record(struct world *world, int fd, long long *missed)
{
	json_t *reply, *parameters = expect_reply(world, fd, true, &reply);
	json_t *record = json_object_get(parameters, "record");
	long long number =
		json_integer_value(json_object_get(record, "number"));

	*missed = json_integer_value(json_object_get(parameters, "missed"));
	json_decref(reply);
	return number;
}

static int watcher_open(struct world *world)
{
	int fd = client_open(world);
	json_t *reply, *parameters;

	client_send(world, fd, "Watch", ",\"more\":true");
	parameters = expect_reply(world, fd, true, &reply);
	ck_assert(json_is_null(json_object_get(parameters, "record")));
	ck_assert_int_eq(
		json_integer_value(json_object_get(parameters, "missed")), 0);
	json_decref(reply);
	return fd;
}

/* ---- what is tested ---- */

START_TEST(drift_is_told)
{
	struct world world;
	json_t *reply, *parameters;
	int fd;

	world_open(&world);
	fd = client_open(&world);
	client_send(&world, fd, "Drift", "");
	parameters = expect_reply(&world, fd, false, &reply);
	ck_assert_str_eq(json_string_value(json_object_get(parameters, "mode")),
			 "repair");
	json_decref(reply);
	close(fd);
	world_close(&world);
}
END_TEST

START_TEST(audit_waits_and_nobody_else)
{
	struct world world;
	json_t *reply, *parameters, *concern;
	int fd, other;

	world_open(&world);
	fd = client_open(&world);
	other = client_open(&world);
	client_send(&world, fd, "Audit", "");
	client_send(&world, fd, "Version", "");
	ck_assert_int_eq(world.engine.n_requested, 1);
	ck_assert_ptr_null(client_receive(&world, fd));
	client_send(&world, other, "Version", "");
	expect_version(&world, other);
	ck_assert_ptr_null(client_receive(&world, fd));
	world.engine.audited = 7;
	world_nudge(&world);
	parameters = expect_reply(&world, fd, false, &reply);
	ck_assert_str_eq(
		json_string_value(json_object_get(parameters, "state")),
		"drifted");
	concern = json_array_get(json_object_get(parameters, "concerns"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(concern, "since")),
			 7);
	json_decref(reply);
	/* what was asked behind it comes behind it */
	expect_version(&world, fd);
	close(fd);
	close(other);
	world_close(&world);
}
END_TEST

START_TEST(audit_outlives_a_half_close)
{
	struct world world;
	json_t *reply;
	int fd;

	world_open(&world);
	fd = client_open(&world);
	client_send(&world, fd, "Audit", "");
	shutdown(fd, SHUT_WR);
	world_nudge(&world);
	ck_assert(!client_is_hung_up_on(fd));
	world.engine.audited = 1;
	world_nudge(&world);
	expect_reply(&world, fd, false, &reply);
	json_decref(reply);
	ck_assert(client_is_hung_up_on(fd));
	close(fd);
	world_close(&world);
}
END_TEST

START_TEST(audit_of_one_way_has_no_reply)
{
	struct world world;
	int fd;

	world_open(&world);
	fd = client_open(&world);
	client_send(&world, fd, "Audit", ",\"oneway\":true");
	ck_assert_int_eq(world.engine.n_requested, 1);
	client_send(&world, fd, "Version", "");
	expect_version(&world, fd);
	world.engine.audited = 1;
	world_nudge(&world);
	ck_assert_ptr_null(client_receive(&world, fd));
	close(fd);
	world_close(&world);
}
END_TEST

START_TEST(watcher_is_told_what_comes)
{
	struct world world;
	long long missed;
	int fd, i;

	world_open(&world);
	world_log(&world, 5, 10);
	fd = watcher_open(&world);
	ck_assert_ptr_null(client_receive(&world, fd));
	world_log(&world, 3, 10);
	for (i = 6; i <= 8; i++) {
		ck_assert_int_eq(expect_record(&world, fd, &missed), i);
		ck_assert_int_eq(missed, 0);
	}
	ck_assert_ptr_null(client_receive(&world, fd));
	/* what it says while it watches waits, and costs nothing */
	client_send(&world, fd, "Version", "");
	ck_assert_ptr_null(client_receive(&world, fd));
	world_log(&world, 1, 10);
	ck_assert_int_eq(expect_record(&world, fd, &missed), 9);
	close(fd);
	world_close(&world);
}
END_TEST

START_TEST(watch_needs_more)
{
	struct world world;
	int fd;

	world_open(&world);
	fd = client_open(&world);
	client_send(&world, fd, "Watch", "");
	expect_error(&world, fd, "ExpectedMore");
	client_send(&world, fd, "Version", "");
	expect_version(&world, fd);
	close(fd);
	world_close(&world);
}
END_TEST

/* More than a socket holds, and more than is remembered */
START_TEST(slow_watcher_is_told_what_it_missed)
{
	long long missed, number, last = 0, n_missed = 0;
	const int n = 4 * RECORDS_MAX;
	struct world world;
	int fd, i;

	world_open(&world);
	fd = watcher_open(&world);
	for (i = 0; i < n; i += 4)
		world_log(&world, 4, 3000);
	while (last < n) {
		number = expect_record(&world, fd, &missed);
		ck_assert_int_eq(number, last + missed + 1);
		n_missed += missed;
		last = number;
		world_rest(&world);
	}
	ck_assert_int_gt(n_missed, n / 2);
	ck_assert_int_le(n_missed, n - RECORDS_MAX);
	world_log(&world, 1, 10);
	ck_assert_int_eq(expect_record(&world, fd, &missed), n + 1);
	ck_assert_int_eq(missed, 0);
	close(fd);
	world_close(&world);
}
END_TEST

START_TEST(watchers_are_few)
{
	int fds[CONTROL_WATCHERS_MAX], extra, i;
	struct world world;
	long long missed;

	world_open(&world);
	for (i = 0; i < CONTROL_WATCHERS_MAX; i++)
		fds[i] = watcher_open(&world);
	extra = client_open(&world);
	client_send(&world, extra, "Watch", ",\"more\":true");
	expect_error(&world, extra, "TooManyWatchers");
	/* one that hangs up is noticed, though nobody reads from it */
	close(fds[3]);
	world_rest(&world);
	close(extra);
	fds[3] = watcher_open(&world);
	world_log(&world, 1, 10);
	for (i = 0; i < CONTROL_WATCHERS_MAX; i++) {
		ck_assert_int_eq(expect_record(&world, fds[i], &missed), 1);
		close(fds[i]);
	}
	world_close(&world);
}
END_TEST

START_TEST(watcher_keeps_its_place)
{
	int fd, idle[2 * CONTROL_CLIENTS_MAX], i;
	struct world world;
	long long missed;

	world_open(&world);
	fd = watcher_open(&world);
	for (i = 0; i < 2 * CONTROL_CLIENTS_MAX; i++)
		idle[i] = client_open(&world);
	ck_assert(client_is_hung_up_on(idle[0]));
	ck_assert(!client_is_hung_up_on(idle[2 * CONTROL_CLIENTS_MAX - 1]));
	world_log(&world, 1, 10);
	ck_assert_int_eq(expect_record(&world, fd, &missed), 1);
	for (i = 0; i < 2 * CONTROL_CLIENTS_MAX; i++)
		close(idle[i]);
	close(fd);
	world_close(&world);
}
END_TEST

START_TEST(watcher_hears_the_last_words)
{
	struct world world;
	json_t *reply;
	int fd, audit;

	world_open(&world);
	fd = watcher_open(&world);
	audit = client_open(&world);
	client_send(&world, audit, "Audit", "");
	records_add(world.records, json_pack("{si}", "number", 1));
	control_close(world.control);
	world.control = NULL;
	expect_reply(&world, fd, true, &reply);
	json_decref(reply);
	ck_assert(client_is_hung_up_on(fd));
	ck_assert(client_is_hung_up_on(audit));
	close(fd);
	close(audit);
	world_close(&world);
}
END_TEST

/* One call, one reply that is not an error */
static json_t *ask(struct world *world, const char *method,
		   const char *parameters, json_t **reply)
{
	char also[512];
	int fd = client_open(world);
	json_t *found;

	snprintf(also, sizeof(also), ",\"parameters\":{%s}", parameters);
	client_send(world, fd, method, also);
	found = expect_reply(world, fd, false, reply);
	close(fd);
	world_rest(world);
	return found;
}

/* One call that is refused; @number: that it names, or -1 */
static void ask_in_vain(struct world *world, const char *method,
			const char *parameters, const char *error,
			long long number)
{
	char also[512];
	int fd = client_open(world);
	json_t *reply, *named;

	snprintf(also, sizeof(also), ",\"parameters\":{%s}", parameters);
	client_send(world, fd, method, also);
	reply = client_receive(world, fd);
	ck_assert_str_eq(
		strrchr(json_string_value(json_object_get(reply, "error")),
			'.') +
			1,
		error);
	named = json_object_get(json_object_get(reply, "parameters"), "number");
	ck_assert_int_eq(named ? json_integer_value(named) : -1, number);
	json_decref(reply);
	close(fd);
	world_rest(world);
}

static long long number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	ck_assert_msg(json_is_integer(value), "%s", key);
	return json_integer_value(value);
}

START_TEST(reload_is_apply_of_nothing)
{
	static const char *const methods[] = { "Reload", "Apply" };
	struct world world;
	json_t *reply, *found;
	size_t i;

	world_open(&world);
	for (i = 0; i < 2; i++) {
		found = ask(&world, methods[i], "", &reply);
		ck_assert_int_eq(world.engine.n_orders, (int)i + 1);
		ck_assert_int_eq(world.engine.n_written, (int)i + 1);
		ck_assert_str_eq(world.engine.path, "-");
		ck_assert_str_eq(world.engine.why, "");
		ck_assert_uint_eq(world.engine.order.generation, 0);
		ck_assert_uint_eq(world.engine.order.confirm_seconds, 0);
		ck_assert_int_eq(number_of(found, "number"), 7);
		ck_assert_int_eq(number_of(found, "generation"), 40);
		ck_assert_int_eq(number_of(found, "confirm_seconds"), 0);
		ck_assert(
			json_is_null(json_object_get(found, "confirm_until")));
		ck_assert(
			json_is_null(json_object_get(found, "sessions_ended")));
		json_decref(reply);
	}
	world_close(&world);
}
END_TEST

START_TEST(apply_hands_on_what_is_wanted)
{
	long long now = (long long)time(NULL), until;
	struct world world;
	json_t *reply, *found;

	world_open(&world);
	world.engine.swept = true;
	found = ask(&world, "Apply",
		    "\"file\":\"/etc/x\",\"confirm_seconds\":300,"
		    "\"why\":\"申請 第12号\",\"generation\":null",
		    &reply);
	ck_assert_str_eq(world.engine.path, "/etc/x");
	ck_assert_str_eq(world.engine.why, "申請 第12号");
	ck_assert_uint_eq(world.engine.order.confirm_seconds, 300);
	ck_assert_uint_eq(world.engine.order.generation, 0);
	ck_assert_int_eq(number_of(found, "confirm_seconds"), 300);
	until = number_of(found, "confirm_until");
	ck_assert(until >= now + 300 && until <= (long long)time(NULL) + 300);
	ck_assert_int_eq(number_of(found, "sessions_ended"), 3);
	json_decref(reply);
	found = ask(&world, "Apply", "\"generation\":5", &reply);
	ck_assert_str_eq(world.engine.path, "-");
	ck_assert_uint_eq(world.engine.order.generation, 5);
	json_decref(reply);
	ask_in_vain(&world, "Apply", "\"file\":\"/root/x\"", "Elsewhere", -1);
	ck_assert_int_eq(world.engine.n_orders, 2);
	world_close(&world);
}
END_TEST

START_TEST(refusals_are_told_apart)
{
	struct world world;

	world_open(&world);
	world.engine.history.loads[3] = -ENOENT;
	world.engine.history.loads[4] = -EBADMSG;
	world.engine.history.loads[5] = -EINVAL;
	world.engine.history.loads[6] = -EIO;
	world.engine.rc = -EINVAL;
	ask_in_vain(&world, "Apply", "", "Refused", -1);
	ask_in_vain(&world, "Rollback", "\"generation\":5", "Refused", -1);
	/* the kernel's word, which is not about the generation */
	world.engine.rc = -ENOENT;
	ask_in_vain(&world, "Apply", "", "Refused", -1);
	ask_in_vain(&world, "Apply", "\"generation\":2", "Refused", -1);
	ask_in_vain(&world, "Apply", "\"generation\":3", "NoSuchGeneration", 3);
	world.engine.rc = -EBADMSG;
	ask_in_vain(&world, "Apply", "\"generation\":4", "Damaged", 4);
	world.engine.rc = -EIO;
	ask_in_vain(&world, "Apply", "\"generation\":6", "Failed", -1);
	world_close(&world);
}
END_TEST

START_TEST(rollback_takes_the_one_before)
{
	struct world world;
	json_t *reply, *found;

	world_open(&world);
	ask_in_vain(&world, "Rollback", "", "NoSuchGeneration", 0);
	ck_assert_int_eq(world.engine.n_orders, 0);
	world.engine.previous = 6;
	world.engine.history.left = 100;
	found = ask(&world, "Rollback", "\"why\":\"oops\"", &reply);
	ck_assert_uint_eq(world.engine.order.generation, 6);
	ck_assert_uint_eq(world.engine.order.confirm_seconds, 0);
	ck_assert_str_eq(world.engine.path, "-");
	ck_assert_str_eq(world.engine.why, "oops");
	ck_assert(json_is_null(json_object_get(found, "confirm_until")));
	json_decref(reply);
	ask(&world, "Rollback", "\"generation\":2", &reply);
	ck_assert_uint_eq(world.engine.order.generation, 2);
	json_decref(reply);
	ask_in_vain(&world, "Rollback", "\"confirm_seconds\":9",
		    "InvalidParameter", -1);
	world_close(&world);
}
END_TEST

START_TEST(confirmation_needs_something_to_confirm)
{
	struct world world;
	json_t *reply, *found;

	world_open(&world);
	ask_in_vain(&world, "Confirm", "", "NothingAwaited", -1);
	ask(&world, "Apply", "\"confirm_seconds\":60", &reply);
	json_decref(reply);
	found = ask(&world, "Confirm", "", &reply);
	ck_assert_int_eq(number_of(found, "number"), 7);
	json_decref(reply);
	ask_in_vain(&world, "Confirm", "", "NothingAwaited", -1);
	world_close(&world);
}
END_TEST

START_TEST(history_is_shown)
{
	struct world world;
	json_t *reply, *found;
	const char *text;

	world_open(&world);
	world.engine.history.loads[3] = -ENOENT;
	world.engine.history.loads[4] = -EBADMSG;
	world.engine.history.left = 55;
	found = ask(&world, "History", "", &reply);
	ck_assert_int_eq(number_of(found, "seconds_left"), 55);
	json_decref(reply);
	found = ask(&world, "Show", "\"generation\":2", &reply);
	ck_assert_int_eq(number_of(found, "number"), 2);
	text = json_string_value(json_object_get(
		json_array_get(json_object_get(found, "files"), 0), "text"));
	ck_assert_pstr_eq(text, geteuid() ? NULL : "a\tb"); /* if we are root */
	json_decref(reply);
	ask_in_vain(&world, "Show", "\"generation\":3", "NoSuchGeneration", 3);
	ask_in_vain(&world, "Show", "\"generation\":4", "Damaged", 4);
	ask_in_vain(&world, "Show", "", "InvalidParameter", -1);
	found = ask(&world, "Diff", "\"from\":2,\"to\":1", &reply);
	ck_assert_int_eq(number_of(found, "from"), 2);
	ck_assert_int_eq(number_of(found, "to"), 1);
	json_decref(reply);
	ck_assert_int_eq(world.engine.n_orders, 0);
	world_close(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control");
	TCase *tcase = tcase_create("control");
	SRunner *runner;
	int n_failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, drift_is_told);
	tcase_add_test(tcase, audit_waits_and_nobody_else);
	tcase_add_test(tcase, audit_outlives_a_half_close);
	tcase_add_test(tcase, audit_of_one_way_has_no_reply);
	tcase_add_test(tcase, watcher_is_told_what_comes);
	tcase_add_test(tcase, watch_needs_more);
	tcase_add_test(tcase, slow_watcher_is_told_what_it_missed);
	tcase_add_test(tcase, watchers_are_few);
	tcase_add_test(tcase, watcher_keeps_its_place);
	tcase_add_test(tcase, watcher_hears_the_last_words);
	tcase_add_test(tcase, reload_is_apply_of_nothing);
	tcase_add_test(tcase, apply_hands_on_what_is_wanted);
	tcase_add_test(tcase, refusals_are_told_apart);
	tcase_add_test(tcase, rollback_takes_the_one_before);
	tcase_add_test(tcase, confirmation_needs_something_to_confirm);
	tcase_add_test(tcase, history_is_shown);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? 1 : 0;
}
