// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Varlink messages. Easy to get wrong: every byte comes from outside, so
 * nothing is taken for granted about its JSON: not that it is an object, not
 * the type of any member, not that a parameter we do not know may be passed
 * over, since a caller who gives one expects it to matter.
 */
#include "varlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char varlink_service_text[] =
	"# What every Varlink service answers\n"
	"interface org.varlink.service\n"
	"\n"
	"method GetInfo() -> (vendor: string, product: string, "
	"version: string, url: string, interfaces: []string)\n"
	"method GetInterfaceDescription(interface: string) -> "
	"(description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

static const char varlink_control_text[] =
	"# Sekimori, the keeper of the gate between network layers.\n"
	"# Times are seconds since 1970 UTC, or microseconds where the name\n"
	"# says so; dates are YYYY-MM-DD.\n"
	"interface jp.sekimori.Control\n"
	"\n"
	"type Status (\n"
	"  state: (unsure, in_force, drifted, withdrawn),\n"
	"  gateway: string, model: string, guideline: string, file: string,\n"
	"  digest: string, generation: int,\n"
	"  started: ?int, changed: ?int, verified: ?int, compared: ?int,\n"
	"  config_number: int, confirm_seconds_left: ?int,\n"
	"  mode: ?(repair, alert), ownership: ?(owned, off, unsupported),\n"
	"  incidents: int, repaired: int, open: int,\n"
	"  concerns_critical: int, concerns_warning: int,\n"
	"  zones: int, hosts: int, lists: int,\n"
	"  conduits: int, conduits_in_force: int,\n"
	"  clock: (right, behind), next_change: ?int,\n"
	"  flows: int, elements: int,\n"
	"  warnings: int, version: string\n"
	")\n"
	"type Interface (\n"
	"  name: string, state: (up, down, absent), addresses: []string\n"
	")\n"
	"type Zone (\n"
	"  name: string, label: string, layer: string,\n"
	"  external: bool, no_ip: bool,\n"
	"  interfaces: []Interface, networks: []string,\n"
	"  next_hop_mac: ?string,\n"
	"  hosts: int, conduits_from: int, conduits_to: int\n"
	")\n"
	"type Pair (\n"
	"  from: string, to: string, conduits: int, kinds: [string]int\n"
	")\n"
	"type Endpoint (name: string, zone: string, kind: (zone, net, host))\n"
	"# next_change: when in_force changes; windows: times of the week\n"
	"# marks: conntrack marks of the flows, at most the first 64\n"
	"type Conduit (\n"
	"  name: string, kind: string, bind: (ip, mac),\n"
	"  from: []Endpoint, to: []Endpoint, services: []string,\n"
	"  in_force: bool, next_change: ?int,\n"
	"  valid_from: ?string, valid_until: ?string, days_left: ?int,\n"
	"  expires: ?int, windows: []string,\n"
	"  reason: ?string, approved_by: ?string, approval: ?string,\n"
	"  allowed_by: ?string,\n"
	"  flows: int, marks: []string,\n"
	"  packets: int, bytes: int, last_hit: ?int\n"
	")\n"
	"# A temporary conduit, as it was asked for. allowed_by: who has asked\n"
	"type Allowed (\n"
	"  name: string, kind: string, bind: (ip, mac),\n"
	"  from: []string, to: []string, services: []string,\n"
	"  reason: ?string, approved_by: ?string, approval: ?string,\n"
	"  allowed_by: string, expires: int, in_force: bool\n"
	")\n"
	"type Finding (\n"
	"  severity: (error, warning), id: string,\n"
	"  file: ?string, line: ?int, also_file: ?string, also_line: ?int,\n"
	"  text: string\n"
	")\n"
	"# A process that has committed changes to the table. It has no uid if\n"
	"# it had ended before it could be asked\n"
	"type Actor (\n"
	"  pid: int, uid: ?int, process: string,\n"
	"  parent_pid: ?int, parent_process: ?string\n"
	")\n"
	"# nft: the object in question as nft text\n"
	"type Change (words: string, nft: ?string)\n"
	"# What others did to the table until it was proved again. Of actors\n"
	"# and changes only the first are listed; n_actors and n_changes count\n"
	"# all. latency_usec: from seen_usec until it was right; 0 while open\n"
	"type Incident (\n"
	"  id: int, outcome: (open, repaired, reverted, unchanged),\n"
	"  by: (event, comparison), seen_usec: int, latency_usec: int,\n"
	"  transactions: int, actors: []Actor, n_actors: int,\n"
	"  changes: []Change, n_changes: int\n"
	")\n"
	"# Something in the kernel beside the table, known by id and subject\n"
	"type Concern (\n"
	"  gravity: (notice, warning, critical), id: string,\n"
	"  subject: string, text: string, since: int\n"
	")\n"
	"# A line of the log\n"
	"type Record (\n"
	"  time_usec: int, msgid: string, text: string, fields: object,\n"
	"  priority: (emerg, alert, crit, err, warning, notice, info, debug)\n"
	")\n"
	"\n"
	"# A thing that is written otherwise. n_added, n_removed: values\n"
	"type PlanField (\n"
	"  field: string, removed: []string, added: []string,\n"
	"  n_removed: int, n_added: int\n"
	")\n"
	"# Of a conduit; next_change: when in_force is next otherwise\n"
	"type PlanTerm (\n"
	"  valid_from: ?string, valid_until: ?string, expires: ?int,\n"
	"  windows: []string, in_force: ?bool, next_change: ?int\n"
	")\n"
	"# term_before, term_after: null: it is always in force, or no conduit\n"
	"type PlanChange (\n"
	"  what: (added, removed, changed, renamed), kind: string,\n"
	"  name: string, old_name: ?string, fields: []PlanField,\n"
	"  term_before: ?PlanTerm, term_after: ?PlanTerm\n"
	")\n"
	"# All of names but for except; more, except_more: not listed\n"
	"type PlanWho (\n"
	"  names: []string, except: []string, more: int, except_more: int\n"
	")\n"
	"# Who may open connections to whom: not at all, from any MAC address,\n"
	"# or only from those that are bound. in_part: this holds for some of\n"
	"# these connections; the others are as before, or in another line.\n"
	"# before, after: now. course_before, course_after: in the course of\n"
	"# time: the first stage whose term has come decides; term: null: the\n"
	"# stage is always in force. A course is null if it is always the same\n"
	"type PlanStage (permit: (ip, mac), term: ?PlanTerm)\n"
	"type PlanLine (\n"
	"  from: PlanWho, to: PlanWho, services: []string, n_services: int,\n"
	"  before: (none, ip, mac), after: (none, ip, mac), in_part: bool,\n"
	"  course_before: ?[]PlanStage, course_after: ?[]PlanStage\n"
	")\n"
	"# What the kernel would have to do, and whether it would: it was asked\n"
	"type PlanKernel (\n"
	"  accepted: bool, reason: ?string,\n"
	"  scope: (nothing, elements, program, replace),\n"
	"  elements_added: int, elements_deleted: int,\n"
	"  rules_added: int, rules_deleted: int, sets: int, chains: int,\n"
	"  nft: []string, n_nft: int\n"
	")\n"
	"# A configuration that was put in force. damaged: it is not what was\n"
	"# written; then nothing else is known of it\n"
	"type Generation (\n"
	"  number: int, time: ?int, uid: ?int, pid: ?int, process: ?string,\n"
	"  why: ?string, digest: ?string, outcome: ?string, damaged: bool\n"
	")\n"
	"# len: bytes. text: null unless it is root who asks\n"
	"type File (name: string, len: int, sha256: string, text: ?string)\n"
	"\n"
	"method Status() -> (status: Status)\n"
	"method Zones() -> (zones: []Zone)\n"
	"# Pairs of zones that have a conduit in force; no others can talk\n"
	"method Matrix() -> (zones: []string, pairs: []Pair)\n"
	"# In portions when called with \"more\"; without it, only a policy\n"
	"# that fits one portion can be shown\n"
	"method Conduits() -> (conduits: []Conduit)\n"
	"# Apply() of the configured file\n"
	"method Reload() -> (\n"
	"  edited: bool, from: string, to: string, generation: int,\n"
	"  number: int, confirm_seconds: int, confirm_until: ?int,\n"
	"  sessions_ended: ?int,\n"
	"  conduits_added: int, conduits_removed: int, conduits_changed: int,\n"
	"  elements_added: int, elements_deleted: int,\n"
	"  warnings: int, findings: []Finding\n"
	")\n"
	"# Put a configuration in force: the configured file, another one (an\n"
	"# absolute path), or a generation that was in force before. With\n"
	"# confirm_seconds, at most 86400, what was confirmed last comes back\n"
	"# unless Confirm() is called in time. why: one line.\n"
	"# generation: changes of the kernel's table so far; number: which\n"
	"# generation of the configuration is in force now, 0 if it could not\n"
	"# be kept. confirm_seconds: that are left, and confirm_until: until\n"
	"# when; null if nothing is awaited. sessions_ended: connections of\n"
	"# what is no longer permitted; null if it is not known yet\n"
	"method Apply(\n"
	"  file: ?string, generation: ?int, confirm_seconds: ?int,\n"
	"  why: ?string\n"
	") -> (\n"
	"  edited: bool, from: string, to: string, generation: int,\n"
	"  number: int, confirm_seconds: int, confirm_until: ?int,\n"
	"  sessions_ended: ?int,\n"
	"  conduits_added: int, conduits_removed: int, conduits_changed: int,\n"
	"  elements_added: int, elements_deleted: int,\n"
	"  warnings: int, findings: []Finding\n"
	")\n"
	"# What is in force stays so; number: its generation\n"
	"method Confirm() -> (number: int)\n"
	"# Apply() of the generation confirmed before, or of the one given;\n"
	"# for good\n"
	"method Rollback(generation: ?int, why: ?string) -> (\n"
	"  edited: bool, from: string, to: string, generation: int,\n"
	"  number: int, confirm_seconds: int, confirm_until: ?int,\n"
	"  sessions_ended: ?int,\n"
	"  conduits_added: int, conduits_removed: int, conduits_changed: int,\n"
	"  elements_added: int, elements_deleted: int,\n"
	"  warnings: int, findings: []Finding\n"
	")\n"
	"# The newest first. running, confirmed: 0 if there is none;\n"
	"# seconds_left: to confirm the running one, null if it is confirmed\n"
	"method History() -> (\n"
	"  running: int, confirmed: int, seconds_left: ?int,\n"
	"  generations: []Generation\n"
	")\n"
	"# The files of a generation, the main one first\n"
	"method Show(generation: int) -> (number: int, files: []File)\n"
	"# Remove the table: from then on nothing is enforced\n"
	"method Withdraw() -> (generation: int)\n"
	"# What others did to the table since the start, the newest first\n"
	"method Drift() -> (\n"
	"  mode: (repair, alert), ownership: (owned, off, unsupported),\n"
	"  open: []Incident, history: []Incident, incidents: int,\n"
	"  repaired: int\n"
	")\n"
	"# Compare and audit everything now; the reply comes when that is done\n"
	"method Audit() -> (\n"
	"  state: (unsure, in_force, drifted, withdrawn),\n"
	"  concerns: []Concern\n"
	")\n"
	"# What is logged from now on; to be called with \"more\", and without\n"
	"# end. The first reply comes at once and has no record. missed: how\n"
	"# many records before this one were lost to a reader who was too slow\n"
	"method Watch() -> (record: ?Record, missed: int)\n"
	"method Version() -> (version: string)\n"
	"# What putting this file in force, instead of the policy that is,\n"
	"# would change. Nothing is changed. file: an absolute path. Of each\n"
	"# array only the first are listed; the number of all is beside it.\n"
	"# complete: false if there is more than was looked at. sessions_cut:\n"
	"# live connections that it would end; null: too many to be counted\n"
	"method Plan(file: string, nft: ?bool) -> (\n"
	"  file: string, from: string, to: string,\n"
	"  state: (unsure, in_force, drifted, withdrawn),\n"
	"  changes: []PlanChange, n_changes: int, complete: bool,\n"
	"  opened: []PlanLine, n_opened: int,\n"
	"  closed: []PlanLine, n_closed: int,\n"
	"  altered: []PlanLine, n_altered: int,\n"
	"  later: []PlanLine, n_later: int,\n"
	"  findings_new: []Finding, findings_gone: []Finding,\n"
	"  sessions_cut: ?int, kernel: PlanKernel, warnings: int\n"
	")\n"
	"# As Plan(), from one generation to another; the kernel is not asked\n"
	"method Diff(from: int, to: int) -> (\n"
	"  file: ?string, from: string, to: string,\n"
	"  state: (unsure, in_force, drifted, withdrawn),\n"
	"  changes: []PlanChange, n_changes: int, complete: bool,\n"
	"  opened: []PlanLine, n_opened: int,\n"
	"  closed: []PlanLine, n_closed: int,\n"
	"  altered: []PlanLine, n_altered: int,\n"
	"  later: []PlanLine, n_later: int,\n"
	"  findings_new: []Finding, findings_gone: []Finding,\n"
	"  kernel: ?PlanKernel, warnings: int\n"
	")\n"
	"# Add a conduit for some seconds, a minute to seven days. kind: plain\n"
	"# if absent; name: one is made if absent\n"
	"method Allow(\n"
	"  name: ?string, kind: ?string, bind: ?string,\n"
	"  from: []string, to: []string, services: []string,\n"
	"  reason: string, approved_by: ?string, approval: ?string,\n"
	"  seconds: int\n"
	") -> (\n"
	"  name: string, expires: int, generation: int, findings: []Finding\n"
	")\n"
	"# End one before its time. kept: on the disk, too; or it may come back with\n"
	"# the next start. sessions: that were ended, if it is known\n"
	"method Disallow(name: string) -> (\n"
	"  name: string, generation: int, kept: bool, sessions: ?int\n"
	")\n"
	"method Allowed() -> (allowed: []Allowed)\n"
	"\n"
	"# The configuration, or the kernel, said no; what was, stays\n"
	"error Refused (\n"
	"  reason: string, errors: int, warnings: int, findings: []Finding\n"
	")\n"
	"# The policy was replaced while its conduits were being listed\n"
	"error Changed ()\n"
	"# The reply would be larger than this service ever sends\n"
	"error TooLarge ()\n"
	"# There are as many watchers already as this service has\n"
	"error TooManyWatchers ()\n"
	"# Nothing waits to be confirmed\n"
	"error NothingAwaited ()\n"
	"# number: 0 if there is no earlier one at all\n"
	"error NoSuchGeneration (number: int)\n"
	"# It is not what was written, and is not used\n"
	"error Damaged (number: int)\n"
	"# Only root may name a file there\n"
	"error Elsewhere (reason: string)\n"
	"# The kernel, or the disk, did not carry it out\n"
	"error Failed (reason: string)\n"
	"# This is not the protocol\n"
	"error Malformed (reason: string)\n";

static json_t *varlink_have(json_t *json)
{
	if (!json)
		abort();
	return json;
}

json_t *varlink_reply(json_t *parameters, bool continues)
{
	if (continues)
		return varlink_have(json_pack("{soso}", "parameters",
					      varlink_have(parameters),
					      "continues", json_true()));
	return varlink_have(
		json_pack("{so}", "parameters", varlink_have(parameters)));
}

json_t *varlink_error(const char *name, json_t *parameters)
{
	if (!parameters)
		parameters = varlink_have(json_object());
	return varlink_have(
		json_pack("{ssso}", "error", name, "parameters", parameters));
}

static json_t *varlink_error_with(const char *name, const char *key,
				  json_t *value)
{
	return varlink_error(name, varlink_have(json_pack("{sO}", key, value)));
}

static json_t *varlink_malformed(const char *reason)
{
	return varlink_error(VARLINK_ERROR "Malformed",
			     varlink_have(json_pack("{ss}", "reason", reason)));
}

json_t *varlink_generation_error(uint64_t number, int rc)
{
	if (rc == -ENOENT || rc == -EBADMSG)
		return varlink_error(
			rc == -ENOENT ? VARLINK_ERROR "NoSuchGeneration" :
					VARLINK_ERROR "Damaged",
			varlink_have(json_pack("{sI}", "number",
					       (json_int_t)number)));
	return varlink_error(
		VARLINK_ERROR "Failed",
		varlink_have(json_pack("{ss}", "reason", strerror(-rc))));
}

json_t *varlink_info(void)
{
	return varlink_have(json_pack(
		"{ssssssss s[ss]}", "vendor", "Sekimori", "product",
		"sekimorid", "version", SEKIMORI_VERSION, "url", "",
		"interfaces", "org.varlink.service", VARLINK_INTERFACE));
}

const char *varlink_description(const char *interface)
{
	if (!strcmp(interface, VARLINK_INTERFACE))
		return varlink_control_text;
	if (!strcmp(interface, "org.varlink.service"))
		return varlink_service_text;
	return NULL;
}

static enum varlink_method varlink_method(const char *name)
{
	static const struct {
		const char *name;
		enum varlink_method method;
	} table[] = {
		{ "org.varlink.service.GetInfo", VARLINK_GET_INFO },
		{ "org.varlink.service.GetInterfaceDescription",
		  VARLINK_GET_INTERFACE_DESCRIPTION },
		{ VARLINK_INTERFACE ".Status", VARLINK_STATUS },
		{ VARLINK_INTERFACE ".Zones", VARLINK_ZONES },
		{ VARLINK_INTERFACE ".Matrix", VARLINK_MATRIX },
		{ VARLINK_INTERFACE ".Conduits", VARLINK_CONDUITS },
		{ VARLINK_INTERFACE ".Reload", VARLINK_RELOAD },
		{ VARLINK_INTERFACE ".Withdraw", VARLINK_WITHDRAW },
		{ VARLINK_INTERFACE ".Drift", VARLINK_DRIFT },
		{ VARLINK_INTERFACE ".Audit", VARLINK_AUDIT },
		{ VARLINK_INTERFACE ".Watch", VARLINK_WATCH },
		{ VARLINK_INTERFACE ".Version", VARLINK_VERSION },
		{ VARLINK_INTERFACE ".Plan", VARLINK_PLAN },
		{ VARLINK_INTERFACE ".Allow", VARLINK_ALLOW },
		{ VARLINK_INTERFACE ".Disallow", VARLINK_DISALLOW },
		{ VARLINK_INTERFACE ".Allowed", VARLINK_ALLOWED },
		{ VARLINK_INTERFACE ".Apply", VARLINK_APPLY },
		{ VARLINK_INTERFACE ".Confirm", VARLINK_CONFIRM },
		{ VARLINK_INTERFACE ".Rollback", VARLINK_ROLLBACK },
		{ VARLINK_INTERFACE ".History", VARLINK_HISTORY },
		{ VARLINK_INTERFACE ".Show", VARLINK_SHOW },
		{ VARLINK_INTERFACE ".Diff", VARLINK_DIFF },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].name, name))
			return table[i].method;
	return 0;
}

/* No such method: is it at least one of our interfaces? */
static json_t *varlink_not_found(json_t *method)
{
	const char *name = json_string_value(method);
	const char *dot = strrchr(name, '.');
	char interface[256];
	size_t len = dot ? (size_t)(dot - name) : 0;
	json_t *error;

	if (len && len < sizeof(interface)) {
		memcpy(interface, name, len);
		interface[len] = '\0';
		if (!varlink_description(interface)) {
			json_t *value = varlink_have(json_string(interface));

			error = varlink_error_with(VARLINK_ERROR_SERVICE
						   "InterfaceNotFound",
						   "interface", value);
			json_decref(value);
			return error;
		}
	}
	return varlink_error_with(VARLINK_ERROR_SERVICE "MethodNotFound",
				  "method", method);
}

static json_t *varlink_invalid(const char *parameter)
{
	return varlink_error(
		VARLINK_ERROR_SERVICE "InvalidParameter",
		varlink_have(json_pack("{ss}", "parameter", parameter)));
}

/* A text that is not empty and fits, or it is no such parameter. */
static bool varlink_take_text(const json_t *value, char *text, size_t size)
{
	size_t len = json_string_length(value);

	/* a NUL inside would make another text of it */
	if (!json_is_string(value) || !len || len >= size ||
	    strlen(json_string_value(value)) != len)
		return false;
	memcpy(text, json_string_value(value), len + 1);
	return true;
}

/* As above, but it may be empty; and it has no control characters. */
static bool varlink_take_line(const json_t *value, char *text, size_t size)
{
	const char *at = json_string_value(value);

	for (; at && *at; at++)
		if ((unsigned char)*at < ' ' || *at == '\x7f')
			return false;
	return (json_is_string(value) && !json_string_length(value)) ||
	       varlink_take_text(value, text, size);
}

static bool varlink_take_number(const json_t *value, json_int_t least,
				json_int_t most, uint64_t *number)
{
	json_int_t n = json_integer_value(value);

	*number = (uint64_t)n;
	return json_is_integer(value) && n >= least && n <= most;
}

static bool varlink_take_texts(const json_t *value, struct varlink_texts *texts)
{
	size_t n = json_array_size(value);

	if (!json_is_array(value) || !n || n > VARLINK_TEXTS_MAX)
		return false;
	for (texts->n = 0; texts->n < n; texts->n++)
		if (!varlink_take_text(json_array_get(value, texts->n),
				       texts->texts[texts->n],
				       sizeof(texts->texts[0])))
			return false;
	return true;
}

/* A parameter of Allow */
static bool varlink_take_conduit(const char *key, const json_t *value,
				 struct varlink_request *request)
{
	struct varlink_conduit *conduit = &request->conduit;
	const struct {
		const char *key;
		char *text;
		size_t size;
	} texts[] = {
		{ "name", request->name, sizeof(request->name) },
		{ "kind", conduit->kind, sizeof(conduit->kind) },
		{ "bind", conduit->bind, sizeof(conduit->bind) },
		{ "reason", conduit->reason, sizeof(conduit->reason) },
		{ "approved_by", conduit->approved_by,
		  sizeof(conduit->approved_by) },
		{ "approval", conduit->approval, sizeof(conduit->approval) },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(key, texts[i].key))
			return varlink_take_text(value, texts[i].text,
						 texts[i].size);
	if (!strcmp(key, "from"))
		return varlink_take_texts(value, &conduit->from);
	if (!strcmp(key, "to"))
		return varlink_take_texts(value, &conduit->to);
	if (!strcmp(key, "services"))
		return varlink_take_texts(value, &conduit->services);
	return varlink_take_number(value, 1, INT64_MAX, &conduit->seconds);
}

static bool varlink_take_value(const char *key, const json_t *value,
			       struct varlink_request *request)
{
	if (request->method == VARLINK_ALLOW)
		return varlink_take_conduit(key, value, request);
	if (!strcmp(key, "name"))
		return varlink_take_text(value, request->name,
					 sizeof(request->name));
	if (!strcmp(key, "interface"))
		return varlink_take_text(value, request->interface,
					 sizeof(request->interface));
	if (!strcmp(key, "file"))
		return varlink_take_text(value, request->file,
					 sizeof(request->file)) &&
		       request->file[0] == '/';
	if (!strcmp(key, "why"))
		return varlink_take_line(value, request->why,
					 sizeof(request->why));
	if (!strcmp(key, "confirm_seconds"))
		return varlink_take_number(value, 0, VARLINK_CONFIRM_MAX,
					   &request->confirm_seconds);
	if (!strcmp(key, "generation"))
		return varlink_take_number(value, 1, INT64_MAX,
					   &request->generation);
	if (!strcmp(key, "from"))
		return varlink_take_number(value, 1, INT64_MAX, &request->from);
	if (!strcmp(key, "to"))
		return varlink_take_number(value, 1, INT64_MAX, &request->to);
	request->nft = json_is_true(value);
	return !strcmp(key, "nft") && json_is_boolean(value);
}

/* What the methods take; null is as if it was not given. */
static const struct varlink_parameter {
	enum varlink_method method;
	const char *name;
	bool needed;
} varlink_parameters[] = {
	{ VARLINK_GET_INTERFACE_DESCRIPTION, "interface", true },
	{ VARLINK_PLAN, "file", true },
	{ VARLINK_PLAN, "nft", false },
	{ VARLINK_APPLY, "file", false },
	{ VARLINK_APPLY, "generation", false },
	{ VARLINK_APPLY, "confirm_seconds", false },
	{ VARLINK_APPLY, "why", false },
	{ VARLINK_ROLLBACK, "generation", false },
	{ VARLINK_ROLLBACK, "why", false },
	{ VARLINK_SHOW, "generation", true },
	{ VARLINK_DIFF, "from", true },
	{ VARLINK_DIFF, "to", true },
	{ VARLINK_ALLOW, "name", false },
	{ VARLINK_ALLOW, "kind", false },
	{ VARLINK_ALLOW, "bind", false },
	{ VARLINK_ALLOW, "from", true },
	{ VARLINK_ALLOW, "to", true },
	{ VARLINK_ALLOW, "services", true },
	{ VARLINK_ALLOW, "reason", true },
	{ VARLINK_ALLOW, "approved_by", false },
	{ VARLINK_ALLOW, "approval", false },
	{ VARLINK_ALLOW, "seconds", true },
	{ VARLINK_DISALLOW, "name", true },
};

#define VARLINK_N_PARAMETERS \
	(sizeof(varlink_parameters) / sizeof(varlink_parameters[0]))

static bool varlink_has_parameter(enum varlink_method method, const char *key)
{
	size_t i;

	for (i = 0; i < VARLINK_N_PARAMETERS; i++)
		if (varlink_parameters[i].method == method &&
		    !strcmp(varlink_parameters[i].name, key))
			return true;
	return false;
}

/* NULL, or the error reply */
static json_t *varlink_take_parameters(const json_t *parameters,
				       struct varlink_request *request)
{
	json_t *value;
	const char *key;
	size_t i;

	json_object_foreach((json_t *)parameters, key, value)
		if (!varlink_has_parameter(request->method, key) ||
		    (!json_is_null(value) &&
		     !varlink_take_value(key, value, request)))
			return varlink_invalid(key);
	for (i = 0; i < VARLINK_N_PARAMETERS; i++) {
		const struct varlink_parameter *p = &varlink_parameters[i];

		value = json_object_get(parameters, p->name);
		if (p->method == request->method && p->needed &&
		    (!value || json_is_null(value)))
			return varlink_invalid(p->name);
	}
	/* one or the other; both would leave open which */
	if (request->method == VARLINK_APPLY && request->file[0] &&
	    request->generation)
		return varlink_invalid("generation");
	return NULL;
}

/* Is this a call at all? NULL, or what is wrong with it */
static const char *varlink_check_shape(const json_t *call)
{
	const json_t *value;
	const char *key;

	if (!json_is_object(call))
		return "the message is not a JSON object";
	json_object_foreach((json_t *)call, key, value) {
		if (!strcmp(key, "method")) {
			if (!json_is_string(value))
				return "\"method\" is not a string";
		} else if (!strcmp(key, "parameters")) {
			if (!json_is_object(value) && !json_is_null(value))
				return "\"parameters\" is not an object";
		} else if (!strcmp(key, "more") || !strcmp(key, "oneway") ||
			   !strcmp(key, "upgrade")) {
			if (!json_is_boolean(value) && !json_is_null(value))
				return "a flag is not a boolean";
		}
	}
	if (!json_object_get(call, "method"))
		return "there is no \"method\"";
	if (json_is_true(json_object_get(call, "upgrade")))
		return "this service does not upgrade connections";
	return NULL;
}

int varlink_parse(const char *bytes, size_t len,
		  struct varlink_request *request, json_t **error)
{
	struct varlink_request parsed = { 0 };
	json_t *call, *method, *reply = NULL;
	const char *wrong;

	*error = NULL;
	call = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	wrong = call ? varlink_check_shape(call) : "the message is not JSON";
	if (wrong) {
		json_decref(call);
		*error = varlink_malformed(wrong);
		return -EBADMSG;
	}
	method = json_object_get(call, "method");
	parsed.more = json_is_true(json_object_get(call, "more"));
	parsed.oneway = json_is_true(json_object_get(call, "oneway"));
	parsed.method = varlink_method(json_string_value(method));
	if (!parsed.method)
		reply = varlink_not_found(method);
	else
		reply = varlink_take_parameters(
			json_object_get(call, "parameters"), &parsed);
	json_decref(call);
	if (!reply) {
		*request = parsed;
		return 0;
	}
	if (parsed.oneway)
		json_decref(reply);
	else
		*error = reply;
	return -EINVAL;
}
