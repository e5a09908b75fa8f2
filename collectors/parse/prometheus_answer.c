/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/prometheus_answer.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static int answer_read(Arena *a, const json_t *answer, const PromLabels *labels, PromSeries **ret,
                       uint32_t *ret_n, TextFault *f) {
        const char *status = json_string_value(json_object_get(answer, "status"));
        const json_t *data = json_object_get(answer, "data"), *rows = json_object_get(data, "result");
        const char *type = json_string_value(json_object_get(data, "resultType"));
        const char *error = json_string_value(json_object_get(answer, "error"));
        PromSeries *list;
        uint32_t n = 0;

        if (!status || strcmp(status, "success") != 0) {
                text_fault(f, "", "it says: %.180s", error ? error : "nothing of why");
                return -EBADMSG;
        }
        if (!type || strcmp(type, "vector") != 0 || !json_is_array(rows)) {
                text_fault(f, "", "its answer is no vector");
                return -EBADMSG;
        }
        list = arena_new(a, PromSeries, json_array_size(rows));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(rows); i++) {
                int r = series_read(a, json_array_get(rows, i), labels, &list[n]);

                if (r < 0)
                        return r;
                n += r == 0;
        }
        *ret = list;
        *ret_n = n;
        return 0;
}

int prometheus_answer(Arena *a, const char *json, size_t n, const PromLabels *labels, PromSeries **ret,
                      uint32_t *ret_n, TextFault *reterr_fault) {
        json_error_t error;
        json_t *answer = json_loadb(json, n, 0, &error);
        int r;

        if (!answer) {
                text_fault(reterr_fault, "", "its answer is not JSON: line %d: %.120s", error.line,
                           error.text);
                return -EBADMSG;
        }
        r = answer_read(a, answer, labels, ret, ret_n, reterr_fault);
        json_decref(answer);
        return r;
}
