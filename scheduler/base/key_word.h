/* SPDX-License-Identifier: Apache-2.0 */
/* Names of settings and of their fields as people type them: "headroom-cpu" and "headroom_cpu" are one. Documents and
 * output have one spelling each; what is read is compared by these.
 *
 * Pure. Units: none. Owner: the caller's. Errors: none. Threads: any.
 */
#pragma once

#include <stdbool.h>

static inline bool key_word_same_letter(char left, char right) {
        return left == right || (left == '-' && right == '_') || (left == '_' && right == '-');
}

/* The whole of both, where '-' is '_'. */
static inline bool key_word_is_same(const char *left, const char *right) {
        while (*left && key_word_same_letter(*left, *right)) {
                left++;
                right++;
        }
        return *left == *right;
}
