/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/roll_served_print.h"

#include "scheduler/app/commands/maintenance_look.h"
#include "scheduler/app/commands/roll_parts.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

typedef enum ServedState {
        SERVED_EMPTYING,
        SERVED_BLOCKED,
        SERVED_EMPTY,
        SERVED_FINISHED,
        SERVED_STATE_N
} ServedState;

static const char *const served_state_names[SERVED_STATE_N] = { "emptying", "blocked", "empty", "finished" };

typedef struct ServedHost {
        ServedState state;
        uint32_t vms;
        const char *text; /* what it waits for */
} ServedHost;

static ServedHost served_host(const MaintenanceLook *look, const RollHost *host) {
        const HostIx h = snapshot_host(look->facts->snapshot, host->name);
        Emptying e = { 0 };
        ServedHost is = { .state = SERVED_EMPTYING, .text = "it is put into maintenance in the next round" };

        if (h == IX_NONE || maintenance_look_at(look, h, &e) < 0)
                return is;
        is.vms = e.left;
        if (host->finished > 0)
                is = (ServedHost){ SERVED_FINISHED, e.left, "waiting for a report of its agent" };
        else if (host->entered && e.empty)
                is = (ServedHost){ SERVED_EMPTY, e.left,
                                   text_format(look->in->arena,
                                               "do the work, then: plimsoll maintenance roll --finished %s",
                                               host->name) };
        else if (host->entered)
                is = (ServedHost){ host->aside && maintenance_is_blocked(look, &e) ? SERVED_BLOCKED
                                                                                   : SERVED_EMPTYING,
                                   e.left, maintenance_state_words(look, &e) };
        is.text = is.text ? is.text : "";
        return is;
}

static json_t *served_names(const char *const *names, uint32_t n) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < n; i++)
                (void) json_array_append_new(list, json_string(names[i]));
        return list;
}

static void served_print_json(const MaintenanceLook *look, const RollState *s) {
        json_t *hosts = json_array(), *stayed = json_array();

        for (uint32_t i = 0; i < s->n_now; i++) {
                const ServedHost is = served_host(look, &s->now[i]);

                (void) json_array_append_new(
                        hosts, json_pack("{s:s, s:s, s:I, s:o, s:o, s:o}", "name", s->now[i].name, "state",
                                         served_state_names[is.state], "vm_count", (json_int_t) is.vms,
                                         "since", json_instant(s->now[i].since), "finished_at",
                                         json_instant(s->now[i].finished), "text", json_text(is.text)));
                if (is.state == SERVED_BLOCKED)
                        (void) json_array_append_new(stayed, json_string(s->now[i].name));
        }
        (void) json_print(
                json_pack("{s:s, s:s, s:o, s:n, s:n, s:I, s:o, s:o, s:o, s:n, s:n, s:s, s:o, s:o, s:o}",
                          "schema", "plimsoll.roll-state/1", "by", s->by, "at", json_instant(s->at),
                          "process", "run_sha256", "at_once", (json_int_t) s->at_once, "left",
                          served_names(s->left, s->n_left), "done", served_names(s->done, s->n_done),
                          "stayed", stayed, "stopped_at_host", "stopped_why", "id", s->id, "held",
                          json_text(s->held), "changed_by", json_text(s->changed_by), "hosts", hosts),
                look->in->out.out);
}

static const Column served_columns[] = {
        { .title = "HOST", .most = 32 },
        { .title = "VMS", .right = true },
        { .title = "STATE" },
        { .title = "NEXT" },
};

static int served_print_hosts(const MaintenanceLook *look, const RollState *s) {
        Table t = table_begin(look->in->arena, served_columns, ARRAY_SIZE(served_columns));
        int r = 0;

        for (uint32_t i = 0; i < s->n_now && r == 0; i++) {
                const ServedHost is = served_host(look, &s->now[i]);

                r = table_row(&t, (Cell[]){ { .text = s->now[i].name },
                                            { .text = text_format(look->in->arena, "%u", is.vms) },
                                            { .text = served_state_names[is.state],
                                              .style = is.state == SERVED_BLOCKED ? STYLE_BAD : STYLE_PLAIN },
                                            { .text = is.text } });
        }
        if (r == 0)
                table_print(&t, &look->in->out, "");
        return r;
}

ExitStatus roll_served_print(Invocation *in, Facts *facts, const RollState *s) {
        MaintenanceLook look = { .in = in, .facts = facts };
        const uint32_t all = s->n_left + s->n_now + s->n_done;
        char id[256], by[256], held[1024];
        int r = maintenance_read_live(&look);

        if (r < 0)
                return maintenance_failed(in, source_store(facts->source), r);
        if (in->json) {
                served_print_json(&look, s);
                return EXIT_DONE;
        }
        (void) out_say(in->out.out, "roll %s of %s: %u of %u %s done, %u to come\n",
                       text_safe(s->id, id, sizeof(id)), text_safe(s->by, by, sizeof(by)), s->n_done, all,
                       text_plural(all, "host", "hosts"), s->n_left);
        if (s->held)
                (void) out_say(in->out.out, "%s; to go on: plimsoll maintenance roll --resume\n",
                               text_safe(s->held, held, sizeof(held)));
        if (look.stopped)
                maintenance_say_stopped(&look);
        if (s->n_now > 0 && served_print_hosts(&look, s) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        return EXIT_DONE;
}
