/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_STATE_H
#define SEKIMORI_STATE_H

#include <stdint.h>

struct counters;
struct durable_ops;

/**
 * state_load - what an earlier run of the daemon left on disk
 * @path: the file
 * @generation: changes made to the kernel's table so far
 * @latest: what the wall clock has shown, seconds since 1970 UTC; 0: unknown
 * @counters: already following the policy; last hits and counts are filled in
 *
 * It is a memory, not a policy: without it only ages are unknown, and that a
 * clock was put back. 0, -ENOENT
 * if there is none, or -errno if there is one that cannot be used.
 */
int state_load(const char *path, uint64_t *generation, int64_t *latest,
	       struct counters *counters);

/** state_save - write the file anew, as a whole or not at all; 0 or -errno */
int state_save(const char *path, uint64_t generation, int64_t latest,
	       const struct counters *counters);

/** state_save_by - the same with other system calls than the kernel's own */
int state_save_by(const struct durable_ops *ops, const char *path,
		  uint64_t generation, int64_t latest,
		  const struct counters *counters);

#endif
