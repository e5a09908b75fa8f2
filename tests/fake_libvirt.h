/* SPDX-License-Identifier: Apache-2.0 */
/* A libvirt for tests, below the executor: two hosts, "fake://h1" and "fake://h2", and one VM. It can be
 * slow, fail, hang, vanish or lie, at any call. Its functions stand in the test program itself, so that the
 * linker takes them before the library's: what is tested is the executor as it is. What is not faked here
 * (parameter lists, the event loop) is the library's own.
 *
 * For one test program: everything is static but what libvirt names.
 */
#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

#define FAKE_UUID    "11111111-2222-3333-4444-555555555555"
#define FAKE_MACHINE "aaaaaaaa-2222-3333-4444-555555555555"

typedef enum FakeEnd {
        FAKE_MOVES,
        FAKE_FAILS,            /* and it runs on the source */
        FAKE_HANGS,            /* until it is aborted */
        FAKE_DEAF,             /* … and then, too */
        FAKE_STALLS,           /* iteration after iteration; ends when switched to post-copy, or aborted */
        FAKE_SAYS_DONE,        /* but nothing has moved */
        FAKE_SAYS_FAILED,      /* but it has moved */
        FAKE_IS_LOST,          /* says failed, and it runs nowhere */
        FAKE_RUNS_TWICE,       /* says done, and it runs on both */
        FAKE_POST_COPY_DIES,   /* once switched over: paused on both */
        FAKE_POST_COPY_BREAKS, /* the same, and libvirt says why: it can be taken up again (`resumes`) */
        FAKE_TARGET_GONE,      /* fails, and the target does not answer any more */
} FakeEnd;

typedef struct FakeHost {
        int state;           /* of the VM: VIR_DOMAIN_…; -1: not there */
        int reason;          /* of the state */
        bool persistent;     /* defined there */
        bool refuses, hangs; /* connections */
        bool job;            /* the VM is busy with another job */
        int operation;       /* what its job is: VIR_DOMAIN_JOB_OPERATION_… */
        bool broken;         /* look-ups fail on an open connection */
        unsigned long libvirt, qemu;
        unsigned long long free_kib, lent_kib[2]; /* and to buffers, and to the page cache */
        const char *network;                      /* that is there; NULL: none */
        bool network_active;
        int cpu;            /* VIR_CPU_COMPARE_… */
        const char *pool;   /* directory of its pool; NULL: none */
        const char *volume; /* path that it has a volume at; NULL: none */
        bool agent, autostart, autostart_fails;
        const char *machine; /* its UUID; NULL: it says none */
} FakeHost;

typedef struct FakeWorld {
        FakeHost hosts[2];
        FakeEnd end;
        usec_t takes;
        const char *xml, *xml_after; /* of the VM; after: on the target, NULL: the same */
        bool is_aborted, is_switched;
        unsigned stats_read;
        /* what was asked */
        unsigned flags, aborts, switches, migrations, migrations_over;
        unsigned resumes; /* the how manieth try to take a broken post-copy up again works; 0: none */
        char params[512]; /* "bandwidth=8 parallel.connections=4 " */
        unsigned long long pauses[32];
        unsigned n_pauses;
        unsigned long speeds[32], speed; /* MiB/s that were set; the VM's own */
        unsigned n_speeds;
        unsigned long speed_post_copy; /* the same, once switched over */
        bool no_speed;                 /* it lets nobody set one */
} FakeWorld;

static FakeWorld fake;
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static int fake_objects; /* connections, domains, networks, pools, volumes that nobody has given back yet */
static __thread int fake_code;
static __thread char fake_words[128];

struct _virConnect {
        int host;
};
struct _virDomain {
        int host;
};

static const char fake_xml[] =
        "<domain type='kvm'><name>vm</name><os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
        "<cpu mode='custom'><model>Skylake-Server</model></cpu><devices><emulator>/usr/bin/qemu</emulator>"
        "<disk type='file' device='disk'><source file='/local/vm.qcow2'/><target dev='vda' "
        "bus='virtio'/></disk>"
        "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='blue' portid='a1' "
        "bridge='br0'/>"
        "<target dev='vnet0'/><filterref filter='clean-traffic'/><alias "
        "name='net0'/></interface></devices></domain>";

static inline void fake_begin(void) {
        const FakeHost host = { .state = -1,
                                .libvirt = 9000000,
                                .qemu = 7002000,
                                .free_kib = 8 << 20,
                                .network = "blue",
                                .network_active = true,
                                .cpu = VIR_CPU_COMPARE_SUPERSET,
                                .pool = "/local",
                                .machine = FAKE_MACHINE };

        fake = (FakeWorld){ .hosts = { host, host }, .takes = 50 * USEC_PER_MSEC, .xml = fake_xml };
        fake.hosts[0].state = VIR_DOMAIN_RUNNING;
        fake.speed = 1000000;
}

static inline int fake_fail(int code, const char *words) {
        fake_code = code;
        (void) snprintf(fake_words, sizeof(fake_words), "%s", words);
        return -1;
}

static inline void fake_count(int by) {
        (void) pthread_mutex_lock(&fake_lock);
        fake_objects += by;
        (void) pthread_mutex_unlock(&fake_lock);
}

static inline int fake_held(void) {
        int n;

        (void) pthread_mutex_lock(&fake_lock);
        n = fake_objects;
        (void) pthread_mutex_unlock(&fake_lock);
        return n;
}

static int fake_opening; /* connections that are being opened */

static inline void fake_waits(int by) {
        (void) pthread_mutex_lock(&fake_lock);
        fake_opening += by;
        (void) pthread_mutex_unlock(&fake_lock);
}

static inline int fake_waiting(void) {
        int n;

        (void) pthread_mutex_lock(&fake_lock);
        n = fake_opening;
        (void) pthread_mutex_unlock(&fake_lock);
        return n;
}

static inline int fake_running_on(void) { /* hosts it runs on, as bits */
        int bits = 0;

        (void) pthread_mutex_lock(&fake_lock);
        for (int h = 0; h < 2; h++)
                bits |= fake.hosts[h].state == VIR_DOMAIN_RUNNING ? 1 << h : 0;
        (void) pthread_mutex_unlock(&fake_lock);
        return bits;
}

/* As libvirt does: a flag that a call does not know is an error. */
#define FAKE_FLAGS(known)                                                                                    \
        do {                                                                                                 \
                if (flags & ~(unsigned) (known))                                                             \
                        return fake_fail(VIR_ERR_INVALID_ARG, "unsupported flags");                          \
        } while (0)

/* ---- connections ---- */

virConnectPtr virConnectOpen(const char *name) {
        int h = strcmp(name, "fake://h2") == 0;
        virConnectPtr conn;

        fake_waits(1);
        while (fake.hosts[h].hangs)
                clock_sleep(10 * USEC_PER_MSEC);
        fake_waits(-1);
        if (fake.hosts[h].refuses) {
                (void) fake_fail(VIR_ERR_NO_CONNECT, "connection refused");
                return NULL;
        }
        conn = calloc(1, sizeof(*conn));
        if (conn)
                conn->host = h;
        fake_count(1);
        return conn;
}
int virConnectClose(virConnectPtr conn) {
        fake_count(-1);
        free(conn);
        return 0;
}
char *virConnectGetCapabilities(virConnectPtr conn) {
        const char *machine = fake.hosts[conn->host].machine;
        char text[256];

        (void) snprintf(text, sizeof(text),
                        "<capabilities><host>%s%s%s<cpu><arch>x86_64</arch></cpu></host></capabilities>",
                        machine ? "<uuid>" : "", machine ? machine : "", machine ? "</uuid>" : "");
        return strdup(text);
}
int virConnectSetKeepAlive(virConnectPtr conn, int interval, unsigned count) {
        (void) conn, (void) interval, (void) count;
        return 0;
}
const char *virConnectGetType(virConnectPtr conn) {
        (void) conn;
        return "QEMU";
}
int virConnectGetLibVersion(virConnectPtr conn, unsigned long *version) {
        *version = fake.hosts[conn->host].libvirt;
        return 0;
}
int virConnectGetVersion(virConnectPtr conn, unsigned long *version) {
        *version = fake.hosts[conn->host].qemu;
        return 0;
}
int virGetLastErrorCode(void) {
        return fake_code;
}
const char *virGetLastErrorMessage(void) {
        return fake_words;
}

/* ---- the host ---- */

int virConnectCompareHypervisorCPU(virConnectPtr conn, const char *emulator, const char *arch,
                                   const char *machine, const char *type, const char *xml, unsigned flags) {
        (void) emulator, (void) arch, (void) machine, (void) type;
        FAKE_FLAGS(VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE | VIR_CONNECT_COMPARE_CPU_VALIDATE_XML);
        if (!strstr(xml, "Skylake-Server"))
                return fake_fail(VIR_ERR_XML_ERROR, "no CPU");
        if (fake.hosts[conn->host].cpu == VIR_CPU_COMPARE_ERROR)
                return fake_fail(VIR_ERR_NO_SUPPORT, "not supported");
        return fake.hosts[conn->host].cpu;
}
int virNodeGetMemoryStats(virConnectPtr conn, int cell, virNodeMemoryStatsPtr params, int *n,
                          unsigned flags) {
        static const char *const fields[] = { VIR_NODE_MEMORY_STATS_TOTAL, VIR_NODE_MEMORY_STATS_FREE,
                                              VIR_NODE_MEMORY_STATS_BUFFERS, VIR_NODE_MEMORY_STATS_CACHED };
        const FakeHost *h = &fake.hosts[conn->host];

        FAKE_FLAGS(0);
        if (cell != VIR_NODE_MEMORY_STATS_ALL_CELLS)
                return fake_fail(VIR_ERR_INVALID_ARG, "no such cell");
        if (*n == 0) {
                *n = ARRAY_SIZE(fields);
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                (void) snprintf(params[i].field, sizeof(params[i].field), "%s", fields[i]);
        params[0].value = 256 << 20;
        params[1].value = h->free_kib;
        params[2].value = h->lent_kib[0];
        params[3].value = h->lent_kib[1];
        return 0;
}
virNetworkPtr virNetworkLookupByName(virConnectPtr conn, const char *name) {
        FakeHost *h = &fake.hosts[conn->host];

        if (!h->network || strcmp(h->network, name) != 0) {
                (void) fake_fail(VIR_ERR_NO_NETWORK, "no such network");
                return NULL;
        }
        fake_count(1);
        return (virNetworkPtr) h;
}
int virNetworkIsActive(virNetworkPtr network) {
        return ((FakeHost *) network)->network_active;
}
int virNetworkFree(virNetworkPtr network) {
        (void) network;
        fake_count(-1);
        return 0;
}
virStoragePoolPtr virStoragePoolLookupByName(virConnectPtr conn, const char *name) {
        (void) conn, (void) name;
        (void) fake_fail(VIR_ERR_NO_STORAGE_POOL, "no such pool");
        return NULL;
}
int virStoragePoolIsActive(virStoragePoolPtr pool) {
        (void) pool;
        return 1;
}
int virStoragePoolFree(virStoragePoolPtr pool) {
        (void) pool;
        fake_count(-1);
        return 0;
}
int virConnectListAllStoragePools(virConnectPtr conn, virStoragePoolPtr **ret, unsigned flags) {
        FAKE_FLAGS(VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
        *ret = calloc(1, sizeof(**ret));
        if (!*ret || !fake.hosts[conn->host].pool)
                return 0;
        (*ret)[0] = (virStoragePoolPtr) &fake.hosts[conn->host];
        fake_count(1);
        return 1;
}
char *virStoragePoolGetXMLDesc(virStoragePoolPtr pool, unsigned flags) {
        char *text = NULL;

        if (flags & ~(unsigned) VIR_STORAGE_XML_INACTIVE)
                return NULL;
        return asprintf(&text, "<pool><target><path>%s</path></target></pool>", ((FakeHost *) pool)->pool) < 0
                       ? NULL
                       : text;
}
virStorageVolPtr virStorageVolLookupByPath(virConnectPtr conn, const char *path) {
        FakeHost *h = &fake.hosts[conn->host];

        if (!h->volume || strcmp(h->volume, path) != 0) {
                (void) fake_fail(VIR_ERR_NO_STORAGE_VOL, "no such volume");
                return NULL;
        }
        fake_count(1);
        return (virStorageVolPtr) h;
}
int virStorageVolFree(virStorageVolPtr volume) {
        (void) volume;
        fake_count(-1);
        return 0;
}

/* ---- the VM ---- */

virDomainPtr virDomainLookupByUUIDString(virConnectPtr conn, const char *uuid) {
        virDomainPtr domain;

        (void) uuid;
        if (fake.hosts[conn->host].broken) {
                (void) fake_fail(VIR_ERR_INTERNAL_ERROR, "client socket is closed");
                return NULL;
        }
        if (fake.hosts[conn->host].state < 0) {
                (void) fake_fail(VIR_ERR_NO_DOMAIN, "no domain with matching uuid");
                return NULL;
        }
        domain = calloc(1, sizeof(*domain));
        if (domain)
                domain->host = conn->host;
        fake_count(1);
        return domain;
}
virDomainPtr virDomainLookupByName(virConnectPtr conn, const char *name) {
        return virDomainLookupByUUIDString(conn, name);
}
int virDomainFree(virDomainPtr domain) {
        fake_count(-1);
        free(domain);
        return 0;
}
int virDomainGetUUIDString(virDomainPtr domain, char *buf) {
        (void) domain;
        memcpy(buf, FAKE_UUID, sizeof(FAKE_UUID));
        return 0;
}
int virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned flags) {
        FAKE_FLAGS(0);
        *reason = fake.hosts[domain->host].reason;
        *state = fake.hosts[domain->host].state;
        return *state < 0 ? fake_fail(VIR_ERR_NO_DOMAIN, "gone") : 0;
}
int virDomainIsPersistent(virDomainPtr domain) {
        return fake.hosts[domain->host].persistent;
}
int virDomainIsActive(virDomainPtr domain) {
        return fake.hosts[domain->host].state != VIR_DOMAIN_SHUTOFF;
}
int virDomainGetAutostart(virDomainPtr domain, int *ret) {
        *ret = fake.hosts[domain->host].autostart;
        return 0;
}
int virDomainSetAutostart(virDomainPtr domain, int autostart) {
        if (fake.hosts[domain->host].autostart_fails)
                return fake_fail(VIR_ERR_OPERATION_FAILED, "cannot create autostart link");
        fake.hosts[domain->host].autostart = autostart;
        return 0;
}
char *virDomainGetXMLDesc(virDomainPtr domain, unsigned flags) {
        if (flags & ~(unsigned) (VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_UPDATE_CPU |
                                 VIR_DOMAIN_XML_MIGRATABLE))
                return NULL;
        return strdup(domain->host == 1 && fake.xml_after ? fake.xml_after : fake.xml);
}
int virDomainGetInfo(virDomainPtr domain, virDomainInfoPtr info) {
        (void) domain;
        *info = (virDomainInfo){ .memory = 2 << 20 };
        return 0;
}
int virDomainMemoryStats(virDomainPtr domain, virDomainMemoryStatPtr stats, unsigned n, unsigned flags) {
        (void) domain, (void) stats, (void) n;
        FAKE_FLAGS(0);
        return 0;
}
int virDomainAgentSetResponseTimeout(virDomainPtr domain, int timeout, unsigned flags) {
        (void) domain, (void) timeout;
        FAKE_FLAGS(0);
        return 0;
}
int virDomainGetTime(virDomainPtr domain, long long *seconds, unsigned *nseconds, unsigned flags) {
        FAKE_FLAGS(VIR_DOMAIN_TIME_SYNC);
        *seconds = *nseconds = 0;
        return fake.hosts[domain->host].agent ? 0 : fake_fail(VIR_ERR_AGENT_UNRESPONSIVE, "no agent");
}

/* ---- its migration ---- */

int virDomainGetJobInfo(virDomainPtr domain, virDomainJobInfoPtr info) {
        *info = (virDomainJobInfo){ .type = fake.hosts[domain->host].job ? VIR_DOMAIN_JOB_UNBOUNDED
                                                                         : VIR_DOMAIN_JOB_NONE };
        return 0;
}
int virDomainGetJobStats(virDomainPtr domain, int *type, virTypedParameterPtr *params, int *n,
                         unsigned flags) {
        int room = 0;
        unsigned k;

        (void) pthread_mutex_lock(&fake_lock);
        k = ++fake.stats_read;
        (void) pthread_mutex_unlock(&fake_lock);
        *type = VIR_DOMAIN_JOB_UNBOUNDED;
        *params = NULL;
        *n = 0;
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_DATA_TOTAL, 1000000);
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_DATA_PROCESSED, 1000ULL * k);
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_DATA_REMAINING, 500000);
        (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_MEMORY_ITERATION, k);
        (void) virTypedParamsAddInt(params, n, &room, VIR_DOMAIN_JOB_OPERATION,
                                    fake.hosts[domain->host].operation);
        if (flags & VIR_DOMAIN_JOB_STATS_COMPLETED)
                (void) virTypedParamsAddULLong(params, n, &room, VIR_DOMAIN_JOB_DOWNTIME, 42);
        return 0;
}
int virDomainAbortJob(virDomainPtr domain) {
        (void) domain;
        (void) pthread_mutex_lock(&fake_lock);
        fake.aborts++;
        fake.is_aborted = true;
        (void) pthread_mutex_unlock(&fake_lock);
        return 0;
}
int virDomainMigrateStartPostCopy(virDomainPtr domain, unsigned flags) {
        (void) domain;
        FAKE_FLAGS(0);
        (void) pthread_mutex_lock(&fake_lock);
        fake.switches++;
        fake.is_switched = true;
        (void) pthread_mutex_unlock(&fake_lock);
        return 0;
}
int virDomainMigrateSetMaxDowntime(virDomainPtr domain, unsigned long long downtime, unsigned flags) {
        (void) domain;
        FAKE_FLAGS(0);
        (void) pthread_mutex_lock(&fake_lock);
        if (fake.n_pauses < ARRAY_SIZE(fake.pauses))
                fake.pauses[fake.n_pauses++] = downtime;
        (void) pthread_mutex_unlock(&fake_lock);
        return 0;
}

int virDomainMigrateGetMaxSpeed(virDomainPtr domain, unsigned long *ret, unsigned flags) {
        (void) domain;
        FAKE_FLAGS(VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY);
        *ret = fake.speed;
        return 0;
}
int virDomainMigrateSetMaxSpeed(virDomainPtr domain, unsigned long speed, unsigned flags) {
        (void) domain;
        FAKE_FLAGS(VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY);
        (void) pthread_mutex_lock(&fake_lock);
        if (fake.no_speed) {
                (void) pthread_mutex_unlock(&fake_lock);
                return fake_fail(VIR_ERR_OPERATION_UNSUPPORTED, "not supported");
        }
        if (flags & VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY) {
                fake.speed_post_copy = speed;
                (void) pthread_mutex_unlock(&fake_lock);
                return 0;
        }
        fake.speed = speed;
        if (fake.n_speeds < ARRAY_SIZE(fake.speeds))
                fake.speeds[fake.n_speeds++] = speed;
        (void) pthread_mutex_unlock(&fake_lock);
        return 0;
}

static inline void fake_note_params(virTypedParameterPtr params, unsigned n) {
        size_t at = 0;

        fake.params[0] = '\0';
        for (unsigned i = 0; i < n && at < sizeof(fake.params); i++)
                at += (size_t) (params[i].type == VIR_TYPED_PARAM_STRING
                                        ? snprintf(fake.params + at, sizeof(fake.params) - at, "%s=%s ",
                                                   params[i].field, params[i].value.s)
                                        : snprintf(fake.params + at, sizeof(fake.params) - at, "%s=%lld ",
                                                   params[i].field,
                                                   params[i].type == VIR_TYPED_PARAM_INT
                                                           ? (long long) params[i].value.i
                                                           : params[i].value.l));
}

/* Until it is over by itself, aborted, or switched over where that ends it. */
static inline void fake_migrate_wait(usec_t end) {
        bool endless = (fake.end == FAKE_POST_COPY_BREAKS && !fake.is_switched) || fake.end == FAKE_HANGS ||
                       fake.end == FAKE_DEAF || fake.end == FAKE_STALLS || fake.end == FAKE_POST_COPY_DIES;

        for (;;) {
                bool over;

                (void) pthread_mutex_lock(&fake_lock);
                over = (!endless && clock_monotonic() >= end) || (fake.is_aborted && fake.end != FAKE_DEAF) ||
                       (fake.is_switched && endless && fake.end != FAKE_HANGS && fake.end != FAKE_DEAF);
                (void) pthread_mutex_unlock(&fake_lock);
                if (over)
                        return;
                clock_sleep(5 * USEC_PER_MSEC);
        }
}

static inline void fake_arrive(bool leaves) {
        bool off = fake.flags & VIR_MIGRATE_OFFLINE;

        const bool paused = fake.flags & VIR_MIGRATE_PAUSED;

        fake.hosts[1].state = off ? VIR_DOMAIN_SHUTOFF : paused ? VIR_DOMAIN_PAUSED : VIR_DOMAIN_RUNNING;
        fake.hosts[1].reason = paused ? VIR_DOMAIN_PAUSED_USER : 0;
        fake.hosts[1].persistent = fake.flags & VIR_MIGRATE_PERSIST_DEST;
        if (leaves)
                fake.hosts[0].state = -1;
}

int virDomainMigrateToURI3(virDomainPtr domain, const char *uri, virTypedParameterPtr params, unsigned n,
                           unsigned flags) {
        int result = 0;

        (void) domain, (void) uri;
        (void) pthread_mutex_lock(&fake_lock);
        fake.migrations++;
        fake.flags = flags;
        fake_note_params(params, n);
        (void) pthread_mutex_unlock(&fake_lock);
        fake_migrate_wait(clock_monotonic() + fake.takes);
        (void) pthread_mutex_lock(&fake_lock);
        if (fake.is_aborted && !fake.is_switched)
                result = fake_fail(VIR_ERR_OPERATION_ABORTED, "migration out job: canceled by client");
        else if (fake.end == FAKE_POST_COPY_BREAKS && (flags & VIR_MIGRATE_POSTCOPY_RESUME) &&
                 fake.resumes > 0 && fake.migrations > fake.resumes)
                fake_arrive(true);
        else if (fake.end == FAKE_MOVES || fake.end == FAKE_STALLS || fake.end == FAKE_HANGS)
                fake_arrive(true);
        else if (fake.end == FAKE_RUNS_TWICE)
                fake_arrive(false);
        else if (fake.end == FAKE_SAYS_FAILED)
                fake_arrive(true), result = fake_fail(VIR_ERR_INTERNAL_ERROR, "client socket is closed");
        else if (fake.end != FAKE_SAYS_DONE)
                result = fake_fail(VIR_ERR_OPERATION_FAILED, "migration failed: connection reset");
        if (fake.end == FAKE_IS_LOST)
                fake.hosts[0].state = -1;
        if (fake.end == FAKE_POST_COPY_DIES)
                fake.hosts[0].state = fake.hosts[1].state = VIR_DOMAIN_PAUSED;
        if (fake.end == FAKE_POST_COPY_BREAKS && result < 0) {
                fake.hosts[0].state = VIR_DOMAIN_PAUSED;
                fake.hosts[0].reason = VIR_DOMAIN_PAUSED_POSTCOPY_FAILED;
                fake.hosts[1].state = VIR_DOMAIN_RUNNING;
                fake.hosts[1].reason = VIR_DOMAIN_RUNNING_POSTCOPY_FAILED;
        }
        if (fake.end == FAKE_TARGET_GONE)
                fake.hosts[1].refuses = true;
        fake.migrations_over++;
        (void) pthread_mutex_unlock(&fake_lock);
        return result;
}
