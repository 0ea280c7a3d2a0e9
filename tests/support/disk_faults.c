/* Loaded before the C library (LD_PRELOAD): counts what a process writes below one folder, and at the n-th write kills
 * it, lets only half of the write through and kills it, or refuses as a full disk does. See disk_faults.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { COUNT = 0, KILL = 1, KILL_HALF = 2, FULL_ONCE = 3, FULL = 4 };

static char folder[PATH_MAX];
static long seen, wanted;
static int mode = COUNT;

void disk_faults_arm(const char *where, long at, int how) {
    strncpy(folder, where, sizeof folder - 1);
    seen = 0, wanted = at, mode = how;
}

void disk_faults_disarm(void) { folder[0] = 0; }

long disk_faults_seen(void) { return seen; }

static int below(const char *path) { return folder[0] && path && strncmp(path, folder, strlen(folder)) == 0; }

static int fd_below(int fd) {
    char link[64], path[PATH_MAX];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return below(path);
}

/* 0: go on; 1: refuse; 2: write half, then die. Takes room: whether a full disk can refuse it. */
static int fault(int takes_room) {
    seen++;
    if (wanted <= 0 || seen < wanted) return 0;
    if (mode == KILL && seen == wanted) raise(SIGKILL);
    if (mode == KILL_HALF && seen == wanted) {
        if (takes_room) return 2;
        raise(SIGKILL);
    }
    if (takes_room && (mode == FULL || (mode == FULL_ONCE && seen == wanted))) return 1;
    return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define DATA(name, params, whole, half)                                   \
    ssize_t name params {                                                 \
        __typeof__(&name) real = REAL(name);                              \
        if (fd_below(fd)) {                                               \
            int what = fault(1);                                          \
            if (what == 1) { errno = ENOSPC; return -1; }                 \
            if (what == 2) { real half; raise(SIGKILL); }                 \
        }                                                                 \
        return real whole;                                                \
    }

DATA(write, (int fd, const void *data, size_t n), (fd, data, n), (fd, data, n / 2))
DATA(pwrite, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at), (fd, data, n / 2, at))
DATA(pwrite64, (int fd, const void *data, size_t n, off64_t at), (fd, data, n, at), (fd, data, n / 2, at))
DATA(sendfile, (int fd, int from, off_t *at, size_t n), (fd, from, at, n), (fd, from, at, n / 2))
DATA(sendfile64, (int fd, int from, off64_t *at, size_t n), (fd, from, at, n), (fd, from, at, n / 2))

#define ACT(name, params, args, is_ours, takes_room)                      \
    int name params {                                                     \
        if (is_ours && fault(takes_room) != 0) {                          \
            if (mode == KILL_HALF) raise(SIGKILL);                        \
            errno = ENOSPC;                                               \
            return -1;                                                    \
        }                                                                 \
        return REAL(name) args;                                           \
    }

ACT(fsync, (int fd), (fd), fd_below(fd), 1)
ACT(fdatasync, (int fd), (fd), fd_below(fd), 1)
ACT(ftruncate, (int fd, off_t n), (fd, n), fd_below(fd), 0)
ACT(ftruncate64, (int fd, off64_t n), (fd, n), fd_below(fd), 0)
ACT(rename, (const char *from, const char *to), (from, to), below(to), 1)
ACT(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), below(to), 1)
ACT(unlink, (const char *path), (path), below(path), 0)
ACT(mkdir, (const char *path, mode_t rights), (path, rights), below(path), 1)

/* Making a file takes room as well. */
#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        va_list more;                                                     \
        va_start(more, flags);                                            \
        int rights = va_arg(more, int);                                   \
        va_end(more);                                                     \
        if ((flags & O_CREAT) && below(path) && access(path, F_OK) != 0 && fault(1) != 0) { \
            if (mode == KILL_HALF) raise(SIGKILL);                        \
            errno = ENOSPC;                                               \
            return -1;                                                    \
        }                                                                 \
        return REAL(name)(path, flags, rights);                           \
    }

OPEN(open)
OPEN(open64)
