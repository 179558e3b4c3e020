/* Load on a unix socket that speaks HTTP/1.1.
 *   load requests SOCKET PATH SECONDS CLIENTS   requests per second, each client on a connection that is kept
 *   load drain SOCKET PATH BYTES                seconds until so many bytes of the body have come
 *   load follow SOCKET PATH COUNT               opens so many connections that stay, says `ready N`, waits for the end of
 *                                               standard input
 * One line with the figure on standard output; exit status 1 when an answer is no 200. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char request[2048];
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "unexpected answer");
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int dial(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    while (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        if (errno != EAGAIN && errno != EINTR) die("connect");
    return fd;
}

static void ask(int fd)
{
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request)) die("send");
}

/* One answer at a time on each connection. */
struct client {
    int fd;
    size_t have, body; /* body: bytes of it still to come, once the head is there */
    int in_body;
    char head[8192];
};

/* 1 when the answer is whole. */
static int take(struct client *c, const char *data, size_t count)
{
    const char *last = data + count;
    int is_last_chunk = count >= 5 && !memcmp(last - 5, "0\r\n\r\n", 5);
    if (!c->in_body) {
        if (c->have + count >= sizeof c->head) {
            size_t room = sizeof c->head - 1 - c->have;
            memcpy(c->head + c->have, data, room);
            c->head[sizeof c->head - 1] = 0;
        } else {
            memcpy(c->head + c->have, data, count);
            c->head[c->have + count] = 0;
        }
        char *end = strstr(c->head, "\r\n\r\n");
        if (!end) {
            c->have += count;
            if (c->have >= sizeof c->head - 1) die("a head too long");
            return 0;
        }
        errno = 0;
        if (strncmp(c->head, "HTTP/1.1 200", 12)) die(c->head);
        char *length = strcasestr(c->head, "\r\ncontent-length:");
        size_t head = (size_t)(end + 4 - c->head);
        count = c->have + count - head;
        c->in_body = 1;
        /* Chunked bodies, as dockerd's of long lists, end with an empty chunk. */
        c->body = length && length < end ? strtoull(length + 17, NULL, 10) : (size_t)-1;
        data = c->head + head;
        if (c->body == (size_t)-1) {
            c->have = 0;
            c->in_body = !is_last_chunk;
            return is_last_chunk;
        }
    } else if (c->body == (size_t)-1) {
        c->in_body = !is_last_chunk;
        return is_last_chunk;
    }
    c->body -= count < c->body ? count : c->body;
    if (c->body) return 0;
    c->in_body = 0;
    c->have = 0;
    return 1;
}

static void requests(double seconds, int count)
{
    struct client *clients = calloc((size_t)count, sizeof *clients);
    struct pollfd *set = calloc((size_t)count, sizeof *set);
    static char buffer[1 << 18];
    long done = 0;
    for (int i = 0; i < count; i++) {
        clients[i].fd = dial();
        set[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
        ask(clients[i].fd);
    }
    double start = now(), end = start + seconds, time;
    while ((time = now()) < end) {
        if (poll(set, (nfds_t)count, 1000) < 0) die("poll");
        for (int i = 0; i < count; i++) {
            if (!set[i].revents) continue;
            ssize_t got = recv(set[i].fd, buffer, sizeof buffer, 0);
            if (got <= 0) die("recv");
            if (take(&clients[i], buffer, (size_t)got)) {
                done++;
                ask(set[i].fd);
            }
        }
    }
    printf("%.1f\n", (double)done / (time - start));
}

static void drain(size_t bytes)
{
    static char buffer[1 << 18];
    double start = now();
    int fd = dial();
    ask(fd);
    size_t sum = 0;
    while (sum < bytes) {
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) die("the stream ended early");
        if (!sum && strncmp(buffer, "HTTP/1.1 200", 12)) die(buffer);
        sum += (size_t)got;
    }
    printf("%.3f\n", now() - start);
}

static void follow(int count)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    char buffer[4096];
    int *fds = calloc((size_t)count, sizeof *fds);
    for (int i = 0; i < count; i++) ask(fds[i] = dial());
    for (int i = 0; i < count; i++) {
        ssize_t got = recv(fds[i], buffer, sizeof buffer - 1, 0);
        if (got <= 0) die("recv");
        buffer[got] = 0;
        errno = 0;
        if (strncmp(buffer, "HTTP/1.1 200", 12) && strncmp(buffer, "HTTP/1.1 101", 12)) die(buffer);
    }
    printf("ready %d\n", count);
    fflush(stdout);
    while (read(0, buffer, sizeof buffer) > 0) {}
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: load requests|drain|follow SOCKET PATH NUMBER [CLIENTS]\n");
        return 2;
    }
    strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
    const char *method = strstr(argv[3], "/attach") ? "POST" : "GET";
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: load\r\nContent-Length: 0\r\n\r\n", method, argv[3]);
    if (!strcmp(argv[1], "requests")) requests(atof(argv[4]), argc > 5 ? atoi(argv[5]) : 8);
    else if (!strcmp(argv[1], "drain")) drain(strtoull(argv[4], NULL, 10));
    else follow(atoi(argv[4]));
    return 0;
}
