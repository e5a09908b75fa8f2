/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what plan_print.c writes. */
#include "scheduler/snapshot/files/plan_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/json_reader.h"

typedef struct Reader {
        JsonReader json;
        Arena *arena;
        PlanFile file;
        MoveOrder *moves;
        bool has_schema, has_status, has_moves;
} Reader;

static int plan_file_read_text(Reader *reader, const char **ret) {
        const char *text = NULL;
        int r = json_reader_string(&reader->json, &text);

        if (r == 0)
                *ret = text_copy(reader->arena, text, strlen(text));
        return r < 0 ? r : *ret ? 0 : -ENOMEM;
}

static int plan_file_read_name(Reader *reader, const char **ret) {
        if (json_is_string(reader->json.at) &&
            !text_is_name(json_string_value(reader->json.at), json_string_length(reader->json.at)))
                return json_reader_expect(&reader->json,
                                          "a name of 1 to 255 bytes without control characters");
        return plan_file_read_text(reader, ret);
}

static int plan_file_read_number(Reader *reader, int64_t scale, int64_t most, int64_t *ret) {
        if (json_number_scaled(reader->json.at, scale, 0, most, ret) < 0)
                return json_reader_expect(&reader->json, "a number from 0 to %lld%s",
                                          (long long) (most / scale), scale == 1 ? ", whole" : "");
        return 0;
}

static int read_basis(Reader *reader, MoveBasis *ret) {
        const char *key;
        int r = json_reader_enter(&reader->json, JSON_OBJECT);

        while (r == 0 && json_reader_field(&reader->json, &key)) {
                if (json_is_null(reader->json.at))
                        continue; /* not known, as where it is left out */
                if (json_key_is(key, "memory_mib"))
                        r = plan_file_read_number(reader, 1, bound_of(BOUND_QUANTITY), &ret->memory_mib);
                else if (json_key_is(key, "local_disk_mib"))
                        r = plan_file_read_number(reader, 1, bound_of(BOUND_QUANTITY), &ret->local_disk_mib);
                else if (json_key_is(key, "dirty_mib_s"))
                        r = plan_file_read_number(reader, 1024, bound_of(BOUND_QUANTITY), &ret->dirty_kib_s);
                else if (json_key_is(key, "dirty_burst_mib_s"))
                        r = plan_file_read_number(reader, 1024, bound_of(BOUND_QUANTITY),
                                                  &ret->dirty_burst_kib_s);
                else if (json_key_is(key, "dirty_window_seconds"))
                        r = plan_file_read_number(reader, 1000, bound_of(BOUND_QUANTITY),
                                                  &ret->dirty_window_ms);
                else if (json_key_is(key, "bandwidth_mbit"))
                        r = plan_file_read_number(reader, 1000, bound_of(BOUND_QUANTITY),
                                                  &ret->bandwidth_kbit);
        }
        return r;
}

/* In seconds; in milliseconds under the names that plans of version 0.1 had. */
static int plan_file_read_downtime(Reader *reader, const char *key, Prediction *ret) {
        int64_t *field = strncmp(key, "downtime_", 9) != 0 ? NULL
                         : json_key_is(key, "downtime_seconds") || json_key_is(key, "downtime_ms")
                                 ? &ret->downtime_ms
                         : json_key_is(key, "downtime_seconds_low") || json_key_is(key, "downtime_ms_low")
                                 ? &ret->downtime_ms_low
                         : json_key_is(key, "downtime_seconds_high") || json_key_is(key, "downtime_ms_high")
                                 ? &ret->downtime_ms_high
                                 : NULL;

        if (!field)
                return 0;
        return plan_file_read_number(reader, strncmp(key, "downtime_ms", 11) == 0 ? 1 : 1000,
                                     bound_of(BOUND_QUANTITY), field);
}

static int plan_file_read_prediction(Reader *reader, Prediction *ret) {
        const char *key;
        int r = json_reader_enter(&reader->json, JSON_OBJECT);

        ret->basis.dirty_kib_s = ret->basis.dirty_burst_kib_s = UNKNOWN;
        while (r == 0 && json_reader_field(&reader->json, &key)) {
                if (json_key_is(key, "seconds"))
                        r = plan_file_read_number(reader, 1000, bound_of(BOUND_QUANTITY), &ret->ms);
                else if (json_key_is(key, "seconds_low"))
                        r = plan_file_read_number(reader, 1000, bound_of(BOUND_QUANTITY), &ret->ms_low);
                else if (json_key_is(key, "seconds_high"))
                        r = plan_file_read_number(reader, 1000, bound_of(BOUND_QUANTITY), &ret->ms_high);
                else if (json_key_is(key, "bytes"))
                        r = plan_file_read_number(reader, 1, bound_of(BOUND_PLAN_BYTES), &ret->bytes);
                else if (json_key_is(key, "basis") || json_key_is(key, "of")) /* of: as it was called */
                        r = read_basis(reader, &ret->basis);
                else if (json_key_is(key, "bytes_low"))
                        r = plan_file_read_number(reader, 1, bound_of(BOUND_PLAN_BYTES), &ret->bytes_low);
                else if (json_key_is(key, "bytes_high"))
                        r = plan_file_read_number(reader, 1, bound_of(BOUND_PLAN_BYTES), &ret->bytes_high);
                else
                        r = plan_file_read_downtime(reader, key, ret);
        }
        return r;
}

/* One of `words`, by its place. */
static int plan_file_read_word(Reader *reader, const char *const *words, int n, const char *accepted,
                               int *ret) {
        const char *word = NULL;
        int r = plan_file_read_text(reader, &word);

        for (int i = 0; r == 0 && i < n; i++)
                if (strcmp(word, words[i]) == 0) {
                        *ret = i;
                        return 0;
                }
        return r < 0 ? r : json_reader_expect(&reader->json, "%s", accepted);
}

static int read_manner_word(Reader *reader, const char *key, MoveManner *ret) {
        static const char *const zstd[] = { "zstd" };
        int word = 0, r;

        if (json_key_is(key, "strategy")) {
                r = plan_file_read_word(reader, move_strategy_names, STRATEGY_N,
                                        "plain, multifd, auto-converge, post-copy or not-now", &word);
                ret->strategy = (MoveStrategy) word;
        } else if (json_key_is(key, "at_deadline")) {
                r = plan_file_read_word(reader, deadline_action_names, DEADLINE_ACTION_N,
                                        "abort, auto-converge or post-copy", &word);
                ret->at_deadline = (DeadlineAction) word;
        } else {
                r = plan_file_read_word(reader, zstd, 1, "zstd", &word);
                ret->compress = r == 0;
        }
        return r;
}

static int read_slow_down(Reader *reader, SlowDown *ret) {
        bool allowed = false;
        int r = json_reader_bool(&reader->json, &allowed);

        *ret = allowed ? SLOW_DOWN_ALLOWED : SLOW_DOWN_NEVER;
        return r;
}

/* In seconds; in milliseconds under the names of old. */
static int read_downtime_limit(Reader *reader, const char *key, MoveManner *ret) {
        if (json_key_is(key, "downtime_limit_seconds") || json_key_is(key, "downtime_limit_ms"))
                return plan_file_read_number(reader, json_key_is(key, "downtime_limit_ms") ? 1 : 1000,
                                             bound_of(BOUND_QUANTITY), &ret->downtime_limit_ms);
        if (json_key_is(key, "max_downtime_limit_seconds") || json_key_is(key, "downtime_limit_ms_most"))
                return plan_file_read_number(reader, json_key_is(key, "downtime_limit_ms_most") ? 1 : 1000,
                                             bound_of(BOUND_QUANTITY), &ret->downtime_limit_ms_most);
        return 0;
}

static int read_manner(Reader *reader, MoveManner *ret) {
        const char *key;
        int64_t channels = 0;
        int r = json_reader_enter(&reader->json, JSON_OBJECT);

        while (r == 0 && json_reader_field(&reader->json, &key)) {
                if (json_key_is(key, "strategy") || json_key_is(key, "at_deadline") ||
                    json_key_is(key, "compression"))
                        r = read_manner_word(reader, key, ret);
                else if (json_key_is(key, "why"))
                        r = plan_file_read_text(reader, &ret->reason);
                else if (json_key_is(key, "bandwidth_mbit"))
                        r = plan_file_read_number(reader, 1000, bound_of(BOUND_QUANTITY),
                                                  &ret->bandwidth_kbit);
                else if (json_key_is(key, "auto_converge"))
                        r = read_slow_down(reader, &ret->slow_down);
                else if (json_key_is(key, "channels"))
                        r = plan_file_read_number(reader, 1, bound_of(BOUND_CHANNELS), &channels);
                else if (json_key_is(key, "deadline_seconds"))
                        r = plan_file_read_number(reader, 1000, bound_of(BOUND_QUANTITY), &ret->deadline_ms);
                else
                        r = read_downtime_limit(reader, key, ret);
        }
        ret->channels = (uint32_t) channels;
        return r;
}

static int plan_file_read_kind(Reader *reader, const char **ret) {
        int kind = 0;
        const int r = plan_file_read_word(reader, action_kind_names, ACTION_KINDS_NAMED,
                                          "evacuation, repair, maintenance, load, balance or manual", &kind);

        *ret = action_kind_names[kind];
        return r;
}

static int plan_file_read_move(Reader *reader, MoveOrder *m) {
        const char *key;
        int64_t wave = -1;
        int r = json_reader_enter(&reader->json, JSON_OBJECT);

        while (r == 0 && json_reader_field(&reader->json, &key)) {
                if (json_key_is(key, "vm"))
                        r = plan_file_read_name(reader, &m->vm);
                else if (json_key_is(key, "from"))
                        r = plan_file_read_name(reader, &m->from);
                else if (json_key_is(key, "to"))
                        r = plan_file_read_name(reader, &m->to);
                else if (json_key_is(key, "wave"))
                        r = plan_file_read_number(reader, 1, bound_of(BOUND_WAVE), &wave);
                else if (json_key_is(key, "why"))
                        r = plan_file_read_text(reader, &m->why);
                else if (json_key_is(key, "held_why") || json_key_is(key, "held"))
                        r = plan_file_read_text(reader, &m->held);
                else if (json_key_is(key, "kind"))
                        r = plan_file_read_kind(reader, &m->kind);
                else if (json_key_is(key, "predicted"))
                        r = plan_file_read_prediction(reader, &m->predicted);
                else if (json_key_is(key, "how"))
                        r = read_manner(reader, &m->manner);
        }
        if (r < 0)
                return r;
        if (!m->vm || !m->from || !m->to || wave < 0)
                return json_reader_refuse(&reader->json,
                                          "%s is missing in a move; every move has vm, from, to and wave",
                                          !m->vm     ? "vm"
                                          : !m->from ? "from"
                                          : !m->to   ? "to"
                                                     : "wave");
        if (!m->why)
                m->why = "";
        m->wave = (uint32_t) wave;
        return 0;
}

static int plan_file_compare_waves(const void *left, const void *right) {
        const uint32_t x = *(const uint32_t *) left, y = *(const uint32_t *) right;

        return x < y ? -1 : x > y;
}

/* Waves are an order, whatever number the first one has: from here on it is 0, and none is left out. */
static int plan_file_number_waves(Reader *reader) {
        const uint32_t n = reader->file.n_moves;
        uint32_t *waves = arena_new(reader->arena, uint32_t, n), n_waves = 0;

        if (!waves)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                waves[i] = reader->moves[i].wave;
        if (n > 0)
                qsort(waves, n, sizeof(*waves), plan_file_compare_waves);
        for (uint32_t i = 0; i < n; i++)
                if (i == 0 || waves[i] != waves[n_waves - 1])
                        waves[n_waves++] = waves[i];
        for (uint32_t i = 0; i < n; i++) {
                const uint32_t *at = bsearch(&reader->moves[i].wave, waves, n_waves, sizeof(*waves),
                                             plan_file_compare_waves);

                reader->moves[i].wave = (uint32_t) (at - waves);
        }
        reader->file.n_waves = n_waves;
        return 0;
}

static int read_moves(Reader *reader) {
        const size_t n = json_array_size(reader->json.at);
        int r;

        if (n > VMS_MAX)
                return json_reader_refuse(&reader->json, "%zu moves; at most %u are accepted", n, VMS_MAX);
        reader->moves = arena_new(reader->arena, MoveOrder, n);
        if (!reader->moves)
                return -ENOMEM;
        r = json_reader_enter(&reader->json, JSON_ARRAY);
        while (r == 0 && json_reader_item(&reader->json))
                r = plan_file_read_move(reader, &reader->moves[reader->file.n_moves++]);
        reader->file.moves = reader->moves;
        reader->has_moves = true;
        return r < 0 ? r : plan_file_number_waves(reader);
}

static int plan_file_read_schema(Reader *reader) {
        const char *schema = NULL;
        int r = plan_file_read_text(reader, &schema);

        if (r < 0)
                return r;
        if (strcmp(schema, PLAN_SCHEMA) != 0)
                return json_reader_expect(&reader->json, "%s", "\"" PLAN_SCHEMA "\"");
        reader->has_schema = true;
        return 0;
}

static int read_status(Reader *reader) {
        const char *word = NULL;
        int r = plan_file_read_text(reader, &word);

        if (r < 0)
                return r;
        for (int i = 0; i < PLAN_STATUS_N; i++)
                if (strcmp(word, plan_status_names[i]) == 0) {
                        reader->file.status = (PlanStatus) i;
                        reader->has_status = true;
                        return 0;
                }
        return json_reader_expect(&reader->json, "%s",
                                  "balanced, improved, repaired, evacuated, blocked, infeasible or blind");
}

/* Here and in its parts: fields that only people and newer versions read are passed over, whatever they say.
 */
static int read_plan(Reader *reader) {
        const char *key;
        int r = json_reader_enter(&reader->json, JSON_OBJECT);

        while (r == 0 && json_reader_field(&reader->json, &key)) {
                if (json_key_is(key, "schema"))
                        r = plan_file_read_schema(reader);
                else if (json_key_is(key, "cluster"))
                        r = plan_file_read_name(reader, &reader->file.cluster);
                else if (json_key_is(key, "status"))
                        r = read_status(reader);
                else if (json_key_is(key, "moves"))
                        r = read_moves(reader);
        }
        return r;
}

int plan_file_parse(Arena *a, const char *text, size_t n, const PlanFile **ret, TextFault *reterr_fault) {
        TextFault fault = { 0 };
        Reader p = { .arena = a };
        PlanFile *file;
        int r = json_reader_open(&p.json, text, n, a, &fault);

        if (r == 0)
                r = read_plan(&p);
        json_reader_close(&p.json);
        if (r == 0 && (!p.has_schema || !p.file.cluster || !p.has_status || !p.has_moves)) {
                text_fault(&fault,
                           !p.has_schema     ? "schema"
                           : !p.file.cluster ? "cluster"
                           : !p.has_status   ? "status"
                                             : "moves",
                           "is missing; a plan file has schema \"" PLAN_SCHEMA
                           "\", cluster, status and moves");
                r = -EBADMSG;
        }
        if (r == -EBADMSG)
                *reterr_fault = fault;
        if (r < 0)
                return r;
        file = arena_new(a, PlanFile, 1);
        if (!file)
                return -ENOMEM;
        *file = p.file;
        *ret = file;
        return 0;
}
