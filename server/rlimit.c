// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/rlimit.h"

#include <stdbool.h>
#include <sys/resource.h>

#define ENOUGH_FILES 65536

static struct rlimit before;
static bool known;

void rlimit_raise(void)
{
    if (!known && getrlimit(RLIMIT_NOFILE, &before) != 0)
        return;
    known = true;
    struct rlimit raised = before;
    raised.rlim_cur = before.rlim_max < ENOUGH_FILES ? before.rlim_max : ENOUGH_FILES;
    if (raised.rlim_cur > before.rlim_cur)
        setrlimit(RLIMIT_NOFILE, &raised);
}

void rlimit_lower(void)
{
    if (known)
        setrlimit(RLIMIT_NOFILE, &before);
}
