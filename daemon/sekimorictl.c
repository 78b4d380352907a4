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

#include "arena.h"
#include "call.h"
#include "compile.h"
#include "day.h"
#include "file.h"
#include "finding.h"
#include "render.h"
#include "show.h"
#include "text.h"
#include "varlink.h"

enum {
	EXIT_REFUSED = 1, /* findings; the daemon said no; not in force */
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3, /* no daemon, or none that speaks our protocol */
	EXIT_FORBIDDEN = 4,
	EXIT_WARNINGS = 5, /* in force, but something is of concern */
};

struct options {
	const char *socket;
	const char *file; /* of an offline verb */
	bool json, yes, ja;
};

/**
 * struct verb - something that the command can do
 * @method: what it calls, for online verbs
 * @more: its reply comes in portions
 * @render: shows the reply
 * @judge: the exit status that the reply stands for; NULL: 0
 * @run: does it all, for verbs that need more than that
 */
struct verb {
	const char *name;
	bool takes_file;
	const char *method;
	bool more;
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
	      "  reload           read the configuration again\n"
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

/* The daemon said no: say why. */
static int sekimorictl_explain(const struct options *options,
			       const json_t *reply)
{
	const json_t *parameters = json_object_get(reply, "parameters");
	const char *error = json_string_value(json_object_get(reply, "error"));
	const char *reason =
		json_string_value(json_object_get(parameters, "reason"));

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
	if (!strcmp(error, VARLINK_ERROR "Refused"))
		fprintf(stderr, "sekimorictl: %s: %s\n",
			render_say(options->ja, "refused, nothing was changed",
				   "拒否された。何も変更していない"),
			reason ? reason : "?");
	else
		fprintf(stderr, "sekimorictl: %s: %s\n", error,
			reason ? reason : "-");
	return EXIT_REFUSED;
}

/* Add the arrays of a further portion to those of the first. */
static void sekimorictl_join(json_t *all, const json_t *portion)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)portion, key, value) {
		if (json_is_array(value))
			json_array_extend(json_object_get(all, key),
					  (json_t *)value);
	}
}

/*
 * All replies to a call, as one. 0 and @reply, a new reference (which may be
 * an error of the daemon's); or -errno.
 */
static int sekimorictl_collect(struct call *call, json_t **reply)
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
		sekimorictl_join(json_object_get(all, "parameters"),
				 json_object_get(message, "parameters"));
		json_decref(message);
	}
	*reply = all;
	return 0;
}

static int sekimorictl_call(const struct options *options,
			    const struct verb *verb, json_t **reply)
{
	struct call *call;
	int rc = call_open(options->socket, &call);

	if (rc)
		return rc;
	rc = call_send(call, verb->method, verb->more);
	/* a daemon that hangs up early may still have said why */
	if (!rc || rc == -EPIPE)
		rc = sekimorictl_collect(call, reply);
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
	rc = call_send(call, verb->method, verb->more);
	if (!rc || rc == -EPIPE)
		rc = sekimorictl_follow(options, call);
	else
		rc = sekimorictl_unreachable(options, rc);
	call_close(call);
	return rc;
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

/* The ruleset of an accepted configuration on this day */
static struct ruleset *sekimorictl_compile(const struct file_config *config,
					   char digest[static DIGEST_TEXT])
{
	struct ruleset *ruleset = compile_policy(
		config->policy, day_of(time(NULL)), config->arena);

	ruleset_digest(ruleset, digest);
	return ruleset;
}

static int sekimorictl_check(const struct options *options,
			     const struct verb *verb)
{
	struct file_config config;
	char digest[DIGEST_TEXT] = "-";
	int rc = file_load(options->file, &config);
	const struct diag *diag = &config.diag;
	json_t *json;

	(void)verb;
	if (!rc)
		sekimorictl_compile(&config, digest);
	if (options->json) {
		json = json_pack("{sssIsIso*so}", "file", options->file,
				 "errors", (json_int_t)diag->n_errors,
				 "warnings", (json_int_t)diag->n_warnings,
				 "digest",
				 rc ? json_null() : json_string(digest),
				 "findings", show_findings(diag));
		sekimorictl_print_json(json);
		json_decref(json);
	} else {
		finding_print(stdout, diag);
		printf(render_say(options->ja,
				  "%s: %zu errors, %zu warnings, digest %s\n",
				  "%s: エラー %zu 件、警告 %zu 件、"
				  "ダイジェスト %s\n"),
		       options->file, diag->n_errors, diag->n_warnings, digest);
	}
	file_unload(&config);
	return rc ? EXIT_REFUSED : 0;
}

static int sekimorictl_show_ruleset(const struct options *options,
				    const struct verb *verb)
{
	struct file_config config;
	char digest[DIGEST_TEXT];
	json_t *json;
	char *text;

	(void)verb;
	if (file_load(options->file, &config)) {
		finding_print(stderr, &config.diag);
		file_unload(&config);
		return EXIT_REFUSED;
	}
	text = text_ruleset(sekimorictl_compile(&config, digest), NULL);
	if (options->json) {
		json = json_pack("{ssss}", "digest", digest, "ruleset", text);
		sekimorictl_print_json(json);
		json_decref(json);
	} else {
		fputs(text, stdout);
	}
	free(text);
	file_unload(&config);
	return 0;
}

static const struct verb *sekimorictl_verb(const char *name)
{
	static const struct verb verbs[] = {
		{ .name = "check",
		  .takes_file = true,
		  .run = sekimorictl_check },
		{ .name = "compile",
		  .takes_file = true,
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
		{ .name = "reload",
		  .method = "Reload",
		  .render = render_reload,
		  .run = sekimorictl_ask },
		{ .name = "withdraw",
		  .method = "Withdraw",
		  .render = sekimorictl_render_withdraw,
		  .run = sekimorictl_withdraw },
		{ .name = "version",
		  .method = "Version",
		  .run = sekimorictl_version },
	};
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* What is to be done; NULL: end with @status */
static const struct verb *
sekimorictl_parse(int argc, char **argv, struct options *options, int *status)
{
	static const struct option table[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "yes", no_argument, NULL, 'y' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const struct verb *verb = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		if (c == 's')
			options->socket = optarg;
		else if (c == 'j')
			options->json = true;
		else if (c == 'y')
			options->yes = true;
		else
			break;
	}
	if (c == -1 && optind < argc)
		verb = sekimorictl_verb(argv[optind]);
	if (verb && optind + 1 + verb->takes_file == argc) {
		options->file = argv[optind + 1];
		return verb;
	}
	*status = c == 'h' || c == 'V' ? 0 : EXIT_USAGE;
	if (c == 'V')
		printf("sekimorictl %s\n", SEKIMORI_VERSION);
	else
		sekimorictl_usage(c == 'h' ? stdout : stderr);
	return NULL;
}

int main(int argc, char **argv)
{
	struct options options = { .socket = "/run/sekimori/control.sock" };
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
	if (fflush(stdout) || ferror(stdout)) {
		perror("sekimorictl: stdout");
		return rc ? rc : EXIT_REFUSED;
	}
	return rc;
}
