// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of the daemon need and a shell cannot do: to be a service
 * manager that is notified, and a client of the control socket that misbehaves.
 *
 *	probe notify PATH	print each notification that is sent to PATH
 *	probe ask PATH		send standard input as it is, print the replies
 *	probe hold PATH N	open N connections, say nothing, and wait
 *	probe half PATH		send half a request, wait to be hung up on
 *	probe deaf PATH N	send N requests, never read a reply
 *	probe watch PATH	watch, read nothing, wait to be hung up on
 *
 * Easy to get wrong: what it prints is waited for by others, so each line goes
 * out at once, and only when what it says has happened.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void probe_die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_un probe_address(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		probe_die(path);
	}
	strcpy(addr.sun_path, path);
	return addr;
}

static int probe_connect(const char *path)
{
	struct sockaddr_un addr = probe_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		probe_die(path);
	return fd;
}

/* One line for each datagram; the lines inside are joined by spaces */
static void probe_notify(const char *path)
{
	struct sockaddr_un addr = probe_address(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[4096];
	ssize_t len;
	char *at;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		probe_die(path);
	puts("listening");
	while ((len = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[len] = '\0';
		while ((at = strchr(text, '\n')))
			*at = ' ';
		puts(text);
	}
	probe_die("recv");
}

/* Print what comes until the other side hangs up, NUL as newline */
static void probe_print(int fd)
{
	char text[65536];
	ssize_t len, i;

	while ((len = recv(fd, text, sizeof(text), 0)) > 0) {
		for (i = 0; i < len; i++)
			putchar(text[i] ? text[i] : '\n');
		fflush(stdout);
	}
}

static void probe_ask(const char *path)
{
	int fd = probe_connect(path);
	char text[65536];
	ssize_t len, at, sent = 0;

	while (sent >= 0 && (len = read(STDIN_FILENO, text, sizeof(text))) > 0)
		for (at = 0; at < len && sent >= 0; at += sent)
			sent = send(fd, text + at, (size_t)(len - at),
				    MSG_NOSIGNAL);
	/* hung up on before all was sent: it may have said why */
	shutdown(fd, SHUT_WR);
	probe_print(fd);
}

static void probe_hold(const char *path, int n)
{
	int fd;

	/* They stay open as long as this process lives. */
	while (n-- > 0) {
		fd = probe_connect(path);
		if (fd < 0)
			return;
	}
	puts("held");
	pause();
}

static void probe_half(const char *path)
{
	static const char half[] = "{\"method\":\"jp.sekimori.Con";
	int fd = probe_connect(path);

	if (send(fd, half, sizeof(half) - 1, MSG_NOSIGNAL) < 0)
		probe_die("send");
	puts("sent");
	probe_print(fd);
	puts("closed");
}

static void probe_deaf(const char *path, int n)
{
	static const char call[] = "{\"method\":\"jp.sekimori.Control.Zones\"}";
	int fd = probe_connect(path), i;
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	for (i = 0; i < n; i++) {
		/* the daemon stops reading when its replies are not read */
		if (poll(&wait, 1, 200) == 0)
			break;
		if (send(fd, call, sizeof(call), MSG_NOSIGNAL | MSG_DONTWAIT) <
		    0)
			break;
	}
	printf("stuck after %d\n", i);
	pause();
}

static void probe_watch(const char *path)
{
	static const char call[] =
		"{\"method\":\"jp.sekimori.Control.Watch\",\"more\":true}";
	int fd = probe_connect(path);
	struct pollfd wait = { .fd = fd };

	if (send(fd, call, sizeof(call), MSG_NOSIGNAL) < 0)
		probe_die("send");
	puts("sent");
	/* what it is asked for in any case is whether the other side is there */
	if (poll(&wait, 1, -1) < 0)
		probe_die("poll");
	puts("closed");
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	int n = argc > 3 ? atoi(argv[3]) : 0;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(verb, "notify"))
		probe_notify(argv[2]);
	else if (!strcmp(verb, "ask"))
		probe_ask(argv[2]);
	else if (!strcmp(verb, "hold"))
		probe_hold(argv[2], n);
	else if (!strcmp(verb, "half"))
		probe_half(argv[2]);
	else if (!strcmp(verb, "deaf"))
		probe_deaf(argv[2], n);
	else if (!strcmp(verb, "watch"))
		probe_watch(argv[2]);
	else
		return 2;
	return 0;
}
