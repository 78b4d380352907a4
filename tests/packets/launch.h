/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_LAUNCH_H
#define SEKIMORI_LAUNCH_H

#include <sys/types.h>

#include "topology.h"

/**
 * struct launch - what fills the ruleset: a program in the gateway's namespace
 * @dir: a directory of its own, removed at the end
 * @child: the program; 0 if it has ended or was never started
 */
struct launch {
	char dir[32];
	pid_t child;
};

/** launch_init - make the directory */
int launch_init(struct launch *launch);

/**
 * launch_copy_config - a private copy of a configuration and its lists
 * @path: the file; what is named "*.list" beside it is copied as well
 * @copy: where the copy is, in @launch's directory
 *
 * The daemon wants files that nobody else may read, and a check-out has none.
 * Each valid_until is moved to the end of the current fiscal year, so that a
 * test does not begin to fail on a certain day.
 */
int launch_copy_config(const struct launch *launch, const char *path,
		       char **copy);

/**
 * launch_start - run a program in the gateway
 * @argv: NULL-terminated; "@DIR@" is replaced by the directory, "@CONFIG@" by
 *	@config
 *
 * Returns 0 when it is ready: when it says READY=1 to NOTIFY_SOCKET, or has
 * ended with status 0. What it prints goes to a file. -ECHILD: it failed.
 */
int launch_start(struct launch *launch, const struct topology *topology,
		 char *const argv[], const char *config);

/** launch_stop - end the program, if it runs */
void launch_stop(struct launch *launch);

/** launch_print_output - what the program printed, to stderr */
void launch_print_output(const struct launch *launch);

/** launch_finish - end the program and remove the directory */
void launch_finish(struct launch *launch);

#endif
