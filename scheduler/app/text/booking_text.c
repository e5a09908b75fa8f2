/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/booking_text.h"

#include "scheduler/app/terminal/human.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

#define BOOKINGS_SHOWN 5U

json_t *bookings_json(const Snapshot *s) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < s->n_bookings; i++) {
                const Booking *b = &s->bookings[i];
                HostIx h = IX_NONE;
                const BookingState state = booking_state(s, b, &h);
                const bool runs = state == BOOKING_TAKEN || state == BOOKING_ELSEWHERE;

                (void) json_array_append_new(
                        list,
                        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "vm", b->vm.name,
                                  "host", b->host, "state", booking_state_names[state], "by", b->by, "vcpus",
                                  json_number(b->vm.vcpus), "memory_mib", json_number(b->vm.memory_mib),
                                  "cpu", json_cores(b->vm.cpu_mcores), "uuid", json_text(b->vm.uuid),
                                  "runs_on", json_text(runs ? s->hosts[h].name : NULL), "at",
                                  json_instant(b->at), "until", json_instant(b->until)));
        }
        return list;
}

const char *booking_words(Arena *a, const Snapshot *s, const Booking *booking) {
        HostIx h = IX_NONE;

        switch (booking_state(s, booking, &h)) {
        case BOOKING_HELD:
                return "held";
        case BOOKING_TAKEN:
                return "taken: the VM is there";
        case BOOKING_ELSEWHERE:
                return text_format(a, "not needed: the VM is on %s", s->hosts[h].name);
        case BOOKING_IDLE:
                return text_format(a, "not reserved now: %s accepts no VM", booking->host);
        default:
                return text_format(a, "not reserved: host %s not found", booking->host);
        }
}

const char *bookings_count_words(Arena *a, const Snapshot *s) {
        const uint32_t n = s->n_vms - snapshot_n_vms(s);

        return n > 0 ? text_format(a, ", room booked for %u more", n) : "";
}

void bookings_print(const Snapshot *s, const Screen *screen) {
        char vm[256], host[256], by[256], until[HUMAN_SIZE], size[HUMAN_SIZE];

        for (uint32_t i = 0; i < s->n_bookings && i < BOOKINGS_SHOWN; i++) {
                const Booking *b = &s->bookings[i];
                HostIx h = IX_NONE;

                (void) out_say(
                        screen->out,
                        "room for %s (%lld vCPU%s, %s) is booked on %s%s until %s by %s (to cancel it: plimsoll "
                        "place --release %s)\n",
                        text_safe(b->vm.name, vm, sizeof(vm)), (long long) b->vm.vcpus,
                        b->vm.vcpus == 1 ? "" : "s", human_mib(b->vm.memory_mib, size),
                        text_safe(b->host, host, sizeof(host)),
                        booking_state(s, b, &h) == BOOKING_HELD ? "" : ", and not reserved now,",
                        human_time(b->until, until), text_safe(b->by, by, sizeof(by)), vm);
        }
        if (s->n_bookings > BOOKINGS_SHOWN)
                (void) out_say(screen->out, "… and for %u more VMs (plimsoll place --list)\n",
                               s->n_bookings - BOOKINGS_SHOWN);
}
