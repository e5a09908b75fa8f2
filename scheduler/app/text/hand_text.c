/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/hand_text.h"

#include "scheduler/app/terminal/human.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

static bool hand_holds(const CoolDown *c, usec_t now) {
        return c->by && c->until > now;
}

void hand_print(const CoolDown *list, uint32_t n, usec_t now, const Screen *screen) {
        uint32_t held = 0;

        for (uint32_t i = 0; i < n; i++) {
                const CoolDown *c = &list[i];
                char ago[HUMAN_SIZE], until[HUMAN_SIZE], vm[256], by[256];

                if (!hand_holds(c, now) || held++ >= HAND_SHOWN)
                        continue;
                (void) out_say(screen->out,
                               "%smoved by hand:%s %s, %s ago by %s; balance leaves it there until %s\n",
                               screen_style(screen, STYLE_WARN), screen_style(screen, STYLE_PLAIN),
                               text_safe(c->vm, vm, sizeof(vm)),
                               human_ms((now > c->by_at ? now - c->by_at : 0) / USEC_PER_MSEC, ago),
                               text_safe(c->by, by, sizeof(by)), human_time(c->until, until));
        }
        if (held > HAND_SHOWN)
                (void) out_say(screen->out, "%smoved by hand:%s %u more VMs (status --json has all)\n",
                               screen_style(screen, STYLE_WARN), screen_style(screen, STYLE_PLAIN),
                               held - HAND_SHOWN);
}

json_t *hand_json(const CoolDown *list, uint32_t n, usec_t now) {
        json_t *all = json_array();

        for (uint32_t i = 0; i < n; i++)
                if (hand_holds(&list[i], now))
                        (void) json_array_append_new(all,
                                                     json_pack("{s:s, s:s, s:o, s:o}", "vm", list[i].vm, "by",
                                                               list[i].by, "at", json_instant(list[i].by_at),
                                                               "until", json_instant(list[i].until)));
        return all;
}
