// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's order of messages, and the transport made of it. */
#include "tests/protocol/lib/front_end.h"

#include "tests/protocol/lib/guest_check.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* The virtio bits that QEMU adds to whatever the back-end offers. */
#define QEMU_OWN_FEATURES                                                                          \
    (GUEST_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | GUEST_FEATURE(VIRTIO_RING_F_EVENT_IDX) |         \
     GUEST_FEATURE(VIRTIO_F_RING_RESET))

static const struct guest_transport_ops front_end_ops;

static int eventfd_new(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    CHECK(fd >= 0, "eventfd");
    return fd;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void front_end_init(struct front_end *front_end, struct guest_ram *ram,
                    const struct front_end_options *options)
{
    *front_end = (struct front_end){
        .transport = {.ops = &front_end_ops, .ram = ram},
        .fd = -1,
        .side_fd = -1,
        .backend_fd = -1,
    };
    if (options != NULL)
        front_end->options = *options;
    for (unsigned i = 0; i < FRONT_END_QUEUES; i++)
        front_end->queues[i] =
            (struct front_end_queue){.kick = -1, .call = -1, .masked = -1, .err = -1};
}

void front_end_finish(struct front_end *front_end)
{
    close_fd(&front_end->fd);
    close_fd(&front_end->side_fd);
    close_fd(&front_end->backend_fd);
    for (unsigned i = 0; i < FRONT_END_QUEUES; i++) {
        close_fd(&front_end->queues[i].kick);
        close_fd(&front_end->queues[i].call);
        close_fd(&front_end->queues[i].masked);
        close_fd(&front_end->queues[i].err);
    }
    front_end->running = false;
}

static int send_backend_req_fd(struct front_end *front_end)
{
    int pair[2];
    int error;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
    front_end->backend_fd = pair[0];
    error = front_end_demand(front_end, FE_SET_BACKEND_REQ_FD, NULL, 0, &pair[1], 1);
    close(pair[1]);
    return error;
}

static int negotiate_protocol(struct front_end *front_end)
{
    const uint64_t known = GUEST_FEATURE(FE_P_MQ) | GUEST_FEATURE(FE_P_REPLY_ACK) |
                           GUEST_FEATURE(FE_P_BACKEND_REQ) | GUEST_FEATURE(FE_P_CONFIG) |
                           GUEST_FEATURE(FE_P_RESET_DEVICE) |
                           GUEST_FEATURE(FE_P_CONFIGURE_MEM_SLOTS);
    uint64_t offered = 0, accepted;
    int error = front_end_ask(front_end, FE_GET_PROTOCOL_FEATURES, &offered);

    if (error != 0)
        return error;
    accepted = offered & known & ~front_end->options.refuse_protocol;
    if (!front_end->options.mem_slots)
        accepted &= ~GUEST_FEATURE(FE_P_CONFIGURE_MEM_SLOTS);
    front_end->protocol_features = accepted;
    error = front_end_send_u64(front_end, FE_SET_PROTOCOL_FEATURES, accepted);
    if (error == 0 && accepted & GUEST_FEATURE(FE_P_MQ))
        error = front_end_ask(front_end, FE_GET_QUEUE_NUM, &front_end->queue_num);
    if (error == 0 && accepted & GUEST_FEATURE(FE_P_CONFIGURE_MEM_SLOTS))
        error = front_end_ask(front_end, FE_GET_MAX_MEM_SLOTS, &front_end->max_mem_slots);
    if (error == 0 && accepted & GUEST_FEATURE(FE_P_BACKEND_REQ))
        error = send_backend_req_fd(front_end);
    return error;
}

/* Whether this front-end tells the back-end of resets. */
static bool tells_resets(const struct front_end *front_end)
{
    return !front_end->options.input && front_end->options.style != FRONT_END_QEMU_7 &&
           front_end->protocol_features & GUEST_FEATURE(FE_P_RESET_DEVICE);
}

int front_end_realize(struct front_end *front_end)
{
    uint64_t features = 0;
    int error = front_end_ask(front_end, FE_GET_FEATURES, &features);

    if (error == 0 && features & GUEST_FEATURE(FE_F_PROTOCOL_FEATURES))
        error = negotiate_protocol(front_end);
    if (error == 0)
        error = front_end_send(front_end, FE_SET_OWNER, FE_VERSION, NULL, 0, NULL, 0);
    if (error == 0)
        error = front_end_ask(front_end, FE_GET_FEATURES, &features);
    front_end->transport.device_features = features & ~GUEST_FEATURE(FE_F_PROTOCOL_FEATURES);
    front_end->transport.driver_features = front_end->transport.device_features;
    if (!front_end->options.input || front_end->options.style == FRONT_END_QEMU_7)
        front_end->transport.driver_features |= QEMU_OWN_FEATURES;
    for (unsigned i = 0; i < FRONT_END_QUEUES && error == 0; i++) {
        struct front_end_queue *queue = &front_end->queues[i];

        queue->call = eventfd_new();
        queue->masked = eventfd_new();
        queue->err = eventfd_new();
        error = front_end_send_vring_fd(front_end, FE_SET_VRING_CALL, i, queue->masked);
        if (error == 0)
            error = front_end_send_vring_fd(front_end, FE_SET_VRING_ERR, i, queue->err);
    }
    /* The reset of the machine at its start. */
    if (error == 0 && tells_resets(front_end))
        error = front_end_send(front_end, FE_RESET_DEVICE, FE_VERSION, NULL, 0, NULL, 0);
    return error;
}

int front_end_send_side_socket(struct front_end *front_end)
{
    int pair[2];
    int error;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
    close_fd(&front_end->side_fd);
    front_end->side_fd = pair[0];
    error = front_end_send(front_end, FE_GPU_SET_SOCKET, FE_VERSION, NULL, 0, &pair[1], 1);
    close(pair[1]);
    return error;
}

static struct fe_region message_region(const struct guest_ram_region *region)
{
    return (struct fe_region){.gpa = region->gpa,
                              .size = region->size,
                              .user_addr = region->user_addr,
                              .mmap_offset = region->fd_offset};
}

static int send_memory_table(struct front_end *front_end)
{
    const struct guest_ram *ram = front_end->transport.ram;
    struct fe_memory memory = {.nregions = ram->nregions};
    int fds[FE_MAX_FDS];

    for (unsigned i = 0; i < ram->nregions; i++) {
        memory.regions[i] = message_region(&ram->regions[i]);
        fds[i] = ram->regions[i].fd;
    }
    return front_end_demand(front_end, FE_SET_MEM_TABLE, &memory,
                            (uint32_t)(8 + ram->nregions * sizeof(memory.regions[0])), fds,
                            ram->nregions);
}

static bool same_region(const struct fe_region *a, const struct fe_region *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static int remove_gone_regions(struct front_end *front_end)
{
    const struct guest_ram *ram = front_end->transport.ram;

    for (unsigned i = front_end->nsent; i-- > 0;) {
        struct fe_memory_region message = {.region = front_end->sent[i]};
        bool found = false;
        int error;

        for (unsigned j = 0; j < ram->nregions; j++) {
            struct fe_region now = message_region(&ram->regions[j]);

            found = found || same_region(&now, &message.region);
        }
        if (found)
            continue;
        front_end->sent[i] = front_end->sent[--front_end->nsent];
        error = front_end_demand(front_end, FE_REM_MEM_REG, &message, sizeof(message), NULL, 0);
        if (error != 0)
            return error;
    }
    return 0;
}

static int add_new_regions(struct front_end *front_end)
{
    const struct guest_ram *ram = front_end->transport.ram;

    for (unsigned j = 0; j < ram->nregions; j++) {
        struct fe_memory_region message = {.region = message_region(&ram->regions[j])};
        bool found = false;
        int error;

        for (unsigned i = 0; i < front_end->nsent; i++)
            found = found || same_region(&front_end->sent[i], &message.region);
        if (found)
            continue;
        error = front_end_demand(front_end, FE_ADD_MEM_REG, &message, sizeof(message),
                                 &ram->regions[j].fd, 1);
        if (error != 0)
            return error;
        front_end->sent[front_end->nsent++] = message.region;
    }
    return 0;
}

int front_end_send_memory(struct front_end *front_end)
{
    int error;

    if (!(front_end->protocol_features & GUEST_FEATURE(FE_P_CONFIGURE_MEM_SLOTS)))
        return send_memory_table(front_end);
    error = remove_gone_regions(front_end);
    return error != 0 ? error : add_new_regions(front_end);
}

int front_end_send_queue(struct front_end *front_end, unsigned index)
{
    struct guest_ram *ram = front_end->transport.ram;
    const struct guest_ring *ring = &front_end->transport.rings[index];
    struct front_end_queue *queue = &front_end->queues[index];
    struct fe_vring_addr address = {.index = index};
    int error = front_end_send_state(front_end, FE_SET_VRING_NUM, index, ring->size);

    if (error == 0)
        error = front_end_send_state(front_end, FE_SET_VRING_BASE, index, ring->base);
    address.desc = guest_ram_user_addr(ram, ring->desc);
    address.used = guest_ram_user_addr(ram, ring->used);
    address.avail = guest_ram_user_addr(ram, ring->avail);
    if (error == 0)
        error = front_end_send(front_end, FE_SET_VRING_ADDR, FE_VERSION, &address, sizeof(address),
                               NULL, 0);
    close_fd(&queue->kick);
    queue->kick = eventfd_new();
    if (error == 0)
        error = front_end_send_vring_fd(front_end, FE_SET_VRING_KICK, index, queue->kick);
    return error;
}

static int enable_queue(struct front_end *front_end, unsigned index, bool enable)
{
    struct fe_vring_state state = {.index = index, .num = enable};

    if (front_end->options.style == FRONT_END_QEMU_7)
        return front_end_send(front_end, FE_SET_VRING_ENABLE, FE_VERSION, &state, sizeof(state),
                              NULL, 0);
    return front_end_demand(front_end, FE_SET_VRING_ENABLE, &state, sizeof(state), NULL, 0);
}

static int send_calls(struct front_end *front_end, bool masked)
{
    int error = 0;

    for (unsigned i = 0; i < FRONT_END_QUEUES && error == 0; i++)
        error = front_end_send_vring_fd(front_end, FE_SET_VRING_CALL, i,
                                        masked ? front_end->queues[i].masked
                                               : front_end->queues[i].call);
    return error;
}

int front_end_start(struct front_end *front_end)
{
    uint64_t features =
        front_end->transport.driver_features | GUEST_FEATURE(FE_F_PROTOCOL_FEATURES);
    int error = front_end->options.input ? 0 : front_end_send_side_socket(front_end);

    if (error == 0)
        error = send_calls(front_end, true);
    if (error == 0)
        error = front_end_send_u64(front_end, FE_SET_FEATURES, features);
    if (error == 0)
        error = front_end_send_memory(front_end);
    for (unsigned i = 0; i < FRONT_END_QUEUES && error == 0; i++)
        error = front_end_send_queue(front_end, i);
    for (unsigned i = 0; i < FRONT_END_QUEUES && error == 0; i++)
        error = enable_queue(front_end, i, true);
    if (error == 0)
        error = send_calls(front_end, false);
    front_end->running = error == 0;
    return error;
}

static int get_base(struct front_end *front_end, unsigned index)
{
    struct fe_vring_state state = {.index = index};
    int error = front_end_send_state(front_end, FE_GET_VRING_BASE, index, 0);

    if (error == 0)
        error = front_end_receive(front_end, FE_GET_VRING_BASE, &state, sizeof(state));
    if (error != 0)
        return error;
    if (state.index != index || state.num > UINT16_MAX)
        return -EPROTO;
    front_end->transport.rings[index].base = (uint16_t)state.num;
    return 0;
}

int front_end_stop(struct front_end *front_end)
{
    int error = 0;

    front_end->running = false;
    close_fd(&front_end->side_fd);
    for (unsigned i = 0; i < FRONT_END_QUEUES && error == 0; i++)
        error = enable_queue(front_end, i, false);
    for (unsigned i = 0; i < FRONT_END_QUEUES && error == 0; i++)
        error = get_base(front_end, i);
    if (error == 0)
        error = send_calls(front_end, true);
    return error;
}

static struct front_end *front_end_of(struct guest_transport *transport)
{
    return (struct front_end *)transport; /* its first member */
}

static int transport_start(struct guest_transport *transport)
{
    return front_end_start(front_end_of(transport));
}

static int transport_pause(struct guest_transport *transport)
{
    return front_end_stop(front_end_of(transport));
}

static int transport_reset(struct guest_transport *transport)
{
    struct front_end *front_end = front_end_of(transport);
    int error = front_end->running ? front_end_stop(front_end) : 0;

    if (error != 0 || !tells_resets(front_end))
        return error;
    return front_end_send(front_end, FE_RESET_DEVICE, FE_VERSION, NULL, 0, NULL, 0);
}

static int transport_memory_changed(struct guest_transport *transport)
{
    return front_end_send_memory(front_end_of(transport));
}

static void transport_kick(struct guest_transport *transport, unsigned queue)
{
    uint64_t one = 1;

    CHECK(write(front_end_of(transport)->queues[queue].kick, &one, sizeof(one)) == sizeof(one),
          "kick of queue %u", queue);
}

static int transport_wait(struct guest_transport *transport, unsigned queue, int timeout_ms)
{
    struct front_end *front_end = front_end_of(transport);
    struct front_end_queue *fds = &front_end->queues[queue];
    struct pollfd poll_fds[] = {{.fd = fds->call, .events = POLLIN},
                                {.fd = fds->masked, .events = POLLIN},
                                {.fd = front_end->fd, .events = POLLRDHUP}};
    int ready = poll(poll_fds, 3, timeout_ms);
    uint64_t count;

    if (ready <= 0)
        return ready == 0 ? -ETIMEDOUT : -errno;
    /* An interrupt that came while masked is delivered when unmasked. */
    for (unsigned i = 0; i < 2; i++) {
        if (poll_fds[i].revents != 0 && read(poll_fds[i].fd, &count, sizeof(count)) < 0)
            return -errno;
    }
    if (poll_fds[2].revents != 0 && poll_fds[0].revents == 0 && poll_fds[1].revents == 0)
        return -EPIPE;
    return 0;
}

static int transport_config_read(struct guest_transport *transport, uint32_t offset, void *data,
                                 uint32_t size)
{
    return front_end_get_config(front_end_of(transport), offset, data, size);
}

static const struct guest_transport_ops front_end_ops = {
    .start = transport_start,
    .pause = transport_pause,
    .resume = transport_start,
    .reset = transport_reset,
    .memory_changed = transport_memory_changed,
    .kick = transport_kick,
    .wait = transport_wait,
    .config_read = transport_config_read,
};
