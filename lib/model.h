/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_MODEL_H
#define SEKIMORI_MODEL_H

/*
 * The configuration as written: values are parsed, names are not resolved yet,
 * and every entry knows where it stands. Made by conf_parse(), read by
 * policy_build(). All of it lives in model.arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "diag.h"
#include "window.h"

struct arena;

/* The four ways a body may arrange its layers (DOMAIN: α, α′, β, β′). */
enum guideline_model {
	MODEL_ALPHA = 1,
	MODEL_ALPHA_PRIME,
	MODEL_BETA,
	MODEL_BETA_PRIME,
};

/* Editions of the ministry's guideline, oldest first. */
enum guideline_edition {
	EDITION_R4_3 = 1,
	EDITION_R6_10,
	EDITION_R7_3,
};

enum layer {
	LAYER_INDIVIDUAL_NUMBER = 1,
	LAYER_LGWAN,
	LAYER_INTERNET,
	LAYER_OTHER,
};

enum conduit_kind {
	KIND_PLAIN = 1,
	KIND_SCREEN, /* screen transfer */
	KIND_MAIL_TEXT, /* mail text conversion */
	KIND_MAIL_OUT, /* its outgoing leg */
	KIND_FILE_CDR, /* file sanitising */
	KIND_SPECIAL, /* special flow, tokutei tsushin */
	KIND_TRUSTED_EXTERNAL, /* by way of LGWAN */
	KIND_SPECIFIED_CLOUD, /* local breakout of model alpha prime */
};

enum bind {
	BIND_IP = 1, /* the default */
	BIND_MAC,
};

/** struct word - a text and where it was written */
struct word {
	const char *text; /* NULL when the setting is absent */
	struct place at;
};

struct date {
	uint16_t year;
	uint8_t month;
	uint8_t day;
};

struct model_prefix {
	struct prefix prefix;
	struct place at;
};

struct model_zone {
	struct word name;
	const char *label; /* for people; NULL if absent */
	enum layer layer; /* 0 if absent or wrong (reported) */
	bool external;
	bool no_ip; /* the zone declares that it carries no IP */
	struct word *interfaces;
	size_t n_interfaces;
	struct model_prefix *networks;
	size_t n_networks;
	bool has_networks; /* some are written, perhaps wrongly (reported) */
	bool has_next_hop_mac;
	struct mac next_hop_mac;
	struct place next_hop_mac_at;
};

struct model_addr {
	struct addr addr;
	struct place at;
};

struct model_host {
	struct word name;
	struct word zone;
	struct model_addr *addresses;
	size_t n_addresses;
	bool has_mac;
	struct mac mac;
	struct place mac_at;
};

struct model_service {
	struct word name;
	struct service *ports;
	size_t n_ports;
};

/** struct model_list - a long list of prefixes kept in a file of its own */
struct model_list {
	struct word name;
	struct word file; /* as written; relative to the file that names it */
	struct model_prefix *prefixes; /* filled by conf_parse_list() */
	size_t n_prefixes;
};

/**
 * struct model_endpoint - one entry of "from" or "to"
 *
 * Either a prefix, or the name of a zone, host or list, or "gateway".
 */
struct model_endpoint {
	struct word text;
	bool is_prefix;
	struct prefix prefix;
};

/** struct model_carry - one entry of a conduit's "services" */
struct model_carry {
	struct word text;
	bool is_service; /* written in place, like "tcp/8530" */
	struct service service;
};

struct model_conduit {
	struct word name;
	enum conduit_kind kind; /* 0 if absent or wrong (reported) */
	struct place kind_at;
	enum bind bind;
	struct place bind_at;
	struct model_endpoint *from, *to;
	size_t n_from, n_to;
	struct model_carry *services;
	size_t n_services;
	const char *reason, *approved_by, *approval; /* NULL if absent */
	bool has_valid_from, has_valid_until;
	struct date valid_from, valid_until; /* first and last day */
	struct place valid_from_at, valid_until_at;
	struct window *windows; /* times of the week; none: always */
	size_t n_windows;
	struct place windows_at;
	bool has_expires;
	int64_t expires; /* the first second behind it, since 1970 UTC */
	struct place expires_at;
	const char *allowed_by; /* who has asked for it, if it is temporary */
};

/** struct model_trial_end - "from" or "to" of a trial: an address or a name */
struct model_trial_end {
	struct word text;
	bool is_addr;
	struct addr addr;
};

/**
 * struct model_trial - a connection that must be permitted, or must not be
 * @name: may be absent; its place is that of the trial
 */
struct model_trial {
	struct word name;
	bool must_pass; /* else it must be dropped */
	struct model_trial_end from, to;
	struct model_carry carry;
	bool has_mac;
	struct mac mac;
};

/** struct keeping - what is kept of earlier configurations */
struct keeping {
	unsigned int generations; /* the newest; 100 if absent */
	unsigned int days; /* and all that are not older; 400 if absent */
	bool journal_required; /* no change without it; false if absent */
};

/** struct watch - how the kernel's state is guarded */
struct watch {
	bool ownership; /* own the table where the kernel can; true if absent */
	bool alert; /* only report what others change; false if absent */
	unsigned int compare_seconds; /* between comparisons; 60 if absent */
};

/**
 * struct sysctl_claim - a sysctl that is to have a value
 * @name: "net.ipv4.ip_forward"; canonical, see claim.h
 * @value: "1"; canonical as well
 */
struct sysctl_claim {
	const char *name;
	const char *value;
	struct place at;
};

struct piece;

/**
 * struct model
 * @earlier: whose entries may be taken over where the text is the same; only
 *	while files are read. NULL: none
 * @pieces: of the text, whose entries may be taken over from this model
 */
struct model {
	struct arena *arena;
	const struct model *earlier;
	struct piece *pieces;
	size_t n_pieces;
	bool has_format, has_gateway;
	struct place gateway_at;
	struct word gateway_name;
	enum guideline_model model; /* 0 if absent or wrong (reported) */
	enum guideline_edition edition; /* 0 if absent or wrong (reported) */
	struct word facility; /* log.facility, a name that syslog knows */
	struct word group; /* control.group; may use the socket beside root */
	struct watch watch;
	struct place watch_at;
	struct keeping keeping; /* the group "history" */
	struct place keeping_at;
	struct sysctl_claim *sysctls;
	size_t n_sysctls;

	struct model_zone *zones;
	size_t n_zones;
	struct model_host *hosts;
	size_t n_hosts;
	struct model_service *services;
	size_t n_services;
	struct model_list *lists;
	size_t n_lists;
	struct model_conduit *conduits;
	size_t n_conduits;
	struct model_trial *trials;
	size_t n_trials;
};

/* Names as written in the configuration and shown everywhere, or "?" */
const char *model_name(enum guideline_model model);
const char *edition_name(enum guideline_edition edition);
const char *layer_name(enum layer layer);
const char *kind_name(enum conduit_kind kind);

/* The reverse; 0 if there is no such name. */
enum guideline_model model_by_name(const char *name);
enum guideline_edition edition_by_name(const char *name);
enum layer layer_by_name(const char *name);
enum conduit_kind kind_by_name(const char *name);

#endif
