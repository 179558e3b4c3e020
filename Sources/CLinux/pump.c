#include "clinux.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define PUMP_CHUNK 32768

struct pump { int from, to; char bytes[PUMP_CHUNK]; };

static int deliver(int to, const char *bytes, ssize_t count)
{
    while (count > 0) {
        ssize_t written = write(to, bytes, (size_t)count);
        if (written < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        bytes += written;
        count -= written;
    }
    return 0;
}

static void *run(void *argument)
{
    struct pump *pump = argument;
    for (;;) {
        ssize_t count = read(pump->from, pump->bytes, sizeof pump->bytes);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0 || deliver(pump->to, pump->bytes, count) < 0) break;
    }
    close(pump->to);
    close(pump->from);
    free(pump);
    return NULL;
}

int clinux_pump(int from, int to)
{
    struct pump *pump = malloc(sizeof *pump);
    if (!pump) return -ENOMEM;
    pump->from = from;
    pump->to = to;
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    if (!error) {
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN + 16384);
        error = pthread_create(&thread, &attributes, run, pump);
        pthread_attr_destroy(&attributes);
    }
    if (error) free(pump);
    return -error;
}
