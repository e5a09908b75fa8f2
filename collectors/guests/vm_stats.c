/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/guests/vm_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"

#define MIB_BYTES (UINT64_C(1) << 20)

static int64_t vm_stats_bounded(uint64_t value) {
        return value <= (uint64_t) bound_of(BOUND_KERNEL) ? (int64_t) value : UNKNOWN;
}

/* Any kind of number; beyond its bound it is none that was ever counted. */
static int64_t vm_stats_number_of(const virTypedParameter *parameter) {
        switch (parameter->type) {
        case VIR_TYPED_PARAM_INT:
                return parameter->value.i >= 0 ? parameter->value.i : UNKNOWN;
        case VIR_TYPED_PARAM_UINT:
                return parameter->value.ui;
        case VIR_TYPED_PARAM_LLONG:
                return parameter->value.l >= 0 ? vm_stats_bounded((uint64_t) parameter->value.l) : UNKNOWN;
        case VIR_TYPED_PARAM_ULLONG:
                return vm_stats_bounded(parameter->value.ul);
        default:
                return UNKNOWN;
        }
}

/* "vcpu.12.time" with prefix "vcpu." is "time"; NULL when it is of another kind ("vcpu.current"). */
static const char *vm_stats_field_of(const char *name, const char *prefix) {
        size_t n = strlen(prefix);

        if (strncmp(name, prefix, n) != 0 || name[n] < '0' || name[n] > '9')
                return NULL;
        name += n + strspn(name + n, "0123456789");
        return *name == '.' ? name + 1 : NULL;
}

static void vm_stats_add(int64_t *sum, int64_t value) {
        if (value < 0)
                return;
        if (*sum < 0)
                *sum = 0;
        if (__builtin_add_overflow(*sum, value, sum))
                *sum = UNKNOWN;
}

static void indexed_add(VmStats *s, const char *name, int64_t value) {
        const struct {
                const char *prefix, *field;
                int64_t *sum;
        } sums[] = {
                { "vcpu.", "time", &s->vcpu_ns },         { "vcpu.", "delay", &s->delay_ns },
                { "net.", "rx.bytes", &s->rx_bytes },     { "net.", "tx.bytes", &s->tx_bytes },
                { "block.", "rd.bytes", &s->disk_bytes }, { "block.", "wr.bytes", &s->disk_bytes },
        };

        for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
                const char *field = vm_stats_field_of(name, sums[i].prefix);

                if (field && strcmp(field, sums[i].field) == 0)
                        vm_stats_add(sums[i].sum, value);
        }
}

VmStats vm_stats_of(const virTypedParameter *params, int n) {
        VmStats s;
        const struct {
                const char *name;
                int64_t *value;
        } plain[] = {
                { "state.state", &s.state },
                { "state.reason", &s.state_reason },
                { "vcpu.current", &s.vcpus },
                { "cpu.time", &s.cpu_ns },
                { "balloon.current", &s.balloon_kib },
                { "balloon.maximum", &s.maximum_kib },
                { "balloon.rss", &s.rss_kib },
                { "balloon.unused", &s.unused_kib },
                { "balloon.available", &s.available_kib },
                { "balloon.usable", &s.usable_kib },
                { "balloon.swap_in", &s.swap_in_kib },
                { "balloon.swap_out", &s.swap_out_kib },
                { "balloon.last-update", &s.balloon_at },
                { "dirtyrate.calc_status", &s.dirty_status },
                { "dirtyrate.calc_period", &s.dirty_seconds },
                { "dirtyrate.megabytes_per_second", &s.dirty_mib_s },
        };

        memset(&s, 0xff, sizeof(s)); /* UNKNOWN everywhere */
        for (int i = 0; i < n; i++) {
                int64_t value = vm_stats_number_of(&params[i]);

                indexed_add(&s, params[i].field, value);
                for (size_t k = 0; k < ARRAY_SIZE(plain); k++)
                        if (strcmp(params[i].field, plain[k].name) == 0)
                                *plain[k].value = value;
        }
        return s;
}

int64_t vm_stats_disk_mib(const virTypedParameter *params, int n, const char *target) {
        char wanted[VIR_TYPED_PARAM_FIELD_LENGTH];

        for (int i = 0; i < n; i++) {
                const char *field = vm_stats_field_of(params[i].field, "block.");
                int64_t bytes;

                if (!field || strcmp(field, "name") != 0 || params[i].type != VIR_TYPED_PARAM_STRING ||
                    strcmp(params[i].value.s, target) != 0)
                        continue;
                (void) snprintf(wanted, sizeof(wanted), "%.*scapacity", (int) (field - params[i].field),
                                params[i].field);
                for (int k = 0; k < n; k++) {
                        if (strcmp(params[k].field, wanted) != 0)
                                continue;
                        bytes = vm_stats_number_of(&params[k]);
                        return bytes < 0 ? UNKNOWN
                                         : (int64_t) (((uint64_t) bytes + MIB_BYTES - 1) / MIB_BYTES);
                }
        }
        return UNKNOWN;
}
