/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_RECORD_H
#define SEKIMORI_RECORD_H

/*
 * The last lines of the log as data, for those who watch: what goes to syslog
 * goes here as well, the same words and the same fields.
 */
#include <jansson.h>
#include <stdint.h>

#define RECORDS_MAX 1024

struct records;

struct records *records_new(void);
void records_free(struct records *records);

/**
 * records_add - one line
 * @record: { time_usec, msgid, priority, text, fields: {} }; taken over
 */
void records_add(struct records *records, json_t *record);

/** records_next - the number that the next record will get; the first is 1 */
uint64_t records_next(const struct records *records);

/**
 * records_get - record number @number
 *
 * A new reference, or NULL: it has been overwritten, or is still to come.
 */
json_t *records_get(const struct records *records, uint64_t number);

/** records_first - the oldest that is still there */
uint64_t records_first(const struct records *records);

#endif
