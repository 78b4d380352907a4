// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one place that writes what must survive a power cut. Easy to get wrong:
 * a file that was renamed into place is nothing before its bytes were synced,
 * and its name is nothing before its directory was; and a sync that failed
 * once says nothing when it succeeds the next time, as the kernel has dropped
 * what it could not write. So nothing is ever synced a second time: what
 * failed is thrown away.
 */
#include "durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"

#define DURABLE_SUFFIX ".new"
#define DURABLE_WRITE_MAX ((size_t)1 << 30) /* so that an int can tell it */

static int durable_real_open(void *data, int dir, const char *name, int flags)
{
	int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | flags,
			0600);

	(void)data;
	if (fd < 0)
		return -errno;
	return fd;
}

static int durable_real_write(void *data, int fd, const void *bytes, size_t len)
{
	ssize_t n;

	(void)data;
	if (len > DURABLE_WRITE_MAX)
		len = DURABLE_WRITE_MAX;
	do
		n = write(fd, bytes, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

static int durable_real_truncate(void *data, int fd, size_t size)
{
	(void)data;
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

static int durable_real_sync(void *data, int fd)
{
	(void)data;
	return fsync(fd) < 0 ? -errno : 0;
}

static int durable_real_datasync(void *data, int fd)
{
	(void)data;
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int durable_real_rename(void *data, int dir, const char *from,
			       const char *to)
{
	(void)data;
	return renameat(dir, from, dir, to) < 0 ? -errno : 0;
}

static int durable_real_unlink(void *data, int dir, const char *name)
{
	(void)data;
	return unlinkat(dir, name, 0) < 0 ? -errno : 0;
}

const struct durable_ops durable_real = {
	.open = durable_real_open,
	.write = durable_real_write,
	.truncate = durable_real_truncate,
	.sync = durable_real_sync,
	.datasync = durable_real_datasync,
	.rename = durable_real_rename,
	.unlink = durable_real_unlink,
};

void durable_hash(const struct durable_bytes *parts, size_t n,
		  char hash[static DURABLE_HASH])
{
	static const char digits[] = "0123456789abcdef";
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char md[DURABLE_HASH / 2];
	size_t i;

	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		abort();
	for (i = 0; i < n; i++)
		EVP_DigestUpdate(ctx, parts[i].data, parts[i].len);
	EVP_DigestFinal_ex(ctx, md, NULL);
	EVP_MD_CTX_free(ctx);
	for (i = 0; i < sizeof(md); i++) {
		hash[2 * i] = digits[md[i] >> 4];
		hash[2 * i + 1] = digits[md[i] & 15];
	}
	hash[DURABLE_HASH - 1] = '\0';
}

/* Only we can have written it. */
static int durable_is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & 022);
}

int durable_open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !durable_is_ours(&st)) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int durable_write(const struct durable_ops *ops, int fd,
			 const struct durable_bytes *bytes)
{
	size_t done = 0;

	while (done < bytes->len) {
		int n = ops->write(ops->data, fd, bytes->data + done,
				   bytes->len - done);

		if (n <= 0)
			return n ? n : -EIO;
		done += (size_t)n;
	}
	return 0;
}

/*
 * A file that was not there before: what stands in its place, whatever it is,
 * must not be written into.
 */
static int durable_make(const struct durable_ops *ops, int dir,
			const char *name)
{
	int fd = ops->open(ops->data, dir, name, O_CREAT | O_EXCL);

	if (fd != -EEXIST)
		return fd;
	fd = ops->unlink(ops->data, dir, name);
	return fd ? fd : ops->open(ops->data, dir, name, O_CREAT | O_EXCL);
}

int durable_replace(const struct durable_ops *ops, int dir, const char *name,
		    const struct durable_bytes *parts, size_t n)
{
	char *beside;
	size_t i;
	int fd, rc = 0;

	if (asprintf(&beside, "%s" DURABLE_SUFFIX, name) < 0)
		abort();
	fd = durable_make(ops, dir, beside);
	if (fd < 0) {
		free(beside);
		return fd;
	}
	for (i = 0; i < n && !rc; i++)
		rc = durable_write(ops, fd, &parts[i]);
	if (!rc)
		rc = ops->sync(ops->data, fd);
	close(fd);
	if (!rc)
		rc = ops->rename(ops->data, dir, beside, name);
	if (rc)
		ops->unlink(ops->data, dir, beside);
	else
		rc = ops->sync(ops->data, dir);
	free(beside);
	return rc;
}

int durable_replace_sealed(const struct durable_ops *ops, int dir,
			   const char *name, const struct durable_bytes *parts,
			   size_t n)
{
	struct durable_bytes *all = calloc(n + 1, sizeof(*all));
	char seal[DURABLE_HASH];
	int rc;

	if (!all)
		abort();
	if (n)
		memcpy(all, parts, n * sizeof(*all));
	durable_hash(parts, n, seal);
	seal[DURABLE_HASH - 1] = '\n';
	all[n].data = seal;
	all[n].len = sizeof(seal);
	rc = durable_replace(ops, dir, name, all, n + 1);
	free(all);
	return rc;
}

int durable_append(const struct durable_ops *ops, int fd, size_t size,
		   const struct durable_bytes *bytes)
{
	int rc = durable_write(ops, fd, bytes);

	if (!rc)
		rc = ops->datasync(ops->data, fd);
	if (rc)
		ops->truncate(ops->data, fd, size);
	return rc;
}

static int durable_read_fd(int fd, size_t max, struct arena *arena,
			   struct durable_bytes *bytes)
{
	struct stat st;
	size_t len = 0;
	char *data;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || !durable_is_ours(&st))
		return -EPERM;
	if ((uintmax_t)st.st_size > max)
		return -EFBIG;
	data = arena_alloc(arena, (size_t)st.st_size + 1);
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, data + len, (size_t)st.st_size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break; /* it was cut off meanwhile */
		len += (size_t)n;
	}
	bytes->data = data;
	bytes->len = len;
	return 0;
}

int durable_read(int dir, const char *name, size_t max, struct arena *arena,
		 struct durable_bytes *bytes)
{
	int fd = openat(dir, name,
			O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return -errno;
	rc = durable_read_fd(fd, max, arena, bytes);
	close(fd);
	return rc;
}

int durable_read_sealed(int dir, const char *name, size_t max,
			struct arena *arena, struct durable_bytes *bytes)
{
	char seal[DURABLE_HASH];
	int rc = durable_read(dir, name, max, arena, bytes);

	if (rc)
		return rc;
	if (bytes->len < sizeof(seal))
		return -EBADMSG;
	bytes->len -= sizeof(seal);
	durable_hash(bytes, 1, seal);
	seal[DURABLE_HASH - 1] = '\n';
	return memcmp(bytes->data + bytes->len, seal, sizeof(seal)) ? -EBADMSG :
								      0;
}

/* To be read from its beginning, whoever has read @dir before */
static DIR *durable_opendir(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !stream)
		close(fd);
	return stream;
}

/* "PREFIX12": 12; 0 for every other name, also for one with zeros in front */
static uint64_t durable_number(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);
	const char *digits = name + len;
	uint64_t number;

	if (strncmp(name, prefix, len) || *digits < '1' || *digits > '9' ||
	    strspn(digits, "0123456789") != strlen(digits))
		return 0;
	errno = 0;
	number = strtoull(digits, NULL, 10);
	return errno ? 0 : number;
}

static int durable_cmp(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int durable_list(int dir, const char *prefix, struct arena *arena,
		 uint64_t **numbers, size_t *n)
{
	DIR *stream = durable_opendir(dir);
	struct dirent *entry;

	*numbers = NULL;
	*n = 0;
	if (!stream)
		return -errno;
	while (errno = 0, (entry = readdir(stream))) {
		uint64_t number = durable_number(entry->d_name, prefix);

		if (!number)
			continue;
		*numbers = arena_push(arena, *numbers, n, sizeof(**numbers));
		(*numbers)[*n - 1] = number;
	}
	if (errno) {
		int rc = -errno;

		closedir(stream);
		return rc;
	}
	closedir(stream);
	if (*n)
		qsort(*numbers, *n, sizeof(**numbers), durable_cmp);
	return 0;
}

static int durable_is_left(const char *name, const char *prefix)
{
	size_t len = strlen(name), suffix = strlen(DURABLE_SUFFIX);

	return !strncmp(name, prefix, strlen(prefix)) && len > suffix &&
	       !strcmp(name + len - suffix, DURABLE_SUFFIX);
}

int durable_sweep(const struct durable_ops *ops, int dir, const char *prefix)
{
	DIR *stream = durable_opendir(dir);
	struct dirent *entry;
	int rc = 0;

	if (!stream)
		return -errno;
	while (!rc && (errno = 0, entry = readdir(stream))) {
		if (durable_is_left(entry->d_name, prefix))
			rc = ops->unlink(ops->data, dir, entry->d_name);
	}
	if (!rc && errno)
		rc = -errno;
	closedir(stream);
	return rc;
}
