/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/round_calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/facts/report_alarm.h"
#include "scheduler/model/bounds.h"

#define ARENA_SIZE     ((size_t) 256 << 20) /* address space */
#define LOOK_SIZE      ((size_t) 256 << 20)
#define HOSTS_A_LOOK   2048 /* a look each half second: all of 10,000 hosts in 2.5 s */
#define REPORTS_A_LOOK 16
#define COUNTED_FOR    (60 * USEC_PER_SEC) /* a host that was heard is not heard again for so long */
#define REFUSED_FOR    (5 * USEC_PER_SEC)  /* nor one that rang for nothing */

struct HostAlarm {
        const char *name;
        int64_t count;        /* of its rings, those that were answered */
        usec_t look_at;       /* its report is not read before */
        usec_t counted_until; /* until then only a worse grade than `counted` calls */
        int counted;
        const Fault *faults; /* of the last round */
        uint32_t n_faults;
};

void round_calls_close(RoundCalls *calls) {
        arena_pair_close(&calls->memory);
        arena_close(&calls->look);
        *calls = (RoundCalls){ 0 };
}

int round_calls_begin(RoundCalls *calls, Store *store) {
        return store_get_calls(store, &calls->calls);
}

static int round_calls_by_name(const void *left, const void *right) {
        return strcmp(((const HostAlarm *) left)->name, ((const HostAlarm *) right)->name);
}

static HostAlarm *alarm_find(const RoundCalls *calls, const char *name) {
        const HostAlarm key = { .name = name };

        return calls->n > 0 ? bsearch(&key, calls->hosts, calls->n, sizeof(key), round_calls_by_name) : NULL;
}

static int round_calls_alarm_of(const RoundCalls *calls, Arena *a, const Host *host, HostAlarm *ret) {
        const HostAlarm *before = alarm_find(calls, host->name);
        Fault *faults = arena_new(a, Fault, host->n_faults);

        *ret = (HostAlarm){ .name = text_copy(a, host->name, strlen(host->name)),
                            .count = before ? before->count : 0,
                            .look_at = before ? before->look_at : 0,
                            .counted_until = before ? before->counted_until : 0,
                            .counted = before ? before->counted : 0,
                            .faults = faults,
                            .n_faults = host->n_faults };
        if (!ret->name || !faults)
                return -ENOMEM;
        for (uint32_t i = 0; i < host->n_faults; i++) {
                faults[i] = (Fault){ .device = text_copy(a, host->faults[i].device,
                                                         strlen(host->faults[i].device)),
                                     .grade = host->faults[i].grade };
                if (!faults[i].device)
                        return -ENOMEM;
        }
        return 0;
}

int round_calls_end(RoundCalls *calls, const Snapshot *s) {
        HostAlarm *hosts;
        const char **names;
        Arena *a;
        uint32_t n = 0;
        int r = 0;

        if (arena_pair_next(&calls->memory, ARENA_SIZE, &a) < 0 ||
            (!calls->look.base && arena_open(LOOK_SIZE, &calls->look) < 0))
                return -ENOMEM;
        hosts = arena_new(a, HostAlarm, s->n_hosts);
        names = arena_new(a, const char *, s->n_hosts);
        if (!hosts || !names)
                return -ENOMEM;
        for (HostIx h = 0; r == 0 && h < s->n_hosts; h++)
                if (s->hosts[h].excluded != EXCLUDED_SEEN)
                        r = round_calls_alarm_of(calls, a, &s->hosts[h], &hosts[n++]);
        if (r < 0)
                return r;
        if (n > 0)
                qsort(hosts, n, sizeof(*hosts), round_calls_by_name);
        for (uint32_t i = 0; i < n; i++)
                names[i] = hosts[i].name;
        calls->hosts = hosts;
        calls->names = names;
        calls->n = n;
        calls->next = 0;
        arena_pair_keep(&calls->memory);
        return 0;
}

/* ---- a look ---- */

static bool round_calls_rings(const HostAlarm *alarm, const StoredText *text, usec_t now,
                              int64_t *ret_count) {
        int64_t count;

        *ret_count = 0;
        if (now < alarm->look_at ||
            text_to_int(text->text, text->n, 0, bound_of(BOUND_SEQUENCE), &count) < 0 ||
            count == alarm->count)
                return false;
        *ret_count = count;
        return true;
}

/* 1: the host's report has got worse, and it is heard: once a minute, and at once where it is worse than what was heard
 * in this minute (so three times at the most). A ring that has to wait is kept. */
static int alarm_hear(RoundCalls *calls, Store *store, HostAlarm *alarm, int64_t count, usec_t now,
                      usec_t of_day) {
        const ArenaMark mark = arena_mark(&calls->look);
        int r = report_got_worse(store, &calls->look, alarm->name, alarm->faults, alarm->n_faults, of_day);

        arena_rewind(&calls->look, mark);
        alarm->look_at = now + (r > 0 ? USEC_PER_SEC : REFUSED_FOR);
        if (r < 0 || (r > 0 && now < alarm->counted_until && r <= alarm->counted))
                return r < 0 ? r : 0;
        alarm->count = count;
        if (r == 0)
                return 0;
        alarm->counted = r;
        alarm->counted_until = now + COUNTED_FOR;
        return 1;
}

static int hosts_look(RoundCalls *calls, Store *store, usec_t now, usec_t of_day, char why[CALL_WHY_SIZE]) {
        const uint32_t first = calls->next < calls->n ? calls->next : 0;
        const uint32_t n = calls->n - first < HOSTS_A_LOOK ? calls->n - first : HOSTS_A_LOOK;
        StoredText *rung = NULL;
        uint32_t n_rung = 0, heard = 0;

        if (n == 0 || store_get_alarms(store, &calls->look, calls->names + first, n, &rung, &n_rung) < 0)
                return 0;
        calls->next = first + n;
        for (uint32_t i = 0; i < n_rung && heard < REPORTS_A_LOOK; i++) {
                HostAlarm *h = alarm_find(calls, rung[i].name);
                int64_t count;

                if (!h || !round_calls_rings(h, &rung[i], now, &count))
                        continue;
                heard++;
                if (alarm_hear(calls, store, h, count, now, of_day) == 1) {
                        (void) snprintf(why, CALL_WHY_SIZE, "%.200s got worse", h->name);
                        return 1;
                }
        }
        return 0;
}

int round_calls_look(RoundCalls *round_calls, Store *store, usec_t now, usec_t of_day,
                     char why[CALL_WHY_SIZE]) {
        int64_t calls = round_calls->calls;
        int r;

        if (store_get_calls(store, &calls) == 0 && calls != round_calls->calls) {
                (void) snprintf(why, CALL_WHY_SIZE, "an operator made a request");
                return 1;
        }
        if (!round_calls->look.base)
                return 0;
        r = hosts_look(round_calls, store, now, of_day, why);
        arena_rewind(&round_calls->look, 0);
        return r;
}
