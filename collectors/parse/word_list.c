/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/word_list.h"

#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"

void words_add(WordList *list, const char *word) {
        if (!word || !text_is_name(word, strlen(word)) || strchr(word, ','))
                return;
        for (uint32_t i = 0; i < list->n; i++)
                if (strcmp(list->words[i], word) == 0)
                        return;
        if (list->n == WORDS_MAX)
                list->full = true;
        else
                list->words[list->n++] = word;
}

const char *words_join(WordList *list, Arena *a) {
        size_t total = 1, at = 0;
        char *text;

        for (uint32_t i = 0; i < list->n; i++)
                total += strlen(list->words[i]) + 1;
        text = arena_new(a, char, total);
        if (!text)
                return NULL;
        qsort(list->words, list->n, sizeof(list->words[0]), compare_strings);
        for (uint32_t i = 0; i < list->n; i++) {
                size_t n = strlen(list->words[i]);

                if (i > 0)
                        text[at++] = ',';
                memcpy(text + at, list->words[i], n);
                at += n;
        }
        return text;
}
