// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules for viewers, as the core says them in LINK_POLICY. Pure. */
#ifndef ORIEL_NET_VNC_POLICY_H
#define ORIEL_NET_VNC_POLICY_H

#include "net/link.h"

#include <stdbool.h>

/* The configuration's defaults, for a core that says nothing. */
struct link_policy policy_default(void);
/* No field is out of its bounds. */
bool policy_is_sound(const struct link_policy *policy);

#endif
