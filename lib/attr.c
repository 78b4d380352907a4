// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attributes of nf_tables messages. Easy to get wrong: an attribute that is
 * not known must leave a trace, so that whoever reads can tell that there is
 * more than he understands.
 */
#include "attr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

static int note_attr(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;
	unsigned int type = mnl_attr_get_type(attr);

	if (type >= ATTRS_MAX) {
		attrs->beyond = true;
		return MNL_CB_OK;
	}
	attrs->table[type] = attr;
	attrs->seen |= 1u << type;
	return MNL_CB_OK;
}

int parse_message(const struct nlmsghdr *nlh, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	if (mnl_attr_parse(nlh, sizeof(struct nfgenmsg), note_attr, attrs) < 0)
		return -EBADMSG;
	return 0;
}

int parse_nest(const struct nlattr *nest, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	if (!nest || mnl_attr_parse_nested(nest, note_attr, attrs) < 0)
		return -EBADMSG;
	return 0;
}

bool only(const struct attrs *attrs, uint32_t types)
{
	return !attrs->beyond && !(attrs->seen & ~types);
}

bool get_u32(const struct attrs *attrs, unsigned int type, uint32_t *out)
{
	const struct nlattr *attr = attrs->table[type];

	if (!attr || mnl_attr_get_payload_len(attr) != sizeof(*out))
		return false;
	*out = ntohl(mnl_attr_get_u32(attr));
	return true;
}

bool get_u64(const struct attrs *attrs, unsigned int type, uint64_t *out)
{
	const struct nlattr *attr = attrs->table[type];

	if (!attr || mnl_attr_get_payload_len(attr) != sizeof(*out))
		return false;
	*out = be64toh(mnl_attr_get_u64(attr));
	return true;
}

const char *get_text(const struct attrs *attrs, unsigned int type)
{
	const struct nlattr *attr = attrs->table[type];

	if (!attr || mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return NULL;
	return mnl_attr_get_str(attr);
}
