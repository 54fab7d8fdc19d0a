/*
 * Makes one system call on the files of a folder fail, or be the one before which the process is killed. An LD_PRELOAD library:
 * calls of libc are counted that name a file in NTPKIT_FAULT_FOLDER or have it open; the one with the number NTPKIT_FAULT_AT fails with
 * the error NTPKIT_FAULT (a number), is cut in the middle (`short`, and what follows it fails as on a full disk), or never
 * happens (`kill`). That it was reached is told by making the file NTPKIT_FAULT_REACHED.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DESCRIPTORS 1024

static char ours[DESCRIPTORS];
static int count;
static int is_full;

enum { GO_ON, FAIL, CUT };

static int in_folder(const char *path) {
    const char *folder = getenv("NTPKIT_FAULT_FOLDER");
    return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_ours(int fd) { return fd >= 0 && fd < DESCRIPTORS && ours[fd]; }

static int judged(void) {
    const char *at = getenv("NTPKIT_FAULT_AT"), *what = getenv("NTPKIT_FAULT"), *reached = getenv("NTPKIT_FAULT_REACHED");
    if (at == NULL || what == NULL || ++count != atoi(at)) return GO_ON;
    if (reached != NULL) syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, reached, O_CREAT | O_WRONLY, 0644));
    if (strcmp(what, "kill") == 0) raise(SIGKILL);
    if (strcmp(what, "short") == 0) return CUT;
    errno = atoi(what);
    return FAIL;
}

#define REAL(name) static __typeof__(name) *real; if (real == NULL) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int opened(int fd) {
    if (fd >= 0 && fd < DESCRIPTORS) ours[fd] = 1;
    return fd;
}

/* libuv closes by the call itself, unseen: whoever has the number next is another. */
static int closed(int fd) {
    if (fd >= 0 && fd < DESCRIPTORS) ours[fd] = 0;
    return fd;
}

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        if (!in_folder(path)) return closed(real(path, flags, mode)); \
        return judged() == FAIL ? -1 : opened(real(path, flags, mode)); \
    }
OPENS(open)
OPENS(open64)

#define ON_PATH(name) \
    int name(const char *path) { \
        REAL(name); \
        return in_folder(path) && judged() == FAIL ? -1 : real(path); \
    }
ON_PATH(unlink)
ON_PATH(rmdir)

#define ON_PATHS(name) \
    int name(const char *from, const char *to) { \
        REAL(name); \
        return in_folder(from) && judged() == FAIL ? -1 : real(from, to); \
    }
ON_PATHS(rename)
ON_PATHS(link)

#define ON_FD(name) \
    int name(int fd) { \
        REAL(name); \
        return is_ours(fd) && judged() == FAIL ? -1 : real(fd); \
    }
ON_FD(fsync)
ON_FD(fdatasync)

int fchmod(int fd, mode_t mode) {
    REAL(fchmod);
    return is_ours(fd) && judged() == FAIL ? -1 : real(fd, mode);
}

static int is_refused(int fd, size_t *length) {
    if (!is_ours(fd)) return 0;
    if (is_full) {
        errno = ENOSPC;
        return 1;
    }
    int fate = judged();
    if (fate == CUT && *length > 1) {
        *length /= 2;
        is_full = 1;
    }
    return fate == FAIL;
}

ssize_t write(int fd, const void *octets, size_t length) {
    REAL(write);
    return is_refused(fd, &length) ? -1 : real(fd, octets, length);
}

#define WRITES_AT(name, offset_type) \
    ssize_t name(int fd, const void *octets, size_t length, offset_type offset) { \
        REAL(name); \
        return is_refused(fd, &length) ? -1 : real(fd, octets, length, offset); \
    }
WRITES_AT(pwrite, off_t)
WRITES_AT(pwrite64, off64_t)

ssize_t read(int fd, void *octets, size_t length) {
    REAL(read);
    return is_ours(fd) && judged() == FAIL ? -1 : real(fd, octets, length);
}
