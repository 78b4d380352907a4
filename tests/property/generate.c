// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random configurations for the property tests. Numbers come from small pools,
 * so that conduits overlap, prefixes nest and ports collide. Easy to get
 * wrong: what is too random hardly ever meets itself, and then the tests test
 * nothing but default deny.
 */
#include "generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "conf.h"
#include "load.h"

#define ZONES_MAX 6
#define HOSTS_MAX 4

struct plan {
	unsigned int n_zones;
	struct {
		unsigned int n_ifs, n_hosts;
		bool ip4, ip6, wide, whole, routed;
	} zones[ZONES_MAX];
	bool has_list;
};

static void write_zone(FILE *f, struct dice *dice, struct plan *plan,
		       unsigned int z)
{
	static const char *const layers[] = { "other", "other", "lgwan",
					      "internet" };
	const char *comma = "";
	unsigned int i;

	plan->zones[z].n_ifs = 1 + dice_chance(dice, 30);
	plan->zones[z].ip4 = dice_chance(dice, 80);
	plan->zones[z].ip6 = !plan->zones[z].ip4 || dice_chance(dice, 60);
	plan->zones[z].wide = dice_chance(dice, 40);
	plan->zones[z].routed = dice_chance(dice, 25);
	plan->zones[z].whole = z == plan->n_zones - 1 && dice_chance(dice, 40);
	fprintf(f, "  { name = \"z%u\"; layer = \"%s\"; interfaces = [", z,
		layers[z == 0 ? 0 : dice_roll(dice, 4)]);
	for (i = 0; i < plan->zones[z].n_ifs; i++)
		fprintf(f, "%s \"e%u.%u\"", i ? "," : "", z, i);
	fprintf(f, " ]; networks = [");
	if (plan->zones[z].ip4) {
		fprintf(f, " \"10.%u.0.0/24\"", z);
		if (plan->zones[z].wide)
			fprintf(f, ", \"10.%u.64.0/18\"", z);
		if (plan->zones[z].whole)
			fprintf(f, ", \"0.0.0.0/0\"");
		comma = ",";
	}
	if (plan->zones[z].ip6) {
		fprintf(f, "%s \"fd00:%u::/64\"", comma, z);
		if (plan->zones[z].whole)
			fprintf(f, ", \"::/0\"");
	}
	fprintf(f, " ];%s", plan->zones[z].whole ? " external = true;" : "");
	if (plan->zones[z].routed)
		fprintf(f, " next_hop_mac = \"02:00:00:00:%02x:fe\";", z);
	fprintf(f, " }");
}

static void write_hosts(FILE *f, struct dice *dice, struct plan *plan)
{
	unsigned int z, h;
	bool first = true;

	fprintf(f, "hosts = (\n");
	for (z = 0; z < plan->n_zones; z++) {
		plan->zones[z].n_hosts = dice_roll(dice, HOSTS_MAX + 1);
		for (h = 0; h < plan->zones[z].n_hosts; h++) {
			fprintf(f,
				"%s  { name = \"h%u.%u\"; zone = \"z%u\"; "
				"addresses = [",
				first ? "" : ",\n", z, h, z);
			if (plan->zones[z].ip4)
				fprintf(f, " \"10.%u.0.%u\"", z, 10 + h);
			if (plan->zones[z].ip6)
				fprintf(f, "%s \"fd00:%u::%x\"",
					plan->zones[z].ip4 ? "," : "", z,
					0x10 + h);
			fprintf(f, " ];");
			if (!plan->zones[z].routed)
				fprintf(f, " mac = \"02:00:00:00:%02x:%02x\";",
					z, h);
			fprintf(f, " }");
			first = false;
		}
	}
	fprintf(f, " );\n");
}

/* Whether traffic of such an end could be bound to a MAC */
static bool write_end(FILE *f, struct dice *dice, const struct plan *plan)
{
	unsigned int z = dice_roll(dice, plan->n_zones);
	bool routed = plan->zones[z].routed;

	switch (dice_roll(dice, 10)) {
	case 0:
		fprintf(f, "\"gateway\"");
		return true;
	case 1:
	case 2:
		fprintf(f, "\"z%u\"", z);
		return routed;
	case 3:
		if (plan->zones[z].ip4)
			fprintf(f, "\"10.%u.0.%u/%u\"", z,
				dice_roll(dice, 2) * 16, 28u);
		else
			fprintf(f, "\"fd00:%u::/%u\"", z,
				112 + 4 * dice_roll(dice, 4));
		return routed;
	case 4:
		if (plan->zones[z].ip4)
			fprintf(f, "\"10.%u.0.%u\"", z, 9 + dice_roll(dice, 4));
		else
			fprintf(f, "\"fd00:%u::%x\"", z, dice_roll(dice, 20));
		return false;
	case 5:
		if (plan->has_list) {
			fprintf(f, "\"l0\"");
			return plan->zones[0].routed;
		}
	/* fall through */
	default:
		if (!plan->zones[z].n_hosts) {
			fprintf(f, "\"z%u\"", z);
			return routed;
		}
		fprintf(f, "\"h%u.%u\"", z,
			dice_roll(dice, plan->zones[z].n_hosts));
		return true;
	}
}

static void write_service(FILE *f, struct dice *dice)
{
	static const char *const protos[] = { "tcp", "udp", "sctp" };
	unsigned int first = 40 + dice_roll(dice, 8);

	switch (dice_roll(dice, 8)) {
	case 0:
		fprintf(f, "\"icmp/echo-request\"");
		break;
	case 1:
		fprintf(f, "\"icmpv6/echo-request\"");
		break;
	case 2:
		fprintf(f, "\"%s/%u-%u\"", protos[dice_roll(dice, 3)], first,
			first + 1 + dice_roll(dice, 8));
		break;
	case 3:
		fprintf(f, "\"%s/%u-%u\"", protos[dice_roll(dice, 2)], first,
			first + 64 + 100 * dice_roll(dice, 3));
		break;
	default:
		fprintf(f, "\"%s/%u\"", protos[dice_roll(dice, 2)], first);
		break;
	}
}

static void write_windows(FILE *f, struct dice *dice)
{
	static const char *const days[] = { "daily", "Mon-Fri", "Sat-Mon",
					    "Wed" };
	unsigned int n = 1 + dice_roll(dice, 3), i, from, length;

	fprintf(f, " windows = [");
	for (i = 0; i < n; i++) {
		from = dice_roll(dice, 86400);
		length = 1 + dice_roll(dice, 86399);
		if (dice_chance(dice, 20)) {
			from = 0;
			length = 86400;
		}
		fprintf(f, "%s \"%s %02u:%02u:%02u-", i ? "," : "",
			days[dice_roll(dice, 4)], from / 3600, from / 60 % 60,
			from % 60);
		from += length;
		from -= from > 86400 ? 86400 : 0;
		fprintf(f, "%02u:%02u:%02u\"", from / 3600, from / 60 % 60,
			from % 60);
	}
	fprintf(f, " ];");
}

static void write_conduit(FILE *f, struct dice *dice, const struct plan *plan,
			  unsigned int c)
{
	bool can_bind;
	unsigned int n, i;

	fprintf(f, "  { name = \"c%u\"; kind = \"plain\"; from = [ ", c);
	can_bind = write_end(f, dice, plan);
	fprintf(f, " ]; to = [ ");
	can_bind = write_end(f, dice, plan) && can_bind;
	fprintf(f, " ]; services = [ ");
	n = 1 + dice_roll(dice, 3);
	for (i = 0; i < n; i++) {
		fprintf(f, "%s", i ? ", " : "");
		write_service(f, dice);
	}
	fprintf(f, " ];%s",
		can_bind && dice_chance(dice, 40) ? " bind = \"mac\";" : "");
	if (dice_chance(dice, 10))
		fprintf(f, " valid_until = \"%s-01-01\";",
			dice_chance(dice, 50) ? "2020" : "2090");
	if (dice_chance(dice, 5))
		fprintf(f, " valid_from = \"%s-01-01\";",
			dice_chance(dice, 50) ? "2020" : "2027");
	if (dice_chance(dice, 25))
		write_windows(f, dice);
	fprintf(f, " }");
}

static void write_list(struct dice *dice, char **list)
{
	size_t len;
	FILE *f = open_memstream(list, &len);

	fprintf(f, "# addresses in zone z0\n10.0.0.%u/29\n10.0.0.%u/32\n",
		8 * dice_roll(dice, 4), 10 + dice_roll(dice, 4));
	fclose(f);
}

void generate_conf(struct dice *dice, char **conf, char **list)
{
	struct plan plan = { .n_zones = 2 + dice_roll(dice, ZONES_MAX - 1) };
	unsigned int z, c, n = 3 + dice_roll(dice, 20);
	size_t len;
	FILE *f = open_memstream(conf, &len);

	fprintf(f, "format = 1;\ngateway = { name = \"gw\"; model = \"alpha\"; "
		   "guideline = \"R7.3\"; };\nzones = (\n");
	for (z = 0; z < plan.n_zones; z++) {
		write_zone(f, dice, &plan, z);
		fprintf(f, "%s", z + 1 < plan.n_zones ? ",\n" : " );\n");
	}
	write_hosts(f, dice, &plan);
	plan.has_list = plan.zones[0].ip4 && dice_chance(dice, 50);
	if (plan.has_list)
		fprintf(f, "lists = ( { name = \"l0\"; file = \"l0\"; } );\n");
	fprintf(f, "conduits = (\n");
	for (c = 0; c < n; c++) {
		write_conduit(f, dice, &plan, c);
		fprintf(f, "%s", c + 1 < n ? ",\n" : " );\n");
	}
	fclose(f);
	write_list(dice, list);
}

const struct policy *generate_accept(const char *conf, const char *list,
				     struct arena *arena)
{
	struct model *model = conf_new(NULL, arena);
	struct diag diag;
	size_t i;

	diag_init(&diag, arena);
	conf_parse(model, "random.conf", conf, strlen(conf), &diag);
	for (i = 0; i < model->n_lists; i++)
		conf_parse_list(model, &model->lists[i], "l0", list,
				strlen(list), &diag);
	conf_finish(model, "random.conf", &diag);
	for (;;) {
		const struct policy *policy = load_policy(model, &diag);
		size_t kept = 0, k;

		if (policy)
			return policy;
		for (i = 0; i < model->n_conduits; i++) {
			bool blamed = false;

			for (k = 0; k < diag.n_findings; k++)
				blamed |= diag.findings[k].at.line ==
					  model->conduits[i].name.at.line;
			if (!blamed)
				model->conduits[kept++] = model->conduits[i];
		}
		if (kept == model->n_conduits)
			return NULL;
		model->n_conduits = kept;
		diag_init(&diag, arena);
	}
}

const struct policy *generate_policy(struct dice *dice, struct arena *arena,
				     char **conf)
{
	for (;;) {
		const struct policy *policy;
		char *text, *list;

		generate_conf(dice, &text, &list);
		policy = generate_accept(text, list, arena);
		free(list);
		if (policy && conf)
			*conf = text;
		else
			free(text);
		if (policy)
			return policy;
	}
}

/* One character of a line, if there is such a one, becomes another. */
static void mutate_line(struct dice *dice, char *line)
{
	static const struct {
		const char *find;
		int offset;
		const char *put;
	} ways[] = {
		{ "tcp/", 5, "0123456789" },
		{ "udp/", 5, "0123456789" },
		{ "services = [ \"tcp", 14, "t" },
		{ "from = [ \"z", 11, "0123" },
		{ "to = [ \"z", 9, "0123" },
		{ "from = [ \"h", 13, "0123" },
		{ "to = [ \"h", 11, "0123" },
		{ "name = \"c", 8, "abcdefg" },
		{ "valid_until = \"20", 17, "29" },
		{ "bind = \"mac", 7, " " },
		{ "/24", 2, "45" },
		{ "mac = \"02:00:00:00:", 20, "0123" },
		{ "addresses = [ \"10.", 22, "1234" },
		{ "00.0.0.0/0", 0, "1" },
	};
	size_t i = dice_roll(dice, sizeof(ways) / sizeof(ways[0]));
	char *at = strstr(line, ways[i].find);

	if (!at || strlen(at) <= (size_t)ways[i].offset)
		return;
	if (!strncmp(ways[i].find, "bind", 4))
		memset(at, ' ', strlen("bind = \"mac\";"));
	else
		at[ways[i].offset] =
			ways[i].put[dice_roll(dice, strlen(ways[i].put))];
}

/* Conduits of the text, one a line, less what separates them */
static size_t cut_conduits(char *text, char **lines, size_t max)
{
	char *at = strstr(text, "conduits = (\n"), *end;
	size_t n = 0;

	at = strchr(at, '\n');
	*at++ = '\0';
	for (; n < max && *at; at = end + 1) {
		end = strchr(at, '\n');
		*end = '\0';
		lines[n++] = at;
		if (end[-1] == ',')
			end[-1] = '\0';
		else
			end[-3] = '\0';
	}
	return n;
}

char *generate_mutation(struct dice *dice, const char *conf)
{
	char *text = strdup(conf), *lines[64], *out, *swap;
	size_t n = cut_conduits(text, lines, 64), i, k, len;
	unsigned int changes = dice_roll(dice, 5);
	FILE *f = open_memstream(&out, &len);

	while (changes--) {
		i = dice_roll(dice, n);
		k = dice_roll(dice, n);
		switch (dice_roll(dice, 5)) {
		case 0:
			if (n > 1)
				lines[i] = lines[--n];
			break;
		case 1:
			swap = lines[i];
			lines[i] = lines[k];
			lines[k] = swap;
			break;
		case 2:
			mutate_line(dice, text + dice_roll(dice, strlen(text)));
			break;
		default:
			mutate_line(dice, lines[i]);
			break;
		}
	}
	fprintf(f, "%s\n", text);
	for (i = 0; i < n; i++)
		fprintf(f, "%s%s\n", lines[i], i + 1 < n ? "," : " );");
	fclose(f);
	free(text);
	return out;
}

void generate_pair(struct dice *dice, struct arena *arena,
		   struct generate_pair *pair)
{
	char *list, *other_list, *unused;

	generate_conf(dice, &pair->conf[0], &list);
	generate_conf(dice, &unused, &other_list);
	free(unused);
	pair->conf[1] = generate_mutation(dice, pair->conf[0]);
	pair->policy[0] = generate_accept(pair->conf[0], list, arena);
	pair->policy[1] = generate_accept(
		pair->conf[1], dice_roll(dice, 4) ? list : other_list, arena);
	free(list);
	free(other_list);
}

void generate_pair_free(struct generate_pair *pair)
{
	free(pair->conf[0]);
	free(pair->conf[1]);
}
