/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_FILE_H
#define SEKIMORI_FILE_H

#include <stddef.h>

#include "diag.h"

struct arena;
struct model;
struct policy;

/**
 * struct file_config - a configuration as loaded
 * @diag: every finding; also when there is a policy, then warnings only
 * @policy: NULL if the configuration is refused
 */
struct file_config {
	struct arena *arena;
	struct diag diag;
	struct model *model;
	const struct policy *policy;
};

#define FILE_SIZE_MAX (64u << 20) /* bytes of one file */
#define FILE_TOTAL_MAX (256u << 20) /* bytes of all files of a configuration */
#define FILE_DROPINS_MAX 1000

/**
 * file_load - read a configuration: the main file, conf.d/ beside it, lists
 * @path: the main file
 * @config: always filled; to be given to file_unload()
 *
 * Each file must be a regular file, not a symbolic link, of root or of the
 * user who runs this, neither readable nor writable by anybody else (K20), and
 * at most FILE_SIZE_MAX long. Returns 0, or -EINVAL if config->diag holds an
 * error.
 */
int file_load(const char *path, struct file_config *config);

/** file_unload - free all that file_load() took; fine if it is zeroed */
void file_unload(struct file_config *config);

#endif
