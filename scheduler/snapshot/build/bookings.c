/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/build/bookings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"

typedef struct Seating {
        Arena *arena;
        const Snapshot *s;
        const Booking **held; /* [n] by name: those that get a VM */
        HostIx *hosts;        /* [n] */
        VmIx *new_at;         /* [n] where it went */
        VmIx *at;             /* [VM as it was] where it went */
        uint32_t n;
        Snapshot *copy;
} Seating;

static int seating_pick(Seating *k) {
        const Snapshot *s = k->s;

        k->held = arena_new(k->arena, const Booking *, s->n_bookings);
        k->hosts = arena_new(k->arena, HostIx, s->n_bookings);
        if (!k->held || !k->hosts)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_bookings; i++) {
                const Booking *booking = &s->bookings[i];

                if (booking_state(s, booking, &k->hosts[k->n]) == BOOKING_HELD &&
                    snapshot_vm(s, booking->vm.name) == IX_NONE)
                        k->held[k->n++] = booking;
        }
        return 0;
}

static Vm seating_vm(const Seating *k, uint32_t i) {
        Vm vm = k->held[i]->vm;

        vm.host = k->hosts[i];
        vm.state = VM_BOOKED;
        vm.movable = false;
        vm.unmovable_why = "it is a booking: the VM has not been started yet";
        return vm;
}

/* Both lists are by name. */
static int seating_vms(Seating *k) {
        const Snapshot *s = k->s;
        Vm *vms = arena_new(k->arena, Vm, (size_t) s->n_vms + k->n);
        uint32_t i = 0, n = 0;

        k->at = arena_new(k->arena, VmIx, s->n_vms);
        k->new_at = arena_new(k->arena, VmIx, k->n);
        if (!vms || !k->at || !k->new_at)
                return -ENOMEM;
        for (VmIx v = 0; v <= s->n_vms; v++) {
                for (; i < k->n && (v == s->n_vms || strcmp(k->held[i]->vm.name, s->vms[v].name) < 0); i++) {
                        k->new_at[i] = n;
                        vms[n++] = seating_vm(k, i);
                }
                if (v == s->n_vms)
                        break;
                k->at[v] = n;
                vms[n++] = s->vms[v];
        }
        k->copy->vms = vms;
        k->copy->n_vms = n;
        return 0;
}

static int seating_members(const Seating *k, const VmIx *old, uint32_t n_old, const char *group,
                           const VmIx **ret, uint32_t *ret_n) {
        VmIx *list = arena_new(k->arena, VmIx, (size_t) n_old + k->n);
        uint32_t n = 0;

        if (!list)
                return -ENOMEM;
        for (; n < n_old; n++)
                list[n] = k->at[old[n]];
        for (uint32_t i = 0; i < k->n && group; i++)
                if (strings_have(&k->held[i]->vm.groups, group))
                        list[n++] = k->new_at[i];
        if (n > 0)
                qsort(list, n, sizeof(*list), compare_uint32);
        *ret = list;
        *ret_n = n;
        return 0;
}

static int seating_rules(const Seating *k) {
        const Snapshot *s = k->s;
        Rule *rules = arena_new(k->arena, Rule, s->n_rules);
        int r = rules ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < s->n_rules; i++) {
                const Rule *from = &s->rules[i];

                rules[i] = *from;
                r = seating_members(k, from->vms, from->n_vms, from->group, &rules[i].vms, &rules[i].n_vms);
                if (r == 0)
                        r = seating_members(k, from->near_vms, from->n_near_vms, from->near_group,
                                            &rules[i].near_vms, &rules[i].n_near_vms);
        }
        k->copy->rules = rules;
        return r;
}

static int seating_traffic(const Seating *k) {
        const Snapshot *s = k->s;
        Traffic *traffic = arena_new(k->arena, Traffic, s->n_traffic);

        if (!traffic)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_traffic; i++) {
                traffic[i] = s->traffic[i];
                traffic[i].a = k->at[s->traffic[i].a];
                traffic[i].b = k->at[s->traffic[i].b];
        }
        k->copy->traffic = traffic;
        return 0;
}

/* An extra resource of which a booking says nothing is not needed. */
static int seating_extra(const Seating *k) {
        int64_t *none = arena_new(k->arena, int64_t, k->s->n_extra);
        Vm *vms = (Vm *) k->copy->vms;

        if (!none)
                return -ENOMEM;
        for (uint32_t i = 0; i < k->n && k->s->n_extra > 0; i++)
                if (!vms[k->new_at[i]].extra)
                        vms[k->new_at[i]].extra = none;
        return 0;
}

int bookings_seat(Arena *a, const Snapshot *s, const Snapshot **ret) {
        Seating k = { .arena = a, .s = s };
        int r;

        *ret = s;
        if (s->n_bookings == 0)
                return 0;
        r = seating_pick(&k);
        if (r < 0 || k.n == 0)
                return r;
        k.copy = arena_new(a, Snapshot, 1);
        if (!k.copy)
                return -ENOMEM;
        *k.copy = *s;
        r = seating_vms(&k);
        if (r == 0)
                r = seating_rules(&k);
        if (r == 0)
                r = seating_traffic(&k);
        if (r == 0)
                r = seating_extra(&k);
        if (r == 0)
                *ret = k.copy;
        return r;
}
