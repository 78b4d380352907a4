/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_FILE_H
#define SEKIMORI_FILE_H

#include <stddef.h>

#include "diag.h"
#include "store.h"

struct arena;
struct model;
struct policy;

/**
 * struct file_config - a configuration as loaded
 * @diag: every finding; also when there is a policy, then warnings only
 * @policy: NULL if the configuration is refused
 * @copies: what each file held, the main one first, for the store; nothing else
 *	points into them. Empty if they came from there.
 * @plain, plain_diag: what it was before file_extend()
 */
struct file_config {
	struct arena *arena;
	struct diag diag;
	struct model *model;
	const struct policy *policy;
	struct arena *copies_arena;
	struct store_file *copies;
	size_t n_copies;
	const struct policy *plain;
	struct diag plain_diag;
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

/**
 * file_reload - the same, faster where it says what @earlier has said
 *
 * Nothing of @earlier is needed afterwards.
 */
int file_reload(const char *path, const struct file_config *earlier,
		struct file_config *config);

/**
 * file_load_kept - the same from the copies of an earlier time
 * @path: of the main file now; what findings call the files follows from it
 * @files: at least one, the main one first
 * @earlier: as of file_reload(), or NULL
 */
int file_load_kept(const char *path, const struct store_file *files,
		   size_t n_files, const struct file_config *earlier,
		   struct file_config *config);

/**
 * file_extend - what a configuration becomes with one more file
 * @config: one with a policy. The copies stay without the file
 * @name: of the file, for findings
 *
 * 0, or -EINVAL if that is refused: then there is no policy, and config->diag
 * says why.
 */
int file_extend(struct file_config *config, const char *name, const char *bytes,
		size_t len);

/** file_retract - what it was before, with the first of the errors as a warning */
void file_retract(struct file_config *config, const char *what);

/** file_forget_copies - they have been stored, or will not be */
void file_forget_copies(struct file_config *config);

/** file_pass_copies - @to, which has none of its own, gets those of @from */
void file_pass_copies(struct file_config *from, struct file_config *to);

/** file_unload - free all that file_load() took; fine if it is zeroed */
void file_unload(struct file_config *config);

#endif
