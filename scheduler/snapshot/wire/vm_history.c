/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/wire/vm_history.h"

#include <string.h>

#define HOUR      (3600 * USEC_PER_SEC)
#define LN2_INV   1443 /* 1000 / ln 2: half-life → time constant */
#define WHOLE     1000
#define DAYS_KEPT 4 /* a day counts a quarter once there are four: the pattern follows the weeks */

static uint32_t vm_history_narrow(int64_t value) {
        return value < 0 ? 0 : value >= HISTORY_NONE ? HISTORY_NONE - 1 : (uint32_t) value;
}

static void name_copy(char *to, size_t size, const char *from) {
        size_t n = strnlen(from, size - 1);

        memcpy(to, from, n);
        to[n] = '\0';
}

void vm_history_begin(VmHistory *history, const char *name, const char *uuid) {
        memset(history, 0, sizeof(*history));
        name_copy(history->name, sizeof(history->name), name);
        name_copy(history->uuid, sizeof(history->uuid), uuid ? uuid : "");
        for (int i = 0; i < HISTORY_SERIES_N; i++) {
                memset(history->series[i].steps, 0xff, sizeof(history->series[i].steps));
                memset(history->series[i].hours, 0xff, sizeof(history->series[i].hours));
        }
}

/* The open step ends; steps in which nobody read anything stay without a mean. */
static void steps_close(Series *s, int64_t open, int64_t now) {
        s->steps[open % HISTORY_STEPS] = s->n > 0 ? vm_history_narrow(s->sum / s->n) : HISTORY_NONE;
        for (int64_t i = open + 1; i <= now && i <= open + HISTORY_STEPS; i++)
                s->steps[i % HISTORY_STEPS] = HISTORY_NONE;
        s->sum = s->n = 0;
}

static void hour_close(Series *s, int64_t open) {
        uint32_t *mean = &s->hours[open % HISTORY_HOURS];
        uint8_t *days = &s->days[open % HISTORY_HOURS];
        int64_t fresh = s->hour_n > 0 ? s->hour_sum / s->hour_n : 0;

        if (s->hour_n > 0) {
                int64_t weight = *days < DAYS_KEPT ? *days + 1 : DAYS_KEPT;

                *mean = *days == 0 ? vm_history_narrow(fresh)
                                   : vm_history_narrow(*mean + (fresh - (int64_t) *mean) / weight);
                *days = (uint8_t) (*days + (*days < UINT8_MAX));
        }
        s->hour_sum = s->hour_n = 0;
}

static void vm_history_follow(Series *s, int64_t value, usec_t passed, usec_t half_life) {
        int64_t tau = half_life / WHOLE * LN2_INV;
        int64_t weight = passed < tau * WHOLE ? passed / ((passed + tau) / WHOLE + 1) : WHOLE;

        /* The first readings count alike, so that the very first is not held for the truth. */
        s->readings += s->readings < WHOLE;
        if (weight < WHOLE / s->readings)
                weight = WHOLE / s->readings;
        s->smooth += (value * 256 - s->smooth) * weight / WHOLE;
}

static void vm_history_series_add(Series *s, int64_t value, usec_t passed, usec_t half_life) {
        value = vm_history_narrow(value);
        vm_history_follow(s, value, passed, half_life);
        s->sum += value;
        s->n++;
        s->hour_sum += value;
        s->hour_n++;
}

void vm_history_add(VmHistory *history, const HistoryPace *pace, usec_t read_at, const VmLoad *load) {
        const int64_t values[HISTORY_SERIES_N] = { [HISTORY_CPU] = load->cpu_mcores,
                                                   [HISTORY_MEMORY] = load->memory_used_mib,
                                                   [HISTORY_RX] = load->rx_kbit,
                                                   [HISTORY_TX] = load->tx_kbit };
        int64_t step = read_at / pace->step, hour = read_at / HOUR;
        usec_t passed = history->read_at > 0 ? read_at - history->read_at : pace->step;

        if (read_at <= 0 || passed <= 0)
                return;
        for (int i = 0; i < HISTORY_SERIES_N; i++) {
                Series *s = &history->series[i];

                if (history->read_at > 0 && step != history->step)
                        steps_close(s, history->step, step);
                if (history->read_at > 0 && hour != history->hour)
                        hour_close(s, history->hour);
                if (values[i] != UNKNOWN)
                        vm_history_series_add(s, values[i], passed, pace->half_life);
        }
        history->read_at = read_at;
        history->step = step;
        history->hour = hour;
}

uint32_t vm_history_step(const VmHistory *history, HistorySeries series, int64_t back) {
        const Series *s = &history->series[series];

        if (back == 0)
                return s->n > 0 ? vm_history_narrow(s->sum / s->n) : HISTORY_NONE;
        if (back >= HISTORY_STEPS || back > history->step)
                return HISTORY_NONE;
        return s->steps[(history->step - back) % HISTORY_STEPS];
}
