/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_SIEGE_H
#define SEKIMORI_SIEGE_H

#include <stdio.h>

#include "field.h"

#define ATTACKERS_MAX 32

/**
 * struct attacker - who has committed something, as the test knows it
 * @gone: it ended and was forgotten at once, so who it was may be unknown
 */
struct attacker {
	pid_t pid, parent;
	const char *comm;
	bool gone;
};

/**
 * struct blow - an attack as it was carried out
 * @by: all who took part; each has to be found
 * @error: the kernel refused it: -EPERM and so on; 0: it did not
 * @text: what nft said; may be NULL
 * @begun_usec: just before the first commit, or as soon as we heard of it
 * @restored_usec: the daemon's last commit
 * @limit_usec: from @begun_usec to @restored_usec at most; 0: no matter
 */
struct blow {
	struct attacker by[ATTACKERS_MAX];
	size_t n_by;
	int error;
	char *text;
	uint64_t begun_usec, restored_usec, limit_usec;
};

/**
 * struct siege
 * @processes: of the attack that goes on: kept as zombies until it has been
 *	judged, so that anybody can ask the kernel who they were
 * @note: to be said behind the line of the attack, or NULL
 * @complaints: what was not as it has to be, and if @verbose, what was
 * @wrong: something was not as it has to be
 * @n_repairs: since the daemon was started
 * @last_id: of the last incident that has been judged
 */
struct siege {
	struct field field;
	bool ownership, verbose, wrong;
	struct process processes[ATTACKERS_MAX];
	size_t n_processes;
	char *note;
	FILE *complaints;
	unsigned int n_passed, n_failed, n_repairs;
	json_int_t last_id;
};

/** enum remedy - what becomes of an attack when the table is not owned */
enum remedy {
	REMEDY_UNDONE, /* repaired by the daemon */
	REMEDY_NOTHING, /* there is nothing to be undone: it changes nothing */
	REMEDY_REPORTED, /* not in our table: audited, not undone */
};

/** enum prevention - what becomes of it when the table is owned */
enum prevention {
	OWNED_REFUSED, /* EPERM */
	OWNED_SKIPPED, /* the kernel leaves our table out, without a word */
	OWNED_NOT, /* ownership has nothing to do with it */
};

/**
 * struct attack
 * @script: for nft, with %T for the table, %{CHAIN N} for the handle of a
 *	rule, %[CONDUIT] for a mark, %<INTERFACE> for the class of a zone
 * @carry_out: instead of @script, or to make the rest of it
 * @words, @nft: regular expressions; one of the changes that are reported has
 *	to match each. NULL: no matter
 * @at_least: so many changes have to be counted
 * @undo: script that takes away what was not undone
 */
struct attack {
	const char *name;
	const char *script;
	void (*carry_out)(struct siege *siege, struct blow *blow);
	const char *words, *nft;
	enum remedy remedy;
	enum prevention owned;
	unsigned int at_least;
	const char *undo;
};

extern const struct attack attacks[];
extern const size_t n_attacks;

/** siege_script - @script with its % filled in; to be freed */
char *siege_script(struct siege *siege, const char *script);

/** siege_nft - one nft(8) carries out a script, as an attacker */
void siege_nft(struct siege *siege, struct blow *blow, const char *text);

/** siege_hear - hear commits for so long; notes what @blow wants to know */
void siege_hear(struct siege *siege, struct blow *blow, uint64_t usec);

/**
 * siege_await_open - until the daemon has an open incident, which it cannot end
 *
 * Complains if there is none.
 */
void siege_await_open(struct siege *siege, struct blow *blow);

/** siege_self - this process is the attacker; notes when it begins */
void siege_self(struct siege *siege, struct blow *blow);

#endif
