/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_DURABLE_H
#define SEKIMORI_DURABLE_H

/*
 * Files that survive a power cut: after it there is what was there before or
 * what was to come, never a mixture. All that is changed on the disk is
 * changed through a struct durable_ops, so that a test can stop at each step.
 */
#include <stddef.h>
#include <stdint.h>

struct arena;

/**
 * struct durable_ops - the system calls that change something on the disk
 * @open: a file for writing, with mode 0600 if it is made; @flags are added to
 *        O_WRONLY | O_NOFOLLOW | O_CLOEXEC. A descriptor for close(2).
 * @write: may write less than all
 * @truncate: to @size bytes
 * @sync: as fsync(2); also for the descriptor of a directory
 * @datasync: as fdatasync(2)
 * @data: what each of them is given first
 *
 * Their results are 0, or what is said above, or -errno.
 */
struct durable_ops {
	int (*open)(void *data, int dir, const char *name, int flags);
	int (*write)(void *data, int fd, const void *bytes, size_t len);
	int (*truncate)(void *data, int fd, size_t size);
	int (*sync)(void *data, int fd);
	int (*datasync)(void *data, int fd);
	int (*rename)(void *data, int dir, const char *from, const char *to);
	int (*unlink)(void *data, int dir, const char *name);
	void *data;
};

/* The kernel's own */
extern const struct durable_ops durable_real;

/** struct durable_bytes - @data need not end in a NUL; what is read does */
struct durable_bytes {
	const char *data;
	size_t len;
};

/* SHA-256 as hexadecimal digits, in lower case, with the NUL */
#define DURABLE_HASH 65

/** durable_hash - of all @parts, one behind the other */
void durable_hash(const struct durable_bytes *parts, size_t n,
		  char hash[static DURABLE_HASH]);

/**
 * durable_open_dir - a directory that only we can write to
 *
 * A descriptor, -EPERM if it belongs to somebody else or others may write to
 * it, or -errno.
 */
int durable_open_dir(const char *path);

/**
 * durable_replace - write the file @name anew, or make it
 * @dir: its directory
 * @parts: what it shall hold, one behind the other
 *
 * Written beside, as "NAME.new", made durable and moved into place. 0 or
 * -errno. After an error the old file is still there, unless it was the very
 * last step that failed: then the new one is there but may be gone, and the
 * old one back, after a power cut.
 */
int durable_replace(const struct durable_ops *ops, int dir, const char *name,
		    const struct durable_bytes *parts, size_t n);

/**
 * durable_replace_sealed - the same, with a seal behind it
 *
 * The seal is the hash of all that stands before it and a newline: 65 bytes,
 * so that "head -c -65 NAME | sha256sum" must print what "tail -c 65 NAME"
 * does.
 */
int durable_replace_sealed(const struct durable_ops *ops, int dir,
			   const char *name, const struct durable_bytes *parts,
			   size_t n);

/**
 * durable_append - write behind the end of an open file
 * @size: its size
 *
 * 0 or -errno; then what may have been written is cut off again, and if not
 * even that succeeds, the file is longer than @size.
 */
int durable_append(const struct durable_ops *ops, int fd, size_t size,
		   const struct durable_bytes *bytes);

/**
 * durable_read - all of a file that only we may have written
 * @max: the largest size that is accepted
 * @bytes: filled in, in @arena, with a NUL behind
 *
 * 0, -ELOOP for a symbolic link, -EPERM if it is no regular file, is not ours,
 * or can be written to by others, -EFBIG, or -errno.
 */
int durable_read(int dir, const char *name, size_t max, struct arena *arena,
		 struct durable_bytes *bytes);

/**
 * durable_read_sealed - what durable_replace_sealed() has written
 *
 * As durable_read(); the seal is checked and left out. -EBADMSG if it is not
 * what was written.
 */
int durable_read_sealed(int dir, const char *name, size_t max,
			struct arena *arena, struct durable_bytes *bytes);

/**
 * durable_list - which files "PREFIX1", "PREFIX2"... there are
 * @numbers: the numbers of their names, the lowest first, in @arena
 *
 * 0 or -errno.
 */
int durable_list(int dir, const char *prefix, struct arena *arena,
		 uint64_t **numbers, size_t *n);

/**
 * durable_sweep - remove what a power cut has left of durable_replace()
 * @prefix: only files whose names begin so
 *
 * 0 or -errno.
 */
int durable_sweep(const struct durable_ops *ops, int dir, const char *prefix);

#endif
