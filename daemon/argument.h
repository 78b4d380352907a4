/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_ARGUMENT_H
#define SEKIMORI_ARGUMENT_H

#include <stdbool.h>
#include <stdint.h>

/** argument_number - digits and nothing else, from 1 to @most */
bool argument_number(const char *text, uint64_t most, uint64_t *number);

/**
 * argument_duration - "90", "90s", "5m", "1h", "1d", in seconds
 *
 * From one second to @most.
 */
bool argument_duration(const char *text, uint64_t most, uint64_t *seconds);

/** argument_is_text - may it be put into JSON: is it UTF-8? */
bool argument_is_text(const char *text);

#endif
