/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/vm_mode_text.h"

#include <errno.h>

#include "scheduler/base/text.h"
#include "scheduler/model/vm_mode.h"

#define SHOW_MOST 12U

int vm_mode_print_kept(Arena *a, const Snapshot *s, const Screen *screen) {
        char vm[256], host[256], why[512];
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms; v++) {
                const char *words;

                if (!vm_mode_keeps(s, v) || n++ >= SHOW_MOST)
                        continue;
                words = vm_mode_words(a, &s->vms[v]);
                if (!words)
                        return -ENOMEM;
                (void) out_say(screen->out, "%sblocked:%s %s must leave %s: %s (plimsoll move %s)\n",
                               screen_style(screen, STYLE_BAD), screen_style(screen, STYLE_PLAIN),
                               text_safe(s->vms[v].name, vm, sizeof(vm)),
                               text_safe(s->hosts[s->vms[v].host].name, host, sizeof(host)),
                               text_safe(words, why, sizeof(why)), vm);
        }
        if (n > SHOW_MOST)
                (void) out_say(screen->out, "  … and %u more such VMs (--json has them)\n", n - SHOW_MOST);
        if (n > 0)
                (void) fputc('\n', screen->out);
        return 0;
}

json_t *vm_mode_json(Arena *a, const Snapshot *s) {
        json_t *list = json_array();

        for (VmIx v = 0; list && v < s->n_vms; v++) {
                const char *words = vm_mode_keeps(s, v) ? vm_mode_words(a, &s->vms[v]) : NULL;

                if (words)
                        (void) json_array_append_new(list,
                                                     json_pack("{s:s, s:s, s:s, s:s}", "vm", s->vms[v].name,
                                                               "host", s->hosts[s->vms[v].host].name, "mode",
                                                               vm_mode_names[s->vms[v].mode], "why", words));
        }
        return list;
}

void vm_mode_print_moves(const Snapshot *s, const Plan *plan, const Screen *screen) {
        char vm[256], why[1024];
        uint32_t n = 0;

        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];

                if (!m->held || n++ >= SHOW_MOST)
                        continue;
                if (n == 1)
                        (void) out_say(screen->out,
                                       "\n"
                                       "%sNot moved by the service itself:%s\n",
                                       screen_style(screen, STYLE_STRONG), screen_style(screen, STYLE_PLAIN));
                (void) out_say(screen->out, "  %s: %s\n", text_safe(s->vms[m->move.vm].name, vm, sizeof(vm)),
                               text_safe(m->held, why, sizeof(why)));
        }
        if (n > SHOW_MOST)
                (void) out_say(screen->out, "  … and %u more (--json has them)\n", n - SHOW_MOST);
}
