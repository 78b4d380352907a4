// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ring of records. Easy to get wrong: who watches knows his place by number,
 * not by position, so that he can tell that something was overwritten before
 * he came to read it.
 */
#include "record.h"

#include <stdlib.h>

struct records {
	json_t *ring[RECORDS_MAX]; /* number N is at N modulo RECORDS_MAX */
	uint64_t next;
};

struct records *records_new(void)
{
	struct records *records = calloc(1, sizeof(*records));

	if (!records)
		abort();
	records->next = 1;
	return records;
}

void records_free(struct records *records)
{
	size_t i;

	if (!records)
		return;
	for (i = 0; i < RECORDS_MAX; i++)
		json_decref(records->ring[i]);
	free(records);
}

void records_add(struct records *records, json_t *record)
{
	json_t **slot = &records->ring[records->next % RECORDS_MAX];

	json_decref(*slot);
	*slot = record;
	records->next++;
}

uint64_t records_next(const struct records *records)
{
	return records->next;
}

uint64_t records_first(const struct records *records)
{
	return records->next > RECORDS_MAX ? records->next - RECORDS_MAX : 1;
}

json_t *records_get(const struct records *records, uint64_t number)
{
	if (number < records_first(records) || number >= records->next)
		return NULL;
	return json_incref(records->ring[number % RECORDS_MAX]);
}
