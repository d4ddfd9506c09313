/* What does a program do to its disk, and what does it do when the disk does not do its part?
 *
 * To be preloaded into a program. Everything that happens to files below the folder DISK_FOLDER is looked at:
 *
 * - As long as there is a file in the folder DISK_FAULTS with one of these names, calls fail. FULL: writes with ENOSPC, or
 *   they are short, as on a disk that has little room left. READ_ONLY: writes, truncations and opening to write, with
 *   EROFS. BAD: writes, with EIO. BAD_SYNC: syncs, with EIO.
 * - As long as there is a file STOP in that folder, with four words in it, calls are counted that are of the kind of the
 *   first word and concern the place in the second: the file's name below DISK_FOLDER, or the port of the other side of a
 *   connection. At the call with the number in the third word the file goes, and the program is killed (CRASH), the call
 *   fails once (ERROR), or the program stands still until it gets SIGCONT (PAUSE). WRITE and RENAME (to that name) and
 *   SEND stop before they are made, SYNC and RECEIVE after.
 * - What succeeded is written down in the file DISK_RECORD, in order: one line of text for each call, with the operation,
 *   the file's name, an offset and a length, followed by the bytes of a write.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* The path below the folder, a point for the folder itself, or nothing. */
static const char *below(const char *path) {
    const char *folder = getenv("DISK_FOLDER");
    size_t length = folder ? strlen(folder) : 0;
    if (!length || strncmp(path, folder, length)) return NULL;
    if (!path[length]) return ".";
    return path[length] == '/' ? path + length + 1 : NULL;
}

static const char *file_of(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return below(path);
}

static int fails(const char *how) {
    const char *folder = getenv("DISK_FAULTS");
    char path[PATH_MAX];
    if (!folder) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, how);
    return access(path, F_OK) == 0;
}

static void record(const char *what, const char *file, off_t offset, const void *bytes, size_t length) {
    static int out = -1;
    const char *name = getenv("DISK_RECORD");
    char line[PATH_MAX + 128];
    if (!name) return;
    if (out < 0) out = REAL(open)(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int size = snprintf(line, sizeof line, "%s %s %lld %zu\n", what, file, (long long)offset, length);
    char *whole = malloc(size + length);
    if (!whole) abort();
    memcpy(whole, line, size);
    if (bytes) memcpy(whole + size, bytes, length);
    size_t all = size + (bytes ? length : 0);
    if (REAL(write)(out, whole, all) != (ssize_t)all) abort();
    free(whole);
}

/* Counts a call. Whether it is the one that fails; does not come back from the one at which the program ends. */
static int stops(const char *what, const char *place) {
    static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
    const char *folder = getenv("DISK_FAULTS");
    char path[PATH_MAX], text[PATH_MAX] = "", kind[16], where[PATH_MAX], how[16];
    unsigned count;
    int fails_now = 0;
    if (!folder) return 0;
    snprintf(path, sizeof path, "%s/STOP", folder);
    if (access(path, F_OK)) return 0;
    pthread_mutex_lock(&counting);
    int file = REAL(open)(path, O_RDWR | O_CLOEXEC);
    if (file >= 0 && read(file, text, sizeof text - 1) > 0
        && sscanf(text, "%15s %4095s %u %15s", kind, where, &count, how) == 4
        && !strcmp(kind, what) && !strcmp(where, place)) {
        if (count > 1) {
            int size = snprintf(text, sizeof text, "%s %s %u %s\n", kind, where, count - 1, how);
            if (REAL(ftruncate64)(file, 0) || pwrite64(file, text, size, 0) != size) abort();
        } else {
            REAL(unlink)(path);
            if (!strcmp(how, "CRASH")) kill(getpid(), SIGKILL);
            if (!strcmp(how, "PAUSE")) kill(getpid(), SIGSTOP);
            else fails_now = 1;
        }
    }
    if (file >= 0) close(file);
    pthread_mutex_unlock(&counting);
    return fails_now;
}

/* The same for a call on a connection. */
static int stops_at_peer(const char *what, int fd) {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    char port[16];
    if (!getenv("DISK_FAULTS") || getpeername(fd, (struct sockaddr *)&peer, &length) || peer.sin_family != AF_INET) return 0;
    snprintf(port, sizeof port, "%d", ntohs(peer.sin_port));
    return stops(what, port);
}

/* How a write fails now: 0 if it does not. */
static int write_fault(void) {
    if (fails("FULL")) return ENOSPC;
    if (fails("READ_ONLY")) return EROFS;
    if (fails("BAD")) return EIO;
    return 0;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX];
    const char *file = fd > 2 ? file_of(fd, path) : NULL;
    if (!file) return REAL(write)(fd, bytes, length);
    int fault = stops("WRITE", file) ? EIO : write_fault();
    if (fault && (fault != ENOSPC || length < 2)) {
        errno = fault;
        return -1;
    }
    pthread_mutex_lock(&lock);
    struct stat status;
    int appends = fcntl(fd, F_GETFL) & O_APPEND;
    off_t offset = appends && !fstat(fd, &status) ? status.st_size : lseek(fd, 0, SEEK_CUR);
    ssize_t written = REAL(write)(fd, bytes, fault ? length / 2 : length);
    int error = errno;
    if (written > 0) record("write", file, offset, bytes, written);
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    char path[PATH_MAX];
    const char *file = file_of(fd, path);
    if (!file) return REAL(pwrite64)(fd, bytes, length, offset);
    int fault = stops("WRITE", file) ? EIO : write_fault();
    if (fault) {
        errno = fault;
        return -1;
    }
    pthread_mutex_lock(&lock);
    ssize_t written = REAL(pwrite64)(fd, bytes, length, offset);
    int error = errno;
    if (written > 0) record("write", file, offset, bytes, written);
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return pwrite64(fd, bytes, length, offset);
}

int ftruncate64(int fd, off64_t length) {
    char path[PATH_MAX];
    const char *file = file_of(fd, path);
    if (!file) return REAL(ftruncate64)(fd, length);
    if (fails("READ_ONLY")) {
        errno = EROFS;
        return -1;
    }
    pthread_mutex_lock(&lock);
    int done = REAL(ftruncate64)(fd, length);
    int error = errno;
    if (!done) record("truncate", file, length, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int sync_with(int (*real)(int), int fd) {
    char path[PATH_MAX];
    const char *file = file_of(fd, path);
    if (!file) return real(fd);
    if (fails("BAD_SYNC")) {
        errno = EIO;
        return -1;
    }
    pthread_mutex_lock(&lock);
    int done = real(fd);
    int error = errno;
    if (!done) record("sync", file, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    if (!done && stops("SYNC", file)) {
        errno = EIO;
        return -1;
    }
    errno = error;
    return done;
}

int fsync(int fd) { return sync_with(REAL(fsync), fd); }
int fdatasync(int fd) { return sync_with(REAL(fdatasync), fd); }

int rename(const char *from, const char *to) {
    const char *file = below(from), *target = below(to);
    if (!file || !target) return REAL(rename)(from, to);
    if (fails("READ_ONLY")) {
        errno = EROFS;
        return -1;
    }
    if (stops("RENAME", target)) {
        errno = EIO;
        return -1;
    }
    pthread_mutex_lock(&lock);
    int done = REAL(rename)(from, to);
    int error = errno;
    char both[2 * PATH_MAX];
    snprintf(both, sizeof both, "%s>%s", file, target);
    if (!done) record("rename", both, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int unlink(const char *path) {
    const char *file = below(path);
    if (!file) return REAL(unlink)(path);
    pthread_mutex_lock(&lock);
    int done = REAL(unlink)(path);
    int error = errno;
    if (!done) record("unlink", file, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

static int open_with(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    const char *file = below(path);
    if ((flags & O_ACCMODE) != O_RDONLY && file && fails("READ_ONLY")) {
        errno = EROFS;
        return -1;
    }
    if (!file || !(flags & O_CREAT)) return real(path, flags, mode);
    pthread_mutex_lock(&lock);
    int is_new = access(path, F_OK) != 0;
    int fd = real(path, flags, mode);
    int error = errno;
    if (fd >= 0 && is_new) record("create", file, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

/* The third argument is there only when a file is made; otherwise it is not looked at. */
static mode_t mode_of(int flags, va_list rest) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_with(REAL(open), path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_with(REAL(open64), path, flags, mode);
}

static int cut(int fd) {
    shutdown(fd, SHUT_RDWR);
    errno = ECONNRESET;
    return -1;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    return stops_at_peer("SEND", fd) ? cut(fd) : REAL(send)(fd, bytes, length, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    return stops_at_peer("SEND", fd) ? cut(fd) : REAL(writev)(fd, parts, count);
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    ssize_t received = REAL(recv)(fd, bytes, length, flags);
    int error = errno;
    if (received > 0 && stops_at_peer("RECEIVE", fd)) return cut(fd);
    errno = error;
    return received;
}
