/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/setup_result.h"

#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text_harmless.h"

const char *const setup_state_names[SETUP_STATE_N] = { "ok", "not-tested", "wrong" };

const char *setup_result_text(Arena *a, const char *text) {
        static const char broken[] = "\xef\xbf\xbd"; /* U+FFFD */
        const size_t n = text ? strlen(text) : 0;
        size_t bad = 0, at = 0;
        char *valid;
        uint32_t c;

        for (size_t i = 0; i < n; i += text_char(text + i, n - i, &c), bad += c == TEXT_CHAR_BROKEN)
                ;
        if (bad == 0)
                return text;
        valid = arena_new(a, char, n + bad * (sizeof(broken) - 2) + 1);
        for (size_t i = 0, length; valid && i < n; i += length) {
                length = text_char(text + i, n - i, &c);
                if (c == TEXT_CHAR_BROKEN) {
                        memcpy(valid + at, broken, sizeof(broken) - 1);
                        at += sizeof(broken) - 1;
                } else {
                        memcpy(valid + at, text + i, length);
                        at += length;
                }
        }
        return valid;
}

void setup_result_add(SetupResult *result, SetupFinding finding) {
        const char **texts[] = { &finding.who, &finding.peer, &finding.what, &finding.to_do };
        SetupFinding *list;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                const bool there = *texts[i];

                *texts[i] = setup_result_text(result->arena, *texts[i]);
                result->full = result->full || (there && !*texts[i]);
        }

        if (!finding.who || !finding.test || !finding.what) {
                result->full = true;
                return;
        }
        list = arena_room(result->arena, result->findings, result->n, sizeof(*list));
        if (!list) {
                result->full = true;
                return;
        }
        result->findings = list;
        list[result->n++] = finding;
}

SetupState setup_result_worst(const SetupResult *result) {
        SetupState worst = SETUP_GOOD;

        for (uint32_t i = 0; i < result->n; i++)
                worst = result->findings[i].state > worst ? result->findings[i].state : worst;
        return worst;
}

static int setup_result_names(const char *left, const char *right) {
        const bool l = left && strcmp(left, SETUP_SERVICE) == 0,
                   r = right && strcmp(right, SETUP_SERVICE) == 0;

        if (l != r)
                return l ? -1 : 1;
        return strcmp(left ? left : "", right ? right : "");
}

static int setup_result_same_row(const SetupFinding *left, const SetupFinding *right) {
        const int by_from = setup_result_names(left->who, right->who);

        return by_from != 0 ? by_from : setup_result_names(left->peer, right->peer);
}

static int setup_result_by_row(const void *left, const void *right) {
        const SetupFinding *l = left, *r = right;
        const int by_row = setup_result_same_row(l, r);

        if (by_row != 0)
                return by_row;
        if (l->state != r->state)
                return l->state > r->state ? -1 : 1;
        return strcmp(l->test, r->test);
}

static int setup_result_by_state(const void *left, const void *right) {
        const SetupRow *l = left, *r = right;

        if (l->state != r->state)
                return l->state > r->state ? -1 : 1;
        return setup_result_same_row(l->findings, r->findings);
}

uint32_t setup_result_rows(SetupResult *result, const SetupRow **ret) {
        SetupRow *rows = arena_new(result->arena, SetupRow, result->n);
        uint32_t n = 0;

        if (!rows) {
                result->full = true;
                return 0;
        }
        if (result->n > 0)
                qsort(result->findings, result->n, sizeof(*result->findings), setup_result_by_row);
        for (uint32_t i = 0; i < result->n; i++) {
                const SetupFinding *finding = &result->findings[i];

                if (n == 0 || setup_result_same_row(rows[n - 1].findings, finding) != 0)
                        rows[n++] = (SetupRow){ .findings = finding, .state = finding->state };
                rows[n - 1].n++;
        }
        if (n > 0)
                qsort(rows, n, sizeof(*rows), setup_result_by_state);
        *ret = rows;
        return n;
}
