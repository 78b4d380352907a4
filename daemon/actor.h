/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ACTOR_H
#define SEKIMORI_ACTOR_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct actor - who asked for something, for the log
 * @how: "start", "signal", "control" or "timer"
 * @uid, pid: of the process that asked; @pid is 0 when nobody did
 * @how: also "nft" for one who commits changes to nf_tables
 * @comm: its name, as it calls itself; may hold any bytes
 * @has_uid: false if it had ended before it could be asked
 * @parent, parent_comm: who has started it; 0 if it cannot be told
 */
struct actor {
	const char *how;
	bool has_uid;
	uid_t uid;
	pid_t pid;
	char comm[32];
	pid_t parent;
	char parent_comm[32];
};

/** actor_is_root - is it known to be? */
bool actor_is_root(const struct actor *actor);

/** actor_self - the daemon itself, at its start or by its clock */
struct actor actor_self(const char *how);

/**
 * actor_of - the process @pid of user @uid
 *
 * The name is read now: it is "?" when the process has ended already.
 */
struct actor actor_of(const char *how, uid_t uid, pid_t pid);

/**
 * actor_of_writer - the process @pid, which calls itself @comm, as the kernel
 *	says of who has committed something
 *
 * The rest is read from /proc now, if the process is still there and still has
 * that name.
 */
struct actor actor_of_writer(pid_t pid, const char *comm);

#endif
