/* The one way this project starts a program.
 *
 * clone or clone3 with CLONE_VM | CLONE_VFORK | CLONE_PIDFD: the child runs on a stack of its own in the parent's memory while the
 * calling thread waits, so nothing is copied and an error comes back through memory. Until execve the child may call
 * nothing but system calls: another thread of the parent may hold any lock of the C library. All signals are blocked
 * around the clone, so that no handler of the parent runs in the child; the child resets the handlers (its table is a
 * copy: no CLONE_SIGHAND) before it clears the mask. setuid and its kin are called raw: the C library's would change
 * every thread of the parent. */
#include "clinux.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ull
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { STACK_SIZE = 128 * 1024, KERNEL_SIGNALS = 64 };

struct child {
    const struct clinux_spawn_request *request;
    struct clinux_spawn_result *result;
    pid_t parent;
    bool born_inside;
};

static int fail(struct child *child, enum clinux_spawn_step step, int index)
{
    child->result->step = step;
    child->result->error = errno;
    child->result->index = index;
    return -1;
}

static void reset_signals(void)
{
    /* The kernel's structure, all zero: SIG_DFL, no flags, empty mask, on every architecture. */
    unsigned char action[64] = {0};
    for (int number = 1; number <= KERNEL_SIGNALS; number++)
        syscall(SYS_rt_sigaction, number, action, NULL, KERNEL_SIGNALS / 8);
}

/* Only where the child could not be born into it. */
static int enter_cgroup(struct child *child)
{
    int procs = openat(child->request->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (procs < 0 || write(procs, "0", 1) != 1) return fail(child, CLINUX_STEP_CGROUP, 0);
    close(procs);
    return 0;
}

static int enter_cgroups(struct child *child)
{
    const struct clinux_spawn_request *request = child->request;
    if (!child->born_inside && request->cgroup >= 0 && enter_cgroup(child) < 0) return -1;
    for (size_t i = 0; i < request->cgroup_count; i++)
        if (write(request->cgroup_procs[i], "0", 1) != 1) return fail(child, CLINUX_STEP_CGROUP, (int)i);
    return 0;
}

static int hide_mounts(struct child *child)
{
    const struct clinux_spawn_request *request = child->request;
    if (request->hidden_count == 0) return 0;
    if (unshare(CLONE_NEWNS) < 0) return fail(child, CLINUX_STEP_NAMESPACE, 0);
    /* What is unmounted here stays mounted elsewhere; what is mounted there comes in, as rslave mounts need. */
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) return fail(child, CLINUX_STEP_PROPAGATION, 0);
    for (size_t i = 0; i < request->hidden_count; i++)
        if (umount2(request->hidden_mounts[i], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
            return fail(child, CLINUX_STEP_HIDE, (int)i);
    return 0;
}

static int adjust_oom_score(struct child *child)
{
    const char *text = child->request->oom_score_adjust;
    if (!text) return 0;
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    /* EACCES without CAP_SYS_RESOURCE: documented as overlooked. */
    if (write(fd, text, strlen(text)) < 0) errno = 0;
    close(fd);
    return 0;
}

static int change_place(struct child *child)
{
    const struct clinux_spawn_request *request = child->request;
    if (request->root && (chroot(request->root) < 0 || chdir("/") < 0)) return fail(child, CLINUX_STEP_ROOT, 0);
    if (request->working_directory && chdir(request->working_directory) < 0)
        return fail(child, CLINUX_STEP_DIRECTORY, 0);
    return 0;
}

static int change_user(struct child *child)
{
    const struct clinux_spawn_request *request = child->request;
    if (request->user >= 0 && syscall(SYS_setgroups, 0, NULL) < 0) return fail(child, CLINUX_STEP_USER, 0);
    if (request->group >= 0 && syscall(SYS_setgid, (gid_t)request->group) < 0) return fail(child, CLINUX_STEP_USER, 1);
    if (request->user >= 0 && syscall(SYS_setuid, (uid_t)request->user) < 0) return fail(child, CLINUX_STEP_USER, 2);
    if (request->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(child, CLINUX_STEP_PRIVILEGES, 0);
    return 0;
}

/* First above all targets, so that no source is overwritten before its turn; then into place. */
static int place_descriptors(struct child *child)
{
    const struct clinux_spawn_request *request = child->request;
    int held[CLINUX_SPAWN_DESCRIPTORS];
    int next = 0;
    size_t count = request->descriptor_count;
    int above = count ? request->targets[count - 1] + 1 : 0;
    for (size_t i = 0; i < count; i++) {
        held[i] = fcntl(request->sources[i], F_DUPFD_CLOEXEC, above);
        if (held[i] < 0) return fail(child, CLINUX_STEP_DESCRIPTORS, (int)i);
    }
    for (size_t i = 0; i < count; i++) {
        int target = request->targets[i];
        if (dup2(held[i], target) < 0) return fail(child, CLINUX_STEP_DESCRIPTORS, (int)i);
        if (target > next && syscall(SYS_close_range, next, target - 1, 0) < 0)
            return fail(child, CLINUX_STEP_CLOSE, next);
        next = target + 1;
    }
    if (syscall(SYS_close_range, next, ~0u, 0) < 0) return fail(child, CLINUX_STEP_CLOSE, next);
    return 0;
}

static int guard_against_parent_death(struct child *child)
{
    int signal = child->request->parent_death_signal;
    if (signal == 0) return 0;
    if (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) < 0) return fail(child, CLINUX_STEP_DEATH, 0);
    errno = ESRCH;
    return getppid() == child->parent ? 0 : fail(child, CLINUX_STEP_DEATH, 1);
}

static int run_child(void *argument)
{
    struct child *child = argument;
    const struct clinux_spawn_request *request = child->request;
    uint64_t none = 0;
    reset_signals();
    if (enter_cgroups(child) < 0) _exit(127);
    if (request->new_session && setsid() < 0) {
        fail(child, CLINUX_STEP_SESSION, 0);
        _exit(127);
    }
    if (hide_mounts(child) < 0 || adjust_oom_score(child) < 0 || change_place(child) < 0 || change_user(child) < 0
        || place_descriptors(child) < 0 || guard_against_parent_death(child) < 0)
        _exit(127);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
    execve(request->executable, request->arguments, request->environment);
    fail(child, CLINUX_STEP_EXEC, 0);
    _exit(127);
}

/* clone3(2)'s argument, as of 5.7. */
struct clone3_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* The C library has no clone3 that runs a function on the new stack. The result, or -errno; -ENOSYS where this project
 * does not know the machine. */
static long clone3_running(struct clone3_arguments *arguments, int (*function)(void *), void *argument)
{
#if defined(__x86_64__)
    long result;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %[argument], %%rdi\n\t"
                     "call *%[function]\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone3), "D"(arguments), "S"(sizeof *arguments), [function] "r"(function),
                       [argument] "r"(argument)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x0 __asm__("x0") = (long)arguments;
    register long x1 __asm__("x1") = sizeof *arguments;
    register long x8 __asm__("x8") = SYS_clone3;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, #0\n\t"
                     "mov x0, %[argument]\n\t"
                     "blr %[function]\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x1), "r"(x8), [function] "r"(function), [argument] "r"(argument)
                     : "memory");
    return x0;
#else
    (void)arguments, (void)function, (void)argument;
    return -ENOSYS;
#endif
}

/* Born into its cgroup: a move would make the kernel wait for a grace period, milliseconds, most times. What a kernel
 * or a sandbox without it answers: then the child moves itself. */
static int begin_inside(struct child *child, char *stack, int *pidfd)
{
    if (child->request->cgroup < 0) return -ENOSYS;
    struct clone3_arguments arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_INTO_CGROUP,
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = STACK_SIZE,
        .cgroup = (uint64_t)child->request->cgroup,
    };
    child->born_inside = true;
    int pid = (int)clone3_running(&arguments, run_child, child);
    child->born_inside = pid > 0;
    return pid;
}

static int begin(struct child *child, char *stack, int *pidfd)
{
    uint64_t every = ~0ull, before = 0;
    /* Raw: the C library would leave its own two signals unblocked. */
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &every, &before, sizeof every);
    int pid = begin_inside(child, stack, pidfd);
    if (pid < 0) {
        /* Without deferred cancellation in play, errno is the calling thread's, shared with the suspended child. */
        pid = clone(run_child, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, pidfd);
        if (pid < 0) pid = -errno;
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    return pid;
}

/* Fork: on a copy of the caller's stack. */
static long fork_inside(const struct clinux_spawn_request *request, int *pidfd)
{
    struct clone3_arguments arguments = {
        .flags = CLONE_PIDFD | CLONE_INTO_CGROUP,
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)request->cgroup,
    };
    if (request->cgroup < 0) return -ENOSYS;
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    return pid < 0 ? -errno : pid;
}

struct clinux_spawn_result *clinux_shared_result(void)
{
    void *page = mmap(NULL, sizeof(struct clinux_spawn_result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : page;
}

void clinux_free_shared_result(struct clinux_spawn_result *shared) { munmap(shared, sizeof *shared); }

int clinux_spawn_unawaited(const struct clinux_spawn_request *request, struct clinux_spawn_result *result,
                           struct clinux_spawn_result *shared)
{
    *result = (struct clinux_spawn_result){.pid = -1, .pidfd = -1};
    struct child child = {request, result, getpid(), true};
    if (request->descriptor_count > CLINUX_SPAWN_DESCRIPTORS) {
        errno = E2BIG;
        fail(&child, CLINUX_STEP_DESCRIPTORS, CLINUX_SPAWN_DESCRIPTORS);
        return -E2BIG;
    }
    uint64_t every = ~0ull, before = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &every, &before, sizeof every);
    int pidfd = -1;
    long pid = fork_inside(request, &pidfd);
    if (pid < 0) {
        child.born_inside = false;
        /* The order of clone(2)'s arguments differs between machines, but for the flags; all others are 0 or the pidfd,
         * which is the third everywhere that matters here. */
        pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &pidfd, NULL, NULL);
        if (pid < 0) pid = -errno;
    }
    if (pid == 0) {
        child.result = shared;
        run_child(&child);
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    if (pid < 0) {
        errno = (int)-pid;
        fail(&child, CLINUX_STEP_CLONE, 0);
        return (int)pid;
    }
    result->pid = (int)pid;
    result->pidfd = pidfd;
    return 0;
}

int clinux_spawn(const struct clinux_spawn_request *request, struct clinux_spawn_result *result)
{
    *result = (struct clinux_spawn_result){.pid = -1, .pidfd = -1};
    struct child child = {request, result, getpid(), false};
    if (request->descriptor_count > CLINUX_SPAWN_DESCRIPTORS) {
        errno = E2BIG;
        fail(&child, CLINUX_STEP_DESCRIPTORS, CLINUX_SPAWN_DESCRIPTORS);
        return -E2BIG;
    }
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        fail(&child, CLINUX_STEP_STACK, 0);
        return -result->error;
    }
    int pidfd = -1;
    int pid = begin(&child, stack, &pidfd);
    munmap(stack, STACK_SIZE);
    if (pid < 0) {
        errno = -pid;
        fail(&child, CLINUX_STEP_CLONE, 0);
        return pid;
    }
    if (result->error != 0) {
        siginfo_t info;
        while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR) {
        }
        close(pidfd);
        return -result->error;
    }
    result->pid = pid;
    result->pidfd = pidfd;
    return 0;
}
