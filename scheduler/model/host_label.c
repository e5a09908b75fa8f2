/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/host_label.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/model/limits.h"
#include "scheduler/model/selection.h"

static size_t host_label_key_length(const char *label) {
        return strcspn(label, "=");
}

static bool host_label_same_key(const char *left, const char *right) {
        const size_t n = host_label_key_length(left);

        return n == host_label_key_length(right) && memcmp(left, right, n) == 0;
}

static bool host_label_key_byte(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c != '\0' && strchr("._-/", c));
}

static bool host_label_is_one(const char *label) {
        const size_t key = host_label_key_length(label);
        const char *value = label + key + 1;

        if (label[key] != '=' || key == 0 || key > HOST_LABEL_KEY_MOST)
                return false;
        for (size_t i = 0; i < key; i++)
                if (!host_label_key_byte(label[i]))
                        return false;
        return strlen(value) <= HOST_LABEL_VALUE_MOST && text_is_line(value, strlen(value)) &&
               !strchr(value, ',');
}

int host_label_check(const char *label, TextFault *reterr_fault) {
        if (host_label_is_one(label))
                return 0;
        text_fault(reterr_fault, reterr_fault->field, "\"%.60s\" is not a valid host label; accepted: %s",
                   label, HOST_LABEL_ACCEPTED);
        return -EINVAL;
}

int host_labels_check(const Strings *labels, TextFault *reterr_fault) {
        for (uint32_t i = 0; i < labels->n; i++) {
                if (host_label_check(labels->at[i], reterr_fault) < 0)
                        return -EINVAL;
                if (i > 0 && host_label_same_key(labels->at[i - 1], labels->at[i])) {
                        text_fault(reterr_fault, reterr_fault->field,
                                   "\"%.60s\" and \"%.60s\" set one key twice; a host has one value per key",
                                   labels->at[i - 1], labels->at[i]);
                        return -EINVAL;
                }
        }
        if (labels->n <= HOST_LABELS_MAX)
                return 0;
        text_fault(reterr_fault, reterr_fault->field, "%u labels; accepted: at most %u of a host", labels->n,
                   HOST_LABELS_MAX);
        return -EINVAL;
}

/* As a snapshot file has lists: by bytes. */
int host_labels_read(Arena *a, const Strings *given, Strings *ret, TextFault *reterr_fault) {
        const char **at = arena_new(a, const char *, given->n);
        Strings labels = { .at = at, .n = given->n };
        int r;

        if (!at)
                return -ENOMEM;
        if (given->n > 0) {
                memcpy(at, given->at, sizeof(*at) * given->n);
                qsort(at, given->n, sizeof(*at), compare_strings);
        }
        r = host_labels_check(&labels, reterr_fault);
        if (r == 0)
                *ret = labels;
        return r;
}

int host_labels_parse(Arena *a, const char *text, Strings *ret) {
        const char **at = arena_new(a, const char *, HOST_LABELS_MAX);
        uint32_t n = 0;

        if (!at)
                return -ENOMEM;
        while (*text && n < HOST_LABELS_MAX) {
                const size_t length = strcspn(text, ",");
                const char *word;
                uint32_t k = 0;

                if (length <= HOST_LABEL_KEY_MOST + 1 + HOST_LABEL_VALUE_MOST) {
                        word = text_copy(a, text, length);
                        if (!word)
                                return -ENOMEM;
                        while (k < n && !host_label_same_key(at[k], word))
                                k++;
                        if (k == n && host_label_is_one(word))
                                at[n++] = word;
                }
                text += length + (text[length] == ',');
        }
        qsort(at, n, sizeof(*at), compare_strings);
        *ret = (Strings){ .at = n > 0 ? at : NULL, .n = n };
        return 0;
}

/* Whether `change`, "key=value" or "!pattern", is about the label's key. */
static bool host_label_is_meant(const char *change, const char *label) {
        char key[HOST_LABEL_KEY_MOST + 1];
        const size_t n = host_label_key_length(label);

        if (*change != '!')
                return host_label_same_key(change, label);
        if (n >= sizeof(key))
                return false;
        memcpy(key, label, n);
        key[n] = '\0';
        return text_fits(change + 1, key);
}

int host_labels_merge(Arena *a, const Strings *labels, const Strings *changes, Strings *ret) {
        const char **at;
        uint32_t n = 0;

        if (changes->n == 0) {
                *ret = *labels;
                return 0;
        }
        at = arena_new(a, const char *, (size_t) labels->n + changes->n);
        if (!at)
                return -ENOMEM;
        for (uint32_t i = changes->n; i-- > 0;) { /* the last one said of a key counts */
                bool said = *changes->at[i] == '!';

                for (uint32_t k = i + 1; k < changes->n && !said; k++)
                        said = host_label_is_meant(changes->at[k], changes->at[i]);
                if (!said && n < HOST_LABELS_MAX)
                        at[n++] = changes->at[i];
        }
        for (uint32_t i = 0; i < labels->n && n < HOST_LABELS_MAX; i++) {
                bool said = false;

                for (uint32_t k = 0; k < changes->n && !said; k++)
                        said = host_label_is_meant(changes->at[k], labels->at[i]);
                if (!said)
                        at[n++] = labels->at[i];
        }
        if (n > 0)
                qsort(at, n, sizeof(*at), compare_strings);
        *ret = (Strings){ .at = n > 0 ? at : NULL, .n = n };
        return 0;
}

const char *host_labels_text(Arena *a, const Strings *labels) {
        const char *text = "";

        for (uint32_t i = 0; text && i < labels->n; i++)
                text = text_format(a, "%s%s%s", text, i > 0 ? "," : "", labels->at[i]);
        return text;
}
