/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_PRIV_H
#define SEKIMORI_PRIV_H

#include <sys/types.h>

/**
 * priv_confine - give up, for good, all that the daemon never needs
 *
 * What is left: CAP_NET_ADMIN for nf_tables, and CAP_SETGID until
 * priv_settle(). No program that is executed from here on gains anything.
 * 0, -EPERM without CAP_NET_ADMIN, or -errno.
 */
int priv_confine(void);

/**
 * priv_settle - enter the group that may use the control socket
 * @gid: the group; (gid_t)-1 for none
 *
 * The owner of a file may hand it to a group that he is in, which saves the
 * right to hand anything to anybody. Afterwards only CAP_NET_ADMIN is left.
 * Not being able to enter the group is no error: then the socket stays with
 * root. 0 or -errno.
 */
int priv_settle(gid_t gid);

#endif
