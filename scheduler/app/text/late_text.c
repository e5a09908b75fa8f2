/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/late_text.h"

#include "scheduler/app/terminal/human.h"
#include "scheduler/base/out.h"
#include "scheduler/snapshot/json/json_value.h"

#define NAMES_SHOWN 5U

uint32_t late_vms(const Snapshot *s, HostIx h, usec_t now) {
        const Host *host = &s->hosts[h];
        uint32_t n = 0;

        if (host->state != HOST_MAINTENANCE || host->leave_by <= 0 || host->leave_by > now)
                return 0;
        for (VmIx v = 0; v < s->n_vms; v++)
                n += s->vms[v].host == h;
        return n;
}

uint32_t late_hosts(const Snapshot *s, usec_t now) {
        uint32_t n = 0;

        for (HostIx h = 0; h < s->n_hosts; h++)
                n += late_vms(s, h, now) > 0;
        return n;
}

static void late_print_names(const Snapshot *s, HostIx h, uint32_t n, const Screen *screen) {
        uint32_t shown = 0;

        for (VmIx v = 0; v < s->n_vms && shown < NAMES_SHOWN; v++)
                if (s->vms[v].host == h)
                        (void) out_say(screen->out, "%s%s", shown++ > 0 ? ", " : "", s->vms[v].name);
        if (n > shown)
                (void) out_say(screen->out, " … and %u more", n - shown);
}

void late_print(const Snapshot *s, usec_t now, const Screen *screen) {
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const Host *host = &s->hosts[h];
                const uint32_t n = late_vms(s, h, now);
                char ago[HUMAN_SIZE];

                if (n == 0)
                        continue;
                (void) out_say(screen->out, "%slate:%s the deadline of %s passed %s ago with VMs on it: ",
                               screen_style(screen, STYLE_BAD), screen_style(screen, STYLE_PLAIN), host->name,
                               human_ms((now - host->leave_by) / USEC_PER_MSEC, ago));
                late_print_names(s, h, n, screen);
                (void) out_say(screen->out, " (plimsoll maintenance status %s)\n\n", host->name);
        }
}

json_t *late_json(const Snapshot *s, usec_t now) {
        json_t *list = json_array();

        for (HostIx h = 0; h < s->n_hosts; h++) {
                json_t *vms;

                if (late_vms(s, h, now) == 0)
                        continue;
                vms = json_array();
                for (VmIx v = 0; v < s->n_vms; v++)
                        if (s->vms[v].host == h)
                                (void) json_array_append_new(vms, json_string(s->vms[v].name));
                (void) json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "host", s->hosts[h].name,
                                                             "leave_by", json_instant(s->hosts[h].leave_by),
                                                             "vms", vms));
        }
        return list;
}
