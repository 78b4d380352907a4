/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_HISTORY_H
#define SEKIMORI_HISTORY_H

/*
 * Which configurations have been in force, which one is to be, and what was
 * done when by whom: the store of generations and the journal, for the engine.
 * What goes wrong with either is logged here.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"
#include "store.h"

struct actor;
struct arena;
struct history;
struct records;

/**
 * history_open - make the directories if they are not there, and open both
 * @dir: where the daemon keeps what is to survive it
 * @path: of the configuration, for findings
 *
 * Never fails: what cannot be opened is logged, and is then not there.
 */
struct history *history_open(const char *dir, const char *path);
void history_close(struct history *history);

/** enum history_choice - where the policy to start with comes from */
enum history_choice {
	HISTORY_FILE, /* the configuration as it is now; it is a new one */
	HISTORY_SAME, /* that of the last run, which the file still holds */
	HISTORY_KEPT, /* that of the last run, as the file is broken */
	HISTORY_AWAITED, /* not confirmed yet, and may still be */
	HISTORY_RETURNED, /* the confirmed one: the other was not in time */
	HISTORY_UNDONE, /* that of the last run; the file, unchanged, holds
			 * another one */
	HISTORY_NONE, /* the file is broken, and nothing is kept */
};

/**
 * history_choose - what is to be in force at the start of the daemon
 * @config: the file as loaded, with or without a policy; replaced by a kept one
 *	where that is to be used. With a policy, unless HISTORY_NONE
 * @number: of its generation; 0: it is a new one
 */
enum history_choice history_choose(struct history *history,
				   struct file_config *config,
				   uint64_t *number);

/**
 * struct history_entry - a configuration that is to be in force, or is
 * @confirm_seconds: within which it has to be confirmed; 0: it is at once
 */
struct history_entry {
	const struct actor *actor;
	const char *why, *digest;
	uint64_t confirm_seconds;
};

/**
 * history_keep - keep a configuration before it is put in force
 * @number: which generation it is; 0 if it could not be kept
 *
 * 0 or -errno, which has been logged.
 */
int history_keep(struct history *history, struct file_config *config,
		 const struct history_entry *entry, uint64_t now_usec,
		 uint64_t *number);

/** history_remove - forget a generation that has not come to be in force */
void history_remove(struct history *history, uint64_t number);

/**
 * history_enter - generation @number is in force now
 *
 * If it has to be confirmed, the one that was confirmed last is what returns
 * otherwise. 0 or -errno, which has been logged.
 */
int history_enter(struct history *history, uint64_t number,
		  uint64_t confirm_seconds);

/** history_find_running - the running generation, if it is just @config; or 0 */
uint64_t history_find_running(const struct history *history,
			      const struct file_config *config);

/** history_see - remember that the configuration, as it is now, was used */
void history_see(struct history *history, const struct file_config *config);

/** history_unsee - it was used, but not kept: it counts as new at a start */
void history_unsee(struct history *history);

/** history_prune - remove generations that are neither so new nor so young */
void history_prune(struct history *history, size_t keep_count,
		   uint64_t keep_seconds, uint64_t now_usec);

/* What is in force and awaited now; and the same again, after a failed change */
struct store_current history_mark(const struct history *history);
int history_restore(struct history *history, const struct store_current *mark);

/** history_confirm - for good; 0, -ENOENT if nothing is awaited, or -errno */
int history_confirm(struct history *history);

/** history_seconds_left - to confirm; -1: nothing is awaited; 0: it is over */
int64_t history_seconds_left(const struct history *history);

/* Generations: running, confirmed, and the one to return to; 0: none */
uint64_t history_running(const struct history *history);
uint64_t history_confirmed(const struct history *history);
uint64_t history_previous(const struct history *history);

/**
 * history_load - a generation as a configuration
 * @earlier: as of file_reload(), or NULL
 *
 * 0; -ENOENT, -EBADMSG if it is damaged, -EINVAL if this version refuses it
 * (then @config has the findings). @config is always filled.
 */
int history_load(const struct history *history, uint64_t number,
		 const struct file_config *earlier, struct file_config *config);

/**
 * history_json - { running, confirmed, seconds_left, generations: [ { number,
 *	time, uid, pid, process, why, digest, outcome, damaged } ] }
 */
json_t *history_json(const struct history *history);

/**
 * history_files_json - { number, files: [ { name, len, sha256, text } ] }, or NULL
 * @with_texts: else they are null
 */
json_t *history_files_json(const struct history *history, uint64_t number,
			   bool with_texts);

/**
 * history_begin_journal - open it; what is wrong with it is logged
 *
 * Reads all of it, so the policy had better be in force by then.
 */
void history_begin_journal(struct history *history);

/**
 * history_follow - write into the journal what has been logged since
 * @records: what is logged; only what is about the policy is taken
 *
 * 0, or -errno, logged when it begins. Waits for the disk.
 */
int history_follow(struct history *history, const struct records *records);

/** history_lags - is there something that history_follow() would write? */
bool history_lags(const struct history *history, const struct records *records);

/** history_can_write - is the journal fit to be written? Tries again if not */
bool history_can_write(struct history *history);

#endif
