#include "clinux.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sched.h>

#define RESULT(call) ({ __typeof__(call) result_ = (call); result_ < 0 ? -errno : result_; })
#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

/* A 64-bit mask, bit n-1 for signal n, as the kernel's own sigset on 64-bit machines: 32 and 33 pass, too. */
static void fill(sigset_t *set, uint64_t mask)
{
    memset(set, 0, sizeof *set);
    memcpy(set, &mask, sizeof mask);
}

int clinux_signalfd(int fd, uint64_t mask)
{
    sigset_t set;
    fill(&set, mask);
    return RESULT(signalfd(fd, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int clinux_signalfd_read(int fd, struct clinux_signal_info *info)
{
    struct signalfd_siginfo raw;
    ssize_t count = read(fd, &raw, sizeof raw);
    if (count < 0) return errno == EAGAIN ? 0 : -errno;
    if (count != sizeof raw) return -EIO;
    *info = (struct clinux_signal_info){raw.ssi_signo, raw.ssi_code, raw.ssi_pid, raw.ssi_uid, raw.ssi_status};
    return 1;
}

int clinux_block_signals(uint64_t mask, uint64_t *previous)
{
    sigset_t set, old;
    fill(&set, mask);
    int error = pthread_sigmask(SIG_BLOCK, &set, &old);
    if (error) return -error;
    if (previous) memcpy(previous, &old, sizeof *previous);
    return 0;
}

int clinux_set_signal_mask(uint64_t mask)
{
    sigset_t set;
    fill(&set, mask);
    return -pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static int set_handler(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    return RESULT(sigaction(number, &action, NULL));
}

int clinux_ignore_signal(int signal) { return set_handler(signal, SIG_IGN); }
int clinux_default_signal(int signal) { return set_handler(signal, SIG_DFL); }
int clinux_kill(int pid, int signal) { return RESULT(kill(pid, signal)); }

int clinux_pidfd_open(int pid) { return (int)RESULT(syscall(SYS_pidfd_open, pid, 0)); }

int clinux_pidfd_send_signal(int pidfd, int signal)
{
    return (int)RESULT(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

/* struct pidfd_info of 6.15: the request number carries its size, so older kernels refuse with ENOTTY or EINVAL. */
struct pidfd_info_v2 {
    uint64_t mask, cgroup_id;
    uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    int32_t exit_code;
};
#define PIDFD_INFO_EXIT_BIT (1ul << 3)
#define PIDFD_GET_INFO_V2 _IOWR(0xFF, 11, struct pidfd_info_v2)

int clinux_pidfd_exit_status(int pidfd, int *wait_status)
{
    struct pidfd_info_v2 info = {.mask = PIDFD_INFO_EXIT_BIT};
    _Static_assert(sizeof info == 64, "the layout of the kernel's first version");
    if (ioctl(pidfd, PIDFD_GET_INFO_V2, &info) < 0)
        return errno == ENOTTY || errno == EINVAL || errno == ESRCH ? 0 : -errno;
    if (!(info.mask & PIDFD_INFO_EXIT_BIT)) return 0;
    *wait_status = info.exit_code;
    return 1;
}

static int wait_for(idtype_t kind, id_t id, int options, struct clinux_reaped *reaped)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid(kind, id, &info, WEXITED | options) < 0) return -errno;
    if (info.si_pid == 0) return 0;
    *reaped = (struct clinux_reaped){info.si_pid, info.si_code, info.si_status, info.si_uid};
    return 1;
}

int clinux_wait_pidfd(int pidfd, int options, struct clinux_reaped *reaped)
{
    return wait_for((idtype_t)P_PIDFD, (id_t)pidfd, options, reaped);
}

int clinux_wait_any(int options, struct clinux_reaped *reaped) { return wait_for(P_ALL, 0, options, reaped); }

int clinux_process_mrelease(int pidfd)
{
#ifdef SYS_process_mrelease
    return (int)RESULT(syscall(SYS_process_mrelease, pidfd, 0));
#else
    return (int)RESULT(syscall(448, pidfd, 0));
#endif
}

int clinux_become_subreaper(void) { return RESULT(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)); }
int clinux_set_parent_death_signal(int signal) { return RESULT(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)); }
int clinux_set_name(const char *name) { return RESULT(prctl(PR_SET_NAME, name, 0, 0, 0)); }

int clinux_run_on(int processor)
{
    if (processor < 0) return -EINVAL;
    cpu_set_t *set = CPU_ALLOC(processor + 1);
    if (!set) return -ENOMEM;
    size_t size = CPU_ALLOC_SIZE(processor + 1);
    CPU_ZERO_S(size, set);
    CPU_SET_S(processor, size, set);
    int result = RESULT(sched_setaffinity(0, size, set));
    CPU_FREE(set);
    return result;
}

int clinux_set_no_new_privileges(void) { return RESULT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }
int clinux_set_dumpable(bool on) { return RESULT(prctl(PR_SET_DUMPABLE, on ? 1 : 0, 0, 0, 0)); }
int clinux_lock_memory(void) { return RESULT(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)); }

void clinux_keep_heap_small(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 256 << 10);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
}

int clinux_prlimit(int pid, int resource, uint64_t *soft, uint64_t *hard, bool set)
{
    struct { uint64_t soft, hard; } limit = {*soft, *hard};
    if (syscall(SYS_prlimit64, pid, resource, set ? &limit : NULL, set ? NULL : &limit) < 0) return -errno;
    *soft = limit.soft;
    *hard = limit.hard;
    return 0;
}

int clinux_setns(int fd, int kinds) { return RESULT(setns(fd, kinds)); }
int clinux_unshare(int kinds) { return RESULT(unshare(kinds)); }

/* ---- copies of this process ---- */
enum { KEPT_DESCRIPTOR = 3 };

int clinux_fork(int kept, const char *name)
{
    pid_t pid = fork();
    if (pid != 0) return pid < 0 ? -errno : pid;
    /* Everything else is the parent's business: a copy that hangs must not hold its sockets and pipes open. */
    if (kept != KEPT_DESCRIPTOR && dup3(kept, KEPT_DESCRIPTOR, O_CLOEXEC) < 0) _exit(127);
    if (syscall(SYS_close_range, KEPT_DESCRIPTOR + 1, ~0u, 0) < 0) _exit(127);
    prctl(PR_SET_NAME, name, 0, 0, 0);
    return 0;
}

uint64_t *clinux_shared_counters(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : page;
}

void clinux_free_shared_counters(uint64_t *counters) { munmap(counters, 4096); }
uint64_t clinux_counter(const uint64_t *counters, int index) { return __atomic_load_n(counters + index, __ATOMIC_ACQUIRE); }
void clinux_count(uint64_t *counters, int index, uint64_t more) { __atomic_fetch_add(counters + index, more, __ATOMIC_RELEASE); }
