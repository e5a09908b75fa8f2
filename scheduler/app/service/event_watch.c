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

void event_watch_close(EventWatch *watch) {
        arena_pair_close(&watch->memory);
        *watch = (EventWatch){ 0 };
}

static int event_watch_by_name(const void *left, const void *right) {
        return strcmp(((const HostWatch *) left)->name, ((const HostWatch *) right)->name);
}

static HostWatch *event_watch_find(const EventWatch *watch, const char *name) {
        const HostWatch key = { .name = name };

        return watch->n > 0 ? bsearch(&key, watch->hosts, watch->n, sizeof(key), event_watch_by_name) : NULL;
}

static int64_t event_watch_line_of(const Host *host, ResourceId r, const Settings *settings,
                                   const char *setting) {
        const int64_t free = host->headroom_permille[r] != UNKNOWN ? host->headroom_permille[r]
                                                                   : settings_int(settings, "load", setting);

        return free < 1000 ? 1000 - free : 0;
}

static HostWatch watch_of(const Host *host, const Settings *settings) {
        return (HostWatch){ .name = host->name,
                            .cpu_line = event_watch_line_of(host, RES_CPU, settings, "headroom_cpu"),
                            .memory_line = event_watch_line_of(host, RES_MEMORY, settings, "headroom_memory"),
                            .takes_part = host->state == HOST_ACTIVE && host->excluded == EXCLUDED_NONE,
                            .emptied = host->state == HOST_MAINTENANCE || host->fault_grade >= 3,
                            .silent = host->excluded == EXCLUDED_STALE ||
                                      host->excluded == EXCLUDED_MISSING ||
                                      host->excluded == EXCLUDED_CLOCK };
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

int event_watch_round(EventWatch *watch, const Snapshot *s, const Settings *settings, bool moved) {
        HostWatch *hosts;
        Arena *a;

        if (arena_pair_next(&watch->memory, ARENA_SIZE, &a) < 0)
                return -ENOMEM;
        hosts = arena_new(a, HostWatch, s->n_hosts);
        if (!hosts)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const HostWatch *before = event_watch_find(watch, s->hosts[h].name);

                hosts[h] = watch_of(&s->hosts[h], settings);
                hosts[h].name = text_copy(a, s->hosts[h].name, strlen(s->hosts[h].name));
                if (!hosts[h].name)
                        return -ENOMEM;
                if (before)
                        carry_over(&hosts[h], before, moved);
        }
        if (s->n_hosts > 0)
                qsort(hosts, s->n_hosts, sizeof(*hosts), event_watch_by_name);
        watch->hosts = hosts;
        watch->n = s->n_hosts;
        arena_pair_keep(&watch->memory);
        watch->stale_after = settings_int(settings, "snapshot", "stale_after");
        return 0;
}

/* ---- one host's pulse ---- */

static void event_watch_call(EventCall *ret, const char *host, const char *what) {
        if (!ret->why[0])
                (void) snprintf(ret->why, sizeof(ret->why), "%.200s %s", host, what);
}

/* As the snapshot says it (snapshot/build.c). */
static bool is_stale(const EventWatch *watch, const Pulse *pulse, usec_t now) {
        const usec_t three = pulse->interval > INT64_MAX / 3 ? INT64_MAX : 3 * pulse->interval;
        const usec_t most = three > watch->stale_after ? three : watch->stale_after;

        return now > pulse->sent_at && now - pulse->sent_at > most;
}

static void update_silence(HostWatch *watch, bool stale, EventCall *ret) {
        const bool otherwise = stale != watch->silent;

        if (otherwise && !watch->said_silent)
                event_watch_call(ret, watch->name, stale ? "has stopped reporting" : "reports again");
        watch->said_silent = otherwise;
}

static bool update_load(HostWatch *watch, const Pulse *pulse, EventTimes times, EventCall *ret) {
        const bool over =
                pulse->cpu_permille > watch->cpu_line || pulse->memory_permille > watch->memory_line;

        if (!over || !watch->takes_part) {
                watch->over_since = 0;
                watch->said_over = false;
                return false;
        }
        if (watch->over_since == 0)
                watch->over_since = times.monotonic;
        if (times.monotonic - watch->over_since >= times.hold && !watch->said_over) {
                event_watch_call(ret, watch->name, "has been above its load line for the hold time");
                watch->said_over = ret->overloaded = true;
        }
        return true;
}

static void update_vms(HostWatch *watch, const Pulse *pulse, bool over, EventCall *ret) {
        if (pulse->n_vms == UNKNOWN)
                return;
        if (watch->measured && pulse->vms_hash != watch->vms_hash && pulse->n_vms >= watch->n_vms &&
            pulse->n_vms > 0) {
                if (watch->emptied)
                        event_watch_call(ret, watch->name, "has another VM and is to be emptied");
                else if (over)
                        event_watch_call(ret, watch->name, "has another VM and is above its load line");
        }
        watch->measured = true;
        watch->n_vms = pulse->n_vms;
        watch->vms_hash = pulse->vms_hash;
}

void event_watch_look(EventWatch *watch, const StoredText *pulses, uint32_t n, EventTimes times,
                      EventCall *ret) {
        uint32_t h = 0;

        *ret = (EventCall){ 0 };
        for (uint32_t i = 0; i < n; i++) {
                Pulse p;
                int order = 1;

                while (h < watch->n && (order = strcmp(watch->hosts[h].name, pulses[i].name)) < 0)
                        h++;
                if (h == watch->n || order != 0 || pulse_parse(pulses[i].text, pulses[i].n, &p) < 0)
                        continue;
                update_silence(&watch->hosts[h], is_stale(watch, &p, times.now), ret);
                if (is_stale(watch, &p, times.now))
                        continue;
                update_vms(&watch->hosts[h], &p, update_load(&watch->hosts[h], &p, times, ret), ret);
        }
}
