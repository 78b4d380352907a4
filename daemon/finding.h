/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_FINDING_H
#define SEKIMORI_FINDING_H

#include <stdio.h>

#include "diag.h"

/** finding_print - every finding on a line of its own, as "FILE:LINE: ..." */
void finding_print(FILE *out, const struct diag *diag);

/** finding_log - the first findings to syslog, and how many more there are */
void finding_log(const struct diag *diag);

#endif
