// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who asked. Easy to get wrong: uid and pid come from the kernel and can be
 * relied on, the name is what the process says of itself and is only a hint.
 */
#include "actor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What /proc/PID/@what holds, as text; empty if the process is gone */
static void actor_read(pid_t pid, const char *what, char *text, size_t size)
{
	char path[64];
	ssize_t len = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, text, size - 1);
		close(fd);
	}
	text[len > 0 ? len : 0] = '\0';
}

static void actor_read_comm(pid_t pid, char *comm, size_t size)
{
	actor_read(pid, "comm", comm, size);
	comm[strcspn(comm, "\n")] = '\0';
	if (!comm[0])
		strcpy(comm, "?");
}

bool actor_is_root(const struct actor *actor)
{
	return actor->has_uid && actor->uid == 0;
}

struct actor actor_self(const char *how)
{
	struct actor actor = { .how = how, .has_uid = true, .uid = geteuid() };

	return actor;
}

struct actor actor_of(const char *how, uid_t uid, pid_t pid)
{
	struct actor actor = {
		.how = how, .has_uid = true, .uid = uid, .pid = pid
	};

	actor_read_comm(pid, actor.comm, sizeof(actor.comm));
	return actor;
}

/* The number behind "\n@key:\t" in /proc/PID/status, or -1 */
static long actor_number(const char *status, const char *key)
{
	const char *at = strstr(status, key);

	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

struct actor actor_of_writer(pid_t pid, const char *comm)
{
	struct actor actor = { .how = "nft", .pid = pid };
	char status[4096], now[sizeof(actor.comm)];
	long uid, parent;

	snprintf(actor.comm, sizeof(actor.comm), "%s", comm);
	actor_read_comm(pid, now, sizeof(now));
	actor_read(pid, "status", status, sizeof(status));
	uid = actor_number(status, "\nUid:\t");
	/* a number is used again once its process has ended */
	if (strcmp(now, comm) || uid < 0)
		return actor;
	actor.has_uid = true;
	actor.uid = (uid_t)uid;
	parent = actor_number(status, "\nPPid:\t");
	if (parent <= 0)
		return actor;
	actor.parent = (pid_t)parent;
	actor_read_comm(actor.parent, actor.parent_comm,
			sizeof(actor.parent_comm));
	return actor;
}
