/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_OFFLINE_H
#define SEKIMORI_OFFLINE_H

/*
 * What the command can say of configurations without a daemon: they are read,
 * checked, compiled and compared by the same code, for the clock and the time
 * zone of this machine. The kernel is not asked.
 */
#include <stdbool.h>

/** offline_check - print every finding; -EINVAL if the file is refused */
int offline_check(const char *file, bool json, bool ja);

/** offline_compile - print the ruleset; -EINVAL if the file is refused */
int offline_compile(const char *file, bool json);

/**
 * offline_plan - print what putting @file in force would change
 * @old_file: what is in force before that; NULL: nothing
 *
 * -EINVAL if either is refused.
 */
int offline_plan(const char *old_file, const char *file, bool json, bool ja);

#endif
