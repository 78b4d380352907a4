/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ALLOW_H
#define SEKIMORI_ALLOW_H

/*
 * The temporary conduits that are kept on the disk, in the file "allowed.conf".
 * It belongs to no generation: whatever configuration is put in force, they are
 * as they were allowed last. What is wrong with the file is logged here.
 */
#include <stddef.h>
#include <stdint.h>

#include "allowed.h"

#define ALLOW_MAX 64 /* at a time */
#define ALLOW_SECONDS_MIN 60
#define ALLOW_SECONDS_MAX (7 * 86400)

struct allow;

/**
 * allow_open - read what is kept
 * @dir: where the daemon keeps what is to survive it
 *
 * Never fails: what cannot be read permits nothing.
 */
struct allow *allow_open(const char *dir);
void allow_close(struct allow *allow);

/** allow_path - of the file */
const char *allow_path(const struct allow *allow);

/**
 * allow_list - those that have not ended
 * @now: seconds since 1970 UTC
 *
 * All of it is in @arena; the list has room for one more.
 */
struct allowed *allow_list(const struct allow *allow, int64_t now,
			   struct arena *arena, size_t *n);

/** allow_write - keep @text from now on; 0 or -errno; then the old one stays */
int allow_write(struct allow *allow, const char *text, size_t len);

/**
 * allow_reduce - the same where @text permits less: the old one does not stay
 *
 * If there is no room for the new file, the old one is removed, which makes some
 * and permits nothing. 0, or -errno: what is on the disk is not @text. That has
 * been logged, and allow_settle() may put it right.
 */
int allow_reduce(struct allow *allow, const char *text, size_t len);

/** allow_restore - what there was before a change that has not come to pass */
void allow_restore(struct allow *allow, const char *text, size_t len);

/** allow_settle - write what could not be written before, if there is anything */
void allow_settle(struct allow *allow);

#endif
