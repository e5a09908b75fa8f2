/* SPDX-License-Identifier: Apache-2.0 */
/* How a sample's value becomes a member of what is built. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"
#include "scheduler/model/host_label.h"
#include "scheduler/snapshot/build/report_parts.h"

size_t report_facts_cut(const char *s, size_t n, size_t most) {
        if (n <= most)
                return n;
        for (n = most; n > 0 && ((unsigned char) s[n] & 0xc0) == 0x80; n--)
                ;
        return n;
}

int report_facts_split(Arena *a, const char *text, bool labels, Strings *ret) {
        uint32_t n = 1, kept = 0;
        const char **words;

        for (const char *s = text; *s; s++)
                n += *s == ',';
        words = arena_new(a, const char *, n);
        if (!words)
                return -ENOMEM;
        n = 0;
        for (const char *s = text, *end; *s; s = *end ? end + 1 : end) {
                size_t length;

                end = strchr(s, ',');
                end = end ? end : s + strlen(s);
                length = (size_t) (end - s);
                if (length == 0 || (labels && *s == '='))
                        continue;
                length = report_facts_cut(s, length, 254);
                words[n] = labels && !memchr(s, '=', length) ? text_format(a, "%.*s=", (int) length, s)
                                                             : text_copy(a, s, length);
                if (!words[n++])
                        return -ENOMEM;
        }
        qsort(words, n, sizeof(*words), compare_strings);
        for (uint32_t i = 0; i < n; i++)
                if (i == 0 || strcmp(words[kept - 1], words[i]) != 0)
                        words[kept++] = words[i];
        *ret = (Strings){ .at = kept > 0 ? words : NULL, .n = kept };
        return 0;
}

int report_facts_fill(Arena *a, const Target *t, const Sample *sample, void *object) {
        char *member = (char *) object + t->at;
        size_t n = sample->text ? strlen(sample->text) : 0;

        switch (t->kind) {
        case TARGET_NUMBER:
                *(int64_t *) member = sample->number < 0        ? UNKNOWN
                                      : sample->number > t->max ? t->max
                                                                : sample->number;
                return 0;
        case TARGET_TEXT:
        case TARGET_NAME:
                if (n == 0 || (t->kind == TARGET_TEXT && n > 4096))
                        return 0;
                *(const char **) member =
                        text_copy(a, sample->text,
                                  report_facts_cut(sample->text, n, t->kind == TARGET_NAME ? 255 : 4096));
                return *(const char **) member ? 0 : -ENOMEM;
        case TARGET_NAMES:
        case TARGET_LABELS:
                return report_facts_split(a, sample->text ? sample->text : "", t->kind == TARGET_LABELS,
                                          (Strings *) member);
        case TARGET_HOST_LABELS:
                return host_labels_parse(a, sample->text ? sample->text : "", (Strings *) member);
        case TARGET_SPECIAL:
                break;
        }
        return 0;
}
void *report_facts_contention(Arena *a, size_t size) {
        void *c = arena_take(a, 1, size, _Alignof(int64_t));

        if (c)
                memset(c, 0xff, size);
        return c;
}

bool report_facts_is_of(const Sample *sample, TargetOf of) {
        return report_targets[sample->metric].of == of && *sample->subject != '\0';
}
