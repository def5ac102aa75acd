// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether an output program hangs while its link is open. A one-shot timer
 * runs only while it owes us something; who says nothing until then is asked,
 * and who does not answer is killed. On an idle system nothing of this runs.
 */
#include "server/log.h"
#include "server/metrics.h"
#include "server/output_internal.h"

#include <errno.h>

static void on_watch(uv_timer_t *timer);

/* Until the silence or a frame, of which so much is over, is too long. */
static void arm(struct output *output, uint64_t silent, uint64_t frame)
{
    uint64_t ms = OUTPUT_SILENCE_MS - silent;
    if (frame > 0 && OUTPUT_FRAME_MS - frame < ms)
        ms = OUTPUT_FRAME_MS - frame;
    uv_timer_start(&output->watch_timer, on_watch, ms, 0);
}

void output_watch(struct output *output)
{
    if (output->running && !output->closing &&
        !uv_is_active((uv_handle_t *)&output->watch_timer)) {
        /* Silence counts from now: until now nothing was to be said. */
        output->heard_ms = uv_now(output->loop);
        arm(output, 0, 0);
    }
}

void output_watch_stop(struct output *output)
{
    uv_timer_stop(&output->watch_timer);
}

static bool owes_us(const struct output *output)
{
    if (!output->greeted || output->asked || output->owes != 0)
        return true;
    for (unsigned i = 0; i < output->config.nheads; i++)
        if (output_head_waits(&output->heads[i]))
            return true;
    return false;
}

void output_heard(struct output *output)
{
    output->heard_ms = uv_now(output->loop);
    if (uv_is_active((uv_handle_t *)&output->watch_timer) && !owes_us(output))
        uv_timer_stop(&output->watch_timer);
}

static uint64_t longest_frame_ms(const struct output *output)
{
    uint64_t longest = 0;
    for (unsigned i = 0; i < output->config.nheads; i++) {
        uint64_t ms = output_head_frame_ms(&output->heads[i], uv_now(output->loop));
        longest = ms > longest ? ms : longest;
    }
    return longest;
}

static void kill_it(struct output *output, const char *what, uint64_t ms)
{
    log_error("output", "%s (pid %d) hangs: %s for %llu s; it is killed", output->config.program,
              program_pid(&output->program), what, (unsigned long long)(ms + 500) / 1000);
    metric_add(METRIC_output_hangs_total,
               metric_label(METRIC_output_hangs_total, output->config.kind), 1);
    output->hung = true;
    program_kill(&output->program);
}

static void ask(struct output *output)
{
    output->question++;
    output->asked = true;
    arm(output, 0, 0);
    output_tell(output, OUTPUT_OWES_QUESTION);
}

/* Kills it, or finds out what to wait for next. */
static void judge(struct output *output, uint64_t silent, uint64_t frame)
{
    if (frame >= OUTPUT_FRAME_MS)
        kill_it(output, "it has not taken a frame", frame);
    else if (silent < OUTPUT_SILENCE_MS)
        arm(output, silent, frame);
    else if (!output->greeted)
        kill_it(output, "it has not said hello", silent);
    else if (output->asked)
        kill_it(output, "it has said nothing", silent);
    else
        ask(output);
}

static void on_watch(uv_timer_t *timer)
{
    struct output *output = timer->data;
    if (output->running && owes_us(output))
        judge(output, uv_now(output->loop) - output->heard_ms, longest_frame_ms(output));
}

void output_ask(struct output *output, struct output_question *question)
{
    if (!output->running || !output->greeted || output->closing || output->hung) {
        question->answered(question);
        return;
    }
    question->next = output->questions;
    output->questions = question;
    output_watch(output);
    if (!output->asked)
        ask(output);
}

void output_answered(struct output *output)
{
    struct output_question *question = output->questions;
    output->questions = NULL;
    output->asked = false;
    while (question != NULL) {
        struct output_question *next = question->next;
        question->answered(question);
        question = next;
    }
}

int output_handle_answer(struct output *output, const struct link_answer *message)
{
    if (!output->asked || message->number != output->question)
        return -EPROTO;
    output_answered(output);
    return 0;
}
