/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TOKEN_H
#define SEKIMORI_TOKEN_H

/*
 * The tokens of the configuration file's syntax, which is that of libconfig
 * without "@include".
 */
#include <stdbool.h>
#include <stddef.h>

#include "diag.h"

enum token_type {
	TOKEN_END, /* of the file */
	TOKEN_NAME,
	TOKEN_STRING, /* with its quotes */
	TOKEN_BOOL,
	TOKEN_INTEGER,
	TOKEN_FLOAT,
	TOKEN_PUNCTUATION, /* one character of =:,;{}()[] */
};

/**
 * struct token - a part of the text
 * @has_nul: it is a string in which \x00 is written; this has been reported
 */
struct token {
	enum token_type type;
	const char *start;
	size_t len;
	unsigned int line;
	bool has_nul;
};

/** struct lexer - where in the text we are */
struct lexer {
	const char *file;
	struct diag *diag;
	const char *pos, *end;
	unsigned int line;
};

/**
 * token_next - read the next token, past white space and comments
 *
 * Returns 0, or -EINVAL if there is none, which is reported.
 */
int token_next(struct lexer *lexer, struct token *token);

/** token_is_nul_escape - is this \x00, at which libconfig ends a string? */
bool token_is_nul_escape(const char *pos, const char *end);

#endif
