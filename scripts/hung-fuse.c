/* A FUSE file system that hangs on purpose: it mounts itself, lists one file, `data`, lets it be opened, and never
 * answers a read. Whoever reads sleeps uninterruptibly once it is killed. SIGTERM (or any end of this process) closes
 * the connection, which the kernel treats as an abort: every waiter is freed.
 *
 * Usage: hung-fuse DIRECTORY [stop] prints "mounted" when the mount is there and "reading" at each read, and stays
 *                               in the foreground. With `stop` it stops itself (SIGSTOP) at the first read, and
 *                               answers all of them once it is continued.
 * No libfuse: the protocol of <linux/fuse.h> is small and must not be answered too helpfully.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, DATA = 2, SIZE = 4096, BUFFER = 1 << 17 };

static const char *mountpoint;
static int connection = -1;
static enum { NEVER_ANSWERS, STOPS, ANSWERS } reads;

/* Close first, unmount later: umount of a connection that still hangs would wait like everybody else.
 * Also the signal handler, so that a signal just before the read is not lost: all three calls are safe there. */
static _Noreturn void leave(int signal_number) {
    (void)signal_number;
    close(connection);
    umount2(mountpoint, MNT_DETACH);
    _exit(0);
}

static void reply(int fd, const struct fuse_in_header *in, int error, const void *body, size_t length) {
    struct fuse_out_header out = { .len = sizeof out + length, .error = -error, .unique = in->unique };
    struct iovec parts[2] = { { &out, sizeof out }, { (void *)body, length } };
    if (writev(fd, parts, length ? 2 : 1) < 0 && errno != ENOENT)
        perror("hung-fuse: reply");
}

static void say(const char *word) {
    puts(word);
    fflush(stdout);
}

static struct fuse_attr attributes(uint64_t node) {
    struct fuse_attr a = { .ino = node, .nlink = 1, .blksize = 4096 };
    a.mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0644;
    a.size = node == ROOT ? 0 : SIZE;
    return a;
}

static void initialise(int fd, const struct fuse_in_header *in, const struct fuse_init_in *offer) {
    struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION };
    if (offer->minor < out.minor)
        out.minor = offer->minor;
    out.max_readahead = offer->max_readahead;
    out.max_write = 4096;
    reply(fd, in, 0, &out, sizeof out);
}

static void look_up(int fd, const struct fuse_in_header *in, const char *name) {
    if (in->nodeid != ROOT || strcmp(name, "data") != 0) {
        reply(fd, in, ENOENT, NULL, 0);
        return;
    }
    struct fuse_entry_out out = { .nodeid = DATA, .entry_valid = 3600, .attr_valid = 3600 };
    out.attr = attributes(DATA);
    reply(fd, in, 0, &out, sizeof out);
}

static void list_root(int fd, const struct fuse_in_header *in, const struct fuse_read_in *read) {
    char buffer[64] = { 0 };
    struct fuse_dirent *entry = (struct fuse_dirent *)buffer;
    *entry = (struct fuse_dirent){ .ino = DATA, .off = 1, .namelen = 4, .type = S_IFREG >> 12 };
    memcpy(entry->name, "data", 4);
    reply(fd, in, 0, buffer, read->offset == 0 ? FUSE_DIRENT_SIZE(entry) : 0);
}

static void answer(int fd, const struct fuse_in_header *in, const void *body) {
    switch (in->opcode) {
    case FUSE_INIT: initialise(fd, in, body); return;
    case FUSE_LOOKUP: look_up(fd, in, body); return;
    case FUSE_GETATTR: {
        struct fuse_attr_out out = { .attr_valid = 3600, .attr = attributes(in->nodeid) };
        reply(fd, in, 0, &out, sizeof out);
        return;
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
        struct fuse_open_out out = { .fh = 1 };
        reply(fd, in, 0, &out, sizeof out);
        return;
    }
    case FUSE_READDIR: list_root(fd, in, body); return;
    case FUSE_READ:
        say("reading");
        if (reads == NEVER_ANSWERS)
            return; /* the point of it all: no answer, ever */
        if (reads == STOPS)
            raise(SIGSTOP);
        reads = ANSWERS;
        reply(fd, in, 0, "data\n", 5);
        return;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: return; /* these take no answer */
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH: reply(fd, in, 0, NULL, 0); return;
    default: reply(fd, in, ENOSYS, NULL, 0); return;
    }
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[2], "stop") == 0)
        reads = STOPS;
    if (count != (reads == STOPS ? 3 : 2)) {
        fprintf(stderr, "usage: hung-fuse DIRECTORY [stop]\n");
        return 2;
    }
    mountpoint = arguments[1];
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        perror("hung-fuse: /dev/fuse");
        return 1;
    }
    char options[128];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
    if (mount("hung-fuse", mountpoint, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
        perror("hung-fuse: mount");
        return 1;
    }
    connection = fd;
    signal(SIGTERM, leave);
    signal(SIGINT, leave);

    static char buffer[BUFFER];
    int announced = 0;
    for (;;) {
        ssize_t length = read(fd, buffer, sizeof buffer);
        if (length < 0) {
            if (errno == ENOENT || errno == EAGAIN || errno == EINTR)
                continue;
            break; /* ENODEV: unmounted or aborted by somebody else */
        }
        if ((size_t)length < sizeof(struct fuse_in_header))
            break;
        const struct fuse_in_header *in = (const void *)buffer;
        answer(fd, in, buffer + sizeof *in);
        if (!announced && in->opcode == FUSE_INIT) {
            announced = 1;
            say("mounted");
        }
    }
    leave(0);
}
