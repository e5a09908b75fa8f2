/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/decide/problem/distance.h"
#include "scheduler/snapshot/json/json_value.h"

#define MATRIX_MOST 24 /* hosts of which every pair is shown as a table */
#define PAIRS_MOST  64 /* hosts of which every pair is printed as JSON; of more, the measured ones */
#define FAR_MOST    20 /* hosts with a height that are shown of a large cluster */

typedef struct View {
        const Snapshot *s;
        const DistanceMap *map;
        Invocation *in;
} View;

/* "85 us", "1.2 ms", "40 ms", "1.5 s" */
static const char *rtt_text(Arena *a, int64_t us) {
        if (us < 0)
                return "?";
        if (us < 1000)
                return text_format(a, "%lld us", (long long) us);
        if (us < 1000000)
                return text_format(a, "%lld.%lld ms", (long long) (us / 1000), (long long) (us % 1000 / 100));
        return text_format(a, "%lld.%lld s", (long long) (us / 1000000), (long long) (us % 1000000 / 100000));
}

/* Estimates are marked, so that nobody takes one for a measurement. */
static const char *cell_text(const View *view, HostIx left, HostIx right) {
        const Distance d = distance_between(view->map, left, right);
        const char *rtt = rtt_text(view->in->arena, d.rtt_us);

        if (d.from == DISTANCE_SELF)
                return "-";
        if (d.from == DISTANCE_TOLD)
                return d.hops == UNKNOWN ? "?"
                                         : text_format(view->in->arena, "%lld hops", (long long) d.hops);
        return d.from == DISTANCE_MEASURED || !rtt ? rtt : text_format(view->in->arena, "~%s", rtt);
}

static int matrix_print(const View *view) {
        const uint32_t n = view->s->n_hosts;
        Column *columns = arena_new(view->in->arena, Column, (size_t) n + 1);
        Cell *cells = arena_new(view->in->arena, Cell, (size_t) n + 1);
        Table table;

        if (!columns || !cells)
                return -ENOMEM;
        columns[0] = (Column){ .title = "", .most = 20 };
        for (HostIx h = 0; h < n; h++)
                columns[h + 1] = (Column){ .title = view->s->hosts[h].name, .right = true, .most = 12 };
        table = table_begin(view->in->arena, columns, n + 1);
        for (HostIx h = 0; h < n; h++) {
                cells[0] = (Cell){ .text = view->s->hosts[h].name };
                for (HostIx g = 0; g < n; g++) {
                        cells[g + 1] = (Cell){ .text = cell_text(view, h, g) };
                        if (!cells[g + 1].text)
                                return -ENOMEM;
                }
                if (table_row(&table, cells) < 0)
                        return -ENOMEM;
        }
        table_print(&table, &view->in->out, "");
        return 0;
}

/* Of a cluster too large for a matrix: the hosts that are further off than where they stand says. */
static int far_print(const View *view) {
        static const Column columns[] = { { .title = "host", .most = 30 },
                                          { .title = "rack", .most = 20 },
                                          { .title = "measured", .right = true },
                                          { .title = "farther by", .right = true } };
        Table table = table_begin(view->in->arena, columns, ARRAY_SIZE(columns));
        int64_t below = INT64_MAX;

        for (unsigned rows = 0; rows < FAR_MOST;) {
                const HostIx *near;
                int64_t most = 0;

                for (HostIx h = 0; h < view->s->n_hosts; h++)
                        if (distance_height(view->map, h) > most && distance_height(view->map, h) < below)
                                most = distance_height(view->map, h);
                if (most == 0)
                        break;
                for (HostIx h = 0; h < view->s->n_hosts && rows < FAR_MOST; h++) {
                        const Cell cells[] = {
                                { .text = view->s->hosts[h].name },
                                { .text = view->s->hosts[h].rack },
                                { .text = text_format(view->in->arena, "%u",
                                                      distance_measured(view->map, h, &near)) },
                                { .text = rtt_text(view->in->arena, most) },
                        };

                        if (distance_height(view->map, h) != most)
                                continue;
                        if (table_row(&table, cells) < 0)
                                return -ENOMEM;
                        rows++;
                }
                below = most;
        }
        if (table.n_rows > 0)
                table_print(&table, &view->in->out, "");
        return 0;
}

static int text_print(const View *view) {
        uint64_t pairs = 0;
        const HostIx *near;
        int r;

        for (HostIx h = 0; h < view->s->n_hosts; h++)
                pairs += distance_measured(view->map, h, &near);
        pairs /= 2;
        r = view->s->n_hosts <= MATRIX_MOST ? matrix_print(view) : far_print(view);
        if (r < 0)
                return r;
        if (view->s->n_hosts > 0)
                (void) fputc('\n', view->in->out.out);
        (void) out_say(view->in->out.out, "%llu of %llu pairs measured%s\n", (unsigned long long) pairs,
                       (unsigned long long) view->s->n_hosts *
                               (view->s->n_hosts > 0 ? view->s->n_hosts - 1 : 0) / 2,
                       pairs > 0 ? "; \"~\" is an estimate" : ": no agent has reported a round-trip time");
        return 0;
}

static json_t *pair_json(const View *view, HostIx left, HostIx right) {
        const Distance d = distance_between(view->map, left, right);
        return json_pack("{s:s, s:s, s:I, s:s, s:o, s:o}", "a", view->s->hosts[left].name, "b",
                         view->s->hosts[right].name, "distance", (json_int_t) d.units, "source",
                         distance_from_names[d.from], "rtt_seconds", json_scaled(d.rtt_us, USEC_PER_SEC),
                         "hops", json_number(d.hops));
}

static int distance_json(const View *view) {
        const bool all = view->s->n_hosts <= PAIRS_MOST;
        json_t *pairs = json_array(), *hosts = json_array(), *whole;
        int r = 0;

        for (HostIx h = 0; h < view->s->n_hosts; h++)
                r |= json_array_append_new(hosts, json_string(view->s->hosts[h].name));
        for (HostIx a = 0; a < view->s->n_hosts; a++) {
                const HostIx *near;
                uint32_t n = distance_measured(view->map, a, &near);

                for (HostIx b = a + 1; all && b < view->s->n_hosts; b++)
                        r |= json_array_append_new(pairs, pair_json(view, a, b));
                for (uint32_t i = 0; !all && i < n; i++)
                        if (near[i] > a)
                                r |= json_array_append_new(pairs, pair_json(view, a, near[i]));
        }
        whole = json_pack("{s:s, s:s, s:o, s:o}", "schema", "plimsoll.distance/1", "cluster",
                          view->s->cluster, "hosts", hosts, "pairs", pairs);
        if (!whole || r != 0) {
                json_decref(whole);
                return -ENOMEM;
        }
        r = json_print(whole, view->in->out.out);
        return r < 0 ? -EIO : 0;
}

static ExitStatus cmd_distance_run(Invocation *in) {
        Facts facts;
        ExitStatus status = facts_open(in, &facts);

        if (status == EXIT_DONE) {
                View v = { .s = facts.snapshot, .in = in };
                int r = distance_map_build(in->arena, facts.snapshot, &v.map);

                if (r == 0)
                        r = in->json ? distance_json(&v) : text_print(&v);
                if (r < 0)
                        status = command_complain(in, EXIT_FAILED, "%s", strerrordesc_np(-r));
        }
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_distance_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.distance/1" },
        { 0 },
};

const Command command_distance = {
        .name = "distance",
        .summary = "network distance between the hosts, as measured by their agents",
        .usage = "[source] [--json]",
        .help = "Round-trip times between the hosts, measured by the agents; \"~\" marks an estimate for a pair that has\n"
                "not been measured. For more than 24 hosts it lists those farther away than their rack and zone\n"
                "suggest. docs/distance.md explains how it is measured, estimated and used.",
        .examples = "plimsoll distance --redis redis://store:6379",
        .options = cmd_distance_options,
        .run = cmd_distance_run,
};
