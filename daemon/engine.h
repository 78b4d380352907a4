/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ENGINE_H
#define SEKIMORI_ENGINE_H

/*
 * Holds the policy that is in force. Whatever happens - start, reload, the end
 * of a day - comes down to giving the keeper another ruleset, which it makes
 * the kernel hold. The wall clock (@now_usec, microseconds since
 * 1970 UTC) comes from the caller, so that a test can play it.
 */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "file.h"
#include "ruleset.h"
#include "show.h"

struct actor;
struct engine;

enum engine_state {
	ENGINE_UNSURE, /* the last attempt to change the kernel failed */
	ENGINE_IN_FORCE, /* the kernel held the policy when last read */
	ENGINE_DRIFTED, /* somebody has changed it, and it is not undone yet */
	ENGINE_WITHDRAWN, /* the table was removed on request */
};

/** engine_state_name - "unsure", "in_force", "drifted", "withdrawn" */
const char *engine_state_name(enum engine_state state);

/**
 * engine_open - an engine without a policy
 * @path: of the configuration; @state_path: of the memory across restarts.
 *	Neither is copied.
 *
 * 0 or -errno. The caller frees it with engine_free(), which leaves the kernel
 * as it is.
 */
int engine_open(const char *path, const char *state_path,
		struct engine **engine);
void engine_free(struct engine *engine);

/**
 * engine_start - put a policy in force for the first time
 * @config: as loaded, with a policy; the engine owns it from here on
 *
 * Returns 0 when the kernel has been read back and holds just the policy.
 * Else -errno, which has been logged; the kernel is then as it was, or, where
 * somebody else keeps changing the table, as the last transaction left it.
 */
int engine_start(struct engine *engine, struct file_config *config,
		 uint64_t now_usec);

/**
 * struct engine_outcome - what came of a reload
 * @refused: the new configuration is not in force, the old one is
 * @reason: a sentence, if refused; a static text
 * @diag: findings to show: of the refused configuration, else of the one in
 *	force; valid until engine_outcome_free() or the next reload
 * @from, to: digests before and after; @to is empty if refused
 * @n_added, n_deleted: elements
 * @edited: the kernel's table was changed
 * @refused_config: for engine_outcome_free()
 */
struct engine_outcome {
	bool refused;
	const char *reason;
	const struct diag *diag;
	char from[DIGEST_TEXT], to[DIGEST_TEXT];
	struct show_change change;
	size_t n_added, n_deleted;
	bool edited;
	uint64_t generation;
	struct file_config refused_config;
};

/**
 * engine_reload - read the configuration again and put it in force
 * @outcome: always filled; to be given to engine_outcome_free()
 *
 * A configuration that is refused, by us or by the kernel, leaves the old
 * one in force. Returns 0, -EINVAL if the configuration was refused, or
 * the -errno of the kernel. All of it has been logged.
 */
int engine_reload(struct engine *engine, const struct actor *actor,
		  uint64_t now_usec, struct engine_outcome *outcome);
void engine_outcome_free(struct engine_outcome *outcome);

/** engine_withdraw - remove the table; 0, or -errno, which has been logged */
int engine_withdraw(struct engine *engine, const struct actor *actor,
		    uint64_t now_usec);

/** engine_verify - take notice of everything up to now; for engine_status() */
void engine_verify(struct engine *engine, uint64_t now_usec);

/* Readable when there is work: commits to nf_tables; links, routes... */
int engine_fd(const struct engine *engine);
int engine_links_fd(const struct engine *engine);

/** engine_links_changed - engine_links_fd() is readable; engine_work() follows */
void engine_links_changed(struct engine *engine);

/** engine_due_usec - when there is work in any case; CLOCK_MONOTONIC */
uint64_t engine_due_usec(const struct engine *engine);

/**
 * engine_work - see what others have changed, and undo it; audit; save
 *
 * Takes a few milliseconds at most, unless much has to be committed. True if
 * there is more to do right away.
 */
bool engine_work(struct engine *engine, uint64_t now_usec);

/**
 * engine_tick - what is due once a minute, and when a day has ended
 *
 * Lets conduits expire, tries again what failed, and keeps the memory on disk.
 */
void engine_tick(struct engine *engine, uint64_t now_usec);

/**
 * engine_request_audit - compare and audit everything, in the background
 *
 * Done when engine_audited() gives a higher number than it did before.
 */
void engine_request_audit(struct engine *engine);
uint64_t engine_audited(const struct engine *engine);

/* What others did, and what is of concern; new references */
json_t *engine_drift_json(const struct engine *engine);
json_t *engine_audit_json(const struct engine *engine);

/** engine_remember - write the memory to disk now */
void engine_remember(struct engine *engine, uint64_t now_usec);

/* What there is to show; valid until the next call that may change it. */
const struct policy *engine_policy(const struct engine *engine);
enum engine_state engine_state(const struct engine *engine);
unsigned int engine_today(const struct engine *engine);
void engine_status(const struct engine *engine, struct show_status *status);

/**
 * engine_counts - counters of the policy's flows, sorted by flow id
 *
 * They are read anew if that is not too dear: at most about a tenth of the
 * daemon's time goes into it, however often it is asked.
 */
const struct show_count *engine_counts(struct engine *engine, uint64_t now_usec,
				       size_t *n_counts);

/** engine_serial - changes whenever engine_policy() does */
uint64_t engine_serial(const struct engine *engine);

#endif
