/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/roll_parts.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/problem/problem_build.h"

ExitStatus roll_plan(Roll *roll) {
        Busy busy;
        Invocation *in = roll->in;
        const Snapshot *s = roll->facts->snapshot;
        HostIx *hosts = arena_new(in->arena, HostIx, roll->n_left);
        const Problem *p = NULL;
        int r = hosts ? problem_build(in->arena, s, roll->facts->settings, &p) : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < roll->n_left; i++) {
                hosts[i] = snapshot_host(s, roll->left[i]);
                if (hosts[i] == IX_NONE)
                        return command_complain(in, EXIT_BAD_INPUT, "%s is no longer a host of %s",
                                                roll->left[i], s->cluster);
        }
        if (r == 0) {
                busy_begin(&busy, &in->err, "planning the order");
                r = roll_order(in->arena, p, hosts, roll->n_left, roll->at_once, &roll->order);
                busy_end(&busy);
        }
        if (r < 0)
                return plan_complain(in, r);
        for (uint32_t i = 0; i < roll->order.n; i++)
                roll->left[i] = s->hosts[roll->order.hosts[i]].name;
        return EXIT_DONE;
}

void roll_print_plan_json(const Roll *roll) {
        json_t *groups = json_array(), *group = NULL;
        const RollOrder *o = &roll->order;
        json_t *all;

        for (uint32_t i = 0; i < o->n; i++) {
                if (i == 0 || o->group[i] != o->group[i - 1]) {
                        group = json_array();
                        (void) json_array_append_new(groups, group);
                }
                (void) json_array_append_new(group, json_string(roll->left[i]));
        }
        all = json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "schema", "plimsoll.roll-plan/1",
                        "cluster", roll->facts->snapshot->cluster, "groups", groups, "move_count",
                        (json_int_t) o->moves, "moved_mib", (json_int_t) o->mib, "moved_again_count",
                        (json_int_t) o->twice, "moved_again_mib", (json_int_t) o->twice_mib, "stuck_count",
                        (json_int_t) o->n_stuck);
        (void) json_print(all, roll->in->out.out);
}

void roll_print_plan(const Roll *roll) {
        const RollOrder *o = &roll->order;
        FILE *out = roll->in->out.out;
        char name[256], all[HUMAN_SIZE], again[HUMAN_SIZE];

        if (roll->in->json)
                return;
        (void) out_say(out, "%u host%s in %u group%s, %u %s, %s of memory in all", o->n, o->n == 1 ? "" : "s",
                       o->n_groups, o->n_groups == 1 ? "" : "s", o->moves,
                       text_plural(o->moves, "migration", "migrations"), human_mib(o->mib, all));
        if (o->twice > 0)
                (void) out_say(out, "; %u %s more than once (%s), because there is no room elsewhere",
                               o->twice, text_plural(o->twice, "VM moves", "VMs move"),
                               human_mib(o->twice_mib, again));
        (void) fputc('\n', out);
        for (uint32_t i = 0; i < o->n; i++) {
                if (i == 0 || o->group[i] != o->group[i - 1])
                        (void) out_say(out, i > 0 ? "\n  %u. " : "  %u. ", o->group[i] + 1);
                else
                        (void) fputs(", ", out);
                (void) out_say(out, "%s", roll->left[i]);
        }
        (void) fputs("\n", out);
        for (uint32_t i = 0; i < o->n_stuck; i++)
                (void) out_say(out, "%s: one of its VMs has no room on any other host, or may not move\n",
                               text_safe(roll->facts->snapshot->hosts[o->stuck[i]].name, name, sizeof(name)));
}
