/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_LINKS_H
#define SEKIMORI_LINKS_H

#include "show.h"

struct arena;

/**
 * links_read - the network interfaces of this namespace and their addresses
 * @arena: where the result lives
 *
 * 0, or -EIO if the kernel would not say.
 */
int links_read(struct arena *arena, struct show_link **links, size_t *n_links);

#endif
