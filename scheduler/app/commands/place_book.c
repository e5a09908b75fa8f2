/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/place_book.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/facts/booking_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/app/text/booking_text.h"
#include "scheduler/model/bounds.h"

/* ---- holding ---- */

/* "web9" and "web9-1", "web9-2" … of several. */
static bool place_book_is_of(const Booking *booking, const NewVm *wanted) {
        const size_t n = strlen(wanted->vm.name);
        const char *rest;

        if (strncmp(booking->vm.name, wanted->vm.name, n) != 0)
                return false;
        rest = booking->vm.name + n;
        return wanted->count == 1
                       ? *rest == '\0'
                       : *rest == '-' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1);
}

ExitStatus place_book_check(Invocation *in, const Facts *facts, const WhatIfFacts *what_if,
                            const NewVm *wanted) {
        char vm[256], host[256];

        if (!source_store(facts->source))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "A booking is kept in Redis. Give --redis URL (a snapshot file may contain \"bookings\": "
                        "docs/snapshot-file.md)");
        if (what_if->any)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "--book reserves room in the real cluster. Leave out --without, --lost, --add-host, "
                        "--add-vm, --remove-vm, --without-rule");
        if (!wanted->vm.name)
                return command_complain(in, EXIT_BAD_INPUT, "--book needs the VM's name. Give --name NAME");
        for (uint32_t i = 0; i < facts->snapshot->n_bookings; i++) {
                const Booking *b = &facts->snapshot->bookings[i];

                if (place_book_is_of(b, wanted))
                        return command_complain(
                                in, EXIT_BAD_INPUT,
                                "room for %s is already booked, on %s. To cancel it: plimsoll place --release %s",
                                text_safe(b->vm.name, vm, sizeof(vm)), text_safe(b->host, host, sizeof(host)),
                                vm);
        }
        return EXIT_DONE;
}

static int place_book_of(Invocation *in, const PlaceAnswer *answer, usec_t until, const Booking **ret) {
        Booking *list = arena_new(in->arena, Booking, answer->n_vms);
        char by[256];
        const char *name = operator_name(by, sizeof(by)), *who = text_copy(in->arena, name, strlen(name));

        if (!list || !who)
                return -ENOMEM;
        for (uint32_t i = 0; i < answer->n_vms; i++) {
                const VmIx v = snapshot_vm(answer->snapshot, answer->trial.s->vms[answer->vms[i].vm].name);

                list[i] = (Booking){ .vm = answer->snapshot->vms[v],
                                     .host = answer->trial.s->hosts[answer->vms[i].host].name,
                                     .by = who,
                                     .until = until };
                if (answer->n_vms == 1)
                        list[i].vm.uuid = option_text(&in->options, "uuid");
                list[i].vm.cpu_mcores = list[i].vm.cpu_mcores > 0 ? list[i].vm.cpu_mcores : 0;
        }
        *ret = list;
        return 0;
}

ExitStatus place_book_hold(Invocation *in, const Facts *facts, const PlaceAnswer *answer, const Booking **ret,
                           bool *ret_again) {
        Store *store = source_store(facts->source);
        const BookingStore *was = source_bookings(facts->source);
        const usec_t lasts = option_number(&in->options, "book", 0);
        int r = place_book_of(in, answer, was->now + lasts, ret);

        *ret_again = false;
        if (r == 0)
                r = booking_store_put(store, in->arena, was, *ret, answer->n_vms, lasts);
        if (r == 2)
                return command_complain(
                        in, EXIT_BLOCKED,
                        "nothing was booked: at most %lld VMs may have bookings at a time (plimsoll place --list)",
                        (long long) bound_of(BOUND_BOOKINGS));
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "nothing was booked: %s",
                                        r == -ENOMEM ? "out of memory" : store_error(store));
        *ret_again = r == 1;
        return EXIT_DONE;
}

/* ---- instead of placing ---- */

ExitStatus place_book_list(Invocation *in, const Facts *facts) {
        static const Column columns[] = {
                { .title = "VM", .most = 24 },
                { .title = "HOST", .most = 20 },
                { .title = "VCPUS", .right = true },
                { .title = "MEMORY", .right = true },
                { .title = "UNTIL" },
                { .title = "BY", .most = 24 },
                { .title = "" },
        };
        const Snapshot *s = facts->snapshot;
        Table t = table_begin(in->arena, columns, ARRAY_SIZE(columns));
        int r = 0;

        if (in->json) {
                json_t *o = json_pack("{s:s, s:s, s:o}", "schema", "plimsoll.bookings/1", "cluster",
                                      s->cluster, "bookings", bookings_json(s));

                (void) json_print(o, in->out.out);
                return EXIT_DONE;
        }
        for (uint32_t i = 0; r == 0 && i < s->n_bookings; i++) {
                const Booking *b = &s->bookings[i];
                const char *words = booking_words(in->arena, s, b);
                char until[HUMAN_SIZE], size[HUMAN_SIZE], vcpus[24];

                (void) snprintf(vcpus, sizeof(vcpus), "%lld", (long long) b->vm.vcpus);
                r = words ? table_row(&t, (Cell[]){ { .text = b->vm.name, .style = STYLE_STRONG },
                                                    { .text = b->host },
                                                    { .text = vcpus },
                                                    { .text = human_mib(b->vm.memory_mib, size) },
                                                    { .text = human_time(b->until, until) },
                                                    { .text = b->by },
                                                    { .text = words } })
                          : -ENOMEM;
        }
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (t.n_rows == 0)
                (void) fputs("no bookings\n", in->out.out);
        else
                table_print(&t, &in->out, "");
        return EXIT_DONE;
}

ExitStatus place_book_release(Invocation *in, const char *name) {
        owned(source_free) Source *source = NULL;
        Settings *settings = NULL;
        char by[256], safe[256];
        ExitStatus status = facts_store(in, "bookings are", &settings, &source);
        int r;

        if (status != EXIT_DONE)
                return status;
        r = store_release_booking(source_store(source), name, operator_name(by, sizeof(by)));
        (void) text_safe(name, safe, sizeof(safe));
        if (r == 1)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "no booking for %s; nothing was changed. plimsoll place --list shows all bookings",
                        safe);
        if (r < 0)
                return command_complain(in, r == -EINVAL ? EXIT_BAD_INPUT : EXIT_FAILED, "%s",
                                        store_error(source_store(source)));
        if (in->json)
                (void) out_say(in->out.out, "{\"schema\": \"plimsoll.bookings/1\", \"released\": true}\n");
        else
                (void) out_say(in->out.out, "the booking for %s is canceled\n", safe);
        return EXIT_DONE;
}
