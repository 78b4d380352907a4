// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live TCP sessions while the policy is changed: a thousand over fifty
 * conduits. What a change no longer permits has to stop at once, and nothing
 * else may. Easy to get wrong: a session that has stopped must not come back
 * when its conduit does, by a packet sent again; so all are tried to the end,
 * and the kernel may pick up connections midway, as far as it is concerned.
 *
 * Usage: cut BUILD
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../daemon/yard.h"
#include "../packets/launch.h"
#include "../siege/raw.h"
#include "conntrack.h"

#define EXIT_SKIPPED 77
#define N_CONDUITS 50
#define LINES_EACH 20
#define PORT 7000 /* of the first conduit; each has ten */

/* Conduits in groups: what they permit, and from where */
#define FIRST_RANGE 10 /* ten ports each */
#define FIRST_PLAIN 20
#define FIRST_LISTED 30
#define FIRST_HOST 40
#define BOUND 49 /* of these, to its MAC */

#define WIDE_FIRST 30000 /* of the conduit with more ports than others */
#define WIDE_PORTS 100

/* Those that something happens to, and those that one is put in place of */
#define REMOVED 7
#define RENAMED 3
#define MOVED 5
#define NARROWED 12
#define WIDE 15
#define TIMED 20
#define TIGHTENED 25
#define HOST_GONE 43
#define LISTED_SOURCE 32

#define LOST_USEC 100000 /* TCP sends again after twice as long */
#define LIMIT_USEC 10000 /* from the commit to the last packet */
#define WAIT_USEC (10 * 1000000ull)
#define WINDOW_SECONDS 8
#define OPENED_MAX 500
#define OPENER_PORTS 10000 /* from here on, so many for each */
#define OPENER_EACH 2000

/* How the policy differs from the first one */
struct variant {
	bool renamed, moved, removed, short_list, narrowed, host_gone;
	bool tightened;
	bool other_mac;
	char window[32];
};

/** struct beats - when a byte has last arrived, and how long none has */
struct beats {
	volatile uint64_t last_usec, longest_usec;
};

/** struct pulse - a session over which something comes all the time */
struct pulse {
	struct line line;
	pid_t child;
	struct beats *beats; /* shared with the child */
};

/**
 * struct opened - what somebody has done who opened one session after the other
 * @n: sessions
 * @n_wrong: of these, afterwards, those that do not carry a byte both ways
 * @longest_usec: that opening one has taken
 */
struct opened {
	volatile bool enough;
	unsigned int n;
	size_t n_wrong;
	uint64_t longest_usec;
};

struct opener {
	pid_t child;
	struct opened *opened; /* shared with the child */
};

struct cut {
	const char *build;
	struct yard yard;
	struct launch launch;
	struct topology topology;
	struct conntrack *conntrack;
	struct ear *ear;
	struct variant variant;
	char *config;
	char client_mac[18], server_mac[18];
	cpu_set_t cpus;
	unsigned int n_wrong;
	unsigned int n_openers;
	size_t n_gone; /* sessions that have ended so far */
	size_t n_closed; /* that we have closed, which are tracked for a while */
};

static void expect(struct cut *cut, const char *what, bool is_so)
{
	if (is_so)
		return;
	printf("FAILED: %s\n", what);
	cut->n_wrong++;
}

static void expect_number(struct cut *cut, const char *what, uint64_t is,
			  uint64_t wanted)
{
	if (is == wanted)
		return;
	printf("FAILED: %s: %llu instead of %llu\n", what,
	       (unsigned long long)is, (unsigned long long)wanted);
	cut->n_wrong++;
}

/* ---- the policy ---- */

static void write_ports(FILE *f, const struct variant *variant, unsigned int i)
{
	unsigned int first = PORT + 10 * i, n = 1;

	if (i >= FIRST_RANGE && i < FIRST_PLAIN)
		n = 10;
	if (i == WIDE) {
		first = WIDE_FIRST;
		n = WIDE_PORTS;
	}
	if ((i == NARROWED || i == WIDE) && variant->narrowed)
		n /= 2;
	fprintf(f, n > 1 ? "tcp/%u-%u" : "tcp/%u", first, first + n - 1);
}

static void write_conduit(FILE *f, const struct cut *cut, unsigned int i)
{
	const struct variant *variant = &cut->variant;
	char from[16] = "a", name[16];

	snprintf(name, sizeof(name),
		 i == RENAMED && variant->renamed ? "other" : "c%u", i);
	if (i >= FIRST_HOST)
		snprintf(from, sizeof(from), "h%u", i);
	else if (i >= FIRST_LISTED)
		strcpy(from, "l");
	else if (i == TIGHTENED && variant->tightened)
		strcpy(from, "10.77.0.0/24");
	fprintf(f,
		",\n{ name = \"%s\"; kind = \"plain\"; from = [ \"%s\" ]; "
		"to = [ \"sv\" ]; services = [ \"",
		name, from);
	write_ports(f, variant, i);
	fprintf(f, "\" ];");
	if (i == BOUND)
		fprintf(f, " bind = \"mac\";");
	if (i == TIMED && variant->window[0])
		fprintf(f, " windows = [ \"%s\" ];", variant->window);
	fprintf(f, " }");
}

static bool has_conduit(const struct variant *variant, unsigned int i)
{
	return !(i == REMOVED && variant->removed) &&
	       !(i == HOST_GONE && variant->host_gone);
}

static void write_hosts(FILE *f, const struct cut *cut)
{
	const struct variant *variant = &cut->variant;
	unsigned int i;

	fprintf(f,
		"hosts = ( { name = \"sv\"; zone = \"b\"; addresses = "
		"[ \"10.78.0.1\" ]; mac = \"%s\"; }",
		cut->server_mac);
	for (i = FIRST_HOST; i < N_CONDUITS; i++) {
		if (!has_conduit(variant, i))
			continue;
		fprintf(f,
			",\n{ name = \"h%u\"; zone = \"a\"; addresses = "
			"[ \"10.77.0.%u\" ];",
			i, i);
		if (i == BOUND)
			fprintf(f, " mac = \"%s\";",
				variant->other_mac ? "02:00:00:00:99:99" :
						     cut->client_mac);
		fprintf(f, " }");
	}
	fprintf(f, " );\n");
}

static void write_conf(FILE *f, const struct cut *cut)
{
	const struct variant *variant = &cut->variant;
	unsigned int i;

	fprintf(f,
		"format = 1; gateway = { name = \"g\"; model = \"alpha\"; "
		"guideline = \"R7.3\"; };\n"
		"zones = ( { name = \"a\"; layer = \"other\"; interfaces = "
		"[ \"e0\" ]; networks = [ \"10.77.0.0/24\", "
		"\"10.77.1.0/24\" ]; }, { name = \"b\"; layer = \"other\"; "
		"interfaces = [ \"e1\" ]; networks = [ \"10.78.0.0/24\" ]; } "
		");\n");
	write_hosts(f, cut);
	fprintf(f, "lists = ( { name = \"l\"; file = \"l.list\"; } );\n"
		   "conduits = ( { name = \"first\"; kind = \"plain\"; from = "
		   "[ \"b\" ]; to = [ \"a\" ]; services = [ \"udp/53\" ]; }");
	for (i = 0; i < N_CONDUITS; i++)
		if (has_conduit(variant, i) && !(i == MOVED && variant->moved))
			write_conduit(f, cut, i);
	if (variant->moved)
		write_conduit(f, cut, MOVED);
	fprintf(f, "\n);\n");
}

static int write_files(const struct cut *cut)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/l.list", cut->launch.dir);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	fprintf(f, "10.77.0.31\n%s10.77.0.33\n10.77.0.34\n",
		cut->variant.short_list ? "" : "10.77.0.32\n");
	if (fclose(f))
		return -EIO;
	f = fopen(cut->config, "we");
	if (!f)
		return -errno;
	write_conf(f, cut);
	return fclose(f) ? -EIO : 0;
}

/* ---- the daemon ---- */

/* It may run anywhere, though we stay on one processor. */
static int start(struct cut *cut)
{
	char path[256];
	const char *const argv[] = { path,	    "-f",	   "-c",
				     "@CONFIG@",    "--run-dir",   "@DIR@/run",
				     "--state-dir", "@DIR@/state", NULL };
	cpu_set_t cpus;
	int rc;

	snprintf(path, sizeof(path), "%s/sekimorid", cut->build);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	sched_setaffinity(0, sizeof(cut->cpus), &cut->cpus);
	rc = launch_start(&cut->launch, &cut->topology, (char *const *)argv,
			  cut->config);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	return rc;
}

/* Begin to reload; the process is the command. */
static int reload_begin(struct cut *cut, pid_t *child)
{
	char path[256], socket[64], output[64];
	pid_t parent = getpid();
	int rc = write_files(cut);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/sekimorictl", cut->build);
	snprintf(socket, sizeof(socket), "%s/run/control.sock",
		 cut->launch.dir);
	snprintf(output, sizeof(output), "%s/reload", cut->launch.dir);
	*child = fork();
	if (!*child) {
		int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		topology_prepare_child(&cut->topology, TOPOLOGY_GATEWAY,
				       parent);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execl(path, path, "--socket", socket, "reload", (char *)NULL);
		_exit(127);
	}
	return *child < 0 ? -errno : 0;
}

static int reload_end(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) < 0)
		return -errno;
	return status ? -EIO : 0;
}

/* How many sessions has the daemon ended, all lines of its log together? */
static uint64_t logged(const struct cut *cut)
{
	char path[64], line[1024], *ended;
	uint64_t sum = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/output", cut->launch.dir);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		ended = strstr(line, " ended=");
		if (strstr(line, "msgid=SEKI-SESSIONS") && ended)
			sum += strtoull(ended + 7, NULL, 10);
	}
	fclose(file);
	return sum;
}

static void await_logged(struct cut *cut)
{
	const struct timespec moment = { 0, 1000 * 1000 };
	uint64_t deadline = now_usec() + WAIT_USEC;

	while (logged(cut) < cut->n_gone && now_usec() < deadline)
		nanosleep(&moment, NULL);
}

/* ---- sessions ---- */

static uint32_t anything_goes(void *data, const struct session *session)
{
	(void)data;
	return session->mark;
}

static size_t n_entries(const struct cut *cut)
{
	const struct sweep look = { anything_goes, NULL, false };
	struct sweep_counts counts = { 0 };
	int rc;

	do {
		rc = conntrack_begin(cut->conntrack, &look);
		while (!rc &&
		       (rc = conntrack_step(cut->conntrack, &counts)) == 1)
			rc = 0;
	} while (rc == -EINTR);
	return rc ? SIZE_MAX : counts.ours;
}

static uint16_t source_of(unsigned int conduit, unsigned int nth)
{
	if (conduit >= FIRST_HOST)
		return (uint16_t)conduit;
	if (conduit >= FIRST_LISTED)
		return (uint16_t)(31 + nth % 4);
	return (uint16_t)((nth % 2) << 8 | (1 + nth / 2));
}

static uint16_t port_of(unsigned int conduit, unsigned int nth)
{
	bool ranges = conduit >= FIRST_RANGE && conduit < FIRST_PLAIN;

	if (conduit == WIDE)
		return (uint16_t)(WIDE_FIRST + nth % 10 * (WIDE_PORTS / 10));
	return (uint16_t)(PORT + 10 * conduit + (ranges ? nth % 10 : 0));
}

static int connect_all(struct cut *cut)
{
	unsigned int i, k;
	int rc = 0;

	for (i = 0; i < N_CONDUITS; i++)
		for (k = 0; !rc && k < LINES_EACH; k++)
			rc = yard_connect(&cut->yard, WAY_THROUGH,
					  source_of(i, k), port_of(i, k));
	return rc;
}

/* ---- a pulse ---- */

static void beat(const struct line *line, struct beats *beats)
{
	const struct timespec moment = { 0, 20 * 1000 };
	char bytes[256];
	uint64_t now;

	for (;;) {
		send(line->client, "p", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		now = now_usec();
		if (recv(line->server, bytes, sizeof(bytes), MSG_DONTWAIT) >
		    0) {
			if (beats->last_usec &&
			    now - beats->last_usec > beats->longest_usec)
				beats->longest_usec = now - beats->last_usec;
			beats->last_usec = now;
		}
		nanosleep(&moment, NULL);
	}
}

static int pulse_start(struct cut *cut, uint16_t source, uint16_t port,
		       struct pulse *pulse)
{
	pid_t parent = getpid();
	uint64_t deadline;
	int rc;

	rc = yard_connect(&cut->yard, WAY_THROUGH, source, port);
	if (rc)
		return rc;
	pulse->line = cut->yard.lines[--cut->yard.n_lines];
	pulse->beats = mmap(NULL, sizeof(*pulse->beats), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pulse->beats == MAP_FAILED)
		abort();
	pulse->child = fork();
	if (!pulse->child) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(126);
		beat(&pulse->line, pulse->beats);
	}
	deadline = now_usec() + WAIT_USEC;
	while (!pulse->beats->last_usec && now_usec() < deadline)
		sched_yield();
	return pulse->beats->last_usec ? 0 : -ETIMEDOUT;
}

/* Ends it, and says what has arrived */
static struct beats pulse_stop(struct pulse *pulse)
{
	struct beats beats;

	kill(pulse->child, SIGKILL);
	waitpid(pulse->child, NULL, 0);
	beats = *pulse->beats;
	munmap(pulse->beats, sizeof(*pulse->beats));
	close(pulse->line.client);
	close(pulse->line.server);
	return beats;
}

/* ---- sessions that are opened while the policy is changed ---- */

static void open_one_by_one(const struct yard *all, const struct line *like,
			    struct opened *opened)
{
	struct yard yard = *all;
	uint64_t begun, usec;
	size_t i;
	int rc;

	yard.lines = NULL;
	yard.n_lines = 0;
	while (!opened->enough && yard.n_lines < OPENED_MAX) {
		begun = now_usec();
		rc = yard_connect(&yard, WAY_THROUGH, like->source, like->port);
		if (rc == -EADDRNOTAVAIL) /* a port that it has already */
			continue;
		if (rc)
			_exit(1);
		usec = now_usec() - begun;
		if (usec > opened->longest_usec)
			opened->longest_usec = usec;
		opened->n = (unsigned int)yard.n_lines;
	}
	while (!opened->enough)
		sched_yield();
	opened->n_wrong = yard_try(&yard);
	for (i = 0; i < yard.n_lines; i++) {
		close(yard.lines[i].client);
		close(yard.lines[i].server);
	}
}

/* Its clients' ports are those of no other, so that no entry is used again. */
static int opener_start(struct cut *cut, const struct line *like,
			struct opener *opener)
{
	unsigned int first = OPENER_PORTS + OPENER_EACH * cut->n_openers++;
	pid_t parent = getpid();
	char script[128];
	int rc;

	snprintf(script, sizeof(script),
		 "net.ipv4.ip_local_port_range = %u %u\n", first,
		 first + OPENER_EACH - 1);
	rc = yard_run(cut->yard.clients, "sysctl", "-qp", script);
	if (rc)
		return rc;
	opener->opened = mmap(NULL, sizeof(*opener->opened),
			      PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (opener->opened == MAP_FAILED)
		abort();
	opener->child = fork();
	if (opener->child)
		return opener->child < 0 ? -errno : 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(126);
	open_one_by_one(&cut->yard, like, opener->opened);
	_exit(0);
}

static void opener_stop(struct cut *cut, struct opener *opener)
{
	struct opened opened;
	int status;

	opener->opened->enough = true;
	if (waitpid(opener->child, &status, 0) < 0)
		status = -1;
	opened = *opener->opened;
	munmap(opener->opened, sizeof(*opener->opened));
	cut->n_closed += opened.n;
	printf("; %u were opened meanwhile, in %.3f ms at most", opened.n,
	       (double)opened.longest_usec / 1e3);
	expect(cut, "sessions can be opened meanwhile", !status && opened.n);
	expect_number(cut, "sessions opened meanwhile that do not go on",
		      opened.n_wrong, 0);
	expect(cut, "opening them loses no packet",
	       opened.longest_usec < LOST_USEC);
}

/* ---- changes ---- */

static bool dies_never(const struct line *line)
{
	(void)line;
	return false;
}

static bool dies_removed(const struct line *line)
{
	return line->port == PORT + 10 * REMOVED;
}

static bool dies_listed(const struct line *line)
{
	return line->source == LISTED_SOURCE;
}

/* The upper half of ten ports, and of those that are used of a hundred */
static bool dies_narrowed(const struct line *line)
{
	return (line->port >= PORT + 10 * NARROWED + 5 &&
		line->port < PORT + 10 * NARROWED + 10) ||
	       line->port >= WIDE_FIRST + WIDE_PORTS / 2;
}

static bool is_of_narrowed(const struct line *line)
{
	return line->port / 10 * 10 == PORT + 10 * NARROWED &&
	       !dies_narrowed(line);
}

static bool dies_tightened(const struct line *line)
{
	return line->port == PORT + 10 * TIGHTENED && line->source >> 8;
}

static bool is_of_tightened(const struct line *line)
{
	return line->port == PORT + 10 * TIGHTENED && !(line->source >> 8);
}

static bool is_listed(const struct line *line)
{
	return line->port == PORT + 10 * FIRST_LISTED && !dies_listed(line);
}

static bool is_renamed(const struct line *line)
{
	return line->port == PORT + 10 * RENAMED;
}

static bool is_moved(const struct line *line)
{
	return line->port == PORT + 10 * MOVED;
}

static bool dies_host(const struct line *line)
{
	return line->source == HOST_GONE;
}

static bool dies_bound(const struct line *line)
{
	return line->source == BOUND;
}

static bool dies_timed(const struct line *line)
{
	return line->port == PORT + 10 * TIMED;
}

/* Those that are still alive and die now; from here on they are dead. */
static size_t bury(struct cut *cut, bool (*dies)(const struct line *line))
{
	size_t i, n = 0;

	for (i = 0; i < cut->yard.n_lines; i++)
		if (cut->yard.lines[i].alive && dies(&cut->yard.lines[i])) {
			cut->yard.lines[i].alive = false;
			n++;
		}
	return n;
}

static const struct line *find(struct cut *cut,
			       bool (*dies)(const struct line *line))
{
	size_t i;

	for (i = 0; i < cut->yard.n_lines; i++)
		if (cut->yard.lines[i].alive && dies(&cut->yard.lines[i]))
			return &cut->yard.lines[i];
	return NULL;
}

/* All as it has to be? */
static void look(struct cut *cut, size_t n_alive)
{
	expect_number(cut, "sessions that do what they must not",
		      yard_try(&cut->yard), 0);
	expect_number(cut, "entries of sessions", n_entries(cut),
		      n_alive + cut->n_closed);
}

static size_t n_alive(const struct cut *cut)
{
	size_t i, n = 0;

	for (i = 0; i < cut->yard.n_lines; i++)
		n += cut->yard.lines[i].alive;
	return n;
}

/*
 * The command is under way: when was the commit, of so many, that put the policy
 * in force, when has the command returned?
 */
static int await_reload(struct cut *cut, pid_t command, unsigned int n_commits,
			uint64_t *committed, uint64_t *returned)
{
	struct commit commit = { 0 };
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < n_commits; i++) /* to be heard as it comes */
		rc = ear_await(cut->ear, cut->launch.child,
			       now_usec() + WAIT_USEC, &commit);
	if (!rc)
		rc = reload_end(command);
	*committed = commit.usec;
	*returned = now_usec();
	return rc;
}

/* Packets went on coming over a session that a change may have to do with. */
static void expect_steady(struct cut *cut, struct pulse *pulse)
{
	struct beats beats = pulse_stop(pulse);

	cut->n_closed++;
	printf("; one that goes on waited at most %.3f ms",
	       (double)beats.longest_usec / 1e3);
	expect(cut, "a session that goes on has lost nothing",
	       beats.longest_usec < LOST_USEC);
}

/*
 * The policy is now cut->variant: these have to die, and no others; least of
 * all the first of those that @goes_on names. @is_ahead: before the policy is in
 * force there is a commit after which connections are set apart.
 */
static int change(struct cut *cut, const char *what, bool is_ahead,
		  size_t n_dead, bool (*dies)(const struct line *line),
		  bool (*goes_on)(const struct line *line))
{
	const struct line *victim = find(cut, dies), *other = NULL;
	struct pulse pulse = { .child = 0 }, steady = { .child = 0 };
	struct opener opener;
	uint64_t committed, returned, last;
	pid_t command;
	int rc = 0;

	if (goes_on)
		other = find(cut, goes_on);
	if (victim)
		rc = pulse_start(cut, victim->source, victim->port, &pulse);
	if (!rc && other)
		rc = pulse_start(cut, other->source, other->port, &steady);
	ear_drain(cut->ear);
	if (!rc && other)
		rc = opener_start(cut, other, &opener);
	if (!rc)
		rc = reload_begin(cut, &command);
	if (!rc)
		rc = await_reload(cut, command, victim ? 1 + is_ahead : 0,
				  &committed, &returned);
	if (rc)
		return rc;
	expect_number(cut, "sessions that are to end", bury(cut, dies), n_dead);
	printf("%s: %zu sessions ended", what, n_dead);
	if (victim) {
		cut->n_gone += n_dead + 1;
		await_logged(cut);
		last = pulse_stop(&pulse).last_usec;
		printf("; the last packet passed %.3f ms after the commit that "
		       "put it in force, "
		       "%.3f ms after the command's return",
		       ((double)last - (double)committed) / 1e3,
		       ((double)last - (double)returned) / 1e3);
		expect(cut, "10 ms after the commit all have stopped",
		       last <= committed + LIMIT_USEC);
		expect(cut, "when the command returns all have stopped",
		       last <= returned);
	}
	if (other) {
		expect_steady(cut, &steady);
		opener_stop(cut, &opener);
	}
	printf("\n");
	expect_number(cut, "sessions that are logged as ended", logged(cut),
		      cut->n_gone);
	if (logged(cut) != cut->n_gone)
		return -ECANCELED; /* others would be waited for */
	look(cut, n_alive(cut));
	return 0;
}

static int try_changes(struct cut *cut)
{
	struct variant *variant = &cut->variant;
	int rc;

	variant->renamed = true;
	rc = change(cut, "a conduit has another name", false, 0, dies_never,
		    is_renamed);
	variant->moved = true;
	if (!rc)
		rc = change(cut, "a conduit has another place", false, 0,
			    dies_never, is_moved);
	variant->removed = true;
	if (!rc)
		rc = change(cut, "a conduit is removed", false, LINES_EACH,
			    dies_removed, is_moved);
	variant->narrowed = true;
	if (!rc)
		rc = change(cut, "half of the ports leave two ranges", true,
			    LINES_EACH, dies_narrowed, is_of_narrowed);
	variant->tightened = true;
	if (!rc)
		rc = change(cut, "half of a zone leaves a conduit", true,
			    LINES_EACH / 2, dies_tightened, is_of_tightened);
	variant->short_list = true;
	if (!rc)
		rc = change(cut, "an address leaves a list", true,
			    LINES_EACH / 4 * (FIRST_HOST - FIRST_LISTED),
			    dies_listed, is_listed);
	variant->host_gone = true;
	if (!rc)
		rc = change(cut, "a host is removed", false, LINES_EACH,
			    dies_host, is_listed);
	variant->other_mac = true;
	if (!rc)
		rc = change(cut, "a bound host has another MAC", false,
			    LINES_EACH, dies_bound, is_listed);
	/* once without the kernel telling of what is opened */
	if (!rc)
		rc = yard_run(cut->yard.gateway, "sysctl", "-qp",
			      "net.netfilter.nf_conntrack_events = 0\n");
	variant->narrowed = variant->tightened = false;
	if (!rc)
		rc = change(cut, "what was narrowed is wide again", true, 0,
			    dies_never, is_of_narrowed);
	/* what has ended does not begin again, midway */
	variant->removed = false;
	if (!rc)
		rc = change(cut, "the conduit comes back", false, 0, dies_never,
			    NULL);
	if (!rc) {
		rc = yard_connect(&cut->yard, WAY_THROUGH,
				  source_of(REMOVED, 0), port_of(REMOVED, 0));
		look(cut, n_alive(cut));
	}
	return rc;
}

/* ---- a window ---- */

/* Until WINDOW_SECONDS from now; since an hour ago */
static time_t write_window(struct variant *variant)
{
	time_t end = time(NULL) + WINDOW_SECONDS, begin = end - 3600;
	struct tm tm;
	size_t len;

	localtime_r(&begin, &tm);
	len = strftime(variant->window, sizeof(variant->window),
		       "daily %H:%M:%S-", &tm);
	localtime_r(&end, &tm);
	strftime(variant->window + len, sizeof(variant->window) - len,
		 "%H:%M:%S", &tm);
	return end;
}

/* Monotonic, of a second of the other clock */
static uint64_t usec_of(time_t when)
{
	struct timespec now;
	int64_t left;

	clock_gettime(CLOCK_REALTIME, &now);
	left = (when - now.tv_sec) * 1000000 - now.tv_nsec / 1000;
	return (uint64_t)((int64_t)now_usec() + left);
}

/* The daemon does not live to see the end of a window. */
static int try_window(struct cut *cut)
{
	const struct timespec moment = { 0, 1000 * 1000 };
	struct pulse pulse;
	uint64_t end, last;
	pid_t command;
	time_t when;
	int rc;

	rc = pulse_start(cut, source_of(TIMED, 0), port_of(TIMED, 0), &pulse);
	when = write_window(&cut->variant);
	if (!rc)
		rc = reload_begin(cut, &command);
	if (!rc)
		rc = reload_end(command);
	if (rc)
		return rc;
	kill(cut->launch.child, SIGKILL);
	launch_stop(&cut->launch);
	end = usec_of(when);
	expect(cut, "the window is still open", now_usec() < end);
	expect_number(cut, "sessions that do what they must not",
		      yard_try(&cut->yard), 0);
	while (now_usec() < end + 1000000)
		nanosleep(&moment, NULL);
	last = pulse_stop(&pulse).last_usec;
	printf("a window ends, the daemon being dead: the last packet passed "
	       "%.3f ms after the end\n",
	       ((double)last - (double)end) / 1e3);
	expect(cut, "something passed while the window was open",
	       last > end - 1000000);
	expect(cut, "10 ms after the end of a window all have stopped",
	       last <= end + LIMIT_USEC);
	expect_number(cut, "sessions that are to end", bury(cut, dies_timed),
		      LINES_EACH);
	expect_number(cut, "sessions that do what they must not",
		      yard_try(&cut->yard), 0);
	rc = start(cut);
	if (rc)
		return rc;
	cut->n_gone += LINES_EACH + 1;
	await_logged(cut);
	look(cut, n_alive(cut));
	return 0;
}

/* ---- all of it ---- */

static int read_mac(int ns, const char *ifname, char *text)
{
	struct ifreq ifr = { 0 };
	const uint8_t *mac = (const uint8_t *)ifr.ifr_hwaddr.sa_data;
	int rc = yard_enter(ns), fd;

	if (rc)
		return rc;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		return -errno;
	close(fd);
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
	return 0;
}

static int open_yard(struct cut *cut)
{
	int rc = yard_build(&cut->yard);

	if (rc)
		return rc;
	cut->topology = (struct topology){ .home_ns = cut->yard.home,
					   .gateway_ns = cut->yard.gateway,
					   .world_ns = cut->yard.clients,
					   .signals = -1 };
	rc = read_mac(cut->yard.clients, "c0", cut->client_mac);
	if (!rc)
		rc = read_mac(cut->yard.servers, "s0", cut->server_mac);
	if (!rc)
		rc = yard_enter(cut->yard.gateway);
	if (!rc)
		rc = conntrack_open(&cut->conntrack);
	if (!rc)
		rc = ear_open(&cut->ear);
	yard_enter(cut->yard.home);
	return rc;
}

static int run(struct cut *cut)
{
	int rc = launch_init(&cut->launch);

	if (asprintf(&cut->config, "%s/sekimori.conf", cut->launch.dir) < 0)
		abort();
	if (!rc)
		rc = write_files(cut);
	if (!rc)
		rc = start(cut);
	if (!rc)
		rc = yard_run(cut->yard.gateway, "sysctl", "-qp",
			      "net.netfilter.nf_conntrack_tcp_loose = 1\n");
	if (!rc)
		rc = connect_all(cut);
	if (rc)
		return rc;
	printf("%zu sessions over %d conduits\n", cut->yard.n_lines,
	       N_CONDUITS);
	look(cut, cut->yard.n_lines);
	rc = try_changes(cut);
	if (!rc)
		rc = try_window(cut);
	return rc;
}

/* The first processor is for us, the others are for the daemon. */
static void leave_processors(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

int main(int argc, char **argv)
{
	struct cut cut = { .n_wrong = 0 };
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: cut BUILD\n");
		return 2;
	}
	cut.build = argv[1];
	umask(077);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sched_getaffinity(0, sizeof(cut.cpus), &cut.cpus);
	leave_processors();
	rc = open_yard(&cut);
	if (rc == -EPERM) {
		printf("skipped: may not make network namespaces\n");
		return EXIT_SKIPPED;
	}
	if (!rc)
		rc = run(&cut);
	if (rc) {
		fprintf(stderr, "cut: %s\n", strerror(-rc));
		launch_print_output(&cut.launch);
	}
	launch_finish(&cut.launch);
	ear_close(cut.ear);
	conntrack_close(cut.conntrack);
	yard_free(&cut.yard);
	free(cut.config);
	return rc || cut.n_wrong;
}
