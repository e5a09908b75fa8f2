/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/load_history.h"

#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"
#include "scheduler/model/units.h"

#define LOAD_BASE    62
#define LOAD_WIDTH   (LOAD_POINT_SIZE - 1)
#define LOAD_LARGEST (LOAD_BASE * LOAD_BASE - 1)

static const char load_digits[LOAD_BASE + 1] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static_assert(LOAD_WIDTH == 2 * LOAD_OF_N, "two digits each");

const char *const load_of_names[LOAD_OF_N] = {
        [LOAD_CPU] = "cpu_used_points",
        [LOAD_MEMORY] = "memory_used_points",
        [LOAD_NET_RX] = "net_rx_used_points",
        [LOAD_NET_TX] = "net_tx_used_points",
        [LOAD_CPU_WAITING] = "cpu_waiting_points",
        [LOAD_MEMORY_WAITING] = "memory_waiting_points",
        [LOAD_IO_WAITING] = "io_waiting_points",
};

int64_t load_slot(usec_t at) {
        return at / LOAD_EVERY;
}

const char *load_point_print(const LoadPoint *point, char buf[LOAD_POINT_SIZE]) {
        for (size_t i = 0; i < LOAD_OF_N; i++) {
                const int64_t most = point->of[i] > LOAD_LARGEST ? LOAD_LARGEST : point->of[i];

                buf[2 * i] = '-';
                buf[2 * i + 1] = '-';
                if (most < 0)
                        continue;
                buf[2 * i] = load_digits[most / LOAD_BASE];
                buf[2 * i + 1] = load_digits[most % LOAD_BASE];
        }
        buf[LOAD_WIDTH] = '\0';
        return buf;
}

bool load_point_is_known(const LoadPoint *point) {
        for (int i = 0; i < LOAD_OF_N; i++)
                if (point->of[i] >= 0)
                        return true;
        return false;
}

static int64_t load_digit(char c) {
        const char *at = c ? strchr(load_digits, c) : NULL;

        return at ? at - load_digits : -1;
}

static LoadPoint load_point_read(const char *text) {
        LoadPoint point;

        for (size_t i = 0; i < LOAD_OF_N; i++) {
                const int64_t high = load_digit(text[2 * i]), low = load_digit(text[2 * i + 1]);

                point.of[i] = high < 0 || low < 0 ? UNKNOWN : high * LOAD_BASE + low;
        }
        return point;
}

void load_history_read(const char *text, size_t n, int64_t slot, LoadPoint ret[LOAD_POINTS]) {
        const char *blank = n > 0 ? memchr(text, ' ', n) : NULL;
        const size_t head = blank ? (size_t) (blank - text) : 0, n_points = blank ? n - head - 1 : 0;
        int64_t last = 0;

        for (int i = 0; i < LOAD_POINTS; i++)
                for (int k = 0; k < LOAD_OF_N; k++)
                        ret[i].of[k] = UNKNOWN;
        if (!blank || n_points % LOAD_WIDTH != 0 ||
            text_to_int(text, head, 0, bound_of(BOUND_STORED), &last) < 0)
                return;
        for (size_t i = n_points / LOAD_WIDTH, back = 0; i-- > 0; back++) {
                const int64_t at = last - (int64_t) back;

                if (at <= slot - LOAD_POINTS)
                        return;
                if (at <= slot)
                        ret[LOAD_POINTS - 1 - (slot - at)] = load_point_read(blank + 1 + i * LOAD_WIDTH);
        }
}
