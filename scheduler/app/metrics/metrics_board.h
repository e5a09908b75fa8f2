/* SPDX-License-Identifier: Apache-2.0 */
/* What rounds leave for whoever looks on: figures of each cluster, in one piece and const once they are here, and counters.
 * Who puts them here never waits for a reader: a reader takes a reference under the lock, and prints without it.
 *
 * Units: usec_t: microseconds, since the epoch where it is an instant; permille of capacity. Owner: a board its opener's;
 * figures are the board's once they were put. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/app/settings/service_modes.h"
#include "scheduler/base/clock.h"
#include "scheduler/model/plan.h"

typedef struct MetricsBoard MetricsBoard;
typedef struct ClusterMetrics ClusterMetrics; /* of one cluster; the board's */

typedef enum HostsState {
        HOSTS_ALL,
        HOSTS_SILENT,
        HOSTS_FAILING,
        HOSTS_MAINTENANCE,
        HOSTS_CORDONED,
        HOSTS_OFFLINE,
        HOSTS_HELD,
        HOSTS_STATE_N,
} HostsState;
extern const char *const hosts_state_names[HOSTS_STATE_N];

typedef enum VmsState {
        VMS_ALL,
        VMS_LEAVING,
        VMS_STUCK,
        VMS_LATE,
        VMS_OFF,
        VMS_ON_TWO_HOSTS,
        VMS_STATE_N,
} VmsState;
extern const char *const vms_state_names[VMS_STATE_N];

typedef enum WaitingFor {
        WAITING_FOR_CPU,
        WAITING_FOR_MEMORY,
        WAITING_FOR_IO,
        WAITING_FOR_N,
} WaitingFor;
extern const char *const waiting_for_names[WAITING_FOR_N];

typedef struct HostFigures {
        const char *name;
        const int64_t *used, *line;     /* [n_res] permille; UNKNOWN */
        int64_t waiting[WAITING_FOR_N]; /* permille of time; UNKNOWN */
        int64_t grade;
        int64_t to_leave;          /* VMs; UNKNOWN: it is not to be emptied */
        usec_t reported, leave_by; /* 0: none */
} HostFigures;

typedef struct ClusterFigures {
        Arena arena; /* has all of it */
        unsigned users;
        ServiceModes modes;
        int status; /* PlanStatus; -1: there is no plan */
        usec_t round_at;
        uint32_t hosts_in[HOSTS_STATE_N], vms_in[VMS_STATE_N];
        const char *const *res_names; /* [n_res] */
        const int64_t *spread;        /* [n_res] permille; NULL: there is no plan */
        uint32_t n_res;
        const HostFigures *hosts; /* [n_hosts] */
        uint32_t n_hosts;
        uint32_t over_line;
        uint32_t plan_moves[ACTION_KINDS_NAMED];
        double gap; /* < 0: there is no bound */
        usec_t waiting_since;
        uint32_t n_waiting;
        uint32_t vm_moves_day;
        uint32_t rules_broken; /* rules that do not hold now */
        bool paused, stopped;
} ClusterFigures;

typedef enum RoundPhase {
        ROUND_READ,
        ROUND_PLAN,
        ROUND_JUDGE, /* of moves before they start, on fresh facts; the plan's own check is in ROUND_PLAN */
        ROUND_ACT,
        ROUND_PHASE_N,
} RoundPhase;
extern const char *const round_phase_names[ROUND_PHASE_N];

#define METRICS_BUCKETS 12

typedef struct MetricsHistogram {
        uint64_t in[METRICS_BUCKETS + 1]; /* not summed up; the last is +Inf */
        uint64_t n;
        double sum;
} MetricsHistogram;

/* Upper bounds of a histogram's buckets: of seconds, and of a ratio; METRICS_BUCKETS each. */
extern const double metrics_bounds_seconds[METRICS_BUCKETS], metrics_bounds_ratio[METRICS_BUCKETS],
        metrics_bounds_short[METRICS_BUCKETS];

/* `bounds` has METRICS_BUCKETS. */
void metrics_histogram_put(MetricsHistogram *histogram, const double *bounds, double value);

typedef struct MoveMetric {
        ActionKind kind;
        const char *result;                           /* one of metrics_results */
        int64_t ms, downtime_ms, bytes, predicted_ms; /* UNKNOWN, or not of one that was done */
} MoveMetric;

#define METRICS_CHANNELS 2
#define METRICS_SENDINGS 3
extern const char *const metrics_channels[METRICS_CHANNELS], *const metrics_sendings[METRICS_SENDINGS];

#define METRICS_RESULTS 6
extern const char *const metrics_results[METRICS_RESULTS];

/* Of one cluster, since this process leads it or led it last. */
typedef struct ClusterCounters {
        MetricsHistogram phases[ROUND_PHASE_N], moves, downtime, ratio;
        uint64_t ended[ACTION_KINDS_NAMED][METRICS_RESULTS];
        uint64_t bytes;
        uint64_t notified[METRICS_CHANNELS][METRICS_SENDINGS];
        uint32_t running;
} ClusterCounters;

int metrics_board_open(MetricsBoard **ret) must_check;
MetricsBoard *metrics_board_free(MetricsBoard *board);

/* Of the cluster with that name; made where there is none yet. NULL: no memory. A board NULL has none. */
ClusterMetrics *metrics_board_cluster(MetricsBoard *board, const char *name);

/* It is served no more: nothing is shown of it. */
void metrics_board_drop(MetricsBoard *board, const char *name);

/* Room for figures, to be filled in and put; NULL: no memory. */
ClusterFigures *cluster_figures_new(void) must_check;
ClusterFigures *cluster_figures_free(ClusterFigures *f);

/* Those below take NULL, and then do nothing (of figures: free them). */

/* The figures of a round that has come so far: they go before those of earlier ones. */
void cluster_metrics_put(ClusterMetrics *m, ClusterFigures *figures);

/* Whether this instance leads the cluster: without it, nothing else is shown. */
void cluster_metrics_lead(ClusterMetrics *m, bool leads);
void cluster_metrics_phase(ClusterMetrics *m, RoundPhase phase, usec_t took);
void cluster_metrics_running(ClusterMetrics *m, uint32_t n);

/* Its round reads and plans, which needs the most memory; or no longer. */
void cluster_metrics_thinks(ClusterMetrics *m, bool thinks);
void cluster_metrics_ended(ClusterMetrics *m, const MoveMetric *move);

/* The cluster's loop has reached its store, NULL; or why it has not. */
void cluster_metrics_ready(ClusterMetrics *m, const char *why_not);

/* Where its store is, by which commands find it: a URL, perhaps with a password. */
void cluster_metrics_store(ClusterMetrics *m, const char *url);

/* n more notices went so, by the order of metrics_channels and metrics_sendings. */
void cluster_metrics_notified(ClusterMetrics *m, unsigned channel, unsigned sending, uint32_t n);

/* Its settings were read anew. */
void cluster_metrics_settings(ClusterMetrics *m);

/* ---- for readers ---- */

#define METRICS_STORE_SIZE 2048

/* The URL of a cluster's store. False: it is not known. */
bool metrics_board_store(MetricsBoard *board, const char *cluster, char ret[METRICS_STORE_SIZE]);

/* Until no cluster's round reads and plans, or so long at most: for what can wait for that. */
void metrics_board_rest(MetricsBoard *board, usec_t at_most);

/* How often a cluster's settings were read anew. */
uint64_t metrics_board_settings(MetricsBoard *board, const char *cluster);

#define CLUSTER_NAME_MAX 256

typedef struct ClusterView {
        char name[CLUSTER_NAME_MAX];
        bool leads;
        char not_ready[200];     /* why it is not; "": it is */
        ClusterFigures *figures; /* a reference; NULL: it does not lead, or there was no round */
        ClusterCounters counters;
} ClusterView;

/* All clusters by name, as they are now; to be given back. 0 or -ENOMEM. */
int metrics_board_look(MetricsBoard *board, ClusterView **ret, uint32_t *ret_n) must_check;
void metrics_board_done(MetricsBoard *board, ClusterView *list, uint32_t n);
