/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/contention_text.h"

#include <errno.h>
#include <stdlib.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

#define SHOW_MOST 10U

typedef enum ContentionKind {
        CONTENTION_SHARE,  /* permille of time */
        CONTENTION_MCORES, /* shown as cores */
        CONTENTION_MIB,
        CONTENTION_KIB_S,
} ContentionKind;

typedef struct ContentionField {
        const char *json, *words; /* words NULL: only in JSON */
        ContentionKind kind;
        size_t at;
} ContentionField;

/* clang-format off: rows */
#define HOST_FIELD(json, words, kind, member)                                                                \
        { json, words, CONTENTION_##kind, offsetof(HostContention, member) }
static const ContentionField contention_host_fields[] = {
        HOST_FIELD("steal_cores", "a hypervisor below takes", MCORES, steal_mcores),
        HOST_FIELD("iowait_cores", NULL, MCORES, iowait_mcores),
        HOST_FIELD("cpu_stalled", "waits for a CPU", SHARE, cpu_stalled),
        HOST_FIELD("memory_pressure_full", NULL, SHARE, memory_pressure_full),
        HOST_FIELD("memory_stalled", "for memory", SHARE, memory_stalled),
        HOST_FIELD("memory_stalled_full", "all of it for memory", SHARE, memory_stalled_full),
        HOST_FIELD("io_pressure", NULL, SHARE, io_pressure),
        HOST_FIELD("io_pressure_full", NULL, SHARE, io_pressure_full),
        HOST_FIELD("io_stalled", "for I/O", SHARE, io_stalled),
        HOST_FIELD("io_stalled_full", NULL, SHARE, io_stalled_full),
        HOST_FIELD("swap_used_mib", NULL, MIB, swap_used_mib),
        HOST_FIELD("swap_in_mib_s", "swaps in", KIB_S, swap_in_kib_s),
        HOST_FIELD("swap_out_mib_s", "swaps out", KIB_S, swap_out_kib_s),
};

#define VM_FIELD(json, words, kind, member)                                                                  \
        { json, words, CONTENTION_##kind, offsetof(VmContention, member) }
static const ContentionField contention_vm_fields[] = {
        VM_FIELD("cpu_throttled", "its own limit holds it back", SHARE, cpu_throttled),
        VM_FIELD("cpu_stalled", NULL, SHARE, cpu_stalled),
        VM_FIELD("cpu_stalled_full", NULL, SHARE, cpu_stalled_full),
        VM_FIELD("memory_stalled", "waits for memory", SHARE, memory_stalled),
        VM_FIELD("memory_stalled_full", NULL, SHARE, memory_stalled_full),
        VM_FIELD("io_stalled", "for I/O", SHARE, io_stalled),
        VM_FIELD("io_stalled_full", NULL, SHARE, io_stalled_full),
        VM_FIELD("memory_swapped_mib", "its host swapped out", MIB, memory_swapped_mib),
        VM_FIELD("swap_in_mib_s", "the guest swaps in", KIB_S, swap_in_kib_s),
        VM_FIELD("swap_out_mib_s", "out", KIB_S, swap_out_kib_s),
};
/* clang-format on */

/* NULL: nothing is known of it. */
static int64_t contention_value(const void *contention, const ContentionField *f) {
        return contention ? *(const int64_t *) ((const char *) contention + f->at) : UNKNOWN;
}

/* ---- JSON ---- */

static json_t *contention_number_json(ContentionKind kind, int64_t value) {
        static const int64_t scale[] = { [CONTENTION_SHARE] = 1000,
                                         [CONTENTION_MCORES] = 1000,
                                         [CONTENTION_MIB] = 1,
                                         [CONTENTION_KIB_S] = 1024 };

        return json_scaled(value, scale[kind]);
}

static void contention_add_json(json_t *o, const void *contention, const ContentionField *fields, size_t n) {
        for (size_t i = 0; i < n; i++)
                (void) json_object_set_new(
                        o, fields[i].json,
                        contention_number_json(fields[i].kind, contention_value(contention, &fields[i])));
}

json_t *contention_host_json(const Host *host) {
        json_t *o = json_object();

        (void) json_object_set_new(o, "cpu_pressure",
                                   contention_number_json(CONTENTION_SHARE, host->cpu_pressure_permille));
        (void) json_object_set_new(o, "memory_pressure",
                                   contention_number_json(CONTENTION_SHARE, host->memory_pressure_permille));
        contention_add_json(o, host->contention, contention_host_fields, ARRAY_SIZE(contention_host_fields));
        return o;
}

json_t *contention_vm_json(const Vm *vm) {
        json_t *o = json_object();

        (void) json_object_set_new(o, "cpu_delay",
                                   contention_number_json(CONTENTION_SHARE, vm->cpu_delay_permille));
        (void) json_object_set_new(o, "cpu_score", json_share(vm_score_permille(vm)));
        contention_add_json(o, vm->contention, contention_vm_fields, ARRAY_SIZE(contention_vm_fields));
        return o;
}

int contention_scores(Arena *a, const Snapshot *s, ContentionScores *ret) {
        int64_t *used = arena_new(a, int64_t, (size_t) s->n_hosts + 1);
        int64_t *wanted = arena_new(a, int64_t, (size_t) s->n_hosts + 1);

        if (!used || !wanted)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                const int64_t ran = vm_measured(vm).cpu_mcores, waited = vm_waited_mcores(vm);

                if (vm->state != VM_RUNNING || ran == UNKNOWN || waited == UNKNOWN)
                        continue;
                used[vm->host] += ran;
                used[s->n_hosts] += ran;
                wanted[vm->host] += ran + waited;
                wanted[s->n_hosts] += ran + waited;
        }
        for (uint32_t i = 0; i <= s->n_hosts; i++)
                used[i] = wanted[i] > 0 ? (int64_t) ((__int128) used[i] * 1000 / wanted[i]) : UNKNOWN;
        *ret = (ContentionScores){ .hosts = used, .all = used[s->n_hosts] };
        return 0;
}

/* ---- who waits most ---- */

static int64_t contention_larger(int64_t left, int64_t right) {
        return left > right ? left : right;
}

/* Permille of what a host or a VM waits for most; a rate of swapping counts as much as the remark. */
static int64_t contention_worst_host(const Host *host) {
        const HostContention *c = host->contention;
        int64_t worst = contention_larger(host->cpu_pressure_permille, host->memory_pressure_permille);

        if (!c)
                return worst;
        worst = contention_larger(worst, contention_larger(c->cpu_stalled, c->memory_stalled));
        worst = contention_larger(worst, contention_larger(c->io_pressure, c->io_stalled));
        if (host->cpus > 0 && c->steal_mcores > 0)
                worst = contention_larger(worst, c->steal_mcores / host->cpus);
        return c->swap_in_kib_s > 0 || c->swap_out_kib_s > 0 ? contention_larger(worst, CONTENTION_REMARK)
                                                             : worst;
}

static int64_t contention_worst_vm(const Vm *vm) {
        const VmContention *c = vm->contention;
        int64_t worst = vm->cpu_delay_permille;

        if (!c)
                return worst;
        worst = contention_larger(worst, c->cpu_throttled);
        worst = contention_larger(worst, contention_larger(c->memory_stalled, c->io_stalled));
        return c->memory_swapped_mib > 0 || c->swap_in_kib_s > 0 || c->swap_out_kib_s > 0
                       ? contention_larger(worst, CONTENTION_REMARK)
                       : worst;
}

typedef struct Waiter {
        uint32_t at; /* into hosts, or VMs */
        int64_t worst;
} Waiter;

static int contention_compare(const void *left, const void *right) {
        const Waiter *x = left, *y = right;

        if (x->worst != y->worst)
                return x->worst > y->worst ? -1 : 1;
        return x->at < y->at ? -1 : x->at > y->at;
}

/* Those of at least `least`, the worst first. -ENOMEM. */
static int contention_waiters(Arena *a, const Snapshot *s, bool vms, int64_t least, Waiter **ret,
                              uint32_t *ret_n) {
        const uint32_t most = vms ? s->n_vms : s->n_hosts;
        Waiter *list = arena_new(a, Waiter, most);
        uint32_t n = 0;

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < most; i++) {
                const int64_t worst =
                        vms ? contention_worst_vm(&s->vms[i]) : contention_worst_host(&s->hosts[i]);

                if (worst >= least)
                        list[n++] = (Waiter){ i, worst };
        }
        if (n > 0)
                qsort(list, n, sizeof(*list), contention_compare);
        *ret = list;
        *ret_n = n;
        return 0;
}

json_t *contention_vms_json(Arena *a, const Snapshot *s, uint32_t most) {
        json_t *list = json_array();
        Waiter *waiters;
        uint32_t n;

        if (contention_waiters(a, s, true, CONTENTION_REMARK, &waiters, &n) < 0) {
                json_decref(list);
                return NULL;
        }
        for (uint32_t i = 0; i < n && i < most; i++) {
                const Vm *vm = &s->vms[waiters[i].at];
                json_t *o = contention_vm_json(vm);

                (void) json_object_set_new(o, "vm", json_string(vm->name));
                (void) json_object_set_new(o, "host", json_string(s->hosts[vm->host].name));
                (void) json_array_append_new(list, o);
        }
        return list;
}

/* ---- text ---- */

static const char *contention_text_of(Arena *a, ContentionKind kind, int64_t value) {
        char buf[HUMAN_SIZE];

        if (value == UNKNOWN)
                return "?";
        switch (kind) {
        case CONTENTION_SHARE:
                return text_format(a, "%lld.%lld%%", (long long) value / 10, (long long) value % 10);
        case CONTENTION_MCORES:
                return text_format(a, "%lld.%02lld cores", (long long) value / 1000,
                                   (long long) value % 1000 / 10);
        case CONTENTION_MIB:
                return text_format(a, "%s", human_mib(value, buf));
        case CONTENTION_KIB_S:
                break;
        }
        return text_format(a, "%s/s", human_bytes(value * 1024, buf));
}

static Cell contention_cell(Arena *a, ContentionKind kind, int64_t value) {
        const bool much = kind == CONTENTION_SHARE && value >= CONTENTION_REMARK;

        return (Cell){ .text = contention_text_of(a, kind, value), .style = much ? STYLE_WARN : STYLE_PLAIN };
}

static int contention_host_row(Table *t, const Host *host) {
        static const HostContention unknown = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
                                                UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN };
        const HostContention *c = host->contention ? host->contention : &unknown;
        Arena *a = t->arena;
        const Cell cells[] = {
                { .text = host->name },
                contention_cell(a, CONTENTION_MCORES, c->steal_mcores),
                contention_cell(a, CONTENTION_SHARE,
                                c->cpu_stalled != UNKNOWN ? c->cpu_stalled : host->cpu_pressure_permille),
                contention_cell(a, CONTENTION_SHARE,
                                c->memory_stalled != UNKNOWN ? c->memory_stalled
                                                             : host->memory_pressure_permille),
                contention_cell(a, CONTENTION_SHARE,
                                c->memory_stalled_full != UNKNOWN ? c->memory_stalled_full
                                                                  : c->memory_pressure_full),
                contention_cell(a, CONTENTION_SHARE,
                                c->io_stalled != UNKNOWN ? c->io_stalled : c->io_pressure),
                contention_cell(a, CONTENTION_KIB_S, c->swap_in_kib_s),
                contention_cell(a, CONTENTION_KIB_S, c->swap_out_kib_s),
                contention_cell(a, CONTENTION_MIB, c->swap_used_mib),
        };

        return table_row(t, cells);
}

static int contention_vm_row(Table *t, const Snapshot *s, const Vm *vm) {
        static const VmContention unknown = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
                                              UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN };
        const VmContention *c = vm->contention ? vm->contention : &unknown;
        Arena *a = t->arena;
        const Cell cells[] = {
                { .text = vm->name, .style = STYLE_STRONG },
                { .text = s->hosts[vm->host].name },
                contention_cell(a, CONTENTION_SHARE, vm->cpu_delay_permille),
                contention_cell(a, CONTENTION_SHARE, c->cpu_throttled),
                contention_cell(a, CONTENTION_SHARE, c->memory_stalled),
                contention_cell(a, CONTENTION_SHARE, c->io_stalled),
                contention_cell(a, CONTENTION_MIB, c->memory_swapped_mib),
                contention_cell(a, CONTENTION_KIB_S, c->swap_in_kib_s),
                contention_cell(a, CONTENTION_KIB_S, c->swap_out_kib_s),
        };

        return table_row(t, cells);
}

static int contention_print_table(Arena *a, const Snapshot *s, bool vms, bool all, const Screen *screen) {
        static const Column of_hosts[] = {
                { .title = "WAITING HOST", .most = 24 }, { .title = "STEAL", .right = true },
                { .title = "FOR A CPU", .right = true }, { .title = "FOR MEMORY", .right = true },
                { .title = "ALL OF IT", .right = true }, { .title = "FOR I/O", .right = true },
                { .title = "SWAP IN", .right = true },   { .title = "SWAP OUT", .right = true },
                { .title = "SWAPPED", .right = true },
        };
        static const Column of_vms[] = {
                { .title = "WAITING VM", .most = 28 },         { .title = "ON", .most = 20 },
                { .title = "FOR A CORE", .right = true },      { .title = "ITS OWN LIMIT", .right = true },
                { .title = "FOR MEMORY", .right = true },      { .title = "FOR I/O", .right = true },
                { .title = "SWAPPED OUT", .right = true },     { .title = "GUEST SWAPS IN", .right = true },
                { .title = "GUEST SWAPS OUT", .right = true },
        };
        Table t = vms ? table_begin(a, of_vms, ARRAY_SIZE(of_vms))
                      : table_begin(a, of_hosts, ARRAY_SIZE(of_hosts));
        Waiter *waiters;
        uint32_t n;
        int r = contention_waiters(a, s, vms, all ? 0 : CONTENTION_REMARK, &waiters, &n);

        for (uint32_t i = 0; r == 0 && i < n && (all || i < SHOW_MOST); i++)
                r = vms ? contention_vm_row(&t, s, &s->vms[waiters[i].at])
                        : contention_host_row(&t, &s->hosts[waiters[i].at]);
        if (r == 0)
                r = table_drop_unknown(&t);
        if (r < 0 || n == 0)
                return r;
        (void) fputc('\n', screen->out);
        table_print(&t, screen, "  ");
        if (!all && n > SHOW_MOST)
                (void) out_say(screen->out, "  … and %u more (--all shows every one)\n", n - SHOW_MOST);
        return 0;
}

int contention_print(Arena *a, const Snapshot *s, bool all, const Screen *screen) {
        int r = contention_print_table(a, s, false, all, screen);

        return r < 0 ? r : contention_print_table(a, s, true, all, screen);
}

/* "waits for a CPU 12.5%, for I/O 3.0%": what is known and has words. */
static void contention_print_fields(const void *contention, const ContentionField *fields, size_t n,
                                    const char *separator, const Screen *screen) {
        unsigned char memory[512];

        for (size_t i = 0; i < n; i++) {
                Arena a = arena_over(memory, sizeof(memory));
                const int64_t value = contention_value(contention, &fields[i]);

                if (value == UNKNOWN || !fields[i].words)
                        continue;
                (void) out_say(screen->out, "%s%s %s", separator, fields[i].words,
                               contention_text_of(&a, fields[i].kind, value));
                separator = ", ";
        }
}

void contention_print_vm(const Snapshot *s, const Vm *vm, const Screen *screen) {
        const Host *h = &s->hosts[vm->host];
        unsigned char memory[512];
        Arena a = arena_over(memory, sizeof(memory));
        char safe[256];

        if (vm->cpu_delay_permille != UNKNOWN || vm->contention) {
                (void) out_say(screen->out, "it waits for a core %s of the time",
                               contention_text_of(&a, CONTENTION_SHARE, vm->cpu_delay_permille));
                contention_print_fields(vm->contention, contention_vm_fields,
                                        ARRAY_SIZE(contention_vm_fields), "; ", screen);
                (void) fputc('\n', screen->out);
        }
        if (!h->contention)
                return;
        (void) out_say(screen->out, "its host %s", text_safe(h->name, safe, sizeof(safe)));
        contention_print_fields(h->contention, contention_host_fields, ARRAY_SIZE(contention_host_fields),
                                ": ", screen);
        (void) fputc('\n', screen->out);
}
