/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/wire/history_text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/text_writer.h"

#define HISTORY_SCHEMA "plimsoll.history/1"
#define DEMAND_SCHEMA  "plimsoll.demand/1"
#define SUM_MAX        (INT64_C(1) << 60)

/* ---- writing ---- */

static void put_tab(TextWriter *w) {
        text_writer_put(w, "\t", 1);
}

static void history_text_put_number(TextWriter *w, int64_t value) {
        put_tab(w);
        if (value == UNKNOWN)
                text_writer_put(w, "-", 1);
        else
                text_writer_int(w, value);
}

static void put_means(TextWriter *w, const uint32_t *means, int n) {
        for (int i = 0; i < n; i++)
                history_text_put_number(w, means[i] == HISTORY_NONE ? UNKNOWN : (int64_t) means[i]);
}

static void put_series(TextWriter *w, const Series *s) {
        const int64_t head[] = { s->smooth, s->readings, s->sum, s->n, s->hour_sum, s->hour_n };

        for (size_t i = 0; i < ARRAY_SIZE(head); i++)
                history_text_put_number(w, head[i]);
        put_means(w, s->steps, HISTORY_STEPS);
        put_means(w, s->hours, HISTORY_HOURS);
        for (int i = 0; i < HISTORY_HOURS; i++)
                history_text_put_number(w, s->days[i]);
}

static void put_vm(TextWriter *w, const char *name, const char *uuid, usec_t read_at) {
        text_writer_put(w, "\n", 1);
        text_writer_word(w, name);
        put_tab(w);
        text_writer_word(w, uuid);
        history_text_put_number(w, read_at);
}

int history_print(Arena *a, usec_t step, const VmHistory *list, uint32_t n, const char **ret, size_t *ret_n) {
        TextWriter w = text_writer_new(a);

        text_writer_word(&w, HISTORY_SCHEMA);
        history_text_put_number(&w, step);
        for (uint32_t i = 0; i < n; i++) {
                put_vm(&w, list[i].name, list[i].uuid, list[i].read_at);
                history_text_put_number(&w, list[i].step);
                history_text_put_number(&w, list[i].hour);
                for (int k = 0; k < HISTORY_SERIES_N; k++)
                        put_series(&w, &list[i].series[k]);
        }
        text_writer_put(&w, "\n", 1);
        return text_writer_end(&w, ret, ret_n);
}

int estimates_print(Arena *a, const Estimates *estimates, const char **ret, size_t *ret_n) {
        TextWriter w = text_writer_new(a);

        text_writer_word(&w, DEMAND_SCHEMA);
        history_text_put_number(&w, estimates->written_at);
        put_tab(&w);
        text_writer_word(&w, estimates->by);
        for (uint32_t i = 0; i < estimates->n; i++) {
                const VmEstimate *v = &estimates->vms[i];

                put_vm(&w, v->vm, v->uuid, v->read_at);
                history_text_put_number(&w, v->load.cpu_mcores);
                history_text_put_number(&w, v->load.memory_used_mib);
                history_text_put_number(&w, v->load.rx_kbit);
                history_text_put_number(&w, v->load.tx_kbit);
        }
        text_writer_put(&w, "\n", 1);
        return text_writer_end(&w, ret, ret_n);
}

/* ---- reading ---- */

typedef struct LineReader {
        const char *at, *line_end, *end;
        uint32_t line;
        bool ended; /* the last field of the line was taken */
        Arena *arena;
        TextFault *fault;
} LineReader;

static int history_text_refuse(LineReader *r, const char *what) {
        text_fault(r->fault, "", "%s", what);
        r->fault->line = r->line;
        return -EBADMSG;
}

/* The next line; false: there is none. */
static bool line_next(LineReader *r) {
        const char *newline;

        r->at = r->line == 0 ? r->at : r->line_end + 1;
        if (r->at >= r->end)
                return false;
        newline = memchr(r->at, '\n', (size_t) (r->end - r->at));
        r->line_end = newline ? newline : r->end;
        r->line++;
        r->ended = false;
        return true;
}

static int field_text(LineReader *r, const char **ret, size_t *ret_n) {
        const char *tab;

        if (r->ended)
                return history_text_refuse(r, "the line is cut off");
        tab = memchr(r->at, '\t', (size_t) (r->line_end - r->at));
        *ret = r->at;
        *ret_n = (size_t) ((tab ? tab : r->line_end) - r->at);
        r->ended = !tab;
        r->at = tab ? tab + 1 : r->line_end;
        return 0;
}

static int field_copy(LineReader *r, const char **ret) {
        const char *text;
        size_t n;
        int k = field_text(r, &text, &n);

        if (k < 0)
                return k;
        if (!text_is_line(text, n))
                return history_text_refuse(r, "not valid UTF-8 text");
        *ret = text_copy(r->arena, text, n);
        return *ret ? 0 : -ENOMEM;
}

static int history_text_field_number(LineReader *r, int64_t max, int64_t *ret) {
        const char *text;
        size_t n;
        int k = field_text(r, &text, &n);

        if (k < 0)
                return k;
        if (n == 1 && text[0] == '-')
                *ret = UNKNOWN;
        else if (text_to_int(text, n, 0, max, ret) < 0)
                return history_text_refuse(r, "not a number, or out of range");
        return 0;
}

static int line_done(LineReader *r) {
        return r->ended ? 0 : history_text_refuse(r, "the line has too many fields");
}

/* Like history_text_field_number(), but "-" is refused. */
static int field_known(LineReader *r, int64_t *ret) {
        int k = history_text_field_number(r, bound_of(BOUND_HISTORY_SUM), ret);

        return k == 0 && *ret == UNKNOWN ? history_text_refuse(r, "\"-\" where a number is needed") : k;
}

static int read_means(LineReader *r, uint32_t *means, int n) {
        int64_t v;
        int k = 0;

        for (int i = 0; i < n && k == 0; i++) {
                k = history_text_field_number(r, bound_of(BOUND_HISTORY_MEAN), &v);
                if (k == 0)
                        means[i] = v == UNKNOWN ? HISTORY_NONE : (uint32_t) v;
        }
        return k;
}

static int read_series(LineReader *r, Series *s) {
        int64_t *const head[] = { &s->smooth, &s->readings, &s->sum, &s->n, &s->hour_sum, &s->hour_n };
        int64_t days;
        int k = 0;

        for (size_t i = 0; i < ARRAY_SIZE(head) && k == 0; i++)
                k = field_known(r, head[i]);
        if (k == 0)
                k = read_means(r, s->steps, HISTORY_STEPS);
        if (k == 0)
                k = read_means(r, s->hours, HISTORY_HOURS);
        for (int i = 0; i < HISTORY_HOURS && k == 0; i++) {
                k = history_text_field_number(r, bound_of(BOUND_HISTORY_DAYS), &days);
                if (k == 0 && (days == UNKNOWN || (days == 0) != (s->hours[i] == HISTORY_NONE)))
                        k = history_text_refuse(r, "the days of an hour do not match its mean");
                if (k == 0)
                        s->days[i] = (uint8_t) days;
        }
        return k;
}

static int read_history(LineReader *r, VmHistory *history) {
        const char *name = NULL, *uuid = NULL;
        int k = field_copy(r, &name);

        if (k == 0)
                k = field_copy(r, &uuid);
        if (k < 0)
                return k;
        if (!text_is_name(name, strlen(name)) || strlen(uuid) >= HISTORY_UUID)
                return history_text_refuse(r, "not the name and UUID of a VM");
        vm_history_begin(history, name, uuid);
        k = field_known(r, &history->read_at);
        if (k == 0)
                k = field_known(r, &history->step);
        if (k == 0)
                k = field_known(r, &history->hour);
        for (int i = 0; i < HISTORY_SERIES_N && k == 0; i++)
                k = read_series(r, &history->series[i]);
        return k == 0 ? line_done(r) : k;
}

static uint32_t count_lines(const char *text, size_t n) {
        uint32_t lines = 0;

        for (size_t i = 0; i < n; i++)
                lines += text[i] == '\n';
        return lines + 1;
}

static int read_head(LineReader *r, const char *schema, int64_t *ret_number) {
        const char *text;
        size_t n;
        int k = line_next(r) ? field_text(r, &text, &n) : history_text_refuse(r, "empty");

        if (k == 0 && (n != strlen(schema) || memcmp(text, schema, n) != 0))
                k = history_text_refuse(r, "its schema is not supported");
        return k == 0 ? field_known(r, ret_number) : k;
}

int history_parse(Arena *a, const char *text, size_t n, usec_t *ret_step, const VmHistory **ret,
                  uint32_t *ret_n, TextFault *reterr_fault) {
        LineReader r = { .at = text, .end = text + n, .arena = a, .fault = reterr_fault };
        VmHistory *list = arena_new(a, VmHistory, count_lines(text, n));
        uint32_t count = 0;
        usec_t step = 0;
        int k = list ? read_head(&r, HISTORY_SCHEMA, &step) : -ENOMEM;

        if (k == 0)
                k = line_done(&r);
        while (k == 0 && line_next(&r)) {
                k = read_history(&r, &list[count]);
                if (k == 0 && count > 0 && strcmp(list[count - 1].name, list[count].name) >= 0)
                        k = history_text_refuse(&r, "the VMs are not sorted by name");
                count++;
        }
        if (k < 0)
                return k;
        *ret_step = step;
        *ret = list;
        *ret_n = count;
        return 0;
}

static int read_estimate(LineReader *r, VmEstimate *estimate) {
        int64_t *const loads[] = { &estimate->load.cpu_mcores, &estimate->load.memory_used_mib,
                                   &estimate->load.rx_kbit, &estimate->load.tx_kbit };
        int k = field_copy(r, &estimate->vm);

        if (k == 0)
                k = field_copy(r, &estimate->uuid);
        if (k == 0 && !text_is_name(estimate->vm, strlen(estimate->vm)))
                k = history_text_refuse(r, "not the name of a VM");
        if (k == 0)
                k = field_known(r, &estimate->read_at);
        for (size_t i = 0; i < ARRAY_SIZE(loads) && k == 0; i++)
                k = history_text_field_number(r, bound_of(BOUND_QUANTITY), loads[i]);
        return k == 0 ? line_done(r) : k;
}

int estimates_parse(Arena *a, const char *text, size_t n, Estimates *ret, TextFault *reterr_fault) {
        LineReader r = { .at = text, .end = text + n, .arena = a, .fault = reterr_fault };
        VmEstimate *list = arena_new(a, VmEstimate, count_lines(text, n));
        Estimates e = { .vms = list };
        int k = list ? read_head(&r, DEMAND_SCHEMA, &e.written_at) : -ENOMEM;

        if (k == 0)
                k = field_copy(&r, &e.by);
        if (k == 0)
                k = line_done(&r);
        while (k == 0 && line_next(&r)) {
                k = read_estimate(&r, &list[e.n]);
                if (k == 0 && e.n > 0 && strcmp(list[e.n - 1].vm, list[e.n].vm) >= 0)
                        k = history_text_refuse(&r, "the VMs are not sorted by name");
                e.n++;
        }
        if (k == 0)
                *ret = e;
        return k;
}

/* ---- estimates into a snapshot ---- */

static void history_text_replace(int64_t *value, int64_t estimate) {
        if (*value != UNKNOWN && estimate != UNKNOWN)
                *value = estimate;
}

static int vm_apply(Arena *a, Vm *vm, const VmEstimate *estimate) {
        VmLoad *measured = arena_new(a, VmLoad, 1);

        if (!measured)
                return -ENOMEM;
        *measured = vm_measured(vm);
        vm->cpu_mcores = vm_wanted(vm).cpu_mcores;
        vm->memory_used_mib = measured->memory_used_mib;
        vm->rx_kbit = measured->rx_kbit;
        vm->tx_kbit = measured->tx_kbit;
        vm->measured = measured;
        history_text_replace(&vm->cpu_mcores, estimate->load.cpu_mcores);
        history_text_replace(&vm->memory_used_mib, estimate->load.memory_used_mib);
        history_text_replace(&vm->rx_kbit, estimate->load.rx_kbit);
        history_text_replace(&vm->tx_kbit, estimate->load.tx_kbit);
        return 0;
}

int estimates_apply(Arena *a, const Snapshot *s, const Estimates *estimates, const Snapshot **ret) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = arena_new(a, Vm, s->n_vms);
        uint32_t at = 0;
        int k = 0;

        if (!copy || !vms)
                return -ENOMEM;
        *copy = *s;
        if (s->n_vms > 0)
                memcpy(vms, s->vms, sizeof(*vms) * s->n_vms);
        for (VmIx v = 0; v < s->n_vms && k == 0; v++) { /* both are sorted by name */
                while (at < estimates->n && strcmp(estimates->vms[at].vm, vms[v].name) < 0)
                        at++;
                if (at < estimates->n && vms[v].state != VM_OFF && vms[v].state != VM_BOOKED &&
                    strcmp(estimates->vms[at].vm, vms[v].name) == 0 &&
                    strcmp(estimates->vms[at].uuid, vms[v].uuid ? vms[v].uuid : "") == 0)
                        k = vm_apply(a, &vms[v], &estimates->vms[at]);
        }
        copy->vms = vms;
        copy->demand_by = text_copy(a, estimates->by, strlen(estimates->by));
        if (k < 0 || !copy->demand_by)
                return k < 0 ? k : -ENOMEM;
        *ret = copy;
        return 0;
}
