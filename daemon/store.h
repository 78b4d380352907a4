/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_STORE_H
#define SEKIMORI_STORE_H

/*
 * Generations: the exact bytes of each configuration that was put in force,
 * who did it, and which of them is to be in force now.
 *
 * A directory of its own holds a file "generation.N" for each: one line of
 * JSON that says what follows, the bytes of the files one behind the other,
 * and the seal of durable_replace_sealed(). It is never changed. The sealed
 * file "current" names the generation that is running and the one that was
 * confirmed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "durable.h"

#define STORE_BYTES_MAX ((size_t)256 << 20) /* of all files of a generation */
#define STORE_FILES_MAX 4096
#define STORE_BOOT_ID 37
#define STORE_EARLIER 8

struct arena;
struct store;

/**
 * struct store_meta - what is known of a generation
 * @number: from 1; never given twice
 * @time: wall clock, seconds
 * @process: its name; with @pid and @uid: who wanted it
 * @why: in his words
 * @digest: of the ruleset, in hexadecimal digits
 * @outcome: what came of it
 * @error: of a list: 0, or why it cannot be used, -EBADMSG if it is not what
 *         was written; then only @number is set
 *
 * Texts are never NULL when they come from here. What is not UTF-8 in them is
 * kept as "\xNN".
 */
struct store_meta {
	uint64_t number;
	uint64_t time;
	uid_t uid;
	pid_t pid;
	const char *process, *why, *digest, *outcome;
	int error;
};

/**
 * struct store_file - one file of a configuration
 * @name: relative to the directory of the main file, or absolute; any bytes.
 *        Not to be used as a path without thought
 * @data: when it comes from here, with a NUL behind the last byte
 */
struct store_file {
	const char *name;
	const char *data;
	size_t len;
};

/**
 * struct store_clock - what time it is, in two ways
 * @wall: may be set by anybody
 * @boot: since the machine was started, sleep included; no one can set it
 * @boot_id: the kernel's own name for this run of it
 *
 * All in seconds.
 */
struct store_clock {
	uint64_t wall, boot;
	char boot_id[STORE_BOOT_ID];
};

/** store_clock_read - now; 0 or -errno */
int store_clock_read(struct store_clock *now);

/**
 * struct store_current - what is in force
 * @running: the generation that was last put in force; 0: none yet
 * @confirmed: the last one that was confirmed; 0: none yet
 * @deadline: when @running falls back to @confirmed. @wall is to be shown
 *            only; all of it is zero if nothing is awaited
 * @earlier: confirmed before @confirmed, the latest first, then zeros; kept by
 *           store_set_current()
 */
struct store_current {
	uint64_t running, confirmed;
	struct store_clock deadline;
	uint64_t earlier[STORE_EARLIER];
};

/** store_set_deadline - @seconds from now; 0: nothing is awaited */
void store_set_deadline(struct store_current *current,
			const struct store_clock *now, uint64_t seconds);

/**
 * store_seconds_left - until the deadline
 *
 * 0 if there is none, if it has passed, or if the machine was started anew
 * since it was set: then whoever was to confirm has lost his connection, and
 * the wall clock may not have been right yet.
 */
uint64_t store_seconds_left(const struct store_current *current,
			    const struct store_clock *now);

/**
 * store_open - for writing; only one process may have it open
 * @dir: a directory that is there and holds nothing else
 * @ops: NULL for the kernel's own
 *
 * What a power cut has left half-written is removed. 0 or -errno.
 */
int store_open(const char *dir, const struct durable_ops *ops,
	       struct store **store);

/** store_close - NULL is fine */
void store_close(struct store *store);

/**
 * store_put - keep a new generation, durable when this returns 0
 * @meta: @number and @error are not looked at; NULL texts are empty ones
 * @files: the main file first; no two of the same name
 * @number: which number it has got
 *
 * 0, -EINVAL, -EFBIG, or -errno of the disk. After an error its number is not
 * given again while the store is open.
 */
int store_put(struct store *store, const struct store_meta *meta,
	      const struct store_file *files, size_t n_files, uint64_t *number);

/**
 * store_list - all generations, the newest first
 *
 * Each is read and proved. 0 or -errno; damage is no error but is marked.
 */
int store_list(const struct store *store, struct arena *arena,
	       struct store_meta **list, size_t *n);

/** struct store_generation - all of one */
struct store_generation {
	struct store_meta meta;
	struct store_file *files;
	size_t n_files;
};

/**
 * store_get - a generation as it was put
 *
 * 0, -ENOENT, -EBADMSG if it is not what was written, or -errno.
 */
int store_get(const struct store *store, uint64_t number, struct arena *arena,
	      struct store_generation *generation);

/**
 * store_current - what is in force
 *
 * 0; -ENOENT, with @current zeroed, if nothing ever was; -EBADMSG if the file
 * is not what was written; or -errno.
 */
int store_current(const struct store *store, struct store_current *current);

/**
 * store_set_current - durable when this returns 0
 *
 * -ENOENT if there is no such generation; otherwise as durable_replace(), so
 * after -errno store_current() tells what holds.
 */
int store_set_current(struct store *store, const struct store_current *current);

/**
 * store_restore_current - what store_current() has given before, @earlier too
 *
 * For a change that has not come to pass. As store_set_current().
 */
int store_restore_current(struct store *store,
			  const struct store_current *current);

/** store_remove - forget a generation; 0 or -errno */
int store_remove(struct store *store, uint64_t number);

enum store_reason {
	STORE_RUNNING, /* it is confirmed, or nothing is awaited */
	STORE_AWAITED, /* it may still be confirmed */
	STORE_OVERDUE, /* the confirmed one, as the time has run out */
	STORE_REBOOTED, /* the confirmed one, as the machine was started anew */
	STORE_EARLIER_ONE, /* what should be in force is damaged */
};

/**
 * store_in_force - which generation is to be in force now, and its bytes
 *
 * Only one that is proved to be what was written. If that which should be in
 * force is damaged: the last confirmed one, or the one confirmed before that,
 * and so on.
 *
 * 0; -ENOENT if there is none, or if the first one was never confirmed; -EBADMSG if all of them, or the file that
 * names them, are damaged; or -errno.
 */
int store_in_force(const struct store *store, const struct store_clock *now,
		   struct arena *arena, struct store_generation *generation,
		   enum store_reason *reason);

/**
 * store_prune - remove old generations
 * @keep_count: the newest ones that are kept in any case
 * @keep_seconds: as well as those that are younger than this at @now
 *
 * Neither the running one, the confirmed one, nor the newest is ever removed;
 * and nothing is if what is in force is not known. A damaged one has no age: it
 * goes with those that were made before it.
 * 0 or -errno.
 */
int store_prune(struct store *store, size_t keep_count, uint64_t keep_seconds,
		uint64_t now);

#endif
