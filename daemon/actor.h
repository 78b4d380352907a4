/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ACTOR_H
#define SEKIMORI_ACTOR_H

#include <sys/types.h>

/**
 * struct actor - who asked for something, for the log
 * @how: "start", "signal", "control" or "timer"
 * @uid, pid: of the process that asked; @pid is 0 when nobody did
 * @comm: its name, as it calls itself; may hold any bytes
 */
struct actor {
	const char *how;
	uid_t uid;
	pid_t pid;
	char comm[32];
};

/** actor_self - the daemon itself, at its start or by its clock */
struct actor actor_self(const char *how);

/**
 * actor_of - the process @pid of user @uid
 *
 * The name is read now: it is "?" when the process has ended already.
 */
struct actor actor_of(const char *how, uid_t uid, pid_t pid);

#endif
