/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_CHANGE_GATE_H
#define SEKIMORI_CHANGE_GATE_H

#include "../siege/field.h"

/*
 * A gateway whose policy is changed again and again. Four pairs of zones lie
 * side by side, so that of each packet that leaves it is known what it was by
 * the interface it leaves by:
 *
 *   ein  10.1.0.0/16  eout  10.2.0.0/16  connections that are established
 *   nin  10.3.0.0/16  nout  10.4.0.0/16  connections that begin
 *   fin  10.5.0.0/16  fout  10.6.0.0/16  conduits that change
 *   xin  10.7.0.0/16  xout  10.8.0.0/16  lists that exchange their entries
 */
#define GATE_PORT 4000 /* UDP, what all conduits permit */
#define GATE_OTHER_PORT 4001 /* what they permit when changed */
#define GATE_CLOSED_PORT 5000 /* what none permits */

#define GATE_ESTABLISHED_HOST "10.2.0.10"
#define GATE_NEW_HOST "10.4.0.10"
#define GATE_CROSSED_SOURCE "10.7.0.10"
#define GATE_CROSSED_HOST "10.8.0.10"

/**
 * struct shape - what the policy is like at a time
 * @n: conduits from fin to fout, each from host to host
 * @moved: every so manieth of them permits GATE_OTHER_PORT; 0: none
 * @zone: there is one zone more, with a conduit from it
 * @recut: a list of sources in nin has a conduit of its own, and all sources of
 *	the stream are in it
 * @crossed: GATE_CROSSED_SOURCE and GATE_CROSSED_HOST are each in the other one
 *	of two lists. Either way no conduit leads from the one to the other.
 * @last: of a range of ports from GATE_PORT on, which the conduits of connections
 *	that are established and that begin permit; 0: GATE_PORT alone
 * @free: the table is not owned
 */
struct shape {
	unsigned int n, moved, last;
	bool zone, recut, crossed, free;
};

/** gate_open - the namespaces, without the daemon; as of field_open() */
int gate_open(struct field *field, const char *build,
	      const struct shape *shape);

/** gate_write - make the configuration this, for the next reload */
int gate_write(const struct field *field, const struct shape *shape);

/**
 * gate_reload - "sekimorictl reload"
 * @edited: what has to be said of whether the kernel's table was changed
 *
 * 0, or what was wrong, which has been printed.
 */
int gate_reload(struct field *field, bool edited);

/** gate_addr - an address in 10.@net.0.0/16 */
void gate_addr(char text[static 16], unsigned int net, unsigned int nth);

/** gate_order - compares doubles, for qsort() */
int gate_order(const void *a, const void *b);

#endif
