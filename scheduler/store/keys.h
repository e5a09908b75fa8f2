/* SPDX-License-Identifier: Apache-2.0 */
/* Every key in Redis, written once. All keys of a cluster carry its name as their hash tag, so that Redis
 * Cluster keeps them in one slot and scripts may touch several. docs/redis-keys.md has the same table (a test
 * compares them).
 *
 * Units: none. Owner: `buf` is the caller's. Errors: none: a name that is none is a programmer's error.
 * Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

/* Who talks to the store, each with an account of its own (acl.h): an agent for its own host, plimsolld, people who act,
 * people and programs that only look. */
enum StoreRole {
        ROLE_AGENT = 1,
        ROLE_SERVICE = 2,
        ROLE_OPERATOR = 4,
        ROLE_READER = 8,
        ROLE_LOOKS =
                ROLE_SERVICE | ROLE_OPERATOR | ROLE_READER, /* all but agents, which see their own host */
};

/* What becomes of a key when the store has lost it, and a service lives that remembers. */
enum StoreLoss {
        LOSS_REWRITTEN = 1, /* a service keeps it in memory, and writes it again (store_memory.h) */
        LOSS_MADE_ANEW =
                2,     /* who writes it does so again by itself, or begins with none: no harm comes of it */
        LOSS_LOST = 3, /* history, or something to be asked again: gone, and nobody is harmed by that */
};

/* id, name, what its last word stands for ("": the key has no such part), type, expiry, roles that write it, roles that
 * read it, what becomes of it after a loss, what it holds. Of a key with the part HOST an agent writes its own host's
 * alone. What keeps a host or a VM from harm is REWRITTEN; such a key has no part, and is no list or zset. */
#define STORE_KEYS(KEY)                                                                                      \
        KEY(HOSTS, "hosts", "", "set", "never", SERVICE, LOOKS, REWRITTEN,                                   \
            "names of the hosts that ever reported")                                                         \
        KEY(ADMITTED, "hosts:admitted", "", "hash", "never", SERVICE | ROLE_OPERATOR, LOOKS, REWRITTEN,      \
            "host → as what it was admitted, by whom")                                                       \
        KEY(ADMITS, "hosts:admits", "", "string", "never", SERVICE, LOOKS, REWRITTEN,                        \
            "there since hosts must be admitted to take part")                                               \
        KEY(REPORT, "report", "HOST", "string", "some intervals", AGENT, LOOKS, MADE_ANEW,                   \
            "the newest report of a host")                                                                   \
        KEY(PULSE, "pulse", "HOST", "string", "never", AGENT, LOOKS, MADE_ANEW,                              \
            "a few numbers of its newest report")                                                            \
        KEY(PEER, "peer", "HOST", "string", "some minutes", AGENT, LOOKS, MADE_ANEW,                         \
            "address and port of its echo")                                                                  \
        KEY(ALARM, "alarm", "HOST", "string", "never", AGENT, LOOKS, MADE_ANEW,                              \
            "grows with its reports that a round should not wait for")                                       \
        KEY(CALL, "call", "", "string", "never", SERVICE | ROLE_OPERATOR, LOOKS, MADE_ANEW,                  \
            "grows with what operators did that a round should not wait for")                                \
        KEY(STOP, "stop", "", "string", "never", SERVICE | ROLE_OPERATOR, LOOKS, REWRITTEN,                  \
            "whether all moves are stopped, by whom, until when and why")                                    \
        KEY(MARKS, "marks", "", "hash", "never", SERVICE | ROLE_OPERATOR, LOOKS, REWRITTEN,                  \
            "host → what was said of it")                                                                    \
        KEY(PEERS, "peers", "", "hash", "never", SERVICE, LOOKS | ROLE_AGENT, MADE_ANEW,                     \
            "host → address and port of its echo")                                                           \
        KEY(RING, "peers:ring", "", "zset", "never", SERVICE, LOOKS | ROLE_AGENT, MADE_ANEW,                 \
            "names of these hosts, in order")                                                                \
        KEY(ECHO, "peers:key", "", "string", "never", SERVICE, SERVICE | ROLE_AGENT, MADE_ANEW,              \
            "the secret the echo is signed with")                                                            \
        KEY(RECORDS, "records", "", "stream", "capped", SERVICE, LOOKS, LOST,                                \
            "each round: snapshot, settings, plan")                                                          \
        KEY(RECORDS_BYTES, "records:bytes", "", "string", "never", SERVICE, LOOKS, MADE_ANEW,                \
            "size of all records")                                                                           \
        KEY(JOURNAL, "journal", "", "stream", "capped", SERVICE, LOOKS, REWRITTEN,                           \
            "what was started and how it ended")                                                             \
        KEY(WORDS, "journal:words", "", "hash", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, LOST,         \
            "VM → the host on which an operator says it runs, where no report shows it")                     \
        KEY(LEASE, "lease", "", "string", "the lease's", SERVICE, LOOKS, MADE_ANEW,                          \
            "token and name of the leader")                                                                  \
        KEY(TOKEN, "lease:token", "", "string", "never", SERVICE, LOOKS, REWRITTEN,                          \
            "the newest fencing token")                                                                      \
        KEY(EPOCH, "epoch", "", "hash", "never", SERVICE, LOOKS, REWRITTEN,                                  \
            "the store's identity; a data loss that has not been acknowledged")                              \
        KEY(EPOCH_ANSWER, "epoch:answer", "", "string", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, LOST, \
            "who acknowledged that loss")                                                                    \
        KEY(STATE, "state", "NAME", "string", "the writer's", SERVICE, LOOKS, MADE_ANEW,                     \
            "live state shown by status")                                                                    \
        KEY(NOTE, "note", "NAME", "string", "never", SERVICE | ROLE_OPERATOR, LOOKS, LOST,                   \
            "what operators' commands keep")                                                                 \
        KEY(FAULTS, "faults", "", "hash", "never", SERVICE, LOOKS, REWRITTEN,                                \
            "host → what is remembered of its devices")                                                      \
        KEY(CLEARS, "faults:cleared", "", "hash", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, REWRITTEN,  \
            "hash of host and device → who cleared it")                                                      \
        KEY(BRAKE, "brake", "", "hash", "never", SERVICE, LOOKS, REWRITTEN,                                  \
            "host → whether it may be emptied, since when, for which kind of signal")                        \
        KEY(RELEASES, "brake:released", "", "hash", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, LOST,     \
            "host → who says that it may be emptied all the same")                                           \
        KEY(KNOWN, "known", "", "hash", "until it is seen", SERVICE, LOOKS, REWRITTEN,                       \
            "host that is not seen → its VMs as they were last known")                                       \
        KEY(LOADS, "loads", "", "hash", "never", SERVICE, LOOKS, LOST,                                       \
            "host → how it was loaded in the last 24 hours, a point each ten minutes")                       \
        KEY(MISSED, "moves:missed", "", "string", "never", SERVICE, LOOKS, REWRITTEN,                        \
            "failed migrations, and until when they are not retried")                                        \
        KEY(RETRIES, "moves:retry", "", "hash", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, LOST,         \
            "VM or host → who requested that it be retried at once")                                         \
        KEY(BOOKINGS, "bookings", "", "hash", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, REWRITTEN,      \
            "VM → room that is held for it: since when, until when, by whom")                                \
        KEY(BOOKED, "bookings:changes", "", "string", "never", SERVICE | ROLE_OPERATOR, LOOKS, MADE_ANEW,    \
            "grows with changes of bookings: two at once do not get the same room")                          \
        KEY(ASKED, "moves:asked", "", "hash", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, LOST,           \
            "VM → where an operator wants it, for the leader to move it")                                    \
        KEY(ABORTS, "moves:aborts", "", "hash", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, LOST,         \
            "VM → which running move of it an operator wants aborted, and why")                              \
        KEY(TOLD, "moves:told", "", "hash", "an hour", SERVICE, LOOKS, LOST, "VM → what came of that")       \
        KEY(FAULT_LOG, "faults:log", "", "stream", "capped", SERVICE | ROLE_OPERATOR, LOOKS, LOST,           \
            "grades that changed, clears")                                                                   \
        KEY(AUDIT, "audit", "", "stream", "service.audit_keep", SERVICE, LOOKS, LOST,                        \
            "each decision and what came of it")                                                             \
        KEY(WAITING, "waiting", "", "hash", "never", SERVICE, LOOKS, MADE_ANEW,                              \
            "id → a plan that awaits confirmation, or was rejected recently")                                \
        KEY(ANSWERS, "waiting:answers", "", "hash", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, LOST,     \
            "id → yes or no, by whom")                                                                       \
        KEY(HANDED, "waiting:handed", "", "hash", "until taken", SERVICE | ROLE_OPERATOR, LOOKS, LOST,       \
            "id → a plan that an operator hands over, with a yes or to be confirmed")

typedef enum StoreKey {
#define KEY(id, name, part, type, expiry, writes, reads, loss, holds) KEY_##id,
        STORE_KEYS(KEY)
#undef KEY
                KEY_N,
} StoreKey;

typedef struct StoreKeyDef {
        const char *name, *part, *type, *expiry, *holds;
        unsigned writes, reads; /* of enum StoreRole; 0: nobody has thought about it, and a test fails */
        enum StoreLoss loss;    /* likewise */
} StoreKeyDef;
extern const StoreKeyDef store_key_defs[KEY_N];

/* As the table in docs/redis-keys.md says it. */
const char *store_loss_text(enum StoreLoss loss);

enum { KEY_SIZE = 640 }; /* plimsoll:{255 bytes}:report:255 bytes and its NUL */

/* "plimsoll:{cluster}:report:host" in buf; returns buf. `part` is NULL for keys that have none. Cluster and
 * part are names (text_is_name), and the cluster holds no brace. */
const char *key_print(char buf[KEY_SIZE], const char *cluster, StoreKey key, const char *part);

/* Can it be a hash tag: a name without braces. */
bool key_is_cluster(const char *name);
