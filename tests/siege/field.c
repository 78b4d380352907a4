// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gateway, the daemon and the programs. Easy to get wrong: the kernel names
 * processes as the machine's first PID namespace numbers them, so no PID
 * namespace is made here; what is started ends with us all the same, because
 * it asked to die with its parent.
 */
#include "field.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_LINES 12

/* The syslog daemon of this machine is to hear nothing of it. */
static int hide_syslog(const struct field *field)
{
	char path[64];
	int fd;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	if (access("/dev/log", F_OK) < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/no-log", field->launch.dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return mount(path, "/dev/log", NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

/* The topology needs no watch, so it is added when that has been loaded. */
static int load_config(struct field *field, const char *config,
		       const char *watch)
{
	char line[1024];
	FILE *file;
	size_t i;
	int rc;

	rc = launch_copy_config(&field->launch, config, &field->config);
	if (rc)
		return rc;
	if (file_load(field->config, &field->file)) {
		for (i = 0; i < field->file.diag.n_findings; i++) {
			diag_print(&field->file.diag.findings[i], line,
				   sizeof(line));
			fprintf(stderr, "%s\n", line);
		}
		return -EINVAL;
	}
	file = fopen(field->config, "ae");
	if (!file)
		return -errno;
	fprintf(file, "%s\n", watch);
	return fclose(file) ? -EIO : 0;
}

static int open_sockets(struct field *field)
{
	int rc = topology_enter(field->topology, TOPOLOGY_GATEWAY);

	if (!rc)
		rc = raw_open(&field->raw);
	if (!rc)
		rc = ear_open(&field->ear);
	topology_enter(field->topology, TOPOLOGY_HOME);
	return rc;
}

int field_open(struct field *field, const char *build, const char *config,
	       const char *watch)
{
	const char *what = "a directory";
	int rc;

	memset(field, 0, sizeof(*field));
	field->build = build;
	topology_hold_signals();
	rc = launch_init(&field->launch);
	snprintf(field->socket, sizeof(field->socket), "%s/run/control.sock",
		 field->launch.dir);
	if (!rc) {
		what = "namespaces";
		rc = hide_syslog(field);
	}
	if (!rc) {
		what = config;
		rc = load_config(field, config, watch);
	}
	if (!rc) {
		what = "the topology";
		rc = topology_build(field->file.policy, &field->topology);
	}
	if (!rc) {
		what = "netlink sockets";
		rc = open_sockets(field);
	}
	if (rc)
		fprintf(stderr, "siege: %s: %s\n", what, strerror(-rc));
	return rc;
}

void field_close(struct field *field)
{
	launch_finish(&field->launch);
	raw_close(field->raw);
	ear_close(field->ear);
	topology_free(field->topology);
	if (field->file.arena)
		file_unload(&field->file);
	free(field->config);
	table_view_free(&field->calm);
}

/* ---- the daemon ---- */

int field_start(struct field *field)
{
	char path[256];
	const char *const argv[] = { path,	    "-f",	   "-c",
				     "@CONFIG@",    "--run-dir",   "@DIR@/run",
				     "--state-dir", "@DIR@/state", NULL };
	int rc;

	snprintf(path, sizeof(path), "%s/sekimorid", field->build);
	rc = launch_start(&field->launch, field->topology, (char *const *)argv,
			  field->config);
	if (rc) {
		fprintf(stderr, "siege: %s: %s\n", path, strerror(-rc));
		field_print_log(field);
	}
	return rc;
}

int field_learn(struct field *field)
{
	int rc = field_view(field, &field->calm);

	if (rc || !field->calm.nft.n)
		fprintf(stderr, "siege: there is no table\n");
	return rc ? rc : field->calm.nft.n ? 0 : -ENOENT;
}

void field_stop(struct field *field)
{
	launch_stop(&field->launch);
}

void field_kill(struct field *field)
{
	if (field->launch.child)
		kill(field->launch.child, SIGKILL);
	launch_stop(&field->launch);
}

void field_print_log(const struct field *field)
{
	char path[64], line[1024], lines[LOG_LINES][1024];
	unsigned long n = 0, i;
	FILE *file;

	snprintf(path, sizeof(path), "%s/output", field->launch.dir);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (!strstr(line, "msgid=SEKI-AUDIT")) /* of the topology */
			strcpy(lines[n++ % LOG_LINES], line);
	fclose(file);
	for (i = n > LOG_LINES ? n - LOG_LINES : 0; i < n; i++)
		fprintf(stderr, "  | %s", lines[i % LOG_LINES]);
}

/* ---- programs ---- */

static int memory_file(const char *text)
{
	int fd = memfd_create("siege", MFD_CLOEXEC);
	size_t len = text ? strlen(text) : 0;

	if (fd < 0 || (len && write(fd, text, len) != (ssize_t)len) ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

int field_spawn(struct field *field, const char *const argv[],
		const char *input, struct process *process)
{
	pid_t parent = getpid();
	int in = memory_file(input), rc = 0;

	process->output = memory_file(NULL);
	process->pid = fork();
	if (!process->pid) {
		topology_prepare_child(field->topology, TOPOLOGY_GATEWAY,
				       parent);
		dup2(in, STDIN_FILENO);
		dup2(process->output, STDOUT_FILENO);
		dup2(process->output, STDERR_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (process->pid < 0) {
		rc = -errno;
		close(process->output);
		process->output = -1;
	}
	close(in);
	return rc;
}

bool process_has_ended(const struct process *process, int *status)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)process->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) < 0)
		abort();
	if (!info.si_pid)
		return false;
	*status = info.si_code == CLD_EXITED ? info.si_status :
					       128 + info.si_status;
	return true;
}

int process_finish(struct process *process)
{
	int status;

	while (waitpid(process->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	process->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

char *process_output(const struct process *process)
{
	struct stat st;
	char *text;
	ssize_t got;

	if (fstat(process->output, &st) < 0)
		abort();
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		abort();
	got = pread(process->output, text, (size_t)st.st_size, 0);
	text[got > 0 ? got : 0] = '\0';
	return text;
}

void process_close(struct process *process)
{
	if (process->pid > 0)
		process_finish(process);
	if (process->output >= 0)
		close(process->output);
	process->output = -1;
}

int field_run(struct field *field, const char *const argv[], const char *input,
	      char **output)
{
	struct process process;
	int status = field_spawn(field, argv, input, &process);

	if (status) {
		if (output)
			*output = strdup("");
		return status;
	}
	status = process_finish(&process);
	if (output)
		*output = process_output(&process);
	process_close(&process);
	return status;
}

/* ---- asking ---- */

json_t *field_ask(struct field *field, const char *verb, int *status)
{
	char path[256];
	const char *const argv[] = { path,     "--socket", field->socket,
				     "--json", verb,	   NULL };
	char *text;
	json_t *json;
	int rc;

	snprintf(path, sizeof(path), "%s/sekimorictl", field->build);
	rc = field_run(field, argv, NULL, &text);
	if (status)
		*status = rc;
	json = json_loads(text, 0, NULL);
	free(text);
	return json;
}

json_t *field_listing(struct field *field)
{
	const char *const argv[] = { "nft",  "-j",	"list", "table",
				     "inet", RAW_TABLE, NULL };
	json_t *json = NULL;
	char *text;

	if (!field_run(field, argv, NULL, &text))
		json = json_loads(text, 0, NULL);
	free(text);
	return json;
}

int field_view(struct field *field, struct table_view *view)
{
	unsigned int tries;
	int rc = -EINTR;

	for (tries = 0; rc == -EINTR && tries < 20; tries++) {
		json_t *listing = field_listing(field);

		rc = table_view_take(field->raw, listing, view);
		json_decref(listing);
	}
	return rc;
}

bool field_is_calm(struct field *field, FILE *out)
{
	struct table_view view;
	bool same;
	int rc = field_view(field, &view);

	if (rc) {
		fprintf(out, "        the table cannot be read: %s\n",
			strerror(-rc));
		return false;
	}
	same = table_view_same(&field->calm, &view, out);
	table_view_free(&view);
	return same;
}

static int steal(const struct field *field, uint32_t flags)
{
	struct raw *raw;
	int rc = topology_enter(field->topology, TOPOLOGY_GATEWAY);

	if (!rc)
		rc = raw_open(&raw);
	if (rc)
		return rc;
	raw_begin(raw);
	raw_delete_table(raw);
	raw_make_table(raw, flags);
	return raw_commit(raw); /* the socket lives as long as the process */
}

int field_steal(struct field *field, uint32_t flags, pid_t *thief)
{
	pid_t parent = getpid();
	int done[2], rc;

	if (pipe(done) < 0)
		abort();
	*thief = fork();
	if (!*thief) {
		topology_prepare_child(field->topology, TOPOLOGY_GATEWAY,
				       parent);
		rc = steal(field, flags);
		if (write(done[1], &rc, sizeof(rc)) == sizeof(rc))
			pause();
		_exit(0);
	}
	close(done[1]);
	if (*thief < 0) {
		*thief = 0;
		rc = -ECHILD;
	} else if (read(done[0], &rc, sizeof(rc)) != sizeof(rc)) {
		rc = -ECHILD;
	}
	close(done[0]);
	return rc;
}

uint32_t field_flow_mark(const struct field *field, const char *conduit)
{
	const struct policy *policy = field->file.policy;
	size_t i;

	for (i = 0; i < policy->n_flows; i++)
		if (!strcmp(policy->flows[i].conduit->name, conduit))
			return policy->flows[i].id;
	return 0;
}
