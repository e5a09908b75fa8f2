/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/state_words.h"

#include <string.h>

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

const char *state_word_find(const StateWord *words, size_t n, const char *theirs) {
        for (size_t i = 0; theirs && i < n; i++) {
                size_t length = strlen(words[i].theirs);

                if (strncmp(theirs, words[i].theirs, length) == 0 && !is_letter(theirs[length]))
                        return words[i].ours;
        }
        return NULL;
}
