#include "clinux.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <time.h>

#define RESULT(call) ({ __typeof__(call) result_ = (call); result_ < 0 ? -errno : result_; })

int clinux_open(const char *path, int flags, unsigned mode) { return RESULT(open(path, flags, mode)); }

int clinux_openat(int directory, const char *path, int flags, unsigned mode)
{
    return RESULT(openat(directory, path, flags, mode));
}

int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct { uint64_t flags, mode, resolve; } how = {flags, mode, resolve};
    return (int)RESULT(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

/* EINTR of close leaves the descriptor closed on Linux: close(2). */
int clinux_close(int fd) { int result = RESULT(close(fd)); return result == -EINTR ? 0 : result; }
ssize_t clinux_read(int fd, void *buffer, size_t count) { return RESULT(read(fd, buffer, count)); }
ssize_t clinux_pread(int fd, void *buffer, size_t count, int64_t at) { return RESULT(pread(fd, buffer, count, at)); }
ssize_t clinux_write(int fd, const void *buffer, size_t count) { return RESULT(write(fd, buffer, count)); }
int64_t clinux_lseek(int fd, int64_t offset, int whence) { return RESULT(lseek(fd, offset, whence)); }
int clinux_allocate(int fd, int64_t size) { return RESULT(fallocate(fd, 0, 0, size)); }
int clinux_ftruncate(int fd, int64_t size) { return RESULT(ftruncate(fd, size)); }
int clinux_set_pipe_size(int fd, int size) { return RESULT(fcntl(fd, F_SETPIPE_SZ, size)); }
ssize_t clinux_splice(int from, int to, size_t count)
{
    return RESULT(splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}
int clinux_start_writeback(int fd, int64_t offset, int64_t count)
{
    return RESULT(sync_file_range(fd, offset, count, SYNC_FILE_RANGE_WRITE));
}
int clinux_memory_file(const char *name) { return (int)RESULT(syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */)); }

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif

static int copy_and_seal(int memory, int source, size_t limit)
{
    size_t done = 0;
    for (;;) {
        ssize_t count = sendfile(memory, source, NULL, limit + 1 - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno;
        if (count == 0) break;
        done += (size_t)count;
        if (done > limit) return -EFBIG;
    }
    return RESULT(fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
}

int clinux_sealed_copy(const char *name, int source, size_t limit)
{
    int memory = (int)syscall(SYS_memfd_create, name, 3u /* MFD_CLOEXEC | MFD_ALLOW_SEALING */ | MFD_EXEC);
    /* Before 6.3 there is no MFD_EXEC, and every such file can be executed. */
    if (memory < 0 && errno == EINVAL) memory = (int)syscall(SYS_memfd_create, name, 3u);
    if (memory < 0) return -errno;
    int result = copy_and_seal(memory, source, limit);
    if (result == 0) {
        /* While it is open for writing, be it sealed, it cannot be executed: ETXTBSY. */
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
        result = RESULT(open(path, O_RDONLY | O_CLOEXEC));
    }
    close(memory);
    return result;
}

int clinux_pipe(int ends[2], int flags) { return RESULT(pipe2(ends, flags)); }
int clinux_duplicate(int fd, int least) { return RESULT(fcntl(fd, F_DUPFD_CLOEXEC, least)); }

int clinux_set_nonblocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -errno;
    return RESULT(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

int clinux_set_close_on_exec(int fd, bool on) { return RESULT(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0)); }
int clinux_eventfd(unsigned initial) { return RESULT(eventfd(initial, EFD_CLOEXEC | EFD_NONBLOCK)); }
int clinux_fsync(int fd) { return RESULT(fsync(fd)); }
int clinux_flock(int fd, int operation) { return RESULT(flock(fd, operation)); }

int clinux_ppoll(struct pollfd *entries, unsigned count, int64_t nanoseconds)
{
    struct timespec span = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    return RESULT(ppoll(entries, count, nanoseconds < 0 ? NULL : &span, NULL));
}

int clinux_epoll(void) { return RESULT(epoll_create1(EPOLL_CLOEXEC)); }

int clinux_epoll_control(int queue, int operation, int fd, uint32_t events, uint64_t mark)
{
    struct epoll_event event = {.events = events, .data = {.u64 = mark}};
    return RESULT(epoll_ctl(queue, operation, fd, &event));
}

int clinux_epoll_wait(int queue, uint64_t *marks, uint32_t *events, unsigned count, int64_t nanoseconds)
{
    struct epoll_event found[64];
    int most = count < 64 ? (int)count : 64;
#ifdef SYS_epoll_pwait2
    struct timespec span = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    int result = (int)syscall(SYS_epoll_pwait2, queue, found, most, nanoseconds < 0 ? NULL : &span, NULL, 0);
#else
    int result = -1;
    errno = ENOSYS;
#endif
    if (result < 0 && errno == ENOSYS) {
        /* Before Linux 5.11. Late by less than a millisecond, and never early. */
        int64_t milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999999) / 1000000;
        result = epoll_wait(queue, found, most, milliseconds > 0x7fffffff ? 0x7fffffff : (int)milliseconds);
    }
    if (result < 0) return -errno;
    for (int i = 0; i < result; i++) {
        marks[i] = found[i].data.u64;
        events[i] = found[i].events;
    }
    return result;
}

int64_t clinux_monotonic_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

void clinux_wall_clock(int64_t *seconds, int64_t *nanoseconds)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *seconds = now.tv_sec;
    *nanoseconds = now.tv_nsec;
}

int clinux_inotify(void) { return RESULT(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)); }
int clinux_inotify_add(int fd, const char *path, uint32_t mask) { return RESULT(inotify_add_watch(fd, path, mask)); }
int clinux_inotify_remove(int fd, int watch) { return RESULT(inotify_rm_watch(fd, watch)); }
