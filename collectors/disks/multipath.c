/* SPDX-License-Identifier: Apache-2.0 */
/* multipath: the paths to disks of a storage network, through multipathd. A map is told as an array whose
 * members are paths: what it can lose is access, not data. */
#include <errno.h>

#include "collectors/disks/array_emit.h"
#include "collectors/disks/tool_answers.h"
#include "collectors/parse/multipathd.h"
#include "scheduler/base/text.h"

static const char *const multipath_usual[] = { "/usr/sbin/multipathd", "/sbin/multipathd", NULL };

static const SettingDef multipath_settings[] =
        TOOL_SERIES_SETTINGS("Absolute path of multipathd. Empty: where distributions install it.",
                             30 * USEC_PER_SEC, 20 * USEC_PER_SEC);

static int multipath_tell(const SeriesAnswers *answers, SampleSink *sink) {
        Arena *a = answers->scratch;
        MultipathFacts f;
        int r = multipathd_parse(a, answers->outputs[0].text, answers->outputs[0].n, &f);

        for (uint32_t i = 0; r == 0 && i < f.n; i++) {
                const MultipathMap *m = &f.maps[i];
                ArrayFacts x = { .subject = text_format(a, "multipath/%s", m->name),
                                 .level = "multipath",
                                 .blocks = m->block,
                                 .members = m->working,
                                 .lost = m->failed,
                                 .suspects = m->shaky,
                                 .wanted = m->n_paths,
                                 .working = m->n_working,
                                 .spares = UNKNOWN,
                                 .progress_permille = UNKNOWN,
                                 .mismatches = UNKNOWN,
                                 .data_errors = UNKNOWN };

                if (m->unsure) { /* what is not known of a path is neither that it works nor that it is lost */
                        x.working = UNKNOWN;
                        x.state = *m->failed ? "degraded" : "unknown";
                } else {
                        x.state = m->n_working == 0           ? "failed"
                                  : m->n_working < m->n_paths ? "degraded"
                                                              : "optimal";
                }
                x.redundancy = m->n_working > 0 ? m->n_working - 1 : 0;
                r = x.subject ? array_emit(sink, &x) : -ENOMEM;
        }
        return r == 0 ? unread_emit(sink, f.unread) : r;
}

extern const Collector collector_multipath;
const ToolSeriesDef multipath_series = {
        .collector = &collector_multipath,
        .usual = multipath_usual,
        .questions = { { "show", "maps", "json" } },
        .n_questions = 1,
        .tell = multipath_tell,
};

static int multipath_open(void *state, const CollectorEnv *env) {
        return tool_series_open(state, &multipath_series, env);
}

static int multipath_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        (void) env;
        return tool_series_read(state, &multipath_series, now, sink);
}

static void multipath_close(void *state) {
        tool_series_close(state);
}

const Collector collector_multipath = {
        .name = "multipath",
        .summary = "paths to disks of a storage network: failed and remaining ones (multipathd)",
        .runs = RUNS_ON_HOST,
        .interval = 10 * USEC_PER_SEC,
        .settings = multipath_settings,
        .state_size = sizeof(ToolSeries),
        .open = multipath_open,
        .read = multipath_read,
        .close = multipath_close,
};
