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
	"  mode: ?(repair, alert), ownership: ?(owned, off, unsupported),\n"
	"  incidents: int, repaired: int, open: int,\n"
	"  concerns_critical: int, concerns_warning: int,\n"
	"  zones: int, hosts: int, lists: int,\n"
	"  conduits: int, conduits_in_force: int, flows: int, elements: int,\n"
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
	"# marks: conntrack marks of the flows, at most the first 64\n"
	"type Conduit (\n"
	"  name: string, kind: string, bind: (ip, mac),\n"
	"  from: []Endpoint, to: []Endpoint, services: []string,\n"
	"  in_force: bool, valid_until: ?string, days_left: ?int,\n"
	"  reason: ?string, approved_by: ?string, approval: ?string,\n"
	"  flows: int, marks: []string,\n"
	"  packets: int, bytes: int, last_hit: ?int\n"
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
	"method Status() -> (status: Status)\n"
	"method Zones() -> (zones: []Zone)\n"
	"# Pairs of zones that have a conduit in force; no others can talk\n"
	"method Matrix() -> (zones: []string, pairs: []Pair)\n"
	"# In portions when called with \"more\"; without it, only a policy\n"
	"# that fits one portion can be shown\n"
	"method Conduits() -> (conduits: []Conduit)\n"
	"method Reload() -> (\n"
	"  edited: bool, from: string, to: string, generation: int,\n"
	"  conduits_added: int, conduits_removed: int, conduits_changed: int,\n"
	"  elements_added: int, elements_deleted: int,\n"
	"  warnings: int, findings: []Finding\n"
	")\n"
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
	"# The kernel did not carry it out\n"
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

/* Only one method has a parameter. NULL, or the error reply */
static json_t *varlink_take_parameters(const json_t *parameters,
				       struct varlink_request *request)
{
	json_t *value;
	const char *key;

	json_object_foreach((json_t *)parameters, key, value) {
		if (request->method != VARLINK_GET_INTERFACE_DESCRIPTION ||
		    strcmp(key, "interface"))
			return varlink_invalid(key);
		if (!json_is_string(value) ||
		    json_string_length(value) >= sizeof(request->interface))
			return varlink_invalid(key);
		memcpy(request->interface, json_string_value(value),
		       json_string_length(value) + 1);
	}
	if (request->method == VARLINK_GET_INTERFACE_DESCRIPTION &&
	    !request->interface[0])
		return varlink_invalid("interface");
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
