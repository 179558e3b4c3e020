#include "clinux.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#define RESULT(call) ({ __typeof__(call) result_ = (call); result_ < 0 ? -errno : result_; })

/* ---- terminals ---- */
int clinux_set_window_size(int fd, unsigned rows, unsigned columns)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    return RESULT(ioctl(fd, TIOCSWINSZ, &size));
}

int clinux_get_window_size(int fd, unsigned *rows, unsigned *columns)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return -errno;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

int clinux_open_terminal(int *leader, int *follower)
{
    int unlock = 0;
    int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return -errno;
    if (ioctl(fd, TIOCSPTLCK, &unlock) == 0) {
        /* By descriptor (4.13): /dev/pts need not be mounted where the name says. */
        int other = ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (other >= 0) {
            *leader = fd;
            *follower = other;
            return 0;
        }
    }
    int error = -errno;
    close(fd);
    return error;
}

int clinux_get_terminal_mode(int fd, struct termios *mode) { return RESULT(tcgetattr(fd, mode)); }
int clinux_set_terminal_mode(int fd, const struct termios *mode) { return RESULT(tcsetattr(fd, TCSADRAIN, mode)); }
void clinux_make_raw(struct termios *mode) { cfmakeraw(mode); }

/* ---- files ---- */
int clinux_rename(const char *from, const char *to, unsigned flags)
{
    return RESULT(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags));
}

int clinux_renameat(int directory, const char *from, int target_directory, const char *to)
{
    return RESULT(renameat(directory, from, target_directory, to));
}

int clinux_mkdir(const char *path, unsigned mode) { return RESULT(mkdir(path, mode)); }
int clinux_mkdirat(int directory, const char *path, unsigned mode) { return RESULT(mkdirat(directory, path, mode)); }
int clinux_rmdir(const char *path) { return RESULT(rmdir(path)); }
int clinux_unlink(const char *path) { return RESULT(unlink(path)); }

int clinux_unlinkat(int directory, const char *path, bool is_directory)
{
    return RESULT(unlinkat(directory, path, is_directory ? AT_REMOVEDIR : 0));
}

int clinux_chmod(const char *path, unsigned mode) { return RESULT(chmod(path, mode)); }
int clinux_fchmod(int fd, unsigned mode) { return RESULT(fchmod(fd, mode)); }
int clinux_chown(const char *path, unsigned user, unsigned group) { return RESULT(chown(path, user, group)); }
int clinux_fchown(int fd, unsigned user, unsigned group) { return RESULT(fchown(fd, user, group)); }
ssize_t clinux_listxattr(const char *path, void *list, size_t room) { return RESULT(listxattr(path, list, room)); }

ssize_t clinux_getxattr(const char *path, const char *name, void *value, size_t room)
{
    return RESULT(getxattr(path, name, value, room));
}

int clinux_setxattr(const char *path, const char *name, const void *value, size_t size)
{
    return RESULT(setxattr(path, name, value, size, 0));
}

int clinux_symlink(const char *target, const char *path) { return RESULT(symlink(target, path)); }

ssize_t clinux_readlink(int directory, const char *path, char *buffer, size_t room)
{
    return RESULT(readlinkat(directory, path, buffer, room));
}

int clinux_access(const char *path, int mode) { return RESULT(faccessat(AT_FDCWD, path, mode, AT_EACCESS)); }

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000u
#endif

int clinux_stat(int directory, const char *path, bool follow, struct clinux_stat *result)
{
    struct statx raw;
    int flags = (follow ? 0 : AT_SYMLINK_NOFOLLOW) | (path[0] ? 0 : AT_EMPTY_PATH) | AT_NO_AUTOMOUNT;
    if (statx(directory, path, flags, STATX_BASIC_STATS | STATX_MNT_ID, &raw) < 0) return -errno;
    *result = (struct clinux_stat){
        .mode = raw.stx_mode, .user = raw.stx_uid, .group = raw.stx_gid, .links = raw.stx_nlink,
        .device_major = raw.stx_dev_major, .device_minor = raw.stx_dev_minor,
        .special_major = raw.stx_rdev_major, .special_minor = raw.stx_rdev_minor,
        .inode = raw.stx_ino, .size = raw.stx_size, .allocated = raw.stx_blocks * 512,
        .modified_seconds = raw.stx_mtime.tv_sec, .modified_nanoseconds = raw.stx_mtime.tv_nsec,
        .has_mount_id = raw.stx_mask & STATX_MNT_ID,
        .is_mount_root = raw.stx_attributes & 0x2000, /* STATX_ATTR_MOUNT_ROOT */
    };
    if (result->has_mount_id) result->mount_id = raw.stx_mnt_id;
    return 0;
}

int clinux_statfs(const char *path, struct clinux_space *space)
{
    struct statfs raw;
    if (statfs(path, &raw) < 0) return -errno;
    uint64_t block = raw.f_frsize ? (uint64_t)raw.f_frsize : (uint64_t)raw.f_bsize;
    *space = (struct clinux_space){raw.f_blocks * block, raw.f_bavail * block, (uint64_t)raw.f_type};
    return 0;
}

DIR *clinux_directory(int fd, int *error)
{
    DIR *directory = fdopendir(fd);
    *error = directory ? 0 : errno;
    return directory;
}

const char *clinux_directory_next(DIR *directory, unsigned char *type, int *error)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        if (!entry) {
            *error = errno;
            return NULL;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        *error = 0;
        *type = entry->d_type;
        return entry->d_name;
    }
}

/* ---- mounts ---- */
int clinux_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
    return RESULT(mount(source, target, type, flags, data));
}

int clinux_unmount(const char *target, int flags) { return RESULT(umount2(target, flags)); }

/* Numbers of the new mount calls (5.2), the same on all architectures. */
int clinux_fsopen(const char *type) { return (int)RESULT(syscall(430, type, 1u)); }
int clinux_fsconfig_string(int fd, const char *key, const char *value)
{
    return (int)RESULT(syscall(431, fd, 1u, key, value, 0));
}
int clinux_fsconfig_create(int fd) { return (int)RESULT(syscall(431, fd, 6u, NULL, NULL, 0)); }
int clinux_fsmount(int fd, unsigned attributes) { return (int)RESULT(syscall(432, fd, 1u, attributes)); }
int clinux_move_mount(int fd, const char *target)
{
    return (int)RESULT(syscall(429, fd, "", AT_FDCWD, target, 4u)); /* MOVE_MOUNT_F_EMPTY_PATH */
}

/* ---- host ---- */
int clinux_host(struct clinux_host *host)
{
    struct utsname names;
    if (uname(&names) < 0) return -errno;
    memcpy(host->release, names.release, sizeof host->release);
    memcpy(host->version, names.version, sizeof host->version);
    memcpy(host->machine, names.machine, sizeof host->machine);
    memcpy(host->name, names.nodename, sizeof host->name);
    return 0;
}

int clinux_cpu_count(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }

const char *clinux_error_text(int error)
{
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}

const char *clinux_error_name(int error) { return strerrorname_np(error); }
