// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The siege: one tampering after the other, on the real kernel, against the
 * real daemon. Each has to be noticed, laid to the right process, described,
 * and undone to the last bit; or, where the table is owned, refused. Easy to
 * get wrong: the daemon must not be its own witness. What it says of itself is
 * compared with what this test did, what nft(8) prints, what the kernel's own
 * messages say, and when the kernel told of which commit.
 *
 * Usage: siege [-o] [-v] [-t PATTERN] BUILD CONFIG
 */
#include "siege.h"

#include <errno.h>
#include <getopt.h>
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTLE_USEC (15 * 1000000ull)
#define NOTHING_USEC (400 * 1000ull) /* long enough for something to happen */
#define HEAR_USEC (20 * 1000ull)
#define POLL_USEC 500
#define REPAIRS_MAX 10 /* of one daemon; more of them look like a fight to it */
#define ACTORS_KEPT 8
#define EXIT_SKIPPED 77

static void complain(struct siege *siege, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(struct siege *siege, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("        ", siege->complaints);
	vfprintf(siege->complaints, fmt, args);
	fputc('\n', siege->complaints);
	va_end(args);
	siege->wrong = true;
}

static bool matches(const char *pattern, const char *text)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB | REG_ICASE))
		abort();
	found = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return found;
}

/* ---- scripts ---- */

/* The class of the zone behind an interface, as the set "entries" has it */
static uint32_t class_of(struct siege *siege, const char *interface)
{
	const struct view_lines *lines = &siege->field.calm.nft;
	char pattern[128];
	size_t i;

	snprintf(pattern, sizeof(pattern), "{\"concat\":[\"%s\",", interface);
	for (i = 0; i < lines->n; i++) {
		const char *at = strstr(lines->lines[i], pattern);

		if (at && !strncmp(lines->lines[i], "element entries ", 16))
			return (uint32_t)strtoul(at + strlen(pattern), NULL,
						 10);
	}
	return 0;
}

static uint64_t handle_of(struct siege *siege, const char *chain_and_number)
{
	struct raw_rule rule = { 0 };
	char chain[64];
	int n;

	if (sscanf(chain_and_number, "%63s %d", chain, &n) != 2)
		abort();
	if (raw_find_rule(siege->field.raw, chain, n, &rule))
		return 0;
	return rule.handle;
}

/* What stands behind %: its text, up to @close */
static const char *fill_in(struct siege *siege, FILE *out, const char *at)
{
	const char *closing = *at == '{' ? "}" : *at == '[' ? "]" : ">";
	size_t len = strcspn(at, closing);
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)len - 1, at + 1);
	if (*at == '{')
		fprintf(out, "%llu",
			(unsigned long long)handle_of(siege, name));
	else
		fprintf(out, "0x%x",
			*at == '[' ? field_flow_mark(&siege->field, name) :
				     class_of(siege, name));
	return at + len + 1;
}

char *siege_script(struct siege *siege, const char *script)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	while (*script) {
		if (*script != '%') {
			fputc(*script++, out);
		} else if (script[1] == 'T') {
			fputs("inet " RAW_TABLE, out);
			script += 2;
		} else {
			script = fill_in(siege, out, script + 1);
		}
	}
	fclose(out);
	return text;
}

/* ---- carrying out ---- */

static void heard(struct siege *siege, struct blow *blow,
		  const struct commit *commit)
{
	/* of what we were told late we only know since when it may be */
	if (commit->pid == siege->field.launch.child)
		blow->restored_usec = commit->usec;
	else if (!blow->begun_usec)
		blow->begun_usec = commit->since_usec;
}

void siege_hear(struct siege *siege, struct blow *blow, uint64_t usec)
{
	uint64_t deadline = usec ? now_usec() + usec : 0;
	struct commit commit = { 0 };

	while (!ear_next(siege->field.ear, deadline, &commit)) {
		heard(siege, blow, &commit);
		deadline = 0; /* what else is there, and no more waiting */
	}
}

void siege_self(struct siege *siege, struct blow *blow)
{
	struct attacker *attacker = &blow->by[blow->n_by++];

	attacker->pid = getpid();
	attacker->parent = getppid();
	attacker->comm = program_invocation_short_name;
	siege_hear(siege, blow, 0);
	blow->begun_usec = now_usec();
}

static int error_of_nft(int status, const char *output)
{
	if (!status)
		return 0;
	return strstr(output, "Operation not permitted") ? -EPERM : -EINVAL;
}

void siege_nft(struct siege *siege, struct blow *blow, const char *text)
{
	const char *const argv[] = { "nft", "-f", "-", NULL };
	struct process *process;
	struct attacker *attacker;
	char *output;
	int status;

	if (siege->n_processes == ATTACKERS_MAX)
		abort();
	process = &siege->processes[siege->n_processes];
	if (field_spawn(&siege->field, argv, text, process)) {
		blow->error = -ECHILD;
		return;
	}
	siege->n_processes++;
	attacker = &blow->by[blow->n_by++];
	attacker->pid = process->pid;
	attacker->parent = getpid();
	attacker->comm = "nft";
	while (!process_has_ended(process, &status))
		siege_hear(siege, blow, POLL_USEC);
	output = process_output(process);
	blow->error = error_of_nft(status, output);
	free(blow->text);
	blow->text = output;
}

static void bury_processes(struct siege *siege)
{
	while (siege->n_processes)
		process_close(&siege->processes[--siege->n_processes]);
}

/* ---- what the daemon says of it ---- */

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	return json_is_integer(number) ? json_integer_value(number) : -1;
}

static bool is_settled(struct siege *siege, const json_t *drift)
{
	const json_t *last =
		json_array_get(json_object_get(drift, "history"), 0);

	return json_is_array(json_object_get(drift, "open")) &&
	       !json_array_size(json_object_get(drift, "open")) && last &&
	       number_of(last, "id") > siege->last_id;
}

void siege_await_open(struct siege *siege, struct blow *blow)
{
	uint64_t deadline = now_usec() + SETTLE_USEC;
	bool is_open;

	do {
		json_t *drift = field_ask(&siege->field, "drift", NULL);

		is_open = json_array_size(json_object_get(drift, "open")) > 0;
		json_decref(drift);
		siege_hear(siege, blow, HEAR_USEC);
	} while (!is_open && now_usec() < deadline);
	if (!is_open)
		complain(siege, "no incident is open");
}

/* Until the daemon has come to an end with it; the answer of "drift" */
static json_t *await_settled(struct siege *siege, struct blow *blow,
			     uint64_t usec)
{
	uint64_t deadline = now_usec() + usec;
	json_t *drift;

	for (;;) {
		siege_hear(siege, blow, HEAR_USEC);
		drift = field_ask(&siege->field, "drift", NULL);
		if (is_settled(siege, drift) || now_usec() > deadline)
			break;
		json_decref(drift);
	}
	siege_hear(siege, blow, 0);
	return drift;
}

/* The incidents since the last judgement, as one array */
static json_t *new_incidents(struct siege *siege, const json_t *drift)
{
	json_t *incidents = json_array(), *incident;
	size_t i;

	json_array_foreach(json_object_get(drift, "history"), i, incident)
		if (number_of(incident, "id") > siege->last_id)
			json_array_append(incidents, incident);
	incident = json_array_get(incidents, 0);
	if (incident)
		siege->last_id = number_of(incident, "id");
	return incidents;
}

static const json_t *find_actor(const json_t *incidents, pid_t pid)
{
	json_t *incident, *actor;
	size_t i, k;

	json_array_foreach(incidents, i, incident)
		json_array_foreach(json_object_get(incident, "actors"), k,
				   actor)
			if (number_of(actor, "pid") == pid)
				return actor;
	return NULL;
}

static void read_comm(pid_t pid, char *comm, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file || !fgets(comm, (int)size, file))
		*comm = '\0';
	if (file)
		fclose(file);
	comm[strcspn(comm, "\n")] = '\0';
}

static void judge_actor(struct siege *siege, const struct attacker *attacker,
			const json_t *actor)
{
	char parent[32];

	if (strcmp(string_of(actor, "process"), attacker->comm))
		complain(siege, "the process is called %s, not \"%s\"",
			 attacker->comm, string_of(actor, "process"));
	if (attacker->gone && !json_object_get(actor, "uid"))
		return; /* nobody could know */
	read_comm(attacker->parent, parent, sizeof(parent));
	if (number_of(actor, "uid") != (json_int_t)getuid())
		complain(siege, "the user is %d, not %lld", (int)getuid(),
			 (long long)number_of(actor, "uid"));
	if (number_of(actor, "parent_pid") != attacker->parent ||
	    strcmp(string_of(actor, "parent_process"), parent))
		complain(siege, "the parent is %s[%d], not %s[%lld]", parent,
			 (int)attacker->parent,
			 string_of(actor, "parent_process"),
			 (long long)number_of(actor, "parent_pid"));
}

static void judge_actors(struct siege *siege, const struct blow *blow,
			 const json_t *incidents)
{
	size_t i, n_found = 0;

	for (i = 0; i < blow->n_by; i++) {
		const json_t *actor = find_actor(incidents, blow->by[i].pid);

		if (!actor)
			continue;
		n_found++;
		judge_actor(siege, &blow->by[i], actor);
	}
	/* of many, not each need have found our table there */
	if (n_found < (blow->n_by > ACTORS_KEPT ? 1 : blow->n_by))
		complain(siege, "%zu of %zu attackers are named", n_found,
			 blow->n_by);
}

static bool change_found(const json_t *incidents, const char *key,
			 const char *pattern)
{
	json_t *incident, *change;
	size_t i, k;

	json_array_foreach(incidents, i, incident)
		json_array_foreach(json_object_get(incident, "changes"), k,
				   change)
			if (matches(pattern, string_of(change, key)))
				return true;
	return false;
}

static void print_changes(FILE *out, const json_t *incidents)
{
	json_t *incident, *change;
	size_t i, k;

	json_array_foreach(incidents, i, incident)
		json_array_foreach(json_object_get(incident, "changes"), k,
				   change)
			if (k < 4)
				fprintf(out, "        | %s: %s: %s\n",
					string_of(incident, "outcome"),
					string_of(change, "words"),
					string_of(change, "nft"));
}

static void judge_changes(struct siege *siege, const struct attack *attack,
			  const json_t *incidents)
{
	bool right = true;
	json_int_t n = 0;
	json_t *incident;
	size_t i;

	json_array_foreach(incidents, i, incident)
		n += number_of(incident, "n_changes");
	if (attack->words && !change_found(incidents, "words", attack->words)) {
		complain(siege, "no change is described by /%s/",
			 attack->words);
		right = false;
	}
	if (attack->nft && !change_found(incidents, "nft", attack->nft)) {
		complain(siege, "no change has the text /%s/", attack->nft);
		right = false;
	}
	if (n < (json_int_t)attack->at_least) {
		complain(siege, "%lld changes are counted, not %u",
			 (long long)n, attack->at_least);
		right = false;
	}
	if (!right || siege->verbose)
		print_changes(siege->complaints, incidents);
}

/* Repaired, and the last one least of all by chance */
static void judge_outcomes(struct siege *siege, const json_t *incidents,
			   bool undone)
{
	bool repaired = false;
	json_t *incident;
	size_t i;

	json_array_foreach(incidents, i, incident) {
		const char *outcome = string_of(incident, "outcome");

		if (strcmp(string_of(incident, "by"), "event"))
			complain(siege, "it was found by \"%s\", not by event",
				 string_of(incident, "by"));
		if (!strcmp(outcome, "repaired"))
			repaired = true;
		else if (undone ? strcmp(outcome, "reverted") &&
					  strcmp(outcome, "unchanged") :
				  strcmp(outcome, "unchanged"))
			complain(siege, "the outcome is \"%s\"", outcome);
	}
	if (repaired)
		siege->n_repairs++;
	if (undone && !repaired)
		complain(siege, "no incident was repaired");
	if (!undone && repaired)
		complain(siege, "something was repaired");
}

static double reported_msec(const json_t *incidents)
{
	json_int_t most = 0;
	json_t *incident;
	size_t i;

	json_array_foreach(incidents, i, incident)
		if (number_of(incident, "latency_usec") > most)
			most = number_of(incident, "latency_usec");
	return (double)most / 1000;
}

static void add_note(struct siege *siege, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add_note(struct siege *siege, const char *fmt, ...)
{
	char *old = siege->note, *text;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	if (asprintf(&siege->note, "%s%s%s", text, old ? ", " : "",
		     old ? old : "") < 0)
		abort();
	free(old);
	free(text);
}

static void judge_undone(struct siege *siege, const struct attack *attack,
			 struct blow *blow)
{
	bool undone = attack->remedy == REMEDY_UNDONE;
	json_t *drift =
		await_settled(siege, blow, undone ? SETTLE_USEC : NOTHING_USEC);
	json_t *incidents = new_incidents(siege, drift);
	uint64_t took = blow->restored_usec - blow->begun_usec;

	if (undone && !is_settled(siege, drift) && !json_array_size(incidents))
		complain(siege, "it was not noticed, or it has not ended");
	judge_outcomes(siege, incidents, undone);
	if (undone)
		judge_actors(siege, blow, incidents);
	judge_changes(siege, attack, incidents);
	if (undone && blow->restored_usec <= blow->begun_usec)
		complain(siege, "no commit of the daemon was heard of");
	if (undone && blow->limit_usec && took > blow->limit_usec)
		complain(siege, "it took longer than %.0f ms",
			 (double)blow->limit_usec / 1000);
	if (undone)
		add_note(siege, "%8.3f ms, as the daemon says %.3f",
			 (double)took / 1000, reported_msec(incidents));
	else
		add_note(siege, "   nothing to undo, %zu incidents",
			 json_array_size(incidents));
	json_decref(incidents);
	json_decref(drift);
}

/* ---- what is not ours ---- */

/* The concern that the audit has about it, or NULL */
static json_t *find_concern(struct siege *siege, const struct attack *attack,
			    int *status)
{
	json_t *audit = field_ask(&siege->field, "audit", status);
	json_t *concern, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(audit, "concerns"), i, concern)
		if (matches(attack->words, string_of(concern, "subject")) &&
		    strcmp(string_of(concern, "gravity"), "notice"))
			found = found ? found : json_incref(concern);
	json_decref(audit);
	return found;
}

static void judge_reported(struct siege *siege, const struct attack *attack)
{
	uint64_t deadline = now_usec() + SETTLE_USEC;
	json_t *concern;
	int status;

	while (!(concern = find_concern(siege, attack, &status)) &&
	       now_usec() < deadline)
		;
	if (!concern) {
		complain(siege, "the audit says nothing of it");
		return;
	}
	if (!strcmp(string_of(concern, "gravity"), "critical") && status != 1)
		complain(siege, "the exit status of the audit is %d", status);
	add_note(siege, "   %s, %s", string_of(concern, "gravity"),
		 string_of(concern, "id"));
	if (siege->verbose)
		fprintf(siege->complaints, "        | %s: %s\n",
			string_of(concern, "subject"),
			string_of(concern, "text"));
	json_decref(concern);
}

static void judge_gone(struct siege *siege, const struct attack *attack)
{
	uint64_t deadline = now_usec() + SETTLE_USEC;
	json_t *concern;

	while ((concern = find_concern(siege, attack, NULL))) {
		json_decref(concern);
		if (now_usec() > deadline) {
			complain(siege, "the audit still speaks of it");
			return;
		}
	}
}

/* ---- one attack ---- */

static void judge_owned(struct siege *siege, const struct attack *attack,
			const struct blow *blow)
{
	json_t *drift = field_ask(&siege->field, "drift", NULL);
	json_t *incidents = new_incidents(siege, drift);

	switch (attack->owned) {
	case OWNED_REFUSED:
		if (blow->error != -EPERM)
			complain(siege, "it was not refused: %s",
				 blow->error ? strerror(-blow->error) :
					       "it succeeded");
		add_note(siege, "   refused");
		break;
	case OWNED_SKIPPED:
		if (blow->error)
			complain(siege, "it failed: %s",
				 strerror(-blow->error));
		add_note(siege, "   without effect");
		break;
	case OWNED_NOT:
		break;
	}
	if (json_array_size(json_object_get(drift, "open")))
		complain(siege, "there is an open incident");
	judge_outcomes(siege, incidents, false);
	json_decref(incidents);
	json_decref(drift);
}

static void judge(struct siege *siege, const struct attack *attack,
		  struct blow *blow)
{
	bool ours = attack->remedy != REMEDY_REPORTED;

	if (siege->ownership && ours) {
		judge_owned(siege, attack, blow);
		return;
	}
	if (blow->error) {
		complain(siege, "the attack failed: %s\n%s",
			 strerror(-blow->error), blow->text ? blow->text : "");
		return;
	}
	if (ours) {
		judge_undone(siege, attack, blow);
		return;
	}
	judge_reported(siege, attack);
	add_note(siege, "   not undone%s",
		 siege->ownership ? ", nor prevented by ownership" : "");
}

static void undo(struct siege *siege, const struct attack *attack)
{
	const char *const argv[] = { "nft", "-f", "-", NULL };
	struct blow nobody = { 0 };
	char *script, *output;
	bool ours = attack->remedy == REMEDY_NOTHING;
	int status;

	if (!attack->undo || (siege->ownership && ours))
		return;
	script = siege_script(siege, attack->undo);
	status = field_run(&siege->field, argv, script, &output);
	/* with noise, an attack that was refused may have left none */
	if (status && attack->remedy != REMEDY_UNDONE)
		complain(siege, "it is not there any more: %s", output);
	if (attack->remedy == REMEDY_REPORTED)
		judge_gone(siege, attack);
	if (ours) {
		json_t *drift = await_settled(siege, &nobody, NOTHING_USEC);

		json_decref(new_incidents(siege, drift));
		json_decref(drift);
	}
	free(output);
	free(script);
}

static void carry_out(struct siege *siege, const struct attack *attack,
		      struct blow *blow)
{
	char *script;

	ear_drain(siege->field.ear);
	if (attack->carry_out) {
		attack->carry_out(siege, blow);
		return;
	}
	script = siege_script(siege, attack->script);
	siege_nft(siege, blow, script);
	free(script);
}

/* After a failure with no table, so that it is not laid to the next one too */
static int begin_anew(struct siege *siege, bool failed)
{
	field_stop(&siege->field);
	if (failed) {
		raw_begin(siege->field.raw);
		raw_delete_table(siege->field.raw);
		raw_commit(siege->field.raw);
	}
	siege->n_repairs = 0;
	siege->last_id = 0;
	return field_start(&siege->field);
}

static int run_attack(struct siege *siege, const struct attack *attack)
{
	struct blow blow = { 0 };
	char *complaints = NULL;
	size_t len = 0;
	bool failed;

	siege->wrong = false;
	siege->complaints = open_memstream(&complaints, &len);
	if (!siege->complaints)
		abort();
	carry_out(siege, attack, &blow);
	judge(siege, attack, &blow);
	bury_processes(siege);
	undo(siege, attack);
	failed = !field_is_calm(&siege->field, siege->complaints) ||
		 siege->wrong;
	printf("%-8s%-60s%s\n", failed ? "FAILED" : "ok", attack->name,
	       siege->note ? siege->note : "");
	fclose(siege->complaints);
	fputs(complaints, stdout);
	if (failed)
		field_print_log(&siege->field);
	siege->n_failed += failed;
	siege->n_passed += !failed;
	free(complaints);
	free(siege->note);
	siege->note = NULL;
	free(blow.text);
	if (failed || siege->n_repairs >= REPAIRS_MAX)
		return begin_anew(siege, failed);
	return 0;
}

/* ---- all of them ---- */

static int run(struct siege *siege, const char *pattern)
{
	json_t *drift;
	size_t i;
	int rc = field_start(&siege->field);

	if (!rc)
		rc = field_learn(&siege->field);
	if (rc)
		return rc;
	drift = field_ask(&siege->field, "drift", NULL);
	if (siege->ownership !=
	    !strcmp(string_of(drift, "ownership"), "owned")) {
		printf("skipped: ownership of the table is \"%s\"\n",
		       string_of(drift, "ownership"));
		json_decref(drift);
		return -EOPNOTSUPP;
	}
	json_decref(drift);
	for (i = 0; !rc && i < n_attacks; i++)
		if (topology_interrupted(siege->field.topology))
			rc = -EINTR;
		else if (!pattern || matches(pattern, attacks[i].name))
			rc = run_attack(siege, &attacks[i]);
	printf("%u attacks on a table that is %sowned: %u as it has to be, "
	       "%u not\n",
	       siege->n_passed + siege->n_failed,
	       siege->ownership ? "" : "not ", siege->n_passed,
	       siege->n_failed);
	return rc;
}

static void print_usage(void)
{
	fprintf(stderr,
		"usage: siege [-o] [-v] [-t PATTERN] BUILD CONFIG\n"
		"  -o  with ownership of the table\n"
		"  -v  print the changes that the daemon describes\n"
		"  -t  only the attacks whose name matches\n"
		"Exit status: 0 as it has to be, 1 not so, 2 not run, 77 "
		"skipped.\n");
}

int main(int argc, char **argv)
{
	struct siege siege = { 0 };
	const char *pattern = NULL;
	int option, rc;

	while ((option = getopt(argc, argv, "ovt:")) >= 0)
		switch (option) {
		case 'o':
			siege.ownership = true;
			break;
		case 'v':
			siege.verbose = true;
			break;
		case 't':
			pattern = optarg;
			break;
		default:
			print_usage();
			return 2;
		}
	if (argc - optind != 2) {
		print_usage();
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	rc = field_open(&siege.field, argv[optind], argv[optind + 1],
			siege.ownership ?
				"watch = { compare_seconds = 3600; };" :
				"watch = { ownership = false; "
				"compare_seconds = 3600; };");
	if (!rc)
		rc = run(&siege, pattern);
	field_close(&siege.field);
	if (rc == -EPERM || rc == -EOPNOTSUPP)
		return EXIT_SKIPPED;
	return rc ? 2 : siege.n_failed || !siege.n_passed;
}
