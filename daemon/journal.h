/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_JOURNAL_H
#define SEKIMORI_JOURNAL_H

/*
 * What was done to the policy and by whom, so that nobody can change, remove
 * or add a line later without it being noticed.
 *
 * A directory holds files "journal.N", where N is the number of the file's
 * first line. Each line is one JSON object in compact form:
 *
 *   {"n":2,"time":"2026-11-24T10:00:00Z","event":"apply",...,"prev":"5f0c..."}
 *
 * The hash of a line is the SHA-256 of its bytes as they stand in the file,
 * all of them from "{" to "}", "prev" included, without the newline. It stands
 * in the line that follows, as "prev", in 64 lower-case hexadecimal digits; in
 * the very first line (n = 1) "prev" is 64 zeros. The first line of a file
 * follows on the last one of the file before.
 *
 * The hash of the last line stands in the file "journal.head":
 *
 *   {"first":1,"n":2,"hash":"90d1..."}
 *
 * where "first" is the oldest line that is still kept, with a second line that
 * is the SHA-256 of the first one with its newline. The head is written after
 * the line, so after a power cut there may be one line more than it names.
 *
 * An auditor needs no program of ours. This, in the directory and with bash,
 * prints nothing if all is well; if the last line is the one that the head does
 * not name yet, its "prev" is what is printed at the end:
 *
 *   set -- $(ls -v journal.[0-9]*)
 *   hash=$(head -n 1 "$1" | jq -r .prev)
 *   while IFS= read -r line; do
 *       [ "$(jq -r .prev <<<"$line")" = "$hash" ] || echo "broken: $line"
 *       hash=$(printf %s "$line" | sha256sum | cut -d ' ' -f 1)
 *   done < <(cat "$@")
 *   head=$(head -n 1 journal.head | jq -r .hash)
 *   [ "$head" = "$hash" ] || echo "the head names $head"
 *
 * What the chain cannot show is that everything was written anew, the head
 * included, by somebody who may write here. Hence journal_last(): a hash that
 * was sent elsewhere binds all that stands before it.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "durable.h"

#define JOURNAL_LINE_MAX ((size_t)64 << 10) /* bytes, with the newline */
#define JOURNAL_FILE_MAX ((size_t)64 << 20) /* that we would read */
#define JOURNAL_FAULTS 16 /* that are told one by one */

enum journal_fault_kind {
	JOURNAL_TORN, /* a line beyond the head was not written to its end */
	JOURNAL_GARBLED, /* not a line of a journal */
	JOURNAL_ALTERED, /* not what the line that follows was written after */
	JOURNAL_NUMBER, /* has number @n where @due was due */
	JOURNAL_MISSING, /* from @due to @n - 1; this line is the one after */
	JOURNAL_TRUNCATED, /* from @due to @n at the end; this line is the last */
	JOURNAL_BEYOND, /* is further beyond the head than a power cut explains */
	JOURNAL_HEAD, /* the head is missing, unreadable, or of another journal */
	JOURNAL_FILE, /* cannot be read, or others may have written it */
};

/**
 * struct journal_fault - one thing that is wrong
 * @file: the name of the file inside the directory
 * @line: counted from 1; 0: the whole file
 * @error: JOURNAL_FILE and JOURNAL_HEAD: -errno
 */
struct journal_fault {
	enum journal_fault_kind kind;
	char file[40];
	size_t line;
	uint64_t due, n;
	int error;
};

/**
 * struct journal_report - what came of looking at all of it
 * @n_lines: whole lines that are there
 * @n_faults: all of them, also those beyond JOURNAL_FAULTS
 * @faults: in the order of the files, the first bad place first; what is
 *          wrong with the end or the head comes last
 */
struct journal_report {
	size_t n_lines;
	size_t n_faults;
	struct journal_fault faults[JOURNAL_FAULTS];
};

/** journal_fault_text - in words, without the place; never fails */
void journal_fault_text(const struct journal_fault *fault, char *buf,
			size_t size);

/**
 * struct journal_limits - how much is kept
 * @file_size: a file that would grow beyond it is followed by a new one; at
 *             most JOURNAL_FILE_MAX / 2
 * @n_files: at least 1; the oldest are removed
 */
struct journal_limits {
	size_t file_size;
	size_t n_files;
};

struct journal;

/**
 * journal_open - for writing; only one process may have it open so
 * @dir: the directory, which must be there
 * @ops: NULL for the kernel's own
 * @report: what journal_verify() says of it as it was found
 *
 * Reads all of it. A torn line at the end is moved to the file
 * "journal.torn.N", where N is the number that it would have had. Whatever
 * else is wrong stays as it is; the chain goes on from the line that the head
 * names, or the one line that follows it, so that what is missing or altered
 * now will be found so by every later look.
 *
 * 0, also with faults, or -errno if it cannot be written to.
 */
int journal_open(const char *dir, const struct durable_ops *ops,
		 const struct journal_limits *limits, struct journal **journal,
		 struct journal_report *report);

/** journal_close - NULL is fine */
void journal_close(struct journal *journal);

/**
 * journal_append - one line, durable when this returns 0
 * @event: a word
 * @fields: an object whose members are added; stays the caller's; NULL for none
 * @now_sec: wall clock
 *
 * After an error the line is not there; only if the power is cut before the
 * next one, it may be. -EINVAL: a field has the name of one
 * of ours, or something is not UTF-8. -E2BIG: longer than JOURNAL_LINE_MAX.
 * -ESTALE: the file is not what we have left there; nothing more can be
 * appended before the journal was closed and opened again, which tells what
 * has happened and goes on. Other -errno: of the disk.
 */
int journal_append(struct journal *journal, const char *event,
		   const json_t *fields, uint64_t now_sec);

/** journal_last - number and hash of the last line; 0 and zeros without one */
uint64_t journal_last(const struct journal *journal,
		      char hash[static DURABLE_HASH]);

/**
 * journal_verify - look at all lines, changing nothing
 *
 * May be called while another process appends; then the last line may be found
 * torn because it is just being written. 0, -EBADMSG if @report has faults, or
 * -errno if the directory cannot be read.
 */
int journal_verify(const char *dir, struct journal_report *report);

/**
 * journal_read - lines to be shown
 * @from: the number of the first one; 0: the last @max
 * @lines: a new array of the objects, the oldest first
 *
 * Proves nothing. In place of a line that cannot be understood stands
 * { "fault": why, "file": name, "line": number in the file }. 0 or -errno.
 */
int journal_read(const char *dir, uint64_t from, size_t max, json_t **lines);

#endif
