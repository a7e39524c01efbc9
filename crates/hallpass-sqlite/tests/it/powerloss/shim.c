/* Loaded before the C library: writes down, in order, everything that a process does to the files of one folder.
 *
 * HALLPASS_SHIM_FOLDER is the folder, HALLPASS_SHIM_TRACE the file to write to, if any. One call at a time is let
 * through, so that the order written down is the order in which things happened; a sync is written down after it
 * returned. trace.rs reads the trace.
 *
 * With HALLPASS_SHIM_READ_ONLY the folder is on a file system that cannot be written.
 * A file `fail-sync` in the folder makes syncs of files named *-wal fail with EIO, one named `fail-write` makes writes to
 * them fail with ENOSPC.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, SYNC, UNLINK, RENAME, CREATE, SYNC_FOLDER };
enum { MOST = 4096 };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static char *path_of[MOST];
static char folder[PATH_MAX];
static int trace = -1;
static int read_only;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("HALLPASS_SHIM_FOLDER");
    const char *file = getenv("HALLPASS_SHIM_TRACE");
    read_only = getenv("HALLPASS_SHIM_READ_ONLY") != NULL;
    if (!name || !realpath(name, folder)) folder[0] = 0;
    if (file) trace = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file && trace < 0) abort();
}

static void put(const void *bytes, size_t count) {
    const char *rest = bytes;
    while (count > 0) {
        ssize_t done = (ssize_t)syscall(SYS_write, trace, rest, count);
        if (done < 0 && errno != EINTR) abort();
        if (done > 0) rest += done, count -= (size_t)done;
    }
}

/* op, length of the path, offset or size, length of the data; then path and data */
static void note(uint8_t op, const char *path, uint64_t offset, const void *data, size_t count) {
    int saved = errno;
    if (trace >= 0) {
        const char *name = strrchr(path, '/') + 1;
        uint32_t lengths[2] = {(uint32_t)strlen(name), (uint32_t)count};
        put(&op, 1), put(&lengths[0], 4), put(&offset, 8), put(&lengths[1], 4);
        put(name, lengths[0]), put(data, count);
    }
    errno = saved;
}

/* The path of a file in the folder, else nothing; the shared memory of the log is not on the disk. */
static char *watched(const char *name) {
    static char full[PATH_MAX];
    char up[PATH_MAX];
    if (!folder[0] || strlen(name) >= PATH_MAX) return NULL;
    const char *last = strrchr(name, '/');
    if (!last) return NULL;
    memcpy(up, name, (size_t)(last - name)), up[last - name] = 0;
    if (strcmp(up, folder) != 0) return NULL;
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, "-shm") == 0) return NULL;
    strcpy(full, name);
    return full;
}

static int is_log(const char *path) {
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, "-wal") == 0;
}

static int asked_to(const char *what) {
    char name[PATH_MAX + 16];
    strcpy(name, folder), strcat(name, what);
    return syscall(SYS_faccessat, AT_FDCWD, name, F_OK) == 0;
}

static char *known(int fd) { return fd >= 0 && fd < MOST ? path_of[fd] : NULL; }

static int opened(int (*really)(const char *, int, ...), const char *name, int flags, mode_t mode) {
    pthread_mutex_lock(&one_at_a_time);
    struct stat there;
    char *path = watched(name);
    int was_there = path && stat(path, &there) == 0;
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT && !was_there);
    if (read_only && path && writes) {
        pthread_mutex_unlock(&one_at_a_time);
        return errno = EROFS, -1;
    }
    int fd = really(name, flags, mode);
    if (fd >= 0 && fd < MOST) {
        free(path_of[fd]);
        path_of[fd] = path ? strdup(path) : (strcmp(name, folder) == 0 ? strdup(folder) : NULL);
        if (path && !was_there) note(CREATE, path, 0, NULL, 0);
        if (path && was_there && (flags & O_TRUNC)) note(TRUNCATE, path, 0, NULL, 0);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return fd;
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                      \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                        \
        va_end(rest);                                                                                                  \
        return opened(REAL(name), path, flags, mode);                                                                  \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    pthread_mutex_lock(&one_at_a_time);
    if (known(fd)) free(path_of[fd]), path_of[fd] = NULL;
    int done = REAL(close)(fd);
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}

/* A write at `offset`, or where the file stands if that is negative. */
static ssize_t written(int fd, const void *data, size_t count, off64_t offset) {
    pthread_mutex_lock(&one_at_a_time);
    char *path = known(fd);
    ssize_t done;
    if (path && is_log(path) && asked_to("/fail-write")) {
        errno = ENOSPC, done = -1;
    } else {
        off64_t at = offset;
        if (path && offset < 0) {
            at = lseek64(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
        }
        done = offset < 0 ? (ssize_t)syscall(SYS_write, fd, data, count)
                          : (ssize_t)syscall(SYS_pwrite64, fd, data, count, offset);
        if (path && done > 0) note(WRITE, path, (uint64_t)at, data, (size_t)done);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}

ssize_t write(int fd, const void *data, size_t count) { return written(fd, data, count, -1); }
ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) { return written(fd, data, count, offset); }
ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) { return written(fd, data, count, offset); }

/* One part at a time is a short write, which every caller has to expect. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    return known(fd) && count > 0 ? written(fd, parts[0].iov_base, parts[0].iov_len, -1)
                                  : REAL(writev)(fd, parts, count);
}
static ssize_t part_written(int fd, const struct iovec *parts, int count, off64_t offset) {
    return count > 0 ? written(fd, parts[0].iov_base, parts[0].iov_len, offset) : 0;
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return part_written(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    return part_written(fd, parts, count, offset);
}

static int truncated(int fd, off64_t size) {
    pthread_mutex_lock(&one_at_a_time);
    int done = (int)syscall(SYS_ftruncate, fd, size);
    if (known(fd) && done == 0) note(TRUNCATE, known(fd), (uint64_t)size, NULL, 0);
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}
int ftruncate(int fd, off_t size) { return truncated(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncated(fd, size); }

/* What could change a file behind the trace is not there; SQLite and Rust then do without. */
int fallocate(int fd, int mode, off_t offset, off_t size) {
    return known(fd) ? (errno = EOPNOTSUPP, -1) : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t size) { return fallocate(fd, mode, offset, size); }
int posix_fallocate(int fd, off_t offset, off_t size) {
    return known(fd) ? EOPNOTSUPP : (fallocate(fd, 0, offset, size) == 0 ? 0 : errno);
}
int posix_fallocate64(int fd, off64_t offset, off64_t size) { return posix_fallocate(fd, offset, size); }

static int synced(int fd, long call) {
    pthread_mutex_lock(&one_at_a_time);
    char *path = known(fd);
    int done;
    if (path && is_log(path) && asked_to("/fail-sync")) {
        errno = EIO, done = -1;
    } else {
        done = (int)syscall(call, fd);
        if (path && done == 0) note(strcmp(path, folder) == 0 ? SYNC_FOLDER : SYNC, path, 0, NULL, 0);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

int unlink(const char *name) {
    pthread_mutex_lock(&one_at_a_time);
    int done = (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0);
    char *path = watched(name);
    if (path && done == 0) note(UNLINK, path, 0, NULL, 0);
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&one_at_a_time);
    int done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    char *path = watched(from);
    if (path && done == 0) {
        const char *name = strrchr(to, '/') + 1;
        note(RENAME, path, 0, name, strlen(name));
    }
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}
