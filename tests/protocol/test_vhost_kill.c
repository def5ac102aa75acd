// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMMs that are killed at random moments, in the middle of the handshake, of a
 * message, of a frame: 200 of them leave no descriptor, no mapping and no
 * memory behind, and the next one is served.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_flat.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 200

static struct guest_machine machine;
static pid_t test_pid;

/* A child that fails an expectation must not go on as the test. */
static int teardown(void **state)
{
    if (getpid() != test_pid)
        _exit(3);
    return guest_machine_teardown(state);
}

/* Half of a message that carries a descriptor, and no more. */
static void send_half_a_message(unsigned size)
{
    struct {
        struct fe_header header;
        struct fe_memory memory;
    } message = {.header = {FE_SET_MEM_TABLE, FE_VERSION, 40}, .memory = {.nregions = 1}};

    message.memory.regions[0].size = 4096;
    front_end_send_bytes(&machine.front_end, &message, 1 + size % 51, &machine.ram.regions[0].fd,
                         1);
    for (;;)
        pause();
}

/* Until it is killed. */
static void run_vmm(unsigned n)
{
    struct front_end *front_end = &machine.front_end;
    struct guest_surface surface;
    struct guest_image image;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (front_end_connect(front_end, machine.oriel.gpu_socket) != 0)
        _exit(1);
    if (n % 10 == 0)
        send_half_a_message(n);
    if (front_end_realize(front_end) != 0)
        _exit(1);
    if (n % 10 == 1)
        send_half_a_message(n);
    guest_machine_probe(&machine, NULL);
    guest_image_init(&image, 1024, 768);
    guest_surface_init(&surface, &machine.gpu, 1, 2, 1024, 768, GUEST_SCATTER_PAGES);
    guest_surface_create(&surface);
    for (uint32_t i = 0;; i++) {
        struct gpu_command cursor = gpu_move_cursor(0, 0, i, i);

        guest_image_fill(&image, (struct gpu_rect){i % 900, i % 700, 64, 64}, i);
        guest_surface_present(&surface, 0, &image);
        guest_gpu_send(&machine.gpu, &cursor, GPU_ANY_RESPONSE);
        if (i % 5 == 4)
            machine.transport->ops->pause(machine.transport);
        if (i % 5 == 4)
            machine.transport->ops->resume(machine.transport);
    }
}

/* The end of one VMM is as sudden as a kill makes it. */
static void kill_one(unsigned n, uint64_t *random)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        run_vmm(n);
    usleep(check_random_below(random, n % 3 == 0 ? 3000 : 30000) * oriel_patience());
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    /* One that ended before, did so since the core broke a rule. */
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "VMM %u: status 0x%x", n, status);
}

/* The rings and the RAM of the children are this process's, used by one of
 * them after the other. */
static void reset_ram(void)
{
    for (unsigned i = 0; i < machine.ram.nregions; i++)
        machine.ram.regions[i].used = 0;
    front_end_init(&machine.front_end, &machine.ram, NULL);
    machine.transport = &machine.front_end.transport;
}

static void wait_until_disconnected(void)
{
    uint64_t until = check_now_us() + 5000000;

    while (oriel_process_maps_like(&machine.oriel, "guest-ram") > 0)
        CHECK(check_now_us() < until, "guest memory is still mapped");
}

static void two_hundred_kills(void **state)
{
    const struct guest_machine_options options = {.unrealized = true};
    uint64_t random = 0xdead;
    long before_kib = 0, after_kib;
    unsigned fds = 0;

    (void)state;
    test_pid = getpid();
    guest_machine_start(&machine, &options);
    front_end_finish(&machine.front_end);
    for (unsigned n = 0; n < KILLS; n++) {
        reset_ram();
        kill_one(n, &random);
        if (n == 20) {
            wait_until_disconnected();
            usleep(100000);
            before_kib = oriel_process_memory_kib(&machine.oriel);
            fds = oriel_process_fds(&machine.oriel);
        }
    }
    wait_until_disconnected();
    assert_true(oriel_process_fds_become(&machine.oriel, fds));
    assert_int_equal(oriel_process_fds_like(&machine.oriel, "guest-ram"), 0);
    after_kib = oriel_process_memory_kib(&machine.oriel);
    print_message("%ld KiB after %u kills, %ld KiB after 20\n", after_kib, KILLS, before_kib);
    CHECK(after_kib < before_kib + GUEST_FLAT_KIB * (long)oriel_patience(), "memory grows");
    reset_ram();
    assert_int_equal(front_end_connect(&machine.front_end, machine.oriel.gpu_socket), 0);
    assert_int_equal(front_end_realize(&machine.front_end), 0);
    guest_machine_probe(&machine, NULL);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(two_hundred_kills, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
