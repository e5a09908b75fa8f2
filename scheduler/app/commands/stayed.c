/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/stayed.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/terminal/table.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/snapshot/json/json_value.h"

#define STAYED_SHOWN 24U

static bool stayed_has(const Stay *list, uint32_t n, const char *vm) {
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(list[i].vm, vm) == 0)
                        return true;
        return false;
}

/* Not by its own fault: the step before it says more. */
static bool stayed_is_later_step(const MoveOrder *moves, const MoveOutcome *outcomes, uint32_t i) {
        for (uint32_t k = 0; k < i && outcomes[i].end == MOVE_LEFT_OUT; k++)
                if (strcmp(moves[k].vm, moves[i].vm) == 0 && outcomes[k].end != MOVE_DONE)
                        return true;
        return false;
}

int stayed_of(Arena *a, const Snapshot *s, const Plan *plan, const MoveOrder *moves,
              const MoveOutcome *outcomes, uint32_t n, Stayed *ret) {
        Stay *list = arena_new(a, Stay, (size_t) n + (plan ? plan->n_refused : 0));
        uint32_t k = 0;

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                if (outcomes[i].end != MOVE_DONE && !stayed_is_later_step(moves, outcomes, i))
                        list[k++] = (Stay){ .vm = moves[i].vm,
                                            .host = moves[i].from,
                                            .to = moves[i].to,
                                            .end = move_end_names[outcomes[i].end],
                                            .why = outcomes[i].why };
        for (uint32_t i = 0; plan && i < plan->n_refused; i++) {
                const Refused *f = &plan->refused[i];
                const Vm *vm = &s->vms[f->vm];

                if (stayed_has(list, k, vm->name))
                        continue;
                list[k] = (Stay){ .vm = vm->name,
                                  .host = s->hosts[vm->host].name,
                                  .to = f->to == IX_NONE ? NULL : s->hosts[f->to].name,
                                  .end = "no-place",
                                  .why = plan_text_refused(a, s, f) };
                if (!list[k++].why)
                        return -ENOMEM;
        }
        *ret = (Stayed){ list, k };
        return 0;
}

int stayed_print(Invocation *in, const Stayed *stayed, bool all) {
        static const Column columns[] = {
                { .title = "VM", .most = 28 },
                { .title = "STAYED ON", .most = 28 },
                { .title = "TO", .most = 28 },
                { .title = "MOVE" },
                { .title = "WHY" },
        };
        const uint32_t shown = all || stayed->n <= STAYED_SHOWN + 2 ? stayed->n : STAYED_SHOWN;
        Table t = table_begin(in->arena, columns, ARRAY_SIZE(columns));

        if (stayed->n == 0)
                return 0;
        for (uint32_t i = 0; i < shown; i++) {
                const Stay *stay = &stayed->list[i];
                int r = table_row(&t, (Cell[]){ { .text = stay->vm, .style = STYLE_STRONG },
                                                { .text = stay->host },
                                                { .text = stay->to ? stay->to : "-" },
                                                { .text = stay->end, .style = STYLE_BAD },
                                                { .text = stay->why } });

                if (r < 0)
                        return r;
        }
        (void) out_say(in->out.out, "\n%sWhat stayed, and why:%s\n", screen_style(&in->out, STYLE_STRONG),
                       screen_style(&in->out, STYLE_PLAIN));
        table_print(&t, &in->out, "  ");
        if (shown < stayed->n)
                (void) out_say(in->out.out, "  … and %u more (--all shows every one)\n", stayed->n - shown);
        return 0;
}

json_t *stayed_json(const Stayed *stayed) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < stayed->n; i++) {
                const Stay *stay = &stayed->list[i];

                (void) json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:s, s:o}", "vm", stay->vm,
                                                             "host", stay->host, "to", stay->to, "end",
                                                             stay->end, "why", json_text(stay->why)));
        }
        return list;
}
