#include "clinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SIOCBRDELBR
#define SIOCBRDELBR 0x89a1
#endif

static int set_up(int fd, const char *device, bool up)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    if (ioctl(fd, SIOCGIFFLAGS, &request) < 0) return -errno;
    request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

struct new_namespace {
    const char *path;
    int result;
};

/* In a thread of its own, which ends in the new namespace and takes it along: nobody else ever sees it. */
static void *make_namespace(void *argument)
{
    struct new_namespace *made = argument;
    int fd = -1;
    if (unshare(CLONE_NEWNET) < 0 || (fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0) {
        made->result = -errno;
    } else {
        made->result = set_up(fd, "lo", true);
        if (made->result == 0 && mount("/proc/thread-self/ns/net", made->path, NULL, MS_BIND, NULL) < 0)
            made->result = -errno;
    }
    if (fd >= 0) close(fd);
    return NULL;
}

int clinux_network_namespace(const char *path)
{
    struct new_namespace made = {.path = path, .result = 0};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, make_namespace, &made);
    if (error) return -error;
    pthread_join(thread, NULL);
    return made.result;
}

int clinux_remove_bridge(const char *device)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int result = set_up(fd, device, false);
    if (result == 0 && ioctl(fd, SIOCBRDELBR, device) < 0) result = -errno;
    close(fd);
    return result;
}

int clinux_hold_port(const uint8_t *address, bool is_v6, uint16_t port, int type, int protocol)
{
    union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } name;
    memset(&name, 0, sizeof name);
    socklen_t length = is_v6 ? sizeof name.v6 : sizeof name.v4;
    if (is_v6) {
        name.v6.sin6_family = AF_INET6;
        name.v6.sin6_port = htons(port);
        memcpy(&name.v6.sin6_addr, address, 16);
    } else {
        name.v4.sin_family = AF_INET;
        name.v4.sin_port = htons(port);
        memcpy(&name.v4.sin_addr, address, 4);
    }
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, protocol), on = 1;
    if (fd < 0) return -errno;
    /* The other family has a socket of its own. */
    if ((is_v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) || bind(fd, &name.any, length) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int clinux_socket_port(int fd)
{
    union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } name;
    socklen_t length = sizeof name;
    if (getsockname(fd, &name.any, &length) < 0) return -errno;
    return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}
