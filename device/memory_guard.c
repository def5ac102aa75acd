// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/memory_guard.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#define MAX_GUARDS 1024

/* Read by a signal handler in any thread while the loop changes other slots:
 * `size` is set last and cleared first, and 0 means that the slot is free. */
static struct guard {
    _Atomic uintptr_t address;
    _Atomic size_t size;
    _Atomic size_t page_size;
    atomic_bool lost;
} guards[MAX_GUARDS];

static struct sigaction previous_action;

static struct guard *find_guard(uintptr_t address)
{
    for (int i = 0; i < MAX_GUARDS; i++) {
        size_t size = atomic_load(&guards[i].size);
        if (size > 0 && address - atomic_load(&guards[i].address) < size)
            return &guards[i];
    }
    return NULL;
}

/* mmap() is a bare system call here, which a signal handler may make. */
static void handle_sigbus(int signal_number, siginfo_t *info, void *context)
{
    int saved_errno = errno;
    uintptr_t address = (uintptr_t)info->si_addr;
    struct guard *guard = find_guard(address);
    if (guard) {
        uintptr_t start = atomic_load(&guard->address);
        size_t size = atomic_load(&guard->size);
        uintptr_t page = address & ~(uintptr_t)(atomic_load(&guard->page_size) - 1);
        void *map = mmap((void *)page, start + size - page, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
        atomic_store(&guard->lost, true);
        errno = saved_errno;
        if (map != MAP_FAILED)
            return;
    }
    if ((previous_action.sa_flags & SA_SIGINFO) && previous_action.sa_sigaction) {
        previous_action.sa_sigaction(signal_number, info, context);
        return;
    }
    /* Not ours: the access faults again and takes the process down. */
    signal(SIGBUS, SIG_DFL);
}

/* Looked at whenever a mapping comes: libraries (and test frameworks) install
 * handlers of their own at times we do not choose. */
static void install_handler(void)
{
    struct sigaction action;
    sigaction(SIGBUS, NULL, &action);
    if ((action.sa_flags & SA_SIGINFO) && action.sa_sigaction == handle_sigbus)
        return;
    previous_action = action;
    action = (struct sigaction){ .sa_sigaction = handle_sigbus,
                                 .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

int memory_guard_add(void *address, size_t size, size_t page_size)
{
    install_handler();
    for (int i = 0; i < MAX_GUARDS; i++) {
        if (atomic_load(&guards[i].size) != 0)
            continue;
        atomic_store(&guards[i].address, (uintptr_t)address);
        atomic_store(&guards[i].page_size, page_size);
        atomic_store(&guards[i].lost, false);
        atomic_store(&guards[i].size, size);
        return i;
    }
    return -ENOSPC;
}

void memory_guard_remove(int slot)
{
    atomic_store(&guards[slot].size, 0);
}

bool memory_guard_lost(int slot)
{
    return atomic_load(&guards[slot].lost);
}
