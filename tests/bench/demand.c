/* SPDX-License-Identifier: Apache-2.0 */
/* bench demand: which estimator of what VMs will need is best, on recorded traces.
 *
 *     build/release/bench_demand DIR…                (release -DBUILD_TESTING=ON)
 *
 * Each file of a directory is one VM: a number a line, CPU % every five minutes. Walks through each trace; at
 * each step every estimator, which has seen the past only, says what the VM will need, and the hour that
 * follows judges it, for single VMs and for hosts of 20 VMs (the sum of what their VMs were said to need):
 *   error   mean |estimate − mean of the hour|, in % of a core
 *   over    how much of the estimate the hour did not use, on average
 *   short   share of the hour's steps that used more than the estimate
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/arena.h"
#include "scheduler/snapshot/wire/estimators.h"

#define STEP       (300 * USEC_PER_SEC)
#define START      (INT64_C(400000) * 3600 * USEC_PER_SEC)
#define HOUR_STEPS 12
#define WARM_UP    48
#define LENGTH_MAX 4096
#define HOST_VMS   20
#define SCALE      10 /* mcores in a per cent */

typedef struct Trace {
        char path[1024];
        int64_t used[LENGTH_MAX]; /* mcores */
        int n;
} Trace;

typedef struct Score {
        double error, over, short_, n, steps;
} Score;

static void judge(Score *s, int64_t estimate, const int64_t hour[HOUR_STEPS]) {
        double sum = 0, over = 0;

        for (int i = 0; i < HOUR_STEPS; i++) {
                sum += (double) hour[i];
                over += hour[i] < estimate ? (double) (estimate - hour[i]) : 0;
                s->short_ += hour[i] > estimate;
                s->steps++;
        }
        sum /= HOUR_STEPS;
        s->error += sum > (double) estimate ? sum - (double) estimate : (double) estimate - sum;
        s->over += over / HOUR_STEPS;
        s->n++;
}

static int read_trace(const char *path, Trace *t) {
        FILE *f = fopen(path, "r");
        int percent;

        t->n = 0;
        if (!f)
                return -errno;
        while (t->n < LENGTH_MAX && fscanf(f, "%d", &percent) == 1)
                t->used[t->n++] = (int64_t) percent * SCALE;
        (void) fclose(f);
        return t->n > WARM_UP + HOUR_STEPS ? 0 : 1;
}

static int compare_paths(const void *a, const void *b) {
        return strcmp(((const Trace *) a)->path, ((const Trace *) b)->path);
}

static int read_all(const char *directory, Trace **traces, int *n) {
        DIR *d = opendir(directory);
        struct dirent *e;
        int first = *n;

        if (!d) {
                (void) fprintf(stderr, "bench_demand: %s: %s\n", directory, strerror(errno));
                return -errno;
        }
        while ((e = readdir(d))) {
                Trace *more;

                if (e->d_name[0] == '.')
                        continue;
                more = realloc(*traces, sizeof(**traces) * (size_t) (*n + 1));
                if (!more)
                        abort();
                *traces = more;
                (void) snprintf(more[*n].path, sizeof(more->path), "%s/%s", directory, e->d_name);
                *n += read_trace(more[*n].path, &more[*n]) == 0;
        }
        (void) closedir(d);
        if (*n > first)
                qsort(*traces + first, (size_t) (*n - first), sizeof(**traces), compare_paths);
        return 0;
}

/* What each estimator says of one VM at one time; the same history for all. */
static void estimate_all(const VmHistory *h, int64_t reading, int64_t *ret) {
        for (int e = 0; estimators[e].name; e++) {
                EstimateInput in = { .history = h,
                                     .series = HISTORY_CPU,
                                     .last = reading,
                                     .step = STEP,
                                     .horizon = HOUR_STEPS * STEP };

                ret[e] = estimators[e].estimate(&in);
        }
}

enum { ESTIMATORS = 7 };

static void host_judge(const Trace *traces, int n, Score vms[ESTIMATORS], Score hosts[ESTIMATORS]) {
        const HistoryPace pace = { .step = STEP, .half_life = 2 * STEP };
        static VmHistory histories[HOST_VMS];
        int length = traces[0].n;

        for (int v = 0; v < n; v++) {
                vm_history_begin(&histories[v], "vm", NULL);
                length = traces[v].n < length ? traces[v].n : length;
        }
        for (int t = 0; t + HOUR_STEPS < length; t++) {
                int64_t total[ESTIMATORS] = { 0 }, used[HOUR_STEPS] = { 0 };

                for (int v = 0; v < n; v++) {
                        VmLoad load = { traces[v].used[t], UNKNOWN, UNKNOWN, UNKNOWN, 0 };
                        int64_t says[ESTIMATORS];

                        vm_history_add(&histories[v], &pace, START + t * STEP, &load);
                        if (t < WARM_UP)
                                continue;
                        estimate_all(&histories[v], load.cpu_mcores, says);
                        for (int e = 0; e < ESTIMATORS; e++) {
                                judge(&vms[e], says[e], traces[v].used + t + 1);
                                total[e] += says[e];
                        }
                        for (int i = 0; i < HOUR_STEPS; i++)
                                used[i] += traces[v].used[t + 1 + i];
                }
                for (int e = 0; t >= WARM_UP && e < ESTIMATORS; e++)
                        judge(&hosts[e], total[e], used);
        }
}

int main(int argc, char **argv) {
        Score vms[ESTIMATORS] = { 0 }, hosts[ESTIMATORS] = { 0 };
        Trace *traces = NULL;
        int n = 0;

        for (int i = 1; i < argc; i++)
                if (read_all(argv[i], &traces, &n) < 0)
                        return 2;
        if (n < HOST_VMS) {
                (void) fprintf(stderr,
                               "Usage: bench_demand DIR…   each file a VM: CPU %% every 5 minutes; at least "
                               "%d files\n",
                               HOST_VMS);
                return 2;
        }
        for (int v = 0; v + HOST_VMS <= n; v += HOST_VMS)
                host_judge(traces + v, HOST_VMS, vms, hosts);
        (void) printf("%d VMs, hosts of %d, the hour ahead; in %% of a core\n%-10s %27s   %27s\n%-10s %9s "
                      "%8s %8s   %9s %8s %8s\n",
                      n / HOST_VMS * HOST_VMS, HOST_VMS, "", "one VM", "a host", "estimator", "error", "over",
                      "short", "error", "over", "short");
        for (int e = 0; e < ESTIMATORS; e++)
                (void) printf("%-10s %9.2f %8.2f %7.1f%%   %9.2f %8.2f %7.1f%%\n", estimators[e].name,
                              vms[e].error / vms[e].n / SCALE, vms[e].over / vms[e].n / SCALE,
                              100 * vms[e].short_ / vms[e].steps, hosts[e].error / hosts[e].n / SCALE,
                              hosts[e].over / hosts[e].n / SCALE, 100 * hosts[e].short_ / hosts[e].steps);
        free(traces);
        return 0;
}
