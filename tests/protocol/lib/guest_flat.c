// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_flat.h"

#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_surface.h"

#include <stdlib.h>
#include <unistd.h>

void guest_flat_begin(struct guest_flat *flat, struct guest_machine *machine)
{
    const struct oriel_process *oriel = &machine->oriel;

    guest_gpu_settle(&machine->gpu);
    flat->machine = machine;
    /* A control connection of before may still be closing. */
    do {
        flat->fds = oriel_process_fds(oriel);
        usleep(20000);
    } while (oriel_process_fds(oriel) != flat->fds);
    flat->before_kib = oriel_process_memory_kib(oriel);
}

void guest_flat_end(const struct guest_flat *flat)
{
    const struct oriel_process *oriel = &flat->machine->oriel;
    const long most = flat->before_kib + GUEST_FLAT_KIB * (long)oriel_patience();
    uint64_t until = check_now_us() + 2000000;
    long after;

    guest_gpu_settle(&flat->machine->gpu);
    /* Jobs give memory back in their own time. */
    while ((after = oriel_process_memory_kib(oriel)) > most && check_now_us() < until)
        usleep(10000);
    CHECK(after <= most, "%ld KiB, %ld before", after, flat->before_kib);
    CHECK(oriel_process_fds_become(oriel, flat->fds), "descriptors");
    guest_machine_ping(flat->machine);
}

uint32_t guest_flat_rounds(uint32_t quick, uint32_t full)
{
    if (getenv("ORIEL_LONG") != NULL)
        return full;
    return oriel_patience() > 1 ? quick / 4 : quick;
}

void guest_flat_good_guest(struct guest_machine *machine)
{
    struct guest_surface surface;
    struct guest_image image;

    guest_image_init(&image, 123, 77);
    guest_image_fill_pattern(&image, 6);
    guest_surface_init(&surface, &machine->gpu, 0x00abcdef, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 123,
                       77, GUEST_SCATTER_PAGES);
    guest_surface_create(&surface);
    guest_surface_present(&surface, 0, &image);
    guest_machine_expect(machine, 0, &image, "a good guest's picture");
    guest_surface_unref(&surface);
    guest_gpu_settle(&machine->gpu);
    guest_surface_finish(&surface);
    guest_image_finish(&image);
}
