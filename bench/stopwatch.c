/* Runs a command N times, one after the other, and prints how long each took as a process, in milliseconds, one a line.
 * Usage: stopwatch [-n COUNT] COMMAND [ARGUMENT...]      "{}" in an argument becomes the number of the run.
 * The command's standard output goes to /dev/null, its standard error stays. The first failure ends it with status 1.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static char *numbered(const char *argument, int number) {
    const char *mark = strstr(argument, "{}");
    char *text = NULL;
    if (!mark)
        return strdup(argument);
    if (asprintf(&text, "%.*s%d%s", (int)(mark - argument), argument, number, mark + 2) < 0)
        exit(1);
    return text;
}

int main(int count, char **arguments) {
    int runs = 1, first = 1;
    if (count > 2 && strcmp(arguments[1], "-n") == 0) {
        runs = atoi(arguments[2]);
        first = 3;
    }
    if (first >= count) {
        fprintf(stderr, "usage: stopwatch [-n COUNT] COMMAND [ARGUMENT...]\n");
        return 2;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);

    for (int run = 1; run <= runs; run++) {
        char **command = calloc(count - first + 1, sizeof *command);
        for (int i = first; i < count; i++)
            command[i - first] = numbered(arguments[i], run);
        pid_t pid;
        int status;
        double start = now();
        int error = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
        if (error != 0 || waitpid(pid, &status, 0) != pid) {
            fprintf(stderr, "stopwatch: %s: %s\n", command[0], strerror(error));
            return 1;
        }
        double took = now() - start;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "stopwatch: %s failed (status %#x)\n", command[0], status);
            return 1;
        }
        printf("%.2f\n", took);
        fflush(stdout);
        for (int i = 0; command[i]; i++)
            free(command[i]);
        free(command);
    }
    return 0;
}
