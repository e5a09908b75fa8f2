/* SPDX-License-Identifier: Apache-2.0 */
/* Every key in Redis, written once. All keys of a cluster carry its name as their hash tag, so that Redis
 * Cluster keeps them in one slot and scripts may touch several. docs/redis-keys.md has the same table (a test
 * compares them).
 */
#pragma once

#include "scheduler/base/common.h"

/* id, name, what its last word stands for ("": the key has no such part), type, expiry, written by, what it
 * holds */
#define STORE_KEYS(KEY)                                                                                      \
        KEY(HOSTS, "hosts", "", "set", "never", "agent", "names of the hosts that ever reported")            \
        KEY(REPORT, "report", "HOST", "string", "some intervals", "agent", "the newest report of a host")    \
        KEY(PULSES, "pulses", "", "hash", "never", "agent", "host → a few numbers of its newest report")     \
        KEY(MARKS, "marks", "", "hash", "never", "operator", "host → what was said of it")                   \
        KEY(PEERS, "peers", "", "hash", "never", "agent", "host → address and port of its echo")             \
        KEY(RING, "peers:ring", "", "zset", "never", "agent", "names of these hosts, in order")              \
        KEY(ECHO, "peers:key", "", "string", "never", "agent", "the secret the echo is signed with")         \
        KEY(RECORDS, "records", "", "stream", "capped", "leader", "each round: snapshot, settings, plan")    \
        KEY(RECORDS_BYTES, "records:bytes", "", "string", "never", "leader", "size of all records")          \
        KEY(JOURNAL, "journal", "", "stream", "capped", "leader", "what was started and how it ended")       \
        KEY(LEASE, "lease", "", "string", "the lease's", "plimsolld", "token and name of the leader")        \
        KEY(TOKEN, "lease:token", "", "string", "never", "plimsolld", "the newest fencing token")            \
        KEY(STATE, "state", "NAME", "string", "the writer's", "plimsolld", "live state shown by status")     \
        KEY(FAULTS, "faults", "", "hash", "never", "leader", "host → what is remembered of its devices")     \
        KEY(CLEARS, "faults:cleared", "", "hash", "until taken", "operator",                                 \
            "hash of host and device → who cleared it")                                                      \
        KEY(FAULT_LOG, "faults:log", "", "stream", "capped", "leader, operator",                             \
            "grades that changed, clears")                                                                   \
        KEY(ALARM, "alarm", "", "string", "never", "agent",                                                  \
            "counts reports that a round should not wait for")                                               \
        KEY(AUDIT, "audit", "", "stream", "service.audit_keep", "leader",                                    \
            "each decision and what came of it")                                                             \
        KEY(WAITING, "waiting", "", "hash", "never", "leader",                                               \
            "id → a plan that waits for a person, or was rejected lately")                                   \
        KEY(ANSWERS, "waiting:answers", "", "hash", "until taken", "operator", "id → yes or no, by whom")

typedef enum StoreKey {
#define KEY(id, name, part, type, expiry, writer, holds) KEY_##id,
        STORE_KEYS(KEY)
#undef KEY
                KEY_N,
} StoreKey;

typedef struct StoreKeyDef {
        const char *name, *part, *type, *expiry, *writer, *holds;
} StoreKeyDef;
extern const StoreKeyDef store_key_defs[KEY_N];

enum { KEY_SIZE = 640 }; /* plimsoll:{255 bytes}:report:255 bytes and its NUL */

/* "plimsoll:{cluster}:report:host" in buf; returns buf. `part` is NULL for keys that have none. Cluster and
 * part are names (text_is_name), and the cluster holds no brace. */
const char *key_print(char buf[KEY_SIZE], const char *cluster, StoreKey key, const char *part);

/* Can it be a hash tag: a name without braces. */
bool key_is_cluster(const char *name);
