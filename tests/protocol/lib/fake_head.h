// SPDX-License-Identifier: GPL-2.0-or-later
/* What fake_core.c and fake_head.c share. */
#ifndef ORIEL_TESTS_FAKE_HEAD_H
#define ORIEL_TESTS_FAKE_HEAD_H

#include "tests/protocol/lib/fake_core.h"

void fake_head_init(struct fake_head *head, struct fake_core *core, uint32_t id, uint32_t width,
                    uint32_t height);
void fake_head_finish(struct fake_head *head);
/* Another program knows nothing of this head yet. */
void fake_head_forget(struct fake_head *head);
void fake_head_subscribe(struct fake_head *head);
void fake_head_unsubscribe(struct fake_head *head);
void fake_head_credit(struct fake_head *head, uint32_t generation, uint32_t frames);
void fake_head_taken(struct fake_head *head, uint32_t generation, uint64_t sequence);
void fake_head_send_due(struct fake_head *head);

#endif
