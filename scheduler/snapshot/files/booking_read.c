/* SPDX-License-Identifier: Apache-2.0 */
/* Booked room, as a snapshot file has it. Hosts are not looked up: one may have left since. */
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/files/file_reader.h"

static int booking_read_compare(const void *left, const void *right) {
        return strcmp(((const Booking *) left)->vm.name, ((const Booking *) right)->vm.name);
}

int snapshot_read_bookings(FileReader *reader, void *object) {
        Snapshot *s = object;
        ObjectArray array;
        Booking *bookings;
        int k = objects_read(reader, &booking_fields, sizeof(Booking), (uint32_t) bound_of(BOUND_BOOKINGS),
                             &array);

        if (k < 0)
                return k;
        bookings = array.objects;
        for (uint32_t i = 0; i < array.n; i++)
                if (bookings[i].until > 0 &&
                    bookings[i].until - bookings[i].at > bound_of(BOUND_BOOKING_TIME) && bookings[i].at > 0)
                        return FAULT_AT(reader, "bookings", i, "until",
                                        "more than a week after \"at\"; accepted: at most a week");
        if (array.n > 0)
                qsort(bookings, array.n, sizeof(*bookings), booking_read_compare);
        for (uint32_t i = 1; i < array.n; i++)
                if (booking_read_compare(&bookings[i - 1], &bookings[i]) == 0)
                        return json_reader_refuse(&reader->json,
                                                  "\"%.80s\" is booked twice; accepted: each name once",
                                                  bookings[i].vm.name);
        s->bookings = bookings;
        s->n_bookings = array.n;
        return 0;
}
