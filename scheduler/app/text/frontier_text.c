/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/frontier_text.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

#define CURVE_LINES 12
#define CURVE_WIDTH 72U /* columns at most, of a wider terminal too */
#define CURVE_SIDE  8U  /* columns left of the curve */

const char *const frontier_price_names[FRONTIER_PRICE_N + 1] = { "moves", "gib", "minutes", NULL };

static const char *price_text(FrontierPrice by, int64_t price, char buf[HUMAN_SIZE]) {
        if (by == FRONTIER_MIB)
                return human_mib(price, buf);
        if (by == FRONTIER_MS)
                return human_ms(price, buf);
        (void) snprintf(buf, HUMAN_SIZE, "%lld", (long long) price);
        return buf;
}

/* Steps of the curve: after paying so much, so much is gained. One column is a share of the whole price. */
static void draw_curve(const FrontierView *view, const Screen *screen) {
        unsigned room = screen->width > 0 && screen->width < CURVE_WIDTH ? screen->width : CURVE_WIDTH;
        unsigned width = room > CURVE_SIDE + 10 ? room - CURVE_SIDE - 1 : 10;
        const FrontierPoint *points = view->points;
        int64_t most = points[view->n - 1].price[view->by];
        char cells[CURVE_LINES][CURVE_WIDTH], whole[HUMAN_SIZE];

        memset(cells, ' ', sizeof(cells));
        for (uint32_t i = 0; i < view->n; i++) {
                int64_t from = points[i].price[view->by] * (width - 1) / most;
                int64_t to = i + 1 < view->n ? points[i + 1].price[view->by] * (width - 1) / most : from;
                int64_t line = points[i].gained * (CURVE_LINES - 1) / FRONTIER_ALL;

                for (int64_t x = from; x <= to; x++)
                        if (cells[line][x] == ' ')
                                cells[line][x] = '.';
                if (cells[line][from] != 'K')
                        cells[line][from] = i == view->knee ? 'K' : 'o';
        }
        (void) fputs("gained\n", screen->out);
        for (int line = CURVE_LINES - 1; line >= 0; line--) {
                (void) out_say(screen->out, "%5d %% %s", 100 * line / (CURVE_LINES - 1),
                               screen->utf8 ? "│" : "|");
                for (unsigned x = 0; x < width; x++) {
                        char c = cells[line][x];
                        const char *drawn = c == 'o' ? "●" : c == 'K' ? "◆" : c == '.' ? "·" : " ";

                        if (c == 'K')
                                (void) fputs(screen_style(screen, STYLE_GOOD), screen->out);
                        if (screen->utf8)
                                (void) fputs(drawn, screen->out);
                        else
                                (void) fputc(c, screen->out);
                        if (c == 'K')
                                (void) fputs(screen_style(screen, STYLE_PLAIN), screen->out);
                }
                (void) fputc('\n', screen->out);
        }
        (void) out_say(screen->out, "%*s0%*s %s\n\n", (int) CURVE_SIDE, "", (int) width - 2,
                       price_text(view->by, most, whole), frontier_price_names[view->by]);
}

#define COLUMNS_FIXED 6
#define COLUMNS_RES   2 /* CPU and memory; all are in the JSON */

static bool tier_moves(const FrontierView *view, int tier) {
        for (uint32_t i = 1; i < view->n; i++)
                if (view->points[i].costs.tier[tier] != view->points[0].costs.tier[tier])
                        return true;
        return false;
}

static unsigned list_columns(Arena *a, const FrontierView *view, Column *columns) {
        static const Column fixed[COLUMNS_FIXED] = {
                { .title = "LIMIT", .right = true },  { .title = "MOVES", .right = true },
                { .title = "MEMORY", .right = true }, { .title = "TIME", .right = true },
                { .title = "GAINED", .right = true }, { .title = "ABOVE LINE", .right = true },
        };
        unsigned n = COLUMNS_FIXED;

        memcpy(columns, fixed, sizeof(fixed));
        for (int t = 0; t < TIER_N; t++)
                if (tier_moves(view, t))
                        columns[n++] =
                                (Column){ .title = text_format(a, "%s cost", tier_names[t]), .right = true };
        for (uint32_t r = 0; r < view->points[0].n_res && n < COLUMNS_FIXED + TIER_N + COLUMNS_RES; r++)
                if (view->points[0].spread[r].max > 0)
                        columns[n++] = (Column){ .title = text_format(a, "%s sd, max", view->res_names[r]),
                                                 .right = true };
        columns[n++] = (Column){ .title = "" };
        for (unsigned c = 0; c < n; c++)
                if (!columns[c].title)
                        return 0;
        return n;
}

static const char *number_text(Arena *a, int64_t number) {
        return text_format(a, "%lld", (long long) number);
}

static int print_point(Arena *a, const FrontierView *view, uint32_t i, Table *t) {
        const FrontierPoint *point = &view->points[i];
        char budget[HUMAN_SIZE], memory[HUMAN_SIZE], time[HUMAN_SIZE];
        Cell cells[COLUMNS_FIXED + TIER_N + COLUMNS_RES + 1] = {
                { .text = point->budget == FRONTIER_NO_CAP ? "any"
                                                           : price_text(view->by, point->budget, budget) },
                { .text = number_text(a, point->moves) },
                { .text = human_mib(point->price[FRONTIER_MIB], memory) },
                { .text = human_ms(point->price[FRONTIER_MS], time) },
                { .text = text_format(a, "%lld.%lld %%", (long long) (point->gained * 100 / FRONTIER_ALL),
                                      (long long) (point->gained * 1000 / FRONTIER_ALL % 10)) },
                { .text = number_text(a, point->over_limit) },
        };
        unsigned n = COLUMNS_FIXED;

        for (int k = 0; k < TIER_N; k++)
                if (tier_moves(view, k))
                        cells[n++].text = number_text(a, point->costs.tier[k]);
        for (uint32_t r = 0; r < point->n_res && n < COLUMNS_FIXED + TIER_N + COLUMNS_RES; r++)
                if (view->points[0].spread[r].max > 0)
                        cells[n++].text = text_format(a, "%lld.%lld %%, %lld %%",
                                                      (long long) (point->spread[r].sd / 10),
                                                      (long long) (point->spread[r].sd % 10),
                                                      (long long) ((point->spread[r].max + 5) / 10));
        cells[n].style = STYLE_GOOD;
        cells[n++].text = i == view->knee ? "<- knee" : "";
        for (unsigned c = 0; c < n; c++)
                if (!cells[c].text)
                        return -ENOMEM;
        return table_row(t, cells);
}

static void frontier_text_print_sum(const FrontierView *view, const Screen *screen) {
        const FrontierPoint *last = &view->points[view->n - 1];
        char price[HUMAN_SIZE];

        if (last->moves == 0)
                (void) fputs("\n"
                             "no migration is worth its cost, at any limit\n",
                             screen->out);
        else if (view->knee == view->n)
                (void) fputs("\n"
                             "no knee: no point in between gains more than its share of the cost\n",
                             screen->out);
        else {
                const FrontierPoint *knee = &view->points[view->knee];

                (void) out_say(screen->out, "\nknee: %s%s gain %lld %% of what %s",
                               price_text(view->by, knee->price[view->by], price),
                               view->by == FRONTIER_MOVES ? " moves" : "",
                               (long long) (knee->gained * 100 / FRONTIER_ALL),
                               view->by == FRONTIER_MOVES ? "all " : "");
                (void) out_say(screen->out, "%s%s gain\n", price_text(view->by, last->price[view->by], price),
                               view->by == FRONTIER_MOVES ? " moves" : "");
        }
        for (uint32_t i = 0; i < view->n; i++)
                if (view->points[i].guard_fired) {
                        (void) fputs("a time limit ended a search early: another run may differ\n",
                                     screen->out);
                        break;
                }
}

int frontier_text_print(Arena *a, const FrontierView *view, const Screen *screen) {
        Column columns[COLUMNS_FIXED + TIER_N + COLUMNS_RES + 1];
        unsigned n = list_columns(a, view, columns);
        Table t = table_begin(a, columns, n);
        int r = n > 0 ? 0 : -ENOMEM;

        for (uint32_t i = 0; i < view->n && r == 0; i++)
                r = print_point(a, view, i, &t);
        if (r < 0)
                return r;
        (void) out_say(screen->out, "%s%s%s: %u %s, %u %s\n\n", screen_style(screen, STYLE_STRONG),
                       view->snapshot->cluster, screen_style(screen, STYLE_PLAIN), view->snapshot->n_hosts,
                       text_plural(view->snapshot->n_hosts, "host", "hosts"), snapshot_n_vms(view->snapshot),
                       text_plural(snapshot_n_vms(view->snapshot), "VM", "VMs"));
        if (screen->live && view->points[view->n - 1].price[view->by] > 0)
                draw_curve(view, screen);
        table_print(&t, screen, "  ");
        frontier_text_print_sum(view, screen);
        return 0;
}

/* ---- JSON ---- */

/* A cap of one kind, in the units in which JSON has it. */
static json_t *amount_json(FrontierPrice by, int64_t amount) {
        static const char *const caps[FRONTIER_PRICE_N] = { "max_moves", "max_mib", "max_seconds" };
        json_t *o = json_object();

        for (int i = 0; i < FRONTIER_PRICE_N; i++)
                (void) json_object_set_new(o, caps[i],
                                           (FrontierPrice) i != by || amount == FRONTIER_NO_CAP ? json_null()
                                           : by == FRONTIER_MS ? json_seconds(amount)
                                                               : json_number(amount));
        return o;
}

/* As options of `plan`, so that the plan can be made. */
static json_t *costs_json(const Costs *c) {
        json_t *o = json_object();

        for (int t = 0; t < TIER_N; t++)
                (void) json_object_set_new(o, tier_names[t], json_integer(c->tier[t]));
        return o;
}

static json_t *load_json(const FrontierView *view, const Spread *spread, uint32_t n_res) {
        json_t *load = json_object();

        for (uint32_t r = 0; r < n_res; r++) {
                const Spread *s = &spread[r];
                char key[JSON_KEY_SIZE];
                json_t *o = json_object();

                (void) json_object_set_new(o, "mean", json_share(s->mean));
                (void) json_object_set_new(o, "sd", json_share(s->sd));
                (void) json_object_set_new(o, "max", json_share(s->max));
                (void) json_object_set_new(
                        o, "max_host",
                        json_text(s->max_host == IX_NONE ? NULL : view->snapshot->hosts[s->max_host].name));
                (void) json_object_set_new(load, json_key(view->res_names[r], key), o);
        }
        return load;
}

/* As the plan file has it. */
static json_t *score_json(const FrontierView *view, const Score *score, uint32_t n_res) {
        json_t *o = json_object(), *policies = json_object();

        for (uint32_t i = 0; i < view->n_policies; i++) {
                bool any = false;

                for (int t = 0; t < TIER_N; t++)
                        any |= score->policy[i].tier[t] != 0;
                if (any)
                        (void) json_object_set_new(policies, view->policy_names[i],
                                                   costs_json(&score->policy[i]));
        }
        (void) json_object_set_new(o, "cost", costs_json(&score->costs));
        (void) json_object_set_new(o, "over_limit", json_integer(score->over_limit));
        (void) json_object_set_new(o, "load", load_json(view, score->spread, n_res));
        (void) json_object_set_new(o, "cost_by_policy", policies);
        return o;
}

static json_t *point_json(const FrontierView *view, const FrontierPoint *point) {
        json_t *o = json_object();

        (void) json_object_set_new(o, "budget", amount_json(view->by, point->budget));
        (void) json_object_set_new(o, "made_with", amount_json(point->found_by, point->found_with));
        (void) json_object_set_new(o, "status", json_string(plan_status_names[point->status]));
        (void) json_object_set_new(o, "move_count", json_integer(point->moves));
        (void) json_object_set_new(o, "wave_count", json_integer(point->waves));
        (void) json_object_set_new(o, "moved_mib", json_number(point->price[FRONTIER_MIB]));
        (void) json_object_set_new(o, "seconds", json_seconds(point->price[FRONTIER_MS]));
        (void) json_object_set_new(o, "bytes", json_integer(point->bytes));
        (void) json_object_set_new(o, "gained", json_scaled(point->gained, FRONTIER_ALL));
        (void) json_object_set_new(o, "cost", costs_json(&point->costs));
        (void) json_object_set_new(o, "over_limit", json_integer(point->over_limit));
        (void) json_object_set_new(o, "refused_count", json_integer(point->refused));
        (void) json_object_set_new(o, "guard_fired", json_boolean(point->guard_fired));
        (void) json_object_set_new(o, "load", load_json(view, point->spread, point->n_res));
        (void) json_object_set_new(o, "before", score_json(view, &point->before, point->n_res));
        (void) json_object_set_new(o, "after", score_json(view, &point->after, point->n_res));
        return o;
}

void frontier_json_print(const FrontierView *view, FILE *out) {
        json_t *o = json_object(), *points = json_array();

        for (uint32_t i = 0; i < view->n; i++)
                (void) json_array_append_new(points, point_json(view, &view->points[i]));
        (void) json_object_set_new(o, "schema", json_string("plimsoll.frontier/1"));
        (void) json_object_set_new(o, "cluster", json_string(view->snapshot->cluster));
        (void) json_object_set_new(o, "seed", json_integer((json_int_t) view->seed));
        (void) json_object_set_new(o, "by", json_string(frontier_price_names[view->by]));
        (void) json_object_set_new(o, "knee", view->knee < view->n ? json_integer(view->knee) : json_null());
        (void) json_object_set_new(o, "points", points);
        (void) json_print(o, out);
}
