// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clients, a gateway and servers. Easy to get wrong: that nothing arrives can
 * only be told when what was sent later has arrived, over the same links and
 * through the same queues.
 */
#include "yard.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MSEC 10000
#define CLIENTS 0x0a4d0000u /* 10.77.0.0 */
#define GATEWAY_INSIDE 0x0a4d00feu /* 10.77.0.254 */
#define GATEWAY_OUTSIDE 0x0a4e00feu /* 10.78.0.254 */
#define SERVER 0x0a4e0001u /* 10.78.0.1 */

static int ns_new(int *fd)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	*fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

int yard_enter(int ns)
{
	return setns(ns, CLONE_NEWNET) < 0 ? -errno : 0;
}

int yard_run(int ns, const char *program, const char *option,
	     const char *script)
{
	int fd = memfd_create("script", MFD_CLOEXEC), status;
	size_t len = strlen(script);
	pid_t child;

	if (fd < 0 || write(fd, script, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return -EIO;
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (yard_enter(ns) || dup2(fd, STDIN_FILENO) < 0)
			_exit(127);
		execlp(program, program, option, "-", (char *)NULL);
		_exit(127);
	}
	close(fd);
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

static int setting_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = strlen(value), done;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* not in this kernel */
	done = write(fd, value, len);
	close(fd);
	return done == len ? 0 : -EIO;
}

static int ns_init(int *fd)
{
	int rc = ns_new(fd);

	if (!rc)
		rc = setting_write("/proc/sys/net/ipv6/conf/default/"
				   "disable_ipv6",
				   "1");
	return rc;
}

static int links_make(const struct yard *yard)
{
	char *script;
	int rc;

	if (asprintf(&script,
		     "link set lo up\n"
		     "link add e0 type veth peer name c0 netns /proc/%d/fd/%d\n"
		     "link add e1 type veth peer name s0 netns /proc/%d/fd/%d\n"
		     "addr add 10.77.0.254/24 dev e0\n"
		     "addr add 10.77.1.254/24 dev e0\n"
		     "addr add 10.78.0.254/24 dev e1\n"
		     "link set e0 up\nlink set e1 up\n",
		     (int)getpid(), yard->clients, (int)getpid(),
		     yard->servers) < 0)
		abort();
	rc = yard_run(yard->gateway, "ip", "-batch", script);
	free(script);
	return rc;
}

static int ends_make(const struct yard *yard)
{
	char *script;
	size_t len;
	FILE *file = open_memstream(&script, &len);
	unsigned int i;
	int rc;

	if (!file)
		abort();
	for (i = 1; i <= 60; i++)
		fprintf(file, "addr add 10.77.0.%u/24 dev c0\n", i);
	for (i = 1; i <= 20; i++)
		fprintf(file, "addr add 10.77.1.%u/24 dev c0\n", i);
	fprintf(file, "link set c0 up\nroute add default via 10.77.0.254\n");
	fclose(file);
	rc = yard_run(yard->clients, "ip", "-batch", script);
	free(script);
	if (rc)
		return rc;
	return yard_run(yard->servers, "ip", "-batch",
			"addr add 10.78.0.1/24 dev s0\nlink set s0 up\n"
			"route add default via 10.78.0.254\n");
}

static int process_init(void)
{
	struct rlimit files;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0 ||
	    getrlimit(RLIMIT_NOFILE, &files) < 0)
		return -errno;
	files.rlim_cur = files.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &files) < 0 ? -errno : 0;
}

int yard_build(struct yard *yard)
{
	int rc;

	*yard = (struct yard){ -1, -1, -1, -1, NULL, 0 };
	yard->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	rc = yard->home < 0 ? -errno : process_init();
	if (!rc)
		rc = ns_init(&yard->clients);
	if (!rc)
		rc = ns_init(&yard->servers);
	if (!rc)
		rc = ns_init(&yard->gateway);
	if (!rc)
		rc = setting_write("/proc/sys/net/ipv4/ip_forward", "1");
	if (!rc)
		rc = links_make(yard);
	if (!rc)
		rc = ends_make(yard);
	if (rc)
		yard_free(yard);
	return rc;
}

void yard_free(struct yard *yard)
{
	const int spaces[] = { yard->gateway, yard->clients, yard->servers };
	size_t i;

	for (i = 0; i < yard->n_lines; i++) {
		close(yard->lines[i].client);
		close(yard->lines[i].server);
	}
	free(yard->lines);
	for (i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
		if (spaces[i] >= 0)
			close(spaces[i]);
	if (yard->home >= 0) {
		yard_enter(yard->home);
		close(yard->home);
	}
	*yard = (struct yard){ -1, -1, -1, -1, NULL, 0 };
}

/* ---- lines ---- */

static int socket_at(int ns, uint32_t addr, uint16_t port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(addr),
				    .sin_port = htons(port) };
	const struct timeval wait = { .tv_sec = WAIT_MSEC / 1000 };
	const int one = 1;
	int fd, rc = yard_enter(ns);

	if (rc)
		return rc;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int line_open(struct line *line, int listener)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	const int one = 1;

	if (listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&name, &len) < 0 ||
	    connect(line->client, (struct sockaddr *)&name, len) < 0)
		return -errno;
	line->server =
		accept4(listener, (struct sockaddr *)&name, &len, SOCK_CLOEXEC);
	if (line->server < 0)
		return -errno;
	setsockopt(line->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return 0;
}

int yard_connect(struct yard *yard, enum way way, uint16_t source,
		 uint16_t port)
{
	struct line line = {
		.way = way, .source = source, .port = port, .alive = true
	};
	int listener, rc;

	listener = way == WAY_TO_GATEWAY ?
			   socket_at(yard->gateway, GATEWAY_INSIDE, port) :
			   socket_at(yard->servers, SERVER, port);
	line.client = way == WAY_FROM_GATEWAY ?
			      socket_at(yard->gateway, GATEWAY_OUTSIDE, 0) :
			      socket_at(yard->clients, CLIENTS | source, 0);
	rc = listener < 0 ? listener : line.client;
	if (rc >= 0)
		rc = line_open(&line, listener);
	yard_enter(yard->home);
	if (listener >= 0)
		close(listener);
	if (rc) {
		if (line.client >= 0)
			close(line.client);
		return rc;
	}
	yard->lines = realloc(yard->lines,
			      (yard->n_lines + 1) * sizeof(*yard->lines));
	if (!yard->lines)
		abort();
	yard->lines[yard->n_lines++] = line;
	return 0;
}

/* Does just one byte arrive? Of one that is to arrive, wait for it. */
static bool gets_byte(int fd, bool wait)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char bytes[8];

	if (wait)
		poll(&poll_fd, 1, WAIT_MSEC);
	return recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) == 1;
}

size_t yard_try(const struct yard *yard)
{
	size_t i, pass, n_wrong = 0;

	/* those that are to fail first, so that they would arrive first */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < yard->n_lines; i++) {
			const struct line *line = &yard->lines[i];

			if (line->alive != pass)
				continue;
			if (send(line->client, "c", 1, MSG_NOSIGNAL) != 1 ||
			    send(line->server, "s", 1, MSG_NOSIGNAL) != 1)
				n_wrong++;
		}
	for (pass = 2; pass--;)
		for (i = 0; i < yard->n_lines; i++) {
			const struct line *line = &yard->lines[i];
			bool there, back;

			if (line->alive != pass)
				continue;
			there = gets_byte(line->server, line->alive);
			back = gets_byte(line->client, line->alive);
			if (there != line->alive || back != line->alive)
				n_wrong++;
		}
	return n_wrong;
}
