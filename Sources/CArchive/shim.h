#pragma once
/* libarchive, and the system calls with which quell-unpack confines itself before it reads a byte.
 *
 * The calls are made through syscall(2), since Swift's Glibc module is built without _GNU_SOURCE. Each returns its
 * result or -errno. */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <locale.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long confine_result(long result) { return result < 0 ? -errno : result; }

#define CONFINE_CLONE_NEWNS 0x00020000l
#define CONFINE_CLONE_NEWIPC 0x08000000l
#define CONFINE_CLONE_NEWNET 0x40000000l
static inline long confine_unshare(long kinds) { return confine_result(syscall(SYS_unshare, kinds)); }

#define CONFINE_MS_RDONLY 1ul
#define CONFINE_MS_NOSUID 2ul
#define CONFINE_MS_NODEV 4ul
#define CONFINE_MS_NOEXEC 8ul
#define CONFINE_MS_REMOUNT 32ul
#define CONFINE_MS_BIND 4096ul
#define CONFINE_MS_REC 16384ul
#define CONFINE_MS_PRIVATE (1ul << 18)
static inline long confine_mount(
    const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    return confine_result(syscall(SYS_mount, source, target, type, flags, data));
}
#define CONFINE_MNT_DETACH 2
static inline long confine_unmount(const char *target, int flags) {
    return confine_result(syscall(SYS_umount2, target, flags));
}
static inline long confine_pivot_root(const char *root, const char *old) {
    return confine_result(syscall(SYS_pivot_root, root, old));
}
static inline long confine_chroot(const char *root) { return confine_result(syscall(SYS_chroot, root)); }
static inline long confine_fchdir(int fd) { return confine_result(syscall(SYS_fchdir, fd)); }
static inline long confine_syncfs(int fd) { return confine_result(syscall(SYS_syncfs, fd)); }

struct confine_limit { uint64_t soft, hard; };
/* A refusal is the caller's to judge: lowering is always allowed. */
static inline long confine_limit(int resource, uint64_t value) {
    struct confine_limit limit = {value, value};
    return confine_result(syscall(SYS_prlimit64, 0, resource, &limit, (void *)0));
}
#define CONFINE_RLIMIT_DATA 2
#define CONFINE_RLIMIT_CORE 4
#define CONFINE_RLIMIT_NOFILE 7

/* Leaves exactly the capabilities of `kept` (bit n: capability n) in every set, also the bounding set, and sets
 * no_new_privs. */
static inline long confine_capabilities(uint64_t kept) {
    for (long capability = 0; capability < 64; capability++) {
        if (kept & (1ull << capability)) continue;
        /* PR_CAPBSET_DROP. EINVAL: this kernel has no capability of that number. EPERM: no CAP_SETPCAP in a nested
         * sandbox; the set only matters for execve(2), which is refused below. */
        if (syscall(SYS_prctl, 24, capability, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM) return -errno;
    }
    /* PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL */
    if (syscall(SYS_prctl, 47, 4, 0, 0, 0) < 0 && errno != EINVAL) return -errno;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct held[2], data[2];
    if (syscall(SYS_capget, &header, held) < 0) return -errno;
    for (int word = 0; word < 2; word++) {
        uint32_t wanted = (uint32_t)(kept >> (32 * word)) & held[word].permitted;
        data[word].effective = data[word].permitted = wanted;
        data[word].inheritable = 0;
    }
    if (syscall(SYS_capset, &header, data) < 0) return -errno;
    /* PR_SET_NO_NEW_PRIVS */
    return confine_result(syscall(SYS_prctl, 38, 1, 0, 0, 0));
}
#define CONFINE_CAP_CHOWN (1ull << 0)
#define CONFINE_CAP_DAC_OVERRIDE (1ull << 1)
#define CONFINE_CAP_DAC_READ_SEARCH (1ull << 2)
#define CONFINE_CAP_FOWNER (1ull << 3)
#define CONFINE_CAP_FSETID (1ull << 4)
#define CONFINE_CAP_SYS_ADMIN (1ull << 21)
#define CONFINE_CAP_MKNOD (1ull << 27)
#define CONFINE_CAP_SETFCAP (1ull << 31)

#if defined(__x86_64__)
#define CONFINE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CONFINE_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* Refuses (EPERM) what CAP_SYS_ADMIN would otherwise allow beside trusted.* attributes, and everything with which code
 * smuggled in could reach out: new programs, sockets, other processes, executable mappings (so also dlopen(3) of a
 * library found inside the target), mounts, namespaces. For good. */
static inline long confine_system_calls(void) {
#ifndef CONFINE_ARCHITECTURE
    return -ENOSYS;
#else
    static const unsigned short refused[] = {
        SYS_execve, SYS_execveat, SYS_socket, SYS_socketpair, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
        SYS_kill, SYS_tkill, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare,
        SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr,
        SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup,
        SYS_keyctl, SYS_add_key, SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
        SYS_reboot, SYS_swapon, SYS_swapoff, SYS_quotactl, SYS_sethostname, SYS_setdomainname, SYS_acct, SYS_syslog,
        SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_fanotify_init, SYS_personality,
    };
    enum { count = sizeof refused / sizeof *refused, head = 7, tail = 5 };
    struct sock_filter program[head + count + tail];
    unsigned at = 0;
    const unsigned deny = SECCOMP_RET_ERRNO | EPERM;
#define CONFINE_STEP(...) program[at++] = (struct sock_filter)__VA_ARGS__
    CONFINE_STEP({BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch)});
    CONFINE_STEP({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, CONFINE_ARCHITECTURE});
    CONFINE_STEP({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS});
    CONFINE_STEP({BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)});
    CONFINE_STEP({BPF_JMP | BPF_JGE | BPF_K, count + 6, 0, 0x40000000}); /* x32: to the last step, deny */
    CONFINE_STEP({BPF_JMP | BPF_JEQ | BPF_K, count + 2, 0, SYS_mmap});
    CONFINE_STEP({BPF_JMP | BPF_JEQ | BPF_K, count + 1, 0, SYS_mprotect});
    for (unsigned i = 0; i < count; i++)
        CONFINE_STEP({BPF_JMP | BPF_JEQ | BPF_K, (unsigned char)(count + 3 - i), 0, refused[i]});
    CONFINE_STEP({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
    CONFINE_STEP({BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args[2])}); /* mmap, mprotect: prot */
    CONFINE_STEP({BPF_JMP | BPF_JSET | BPF_K, 1, 0, 4});                                  /* PROT_EXEC */
    CONFINE_STEP({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
    CONFINE_STEP({BPF_RET | BPF_K, 0, 0, deny});
#undef CONFINE_STEP
    struct sock_fprog filter = {(unsigned short)at, program};
    return confine_result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
#endif
}

/* ---- files; paths are relative to the new root. None follows a symbolic link in the last component. ---- */
#define FILE_O_PATH 010000000
#define FILE_O_DIRECTORY O_DIRECTORY
#define FILE_O_NOATIME 01000000
static inline long file_open(const char *path, int flags, unsigned mode) {
    return confine_result(open(path, flags | O_CLOEXEC, mode));
}
static inline long file_change_directory(const char *path) { return confine_result(chdir(path)); }
/* realpath(3): follows every link. buffer has PATH_MAX bytes. 0 or -errno. */
static inline long file_resolve(const char *path, char *buffer) { return realpath(path, buffer) ? 0 : -errno; }
static inline DIR *file_directory(const char *path) { return opendir(path); }
/* The next name but for . and .., valid until the next call; NULL at the end. */
static inline const char *file_directory_next(DIR *directory) {
    for (struct dirent *entry; (entry = readdir(directory));) {
        const char *name = entry->d_name;
        if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]))) continue;
        return name;
    }
    return (void *)0;
}
static inline void file_directory_close(DIR *directory) { closedir(directory); }
static inline int file_error(void) { return errno; }
static inline const char *file_error_text(int error) { return strerror(error); }
__attribute__((noreturn)) static inline void file_exit(int status) { _exit(status); }
/* libarchive takes names for text of the locale; in C.UTF-8 they pass unchanged. */
static inline void file_names_are_utf8(void) { setlocale(LC_CTYPE, "C.UTF-8"); }
/* A reader that leaves is an error of the write (EPIPE), and not the end without a word. */
static inline void file_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }
static inline long file_close(int fd) { return confine_result(close(fd)); }
static inline long file_read(int fd, void *bytes, size_t count) { return confine_result(read(fd, bytes, count)); }
static inline long file_write(int fd, const void *bytes, size_t count) {
    return confine_result(write(fd, bytes, count));
}
static inline long file_write_at(int fd, const void *bytes, size_t count, int64_t offset) {
    return confine_result(pwrite(fd, bytes, count, offset));
}
/* Begins to write that part to the disk (SYNC_FILE_RANGE_WRITE); waits for nothing but room in the disk's queue. */
static inline long file_start_writeback(int fd, int64_t offset, int64_t count) {
    return confine_result(syscall(SYS_sync_file_range, fd, offset, count, 2));
}
static inline long file_truncate(int fd, int64_t size) { return confine_result(ftruncate(fd, size)); }
static inline long file_mkdir(const char *path, unsigned mode) { return confine_result(mkdir(path, mode)); }
static inline long file_mknod(const char *path, unsigned mode, unsigned major, unsigned minor) {
    /* The kernel's own encoding of a device number (new_encode_dev). */
    unsigned device = (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
    return confine_result(syscall(SYS_mknodat, AT_FDCWD, path, mode, device));
}
static inline long file_link(const char *target, const char *path) {
    return confine_result(linkat(AT_FDCWD, target, AT_FDCWD, path, 0));
}
static inline long file_symlink(const char *target, const char *path) { return confine_result(symlink(target, path)); }
static inline long file_unlink(const char *path) { return confine_result(unlink(path)); }
static inline long file_rmdir(const char *path) { return confine_result(rmdir(path)); }
static inline long file_chmod(const char *path, unsigned mode) { return confine_result(chmod(path, mode)); }
static inline long file_chown(const char *path, unsigned user, unsigned group) {
    return confine_result(lchown(path, user, group));
}
static inline long file_times(const char *path, int64_t seconds, long nanoseconds) {
    struct timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
    return confine_result(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}
static inline long file_readlink(const char *path, char *buffer, size_t room) {
    return confine_result(readlink(path, buffer, room));
}
static inline long file_set_attribute(const char *path, const char *name, const void *value, size_t size) {
    return confine_result(syscall(SYS_lsetxattr, path, name, value, size, 0));
}
static inline long file_get_attribute(const char *path, const char *name, void *value, size_t size) {
    return confine_result(syscall(SYS_lgetxattr, path, name, value, size));
}
static inline long file_list_attributes(const char *path, char *list, size_t size) {
    return confine_result(syscall(SYS_llistxattr, path, list, size));
}

struct file_facts {
    uint32_t mode, user, group, links;
    uint64_t device, inode;
    uint32_t special_major, special_minor;
    int64_t size, modified;
    uint32_t modified_nanoseconds;
};
static inline long file_facts(const char *path, struct file_facts *facts) {
    struct stat s;
    if (lstat(path, &s) < 0) return -errno;
    *facts = (struct file_facts){
        .mode = s.st_mode, .user = s.st_uid, .group = s.st_gid, .links = (uint32_t)s.st_nlink,
        .device = s.st_dev, .inode = s.st_ino,
        .special_major = (uint32_t)((s.st_rdev >> 8) & 0xfff) | (uint32_t)((s.st_rdev >> 32) & ~0xfffu),
        .special_minor = (uint32_t)(s.st_rdev & 0xff) | (uint32_t)((s.st_rdev >> 12) & ~0xffu),
        .size = s.st_size, .modified = s.st_mtim.tv_sec, .modified_nanoseconds = (uint32_t)s.st_mtim.tv_nsec,
    };
    return 0;
}
