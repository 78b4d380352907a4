// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who asked. Easy to get wrong: uid and pid come from the kernel and can be
 * relied on, the name is what the process says of itself and is only a hint.
 */
#include "actor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct actor actor_self(const char *how)
{
	struct actor actor = { .how = how, .uid = geteuid() };

	return actor;
}

struct actor actor_of(const char *how, uid_t uid, pid_t pid)
{
	struct actor actor = { .how = how, .uid = uid, .pid = pid };
	char path[64];
	ssize_t len = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, actor.comm, sizeof(actor.comm) - 1);
		close(fd);
	}
	if (len <= 0) {
		actor.comm[0] = '?';
		return actor;
	}
	actor.comm[len] = '\0';
	actor.comm[strcspn(actor.comm, "\n")] = '\0';
	return actor;
}
