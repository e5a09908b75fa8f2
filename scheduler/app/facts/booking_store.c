/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/booking_store.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/store/store_unread.h"

/* The next word of *io, of *ret_n bytes, and the blank behind it. */
static const char *booking_store_word(const char **io, const char *end, size_t *ret_n) {
        const char *word = *io, *blank = memchr(word, ' ', (size_t) (end - word));

        *ret_n = (size_t) ((blank ? blank : end) - word);
        *io = blank ? blank + 1 : end;
        return word;
}

static bool booking_store_time(const char **io, const char *end, usec_t *ret) {
        size_t n;
        const char *word = booking_store_word(io, end, &n);

        return text_to_int(word, n, 0, bound_of(BOUND_TIME), ret) == 0;
}

/* 0; -EBADMSG: it is none; -ENOMEM. */
static int booking_store_booking(Arena *a, const char *text, size_t n, StoredBooking *one) {
        const Snapshot *s = NULL;
        TextFault fault;
        Booking *booking;
        int r = snapshot_file_parse(a, text, n, &s, &fault);

        if (r < 0)
                return r;
        if (s->n_bookings != 1 || strcmp(s->bookings[0].vm.name, one->stored.name) != 0)
                return -EBADMSG;
        booking = arena_new(a, Booking, 1);
        if (!booking)
                return -ENOMEM;
        *booking = s->bookings[0];
        booking->at = one->at;
        booking->until = one->until;
        one->booking = booking;
        return 0;
}

int booking_store_parse(Arena *a, const StoredText *stored, StoredBooking *ret) {
        const char *at = stored->text, *end = at + stored->n, *word;
        size_t n;

        *ret = (StoredBooking){ .stored = *stored };
        if (!booking_store_time(&at, end, &ret->at) || !booking_store_time(&at, end, &ret->until))
                return -EBADMSG;
        word = booking_store_word(&at, end, &n);
        if (n == 4 && memcmp(word, "gone", n) == 0) {
                const char *line = memchr(at, '\n', (size_t) (end - at));

                if (!line || !text_is_name(at, (size_t) (line - at)))
                        return -EBADMSG;
                ret->released_by = text_copy(a, at, (size_t) (line - at));
                return ret->released_by ? booking_store_booking(a, line + 1, (size_t) (end - line - 1), ret)
                                        : -ENOMEM;
        }
        ret->told = n == 4 && memcmp(word, "told", n) == 0;
        if (!ret->told && !(n == 3 && memcmp(word, "new", n) == 0))
                return -EBADMSG;
        return booking_store_booking(a, at, (size_t) (end - at), ret);
}

int booking_store_read(Store *store, Arena *a, BookingStore *ret) {
        BookingStore b = { 0 };
        StoredText *texts = NULL;
        StoredBooking *all;
        Booking *held;
        uint32_t n = 0;
        int r = store_get_bookings(store, a, &texts, &n, &b.changes, &b.now);

        if (r < 0)
                return r;
        all = arena_new(a, StoredBooking, n);
        held = arena_new(a, Booking, n);
        if (!all || !held)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                StoredBooking *one = &all[b.n_all];

                r = booking_store_parse(a, &texts[i], one);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        store_unread_add(store, KEY_BOOKINGS, texts[i].name, "it reserves nothing");
                b.n_all++;
                if (one->booking && !stored_booking_is_over(one, b.now) &&
                    b.n_held < bound_of(BOUND_BOOKINGS))
                        held[b.n_held++] = *one->booking;
        }
        b.all = all;
        b.held = held;
        *ret = b;
        return 0;
}

int booking_store_put(Store *store, Arena *a, const BookingStore *was, const Booking *bookings, uint32_t n,
                      usec_t lasts) {
        BookingAsked *asked = arena_new(a, BookingAsked, n);
        int r = asked ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                const Snapshot s = { .cluster = "booking", .bookings = &bookings[i], .n_bookings = 1 };
                size_t size;

                asked[i].vm = bookings[i].vm.name;
                r = snapshot_file_print(a, &s, &asked[i].text, &size);
        }
        return r < 0 ? r
                     : store_book(store, was->changes, asked, n, lasts, (uint32_t) bound_of(BOUND_BOOKINGS));
}

int booking_store_tell(const Leadership *l, Arena *a, const StoredBooking *one) {
        const char *rest = memmem(one->stored.text, one->stored.n, " new ", 5), *text;
        const char *end = one->stored.text + one->stored.n;

        if (!rest)
                return 0;
        text = text_format(a, "%lld %lld told %.*s", (long long) one->at, (long long) one->until,
                           (int) (end - rest - 5), rest + 5);
        return text ? store_lead_booking(l->store, l->token, &one->stored,
                                         (StoredText){ .text = text, .n = strlen(text) })
                    : -ENOMEM;
}

int booking_store_end(const Leadership *l, const StoredBooking *one) {
        return store_lead_booking(l->store, l->token, &one->stored, (StoredText){ .text = "" });
}
