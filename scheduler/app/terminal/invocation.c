/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/invocation.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "scheduler/app/terminal/json_print.h"
#include "scheduler/snapshot/json/json_value.h"

static json_t *invocation_fault_json(const TextFault *f) {
        json_t *o = json_object();

        (void) json_object_set_new(o, "error", json_text(f->what));
        (void) json_object_set_new(o, "line", f->line ? json_integer(f->line) : json_null());
        (void) json_object_set_new(o, "column", f->column ? json_integer(f->column) : json_null());
        (void) json_object_set_new(o, "field", json_text(f->field[0] ? f->field : NULL));
        return o;
}

static json_t *invocation_blocks_json(const Invocation *in) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < in->n_blocks; i++)
                (void) json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "kind", in->blocks[i].kind,
                                                             "name", json_text(in->blocks[i].name), "why",
                                                             json_text(in->blocks[i].why)));
        return list;
}

static void print_error_json(const Invocation *in, const char *file, const TextFaults *faults) {
        json_t *o = json_object(), *first = invocation_fault_json(&faults->at[0]), *all = json_array();

        (void) json_object_set_new(o, "schema", json_string("plimsoll.error/1"));
        (void) json_object_set_new(o, "file", json_text(file));
        (void) json_object_update(o, first);
        for (uint32_t i = 0; i < faults->n; i++)
                (void) json_array_append_new(all, invocation_fault_json(&faults->at[i]));
        (void) json_object_set_new(o, "mistakes", all);
        (void) json_object_set_new(o, "blocked_by", invocation_blocks_json(in));
        json_decref(first);
        (void) json_print(o, in->out.out);
}

static void invocation_print_fault(const Invocation *in, const char *file, const TextFault *f) {
        FILE *err = in->err.out;
        char safe[512];

        (void) out_say(err, "%s%s:%s ", screen_style(&in->err, STYLE_BAD), in->program,
                       screen_style(&in->err, STYLE_PLAIN));
        if (file)
                (void) out_say(err, "%s:", text_safe(file, safe, sizeof(safe)));
        if (f->line)
                (void) out_say(err, "%u:", f->line);
        if (f->line && f->column)
                (void) out_say(err, "%u:", f->column);
        if (file)
                (void) fputc(' ', err);
        if (f->field[0])
                (void) out_say(err, "%s: ", text_safe(f->field, safe, sizeof(safe)));
        (void) out_say(err, "%s\n", text_safe(f->what, safe, sizeof(safe)));
}

ExitStatus command_complain_fault(const Invocation *in, ExitStatus status, const char *file,
                                  const TextFault *f) {
        TextFault one = *f;
        const TextFaults faults = { .at = &one, .n = 1, .most = 1 };

        return command_complain_faults(in, status, file, &faults);
}

ExitStatus command_complain_faults(const Invocation *in, ExitStatus status, const char *file,
                                   const TextFaults *faults) {
        for (uint32_t i = 0; i < faults->n; i++)
                invocation_print_fault(in, file, &faults->at[i]);
        if (faults->n > 1 && faults->n == faults->most)
                (void) out_say(in->err.out, "%s: only the first %u mistakes are shown\n", in->program,
                               faults->n);
        if (in->held && !in->held->what[0] && faults->n > 0)
                *in->held = faults->at[0];
        if (in->json && !in->held)
                print_error_json(in, file, faults);
        return status;
}

ExitStatus command_complain(const Invocation *in, ExitStatus status, const char *fmt, ...) {
        TextFault f = { 0 };
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(f.what, sizeof(f.what), fmt, ap);
        va_end(ap);
        return command_complain_fault(in, status, NULL, &f);
}

ExitStatus command_complain_blocked(const Invocation *in, ExitStatus status, const ErrorBlock *blocks,
                                    uint32_t n, const char *fmt, ...) {
        Invocation named = *in;
        TextFault f = { 0 };
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(f.what, sizeof(f.what), fmt, ap);
        va_end(ap);
        named.blocks = blocks;
        named.n_blocks = n;
        return command_complain_fault(&named, status, NULL, &f);
}
