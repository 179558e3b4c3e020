/* The one way this project starts a program.
 *
 * clone(CLONE_VM | CLONE_VFORK | CLONE_PIDFD): the child runs on a stack of its own in the parent's memory while the
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
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { STACK_SIZE = 128 * 1024, KERNEL_SIGNALS = 64 };

struct child {
    const struct clinux_spawn_request *request;
    struct clinux_spawn_result *result;
    pid_t parent;
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

static int enter_cgroups(struct child *child)
{
    const struct clinux_spawn_request *request = child->request;
    for (size_t i = 0; i < request->cgroup_count; i++)
        if (write(request->cgroup_procs[i], "0", 1) != 1) return fail(child, CLINUX_STEP_CGROUP, (int)i);
    return 0;
}

static int hide_mounts(struct child *child)
{
    const struct clinux_spawn_request *request = child->request;
    if (request->hidden_count == 0) return 0;
    if (unshare(CLONE_NEWNS) < 0) return fail(child, CLINUX_STEP_NAMESPACE, 0);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return fail(child, CLINUX_STEP_PROPAGATION, 0);
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

static int begin(struct child *child, char *stack, int *pidfd)
{
    uint64_t every = ~0ull, before = 0;
    /* Raw: the C library would leave its own two signals unblocked. */
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &every, &before, sizeof every);
    /* Without deferred cancellation in play, errno is the calling thread's, shared with the suspended child. */
    int pid = clone(run_child, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, pidfd);
    int error = errno;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    return pid < 0 ? -error : pid;
}

int clinux_spawn(const struct clinux_spawn_request *request, struct clinux_spawn_result *result)
{
    *result = (struct clinux_spawn_result){.pid = -1, .pidfd = -1};
    struct child child = {request, result, getpid()};
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
