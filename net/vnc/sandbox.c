// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/sandbox.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ORIEL_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ORIEL_SANITIZED
#endif

bool sandbox_built(void)
{
#ifdef ORIEL_SANITIZED
    return false;
#else
    return true;
#endif
}

int sandbox_no_new_privs(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* As in linux/landlock.h, of which distributions have older versions than of
 * the kernel. */
struct ruleset {
    uint64_t files, net, scoped;
};

#define CREATE_RULESET_VERSION 1u
#define FIRST_RIGHTS ((1ull << 13) - 1) /* of files, in the first version */

/* What each version of landlock can refuse besides, and how much of the
 * structure it knows. */
static const struct {
    struct ruleset adds;
    size_t size;
} versions[] = {
    {{FIRST_RIGHTS, 0, 0}, offsetof(struct ruleset, net)},
    {{1ull << 13, 0, 0}, offsetof(struct ruleset, net)},    /* refer: rename into another folder */
    {{1ull << 14, 0, 0}, offsetof(struct ruleset, net)},    /* truncate */
    {{0, 3, 0}, offsetof(struct ruleset, scoped)},          /* bind and connect TCP */
    {{1ull << 15, 0, 0}, offsetof(struct ruleset, scoped)}, /* ioctl on devices */
    {{0, 0, 3}, sizeof(struct ruleset)}, /* abstract unix sockets and signals of others */
};

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

int sandbox_landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    return version < 0 ? -errno : (int)version;
}

/* A ruleset that refuses all it can and has no exceptions. */
static int create_ruleset(int version)
{
    struct ruleset ruleset = {0};
    size_t size = 0;
    for (int i = 0; i < version && i < (int)VERSIONS; i++) {
        ruleset.files |= versions[i].adds.files;
        ruleset.net |= versions[i].adds.net;
        ruleset.scoped |= versions[i].adds.scoped;
        size = versions[i].size;
    }
    long fd = syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
    return fd < 0 ? -errno : (int)fd;
}

int sandbox_landlock(void)
{
    int version = sandbox_landlock_version();
    if (version < 0)
        return version;
    int fd = create_ruleset(version);
    if (fd < 0)
        return fd;
    int rc = syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
    close(fd);
    return rc;
}
