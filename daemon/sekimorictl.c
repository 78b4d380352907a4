// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command. Offline verbs use the same loader and compiler as the daemon,
 * online verbs ask it. Easy to get wrong: scripts live from the exit status,
 * so each way to end has its own, and "the daemon said no" is never the same
 * as "nobody could be asked".
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "argument.h"
#include "call.h"
#include "ledger.h"
#include "offline.h"
#include "render.h"
#include "request.h"
#include "varlink.h"

enum {
	EXIT_REFUSED = 1, /* findings; the daemon said no; not in force */
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3, /* no daemon, or none that speaks our protocol */
	EXIT_FORBIDDEN = 4,
	EXIT_WARNINGS = 5, /* in force, but something is of concern */
};

#define JOURNAL_LINES 20 /* that are shown if nobody says how many */

/**
 * struct options - how the command was called
 * @file: what a verb takes that takes a file, or NULL
 * @old_file: the one before it, or NULL
 * @numbers: arguments of a verb that takes numbers; 0: not given
 * @why: NULL: not given
 * @confirm_seconds: 0: not given
 * @request: of allow; NULL: none of its options was given
 */
struct options {
	const char *socket, *state_dir;
	const char *file, *old_file;
	uint64_t numbers[2];
	const char *why;
	uint64_t confirm_seconds;
	bool json, yes, nft, offline, ja;
	json_t *request;
};

/* What a verb takes besides its name */
enum takes {
	TAKES_NOTHING,
	TAKES_FILE,
	TAKES_FILE_PERHAPS,
	TAKES_FILES, /* one, or an older one before it */
	TAKES_NUMBER,
	TAKES_NUMBER_PERHAPS,
	TAKES_NUMBERS, /* two */
};

/**
 * struct verb - something that the command can do
 * @name: one word, or two
 * @confirms, explains, requests: it takes --confirm, -m, what allow takes
 * @offline: it takes --offline
 * @method: what it calls, for online verbs
 * @more: its reply comes in portions
 * @parameters: those of the call; NULL: it has none
 * @render: shows the reply
 * @judge: the exit status that the reply stands for; NULL: 0
 * @run: does it all, for verbs that need more than that
 */
struct verb {
	const char *name;
	enum takes takes;
	bool confirms, explains, requests, offline;
	const char *method;
	bool more;
	json_t *(*parameters)(const struct options *options);
	void (*render)(const json_t *parameters, bool ja, FILE *out);
	int (*judge)(const json_t *parameters);
	int (*run)(const struct options *options, const struct verb *verb);
};

static void sekimorictl_usage(FILE *out)
{
	fputs("usage: sekimorictl [--socket PATH] [--json] VERB\n"
	      "\n"
	      "  check FILE       every mistake in a configuration (offline)\n"
	      "  compile FILE     what the kernel would hold, as nft text "
	      "(offline)\n"
	      "  status           is the policy in force, and which\n"
	      "  zones            zones, their interfaces and networks\n"
	      "  matrix           zone by zone, how many conduits of what kind\n"
	      "  conduits         conduits: packets, last hit, how long valid\n"
	      "  drift            what others did to the table, and what came "
	      "of it\n"
	      "  audit            compare and look at everything now: what is "
	      "of concern\n"
	      "  watch            what is logged, as it happens\n"
	      "  plan FILE [--nft] what putting this file in force would "
	      "change\n"
	      "  plan --offline [OLD] NEW\n"
	      "                   the same from one file to another; without "
	      "OLD, from\n"
	      "                   nothing (offline)\n"
	      "  apply [--confirm DURATION] [-m REASON] [FILE]\n"
	      "                   put it in force; without FILE, the "
	      "configuration\n"
	      "                   with --confirm (90, 90s, 5m, 1h): undone by "
	      "itself\n"
	      "                   unless it is confirmed in time\n"
	      "  confirm          what is in force stays so\n"
	      "  rollback [-m REASON] [N]  back to the generation before, or "
	      "to N\n"
	      "  history          generations: who put what in force when, and "
	      "why\n"
	      "  show N           the files of a generation\n"
	      "  diff N M         what led from one generation to another\n"
	      "  journal [N]      the last N lines of the journal (offline)\n"
	      "  journal verify   has anybody altered it (offline)\n"
	      "                   both: [--state-dir DIR]\n"
	      "  reload           the same as apply\n"
	      "  allow --for DURATION --from PLACE --to PLACE --service SERVICE\n"
	      "        -m REASON [--bind mac] [--kind KIND] [--approved-by WHO]\n"
	      "        [--approval NUMBER] [NAME]\n"
	      "                   add a conduit for a while; --from, --to and\n"
	      "                   --service may be given several times\n"
	      "  disallow NAME    end it before its time\n"
	      "  allowed          who has allowed what, why, and until when\n"
	      "  withdraw [--yes] remove the table: nothing is enforced then\n"
	      "  version          of this command and of the daemon\n"
	      "\n"
	      "exit status: 0 done, 1 refused or not in force, 2 usage,\n"
	      "             3 the daemon cannot be reached, 4 not permitted,\n"
	      "             5 in force, but there are warnings (audit)\n",
	      out);
}

static void sekimorictl_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
}

static int sekimorictl_unreachable(const struct options *options, int error)
{
	fprintf(stderr, "sekimorictl: %s: %s: %s\n", options->socket,
		render_say(options->ja, "the daemon cannot be reached",
			   "デーモンに接続できない"),
		strerror(abs(error)));
	return error == -EACCES || error == -EPERM ? EXIT_FORBIDDEN :
						     EXIT_UNREACHABLE;
}

/*
 * What an error without a sentence of its own means; NULL: it is not known
 * @number: of the generation that it names, or 0
 */
static const char *sekimorictl_meaning(const char *error, long long number,
				       bool ja)
{
	if (!strcmp(error, VARLINK_ERROR "Refused"))
		return render_say(ja, "refused, nothing was changed",
				  "拒否された。何も変更していない");
	if (!strcmp(error, VARLINK_ERROR "NothingAwaited"))
		return render_say(ja,
				  "nothing waits to be confirmed; see history",
				  "確定を待つものはない。history を参照");
	if (!strcmp(error, VARLINK_ERROR "NoSuchGeneration"))
		return number ? render_say(ja, "there is no such generation",
					   "そのような世代はない") :
				render_say(ja, "there is no earlier generation",
					   "前の世代はない");
	if (!strcmp(error, VARLINK_ERROR "Damaged"))
		return render_say(ja,
				  "this generation is DAMAGED: it is not what "
				  "was written, and is not used",
				  "この世代は破損している。書かれたとおりでない"
				  "ので、使わない");
	return NULL;
}

static void sekimorictl_explain_error(const struct options *options,
				      const char *error,
				      const json_t *parameters)
{
	long long number = render_number(parameters, "number");
	const char *meaning = sekimorictl_meaning(error, number, options->ja);
	const char *reason = render_text(parameters, "reason");

	if (!*reason)
		reason = render_text(parameters, "parameter");
	if (!meaning)
		meaning = error;
	if (number)
		render_line(stderr, "sekimorictl: %s %lld: %s",
			    render_say(options->ja, "generation", "世代"),
			    number, meaning);
	else
		render_line(stderr, "sekimorictl: %s%s%s", meaning,
			    *reason ? ": " : "", reason);
}

/* The daemon said no: say why. */
static int sekimorictl_explain(const struct options *options,
			       const json_t *reply)
{
	const json_t *parameters = json_object_get(reply, "parameters");
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (options->json)
		sekimorictl_print_json(reply);
	else
		render_findings(json_object_get(parameters, "findings"),
				stderr);
	if (!strcmp(error, VARLINK_ERROR_SERVICE "PermissionDenied")) {
		fprintf(stderr, "sekimorictl: %s\n",
			render_say(options->ja,
				   "not permitted: only root and the members "
				   "of the control group may",
				   "権限がない(root と制御グループのみ)"));
		return EXIT_FORBIDDEN;
	}
	sekimorictl_explain_error(options, error, parameters);
	return EXIT_REFUSED;
}

static int sekimorictl_call(const struct options *options,
			    const struct verb *verb, json_t **reply)
{
	struct call *call;
	int rc = call_open(options->socket, &call);

	if (rc)
		return rc;
	rc = call_send(call, verb->method,
		       verb->parameters ? verb->parameters(options) : NULL,
		       verb->more);
	/* a daemon that hangs up early may still have said why */
	if (!rc || rc == -EPIPE)
		rc = call_collect(call, reply);
	call_close(call);
	return rc;
}

static bool sekimorictl_is_error(const json_t *reply, const char *name)
{
	const char *error = json_string_value(json_object_get(reply, "error"));

	return error && (!name || !strcmp(error, name));
}

/* What is not known to be in force is not */
static int sekimorictl_judge_state(const json_t *parameters)
{
	const char *state =
		json_string_value(json_object_get(parameters, "state"));

	return state && !strcmp(state, "in_force") ? 0 : EXIT_REFUSED;
}

static int sekimorictl_judge_status(const json_t *parameters)
{
	return sekimorictl_judge_state(json_object_get(parameters, "status"));
}

static int sekimorictl_judge_drift(const json_t *parameters)
{
	const json_t *open = json_object_get(parameters, "open");

	return json_is_array(open) && !json_array_size(open) ? 0 : EXIT_REFUSED;
}

/* A gravity that is not known here may be the worst of all. */
static int sekimorictl_judge_audit(const json_t *parameters)
{
	const json_t *concerns = json_object_get(parameters, "concerns");
	int status = sekimorictl_judge_state(parameters);
	const json_t *concern;
	size_t i;

	if (!json_is_array(concerns))
		return EXIT_REFUSED;
	json_array_foreach(concerns, i, concern) {
		const char *gravity =
			json_string_value(json_object_get(concern, "gravity"));

		if (gravity && !strcmp(gravity, "notice"))
			continue;
		if (!gravity || strcmp(gravity, "warning"))
			status = EXIT_REFUSED;
		else if (!status)
			status = EXIT_WARNINGS;
	}
	return status;
}

/* An online verb: call, then show */
static int sekimorictl_ask(const struct options *options,
			   const struct verb *verb)
{
	json_t *reply, *parameters;
	int rc, tries;

	rc = sekimorictl_call(options, verb, &reply);
	for (tries = 0; !rc && tries < 3; tries++) {
		/* a reload came in between: the list starts anew */
		if (!sekimorictl_is_error(reply, VARLINK_ERROR "Changed"))
			break;
		json_decref(reply);
		rc = sekimorictl_call(options, verb, &reply);
	}
	if (rc)
		return sekimorictl_unreachable(options, rc);
	if (sekimorictl_is_error(reply, NULL)) {
		rc = sekimorictl_explain(options, reply);
		json_decref(reply);
		return rc;
	}
	parameters = json_object_get(reply, "parameters");
	if (options->json)
		sekimorictl_print_json(parameters);
	else
		verb->render(parameters, options->ja, stdout);
	if (verb->judge)
		rc = verb->judge(parameters);
	json_decref(reply);
	return rc;
}

/* Nothing is left to be done: each line was written out at once. */
static void sekimorictl_on_stop(int number)
{
	(void)number;
	_exit(0);
}

static void sekimorictl_print_line(const json_t *json)
{
	json_dumpf(json, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
}

/* One reply to Watch; the first one has no record. 0, or output has failed */
static int sekimorictl_show_record(const struct options *options,
				   const json_t *parameters)
{
	const json_t *record = json_object_get(parameters, "record");
	json_t *missed = json_object_get(parameters, "missed"), *line;

	if (!options->json) {
		render_record(parameters, options->ja, stdout);
		return fflush(stdout);
	}
	if (!json_is_object(record) || json_integer_value(missed)) {
		line = json_pack("{sO?}", "missed", missed);
		sekimorictl_print_line(line);
		json_decref(line);
	}
	if (json_is_object(record))
		sekimorictl_print_line(record);
	return fflush(stdout);
}

/* Replies without end: until a signal, the daemon, or our output ends it */
static int sekimorictl_follow(const struct options *options, struct call *call)
{
	json_t *reply;
	int rc, failed = 0;

	while (!failed) {
		rc = call_receive(call, &reply);
		if (rc == -ETIMEDOUT)
			continue; /* it was quiet */
		if (rc)
			return sekimorictl_unreachable(options, rc);
		if (sekimorictl_is_error(reply, NULL)) {
			rc = sekimorictl_explain(options, reply);
			json_decref(reply);
			return rc;
		}
		failed = sekimorictl_show_record(
			options, json_object_get(reply, "parameters"));
		json_decref(reply);
	}
	return EXIT_REFUSED;
}

static int sekimorictl_watch(const struct options *options,
			     const struct verb *verb)
{
	struct call *call;
	int rc = call_open(options->socket, &call);

	if (rc)
		return sekimorictl_unreachable(options, rc);
	signal(SIGINT, sekimorictl_on_stop);
	signal(SIGTERM, sekimorictl_on_stop);
	rc = call_send(call, verb->method, NULL, verb->more);
	if (!rc || rc == -EPIPE)
		rc = sekimorictl_follow(options, call);
	else
		rc = sekimorictl_unreachable(options, rc);
	call_close(call);
	return rc;
}

/* The file as the daemon is to call it: it has another working directory. */
static json_t *sekimorictl_file_json(const struct options *options)
{
	char *here = options->file[0] == '/' ? NULL : getcwd(NULL, 0);
	json_t *json = json_sprintf("%s%s%s", here ? here : "", here ? "/" : "",
				    options->file);

	free(here);
	return json;
}

static json_t *sekimorictl_have(json_t *json)
{
	if (!json)
		abort();
	return json;
}

static json_t *sekimorictl_plan_parameters(const struct options *options)
{
	return sekimorictl_have(json_pack("{so sb}", "file",
					  sekimorictl_file_json(options), "nft",
					  options->nft));
}

static json_t *sekimorictl_apply_parameters(const struct options *options)
{
	json_t *json = sekimorictl_have(
		json_pack("{sI ss}", "confirm_seconds",
			  (json_int_t)options->confirm_seconds, "why",
			  options->why ? options->why : ""));

	if (options->file &&
	    json_object_set_new(json, "file", sekimorictl_file_json(options)))
		abort();
	return json;
}

static json_t *sekimorictl_allow_parameters(const struct options *options)
{
	return json_incref(options->request);
}

static json_t *sekimorictl_disallow_parameters(const struct options *options)
{
	return sekimorictl_have(json_pack("{ss}", "name", options->file));
}

static int sekimorictl_allow(const struct options *options,
			     const struct verb *verb)
{
	if (request_finish(options->request, options->file, options->why))
		return sekimorictl_ask(options, verb);
	sekimorictl_usage(stderr);
	return EXIT_USAGE;
}

static json_t *sekimorictl_number_json(uint64_t number)
{
	return number ? json_integer((json_int_t)number) : json_null();
}

static json_t *sekimorictl_rollback_parameters(const struct options *options)
{
	return sekimorictl_have(
		json_pack("{so ss}", "generation",
			  sekimorictl_number_json(options->numbers[0]), "why",
			  options->why ? options->why : ""));
}

static json_t *sekimorictl_show_parameters(const struct options *options)
{
	return sekimorictl_have(json_pack("{sI}", "generation",
					  (json_int_t)options->numbers[0]));
}

static json_t *sekimorictl_diff_parameters(const struct options *options)
{
	return sekimorictl_have(json_pack("{sI sI}", "from",
					  (json_int_t)options->numbers[0], "to",
					  (json_int_t)options->numbers[1]));
}

/* What the kernel would refuse is refused. */
static int sekimorictl_judge_plan(const json_t *parameters)
{
	const json_t *kernel = json_object_get(parameters, "kernel");

	return json_is_true(json_object_get(kernel, "accepted")) ? 0 :
								   EXIT_REFUSED;
}

static void sekimorictl_render_withdraw(const json_t *parameters, bool ja,
					FILE *out)
{
	(void)parameters;
	fputs(render_say(ja,
			 "The table was removed. Nothing is enforced any more, "
			 "until the next reload or start of the daemon.\n",
			 "表を撤去した。次の reload または起動まで、"
			 "何も制御しない。\n"),
	      out);
}

/* Whoever may not be asked must have said so beforehand. */
static int sekimorictl_withdraw(const struct options *options,
				const struct verb *verb)
{
	char answer[16];

	if (options->yes)
		return sekimorictl_ask(options, verb);
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr, "sekimorictl: %s\n",
			render_say(options->ja,
				   "there is nobody to ask; use --yes to "
				   "withdraw without asking",
				   "確認できる相手がいない。確認なしで撤去する"
				   "には --yes を付ける"));
		return EXIT_USAGE;
	}
	fputs(render_say(options->ja,
			 "This removes the table: every zone can reach every "
			 "other.\nType \"withdraw\" to do it: ",
			 "表を撤去すると、すべてのゾーン間の通信が通る。\n"
			 "撤去するには「withdraw」と入力: "),
	      stderr);
	if (!fgets(answer, sizeof(answer), stdin) ||
	    strcmp(answer, "withdraw\n")) {
		fprintf(stderr, "%s\n",
			render_say(options->ja, "Nothing was changed.",
				   "何も変更していない。"));
		return EXIT_REFUSED;
	}
	return sekimorictl_ask(options, verb);
}

static int sekimorictl_version(const struct options *options,
			       const struct verb *verb)
{
	const json_t *daemon = NULL;
	json_t *reply = NULL, *json;
	int rc = sekimorictl_call(options, verb, &reply);

	if (!rc && !sekimorictl_is_error(reply, NULL))
		daemon = json_object_get(json_object_get(reply, "parameters"),
					 "version");
	if (options->json) {
		json = json_pack("{ssso?}", "version", SEKIMORI_VERSION,
				 "daemon", json_incref((json_t *)daemon));
		sekimorictl_print_json(json);
		json_decref(json);
	} else {
		printf("sekimorictl %s\n", SEKIMORI_VERSION);
		if (json_is_string(daemon))
			printf("sekimorid %s\n", json_string_value(daemon));
	}
	if (rc)
		rc = sekimorictl_unreachable(options, rc);
	else if (!daemon)
		rc = sekimorictl_explain(options, reply);
	json_decref(reply);
	return rc;
}

/* The journal, offline. That it cannot be read never looks like "in order". */
static int sekimorictl_ledger(const struct options *options, bool verify)
{
	size_t n = options->numbers[0] ? options->numbers[0] : JOURNAL_LINES;
	char dir[4096];
	const struct ledger ledger = { dir, options->json, options->ja,
				       stdout };
	int rc = snprintf(dir, sizeof(dir), "%s/journal", options->state_dir);

	if (rc < 0 || (size_t)rc >= sizeof(dir))
		rc = -ENAMETOOLONG;
	else
		rc = verify ? ledger_verify(&ledger) : ledger_show(&ledger, n);
	if (!rc)
		return 0;
	if (!verify || rc != -EBADMSG)
		render_line(stderr, "sekimorictl: %s: %s: %s", dir,
			    render_say(options->ja,
				       "the journal cannot be read",
				       "記録を読めない"),
			    strerror(-rc));
	return rc == -EACCES || rc == -EPERM ? EXIT_FORBIDDEN : EXIT_REFUSED;
}

static int sekimorictl_journal(const struct options *options,
			       const struct verb *verb)
{
	(void)verb;
	return sekimorictl_ledger(options, false);
}

static int sekimorictl_verify(const struct options *options,
			      const struct verb *verb)
{
	(void)verb;
	return sekimorictl_ledger(options, true);
}

static int sekimorictl_check(const struct options *options,
			     const struct verb *verb)
{
	(void)verb;
	return offline_check(options->file, options->json, options->ja) ?
		       EXIT_REFUSED :
		       0;
}

static int sekimorictl_show_ruleset(const struct options *options,
				    const struct verb *verb)
{
	(void)verb;
	return offline_compile(options->file, options->json) ? EXIT_REFUSED : 0;
}

static int sekimorictl_plan(const struct options *options,
			    const struct verb *verb)
{
	if (options->offline ? options->nft : options->old_file != NULL) {
		sekimorictl_usage(stderr);
		return EXIT_USAGE;
	}
	if (!options->offline)
		return sekimorictl_ask(options, verb);
	return offline_plan(options->old_file, options->file, options->json,
			    options->ja) ?
		       EXIT_REFUSED :
		       0;
}

static const struct verb sekimorictl_verbs[] = {
	{ .name = "check", .takes = TAKES_FILE, .run = sekimorictl_check },
	{ .name = "compile",
	  .takes = TAKES_FILE,
	  .run = sekimorictl_show_ruleset },
	{ .name = "status",
	  .method = "Status",
	  .render = render_status,
	  .judge = sekimorictl_judge_status,
	  .run = sekimorictl_ask },
	{ .name = "zones",
	  .method = "Zones",
	  .render = render_zones,
	  .run = sekimorictl_ask },
	{ .name = "matrix",
	  .method = "Matrix",
	  .render = render_matrix,
	  .run = sekimorictl_ask },
	{ .name = "conduits",
	  .method = "Conduits",
	  .more = true,
	  .render = render_conduits,
	  .run = sekimorictl_ask },
	{ .name = "drift",
	  .method = "Drift",
	  .render = render_drift,
	  .judge = sekimorictl_judge_drift,
	  .run = sekimorictl_ask },
	{ .name = "audit",
	  .method = "Audit",
	  .render = render_audit,
	  .judge = sekimorictl_judge_audit,
	  .run = sekimorictl_ask },
	{ .name = "watch",
	  .method = "Watch",
	  .more = true,
	  .run = sekimorictl_watch },
	{ .name = "plan",
	  .takes = TAKES_FILES,
	  .offline = true,
	  .method = "Plan",
	  .parameters = sekimorictl_plan_parameters,
	  .render = render_plan,
	  .judge = sekimorictl_judge_plan,
	  .run = sekimorictl_plan },
	{ .name = "apply",
	  .takes = TAKES_FILE_PERHAPS,
	  .confirms = true,
	  .explains = true,
	  .method = "Apply",
	  .parameters = sekimorictl_apply_parameters,
	  .render = render_change,
	  .run = sekimorictl_ask },
	{ .name = "confirm",
	  .method = "Confirm",
	  .render = render_confirm,
	  .run = sekimorictl_ask },
	{ .name = "rollback",
	  .takes = TAKES_NUMBER_PERHAPS,
	  .explains = true,
	  .method = "Rollback",
	  .parameters = sekimorictl_rollback_parameters,
	  .render = render_change,
	  .run = sekimorictl_ask },
	{ .name = "history",
	  .method = "History",
	  .render = render_history,
	  .run = sekimorictl_ask },
	{ .name = "show",
	  .takes = TAKES_NUMBER,
	  .method = "Show",
	  .parameters = sekimorictl_show_parameters,
	  .render = render_files,
	  .run = sekimorictl_ask },
	{ .name = "diff",
	  .takes = TAKES_NUMBERS,
	  .method = "Diff",
	  .parameters = sekimorictl_diff_parameters,
	  .render = render_plan,
	  .run = sekimorictl_ask },
	{ .name = "journal verify", .run = sekimorictl_verify },
	{ .name = "journal",
	  .takes = TAKES_NUMBER_PERHAPS,
	  .run = sekimorictl_journal },
	{ .name = "reload",
	  .method = "Reload",
	  .render = render_change,
	  .run = sekimorictl_ask },
	{ .name = "allow",
	  .takes = TAKES_FILE_PERHAPS,
	  .explains = true,
	  .requests = true,
	  .method = "Allow",
	  .parameters = sekimorictl_allow_parameters,
	  .render = render_allow,
	  .run = sekimorictl_allow },
	{ .name = "disallow",
	  .takes = TAKES_FILE,
	  .method = "Disallow",
	  .parameters = sekimorictl_disallow_parameters,
	  .render = render_disallow,
	  .run = sekimorictl_ask },
	{ .name = "allowed",
	  .method = "Allowed",
	  .render = render_allowed,
	  .run = sekimorictl_ask },
	{ .name = "withdraw",
	  .method = "Withdraw",
	  .render = sekimorictl_render_withdraw,
	  .run = sekimorictl_withdraw },
	{ .name = "version", .method = "Version", .run = sekimorictl_version },
};

/* The verb that @args begin with, and how many of them it takes */
static const struct verb *sekimorictl_verb(char **args, int *n_words)
{
	const size_t n =
		sizeof(sekimorictl_verbs) / sizeof(sekimorictl_verbs[0]);
	const struct verb *verb;
	const char *rest;
	size_t i, len;

	for (i = 0; i < n; i++) {
		verb = &sekimorictl_verbs[i];
		rest = strchr(verb->name, ' ');
		len = rest ? (size_t)(rest - verb->name) : strlen(verb->name);
		if (strncmp(verb->name, args[0], len) || args[0][len])
			continue;
		if (!rest || (args[1] && !strcmp(args[1], rest + 1))) {
			*n_words = rest ? 2 : 1;
			return verb;
		}
	}
	return NULL;
}

static bool sekimorictl_take_files(enum takes takes, char **args, int n_args,
				   struct options *options)
{
	int i;

	if (n_args < (takes != TAKES_FILE_PERHAPS) ||
	    n_args > 1 + (takes == TAKES_FILES))
		return false;
	for (i = 0; i < n_args; i++) {
		if (!*args[i] || !argument_is_text(args[i]))
			return false;
		options->old_file = options->file;
		options->file = args[i];
	}
	return true;
}

/* The arguments behind the verb; false: they are not what it takes */
static bool sekimorictl_take(enum takes takes, char **args, int n_args,
			     struct options *options)
{
	int least = 0, most = 0, i;

	switch (takes) {
	case TAKES_NOTHING:
		break;
	case TAKES_FILE:
	case TAKES_FILE_PERHAPS:
	case TAKES_FILES:
		return sekimorictl_take_files(takes, args, n_args, options);
	case TAKES_NUMBER:
		least = most = 1;
		break;
	case TAKES_NUMBER_PERHAPS:
		most = 1;
		break;
	case TAKES_NUMBERS:
		least = most = 2;
		break;
	}
	if (n_args < least || n_args > most)
		return false;
	for (i = 0; i < n_args; i++)
		if (!argument_number(args[i], INT64_MAX, &options->numbers[i]))
			return false;
	return true;
}

/* An option for another verb would mislead: it may matter a great deal. */
static bool sekimorictl_fits(const struct verb *verb,
			     const struct options *options)
{
	return (verb->confirms || !options->confirm_seconds) &&
	       (verb->explains || !options->why) &&
	       (verb->offline || !options->offline) &&
	       (verb->requests || !options->request);
}

/* 0, or what the option asks for instead of a verb; '?' if it is wrong */
static int sekimorictl_option(int c, struct options *options)
{
	if (c == 's')
		options->socket = optarg;
	else if (c == 'd')
		options->state_dir = optarg;
	else if (c == 'j')
		options->json = true;
	else if (c == 'y')
		options->yes = true;
	else if (c == 'n')
		options->nft = true;
	else if (c == 'o')
		options->offline = true;
	else if (c == 'm' && argument_is_text(optarg))
		options->why = optarg;
	else if (c >= REQUEST_FOR)
		return request_option(&options->request, c, optarg) ? 0 : '?';
	else if (c != 'c' || !argument_duration(optarg, VARLINK_CONFIRM_MAX,
						&options->confirm_seconds))
		return c == 'h' || c == 'V' ? c : '?';
	return 0;
}

/* What is to be done; NULL: end with @status */
static const struct verb *
sekimorictl_parse(int argc, char **argv, struct options *options, int *status)
{
	static const struct option table[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "state-dir", required_argument, NULL, 'd' },
		{ "confirm", required_argument, NULL, 'c' },
		{ "reason", required_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ "yes", no_argument, NULL, 'y' },
		{ "nft", no_argument, NULL, 'n' },
		{ "offline", no_argument, NULL, 'o' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ "for", required_argument, NULL, REQUEST_FOR },
		{ "from", required_argument, NULL, REQUEST_FROM },
		{ "to", required_argument, NULL, REQUEST_TO },
		{ "service", required_argument, NULL, REQUEST_SERVICE },
		{ "bind", required_argument, NULL, REQUEST_BIND },
		{ "kind", required_argument, NULL, REQUEST_KIND },
		{ "approved-by", required_argument, NULL, REQUEST_APPROVED_BY },
		{ "approval", required_argument, NULL, REQUEST_APPROVAL },
		{ 0 },
	};
	const struct verb *verb = NULL;
	int c, instead = 0, n_words = 1;

	while (!instead &&
	       (c = getopt_long(argc, argv, "hVm:", table, NULL)) != -1)
		instead = sekimorictl_option(c, options);
	if (!instead && optind < argc)
		verb = sekimorictl_verb(argv + optind, &n_words);
	if (verb && sekimorictl_fits(verb, options) &&
	    sekimorictl_take(verb->takes, argv + optind + n_words,
			     argc - optind - n_words, options))
		return verb;
	*status = instead == 'h' || instead == 'V' ? 0 : EXIT_USAGE;
	if (instead == 'V')
		printf("sekimorictl %s\n", SEKIMORI_VERSION);
	else
		sekimorictl_usage(instead == 'h' ? stdout : stderr);
	return NULL;
}

int main(int argc, char **argv)
{
	struct options options = { .socket = "/run/sekimori/control.sock",
				   .state_dir = "/var/lib/sekimori" };
	const struct verb *verb;
	int rc = 0;

	/* the width of characters is asked of the locale; texts are UTF-8 */
	setlocale(LC_CTYPE, "");
	if (MB_CUR_MAX == 1)
		setlocale(LC_CTYPE, "C.UTF-8");
	options.ja = render_is_japanese();
	verb = sekimorictl_parse(argc, argv, &options, &rc);
	if (verb)
		rc = verb->run(&options, verb);
	json_decref(options.request);
	if (fflush(stdout) || ferror(stdout)) {
		perror("sekimorictl: stdout");
		return rc ? rc : EXIT_REFUSED;
	}
	return rc;
}
