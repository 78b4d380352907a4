/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_TCX_H
#define SEKIMORI_TCX_H

/**
 * tcx_count - BPF programs of traffic control that hang directly on an interface
 * @index: of the interface
 *
 * Linux 6.6 and later can do that without a qdisc; rtnetlink shows nothing of
 * it and tells nobody. 0 also where the kernel cannot do it, or may not be
 * asked.
 */
unsigned int tcx_count(int index);

#endif
