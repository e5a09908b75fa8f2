/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/build/host_admit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/selection.h"

#define GROWN 2 /* times what was admitted: no longer the machine that somebody looked at */

static int compare_record(const void *host, const void *record) {
        return strcmp(host, ((const HostAdmission *) record)->host);
}

const HostAdmission *admission_find(const Admissions *in, const char *host) {
        return in->n > 0 ? bsearch(host, in->records, in->n, sizeof(*in->records), compare_record) : NULL;
}

bool admission_fits(const char *patterns, const char *name) {
        char word[256];

        for (const char *s = patterns; s && *(s += strspn(s, ", \t"));) {
                const size_t n = strcspn(s, ", \t");

                if (n > 0 && n < sizeof(word)) {
                        memcpy(word, s, n);
                        word[n] = '\0';
                        if (text_fits(word, name))
                                return true;
                }
                s += n;
        }
        return false;
}

/* ---- one machine under several names ---- */

typedef struct Machine {
        const char *uuid; /* as reported; of a silent host as admitted */
        Host *host;
} Machine;

static int compare_machines(const void *left, const void *right) {
        const Machine *x = left, *y = right;
        const int c = text_order(x->uuid, y->uuid);

        return c != 0 ? c : strcmp(x->host->name, y->host->name);
}

/* Was it admitted as this machine, and so before one that was admitted as none, or later? */
static bool admitted_before(const Machine *left, const Machine *right) {
        const HostAdmission *x = left->host->admitted, *y = right->host->admitted;
        const bool as_x = x && x->uuid && text_is_same(x->uuid, left->uuid);
        const bool as_y = y && y->uuid && text_is_same(y->uuid, right->uuid);

        if (as_x != as_y)
                return as_x;
        if (!x != !y)
                return x != NULL;
        return x && x->at < y->at;
}

static int host_only_seen(Host *host, const char *why) {
        host->excluded = EXCLUDED_SEEN;
        host->excluded_why = why;
        return why ? 0 : -ENOMEM;
}

/* machines[n] have one UUID: one at most takes part. By name where nothing else tells them apart; where none of them was
 * ever admitted by itself, none. */
static int machine_admit(Arena *a, const Machine *machines, uint32_t n) {
        const Machine *first = &machines[0];
        int r = 0;

        for (uint32_t i = 1; i < n; i++)
                if (admitted_before(&machines[i], first))
                        first = &machines[i];
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                const Machine *other = &machines[i] != first ? first : &machines[1];

                if ((machines[i].host->excluded == EXCLUDED_SEEN && machines[i].host->admitted) ||
                    (&machines[i] == first && first->host->admitted))
                        continue;
                r = host_only_seen(
                        machines[i].host,
                        text_format(
                                a,
                                "it is the same machine as %.255s (UUID %.64s)%s; to remove one of them: plimsoll host "
                                "forget HOST",
                                other->host->name, machines[i].uuid,
                                first->host->admitted ? ", which was admitted earlier" : ""));
        }
        return r;
}

static int machines_admit(Arena *a, Host *hosts, uint32_t n_hosts) {
        Machine *machines = arena_new(a, Machine, n_hosts);
        uint32_t n = 0;
        int r = 0;

        if (!machines)
                return -ENOMEM;
        for (uint32_t h = 0; h < n_hosts; h++) {
                const HostAdmission *record = hosts[h].admitted;
                const char *uuid = hosts[h].uuid ? hosts[h].uuid : record ? record->uuid : NULL;

                if (uuid)
                        machines[n++] = (Machine){ uuid, &hosts[h] };
        }
        if (n > 1)
                qsort(machines, n, sizeof(*machines), compare_machines);
        for (uint32_t i = 0, same; r == 0 && i < n; i += same) {
                for (same = 1; i + same < n && text_is_same(machines[i].uuid, machines[i + same].uuid);
                     same++)
                        ;
                if (same > 1)
                        r = machine_admit(a, machines + i, same);
        }
        return r;
}

/* ---- each host by itself ---- */

/* Is it at least twice as large: of what is known on both sides. */
static bool has_grown(int64_t is, int64_t was) {
        return is > 0 && was > 0 && is / GROWN >= was;
}

/* How large it is says nothing against it: it is the machine that was admitted, by libvirt's own word, and takes nothing in. */
static bool host_is_proven(const Admissions *in, const Host *host) {
        return host->uuid && host->admitted->uuid && strings_sorted_have(&in->reached, host->name);
}

/* Nor does what was last known of one that says nothing now: it takes nothing in either. */
static bool host_says_nothing(const Host *host) {
        return host->excluded == EXCLUDED_MISSING || host->excluded == EXCLUDED_STALE;
}

static int host_admit_size(Arena *a, Host *host) {
        const HostAdmission *record = host->admitted;

        if (has_grown(host->cpus, record->cpus))
                return host_only_seen(
                        host,
                        text_format(a,
                                    "it now has %lld CPUs, %lld when admitted; to accept it: plimsoll host "
                                    "admit %.255s",
                                    (long long) host->cpus, (long long) record->cpus, host->name));
        if (has_grown(host->memory_mib, record->memory_mib))
                return host_only_seen(
                        host, text_format(a,
                                          "it now has %lld MiB of memory, %lld when admitted; to accept it: "
                                          "plimsoll host admit %.255s",
                                          (long long) host->memory_mib, (long long) record->memory_mib,
                                          host->name));
        return 0;
}

static int host_admit(Arena *a, const Admissions *in, Host *host) {
        const HostAdmission *record = admission_find(in, host->name);

        if (record && record->forgotten)
                return host_only_seen(host, text_format(a, "it is being removed (plimsoll host forget)"));
        if (record && record->unread)
                return host_only_seen(
                        host,
                        text_format(a,
                                    "its admission record cannot be read; to admit it again: plimsoll host "
                                    "admit %.255s",
                                    host->name));
        host->admitted = record;
        if (!record)
                return admission_fits(in->patterns, host->name) || strings_sorted_have(&in->known, host->name)
                               ? 0
                               : host_only_seen(
                                         host,
                                         text_format(
                                                 a,
                                                 "it is not admitted; to admit it: plimsoll host admit %.255s",
                                                 host->name));
        if (record->found)
                return host_only_seen(
                        host,
                        text_format(
                                a,
                                "a different machine answers under this name: its libvirt host UUID is %.64s, "
                                "admitted: %.64s; to accept it: plimsoll host admit %.255s",
                                record->found, record->uuid ? record->uuid : "unknown", host->name));
        if (host->uuid && record->uuid && !text_is_same(host->uuid, record->uuid))
                return host_only_seen(
                        host, text_format(a,
                                          "it is a different machine: its UUID is %.64s, admitted: %.64s; to "
                                          "accept it: plimsoll host admit %.255s",
                                          host->uuid, record->uuid, host->name));
        return host_is_proven(in, host) || host_says_nothing(host) ? 0 : host_admit_size(a, host);
}

int hosts_admit(Arena *a, const Admissions *in, Host *hosts, uint32_t n) {
        int r = 0;

        for (uint32_t h = 0; r == 0 && h < n; h++)
                r = host_admit(a, in, &hosts[h]);
        return r == 0 ? machines_admit(a, hosts, n) : r;
}
