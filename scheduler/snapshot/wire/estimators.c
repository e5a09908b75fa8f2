/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/wire/estimators.h"

#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"

#define HOUR       (3600 * USEC_PER_SEC)
#define STEPS_MIN  3 /* fewer steps are no window */
#define DAYS_MIN   3 /* fewer days are no pattern */
#define TREND_BINS 12

static int64_t estimators_last(const EstimateInput *in) {
        return in->last;
}

static int64_t estimators_mean(const EstimateInput *in) {
        const Series *s = &in->history->series[in->series];

        return s->readings > 0 ? (s->smooth + 128) / 256 : UNKNOWN;
}

/* The window's steps that have a mean, sorted. */
static uint32_t estimators_window(const EstimateInput *in, uint32_t values[HISTORY_STEPS]) {
        uint32_t n = 0;

        for (int64_t back = 0; back < HISTORY_STEPS; back++) {
                uint32_t v = vm_history_step(in->history, in->series, back);

                if (v != HISTORY_NONE)
                        values[n++] = v;
        }
        if (n > 0)
                qsort(values, n, sizeof(*values), compare_uint32);
        return n;
}

/* Nearest rank: the smallest value that at least `permille` of the steps do not pass. */
static int64_t estimators_quantile(const EstimateInput *in, uint32_t permille) {
        uint32_t values[HISTORY_STEPS];
        uint32_t n = estimators_window(in, values), rank;

        if (n < STEPS_MIN)
                return estimators_mean(in);
        rank = (n * permille + 999) / 1000;
        return values[rank > 0 ? rank - 1 : 0];
}

static int64_t estimators_p75(const EstimateInput *in) {
        return estimators_quantile(in, 750);
}

static int64_t estimators_p95(const EstimateInput *in) {
        return estimators_quantile(in, 950);
}

static int64_t estimators_peak(const EstimateInput *in) {
        return estimators_quantile(in, 1000);
}

/* The window as 12 bins, oldest first; UNKNOWN where a bin has no reading. */
static int bins_of(const EstimateInput *in, int64_t bins[TREND_BINS]) {
        enum { WIDTH = HISTORY_STEPS / TREND_BINS };
        int known = 0;

        for (int b = 0; b < TREND_BINS; b++) {
                int64_t sum = 0, n = 0;

                for (int64_t back = 0; back < WIDTH; back++) {
                        uint32_t v = vm_history_step(in->history, in->series,
                                                     (int64_t) (TREND_BINS - 1 - b) * WIDTH + back);

                        sum += v != HISTORY_NONE ? v : 0;
                        n += v != HISTORY_NONE;
                }
                bins[b] = n > 0 ? sum / n : UNKNOWN;
                known += n > 0;
        }
        return known;
}

/* Theil (1950), Sen (1968): the median of the slopes of all pairs, which a burst does not bend. From the
 * mean that follows, on along it to the middle of the horizon; at most twice, at least half of what it is. */
static int64_t estimators_trend(const EstimateInput *in) {
        int64_t bins[TREND_BINS], slopes[TREND_BINS * (TREND_BINS - 1) / 2], now = estimators_mean(in);
        int64_t bins_ahead, ahead; /* bins_ahead in thousandths */
        size_t n = 0;

        if (bins_of(in, bins) < TREND_BINS / 2)
                return now;
        for (int i = 0; i < TREND_BINS; i++)
                for (int k = i + 1; k < TREND_BINS; k++)
                        if (bins[i] != UNKNOWN && bins[k] != UNKNOWN)
                                slopes[n++] = (bins[k] - bins[i]) * 1000 / (k - i);
        qsort(slopes, n, sizeof(*slopes), compare_int64);
        bins_ahead = (int64_t) (in->horizon / 2 * 1000 / (in->step * HISTORY_STEPS / TREND_BINS));
        ahead = now + slopes[n / 2] * bins_ahead / 1000000;
        return ahead < now / 2 ? now / 2 : ahead > 2 * now ? 2 * now : ahead;
}

/* The mean that follows, changed as much as the days before changed from this hour to those of the horizon,
 * on average; when one of them is not known of enough days, the mean alone. */
static int64_t estimators_daily(const EstimateInput *in) {
        const Series *s = &in->history->series[in->series];
        int64_t first = in->history->read_at / HOUR, end = (in->history->read_at + in->horizon) / HOUR;
        int64_t sum = 0, n = 0, now = estimators_mean(in), ahead;

        for (int64_t hour = first; hour <= end && hour < first + HISTORY_HOURS; hour++, n++) {
                if (s->days[hour % HISTORY_HOURS] < DAYS_MIN)
                        return now;
                sum += s->hours[hour % HISTORY_HOURS];
        }
        ahead = n > 0 ? now + sum / n - s->hours[first % HISTORY_HOURS] : now;
        return ahead > 0 ? ahead : 0;
}

const Estimator estimators[] = {
        { "last", "the latest reading; history is not used", estimators_last },
        { "mean", "exponential moving average: the weight of a reading halves every demand.half_life",
          estimators_mean },
        { "p75", "75th percentile of the window", estimators_p75 },
        { "p95", "95th percentile of the window", estimators_p95 },
        { "peak", "maximum of the window", estimators_peak },
        { "trend",
          "the moving average, extrapolated along the window's slope (Theil-Sen: the median of all pairs)",
          estimators_trend },
        { "daily",
          "the moving average, changed as on previous days in the coming hours; from the fourth day on",
          estimators_daily },
        { 0 },
};

static const char *const estimators_names[ARRAY_SIZE(estimators)] = { "last", "mean",  "p75",   "p95",
                                                                      "peak", "trend", "daily", NULL };

const SettingDef demand_settings[] = {
        { .name = "estimator",
          .type = SETTING_CHOICE,
          .def = 1,
          .max = ARRAY_SIZE(estimators) - 2,
          .choices = estimators_names,
          .doc = "How demand is estimated from a VM's history (docs/demand.md). Until there is history, the "
                 "last reading is used." },
        { .name = "window",
          .type = SETTING_DURATION,
          .def = 4 * HOUR,
          .min = 48 * USEC_PER_SEC,
          .max = 48 * HOUR,
          .doc = "Time over which p75, p95, peak and trend look back, stored in 48 steps. Changing it starts "
                 "a new history." },
        { .name = "half_life",
          .type = SETTING_DURATION,
          .def = 600 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 24 * HOUR,
          .doc = "Half-life of a reading in the mean." },
        { .name = "horizon",
          .type = SETTING_DURATION,
          .def = HOUR,
          .min = 60 * USEC_PER_SEC,
          .max = 24 * HOUR,
          .doc = "Time by which trend and daily look ahead." },
        { 0 },
};

const Estimator *estimator_of(const Settings *settings) {
        return &estimators[settings_int(settings, "demand", "estimator")];
}

HistoryPace history_pace(const Settings *settings) {
        return (HistoryPace){ .step = settings_int(settings, "demand", "window") / HISTORY_STEPS,
                              .half_life = settings_int(settings, "demand", "half_life") };
}

static int64_t estimators_one(EstimateInput in, const Estimator *estimator, HistorySeries series,
                              int64_t reading) {
        int64_t v;

        in.series = series;
        in.last = reading;
        v = estimator->estimate(&in);
        return v == UNKNOWN ? reading : v;
}

VmLoad demand_estimate(const VmHistory *history, const Settings *settings, const VmLoad *reading) {
        const Estimator *e = estimator_of(settings);
        EstimateInput in = { .history = history,
                             .step = history_pace(settings).step,
                             .horizon = settings_int(settings, "demand", "horizon") };

        return (VmLoad){ .cpu_mcores = estimators_one(in, e, HISTORY_CPU, reading->cpu_mcores),
                         .memory_used_mib = estimators_one(in, e, HISTORY_MEMORY, reading->memory_used_mib),
                         .rx_kbit = estimators_one(in, e, HISTORY_RX, reading->rx_kbit),
                         .tx_kbit = estimators_one(in, e, HISTORY_TX, reading->tx_kbit) };
}
