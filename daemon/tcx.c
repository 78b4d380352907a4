// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks the kernel for BPF programs on an interface. Easy to get wrong: these
 * are not among the filters that rtnetlink lists, although they do the same.
 */
#include "tcx.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/bpf.h of Linux 6.6 and 6.7; never to change */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define ATTACH_NETKIT_PRIMARY 54
#define ATTACH_NETKIT_PEER 55

unsigned int tcx_count(int index)
{
	static const unsigned int attachments[] = {
		ATTACH_TCX_INGRESS,
		ATTACH_TCX_EGRESS,
		ATTACH_NETKIT_PRIMARY,
		ATTACH_NETKIT_PEER,
	};
	unsigned int n = 0;
	union bpf_attr attr;
	size_t i;

	for (i = 0; i < sizeof(attachments) / sizeof(*attachments); i++) {
		memset(&attr, 0, sizeof(attr));
		/* the same bytes are the interface here, since 6.6 */
		attr.query.target_fd = (__u32)index;
		attr.query.attach_type = attachments[i];
		if (!syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)))
			n += attr.query.prog_cnt;
	}
	return n;
}
