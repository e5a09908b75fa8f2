/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/prometheus_answer.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/parse/json_walk.h"
#include "scheduler/model/bounds.h"

#define ERROR_BYTES 4096

static int prometheus_answer_copy(Arena *a, const char *s, size_t n, const char **ret) {
        *ret = text_copy(a, s, n);
        return *ret ? 0 : -ENOMEM;
}

/* "h1:9100" is h1; "[::1]:9100" is ::1; "h1" stays. */
static size_t host_cut(const char **host) {
        const char *s = *host, *colon = strrchr(s, ':');
        size_t n = strlen(s);

        if (s[0] == '[') {
                const char *end = strchr(s, ']');

                if (end) {
                        *host = s + 1;
                        return (size_t) (end - s - 1);
                }
        }
        return colon && strchr(s, ':') == colon ? (size_t) (colon - s) : n;
}

static const char *prometheus_answer_label(const json_t *metric, const char *name) {
        const char *s = name ? json_string_value(json_object_get(metric, name)) : NULL;

        return s && text_is_line(s, strlen(s)) ? s : NULL;
}

static bool prometheus_answer_value_parse(const json_t *pair, double *ret) {
        const char *s = json_string_value(json_array_get(pair, 1));
        char *end;

        if (!s || !*s)
                return false;
        *ret = strtod(s, &end); /* the programs never leave the C locale */
        return *end == '\0' && isfinite(*ret);
}

/* 0; 1: it is left out. */
static int series_read(Arena *a, const json_t *row, const PromLabels *labels, PromSeries *ret) {
        const json_t *metric = json_object_get(row, "metric");
        const char *host = prometheus_answer_label(metric, labels->host),
                   *subject = prometheus_answer_label(metric, labels->subject);
        const char *text = prometheus_answer_label(metric, labels->text);
        size_t n_host = host ? host_cut(&host) : 0;
        int r;

        if (n_host == 0 || (labels->subject && (!subject || !*subject)) ||
            (labels->text && (!text || !*text)) ||
            !prometheus_answer_value_parse(json_object_get(row, "value"), &ret->value))
                return 1;
        r = prometheus_answer_copy(a, host, n_host, &ret->host);
        if (r == 0)
                r = prometheus_answer_copy(a, subject ? subject : "", subject ? strlen(subject) : 0,
                                           &ret->subject);
        ret->text = NULL;
        if (r == 0 && text)
                r = prometheus_answer_copy(a, text, strlen(text), &ret->text);
        return r;
}

/* What the answer says, as bytes; n == 0: nothing. */
typedef struct AnswerPieces {
        JsonPiece status, error, type, result;
} AnswerPieces;

static int answer_data(JsonPiece data, AnswerPieces *ret) {
        JsonPiece key, value;
        JsonWalk w;
        int r = 0;

        if (json_walk_open(data, '{', &w) < 0)
                return 0; /* as if there were none */
        while ((r = json_walk_next(&w, &key, &value)) > 0)
                if (json_piece_is(&key, "resultType"))
                        ret->type = value;
                else if (json_piece_is(&key, "result"))
                        ret->result = value;
        return r;
}

static int answer_pieces(const char *json, size_t n, AnswerPieces *ret) {
        JsonPiece all, key, value;
        JsonWalk w;
        int r;

        if (json_piece_of(json, n, &all) < 0 || json_walk_open(all, '{', &w) < 0)
                return -EBADMSG;
        while ((r = json_walk_next(&w, &key, &value)) > 0) {
                if (json_piece_is(&key, "status"))
                        ret->status = value;
                else if (json_piece_is(&key, "error"))
                        ret->error = value;
                else if (json_piece_is(&key, "data"))
                        r = answer_data(value, ret);
                if (r < 0)
                        return r;
        }
        return r;
}

/* Prometheus' own words for what is wrong. */
static void answer_error(const JsonPiece *error, TextFault *f) {
        json_t *text = error->n > 0 && error->n <= ERROR_BYTES
                               ? json_loadb(error->at, error->n, JSON_DECODE_ANY, NULL)
                               : NULL;
        const char *words = json_string_value(text);

        text_fault(f, "", "Prometheus reports: %.180s", words ? words : "no reason given");
        json_decref(text);
}

/* One series at a time is read, and freed again. 0; 1: it is left out. */
static int answer_series(Arena *a, JsonPiece piece, const PromLabels *labels, PromSeries *ret, TextFault *f) {
        json_error_t error;
        json_t *row;
        int r;

        if (piece.n > (size_t) bound_of(BOUND_SERIES_BYTES))
                return 1;
        row = json_loadb(piece.at, piece.n, JSON_DECODE_ANY, &error);
        if (!row) {
                text_fault(f, "", "its answer is not JSON: a series: %.120s", error.text);
                return -EBADMSG;
        }
        r = series_read(a, row, labels, ret);
        json_decref(row);
        return r;
}

/* How many there are; -EBADMSG: it is no array that ends. */
static int64_t answer_count(JsonPiece result) {
        JsonPiece key, value;
        int64_t n = 0;
        JsonWalk w;
        int r;

        if (json_walk_open(result, '[', &w) < 0)
                return -EBADMSG;
        while ((r = json_walk_next(&w, &key, &value)) > 0)
                n++;
        return r < 0 ? r : n;
}

static int answer_read(Arena *a, const AnswerPieces *pieces, const PromLabels *labels, PromSeries **ret,
                       uint32_t *ret_n, TextFault *f) {
        const int64_t most = pieces->result.n > 0 ? answer_count(pieces->result) : -EBADMSG;
        JsonPiece key, value;
        PromSeries *list;
        uint32_t n = 0;
        JsonWalk w;
        int r;

        if (most < 0 || !json_piece_is(&pieces->type, "vector") ||
            json_walk_open(pieces->result, '[', &w) < 0) {
                text_fault(f, "", "its answer is not a vector");
                return -EBADMSG;
        }
        if (most > bound_of(BOUND_SERIES)) {
                text_fault(f, "", "its answer has more than %lld series", (long long) bound_of(BOUND_SERIES));
                return -EBADMSG;
        }
        list = arena_new(a, PromSeries, (size_t) most);
        if (!list)
                return -ENOMEM;
        while ((r = json_walk_next(&w, &key, &value)) > 0) {
                r = answer_series(a, value, labels, &list[n], f);
                if (r < 0)
                        return r;
                n += r == 0;
        }
        *ret = list;
        *ret_n = n;
        return r;
}

int prometheus_answer(Arena *a, const char *json, size_t n, const PromLabels *labels, PromSeries **ret,
                      uint32_t *ret_n, TextFault *reterr_fault) {
        AnswerPieces pieces = {
                .status = { "", 0 }, .error = { "", 0 }, .type = { "", 0 }, .result = { "", 0 }
        };

        if (answer_pieces(json, n, &pieces) < 0) {
                text_fault(reterr_fault, "", "its answer is not JSON");
                return -EBADMSG;
        }
        if (!json_piece_is(&pieces.status, "success")) {
                answer_error(&pieces.error, reterr_fault);
                return -EBADMSG;
        }
        return answer_read(a, &pieces, labels, ret, ret_n, reterr_fault);
}
