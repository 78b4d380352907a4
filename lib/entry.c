// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each kind of group may hold, and where its values go in the model. Easy
 * to get wrong: an entry with a mistake is still read to its end and kept, so
 * that one run reports all mistakes; a value that is wrong must therefore
 * leave its field as if the setting were absent.
 */
#include "entry.h"

#include <limits.h>
#include <string.h>

#include "arena.h"
#include "claim.h"
#include "group.h"
#include "instant.h"

#define INTERFACES_MAX 32 /* of one zone */
#define NETWORKS_MAX 4096
#define ADDRESSES_MAX 64 /* of one host */
#define PORTS_MAX 256 /* of one service */
#define ENDPOINTS_MAX 4096 /* of one conduit, on one side */
#define CARRIES_MAX 256
#define SYSCTLS_MAX 256 /* of all files together */

#define COMPARE_SECONDS_MIN 5
#define COMPARE_SECONDS_MAX 86400 /* a day */
#define GENERATIONS_MIN 2 /* one to go back to */
#define GENERATIONS_MAX 10000
#define DAYS_MAX 36500

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

static const char *nth_model(unsigned int i)
{
	return model_name(i);
}

static const char *nth_edition(unsigned int i)
{
	return edition_name(i);
}

static const char *nth_layer(unsigned int i)
{
	return layer_name(i);
}

static const char *nth_kind(unsigned int i)
{
	return kind_name(i);
}

static const char *nth_bind(unsigned int i)
{
	return i == BIND_IP ? "ip" : i == BIND_MAC ? "mac" : "?";
}

enum watch_mode {
	WATCH_REPAIR = 1,
	WATCH_ALERT,
};

static const char *nth_watch_mode(unsigned int i)
{
	return i == WATCH_REPAIR ? "repair" : i == WATCH_ALERT ? "alert" : "?";
}

enum journal_need {
	JOURNAL_OPTIONAL = 1,
	JOURNAL_REQUIRED,
};

static const char *nth_journal(unsigned int i)
{
	return i == JOURNAL_OPTIONAL ? "optional" :
	       i == JOURNAL_REQUIRED ? "required" :
				       "?";
}

/* What a daemon may log to; "kern" is not for programs. */
static const char *nth_facility(unsigned int i)
{
	static const char *const words[] = {
		"?",	  "daemon", "local0", "local1",	  "local2",
		"local3", "local4", "local5", "local6",	  "local7",
		"user",	  "auth",   "syslog", "authpriv",
	};

	return i < ARRAY_LEN(words) ? words[i] : "?";
}

/* A name with a mistake stays NULL; the entry is kept for the rest of it. */
static void set_name(struct reader *reader, void *field,
		     const config_setting_t *setting)
{
	struct word *word = field;

	word->text = setting_name(reader, setting);
	word->at = setting_place(reader, setting);
}

static void set_word(struct reader *reader, void *field,
		     const config_setting_t *setting)
{
	struct word *word = field;

	word->text = setting_text(reader, setting);
	word->at = setting_place(reader, setting);
}

static void set_text(struct reader *reader, void *field,
		     const config_setting_t *setting)
{
	*(const char **)field = setting_text(reader, setting);
}

static void set_bool(struct reader *reader, void *field,
		     const config_setting_t *setting)
{
	(void)reader;
	*(bool *)field = config_setting_get_bool(setting);
}

static void set_model(struct reader *reader, void *field,
		      const config_setting_t *setting)
{
	struct model *model = field;

	model->model = setting_choice(reader, setting, nth_model);
}

static void set_edition(struct reader *reader, void *field,
			const config_setting_t *setting)
{
	struct model *model = field;

	model->edition = setting_choice(reader, setting, nth_edition);
}

static void set_facility(struct reader *reader, void *field,
			 const config_setting_t *setting)
{
	unsigned int i = setting_choice(reader, setting, nth_facility);
	struct model *model = field;

	if (i)
		model->facility.text = nth_facility(i);
}

static void set_user_group(struct reader *reader, void *field,
			   const config_setting_t *setting)
{
	struct model *model = field;

	model->group.text = setting_user_group(reader, setting);
}

static void set_watch_mode(struct reader *reader, void *field,
			   const config_setting_t *setting)
{
	struct watch *watch = field;

	watch->alert = setting_choice(reader, setting, nth_watch_mode) ==
		       WATCH_ALERT;
}

/* A number that has to be in a range; false, and reported, if it is not */
static bool take_number(struct reader *reader, const config_setting_t *setting,
			long long min, long long max, unsigned int *number)
{
	long long value = config_setting_get_int64(setting);

	if (value >= min && value <= max) {
		*number = (unsigned int)value;
		return true;
	}
	diag_error(reader->diag, "value", setting_place(reader, setting), NULL,
		   "%s%s must be %lld to %lld", setting_subject(reader),
		   config_setting_name(setting), min, max);
	return false;
}

static void set_compare_seconds(struct reader *reader, void *field,
				const config_setting_t *setting)
{
	struct watch *watch = field;

	take_number(reader, setting, COMPARE_SECONDS_MIN, COMPARE_SECONDS_MAX,
		    &watch->compare_seconds);
}

static void set_generations(struct reader *reader, void *field,
			    const config_setting_t *setting)
{
	struct keeping *keeping = field;

	take_number(reader, setting, GENERATIONS_MIN, GENERATIONS_MAX,
		    &keeping->generations);
}

static void set_days(struct reader *reader, void *field,
		     const config_setting_t *setting)
{
	struct keeping *keeping = field;

	take_number(reader, setting, 0, DAYS_MAX, &keeping->days);
}

static void set_journal(struct reader *reader, void *field,
			const config_setting_t *setting)
{
	struct keeping *keeping = field;

	keeping->journal_required =
		setting_choice(reader, setting, nth_journal) ==
		JOURNAL_REQUIRED;
}

static void set_layer(struct reader *reader, void *field,
		      const config_setting_t *setting)
{
	struct model_zone *zone = field;

	zone->layer = setting_choice(reader, setting, nth_layer);
}

static void set_interfaces(struct reader *reader, void *field,
			   const config_setting_t *array)
{
	unsigned int n = setting_count(reader, array, INTERFACES_MAX, REQUIRED);
	struct model_zone *zone = field;
	const config_setting_t *element;
	unsigned int i;

	zone->interfaces =
		arena_alloc(reader->arena, n * sizeof(*zone->interfaces));
	for (i = 0; i < n; i++) {
		struct word *slot = &zone->interfaces[zone->n_interfaces];

		element = config_setting_get_elem(array, i);
		slot->text = setting_interface(reader, element);
		slot->at = setting_place(reader, element);
		if (slot->text)
			zone->n_interfaces++;
	}
}

static void set_networks(struct reader *reader, void *field,
			 const config_setting_t *array)
{
	unsigned int n = setting_count(reader, array, NETWORKS_MAX, OPTIONAL);
	struct model_zone *zone = field;
	const config_setting_t *element;
	unsigned int i;

	zone->has_networks = n > 0;
	zone->networks =
		arena_alloc(reader->arena, n * sizeof(*zone->networks));
	for (i = 0; i < n; i++) {
		struct model_prefix *slot = &zone->networks[zone->n_networks];

		element = config_setting_get_elem(array, i);
		slot->at = setting_place(reader, element);
		if (setting_prefix(reader, element, &slot->prefix))
			zone->n_networks++;
	}
}

static void set_next_hop_mac(struct reader *reader, void *field,
			     const config_setting_t *setting)
{
	struct model_zone *zone = field;

	zone->next_hop_mac_at = setting_place(reader, setting);
	zone->has_next_hop_mac =
		setting_mac(reader, setting, &zone->next_hop_mac);
}

static void set_addresses(struct reader *reader, void *field,
			  const config_setting_t *array)
{
	unsigned int n = setting_count(reader, array, ADDRESSES_MAX, REQUIRED);
	struct model_host *host = field;
	const config_setting_t *element;
	unsigned int i;

	host->addresses =
		arena_alloc(reader->arena, n * sizeof(*host->addresses));
	for (i = 0; i < n; i++) {
		struct model_addr *slot = &host->addresses[host->n_addresses];

		element = config_setting_get_elem(array, i);
		slot->at = setting_place(reader, element);
		if (setting_addr(reader, element, &slot->addr))
			host->n_addresses++;
	}
}

static void set_mac(struct reader *reader, void *field,
		    const config_setting_t *setting)
{
	struct model_host *host = field;

	host->mac_at = setting_place(reader, setting);
	host->has_mac = setting_mac(reader, setting, &host->mac);
}

static void set_ports(struct reader *reader, void *field,
		      const config_setting_t *array)
{
	unsigned int n = setting_count(reader, array, PORTS_MAX, REQUIRED);
	struct model_service *service = field;
	unsigned int i;

	service->ports =
		arena_alloc(reader->arena, n * sizeof(*service->ports));
	for (i = 0; i < n; i++) {
		if (setting_service(reader, config_setting_get_elem(array, i),
				    &service->ports[service->n_ports]))
			service->n_ports++;
	}
}

static void set_kind(struct reader *reader, void *field,
		     const config_setting_t *setting)
{
	struct model_conduit *conduit = field;

	conduit->kind = setting_choice(reader, setting, nth_kind);
	conduit->kind_at = setting_place(reader, setting);
}

static void set_bind(struct reader *reader, void *field,
		     const config_setting_t *setting)
{
	unsigned int bind = setting_choice(reader, setting, nth_bind);
	struct model_conduit *conduit = field;

	conduit->bind_at = setting_place(reader, setting);
	if (bind)
		conduit->bind = bind;
}

static struct model_endpoint *read_endpoints(struct reader *reader,
					     const config_setting_t *array,
					     size_t *n_endpoints)
{
	unsigned int n = setting_count(reader, array, ENDPOINTS_MAX, REQUIRED);
	struct model_endpoint *endpoints, *slot;
	const config_setting_t *element;
	unsigned int i;

	endpoints = arena_alloc(reader->arena, n * sizeof(*endpoints));
	*n_endpoints = 0;
	for (i = 0; i < n; i++) {
		element = config_setting_get_elem(array, i);
		slot = &endpoints[*n_endpoints];
		slot->text.at = setting_place(reader, element);
		slot->is_prefix = setting_is_address(element);
		if (!slot->is_prefix)
			slot->text.text = setting_name(reader, element);
		else if (setting_prefix(reader, element, &slot->prefix))
			slot->text.text = setting_text(reader, element);
		if (slot->text.text)
			(*n_endpoints)++;
	}
	return endpoints;
}

static void set_from(struct reader *reader, void *field,
		     const config_setting_t *array)
{
	struct model_conduit *conduit = field;

	conduit->from = read_endpoints(reader, array, &conduit->n_from);
}

static void set_to(struct reader *reader, void *field,
		   const config_setting_t *array)
{
	struct model_conduit *conduit = field;

	conduit->to = read_endpoints(reader, array, &conduit->n_to);
}

/* An entry of "services"; without its text if there is a mistake */
static void read_carry(struct reader *reader, const config_setting_t *setting,
		       struct model_carry *carry)
{
	carry->text.at = setting_place(reader, setting);
	carry->is_service = strchr(config_setting_get_string(setting), '/');
	if (!carry->is_service)
		carry->text.text = setting_name(reader, setting);
	else if (setting_service(reader, setting, &carry->service))
		carry->text.text = setting_text(reader, setting);
}

static void set_carries(struct reader *reader, void *field,
			const config_setting_t *array)
{
	unsigned int n = setting_count(reader, array, CARRIES_MAX, REQUIRED);
	struct model_conduit *conduit = field;
	struct model_carry *slot;
	unsigned int i;

	conduit->services =
		arena_alloc(reader->arena, n * sizeof(*conduit->services));
	for (i = 0; i < n; i++) {
		slot = &conduit->services[conduit->n_services];
		read_carry(reader, config_setting_get_elem(array, i), slot);
		if (slot->text.text)
			conduit->n_services++;
	}
}

static bool read_date(struct reader *reader, const config_setting_t *setting,
		      struct date *date)
{
	const char *text = config_setting_get_string(setting);
	bool right = instant_read_date(&text, date) && !*text;

	if (!right)
		setting_refuse(reader, setting,
			       "is not a day of the calendar in the form "
			       "\"2027-03-31\"");
	return right;
}

static void set_valid_from(struct reader *reader, void *field,
			   const config_setting_t *setting)
{
	struct model_conduit *conduit = field;

	conduit->valid_from_at = setting_place(reader, setting);
	conduit->has_valid_from =
		read_date(reader, setting, &conduit->valid_from);
}

static void set_valid_until(struct reader *reader, void *field,
			    const config_setting_t *setting)
{
	struct model_conduit *conduit = field;

	conduit->valid_until_at = setting_place(reader, setting);
	conduit->has_valid_until =
		read_date(reader, setting, &conduit->valid_until);
}

static void set_expires(struct reader *reader, void *field,
			const config_setting_t *setting)
{
	struct model_conduit *conduit = field;
	const char *text = config_setting_get_string(setting);

	conduit->expires_at = setting_place(reader, setting);
	conduit->has_expires = instant_parse(text, &conduit->expires);
	if (!conduit->has_expires)
		setting_refuse(reader, setting,
			       "is not a time with its distance from UTC, such "
			       "as \"2027-03-31 17:00+09:00\"");
}

static void set_windows(struct reader *reader, void *field,
			const config_setting_t *array)
{
	unsigned int n = setting_count(reader, array, WINDOWS_MAX, REQUIRED);
	struct model_conduit *conduit = field;
	unsigned int i;

	conduit->windows_at = setting_place(reader, array);
	conduit->windows =
		arena_alloc(reader->arena, n * sizeof(*conduit->windows));
	for (i = 0; i < n; i++)
		if (setting_window(reader, config_setting_get_elem(array, i),
				   &conduit->windows[conduit->n_windows]))
			conduit->n_windows++;
}

static const struct key gateway_keys[] = {
	{ "name", KEY_TEXT, REQUIRED, set_name,
	  offsetof(struct model, gateway_name) },
	{ "model", KEY_TEXT, REQUIRED, set_model, 0 },
	{ "guideline", KEY_TEXT, REQUIRED, set_edition, 0 },
};

void entry_read_gateway(struct reader *reader, const config_setting_t *settings,
			struct model *model)
{
	static const struct group group = GROUP("gateway", false, gateway_keys);

	group_read(reader, &group, settings, model);
}

static const struct key log_keys[] = {
	{ "facility", KEY_TEXT, REQUIRED, set_facility, 0 },
};

void entry_read_log(struct reader *reader, const config_setting_t *settings,
		    struct model *model)
{
	static const struct group group = GROUP("log", false, log_keys);

	group_read(reader, &group, settings, model);
}

static const struct key control_keys[] = {
	{ "group", KEY_TEXT, REQUIRED, set_user_group, 0 },
};

void entry_read_control(struct reader *reader, const config_setting_t *settings,
			struct model *model)
{
	static const struct group group = GROUP("control", false, control_keys);

	group_read(reader, &group, settings, model);
}

static const struct key history_keys[] = {
	{ "generations", KEY_NUMBER, OPTIONAL, set_generations, 0 },
	{ "days", KEY_NUMBER, OPTIONAL, set_days, 0 },
	{ "journal", KEY_TEXT, OPTIONAL, set_journal, 0 },
};

void entry_read_history(struct reader *reader, const config_setting_t *settings,
			struct model *model)
{
	static const struct group group = GROUP("history", false, history_keys);

	group_read(reader, &group, settings, &model->keeping);
}

static const struct key watch_keys[] = {
	{ "ownership", KEY_BOOL, OPTIONAL, set_bool,
	  offsetof(struct watch, ownership) },
	{ "mode", KEY_TEXT, OPTIONAL, set_watch_mode, 0 },
	{ "compare_seconds", KEY_NUMBER, OPTIONAL, set_compare_seconds, 0 },
};

void entry_read_watch(struct reader *reader, const config_setting_t *settings,
		      struct model *model)
{
	static const struct group group = GROUP("watch", false, watch_keys);

	group_read(reader, &group, settings, &model->watch);
}

/* What is wrong with a claim, to be said behind the text */
static const char *claim_mistake(enum claim_fault fault)
{
	switch (fault) {
	case CLAIM_FINE:
		break;
	case CLAIM_FORM:
		return "is not a name, \"=\" and a value, such as "
		       "\"net.ipv4.ip_forward = 1\"";
	case CLAIM_NAME:
		return "does not name a sysctl; a name has parts of letters, "
		       "digits, \"_\" and \"-\", separated by \".\" or \"/\"";
	case CLAIM_OUTSIDE:
		return "is not below \"net.\"; others are not for a gateway's "
		       "configuration";
	case CLAIM_VALUE:
		return "has a value that no sysctl has; it may be numbers and "
		       "words of letters, digits, \"_\", \".\", \",\", \":\", "
		       "\"+\" and \"-\"";
	}
	return NULL;
}

static void read_sysctl(struct reader *reader, const config_setting_t *element,
			struct model *model)
{
	struct sysctl_claim claim;
	enum claim_fault fault;
	const char *text = setting_text(reader, element);
	size_t i;

	if (!text)
		return;
	fault = claim_parse(text, reader->arena, &claim);
	if (fault != CLAIM_FINE) {
		setting_refuse(reader, element, claim_mistake(fault));
		return;
	}
	claim.at = setting_place(reader, element);
	for (i = 0; i < model->n_sysctls; i++)
		if (!strcmp(model->sysctls[i].name, claim.name)) {
			diag_error(reader->diag, "duplicate", claim.at,
				   &model->sysctls[i].at,
				   "the sysctl \"%s\" is claimed twice",
				   claim.name);
			return;
		}
	model->sysctls = arena_push(reader->arena, model->sysctls,
				    &model->n_sysctls, sizeof(claim));
	model->sysctls[model->n_sysctls - 1] = claim;
}

void entry_read_sysctls(struct reader *reader, const config_setting_t *array,
			struct model *model)
{
	unsigned int n = setting_count(reader, array, UINT_MAX, OPTIONAL), i;
	const config_setting_t *element;

	for (i = 0; i < n; i++) {
		element = config_setting_get_elem(array, i);
		if (model->n_sysctls == SYSCTLS_MAX) {
			diag_error(reader->diag, "limit",
				   setting_place(reader, element), NULL,
				   "there are too many sysctls; the limit is "
				   "%d",
				   SYSCTLS_MAX);
			return;
		}
		read_sysctl(reader, element, model);
	}
}

static const struct key zone_keys[] = {
	{ "name", KEY_TEXT, REQUIRED, set_name,
	  offsetof(struct model_zone, name) },
	{ "label", KEY_TEXT, OPTIONAL, set_text,
	  offsetof(struct model_zone, label) },
	{ "layer", KEY_TEXT, REQUIRED, set_layer, 0 },
	{ "external", KEY_BOOL, OPTIONAL, set_bool,
	  offsetof(struct model_zone, external) },
	{ "no_ip", KEY_BOOL, OPTIONAL, set_bool,
	  offsetof(struct model_zone, no_ip) },
	{ "interfaces", KEY_ARRAY, REQUIRED, set_interfaces, 0 },
	{ "networks", KEY_ARRAY, OPTIONAL, set_networks, 0 },
	{ "next_hop_mac", KEY_TEXT, OPTIONAL, set_next_hop_mac, 0 },
};

void entry_read_zone(struct reader *reader, const config_setting_t *settings,
		     struct model_zone *zone)
{
	static const struct group group = GROUP("zone", true, zone_keys);

	group_read(reader, &group, settings, zone);
}

static const struct key host_keys[] = {
	{ "name", KEY_TEXT, REQUIRED, set_name,
	  offsetof(struct model_host, name) },
	{ "zone", KEY_TEXT, REQUIRED, set_name,
	  offsetof(struct model_host, zone) },
	{ "addresses", KEY_ARRAY, REQUIRED, set_addresses, 0 },
	{ "mac", KEY_TEXT, OPTIONAL, set_mac, 0 },
};

void entry_read_host(struct reader *reader, const config_setting_t *settings,
		     struct model_host *host)
{
	static const struct group group = GROUP("host", true, host_keys);

	group_read(reader, &group, settings, host);
}

static const struct key service_keys[] = {
	{ "name", KEY_TEXT, REQUIRED, set_name,
	  offsetof(struct model_service, name) },
	{ "ports", KEY_ARRAY, REQUIRED, set_ports, 0 },
};

void entry_read_service(struct reader *reader, const config_setting_t *settings,
			struct model_service *service)
{
	static const struct group group = GROUP("service", true, service_keys);

	group_read(reader, &group, settings, service);
}

static const struct key list_keys[] = {
	{ "name", KEY_TEXT, REQUIRED, set_name,
	  offsetof(struct model_list, name) },
	{ "file", KEY_TEXT, REQUIRED, set_word,
	  offsetof(struct model_list, file) },
};

void entry_read_list(struct reader *reader, const config_setting_t *settings,
		     struct model_list *list)
{
	static const struct group group = GROUP("list", true, list_keys);

	group_read(reader, &group, settings, list);
}

static const struct key conduit_keys[] = {
	{ "name", KEY_TEXT, REQUIRED, set_name,
	  offsetof(struct model_conduit, name) },
	{ "kind", KEY_TEXT, REQUIRED, set_kind, 0 },
	{ "from", KEY_ARRAY, REQUIRED, set_from, 0 },
	{ "to", KEY_ARRAY, REQUIRED, set_to, 0 },
	{ "services", KEY_ARRAY, REQUIRED, set_carries, 0 },
	{ "bind", KEY_TEXT, OPTIONAL, set_bind, 0 },
	{ "reason", KEY_TEXT, OPTIONAL, set_text,
	  offsetof(struct model_conduit, reason) },
	{ "approved_by", KEY_TEXT, OPTIONAL, set_text,
	  offsetof(struct model_conduit, approved_by) },
	{ "approval", KEY_TEXT, OPTIONAL, set_text,
	  offsetof(struct model_conduit, approval) },
	{ "valid_from", KEY_TEXT, OPTIONAL, set_valid_from, 0 },
	{ "valid_until", KEY_TEXT, OPTIONAL, set_valid_until, 0 },
	{ "windows", KEY_ARRAY, OPTIONAL, set_windows, 0 },
	{ "expires", KEY_TEXT, OPTIONAL, set_expires, 0 },
	{ "allowed_by", KEY_TEXT, OPTIONAL, set_text,
	  offsetof(struct model_conduit, allowed_by) },
};

void entry_read_conduit(struct reader *reader, const config_setting_t *settings,
			struct model_conduit *conduit)
{
	static const struct group group = GROUP("conduit", true, conduit_keys);

	conduit->bind = BIND_IP;
	group_read(reader, &group, settings, conduit);
}

static void set_trial_end(struct reader *reader, void *field,
			  const config_setting_t *setting)
{
	struct model_trial_end *end = field;

	end->text.at = setting_place(reader, setting);
	end->is_addr = setting_is_address(setting);
	if (!end->is_addr)
		end->text.text = setting_name(reader, setting);
	else if (setting_addr(reader, setting, &end->addr))
		end->text.text = setting_text(reader, setting);
}

static void set_trial_carry(struct reader *reader, void *field,
			    const config_setting_t *setting)
{
	read_carry(reader, setting, field);
}

static void set_trial_mac(struct reader *reader, void *field,
			  const config_setting_t *setting)
{
	struct model_trial *trial = field;

	trial->has_mac = setting_mac(reader, setting, &trial->mac);
}

static const struct key trial_keys[] = {
	{ "name", KEY_TEXT, OPTIONAL, set_name,
	  offsetof(struct model_trial, name) },
	{ "from", KEY_TEXT, REQUIRED, set_trial_end,
	  offsetof(struct model_trial, from) },
	{ "to", KEY_TEXT, REQUIRED, set_trial_end,
	  offsetof(struct model_trial, to) },
	{ "service", KEY_TEXT, REQUIRED, set_trial_carry,
	  offsetof(struct model_trial, carry) },
	{ "mac", KEY_TEXT, OPTIONAL, set_trial_mac, 0 },
};

void entry_read_trial(struct reader *reader, const config_setting_t *settings,
		      struct model_trial *trial)
{
	static const struct group pass = GROUP("must_pass", true, trial_keys);
	static const struct group drop = GROUP("must_drop", true, trial_keys);

	group_read(reader, trial->must_pass ? &pass : &drop, settings, trial);
}
