// SPDX-License-Identifier: GPL-2.0-or-later
/* The system calls that are left in the sandbox. */
#include "net/vnc/sandbox.h"

#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Whatever their arguments. */
static const int allowed[] = {
    /* Memory and threads that are there. */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* Descriptors that are open. */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat),
    /* Connections that come. */
    SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
    SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    /* Waiting. */
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
    SCMP_SYS(restart_syscall),
    /* Time, chance, and who we are. */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrusage),
    /* Signals, for the end. */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
};

/* Those that the C library tries and can do without: they fail. */
static const int refused[] = {
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(stat), SCMP_SYS(lstat),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(prctl), SCMP_SYS(prlimit64), SCMP_SYS(getrlimit),
};

/* With one argument checked. */
struct condition {
    int call;
    uint32_t action;
    struct scmp_arg_cmp argument;
};

#define EQUALS(call, index, value) \
    {SCMP_SYS(call), SCMP_ACT_ALLOW, {(index), SCMP_CMP_EQ, (scmp_datum_t)(value), 0}}
#define MASKED(call, what, index, mask, value) \
    {SCMP_SYS(call), (what), {(index), SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (value)}}

static const struct condition conditions[] = {
    EQUALS(socketpair, 0, AF_UNIX), /* the encoder's */
    EQUALS(sendto, 4, 0),           /* to no address */
    EQUALS(fcntl, 1, F_GETFL),
    EQUALS(fcntl, 1, F_SETFL),
    EQUALS(fcntl, 1, F_GETFD),
    EQUALS(fcntl, 1, F_SETFD),
    EQUALS(ioctl, 1, FIONBIO),
    EQUALS(ioctl, 1, FIONREAD),
    EQUALS(ioctl, 1, SIOCOUTQ),
    /* Memory that can be run is made by no honest code here. */
    MASKED(mmap, SCMP_ACT_ALLOW, 2, PROT_EXEC, 0),
    MASKED(mprotect, SCMP_ACT_ALLOW, 2, PROT_EXEC, 0),
    /* Of a descriptor, which is how the C library asks, but not of a path. */
    MASKED(newfstatat, SCMP_ACT_ALLOW, 3, AT_EMPTY_PATH, AT_EMPTY_PATH),
    MASKED(newfstatat, SCMP_ACT_ERRNO(EACCES), 3, AT_EMPTY_PATH, 0),
    MASKED(statx, SCMP_ACT_ALLOW, 2, AT_EMPTY_PATH, AT_EMPTY_PATH),
    MASKED(statx, SCMP_ACT_ERRNO(EACCES), 2, AT_EMPTY_PATH, 0),
};

static int add_rules(scmp_filter_ctx filter)
{
    const struct condition own_signals = EQUALS(tgkill, 0, getpid());
    int rc = seccomp_rule_add_array(filter, own_signals.action, own_signals.call, 1,
                                    &own_signals.argument);
    for (size_t i = 0; rc == 0 && i < COUNT(allowed); i++)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
    for (size_t i = 0; rc == 0 && i < COUNT(refused); i++)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0, NULL);
    for (size_t i = 0; rc == 0 && i < COUNT(conditions); i++)
        rc = seccomp_rule_add_array(filter, conditions[i].action, conditions[i].call, 1,
                                    &conditions[i].argument);
    return rc;
}

/* ---- what happens to the others ---- */

#define MAX_CALLS 512
static char *names[MAX_CALLS];

/* Asked for beforehand: the answer needs memory. */
static void learn_names(void)
{
    for (int i = 0; i < MAX_CALLS; i++)
        names[i] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
}

/* A forbidden call stands still in the middle of honest code or of an
 * attacker's; either way nothing goes on after it. */
static void on_forbidden(int signal, siginfo_t *info, void *context)
{
    int call = info->si_syscall;
    const char *name = call >= 0 && call < MAX_CALLS ? names[call] : NULL;
    (void)context;
    log_error("sandbox", "system call %d (%s) is not allowed: this process ends", call,
              name ? name : "unknown");
    raise(signal); /* whose handler is the default again */
    _exit(128 + signal);
}

static int catch_forbidden(void)
{
    struct sigaction action = {.sa_sigaction = on_forbidden,
                               .sa_flags = SA_SIGINFO | SA_NODEFER | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

int sandbox_seccomp(void)
{
    int rc = catch_forbidden();
    if (rc < 0)
        return rc;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    if (!filter)
        return -ENOMEM;
    learn_names();
    rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0)
        rc = add_rules(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc;
}
