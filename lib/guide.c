// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guideline's clauses over a policy: one row of the table each. Easy to
 * get wrong: the same flow is right in one model and a violation in another,
 * and what was forbidden in one edition is allowed in the next, so every row
 * says for which editions and models it holds.
 *
 * Source: guideline on information security policy in local public bodies,
 * part on strengthening the whole information system (3(1), 3(2)) and network
 * management (6.1(8), 6.1(10)); the clause ids are those of the manual,
 * sekimori.conf(5).
 */
#include "guide.h"

#define ALL_MODELS                                                        \
	(1u << MODEL_ALPHA | 1u << MODEL_ALPHA_PRIME | 1u << MODEL_BETA | \
	 1u << MODEL_BETA_PRIME)
#define ALPHA_MODELS (1u << MODEL_ALPHA | 1u << MODEL_ALPHA_PRIME)
#define BETA_MODELS (1u << MODEL_BETA | 1u << MODEL_BETA_PRIME)

#define ALL_EDITIONS \
	(1u << EDITION_R4_3 | 1u << EDITION_R6_10 | 1u << EDITION_R7_3)

/**
 * struct clause - one check over the whole policy
 * @models, @editions: bit sets of where it holds
 */
struct clause {
	const char *id;
	unsigned int models, editions;
	void (*check)(const struct policy *policy, const char *id,
		      struct diag *diag);
};

static bool joins(const struct conduit *conduit, enum layer a, enum layer b,
		  const struct endpoint **from, const struct endpoint **to)
{
	size_t i, k;

	for (i = 0; i < conduit->n_from; i++)
		for (k = 0; k < conduit->n_to; k++) {
			*from = conduit->from[i];
			*to = conduit->to[k];
			if (((*from)->zone->layer == a &&
			     (*to)->zone->layer == b) ||
			    ((*from)->zone->layer == b &&
			     (*to)->zone->layer == a))
				return true;
		}
	return false;
}

/* K01: individual-number and internet never, in any kind or direction */
static void check_k01(const struct policy *policy, const char *id,
		      struct diag *diag)
{
	const struct endpoint *from, *to, *inner;
	size_t i;

	for (i = 0; i < policy->n_conduits; i++) {
		const struct conduit *conduit = &policy->conduits[i];

		if (!joins(conduit, LAYER_INDIVIDUAL_NUMBER, LAYER_INTERNET,
			   &from, &to))
			continue;
		inner = from->zone->layer == LAYER_INDIVIDUAL_NUMBER ? from :
								       to;
		diag_error(diag, id, conduit->at, &inner->zone->at,
			   "conduit \"%s\" joins the individual-number layer "
			   "(\"%s\") and the internet layer (\"%s\"); that is "
			   "never permitted, whatever the kind",
			   conduit->name, inner->name,
			   inner == from ? to->name : from->name);
	}
}

static void k02_ends(const struct conduit *conduit, const char *id,
		     struct diag *diag)
{
	const struct endpoint **ends[] = { conduit->from, conduit->to };
	const size_t n[] = { conduit->n_from, conduit->n_to };
	unsigned int side;
	size_t i;

	for (side = 0; side < 2; side++)
		for (i = 0; i < n[side]; i++) {
			const struct endpoint *e = ends[side][i];

			if (e->kind == ENDPOINT_HOST || policy_is_gateway(e))
				continue;
			diag_error(diag, id, conduit->at, &e->at,
				   "conduit \"%s\": \"%s\" is not a host; a "
				   "conduit of the individual-number layer "
				   "leads from host to host",
				   conduit->name, e->name);
		}
}

static void k02_services(const struct conduit *conduit, const char *id,
			 struct diag *diag)
{
	char text[ADDR_TEXT];
	size_t i;

	for (i = 0; i < conduit->n_services; i++) {
		const struct service *service = &conduit->services[i];

		if (service->first != service->last)
			diag_error(diag, id, conduit->at, NULL,
				   "conduit \"%s\": port range %s is not "
				   "allowed for the individual-number layer "
				   "(通信経路の限定); name at most 2 ports",
				   conduit->name, service_print(service, text));
		if (service->proto != conduit->services[0].proto) {
			diag_error(diag, id, conduit->at, NULL,
				   "conduit \"%s\" carries more than one "
				   "protocol; make a conduit for each",
				   conduit->name);
			return;
		}
	}
	if (conduit->n_services > 2)
		diag_error(diag, id, conduit->at, NULL,
			   "conduit \"%s\" has %zu ports; a conduit of the "
			   "individual-number layer has at most 2",
			   conduit->name, conduit->n_services);
}

static void k02_record(const struct conduit *conduit, const char *id,
		       struct diag *diag)
{
	const struct {
		const char *name;
		bool missing;
	} wanted[] = {
		{ "reason", !conduit->reason },
		{ "approved_by", !conduit->approved_by },
		{ "valid_until", !conduit->valid_until && !conduit->expires },
	};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (wanted[i].missing)
			diag_error(diag, id, conduit->at, NULL,
				   "conduit \"%s\" of the individual-number "
				   "layer lacks %s",
				   conduit->name, wanted[i].name);
}

static bool crosses_individual_number(const struct conduit *conduit)
{
	bool inside = false, outside = false;
	size_t i;

	for (i = 0; i < conduit->n_from; i++)
		if (conduit->from[i]->zone->layer == LAYER_INDIVIDUAL_NUMBER)
			inside = true;
		else
			outside = true;
	for (i = 0; i < conduit->n_to; i++)
		if (conduit->to[i]->zone->layer == LAYER_INDIVIDUAL_NUMBER)
			inside = true;
		else
			outside = true;
	return inside && outside;
}

/* K02: in and out of the individual-number layer only a complete special flow */
static void check_k02(const struct policy *policy, const char *id,
		      struct diag *diag)
{
	size_t i;

	for (i = 0; i < policy->n_conduits; i++) {
		const struct conduit *conduit = &policy->conduits[i];

		if (!crosses_individual_number(conduit))
			continue;
		if (conduit->kind && conduit->kind != KIND_SPECIAL &&
		    conduit->kind != KIND_TRUSTED_EXTERNAL)
			diag_error(diag, id, conduit->at, NULL,
				   "conduit \"%s\" into or out of the "
				   "individual-number layer must be of kind "
				   "special or trusted-external, not %s",
				   conduit->name, kind_name(conduit->kind));
		if (conduit->bind != BIND_MAC)
			diag_error(diag, id, conduit->at, NULL,
				   "conduit \"%s\" into or out of the "
				   "individual-number layer needs bind = "
				   "\"mac\" (通信経路の限定)",
				   conduit->name);
		k02_ends(conduit, id, diag);
		k02_services(conduit, id, diag);
		k02_record(conduit, id, diag);
	}
}

/**
 * struct crossing - a kind that may cross between LGWAN and internet
 * @outward: it may start in the LGWAN layer
 * @inward: it may start in the internet layer
 */
struct crossing {
	enum conduit_kind kind;
	unsigned int models;
	bool outward, inward;
};

static const struct crossing crossings[] = {
	/* The screens are where the work is not: that decides who starts. */
	{ KIND_SCREEN, ALPHA_MODELS, .outward = true },
	{ KIND_SCREEN, BETA_MODELS, .inward = true },
	{ KIND_MAIL_TEXT, ALL_MODELS, .inward = true },
	{ KIND_MAIL_OUT, ALL_MODELS, .outward = true },
	/* In alpha files are fetched; in beta terminals may also hand them in. */
	{ KIND_FILE_CDR, ALPHA_MODELS, .outward = true },
	{ KIND_FILE_CDR, BETA_MODELS, .outward = true, .inward = true },
	{ KIND_SPECIFIED_CLOUD, 1u << MODEL_ALPHA_PRIME, .outward = true },
};

static bool may_cross(const struct conduit *conduit, enum guideline_model model,
		      bool outward)
{
	size_t i;

	for (i = 0; i < sizeof(crossings) / sizeof(*crossings); i++)
		if (crossings[i].kind == conduit->kind &&
		    crossings[i].models & 1u << model &&
		    (outward ? crossings[i].outward : crossings[i].inward))
			return true;
	return false;
}

static bool is_sanitising(enum conduit_kind kind)
{
	size_t i;

	for (i = 0; i < sizeof(crossings) / sizeof(*crossings); i++)
		if (crossings[i].kind == kind)
			return true;
	return false;
}

static void k07_pair(const struct policy *policy, const struct conduit *conduit,
		     const struct endpoint *from, const struct endpoint *to,
		     const char *id, struct diag *diag)
{
	bool outward = from->zone->layer == LAYER_LGWAN;

	if (!conduit->kind || !policy->model ||
	    may_cross(conduit, policy->model, outward))
		return;
	if (!is_sanitising(conduit->kind))
		diag_error(
			diag, id, conduit->at, &from->zone->at,
			"conduit \"%s\" leads from the %s layer (\"%s\") to "
			"the %s layer (\"%s\"): only sanitised communication "
			"(無害化通信) may cross, kind %s may not",
			conduit->name, layer_name(from->zone->layer),
			from->name, layer_name(to->zone->layer), to->name,
			kind_name(conduit->kind));
	else
		diag_error(diag, id, conduit->at, &from->zone->at,
			   "conduit \"%s\" of kind %s leads from the %s layer "
			   "(\"%s\") to the %s layer (\"%s\"): model %s does "
			   "not allow this direction",
			   conduit->name, kind_name(conduit->kind),
			   layer_name(from->zone->layer), from->name,
			   layer_name(to->zone->layer), to->name,
			   model_name(policy->model));
}

/* K07: between LGWAN and internet only a sanitising kind, in its direction */
static void check_k07(const struct policy *policy, const char *id,
		      struct diag *diag)
{
	size_t i, k, m;

	for (i = 0; i < policy->n_conduits; i++) {
		const struct conduit *conduit = &policy->conduits[i];

		for (k = 0; k < conduit->n_from; k++)
			for (m = 0; m < conduit->n_to; m++) {
				const struct endpoint *from = conduit->from[k];
				const struct endpoint *to = conduit->to[m];

				if ((from->zone->layer == LAYER_LGWAN &&
				     to->zone->layer == LAYER_INTERNET) ||
				    (from->zone->layer == LAYER_INTERNET &&
				     to->zone->layer == LAYER_LGWAN))
					k07_pair(policy, conduit, from, to, id,
						 diag);
			}
	}
}

/* K17: a gateway that nobody may reach can be managed from its console only */
static void check_k17(const struct policy *policy, const char *id,
		      struct diag *diag)
{
	size_t i;

	/* With errors, the conduit may be among what was left out. */
	if (diag->n_errors)
		return;
	for (i = 0; i < policy->n_flows; i++)
		if (policy_is_gateway(policy->flows[i].to) &&
		    !service_is_icmp(&policy->flows[i].service))
			return;
	diag_warn(diag, id, policy->at, NULL,
		  "no conduit but ping leads to the gateway: it can be managed "
		  "only from its own console");
}

static const struct clause clauses[] = {
	{ "K01", ALL_MODELS, ALL_EDITIONS, check_k01 },
	{ "K02", ALL_MODELS, ALL_EDITIONS, check_k02 },
	{ "K07", ALL_MODELS, ALL_EDITIONS, check_k07 },
	{ "K17", ALL_MODELS, ALL_EDITIONS, check_k17 },
};

void guide_check(const struct policy *policy, struct diag *diag)
{
	size_t i;

	for (i = 0; i < sizeof(clauses) / sizeof(*clauses); i++) {
		/* Without model or edition, which is reported, check all. */
		if (policy->model && !(clauses[i].models & 1u << policy->model))
			continue;
		if (policy->edition &&
		    !(clauses[i].editions & 1u << policy->edition))
			continue;
		clauses[i].check(policy, clauses[i].id, diag);
	}
}
