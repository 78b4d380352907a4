// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sysctls below /proc/sys/net, which are those of this network namespace. Easy
 * to get wrong: the kernel takes a value and may keep another one, so what has
 * been written counts only when it has been read back.
 */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "claim.h"
#include "log.h"

#define ROUNDS_MAX 3
#define VALUE_MAX 4096 /* bytes; what is longer is no value of ours */

static int sysctl_open_root(void)
{
	int root = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC), net;

	if (root < 0)
		return -errno;
	/* it may be hidden from a service, and then nothing has a value */
	net = faccessat(root, "net", F_OK, 0) < 0 ? -errno : 0;
	if (!net)
		return root;
	close(root);
	return net;
}

/*
 * Directory by directory, so that none on the way may be a link. @path is
 * from claim_path(): below net, without "..".
 */
static int sysctl_open(int root, const char *path, int flags,
		       struct arena *arena)
{
	char *part = arena_copy(arena, path, strlen(path)), *slash;
	int dir = root, next;

	for (; (slash = strchr(part, '/')); part = slash + 1) {
		*slash = '\0';
		next = openat(dir, part,
			      O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			next = -errno;
		if (dir != root)
			close(dir);
		if (next < 0)
			return next;
		dir = next;
	}
	next = openat(dir, part, flags | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		next = -errno;
	if (dir != root)
		close(dir);
	return next;
}

/* Without the newline; NULL if there is no such sysctl, or it has no value */
static const char *sysctl_get(int root, const char *name, struct arena *arena)
{
	const char *path = claim_path(name, arena);
	char value[VALUE_MAX];
	ssize_t len;
	int fd;

	fd = path ? sysctl_open(root, path, O_RDONLY, arena) : -ENOENT;
	if (fd < 0)
		return NULL;
	len = read(fd, value, sizeof(value) - 1);
	close(fd);
	if (len < 0)
		return NULL;
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return arena_copy(arena, value, strlen(value));
}

static int sysctl_set(int root, const char *name, const char *value,
		      struct arena *arena)
{
	const char *path = claim_path(name, arena);
	int fd, rc = 0;

	fd = path ? sysctl_open(root, path, O_WRONLY, arena) : -ENOENT;
	if (fd < 0)
		return fd;
	if (write(fd, value, strlen(value)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int sysctl_read(const char **names, size_t n, struct arena *arena,
		struct sysctl_value **values)
{
	struct sysctl_value *read;
	int root = sysctl_open_root();
	size_t i;

	if (root < 0)
		return root;
	read = arena_alloc(arena, n * sizeof(*read));
	for (i = 0; i < n; i++) {
		read[i].name = names[i];
		read[i].value = sysctl_get(root, names[i], arena);
	}
	close(root);
	*values = read;
	return 0;
}

static void sysctl_log(const struct sysctl_claim *claim, const char *from)
{
	struct log_line line;

	log_begin(&line, "SEKI-SYSCTL",
		  "A sysctl had another value than the configuration claims, "
		  "and has been set");
	log_add_text(&line, "name", claim->name);
	log_add_text(&line, "from", from);
	log_add_text(&line, "to", claim->value);
	log_end(&line, LOG_WARNING);
}

/* True if it has been set */
static bool sysctl_hold_one(int root, const struct sysctl_claim *claim,
			    struct arena *arena, struct concerns *concerns)
{
	const char *before = sysctl_get(root, claim->name, arena);
	const char *after = before, *why = "there is no such sysctl";
	int rc;

	if (before && claim_holds(claim->value, before))
		return false;
	if (before) {
		rc = sysctl_set(root, claim->name, claim->value, arena);
		after = sysctl_get(root, claim->name, arena);
		why = rc ? strerror(-rc) : "the kernel keeps another value";
	}
	if (after && claim_holds(claim->value, after)) {
		sysctl_log(claim, before);
		return true;
	}
	concern_add(concerns, GRAVITY_CRITICAL, "SEKI-A-SYSCTL-CLAIM",
		    arena_printf(concerns->arena, "sysctl %s", claim->name),
		    "The configuration claims the value \"%s\" (%s:%u), and it "
		    "is \"%s\": %s",
		    claim->value, claim->at.file, claim->at.line,
		    after ? after : "", why);
	return false;
}

int sysctl_hold(const struct policy *policy, struct concerns *concerns)
{
	unsigned int rounds;
	struct arena *arena;
	bool again = true;
	size_t i;
	int root;

	if (!policy->n_sysctls)
		return 0;
	root = sysctl_open_root();
	if (root < 0)
		return root;
	arena = arena_new();
	/* forwarding, once set, resets others */
	for (rounds = 0; again && rounds < ROUNDS_MAX; rounds++) {
		again = false;
		for (i = 0; i < policy->n_sysctls; i++)
			again |= sysctl_hold_one(root, &policy->sysctls[i],
						 arena, concerns);
	}
	arena_free(arena);
	close(root);
	return 0;
}
