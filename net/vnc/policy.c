// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/policy.h"

struct link_policy policy_default(void)
{
    return (struct link_policy){
        .share = LINK_SHARE_IGNORE,
        .handshake_timeout_ms = 30000,
        .login_delay_ms = 2000,
        .max_viewers = 64,
        .max_viewers_per_address = 32,
        .max_bytes = 256ull << 20,
    };
}

bool policy_is_sound(const struct link_policy *policy)
{
    return policy->share >= LINK_SHARE_IGNORE && policy->share <= LINK_SHARE_FORCE_SHARED &&
           policy->handshake_timeout_ms >= 1 && policy->max_viewers >= 1 &&
           policy->max_viewers_per_address >= 1 && policy->max_bytes >= 1;
}
