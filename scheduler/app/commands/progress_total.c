/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/progress_total.h"

typedef struct Span {
        int64_t low, mid, high;
} Span;

static int64_t total_longer(int64_t one, int64_t other) {
        return one > other ? one : other;
}

static int64_t total_rest(int64_t ms, int64_t elapsed) {
        return ms > elapsed ? ms - elapsed : 0;
}

/* What it weighs among all: what it sends. Where nobody predicted that, its memory and disks; never nothing. */
static double total_weight(const MoveOrder *m) {
        const int64_t mib = total_longer(m->memory_mib, 0) + total_longer(m->local_disk_mib, 0);

        return m->predicted.bytes > 0 ? (double) m->predicted.bytes
               : mib > 0              ? (double) mib * 1048576
                                      : 1048576;
}

/* A move that runs knows more of itself than was predicted; its bounds stay those of the prediction, as far as they still can. */
static Span total_left_of(const MoveOrder *m, const ProgressMove *run) {
        const Prediction *is = &m->predicted;
        Span left = { total_rest(is->ms_low, run->elapsed_ms), total_rest(is->ms, run->elapsed_ms),
                      total_rest(total_longer(is->ms_high, is->ms), run->elapsed_ms) };

        if (run->left_ms != UNKNOWN)
                left.mid = run->left_ms;
        left.low = left.low < left.mid ? left.low : left.mid;
        left.high = total_longer(left.high, left.mid);
        return left;
}

ProgressTotal progress_total(const MoveOrder *moves, const ProgressMove *seen, uint32_t n) {
        const ProgressMove waits = { .left_ms = UNKNOWN };
        Span all = { 0 }, wave = { 0 };
        double sum = 0, done = 0;
        bool known = true;

        for (uint32_t i = 0; i < n; i++) {
                const double its = total_weight(&moves[i]);

                if (i > 0 && moves[i].wave != moves[i - 1].wave) {
                        all = (Span){ all.low + wave.low, all.mid + wave.mid, all.high + wave.high };
                        wave = (Span){ 0 };
                }
                sum += its;
                done += its * (seen[i].ended ? 1 : seen[i].runs ? (double) seen[i].share / 1000 : 0);
                if (!seen[i].ended) {
                        const Span left = total_left_of(&moves[i], seen[i].runs ? &seen[i] : &waits);

                        known &= moves[i].predicted.ms > 0 || (seen[i].runs && seen[i].left_ms != UNKNOWN);
                        wave.low = total_longer(wave.low, left.low);
                        wave.mid = total_longer(wave.mid, left.mid);
                        wave.high = total_longer(wave.high, left.high);
                }
        }
        return (ProgressTotal){ .share = sum > 0 ? (int64_t) (done * 1000 / sum) : 1000,
                                .ms_low = known ? all.low + wave.low : UNKNOWN,
                                .ms = known ? all.mid + wave.mid : UNKNOWN,
                                .ms_high = known ? all.high + wave.high : UNKNOWN };
}
