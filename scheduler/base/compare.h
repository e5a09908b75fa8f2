/* SPDX-License-Identifier: Apache-2.0 */
/* For qsort() and bsearch().
 *
 * Units: none. Owner: nothing is kept. Errors: none. Threads: any.
 */
#pragma once

#include <stdint.h>
#include <string.h>

/* Of two int64_t, the smaller first. */
static inline int compare_int64(const void *left, const void *right) {
        const int64_t x = *(const int64_t *) left, y = *(const int64_t *) right;

        return (x > y) - (x < y);
}

/* Of two uint32_t: indexes, too. */
static inline int compare_uint32(const void *left, const void *right) {
        const uint32_t x = *(const uint32_t *) left, y = *(const uint32_t *) right;

        return (x > y) - (x < y);
}

/* Of two const char *, by their bytes. */
static inline int compare_strings(const void *left, const void *right) {
        return strcmp(*(const char *const *) left, *(const char *const *) right);
}
