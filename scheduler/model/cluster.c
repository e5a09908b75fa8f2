#include "scheduler/model/cluster.h"

#include <string.h>

const char *const host_state_names[HOST_STATE_N] = { "active", "cordoned", "maintenance", "offline" };
const char *const vm_state_names[VM_STATE_N] = { "running", "paused" };
const char *const rule_kind_names[RULE_KIND_N] = { "apart", "together", "spread", "near", "on", "not-on" };
const char *const level_names[LEVEL_N] = { "host", "rack", "zone", "neighborhood" };
const char *const fence_texts[FENCE_N] = {
        "facts are complete and fresh",
        "its facts are too old",
        "facts are missing",
        "its libvirt does not answer",
};

HostIx snapshot_host(const Snapshot *s, const char *name) {
        uint32_t low = 0, high = s->n_hosts;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                int c = strcmp(s->hosts[middle].name, name);

                if (c == 0)
                        return middle;
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return IX_NONE;
}

VmIx snapshot_vm(const Snapshot *s, const char *name) {
        uint32_t low = 0, high = s->n_vms;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                int c = strcmp(s->vms[middle].name, name);

                if (c == 0)
                        return middle;
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return IX_NONE;
}
