// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a change of the policy takes: from the start of "sekimorictl reload" to
 * its return, when the kernel has been read back; the same change to the
 * kernel's table by itself; and all of the policy by nft(8), in turn. Easy to
 * get wrong: nft must not load into the table that the daemon watches, so it
 * has a namespace of its own.
 *
 * Usage: change [-r ROUNDS] [-n CONDUITS] BUILD
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../siege/field.h"

#define ROUNDS 31
#define ROUNDS_MAX 1000
#define PORT 4000
#define STEP 10923 /* conduits, at which sets get another size */
#define LARGE 20000 /* from here on, nothing but one conduit */
#define EXIT_SKIPPED 77

/**
 * struct shape - what the policy is like at a time
 * @n: conduits from host to host
 * @moved: so many of them, from the middle on, have another port
 * @n_listed: entries of a list that has a conduit of its own
 */
struct shape {
	unsigned int n, moved, n_listed;
};

struct samples {
	double msec[ROUNDS_MAX];
	size_t n;
};

struct bench {
	struct field field;
	const char *build;
	unsigned int n_rounds, n;
	struct samples reload, daemon, edit, nft;
};

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(struct samples *samples)
{
	if (!samples->n)
		return 0;
	qsort(samples->msec, samples->n, sizeof(double), order);
	return samples->msec[samples->n / 2];
}

static void note(struct samples *samples, double msec)
{
	if (samples->n < ROUNDS_MAX)
		samples->msec[samples->n++] = msec;
}

/* ---- policies ---- */

static void host_of(char text[static 16], unsigned int zone, unsigned int i)
{
	snprintf(text, 16, "10.%u.%u.%u", (zone * 128 + 1 + i / 62500) & 0xff,
		 i / 250 % 250, i % 250 + 1);
}

static void write_conf(FILE *f, const struct shape *shape)
{
	char from[16], to[16];
	unsigned int i;

	fprintf(f,
		"format = 1;\ngateway = { name = \"g\"; model = \"alpha\"; "
		"guideline = \"R7.3\"; };\nzones = (\n"
		"{ name = \"a\"; layer = \"lgwan\"; interfaces = [ \"in\" ]; "
		"networks = [ \"10.0.0.0/9\" ]; },\n"
		"{ name = \"b\"; layer = \"lgwan\"; interfaces = [ \"out\" ]; "
		"networks = [ \"10.128.0.0/9\" ]; }\n);\n");
	if (shape->n_listed)
		fprintf(f, "lists = ( { name = \"l\"; file = \"l.list\"; } "
			   ");\n");
	fprintf(f,
		"conduits = (\n{ name = \"base\"; kind = \"plain\"; from = "
		"[ \"%s\" ]; to = [ \"b\" ]; services = [ \"tcp/443\" ]; }",
		shape->n_listed ? "l" : "a");
	for (i = 0; i < shape->n; i++) {
		host_of(from, 0, i);
		host_of(to, 1, i);
		fprintf(f,
			",\n{ name = \"c%u\"; kind = \"plain\"; from = "
			"[ \"%s\" ]; to = [ \"%s\" ]; services = "
			"[ \"udp/%d\" ]; }",
			i, from, to,
			PORT + ((i + shape->n - shape->n / 2) % shape->n <
				shape->moved));
	}
	fprintf(f, "\n);\n");
}

static int write_list(const char *dir, const struct shape *shape)
{
	char path[64];
	unsigned int i;
	FILE *f;

	snprintf(path, sizeof(path), "%s/l.list", dir);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	fprintf(f, "10.100.0.1\n");
	for (i = 1; i < shape->n_listed; i++) /* each apart from the others */
		fprintf(f, "10.%u.%u.%u\n", 100 + i / 32768, i / 128 % 256,
			1 + i % 128 * 2 % 256);
	return fclose(f) ? -EIO : 0;
}

static int write_policy(const struct bench *bench, const struct shape *shape)
{
	int rc = write_list(bench->field.launch.dir, shape);
	FILE *f;

	if (rc)
		return rc;
	f = fopen(bench->field.config, "we");
	if (!f)
		return -errno;
	write_conf(f, shape);
	return fclose(f) ? -EIO : 0;
}

static int open_field(struct bench *bench, const struct shape *shape)
{
	struct launch first;
	char path[64];
	FILE *f;
	int rc = launch_init(&first);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/first.conf", first.dir);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	write_conf(f, shape);
	if (fclose(f))
		return -EIO;
	rc = write_list(first.dir, shape);
	if (!rc)
		rc = field_open(&bench->field, bench->build, path, "");
	launch_finish(&first);
	return rc;
}

/* ---- one change ---- */

/* The last "ms=" of the daemon's log: what it has taken by its own account */
static double logged_msec(const struct field *field)
{
	char path[64], line[1024], *at;
	double msec = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/output", field->launch.dir);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, " ms=");
		if (at && strstr(line, "msgid=SEKI-RELOAD"))
			msec = strtod(at + 4, NULL);
	}
	fclose(file);
	return msec;
}

static int reload(struct bench *bench, const struct shape *shape)
{
	char path[256];
	const char *const argv[] = { path, "--socket", bench->field.socket,
				     "reload", NULL };
	uint64_t begun;
	int rc = write_policy(bench, shape);

	snprintf(path, sizeof(path), "%s/sekimorictl", bench->build);
	begun = now_usec();
	if (!rc)
		rc = field_run(&bench->field, argv, NULL, NULL);
	note(&bench->reload, (double)(now_usec() - begun) / 1e3);
	note(&bench->daemon, logged_msec(&bench->field));
	return rc ? -EIO : 0;
}

/* ---- all of it by nft ---- */

static int load(const struct bench *bench, int script)
{
	pid_t parent = getpid(), child = fork();
	int status;

	if (!child) {
		topology_prepare_child(bench->field.topology, TOPOLOGY_WORLD,
				       parent);
		lseek(script, 0, SEEK_SET);
		dup2(script, STDIN_FILENO);
		execlp("nft", "nft", "-f", "-", (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return status ? -EIO : 0;
}

/* What nft is to load: the table of the configuration as it is now */
static int script_of(struct bench *bench)
{
	char path[256], *text;
	const char *const argv[] = { path, "compile", bench->field.config,
				     NULL };
	int fd = memfd_create("script", MFD_CLOEXEC);

	snprintf(path, sizeof(path), "%s/sekimorictl", bench->build);
	if (fd < 0 || field_run(&bench->field, argv, NULL, &text))
		return -EIO;
	dprintf(fd, "table inet sekimori\ndelete table inet sekimori\n%s",
		text);
	free(text);
	return fd;
}

static int load_timed(struct bench *bench, int script)
{
	uint64_t begun = now_usec();
	int rc = load(bench, script);

	note(&bench->nft, (double)(now_usec() - begun) / 1e3);
	return rc;
}

/* ---- the same edit by itself ---- */

static struct raw_elem host_elem(unsigned int i, uint16_t port, uint32_t mark)
{
	struct raw_elem elem = {
		.set = "hh4", .key_len = 16, .data = RAW_MARK, .mark = mark
	};
	char text[16];

	host_of(text, 0, i);
	inet_pton(AF_INET, text, elem.key);
	host_of(text, 1, i);
	inet_pton(AF_INET, text, elem.key + 4);
	elem.key[8] = IPPROTO_UDP;
	elem.key[12] = port >> 8;
	elem.key[13] = port & 0xff;
	return elem;
}

/* Two elements for two others, there and back, in a table nobody watches */
static int edit(struct bench *bench, struct raw *raw, uint32_t mark)
{
	struct raw_elem live[2] = { raw_live_elem("in", "out", mark),
				    raw_live_elem("in", "out", 0x10001) };
	struct raw_elem hosts[2] = { host_elem(bench->n / 2, PORT, mark),
				     host_elem(bench->n / 2, PORT + 1,
					       0x10001) };
	uint64_t begun;
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < 2; i++) {
		raw_begin(raw);
		raw_delete_elem(raw, &live[i]);
		raw_delete_elem(raw, &hosts[i]);
		raw_add_elem(raw, &live[!i]);
		raw_add_elem(raw, &hosts[!i]);
		begun = now_usec();
		rc = raw_commit(raw);
		note(&bench->edit, (double)(now_usec() - begun) / 1e3);
	}
	return rc;
}

static int open_raw(struct bench *bench, struct raw **raw)
{
	int rc = topology_enter(bench->field.topology, TOPOLOGY_WORLD);

	if (!rc)
		rc = raw_open(raw);
	topology_enter(bench->field.topology, TOPOLOGY_HOME);
	return rc;
}

/* ---- rounds ---- */

static void print(struct bench *bench, const char *what)
{
	double msec = median(&bench->reload), nft = median(&bench->nft);

	printf("  %-34s %9.1f ms (at most %.1f), of which the daemon %.0f",
	       what, msec, bench->reload.msec[bench->reload.n - 1],
	       median(&bench->daemon));
	if (bench->edit.n)
		printf("; the edit by itself %.3f ms", median(&bench->edit));
	if (bench->nft.n)
		printf("; nft -f %.1f ms, %.1f times as long", nft, nft / msec);
	printf("\n");
}

static int measure(struct bench *bench, const char *what,
		   const struct shape shapes[2])
{
	struct raw *raw = NULL;
	uint32_t mark;
	char middle[16];
	unsigned int i;
	int script, rc;

	snprintf(middle, sizeof(middle), "c%u", bench->n / 2);
	mark = field_flow_mark(&bench->field, middle);
	bench->reload.n = bench->daemon.n = bench->edit.n = bench->nft.n = 0;
	rc = reload(bench, &shapes[0]);
	script = rc ? rc : script_of(bench);
	if (script < 0)
		return script;
	rc = load(bench, script);
	if (!rc)
		rc = open_raw(bench, &raw);
	bench->reload.n = bench->daemon.n = 0;
	for (i = 0; !rc && i < bench->n_rounds; i++) {
		if (topology_interrupted(bench->field.topology))
			rc = -EINTR;
		if (!rc)
			rc = reload(bench, &shapes[(i + 1) % 2]);
		if (!rc)
			rc = load_timed(bench, script);
		if (!rc && shapes[1].moved == 1)
			rc = edit(bench, raw, mark);
	}
	raw_close(raw);
	close(script);
	if (!rc)
		print(bench, what);
	return rc;
}

static int run(struct bench *bench)
{
	const unsigned int n = bench->n;
	/* where a set of 3/2 times as many elements gets another size */
	const struct shape none[2] = { { .n = n }, { .n = n } };
	const struct shape one[2] = { { .n = n }, { .n = n, .moved = 1 } };
	const struct shape tenth[2] = { { .n = n },
					{ .n = n, .moved = n / 10 } };
	const struct shape all[2] = { { .n = n }, { .n = n, .moved = n } };
	const struct shape sizes[2] = { { .n = STEP - 1 }, { .n = STEP } };
	const struct shape listed[2] = { { .n = n, .n_listed = n },
					 { .n = n, .n_listed = n - 1 } };
	int rc = field_start(&bench->field);

	if (!rc)
		rc = measure(bench, "one conduit", one);
	if (n >= LARGE)
		return rc;
	if (!rc)
		rc = measure(bench, "nothing", none);
	if (!rc)
		rc = measure(bench, "a tenth of them", tenth);
	if (!rc)
		rc = measure(bench, "every conduit", all);
	if (!rc && n >= 1000)
		rc = measure(bench, "an entry of a list of as many", listed);
	if (!rc && n == 10000)
		rc = measure(bench, "one more, sets made anew", sizes);
	return rc;
}

int main(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct shape first = { 0 };
	int option, rc;

	if (!bench)
		abort();
	bench->n_rounds = ROUNDS;
	bench->n = 1000;
	while ((option = getopt(argc, argv, "r:n:")) >= 0)
		switch (option) {
		case 'r':
			bench->n_rounds = (unsigned int)atoi(optarg);
			break;
		case 'n':
			bench->n = (unsigned int)atoi(optarg);
			break;
		default:
			return 2;
		}
	if (argc - optind != 1 || !bench->n_rounds || bench->n < 10 ||
	    bench->n_rounds > ROUNDS_MAX) {
		fprintf(stderr,
			"usage: change [-r ROUNDS] [-n CONDUITS] BUILD\n");
		return 2;
	}
	umask(077);
	setvbuf(stdout, NULL, _IOLBF, 0);
	bench->build = argv[optind];
	first.n = bench->n;
	rc = open_field(bench, &first);
	if (rc == -EPERM)
		printf("skipped: may not make network namespaces\n");
	else if (!rc)
		rc = run(bench);
	if (rc && rc != -EPERM) {
		fprintf(stderr, "change: %s\n", strerror(-rc));
		field_print_log(&bench->field);
	}
	field_close(&bench->field);
	free(bench);
	return rc == -EPERM ? EXIT_SKIPPED : rc ? 1 : 0;
}
