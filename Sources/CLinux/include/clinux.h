#pragma once
/* System calls and constants that Swift's Glibc module lacks.
 *
 * Convention: a function returns its result, or -errno. Nothing here uses errno as a way to report, allocates on the
 * heap, or needs NSS. Calls that block say so; EINTR is returned as -EINTR, the Swift side retries. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* ---- descriptors ---- */
int clinux_open(const char *path, int flags, unsigned mode);
int clinux_openat(int directory, const char *path, int flags, unsigned mode);
/* openat2(2) (5.6); resolve is a set of CLINUX_RESOLVE_*. */
int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
#define CLINUX_RESOLVE_NO_XDEV 0x01
#define CLINUX_RESOLVE_NO_MAGICLINKS 0x02
#define CLINUX_RESOLVE_NO_SYMLINKS 0x04
#define CLINUX_RESOLVE_BENEATH 0x08
#define CLINUX_RESOLVE_IN_ROOT 0x10
#define CLINUX_O_PATH 010000000
int clinux_close(int fd);
ssize_t clinux_read(int fd, void *buffer, size_t count);
ssize_t clinux_pread(int fd, void *buffer, size_t count, int64_t offset);
ssize_t clinux_write(int fd, const void *buffer, size_t count);
int64_t clinux_lseek(int fd, int64_t offset, int whence);
int clinux_ftruncate(int fd, int64_t size);
/* From the beginning, and the file grows to it. -EOPNOTSUPP where the file system cannot promise room. */
int clinux_allocate(int fd, int64_t size);
int clinux_pipe(int ends[2], int flags);
/* The size that it has then, which may be more. -EPERM above what the user may have. */
int clinux_set_pipe_size(int fd, int size);
/* From pipe to pipe without a copy; waits for neither. */
ssize_t clinux_splice(int from, int to, size_t count);
/* Begins to write that part of a file to the disk, and waits for nothing but room in the disk's queue. */
int clinux_start_writeback(int fd, int64_t offset, int64_t count);
/* A copy in memory of what can be read from the descriptor, sealed against every change and open for reading only, so that it
 * can be executed; close-on-exec. -EFBIG when it is longer than the limit. */
int clinux_sealed_copy(const char *name, int source, size_t limit);
int clinux_memory_file(const char *name); /* memfd_create(2), close-on-exec */
/* Least new number; close-on-exec. */
int clinux_duplicate(int fd, int least);
int clinux_set_nonblocking(int fd, bool on);
int clinux_set_close_on_exec(int fd, bool on);
int clinux_eventfd(unsigned initial);
int clinux_fsync(int fd);
int clinux_flock(int fd, int operation); /* LOCK_EX, LOCK_NB ...: blocks unless LOCK_NB */
#define CLINUX_LOCK_SHARED 1
#define CLINUX_LOCK_EXCLUSIVE 2
#define CLINUX_LOCK_NONBLOCKING 4
#define CLINUX_LOCK_UNLOCK 8

/* ---- networks ---- */
/* Makes a network namespace whose loopback is up, and mounts it on the file, which holds it. This process stays in its own. */
int clinux_network_namespace(const char *path);
int clinux_remove_bridge(const char *device);
/* Binds a socket without using it, so that nobody else gets the port. 4 or 16 bytes; port 0: one that is free. */
int clinux_hold_port(const uint8_t *address, bool is_v6, uint16_t port, int type, int protocol);
int clinux_socket_port(int fd);

/* ---- waiting ---- */
/* Nanoseconds < 0: without a bound. */
int clinux_ppoll(struct pollfd *entries, unsigned count, int64_t nanoseconds);
int64_t clinux_monotonic_nanoseconds(void);
void clinux_wall_clock(int64_t *seconds, int64_t *nanoseconds);
int clinux_epoll(void);
/* operation: 1 adds, 2 removes, 3 changes. */
int clinux_epoll_control(int queue, int operation, int fd, uint32_t events, uint64_t mark);
/* At most 64 are told at once; nanoseconds < 0 waits without a bound. */
int clinux_epoll_wait(int queue, uint64_t *marks, uint32_t *events, unsigned count, int64_t nanoseconds);
int clinux_inotify(void);
int clinux_inotify_add(int fd, const char *path, uint32_t mask);
int clinux_inotify_remove(int fd, int watch);

/* ---- signals ---- */
/* Bit n-1 stands for signal n. fd -1: a new one. Non-blocking, close-on-exec. */
int clinux_signalfd(int fd, uint64_t mask);
struct clinux_signal_info { uint32_t signal; int32_t code; uint32_t pid; uint32_t uid; int32_t status; };
/* 1 when one was read, 0 when none is pending. */
int clinux_signalfd_read(int fd, struct clinux_signal_info *info);
/* The mask of the calling thread. */
int clinux_block_signals(uint64_t mask, uint64_t *previous);
int clinux_set_signal_mask(uint64_t mask);
int clinux_ignore_signal(int signal);
int clinux_default_signal(int signal);
int clinux_kill(int pid, int signal);

/* ---- processes ---- */
int clinux_pidfd_open(int pid);
int clinux_pidfd_send_signal(int pidfd, int signal);
/* 1 and the wait status when the kernel (6.15) keeps it, 0 when it has not ended or the kernel cannot tell. */
int clinux_pidfd_exit_status(int pidfd, int *wait_status);
struct clinux_reaped { int pid; int code; int status; unsigned uid; };
/* waitid(2) with WEXITED. 1 and the facts; 0 when nobody has ended (with WNOHANG); -ECHILD and so on. */
int clinux_wait_pidfd(int pidfd, int options, struct clinux_reaped *reaped);
int clinux_wait_any(int options, struct clinux_reaped *reaped);
int clinux_process_mrelease(int pidfd);
int clinux_become_subreaper(void);
int clinux_set_parent_death_signal(int signal);
int clinux_set_name(const char *name);
/* The calling thread runs on this processor alone from now on (sched_setaffinity(2)). */
int clinux_run_on(int processor);
int clinux_set_no_new_privileges(void);
int clinux_set_dumpable(bool on);
/* MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT (4.4). */
int clinux_lock_memory(void);
/* Few arenas, and freed memory goes back to the kernel soon. For a daemon that lives long and mostly idles. */
void clinux_keep_heap_small(void);
int clinux_prlimit(int pid, int resource, uint64_t *soft, uint64_t *hard, bool set);
#define CLINUX_RLIMIT_NOFILE 7
#define CLINUX_RLIMIT_CORE 4
#define CLINUX_RLIMIT_MEMLOCK 8
int clinux_setns(int fd, int kinds);
int clinux_unshare(int kinds);
#define CLINUX_CLONE_NEWNS 0x00020000
#define CLINUX_CLONE_NEWCGROUP 0x02000000
#define CLINUX_CLONE_NEWUTS 0x04000000
#define CLINUX_CLONE_NEWIPC 0x08000000
#define CLINUX_CLONE_NEWUSER 0x10000000
#define CLINUX_CLONE_NEWPID 0x20000000
#define CLINUX_CLONE_NEWNET 0x40000000

/* fork(2): 0 in the copy, which has the calling thread alone, this name, no descriptors but 0 to 2 and the kept one, as 3,
 * and the parent's signal mask; it must end by _exit. The copy's pid in the parent. Other threads of the parent may hold no
 * lock but the allocator's. */
int clinux_fork(int kept, const char *name);
/* Some numbers, all zero, that this process shares with its later copies; NULL when there is no memory. */
uint64_t *clinux_shared_counters(void);
void clinux_free_shared_counters(uint64_t *counters);
uint64_t clinux_counter(const uint64_t *counters, int index);
void clinux_count(uint64_t *counters, int index, uint64_t more);

/* The one way this project starts a program. See spawn.c. */
struct clinux_spawn_request {
    const char *executable;       /* a path: PATH was searched by the caller */
    char *const *arguments;
    char *const *environment;
    const int *sources;           /* descriptor i of the parent ... */
    const int *targets;           /* ... becomes this one in the child; ascending. All others are closed. */
    size_t descriptor_count;
    int cgroup;                   /* open directory of a v2 cgroup the child is born into (5.7), or -1 */
    const int *cgroup_procs;      /* open cgroup.procs files; the child moves itself in before anything else */
    size_t cgroup_count;
    const char *const *hidden_mounts; /* when any: a private mount namespace without these mounts */
    size_t hidden_count;
    const char *root;             /* chroot, or NULL */
    const char *working_directory;/* or NULL; after chroot */
    const char *oom_score_adjust; /* decimal text, or NULL; EPERM and EACCES are overlooked */
    int64_t user, group;          /* -1: unchanged; supplementary groups are dropped when user is set */
    int parent_death_signal;      /* 0: none */
    bool new_session;
    bool no_new_privileges;
};
enum clinux_spawn_step {
    CLINUX_STEP_NONE = 0, CLINUX_STEP_CLONE, CLINUX_STEP_STACK, CLINUX_STEP_CGROUP, CLINUX_STEP_SESSION,
    CLINUX_STEP_NAMESPACE, CLINUX_STEP_PROPAGATION, CLINUX_STEP_HIDE, CLINUX_STEP_ROOT, CLINUX_STEP_USER,
    CLINUX_STEP_DIRECTORY, CLINUX_STEP_DESCRIPTORS, CLINUX_STEP_CLOSE, CLINUX_STEP_PRIVILEGES, CLINUX_STEP_DEATH,
    CLINUX_STEP_EXEC
};
struct clinux_spawn_result { int pid; int pidfd; enum clinux_spawn_step step; int error; int index; };
/* 0 and pid + pidfd, or -errno with the step that failed (index: which cgroup, mount or descriptor). Waits until the
 * child has called execve; the child of a failed spawn is reaped. At most CLINUX_SPAWN_DESCRIPTORS descriptors. */
#define CLINUX_SPAWN_DESCRIPTORS 64
int clinux_spawn(const struct clinux_spawn_request *request, struct clinux_spawn_result *result);
/* The same in a copy of the parent's memory, and without waiting: a child in a frozen cgroup does not come to execve. A
 * child that fails on its way writes the step to *shared, and exits with 127. */
int clinux_spawn_unawaited(const struct clinux_spawn_request *request, struct clinux_spawn_result *result,
                           struct clinux_spawn_result *shared);
/* Memory that parent and child share, all zero; NULL when there is none. */
struct clinux_spawn_result *clinux_shared_result(void);
void clinux_free_shared_result(struct clinux_spawn_result *shared);

/* ---- sockets ---- */
/* path may be longer than sun_path: it is then reached through /proc/self/fd. */
int clinux_unix_listen(const char *path, unsigned mode, int backlog);
int clinux_unix_connect(const char *path, bool nonblocking);
int clinux_unix_pair(int ends[2]);
/* address is numeric. A listener of IPv6 takes IPv6 alone. */
int clinux_inet_listen(const char *address, unsigned short port, int backlog);
/* 0: it is no numeric address; else 4 or 6, and 0x100 when it is of the loopback. */
int clinux_inet_kind(const char *address);
/* Of a descriptor that listens for streams, with its port: 1 for a unix socket, else as clinux_inet_kind. -EINVAL for
 * every other descriptor. Makes it non-blocking and close-on-exec. */
int clinux_adopt_listener(int fd, unsigned short *port);
int clinux_accept(int fd); /* non-blocking, close-on-exec */
int clinux_peer(int fd, int *pid, unsigned *uid, unsigned *gid);
int clinux_socket_error(int fd);
ssize_t clinux_send(int fd, const void *buffer, size_t count); /* no SIGPIPE */
int clinux_shutdown(int fd, int how);
ssize_t clinux_send_rights(int fd, const void *buffer, size_t count, const int *descriptors, size_t descriptor_count);
/* *descriptor_count: room in, number out; close-on-exec. -EMSGSIZE when rights were cut off (what came is closed). */
ssize_t clinux_receive_rights(int fd, void *buffer, size_t count, int *descriptors, size_t *descriptor_count);

/* ---- terminals ---- */
int clinux_set_window_size(int fd, unsigned rows, unsigned columns);
int clinux_get_window_size(int fd, unsigned *rows, unsigned *columns);
/* A new pseudo terminal; both close-on-exec. */
int clinux_open_terminal(int *leader, int *follower);
int clinux_get_terminal_mode(int fd, struct termios *mode);
int clinux_set_terminal_mode(int fd, const struct termios *mode);
void clinux_make_raw(struct termios *mode);

/* ---- files ---- */
int clinux_rename(const char *from, const char *to, unsigned flags);
#define CLINUX_RENAME_NOREPLACE 1
#define CLINUX_RENAME_EXCHANGE 2
int clinux_renameat(int directory, const char *from, int target_directory, const char *to);
int clinux_mkdir(const char *path, unsigned mode);
int clinux_mkdirat(int directory, const char *path, unsigned mode);
int clinux_rmdir(const char *path);
int clinux_unlink(const char *path);
int clinux_unlinkat(int directory, const char *path, bool is_directory);
int clinux_chmod(const char *path, unsigned mode);
int clinux_fchmod(int fd, unsigned mode);
int clinux_chown(const char *path, unsigned user, unsigned group);
int clinux_fchown(int fd, unsigned user, unsigned group);
/* Extended attributes; links are followed. A name ends with a zero byte, also in the list. */
ssize_t clinux_listxattr(const char *path, void *list, size_t room);
ssize_t clinux_getxattr(const char *path, const char *name, void *value, size_t room);
int clinux_setxattr(const char *path, const char *name, const void *value, size_t size);
int clinux_symlink(const char *target, const char *path);
ssize_t clinux_readlink(int directory, const char *path, char *buffer, size_t room);
int clinux_access(const char *path, int mode);
struct clinux_stat {
    uint32_t mode, user, group, device_major, device_minor, special_major, special_minor, links;
    uint64_t inode, size, allocated, mount_id; /* size and allocated in bytes */
    int64_t modified_seconds;
    uint32_t modified_nanoseconds;
    bool has_mount_id, is_mount_root;
};
/* statx(2). An empty path: the descriptor itself. Can hang on a hung file system. */
int clinux_stat(int directory, const char *path, bool follow, struct clinux_stat *result);
struct clinux_space { uint64_t total_bytes, available_bytes, type; };
int clinux_statfs(const char *path, struct clinux_space *space);
/* One entry's name, or NULL at the end; *error is 0 or errno. "." and ".." are left out. */
DIR *clinux_directory(int fd, int *error); /* takes fd over when it succeeds */
const char *clinux_directory_next(DIR *directory, unsigned char *type, int *error);

/* ---- mounts ---- */
int clinux_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
int clinux_unmount(const char *target, int flags);
int clinux_fsopen(const char *type);
int clinux_fsconfig_string(int fd, const char *key, const char *value);
int clinux_fsconfig_create(int fd);
int clinux_fsmount(int fd, unsigned attributes);
int clinux_move_mount(int fd, const char *target);
#define CLINUX_MS_RDONLY 1ul
#define CLINUX_MS_NOSUID 2ul
#define CLINUX_MS_NODEV 4ul
#define CLINUX_MS_NOEXEC 8ul
#define CLINUX_MS_REMOUNT 32ul
#define CLINUX_MS_NOSYMFOLLOW 256ul
#define CLINUX_MS_NOATIME 1024ul
#define CLINUX_MS_NODIRATIME 2048ul
#define CLINUX_MS_BIND 4096ul
#define CLINUX_MS_MOVE 8192ul
#define CLINUX_MS_REC 16384ul
#define CLINUX_MS_SILENT 32768ul
#define CLINUX_MS_UNBINDABLE (1ul << 17)
#define CLINUX_MS_PRIVATE (1ul << 18)
#define CLINUX_MS_SLAVE (1ul << 19)
#define CLINUX_MS_SHARED (1ul << 20)
#define CLINUX_MS_RELATIME (1ul << 21)
#define CLINUX_MS_STRICTATIME (1ul << 24)
#define CLINUX_MNT_FORCE 1
#define CLINUX_MNT_DETACH 2
#define CLINUX_UMOUNT_NOFOLLOW 8

/* ---- host ---- */
struct clinux_host { char release[65], version[65], machine[65], name[65]; };
int clinux_host(struct clinux_host *host);
int clinux_cpu_count(void);
const char *clinux_error_text(int error);
const char *clinux_error_name(int error); /* "EACCES", or NULL */

/* ---- pump ---- */
/* A thread of its own moves bytes from one descriptor to the other until either end is over, then closes both. Both block.
   On success the descriptors belong to the thread; else -errno and they are the caller's still. */
int clinux_pump(int from, int to);

/* ---- holds on file systems and devices ---- */
/* FITHAW on any open file of the file system. -EINVAL when it is not frozen. May block. */
int clinux_thaw(int fd);
/* DM_DEV_SUSPEND without its flag: resumes the device of that name in /dev/mapper. -ENXIO when there is none. May block. */
int clinux_resume_mapper(const char *name);
