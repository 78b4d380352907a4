/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CONF_H
#define SEKIMORI_CONF_H

#include <stddef.h>

#include "model.h"

/**
 * conf_new - an empty model in @arena, to be filled by conf_parse()
 * @earlier: one without mistakes, that has been through conf_finish(); entries
 *	whose text has not changed since are taken over from it. It has to stay
 *	until conf_finish(). NULL: read everything
 */
struct model *conf_new(const struct model *earlier, struct arena *arena);

/**
 * conf_parse - add what one file says to the model
 * @model: filled further with each file (the main one, then conf.d in order)
 * @name: the file's name, for findings; copied
 * @bytes: the file's content; need not be NUL-terminated, may be anything
 * @len: bytes
 * @diag: every mistake, with its line
 *
 * The syntax is that of libconfig, without @include. Each setting's name and
 * type is checked; a name that is not known is an error with a suggestion.
 * Entries with mistakes are added all the same as far as they go, so that
 * later stages can report more in the same run. Returns 0, or -EINVAL if
 * anything was wrong (the model must not be put in force then).
 */
int conf_parse(struct model *model, const char *name, const char *bytes,
	       size_t len, struct diag *diag);

/**
 * conf_parse_list - add the content of one list file
 * @list: the entry of model->lists that names the file
 *
 * One prefix or address a line; "#" starts a comment. Returns 0 or -EINVAL.
 */
int conf_parse_list(struct model *model, struct model_list *list,
		    const char *name, const char *bytes, size_t len,
		    struct diag *diag);

/**
 * conf_finish - what can only be said when all files have been read
 *
 * Missing "format" and "gateway", for example. Returns 0 or -EINVAL.
 */
int conf_finish(struct model *model, const char *name, struct diag *diag);

#endif
