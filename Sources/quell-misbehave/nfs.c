/* The least of an NFS server that Linux mounts (RFC 1813, version 3, over TCP on 127.0.0.1; its MOUNT program answers on the same
 * port): one directory with one file, "data", of a megabyte of zeros; writes are taken and forgotten. For tests, which stop it
 * by SIGSTOP: then nothing answers. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "misbehave.h"

enum { MOUNT = 100005, NFS = 100003, DIRECTORY = 1, DATA = 2, SIZE = 1 << 20, RECORD = 256 << 10, CLIENTS = 16 };
enum { OK = 0, NO_ENTRY = 2, NOT_SUPPORTED = 10004 };

struct client {
    int socket;
    size_t have;
    uint8_t record[RECORD];
};

static struct client clients[CLIENTS];
static uint8_t answer[RECORD];
static size_t length;

static uint32_t get(const uint8_t **at)
{
    uint32_t value;
    memcpy(&value, *at, 4);
    *at += 4;
    return ntohl(value);
}

static void put(uint32_t value)
{
    value = htonl(value);
    memcpy(answer + length, &value, 4);
    length += 4;
}

static void put_long(uint64_t value)
{
    put((uint32_t)(value >> 32));
    put((uint32_t)value);
}

static void put_attributes(uint32_t file)
{
    int is_directory = file == DIRECTORY;
    put(is_directory ? 2 : 1);
    put(is_directory ? 0777 : 0666);
    put(is_directory ? 2 : 1);
    put(0);
    put(0);
    put_long(SIZE);
    put_long(SIZE);
    put_long(0);
    put_long(17);
    put_long(file);
    for (int time = 0; time < 3; time++) put_long(1);
}

/* post_op_attr */
static void put_optional_attributes(uint32_t file)
{
    put(1);
    put_attributes(file);
}

/* wcc_data */
static void put_change(uint32_t file)
{
    put(0);
    put_optional_attributes(file);
}

static void put_handle(uint32_t file)
{
    put(4);
    put(file);
}

/* A handle is the number of the file, in four bytes. */
static uint32_t get_handle(const uint8_t **at)
{
    uint32_t size = get(at), file = DIRECTORY;
    if (size == 4) file = get(at);
    return file == DATA ? DATA : DIRECTORY;
}

static void information(void)
{
    static const uint32_t sizes[] = {65536, 65536, 4096, 65536, 65536, 4096, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) put(sizes[i]);
    put_long(1ULL << 40);
    put_long(1ULL << 32);
    put(8);
}

static void read_data(const uint8_t *at)
{
    uint64_t from = (uint64_t)get(&at) << 32;
    from |= get(&at);
    uint32_t count = get(&at);
    if (from > SIZE) from = SIZE;
    if (count > 65536) count = 65536;
    if (count > SIZE - from) count = (uint32_t)(SIZE - from);
    put(count);
    put(from + count == SIZE);
    put(count);
    memset(answer + length, 0, (count + 3) & ~3u);
    length += (count + 3) & ~3u;
}

static void write_data(const uint8_t *at)
{
    at += 8;
    put(get(&at));
    put(2);
    put_long(1);
}

static void serve_nfs(uint32_t procedure, const uint8_t *at)
{
    uint32_t file = procedure ? get_handle(&at) : 0;
    switch (procedure) {
    case 0: return;
    case 1: put(OK); put_attributes(file); return;
    case 2: put(OK); put_change(file); return;
    case 3: {
        int is_data = get(&at) == 4 && !memcmp(at, "data", 4);
        put(is_data ? OK : NO_ENTRY);
        if (is_data) put_handle(DATA), put_optional_attributes(DATA);
        put_optional_attributes(file);
        return;
    }
    case 4: put(OK); put_optional_attributes(file); put(get(&at)); return;
    case 6: put(OK); put_optional_attributes(file); read_data(at); return;
    case 7: put(OK); put_change(file); write_data(at); return;
    case 18: put(OK); put_optional_attributes(file); for (int i = 0; i < 6; i++) put_long(1 << 20); put(0); return;
    case 19: put(OK); put_optional_attributes(file); information(); return;
    case 20: put(OK); put_optional_attributes(file); put(1); put(255); for (int i = 0; i < 4; i++) put(1); return;
    case 21: put(OK); put_change(file); put_long(1); return;
    default: put(NOT_SUPPORTED); put_optional_attributes(file); return;
    }
}

/* What the kernel asks for when it mounts: the handle of the root, and which ways to say who one is. */
static void serve_mount(uint32_t procedure)
{
    if (procedure != 1) return;
    put(OK);
    put_handle(DIRECTORY);
    put(1);
    put(1);
}

static void serve(int socket, const uint8_t *at)
{
    uint32_t number = get(&at);
    at += 8;
    uint32_t program = get(&at);
    at += 4;
    uint32_t procedure = get(&at);
    for (int i = 0; i < 2; i++) {
        at += 4;
        uint32_t size = get(&at);
        at += (size + 3) & ~3u;
    }
    length = 4;
    put(number);
    put(1);
    for (int i = 0; i < 4; i++) put(0);
    if (program == MOUNT) serve_mount(procedure);
    if (program == NFS) serve_nfs(procedure, at);
    uint32_t mark = htonl((uint32_t)(length - 4) | 1u << 31);
    memcpy(answer, &mark, 4);
    if (write(socket, answer, length) != (ssize_t)length) fail("answer");
}

/* Returns 0 when the client has gone. */
static int take(struct client *client)
{
    ssize_t count = read(client->socket, client->record + client->have, RECORD - client->have);
    if (count <= 0) return 0;
    client->have += (size_t)count;
    while (client->have >= 4) {
        const uint8_t *at = client->record;
        size_t size = (get(&at) & ~(1u << 31)) + 4;
        if (size > RECORD) return 0;
        if (client->have < size) return 1;
        serve(client->socket, at);
        client->have -= size;
        memmove(client->record, client->record + size, client->have);
    }
    return 1;
}

void serve_files(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, CLIENTS) ||
        getsockname(listener, (struct sockaddr *)&address, &size))
        fail("listen");
    for (int i = 0; i < CLIENTS; i++) clients[i].socket = -1;
    ready(ntohs(address.sin_port));
    for (;;) {
        struct pollfd waits[CLIENTS + 1];
        for (int i = 0; i < CLIENTS; i++) waits[i] = (struct pollfd){.fd = clients[i].socket, .events = POLLIN};
        waits[CLIENTS] = (struct pollfd){.fd = listener, .events = POLLIN};
        if (poll(waits, CLIENTS + 1, -1) < 0) fail("poll");
        for (int i = 0; i < CLIENTS; i++) {
            if (!waits[i].revents || take(&clients[i])) continue;
            close(clients[i].socket);
            clients[i].socket = -1;
        }
        if (!waits[CLIENTS].revents) continue;
        int taken = accept(listener, NULL, NULL), place = 0;
        while (place < CLIENTS && clients[place].socket >= 0) place++;
        if (place == CLIENTS) close(taken);
        else clients[place].socket = taken, clients[place].have = 0;
    }
}
