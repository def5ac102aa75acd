// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmscheck.h"

#include <errno.h>
#include <string.h>

#define MAX_PROPERTIES 64

int check_property_find(struct kms *kms, uint32_t object, const char *name, uint32_t *property,
                        uint64_t *value)
{
    uint32_t ids[MAX_PROPERTIES];
    uint64_t values[MAX_PROPERTIES];
    struct drm_mode_obj_get_properties list = {.props_ptr = (uintptr_t)ids,
                                               .prop_values_ptr = (uintptr_t)values,
                                               .count_props = MAX_PROPERTIES,
                                               .obj_id = object,
                                               .obj_type = DRM_MODE_OBJECT_ANY};
    int rc = kms_ioctl(kms, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &list);

    if (rc)
        return rc;
    for (uint32_t i = 0; i < list.count_props && i < MAX_PROPERTIES; i++) {
        struct drm_mode_get_property get = {.prop_id = ids[i]};

        if (kms_ioctl(kms, DRM_IOCTL_MODE_GETPROPERTY, &get) || strcmp(get.name, name))
            continue;
        *property = ids[i];
        if (value)
            *value = values[i];
        return 0;
    }
    return -ENOENT;
}
