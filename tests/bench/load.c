// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs to load a whole policy and to read it back, beside nft(8) with
 * the same ruleset: time and peak memory, as ratios of pairs that ran one
 * after the other. Each run is a process with a network namespace of its own.
 * nft begins with a ruleset; we begin with a configuration, so the part that is
 * like nft's is also said by itself: what it takes from the ruleset on, the
 * ruleset included.
 *
 * Easy to get wrong: memory is that of the largest process of a run, so the
 * text for nft is written beforehand, by somebody else; and what was used and
 * given back before must not be there to be used again for nothing.
 *
 * Usage: load FILE.conf [ROUNDS]
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "compile.h"
#include "conf.h"
#include "diff.h"
#include "encode.h"
#include "load.h"
#include "look.h"
#include "nft.h"
#include "text.h"

#define NOW 1793491200 /* 2026-11-01 00:00 UTC, a Sunday */
#define ROUNDS_MAX 99

enum what { LOAD_CONF, LOAD_RULESET, LOAD_NFT, READ_OURS, READ_NFT };

/* What one run took; sent through a pipe */
struct cost {
	double seconds;
	double kib;
};

struct input {
	const char *conf; /* its text */
	size_t len;
	const char *nft_path; /* the same ruleset as nft text */
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct ruleset *compile_text(const struct input *input,
				    struct arena *arena)
{
	struct model *model = conf_new(NULL, arena);
	const struct policy *policy;
	struct diag diag;

	diag_init(&diag, arena);
	conf_parse(model, "bench.conf", input->conf, input->len, &diag);
	conf_finish(model, "bench.conf", &diag);
	policy = load_policy(model, &diag);
	if (!policy) {
		fprintf(stderr, "load: the configuration is refused\n");
		exit(1);
	}
	return compile_policy(policy,
			      terms_build(policy, NOW, 0, &calendar_utc,
					  policy->arena),
			      arena_new());
}

static double peak_kib(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return usage.ru_maxrss;
}

/* Give back what is free, and count the peak from here on; what is used now */
static double restart_peak(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	malloc_trim(0);
	if (fd < 0 || write(fd, "5", 1) != 1)
		fail("/proc/self/clear_refs");
	close(fd);
	return peak_kib(RUSAGE_SELF);
}

static void commit(const struct ruleset *desired)
{
	struct arena *scratch = arena_new();
	struct nft_refusal refusals[NFT_REFUSALS_MAX];
	struct ruleset *observed;
	struct batch *batch;
	struct nft *nft;
	uint32_t genid = 0;
	size_t n;

	if (nft_open(&nft) || look_all(nft, scratch, &observed, &genid))
		fail("reading the kernel");
	batch = encode_edits(observed, desired,
			     diff_rulesets(observed, desired, scratch), genid);
	if (nft_commit(nft, batch, refusals, &n))
		fail("commit");
	batch_free(batch);
	arena_free(scratch);
	nft_close(nft);
}

/* From the text of the configuration, or from the ruleset, to the kernel */
static void load_ours(const struct input *input, bool from_conf,
		      struct cost *cost)
{
	struct arena *arena = arena_new();
	double start = now(), before = 0;
	const struct ruleset *desired = compile_text(input, arena);

	if (!from_conf) {
		before = restart_peak() - arena_used(desired->arena) / 1024.0;
		start = now();
	}
	commit(desired);
	cost->seconds = now() - start;
	cost->kib = peak_kib(RUSAGE_SELF) - before;
	arena_free(desired->arena);
	arena_free(arena);
}

static void run_nft(const char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		fail("nft");
}

static void read_ours(void)
{
	struct arena *arena = arena_new();
	struct ruleset *observed;
	struct nft *nft;
	uint32_t genid;

	if (nft_open(&nft) || look_all(nft, arena, &observed, &genid))
		fail("reading the kernel");
	arena_free(arena);
	nft_close(nft);
}

static void run(enum what what, const struct input *input, struct cost *cost)
{
	const char *const load[] = { "nft", "-f", input->nft_path, NULL };
	const char *const list[] = { "nft", "list", "ruleset", NULL };
	double start;

	if (unshare(CLONE_NEWNET))
		fail("unshare");
	if (what == READ_OURS || what == READ_NFT)
		run_nft(load);
	start = now();
	switch (what) {
	case LOAD_CONF:
	case LOAD_RULESET:
		load_ours(input, what == LOAD_CONF, cost);
		return;
	case LOAD_NFT:
		run_nft(load);
		break;
	case READ_OURS:
		read_ours();
		break;
	case READ_NFT:
		run_nft(list);
		break;
	}
	cost->seconds = now() - start;
	cost->kib = peak_kib(what == READ_OURS ? RUSAGE_SELF : RUSAGE_CHILDREN);
}

static struct cost measure(enum what what, const struct input *input)
{
	struct cost cost = { 0, 0 };
	int ends[2], status;
	pid_t pid;

	if (pipe(ends))
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		run(what, input, &cost);
		if (write(ends[1], &cost, sizeof(cost)) != sizeof(cost))
			fail("write");
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], &cost, sizeof(cost)) != sizeof(cost))
		fail("a run");
	close(ends[0]);
	waitpid(pid, &status, 0);
	return cost;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_size);
	return values[n / 2];
}

static void compare(const char *title, enum what ours, enum what theirs,
		    const struct input *input, size_t rounds)
{
	double time_ratio[ROUNDS_MAX] = { 0 }, memory_ratio[ROUNDS_MAX] = { 0 };
	double seconds[ROUNDS_MAX] = { 0 }, kib[ROUNDS_MAX] = { 0 };
	size_t i;

	for (i = 0; i < rounds; i++) {
		struct cost a = measure(ours, input);
		struct cost b = measure(theirs, input);

		seconds[i] = a.seconds;
		kib[i] = a.kib;
		time_ratio[i] = a.seconds / b.seconds;
		memory_ratio[i] = a.kib / b.kib;
	}
	printf("%-22s time %.3f of nft's (%.3f s), memory %.3f of nft's "
	       "(%.1f MiB)\n",
	       title, median(time_ratio, rounds), median(seconds, rounds),
	       median(memory_ratio, rounds), median(kib, rounds) / 1024);
}

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t got;

	if (!f)
		fail(path);
	got = getdelim(&text, &size, EOF, f);
	fclose(f);
	if (got < 0)
		fail(path);
	*len = got;
	return text;
}

/* In a process of its own, so that its memory is not counted. */
static void write_text(const struct input *input, int fd)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct arena *arena = arena_new();
		struct ruleset *ruleset = compile_text(input, arena);
		size_t len, at = 0;
		char *text = text_ruleset(ruleset, &len);

		printf("%zu elements\n", ruleset_n_elems(ruleset));
		fflush(stdout);
		while (at < len) {
			ssize_t n = write(fd, text + at, len - at);

			if (n < 0)
				_exit(1);
			at += n;
		}
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		fail("writing the text");
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/sekimori-bench.XXXXXX";
	struct input input = { .nft_path = path };
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 3;
	int fd;

	if (argc < 2 || !rounds || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: load FILE.conf [ROUNDS]\n");
		return 2;
	}
	input.conf = slurp(argv[1], &input.len);
	fd = mkstemp(path);
	if (fd < 0)
		fail(path);
	write_text(&input, fd);
	close(fd);
	compare("from the configuration", LOAD_CONF, LOAD_NFT, &input, rounds);
	compare("from the ruleset", LOAD_RULESET, LOAD_NFT, &input, rounds);
	compare("read back", READ_OURS, READ_NFT, &input, rounds);
	unlink(path);
	return 0;
}
