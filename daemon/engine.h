/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ENGINE_H
#define SEKIMORI_ENGINE_H

/*
 * Holds the policy that is in force. Whatever happens - start, reload, the end
 * of a term - comes down to giving the keeper another ruleset, which it makes
 * the kernel hold. The wall clock (@now_usec, microseconds since
 * 1970 UTC) comes from the caller, so that a test can play it.
 */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "allowed.h"
#include "file.h"
#include "ruleset.h"
#include "setting.h"
#include "show.h"

struct actor;
struct arena;
struct engine;
struct history;
struct keeper;
struct records;
struct keeper;

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
 * @path: of the configuration. Not copied
 * @state_dir: what is to survive the daemon
 * @records: what is logged, for the journal; stays the caller's
 *
 * 0 or -errno. The caller frees it with engine_free(), which leaves the kernel
 * as it is.
 */
int engine_open(const char *path, const char *state_dir,
		struct records *records, struct engine **engine);
void engine_free(struct engine *engine);

/**
 * engine_start - put a policy in force for the first time
 * @config: the configuration as loaded, with or without a policy; see
 *	history_choose() for when it is that. It is the engine's from here on
 *
 * If that is refused, by us or by the kernel, what was in force before it, and so
 * on. Returns 0 when the kernel has been read back and holds just one of them.
 * Else -errno, -ENOENT if there is none; the kernel is then as it was, or, where
 * somebody else keeps changing the table, as the last transaction left it. All
 * of it has been logged. After an error, engine_shut() is all that can be done.
 */
int engine_start(struct engine *engine, struct file_config *config,
		 uint64_t now_usec);

/**
 * engine_shut - there is no policy: forward nothing
 *
 * If the kernel has a table of an earlier run already, that stays. 0 or -errno,
 * logged.
 */
int engine_shut(struct engine *engine, uint64_t now_usec);

/**
 * struct engine_order - which configuration to put in force
 * @path: a file; NULL: the configured one, or @generation
 * @generation: one that has been in force before; 0: @path counts
 * @confirm_seconds: it is undone unless it is confirmed within them; 0: it is
 *	for good
 * @returns: it was accepted once and is only returned to: no trial and no want
 *	of a journal may stand in the way
 * @why: the words of whoever wants it; never NULL
 */
struct engine_order {
	const char *path;
	uint64_t generation;
	uint64_t confirm_seconds;
	bool returns;
	const char *why;
};

/**
 * struct engine_outcome - what came of it
 * @refused: the new configuration is not in force, the old one is
 * @reason: a sentence, if refused; a static text
 * @diag: findings to show: of the refused configuration, else of the one in
 *	force; valid until engine_outcome_free() or the next change
 * @from, to: digests before and after; @to is empty if refused
 * @n_added, n_deleted: elements
 * @n_trials: that were tried on what was read back
 * @kept: of temporary conduits: on the disk
 * @edited: the kernel's table was changed
 * @generation: changes made to the kernel's table so far
 * @number: which generation of the configuration it is; 0: it is not kept
 * @swept: it is known how many sessions have been ended; else it will be logged
 * @n_ended: sessions
 * @refused_config: for engine_outcome_free()
 */
struct engine_outcome {
	bool refused;
	const char *reason;
	const struct diag *diag;
	char from[DIGEST_TEXT], to[DIGEST_TEXT];
	struct show_change change;
	size_t n_added, n_deleted, n_trials;
	bool kept, edited;
	uint64_t generation, number;
	bool swept;
	uint64_t n_ended;
	struct file_config refused_config;
};

/**
 * engine_apply - put a configuration in force
 * @outcome: always filled; to be given to engine_outcome_free()
 *
 * One that is refused, by us or by the kernel, leaves the old one in force.
 * Returns 0, -EINVAL if the configuration was refused, or -errno: of the
 * kernel, -ENOENT or -EBADMSG of a generation. All of it has been logged.
 */
int engine_apply(struct engine *engine, const struct actor *actor,
		 const struct engine_order *order, uint64_t now_usec,
		 struct engine_outcome *outcome);
void engine_outcome_free(struct engine_outcome *outcome);

/**
 * struct engine_grant - a conduit for a while
 * @conduit: @name may be NULL, then one is made; @allowed_by and @expires are
 *	not looked at
 * @seconds: how long, from now on
 */
struct engine_grant {
	struct allowed conduit;
	uint64_t seconds;
};

/**
 * struct engine_granted - what came of it
 * @name: of the conduit
 * @expires: seconds since 1970 UTC
 */
struct engine_granted {
	char name[NAME_LEN_MAX + 1];
	int64_t expires;
};

/**
 * engine_allow - add a temporary conduit to what is in force
 * @outcome: always filled; to be given to engine_outcome_free()
 * @granted: filled on success
 *
 * It is checked like any other, and kept beside the configurations: it stays
 * until it expires, whatever is put in force meanwhile. 0 or -errno; then all is
 * as before. It has been logged.
 */
int engine_allow(struct engine *engine, const struct actor *actor,
		 const struct engine_grant *grant, uint64_t now_usec,
		 struct engine_outcome *outcome,
		 struct engine_granted *granted);

/** engine_disallow - end one before its time; -ENOENT: there is none */
int engine_disallow(struct engine *engine, const struct actor *actor,
		    const char *name, uint64_t now_usec,
		    struct engine_outcome *outcome);

/**
 * engine_extend - a configuration with the temporary conduits
 *
 * If it would be refused with them, it stays as it is, with a warning.
 */
void engine_extend(const struct engine *engine, struct file_config *config,
		   uint64_t now_usec);

/** engine_allowed_json - the temporary conduits; a new reference */
json_t *engine_allowed_json(const struct engine *engine, uint64_t now_usec);

/**
 * engine_confirm - what is in force stays so
 *
 * 0, or -ENOENT if nothing was awaited, or -errno. It has been logged.
 */
int engine_confirm(struct engine *engine, const struct actor *actor,
		   uint64_t now_usec);

/** engine_previous - the generation to roll back to; 0: there is none */
uint64_t engine_previous(const struct engine *engine);

/** engine_history - to show what it holds, not to change it */
const struct history *engine_history(const struct engine *engine);

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
 * engine_tick - what is due once a minute, at engine_change(), and when the wall
 *	clock was set
 *
 * Lets terms of conduits begin and end, tries again what failed, and keeps the
 * memory on disk.
 */
void engine_tick(struct engine *engine, uint64_t now_usec);

/** engine_change - when the next term begins or ends, seconds since 1970 UTC; 0:
 * none does */
int64_t engine_change(const struct engine *engine);

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

/** engine_write_journal - all that has been logged, now; waits for the disk */
void engine_write_journal(struct engine *engine);

/** engine_remember - write the memory to disk now */
void engine_remember(struct engine *engine, uint64_t now_usec);

/* What there is to show; valid until the next call that may change it. */
const struct policy *engine_policy(const struct engine *engine);
enum engine_state engine_state(const struct engine *engine);
const struct terms *engine_terms(const struct engine *engine);
void engine_status(const struct engine *engine, struct show_status *status);

/** engine_terms_of - of a policy that might be in force; in @arena */
const struct terms *engine_terms_of(const struct engine *engine,
				    const struct policy *policy,
				    uint64_t now_usec, struct arena *arena);

/**
 * engine_counts - counters of the policy's flows, sorted by flow id
 *
 * They are read anew if that is not too dear: at most about a tenth of the
 * daemon's time goes into it, however often it is asked.
 */
const struct show_count *engine_counts(struct engine *engine, uint64_t now_usec,
				       size_t *n_counts);

/** engine_diag - findings of the policy that is in force */
const struct diag *engine_diag(const struct engine *engine);

/** engine_keeper - for a dry run */
struct keeper *engine_keeper(const struct engine *engine);

/** engine_serial - changes whenever engine_policy() does */
uint64_t engine_serial(const struct engine *engine);

#endif
