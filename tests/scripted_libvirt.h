/* SPDX-License-Identifier: Apache-2.0 */
/* A libvirt that answers by a script and writes down what it was asked: two hosts, "h1" and "h2", and one VM. Any call can be
 * made to fail, with any code, the first time or a later one. No time passes but what the script says, and one thread runs at a
 * time: the call that migrates gives way to whoever watches it until the script has it end. So the same script makes the same
 * calls, in the same order, at the same moments.
 *
 * The functions stand in the test program itself; the clock, threads, connections, the hub's lock and its wait are wrapped at the linker
 * (tests.cmake), between the files of the executor and what they stand on. For one test program.
 */
#pragma once

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/act/libvirt/migration_job.h"
#include "scheduler/base/prng.h"

#define SCRIPT_UUID  "11111111-2222-3333-4444-555555555555"
#define SCRIPT_LOOKS 24

typedef struct ScriptSpot { /* the VM at one host, at one time */
        int state, reason;  /* VIR_DOMAIN_…; state -1: not there */
} ScriptSpot;

typedef struct ScriptLook { /* what one look at the job finds */
        int type;
        usec_t takes;
        unsigned long long total, left, iteration, rate, dirty;
        int64_t limit; /* what it may take from now on; 0: nobody says so */
        bool stop, poll;
} ScriptLook;

typedef struct Script {
        ScriptSpot before[2], after[2],
                settled[2]; /* settled: once it has been asked `lag` times after it ended */
        unsigned lag;
        bool persistent[2], autostart, agent, job;
        unsigned late_agent; /* tries that it does not answer */
        unsigned long libvirt[2], qemu[2];
        const char *driver[2];
        const char *xml[2];
        const char *network, *pool, *directory, *volume; /* of the target */
        int network_active, pool_active, cpu, operation;
        unsigned long long rss_kib, info_kib, free_kib, lent_kib[2];
        int n_stats; /* of the host's memory */
        ScriptLook looks[SCRIPT_LOOKS];
        unsigned n_looks;      /* then it ends */
        bool deaf;             /* to an abort */
        int results[8];        /* of each call that migrates: 0, or a code */
        const char *says;      /* why it failed */
        const char *machine;   /* that answers at the target instead */
        unsigned stop_at_lock; /* who else calls it may do so between any two of its steps; 0: nobody does */
        unsigned stop_at_open, poll_at_open; /* the how manieth connection; 0: none */
        const char *fails;                   /* the call that does … */
        unsigned nth;                        /* … from then on, for `times` */
        unsigned times;
        int code;
} Script;

static Script script;
static FILE *said;
static usec_t script_now;
static int script_held;
static unsigned script_looked, script_migrations, script_asked_after, script_opened, script_agent_asked,
        script_locks;
static bool script_over, script_aborted;
static int script_locked; /* the hub: how often */
static Migration *script_migration;
static __thread int script_code;
static __thread char script_words[64];

static struct {
        const char *name;
        unsigned n;
} script_calls[64];

struct _virConnect {
        int host;
};
struct _virDomain {
        int host;
};
static struct _virConnect script_conns[2] = { { 0 }, { 1 } };
static struct _virDomain script_domains[2] = { { 0 }, { 1 } };

static inline void say(const char *fmt, ...) printf_like(1, 2);
static inline void say(const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        (void) vfprintf(said, fmt, ap);
        va_end(ap);
        (void) fputc(' ', said);
}

static inline int script_fail(int code, const char *words) {
        script_code = code;
        (void) snprintf(script_words, sizeof(script_words), "%s", words);
        return -1;
}

/* Whether this call is one that fails; it is written down in any case by who asks. */
static inline bool script_fails(const char *name) {
        size_t i = 0;

        script_code = VIR_ERR_OK;
        if (script_locked != 0)
                say("UNDER THE LOCK");
        while (script_calls[i].name && strcmp(script_calls[i].name, name) != 0)
                i++;
        script_calls[i].name = name;
        script_calls[i].n++;
        if (!script.fails || strcmp(script.fails, name) != 0 || script_calls[i].n < script.nth ||
            script_calls[i].n >= script.nth + script.times)
                return false;
        (void) script_fail(script.code, "it\nfailed");
        (void) fputc('!', said);
        return true;
}

static inline ScriptSpot script_spot(int host) {
        if (!script_over)
                return script.before[host];
        return script_asked_after > script.lag ? script.settled[host] : script.after[host];
}

static inline void script_poll(const char *when) {
        MigrationStatus s;

        migration_poll(script_migration, &s);
        say("%s[%s%s%s]", when, migration_phase_names[s.phase], s.message[0] ? ": " : "", s.message);
}

/* ---- what is wrapped ---- */

usec_t __wrap_clock_monotonic(void);
void __wrap_clock_sleep(usec_t d);
int __wrap_libvirt_thread(void *(*body)(void *), void *arg);
int __wrap_libvirt_connect(LibvirtAt at, usec_t at_most, virConnectPtr *ret, LibvirtFault *reterr);
bool __wrap_hub_wait(Hub *hub, usec_t until);
void __wrap_hub_lock(Hub *hub);
void __wrap_hub_unlock(Hub *hub);
void __real_hub_lock(Hub *hub);
void __real_hub_unlock(Hub *hub);

/* Of those who lock one another out only one runs: what is asked under the lock, or outside where it is needed, is seen. */
void __wrap_hub_lock(Hub *hub) {
        if (++script_locks == script.stop_at_lock && script_locked == 0 && script_migration) {
                say("stop");
                migration_stop(script_migration);
        }
        if (script_locked++ > 0)
                say("LOCKED TWICE");
        else
                __real_hub_lock(hub);
}

void __wrap_hub_unlock(Hub *hub) {
        if (--script_locked != 0)
                say("NOT LOCKED");
        else
                __real_hub_unlock(hub);
}

usec_t __wrap_clock_monotonic(void) {
        return script_now;
}

void __wrap_clock_sleep(usec_t d) {
        say("sleep:%lld", (long long) (d / USEC_PER_MSEC));
        script_now += d;
}

static pthread_t script_mover;
static bool script_mover_runs, script_mover_over;
static sem_t script_mover_waits, script_mover_goes;
static void *(*script_body)(void *);

static void *script_move(void *arg) {
        void *ret = script_body(arg);

        script_mover_over = true;
        (void) sem_post(&script_mover_waits);
        return ret;
}

/* The worker runs at once, in who starts it; the mover until it gives way, or has ended. */
int __wrap_libvirt_thread(void *(*body)(void *), void *arg) {
        if (script_fails("thread")) {
                say("thread");
                return -EAGAIN;
        }
        if (!script_migration) {
                script_migration = arg;
                (void) body(arg);
                return 0;
        }
        script_body = body;
        script_mover_over = false;
        (void) sem_init(&script_mover_waits, 0, 0);
        (void) sem_init(&script_mover_goes, 0, 0);
        if (pthread_create(&script_mover, NULL, script_move, arg) != 0)
                abort();
        script_mover_runs = true;
        (void) sem_wait(&script_mover_waits);
        if (script_mover_over) {
                (void) pthread_join(script_mover, NULL);
                script_mover_runs = false;
        }
        return 0;
}

static inline void script_mover_end(Hub *hub) {
        if (!script_mover_runs)
                return;
        hub_unlock(hub);
        (void) sem_post(&script_mover_goes);
        (void) pthread_join(script_mover, NULL);
        script_mover_runs = false;
        hub_lock(hub);
}

bool __wrap_hub_wait(Hub *hub, usec_t until) {
        const bool unlocked = script_locked != 1,
                   ends = script_looked >= script.n_looks || (script_aborted && !script.deaf);

        if (unlocked)
                say("NOT LOCKED");
        if (script_mover_runs && ends) {
                script_mover_end(hub);
                return true;
        }
        say("wait:%lld", (long long) ((until - script_now) / USEC_PER_MSEC));
        script_now = until > script_now ? until : script_now;
        if (script_looked < SCRIPT_LOOKS && script.looks[script_looked].stop && !script_mover_runs) {
                say("stop");
                script_migration->stop_asked = true;
        }
        return false;
}

int __wrap_libvirt_connect(LibvirtAt at, usec_t at_most, virConnectPtr *ret, LibvirtFault *reterr) {
        const int h = strcmp(at.uri, "fake://h2") == 0;

        *reterr = (LibvirtFault){ 0 };
        script_now += 400 * USEC_PER_MSEC;
        if (++script_opened == script.stop_at_open) {
                say("stop");
                migration_stop(script_migration);
                script_now += 400 * USEC_PER_MSEC;
        }
        if (script_opened == script.poll_at_open)
                script_poll("poll");
        if (script_fails("open") || (h == 1 && script.machine && !script_over)) {
                say("open%d:%s", h + 1, at.machine ? at.machine : "");
                (void) snprintf(reterr->words, sizeof(reterr->words), "cannot be reached");
                if (script.machine)
                        (void) snprintf(reterr->machine, sizeof(reterr->machine), "%s", script.machine);
                return script.machine ? -EREMCHG : -EIO;
        }
        say("open%d:%lld%s", h + 1, (long long) (at_most / USEC_PER_MSEC), at.machine ? at.machine : "");
        script_held++;
        *ret = &script_conns[h];
        return 0;
}

/* ---- connections, and what a host has ---- */

int virConnectClose(virConnectPtr conn) {
        say("close%d", conn->host + 1);
        script_held--;
        return 0;
}
int virGetLastErrorCode(void) {
        return script_code;
}
const char *virGetLastErrorMessage(void) {
        return script_words;
}
const char *virConnectGetType(virConnectPtr conn) {
        return script_fails("type") ? NULL : script.driver[conn->host];
}
int virConnectGetLibVersion(virConnectPtr conn, unsigned long *version) {
        say("libvirt%d", conn->host + 1);
        *version = script.libvirt[conn->host];
        return script_fails("libvirt") ? -1 : 0;
}
int virConnectGetVersion(virConnectPtr conn, unsigned long *version) {
        say("qemu%d", conn->host + 1);
        *version = script.qemu[conn->host];
        return script_fails("qemu") ? -1 : 0;
}
int virConnectCompareHypervisorCPU(virConnectPtr conn, const char *emulator, const char *arch,
                                   const char *machine, const char *type, const char *xml, unsigned flags) {
        say("cpu%d:%s,%s,%s,%s,%zu,%u", conn->host + 1, emulator ? emulator : "", arch ? arch : "",
            machine ? machine : "", type, strlen(xml), flags);
        return script_fails("cpu") ? VIR_CPU_COMPARE_ERROR : script.cpu;
}
int virNodeGetMemoryStats(virConnectPtr conn, int cell, virNodeMemoryStatsPtr params, int *n,
                          unsigned flags) {
        static const char *const fields[] = { VIR_NODE_MEMORY_STATS_TOTAL, VIR_NODE_MEMORY_STATS_FREE,
                                              VIR_NODE_MEMORY_STATS_BUFFERS, VIR_NODE_MEMORY_STATS_CACHED };

        say("memory%d:%d,%d,%u", conn->host + 1, cell, *n, flags);
        if (script_fails("memory"))
                return -1;
        if (*n == 0) {
                *n = script.n_stats;
                return 0;
        }
        for (int i = 0; i < *n; i++) {
                (void) snprintf(params[i].field, sizeof(params[i].field), "%s", i < 4 ? fields[i] : "other");
                params[i].value = i == 0   ? 256 << 20
                                  : i == 1 ? script.free_kib
                                  : i < 4  ? script.lent_kib[i - 2]
                                           : 1 << 30;
        }
        return 0;
}
virNetworkPtr virNetworkLookupByName(virConnectPtr conn, const char *name) {
        say("network%d:%s", conn->host + 1, name);
        if (script_fails("network"))
                return NULL;
        if (!script.network || strcmp(script.network, name) != 0) {
                (void) script_fail(VIR_ERR_NO_NETWORK, "no such network");
                return NULL;
        }
        script_held++;
        return (virNetworkPtr) &script.network;
}
int virNetworkIsActive(virNetworkPtr network) {
        (void) network;
        return script_fails("network-active") ? -1 : script.network_active;
}
int virNetworkFree(virNetworkPtr network) {
        (void) network;
        script_held--;
        return 0;
}
virStoragePoolPtr virStoragePoolLookupByName(virConnectPtr conn, const char *name) {
        say("pool%d:%s", conn->host + 1, name);
        if (script_fails("pool"))
                return NULL;
        if (!script.pool || strcmp(script.pool, name) != 0) {
                (void) script_fail(VIR_ERR_NO_STORAGE_POOL, "no such pool");
                return NULL;
        }
        script_held++;
        return (virStoragePoolPtr) &script.pool;
}
int virStoragePoolIsActive(virStoragePoolPtr pool) {
        (void) pool;
        return script_fails("pool-active") ? -1 : script.pool_active;
}
int virStoragePoolFree(virStoragePoolPtr pool) {
        (void) pool;
        script_held--;
        return 0;
}
int virConnectListAllStoragePools(virConnectPtr conn, virStoragePoolPtr **ret, unsigned flags) {
        say("pools%d:%u", conn->host + 1, flags);
        if (script_fails("pools"))
                return -1;
        *ret = calloc(3, sizeof(**ret));
        for (int i = 0; *ret && i < 2; i++)
                (*ret)[i] = (virStoragePoolPtr) (i == 0 ? &script.pool : &script.directory);
        script_held += 2;
        return 2;
}
char *virStoragePoolGetXMLDesc(virStoragePoolPtr pool, unsigned flags) {
        char *text = NULL;

        say("directory:%u", flags);
        if (script_fails("directory"))
                return NULL;
        return asprintf(&text, "<pool><target><path>%s</path></target></pool>",
                        (void *) pool == (void *) &script.pool ? "/elsewhere" : script.directory) < 0
                       ? NULL
                       : text;
}
virStorageVolPtr virStorageVolLookupByPath(virConnectPtr conn, const char *path) {
        say("volume%d:%s", conn->host + 1, path);
        if (script_fails("volume") || !script.volume || strcmp(script.volume, path) != 0)
                return NULL;
        script_held++;
        return (virStorageVolPtr) &script.volume;
}
int virStorageVolFree(virStorageVolPtr volume) {
        (void) volume;
        script_held--;
        return 0;
}

/* ---- the VM ---- */

static inline virDomainPtr script_domain(virConnectPtr conn, const char *by) {
        say("%s%d", by, conn->host + 1);
        script_asked_after += script_over;
        if (script_fails("lookup"))
                return NULL;
        if (script_spot(conn->host).state < 0) {
                (void) script_fail(VIR_ERR_NO_DOMAIN, "no such domain");
                return NULL;
        }
        script_held++;
        return &script_domains[conn->host];
}
virDomainPtr virDomainLookupByUUIDString(virConnectPtr conn, const char *uuid) {
        return script_domain(conn, strcmp(uuid, SCRIPT_UUID) == 0 ? "find" : "find-other");
}
virDomainPtr virDomainLookupByName(virConnectPtr conn, const char *name) {
        return script_domain(conn, strcmp(name, "vm") == 0 ? "name" : "name-other");
}
int virDomainFree(virDomainPtr domain) {
        say("let-go%d", domain->host + 1);
        script_held--;
        return 0;
}
int virDomainGetUUIDString(virDomainPtr domain, char *buf) {
        (void) domain;
        memcpy(buf, SCRIPT_UUID, sizeof(SCRIPT_UUID));
        return script_fails("uuid") ? -1 : 0;
}
int virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned flags) {
        say("state%d:%u", domain->host + 1, flags);
        *state = script_spot(domain->host).state;
        *reason = script_spot(domain->host).reason;
        return script_fails("state") ? -1 : 0;
}
int virDomainIsPersistent(virDomainPtr domain) {
        say("persistent%d", domain->host + 1);
        return script_fails("persistent") ? -1 : script.persistent[domain->host];
}
int virDomainIsActive(virDomainPtr domain) {
        return script_fails("active") ? -1 : script_spot(domain->host).state != VIR_DOMAIN_SHUTOFF;
}
int virDomainGetAutostart(virDomainPtr domain, int *ret) {
        (void) domain;
        *ret = script.autostart;
        return script_fails("autostart") ? -1 : 0;
}
int virDomainSetAutostart(virDomainPtr domain, int autostart) {
        say("set-autostart%d:%d", domain->host + 1, autostart);
        return script_fails("set-autostart") ? -1 : 0;
}
char *virDomainGetXMLDesc(virDomainPtr domain, unsigned flags) {
        say("xml%d:%u", domain->host + 1, flags);
        return script_fails("xml") ? NULL : strdup(script.xml[domain->host]);
}
int virDomainGetInfo(virDomainPtr domain, virDomainInfoPtr info) {
        (void) domain;
        *info = (virDomainInfo){ .memory = script.info_kib };
        return script_fails("info") ? -1 : 0;
}
int virDomainMemoryStats(virDomainPtr domain, virDomainMemoryStatPtr stats, unsigned n, unsigned flags) {
        say("guest-memory%d:%u,%u", domain->host + 1, n, flags);
        if (script_fails("guest-memory"))
                return -1;
        stats[0] = (virDomainMemoryStatStruct){ .tag = VIR_DOMAIN_MEMORY_STAT_SWAP_IN, .val = 7 };
        stats[1] = (virDomainMemoryStatStruct){ .tag = VIR_DOMAIN_MEMORY_STAT_RSS, .val = script.rss_kib };
        return script.rss_kib > 0 ? 2 : 1;
}
int virDomainAgentSetResponseTimeout(virDomainPtr domain, int timeout, unsigned flags) {
        (void) domain, (void) timeout;
        say("agent-timeout:%u", flags);
        return 0;
}
int virDomainGetTime(virDomainPtr domain, long long *seconds, unsigned *nseconds, unsigned flags) {
        (void) seconds, (void) nseconds;
        say("agent%d:%u", domain->host + 1, flags);
        return script.agent && script_agent_asked++ >= script.late_agent ? 0 : -1;
}

/* ---- its migration ---- */

int virDomainGetJobInfo(virDomainPtr domain, virDomainJobInfoPtr info) {
        say("job%d", domain->host + 1);
        *info = (virDomainJobInfo){ .type = script.job && !script_over ? VIR_DOMAIN_JOB_UNBOUNDED
                                                                       : VIR_DOMAIN_JOB_NONE };
        return script_fails("job") ? -1 : 0;
}

static inline void script_look(const ScriptLook *look) {
        script_now += look->takes;
        if (look->limit > 0) {
                say("limit:%lld", (long long) look->limit);
                migration_limit(script_migration, look->limit);
        }
        if (look->stop) {
                say("stop");
                migration_stop(script_migration);
        }
        if (look->poll)
                script_poll("poll");
}

int virDomainGetJobStats(virDomainPtr domain, int *type, virTypedParameterPtr *params, int *n,
                         unsigned flags) {
        const ScriptLook *look =
                &script.looks[script_looked < SCRIPT_LOOKS ? script_looked : SCRIPT_LOOKS - 1];
        int room = 0;

        say("\n  look%d:%u", domain->host + 1, flags);
        if (flags == 0) {
                script_looked++;
                script_look(look);
        }
        if (script_fails("look"))
                return -1;
        *type = look->type;
        *params = NULL;
        *n = 0;
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_DATA_TOTAL, look->total);
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_DATA_PROCESSED, look->total / 2);
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_DATA_REMAINING, look->left);
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_MEMORY_BPS, look->rate);
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE, look->dirty);
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, 4096);
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_MEMORY_ITERATION, look->iteration);
        (void) virTypedParamsAddInt(params, n, &room, VIR_DOMAIN_JOB_OPERATION, script.operation);
        if (flags & VIR_DOMAIN_JOB_STATS_COMPLETED)
                (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_DOWNTIME, 42);
        return 0;
}
int virDomainAbortJob(virDomainPtr domain) {
        say("abort%d", domain->host + 1);
        script_aborted = !script_fails("abort");
        return script_aborted ? 0 : -1;
}
int virDomainMigrateStartPostCopy(virDomainPtr domain, unsigned flags) {
        say("post-copy%d:%u", domain->host + 1, flags);
        return script_fails("post-copy") ? -1 : 0;
}
int virDomainMigrateSetMaxDowntime(virDomainPtr domain, unsigned long long downtime, unsigned flags) {
        say("pause%d:%llu,%u", domain->host + 1, downtime, flags);
        return script_fails("pause") ? -1 : 0;
}
int virDomainMigrateGetMaxSpeed(virDomainPtr domain, unsigned long *ret, unsigned flags) {
        say("speed%d:%u", domain->host + 1, flags);
        *ret = 777;
        return script_fails("speed") ? -1 : 0;
}
int virDomainMigrateSetMaxSpeed(virDomainPtr domain, unsigned long speed, unsigned flags) {
        say("set-speed%d:%lu,%u", domain->host + 1, speed, flags);
        return script_fails("set-speed") ? -1 : 0;
}
int virDomainMigrateToURI3(virDomainPtr domain, const char *uri, virTypedParameterPtr params, unsigned n,
                           unsigned flags) {
        int code;

        say("\n  migrate%d:%s,%u,%#x", domain->host + 1, uri, n, flags);
        for (unsigned i = 0; i < n; i++)
                if (params[i].type == VIR_TYPED_PARAM_STRING)
                        say("%s=%s", params[i].field, params[i].value.s);
                else
                        say("%s=%lld", params[i].field,
                            params[i].type == VIR_TYPED_PARAM_INT ? (long long) params[i].value.i
                                                                  : (long long) params[i].value.l);
        (void) sem_post(&script_mover_waits);
        (void) sem_wait(&script_mover_goes);
        code = script.results[script_migrations < ARRAY_SIZE(script.results)
                                      ? script_migrations
                                      : ARRAY_SIZE(script.results) - 1];
        script_migrations++;
        script_over = true;
        script_code = VIR_ERR_OK;
        say("\n  ended:%d", code);
        return code == 0 ? 0 : script_fail(code, script.says);
}
