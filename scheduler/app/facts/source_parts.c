/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/source_parts.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/wire/sample_wire.h"

int source_no_memory(TextFault *f) {
        text_fault(f, "", "blind: the data needs more memory than permitted, and is not used in part");
        return -ENOMEM;
}

void source_notice_put(Source *s, const char *text) {
        if (s->n_notices == s->notices_room) {
                const uint32_t room = s->n_notices > 0 ? 2 * s->n_notices : 16;
                const char **more = arena_longer(s->reading, const char *, s->notices, s->n_notices, room);

                if (!more)
                        return;
                s->notices = more;
                s->notices_room = room;
        }
        if (text)
                s->notices[s->n_notices++] = text;
}

int source_build(Source *s, Arena *a, const Settings *settings, BuildInput in, const Snapshot **ret,
                 TextFault *f) {
        int r;

        in.cluster = s->cluster;
        in.now = clock_now_of(s->clock);
        r = snapshot_build_remembering(a, &in, settings, ret, &s->faults.after);
        if (r == -ERANGE)
                text_fault(f, "", "blind: there are more than %u VMs, and the data is not used in part",
                           VMS_MAX);
        else if (r < 0)
                text_fault(f, "", "the data cannot be combined: %s", strerrordesc_np(-r));
        else
                s->faults.n_after = (*ret)->n_hosts;
        return r;
}

/* Of a report that is used. */
void source_notice_left_out(Source *s, Arena *a, const Report *r) {
        const Sample *first = r->dropped;

        if (r->n_dropped == 0)
                return;
        s->n_left_out += r->n_dropped;
        source_notice_put(
                s, text_format(a, "%s: left out of its report: %s%s%s: %s%s", r->host,
                               first->metric == METRIC_N ? "a line" : metric_defs[first->metric].name,
                               *first->subject ? " of " : "", first->subject, first->text,
                               r->n_dropped > 1 ? text_format(a, ", and %u more", r->n_dropped - 1) : ""));
}

/* A report that came by another way than the store is bounded as those are. */
int source_take_reread(Source *s, Arena *a, const Report *report, const Report **ret, TextFault *f) {
        int r = report_reread(a, report, ret, f);

        if (r == 0)
                source_notice_left_out(s, a, *ret);
        return r;
}
