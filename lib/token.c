// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text to tokens. Easy to get wrong: libconfig reads the same text after us,
 * so a token must end here where it ends there: an escaped quote does not
 * close a string, and what looks like a comment inside of a string is none.
 */
#include "token.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

static struct place place_of(const struct lexer *lexer, unsigned int line)
{
	return (struct place){ .file = lexer->file, .line = line };
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_punctuation(char c)
{
	switch (c) {
	case '=':
	case ':':
	case ',':
	case ';':
	case '{':
	case '}':
	case '(':
	case ')':
	case '[':
	case ']':
		return true;
	}
	return false;
}

static bool starts_with(const struct lexer *lexer, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(lexer->end - lexer->pos) >= len &&
	       !memcmp(lexer->pos, text, len);
}

static const char *line_end(const struct lexer *lexer)
{
	const char *end = memchr(lexer->pos, '\n', lexer->end - lexer->pos);

	return end ? end : lexer->end;
}

bool token_is_nul_escape(const char *pos, const char *end)
{
	return end - pos >= 4 && pos[0] == '\\' &&
	       (pos[1] == 'x' || pos[1] == 'X') && pos[2] == '0' &&
	       pos[3] == '0';
}

/* Past a comment of several lines, which starts here. */
static int skip_comment(struct lexer *lexer)
{
	const char *pos = lexer->pos + 2;
	unsigned int start = lexer->line;

	for (; pos + 1 < lexer->end; pos++) {
		if (pos[0] == '*' && pos[1] == '/') {
			lexer->pos = pos + 2;
			return 0;
		}
		lexer->line += *pos == '\n';
	}
	diag_error(lexer->diag, "syntax", place_of(lexer, start), NULL,
		   "the comment that starts here is not closed; write \"*/\" "
		   "at its end");
	return -EINVAL;
}

/* Past white space and comments. */
static int skip_blank(struct lexer *lexer)
{
	int ret;

	while (lexer->pos < lexer->end) {
		switch (*lexer->pos) {
		case '\n':
			lexer->line++;
			/* fall through */
		case ' ':
		case '\t':
		case '\r':
		case '\f':
			lexer->pos++;
			break;
		case '#':
			lexer->pos = line_end(lexer);
			break;
		case '/':
			if (starts_with(lexer, "//")) {
				lexer->pos = line_end(lexer);
				break;
			}
			if (!starts_with(lexer, "/*"))
				return 0;
			ret = skip_comment(lexer);
			if (ret)
				return ret;
			break;
		default:
			return 0;
		}
	}
	return 0;
}

/* Past an escape in a string. What it escapes is never the closing quote. */
static const char *skip_escape(const struct lexer *lexer, const char *pos,
			       struct token *token)
{
	if (token_is_nul_escape(pos, lexer->end)) {
		diag_error(lexer->diag, "syntax", place_of(lexer, lexer->line),
			   NULL,
			   "\\x00 would end the text before its closing "
			   "quote; remove it");
		token->has_nul = true;
	}
	if (pos + 1 == lexer->end || pos[1] == '\n')
		return pos + 1;
	return pos + 2;
}

static int read_string(const struct lexer *lexer, struct token *token)
{
	const char *pos = token->start + 1;

	token->type = TOKEN_STRING;
	while (pos < lexer->end && *pos != '"' && *pos != '\n')
		pos = *pos == '\\' ? skip_escape(lexer, pos, token) : pos + 1;
	if (pos == lexer->end || *pos == '\n') {
		diag_error(lexer->diag, "syntax", place_of(lexer, lexer->line),
			   NULL,
			   "the text that starts here is not closed on its "
			   "line; write a double quote at its end");
		return -EINVAL;
	}
	token->len = pos + 1 - token->start;
	return 0;
}

static void read_name(const struct lexer *lexer, struct token *token)
{
	const char *pos = token->start;

	while (pos < lexer->end && (is_letter(*pos) || is_digit(*pos) ||
				    *pos == '-' || *pos == '_' || *pos == '*'))
		pos++;
	token->len = pos - token->start;
	token->type = TOKEN_NAME;
	if ((token->len == 4 && !strncasecmp(token->start, "true", 4)) ||
	    (token->len == 5 && !strncasecmp(token->start, "false", 5)))
		token->type = TOKEN_BOOL;
}

/* Past decimal digits; their number in @n. */
static const char *skip_digits(const char *pos, const char *end, size_t *n)
{
	const char *start = pos;

	while (pos < end && is_digit(*pos))
		pos++;
	*n = pos - start;
	return pos;
}

/* [+-] digits, or 0x and hexadecimal ones, behind which L or LL may stand */
static bool is_integer(const char *pos, const char *end)
{
	unsigned int n_suffix = 0;
	size_t n = 0;

	if (end - pos > 2 && pos[0] == '0' && (pos[1] == 'x' || pos[1] == 'X'))
		for (pos += 2; pos < end && is_hex(*pos); pos++)
			n++;
	else
		pos = skip_digits(pos + (*pos == '+' || *pos == '-'), end, &n);
	while (pos < end && *pos == 'L' && n_suffix < 2) {
		n_suffix++;
		pos++;
	}
	return n && pos == end;
}

/* [+-] digits with a point, an exponent or both */
static bool is_float(const char *pos, const char *end)
{
	size_t n, n_fraction = 0, n_exponent;
	bool point;

	pos = skip_digits(pos + (*pos == '+' || *pos == '-'), end, &n);
	point = pos < end && *pos == '.';
	if (point)
		pos = skip_digits(pos + 1, end, &n_fraction);
	if (!n && !n_fraction)
		return false;
	if (pos == end)
		return point;
	if (*pos != 'e' && *pos != 'E')
		return false;
	pos++;
	if (pos < end && (*pos == '+' || *pos == '-'))
		pos++;
	return skip_digits(pos, end, &n_exponent) == end && n_exponent;
}

static int read_number(const struct lexer *lexer, struct token *token)
{
	const char *pos = token->start;
	char quoted[QUOTE_TEXT];

	while (pos < lexer->end && (is_letter(*pos) || is_digit(*pos) ||
				    *pos == '.' || *pos == '+' || *pos == '-'))
		pos++;
	token->len = pos - token->start;
	if (is_integer(token->start, pos)) {
		token->type = TOKEN_INTEGER;
		return 0;
	}
	if (is_float(token->start, pos)) {
		token->type = TOKEN_FLOAT;
		return 0;
	}
	diag_error(lexer->diag, "syntax", place_of(lexer, lexer->line), NULL,
		   "%s is not a number; text must stand in double quotes",
		   utf8_quote(token->start, token->len, quoted));
	return -EINVAL;
}

/* Say what stands here that no token can begin with. */
static int report_stray(const struct lexer *lexer)
{
	struct place at = place_of(lexer, lexer->line);
	char quoted[QUOTE_TEXT];
	uint32_t rune = 0;
	size_t len = utf8_read(lexer->pos, lexer->end - lexer->pos, &rune);

	utf8_quote(lexer->pos, len ? len : 1, quoted);
	if (starts_with(lexer, "@include"))
		diag_error(lexer->diag, "syntax", at, NULL,
			   "@include is not supported; put the settings into "
			   "this file, or into one of their own in conf.d");
	else if (rune == 0xfeff)
		diag_error(lexer->diag, "syntax", at, NULL,
			   "there is a byte order mark; save the file as UTF-8 "
			   "without one");
	else if (rune == 0x3000)
		diag_error(lexer->diag, "syntax", at, NULL,
			   "there is a full-width space outside of a text; "
			   "write a normal space");
	else if (rune >= 0xff01 && rune <= 0xff5e)
		diag_error(lexer->diag, "syntax", at, NULL,
			   "there is a full-width %s outside of a text; write "
			   "'%c'",
			   quoted, (char)(rune - 0xff01 + '!'));
	else
		diag_error(lexer->diag, "syntax", at, NULL,
			   "%s must not stand outside of a text in double "
			   "quotes",
			   quoted);
	return -EINVAL;
}

int token_next(struct lexer *lexer, struct token *token)
{
	int ret = skip_blank(lexer);

	if (ret)
		return ret;
	*token = (struct token){
		.type = TOKEN_END,
		.start = lexer->pos,
		.line = lexer->line,
	};
	if (lexer->pos == lexer->end)
		return 0;
	if (*lexer->pos == '"') {
		ret = read_string(lexer, token);
	} else if (is_letter(*lexer->pos) || *lexer->pos == '*') {
		read_name(lexer, token);
	} else if (is_digit(*lexer->pos) || *lexer->pos == '.' ||
		   *lexer->pos == '+' || *lexer->pos == '-') {
		ret = read_number(lexer, token);
	} else if (is_punctuation(*lexer->pos)) {
		token->type = TOKEN_PUNCTUATION;
		token->len = 1;
	} else {
		ret = report_stray(lexer);
	}
	lexer->pos += token->len;
	return ret;
}
