/* SPDX-License-Identifier: Apache-2.0 */
/* Room that is booked: told once in log and audit, when the leader first sees it and when it is over; then the store has it no
 * more. */
#include <errno.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"
#include "scheduler/model/booking.h"

#define BOOKING_QUOTE 512

typedef struct BookingRound {
        const ServiceRound *round;
        const RoundFindings *found;
        uint32_t
                n_told; /* entries of the audit: each has a time of its own, before that of the round's decision */
} BookingRound;

static int booking_audit(BookingRound *b, const StoredBooking *one, const char *status, const char *by) {
        const ServiceRound *round = b->round;

        return audit_store_write(round->leadership, round->arena, round->settings, b->found->facts,
                                 (AuditEntry){ .at = b->found->input.now - ++b->n_told,
                                               .leader = round->leadership->self,
                                               .mode = "booking",
                                               .status = status,
                                               .by = by,
                                               .booking = one->booking->vm.name,
                                               .booking_host = one->booking->host });
}

static int booking_begins(BookingRound *b, const StoredBooking *one) {
        const Booking *booking = one->booking;
        char vm[BOOKING_QUOTE], host[BOOKING_QUOTE], by[BOOKING_QUOTE];
        int r = booking_store_tell(b->round->leadership, b->round->arena, one);

        if (r == 0)
                r = booking_audit(b, one, booking_state_names[BOOKING_HELD], booking->by);
        if (r == 0)
                log_event(LOG_INFO, "booking.begins",
                          "vm=%s host=%s by=%s for_s=%lld vcpus=%lld memory_mib=%lld",
                          log_quote(booking->vm.name, vm, sizeof(vm)),
                          log_quote(booking->host, host, sizeof(host)),
                          log_quote(booking->by, by, sizeof(by)),
                          (long long) ((one->until - one->at) / USEC_PER_SEC), (long long) booking->vm.vcpus,
                          (long long) booking->vm.memory_mib);
        return r;
}

/* runs_on: where its VM is; NULL: there is none. */
static int booking_ends(BookingRound *b, const StoredBooking *one, const char *status, const char *runs_on) {
        const Booking *booking = one->booking;
        const char *by = one->released_by ? one->released_by : booking->by;
        char vm[BOOKING_QUOTE], host[BOOKING_QUOTE], who[BOOKING_QUOTE], on[BOOKING_QUOTE];
        int r = booking_store_end(b->round->leadership, one);

        if (r == 0)
                r = booking_audit(b, one, status, by);
        if (r == 0)
                log_event(LOG_INFO, "booking.ends", "vm=%s host=%s why=%s by=%s runs_on=%s",
                          log_quote(booking->vm.name, vm, sizeof(vm)),
                          log_quote(booking->host, host, sizeof(host)), status,
                          log_quote(by, who, sizeof(who)),
                          log_quote(runs_on ? runs_on : "-", on, sizeof(on)));
        return r;
}

/* One that is told has another text by then: it is over with the next round. */
static int booking_look(BookingRound *b, const StoredBooking *one, usec_t now) {
        const Snapshot *s = b->found->facts;
        HostIx h = IX_NONE;
        BookingState state;

        if (!one->booking)
                return 0;
        if (!one->told && !one->released_by)
                return booking_begins(b, one);
        state = booking_state(s, one->booking, &h);
        if (state == BOOKING_TAKEN || state == BOOKING_ELSEWHERE)
                return booking_ends(b, one, booking_state_names[state], s->hosts[h].name);
        if (one->released_by)
                return booking_ends(b, one, "released", NULL);
        return one->until <= now ? booking_ends(b, one, "lapsed", NULL) : 0;
}

int service_bookings(const ServiceRound *round, const RoundFindings *found) {
        const BookingStore *bookings = source_bookings(round->source);
        BookingRound b = { .round = round, .found = found };
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < bookings->n_all; i++)
                r = booking_look(&b, &bookings->all[i], bookings->now);
        return r == 1 ? -ECANCELED : r;
}
