/* SPDX-License-Identifier: Apache-2.0 */
/* The whole service in a world that is drawn from one seed: hosts, VMs, loads, faults, operators. Services are those of
 * plimsolld, by their ServiceWorld; the store is a real redis-server whose clock is ours (tests/integration/redis_clock.c).
 *
 * One actor runs at a time: the world, which reports, breaks and checks, or a life of a service. Time passes only while all
 * sleep. One seed draws one cluster and one schedule of faults; that what follows is the same bytes, --twice asks (the
 * store looks for new hosts by real time: here, each time).
 *
 * Units: usec_t, in microseconds; MiB and thousandths of a core by suffix. Owner: one world a process; what it takes goes with
 * it. Errors: what must not be ends the process (violation()). Threads: the actors, one at a time.
 */
#pragma once

#include <stdatomic.h>
#include <stdio.h>

#include "scheduler/app/service/service_cluster.h"
#include "scheduler/base/prng.h"
#include "scheduler/model/cluster.h"

#define BEGIN  (INT64_C(1767225600) * USEC_PER_SEC) /* 2026-01-01 */
#define SECOND USEC_PER_SEC
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum {
        SIM_HOSTS = 40,
        SIM_VMS = 800,
        SIM_FAULTS = 400,
        SIM_MOVES = 20000,
        SERVICES = 2,
        SIM_LIVES = 120,
        GROUP = 3
};

/* name, what it is in the table that is printed */
#define FAULT_KINDS                                                                                          \
        X(REPORTS_LATE, "reports delayed")                                                                   \
        X(REPORTS_LOST, "reports lost")                                                                      \
        X(REPORTS_AGAIN, "reports repeated, out of order")                                                   \
        X(SERVICE_CLOCK, "clock of a service jumps")                                                         \
        X(AGENT_CLOCK, "clock of a host jumps")                                                              \
        X(STORE_READ_ONLY, "Redis is read-only")                                                             \
        X(STORE_DOWN, "Redis is down")                                                                       \
        X(STORE_FORGETS, "Redis loses its last seconds")                                                     \
        X(STORE_EMPTY, "Redis loses all")                                                                    \
        X(STORE_APART, "Redis is cut off from a service")                                                    \
        X(STORE_SLOW, "Redis is slow for a service")                                                         \
        X(HOST_CRASH, "host crashes and returns")                                                            \
        X(HOST_FAULT, "disk of a host degrades")                                                             \
        X(MOVES_FAIL, "migrations fail")                                                                     \
        X(MOVES_UNCLEAR, "reply of Finish is lost")                                                          \
        X(MOVES_HANG, "migrations hang")                                                                     \
        X(VM_STUCK, "VM cannot be migrated")                                                                 \
        X(LEADER_KILLED, "leader is killed")                                                                 \
        X(LEADER_FROZEN, "leader is suspended")                                                              \
        X(MAINTENANCE, "operator: maintenance")                                                              \
        X(CORDON, "operator: cordon")                                                                        \
        X(STOP, "operator: stop")                                                                            \
        X(BY_HAND, "operator: moves a VM by hand")

typedef enum SimFaultKind {
#define X(name, words) SIM_##name,
        FAULT_KINDS
#undef X
                SIM_FAULT_N
} SimFaultKind;
extern const char *const fault_words[SIM_FAULT_N];

/* name, its name on the command line, the law that it breaks */
#define MUTANTS                                                                                              \
        X(NONE, "", "")                                                                                      \
        X(ALL_ADMITTED, "all-admitted", "not-admitted")                                                      \
        X(MARKS_UNREAD, "marks-unread", "closed")                                                            \
        X(FAULTS_UNSAID, "faults-unsaid", "failing")                                                         \
        X(MEMORY_OVERSTATED, "memory-overstated", "capacity")                                                \
        X(RULES_UNREAD, "rules-unread", "rule")                                                              \
        X(NO_LIMITS, "no-limits", "limits")                                                                  \
        X(MOVES_UNSEEN, "moves-unseen", "twice")                                                             \
        X(STOP_UNREAD, "stop-unread", "stop")                                                                \
        X(INTENT_UNWRITTEN, "intent-unwritten", "journal")                                                   \
        X(NOTHING_LEAVES, "nothing-leaves", "leaves")                                                        \
        X(DONE_IS_A_LIE, "done-is-a-lie", "truth")                                                           \
        X(LOADS_SWING, "loads-swing", "rest")

typedef enum Mutant {
#define X(name, words, law) MUTANT_##name,
        MUTANTS
#undef X
                MUTANT_N
} Mutant;

typedef struct SimFault {
        SimFaultKind kind;
        usec_t at, lasts;
        uint32_t draw;      /* whom it concerns */
        bool dropped, open; /* dropped: not in this run; open: it has begun */
        uint32_t target;    /* whom it concerned */
} SimFault;

typedef struct SimHost {
        char name[16];
        int64_t cpus, mib;
        bool up, outsider;    /* outsider: it reports, and nobody admitted it */
        int64_t clock;        /* its clock is so far ahead */
        usec_t late;          /* its reports come so much later */
        bool lost, again;     /* … not at all; … twice */
        bool failing;         /* a device of grade 4, as its agent reports */
        usec_t failing_since; /* 0: its report has not come yet */
        usec_t replaced;      /* when an operator says that the disk is new; 0: never */
        usec_t read_at;       /* of its report that came last, by the world's clock */
        usec_t came_at;       /* when that came */
        usec_t foreign_at;    /* somebody else changed which VMs it has */
        HostState mark;
        usec_t marked_at;
} SimHost;

typedef struct SimVm {
        char name[16], uuid[40];
        int64_t vcpus, mib, base_mcores;
        uint32_t phase, group; /* of its day, in permille; of those that are kept apart, 0: none */
        uint32_t host;
        bool stuck;   /* cannot be migrated */
        bool running; /* false: its host crashed */
        int32_t move; /* under way; -1: none */
        usec_t foreign_at;
} SimVm;

typedef enum SimEnd { END_DONE, END_FAILS, END_UNCLEAR, END_HANGS, END_REFUSED } SimEnd;

typedef struct SimMove {
        uint32_t vm, from, to;
        int life; /* of the service that began it */
        usec_t at, ends;
        SimEnd end;
        int64_t bytes;
        MigrationStatus status;
} SimMove;

/* What the parent is told. */
typedef struct Result {
        char violation[800]; /* "": none */
        usec_t simulated;
        uint32_t hosts, vms, moves, done;
        uint64_t events, calls, digest; /* calls: of services to the store; how many hangs on real time */
        uint32_t faults[SIM_FAULT_N];
} Result;

typedef struct World {
        uint64_t seed;
        const char *dir;
        usec_t end, quiet; /* since the epoch; from quiet on nothing breaks */
        Prng chance;
        Mutant mutant;
        uint32_t n_hosts, n_vms, n_faults, n_moves;
        SimHost hosts[SIM_HOSTS + 1];
        SimVm vms[SIM_VMS];
        SimFault faults[SIM_FAULTS];
        SimMove moves[SIM_MOVES];
        int fails, unclear, hangs; /* how many faults of the kind are open */
        Store *store;              /* the world's own */
        Arena arena;               /* scratch of the world */
        bool store_up, checking;
        bool stopped;
        usec_t stopped_at;
        usec_t forgot_at;      /* the store lost something; 0: never */
        bool apart[SERVICES];  /* from the store */
        usec_t slow[SERVICES]; /* each call may take so long */
        int64_t clock_of[SERVICES];
        int life_of[SERVICES]; /* -1: none */
        usec_t last_start;
        Result result;
} World;
extern World world;

void violation(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void must(bool good, const char *what); /* of the world itself: not a finding */

/* ---- time ---- */
void sim_time_open(const char *dir);
usec_t sim_now(void);
int sim_actor_new(usec_t wakes);
void sim_actor_begin(int actor); /* in its thread: waits for its first turn */
void sim_actor_dies(int actor);  /* it gets no turn any more */
void sim_actor_freeze(int actor, usec_t until);
int sim_actor(void); /* who runs; 0: the world */
void sim_sleep(usec_t d);

/* ---- what happens when ---- */
typedef enum EventKind {
        EVENT_REPORT,
        EVENT_ARRIVES,
        EVENT_MOVE,
        EVENT_FAULT,
        EVENT_OVER,
        EVENT_TICK
} EventKind;
typedef struct Event {
        usec_t at;
        uint64_t number;
        EventKind kind;
        uint32_t who;
        void *what;
} Event;
void event_put(usec_t at, EventKind kind, uint32_t who, void *what);
bool event_take(Event *ret); /* the next that is due by now */
usec_t event_next(void);

/* ---- the parts ---- */
void cluster_draw(uint32_t hosts, uint32_t vms); /* 0: drawn */
void cluster_write_settings(const char *path);
int64_t vm_mcores(const SimVm *vm, usec_t at);
int64_t host_used_mib(uint32_t h); /* of VMs that are there or on their way to it */
int host_by_name(const char *name);
int vm_by_name(const char *name);

void agent_reads(uint32_t h);
void agent_arrives(void *report);

int sim_executor_open(int life, Executor *ret);
void move_ends(uint32_t number);
void moves_of_crashed(uint32_t h);
int sim_look(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret);

void redis_begin_server(void);
void redis_end_server(void);
void redis_loses(bool all);
void redis_note_size(void);
void redis_read_only(bool on);

void faults_draw(uint32_t an_hour);
void fault_begins(uint32_t i);
void fault_ends(uint32_t i);
void operator_restores(void); /* what operators said stands in the store, also where that lost it */

void service_begin(int number);
void service_kill(int number);
int service_leader(void); /* its number; -1: nobody */
const char *life_name(int life);
int life_number(int life); /* actor: life + 1 */

bool mutant_by_name(const char *name, Mutant *ret);
const char *mutant_name(Mutant mutant);
void mutants_print(void); /* a line each: the law, the name */

void check_start(const MigrationRequest *request, int life);
void check_rest(void);
