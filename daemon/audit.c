// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks around in the kernel and says what is new there. Easy to get wrong:
 * what could not be read is not gone. As long as something could not be read,
 * the concerns of the last run stand beside those of this one.
 */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "arena.h"
#include "escape.h"
#include "foreign.h"
#include "links.h"
#include "log.h"
#include "nft.h"
#include "sysctl.h"

#define READ_TRIES 4 /* of dumps that commits interrupt */
#define LINES_MAX 50 /* in the log, one run */
#define LEGACY_NAMES_MAX 4096 /* bytes */

/* What is read apart, and may fail apart */
enum part { PART_LINKS, PART_SYSCTLS, PART_TABLES, N_PARTS };

/**
 * struct look - what one run has seen; all of it lives in its arena
 * @surveyed: @around holds something
 * @whole: nothing was missed
 * @since: of each concern, and @when: of the run; in seconds since 1970
 */
struct look {
	struct arena *arena;
	bool surveyed, whole;
	struct surroundings around;
	struct concerns concerns;
	uint64_t *since;
	uint64_t when;
};

/**
 * struct reading - other people's tables, read a piece at a time
 * @dump: which of dumps[] it is at, and @asked: that one has begun
 * @interrupted: a commit came in between, so something may be missing
 * @settled: it holds what there was in generation @genid
 * @err: the first error
 */
struct reading {
	struct arena *arena; /* NULL: nothing has been read */
	struct foreign *foreign;
	unsigned int dump, tries;
	bool asked, interrupted, settled;
	uint32_t genid;
	int err;
};

struct audit {
	struct nft *nft;
	struct links *links;
	struct reading tables; /* of the last run */
	struct reading next; /* under way, if it has an arena */
	bool again; /* another one has been asked for since */
	struct look last;
	struct look sighted; /* the last one that was surveyed; often @last */
	int errors[N_PARTS]; /* of the last run, which have been logged */
};

int audit_open(struct audit **out)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	int err;

	if (!audit)
		abort();
	audit->last.arena = arena_new();
	concerns_init(&audit->last.concerns, audit->last.arena);
	err = nft_open(&audit->nft);
	if (!err)
		err = links_open(&audit->links);
	if (err) {
		audit_close(audit);
		return err;
	}
	*out = audit;
	return 0;
}

void audit_close(struct audit *audit)
{
	if (!audit)
		return;
	nft_close(audit->nft);
	if (audit->links)
		links_close(audit->links);
	arena_free(audit->tables.arena);
	arena_free(audit->next.arena);
	if (audit->sighted.arena != audit->last.arena)
		arena_free(audit->sighted.arena);
	arena_free(audit->last.arena);
	free(audit);
}

void audit_forget(struct audit *audit)
{
	audit->sighted.surveyed = false;
}

int audit_links_fd(const struct audit *audit)
{
	return links_fd(audit->links);
}

bool audit_links_changed(struct audit *audit)
{
	bool changed = links_changed(audit->links);

	/* Chains lose interfaces that vanish, and no commit says so. */
	if (changed)
		audit->tables.settled = false;
	return changed;
}

/* Note what came of reading a part; an error is logged once as it lasts. */
static int audit_note(struct audit *audit, struct look *look, enum part part,
		      int err)
{
	static const char *const names[N_PARTS] = {
		[PART_LINKS] = "Interfaces and routes",
		[PART_SYSCTLS] = "Sysctls",
		[PART_TABLES] = "Tables of others",
	};

	if (err)
		look->whole = false;
	if (err && err != audit->errors[part])
		log_error("SEKI-AUDIT-READ", err, "%s cannot be read",
			  names[part]);
	audit->errors[part] = err;
	return err;
}

static const struct {
	uint16_t type;
	int (*read)(struct foreign *foreign, const struct nlmsghdr *nlh);
} dumps[] = {
	{ NFT_MSG_GETTABLE, foreign_table },
	{ NFT_MSG_GETCHAIN, foreign_chain },
	{ NFT_MSG_GETRULE, foreign_rule },
	{ NFT_MSG_GETFLOWTABLE, foreign_flowtable },
};

#define N_DUMPS (sizeof(dumps) / sizeof(*dumps))

/* What cannot be read is noted, and what comes after it is read all the same */
static int audit_visit(void *data, const struct nlmsghdr *nlh)
{
	struct reading *reading = data;
	int err = dumps[reading->dump].read(reading->foreign, nlh);

	if (!reading->err)
		reading->err = err;
	return 0;
}

static void audit_read_piece(struct nft *nft, struct reading *reading)
{
	struct nft_query query = { .type = dumps[reading->dump].type,
				   .family = NFPROTO_UNSPEC };
	int err = reading->asked ? 0 : nft_ask(nft, &query);

	reading->asked = true;
	if (!err)
		err = nft_answer(nft, audit_visit, reading);
	if (err == 1)
		return;
	if (err == -EINTR)
		reading->interrupted = true;
	else if (!reading->err)
		reading->err = err;
	reading->asked = false;
	reading->dump++;
}

static void audit_read_anew(struct nft *nft, struct reading *reading)
{
	arena_free(reading->arena);
	*reading = (struct reading){ .arena = arena_new(),
				     .tries = reading->tries + 1 };
	reading->foreign = foreign_new(reading->arena);
	reading->err = nft_generation(nft, &reading->genid);
}

/*
 * One piece; false when all has been read. Where commits keep coming in
 * between, the last reading is taken as it is.
 */
static bool audit_read(struct nft *nft, struct reading *reading)
{
	uint32_t genid;

	audit_read_piece(nft, reading);
	if (reading->dump < N_DUMPS)
		return true;
	if (reading->interrupted && reading->tries < READ_TRIES) {
		audit_read_anew(nft, reading);
		return true;
	}
	reading->settled = !reading->err && !reading->interrupted &&
			   !nft_generation(nft, &genid) &&
			   genid == reading->genid;
	return false;
}

/* A small file; the number of bytes, or -errno */
static ssize_t audit_read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, buf + len, size - len);
		if (got > 0)
			len += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	got = got < 0 ? -errno : (ssize_t)len;
	close(fd);
	return got;
}

/*
 * In /proc/self, which is there even where the rest of /proc is hidden from
 * services. A kernel without x_tables does not have these files.
 */
static void audit_read_legacy(struct foreign *foreign,
			      struct concerns *concerns)
{
	static const char *const kinds[] = { "ip", "ip6", "arp" };
	char names[LEGACY_NAMES_MAX], path[64];
	bool hidden = access("/proc/self/net", X_OK);
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/self/net/%s_tables_names",
			 kinds[i]);
		len = audit_read_file(path, names, sizeof(names));
		if (len >= 0)
			foreign_legacy(foreign, kinds[i], names, (size_t)len);
		else if (len != -ENOENT)
			hidden = true;
	}
	if (hidden)
		concern_add(concerns, GRAVITY_NOTICE, "SEKI-A-LEGACY",
			    "legacy tables",
			    "It cannot be read which legacy tables are in use");
}

static int audit_look_around(struct audit *audit, const struct policy *policy,
			     struct look *look)
{
	struct surroundings *around = &look->around;
	const char **names;
	int links_err, err;
	size_t n;

	links_err = audit_note(audit, look, PART_LINKS,
			       links_survey(audit->links, look->arena, around));
	err = sysctl_hold(policy, &look->concerns);
	if (links_err) {
		audit_note(audit, look, PART_SYSCTLS, err);
		return links_err;
	}
	names = surround_sysctls(policy, around, look->arena, &n);
	if (!err)
		err = sysctl_read(names, n, look->arena, &around->sysctls);
	around->n_sysctls = err ? 0 : n;
	if (audit_note(audit, look, PART_SYSCTLS, err))
		return err;
	look->surveyed = true;
	surround_judge(around,
		       audit->sighted.surveyed ? &audit->sighted.around : NULL,
		       policy, &look->concerns);
	return 0;
}

static const struct concern *audit_before(const struct look *last,
					  const struct concern *concern)
{
	return concerns_find(&last->concerns, concern->id, concern->subject);
}

/* Is it new, or graver than it was? */
static bool audit_is_news(const struct look *last,
			  const struct concern *concern)
{
	const struct concern *before = audit_before(last, concern);

	return !before || before->gravity < concern->gravity;
}

static int audit_priority(enum gravity gravity)
{
	switch (gravity) {
	case GRAVITY_NOTICE:
		return LOG_NOTICE;
	case GRAVITY_WARNING:
		return LOG_WARNING;
	case GRAVITY_CRITICAL:
		return LOG_CRIT;
	}
	return LOG_NOTICE;
}

static void audit_log(const char *msgid, const struct concern *concern,
		      int priority, const char *what)
{
	struct log_line line;

	log_begin(&line, msgid, "%s%s", what, concern->text);
	log_add_text(&line, "id", concern->id);
	log_add_text(&line, "subject", concern->subject);
	log_add_text(&line, "gravity", gravity_name(concern->gravity));
	log_end(&line, priority);
}

/* What did not get a line of its own, and what the list had no room for */
static void audit_log_more(size_t n_new, size_t n_gone, size_t n_beyond,
			   int priority)
{
	struct log_line line;

	log_begin(&line, "SEKI-AUDIT-MORE",
		  "The audit has found more than is logged one by one");
	log_add_number(&line, "new", n_new);
	log_add_number(&line, "gone", n_gone);
	log_add_number(&line, "not_kept", n_beyond);
	log_end(&line, priority);
}

/* @look is sorted, so what is left for the last line is the least grave. */
static void audit_log_news(const struct look *last, const struct look *look)
{
	size_t n_lines = 0, n_new = 0, n_gone = 0, i;
	size_t n_beyond = look->concerns.n_all - look->concerns.n;
	int priority = LOG_NOTICE;

	for (i = 0; i < look->concerns.n; i++) {
		const struct concern *concern = &look->concerns.list[i];
		int own = audit_priority(concern->gravity);

		if (!audit_is_news(last, concern))
			continue;
		if (n_lines++ < LINES_MAX) {
			audit_log("SEKI-AUDIT", concern, own, "");
		} else {
			n_new++;
			priority = own < priority ? own : priority;
		}
	}
	for (i = 0; i < last->concerns.n; i++) {
		const struct concern *concern = &last->concerns.list[i];

		if (audit_before(look, concern))
			continue;
		if (n_lines++ < LINES_MAX)
			audit_log("SEKI-AUDIT-GONE", concern, LOG_NOTICE,
				  "No longer so: ");
		else
			n_gone++;
	}
	if (n_new || n_gone ||
	    n_beyond > last->concerns.n_all - last->concerns.n)
		audit_log_more(n_new, n_gone, n_beyond, priority);
}

/* Concerns that are not seen now, although not all could be read, stand. */
static void audit_keep(const struct look *last, struct concerns *concerns)
{
	size_t i;

	for (i = 0; i < last->concerns.n; i++) {
		const struct concern *old = &last->concerns.list[i];

		concern_add(concerns, old->gravity, old->id, old->subject, "%s",
			    old->text);
	}
}

static void audit_date(const struct look *last, struct look *look)
{
	size_t i;

	look->since = arena_alloc(look->arena,
				  (look->concerns.n + 1) * sizeof(uint64_t));
	for (i = 0; i < look->concerns.n; i++) {
		const struct concern *before =
			audit_before(last, &look->concerns.list[i]);

		look->since[i] =
			before ? last->since[before - last->concerns.list] :
				 look->when;
	}
}

/*
 * What a survey has found is kept until there is another one, since the next
 * has to be held against it.
 */
static void audit_replace(struct audit *audit, const struct look *look)
{
	bool is_shared = audit->sighted.arena == audit->last.arena;

	if (look->surveyed && !is_shared)
		arena_free(audit->sighted.arena);
	if (look->surveyed || !is_shared)
		arena_free(audit->last.arena);
	if (look->surveyed)
		audit->sighted = *look;
	audit->last = *look;
}

/* All that has been read is judged and takes the place of the last look. */
static int audit_finish(struct audit *audit, const struct policy *policy,
			uint64_t now_usec)
{
	struct look look = { .arena = arena_new(),
			     .whole = !audit->tables.interrupted,
			     .when = now_usec / 1000000 };
	struct foreign *legacy = foreign_new(look.arena);
	const struct surroundings *around;
	int err;

	concerns_init(&look.concerns, look.arena);
	audit_note(audit, &look, PART_TABLES, audit->tables.err);
	err = audit_look_around(audit, policy, &look);
	around = look.surveyed ? &look.around : &audit->sighted.around;
	foreign_judge(audit->tables.foreign, policy, around, &look.concerns);
	audit_read_legacy(legacy, &look.concerns);
	foreign_judge(legacy, policy, around, &look.concerns);
	if (!look.whole)
		audit_keep(&audit->last, &look.concerns);
	concerns_sort(&look.concerns);
	audit_date(&audit->last, &look);
	audit_log_news(&audit->last, &look);
	audit_replace(audit, &look);
	return err ? err : audit->tables.err;
}

void audit_begin(struct audit *audit)
{
	if (audit->next.arena)
		audit->again = true;
	else
		audit_read_anew(audit->nft, &audit->next);
}

int audit_step(struct audit *audit, const struct policy *policy,
	       uint64_t now_usec)
{
	struct reading *next = &audit->next;
	int err;

	if (!next->arena)
		return 0;
	if (audit->tables.settled && !next->err &&
	    next->genid == audit->tables.genid) {
		/* No commit since, so the tables are known. */
		arena_free(next->arena);
	} else {
		if (audit_read(audit->nft, next))
			return 1;
		arena_free(audit->tables.arena);
		audit->tables = *next;
	}
	*next = (struct reading){ .arena = NULL };
	err = audit_finish(audit, policy, now_usec);
	if (!audit->again)
		return err;
	audit->again = false;
	audit_begin(audit);
	return 1;
}

int audit_run(struct audit *audit, const struct policy *policy,
	      uint64_t now_usec)
{
	int err;

	audit_begin(audit);
	do {
		err = audit_step(audit, policy, now_usec);
	} while (err == 1);
	return err;
}

static size_t audit_count(const struct audit *audit, enum gravity gravity)
{
	const struct concerns *concerns = &audit->last.concerns;
	size_t i, n = 0;

	for (i = 0; i < concerns->n; i++)
		n += concerns->list[i].gravity == gravity;
	return n;
}

size_t audit_n_critical(const struct audit *audit)
{
	return audit_count(audit, GRAVITY_CRITICAL);
}

size_t audit_n_warnings(const struct audit *audit)
{
	return audit_count(audit, GRAVITY_WARNING);
}

/* Names of interfaces may be any bytes, but JSON is UTF-8. */
static json_t *audit_text_json(const char *text)
{
	char safe[4096];

	escape_text(text, "", safe, sizeof(safe));
	return json_string(safe);
}

static void audit_add_json(json_t *list, const struct concern *concern,
			   uint64_t since)
{
	json_t *json = json_pack("{s:s, s:s, s:o, s:o, s:I}", "gravity",
				 gravity_name(concern->gravity), "id",
				 concern->id, "subject",
				 audit_text_json(concern->subject), "text",
				 audit_text_json(concern->text), "since",
				 (json_int_t)since);

	if (!json || json_array_append_new(list, json))
		abort();
}

json_t *audit_json(const struct audit *audit)
{
	const struct concerns *concerns = &audit->last.concerns;
	struct concern more = { GRAVITY_WARNING, "SEKI-A-MORE", "audit", NULL };
	json_t *list = json_array(), *json;
	char text[128];
	size_t i;

	for (i = 0; i < concerns->n; i++)
		audit_add_json(list, &concerns->list[i], audit->last.since[i]);
	if (concerns->n_all > concerns->n) {
		snprintf(text, sizeof(text),
			 "%zu further things were found that are not graver",
			 concerns->n_all - concerns->n);
		more.text = text;
		audit_add_json(list, &more, audit->last.when);
	}
	json = json_pack("{s:o}", "concerns", list);
	if (!json)
		abort();
	return json;
}
