/* What a container engine has to live with, on purpose. For tests: static, so that it runs in any root file system.
 *
 *   write FILE          appends to FILE again and again; on a frozen file system it is in D
 *   threaded FILE       one thread reads FILE, three wait: one task of four hangs
 *   leaderless FILE     the same with two threads, and the first one ends: the process shows Z and lives
 *   vfork               a vfork parent whose child waits for ever: D, and KILL ends it
 *   trace PID           stops PID as a debugger does, then stops itself; continued, it lets go
 *   trace-lazily PID    traces PID and never waits for it: its end is reported to nobody
 *   enter PID WORD...   runs WORD... in the PID namespace of PID and never reaps it
 *   ignore N            a chain of N processes that ignore TERM
 *   forks N             a fork bomb with at most N processes alive
 *   burn N              N processes that compute
 *   grow N              touches N megabytes, again and again
 *   nfs                 serves a small NFS file system on a port of 127.0.0.1, which it says
 *   ustat MAJOR MINOR   asks for the file system on a device: waits while another changes how it is mounted
 *   orphan FILE         writes FILE, removes it and keeps it open: its blocks are freed only when the process has ended
 *   pipe FIFO FILE      writes what is in FILE, mapped, to FIFO: who waits for FILE has the lock of the pipe
 *   fuse DIRECTORY [stop]  serves a FUSE file system whose file `data` is never read, or which stops itself at the first
 *                       read (scripts/hung-fuse.c): says "mounted" instead
 *
 * Says "ready" on standard output (and a number, where there is a child or a port to know) once it is so. Each of its processes ends by
 * itself after five minutes, unless the kernel holds it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "misbehave.h"

enum { LIFETIME = 300 };

void fail(const char *what)
{
    fprintf(stderr, "quell-misbehave: %s: %s\n", what, strerror(errno));
    _exit(1);
}

/* Standard output is closed after it: whoever reads it to the end is not kept waiting. */
void ready(int pid)
{
    char text[32];
    int length = pid > 0 ? snprintf(text, sizeof text, "ready %d\n", pid) : snprintf(text, sizeof text, "ready\n");
    if (write(1, text, (size_t)length) < 0) fail("write");
    close(1);
}

static void rest(void)
{
    for (;;) pause();
}

static int number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || value <= 0 || value > 1 << 22) {
        fprintf(stderr, "quell-misbehave: not a number: %s\n", text);
        _exit(2);
    }
    return (int)value;
}

/* Alarms are not inherited. */
static int split(void)
{
    int pid = fork();
    if (pid == 0) alarm(LIFETIME);
    return pid;
}

static void append_for_ever(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) fail(path);
    ready(0);
    for (;;) {
        if (write(file, "x\n", 2) < 0) fail("write");
        usleep(1000);
    }
}

static const char *file_to_read;
static int leaves;

static void *read_file(void *unused)
{
    char buffer[4096];
    (void)unused;
    prctl(PR_SET_NAME, "hanging-thread", 0, 0, 0);
    int file = open(file_to_read, O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(file_to_read);
    /* A leader that has ended is a zombie, and is not when this thread is gone: nobody else can say when it is so. */
    if (leaves) {
        char path[64], line[256];
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)getpid());
        for (;;) {
            int stat = open(path, O_RDONLY | O_CLOEXEC);
            if (stat < 0) fail(path);
            ssize_t count = read(stat, line, sizeof line - 1);
            close(stat);
            if (count <= 0) fail(path);
            line[count] = 0;
            char *end = strrchr(line, ')');
            if (end && end[2] == 'Z') break;
            usleep(1000);
        }
    }
    ready(0);
    while (read(file, buffer, sizeof buffer) > 0) {}
    rest();
    return NULL;
}

static void *wait_for_ever(void *unused)
{
    rest();
    return unused;
}

static void threads(const char *path, int waiting)
{
    pthread_t thread;
    file_to_read = path;
    leaves = waiting == 0;
    if (pthread_create(&thread, NULL, read_file, NULL)) fail("pthread_create");
    for (int i = 1; i < waiting; i++)
        if (pthread_create(&thread, NULL, wait_for_ever, NULL)) fail("pthread_create");
    if (leaves) syscall(SYS_exit, 0);
    rest();
}

static void vfork_and_wait(void)
{
    /* The child borrows our memory and may say that it is there; it never lets us go on. */
    int child = vfork();
    if (child < 0) fail("vfork");
    if (child == 0) {
        alarm(LIFETIME);
        if (write(1, "ready\n", 6) < 0) _exit(1);
        close(1);
        for (;;) pause();
    }
}

static void trace(int pid, int stop)
{
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0) fail("PTRACE_SEIZE");
    if (stop) {
        int status;
        if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0) fail("PTRACE_INTERRUPT");
        if (waitpid(pid, &status, __WALL) != pid) fail("waitpid");
    }
    ready(0);
    if (stop) {
        raise(SIGSTOP);
        if (ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0) fail("PTRACE_DETACH");
    }
    rest();
}

static void enter(int pid, char **words)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/pid", pid);
    int space = open(path, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWPID) < 0) fail(path);
    int child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        close(1);
        execvp(words[0], words);
        _exit(127);
    }
    ready(child);
    rest();
}

static void chain(int length)
{
    signal(SIGTERM, SIG_IGN);
    if (length > 1) {
        int child = split();
        if (child < 0) fail("fork");
        if (child == 0) chain(length - 1);
    } else {
        ready(0);
    }
    /* All but the last hold standard output open: it is read to its end when the chain is over. */
    rest();
}

/* Every process forks as fast as it may, and half of them end at once, so the pids change all the time. */
static void bomb(int most)
{
    int *alive = mmap(NULL, sizeof *alive, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (alive == MAP_FAILED) fail("mmap");
    *alive = 1;
    int first = getpid();
    signal(SIGCHLD, SIG_IGN);
    ready(0);
    for (;;) {
        if (__atomic_add_fetch(alive, 1, __ATOMIC_SEQ_CST) > most) {
            __atomic_sub_fetch(alive, 1, __ATOMIC_SEQ_CST);
            if (getpid() != first && getpid() % 2) {
                __atomic_sub_fetch(alive, 1, __ATOMIC_SEQ_CST);
                /* The last one stays. */
                if (__atomic_load_n(alive, __ATOMIC_SEQ_CST) > 0) _exit(0);
                __atomic_add_fetch(alive, 1, __ATOMIC_SEQ_CST);
            }
            sched_yield();
            continue;
        }
        if (split() < 0) __atomic_sub_fetch(alive, 1, __ATOMIC_SEQ_CST);
    }
}

static void burn(int count)
{
    for (int i = 1; i < count; i++)
        if (split() == 0) break;
    ready(0);
    volatile unsigned long work = 0;
    for (;;) work++;
}

static void grow(int megabytes)
{
    size_t size = (size_t)megabytes << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
    for (int round = 1;; round++) {
        for (size_t at = 0; at < size; at += 4096) memory[at] = (char)round;
        if (round == 1) ready(0);
        usleep(10000);
    }
}

/* Takes the lock of the super block, and no descriptor of it. */
static void ask_for_file_system(int major, int minor)
{
    char answer[64];
    ready(0);
    unsigned device = (unsigned)(minor & 0xff) | (unsigned)major << 8 | (unsigned)(minor & ~0xff) << 12;
    syscall(SYS_ustat, device, answer);
    rest();
}

/* Pages that are on their way to the device keep the last close waiting, which is at the very end of a process: it has no
 * descriptors and no mounts any more by then. */
static void leave_orphan(const char *path)
{
    static char block[1 << 16];
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) fail(path);
    if (unlink(path)) fail("unlink");
    ready(0);
    /* Whoever stalls the device does it now. */
    char go;
    if (read(0, &go, 1) < 0) fail("read");
    for (int i = 0; i < 16; i++)
        if (write(file, block, sizeof block) != (ssize_t)sizeof block) fail("write");
    if (sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE)) fail("sync_file_range");
    rest();
}

/* The page fault is taken while the pipe is locked: whoever writes to the pipe waits for that lock, in D. */
static void hold_pipe(const char *fifo, const char *path)
{
    int pipe = open(fifo, O_RDWR | O_CLOEXEC), file = open(path, O_RDONLY | O_CLOEXEC);
    if (pipe < 0) fail(fifo);
    if (file < 0) fail(path);
    void *page = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, file, 0);
    if (page == MAP_FAILED) fail("mmap");
    ready(0);
    if (write(pipe, page, 1) < 0) fail("write");
    rest();
}

static int device_number(const char *text) { return strcmp(text, "0") ? number(text) : 0; }

int main(int count, char **words)
{
    const char *verb = count > 1 ? words[1] : "";
    alarm(LIFETIME);
    if (!strcmp(verb, "vfork")) vfork_and_wait();
    if (!strcmp(verb, "nfs")) serve_files();
    if (count < 3) {
        fprintf(stderr, "usage: quell-misbehave VERB ARGUMENT... (see its source)\n");
        return 2;
    }
    if (!strcmp(verb, "fuse")) return serve_hung_fuse(count - 1, words + 1);
    if (!strcmp(verb, "write")) append_for_ever(words[2]);
    if (!strcmp(verb, "threaded")) threads(words[2], 3);
    if (!strcmp(verb, "leaderless")) threads(words[2], 0);
    if (!strcmp(verb, "trace")) trace(number(words[2]), 1);
    if (!strcmp(verb, "trace-lazily")) trace(number(words[2]), 0);
    if (!strcmp(verb, "enter") && count > 3) enter(number(words[2]), words + 3);
    if (!strcmp(verb, "ignore")) chain(number(words[2]));
    if (!strcmp(verb, "forks")) bomb(number(words[2]));
    if (!strcmp(verb, "burn")) burn(number(words[2]));
    if (!strcmp(verb, "ustat") && count > 3) ask_for_file_system(number(words[2]), device_number(words[3]));
    if (!strcmp(verb, "pipe") && count > 3) hold_pipe(words[2], words[3]);
    if (!strcmp(verb, "orphan")) leave_orphan(words[2]);
    if (!strcmp(verb, "grow")) grow(number(words[2]));
    fprintf(stderr, "quell-misbehave: unknown verb %s\n", verb);
    return 2;
}
