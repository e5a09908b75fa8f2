/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/event_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/wire/pulse.h"

struct HostWatch {
        const char *name;
        int64_t cpu_line, memory_line; /* permille in use; above it is over */
        bool takes_part;               /* it is active, and its facts were good: its load matters */
        bool emptied;                  /* its VMs are to leave */
        bool silent;                   /* its facts were stale or missing */
        bool measured;                 /* n_vms and vms are of a pulse since */
        int64_t n_vms, vms_hash;
        usec_t over_since; /* monotonic; 0: it is not over */
        bool said_over, said_silent;
};

#define ARENA_SIZE ((size_t) 256 << 20) /* address space: 200,000 hosts and their names */

void event_watch_close(EventWatch *x) {
        arena_close(&x->arenas[0]);
        arena_close(&x->arenas[1]);
        *x = (EventWatch){ 0 };
}

static int event_watch_by_name(const void *a, const void *b) {
        return strcmp(((const HostWatch *) a)->name, ((const HostWatch *) b)->name);
}

static HostWatch *event_watch_find(const EventWatch *x, const char *name) {
        const HostWatch key = { .name = name };

        return x->n > 0 ? bsearch(&key, x->hosts, x->n, sizeof(key), event_watch_by_name) : NULL;
}

static int64_t event_watch_line_of(const Host *h, ResourceId r, const Settings *settings,
                                   const char *setting) {
        const int64_t free = h->headroom_permille[r] != UNKNOWN ? h->headroom_permille[r]
                                                                : settings_int(settings, "load", setting);

        return free < 1000 ? 1000 - free : 0;
}

static HostWatch watch_of(const Host *h, const Settings *settings) {
        return (HostWatch){ .name = h->name,
                            .cpu_line = event_watch_line_of(h, RES_CPU, settings, "headroom_cpu"),
                            .memory_line = event_watch_line_of(h, RES_MEMORY, settings, "headroom_memory"),
                            .takes_part = h->state == HOST_ACTIVE && h->excluded == EXCLUDED_NONE,
                            .emptied = h->state == HOST_MAINTENANCE || h->fault_grade >= 3,
                            .silent = h->excluded == EXCLUDED_STALE || h->excluded == EXCLUDED_MISSING };
}

/* What was seen before goes on. */
static void carry_over(HostWatch *to, const HostWatch *from, bool moved) {
        to->said_silent = from->said_silent && to->silent == from->silent;
        if (moved)
                return;
        to->measured = from->measured;
        to->n_vms = from->n_vms;
        to->vms_hash = from->vms_hash;
        to->over_since = from->over_since;
        to->said_over = from->said_over;
}

int event_watch_round(EventWatch *x, const Snapshot *s, const Settings *settings, bool moved) {
        const unsigned next = !x->current;
        Arena *a = &x->arenas[next];
        HostWatch *hosts;

        if (!a->base && arena_open(ARENA_SIZE, a) < 0)
                return -ENOMEM;
        arena_rewind(a, 0);
        hosts = arena_new(a, HostWatch, s->n_hosts);
        if (!hosts)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const HostWatch *before = event_watch_find(x, s->hosts[h].name);

                hosts[h] = watch_of(&s->hosts[h], settings);
                hosts[h].name = text_copy(a, s->hosts[h].name, strlen(s->hosts[h].name));
                if (!hosts[h].name)
                        return -ENOMEM;
                if (before)
                        carry_over(&hosts[h], before, moved);
        }
        if (s->n_hosts > 0)
                qsort(hosts, s->n_hosts, sizeof(*hosts), event_watch_by_name);
        x->hosts = hosts;
        x->n = s->n_hosts;
        x->current = next;
        x->stale_after = settings_int(settings, "snapshot", "stale_after");
        return 0;
}

/* ---- one host's pulse ---- */

static void event_watch_call(EventCall *ret, const char *host, const char *what) {
        if (!ret->why[0])
                (void) snprintf(ret->why, sizeof(ret->why), "%.200s %s", host, what);
}

/* As the snapshot says it (snapshot/build.c). */
static bool is_stale(const EventWatch *x, const Pulse *p, usec_t now) {
        const usec_t three = p->interval > INT64_MAX / 3 ? INT64_MAX : 3 * p->interval;
        const usec_t most = three > x->stale_after ? three : x->stale_after;

        return now > p->sent_at && now - p->sent_at > most;
}

static void update_silence(HostWatch *h, bool stale, EventCall *ret) {
        const bool otherwise = stale != h->silent;

        if (otherwise && !h->said_silent)
                event_watch_call(ret, h->name, stale ? "has fallen silent" : "reports again");
        h->said_silent = otherwise;
}

static bool update_load(HostWatch *h, const Pulse *p, EventTimes times, EventCall *ret) {
        const bool over = p->cpu_permille > h->cpu_line || p->memory_permille > h->memory_line;

        if (!over || !h->takes_part) {
                h->over_since = 0;
                h->said_over = false;
                return false;
        }
        if (h->over_since == 0)
                h->over_since = times.monotonic;
        if (times.monotonic - h->over_since >= times.hold && !h->said_over) {
                event_watch_call(ret, h->name, "has been above its load line for the hold time");
                h->said_over = ret->overloaded = true;
        }
        return true;
}

static void update_vms(HostWatch *h, const Pulse *p, bool over, EventCall *ret) {
        if (p->n_vms == UNKNOWN)
                return;
        if (h->measured && p->vms_hash != h->vms_hash && p->n_vms >= h->n_vms && p->n_vms > 0) {
                if (h->emptied)
                        event_watch_call(ret, h->name, "has another VM and is to be emptied");
                else if (over)
                        event_watch_call(ret, h->name, "has another VM and is above its load line");
        }
        h->measured = true;
        h->n_vms = p->n_vms;
        h->vms_hash = p->vms_hash;
}

void event_watch_look(EventWatch *x, const StoredText *pulses, uint32_t n, EventTimes times, EventCall *ret) {
        uint32_t h = 0;

        *ret = (EventCall){ 0 };
        for (uint32_t i = 0; i < n; i++) {
                Pulse p;
                int order = 1;

                while (h < x->n && (order = strcmp(x->hosts[h].name, pulses[i].name)) < 0)
                        h++;
                if (h == x->n || order != 0 || pulse_parse(pulses[i].text, pulses[i].n, &p) < 0)
                        continue;
                update_silence(&x->hosts[h], is_stale(x, &p, times.now), ret);
                if (is_stale(x, &p, times.now))
                        continue;
                update_vms(&x->hosts[h], &p, update_load(&x->hosts[h], &p, times, ret), ret);
        }
}
