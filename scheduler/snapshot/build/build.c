/* SPDX-License-Identifier: Apache-2.0 */
/* Reports → Snapshot. snapshot_build_remembering() names the steps. */
#include "scheduler/snapshot/build/build.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/build/build_parts.h"
#include "scheduler/snapshot/build/vm_traffic.h"
#include "scheduler/snapshot/health/move_holds.h"

const SettingDef snapshot_settings[] = {
        { .name = "stale_after",
          .type = SETTING_DURATION,
          .def = 30 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 86400 * USEC_PER_SEC,
          .doc = "Maximum age of a host's report, and of its readings of load and VMs; a host with older facts is excluded from decisions. Three times the agent's interval if that is longer." },
        { .name = "clock_skew",
          .type = SETTING_DURATION,
          .def = 10 * USEC_PER_SEC,
          .min = 0,
          .max = 3600 * USEC_PER_SEC,
          .doc = "Maximum difference between clocks. A host whose report is further in the future is excluded from decisions. If the clocks of the service and of Redis differ by more, the service is blind and decides nothing." },
        { .name = "fault_hold",
          .type = SETTING_PERMILLE,
          .def = 1000,
          .min = 0,
          .max = 100000,
          .doc = "Scale of the time for which facts must be good before a fault's grade falls "
                 "(docs/faults.md, mostly one day). 0%: the grade falls at once." },
        { .name = "waiting_above",
          .type = SETTING_PERMILLE,
          .def = 1010,
          .min = 0,
          .max = 1010,
          .doc = "Share of a host's CPUs in use from which the time that its VMs waited for a core counts as "
                 "their demand (docs/demand.md). 0%: always; 101%: never." },
        { 0 },
};
/* ---- what is noted ---- */

#define NOTED_HOSTS 5U /* that are named */

/* Of all hosts those of which it is so: "h1, h2 and 4 more"; "" where it is of none. */
static const char *hosts_noted(const Builder *b, bool (*is_so)(const Builder *b, HostIx h), uint32_t *ret_n) {
        const char *text = "";

        *ret_n = 0;
        for (HostIx h = 0; text && h < b->names.n; h++)
                if (is_so(b, h) && (*ret_n)++ < NOTED_HOSTS)
                        text = text_format(b->a, "%s%s%s", text, *ret_n > 1 ? ", " : "", b->names.names[h]);
        return text && *ret_n > NOTED_HOSTS ? text_format(b->a, "%s and %u more", text, *ret_n - NOTED_HOSTS)
                                            : text;
}

static bool has_dropped(const Builder *b, HostIx h) {
        return b->report_of[h] && b->report_of[h]->n_dropped > 0;
}

static bool takes_none(const Builder *b, HostIx h) {
        return b->hosts[h].no_entry_why && b->hosts[h].excluded == EXCLUDED_NONE;
}

static int note_add(Snapshot *s, const char **notes, const char *note) {
        if (!note)
                return -ENOMEM;
        notes[s->notes.n++] = note;
        s->notes.at = notes;
        return 0;
}

/* What was left out, so that a plan says that it does not know all. */
static int left_out_notes(Builder *b, Snapshot *s) {
        const char **notes = arena_new(b->a, const char *, 4), *hosts;
        uint32_t n;
        int k = notes ? 0 : -ENOMEM;

        if (k == 0 && b->left_out > 0)
                k = note_add(s, notes,
                             text_format(b->a, "%u host%s ignored: a cluster may have at most %u",
                                         b->left_out, text_plural(b->left_out, "", "s"), HOSTS_MAX));
        if (k == 0 && b->in->n_left_out > 0)
                k = note_add(s, notes,
                             text_format(b->a, "unreadable entries in Redis ignored: %llu",
                                         (unsigned long long) b->in->n_left_out));
        hosts = hosts_noted(b, has_dropped, &n);
        if (k == 0 && (n > 0 || !hosts))
                k = note_add(
                        s, notes,
                        hosts ? text_format(
                                        b->a,
                                        "facts of %u host%s ignored (out of bounds or not understood): %s", n,
                                        n > 1 ? "s" : "", hosts)
                              : NULL);
        hosts = hosts_noted(b, takes_none, &n);
        if (k == 0 && (n > 0 || !hosts))
                k = note_add(
                        s, notes,
                        hosts ? text_format(
                                        b->a,
                                        "%u host%s no more VMs because not everything running there is known: %s",
                                        n, n > 1 ? "s accept" : " accepts", hosts)
                              : NULL);
        return k;
}
/* ---- all of it ---- */

int snapshot_build(Arena *a, const BuildInput *in, const Settings *settings, const Snapshot **ret) {
        const FaultMemory *memories;

        return snapshot_build_remembering(a, in, settings, ret, &memories);
}

int snapshot_build_remembering(Arena *a, const BuildInput *in, const Settings *settings, const Snapshot **ret,
                               const FaultMemory **ret_memories) {
        Builder b = { .a = a,
                      .in = in,
                      .stale_after = settings_int(settings, "snapshot", "stale_after"),
                      .clock_skew = settings_int(settings, "snapshot", "clock_skew"),
                      .fault_hold = settings_int(settings, "snapshot", "fault_hold"),
                      .waiting_above = settings_int(settings, "snapshot", "waiting_above") };
        Snapshot *s = arena_new(a, Snapshot, 1);
        int k;

        if (!s)
                return -ENOMEM;
        s->cluster = text_copy(a, in->cluster, strlen(in->cluster));
        s->taken_at = in->now;
        s->braked = in->braked;
        s->brake_new = in->brake_new;
        s->lessons = in->lessons;
        if (!s->cluster)
                return -ENOMEM;
        k = build_hosts_build(&b, s);
        if (k == 0)
                k = build_vms_build(&b, s);
        if (k == 0)
                k = vm_traffic_build(a, s);
        if (k == 0)
                k = left_out_notes(&b, s);
        if (k == 0)
                k = move_holds_standing(a, in->holds, s, settings, &s->holds);
        if (k < 0)
                return k;
        *ret = s;
        *ret_memories = b.memories;
        return 0;
}
