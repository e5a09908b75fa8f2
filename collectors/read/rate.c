/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/rate.h"

int rate_next(Rate *r, uint64_t value, usec_t now, int64_t num, int64_t den, int64_t *ret) {
        Rate last = *r;
        __int128 scaled, divisor;

        assert(num > 0 && den > 0);
        *r = (Rate){ .value = value, .at = now, .known = true };
        if (!last.known || now <= last.at || value < last.value)
                return 1;
        /* below 2^64 × 2^63, but times a second may pass 2^127: a counter that grew so is no counter */
        if (__builtin_mul_overflow((__int128) (value - last.value), (__int128) num, &scaled) ||
            __builtin_mul_overflow(scaled, (__int128) USEC_PER_SEC, &scaled))
                return 1;
        divisor = (__int128) (now - last.at) * den;
        if (__builtin_add_overflow(scaled, divisor / 2, &scaled) || scaled / divisor > INT64_MAX)
                return 1;
        *ret = (int64_t) (scaled / divisor);
        return 0;
}
