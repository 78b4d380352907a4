// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interfaces and addresses, through libnl. Easy to get wrong: an interface
 * that is not there is no error. It may be made later, and then its zone works
 * without our doing, since the ruleset speaks of it by name.
 */
#include "links.h"

#include <errno.h>
#include <linux/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

struct links_build {
	struct arena *arena;
	struct show_link *links;
	size_t n_links;
	int *indices; /* kernel's number of each link */
};

static void links_add_link(struct nl_object *object, void *data)
{
	struct rtnl_link *link = (struct rtnl_link *)object;
	const char *name = rtnl_link_get_name(link);
	struct links_build *build = data;
	struct show_link *slot;
	size_t n = build->n_links;

	if (!name)
		return;
	build->indices = arena_push(build->arena, build->indices, &n,
				    sizeof(*build->indices));
	build->indices[n - 1] = rtnl_link_get_ifindex(link);
	build->links = arena_push(build->arena, build->links, &build->n_links,
				  sizeof(*build->links));
	slot = &build->links[build->n_links - 1];
	slot->name = arena_copy(build->arena, name, strlen(name));
	slot->up = rtnl_link_get_flags(link) & IFF_RUNNING;
}

static void links_add_addr(struct nl_object *object, void *data)
{
	struct rtnl_addr *addr = (struct rtnl_addr *)object;
	struct nl_addr *local = rtnl_addr_get_local(addr);
	struct links_build *build = data;
	struct show_link *link;
	char text[128];
	size_t i;

	for (i = 0; local && i < build->n_links; i++) {
		if (build->indices[i] != rtnl_addr_get_ifindex(addr))
			continue;
		link = &build->links[i];
		link->addresses = arena_push(build->arena, link->addresses,
					     &link->n_addresses,
					     sizeof(*link->addresses));
		nl_addr2str(local, text, sizeof(text));
		link->addresses[link->n_addresses - 1] =
			arena_copy(build->arena, text, strlen(text));
	}
}

int links_read(struct arena *arena, struct show_link **links, size_t *n_links)
{
	struct links_build build = { .arena = arena };
	struct nl_cache *link_cache = NULL, *addr_cache = NULL;
	struct nl_sock *sock = nl_socket_alloc();
	int rc = -EIO;

	if (!sock)
		abort();
	if (nl_connect(sock, NETLINK_ROUTE) < 0 ||
	    rtnl_link_alloc_cache(sock, AF_UNSPEC, &link_cache) < 0 ||
	    rtnl_addr_alloc_cache(sock, &addr_cache) < 0)
		goto out;
	nl_cache_foreach(link_cache, links_add_link, &build);
	nl_cache_foreach(addr_cache, links_add_addr, &build);
	*links = build.links;
	*n_links = build.n_links;
	rc = 0;
out:
	nl_cache_free(addr_cache);
	nl_cache_free(link_cache);
	nl_socket_free(sock);
	return rc;
}
