/* device_call.c - media sessions. */
#include "device/device_call.h"

#include "participant.h"

bool pl_device_is_call(const pl_part *part)
{
    return part->conf->row.kind == PL_CONF_KIND_DEVICE;
}
