/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_RAW_H
#define SEKIMORI_RAW_H

/*
 * An attacker without nft(8): transactions on a netlink socket of this very
 * process, against the table inet sekimori. And an ear for what others commit.
 * Shares no code with the daemon.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nlmsghdr;
struct raw;

#define RAW_TABLE "sekimori"

/* Table flags, which are not in every kernel's headers */
#define RAW_F_OWNER 0x2
#define RAW_F_PERSIST 0x4

/** raw_open - a socket in the network namespace that we are in; 0 or -errno */
int raw_open(struct raw **raw);
void raw_close(struct raw *raw);

/** raw_begin - a new transaction; what was not committed is forgotten */
void raw_begin(struct raw *raw);

/** raw_commit - 0, or -errno of the first message that was refused */
int raw_commit(struct raw *raw);

/* What a transaction may do */
void raw_delete_table(struct raw *raw);
void raw_set_table_flags(struct raw *raw, uint32_t flags);
void raw_make_table(struct raw *raw, uint32_t flags);
void raw_set_policy(struct raw *raw, const char *chain, uint32_t policy);
void raw_flush_chain(struct raw *raw, const char *chain);
void raw_delete_rule(struct raw *raw, const char *chain, uint64_t handle);

/**
 * raw_add_accept - a rule that accepts everything
 * @port: not 0: only UDP to this port
 * @insert: before the others, not behind them
 */
void raw_add_accept(struct raw *raw, const char *chain, uint16_t port,
		    bool insert);

/**
 * struct raw_rule - a rule as the kernel has it
 * @exprs, @userdata: as in the message; counters count on
 */
#define RAW_RULE_MAX 2048
struct raw_rule {
	uint64_t handle;
	uint8_t exprs[RAW_RULE_MAX], userdata[256];
	size_t exprs_len, userdata_len;
};

/** raw_add_rule - the like of @rule at the end of @chain */
void raw_add_rule(struct raw *raw, const char *chain,
		  const struct raw_rule *rule);

/** raw_find_rule - rule number @n of @chain; from the end if negative */
int raw_find_rule(struct raw *raw, const char *chain, int n,
		  struct raw_rule *rule);

/**
 * struct raw_elem - an element
 * @chain: of a verdict map: "goto" it; NULL: accept
 * @mark: of a map of marks
 */
enum raw_data { RAW_NOTHING, RAW_MARK, RAW_VERDICT };
struct raw_elem {
	const char *set;
	uint8_t key[64];
	size_t key_len;
	enum raw_data data;
	const char *chain;
	uint32_t mark;
	bool catch_all;
};

/** raw_live_elem - of the map "live" */
struct raw_elem raw_live_elem(const char *iif, const char *oif, uint32_t mark);

void raw_add_elem(struct raw *raw, const struct raw_elem *elem);
void raw_delete_elem(struct raw *raw, const struct raw_elem *elem);

/**
 * raw_dump - everything of one kind in our table
 * @type: NFT_MSG_GET...
 * @of: the set of NFT_MSG_GETSETELEM; the chain of NFT_MSG_GETRULE, or NULL
 *
 * -EINTR if something was committed meanwhile.
 */
int raw_dump(struct raw *raw, uint16_t type, const char *of,
	     int (*see)(const struct nlmsghdr *nlh, void *data), void *data);

/* A foreign table with a set in it, to make noise in */
void raw_make_noise_table(struct raw *raw);
void raw_add_noise(struct raw *raw, uint32_t from, uint32_t n);
void raw_delete_noise(struct raw *raw, uint32_t from, uint32_t n);

/* ---- hearing ---- */

struct ear;

/**
 * struct commit - one transaction of somebody
 * @usec: monotonic; when we were told
 * @since_usec: not before this: we had been told of all by then
 */
struct commit {
	uint32_t generation;
	pid_t pid;
	char comm[32];
	uint64_t usec, since_usec;
};

/** ear_open - hear of all commits in this network namespace from now on */
int ear_open(struct ear **ear);
void ear_close(struct ear *ear);

/** ear_next - wait for the next commit until @deadline_usec; -ETIMEDOUT */
int ear_next(struct ear *ear, uint64_t deadline_usec, struct commit *commit);

/** ear_await - the next commit of the process @pid, passing over others */
int ear_await(struct ear *ear, pid_t pid, uint64_t deadline_usec,
	      struct commit *commit);

/**
 * ear_await_answer - the first commit of @pid behind the next one of our own
 *
 * What @pid had committed before is none.
 */
int ear_await_answer(struct ear *ear, pid_t pid, uint64_t deadline_usec,
		     struct commit *commit);

/** ear_drain - forget what has been heard */
void ear_drain(struct ear *ear);

/** now_usec - of the monotonic clock */
uint64_t now_usec(void);

#endif
