// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The words of the configuration for kinds, layers and the like. Easy to get
 * wrong: these are written in files that outlive this program and are shown in
 * evidence, so a word may be added here but never changed.
 */
#include "model.h"

#include <string.h>

/* Indexed by the values of the enums; 0 is none of them. */
static const char *const models[] = {
	[MODEL_ALPHA] = "alpha",
	[MODEL_ALPHA_PRIME] = "alpha-prime",
	[MODEL_BETA] = "beta",
	[MODEL_BETA_PRIME] = "beta-prime",
};

static const char *const editions[] = {
	[EDITION_R4_3] = "R4.3",
	[EDITION_R6_10] = "R6.10",
	[EDITION_R7_3] = "R7.3",
};

static const char *const layers[] = {
	[LAYER_INDIVIDUAL_NUMBER] = "individual-number",
	[LAYER_LGWAN] = "lgwan",
	[LAYER_INTERNET] = "internet",
	[LAYER_OTHER] = "other",
};

static const char *const kinds[] = {
	[KIND_PLAIN] = "plain",
	[KIND_SCREEN] = "screen",
	[KIND_MAIL_TEXT] = "mail-text",
	[KIND_MAIL_OUT] = "mail-out",
	[KIND_FILE_CDR] = "file-cdr",
	[KIND_SPECIAL] = "special",
	[KIND_TRUSTED_EXTERNAL] = "trusted-external",
	[KIND_SPECIFIED_CLOUD] = "specified-cloud",
};

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

static const char *word_of(const char *const *words, size_t n,
			   unsigned int value)
{
	return value > 0 && value < n ? words[value] : "?";
}

static unsigned int word_find(const char *const *words, size_t n,
			      const char *name)
{
	unsigned int i;

	for (i = 1; i < n; i++) {
		if (!strcmp(words[i], name))
			return i;
	}
	return 0;
}

const char *model_name(enum guideline_model model)
{
	return word_of(models, ARRAY_LEN(models), model);
}

const char *edition_name(enum guideline_edition edition)
{
	return word_of(editions, ARRAY_LEN(editions), edition);
}

const char *layer_name(enum layer layer)
{
	return word_of(layers, ARRAY_LEN(layers), layer);
}

const char *kind_name(enum conduit_kind kind)
{
	return word_of(kinds, ARRAY_LEN(kinds), kind);
}

enum guideline_model model_by_name(const char *name)
{
	return word_find(models, ARRAY_LEN(models), name);
}

enum guideline_edition edition_by_name(const char *name)
{
	return word_find(editions, ARRAY_LEN(editions), name);
}

enum layer layer_by_name(const char *name)
{
	return word_find(layers, ARRAY_LEN(layers), name);
}

enum conduit_kind kind_by_name(const char *name)
{
	return word_find(kinds, ARRAY_LEN(kinds), name);
}
