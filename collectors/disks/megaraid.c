/* SPDX-License-Identifier: Apache-2.0 */
/* megaraid: LSI, Broadcom and Dell RAID controllers through storcli or perccli, or storcli2 and perccli2: virtual
 * drives, drives and what the controller predicts of them, batteries. "nolog": else it writes a log wherever it runs.
 * Where both generations are installed, both are asked: "megaraid2/0" is the second's first controller, unless the first
 * sees it, too (by its serial number). */
#include <errno.h>
#include <string.h>

#include "collectors/disks/array_emit.h"
#include "collectors/disks/tool_answers.h"
#include "collectors/parse/redundancy.h"
#include "collectors/parse/storcli.h"
#include "collectors/parse/word_list.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

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
        "/opt/MegaRAID/storcli2/storcli2",
        "/opt/MegaRAID/perccli2/perccli2",
        "/usr/sbin/storcli2",
        "/usr/sbin/perccli2",
        "/usr/local/sbin/storcli2",
        "/usr/local/sbin/perccli2",
        NULL,
};

/* Where the first is of the generation before: each sees controllers that the other does not. */
static const char *const megaraid2_usual[] = {
        "/opt/MegaRAID/storcli2/storcli2",
        "/opt/MegaRAID/perccli2/perccli2",
        "/usr/sbin/storcli2",
        "/usr/sbin/perccli2",
        "/usr/local/sbin/storcli2",
        "/usr/local/sbin/perccli2",
        NULL,
};

static const SettingDef megaraid_settings[] = {
        { .name = "tool",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Absolute path of storcli, storcli64, storcli2, perccli or perccli2. Empty: where their "
                 "packages install them." },
        { .name = "tool2",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Absolute path of storcli2 or perccli2, used in addition to the other tool. Empty: where "
                 "their packages install them." },
        { .name = "every",
          .type = SETTING_DURATION,
          .def = 300 * USEC_PER_SEC,
          .min = 10 * USEC_PER_SEC,
          .max = 86400 * USEC_PER_SEC,
          .doc = "Time between two readings." },
        { .name = "timeout",
          .type = SETTING_DURATION,
          .def = 120 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 3600 * USEC_PER_SEC,
          .doc = "Timeout of an answer." },
        { 0 },
};

static int controllers_tell(const StorcliFacts *f, SampleSink *sink) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < f->n_controllers; i++) {
                const StorcliController *c = &f->controllers[i];

                r = emit_text(sink, METRIC_CONTROLLER_MODEL, c->subject, c->model);
                if (r == 0)
                        r = emit_text(sink, METRIC_CONTROLLER_SERIAL, c->subject, c->serial);
                if (r == 0)
                        r = emit_text(sink, METRIC_CONTROLLER_STATE, c->subject, c->state);
                if (r == 0)
                        r = emit_text(sink, METRIC_CONTROLLER_BATTERY, c->subject, c->battery);
                if (r == 0)
                        r = emit_number(sink, METRIC_CONTROLLER_MEMORY_CORRECTED, c->subject, c->corrected);
                if (r == 0)
                        r = emit_number(sink, METRIC_CONTROLLER_MEMORY_UNCORRECTED, c->subject,
                                        c->uncorrected);
        }
        return r;
}

typedef struct VolumeDrives {
        WordList members, lost, suspects;
        uint32_t told; /* drives of the volume's group, whatever they are */
        bool rebuilds;
} VolumeDrives;

/* The drives of the volume's group: the drives say it, and those that are gone do not. */
static void drives_of_volume(const StorcliFacts *f, const StorcliVolume *volume, VolumeDrives *to,
                             ArrayFacts *facts) {
        for (uint32_t i = 0; i < f->n_drives; i++) {
                const StorcliDrive *d = &f->drives[i];

                if (d->controller != volume->controller)
                        continue;
                facts->spares += strcmp(d->state, "spare") == 0;
                if (d->group != volume->group || volume->group < 0 || strcmp(d->role, "spare") == 0)
                        continue;
                to->told++;
                if (strcmp(d->state, "online") == 0) {
                        words_add(&to->members, d->subject);
                        facts->working++;
                        if (d->predictions > 0 || d->alert > 0)
                                words_add(&to->suspects, d->subject);
                } else if (strcmp(d->state, "failed") == 0 || strcmp(d->state, "missing") == 0) {
                        words_add(&to->lost, d->subject);
                } else {
                        to->rebuilds |= strcmp(d->state, "rebuilding") == 0;
                }
        }
}

/* The controller's word on the whole is better than a count of drives: "optimal" has all, "partially degraded" may
 * lose another, "degraded" may not. */
static int64_t redundancy_of(const StorcliVolume *volume, const ArrayFacts *facts) {
        int64_t left =
                facts->wanted < 0 || facts->working < 0
                        ? INT64_MIN
                        : array_redundancy(volume->level, facts->wanted, facts->wanted - facts->working, 0);

        if (strcmp(volume->state, "failed") == 0)
                return 0;
        if (left == INT64_MIN)
                return strcmp(volume->state, "degraded") != 0 ? UNKNOWN : volume->some_left;
        return left > 0 ? left : volume->some_left;
}

static int megaraid_volume_tell(const StorcliFacts *f, const StorcliVolume *volume, Arena *a,
                                SampleSink *sink) {
        VolumeDrives *drives = arena_new(a, VolumeDrives, 1);
        ArrayFacts x = { .subject = volume->subject,
                         .level = volume->level,
                         .state = volume->state,
                         .blocks = volume->block,
                         .action = volume->action,
                         .wanted = volume->wanted,
                         .working = 0,
                         .spares = 0,
                         .progress_permille = UNKNOWN,
                         .mismatches = UNKNOWN,
                         .data_errors = volume->bad_blocks };

        if (!drives)
                return -ENOMEM;
        drives_of_volume(f, volume, drives, &x);
        if (drives->rebuilds && !*volume->action)
                x.action = "rebuild";
        if (x.wanted >= 0 && (strcmp(volume->state, "optimal") == 0 || x.working > x.wanted))
                x.working = x.wanted;
        else if (x.wanted < 0 || drives->told == 0) /* its drives were not told: that is not "none works" */
                x.working = x.wanted < 0 || strcmp(volume->state, "degraded") != 0 ? UNKNOWN : x.wanted - 1;
        x.redundancy = redundancy_of(volume, &x);
        x.members = words_join(&drives->members, a);
        x.lost = words_join(&drives->lost, a);
        x.suspects = words_join(&drives->suspects, a);
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
                { METRIC_DISK_WWN, d->wwn },       { METRIC_DISK_ADDRESS, d->address },
                { METRIC_DISK_ROLE, d->role },
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

static int family_tell(const SeriesAnswers *answers, const char *family, SampleSink *sink) {
        StorcliText texts[4];
        StorcliFacts f;
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                texts[i] = (StorcliText){ answers->outputs[i].text, answers->outputs[i].n };
        r = storcli_parse(answers->scratch, family, texts[0], texts[1], texts[2], texts[3], &f);
        if (r == 0)
                r = controllers_tell(&f, sink);
        for (uint32_t i = 0; r == 0 && i < f.n_volumes; i++)
                r = megaraid_volume_tell(&f, &f.volumes[i], answers->scratch, sink);
        for (uint32_t i = 0; r == 0 && i < f.n_drives; i++)
                r = megaraid_drive_tell(&f.drives[i], sink);
        return r == 0 ? unread_emit(sink, f.unread) : r;
}

static int megaraid_tell(const SeriesAnswers *answers, SampleSink *sink) {
        return family_tell(answers, "megaraid", sink);
}

static int megaraid2_tell(const SeriesAnswers *answers, SampleSink *sink) {
        return family_tell(answers, "megaraid2", sink);
}

extern const Collector collector_megaraid;
#define QUESTIONS                                                                                            \
        .questions = { { "/call", "show", "all", "J", "nolog" },                                             \
                       { "/call/vall", "show", "all", "J", "nolog" },                                        \
                       { "/call/eall/sall", "show", "all", "J", "nolog" },                                   \
                       { "/call/sall", "show", "all", "J", "nolog" } },                                      \
        .n_questions = 4
const ToolSeriesDef megaraid_series = {
        .collector = &collector_megaraid,
        .usual = megaraid_usual,
        QUESTIONS,
        .tell = megaraid_tell,
};
const ToolSeriesDef megaraid2_series = {
        .collector = &collector_megaraid,
        .setting = "tool2",
        .usual = megaraid2_usual,
        QUESTIONS,
        .tell = megaraid2_tell,
};

/* ---- one tool, or one of each generation ---- */

typedef struct Megaraid {
        ToolSeries first, second;
        bool both;
        Arena arena; /* what they tell in one reading */
} Megaraid;

static int megaraid_open(void *state, const CollectorEnv *env) {
        Megaraid *m = state;
        int r = tool_series_open(&m->first, &megaraid_series, env);

        if (r != 0)
                return r;
        r = arena_open(UINT64_C(64) << 20, &m->arena);
        if (r == 0)
                r = tool_series_open(&m->second, &megaraid2_series, env);
        m->both = r == 0 && strcmp(m->first.tool, m->second.tool) != 0;
        return r < 0 ? r : 0;
}

/* The number of the controller in "megaraid2/1:306:4", "megaraid2/1/v2", "megaraid2/1"; UNKNOWN: of none. */
static int64_t controller_of(const char *subject) {
        const char *slash = strchr(subject, '/');
        int64_t number;

        return slash && text_to_int(slash + 1, strspn(slash + 1, "0123456789"), 0, bound_of(BOUND_TOOL_ID),
                                    &number) == 0
                       ? number
                       : UNKNOWN;
}

static bool serial_is_told(const SampleList *list, const char *serial) {
        for (uint32_t i = 0; i < list->n; i++)
                if (list->samples[i].metric == METRIC_CONTROLLER_SERIAL &&
                    strcmp(list->samples[i].text, serial) == 0)
                        return true;
        return false;
}

/* Whether the first tool tells of that controller, too: by its serial number. */
static bool is_told_twice(const SampleList *first, const SampleList *second, int64_t controller) {
        for (uint32_t i = 0; i < second->n && controller != UNKNOWN; i++)
                if (second->samples[i].metric == METRIC_CONTROLLER_SERIAL &&
                    controller_of(second->samples[i].subject) == controller)
                        return serial_is_told(first, second->samples[i].text);
        return false;
}

static int lists_emit(const SampleList *first, const SampleList *second, SampleSink *sink) {
        int r = sample_list_tell(first, sink);

        for (uint32_t i = 0; r == 0 && i < second->n; i++)
                if (!is_told_twice(first, second, controller_of(second->samples[i].subject)))
                        r = sink->emit(sink, second->samples[i]);
        for (uint32_t i = 0; r == 0 && i < second->n_over; i++)
                if (!is_told_twice(first, second, controller_of(second->over[i].subject)))
                        r = sink->emit(sink, second->over[i]);
        return r;
}

/* One of two that fails, and not because it knows no controller, is named; the other is told. */
static int failed_emit(SampleSink *sink, const char *tool, int error) {
        return error >= 0 || error == -ENODEV ? 0
                                              : emit_text(sink, METRIC_ITEM_UNREAD, tool, strerror(-error));
}

static int megaraid_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        Megaraid *m = state;
        SampleList first, second;
        int r, more, k;

        (void) env;
        if (!m->both)
                return tool_series_read(&m->first, &megaraid_series, now, sink);
        arena_rewind(&m->arena, 0);
        first = sample_list_over(&m->arena);
        second = sample_list_over(&m->arena);
        r = tool_series_read(&m->first, &megaraid_series, now, &first.sink);
        more = tool_series_read(&m->second, &megaraid2_series, now, &second.sink);
        if (r < 0 && more < 0)
                return r == -ENODEV ? more : r;
        k = lists_emit(&first, &second, sink);
        if (k == 0)
                k = failed_emit(sink, m->first.tool, r);
        if (k == 0)
                k = failed_emit(sink, m->second.tool, more);
        return k < 0 ? k : r == 1 || more == 1;
}

static void megaraid_close(void *state) {
        Megaraid *m = state;

        tool_series_close(&m->first);
        tool_series_close(&m->second);
        arena_close(&m->arena);
}

const Collector collector_megaraid = {
        .name = "megaraid",
        .summary =
                "LSI, Broadcom and Dell RAID: volumes, drives, predicted failures, battery (storcli, perccli)",
        .runs = RUNS_ON_HOST,
        .interval = 10 * USEC_PER_SEC,
        .settings = megaraid_settings,
        .state_size = sizeof(Megaraid),
        .open = megaraid_open,
        .read = megaraid_read,
        .close = megaraid_close,
};
