# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            build/sekimorid, build/sekimorictl
# make check      unit tests: no root, under a minute
# make test       everything; needs root, for namespaces of its own
# make install    DESTDIR, PREFIX and the like are honoured

VERSION := 0.1.0
# when it was released, seconds since 1970 UTC: no right clock shows less
RELEASED := 1793491200
PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
EXAMPLEDIR ?= $(PREFIX)/share/doc/sekimori/examples
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d

B := build
CC ?= cc
PKG_CONFIG ?= pkg-config

LIB_PKGS := libnftnl libmnl libconfig jansson libcrypto
DAEMON_PKGS := libsystemd libcap-ng libnl-route-3.0 libnl-3.0 \
	libnetfilter_conntrack
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIB_PKGS) $(DAEMON_PKGS))
LIB_LIBS := $(shell $(PKG_CONFIG) --libs $(LIB_PKGS))
DAEMON_LIBS := $(shell $(PKG_CONFIG) --libs $(DAEMON_PKGS))
CHECK_CFLAGS = $(shell $(PKG_CONFIG) --cflags check)
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs check)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wformat=2 -Wundef -Wwrite-strings
CFLAGS ?= -O2 -g
FORTIFY ?= -D_FORTIFY_SOURCE=2
HARDEN := -fstack-protector-strong -fPIE
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(HARDEN) $(FORTIFY) -D_GNU_SOURCE \
	-DSEKIMORI_VERSION='"$(VERSION)"' -DSEKIMORI_RELEASED=$(RELEASED) \
	-Ilib $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)

LIB_OBJS := $(patsubst %.c,$B/%.o,$(wildcard lib/*.c))
CTL_ONLY := $(addprefix $B/daemon/,sekimorictl.o argument.o call.o ledger.o offline.o \
	render.o render_allow.o render_change.o render_plan.o request.o table.o)
CTL_OBJS := $(CTL_ONLY) $(addprefix $B/daemon/,actor.o day.o durable.o \
	escape.o file.o finding.o journal.o log.o record.o varlink.o)
DAEMON_OBJS := $(filter-out $(CTL_ONLY),\
	$(patsubst %.c,$B/%.o,$(wildcard daemon/*.c)))

all: $B/sekimorid $B/sekimorictl

$B/libsekimori.a: $(LIB_OBJS)
	rm -f $@
	$(AR) rcs $@ $^

$B/sekimorid: $(DAEMON_OBJS) $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS) $(DAEMON_LIBS)

$B/sekimorictl: $(CTL_OBJS) $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$B/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Check suites over lib/, one a module
$B/tests/unit/unit: $(patsubst %.c,$B/%.o,$(wildcard tests/unit/*.c)) \
		$(addprefix $B/tests/property/,dice.o generate.o reference.o) \
		$B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(LIB_LIBS)

# What must come out, byte for byte; and what must hold for any policy
$B/tests/golden/golden: $B/tests/golden/golden.o $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(addprefix $B/tests/property/,bridge eval plan): $B/tests/property/%: \
		$B/tests/property/%.o $(addprefix $B/tests/property/,dice.o \
		generate.o probes.o reference.o) $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$B/tests/property/reconcile $B/tests/property/suspect: \
		$B/tests/property/%: $B/tests/property/%.o \
		$B/tests/property/dice.o $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$B/tests/property/kernel: $(addprefix $B/tests/property/,kernel.o tamper.o \
		dice.o generate.o) $B/daemon/look.o $B/daemon/nft.o $B/daemon/day.o \
		$B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# Costs, as ratios; prints and judges nothing
$B/tests/bench/packets: $(addprefix $B/tests/bench/,packets.o inject.o)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^

$B/tests/bench/load: $B/tests/bench/load.o $B/daemon/look.o $B/daemon/nft.o \
		$B/daemon/day.o $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# Real packets through a real kernel
PROBE_OBJS := $(addprefix $B/tests/property/,dice.o reference.o) $(addprefix $B/tests/packets/,\
	check.o frames.o random.o topology.o wire.o)

$B/tests/packets/packets: $(PROBE_OBJS) $(addprefix $B/tests/packets/,\
		packets.o launch.o table.o story.o flows.o forms.o own.o) \
		$B/daemon/file.o $B/daemon/day.o $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$B/tests/packets/policies: $(PROBE_OBJS) $B/tests/packets/policies.o \
		$B/tests/property/generate.o $B/daemon/look.o $B/daemon/nft.o \
		$B/daemon/day.o $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# A siege of the real daemon: everything that somebody may do to the table
FIELD_OBJS := $(addprefix $B/tests/siege/,field.o raw.o view.o) \
	$(addprefix $B/tests/packets/,launch.o topology.o) \
	$(addprefix $B/daemon/,file.o day.o) $B/libsekimori.a
STREAM_OBJS := $B/tests/siege/stream.o $B/tests/property/dice.o \
	$(addprefix $B/tests/packets/,frames.o wire.o)

$B/tests/siege/siege: $(addprefix $B/tests/siege/,siege.o attacks.o) \
		$(FIELD_OBJS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$B/tests/siege/leak $B/tests/siege/kill: $B/tests/siege/%: \
		$B/tests/siege/%.o $(STREAM_OBJS) $(FIELD_OBJS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# The policy changed under a flood of packets, and under live sessions
$B/tests/change/reload: $(addprefix $B/tests/change/,reload.o flood.o gate.o) \
		$B/tests/bench/inject.o $(FIELD_OBJS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$B/tests/change/cut: $B/tests/change/cut.o $B/tests/daemon/yard.o \
		$B/tests/siege/raw.o $(addprefix $B/tests/packets/,launch.o \
		topology.o) $B/daemon/conntrack.o $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS) $(DAEMON_LIBS)

$B/tests/bench/repair: $B/tests/bench/repair.o $(FIELD_OBJS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$B/tests/bench/change: $B/tests/bench/change.o $(FIELD_OBJS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$B/tests/property/%.o $B/tests/packets/%.o $B/tests/bench/%.o \
$B/tests/siege/%.o $B/tests/daemon/%.o $B/tests/change/%.o: ALL_CFLAGS += -Idaemon

# The engine against a kernel that is played by the test itself.
$B/tests/daemon/engine: tests/daemon/engine.c $B/libsekimori.a \
		$(addprefix $B/daemon/,engine.o put.o order.o grant.o allow.o \
		history.o journal.o store.o barrier.o chronicle.o actor.o \
		counter.o day.o escape.o file.o finding.o incident.o keeper.o \
		log.o record.o state.o durable.o)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Idaemon $(CHECK_CFLAGS) $(ALL_LDFLAGS) -MMD -MP \
		-o $@ $(filter %.c %.o,$^) $B/libsekimori.a $(CHECK_LIBS) \
		$(LIB_LIBS)

$B/tests/daemon/auditor: tests/daemon/auditor.c $B/libsekimori.a \
		$(addprefix $B/daemon/,audit.o escape.o)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Idaemon $(CHECK_CFLAGS) $(ALL_LDFLAGS) -MMD -MP \
		-o $@ $(filter %.c %.o,$^) $B/libsekimori.a $(CHECK_LIBS) \
		$(LIB_LIBS)

$B/tests/daemon/parts: tests/daemon/parts.c $B/libsekimori.a \
		$(addprefix $B/daemon/,actor.o argument.o day.o durable.o \
		escape.o incident.o journal.o ledger.o log.o record.o \
		render.o render_allow.o render_change.o render_plan.o request.o \
		table.o varlink.o)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Idaemon $(CHECK_CFLAGS) $(ALL_LDFLAGS) -MMD -MP \
		-o $@ $(filter %.c %.o,$^) $B/libsekimori.a $(CHECK_LIBS) \
		$(LIB_LIBS)

# The control socket before an engine that is played by the test itself.
$B/tests/daemon/control: tests/daemon/control.c $B/libsekimori.a \
		$(addprefix $B/daemon/,control.o actor.o answer.o answer_grant.o day.o \
		escape.o log.o record.o varlink.o)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Idaemon $(CHECK_CFLAGS) $(ALL_LDFLAGS) -MMD -MP \
		-o $@ $(filter %.c %.o,$^) $B/libsekimori.a $(CHECK_LIBS) \
		$(LIB_LIBS) $(DAEMON_LIBS)

# What a change of the policy ends, in the kernel of this machine
$B/tests/daemon/sessions: $(addprefix $B/tests/daemon/,sessions.o yard.o) \
		$B/daemon/conntrack.o $B/libsekimori.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(LIB_LIBS) \
		$(DAEMON_LIBS)

# What is kept on the disk, with a disk that is played by the test itself.
$B/tests/daemon/store: tests/daemon/store.c $B/libsekimori.a \
		$(addprefix $B/daemon/,durable.o journal.o store.o state.o \
		escape.o)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Idaemon $(CHECK_CFLAGS) $(ALL_LDFLAGS) -MMD -MP \
		-o $@ $(filter %.c %.o,$^) $B/libsekimori.a $(CHECK_LIBS) \
		$(LIB_LIBS)

$B/tests/daemon/%: tests/daemon/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -o $@ $<

# Fuzz targets: build/fuzz/NAME tests/fuzz/corpus/NAME
$B/fuzz/%: tests/fuzz/fuzz_%.c $(wildcard lib/*.c lib/*.h) daemon/varlink.c
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -D_GNU_SOURCE $(WARNINGS) -Ilib $(PKG_CFLAGS) \
		-DSEKIMORI_VERSION='"$(VERSION)"' \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(filter %.c,$^) $(LIB_LIBS)

# What needs neither root nor much time
CHECKS := unit/unit golden/golden property/bridge property/eval property/plan \
	property/reconcile property/suspect daemon/engine daemon/control \
	daemon/parts daemon/auditor daemon/store

check: $(addprefix $B/tests/,$(CHECKS))
	for test in $(CHECKS); do $B/tests/$$test || exit 1; done

test:
	tests/all

bench: all $(addprefix $B/tests/bench/,packets load repair change)
	tests/bench/run $B

install: all
	install -D -m 0755 $B/sekimorid $(DESTDIR)$(SBINDIR)/sekimorid
	install -D -m 0755 $B/sekimorictl $(DESTDIR)$(SBINDIR)/sekimorictl
	install -d $(DESTDIR)$(UNITDIR)
	for unit in sekimorid sekimori-boot; do \
		sed 's|/usr/sbin|$(SBINDIR)|' systemd/$$unit.service \
			>$(DESTDIR)$(UNITDIR)/$$unit.service || exit 1; \
	done
	install -D -m 0644 systemd/sekimori.conf \
		$(DESTDIR)$(SYSUSERSDIR)/sekimori.conf
	install -d -m 0700 $(DESTDIR)$(SYSCONFDIR)/sekimori \
		$(DESTDIR)$(SYSCONFDIR)/sekimori/conf.d
	install -D -m 0644 -t $(DESTDIR)$(EXAMPLEDIR) conf/sekimori.conf \
		conf/examples/*
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/man5 man/*.5
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/man8 man/*.8
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/ja/man5 man/ja/*.5
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/ja/man8 man/ja/*.8

clean:
	rm -rf $B

.PHONY: all check test bench install clean
.SECONDARY:
-include $(shell [ -d $B ] && find $B -name '*.d')
