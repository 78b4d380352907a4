/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEKIMORI_FIELD_H
#define SEKIMORI_FIELD_H

/*
 * Where the siege takes place: a gateway of network namespaces, the daemon in
 * it, and processes that meddle. All of it ends with this process.
 */
#include <jansson.h>
#include <stdbool.h>

#include "../packets/launch.h"
#include "file.h"
#include "raw.h"
#include "view.h"

/**
 * struct field
 * @launch: launch.child is the daemon
 * @raw, @ear: in the gateway
 * @calm: the table when nobody meddles, as field_learn() saw it
 */
struct field {
	const char *build;
	struct launch launch;
	char *config;
	struct file_config file;
	struct topology *topology;
	struct raw *raw;
	struct ear *ear;
	char socket[64];
	struct table_view calm;
};

/**
 * field_open - the gateway of a configuration, without the daemon
 * @build: the directory with sekimorid and sekimorictl
 * @watch: the text of "watch", to be added to the configuration
 *
 * 0 or -errno, which has been printed; -EPERM: we may not make namespaces.
 */
int field_open(struct field *field, const char *build, const char *config,
	       const char *watch);
void field_close(struct field *field);

/** field_start - the daemon; 0 when it is ready, else it has been printed */
int field_start(struct field *field);

/** field_learn - the table as it is now is as it should be */
int field_learn(struct field *field);

/** field_stop - ask the daemon to end; field_kill - do not ask */
void field_stop(struct field *field);
void field_kill(struct field *field);

/** field_print_log - the last lines that the daemon has printed */
void field_print_log(const struct field *field);

/**
 * struct process - a program in the gateway
 * @output: what it prints, a file in memory
 */
struct process {
	pid_t pid;
	int output;
};

/**
 * field_spawn - run a program in the gateway
 * @input: what it reads from standard input; NULL: nothing
 */
int field_spawn(struct field *field, const char *const argv[],
		const char *input, struct process *process);

/**
 * process_has_ended - has it?
 * @status: as of process_finish()
 *
 * It stays a zombie, which can be asked about.
 */
bool process_has_ended(const struct process *process, int *status);

/** process_finish - wait for it; its exit status, or 128 and the signal */
int process_finish(struct process *process);

/** process_output - what it has printed so far; to be freed */
char *process_output(const struct process *process);

/** process_close - finish, and forget what it has printed */
void process_close(struct process *process);

/** field_run - spawn, finish; @output as of process_output(), may be NULL */
int field_run(struct field *field, const char *const argv[], const char *input,
	      char **output);

/**
 * field_ask - what "sekimorictl --json VERB" prints
 * @status: its exit status; may be NULL
 *
 * NULL if that is no JSON.
 */
json_t *field_ask(struct field *field, const char *verb, int *status);

/** field_listing - what "nft -j list table" prints, or NULL: no table */
json_t *field_listing(struct field *field);

/** field_view - the table as it is now; 0 or -errno */
int field_view(struct field *field, struct table_view *view);

/** field_is_calm - is the table as it was learnt? To @out if not. */
bool field_is_calm(struct field *field, FILE *out);

/**
 * field_steal - delete the table and make it anew, as another one's own
 * @thief: a process that has done it, and waits; 0: there is none
 *
 * The kernel lets nobody else change it, as long as the thief lives. 0 or
 * -errno of the thief's commit; the caller ends and buries the thief.
 */
int field_steal(struct field *field, uint32_t flags, pid_t *thief);

/** field_flow_mark - of the first flow of a conduit; 0: there is none */
uint32_t field_flow_mark(const struct field *field, const char *conduit);

#endif
