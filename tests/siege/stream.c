// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frames. Easy to get wrong: a packet of an established connection that is
 * not seen may also have been lost by this machine, which must not be laid to
 * a repair; so rounds are short, each is waited for to its end, and what the
 * kernel says that it dropped before any rule saw it is counted.
 */
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../packets/wire.h"

#define PER_ROUND 8 /* of each kind */
#define MEDIA_PORT 20000
#define AWAIT_USEC (20 * 1000000ull)

static struct probe probe_of(const struct field *field, const char *src,
			     const char *dst, uint16_t port)
{
	struct probe probe = { .iif = "lgwan",
			       .proto = IPPROTO_UDP,
			       .sport = 30000,
			       .dport = port };

	if (addr_parse(src, &probe.src) || addr_parse(dst, &probe.dst))
		abort();
	probe.src_mac = topology_mac(field->topology, &probe.src);
	return probe;
}

static struct mac gateway_mac(const struct field *field, const char *iif)
{
	return topology_link_by_name(field->topology, iif)->mac;
}

/**
 * struct round - what is on its way
 * @first_id: of the first frame; kind by kind
 */
struct round {
	struct stream_counts *counts;
	uint64_t first_id;
};

static void round_see(const struct sighting *sighting, void *data)
{
	const struct round *round = data;
	uint64_t nth = sighting->view.id - round->first_id;

	if (!sighting->view.has_id || sighting->view.is_error ||
	    nth >= STREAM_KINDS * PER_ROUND)
		return;
	round->counts->passed[nth / PER_ROUND]++;
}

/* Frame @n of a kind in this round */
static void build(const struct field *field, enum stream_kind kind,
		  unsigned int n, uint64_t id, struct frame *frame)
{
	struct mac mac = gateway_mac(field, "lgwan");
	bool is_v4 = kind == STREAM_PERMITTED || n % 2;
	struct probe probe =
		probe_of(field, is_v4 ? "10.12.0.101" : "fd00:12::101",
			 is_v4 ? "10.13.0.20" : "fd00:13::20", MEDIA_PORT);

	if (kind != STREAM_PERMITTED) {
		probe.dport = kind == STREAM_OPENED ? STREAM_OPENED_PORT :
						      STREAM_CLOSED_PORT;
		/* each is a first packet, as what was dropped leaves nothing;
		 * what passed once is known, and must not pass again */
		probe.sport = (uint16_t)(20000 + id % 8192);
	}
	frame_build(frame, &probe, &mac, id, NULL);
}

static int send_round(const struct field *field, struct wire *wire,
		      struct round *round)
{
	struct frame frame;
	unsigned int kind, n;
	int rc = 0;

	for (kind = 0; kind < STREAM_KINDS; kind++)
		for (n = 0; !rc && n < PER_ROUND; n++) {
			uint64_t id = wire_id(wire);

			if (!kind && !n)
				round->first_id = id;
			build(field, kind, n, id, &frame);
			rc = wire_send(wire, "lgwan", &frame);
			round->counts->sent[kind]++;
		}
	return rc;
}

static void see_nothing(const struct sighting *sighting, void *data)
{
	(void)sighting;
	(void)data;
}

/* There and back, so that the connection is established */
static int establish(const struct field *field, struct wire *wire)
{
	struct mac mac = gateway_mac(field, "inet");
	struct probe back;
	struct frame frame;
	int rc;

	build(field, STREAM_PERMITTED, 0, wire_id(wire), &frame);
	rc = wire_send(wire, "lgwan", &frame);
	if (!rc)
		rc = wire_collect(wire, see_nothing, NULL);
	back = probe_of(field, "10.13.0.20", "10.12.0.101", 30000);
	back.iif = "inet";
	back.sport = MEDIA_PORT;
	frame_build(&frame, &back, &mac, wire_id(wire), NULL);
	if (!rc)
		rc = wire_send(wire, "inet", &frame);
	if (!rc)
		rc = wire_collect(wire, see_nothing, NULL);
	return rc;
}

static uint64_t machine_losses(void)
{
	FILE *file = fopen("/proc/net/softnet_stat", "re");
	unsigned int lost;
	uint64_t sum = 0;

	if (!file)
		return 0;
	while (fscanf(file, "%*x %x%*[^\n]", &lost) == 1)
		sum += lost;
	fclose(file);
	return sum;
}

/* Whole rounds only, so that what was sent can be held against what passed */
static void publish(volatile struct stream_counts *counts,
		    const struct stream_counts *now)
{
	unsigned int kind;

	for (kind = 0; kind < STREAM_KINDS; kind++) {
		counts->sent[kind] = now->sent[kind];
		counts->passed[kind] = now->passed[kind];
	}
	counts->lost =
		now->sent[STREAM_PERMITTED] - now->passed[STREAM_PERMITTED];
	counts->lost_by_machine = now->lost_by_machine;
	__sync_synchronize();
	counts->rounds++;
}

static void run(const struct field *field,
		volatile struct stream_counts *counts)
{
	struct stream_counts now = { 0 };
	struct round round = { .counts = &now };
	uint64_t losses = machine_losses();
	struct wire *wire = NULL;
	int rc = wire_open(field->topology, &wire);

	if (!rc)
		rc = establish(field, wire);
	while (!rc && !counts->stop) {
		rc = send_round(field, wire, &round);
		if (!rc)
			rc = wire_collect(wire, round_see, &round);
		now.lost_by_machine = machine_losses() - losses;
		if (!rc)
			publish(counts, &now);
	}
	wire_close(wire);
	counts->error = rc;
	__sync_synchronize();
	counts->ended = true;
}

int stream_start(struct field *field, struct stream *stream)
{
	pid_t parent = getpid();

	stream->counts = mmap(NULL, sizeof(*stream->counts),
			      PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stream->counts == MAP_FAILED)
		return -errno;
	stream->child = fork();
	if (!stream->child) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(126);
		run(field, stream->counts);
		_exit(0);
	}
	if (stream->child < 0)
		return -errno;
	return stream_await(stream);
}

int stream_await(const struct stream *stream)
{
	const struct timespec moment = { 0, 200 * 1000 };
	uint64_t wanted = stream->counts->rounds + 2;
	uint64_t deadline = now_usec() + AWAIT_USEC;

	while (stream->counts->rounds < wanted) {
		if (stream->counts->ended)
			return stream->counts->error;
		if (now_usec() > deadline)
			return -ETIMEDOUT;
		nanosleep(&moment, NULL);
	}
	return 0;
}

int stream_stop(struct stream *stream, struct stream_counts *counts)
{
	int rc;

	stream->counts->stop = true;
	if (stream->child > 0)
		waitpid(stream->child, NULL, 0);
	if (counts)
		memcpy(counts, (const void *)stream->counts, sizeof(*counts));
	rc = stream->counts->error;
	munmap((void *)stream->counts, sizeof(*stream->counts));
	return rc;
}
