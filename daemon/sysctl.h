/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SYSCTL_H
#define SEKIMORI_SYSCTL_H

#include "concern.h"
#include "policy.h"
#include "surroundings.h"

struct arena;

/**
 * sysctl_read - the values of some sysctls
 * @names: canonical, see claim.h
 * @values: @n of them in the same order, in @arena; written on success only
 *
 * One that does not exist, or cannot be read, has no value. 0, or -errno if
 * /proc/sys/net is not there at all.
 */
int sysctl_read(const char **names, size_t n, struct arena *arena,
		struct sysctl_value **values);

/**
 * sysctl_hold - give the claimed sysctls their values, where they differ
 * @concerns: gets SEKI-A-SYSCTL-CLAIM for each that has not got its value
 *
 * Each that is set is logged: SEKI-SYSCTL with name, from and to. 0, or -errno
 * if /proc/sys/net is not there at all.
 */
int sysctl_hold(const struct policy *policy, struct concerns *concerns);

#endif
