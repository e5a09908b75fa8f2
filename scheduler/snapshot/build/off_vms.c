/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/build/off_vms.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

#define NAMED_MOST 5U

static bool off_vms_stays(const Snapshot *s, const Vm *vm) {
        return vm->state == VM_OFF && !(vm->host != IX_NONE && s->hosts[vm->host].for_good);
}

typedef struct Parting {
        Arena *arena;
        const Snapshot *s;
        VmIx *at; /* [vm] where it went; IX_NONE: into `off` */
        Snapshot *copy;
} Parting;

static int list_anew(const Parting *parting, const VmIx *old, uint32_t n_old, const VmIx **ret,
                     uint32_t *ret_n) {
        VmIx *list = arena_new(parting->arena, VmIx, n_old);
        uint32_t n = 0;

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_old; i++)
                if (parting->at[old[i]] != IX_NONE)
                        list[n++] = parting->at[old[i]];
        *ret = list;
        *ret_n = n;
        return 0;
}

/* A rule whose VMs are all off asks for nothing, and so does one to be near such VMs. */
static int off_vms_rules_anew(const Parting *parting) {
        Rule *rules = arena_new(parting->arena, Rule, parting->s->n_rules);
        uint32_t n = 0;
        int r = rules ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < parting->s->n_rules; i++) {
                const Rule *from = &parting->s->rules[i];
                Rule *rule = &rules[n];

                *rule = *from;
                r = list_anew(parting, from->vms, from->n_vms, &rule->vms, &rule->n_vms);
                if (r == 0)
                        r = list_anew(parting, from->near_vms, from->n_near_vms, &rule->near_vms,
                                      &rule->n_near_vms);
                n += (rule->n_vms > 0 || from->n_vms == 0) && (rule->n_near_vms > 0 || from->n_near_vms == 0);
        }
        parting->copy->rules = rules;
        parting->copy->n_rules = n;
        return r;
}

static int traffic_anew(const Parting *parting) {
        Traffic *traffic = arena_new(parting->arena, Traffic, parting->s->n_traffic);
        uint32_t n = 0;

        if (!traffic)
                return -ENOMEM;
        for (uint32_t i = 0; i < parting->s->n_traffic; i++) {
                const Traffic *t = &parting->s->traffic[i];

                if (parting->at[t->a] != IX_NONE && parting->at[t->b] != IX_NONE)
                        traffic[n++] =
                                (Traffic){ .a = parting->at[t->a], .b = parting->at[t->b], .kbit = t->kbit };
        }
        parting->copy->traffic = traffic;
        parting->copy->n_traffic = n;
        return 0;
}

/* Those in `off` already come from a snapshot that was parted before: both lists are by name. */
static int off_vms_part_of(Parting *parting, uint32_t n_stay) {
        const Snapshot *s = parting->s;
        Vm *vms = arena_new(parting->arena, Vm, s->n_vms - n_stay);
        Vm *off = arena_new(parting->arena, Vm, (size_t) s->n_off + n_stay);
        uint32_t n = 0, n_off = 0, seen = 0;

        parting->copy = arena_new(parting->arena, Snapshot, 1);
        parting->at = arena_new(parting->arena, VmIx, s->n_vms);
        if (!vms || !off || !parting->copy || !parting->at)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];

                parting->at[v] = off_vms_stays(s, vm) ? IX_NONE : n;
                if (parting->at[v] != IX_NONE) {
                        vms[n++] = *vm;
                        continue;
                }
                while (seen < s->n_off && strcmp(s->off[seen].name, vm->name) < 0)
                        off[n_off++] = s->off[seen++];
                off[n_off++] = *vm;
        }
        while (seen < s->n_off)
                off[n_off++] = s->off[seen++];
        *parting->copy = *s;
        parting->copy->vms = vms;
        parting->copy->n_vms = n;
        parting->copy->off = off;
        parting->copy->n_off = n_off;
        return 0;
}

int off_vms_part(Arena *a, const Snapshot *s, const Snapshot **ret) {
        Parting p = { .arena = a, .s = s };
        uint32_t n_stay = 0;
        int r;

        *ret = s;
        for (VmIx v = 0; v < s->n_vms; v++)
                n_stay += off_vms_stays(s, &s->vms[v]);
        if (n_stay == 0)
                return 0;
        r = off_vms_part_of(&p, n_stay);
        if (r == 0)
                r = off_vms_rules_anew(&p);
        if (r == 0)
                r = traffic_anew(&p);
        if (r == 0)
                *ret = p.copy;
        return r;
}

int off_vms_leave(Arena *a, const Snapshot *s, const char *host, const Snapshot **ret) {
        const HostIx h = snapshot_host(s, host);
        Snapshot *copy;
        Host *hosts;

        *ret = s;
        if (h == IX_NONE)
                return 1;
        copy = arena_new(a, Snapshot, 1);
        hosts = arena_new(a, Host, s->n_hosts);
        if (!copy || !hosts)
                return -ENOMEM;
        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        if (hosts[h].state != HOST_OFFLINE)
                hosts[h].state = HOST_MAINTENANCE;
        hosts[h].for_good = true;
        *copy = *s;
        copy->hosts = hosts;
        *ret = copy;
        return 0;
}

uint32_t off_vms_on(const Snapshot *s, HostIx h) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < s->n_off; i++)
                n += s->off[i].host == h;
        return n;
}

const char *off_vms_words(Arena *a, const Snapshot *s, HostIx h) {
        const uint32_t n = off_vms_on(s, h);
        const char *names = "";
        uint32_t named = 0;

        if (n == 0)
                return "";
        for (uint32_t i = 0; names && i < s->n_off && named < NAMED_MOST; i++)
                if (s->off[i].host == h)
                        names = text_format(a, "%s%s%s", names, named++ > 0 ? ", " : "", s->off[i].name);
        return names ? text_format(a, "%u VM%s off and stay%s on it (%s%s); to move %s as well: --for-good",
                                   n, n == 1 ? " is" : "s are", n == 1 ? "s" : "", names,
                                   n > named ? ", …" : "", n == 1 ? "it" : "them")
                     : NULL;
}
