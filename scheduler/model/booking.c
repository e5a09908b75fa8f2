/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/booking.h"

#include <stdlib.h>
#include <string.h>

const char *const booking_state_names[BOOKING_STATE_N] = { "held", "taken", "elsewhere", "idle", "lost" };

static VmIx booking_vm(const Snapshot *s, const Booking *booking) {
        const VmIx named = snapshot_vm(s, booking->vm.name);

        if (named != IX_NONE && s->vms[named].state != VM_BOOKED)
                return named;
        for (VmIx v = 0; booking->vm.uuid && v < s->n_vms; v++)
                if (s->vms[v].state != VM_BOOKED && s->vms[v].uuid &&
                    strcmp(s->vms[v].uuid, booking->vm.uuid) == 0)
                        return v;
        return IX_NONE;
}

static bool booking_shelters(const Host *host) {
        return host->state == HOST_ACTIVE && host->excluded == EXCLUDED_NONE && !host->no_entry_why &&
               host->fault_grade < 2;
}

BookingState booking_state(const Snapshot *s, const Booking *booking, HostIx *ret_host) {
        const HostIx h = snapshot_host(s, booking->host);
        const VmIx v = booking_vm(s, booking);

        *ret_host = h;
        if (v != IX_NONE) {
                const bool here = h != IX_NONE && snapshot_vm_is_on(s, v, h);

                *ret_host = here ? h : s->vms[v].host;
                return here ? BOOKING_TAKEN : BOOKING_ELSEWHERE;
        }
        if (h == IX_NONE)
                return BOOKING_LOST;
        return booking_shelters(&s->hosts[h]) ? BOOKING_HELD : BOOKING_IDLE;
}

static int booking_by_name(const void *name, const void *booking) {
        return strcmp(name, ((const Booking *) booking)->vm.name);
}

const Booking *snapshot_booking(const Snapshot *s, const char *name) {
        return s->n_bookings > 0
                       ? bsearch(name, s->bookings, s->n_bookings, sizeof(*s->bookings), booking_by_name)
                       : NULL;
}
