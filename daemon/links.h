/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_LINKS_H
#define SEKIMORI_LINKS_H

#include "surroundings.h"

struct arena;
struct links;

/**
 * links_open - listen to what the kernel says about interfaces, addresses,
 * routes, routing rules, static neighbours, traffic control and forwarding
 *
 * Neighbours that come and go by themselves are not heard, so that a busy
 * gateway does not wake us. 0 or -errno; to be closed with links_close().
 */
int links_open(struct links **out);
void links_close(struct links *links);

/** links_fd - readable when something has changed */
int links_fd(const struct links *links);

/**
 * links_changed - take what has come in
 *
 * True if something has changed, or may have: what was lost is a change.
 */
bool links_changed(struct links *links);

/**
 * links_survey - read everything anew
 * @arena: where the result lives
 * @around: all of it but the sysctls; written on success only
 *
 * 0, -EINTR if it kept changing while it was read, -EPROTO if the kernel
 * said what cannot be understood, -EIO if it would not say.
 */
int links_survey(struct links *links, struct arena *arena,
		 struct surroundings *around);

/** links_list - the same, of interfaces and their addresses only */
int links_list(struct arena *arena, struct surroundings *around);

#endif
