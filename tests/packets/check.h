/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CHECK_H
#define SEKIMORI_CHECK_H

#include <stdio.h>

#include "random.h"
#include "wire.h"

/**
 * struct check - random packets: the kernel against the reference evaluator
 * @local: what local clocks show, for conduits that have a term
 * @decisions: where each packet and what became of it is written, as a table;
 *	may be NULL
 * @n_passed, @n_dropped: by the kernel
 * @n_wrong: decided otherwise by the reference; the first few are printed
 * @n_bound: dropped by the reference for nothing but the MAC
 * @msec: that the kernel took for all of them
 */
struct check {
	const struct topology *topology;
	struct wire *wire;
	int64_t local;
	struct dice dice;
	FILE *decisions;
	unsigned long n_passed, n_dropped, n_wrong, n_bound;
	double msec;
};

/** check_packets - @n more packets; -errno of the wire */
int check_packets(struct check *check, unsigned long n);

/** check_print - the counts, as one line */
void check_print(const struct check *check);

#endif
