/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TABLE_H
#define SEKIMORI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** struct table - texts in rows and columns, aligned for a terminal */
struct table;

/** table_new - a table of @n_columns columns; freed with table_free() */
struct table *table_new(size_t n_columns);
void table_free(struct table *table);

/** table_align_right - numbers stand in this column */
void table_align_right(struct table *table, size_t column);

/**
 * table_add - fill the next cell, from left to right and top to bottom
 * @text: UTF-8; control characters are made visible
 */
void table_add(struct table *table, const char *text);
void table_add_format(struct table *table, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** table_print - all rows; wide characters take two columns of the terminal */
void table_print(const struct table *table, FILE *out);

/** table_width - columns of the terminal that @text takes */
size_t table_width(const char *text);

#endif
