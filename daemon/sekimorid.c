// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon. main() and sekimorid_run() are to be read from top to bottom as
 * an argument that nothing passes which no policy in force permits. Easy to
 * get wrong: "ready" is said after the kernel has been read back, not before;
 * and no way out of here removes the table. Whatever ends this process, the
 * kernel goes on enforcing.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "actor.h"
#include "arena.h"
#include "control.h"
#include "day.h"
#include "engine.h"
#include "file.h"
#include "finding.h"
#include "log.h"
#include "policy.h"
#include "priv.h"
#include "record.h"
#include "trial.h"

#define TICK_USEC (60 * 1000000ull)
#define ALARM_NEVER 0x1ffffffff /* seconds since 1970 UTC: year 2242 */

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct options {
	const char *config, *run_dir, *state_dir, *socket;
	bool check, foreground, boot;
};

struct sekimorid {
	struct arena *arena; /* of paths */
	struct options options;
	const char *lock_path;
	int lock_fd;
	int parent_fd; /* who waits for us to be ready, or -1 */
	bool to_stderr;
	uint64_t serial; /* of the policy whose settings are in use */
	sd_event *event;
	sd_event_source *work; /* a timer: when the engine has work to do */
	uint64_t work_usec; /* what it is set to */
	int alarm_fd; /* a timer: when a term begins or ends, or -1 */
	time_t alarm; /* what it is set to */
	struct records *records;
	struct engine *engine;
	struct control *control;
};

static void sekimorid_usage(FILE *out)
{
	fputs("usage: sekimorid [-c FILE] [-f] [-n] [--run-dir DIR] "
	      "[--state-dir DIR]\n"
	      "                 [--socket PATH]\n"
	      "\n"
	      "  -c, --config FILE  /etc/sekimori/sekimori.conf\n"
	      "  -f, --foreground   stay in the foreground, log to stderr as "
	      "well\n"
	      "  -n, --check        only check the configuration\n"
	      "  --boot             put the policy in force and end\n"
	      "  --run-dir DIR      /run/sekimori: lock and socket\n"
	      "  --state-dir DIR    /var/lib/sekimori: memory across restarts\n"
	      "  --socket PATH      RUN_DIR/control.sock\n"
	      "  -V, --version\n"
	      "  -h, --help\n",
	      out);
}

/* A path that still holds when the working directory has changed */
static const char *sekimorid_path(struct arena *arena, const char *path)
{
	char *cwd;

	if (*path == '/')
		return path;
	cwd = getcwd(NULL, 0);
	path = arena_printf(arena, "%s/%s", cwd ? cwd : "", path);
	free(cwd);
	return path;
}

static void sekimorid_fix_paths(struct sekimorid *daemon)
{
	struct options *options = &daemon->options;
	struct arena *arena = daemon->arena;

	options->config = sekimorid_path(arena, options->config);
	options->run_dir = sekimorid_path(arena, options->run_dir);
	options->state_dir = sekimorid_path(arena, options->state_dir);
	options->socket = options->socket ?
				  sekimorid_path(arena, options->socket) :
				  arena_printf(arena, "%s/control.sock",
					       options->run_dir);
	daemon->lock_path =
		arena_printf(arena, "%s/sekimorid.lock", options->run_dir);
}

/* 0, or the status to exit with; -1: do not exit */
static int sekimorid_parse(int argc, char **argv, struct options *options)
{
	static const struct option table[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "check", no_argument, NULL, 'n' },
		{ "boot", no_argument, NULL, 'b' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "state-dir", required_argument, NULL, 's' },
		{ "socket", required_argument, NULL, 'k' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:fnVh", table, NULL)) != -1) {
		if (c == 'c')
			options->config = optarg;
		else if (c == 'f')
			options->foreground = true;
		else if (c == 'n')
			options->check = true;
		else if (c == 'b')
			options->boot = options->foreground = true;
		else if (c == 'r')
			options->run_dir = optarg;
		else if (c == 's')
			options->state_dir = optarg;
		else if (c == 'k')
			options->socket = optarg;
		else if (c == 'V')
			return printf("sekimorid %s\n", SEKIMORI_VERSION) < 0;
		else
			break;
	}
	if (c == -1 && optind == argc)
		return -1;
	sekimorid_usage(c == 'h' ? stdout : stderr);
	return c == 'h' ? 0 : EXIT_USAGE;
}

/* The kernel is not asked and not touched; no privilege is needed. */
static int sekimorid_check(const char *path)
{
	struct file_config config;
	const struct terms *terms;
	int rc = file_load(path, &config);

	if (!rc) {
		terms = terms_build(config.policy,
				    (int64_t)(day_now_usec() / 1000000), 0,
				    &day_calendar, config.arena);
		rc = trial_policy(config.policy, terms, &config.diag);
	}
	finding_print(stderr, &config.diag);
	fprintf(stderr, "%s: %zu errors, %zu warnings: the configuration %s\n",
		path, config.diag.n_errors, config.diag.n_warnings,
		rc ? "is refused" : "can be put in force");
	file_unload(&config);
	return rc ? EXIT_REFUSED : 0;
}

/* Nothing inherited but the three standard descriptors, no core dumps */
static void sekimorid_clean(void)
{
	struct rlimit none = { 0, 0 };
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	closefrom(STDERR_FILENO + 1);
	umask(077);
	setrlimit(RLIMIT_CORE, &none);
	signal(SIGPIPE, SIG_IGN);
}

/*
 * Standard error is wanted with -f; but not where it is the journal of systemd,
 * which has each line already, from syslog: see JOURNAL_STREAM in systemd.exec(5)
 */
static bool sekimorid_wants_stderr(const struct options *options)
{
	const char *journal = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	if (!options->foreground || !journal ||
	    sscanf(journal, "%llu:%llu", &device, &inode) != 2 ||
	    fstat(STDERR_FILENO, &status) < 0)
		return options->foreground;
	return status.st_dev != device || status.st_ino != inode;
}

/*
 * Go into the background, unless a service manager or -f wants us here. The
 * parent waits until the child is ready and then tells by its exit status; so
 * a boot script that goes on knows that the policy is in force.
 */
static void sekimorid_detach(struct sekimorid *daemon)
{
	int ends[2], status = 0;
	pid_t pid;
	char byte;

	daemon->parent_fd = -1;
	daemon->to_stderr = !getenv("NOTIFY_SOCKET");
	if (daemon->options.foreground || getenv("NOTIFY_SOCKET")) {
		daemon->to_stderr = sekimorid_wants_stderr(&daemon->options);
		return;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		abort();
	pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0) {
		close(ends[0]);
		daemon->parent_fd = ends[1];
		setsid();
		return;
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) == 1)
		_exit(0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) :
							 EXIT_REFUSED);
}

/* Let the parent go, and what else ties us to where we were started */
static void sekimorid_release_parent(struct sekimorid *daemon)
{
	int null, fd;

	if (daemon->parent_fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	if (chdir("/") < 0)
		log_error("SEKI-ERROR", errno, "/ cannot be entered");
	daemon->to_stderr = false;
	log_open(engine_policy(daemon->engine)->facility, false);
	if (write(daemon->parent_fd, "", 1) < 0)
		log_error("SEKI-ERROR", errno, "The parent does not wait");
	close(daemon->parent_fd);
	daemon->parent_fd = -1;
}

static int sekimorid_make_dir(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0) {
		if (errno == EEXIST)
			return 0;
		log_error("SEKI-ERROR", errno, "%s cannot be made", path);
		return -1;
	}
	/* the mask of this process is for files that hold something */
	return chmod(path, mode);
}

/* Hold the lock for as long as this process lives; nobody else may have it. */
static int sekimorid_lock(struct sekimorid *daemon)
{
	char pid[32] = "?";
	ssize_t len;

	daemon->lock_fd = open(daemon->lock_path,
			       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (daemon->lock_fd < 0) {
		log_error("SEKI-ERROR", errno, "%s cannot be opened",
			  daemon->lock_path);
		return -1;
	}
	if (flock(daemon->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		len = read(daemon->lock_fd, pid, sizeof(pid) - 1);
		if (len > 0)
			pid[strcspn(pid, "\n")] = '\0';
		log_error("SEKI-INSTANCE", 0,
			  "Another sekimorid is running already (pid %s, %s); "
			  "this one does not start",
			  pid, daemon->lock_path);
		return -1;
	}
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(daemon->lock_fd, 0) < 0 ||
	    write(daemon->lock_fd, pid, strlen(pid)) < 0)
		log_error("SEKI-ERROR", errno, "%s cannot be written",
			  daemon->lock_path);
	return 0;
}

/* Tell the service manager, and who asks it, how things stand. */
static void sekimorid_notify(const struct sekimorid *daemon, const char *prefix)
{
	const struct policy *policy = engine_policy(daemon->engine);
	struct show_status status;

	engine_status(daemon->engine, &status);
	sd_notifyf(0, "%sSTATUS=%s: %zu zones, %zu conduits, digest %.12s",
		   prefix, status.state, policy->n_zones - 1,
		   policy->n_conduits, status.digest);
}

/* Somebody has committed to nf_tables, or it is time to do something. */
static int sekimorid_on_work(sd_event_source *source, uint64_t usec, void *data)
{
	struct sekimorid *daemon = data;

	(void)source;
	(void)usec;
	engine_work(daemon->engine, day_now_usec());
	daemon->work_usec = UINT64_MAX; /* a timer goes off once */
	return 0;
}

static int sekimorid_on_commit(sd_event_source *source, int fd,
			       uint32_t revents, void *data)
{
	(void)fd;
	(void)revents;
	return sekimorid_on_work(source, 0, data);
}

static int sekimorid_on_links(sd_event_source *source, int fd, uint32_t revents,
			      void *data)
{
	struct sekimorid *daemon = data;

	(void)source;
	(void)fd;
	(void)revents;
	engine_links_changed(daemon->engine);
	return 0;
}

/* After anything at all: when does the engine want to work next? */
static void sekimorid_set_work(struct sekimorid *daemon)
{
	uint64_t due_usec = engine_due_usec(daemon->engine);

	if (due_usec == daemon->work_usec)
		return;
	daemon->work_usec = due_usec;
	sd_event_source_set_time(daemon->work, due_usec);
	sd_event_source_set_enabled(daemon->work, SD_EVENT_ONESHOT);
}

/*
 * After anything: when does the next term begin or end? One that should have
 * by now is tried again each minute. A time that never comes lets us know of it
 * when the clock is set.
 */
static void sekimorid_set_alarm(struct sekimorid *daemon)
{
	int64_t change = engine_change(daemon->engine);
	struct itimerspec at = { .it_value.tv_sec = ALARM_NEVER };

	if (change && (uint64_t)change * 1000000 > day_now_usec())
		at.it_value.tv_sec = change;
	if (at.it_value.tv_sec == daemon->alarm)
		return;
	daemon->alarm = at.it_value.tv_sec;
	timerfd_settime(daemon->alarm_fd,
			TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL);
}

/* After anything that may have replaced the policy: use its settings. */
static int sekimorid_on_post(sd_event_source *source, void *data)
{
	struct sekimorid *daemon = data;
	const struct policy *policy = engine_policy(daemon->engine);

	(void)source;
	sekimorid_set_work(daemon);
	sekimorid_set_alarm(daemon);
	if (daemon->serial == engine_serial(daemon->engine))
		return 0;
	daemon->serial = engine_serial(daemon->engine);
	log_open(policy->facility, daemon->to_stderr);
	control_permit(daemon->control, policy->group);
	sekimorid_notify(daemon, "");
	return 0;
}

static int sekimorid_on_hangup(sd_event_source *source,
			       const struct signalfd_siginfo *info, void *data)
{
	struct actor actor =
		actor_of("signal", info->ssi_uid, (pid_t)info->ssi_pid);
	struct sekimorid *daemon = data;
	struct engine_order order = { .why = "" };
	struct engine_outcome outcome;
	uint64_t usec;

	(void)source;
	sd_event_now(daemon->event, CLOCK_MONOTONIC, &usec);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)usec);
	engine_apply(daemon->engine, &actor, &order, day_now_usec(), &outcome);
	engine_outcome_free(&outcome);
	sekimorid_notify(daemon, "READY=1\n");
	return 0;
}

static int sekimorid_on_stop(sd_event_source *source,
			     const struct signalfd_siginfo *info, void *data)
{
	struct actor actor =
		actor_of("signal", info->ssi_uid, (pid_t)info->ssi_pid);
	struct sekimorid *daemon = data;
	struct log_line line;

	sd_notify(0, "STOPPING=1");
	log_begin(&line, "SEKI-STOP",
		  "The daemon ends; the kernel keeps what it has");
	log_add_actor(&line, &actor);
	log_add_text(&line, "state",
		     engine_state_name(engine_state(daemon->engine)));
	log_end(&line, LOG_NOTICE);
	engine_remember(daemon->engine, day_now_usec()); /* that as well */
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int sekimorid_on_minute(sd_event_source *source, uint64_t usec,
			       void *data)
{
	struct sekimorid *daemon = data;

	engine_tick(daemon->engine, day_now_usec());
	sd_event_source_set_time(source, usec + TICK_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* A term begins or ends, or the wall clock has been set. */
static int sekimorid_on_clock(sd_event_source *source, int fd, uint32_t revents,
			      void *data)
{
	struct sekimorid *daemon = data;
	uint64_t n;

	(void)source;
	(void)revents;
	if (read(fd, &n, sizeof(n)) < 0 && errno == EAGAIN)
		return 0;
	daemon->alarm = -1; /* it has gone off */
	engine_tick(daemon->engine, day_now_usec());
	return 0;
}

static int sekimorid_listen_kernel(struct sekimorid *daemon)
{
	sd_event *event = daemon->event;
	int rc;

	rc = sd_event_add_io(event, NULL, engine_fd(daemon->engine), EPOLLIN,
			     sekimorid_on_commit, daemon);
	if (rc >= 0)
		rc = sd_event_add_io(event, NULL,
				     engine_links_fd(daemon->engine), EPOLLIN,
				     sekimorid_on_links, daemon);
	if (rc >= 0)
		rc = sd_event_add_time(event, &daemon->work, CLOCK_MONOTONIC, 0,
				       1, sekimorid_on_work, daemon);
	return rc;
}

/* Everything that may wake us, from here on */
static int sekimorid_listen(struct sekimorid *daemon)
{
	sd_event *event = daemon->event;
	int rc;

	daemon->alarm_fd =
		timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (daemon->alarm_fd < 0)
		return -errno;
	rc = sd_event_add_signal(event, NULL, SIGHUP, sekimorid_on_hangup,
				 daemon);
	if (rc >= 0)
		rc = sd_event_add_signal(event, NULL, SIGTERM,
					 sekimorid_on_stop, daemon);
	if (rc >= 0)
		rc = sd_event_add_signal(event, NULL, SIGINT, sekimorid_on_stop,
					 daemon);
	if (rc >= 0)
		rc = sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC,
						TICK_USEC, 0,
						sekimorid_on_minute, daemon);
	if (rc >= 0)
		rc = sd_event_add_io(event, NULL, daemon->alarm_fd, EPOLLIN,
				     sekimorid_on_clock, daemon);
	if (rc >= 0)
		rc = sekimorid_listen_kernel(daemon);
	if (rc >= 0)
		rc = sd_event_add_post(event, NULL, sekimorid_on_post, daemon);
	if (rc >= 0)
		rc = control_open(event, daemon->options.socket, daemon->engine,
				  daemon->records, &daemon->control);
	if (rc < 0)
		log_error("SEKI-ERROR", rc,
			  "The control socket %s cannot be opened",
			  daemon->options.socket);
	return rc < 0 ? rc : 0;
}

static int sekimorid_block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

static void sekimorid_log_start(const struct sekimorid *daemon)
{
	struct log_line line;

	log_begin(&line, "SEKI-START", "The daemon starts");
	log_add_text(&line, "version", SEKIMORI_VERSION);
	log_add_text(&line, "file", daemon->options.config);
	log_add_number(&line, "pid", (unsigned long long)getpid());
	log_end(&line, LOG_INFO);
}

/*
 * From privileges to a policy in force. Each step can only be reached when all
 * before it have succeeded; none of them, failing, changes the kernel.
 */
static int sekimorid_enforce(struct sekimorid *daemon)
{
	const struct options *options = &daemon->options;
	struct file_config config = { 0 };
	int rc;

	/* one daemon for one table */
	if (sekimorid_make_dir(options->run_dir, 0755) ||
	    sekimorid_make_dir(options->state_dir, 0700) ||
	    sekimorid_lock(daemon))
		return -1;

	/* what is parsed from here on is parsed without other powers */
	rc = priv_confine();
	if (rc) {
		log_error("SEKI-ERROR", rc,
			  "The daemon needs CAP_NET_ADMIN, and to give up "
			  "everything else");
		return rc;
	}

	/* a policy exists only if nothing at all was wrong with it */
	file_load(options->config, &config);
	log_open(config.policy ? config.policy->facility : "daemon",
		 daemon->to_stderr);
	rc = priv_settle(
		control_gid(config.policy ? config.policy->group : "sekimori"));
	if (rc) {
		log_error("SEKI-ERROR", rc, "Privileges cannot be given up");
		goto out;
	}

	/* the doors to the kernel, and to what was in force before */
	rc = engine_open(options->config, options->state_dir, daemon->records,
			 &daemon->engine);
	if (rc) {
		log_error("SEKI-ERROR", rc, "The kernel cannot be reached");
		goto out;
	}

	/* without any policy nothing is forwarded; else it is in force then */
	rc = engine_start(daemon->engine, &config, day_now_usec());
	if (rc)
		engine_shut(daemon->engine, day_now_usec());
out:
	file_unload(&config);
	return rc;
}

static int sekimorid_run(struct sekimorid *daemon)
{
	int rc = EXIT_REFUSED;

	/* signals that come while we start wait until the loop runs */
	sekimorid_clean();
	if (sekimorid_block_signals() < 0)
		return rc;
	sekimorid_detach(daemon);
	log_open("daemon", daemon->to_stderr);
	daemon->records = records_new();
	log_follow(daemon->records);
	sekimorid_log_start(daemon);

	if (sekimorid_enforce(daemon))
		goto out;
	if (daemon->options.boot) {
		engine_remember(daemon->engine, day_now_usec());
		rc = 0;
		goto out;
	}

	/* only now may anybody ask, and only now do we say that we are ready */
	if (sd_event_new(&daemon->event) < 0 || sekimorid_listen(daemon))
		goto out;
	sd_event_set_watchdog(daemon->event, true);
	sekimorid_on_post(NULL, daemon);
	sekimorid_release_parent(daemon);
	sekimorid_notify(daemon, "READY=1\n");
	rc = sd_event_loop(daemon->event);
	if (rc)
		log_error("SEKI-ERROR", rc, "The event loop failed");
out:
	/* the table stays; only our own things go */
	control_close(daemon->control);
	engine_free(daemon->engine);
	sd_event_source_unref(daemon->work);
	if (daemon->alarm_fd >= 0)
		close(daemon->alarm_fd);
	sd_event_unref(daemon->event);
	log_follow(NULL);
	records_free(daemon->records);
	return rc ? EXIT_REFUSED : 0;
}

int main(int argc, char **argv)
{
	struct sekimorid daemon = {
		.alarm_fd = -1,
		.options = {
			.config = "/etc/sekimori/sekimori.conf",
			.run_dir = "/run/sekimori",
			.state_dir = "/var/lib/sekimori",
		},
	};
	struct options *options = &daemon.options;
	int rc = sekimorid_parse(argc, argv, options);

	if (rc >= 0)
		return rc;
	if (options->check)
		return sekimorid_check(options->config);
	daemon.arena = arena_new();
	sekimorid_fix_paths(&daemon);
	rc = sekimorid_run(&daemon);
	arena_free(daemon.arena);
	return rc;
}
