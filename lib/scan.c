// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The syntax of the configuration file. libconfig builds the tree of settings,
 * but it must not see the file as it is: it opens what "@include" names, reads
 * 4294967318 as 22 and "a\x00b" as "ab", takes an unclosed comment for the end
 * of the file, stops at the first mistake (and then leaks), and gives a string
 * in a list the line of what follows it. So every token is understood here
 * first and then written out anew.
 *
 * Easy to get wrong: the two readers must agree on where a token ends. They do
 * because libconfig gets nothing but tokens that were recognised here, in
 * their plainest form; whatever its scanner might see differently (comments,
 * odd numbers, strings over several lines) is never handed on.
 */
#include "scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "token.h"
#include "utf8.h"

struct scan {
	struct lexer lexer;
	unsigned int depth;
	unsigned int n_values;
	struct token token; /* the next one, not yet consumed */

	char *text; /* what has been written for libconfig */
	size_t text_len, text_size;
	unsigned int text_line;

	struct scan_piece *pieces; /* of the text */
	size_t n_pieces, size_pieces;
	struct token setting; /* of the file's, being scanned: its name */
};

/** struct mark - a point in the text to fall back to */
struct mark {
	size_t len;
	unsigned int line;
	size_t n_pieces;
};

/** struct siblings - the names of the settings in one group so far */
struct siblings {
	struct token names[SCAN_SETTINGS_MAX];
	unsigned int n_names;
};

static struct place place_of(const struct scan *scan, unsigned int line)
{
	return (struct place){ .file = scan->lexer.file, .line = line };
}

static void make_room(struct scan *scan, size_t len)
{
	char *text;

	scan->text_size = 2 * scan->text_size + len;
	text = realloc(scan->text, scan->text_size);
	if (!text)
		abort();
	scan->text = text;
}

/* Inline, as most of it are single characters */
static inline void put(struct scan *scan, const char *bytes, size_t len)
{
	if (scan->text_size - scan->text_len < len)
		make_room(scan, len);
	memcpy(scan->text + scan->text_len, bytes, len);
	scan->text_len += len;
}

/*
 * Line ends are written only before what starts a setting or a value, so that
 * whatever libconfig reads ahead stands on the line of what it belongs to.
 */
static void put_lines(struct scan *scan)
{
	for (; scan->text_line < scan->token.line; scan->text_line++)
		put(scan, "\n", 1);
}

static struct mark mark_here(const struct scan *scan)
{
	return (struct mark){ scan->text_len, scan->text_line, scan->n_pieces };
}

static void fall_back(struct scan *scan, struct mark mark)
{
	scan->text_len = mark.len;
	scan->text_line = mark.line;
	scan->n_pieces = mark.n_pieces;
}

static void begin_piece(struct scan *scan, unsigned int first_element)
{
	struct scan_piece *pieces;

	if (scan->n_pieces == scan->size_pieces) {
		scan->size_pieces = 2 * scan->size_pieces + 8;
		pieces = realloc(scan->pieces,
				 scan->size_pieces * sizeof(*pieces));
		if (!pieces)
			abort();
		scan->pieces = pieces;
	}
	scan->pieces[scan->n_pieces++] = (struct scan_piece){
		.start = scan->text_len,
		.first_line = scan->token.line,
		.first_element = first_element,
	};
	scan->text_line = scan->token.line;
}

/*
 * The list goes on in another piece. This one began in the midst of the list as
 * well, or else there may be other settings in it.
 */
static void continue_list(struct scan *scan, unsigned int n_elements,
			  bool began_in_it)
{
	scan->pieces[scan->n_pieces - 1].is_pure = began_in_it;
	put(scan, ");\n", sizeof(");\n"));
	begin_piece(scan, n_elements);
	put(scan, scan->setting.start, scan->setting.len);
	put(scan, "=(", 2);
}

static int next_token(struct scan *scan)
{
	return token_next(&scan->lexer, &scan->token);
}

static bool at_char(const struct scan *scan, char c)
{
	return scan->token.type == TOKEN_PUNCTUATION &&
	       (*scan->token.start == c ||
		(c == '=' && *scan->token.start == ':'));
}

/*
 * The next token is not what it should be.
 * @open_line: where the brackets start that it stands in, 0 if in none
 */
static int unexpected(const struct scan *scan, const char *wanted,
		      unsigned int open_line)
{
	const struct token *token = &scan->token;
	struct place open = place_of(scan, open_line);
	char quoted[QUOTE_TEXT];

	if (token->type == TOKEN_END)
		diag_error(scan->lexer.diag, "syntax",
			   place_of(scan, token->line),
			   open_line ? &open : NULL,
			   "expected %s, but the file ends here", wanted);
	else if (token->type == TOKEN_STRING)
		diag_error(
			scan->lexer.diag, "syntax", place_of(scan, token->line),
			open_line ? &open : NULL,
			"expected %s, but found the text %s", wanted,
			utf8_quote(token->start + 1, token->len - 2, quoted));
	else
		diag_error(scan->lexer.diag, "syntax",
			   place_of(scan, token->line),
			   open_line ? &open : NULL,
			   "expected %s, but found %s", wanted,
			   utf8_quote(token->start, token->len, quoted));
	return -EINVAL;
}

static int over_limit(const struct scan *scan, const char *what,
		      unsigned int limit)
{
	diag_error(scan->lexer.diag, "limit", place_of(scan, scan->token.line),
		   NULL, "%s; the limit is %u", what, limit);
	return -EINVAL;
}

/* A string without the escapes that would end it. */
static void put_string(struct scan *scan)
{
	const char *pos = scan->token.start;
	const char *end = pos + scan->token.len;

	if (!scan->token.has_nul) {
		put(scan, pos, scan->token.len);
		return;
	}
	while (pos < end) {
		if (token_is_nul_escape(pos, end)) {
			pos += 4;
			continue;
		}
		if (*pos == '\\')
			put(scan, pos++, 1);
		put(scan, pos++, 1);
	}
}

/*
 * An integer with the suffix that makes libconfig read all of it. No setting
 * takes a number of so many digits that some have to be cut off, so the rest
 * is refused as well.
 */
static void put_integer(struct scan *scan)
{
	size_t len = scan->token.len;

	while (scan->token.start[len - 1] == 'L')
		len--;
	put(scan, scan->token.start,
	    len < SCAN_DIGITS_MAX ? len : SCAN_DIGITS_MAX);
	put(scan, "LL", 2);
}

static int scan_scalar(struct scan *scan)
{
	if (++scan->n_values > SCAN_VALUES_MAX)
		return over_limit(scan, "too many values in one file",
				  SCAN_VALUES_MAX);
	put_lines(scan);
	switch (scan->token.type) {
	case TOKEN_STRING:
		if (scan->token.len - 2 > SCAN_LITERAL_MAX)
			return over_limit(scan, "the text has too many bytes",
					  SCAN_LITERAL_MAX);
		put_string(scan);
		break;
	case TOKEN_BOOL:
	case TOKEN_FLOAT:
		put(scan, scan->token.start, scan->token.len);
		break;
	case TOKEN_INTEGER:
		put_integer(scan);
		break;
	case TOKEN_NAME:
	case TOKEN_END:
	case TOKEN_PUNCTUATION:
		return unexpected(scan, "a value", 0);
	}
	return next_token(scan);
}

/* Behind an element: is there another one? */
static int scan_comma(struct scan *scan, char close, unsigned int open_line,
		      bool *more)
{
	int ret;

	*more = at_char(scan, ',');
	if (at_char(scan, close))
		return 0;
	if (!*more)
		return unexpected(scan,
				  close == ']' ? "\",\" or \"]\"" :
						 "\",\" or \")\"",
				  open_line);
	ret = next_token(scan);
	if (!ret && at_char(scan, close))
		return unexpected(scan, "another element behind the \",\"",
				  open_line);
	return ret;
}

static int scan_array(struct scan *scan)
{
	unsigned int open_line = scan->token.line;
	enum token_type type = TOKEN_END;
	struct mark mark;
	bool more;
	int ret;

	put(scan, "[", 1);
	ret = next_token(scan);
	if (ret)
		return ret;
	more = !at_char(scan, ']');
	while (more) {
		struct token element = scan->token;

		mark = mark_here(scan);
		if (type != TOKEN_END)
			put(scan, ",", 1);
		else
			type = element.type;
		ret = scan_scalar(scan);
		if (ret)
			return ret;
		if (element.type != type) {
			diag_error(scan->lexer.diag, "type",
				   place_of(scan, element.line), NULL,
				   "the elements of an array must be of one "
				   "type; this one is not like the first");
			fall_back(scan, mark);
		}
		ret = scan_comma(scan, ']', open_line, &more);
		if (ret)
			return ret;
	}
	put(scan, "]", 1);
	return next_token(scan);
}

static int scan_value(struct scan *scan);
static int scan_group(struct scan *scan);

/*
 * Does a list go on in another piece, behind @n elements in this one? The text
 * of the last of them, from @start on, decides; so an entry that comes or goes
 * moves no border but the nearest ones.
 */
static bool is_border(const struct scan *scan, size_t start, unsigned int n)
{
	uint64_t hash;

	if (n < SCAN_ELEMENTS_MIN || n == SCAN_ELEMENTS)
		return n == SCAN_ELEMENTS;
	hash = hash_bytes(HASH_START, scan->text + start,
			  scan->text_len - start);
	return hash_finish(hash) % SCAN_BORDERS == 0;
}

static int scan_list(struct scan *scan)
{
	unsigned int open_line = scan->token.line, n = 0, first = 0;
	size_t start = 0;
	bool more;
	int ret;

	put(scan, "(", 1);
	ret = next_token(scan);
	if (ret)
		return ret;
	for (more = !at_char(scan, ')'); more; n++) {
		if (n && scan->depth == 1 &&
		    is_border(scan, start, n - first)) {
			continue_list(scan, n, first);
			first = n;
		} else if (n) {
			put(scan, ",", 1);
		}
		start = scan->text_len;
		ret = scan_value(scan);
		if (!ret)
			ret = scan_comma(scan, ')', open_line, &more);
		if (ret)
			return ret;
	}
	put(scan, ")", 1);
	return next_token(scan);
}

static int scan_brackets(struct scan *scan)
{
	int ret;

	if (++scan->n_values > SCAN_VALUES_MAX)
		return over_limit(scan, "too many values in one file",
				  SCAN_VALUES_MAX);
	if (++scan->depth > SCAN_DEPTH_MAX)
		return over_limit(scan, "brackets are nested too deep",
				  SCAN_DEPTH_MAX);
	put_lines(scan);
	if (at_char(scan, '['))
		ret = scan_array(scan);
	else if (at_char(scan, '('))
		ret = scan_list(scan);
	else
		ret = scan_group(scan);
	scan->depth--;
	return ret;
}

static int scan_value(struct scan *scan)
{
	char quoted[QUOTE_TEXT];

	if (at_char(scan, '[') || at_char(scan, '(') || at_char(scan, '{'))
		return scan_brackets(scan);
	if (scan->token.type == TOKEN_NAME) {
		diag_error(scan->lexer.diag, "syntax",
			   place_of(scan, scan->token.line), NULL,
			   "%s is no value; text must stand in double quotes",
			   utf8_quote(scan->token.start, scan->token.len,
				      quoted));
		return -EINVAL;
	}
	return scan_scalar(scan);
}

/* The value of a setting; a text may be written in several pieces. */
static int scan_setting_value(struct scan *scan)
{
	bool is_text = scan->token.type == TOKEN_STRING;
	size_t len = scan->token.len;
	int ret = scan_value(scan);

	while (!ret && is_text && scan->token.type == TOKEN_STRING) {
		len += scan->token.len;
		if (len > SCAN_LITERAL_MAX)
			return over_limit(scan, "the text has too many bytes",
					  SCAN_LITERAL_MAX);
		ret = scan_scalar(scan);
	}
	return ret;
}

/* Whether the next token is a name that the group already has; it has now. */
static int scan_name(struct scan *scan, struct siblings *siblings, bool *again)
{
	const struct token *token = &scan->token;
	struct place before;
	char quoted[QUOTE_TEXT];
	unsigned int i;

	*again = false;
	for (i = 0; i < siblings->n_names; i++) {
		const struct token *other = &siblings->names[i];

		if (other->len != token->len ||
		    memcmp(other->start, token->start, token->len) != 0)
			continue;
		before = place_of(scan, other->line);
		diag_error(scan->lexer.diag, "duplicate",
			   place_of(scan, token->line), &before,
			   "the setting %s is already there in this group; "
			   "remove one of the two",
			   utf8_quote(token->start, token->len, quoted));
		*again = true;
		return 0;
	}
	if (siblings->n_names == SCAN_SETTINGS_MAX)
		return over_limit(scan, "too many settings in one group",
				  SCAN_SETTINGS_MAX);
	siblings->names[siblings->n_names++] = *token;
	return 0;
}

static int scan_setting(struct scan *scan, struct siblings *siblings)
{
	struct mark mark = mark_here(scan);
	struct token name = scan->token;
	char quoted[QUOTE_TEXT];
	char wanted[QUOTE_TEXT + 32];
	bool again;
	int ret;

	ret = scan_name(scan, siblings, &again);
	if (ret)
		return ret;
	if (!scan->depth)
		scan->setting = name;
	put_lines(scan);
	put(scan, name.start, name.len);
	ret = next_token(scan);
	if (ret)
		return ret;
	if (!at_char(scan, '=')) {
		snprintf(wanted, sizeof(wanted), "\"=\" behind %s",
			 utf8_quote(name.start, name.len, quoted));
		return unexpected(scan, wanted, 0);
	}
	put(scan, "=", 1);
	ret = next_token(scan);
	if (!ret)
		ret = scan_setting_value(scan);
	if (ret)
		return ret;
	put(scan, ";", 1);
	if (again)
		fall_back(scan, mark);
	if (at_char(scan, ';') || at_char(scan, ','))
		return next_token(scan);
	return 0;
}

static int scan_group(struct scan *scan)
{
	unsigned int open_line = scan->token.line;
	struct siblings siblings;
	int ret;

	siblings.n_names = 0;
	put(scan, "{", 1);
	ret = next_token(scan);
	while (!ret && scan->token.type == TOKEN_NAME)
		ret = scan_setting(scan, &siblings);
	if (ret)
		return ret;
	if (!at_char(scan, '}'))
		return unexpected(scan, "the name of a setting or \"}\"",
				  open_line);
	put(scan, "}", 1);
	return next_token(scan);
}

static int scan_file(struct scan *scan)
{
	struct siblings siblings;
	int ret;

	siblings.n_names = 0;
	begin_piece(scan, 0);
	ret = next_token(scan);
	while (!ret && scan->token.type == TOKEN_NAME)
		ret = scan_setting(scan, &siblings);
	if (ret)
		return ret;
	if (scan->token.type != TOKEN_END)
		return unexpected(scan, "the name of a setting", 0);
	put(scan, "\n", sizeof("\n"));
	return 0;
}

static unsigned int line_of(const char *bytes, const char *pos)
{
	unsigned int line = 1;

	for (; bytes < pos; bytes++)
		line += *bytes == '\n';
	return line;
}

int scan_text(const char *file, const char *bytes, size_t len,
	      struct diag *diag, struct scanned *scanned)
{
	struct scan scan = {
		.lexer = { .file = file,
			   .diag = diag,
			   .pos = bytes,
			   .end = bytes + len,
			   .line = 1 },
		.token = { .line = 1 },
	};
	const char *nul;
	int ret;

	if (len > SCAN_BYTES_MAX) {
		diag_error(diag, "limit", place_of(&scan, 0), NULL,
			   "the file has %zu bytes; the limit is %zu", len,
			   SCAN_BYTES_MAX);
		return -EINVAL;
	}
	nul = len ? memchr(bytes, 0, len) : NULL;
	if (nul) {
		diag_error(diag, "syntax", place_of(&scan, line_of(bytes, nul)),
			   NULL,
			   "there is a NUL byte; a configuration is a text in "
			   "UTF-8");
		return -EINVAL;
	}
	ret = scan_file(&scan);
	if (ret) {
		free(scan.text);
		free(scan.pieces);
		return ret;
	}
	*scanned = (struct scanned){ scan.text, scan.pieces, scan.n_pieces };
	return 0;
}

void scan_free(struct scanned *scanned)
{
	free(scanned->text);
	free(scanned->pieces);
}
