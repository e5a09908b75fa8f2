/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers of what others said: at the end of int64_t they stay there, where a cast is not defined.
 *
 * Units: the caller's. Owner: nothing is kept. Errors: none. Threads: any.
 */
#pragma once

#include <stdint.h>

/* Cut towards zero, as a cast does where the value fits; 0 for what is no number. 2^63 is exact as a double. */
static inline int64_t saturating_int(double value) {
        if (value != value)
                return 0;
        if (value >= 9223372036854775808.0)
                return INT64_MAX;
        return value < -9223372036854775808.0 ? INT64_MIN : (int64_t) value;
}
