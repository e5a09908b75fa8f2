/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/host_history.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/state/load_history.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

#define CELLS         24 /* of a line: an hour each */
#define POINTS_A_CELL (LOAD_POINTS / CELLS)

typedef struct HostLoads {
        const char *host;
        LoadPoint at[LOAD_POINTS];
} HostLoads;

typedef struct LoadHistory {
        Invocation *in;
        const char *cluster;
        int64_t slot;     /* of the last point */
        HostLoads *hosts; /* [n] */
        uint32_t n;
        bool whole; /* all hosts are there, and the cluster is what is asked for */
} LoadHistory;

/* ---- reading ---- */

static int history_of_host(LoadHistory *history, Store *store, const char *host) {
        const char *text = NULL;
        size_t n = 0;
        int r = store_get_load(store, history->in->arena, host, &text, &n);

        if (r < 0)
                return r;
        history->hosts[history->n].host = host;
        load_history_read(text, n, history->slot, history->hosts[history->n++].at);
        return 0;
}

static int history_of_all(LoadHistory *history, Store *store) {
        StoredText *texts = NULL;
        uint32_t n = 0;
        int r = store_get_loads(store, history->in->arena, &texts, &n);

        history->hosts = r == 0 ? arena_new(history->in->arena, HostLoads, n) : NULL;
        if (r == 0 && !history->hosts)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                history->hosts[i].host = texts[i].name;
                load_history_read(texts[i].text, texts[i].n, history->slot, history->hosts[i].at);
                history->n++;
        }
        return r;
}

/* ---- the cluster: over the hosts of which it is known ---- */

static uint32_t history_known(const LoadHistory *history, unsigned point) {
        uint32_t n = 0;

        for (uint32_t h = 0; h < history->n; h++)
                n += load_point_is_known(&history->hosts[h].at[point]);
        return n;
}

static int64_t history_of(const LoadHistory *history, unsigned point, LoadOf of, bool mean) {
        int64_t sum = 0, most = UNKNOWN;
        uint32_t n = 0;

        for (uint32_t h = 0; h < history->n; h++) {
                const int64_t one = history->hosts[h].at[point].of[of];

                if (one == UNKNOWN)
                        continue;
                sum += one;
                n++;
                most = one > most ? one : most;
        }
        return mean && n > 0 ? (sum + n / 2) / n : most;
}

/* ---- JSON ---- */

static json_t *history_host_json(const HostLoads *host) {
        json_t *o = json_pack("{s:s}", "host", host->host);

        for (int k = 0; k < LOAD_OF_N; k++) {
                json_t *list = json_array();

                for (unsigned i = 0; i < LOAD_POINTS; i++)
                        (void) json_array_append_new(list, json_share(host->at[i].of[k]));
                (void) json_object_set_new(o, load_of_names[k], list);
        }
        return o;
}

static json_t *history_list_json(const LoadHistory *history, LoadOf of, bool mean) {
        json_t *list = json_array();

        for (unsigned i = 0; i < LOAD_POINTS; i++)
                (void) json_array_append_new(list, json_share(history_of(history, i, of, mean)));
        return list;
}

static json_t *history_all_json(const LoadHistory *history) {
        json_t *hosts = json_array();

        for (unsigned i = 0; i < LOAD_POINTS; i++)
                (void) json_array_append_new(hosts, json_integer(history_known(history, i)));
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "host_count_points", hosts,
                         "cpu_used_mean_points", history_list_json(history, LOAD_CPU, true),
                         "cpu_used_max_points", history_list_json(history, LOAD_CPU, false),
                         "memory_used_mean_points", history_list_json(history, LOAD_MEMORY, true),
                         "memory_used_max_points", history_list_json(history, LOAD_MEMORY, false),
                         "net_rx_used_max_points", history_list_json(history, LOAD_NET_RX, false),
                         "net_tx_used_max_points", history_list_json(history, LOAD_NET_TX, false),
                         "cpu_waiting_max_points", history_list_json(history, LOAD_CPU_WAITING, false),
                         "io_waiting_max_points", history_list_json(history, LOAD_IO_WAITING, false));
}

static void history_json(const LoadHistory *history) {
        json_t *hosts = json_array();

        for (uint32_t h = 0; !history->whole && h < history->n; h++)
                (void) json_array_append_new(hosts, history_host_json(&history->hosts[h]));
        (void) json_print(json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "schema", "plimsoll.load-history/1",
                                    "cluster", history->cluster, "point_seconds",
                                    json_seconds(LOAD_EVERY / USEC_PER_MSEC), "last_at",
                                    json_instant(history->slot * LOAD_EVERY), "hosts", hosts, "all",
                                    history->whole ? history_all_json(history) : json_null()),
                          history->in->out.out);
}

/* ---- for people ---- */

/* An hour a cell, the largest of its points: a block, or a digit of 0 to 9 tenths; a dot where nothing is known. */
static const char *history_line(const LoadHistory *history, const int64_t values[LOAD_POINTS]) {
        static const char *const blocks[] = { "\u2581", "\u2582", "\u2583", "\u2584",
                                              "\u2585", "\u2586", "\u2587", "\u2588" };
        const int64_t steps = history->in->out.utf8 ? 8 : 10;
        const char *line = "";

        for (unsigned c = 0; line && c < CELLS; c++) {
                int64_t most = UNKNOWN, step;

                for (unsigned i = c * POINTS_A_CELL; i < (c + 1) * POINTS_A_CELL; i++)
                        most = values[i] > most ? values[i] : most;
                step = most * steps / 1000 < steps ? most * steps / 1000 : steps - 1;
                line = most == UNKNOWN         ? text_format(history->in->arena, "%s.", line)
                       : history->in->out.utf8 ? text_format(history->in->arena, "%s%s", line, blocks[step])
                                               : text_format(history->in->arena, "%s%d", line, (int) step);
        }
        return line;
}

static const char *history_most(Arena *a, const int64_t values[LOAD_POINTS]) {
        int64_t most = UNKNOWN;
        char buf[HUMAN_SIZE];

        for (unsigned i = 0; i < LOAD_POINTS; i++)
                most = values[i] > most ? values[i] : most;
        return most == UNKNOWN ? "-" : text_format(a, "%s", human_permille(most, buf));
}

static int history_row(const LoadHistory *history, Table *t, const char *name, const int64_t cpu[LOAD_POINTS],
                       const int64_t memory[LOAD_POINTS]) {
        const char *const cells[] = { history_line(history, cpu), history_most(history->in->arena, cpu),
                                      history_line(history, memory),
                                      history_most(history->in->arena, memory) };

        for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
                if (!cells[i])
                        return -ENOMEM;
        return table_row(t, (Cell[]){ { .text = name, .style = STYLE_STRONG },
                                      { .text = cells[0] },
                                      { .text = cells[1] },
                                      { .text = cells[2] },
                                      { .text = cells[3] } });
}

static int history_text(const LoadHistory *history) {
        static const Column columns[] = { { .title = "HOST", .most = 16 },
                                          { .title = "CPU, 24 HOURS" },
                                          { .title = "MAX", .right = true },
                                          { .title = "MEMORY, 24 HOURS" },
                                          { .title = "MAX", .right = true } };
        Table t = table_begin(history->in->arena, columns, ARRAY_SIZE(columns));
        int64_t cpu[LOAD_POINTS], memory[LOAD_POINTS];
        int r = 0;

        for (int mean = 1; history->whole && r == 0 && mean >= 0; mean--) {
                for (unsigned i = 0; i < LOAD_POINTS; i++) {
                        cpu[i] = history_of(history, i, LOAD_CPU, mean);
                        memory[i] = history_of(history, i, LOAD_MEMORY, mean);
                }
                r = history_row(history, &t, mean ? "mean of all" : "max of all", cpu, memory);
        }
        for (uint32_t h = 0; !history->whole && r == 0 && h < history->n; h++) {
                for (unsigned i = 0; i < LOAD_POINTS; i++) {
                        cpu[i] = history->hosts[h].at[i].of[LOAD_CPU];
                        memory[i] = history->hosts[h].at[i].of[LOAD_MEMORY];
                }
                r = history_row(history, &t, history->hosts[h].host, cpu, memory);
        }
        if (r == 0)
                table_print(&t, &history->in->out, "");
        return r;
}

/* ---- run ---- */

ExitStatus host_history(Invocation *in, Facts *facts, const Strings *words) {
        Store *store = source_store(facts->source);
        LoadHistory x = { .in = in,
                          .cluster = facts->snapshot->cluster,
                          .slot = load_slot(clock_now()),
                          .whole = words->n == 0 };
        Strings hosts = { 0 };
        ExitStatus status = x.whole ? EXIT_DONE : chosen_hosts(in, facts->snapshot, "", words, &hosts);
        int r = 0;

        if (status != EXIT_DONE)
                return status;
        if (x.whole) {
                r = history_of_all(&x, store);
        } else {
                x.hosts = arena_new(in->arena, HostLoads, hosts.n);
                r = x.hosts ? 0 : -ENOMEM;
                for (uint32_t i = 0; r == 0 && i < hosts.n; i++)
                        r = history_of_host(&x, store, hosts.at[i]);
        }
        if (r == 0 && in->json)
                history_json(&x);
        else if (r == 0)
                r = history_text(&x);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : store_error(store));
        return EXIT_DONE;
}
