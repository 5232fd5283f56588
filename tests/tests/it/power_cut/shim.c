/* A disk that can be told apart from its cache, for tests.
 *
 * Loaded before the C library (LD_PRELOAD), it writes down every change to files below ANNALS_DISK_FOLDER in the
 * log ANNALS_DISK_LOG, with every sync, so that a parent can rebuild what a power cut would have left. While the file
 * ANNALS_DISK_FAULT exists, whatever changes a file fails with the error number that stands in it.
 *
 * Files ending in -shm are left out: SQLite rebuilds them. A shared writable mapping of any other file is written
 * down as a change that cannot be followed, and fails the test.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE = 2, TRUNCATE = 3, SYNC = 4, UNLINK = 5, SYNC_FOLDER = 6, UNKNOWN = 8 };

struct record {
    uint64_t kind, inode, offset, length;
};

enum { DESCRIPTORS = 4096 };
static uint64_t watched[DESCRIPTORS]; /* the inode behind a descriptor; 0 when it is not watched */
static char is_folder[DESCRIPTORS];
static uint64_t records;
static int log_file = -1;
static const char *folder, *fault;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_fallocate)(int, off_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);

__attribute__((constructor)) static void begin(void) {
    real_open = dlsym(RTLD_NEXT, "open");
    real_close = dlsym(RTLD_NEXT, "close");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_fallocate = dlsym(RTLD_NEXT, "posix_fallocate");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    real_pwritev = dlsym(RTLD_NEXT, "pwritev");
    real_mmap = dlsym(RTLD_NEXT, "mmap");
    folder = getenv("ANNALS_DISK_FOLDER");
    fault = getenv("ANNALS_DISK_FAULT");
    const char *log = getenv("ANNALS_DISK_LOG");
    if (log) log_file = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_below(const char *path) {
    size_t length = folder ? strlen(folder) : 0, all = strlen(path);
    int is_shared_memory = all > 4 && strcmp(path + all - 4, "-shm") == 0;
    return length > 0 && strncmp(path, folder, length) == 0 && !is_shared_memory;
}

static uint64_t of(int fd) { return fd >= 0 && fd < DESCRIPTORS ? watched[fd] : 0; }

/* The lock is held. */
static void note(uint64_t kind, uint64_t inode, uint64_t offset, uint64_t length, const void *bytes, size_t size) {
    if (log_file < 0) return;
    struct record record = {kind, inode, offset, length};
    struct iovec parts[2] = {{&record, sizeof record}, {(void *)bytes, size}};
    if (writev(log_file, parts, 2) != (ssize_t)(sizeof record + size)) abort();
    records++;
}

/* The error that every change fails with for now; 0 for none. */
static int broken(void) {
    if (!fault) return 0;
    int fd = real_open(fault, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    char text[16] = {0};
    ssize_t size = read(fd, text, sizeof text - 1);
    real_close(fd);
    return size > 0 ? atoi(text) : 0;
}

#define FAIL_IF_BROKEN(answer)           \
    do {                                 \
        int error = broken();            \
        if (error) {                     \
            errno = error;               \
            return answer;               \
        }                                \
    } while (0)

static int opened(const char *path, int flags, mode_t mode) {
    if (!is_below(path)) return real_open(path, flags, mode);
    /* Whatever is wrong with a disk, a file that is there can be opened, unless it must not be written. */
    if (flags & (O_WRONLY | O_RDWR) && broken() == EROFS) FAIL_IF_BROKEN(-1);
    pthread_mutex_lock(&lock);
    struct stat before, after;
    int is_new = stat(path, &before) != 0;
    int fd = real_open(path, flags, mode);
    if (fd >= 0 && fd < DESCRIPTORS && fstat(fd, &after) == 0) {
        watched[fd] = after.st_ino;
        is_folder[fd] = S_ISDIR(after.st_mode);
        if (is_new) note(CREATE, after.st_ino, 0, strlen(path), path, strlen(path));
        else if (flags & O_TRUNC) note(TRUNCATE, after.st_ino, 0, 0, "", 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPEN(name)                                     \
    int name(const char *path, int flags, ...) {       \
        va_list rest;                                  \
        va_start(rest, flags);                         \
        mode_t mode = va_arg(rest, mode_t);            \
        va_end(rest);                                  \
        return opened(path, flags, mode);              \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    pthread_mutex_lock(&lock);
    if (of(fd)) watched[fd] = 0;
    int answer = real_close(fd);
    pthread_mutex_unlock(&lock);
    return answer;
}

static ssize_t written(int fd, const void *bytes, size_t size, off_t at) {
    FAIL_IF_BROKEN(-1);
    pthread_mutex_lock(&lock);
    off_t offset = at < 0 ? lseek(fd, 0, SEEK_CUR) : at;
    ssize_t done = at < 0 ? real_write(fd, bytes, size) : real_pwrite(fd, bytes, size, at);
    if (done > 0) note(WRITE, of(fd), (uint64_t)offset, (uint64_t)done, bytes, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    return of(fd) ? written(fd, bytes, size, -1) : real_write(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return of(fd) ? written(fd, bytes, size, at) : real_pwrite(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) { return pwrite(fd, bytes, size, at); }

static void unknown(int fd) {
    pthread_mutex_lock(&lock);
    if (of(fd)) note(UNKNOWN, of(fd), 0, 0, "", 0);
    pthread_mutex_unlock(&lock);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    unknown(fd);
    return real_pwritev(fd, parts, count, at);
}

int posix_fallocate(int fd, off_t at, off_t length) {
    unknown(fd);
    return real_fallocate(fd, at, length);
}

static void *mapped(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    if ((protection & PROT_WRITE) && (flags & MAP_SHARED)) unknown(fd);
    return real_mmap(at, length, protection, flags, fd, offset);
}
void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    return mapped(at, length, protection, flags, fd, offset);
}
void *mmap64(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    return mapped(at, length, protection, flags, fd, offset);
}

int ftruncate(int fd, off_t length) {
    if (!of(fd)) return real_ftruncate(fd, length);
    FAIL_IF_BROKEN(-1);
    pthread_mutex_lock(&lock);
    int answer = real_ftruncate(fd, length);
    if (answer == 0) note(TRUNCATE, of(fd), 0, (uint64_t)length, "", 0);
    pthread_mutex_unlock(&lock);
    return answer;
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

/* What was written before the sync began is on the disk once it is over; what is written meanwhile may not be. */
static int synced(int fd, int (*sync)(int)) {
    if (!of(fd)) return sync(fd);
    FAIL_IF_BROKEN(-1);
    pthread_mutex_lock(&lock);
    uint64_t before = records;
    pthread_mutex_unlock(&lock);
    int answer = sync(fd);
    pthread_mutex_lock(&lock);
    if (answer == 0) note(is_folder[fd] ? SYNC_FOLDER : SYNC, of(fd), before, 0, "", 0);
    pthread_mutex_unlock(&lock);
    return answer;
}
int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }

int unlink(const char *path) {
    if (!is_below(path)) return real_unlink(path);
    FAIL_IF_BROKEN(-1);
    pthread_mutex_lock(&lock);
    int answer = real_unlink(path);
    if (answer == 0) note(UNLINK, 0, 0, strlen(path), path, strlen(path));
    pthread_mutex_unlock(&lock);
    return answer;
}

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    if (is_below(from) || is_below(to)) note(UNKNOWN, 0, 0, 0, "", 0);
    pthread_mutex_unlock(&lock);
    return real_rename(from, to);
}
