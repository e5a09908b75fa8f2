/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/metrics/metrics_board.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/thread.h"

const char *const hosts_state_names[HOSTS_STATE_N] = { "all",      "silent",  "failing", "maintenance",
                                                       "cordoned", "offline", "held" };
const char *const vms_state_names[VMS_STATE_N] = { "all", "leaving", "stuck", "late", "off", "on_two_hosts" };
const char *const waiting_for_names[WAITING_FOR_N] = { "cpu", "memory", "io" };
const char *const round_phase_names[ROUND_PHASE_N] = { "read", "plan", "judge", "act" };
const char *const metrics_results[METRICS_RESULTS] = { "done",    "failed",  "aborted",
                                                       "refused", "unclear", "foreign" };

const char *const metrics_channels[METRICS_CHANNELS] = { "webhook", "alertmanager" };
const char *const metrics_sendings[METRICS_SENDINGS] = { "sent", "failed", "lost" };

const double metrics_bounds_seconds[METRICS_BUCKETS] = {
        0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800, 3600
};
const double metrics_bounds_short[METRICS_BUCKETS] = { 0.001, 0.003, 0.01, 0.03, 0.05, 0.1,
                                                       0.2,   0.3,   0.5,  1,    3,    10 };
const double metrics_bounds_ratio[METRICS_BUCKETS] = {
        0.1, 0.25, 0.5, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 4, 10
};

struct ClusterMetrics {
        MetricsBoard *board;
        ClusterMetrics *next;
        char name[CLUSTER_NAME_MAX];
        char not_ready[200];
        char store[METRICS_STORE_SIZE];
        bool leads, dropped, thinks;
        uint64_t settings;
        ClusterFigures *figures;
        ClusterCounters counters;
};

struct MetricsBoard {
        pthread_mutex_t lock;
        pthread_cond_t rests;
        ClusterMetrics *first; /* by name */
        uint32_t n_thinking;
};

int metrics_board_open(MetricsBoard **ret) {
        MetricsBoard *board = calloc(1, sizeof(*board));

        if (!board)
                return -ENOMEM;
        (void) pthread_mutex_init(&board->lock, NULL);
        cond_open(&board->rests);
        *ret = board;
        return 0;
}

ClusterFigures *cluster_figures_new(void) {
        ClusterFigures *f = calloc(1, sizeof(*f));

        if (!f || arena_open((size_t) 1 << 30, &f->arena) < 0) {
                free(f);
                return NULL;
        }
        f->users = 1;
        f->status = -1;
        f->gap = -1;
        return f;
}

ClusterFigures *cluster_figures_free(ClusterFigures *f) {
        if (!f)
                return NULL;
        arena_close(&f->arena);
        free(f);
        return NULL;
}

/* Under the lock: one user fewer; what is left over is returned, to be freed without it. */
static ClusterFigures *metrics_board_leave(ClusterFigures *f) {
        return f && --f->users == 0 ? f : NULL;
}

MetricsBoard *metrics_board_free(MetricsBoard *board) {
        if (!board)
                return NULL;
        while (board->first) {
                ClusterMetrics *m = board->first;

                board->first = m->next;
                (void) cluster_figures_free(m->figures);
                explicit_bzero(m->store, sizeof(m->store));
                free(m);
        }
        (void) pthread_cond_destroy(&board->rests);
        (void) pthread_mutex_destroy(&board->lock);
        free(board);
        return NULL;
}

ClusterMetrics *metrics_board_cluster(MetricsBoard *board, const char *name) {
        ClusterMetrics **at, *m;

        if (!board)
                return NULL;
        (void) pthread_mutex_lock(&board->lock);
        at = &board->first;
        while (*at && strcmp((*at)->name, name) < 0)
                at = &(*at)->next;
        m = *at && strcmp((*at)->name, name) == 0 ? *at : calloc(1, sizeof(*m));
        if (m && m != *at) {
                m->board = board;
                (void) snprintf(m->name, sizeof(m->name), "%s", name);
                m->next = *at;
                *at = m;
        }
        if (m) {
                m->dropped = false;
                (void) snprintf(m->not_ready, sizeof(m->not_ready), "not started yet");
        }
        (void) pthread_mutex_unlock(&board->lock);
        return m;
}

void metrics_board_drop(MetricsBoard *board, const char *name) {
        ClusterMetrics *m = metrics_board_cluster(board, name);

        if (!m)
                return;
        cluster_metrics_lead(m, false);
        (void) pthread_mutex_lock(&board->lock);
        m->dropped = true;
        (void) pthread_mutex_unlock(&board->lock);
}

void cluster_metrics_put(ClusterMetrics *m, ClusterFigures *figures) {
        ClusterFigures *old = figures;

        if (m) {
                (void) pthread_mutex_lock(&m->board->lock);
                old = metrics_board_leave(m->figures);
                m->figures = figures;
                (void) pthread_mutex_unlock(&m->board->lock);
        }
        (void) cluster_figures_free(old);
}

void cluster_metrics_lead(ClusterMetrics *m, bool leads) {
        ClusterFigures *old = NULL;

        if (!m)
                return;
        (void) pthread_mutex_lock(&m->board->lock);
        m->leads = leads;
        if (!leads) {
                old = metrics_board_leave(m->figures);
                m->figures = NULL;
        }
        (void) pthread_mutex_unlock(&m->board->lock);
        (void) cluster_figures_free(old);
}

void metrics_histogram_put(MetricsHistogram *histogram, const double *bounds, double value) {
        unsigned i = 0;

        while (i < METRICS_BUCKETS && value > bounds[i])
                i++;
        histogram->in[i]++;
        histogram->n++;
        histogram->sum += value;
}

void cluster_metrics_phase(ClusterMetrics *m, RoundPhase phase, usec_t took) {
        if (!m)
                return;
        (void) pthread_mutex_lock(&m->board->lock);
        metrics_histogram_put(&m->counters.phases[phase], metrics_bounds_seconds,
                              (double) took / USEC_PER_SEC);
        (void) pthread_mutex_unlock(&m->board->lock);
}

void cluster_metrics_thinks(ClusterMetrics *m, bool thinks) {
        MetricsBoard *board = m ? m->board : NULL;

        if (!m)
                return;
        (void) pthread_mutex_lock(&board->lock);
        if (m->thinks != thinks)
                board->n_thinking += thinks ? 1U : UINT32_MAX;
        m->thinks = thinks;
        if (board->n_thinking == 0)
                (void) pthread_cond_broadcast(&board->rests);
        (void) pthread_mutex_unlock(&board->lock);
}

void metrics_board_rest(MetricsBoard *board, usec_t at_most) {
        const usec_t until = clock_monotonic() + at_most;

        (void) pthread_mutex_lock(&board->lock);
        while (board->n_thinking > 0 && cond_wait_until(&board->rests, &board->lock, until))
                ;
        (void) pthread_mutex_unlock(&board->lock);
}

void cluster_metrics_running(ClusterMetrics *m, uint32_t n) {
        if (!m)
                return;
        (void) pthread_mutex_lock(&m->board->lock);
        m->counters.running = n;
        (void) pthread_mutex_unlock(&m->board->lock);
}

void cluster_metrics_ended(ClusterMetrics *m, const MoveMetric *move) {
        ClusterCounters *c;

        if (!m)
                return;
        (void) pthread_mutex_lock(&m->board->lock);
        c = &m->counters;
        for (unsigned i = 0; i < METRICS_RESULTS; i++)
                if (strcmp(move->result, metrics_results[i]) == 0)
                        c->ended[move->kind][i]++;
        c->bytes += move->bytes > 0 ? (uint64_t) move->bytes : 0;
        if (strcmp(move->result, metrics_results[0]) == 0) {
                metrics_histogram_put(&c->moves, metrics_bounds_seconds, (double) move->ms / 1000);
                if (move->downtime_ms != UNKNOWN)
                        metrics_histogram_put(&c->downtime, metrics_bounds_short,
                                              (double) move->downtime_ms / 1000);
                if (move->predicted_ms > 0)
                        metrics_histogram_put(&c->ratio, metrics_bounds_ratio,
                                              (double) move->ms / (double) move->predicted_ms);
        }
        (void) pthread_mutex_unlock(&m->board->lock);
}

void cluster_metrics_ready(ClusterMetrics *m, const char *why_not) {
        if (!m)
                return;
        (void) pthread_mutex_lock(&m->board->lock);
        (void) snprintf(m->not_ready, sizeof(m->not_ready), "%s", why_not ? why_not : "");
        (void) pthread_mutex_unlock(&m->board->lock);
}

void cluster_metrics_store(ClusterMetrics *m, const char *url) {
        if (!m)
                return;
        (void) pthread_mutex_lock(&m->board->lock);
        (void) snprintf(m->store, sizeof(m->store), "%s", url ? url : "");
        (void) pthread_mutex_unlock(&m->board->lock);
}

void cluster_metrics_notified(ClusterMetrics *m, unsigned channel, unsigned sending, uint32_t n) {
        if (!m || n == 0)
                return;
        (void) pthread_mutex_lock(&m->board->lock);
        m->counters.notified[channel][sending] += n;
        (void) pthread_mutex_unlock(&m->board->lock);
}

void cluster_metrics_settings(ClusterMetrics *m) {
        if (!m)
                return;
        (void) pthread_mutex_lock(&m->board->lock);
        m->settings++;
        (void) pthread_mutex_unlock(&m->board->lock);
}

uint64_t metrics_board_settings(MetricsBoard *board, const char *cluster) {
        uint64_t n = 0;

        (void) pthread_mutex_lock(&board->lock);
        for (const ClusterMetrics *m = board->first; m; m = m->next)
                if (strcmp(m->name, cluster) == 0)
                        n = m->settings;
        (void) pthread_mutex_unlock(&board->lock);
        return n;
}

bool metrics_board_store(MetricsBoard *board, const char *cluster, char ret[METRICS_STORE_SIZE]) {
        bool found = false;

        (void) pthread_mutex_lock(&board->lock);
        for (const ClusterMetrics *m = board->first; m && !found; m = m->next)
                if (!m->dropped && m->store[0] && strcmp(m->name, cluster) == 0) {
                        memcpy(ret, m->store, METRICS_STORE_SIZE);
                        found = true;
                }
        (void) pthread_mutex_unlock(&board->lock);
        return found;
}

int metrics_board_look(MetricsBoard *board, ClusterView **ret, uint32_t *ret_n) {
        ClusterView *list;
        uint32_t n = 0;

        (void) pthread_mutex_lock(&board->lock);
        for (const ClusterMetrics *m = board->first; m; m = m->next)
                n += !m->dropped;
        list = calloc(n ? n : 1, sizeof(*list));
        n = 0;
        for (ClusterMetrics *m = board->first; list && m; m = m->next) {
                ClusterView *v = &list[n];

                if (m->dropped)
                        continue;
                n++;
                memcpy(v->name, m->name, sizeof(v->name));
                memcpy(v->not_ready, m->not_ready, sizeof(v->not_ready));
                v->leads = m->leads;
                v->figures = m->figures;
                v->counters = m->counters;
                if (m->figures)
                        m->figures->users++;
        }
        (void) pthread_mutex_unlock(&board->lock);
        if (!list)
                return -ENOMEM;
        *ret = list;
        *ret_n = n;
        return 0;
}

void metrics_board_done(MetricsBoard *board, ClusterView *list, uint32_t n) {
        for (uint32_t i = 0; i < n; i++) {
                ClusterFigures *over;

                (void) pthread_mutex_lock(&board->lock);
                over = metrics_board_leave(list[i].figures);
                (void) pthread_mutex_unlock(&board->lock);
                (void) cluster_figures_free(over);
        }
        free(list);
}
