// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Giving up privileges. Easy to get wrong: user 0 without capabilities is
 * still the owner of most files, and would get all capabilities back when it
 * executes a program; the bounding set and no_new_privs are what makes the
 * loss final.
 */
#include "priv.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <sys/prctl.h>

/* Keep just these two, or only the first when @settled */
static int priv_keep(bool settled)
{
	bool can_bound;

	/* a service manager may have bounded us already, and rightly so */
	can_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_clear(CAPNG_SELECT_ALL);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
		     CAP_NET_ADMIN);
	if (!settled)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
			     CAP_SETGID);
	capng_update(CAPNG_ADD, CAPNG_BOUNDING_SET, CAP_NET_ADMIN);
	if (can_bound && capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		return -EPERM;
	return capng_apply(CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

int priv_confine(void)
{
	if (capng_get_caps_process() < 0)
		return -EIO;
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
		return -EPERM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_have_capability(CAPNG_PERMITTED, CAP_SETGID))
		return priv_keep(false);
	return priv_keep(true);
}

int priv_settle(gid_t gid)
{
	bool may = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID);

	/* without the right, the groups stay those we were started with */
	if (may && setgroups(gid == (gid_t)-1 ? 0 : 1, &gid) < 0)
		return -errno;
	return priv_keep(true);
}
