/* SPDX-License-Identifier: Apache-2.0 */
/* Any lines as suppositions — "vm SPEC", "host SPEC", "set KEY=VALUE", "without NAME", "lost NAME", "remove
 * NAME" — refused with words, or a snapshot whose every index is in its place. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/snapshot/build/what_if.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define LINES_MAX 16

static const char cluster[] =
        "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"c\",\"hosts\":["
        "{\"name\":\"h1\",\"cpus\":8,\"memory_mib\":8192,\"cpu_busy\":2,\"rack\":\"r\",\"networks\":[\"lan\"]"
        "},"
        "{\"name\":\"h2\",\"cpus\":8,\"memory_mib\":8192,\"pools\":[\"ceph\"]}],\"vms\":["
        "{\"name\":\"a\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"cpu\":1,\"groups\":[\"web\"]},"
        "{\"name\":\"b\",\"host\":\"h2\",\"vcpus\":2,\"memory_mib\":1024,\"labels\":[\"k=v\"]}],\"rules\":["
        "{\"name\":\"r\",\"kind\":\"apart\",\"group\":\"web\"},"
        "{\"name\":\"o\",\"kind\":\"on\",\"vms\":[\"b\"],\"hosts\":[\"h2\"]}]}";

typedef struct Read {
        Arena arena;
        WhatIf w;
        NewVm vms[LINES_MAX];
        NewHost hosts[LINES_MAX];
        const char *emptied[LINES_MAX], *lost[LINES_MAX], *removed[LINES_MAX];
        Options options;
        TextFault fault;
} Read;

static const OptionDef defs[] = { { .name = "settings", .type = OPTION_TEXT },
                                  { .name = "set", .type = OPTION_TEXT },
                                  { 0 } };

/* 0, or the negative errno of what is refused with words. */
static int read_line(Read *r, char *line) {
        char *text = strchr(line, ' ');

        if (!text)
                return 0;
        *text++ = '\0';
        if (strcmp(line, "vm") == 0)
                return what_if_vm_parse(&r->arena, text, &r->vms[r->w.n_vms++], &r->fault);
        if (strcmp(line, "host") == 0)
                return what_if_host_parse(&r->arena, text, &r->hosts[r->w.n_hosts++], &r->fault);
        if (strcmp(line, "without") == 0)
                r->emptied[r->w.n_emptied++] = text;
        else if (strcmp(line, "lost") == 0)
                r->lost[r->w.n_lost++] = text;
        else if (strcmp(line, "remove") == 0)
                r->removed[r->w.n_removed++] = text;
        else if (strcmp(line, "set") == 0)
                r->options.uses[r->options.n_uses++] = (OptionUse){ .def = &defs[1], .text = text };
        return 0;
}

static void check(const Snapshot *s) {
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (!s->hosts[h].name || (h > 0 && strcmp(s->hosts[h - 1].name, s->hosts[h].name) >= 0))
                        abort();
        for (VmIx v = 0; v < s->n_vms; v++)
                if (!s->vms[v].name || (v > 0 && strcmp(s->vms[v - 1].name, s->vms[v].name) >= 0) ||
                    (s->vms[v].host != IX_NONE && s->vms[v].host >= s->n_hosts) || s->vms[v].vcpus < 0 ||
                    s->vms[v].memory_mib < 0)
                        abort();
        for (uint32_t i = 0; i < s->n_rules; i++) {
                for (uint32_t k = 0; k < s->rules[i].n_vms; k++)
                        if (s->rules[i].vms[k] >= s->n_vms)
                                abort();
                for (uint32_t k = 0; k < s->rules[i].n_hosts; k++)
                        if (s->rules[i].hosts[k] >= s->n_hosts)
                                abort();
        }
}

static void suppose(Read *r) {
        const Snapshot *s = NULL, *changed = NULL;
        const char *file = NULL;
        Settings *settings = NULL;
        int e = app_settings_load(&r->arena, &r->options, &settings, &file, &r->fault);

        if (e < 0 && !r->fault.what[0])
                abort();
        if (e < 0)
                return;
        if (snapshot_file_parse(&r->arena, cluster, sizeof(cluster) - 1, &s, &r->fault) < 0 ||
            rules_apply(&r->arena, s, settings_rules(settings), &s) < 0)
                abort();
        check(s);
        r->fault.what[0] = '\0';
        e = what_if_apply(&r->arena, s, &r->w, &changed, &r->fault);
        if (e == 0)
                check(changed);
        else if (e == -EINVAL && !r->fault.what[0])
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Read r;
        char *text, *rest = NULL;
        int e = 0, lines = 0;

        memset(&r, 0, sizeof(r));
        if (n > 2048 || arena_open(256 << 20, &r.arena) < 0)
                return 0;
        r.options.defs = defs;
        r.w.vms = r.vms;
        r.w.hosts = r.hosts;
        r.w.emptied = r.emptied;
        r.w.lost = r.lost;
        r.w.removed = r.removed;
        text = text_copy(&r.arena, (const char *) data, n);
        for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line && e == 0 && lines < LINES_MAX;
             line = strtok_r(NULL, "\n", &rest), lines++)
                e = read_line(&r, line);
        if (e < 0 && !r.fault.what[0])
                abort();
        if (e == 0)
                suppose(&r);
        arena_close(&r.arena);
        return 0;
}
