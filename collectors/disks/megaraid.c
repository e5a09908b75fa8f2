/* SPDX-License-Identifier: Apache-2.0 */
/* megaraid: LSI, Broadcom and Dell RAID controllers through storcli or perccli: virtual drives, drives and
 * what the controller predicts of them, batteries. "nolog": else it writes a log wherever it runs. */
#include <errno.h>
#include <string.h>

#include "collectors/disks/array_emit.h"
#include "collectors/disks/tool_series.h"
#include "collectors/parse/redundancy.h"
#include "collectors/parse/storcli.h"
#include "collectors/parse/word_list.h"

static const char *const megaraid_usual[] = {
        "/opt/MegaRAID/storcli/storcli64",
        "/opt/MegaRAID/perccli/perccli64",
        "/opt/MegaRAID/storcli/storcli",
        "/opt/MegaRAID/perccli/perccli",
        "/usr/sbin/storcli64",
        "/usr/sbin/storcli",
        "/usr/sbin/perccli64",
        "/usr/sbin/perccli",
        "/usr/local/sbin/storcli64",
        "/usr/local/sbin/perccli64",
        NULL,
};

static const SettingDef megaraid_settings[] = TOOL_SERIES_SETTINGS(
        "absolute path of storcli, storcli64 or perccli; empty: where their packages put them",
        300 * USEC_PER_SEC, 120 * USEC_PER_SEC);

static int controllers_tell(const StorcliFacts *f, SampleSink *sink) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < f->n_controllers; i++) {
                const StorcliController *c = &f->controllers[i];

                r = emit_text(sink, METRIC_CONTROLLER_MODEL, c->subject, c->model);
                if (r == 0)
                        r = emit_text(sink, METRIC_CONTROLLER_STATE, c->subject, c->state);
                if (r == 0)
                        r = emit_text(sink, METRIC_CONTROLLER_BATTERY, c->subject, c->battery);
        }
        return r;
}

/* The drives of the volume's group: the drives say it, and those that are gone do not. */
static int megaraid_volume_tell(const StorcliFacts *f, const StorcliVolume *v, Arena *a, SampleSink *sink) {
        WordList *lists = arena_new(a, WordList, 3), *members = &lists[0], *lost = &lists[1],
                 *suspects = &lists[2];
        ArrayFacts x = { .subject = v->subject,
                         .level = v->level,
                         .state = v->state,
                         .blocks = v->block,
                         .action = v->action,
                         .wanted = v->wanted,
                         .working = 0,
                         .spares = 0,
                         .progress_permille = UNKNOWN,
                         .mismatches = UNKNOWN,
                         .data_errors = UNKNOWN };
        int64_t left;

        if (!lists)
                return -ENOMEM;
        for (uint32_t i = 0; i < f->n_drives; i++) {
                const StorcliDrive *d = &f->drives[i];

                if (d->controller != v->controller)
                        continue;
                x.spares += strcmp(d->state, "spare") == 0;
                if (d->group != v->group || v->group < 0)
                        continue;
                if (strcmp(d->state, "online") == 0) {
                        words_add(members, d->subject);
                        x.working++;
                        if (d->predictions > 0 || d->alert > 0)
                                words_add(suspects, d->subject);
                } else if (strcmp(d->state, "failed") == 0 || strcmp(d->state, "missing") == 0) {
                        words_add(lost, d->subject);
                }
        }
        /* the controller's word on the whole is better than a count of drives */
        if (x.wanted >= 0 && (strcmp(v->state, "optimal") == 0 || x.working > x.wanted))
                x.working = x.wanted;
        left = x.wanted < 0 ? INT64_MIN : array_redundancy(v->level, x.wanted, x.wanted - x.working, 0);
        x.redundancy = strcmp(v->state, "failed") == 0 ? 0
                       : left == INT64_MIN             ? UNKNOWN
                       : left > 0                      ? left
                                                       : 0;
        if (x.wanted < 0)
                x.working = UNKNOWN;
        x.members = words_join(members, a);
        x.lost = words_join(lost, a);
        x.suspects = words_join(suspects, a);
        return x.members && x.lost && x.suspects ? array_emit(sink, &x) : -ENOMEM;
}

static int megaraid_drive_tell(const StorcliDrive *d, SampleSink *sink) {
        bool counted = d->predictions >= 0 || d->alert >= 0;
        const struct {
                Metric metric;
                const char *text;
        } texts[] = {
                { METRIC_DISK_KIND, d->kind },     { METRIC_DISK_MODEL, d->model },
                { METRIC_DISK_SERIAL, d->serial }, { METRIC_DISK_TRANSPORT, d->transport },
                { METRIC_DISK_SLOT, d->slot },     { METRIC_DISK_STATE, d->state },
        };
        const struct {
                Metric metric;
                int64_t value;
        } numbers[] = {
                { METRIC_DISK_TEMPERATURE, d->temperature },
                { METRIC_DISK_PREDICTED, counted ? d->predictions > 0 || d->alert > 0 : UNKNOWN },
                { METRIC_DISK_PREDICTIONS, d->predictions },
                { METRIC_DISK_MEDIA_ERRORS, d->media_errors },
                { METRIC_DISK_OTHER_ERRORS, d->other_errors },
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
                r = emit_text(sink, texts[i].metric, d->subject, texts[i].text);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
                r = emit_number(sink, numbers[i].metric, d->subject, numbers[i].value);
        return r;
}

static int megaraid_tell(const SeriesAnswers *answers, SampleSink *sink) {
        StorcliText texts[3];
        StorcliFacts f;
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                texts[i] = (StorcliText){ answers->outputs[i].text, answers->outputs[i].n };
        r = storcli_parse(answers->scratch, texts[0], texts[1], texts[2], &f);
        if (r == 0)
                r = controllers_tell(&f, sink);
        for (uint32_t i = 0; r == 0 && i < f.n_volumes; i++)
                r = megaraid_volume_tell(&f, &f.volumes[i], answers->scratch, sink);
        for (uint32_t i = 0; r == 0 && i < f.n_drives; i++)
                r = megaraid_drive_tell(&f.drives[i], sink);
        return r;
}

extern const Collector collector_megaraid;
static const ToolSeriesDef megaraid_series = {
        .collector = &collector_megaraid,
        .usual = megaraid_usual,
        .questions = { { "/call", "show", "all", "J", "nolog" },
                       { "/call/vall", "show", "all", "J", "nolog" },
                       { "/call/eall/sall", "show", "all", "J", "nolog" } },
        .n_questions = 3,
        .tell = megaraid_tell,
};

static int megaraid_open(void *state, const CollectorEnv *env) {
        return tool_series_open(state, &megaraid_series, env);
}

static int megaraid_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        (void) env;
        return tool_series_read(state, &megaraid_series, now, sink);
}

static void megaraid_close(void *state) {
        tool_series_close(state);
}

const Collector collector_megaraid = {
        .name = "megaraid",
        .summary = "LSI, Broadcom and Dell RAID: volumes, drives, predicted failures, battery (storcli, "
                   "perccli)",
        .runs = RUNS_ON_HOST,
        .interval = 10 * USEC_PER_SEC,
        .settings = megaraid_settings,
        .state_size = sizeof(ToolSeries),
        .open = megaraid_open,
        .read = megaraid_read,
        .close = megaraid_close,
};
