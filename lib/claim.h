/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CLAIM_H
#define SEKIMORI_CLAIM_H

/*
 * Sysctls as text, "net.ipv4.ip_forward = 1". A name is canonical when "."
 * stands between its parts and "/" for a dot inside a part, as for the
 * interface of net.ipv4.conf.eth0/10.rp_filter; a value, when one space stands
 * between its words.
 */
#include "model.h"

enum claim_fault {
	CLAIM_FINE,
	CLAIM_FORM, /* not NAME = VALUE */
	CLAIM_NAME,
	CLAIM_OUTSIDE, /* not below net. */
	CLAIM_VALUE,
};

#define CLAIM_NAME_MAX 127 /* bytes */
#define CLAIM_VALUE_MAX 127

/**
 * claim_parse - one claim
 * @claim: its name and value, canonical and in @arena; written on success only
 *
 * As in sysctl.d(5), if the first separator of the name is "/", then that is
 * the separator and dots belong to the parts.
 */
enum claim_fault claim_parse(const char *text, struct arena *arena,
			     struct sysctl_claim *claim);

/**
 * claim_path - where a sysctl is, seen from /proc/sys
 * @name: canonical
 *
 * "net/ipv4/conf/eth0.10/rp_filter"; NULL if @name is not one that
 * claim_parse() would let through, such as one with an empty part or "..".
 */
const char *claim_path(const char *name, struct arena *arena);

/**
 * claim_of_interface - a sysctl that there is one of for each interface
 * @head: "net.ipv4.conf."
 * @leaf: ".rp_filter"
 */
const char *claim_of_interface(const char *head, const char *interface,
			       const char *leaf, struct arena *arena);

/** claim_number - is the value one whole number, and which? */
bool claim_number(const char *value, long *number);

/** claim_holds - is the value @is as good as @wanted? "0x1" is as good as "1" */
bool claim_holds(const char *wanted, const char *is);

#endif
