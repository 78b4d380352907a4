// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What somebody may do to the table. Easy to get wrong: an attack that fails
 * for a mistake in its own text would be taken for one that was undone; so
 * those of nft have to succeed where the table is not owned, and those that
 * change something have to be found.
 */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "siege.h"

#define SECOND 1000000ull
#define NOISE_PER_SECOND 10000

/* ---- by this process, without nft ---- */

static void raw_accept_first(struct siege *siege, struct blow *blow)
{
	struct raw *raw = siege->field.raw;

	raw_begin(raw);
	raw_add_accept(raw, "forward", 0, true);
	siege_self(siege, blow);
	blow->error = raw_commit(raw);
}

static void raw_policy_accept(struct siege *siege, struct blow *blow)
{
	struct raw *raw = siege->field.raw;

	raw_begin(raw);
	raw_set_policy(raw, "output", NF_ACCEPT);
	siege_self(siege, blow);
	blow->error = raw_commit(raw);
}

static void raw_rule_gone(struct siege *siege, struct blow *blow)
{
	struct raw *raw = siege->field.raw;
	struct raw_rule rule = { 0 };

	blow->error = raw_find_rule(raw, "bound", -1, &rule);
	raw_begin(raw);
	raw_delete_rule(raw, "bound", rule.handle);
	siege_self(siege, blow);
	if (!blow->error)
		blow->error = raw_commit(raw);
}

static struct raw_elem media_elem(struct siege *siege)
{
	return raw_live_elem("lgwan", "inet",
			     field_flow_mark(&siege->field, "media"));
}

static void raw_elem_gone(struct siege *siege, struct blow *blow)
{
	struct raw_elem elem = media_elem(siege);
	struct raw *raw = siege->field.raw;

	raw_begin(raw);
	raw_delete_elem(raw, &elem);
	siege_self(siege, blow);
	blow->error = raw_commit(raw);
}

static void raw_elem_added(struct siege *siege, struct blow *blow)
{
	struct raw_elem elem = raw_live_elem("inet", "mynum", 0);
	struct raw *raw = siege->field.raw;

	raw_begin(raw);
	raw_add_elem(raw, &elem);
	siege_self(siege, blow);
	blow->error = raw_commit(raw);
}

static void raw_catch_all(struct siege *siege, struct blow *blow)
{
	struct raw_elem elem = { .set = "live_in",
				 .data = RAW_VERDICT,
				 .catch_all = true };
	struct raw *raw = siege->field.raw;

	raw_begin(raw);
	raw_add_elem(raw, &elem);
	siege_self(siege, blow);
	blow->error = raw_commit(raw);
}

static void raw_interval_catch_all(struct siege *siege, struct blow *blow)
{
	struct raw_elem elem = {
		.set = "net4", .data = RAW_MARK, .mark = 7, .catch_all = true
	};
	struct raw *raw = siege->field.raw;

	raw_begin(raw);
	raw_add_elem(raw, &elem);
	siege_self(siege, blow);
	blow->error = raw_commit(raw);
}

static void raw_dormant(struct siege *siege, struct blow *blow)
{
	struct raw *raw = siege->field.raw;

	raw_begin(raw);
	raw_set_table_flags(raw, NFT_TABLE_F_DORMANT);
	siege_self(siege, blow);
	blow->error = raw_commit(raw);
}

static void raw_table_gone(struct siege *siege, struct blow *blow)
{
	struct raw *raw = siege->field.raw;

	raw_begin(raw);
	raw_delete_table(raw);
	siege_self(siege, blow);
	blow->error = raw_commit(raw);
}

/* Everything a little, in one transaction */
static void raw_medley(struct siege *siege, struct blow *blow)
{
	struct raw_elem old = media_elem(siege);
	struct raw_elem new = raw_live_elem("mgmt", "mynum", 7);
	struct raw *raw = siege->field.raw;

	raw_begin(raw);
	raw_set_policy(raw, "forward", NF_ACCEPT);
	raw_flush_chain(raw, "forward");
	raw_add_accept(raw, "input", 53, true);
	raw_delete_elem(raw, &old);
	raw_add_elem(raw, &new);
	siege_self(siege, blow);
	blow->error = raw_commit(raw);
}

/* ---- by nft, with a text that has to be made ---- */

static char *joined(const char *before, unsigned int n, const char *format,
		    const char *after)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	unsigned int i;

	if (!out)
		abort();
	fputs(before, out);
	for (i = 0; i < n; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		fprintf(out, format, i / 250, i % 250);
#pragma GCC diagnostic pop
	}
	fputs(after, out);
	fclose(out);
	return text;
}

static void nft_joined(struct siege *siege, struct blow *blow, char *text)
{
	char *script = siege_script(siege, text);

	free(text);
	siege_nft(siege, blow, script);
	free(script);
}

static void many_elems(struct siege *siege, struct blow *blow)
{
	nft_joined(siege, blow,
		   joined("add element %T hh4 {", 1000,
			  "10.77.%u.%u . 10.13.0.1 . tcp . 1 : 1,\n", "}"));
}

static void many_intervals(struct siege *siege, struct blow *blow)
{
	nft_joined(siege, blow,
		   joined("add element %T net4 {", 1000,
			  "10.77.%u.%u/32 : 1,\n", "}"));
}

/* Rules and elements that the daemon would make, with other verdicts */
static char *own_text(struct siege *siege, bool accepting)
{
	char path[256], *text, *at;
	const char *const argv[] = { path, "compile", siege->field.config,
				     NULL };

	snprintf(path, sizeof(path), "%s/sekimorictl", siege->field.build);
	if (field_run(&siege->field, argv, NULL, &text))
		abort();
	if (!accepting)
		return text;
	/* "drop" is shorter: what is left over becomes blanks, in "policy" and
	 * in rules alike; so drop becomes "accept" where there is room */
	for (at = text; (at = strstr(at, "counter drop")); at++)
		memcpy(at, "accept      ", 12);
	return text;
}

static void own_text_again(struct siege *siege, struct blow *blow)
{
	char *text = own_text(siege, false);

	siege_nft(siege, blow, text);
	free(text);
}

static void own_shape_accepting(struct siege *siege, struct blow *blow)
{
	char *text = own_text(siege, true), *script;

	if (asprintf(&script,
		     "delete table inet sekimori\n%s\n"
		     "add chain inet sekimori forward "
		     "{ policy accept; }\n",
		     text) < 0)
		abort();
	free(text);
	siege_nft(siege, blow, script);
	free(script);
}

/* ---- several processes ---- */

/* In a process of its own: a rule is added, ready when it is told to */
static pid_t fork_accept(struct siege *siege, const char *chain, int start)
{
	pid_t pid = fork();
	struct raw *raw;
	char byte;

	if (pid)
		return pid;
	if (topology_enter(siege->field.topology, TOPOLOGY_GATEWAY) ||
	    raw_open(&raw))
		_exit(126);
	raw_begin(raw);
	raw_add_accept(raw, chain, 0, true);
	if (start >= 0 && read(start, &byte, 1) < 0)
		_exit(126);
	_exit(-raw_commit(raw));
}

static void fork_note(struct blow *blow, pid_t pid, bool gone)
{
	struct attacker *attacker = &blow->by[blow->n_by++];

	attacker->pid = pid;
	attacker->parent = getpid();
	attacker->comm = program_invocation_short_name;
	attacker->gone = gone;
}

static int fork_result(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

/* The attacker is dead and buried before anybody can look who it was. */
static void gone_at_once(struct siege *siege, struct blow *blow)
{
	pid_t pid = fork_accept(siege, "input", -1);

	fork_note(blow, pid, true);
	blow->begun_usec = now_usec();
	blow->error = fork_result(pid);
}

static void two_at_once(struct siege *siege, struct blow *blow)
{
	static const char *const chains[] = { "forward", "input" };
	int start[2], i;
	pid_t pids[2];

	if (pipe(start))
		abort();
	for (i = 0; i < 2; i++) {
		pids[i] = fork_accept(siege, chains[i], start[0]);
		fork_note(blow, pids[i], true);
	}
	blow->begun_usec = now_usec();
	if (write(start[1], "go", 2) != 2)
		abort();
	for (i = 0; i < 2; i++) {
		int rc = fork_result(pids[i]);

		if (rc)
			blow->error = rc;
	}
	close(start[0]);
	close(start[1]);
}

static void steal(struct siege *siege, struct blow *blow, uint32_t flags)
{
	pid_t pid;

	blow->begun_usec = now_usec();
	blow->error = field_steal(&siege->field, flags, &pid);
	if (pid <= 0)
		return;
	fork_note(blow, pid, false);
	if (!blow->error)
		siege_await_open(siege, blow);
	kill(pid, SIGKILL);
	siege->processes[siege->n_processes++] =
		(struct process){ .pid = pid, .output = -1 };
}

static void steal_for_a_life(struct siege *siege, struct blow *blow)
{
	steal(siege, blow, RAW_F_OWNER);
}

static void steal_for_good(struct siege *siege, struct blow *blow)
{
	steal(siege, blow, RAW_F_OWNER | RAW_F_PERSIST);
}

/* Some twenty processes, one after the other as fast as they can */
static void flush_in_a_loop(struct siege *siege, struct blow *blow)
{
	unsigned int i;

	for (i = 0; i < 20 && !blow->error; i++)
		siege_nft(siege, blow, "flush ruleset");
}

/* ---- noise of others ---- */

static void delete_first_rule(struct siege *siege, struct blow *blow)
{
	struct raw *raw = siege->field.raw;
	struct raw_rule rule = { 0 };
	int rc = raw_find_rule(raw, "forward", 0, &rule);

	raw_begin(raw);
	raw_delete_rule(raw, "forward", rule.handle);
	siege_self(siege, blow);
	blow->error = rc ? rc : raw_commit(raw);
	blow->limit_usec = SECOND;
}

static int make_noise(struct raw *raw, unsigned long n)
{
	raw_begin(raw);
	if (n % 2)
		raw_delete_noise(raw, 1, 1);
	else
		raw_add_noise(raw, 1, 1);
	return raw_commit(raw);
}

/* Three seconds of it; after the first one, the rule is deleted. */
static void rule_gone_amid_noise(struct siege *siege, struct blow *blow)
{
	struct raw *raw = siege->field.raw;
	uint64_t begun, now;
	unsigned long n;
	int rc;

	raw_begin(raw);
	raw_make_noise_table(raw);
	rc = raw_commit(raw);
	begun = now = now_usec();
	for (n = 0; !rc && now < begun + 3 * SECOND; n++) {
		rc = make_noise(raw, n);
		if (!blow->n_by && now > begun + SECOND)
			delete_first_rule(siege, blow);
		now = now_usec();
		siege_hear(siege, blow, 0);
		while (now < begun + n * SECOND / NOISE_PER_SECOND)
			now = now_usec();
	}
	if (asprintf(&siege->note, "%lu foreign transactions a second", n / 3) <
	    0)
		abort();
	if (rc)
		blow->error = rc;
}

static void rule_gone_amid_elements(struct siege *siege, struct blow *blow)
{
	struct raw *raw = siege->field.raw;
	uint32_t i;
	int rc;

	raw_begin(raw);
	raw_make_noise_table(raw);
	rc = raw_commit(raw);
	for (i = 0; !rc && i < 100000; i += 20000) {
		raw_begin(raw);
		raw_add_noise(raw, i, 20000);
		rc = raw_commit(raw);
	}
	delete_first_rule(siege, blow);
	if (rc)
		blow->error = rc;
}

/* One transaction of nft with 100,000 elements, and a rule of ours with it */
static void rule_gone_in_large_transaction(struct siege *siege,
					   struct blow *blow)
{
	nft_joined(siege, blow,
		   joined("table ip noise { set noise { type mark; }; }\n"
			  "delete rule %T forward handle %{forward 0}\n"
			  "add element ip noise noise {",
			  100000, "0x%x%02x,\n", "}"));
}

#define UNDO_NOISE "delete table ip noise"

/* ---- all of them ---- */

#define RULE_GONE(chain) "rule removed from chain " chain
#define RULE_ADDED(chain) "rule added to chain " chain
#define RULE_ANY(chain) "rule.* chain " chain
#define ELEM(set) "element.* (map|set) " set "\\b"

const struct attack attacks[] = {
	/* rules */
	{ "first rule deleted", "delete rule %T forward handle %{forward 0}",
	  .words = RULE_GONE("forward"), .nft = "counter drop" },
	{ "middle rule deleted", "delete rule %T forward handle %{forward 4}",
	  .words = RULE_GONE("forward"), .nft = "ct state new jump choose" },
	{ "last rule deleted", "delete rule %T forward handle %{forward -1}",
	  .words = RULE_GONE("forward"), .nft = "counter drop" },
	{ "accept before the first rule", "insert rule %T forward accept",
	  .words = RULE_ADDED("forward"), .nft = "^accept" },
	{ "accept in the middle",
	  "add rule %T forward position %{forward 2} counter accept",
	  .words = RULE_ADDED("forward"), .nft = "counter accept" },
	{ "accept behind the last rule", "add rule %T input accept",
	  .words = RULE_ADDED("input"), .nft = "^accept" },
	{ "accept for a port", "insert rule %T input tcp dport 2222 accept",
	  .words = RULE_ADDED("input"), .nft = "dport 2222 accept" },
	{ "accept for a range of ports",
	  "insert rule %T forward udp dport 1000-2000 accept",
	  .words = RULE_ADDED("forward"), .nft = "dport.*1000.*2000.*accept" },
	{ "accept for an address",
	  "insert rule %T forward ip saddr 10.13.0.66 accept",
	  .words = RULE_ADDED("forward"),
	  .nft = "ip saddr 10\\.13\\.0\\.66 accept" },
	{ "accept for an IPv6 address",
	  "insert rule %T forward ip6 daddr fd00:11::10 accept",
	  .words = RULE_ADDED("forward"),
	  .nft = "ip6 daddr fd00:11::10 accept" },
	{ "accept for an interface",
	  "insert rule %T forward iifname \"inet\" accept",
	  .words = RULE_ADDED("forward"), .nft = "iifname \"inet\" accept" },
	{ "accept for what is established",
	  "insert rule %T forward ct state established,related accept",
	  .words = RULE_ADDED("forward"), .nft = "established.*accept" },
	{ "accept for a mark", "insert rule %T forward meta mark 0x4d2 accept",
	  .words = RULE_ADDED("forward"),
	  .nft = "meta mark (0x0*4d2|1234) accept" },
	{ "rule replaced by accept",
	  "replace rule %T forward handle %{forward -1} accept",
	  .words = RULE_ANY("forward"), .nft = "accept" },
	{ "rule replaced by an equal one",
	  "replace rule %T forward handle %{forward -1} counter drop "
	  "comment \"wrong interface, or no flow\"",
	  .remedy = REMEDY_NOTHING },
	{ "rule with another comment only",
	  "replace rule %T forward handle %{forward -1} counter drop "
	  "comment \"nothing to see here\"",
	  .remedy = REMEDY_NOTHING,
	  .undo = "replace rule %T forward handle %{forward -1} counter drop "
		  "comment \"wrong interface, or no flow\"" },
	{ "rule moved to the end",
	  "delete rule %T forward handle %{forward 4}; "
	  "add rule %T forward ct state new jump choose",
	  .words = RULE_ANY("forward"), .nft = "ct state new jump choose" },
	{ "rule duplicated", "add rule %T forward ct state new jump choose",
	  .words = RULE_ADDED("forward"), .nft = "ct state new jump choose" },
	{ "accept in the chain of MAC-bound flows",
	  "insert rule %T bound accept", .words = RULE_ADDED("bound"),
	  .nft = "^accept" },
	{ "mark of another flow for every new packet",
	  "insert rule %T choose ct mark set %[screen] return",
	  .words = RULE_ADDED("choose"), .nft = "ct mark set" },
	{ "rule with expressions that the daemon does not know",
	  "insert rule %T forward meta cpu 0 numgen random mod 2 0 "
	  "log prefix \"x\" limit rate 1/second accept",
	  .words = RULE_ADDED("forward") },
	{ "rule that fills a set of its own",
	  "add set %T evil { type ipv4_addr; flags dynamic; size 100; }; "
	  "insert rule %T forward add @evil { ip saddr } accept",
	  .words = RULE_ADDED("forward") },
	{ "rule removed, by netlink", .carry_out = raw_rule_gone,
	  .words = RULE_GONE("bound"), .nft = "counter drop" },
	{ "accept first, by netlink", .carry_out = raw_accept_first,
	  .words = RULE_ADDED("forward"), .nft = "^accept" },

	/* chains */
	{ "chain added", "add chain %T evil",
	  .words = "chain (evil )?(was )?added" },
	{ "chain added and jumped to",
	  "add chain %T evil; add rule %T evil accept; "
	  "insert rule %T forward jump evil",
	  .words = RULE_ADDED("forward"), .nft = "jump evil" },
	{ "base chain added in front, policy accept",
	  "add chain %T evil { type filter hook forward priority -10; "
	  "policy accept; }; add rule %T evil accept",
	  .words = "chain (evil )?(was )?added" },
	{ "base chain of another type added",
	  "add chain %T evil { type nat hook postrouting priority 100; }; "
	  "add rule %T evil masquerade",
	  .words = "chain (evil )?(was )?added" },
	{ "base chain without tracking added",
	  "add chain %T evil { type filter hook prerouting priority -300; }; "
	  "add rule %T evil notrack",
	  .words = "chain (evil )?(was )?added" },
	{ "chain renamed", "rename chain %T rare_pair rarer",
	  .words = "chain .*rare" },
	{ "base chain renamed", "rename chain %T forward backward",
	  .words = "chain .*(for|back)ward" },
	{ "policy of forward accept", "add chain %T forward { policy accept; }",
	  .words = "policy of chain forward changed from drop to accept" },
	{ "policy of input accept", "add chain %T input { policy accept; }",
	  .words = "policy of chain input changed from drop to accept" },
	{ "policy accept, by netlink", .carry_out = raw_policy_accept,
	  .words = "policy of chain output changed from drop to accept" },
	{ "base chain flushed", "flush chain %T forward",
	  .words = RULE_GONE("forward"), .at_least = 7 },
	{ "chain flushed", "flush chain %T choose",
	  .words = RULE_GONE("choose"), .at_least = 20 },
	{ "chain deleted",
	  "delete rule %T output handle %{output 6}; "
	  "flush chain %T errors_out; delete chain %T errors_out",
	  .words = "chain .*(removed|deleted)" },
	{ "base chain deleted",
	  "flush chain %T forward; delete chain %T forward",
	  .words = "chain .*(removed|deleted)" },
	{ "base chain at another priority",
	  "flush chain %T forward; delete chain %T forward; add chain %T "
	  "forward { type filter hook forward priority 100; policy drop; }",
	  .words = "chain" },

	/* elements */
	{ "verdict flipped: bound to a MAC, then not",
	  "delete element %T live_timed { \"mynum\" . \"lgwan\" . %[patch] }; "
	  "add element %T live_timed "
	  "{ \"mynum\" . \"lgwan\" . %[patch] : accept }",
	  .words = ELEM("live_timed"), .nft = "goto bound.*accept|accept" },
	{ "element that ends, then does not",
	  "delete element %T live_timed { \"mynum\" . \"lgwan\" . %[patch] }; "
	  "add element %T live_timed "
	  "{ \"mynum\" . \"lgwan\" . %[patch] : goto bound }",
	  .words = ELEM("live_timed"), .nft = "until 2027-0" },
	{ "element that ends later",
	  "delete element %T live_timed { \"mynum\" . \"lgwan\" . %[patch] }; "
	  "add element %T live_timed "
	  "{ \"mynum\" . \"lgwan\" . %[patch] timeout 3000d : goto bound }",
	  .words = ELEM("live_timed"), .nft = "until 20[3-9]" },
	{ "element that ends sooner",
	  "delete element %T live_timed { \"mynum\" . \"lgwan\" . %[patch] }; "
	  "add element %T live_timed "
	  "{ \"mynum\" . \"lgwan\" . %[patch] timeout 1h : goto bound }",
	  .words = ELEM("live_timed"), .nft = "until 20" },
	{ "element for a moment",
	  "add element %T live_timed "
	  "{ \"inet\" . \"mynum\" . 0x7 timeout 9m : accept }",
	  .words = "element added to map live_timed", .nft = "mynum" },
	{ "verdict flipped: accept, then drop",
	  "delete element %T live { \"lgwan\" . \"inet\" . %[media] }; "
	  "add element %T live { \"lgwan\" . \"inet\" . %[media] : drop }",
	  .words = ELEM("live"), .nft = "drop" },
	{ "element added to a verdict map",
	  "add element %T live { \"inet\" . \"mynum\" . 0x7 : accept }",
	  .words = "element added to map live", .nft = "mynum" },
	{ "element deleted from a verdict map",
	  "delete element %T live { \"lgwan\" . \"inet\" . %[media] }",
	  .words = "element removed from map live", .nft = "lgwan" },
	{ "element added to live_in",
	  "add element %T live_in { \"inet\" . 0x7 : accept }",
	  .words = "element added to map live_in", .nft = "inet" },
	{ "element deleted from live_out",
	  "delete element %T live_out { \"lgwan\" . %[ping] }",
	  .words = "element removed from map live_out", .nft = "lgwan" },
	{ "element deleted, by netlink", .carry_out = raw_elem_gone,
	  .words = "element removed from map live", .nft = "lgwan" },
	{ "element added, by netlink", .carry_out = raw_elem_added,
	  .words = "element added to map live", .nft = "mynum" },
	{ "element added to a hash map",
	  "add element %T hh4 { 10.13.0.66 . 10.11.0.10 . tcp . 22 : "
	  "%[patch] }",
	  .words = "element added to map hh4", .nft = "10\\.13\\.0\\.66" },
	{ "element deleted from a hash map",
	  "delete element %T hh6 { fd00:11::10 . fd00:12::11 . tcp . 8530 }",
	  .words = "element removed from map hh6", .nft = "fd00:11::10" },
	{ "element of a hash map changed",
	  "delete element %T hh4 { 10.11.0.10 . 10.12.0.11 . tcp . 8530 }; "
	  "add element %T hh4 { 10.11.0.10 . 10.12.0.11 . tcp . 8530 : 0x7 }",
	  .words = ELEM("hh4"), .nft = "10\\.11\\.0\\.10" },
	{ "class to host: element deleted",
	  "delete element %T nh4 { %<lgwan> . 10.13.0.20 . tcp . 443 }",
	  .words = "element removed from map nh4", .nft = "10\\.13\\.0\\.20" },
	{ "element re-added, equal",
	  "add element %T live { \"lgwan\" . \"inet\" . %[media] "
	  "comment \"media\" : accept }",
	  .remedy = REMEDY_NOTHING },
	{ "element deleted and re-added, equal",
	  "delete element %T live { \"lgwan\" . \"inet\" . %[media] }; "
	  "add element %T live { \"lgwan\" . \"inet\" . %[media] "
	  "comment \"media\" : accept }",
	  .remedy = REMEDY_NOTHING },
	{ "interval added", "add element %T net4 { 10.99.0.0/16 : %<lgwan> }",
	  .words = "element added to map net4", .nft = "10\\.99\\." },
	{ "interval deleted",
	  "delete element %T net4 { 10.12.0.0-10.12.0.254 }",
	  .words = "element removed from map net4", .nft = "10\\.12\\." },
	{ "interval widened by one",
	  "delete element %T net4 { 10.12.0.0-10.12.0.254 }; "
	  "add element %T net4 { 10.12.0.0-10.12.0.255 : %<lgwan> }",
	  .words = ELEM("net4"), .nft = "10\\.12\\." },
	{ "interval given to another zone",
	  "delete element %T net6 { fd00:13::-fd00:13::ffff:ffff:ffff:ffff }; "
	  "add element %T net6 { fd00:13::-fd00:13::ffff:ffff:ffff:ffff : "
	  "%<lgwan> }",
	  .words = ELEM("net6"), .nft = "fd00:13::" },
	{ "MAC added",
	  "add element %T macs { %[patch] . original . 02:66:66:66:66:66 }",
	  .words = "element added to set macs", .nft = "02:66:66:66:66:66" },
	{ "MAC deleted",
	  "delete element %T macs { %[patch] . reply . 02:00:00:00:12:10 }",
	  .words = "element removed from set macs",
	  .nft = "02:00:00:00:12:10" },
	{ "entry added: a class by another interface",
	  "add element %T entries { \"inet\" . %<mynum> }",
	  .words = "element added to set entries", .nft = "inet" },
	{ "interface added", "add element %T interfaces { \"evil0\" }",
	  .words = "element added to set interfaces", .nft = "evil0" },
	{ "ICMP type added", "add element %T icmp_errors { redirect }",
	  .words = "element added to set icmp_errors" },
	{ "map that catches all", "add element %T live { * : accept }",
	  .words = "catch-all element added to map live" },
	{ "set that catches all", "add element %T macs { * }",
	  .words = "catch-all element added to set macs" },
	{ "catching all, by netlink", .carry_out = raw_catch_all,
	  .words = "catch-all element added to map live_in" },
	/* of which nft 1.0.6 dies */
	{ "intervals that catch all, by netlink",
	  .carry_out = raw_interval_catch_all,
	  .words = "catch-all element added to map net4" },
	{ "verdict map flushed", "flush map %T live",
	  .words = "removed from map live", .at_least = 4 },
	{ "set flushed", "flush set %T macs", .words = "removed from set macs",
	  .at_least = 2 },
	{ "intervals flushed", "flush map %T rare_net6",
	  .words = "removed from map rare_net6", .at_least = 5 },
	{ "1,000 elements at once", .carry_out = many_elems,
	  .words = "element added to map hh4", .at_least = 1000 },
	{ "1,000 intervals at once", .carry_out = many_intervals,
	  .words = "element added to map net4", .at_least = 1000 },

	/* sets and objects */
	{ "set added", "add set %T evil { type ipv4_addr; }",
	  .words = "set (evil )?(was )?added" },
	{ "set added, with elements that time out",
	  "add set %T evil { type mark; flags timeout; "
	  "elements = { 0x1 timeout 1h }; }",
	  .words = "set (evil )?(was )?added" },
	{ "map added",
	  "add map %T evil { type ipv4_addr : verdict; "
	  "elements = { 10.0.0.1 : accept }; }",
	  .words = "map (evil )?(was )?added" },
	{ "set deleted, with the rule that uses it",
	  "delete rule %T input handle %{input 6}; delete set %T mld_queries",
	  .words = "set (mld_queries )?(was )?(removed|deleted)" },
	{ "counter added", "add counter %T evil", .words = "." },
	{ "quota added, and used",
	  "add quota %T evil { over 1 mbytes }; "
	  "insert rule %T forward quota name \"evil\" accept",
	  .words = "." },
	{ "limit added", "add limit %T evil { rate 400/minute }",
	  .words = "." },

	/* the table */
	{ "table dormant", "add table %T { flags dormant; }",
	  .words = "dormant|table.*(asleep|switched off|flags)" },
	{ "table dormant, by netlink", .carry_out = raw_dormant,
	  .words = "dormant|table.*(asleep|switched off|flags)" },
	{ "table deleted", "delete table %T",
	  .words = "table inet sekimori deleted" },
	{ "table deleted, by netlink", .carry_out = raw_table_gone,
	  .words = "table inet sekimori deleted" },
	{ "table deleted and made anew, empty", "delete table %T; add table %T",
	  .words = "chain|table" },
	{ "table deleted and made anew, of the same shape, accepting",
	  .carry_out = own_shape_accepting,
	  .words = "policy of chain forward|rule", .nft = "accept" },
	{ "table stolen, as long as the thief lives",
	  .carry_out = steal_for_a_life,
	  .words = "table taken over by another owner" },
	{ "table stolen, and left behind", .carry_out = steal_for_good,
	  .words = "table taken over by another owner" },
	{ "flush ruleset", "flush ruleset",
	  .words = "table inet sekimori deleted", .owned = OWNED_SKIPPED },
	{ "flush ruleset, twenty times", .carry_out = flush_in_a_loop,
	  .words = "table inet sekimori deleted", .owned = OWNED_SKIPPED },
	{ "flush table", "flush table %T", .words = "rule removed",
	  .at_least = 50 },
	{ "its own text once more", .carry_out = own_text_again,
	  .words = "rule added", .at_least = 50 },
	{ "something of everything, by netlink", .carry_out = raw_medley,
	  .words = "policy of chain forward", .at_least = 10 },

	/* who did it */
	{ "by one who is gone at once", .carry_out = gone_at_once,
	  .words = RULE_ADDED("input") },
	{ "by two at the same time", .carry_out = two_at_once,
	  .words = "rule added to chain (input|forward)" },

	/* noise */
	{ "rule deleted in a transaction with 100,000 foreign elements",
	  .carry_out = rule_gone_in_large_transaction,
	  .words = RULE_GONE("forward"), .undo = UNDO_NOISE },
	{ "rule deleted behind 100,000 foreign elements",
	  .carry_out = rule_gone_amid_elements, .words = RULE_GONE("forward"),
	  .undo = UNDO_NOISE },
	{ "rule deleted amid foreign transactions",
	  .carry_out = rule_gone_amid_noise, .words = RULE_GONE("forward"),
	  .undo = UNDO_NOISE },

	/* what is not ours */
	{ "packets sent past us by a foreign table in ingress",
	  "add table netdev evil; add chain netdev evil i "
	  "{ type filter hook ingress device \"inet\" priority 0; }; "
	  "add rule netdev evil i fwd to \"mynum\"",
	  .words = "evil", .remedy = REMEDY_REPORTED, .owned = OWNED_NOT,
	  .undo = "delete table netdev evil" },
	{ "addresses translated by a foreign table",
	  "add table ip evil; add chain ip evil p "
	  "{ type nat hook prerouting priority -100; }; "
	  "add rule ip evil p tcp dport 443 dnat to 10.13.0.20",
	  .words = "evil", .remedy = REMEDY_REPORTED, .owned = OWNED_NOT,
	  .undo = "delete table ip evil" },
	{ "marks set by a foreign table",
	  "add table ip evil; add chain ip evil p "
	  "{ type filter hook prerouting priority -150; }; "
	  "add rule ip evil p ct mark set %[media]",
	  .words = "evil", .remedy = REMEDY_REPORTED, .owned = OWNED_NOT,
	  .undo = "delete table ip evil" },
};

const size_t n_attacks = sizeof(attacks) / sizeof(*attacks);
