#include "clinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define RESULT(call) ({ __typeof__(call) result_ = (call); result_ < 0 ? -errno : result_; })

/* Fills in the address. A path too long for sun_path is reached through its directory's descriptor, which the caller
 * closes afterwards (*directory is -1 when there is none). */
static int make_address(const char *path, struct sockaddr_un *address, int *directory)
{
    *directory = -1;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length == 0) return -ENOENT;
    if (length < sizeof address->sun_path) {
        memcpy(address->sun_path, path, length + 1);
        return 0;
    }
    const char *slash = strrchr(path, '/');
    if (!slash) return -ENAMETOOLONG;
    char parent[4096];
    if ((size_t)(slash - path) >= sizeof parent) return -ENAMETOOLONG;
    memcpy(parent, path, (size_t)(slash - path));
    parent[slash - path] = 0;
    int fd = open(parent[0] ? parent : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int written = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", fd, slash + 1);
    if (written < 0 || (size_t)written >= sizeof address->sun_path) {
        close(fd);
        return -ENAMETOOLONG;
    }
    *directory = fd;
    return 0;
}

static int finish(int fd, int result, int directory)
{
    int error = result < 0 ? errno : 0;
    if (directory >= 0) close(directory);
    if (error == 0) return fd;
    close(fd);
    return -error;
}

int clinux_unix_listen(const char *path, unsigned mode, int backlog)
{
    struct sockaddr_un address;
    int directory;
    int error = make_address(path, &address, &directory);
    if (error < 0) return error;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        error = -errno;
        if (directory >= 0) close(directory);
        return error;
    }
    /* The mode of a socket file is that of the inode of the socket, minus the umask, from bind on. */
    int result = fchmod(fd, 0600);
    if (result == 0) result = bind(fd, (struct sockaddr *)&address, sizeof address);
    if (result == 0) result = chmod(address.sun_path, mode);
    if (result == 0) result = listen(fd, backlog);
    return finish(fd, result, directory);
}

union inet_address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_storage storage;
};

static int inet_kind(const union inet_address *address)
{
    switch (address->any.sa_family) {
    case AF_INET: return 4 | ((ntohl(address->four.sin_addr.s_addr) >> 24) == 127 ? 0x100 : 0);
    case AF_INET6: return 6 | (IN6_IS_ADDR_LOOPBACK(&address->six.sin6_addr) ? 0x100 : 0);
    default: return 0;
    }
}

static int parse_inet(const char *text, unsigned short port, union inet_address *address)
{
    struct in_addr four;
    struct in6_addr six;
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &four) == 1) {
        address->four.sin_family = AF_INET;
        address->four.sin_port = htons(port);
        address->four.sin_addr = four;
    } else if (inet_pton(AF_INET6, text, &six) == 1) {
        address->six.sin6_family = AF_INET6;
        address->six.sin6_port = htons(port);
        address->six.sin6_addr = six;
    }
    return inet_kind(address);
}

int clinux_inet_kind(const char *text)
{
    union inet_address address;
    return parse_inet(text, 0, &address);
}

int clinux_inet_listen(const char *text, unsigned short port, int backlog)
{
    union inet_address address;
    int kind = parse_inet(text, port, &address) & 0xff;
    if (!kind) return -EINVAL;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    int on = 1;
    /* Connections of an earlier listener that are still closing do not keep the port. */
    int result = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (result == 0 && kind == 6) result = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (result == 0) result = bind(fd, &address.any, kind == 6 ? sizeof address.six : sizeof address.four);
    if (result == 0) result = listen(fd, backlog);
    return finish(fd, result, -1);
}

int clinux_adopt_listener(int fd, unsigned short *port)
{
    int type = 0, listens = 0;
    socklen_t length = sizeof type;
    *port = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0) return errno == ENOTSOCK ? -EINVAL : -errno;
    length = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0) return -errno;
    if (type != SOCK_STREAM || !listens) return -EINVAL;
    union inet_address address;
    length = sizeof address;
    if (getsockname(fd, &address.any, &length) < 0) return -errno;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return -errno;
    if (address.any.sa_family == AF_UNIX) return 1;
    if (address.any.sa_family == AF_INET) *port = ntohs(address.four.sin_port);
    if (address.any.sa_family == AF_INET6) *port = ntohs(address.six.sin6_port);
    int kind = inet_kind(&address);
    return kind ? kind : -EINVAL;
}

int clinux_unix_connect(const char *path, bool nonblocking)
{
    struct sockaddr_un address;
    int directory;
    int error = make_address(path, &address, &directory);
    if (error < 0) return error;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), 0);
    if (fd < 0) {
        error = -errno;
        if (directory >= 0) close(directory);
        return error;
    }
    return finish(fd, connect(fd, (struct sockaddr *)&address, sizeof address), directory);
}

int clinux_unix_pair(int ends[2]) { return RESULT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)); }
int clinux_accept(int fd) { return RESULT(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)); }

int clinux_peer(int fd, int *pid, unsigned *uid, unsigned *gid)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
    *pid = peer.pid;
    *uid = peer.uid;
    *gid = peer.gid;
    return 0;
}

int clinux_socket_error(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return -errno;
    return -error;
}

ssize_t clinux_send(int fd, const void *buffer, size_t count) { return RESULT(send(fd, buffer, count, MSG_NOSIGNAL)); }
int clinux_shutdown(int fd, int how) { return RESULT(shutdown(fd, how)); }

enum { MOST_RIGHTS = 253 }; /* SCM_MAX_FD */

ssize_t clinux_send_rights(int fd, const void *buffer, size_t count, const int *descriptors, size_t number)
{
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int) * MOST_RIGHTS)]; } control;
    struct iovec part = {(void *)buffer, count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (number > MOST_RIGHTS) return -EINVAL;
    if (number > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * number);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * number);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * number);
    }
    return RESULT(sendmsg(fd, &message, MSG_NOSIGNAL));
}

ssize_t clinux_receive_rights(int fd, void *buffer, size_t count, int *descriptors, size_t *number)
{
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int) * MOST_RIGHTS)]; } control;
    struct iovec part = {buffer, count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    size_t room = *number, found = 0;
    *number = 0;
    ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (length < 0) return -errno;
    bool cut = message.msg_flags & MSG_CTRUNC;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (found < room) descriptors[found++] = descriptor;
            else { close(descriptor); cut = true; }
        }
    }
    if (cut) {
        for (size_t i = 0; i < found; i++) close(descriptors[i]);
        return -EMSGSIZE;
    }
    *number = found;
    return length;
}
