/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/disks/tool_faults.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/fault_file.h"
#include "collectors/read/sample_list.h"
#include "scheduler/base/text.h"

int tool_faults_complain(const char *source, const char *why, SampleSink *sink) {
        return emit_text(sink, METRIC_FAULT_UNREADABLE, source, why);
}

int tool_faults_refuse(const char *source, const char *why, SampleSink *sink) {
        return emit_text(sink, METRIC_ITEM_UNREAD, source, why);
}

static int emit_one(const char *subject, const ToolFault *f, SampleSink *sink) {
        int r = emit_number(sink, METRIC_FAULT_GRADE, subject, f->grade);

        if (r == 0)
                r = emit_text(sink, METRIC_FAULT_WHY, subject, f->why);
        if (r == 0)
                r = emit_text(sink, METRIC_FAULT_DEVICE, subject, f->device);
        if (r == 0)
                r = emit_text(sink, METRIC_FAULT_SERIAL, subject, f->serial);
        return r == 0 ? emit_text(sink, METRIC_FAULT_VMS, subject, f->vms) : r;
}

int tool_faults_emit(Arena *a, const char *source, const char *text, size_t n, usec_t wall,
                     SampleSink *sink) {
        const ToolFault *list = NULL;
        TextFault fault;
        uint32_t count = 0;
        int r = fault_file_parse(a, text, n, &list, &count, &fault);

        if (r == -EBADMSG) {
                const char *why = fault.line > 0   ? text_format(a, "line %u, column %u: %s", fault.line,
                                                                 fault.column, fault.what)
                                  : fault.field[0] ? text_format(a, "%s: %s", fault.field, fault.what)
                                                   : fault.what;

                return why ? tool_faults_complain(source, why, sink) : -ENOMEM;
        }
        for (uint32_t i = 0; r == 0 && i < count; i++) {
                const char *subject = count == 1 ? source : text_format(a, "%.240s#%u", source, i + 1);

                if (list[i].until > 0 && list[i].until <= wall)
                        continue;
                r = subject ? emit_one(subject, &list[i], sink) : -ENOMEM;
        }
        return r;
}
