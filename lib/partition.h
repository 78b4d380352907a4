/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_PARTITION_H
#define SEKIMORI_PARTITION_H

#include "policy.h"

/**
 * struct class - addresses that the policy does not tell apart
 * @id: what the kernel's address maps give for them; CLASS_GATEWAY is taken
 * @zone: where they are
 * @members: the endpoints that hold them: the zone and perhaps more
 */
struct class
{
	uint32_t id;
	const struct zone *zone;
	const struct endpoint **members;
	size_t n_members;
	const char *comment; /* names of the members, for people */
};

#define CLASS_GATEWAY 1u
#define CLASS_ID_MIN 0x00010000u

struct range {
	struct addr first, last;
	size_t class;
};

/**
 * struct partition - all addresses of all zones, cut into classes
 * @ranges: sorted, disjoint, IPv4 first; what is in none belongs to no zone
 * @of: by endpoint.index, the classes that make up an endpoint
 */
struct partition {
	struct class *classes;
	size_t n_classes;
	struct range *ranges;
	size_t n_ranges;
	struct class_list {
		size_t *classes;
		size_t n;
	} * of;
};

/**
 * partition_build - cut the address space by zones and chosen endpoints
 * @chosen: by endpoint.index, beside the zones, which always are
 * @salt: so that partitions with different ones have other ids of classes
 */
struct partition *partition_build(const struct policy *policy,
				  const bool *chosen, uint32_t salt,
				  struct arena *arena);

#endif
