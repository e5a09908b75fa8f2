/* SPDX-License-Identifier: Apache-2.0 */
/* hpraid: HPE Smart Array controllers through ssacli: logical drives, drives and which of them are predicted
 * to fail. */
#include <errno.h>
#include <string.h>

#include "collectors/disks/array_emit.h"
#include "collectors/disks/tool_answers.h"
#include "collectors/parse/redundancy.h"
#include "collectors/parse/ssacli.h"
#include "collectors/parse/word_list.h"
#include "scheduler/base/text.h"

static const char *const hpraid_usual[] = { "/usr/sbin/ssacli", "/opt/smartstorageadmin/ssacli/bin/ssacli",
                                            "/usr/sbin/hpssacli", "/usr/sbin/hpacucli", NULL };

static const SettingDef hpraid_settings[] =
        TOOL_SERIES_SETTINGS("Absolute path of ssacli or hpssacli. Empty: where their packages install them.",
                             300 * USEC_PER_SEC, 120 * USEC_PER_SEC);

static int controller_tell(const SsacliController *c, SampleSink *sink) {
        int r = emit_text(sink, METRIC_CONTROLLER_MODEL, c->subject, c->model);

        if (r == 0)
                r = emit_text(sink, METRIC_CONTROLLER_STATE, c->subject, c->state);
        return r == 0 ? emit_text(sink, METRIC_CONTROLLER_BATTERY, c->subject, c->battery) : r;
}

typedef struct Lists {
        WordList members, lost, suspects;
} Lists;

static int drives_count(const SsacliFacts *f, const SsacliVolume *volume, Arena *a, Lists *lists,
                        ArrayFacts *facts) {
        for (uint32_t i = 0; i < f->n_drives && *volume->array; i++) {
                const SsacliDrive *d = &f->drives[i];
                const char *subject;

                if (d->controller != volume->controller || strcmp(d->array, volume->array) != 0)
                        continue;
                if (d->spare) {
                        facts->spares += strcmp(d->state, "online") == 0;
                        continue;
                }
                subject = ssacli_drive_subject(a, f, d);
                if (!subject)
                        return -ENOMEM;
                facts->wanted++;
                if (strcmp(d->state, "online") == 0) {
                        facts->working++;
                        words_add(&lists->members, subject);
                } else if (strcmp(d->state, "failed") == 0 || strcmp(d->state, "missing") == 0) {
                        words_add(&lists->lost, subject);
                }
                if (d->predicted)
                        words_add(&lists->suspects, subject);
        }
        return 0;
}

static int hpraid_volume_tell(const SsacliFacts *f, const SsacliVolume *volume, Arena *a, SampleSink *sink) {
        Lists *lists = arena_new(a, Lists, 1);
        ArrayFacts x = { .level = volume->level,
                         .state = volume->state,
                         .blocks = volume->block,
                         .action = volume->action,
                         .progress_permille = volume->progress_permille,
                         .mismatches = UNKNOWN,
                         .data_errors = volume->media_errors };
        int64_t left;
        int r = lists ? drives_count(f, volume, a, lists, &x) : -ENOMEM;

        if (r < 0)
                return r;
        if (strcmp(volume->state, "optimal") == 0) /* a spare may have taken over */
                x.working = x.wanted;
        /* a drive that was pulled is in no list: the controller's word on the whole counts */
        if (strcmp(volume->state, "degraded") == 0 && x.working == x.wanted && x.working > 0)
                x.working--;
        if (x.wanted == 0) /* its drives are not told */
                x.wanted = x.working = UNKNOWN;
        left = x.wanted < 0 ? INT64_MIN : array_redundancy(volume->level, x.wanted, x.wanted - x.working, 0);
        x.redundancy = strcmp(volume->state, "failed") == 0 ? 0
                       : left == INT64_MIN                  ? UNKNOWN
                       : left > 0                           ? left
                                                            : 0;
        x.subject = ssacli_volume_subject(a, f, volume);
        x.members = words_join(&lists->members, a);
        x.lost = words_join(&lists->lost, a);
        x.suspects = words_join(&lists->suspects, a);
        return x.subject && x.members && x.lost && x.suspects ? array_emit(sink, &x) : -ENOMEM;
}

static int hpraid_drive_tell(const SsacliFacts *f, const SsacliDrive *d, Arena *a, SampleSink *sink) {
        const char *subject = ssacli_drive_subject(a, f, d);
        bool online = strcmp(d->state, "online") == 0;
        const char *state = d->spare && online                            ? "spare"
                            : !*d->array && online && !d->raw && !d->data ? "unused"
                                                                          : d->state;
        const char *role = d->raw      ? NULL
                           : d->spare  ? "spare"
                           : *d->array ? "member"
                           : d->data   ? NULL
                                       : "none";
        const struct {
                Metric metric;
                const char *text;
        } texts[] = {
                { METRIC_DISK_KIND, d->kind },
                { METRIC_DISK_MODEL, d->model },
                { METRIC_DISK_SERIAL, d->serial },
                { METRIC_DISK_TRANSPORT, "hpraid" },
                { METRIC_DISK_SLOT, subject ? strchr(subject, '/') + 1 : NULL },
                { METRIC_DISK_STATE, state },
                { METRIC_DISK_WWN, d->wwn },
                { METRIC_DISK_BLOCKS, d->block },
                { METRIC_DISK_ROLE, role },
        };
        const struct {
                Metric metric;
                int64_t value;
        } numbers[] = {
                { METRIC_DISK_PREDICTED, strcmp(d->state, "unknown") == 0 ? UNKNOWN : d->predicted },
                { METRIC_DISK_TEMPERATURE, d->temperature },
                { METRIC_DISK_HOURS, d->hours },
                { METRIC_DISK_WEAR, d->wear },
        };
        int r = subject ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
                r = emit_text(sink, texts[i].metric, subject, texts[i].text);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
                r = emit_number(sink, numbers[i].metric, subject, numbers[i].value);
        return r;
}

static int hpraid_tell(const SeriesAnswers *answers, SampleSink *sink) {
        Arena *a = answers->scratch;
        SsacliFacts f;
        int r = ssacli_parse(a, answers->outputs[0].text, answers->outputs[0].n, &f);

        for (uint32_t i = 0; r == 0 && i < f.n_controllers; i++)
                r = controller_tell(&f.controllers[i], sink);
        for (uint32_t i = 0; r == 0 && i < f.n_volumes; i++)
                r = hpraid_volume_tell(&f, &f.volumes[i], a, sink);
        for (uint32_t i = 0; r == 0 && i < f.n_drives; i++)
                r = hpraid_drive_tell(&f, &f.drives[i], a, sink);
        return r == 0 ? unread_emit(sink, f.unread) : r;
}

extern const Collector collector_hpraid;
const ToolSeriesDef hpraid_series = {
        .collector = &collector_hpraid,
        .usual = hpraid_usual,
        .questions = { { "ctrl", "all", "show", "config", "detail" } },
        .n_questions = 1,
        .tell = hpraid_tell,
};

static int hpraid_open(void *state, const CollectorEnv *env) {
        return tool_series_open(state, &hpraid_series, env);
}

static int hpraid_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        (void) env;
        return tool_series_read(state, &hpraid_series, now, sink);
}

static void hpraid_close(void *state) {
        tool_series_close(state);
}

const Collector collector_hpraid = {
        .name = "hpraid",
        .summary = "HPE Smart Array RAID: logical drives, drives, predicted failures, battery (ssacli)",
        .runs = RUNS_ON_HOST,
        .interval = 10 * USEC_PER_SEC,
        .settings = hpraid_settings,
        .state_size = sizeof(ToolSeries),
        .open = hpraid_open,
        .read = hpraid_read,
        .close = hpraid_close,
};
