// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starts what fills the ruleset, the daemon as a rule, and knows when it is
 * ready. Easy to get wrong: a program that fails must not be waited for, so its
 * end is waited for together with its word that it is ready.
 */
#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_WAIT_MSEC 60000
#define STOP_WAIT_MSEC 10000

int launch_init(struct launch *launch)
{
	launch->child = 0;
	strcpy(launch->dir, "/tmp/sekimori-packets.XXXXXX");
	if (!mkdtemp(launch->dir)) {
		launch->dir[0] = 0;
		return -errno;
	}
	return 0;
}

/* ---- the configuration ---- */

/* The end of the fiscal year: 31 March */
static unsigned int fiscal_year_end(void)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return (unsigned int)tm.tm_year + 1900 + (tm.tm_mon > 2 ? 1 : 0);
}

/* In place: every date keeps its length, so every line its number. */
static void renew_dates(char *text)
{
	char date[16];
	char *at = text;

	snprintf(date, sizeof(date), "%04u-03-31", fiscal_year_end() % 10000);
	while ((at = strstr(at, "valid_until"))) {
		at = strchr(at, '"');
		if (!at)
			return;
		if (strspn(at + 1, "0123456789-") == strlen(date))
			memcpy(at + 1, date, strlen(date));
		at++;
	}
}

static int copy_file(const char *from, const char *to, bool is_config)
{
	FILE *in = fopen(from, "re"), *out = NULL;
	char *text = NULL;
	size_t len = 0;
	ssize_t got;
	int fd, rc = 0;

	if (!in)
		return -errno;
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		out = fdopen(fd, "w");
	if (!out) {
		rc = -errno;
		fclose(in);
		return rc;
	}
	got = getdelim(&text, &len, 0, in); /* text has no NUL: all of it */
	if (got > 0) {
		if (is_config)
			renew_dates(text);
		if (fwrite(text, 1, (size_t)got, out) != (size_t)got)
			rc = -EIO;
	}
	if (fclose(out))
		rc = -EIO;
	fclose(in);
	free(text);
	return rc;
}

static bool is_list(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && !strcmp(name + len - 5, ".list");
}

static int copy_lists(const struct launch *launch, const char *path)
{
	char *dir = strdup(path), *slash = dir ? strrchr(dir, '/') : NULL;
	struct dirent *entry;
	char *from, *to;
	DIR *entries;
	int rc = 0;

	if (!dir)
		return -ENOMEM;
	if (slash)
		*slash = 0;
	entries = opendir(slash ? dir : ".");
	if (!entries) {
		rc = -errno;
		free(dir);
		return rc;
	}
	while (!rc && (entry = readdir(entries))) {
		if (!is_list(entry->d_name))
			continue;
		if (asprintf(&from, "%s/%s", slash ? dir : ".", entry->d_name) <
			    0 ||
		    asprintf(&to, "%s/%s", launch->dir, entry->d_name) < 0)
			abort();
		rc = copy_file(from, to, false);
		free(from);
		free(to);
	}
	closedir(entries);
	free(dir);
	return rc;
}

int launch_copy_config(const struct launch *launch, const char *path,
		       char **copy)
{
	char *to;
	int rc;

	if (asprintf(&to, "%s/sekimori.conf", launch->dir) < 0)
		abort();
	rc = copy_file(path, to, true);
	if (!rc)
		rc = copy_lists(launch, path);
	if (rc) {
		free(to);
		return rc;
	}
	*copy = to;
	return 0;
}

/* ---- the program ---- */

static int notify_socket(const struct launch *launch)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify",
		 launch->dir);
	unlink(addr.sun_path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* @text with the first @name in it replaced; takes over @text */
static char *replace(char *text, const char *name, const char *value)
{
	char *at = strstr(text, name), *new;

	if (!at || !value)
		return text;
	if (asprintf(&new, "%.*s%s%s", (int)(at - text), text, value,
		     at + strlen(name)) < 0)
		abort();
	free(text);
	return new;
}

static void child_exec(const struct launch *launch, char *const argv[],
		       const char *config)
{
	size_t i, n = 0;
	char path[64];
	char **args;
	int fd;

	setpgid(0, 0); /* who interrupts us does not interrupt it as well */
	snprintf(path, sizeof(path), "%s/notify", launch->dir);
	setenv("NOTIFY_SOCKET", path, 1);
	snprintf(path, sizeof(path), "%s/output", launch->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	while (argv[n])
		n++;
	args = calloc(n + 1, sizeof(*args));
	for (i = 0; args && i < n; i++) {
		args[i] = strdup(argv[i]);
		if (!args[i])
			abort();
		args[i] = replace(args[i], "@DIR@", launch->dir);
		args[i] = replace(args[i], "@CONFIG@", config);
	}
	if (args)
		execvp(args[0], args);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* The program has ended. How? */
static int child_reap(struct launch *launch)
{
	int status;

	while (waitpid(launch->child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	launch->child = 0;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

static bool notify_is_ready(int fd)
{
	char text[1024];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return false;
	text[len] = 0;
	return strstr(text, "READY=1");
}

static int wait_ready(struct launch *launch, int pidfd, int notify, int signals)
{
	struct pollfd polls[] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = notify, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};

	for (;;) {
		int n = poll(polls, 3, READY_WAIT_MSEC);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return -ETIMEDOUT;
		if (polls[1].revents && notify_is_ready(notify))
			return 0;
		if (polls[0].revents)
			return child_reap(launch);
		if (polls[2].revents)
			return -EINTR;
	}
}

static int pidfd_of(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int launch_start(struct launch *launch, const struct topology *topology,
		 char *const argv[], const char *config)
{
	pid_t parent = getpid();
	int notify, pidfd, rc;

	launch_stop(launch);
	notify = notify_socket(launch);
	if (notify < 0)
		return notify;
	launch->child = fork();
	if (!launch->child) {
		topology_prepare_child(topology, TOPOLOGY_GATEWAY, parent);
		child_exec(launch, argv, config);
	}
	if (launch->child < 0) {
		rc = -errno;
		launch->child = 0;
		close(notify);
		return rc;
	}
	pidfd = pidfd_of(launch->child);
	rc = pidfd < 0 ? pidfd :
			 wait_ready(launch, pidfd, notify, topology->signals);
	if (rc)
		launch_stop(launch);
	if (pidfd >= 0)
		close(pidfd);
	close(notify);
	return rc;
}

void launch_stop(struct launch *launch)
{
	struct pollfd poll_fd = { .events = POLLIN };

	if (!launch->child)
		return;
	kill(launch->child, SIGTERM);
	poll_fd.fd = pidfd_of(launch->child);
	if (poll_fd.fd < 0 || poll(&poll_fd, 1, STOP_WAIT_MSEC) <= 0)
		kill(launch->child, SIGKILL);
	if (poll_fd.fd >= 0)
		close(poll_fd.fd);
	child_reap(launch);
}

void launch_print_output(const struct launch *launch)
{
	char path[64], line[1024];
	FILE *file;

	snprintf(path, sizeof(path), "%s/output", launch->dir);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		fprintf(stderr, "  | %s", line);
	fclose(file);
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void launch_finish(struct launch *launch)
{
	launch_stop(launch);
	if (launch->dir[0])
		nftw(launch->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	launch->dir[0] = 0;
}
