/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CONTROL_H
#define SEKIMORI_CONTROL_H

#include <sys/types.h>
#include <systemd/sd-event.h>

struct control;
struct engine;
struct records;

/*
 * Who may: root and the members of the control group may view and operate
 * (apply, confirm, roll back, withdraw); others are refused. Asked of the kernel, by SO_PEERCRED
 * and SO_PEERGROUPS, never of the caller.
 */
#define CONTROL_CLIENTS_MAX 32
#define CONTROL_CLIENTS_OTHER 24 /* of which for others than root */
#define CONTROL_WATCHERS_MAX 8 /* of all clients */
#define CONTROL_IDLE_USEC (60 * 1000000ull)
#define CONTROL_OUT_MAX (16u << 20) /* bytes waiting for one client */

/** control_gid - the group named @name, or (gid_t)-1 if there is none */
gid_t control_gid(const char *name);

/**
 * control_open - listen on a unix socket
 * @event: loop that serves it
 * @path: of the socket; a socket that is left there is replaced
 * @engine, records: what it tells about
 *
 * Nobody but root can connect before control_permit(). 0 or -errno.
 */
int control_open(sd_event *event, const char *path, struct engine *engine,
		 struct records *records, struct control **control);

/**
 * control_permit - let the members of a group use the socket
 * @group: name; a group that does not exist leaves the socket to root
 *
 * Logs what keeps the group's members out, if anything does.
 */
void control_permit(struct control *control, const char *group);

/**
 * control_close - drop all clients and remove the socket; NULL is fine
 *
 * Who watches is told before what has been logged.
 */
void control_close(struct control *control);

#endif
