/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of what others said: at the end of int64_t they stay there, instead of beginning anew at the other one.
 *
 * Units: the caller's. Owner: nothing is kept. Errors: none. Threads: any.
 */
#pragma once

#include <stdint.h>

static inline int64_t saturating_add(int64_t left, int64_t right) {
        int64_t sum;

        if (!__builtin_add_overflow(left, right, &sum))
                return sum;
        return left < 0 ? INT64_MIN : INT64_MAX;
}

static inline int64_t saturating_mul(int64_t left, int64_t right) {
        int64_t product;

        if (!__builtin_mul_overflow(left, right, &product))
                return product;
        return (left < 0) == (right < 0) ? INT64_MAX : INT64_MIN;
}

/* Cut towards zero, as a cast does where the value fits; 0 for what is no number. 2^63 is exact as a double. */
static inline int64_t saturating_int(double value) {
        if (value != value)
                return 0;
        if (value >= 9223372036854775808.0)
                return INT64_MAX;
        return value < -9223372036854775808.0 ? INT64_MIN : (int64_t) value;
}
