// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lets frames arrive at an interface as if from the wire, at no cost but that
 * of receiving them: BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES. Easy to
 * get wrong: the kernel uses the page of a frame again with whatever was left
 * in it, the TTL counting down and the MAC addresses swapped for the next
 * hop's; so the program here writes the headers of every single frame. It is
 * assembled by hand, so that nobody needs a compiler for BPF.
 */
#include <err.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inject.h"

/* Room for Ethernet, IPv6 and UDP; a multiple of eight for the copy. */
#define FRAME_LEN 64
#define COPY_LEN (2 * FRAME_LEN / 8) /* instructions */
#define BATCH_LEN 64 /* what a driver hands over at once */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What the program keeps from packet to packet */
struct cursor {
	uint32_t next;
	uint32_t n_frames;
};

static int inject_call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	int fd = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	if (fd < 0)
		err(1, "bpf command %d", cmd);
	return fd;
}

static int inject_make_map(uint32_t value_size, uint32_t max_entries)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = value_size,
		.max_entries = max_entries,
	};

	return inject_call(BPF_MAP_CREATE, &attr);
}

static void inject_set_map(int map, uint32_t key, const void *value)
{
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)value,
	};

	inject_call(BPF_MAP_UPDATE_ELEM, &attr);
}

/* clang-format off */
#define INSN(c, d, s, o, i) \
	{ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define LOAD(size, d, s, o)	INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, o, s)	INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define MOVE(d, s)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, i)		INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define JUMP(op, d, s, o)	INSN(BPF_JMP | (op) | BPF_X, d, s, o, 0)
#define JUMP_IF_ZERO(d, o)	INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, 0)
#define CALL(f)			INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LOAD_FD(d, kind, fd) \
	INSN(BPF_LD | BPF_IMM | BPF_DW, d, kind, 0, fd), INSN(0, 0, 0, 0, 0)
/* clang-format on */

/* packet = frames[cursor.next]; cursor.next = (cursor.next + 1) % n_frames */
static int inject_load_program(const struct inject *inject)
{
	const struct bpf_insn head[] = {
		LOAD(BPF_W, 7, 1, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, 2, 1, offsetof(struct xdp_md, data_end)),
		MOVE(3, 7),
		ADD(3, FRAME_LEN),
		JUMP(BPF_JGT, 3, 2, 17 + COPY_LEN), /* to XDP_ABORTED */
		LOAD_FD(1, BPF_PSEUDO_MAP_VALUE, inject->cursor),
		LOAD(BPF_W, 2, 1, offsetof(struct cursor, next)),
		STORE(BPF_W, 10, -4, 2),
		ADD(2, 1),
		LOAD(BPF_W, 3, 1, offsetof(struct cursor, n_frames)),
		JUMP(BPF_JLT, 2, 3, 1),
		SET(2, 0),
		STORE(BPF_W, 1, offsetof(struct cursor, next), 2),
		LOAD_FD(1, BPF_PSEUDO_MAP_FD, inject->frames),
		MOVE(2, 10),
		ADD(2, -4),
		CALL(BPF_FUNC_map_lookup_elem),
		JUMP_IF_ZERO(0, 2 + COPY_LEN), /* to XDP_ABORTED */
	};
	const struct bpf_insn tail[] = {
		SET(0, XDP_PASS),
		EXIT(),
		SET(0, XDP_ABORTED),
		EXIT(),
	};
	struct bpf_insn prog[ARRAY_SIZE(head) + COPY_LEN + ARRAY_SIZE(tail)];
	struct bpf_insn *insn = prog + ARRAY_SIZE(head);
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)prog,
		.insn_cnt = ARRAY_SIZE(prog),
		.license = (uintptr_t) "GPL",
	};
	int off;

	memcpy(prog, head, sizeof(head));
	for (off = 0; off < FRAME_LEN; off += 8) {
		*insn++ = (struct bpf_insn)LOAD(BPF_DW, 1, 0, off);
		*insn++ = (struct bpf_insn)STORE(BPF_DW, 7, off, 1);
	}
	memcpy(insn, tail, sizeof(tail));
	return inject_call(BPF_PROG_LOAD, &attr);
}

static void inject_put16(uint8_t *where, uint16_t value)
{
	where[0] = value >> 8;
	where[1] = value & 0xff;
}

/* The sum of RFC 1071, not yet inverted; @len is even. */
static uint16_t inject_sum(const uint8_t *data, size_t len, uint32_t sum)
{
	for (; len; data += 2, len -= 2)
		sum += data[0] << 8 | data[1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* An empty datagram to a router whose MAC address is 02:00:00:00:00:01 */
static void inject_build(const struct inject_flow *flow, bool reply,
			 uint8_t *frame)
{
	static const uint8_t macs[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	size_t addr_len = flow->family == AF_INET ? 4 : 16;
	uint8_t *ip = frame + ETH_HLEN, *addrs, *udp;
	uint32_t sum;

	memset(frame, 0, FRAME_LEN);
	memcpy(frame, macs, sizeof(macs));
	if (flow->family == AF_INET) {
		inject_put16(frame + 12, ETH_P_IP);
		ip[0] = 0x45;
		inject_put16(ip + 2, 28);
		ip[8] = 64;
		ip[9] = IPPROTO_UDP;
		addrs = ip + 12;
	} else {
		inject_put16(frame + 12, ETH_P_IPV6);
		ip[0] = 0x60;
		inject_put16(ip + 4, 8);
		ip[6] = IPPROTO_UDP;
		ip[7] = 64;
		addrs = ip + 8;
	}
	memcpy(addrs, reply ? flow->daddr : flow->saddr, addr_len);
	memcpy(addrs + addr_len, reply ? flow->saddr : flow->daddr, addr_len);
	if (flow->family == AF_INET)
		inject_put16(ip + 10, ~inject_sum(ip, 20, 0));

	udp = addrs + 2 * addr_len;
	inject_put16(udp, reply ? flow->dport : flow->sport);
	inject_put16(udp + 2, reply ? flow->sport : flow->dport);
	inject_put16(udp + 4, 8);
	sum = inject_sum(addrs, 2 * addr_len, IPPROTO_UDP + 8);
	inject_put16(udp + 6, ~inject_sum(udp, 8, sum));
}

void inject_open(const struct inject_flow *flows, uint32_t n, bool reply,
		 struct inject *inject)
{
	uint8_t frame[FRAME_LEN];
	uint32_t i;

	inject->n_frames = n;
	inject->frames = inject_make_map(FRAME_LEN, n);
	for (i = 0; i < n; i++) {
		inject_build(&flows[i], reply, frame);
		inject_set_map(inject->frames, i, frame);
	}
	inject->cursor = inject_make_map(sizeof(struct cursor), 1);
	inject_rewind(inject);
	inject->prog = inject_load_program(inject);
}

void inject_attach(const struct inject *inject, const char *ifname)
{
	union bpf_attr attr = {
		.link_create.prog_fd = inject->prog,
		.link_create.target_ifindex = if_nametoindex(ifname),
		.link_create.attach_type = BPF_XDP,
		.link_create.flags = XDP_FLAGS_DRV_MODE,
	};

	inject_call(BPF_LINK_CREATE, &attr);
}

void inject_rewind(const struct inject *inject)
{
	const struct cursor cursor = { .n_frames = inject->n_frames };

	inject_set_map(inject->cursor, 0, &cursor);
}

void inject_send(const struct inject *inject, const char *ifname, uint32_t n)
{
	const uint8_t frame[FRAME_LEN] = { 0 };
	struct xdp_md ctx = {
		.data_end = FRAME_LEN,
		.ingress_ifindex = if_nametoindex(ifname),
	};
	union bpf_attr attr = {
		.test.prog_fd = inject->prog,
		.test.data_in = (uintptr_t)frame,
		.test.data_size_in = sizeof(frame),
		.test.ctx_in = (uintptr_t)&ctx,
		.test.ctx_size_in = sizeof(ctx),
		.test.repeat = n,
		.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		.test.batch_size = BATCH_LEN,
	};

	inject_call(BPF_PROG_TEST_RUN, &attr);
}
