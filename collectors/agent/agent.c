/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "collectors/agent/agent_print.h"
#include "collectors/agent/collector_log.h"
#include "collectors/agent/metrics_http.h"
#include "collectors/agent/metrics_text.h"
#include "collectors/agent/outbox.h"
#include "collectors/hosts/peer_store.h"
#include "collectors/read/collector_value.h"
#include "collectors/read/sample_list.h"
#include "collectors/run/collector_run.h"
#include "collectors/run/collector_settings.h"
#include "collectors/run/libvirt_worker.h"
#include "scheduler/base/log.h"
#include "scheduler/base/out.h"
#include "scheduler/base/supervisor.h"
#include "scheduler/model/host_label.h"
#include "scheduler/snapshot/health/fault_grade.h"
#include "scheduler/snapshot/wire/pulse.h"
#include "scheduler/snapshot/wire/sample_wire.h"

#define INTERVAL_DEFAULT (5 * USEC_PER_SEC)
#define INTERVAL_ONCE    (1 * USEC_PER_SEC)
#define PATIENCE         (5 * USEC_PER_SEC) /* a reading of libvirt that takes longer: it does not answer */
#define WAIT_MOST        (2 * USEC_PER_SEC) /* for libvirt, before a report goes without news of it */
#define HANGS_AFTER      (500 * USEC_PER_MSEC) /* a collector of the host itself: then the others go on */
#define STORE_TIMEOUT    (1 * USEC_PER_SEC)
#define GRADED_MAX       64
#define EAGER            (500 * USEC_PER_MSEC) /* from one turn to the next when a collector cannot wait */
#define REPORT_BYTES     (UINT64_C(512) << 20) /* reserved, not used */
#define SECTIONS_MAX     128
#define WATCHED_MAX      16
#define SETTINGS_BYTES   (UINT64_C(1) << 20)
#define TOOLS_PATIENCE   (30 * USEC_PER_SEC) /* for external tools, with --once */
#define TOOLS_GLANCE     (100 * USEC_PER_MSEC)

typedef struct Agent {
        const AgentOptions *options;
        char host[256];
        usec_t interval;
        CollectorEnv env;
        RunSet local;
        LibvirtWorker *worker; /* NULL: no collector that needs libvirt */
        Outbox outbox;
        PeerStore peer_store;
        int meet_error;       /* that was last logged */
        int signals;          /* a signalfd */
        bool refused;         /* what was asked for cannot be, and it was said */
        MetricsHttp *metrics; /* NULL: not served */
        Arena arena;          /* of one turn */
        Arena settings; /* never closed: a thread that hangs may still look at them when the process ends */
        uint64_t sequence;
        usec_t alive_every; /* what the service manager waits for; 0: nothing */
        usec_t turned;      /* monotonic: when the last turn began */
        bool alarm_waiting; /* a grade has risen, and nobody knows yet */
        uint32_t n_graded;
        struct {
                char device[256];
                int64_t grade;
        } graded[GRADED_MAX]; /* faults of the last report, by what it says alone */
        CollectorLog log;
} Agent;

static bool local_wants(const Collector *c, const void *arg) {
        const AgentOptions *o = arg;

        return (c->runs & RUNS_ON_HOST) && !(c->runs & RUNS_REMOTE) && collector_is_named(c, o->collectors);
}

static bool worker_is_wanted(const AgentOptions *o) {
        CollectorSet all = collectors_all();

        if (o->root && !o->uri)
                return false;
        for (uint32_t i = 0; i < all.n; i++)
                if ((all.collectors[i]->runs & RUNS_ON_HOST) && (all.collectors[i]->runs & RUNS_REMOTE) &&
                    collector_is_named(all.collectors[i], o->collectors))
                        return true;
        return false;
}

/* ---- opening and closing ---- */
static int agent_name(Agent *g) {
        if (g->options->host)
                (void) snprintf(g->host, sizeof(g->host), "%s", g->options->host);
        else if (gethostname(g->host, sizeof(g->host) - 1) < 0)
                return -errno;
        return text_is_name(g->host, strlen(g->host)) ? 0 : -EINVAL;
}

static int worker_open(Agent *g) {
        const AgentOptions *o = g->options;
        const LibvirtWorkerOptions worker = { .uri = o->uri ? o->uri : "qemu:///system",
                                              .root = g->env.root,
                                              .advertise = o->advertise,
                                              .settings = g->env.settings,
                                              .only = o->collectors,
                                              .runs = RUNS_ON_HOST };

        return worker_is_wanted(o) ? libvirt_worker_new(&worker, &g->worker) : 0;
}

static int settings_open(Agent *g, const AgentOptions *o) {
        TextFault fault; /* the options were checked */
        int r = arena_open(SETTINGS_BYTES, &g->settings);

        return r < 0 ? r
                     : collector_settings_new(&g->settings, o->sets.at, o->sets.n, &g->env.settings, &fault);
}

extern const Collector collector_peers;

/* Agents without a store meet nobody. */
static int peer_store_start(Agent *g, const AgentOptions *o) {
        const CollectorEnv *env = &g->env;
        TextFault fault = { 0 };
        int r;

        const char *address = collector_text(env, &collector_peers, "address");
        char quoted[400];

        if (!o->redis || o->root || !collector_is_named(&collector_peers, o->collectors))
                return 0;
        r = peer_store_open(&g->peer_store, address, collector_int(env, &collector_peers, "port"),
                            o->advertise, collector_text(env, &collector_peers, "key_file"), &fault);
        if (r == -EINVAL && strcmp(fault.field, "--advertise") == 0) {
                log_event(LOG_WARNING, "peers.no_address", "why=%s",
                          log_quote(fault.what, quoted, sizeof(quoted)));
                r = 1;
        }
        if (r == -EINVAL) {
                (void) out_say(stderr, "plimsoll-agent: %s: %s\n", fault.field, fault.what);
                g->refused = true;
        }
        g->env.peer_store = r == 0 ? &g->peer_store : NULL;
        return r < 0 ? r : 0;
}

/* Partners for the echo, now and then. */
static void agent_meet(Agent *g) {
        int r;

        if (!g->env.peer_store || !g->outbox.store || g->outbox.away ||
            run_set_is_busy(&g->local, &collector_peers)) /* which looks into the peer store */
                return;
        r = peer_store_meet(&g->peer_store, g->outbox.store, g->host, clock_monotonic());
        if (r < 0 && r != g->meet_error) {
                char quoted[400];

                log_event(LOG_WARNING, "peers.not_met", "error=%s why=%s", strerrorname_np(-r),
                          log_quote(store_error(g->outbox.store), quoted, sizeof(quoted)));
        }
        g->meet_error = r;
}

static int signals_open(void) {
        sigset_t ends;
        int fd;

        (void) sigemptyset(&ends);
        (void) sigaddset(&ends, SIGTERM);
        (void) sigaddset(&ends, SIGINT);
        fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

/* Once: which collectors are asked for and not possible here. */
static void absent_log(const Agent *g) {
        CollectorSet all = collectors_all();
        char names[512] = "";
        size_t n = 0;

        for (uint32_t i = 0; i < all.n; i++) {
                const Collector *c = all.collectors[i];

                if (local_wants(c, g->options) && !run_set_has(&g->local, c) && n < sizeof(names))
                        n += (size_t) snprintf(names + n, sizeof(names) - n, "%s%s", n > 0 ? "," : "",
                                               c->name);
        }
        if (n > 0)
                log_event(LOG_INFO, "collectors.absent",
                          "collectors=%s why=\"no such device or tool on this host\"", names);
}

static int metrics_open(Agent *g, const AgentOptions *o) {
        TextFault fault = { 0 };
        char quoted[400];
        int r = o->metrics ? metrics_http_open(o->metrics, &g->metrics, &fault) : 0;

        if (r < 0)
                log_event(LOG_ERROR, "metrics.refused", "error=%s",
                          log_quote(fault.what, quoted, sizeof(quoted)));
        return r;
}

static int agent_open(Agent *g, const AgentOptions *o) {
        const StoreOptions store = { .url = o->redis,
                                     .cluster = o->cluster ? o->cluster : "default",
                                     .timeout = STORE_TIMEOUT };
        const RunChoice choice = {
                .all = collectors_all(), .wanted = local_wants, .arg = o, .patience = HANGS_AFTER
        };
        int r;

        *g = (Agent){ .options = o };
        g->signals = signals_open();
        if (g->signals < 0)
                return g->signals;
        g->interval = o->interval > 0 ? o->interval : o->once ? INTERVAL_ONCE : INTERVAL_DEFAULT;
        r = agent_name(g);
        if (r < 0)
                return r;
        g->env = (CollectorEnv){ .root = o->root ? o->root : "", .uri = o->advertise, .self = g->host };
        if (o->redis)
                outbox_open(&g->outbox, &store, store_report_expiry(g->interval),
                            (uint64_t) clock_now() ^ (uint64_t) getpid() << 32);
        r = settings_open(g, o);
        if (r == 0)
                r = arena_open(REPORT_BYTES, &g->arena);
        if (r == 0)
                r = peer_store_start(g, o);
        if (r == 0)
                r = run_set_open(&g->local, &choice, &g->env);
        if (r == 0)
                r = metrics_open(g, o);
        return r < 0 ? r : worker_open(g);
}

/* False: a collector hangs, and may still look at what is here when the process ends. */
static bool agent_close(Agent *g) {
        g->metrics = metrics_http_free(g->metrics);
        g->worker = libvirt_worker_free(g->worker);
        outbox_close(&g->outbox);
        if (!run_set_close(&g->local))
                return false;
        peer_store_close(&g->peer_store);
        if (g->signals >= 0)
                (void) close(g->signals);
        arena_close(&g->arena);
        return true;
}

/* ---- one turn ---- */
static void agent_read(Agent *g, usec_t wait) {
        usec_t now = clock_monotonic();

        g->turned = now;
        if (g->worker)
                libvirt_worker_start(g->worker);
        run_set_read(&g->local, &g->env, now);
        if (g->worker)
                (void) libvirt_worker_wait(g->worker, now + wait);
}

/* What the agent itself has to say, whichever collectors it runs: of them, and the host's labels. */
static int agent_section(Agent *g, Section *ret) {
        SampleList list = sample_list_over(&g->arena);
        const char *labels = host_labels_text(&g->arena, &g->options->labels);
        int r = labels ? 0 : -ENOMEM;

        if (r == 0 && *labels)
                r = emit_text(&list.sink, METRIC_HOST_LABELS, "", labels);
        if (r == 0)
                r = collector_log_emit(&g->log, &g->arena, &list.sink);
        *ret = (Section){ .collector = "agent", .read_at = clock_now() };
        sample_list_end(&list, ret);
        return r;
}

static int agent_report_make(Agent *g, Report *ret) {
        Section *all = arena_new(&g->arena, Section, SECTIONS_MAX);
        LibvirtWorkerState worker = { .words = "" };
        int n, r;

        if (!all)
                return -ENOMEM;
        assert(g->local.n < SECTIONS_MAX / 2);
        n = run_set_sections(&g->local, &g->arena, all);
        if (n < 0)
                return n;
        if (g->worker) {
                r = libvirt_worker_state(g->worker, &g->arena, PATIENCE, &worker);
                if (r < 0)
                        return r;
        }
        assert((size_t) n + worker.n_sections < SECTIONS_MAX);
        if (worker.n_sections > 0)
                memcpy(all + n, worker.sections, worker.n_sections * sizeof(Section));
        for (uint32_t i = 0; i < (uint32_t) n + worker.n_sections; i++)
                collector_log_note(&g->log, &all[i], i < (uint32_t) n ? "" : worker.words);
        n += (int) worker.n_sections;
        if (agent_section(g, &all[n]) < 0)
                return -ENOMEM;
        n += all[n].n_samples > 0;
        *ret = (Report){ .host = g->host,
                         .sent_at = clock_now(),
                         .sequence = ++g->sequence,
                         .interval = g->interval,
                         .sections = all,
                         .n_sections = (uint32_t) n };
        return 0;
}

static int report_show(Agent *g, const Report *report) {
        const char *text =
                g->options->json ? report_json(&g->arena, report) : report_table(&g->arena, report);

        if (!text)
                return -ENOMEM;
        if (g->options->json)
                out_json(stdout, text, strlen(text));
        else
                out_lines(stdout, text);
        return fflush(stdout) != 0 || ferror(stdout) ? -EIO : 0;
}

/* Beside the report, for the service between its rounds. One that is lost is made up for by the next. */
static void pulse_send(Agent *g, const Report *report) {
        char text[PULSE_SIZE];
        Pulse pulse;

        pulse_of_report(report, &pulse);
        if (store_put_pulse(g->outbox.store, g->host, text, pulse_print(&pulse, text)) < 0)
                log_event(LOG_DEBUG, "pulse.lost", "host=%s", g->host);
}

/* 0; 1: it waits for Redis; negative errno. */
static int report_send(Agent *g, const Report *report) {
        TextFault fault = { 0 };
        const char *text;
        size_t n;
        int r = report_print(&g->arena, report, &text, &n);

        if (r == 0)
                r = outbox_put(&g->outbox, text, n);
        if (r == 0)
                r = outbox_send(&g->outbox, g->host, clock_monotonic(), &fault);
        if (r == -EINVAL)
                (void) out_say(stderr, "plimsoll-agent: --redis: %s\n", fault.what);
        if (r == 0)
                pulse_send(g, report);
        return r;
}

static int report_serve(Agent *g, const Report *report) {
        const char *text;
        size_t n;
        int r = metrics_text(&g->arena, report, &text, &n);

        return r < 0 ? r : metrics_http_put(g->metrics, text, n);
}

static int64_t grade_before(const Agent *g, const char *device) {
        for (uint32_t i = 0; i < g->n_graded; i++)
                if (strcmp(g->graded[i].device, device) == 0)
                        return g->graded[i].grade;
        return 0;
}

/* When this host has got worse a round should not wait for its turn. What is remembered of it the scheduler
 * has; levels alone are enough to call for a look. */
static int grade_watch(Agent *g, const Report *report) {
        FaultInput in = { .report = report, .now = report->sent_at };
        FaultOutput out;
        int r = fault_grade(&g->arena, &in, &out);

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < out.n_faults; i++)
                g->alarm_waiting |= out.faults[i].grade >= FAULT_ALARM_FROM &&
                                    out.faults[i].grade > grade_before(g, out.faults[i].device);
        g->n_graded = 0;
        for (uint32_t i = 0; i < out.n_faults && g->n_graded < GRADED_MAX; i++)
                if (out.faults[i].grade >= FAULT_ALARM_FROM) {
                        (void) snprintf(g->graded[g->n_graded].device, sizeof(g->graded[0].device), "%s",
                                        out.faults[i].device);
                        g->graded[g->n_graded++].grade = out.faults[i].grade;
                }
        return 0;
}

static void alarm_raise(Agent *g) {
        if (g->alarm_waiting && g->outbox.store && !g->outbox.away &&
            store_raise_alarm(g->outbox.store, g->host, clock_now()) == 0)
                g->alarm_waiting = false;
}

static int agent_report(Agent *g) {
        Report report;
        int r;

        arena_rewind(&g->arena, 0);
        r = agent_report_make(g, &report);
        if (r == 0 && g->options->print)
                r = report_show(g, &report);
        if (r == 0 && g->metrics)
                r = report_serve(g, &report);
        if (r == 0)
                r = grade_watch(g, &report);
        if (r == 0 && g->options->redis)
                r = report_send(g, &report);
        return r;
}

/* ---- the loop ---- */
/* Sleeps until then, but for what cannot wait so long; true when a signal asks to end. */
static bool agent_sleep(Agent *g, usec_t until) {
        for (;;) {
                struct pollfd fds[WATCHED_MAX] = { { .fd = g->signals, .events = POLLIN } };
                uint32_t n = 1 + run_set_watched(&g->local, fds + 1, WATCHED_MAX - 1);
                const usec_t left = until - clock_monotonic(),
                             slice = g->alive_every > 0 && left > g->alive_every ? g->alive_every : left;
                const struct timespec t = { .tv_sec = slice > 0 ? slice / USEC_PER_SEC : 0,
                                            .tv_nsec = slice > 0 ? slice % USEC_PER_SEC * 1000 : 0 };
                int ready = ppoll(fds, n, &t, NULL);

                if (ready == 0 && slice < left) {
                        supervisor_alive();
                        continue;
                }
                if (ready == 0)
                        return false;
                if (ready > 0 && fds[0].revents != 0)
                        return true;
                if (ready > 0 && run_set_ready(&g->local, &g->env, fds + 1, n - 1)) {
                        usec_t soon = g->turned + EAGER; /* not more often, however much there is to tell */

                        until = soon < until ? soon : until;
                }
                if (left <= 0)
                        return false;
        }
}

/* Tools that collectors started are given time to answer. True when a signal asks to end. */
static bool tools_await(Agent *g) {
        usec_t until = clock_monotonic() + TOOLS_PATIENCE;

        while (run_set_waits(&g->local) && clock_monotonic() < until) {
                if (agent_sleep(g, clock_monotonic() + TOOLS_GLANCE))
                        return true;
                run_set_read_waiting(&g->local, &g->env, clock_monotonic());
        }
        return false;
}

/* Two readings, so that rates are there. */
static int agent_once(Agent *g) {
        int r;

        agent_read(g, PATIENCE);
        if (agent_sleep(g, clock_monotonic() + g->interval))
                return 1;
        agent_read(g, PATIENCE);
        if (tools_await(g))
                return 1;
        r = agent_report(g);
        return r == 0 ? 0 : r == -EINVAL ? 2 : 1;
}

/* What systemctl status shows: an agent whose reports arrive nowhere does not say that it reports. */
static const char *agent_status(bool away) {
        return away ? "does not reach Redis; why is in its log" : "reports";
}

static int agent_loop(Agent *g) {
        bool away = false;
        usec_t wait = g->interval / 2 < WAIT_MOST ? g->interval / 2 : WAIT_MOST;
        usec_t next = clock_monotonic();

        do {
                usec_t now;
                int r;

                agent_read(g, wait);
                r = agent_report(g);
                alarm_raise(g);
                agent_meet(g);
                if (r == -EINVAL)
                        return 2;
                if (r < 0) {
                        log_event(LOG_ERROR, "agent.failed", "error=%s", strerrorname_np(-r));
                        return 1;
                }
                now = clock_monotonic();
                if (g->turned < next) /* it came early: something could not wait */
                        next = g->turned;
                next += g->interval;
                if (next < now) /* a turn took too long, or the machine slept: no hurry to catch up */
                        next = now;
                if (g->sequence == 1)
                        supervisor_ready(agent_status(g->outbox.away));
                else if (away != g->outbox.away)
                        supervisor_status(agent_status(g->outbox.away));
                away = g->outbox.away;
                supervisor_alive();
        } while (!agent_sleep(g, next));
        return 0;
}

int agent_run(const AgentOptions *o) {
        Agent *g = malloc(sizeof(*g));
        int r = g ? agent_open(g, o) : -ENOMEM, status = 1;

        if (r < 0 && g && g->refused) {
                status = 2; /* it was said why */
        } else if (r < 0) {
                log_event(LOG_ERROR, "agent.failed", "error=%s", strerrorname_np(-r));
        } else if (o->once) {
                status = agent_once(g);
        } else {
                if (o->redis)
                        log_event(LOG_INFO, "agent.started",
                                  "host=%s cluster=%s interval_s=%.1f collectors=%u", g->host,
                                  g->outbox.options.cluster, (double) g->interval / (double) USEC_PER_SEC,
                                  (unsigned) run_set_size(&g->local));
                if (o->redis)
                        absent_log(g);
                if (o->redis && !o->advertise)
                        log_event(
                                LOG_WARNING, "agent.no_advertise",
                                "why=\"the service cannot reach this host's libvirt; give --advertise URI\"");
                g->alive_every = supervisor_alive_every();
                status = agent_loop(g);
                supervisor_stopping("ends");
                log_event(LOG_INFO, "agent.ended", "host=%s reports=%llu", g->host,
                          (unsigned long long) g->sequence);
        }
        if (!g || agent_close(g))
                free(g);
        return status;
}
