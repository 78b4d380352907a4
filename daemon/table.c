// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables for a terminal. Easy to get wrong: neither bytes nor characters say
 * how wide a text is. A kanji takes three bytes, is one character and fills
 * two columns; so padding is computed, not left to printf().
 */
#include "table.h"

#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "arena.h"
#include "escape.h"

#define TABLE_CELL_MAX 1024

struct table {
	struct arena *arena;
	size_t n_columns;
	bool *right;
	const char **cells;
	size_t n_cells;
};

struct table *table_new(size_t n_columns)
{
	struct arena *arena = arena_new();
	struct table *table = arena_alloc(arena, sizeof(*table));

	table->arena = arena;
	table->n_columns = n_columns;
	table->right = arena_alloc(arena, n_columns * sizeof(*table->right));
	return table;
}

void table_free(struct table *table)
{
	arena_free(table->arena);
}

void table_align_right(struct table *table, size_t column)
{
	table->right[column] = true;
}

void table_add(struct table *table, const char *text)
{
	char safe[TABLE_CELL_MAX];
	size_t len = escape_text(text, "", safe, sizeof(safe));

	table->cells = arena_push(table->arena, table->cells, &table->n_cells,
				  sizeof(*table->cells));
	table->cells[table->n_cells - 1] = arena_copy(table->arena, safe, len);
}

void table_add_format(struct table *table, const char *fmt, ...)
{
	char text[TABLE_CELL_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	table_add(table, text);
}

size_t table_width(const char *text)
{
	mbstate_t state = { 0 };
	size_t width = 0, left = strlen(text), len;
	wchar_t rune;
	int columns;

	while (left) {
		len = mbrtowc(&rune, text, left, &state);
		if (len == (size_t)-1 || len == (size_t)-2 || !len) {
			/* not in this locale: count the byte */
			memset(&state, 0, sizeof(state));
			len = 1;
			columns = 1;
		} else {
			columns = wcwidth(rune);
		}
		width += columns > 0 ? (size_t)columns : 0;
		text += len;
		left -= len;
	}
	return width;
}

static void table_print_cell(const struct table *table, size_t column,
			     const char *text, size_t width, FILE *out)
{
	int pad = (int)(width - table_width(text));
	bool last = column + 1 == table->n_columns;

	if (table->right[column])
		fprintf(out, "%*s%s", pad, "", text);
	else if (last)
		fputs(text, out);
	else
		fprintf(out, "%s%*s", text, pad, "");
	fputs(last ? "\n" : "  ", out);
}

void table_print(const struct table *table, FILE *out)
{
	size_t n = table->n_columns, i, width;
	struct arena *arena = arena_new();
	size_t *widths = arena_alloc(arena, n * sizeof(*widths));

	for (i = 0; i < table->n_cells; i++) {
		width = table_width(table->cells[i]);
		if (width > widths[i % n])
			widths[i % n] = width;
	}
	for (i = 0; i < table->n_cells; i++)
		table_print_cell(table, i % n, table->cells[i], widths[i % n],
				 out);
	arena_free(arena);
}
