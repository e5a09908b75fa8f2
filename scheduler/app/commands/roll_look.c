/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/roll_look.h"

#include <errno.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

#define HOSTS_SHOWN 6U

int roll_look(const MaintenanceLook *look, RollLook *ret) {
        const Snapshot *s = look->facts->snapshot;
        const uint32_t room =
                s->n_hosts + HOSTS_MAX / 16; /* as roll_run() has it: also hosts that are gone */
        Arena *a = look->in->arena;
        const char *text = NULL;
        RollLook x = { 0 };
        size_t n = 0;
        int r = store_get_note(source_store(look->facts->source), a, ROLL_NOTE, &text, &n);

        if (r != 0 || n == 0)
                return r < 0 ? r : 1;
        r = roll_state_parse(a, text, n, room, &x.state);
        if (r < 0 || roll_state_is_over(&x.state))
                return r < 0 ? r : 1;
        x.now = arena_new(a, const char *, x.state.n_left + x.state.n_now + 1);
        if (!x.now)
                return -ENOMEM;
        for (uint32_t i = 0; i < x.state.n_now; i++)
                x.now[x.n_now++] = x.state.now[i].name;
        for (uint32_t i = 0; i < x.state.n_left; i++) {
                const HostIx h = snapshot_host(s, x.state.left[i]);

                if (h != IX_NONE && s->hosts[h].state == HOST_MAINTENANCE)
                        x.now[x.n_now++] = x.state.left[i];
        }
        *ret = x;
        return 0;
}

static json_t *roll_look_names(const char *const *names, uint32_t n) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < n; i++)
                (void) json_array_append_new(list, json_string(names[i]));
        return list;
}

json_t *roll_look_json(const MaintenanceLook *look) {
        RollLook x;

        if (roll_look(look, &x) != 0)
                return json_null();
        return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "id", json_text(x.state.id),
                         "held", json_text(x.state.held), "by", json_text(x.state.by), "since",
                         json_instant(x.state.at), "at_once", (json_int_t) x.state.at_once, "host_count",
                         (json_int_t) x.state.n_left + x.state.n_now + x.state.n_done, "done_count",
                         (json_int_t) x.state.n_done, "in_maintenance", roll_look_names(x.now, x.n_now),
                         "left", roll_look_names(x.state.left, x.state.n_left), "done",
                         roll_look_names(x.state.done, x.state.n_done));
}

void roll_look_print(const MaintenanceLook *look) {
        FILE *out = look->in->out.out;
        char by[256], host[256];
        uint32_t n;
        RollLook x;
        int r = roll_look(look, &x);

        if (r == -EBADMSG)
                (void) out_say(out,
                               "roll: its stored state is damaged (plimsoll maintenance roll --abandon)\n");
        if (r != 0)
                return;
        n = x.state.n_left + x.state.n_now + x.state.n_done;
        (void) out_say(out, "roll of %s: %u of %u %s done", text_safe(x.state.by, by, sizeof(by)),
                       x.state.n_done, n, text_plural(n, "host", "hosts"));
        for (uint32_t i = 0; i < x.n_now && i < HOSTS_SHOWN; i++)
                (void) out_say(out, "%s%s",
                               i > 0 ? ", " : "; in maintenance: ", text_safe(x.now[i], host, sizeof(host)));
        if (x.n_now > HOSTS_SHOWN)
                (void) out_say(out, ", … and %u more", x.n_now - HOSTS_SHOWN);
        if (x.state.id)
                (void) out_say(out, "; by the service: plimsoll maintenance roll --show");
        (void) fputc('\n', out);
}
