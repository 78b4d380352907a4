// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policies. Easy to get wrong: a list of one entry is the same as that
 * address, whatever its name; so all lists here have two at least.
 */
#include "gate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RECUT_SOURCES "10.3.0.0/24\n10.3.1.0/24\n"

void gate_addr(char text[static 16], unsigned int net, unsigned int nth)
{
	snprintf(text, 16, "10.%u.%u.%u", net & 0xff, 20 + nth / 250 % 235,
		 nth % 250 + 1);
}

int gate_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void write_zones(FILE *f, const struct shape *shape)
{
	static const char *const names[] = { "ein", "eout", "nin", "nout",
					     "fin", "fout", "xin", "xout" };
	unsigned int i;

	fprintf(f, "zones = (");
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		fprintf(f,
			"%s{ name = \"%s\"; layer = \"other\"; interfaces = "
			"[ \"%s\" ]; networks = [ \"10.%u.0.0/16\" ]; }",
			i ? ",\n" : "\n", names[i], names[i], i + 1);
	if (shape->zone)
		fprintf(f, ",\n{ name = \"more\"; layer = \"other\"; "
			   "interfaces = [ \"more\" ]; networks = "
			   "[ \"10.9.0.0/16\", \"fd09::/16\" ]; }");
	fprintf(f, "\n);\n");
}

static void write_conduit(FILE *f, const char *name, const char *from,
			  const char *to, const char *service)
{
	fprintf(f,
		",\n{ name = \"%s\"; kind = \"plain\"; from = [ \"%s\" ]; to = "
		"[ \"%s\" ]; services = [ \"%s\" ]; }",
		name, from, to, service);
}

static void write_conduits(FILE *f, const struct shape *shape)
{
	char name[16], from[16], to[16], service[16];
	unsigned int i;

	for (i = 0; i < shape->n; i++) {
		bool moved = shape->moved && !(i % shape->moved);

		snprintf(name, sizeof(name), "c%u", i);
		gate_addr(from, 5, i);
		gate_addr(to, 6, i);
		snprintf(service, sizeof(service), "udp/%d",
			 moved ? GATE_OTHER_PORT : GATE_PORT);
		write_conduit(f, name, from, to, service);
	}
	if (shape->zone)
		write_conduit(f, "more", "more", "fout", "udp/4000");
	if (shape->recut)
		write_conduit(f, "recut", "sources", "nout", "tcp/4000");
}

static void write_conf(FILE *f, const struct shape *shape)
{
	char service[32];

	fprintf(f, "format = 1;\ngateway = { name = \"gate\"; model = "
		   "\"alpha\"; guideline = \"R7.3\"; };\n");
	write_zones(f, shape);
	fprintf(f, "hosts = (\n"
		   "{ name = \"eh\"; zone = \"eout\"; addresses = "
		   "[ \"" GATE_ESTABLISHED_HOST "\" ]; },\n"
		   "{ name = \"nh\"; zone = \"nout\"; addresses = "
		   "[ \"" GATE_NEW_HOST "\" ]; },\n"
		   "{ name = \"xh\"; zone = \"xout\"; addresses = "
		   "[ \"" GATE_CROSSED_HOST "\" ]; }\n);\n"
		   "lists = (\n"
		   "{ name = \"from-p\"; file = \"from-p.list\"; },\n"
		   "{ name = \"from-q\"; file = \"from-q.list\"; },\n"
		   "{ name = \"to-p\"; file = \"to-p.list\"; },\n"
		   "{ name = \"to-q\"; file = \"to-q.list\"; }");
	if (shape->recut)
		fprintf(f, ",\n{ name = \"sources\"; file = \"sources.list\"; "
			   "}");
	snprintf(service, sizeof(service), "udp/%d-%u", GATE_PORT,
		 shape->last ? shape->last : GATE_PORT);
	fprintf(f,
		"\n);\nconduits = (\n"
		"{ name = \"est\"; kind = \"plain\"; from = [ \"ein\" ]; "
		"to = [ \"eout\" ]; services = [ \"%s\" ]; }",
		service);
	write_conduit(f, "new", "nin", "nout", service);
	write_conduit(f, "cross-p", "from-p", "to-p", "udp/4000");
	write_conduit(f, "cross-q", "from-q", "to-q", "udp/4000");
	write_conduits(f, shape);
	fprintf(f, "\n);\n");
}

static int write_file(const struct field *field, const char *name,
		      const char *text)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", field->launch.dir, name);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	fchmod(fileno(f), 0600);
	fputs(text, f);
	return fclose(f) ? -EIO : 0;
}

/* Source with destination in p and q, or in q and p: no conduit either way */
static int write_lists(const struct field *field, const struct shape *shape)
{
	const char *p = shape->crossed ? "from-q.list" : "from-p.list";
	const char *not_p = shape->crossed ? "from-p.list" : "from-q.list";
	const char *q = shape->crossed ? "to-p.list" : "to-q.list";
	const char *not_q = shape->crossed ? "to-q.list" : "to-p.list";
	int rc;

	rc = write_file(field, p,
			"10.7.0.1\n10.7.0.2\n" GATE_CROSSED_SOURCE "\n");
	if (!rc)
		rc = write_file(field, not_p, "10.7.0.3\n10.7.0.4\n");
	if (!rc)
		rc = write_file(field, q,
				"10.8.0.1\n10.8.0.2\n" GATE_CROSSED_HOST "\n");
	if (!rc)
		rc = write_file(field, not_q, "10.8.0.3\n10.8.0.4\n");
	if (!rc)
		rc = write_file(field, "sources.list", RECUT_SOURCES);
	return rc;
}

int gate_write(const struct field *field, const struct shape *shape)
{
	FILE *f;
	int rc = write_lists(field, shape);

	if (rc)
		return rc;
	f = fopen(field->config, "we");
	if (!f)
		return -errno;
	write_conf(f, shape);
	fprintf(f, "watch = { ownership = %s; };\n",
		shape->free ? "false" : "true");
	return fclose(f) ? -EIO : 0;
}

/* The first configuration, in a directory of its own */
static int write_first(struct field *first, const struct shape *shape)
{
	FILE *f;
	int rc = launch_init(&first->launch);

	if (rc)
		return rc;
	if (asprintf(&first->config, "%s/gate.conf", first->launch.dir) < 0)
		abort();
	rc = write_lists(first, shape);
	f = rc ? NULL : fopen(first->config, "we");
	if (!f)
		return rc ? rc : -errno;
	write_conf(f, shape);
	return fclose(f) ? -EIO : 0;
}

int gate_open(struct field *field, const char *build, const struct shape *shape)
{
	struct field first = { 0 };
	mode_t mask = umask(077);
	int rc = write_first(&first, shape);

	memset(field, 0, sizeof(*field));
	if (!rc)
		rc = field_open(field, build, first.config,
				shape->free ?
					"watch = { ownership = false; };" :
					"watch = { ownership = true; };");
	launch_finish(&first.launch);
	free(first.config);
	umask(mask);
	return rc;
}

int gate_reload(struct field *field, bool edited)
{
	json_t *answer;
	int status, rc = 0;

	answer = field_ask(field, "reload", &status);
	if (status || !answer) {
		fprintf(stderr, "the reload failed with status %d\n", status);
		json_dumpf(answer, stderr, 0);
		field_print_log(field);
		rc = -EIO;
	} else if (json_is_true(json_object_get(answer, "edited")) != edited) {
		fprintf(stderr, "the table was %schanged\n",
			edited ? "not " : "");
		rc = -EPROTO;
	}
	json_decref(answer);
	return rc;
}
