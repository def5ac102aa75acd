// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/vhost_user_internal.h"
#include "server/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIT(n) (1ull << (n))

#define PROTOCOL_FEATURES                                                                    \
    (BIT(VHOST_USER_PROTOCOL_F_MQ) | BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) |                  \
     BIT(VHOST_USER_PROTOCOL_F_CONFIG) | BIT(VHOST_USER_PROTOCOL_F_RESET_DEVICE) |           \
     BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))

/* A reply that a handler has made of its own. */
struct reply {
    bool present;
    bool owed; /* the VMM waits for one, whatever it asked for */
    uint32_t size;
    union vhost_user_payload payload;
};

struct request {
    const char *name;
    uint32_t size;     /* of the payload; SIZE_ANY: the handler checks */
    unsigned max_fds;
    int (*handle)(struct vhost_user *vhost_user, struct vhost_user_message *message,
                  struct reply *reply);
    bool question; /* its reply is an answer, not an acknowledgement */
};

#define SIZE_ANY UINT32_MAX

static void reply_u64(struct reply *reply, uint64_t value)
{
    reply->present = true;
    reply->size = sizeof value;
    reply->payload.u64 = value;
}

static int take_fd(struct vhost_user_message *message)
{
    int fd = message->nfds > 0 ? message->fds[0] : -1;
    if (message->nfds > 0)
        message->fds[0] = -1;
    return fd;
}

static int get_features(struct vhost_user *vhost_user, struct vhost_user_message *message,
                        struct reply *reply)
{
    (void)message;
    reply_u64(reply, vhost_user->device->device_features | BIT(VIRTIO_F_VERSION_1) |
                         BIT(VIRTIO_F_RING_INDIRECT_DESC) | BIT(VIRTIO_F_RING_EVENT_IDX) |
                         BIT(VHOST_USER_F_PROTOCOL_FEATURES));
    return 0;
}

/* QEMU offers the guest bits of its own for this device, whatever we say.
 * Those that change what we would see in memory have to be refused. */
static const struct {
    unsigned bit;
    const char *sentence;
} refused_features[] = {
    { VIRTIO_F_RING_PACKED, "packed rings are not supported; remove packed=on" },
    { VIRTIO_F_ACCESS_PLATFORM, "a virtual IOMMU is not supported; remove iommu_platform=on" },
};

static int set_features(struct vhost_user *vhost_user, struct vhost_user_message *message,
                        struct reply *reply)
{
    (void)reply;
    struct virtio_device *device = vhost_user->device;
    uint64_t features = message->payload.u64;
    vhost_user->features_refused = false;
    for (size_t i = 0; i < sizeof refused_features / sizeof refused_features[0]; i++) {
        if (!(features & BIT(refused_features[i].bit)))
            continue;
        log_error(VHOST_USER_MODULE, "%s: %s", device->name, refused_features[i].sentence);
        vhost_user->features_refused = true;
    }
    if (vhost_user->features_refused)
        return -EOPNOTSUPP;
    device->features = features;
    for (unsigned i = 0; i < device->nqueues; i++) {
        device->queues[i].indirect = features & BIT(VIRTIO_F_RING_INDIRECT_DESC);
        device->queues[i].event_idx = features & BIT(VIRTIO_F_RING_EVENT_IDX);
        /* Without the protocol's own features nobody enables rings. */
        if (!(features & BIT(VHOST_USER_F_PROTOCOL_FEATURES)))
            vhost_user_ring_enable(&vhost_user->rings[i], true);
    }
    return 0;
}

static int accept_silently(struct vhost_user *vhost_user, struct vhost_user_message *message,
                           struct reply *reply)
{
    (void)vhost_user;
    (void)message;
    (void)reply;
    return 0;
}

void vhost_user_set_memory(struct vhost_user *vhost_user, struct guest_memory *memory)
{
    struct virtio_device *device = vhost_user->device;
    struct guest_memory *old = device->memory;
    device->memory = memory;
    for (unsigned i = 0; i < device->nqueues; i++)
        if (device->queues[i].running && virtqueue_move(&device->queues[i], memory) < 0)
            log_warning_limited(&vhost_user->log_limit, VHOST_USER_MODULE,
                                "%s: queue %u lies outside of the new memory table",
                                device->name, i);
    device->ops->memory_changed(device);
    guest_memory_unref(old);
}

static struct guest_memory_region memory_region(const struct vhost_user_region *region)
{
    return (struct guest_memory_region){ .gpa = region->gpa, .size = region->size,
                                         .user_addr = region->user_addr,
                                         .offset = region->offset };
}

static int swap_memory(struct vhost_user *vhost_user, struct guest_memory *memory)
{
    if (!memory)
        return -errno;
    vhost_user_set_memory(vhost_user, memory);
    return 0;
}

static int set_mem_table(struct vhost_user *vhost_user, struct vhost_user_message *message,
                         struct reply *reply)
{
    (void)reply;
    const struct vhost_user_mem_table *table = &message->payload.mem_table;
    size_t head = offsetof(struct vhost_user_mem_table, regions);
    if (message->header.size < head || table->nregions > VHOST_USER_MEM_TABLE_REGIONS ||
        message->header.size < head + table->nregions * sizeof table->regions[0] ||
        message->nfds != table->nregions)
        return -EINVAL;
    struct guest_memory_region regions[VHOST_USER_MEM_TABLE_REGIONS];
    for (unsigned i = 0; i < table->nregions; i++)
        regions[i] = memory_region(&table->regions[i]);
    return swap_memory(vhost_user, guest_memory_create(regions, message->fds, table->nregions,
                                                       vhost_user->device->memory));
}

static int get_max_mem_slots(struct vhost_user *vhost_user, struct vhost_user_message *message,
                             struct reply *reply)
{
    (void)vhost_user;
    (void)message;
    reply_u64(reply, GUEST_MEMORY_MAX_REGIONS);
    return 0;
}

static int add_mem_reg(struct vhost_user *vhost_user, struct vhost_user_message *message,
                       struct reply *reply)
{
    (void)reply;
    if (message->nfds != 1)
        return -EINVAL;
    struct guest_memory_region region = memory_region(&message->payload.region.region);
    return swap_memory(vhost_user, guest_memory_with(vhost_user->device->memory, &region,
                                                     message->fds[0]));
}

static int rem_mem_reg(struct vhost_user *vhost_user, struct vhost_user_message *message,
                       struct reply *reply)
{
    (void)reply;
    struct guest_memory_region region = memory_region(&message->payload.region.region);
    return swap_memory(vhost_user, guest_memory_without(vhost_user->device->memory, &region));
}

static struct vhost_user_ring *find_ring(struct vhost_user *vhost_user, uint32_t index)
{
    return index < vhost_user->device->nqueues ? &vhost_user->rings[index] : NULL;
}

/* A ring's shape may only change while it is stopped. */
static int stopped_queue(struct vhost_user *vhost_user, uint32_t index, struct virtqueue **queue)
{
    if (!find_ring(vhost_user, index))
        return -EINVAL;
    *queue = &vhost_user->device->queues[index];
    return (*queue)->running ? -EBUSY : 0;
}

static int set_vring_num(struct vhost_user *vhost_user, struct vhost_user_message *message,
                         struct reply *reply)
{
    (void)reply;
    const struct vhost_user_vring_state *state = &message->payload.vring_state;
    struct virtqueue *queue;
    int error = stopped_queue(vhost_user, state->index, &queue);
    if (error < 0)
        return error;
    if (state->value == 0 || state->value > VIRTQUEUE_MAX_SIZE ||
        (state->value & (state->value - 1)) != 0)
        return -EINVAL;
    queue->size = (uint16_t)state->value;
    return 0;
}

static int set_vring_addr(struct vhost_user *vhost_user, struct vhost_user_message *message,
                          struct reply *reply)
{
    (void)reply;
    const struct vhost_user_vring_addr *addr = &message->payload.vring_addr;
    struct virtqueue *queue;
    int error = stopped_queue(vhost_user, addr->index, &queue);
    if (error < 0)
        return error;
    queue->desc_user = addr->desc;
    queue->avail_user = addr->avail;
    queue->used_user = addr->used;
    return 0;
}

static int set_vring_base(struct vhost_user *vhost_user, struct vhost_user_message *message,
                          struct reply *reply)
{
    (void)reply;
    const struct vhost_user_vring_state *state = &message->payload.vring_state;
    struct virtqueue *queue;
    int error = stopped_queue(vhost_user, state->index, &queue);
    if (error < 0)
        return error;
    vhost_user->rings[state->index].base = (uint16_t)state->value;
    return 0;
}

static int get_vring_base(struct vhost_user *vhost_user, struct vhost_user_message *message,
                          struct reply *reply)
{
    uint32_t index = message->payload.vring_state.index;
    struct vhost_user_ring *ring = find_ring(vhost_user, index);
    /* The VMM waits without a time-out: it gets an answer for any index. */
    reply->present = true;
    reply->size = sizeof reply->payload.vring_state;
    reply->payload.vring_state = (struct vhost_user_vring_state){ .index = index };
    if (!ring)
        return -EINVAL;
    reply->payload.vring_state.value = vhost_user_ring_stop(ring);
    return 0;
}

static int set_vring_kick(struct vhost_user *vhost_user, struct vhost_user_message *message,
                          struct reply *reply)
{
    (void)reply;
    uint64_t value = message->payload.u64;
    struct vhost_user_ring *ring = find_ring(vhost_user, value & VHOST_USER_VRING_INDEX_MASK);
    if (!ring)
        return -EINVAL;
    /* Without an eventfd the ring would have to be polled for ever. */
    if (value & VHOST_USER_VRING_NO_FD)
        return -EOPNOTSUPP;
    if (vhost_user->features_refused)
        return -EOPNOTSUPP;
    int fd = take_fd(message);
    return fd < 0 ? -EINVAL : vhost_user_ring_start(ring, fd);
}

static int set_vring_fd(struct vhost_user *vhost_user, struct vhost_user_message *message,
                        void (*set)(struct vhost_user_ring *ring, int fd))
{
    uint64_t value = message->payload.u64;
    struct vhost_user_ring *ring = find_ring(vhost_user, value & VHOST_USER_VRING_INDEX_MASK);
    bool none = value & VHOST_USER_VRING_NO_FD;
    if (!ring || none != (message->nfds == 0))
        return -EINVAL;
    set(ring, take_fd(message));
    return 0;
}

static int set_vring_call(struct vhost_user *vhost_user, struct vhost_user_message *message,
                          struct reply *reply)
{
    (void)reply;
    return set_vring_fd(vhost_user, message, vhost_user_ring_set_call);
}

static int set_vring_err(struct vhost_user *vhost_user, struct vhost_user_message *message,
                         struct reply *reply)
{
    (void)reply;
    return set_vring_fd(vhost_user, message, vhost_user_ring_set_err);
}

static int get_protocol_features(struct vhost_user *vhost_user,
                                 struct vhost_user_message *message, struct reply *reply)
{
    (void)vhost_user;
    (void)message;
    reply_u64(reply, PROTOCOL_FEATURES);
    return 0;
}

static int set_protocol_features(struct vhost_user *vhost_user,
                                 struct vhost_user_message *message, struct reply *reply)
{
    (void)reply;
    if (message->payload.u64 & ~PROTOCOL_FEATURES)
        return -EINVAL;
    vhost_user->protocol_features = message->payload.u64;
    return 0;
}

static int get_queue_num(struct vhost_user *vhost_user, struct vhost_user_message *message,
                         struct reply *reply)
{
    (void)message;
    reply_u64(reply, vhost_user->device->nqueues);
    return 0;
}

static int set_vring_enable(struct vhost_user *vhost_user, struct vhost_user_message *message,
                            struct reply *reply)
{
    (void)reply;
    const struct vhost_user_vring_state *state = &message->payload.vring_state;
    struct vhost_user_ring *ring = find_ring(vhost_user, state->index);
    if (!ring || state->value > 1)
        return -EINVAL;
    vhost_user_ring_enable(ring, state->value == 1);
    return 0;
}

/* Offset, size and flags come before the data. */
static int check_config(const struct vhost_user_message *message)
{
    const size_t head = offsetof(struct vhost_user_config, data);
    const struct vhost_user_config *config = &message->payload.config;
    if (message->header.size < head || config->size > VHOST_USER_MAX_CONFIG ||
        config->offset > VHOST_USER_MAX_CONFIG ||
        message->header.size != head + config->size)
        return -EINVAL;
    return 0;
}

static int get_config(struct vhost_user *vhost_user, struct vhost_user_message *message,
                      struct reply *reply)
{
    /* A reply without a payload says that the request was wrong. */
    reply->present = true;
    int error = check_config(message);
    if (error < 0)
        return error;
    reply->size = message->header.size;
    reply->payload.config = message->payload.config;
    vhost_user->device->ops->config_read(vhost_user->device, message->payload.config.offset,
                                         reply->payload.config.data,
                                         message->payload.config.size);
    return 0;
}

static int set_config(struct vhost_user *vhost_user, struct vhost_user_message *message,
                      struct reply *reply)
{
    (void)reply;
    int error = check_config(message);
    if (error < 0)
        return error;
    const struct vhost_user_config *config = &message->payload.config;
    vhost_user->device->ops->config_write(vhost_user->device, config->offset, config->data,
                                          config->size);
    return 0;
}

/* Nothing that QEMU sends on its display socket matters to us, but it must
 * neither fill up nor close: QEMU's main loop spins on one that did. */
static void drain_gpu_socket(struct fd_watch *watch)
{
    struct vhost_user *vhost_user = watch->user;
    char buffer[4096];
    ssize_t n = recv(watch->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        vhost_user_unwatch(vhost_user, &vhost_user->gpu_socket);
}

static int gpu_set_socket(struct vhost_user *vhost_user, struct vhost_user_message *message,
                          struct reply *reply)
{
    (void)reply;
    int fd = take_fd(message);
    if (fd < 0)
        return -EINVAL;
    vhost_user_unwatch(vhost_user, &vhost_user->gpu_socket);
    vhost_user->gpu_socket = vhost_user_watch(vhost_user, fd, drain_gpu_socket);
    return vhost_user->gpu_socket ? 0 : -errno;
}

static int reset_device(struct vhost_user *vhost_user, struct vhost_user_message *message,
                        struct reply *reply)
{
    (void)message;
    (void)reply;
    vhost_user_rings_reset(vhost_user);
    return 0;
}

#define U64 sizeof(uint64_t)
#define STATE sizeof(struct vhost_user_vring_state)

static const struct request requests[VHOST_USER_REQUESTS] = {
    [VHOST_USER_GET_FEATURES] = { "GET_FEATURES", 0, 0, get_features, true },
    [VHOST_USER_SET_FEATURES] = { "SET_FEATURES", U64, 0, set_features },
    [VHOST_USER_SET_OWNER] = { "SET_OWNER", 0, 0, accept_silently },
    [VHOST_USER_RESET_OWNER] = { "RESET_OWNER", 0, 0, accept_silently },
    [VHOST_USER_SET_MEM_TABLE] = { "SET_MEM_TABLE", SIZE_ANY, VHOST_USER_MAX_FDS,
                                   set_mem_table },
    [VHOST_USER_SET_VRING_NUM] = { "SET_VRING_NUM", STATE, 0, set_vring_num },
    [VHOST_USER_SET_VRING_ADDR] = { "SET_VRING_ADDR", sizeof(struct vhost_user_vring_addr), 0,
                                    set_vring_addr },
    [VHOST_USER_SET_VRING_BASE] = { "SET_VRING_BASE", STATE, 0, set_vring_base },
    [VHOST_USER_GET_VRING_BASE] = { "GET_VRING_BASE", STATE, 0, get_vring_base, true },
    [VHOST_USER_SET_VRING_KICK] = { "SET_VRING_KICK", U64, 1, set_vring_kick },
    [VHOST_USER_SET_VRING_CALL] = { "SET_VRING_CALL", U64, 1, set_vring_call },
    [VHOST_USER_SET_VRING_ERR] = { "SET_VRING_ERR", U64, 1, set_vring_err },
    [VHOST_USER_GET_PROTOCOL_FEATURES] = { "GET_PROTOCOL_FEATURES", 0, 0,
                                           get_protocol_features, true },
    [VHOST_USER_SET_PROTOCOL_FEATURES] = { "SET_PROTOCOL_FEATURES", U64, 0,
                                           set_protocol_features },
    [VHOST_USER_GET_QUEUE_NUM] = { "GET_QUEUE_NUM", 0, 0, get_queue_num, true },
    [VHOST_USER_SET_VRING_ENABLE] = { "SET_VRING_ENABLE", STATE, 0, set_vring_enable },
    [VHOST_USER_GET_CONFIG] = { "GET_CONFIG", SIZE_ANY, 0, get_config, true },
    [VHOST_USER_SET_CONFIG] = { "SET_CONFIG", SIZE_ANY, 0, set_config },
    [VHOST_USER_GPU_SET_SOCKET] = { "GPU_SET_SOCKET", 0, 1, gpu_set_socket },
    [VHOST_USER_RESET_DEVICE] = { "RESET_DEVICE", 0, 0, reset_device },
    [VHOST_USER_GET_MAX_MEM_SLOTS] = { "GET_MAX_MEM_SLOTS", 0, 0, get_max_mem_slots, true },
    [VHOST_USER_ADD_MEM_REG] = { "ADD_MEM_REG", sizeof(struct vhost_user_single_region), 1,
                                 add_mem_reg },
    [VHOST_USER_REM_MEM_REG] = { "REM_MEM_REG", sizeof(struct vhost_user_single_region), 1,
                                 rem_mem_reg },
};

static const struct request *find_request(uint32_t number)
{
    if (number >= VHOST_USER_REQUESTS || !requests[number].handle)
        return NULL;
    return &requests[number];
}

static int dispatch(struct vhost_user *vhost_user, struct vhost_user_message *message,
                    struct reply *reply)
{
    const struct request *request = find_request(message->header.request);
    if (!request)
        return -EOPNOTSUPP;
    log_debug(VHOST_USER_MODULE, "%s: %s", vhost_user->device->name, request->name);
    trace(vhost_user_request, "device=%s request=%s size=%u fds=%d", vhost_user->device->name,
          request->name, message->header.size, (int)message->nfds);
    reply->owed = request->question;
    if ((request->size != SIZE_ANY && message->header.size != request->size) ||
        message->nfds > request->max_fds)
        return -EINVAL;
    return request->handle(vhost_user, message, reply);
}

static void report_refusal(struct vhost_user *vhost_user, int error, bool cut)
{
    const uint32_t number = vhost_user->message.header.request;
    const struct request *request = find_request(number);
    log_warning_limited(&vhost_user->log_limit, VHOST_USER_MODULE,
                        "%s: request %" PRIu32 " (%s) is refused: %s%s",
                        vhost_user->device->name, number, request ? request->name : "unknown",
                        strerror(-error), cut ? "; the VMM is cut off" : "");
}

int vhost_user_handle_request(struct vhost_user *vhost_user)
{
    struct vhost_user_message *message = &vhost_user->message;
    struct reply reply = { .present = false };
    int error = dispatch(vhost_user, message, &reply);
    /* No reply would be one to a question that was not understood, and the VMM
     * waits for it without a time-out, the whole machine with it. */
    bool cut = error < 0 && reply.owed && !reply.present;
    if (error < 0)
        report_refusal(vhost_user, error, cut);
    if (cut)
        return -ESHUTDOWN;
    bool acknowledged = (vhost_user->protocol_features & BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK)) &&
                        (message->header.flags & VHOST_USER_NEED_REPLY);
    if (!reply.present && acknowledged)
        reply_u64(&reply, error < 0);
    if (!reply.present)
        return 0;
    return vhost_user_message_reply(vhost_user->connection->fd, message->header.request,
                                    &reply.payload, reply.size);
}
