/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/fleet_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/app/text/shared_findings.h"
#include "scheduler/base/text.h"
#include "scheduler/model/host_silence.h"

#define SHOW_ALL_UP_TO 48U
#define SHOW_WORST     16U

typedef struct Loads {
        const Problem *problem;
        const int64_t *load; /* [host × res] */
        uint32_t *vms;       /* [host] */
} Loads;

typedef struct Worst {
        HostIx host;
        unsigned rank; /* what is wrong with it, whatever its load */
        int64_t over;  /* permille above the load line of its worst resource; negative: below */
} Worst;

int fleet_after(Arena *a, const Problem *p, const Plan *plan, const HostIx **ret) {
        HostIx *host_of = arena_new(a, HostIx, p->n_vms);

        if (!host_of)
                return -ENOMEM;
        if (p->n_vms > 0)
                memcpy(host_of, p->home, sizeof(*host_of) * p->n_vms);
        for (uint32_t m = 0; m < plan->n_moves; m++)
                host_of[plan->moves[m].move.vm] = plan->moves[m].move.to;
        *ret = host_of;
        return 0;
}

static int loads_of(Arena *a, const Problem *p, const HostIx *host_of, Loads *ret) {
        int64_t *load = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);
        uint32_t *vms = arena_new(a, uint32_t, p->n_hosts);

        if (!load || !vms)
                return -ENOMEM;
        if (p->base)
                memcpy(load, p->base, sizeof(*load) * p->n_hosts * p->n_res);
        for (VmIx v = 0; v < p->n_vms; v++) {
                const int64_t *need = problem_need(p, v);

                for (uint32_t r = 0; r < p->n_res; r++)
                        load[(size_t) host_of[v] * p->n_res + r] += need[r];
                vms[host_of[v]] += !p->snapshot || p->snapshot->vms[v].state != VM_BOOKED;
        }
        *ret = (Loads){ .problem = p, .load = load, .vms = vms };
        return 0;
}

static Bar bar_of(const Loads *l, HostIx h, uint32_t r) {
        const Problem *p = l->problem;
        size_t at = (size_t) h * p->n_res + r;
        int64_t capacity =
                r < p->n_res ? p->capacity[at] : 0; /* where no host has links, they are no resource */

        if (capacity <= 0)
                return (Bar){ .used = UNKNOWN };
        return (Bar){ .used = (l->load[at] * 1000 + capacity / 2) / capacity,
                      .limit = p->limit[at] * 1000 / capacity };
}

/* Shares are compared at the load line's own precision, so that a bar and a count never contradict. */
static bool fleet_text_is_over(const Loads *l, HostIx h) {
        const Problem *p = l->problem;

        for (uint32_t r = 0; r < p->n_res; r++)
                if (l->load[(size_t) h * p->n_res + r] > p->limit[(size_t) h * p->n_res + r])
                        return true;
        return false;
}

static int64_t over_of(const Loads *l, HostIx h) {
        int64_t worst = INT64_MIN;

        for (uint32_t r = 0; r < l->problem->n_res; r++) {
                Bar b = bar_of(l, h, r);
                int64_t over = b.used - (b.limit > 0 ? b.limit : 1000);

                worst = over > worst ? over : worst;
        }
        return worst;
}

static int compare_worst(const void *left, const void *right) {
        const Worst *x = left, *y = right;

        if (x->rank != y->rank)
                return x->rank > y->rank ? -1 : 1;
        if (x->over != y->over)
                return x->over > y->over ? -1 : 1;
        return x->host < y->host ? -1 : x->host > y->host;
}

/* What must be left and is not seen comes before what fails, what fails before what is silent. */
static unsigned fleet_text_rank(const Snapshot *s, HostIx h) {
        const Host *host = &s->hosts[h];

        if (host_is_silent(host) && stranded_vms(s, h) > 0)
                return 3;
        return host->fault_grade > 2 ? 2 : host_is_silent(host) ? 1 : 0;
}

/* "fault grade 4: disk sda: …", or that it stands above, where many hosts have the same. */
static const char *fleet_text_fault(Arena *a, const Host *host, bool shared) {
        if (shared && host->excluded == EXCLUDED_NONE)
                return "as above";
        return text_format(a, "fault grade %lld%s%s", (long long) host->fault_grade,
                           host->fault_why ? ": " : "", host->fault_why ? host->fault_why : "");
}

#define NOTES_MAX 6

/* All that is special about a host, the worst first: what fails, why it is excluded, its state, why it accepts no VM, what
 * is suspected, what could not be read. NULL: no room. `shared`: many hosts have its fault, and it was said above. */
static const char *fleet_text_note_of(Arena *a, const Host *host, bool shared, Style *ret_style) {
        const char *notes[NOTES_MAX], *text = "";
        const bool failing = host->fault_grade > 2, excluded = host->excluded != EXCLUDED_NONE;
        unsigned n = 0;

        *ret_style = failing || excluded ? STYLE_BAD : STYLE_WARN;
        if (failing)
                notes[n++] = fleet_text_fault(a, host, shared);
        if (excluded)
                notes[n++] = host_silence_why(host);
        if (host->state != HOST_ACTIVE)
                notes[n++] = host_state_names[host->state];
        if (host->no_entry_why)
                notes[n++] = text_format(a, "accepts no VM: %s", host->no_entry_why);
        if (host->fault_grade > 0 && !failing)
                notes[n++] = fleet_text_fault(a, host, shared);
        if (host->unread)
                notes[n++] = text_format(a, "not read: %s", host->unread);
        for (unsigned i = 0; text && i < n; i++)
                text = notes[i] ? text_format(a, "%s%s%s", text, i > 0 ? "; " : "", notes[i]) : NULL;
        return text;
}

static Cell percent_cell(Arena *a, Bar b) {
        char buf[HUMAN_SIZE];

        return (Cell){ .text = text_format(a, "%s", human_permille(b.used, buf)), .style = bar_style(b) };
}

/* One resource now, and after when there is an after: a bar and its percent each. */
static unsigned resource_cells(Arena *a, const Loads *before, const Loads *after, HostIx h, uint32_t r,
                               Cell *cells) {
        unsigned n = 0;

        cells[n++] = (Cell){ .bar = bar_of(before, h, r) };
        cells[n++] = percent_cell(a, bar_of(before, h, r));
        if (after) {
                cells[n++] = (Cell){ .bar = bar_of(after, h, r) };
                cells[n++] = percent_cell(a, bar_of(after, h, r));
        }
        return n;
}

static int host_row(Table *t, const FleetView *view, const Loads *before, const Loads *after, HostIx h,
                    bool shared) {
        Arena *a = t->arena;
        const Host *host = &view->snapshot->hosts[h];
        Cell cells[12] = { { 0 } };
        unsigned n = 0;
        Style style;
        const char *note = fleet_text_note_of(a, host, shared, &style);

        if (!note)
                return -ENOMEM;
        cells[n++] = (Cell){ .text = host->name };
        if (after && before->vms[h] != after->vms[h])
                cells[n].text = text_format(a, "%u→%u", before->vms[h], after->vms[h]);
        else
                cells[n].text = text_format(a, "%u", before->vms[h]);
        n++;
        n += resource_cells(a, before, after, h, RES_CPU, cells + n);
        n += resource_cells(a, before, after, h, RES_MEMORY, cells + n);
        cells[n++] = (Cell){ .text = note, .style = style };
        assert(n == t->n_columns);
        return table_row(t, cells);
}

static unsigned bar_width(const Screen *screen, bool twice) {
        unsigned bars = twice ? 4 : 2, rest = twice ? 62 : 46;

        if (screen->width == 0)
                return 10;
        if (screen->width < rest + bars * 5)
                return 5;
        return (screen->width - rest) / bars > 20 ? 20 : (screen->width - rest) / bars;
}

static unsigned columns_of(const FleetView *view, unsigned width, Column columns[12]) {
        static const char *const titles[] = { "CPU", "MEM" };
        unsigned n = 0;

        columns[n++] = (Column){ .title = "HOST", .most = 24 };
        columns[n++] = (Column){ .title = "VMS", .right = true };
        for (size_t r = 0; r < ARRAY_SIZE(titles); r++) {
                columns[n++] = (Column){ .title = titles[r], .bar = width };
                columns[n++] = (Column){ .title = "", .right = true };
                if (!view->host_of)
                        continue;
                columns[n++] = (Column){ .title = "after", .bar = width };
                columns[n++] = (Column){ .title = "", .right = true };
        }
        columns[n++] = (Column){ .title = "" };
        return n;
}

static void print_left_out(const FleetView *view, const Loads *before, const Loads *after,
                           const Screen *screen) {
        uint32_t over_before = 0, over_after = 0, n = view->problem->n_hosts;

        for (HostIx h = 0; h < n; h++) {
                over_before += fleet_text_is_over(before, h);
                over_after += after && fleet_text_is_over(after, h);
        }
        (void) out_say(screen->out, "  %sthe %u worst of %u hosts; above their load line: %u", //
                       screen_style(screen, STYLE_FAINT), SHOW_WORST, n, over_before);
        if (after)
                (void) out_say(screen->out, " now, %u after", over_after);
        (void) out_say(screen->out, " (--all shows every host)%s\n", screen_style(screen, STYLE_PLAIN));
}

static void print_findings(Arena *a, const Snapshot *s, const SharedFindings *shared, const Screen *screen) {
        for (uint32_t i = 0; i < shared->n; i++) {
                const char *words = shared_finding_words(a, s, &shared->at[i]);

                (void) out_say(screen->out, "%s%s%s\n",
                               screen_style(screen, shared->at[i].grade > 2 ? STYLE_BAD : STYLE_WARN),
                               words ? words : "", screen_style(screen, STYLE_PLAIN));
        }
        if (shared->n > 0)
                (void) fputc('\n', screen->out);
}

int fleet_print(Arena *a, const FleetView *view, const Screen *screen) {
        const Problem *p = view->problem;
        Loads before, after = { 0 };
        Column columns[12];
        Table t =
                table_begin(a, columns, columns_of(view, bar_width(screen, view->host_of != NULL), columns));
        Worst *order = arena_new(a, Worst, p->n_hosts);
        uint32_t n = 0;
        bool some;
        SharedFindings shared = { 0 };
        int r = shared_findings(a, view->snapshot, &shared);

        if (r == 0)
                r = loads_of(a, p, p->home, &before);
        if (r == 0 && view->host_of)
                r = loads_of(a, p, view->host_of, &after);
        if (r != 0 || !order)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                n += !view->only || view->only[h];
        some = n > SHOW_ALL_UP_TO && !view->all;
        n = 0;
        for (HostIx h = 0; h < p->n_hosts; h++)
                if (!view->only || view->only[h])
                        order[n++] = (Worst){ h, some ? fleet_text_rank(view->snapshot, h) : 0,
                                              over_of(&before, h) };
        if (some)
                qsort(order, n, sizeof(*order), compare_worst);
        for (uint32_t i = 0; i < n && (!some || i < SHOW_WORST) && r == 0; i++)
                r = host_row(&t, view, &before, view->host_of ? &after : NULL, order[i].host,
                             shared.has[order[i].host]);
        if (r < 0)
                return r;
        print_findings(a, view->snapshot, &shared, screen);
        table_print(&t, screen, "  ");
        if (some)
                print_left_out(view, &before, view->host_of ? &after : NULL, screen);
        else if (n < p->n_hosts)
                (void) out_say(screen->out, "  %s%u other %s not changed (--all shows every host)%s\n",
                               screen_style(screen, STYLE_FAINT), p->n_hosts - n,
                               text_plural(p->n_hosts - n, "host is", "hosts are"),
                               screen_style(screen, STYLE_PLAIN));
        return 0;
}

int fleet_used(Arena *a, const Problem *p, const HostIx *host_of, const int64_t **ret_used,
               const int64_t **ret_line) {
        const size_t n = (size_t) p->n_hosts * p->n_res;
        int64_t *used = arena_new(a, int64_t, n), *line = arena_new(a, int64_t, n);
        Loads l;

        if (!used || !line || loads_of(a, p, host_of, &l) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const Bar bar = bar_of(&l, (HostIx) (i / p->n_res), (uint32_t) (i % p->n_res));

                used[i] = bar.used;
                line[i] = bar.used == UNKNOWN ? UNKNOWN : bar.limit;
        }
        *ret_used = used;
        *ret_line = line;
        return 0;
}

int fleet_shares(Arena *a, const Problem *p, const HostIx *host_of, const HostShare **ret) {
        HostShare *shares = arena_new(a, HostShare, p->n_hosts);
        Loads l;

        if (!shares || loads_of(a, p, host_of, &l) < 0)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                shares[h] = (HostShare){ .cpu = bar_of(&l, h, RES_CPU),
                                         .memory = bar_of(&l, h, RES_MEMORY),
                                         .net_rx = bar_of(&l, h, RES_NET_RX),
                                         .net_tx = bar_of(&l, h, RES_NET_TX),
                                         .vms = l.vms[h],
                                         .over = fleet_text_is_over(&l, h) };
        *ret = shares;
        return 0;
}
