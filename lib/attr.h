/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ATTR_H
#define SEKIMORI_ATTR_H

/*
 * Attributes of nf_tables messages, with libmnl alone: nothing that is not
 * known is passed over unseen.
 */
#include <stdbool.h>
#include <stdint.h>

struct nlattr;
struct nlmsghdr;

#define ATTRS_MAX 32

/**
 * struct attrs - attributes of one level by their type
 * @seen: a set of 1 << type
 * @beyond: others than these were there
 */
struct attrs {
	const struct nlattr *table[ATTRS_MAX];
	uint32_t seen;
	bool beyond;
};

/* Those of a message, or inside an attribute, which may be NULL; or -EBADMSG */
int parse_message(const struct nlmsghdr *nlh, struct attrs *attrs);
int parse_nest(const struct nlattr *nest, struct attrs *attrs);

/** only - are all attributes among @types, a set of 1 << type? */
bool only(const struct attrs *attrs, uint32_t types);

/* Numbers in network byte order; false, and nothing written, if not there */
bool get_u32(const struct attrs *attrs, unsigned int type, uint32_t *out);
bool get_u64(const struct attrs *attrs, unsigned int type, uint64_t *out);

/** get_text - NULL if it is not there, or no text */
const char *get_text(const struct attrs *attrs, unsigned int type);

#endif
