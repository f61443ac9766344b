/*
 * Loaded into a process with LD_PRELOAD, this keeps a log with which everything that the process has written below one
 * folder, and not synced, can be undone (`disk.ts`): what a loss of power may do, and a `kill -9` does not.
 *
 *   JR_POWER_DIR   the folder
 *   JR_POWER_LOG   the log, on the same file system and outside of the folder; beside it, in LOG.kept/, the files that
 *                  were removed or replaced
 *   JR_POWER_SYNC  microseconds that a sync takes. The disk of this machine is not asked: what counts as synced is said
 *                  by the log alone
 *   JR_POWER_AT    the power is lost at this entry: the process is killed before it does what the entry says
 *
 * An entry is in the log before its effect is in the folder. Nobody else may write to the folder meanwhile.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* One name for the function of the C library that stands behind ours. */
#define NEXT(result, name, ...)                                  \
  static result (*next)(__VA_ARGS__);                            \
  if (next == NULL) next = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define FDS 65536

enum { WRITTEN = 'W', CREATED = 'C', MADE_DIR = 'D', REMOVED_DIR = 'X', RENAMED = 'R', REMOVED = 'U', SYNCED = 'S', SYNCED_DIR = 'T' };

/* Followed by the path or paths, each with its 0, and then by the old bytes. */
struct entry {
  uint32_t kind;
  uint32_t paths;
  uint64_t ino;
  /* Of a write: where, and how many bytes at most. Of a sync: the entries that were there when it began. */
  uint64_t at;
  uint64_t length;
  uint64_t old_size;
  uint64_t old_bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *dir, *log_path;
static int log_fd = -1;
static uint64_t entries, lost_at;
static useconds_t sync_us;
/* By descriptor: 0, or the file below the folder that it is open for. */
static ino_t open_files[FDS];

__attribute__((constructor)) static void begin(void) {
  const char *us = getenv("JR_POWER_SYNC"), *at = getenv("JR_POWER_AT");
  log_path = getenv("JR_POWER_LOG");
  dir = log_path == NULL ? NULL : getenv("JR_POWER_DIR");
  sync_us = us == NULL ? 0 : (useconds_t)atoi(us);
  lost_at = at == NULL ? 0 : (uint64_t)atoll(at);
}

static int is_ours(const char *path) {
  size_t length = dir == NULL ? 0 : strlen(dir);
  return length > 0 && path != NULL && strncmp(path, dir, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static void broken(const char *what) {
  dprintf(2, "undo-log: %s: %s\n", what, strerror(errno));
  abort();
}

static void put(const void *bytes, size_t length) {
  NEXT(ssize_t, "write", int, const void *, size_t);
  for (size_t done = 0; done < length;) {
    ssize_t n = next(log_fd, (const char *)bytes + done, length - done);
    if (n < 0) broken("the log");
    done += (size_t)n;
  }
}

static void note(struct entry entry, const char *path, const char *to, const void *old) {
  NEXT(int, "open", const char *, int, ...);
  if (log_fd < 0) {
    log_fd = next(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) broken(log_path);
  }
  entry.paths = (uint32_t)((path == NULL ? 0 : strlen(path) + 1) + (to == NULL ? 0 : strlen(to) + 1));
  put(&entry, sizeof entry);
  if (path != NULL) put(path, strlen(path) + 1);
  if (to != NULL) put(to, strlen(to) + 1);
  put(old, entry.old_bytes);
  if (++entries == lost_at) kill(getpid(), SIGKILL), pause();
}

/* A file that is about to lose its name stays here, under the number of the entry. */
static void keep(const char *path) {
  char kept[PATH_MAX];
  snprintf(kept, sizeof kept, "%s.kept/%llu", log_path, (unsigned long long)entries);
  if (link(path, kept) != 0) broken(kept);
}

static int ours(int fd, struct stat *st) {
  if (fd < 0 || fd >= FDS || open_files[fd] == 0) return 0;
  return fstat(fd, st) == 0 && st->st_ino == open_files[fd];
}

/* Bytes of this file are about to be overwritten or cut off. */
static void note_bytes(int fd, const struct stat *st, uint64_t at, uint64_t length) {
  NEXT(int, "open", const char *, int, ...);
  uint64_t size = (uint64_t)st->st_size;
  struct entry entry = {.kind = WRITTEN, .ino = st->st_ino, .at = at, .length = length, .old_size = size};
  void *old = NULL;
  if (at < size) {
    char path[64];
    entry.old_bytes = length < size - at ? length : size - at;
    old = malloc(entry.old_bytes);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int reader = next(path, O_RDONLY | O_CLOEXEC);
    if (old == NULL || reader < 0 || pread(reader, old, entry.old_bytes, (off_t)at) != (ssize_t)entry.old_bytes)
      broken(path);
    close(reader);
  }
  note(entry, NULL, NULL, old);
  free(old);
}

static void note_here(int fd, uint64_t length) {
  struct stat st;
  if (ours(fd, &st) && length > 0) note_bytes(fd, &st, (uint64_t)lseek(fd, 0, SEEK_CUR), length);
}

static void note_at(int fd, off_t at, uint64_t length) {
  struct stat st;
  if (ours(fd, &st) && length > 0) note_bytes(fd, &st, (uint64_t)at, length);
}

static uint64_t bytes_of(const struct iovec *parts, int count) {
  uint64_t bytes = 0;
  for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
  return bytes;
}

/* Only where it may be about our files: others do not wait for the lock. */
#define GUARDED(fd, noted, call)                                          \
  if ((fd) < 0 || (fd) >= FDS || open_files[fd] == 0) return call;        \
  pthread_mutex_lock(&lock);                                              \
  noted;                                                                  \
  __auto_type result = call;                                              \
  pthread_mutex_unlock(&lock);                                            \
  return result

ssize_t write(int fd, const void *bytes, size_t length) {
  NEXT(ssize_t, "write", int, const void *, size_t);
  GUARDED(fd, note_here(fd, length), next(fd, bytes, length));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  NEXT(ssize_t, "writev", int, const struct iovec *, int);
  GUARDED(fd, note_here(fd, bytes_of(parts, count)), next(fd, parts, count));
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
  NEXT(ssize_t, "pwrite64", int, const void *, size_t, off_t);
  GUARDED(fd, note_at(fd, at, length), next(fd, bytes, length, at));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) {
  NEXT(ssize_t, "pwritev64", int, const struct iovec *, int, off_t);
  GUARDED(fd, note_at(fd, at, bytes_of(parts, count)), next(fd, parts, count, at));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

static void note_length(int fd, off_t length) {
  struct stat st;
  if (!ours(fd, &st)) return;
  if (length < st.st_size) note_bytes(fd, &st, (uint64_t)length, (uint64_t)(st.st_size - length));
  else note_bytes(fd, &st, (uint64_t)st.st_size, (uint64_t)(length - st.st_size));
}

int ftruncate64(int fd, off_t length) {
  NEXT(int, "ftruncate64", int, off_t);
  GUARDED(fd, note_length(fd, length), next(fd, length));
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

/* The calls of stdio write by themselves: before each of them, what it may write. */
static size_t room(FILE *file) { return __fbufsize(file) == 0 ? 4096 : __fbufsize(file); }

static void note_fwrite(FILE *file, size_t bytes) {
  size_t total = __fpending(file) + bytes;
  if (total >= room(file)) note_here(fileno(file), total);
}

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *file) {
  NEXT(size_t, "fwrite", const void *, size_t, size_t, FILE *);
  int fd = fileno(file);
  GUARDED(fd, note_fwrite(file, size * count), next(bytes, size, count, file));
}

/* It may be a macro. */
#undef fwrite_unlocked
size_t fwrite_unlocked(const void *bytes, size_t size, size_t count, FILE *file) {
  NEXT(size_t, "fwrite_unlocked", const void *, size_t, size_t, FILE *);
  int fd = fileno(file);
  GUARDED(fd, note_fwrite(file, size * count), next(bytes, size, count, file));
}

int fflush(FILE *file) {
  NEXT(int, "fflush", FILE *);
  if (file == NULL) return next(file);
  int fd = fileno(file);
  GUARDED(fd, note_here(fd, __fpending(file)), next(file));
}

int fflush_unlocked(FILE *file) {
  NEXT(int, "fflush_unlocked", FILE *);
  int fd = fileno(file);
  GUARDED(fd, note_here(fd, __fpending(file)), next(file));
}

int fclose(FILE *file) {
  NEXT(int, "fclose", FILE *);
  int fd = fileno(file);
  GUARDED(fd, (note_here(fd, __fpending(file)), open_files[fd] = 0), next(file));
}

int close(int fd) {
  NEXT(int, "close", int);
  if (fd >= 0 && fd < FDS) open_files[fd] = 0;
  return next(fd);
}

/* `created`: whether there was none. What a file had that is emptied is noted first. */
static void note_emptied(const char *path, int *created) {
  NEXT(int, "open", const char *, int, ...);
  struct stat st;
  *created = stat(path, &st) != 0;
  if (*created || !S_ISREG(st.st_mode) || st.st_size == 0) return;
  int fd = next(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) broken(path);
  note_bytes(fd, &st, 0, (uint64_t)st.st_size);
  close(fd);
}

static void note_opened(const char *path, int fd, int created) {
  struct stat st;
  if (fd < 0 || fd >= FDS || fstat(fd, &st) != 0) return;
  open_files[fd] = st.st_ino;
  if (created) note((struct entry){.kind = CREATED, .ino = st.st_ino}, path, NULL, NULL);
}

int open64(const char *path, int flags, ...) {
  NEXT(int, "open64", const char *, int, ...);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (!is_ours(path)) return next(path, flags, mode);
  int created = 0;
  pthread_mutex_lock(&lock);
  if (flags & O_CREAT && (flags & O_TRUNC || access(path, F_OK) != 0)) note_emptied(path, &created);
  int fd = next(path, flags, mode);
  note_opened(path, fd, created);
  pthread_mutex_unlock(&lock);
  return fd;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open64(path, flags, mode);
}

FILE *fopen64(const char *path, const char *mode) {
  NEXT(FILE *, "fopen64", const char *, const char *);
  if (!is_ours(path) || mode[0] == 'r') return next(path, mode);
  int created = 0;
  pthread_mutex_lock(&lock);
  if (mode[0] == 'w' || access(path, F_OK) != 0) note_emptied(path, &created);
  FILE *file = next(path, mode);
  if (file != NULL) note_opened(path, fileno(file), created);
  pthread_mutex_unlock(&lock);
  return file;
}

FILE *fopen(const char *path, const char *mode) { return fopen64(path, mode); }

int mkdir(const char *path, mode_t mode) {
  NEXT(int, "mkdir", const char *, mode_t);
  if (!is_ours(path) || access(path, F_OK) == 0) return next(path, mode);
  pthread_mutex_lock(&lock);
  note((struct entry){.kind = MADE_DIR}, path, NULL, NULL);
  int result = next(path, mode);
  pthread_mutex_unlock(&lock);
  return result;
}

int rmdir(const char *path) {
  NEXT(int, "rmdir", const char *);
  if (!is_ours(path) || access(path, F_OK) != 0) return next(path);
  pthread_mutex_lock(&lock);
  note((struct entry){.kind = REMOVED_DIR}, path, NULL, NULL);
  int result = next(path);
  pthread_mutex_unlock(&lock);
  return result;
}

int rename(const char *from, const char *to) {
  NEXT(int, "rename", const char *, const char *);
  struct stat st;
  if (!is_ours(from) || stat(from, &st) != 0) return next(from, to);
  pthread_mutex_lock(&lock);
  if (access(to, F_OK) == 0) keep(to);
  note((struct entry){.kind = RENAMED, .ino = st.st_ino}, from, to, NULL);
  int result = next(from, to);
  pthread_mutex_unlock(&lock);
  return result;
}

int unlink(const char *path) {
  NEXT(int, "unlink", const char *);
  struct stat st;
  if (!is_ours(path) || stat(path, &st) != 0) return next(path);
  pthread_mutex_lock(&lock);
  keep(path);
  note((struct entry){.kind = REMOVED, .ino = st.st_ino}, path, NULL, NULL);
  int result = next(path);
  pthread_mutex_unlock(&lock);
  return result;
}

/* What was written while a sync was under way is not promised by it. */
static int synced(int fd, int (*next)(int)) {
  struct stat st;
  if (!ours(fd, &st)) return next(fd);
  pthread_mutex_lock(&lock);
  struct entry entry = {.kind = S_ISDIR(st.st_mode) ? SYNCED_DIR : SYNCED, .ino = st.st_ino, .at = entries};
  pthread_mutex_unlock(&lock);
  usleep(sync_us);
  pthread_mutex_lock(&lock);
  note(entry, NULL, NULL, NULL);
  pthread_mutex_unlock(&lock);
  return 0;
}

int fsync(int fd) {
  NEXT(int, "fsync", int);
  return synced(fd, next);
}

int fdatasync(int fd) {
  NEXT(int, "fdatasync", int);
  return synced(fd, next);
}
