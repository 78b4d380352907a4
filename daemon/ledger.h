/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_LEDGER_H
#define SEKIMORI_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/**
 * struct ledger - the journal on the disk, for the command; no daemon is asked
 * @dir: of the journal
 * @json: print JSON, not text
 */
struct ledger {
	const char *dir;
	bool json, ja;
	FILE *out;
};

/** ledger_show - the last @n lines; 0, or -errno, then nothing was printed */
int ledger_show(const struct ledger *ledger, size_t n);

/**
 * ledger_verify - look at all of it, and print what is wrong
 *
 * 0; -EBADMSG if anything is; or -errno if it cannot be looked at.
 */
int ledger_verify(const struct ledger *ledger);

#endif
