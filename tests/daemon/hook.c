// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hangs a BPF program that lets everything pass on an interface, says "there",
 * and keeps it there until it is killed: hook xdp|tcx INTERFACE. Exit status
 * 77 where the kernel cannot do that.
 */
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ATTACH_TCX_INGRESS 46 /* Linux 6.6 */

static int hook_call(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* A program that returns a number */
static int hook_load(unsigned int type, int verdict)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = (__u64)(unsigned long)code;
	attr.insn_cnt = sizeof(code) / sizeof(*code);
	attr.license = (__u64)(unsigned long)"GPL";
	return hook_call(BPF_PROG_LOAD, &attr);
}

int main(int argc, char **argv)
{
	union bpf_attr attr;
	int program, is_xdp;

	if (argc != 3)
		return 2;
	is_xdp = !strcmp(argv[1], "xdp");
	program = is_xdp ? hook_load(BPF_PROG_TYPE_XDP, XDP_PASS) :
			   hook_load(BPF_PROG_TYPE_SCHED_CLS, -1);
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (__u32)program;
	attr.link_create.target_ifindex = if_nametoindex(argv[2]);
	attr.link_create.attach_type = is_xdp ? BPF_XDP : ATTACH_TCX_INGRESS;
	if (program < 0 || hook_call(BPF_LINK_CREATE, &attr) < 0) {
		perror("hook");
		return 77;
	}
	puts("there");
	fflush(stdout);
	pause();
	return 0;
}
