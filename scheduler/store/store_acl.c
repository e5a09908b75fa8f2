/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/store_acl.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

/* What the store sends for each role, and nothing else (a test compares it with this room's files): no KEYS, no CONFIG, no
 * FLUSHALL. `info` and `cluster|slots` are asked by a service that looks for the clusters of a server. */
#define COMMANDS_ALL "+auth +ping +select +exists +readonly +role +get"

const char *store_account_commands(enum StoreRole role) {
        switch (role) {
        case ROLE_AGENT:
                return COMMANDS_ALL " +set +incr +eval_ro +zcard +zrank +zrange +hmget";
        case ROLE_READER:
                return COMMANDS_ALL
                        " +getrange +smembers +scan +hget +hgetall +xrevrange +info +cluster|slots +time +pttl "
                        "+eval_ro";
        case ROLE_OPERATOR:
                return COMMANDS_ALL
                        " +getrange +smembers +scan +hget +hgetall +xrevrange +info +cluster|slots +time +pttl +wait "
                        "+set +incr +del +hset +hsetnx +hdel +hexists +xadd +eval";
        default:
                return COMMANDS_ALL
                        " +getrange +smembers +scan +hget +hgetall +xrevrange +info +cluster|slots +time "
                        "+set +incr +incrby +decrby +del +pexpire +pttl +wait +hset +hsetnx +hdel +hexists +hmget +sadd "
                        "+srem +zadd +zrem +zcard +zrank +zrange +xadd +xdel +xlen +xrange +xtrim +eval "
                        "+eval_ro +multi +exec +watch +unwatch";
        }
}

const char *store_roles_text(unsigned roles) {
        switch (roles) {
        case ROLE_AGENT:
                return "agent";
        case ROLE_SERVICE:
                return "service";
        case ROLE_OPERATOR:
                return "operator";
        case ROLE_SERVICE | ROLE_OPERATOR:
                return "service, operator";
        case ROLE_SERVICE | ROLE_AGENT:
                return "service, agent";
        case ROLE_LOOKS:
                return "all but agents";
        case ROLE_LOOKS | ROLE_AGENT:
                return "all";
        default:
                return "no one";
        }
}

/* A blank ends a word of the file, and the key patterns are globs: a name with either can't be written. */
static bool acl_takes(const char *name) {
        return text_is_name(name, strlen(name)) && !strpbrk(name, " \t*?[]\\^\"'#");
}

int store_account_name(Arena *a, const StoreAccount *account, const char **ret) {
        const char *role = account->role == ROLE_AGENT      ? "agent-"
                           : account->role == ROLE_SERVICE  ? "plimsolld"
                           : account->role == ROLE_OPERATOR ? "operator"
                                                            : "reader";
        const bool usual = strcmp(account->cluster, "default") == 0;

        assert(!account->host == (account->role != ROLE_AGENT));
        if (!acl_takes(account->cluster) || (account->host && !acl_takes(account->host)))
                return -EINVAL;
        *ret = text_format(a, "%s%s%s%s", role, account->host ? account->host : "", usual ? "" : "-",
                           usual ? "" : account->cluster);
        return *ret ? 0 : -ENOMEM;
}

StoreRight store_account_right(StoreKey key, enum StoreRole role) {
        const StoreKeyDef *def = &store_key_defs[key];

        if (def->writes & role)
                return RIGHT_ALL;
        if ((def->writes & ROLE_AGENT) && role == ROLE_SERVICE)
                return RIGHT_ALL; /* a host that is forgotten: what its agent wrote is removed */
        /* of a Redis Cluster the node that has the cluster's keys is found by asking for one of them */
        return (def->reads & role) || key == KEY_HOSTS ? RIGHT_READS : RIGHT_NONE;
}

static const char *acl_keys(Arena *a, const StoreAccount *account) {
        char key[KEY_SIZE];
        const char *all = "";

        for (int k = 0; all && k < KEY_N; k++) {
                const StoreKeyDef *def = &store_key_defs[k];
                const StoreRight right = store_account_right((StoreKey) k, account->role);
                const char *part = !def->part[0] ? NULL : account->role == ROLE_AGENT ? account->host : "*";

                if (right != RIGHT_NONE)
                        all = text_format(a, "%s %s%s", all, right == RIGHT_ALL ? "~" : "%R~",
                                          key_print(key, account->cluster, (StoreKey) k, part));
        }
        return all;
}

int store_account_line(Arena *a, const StoreAccount *account, const char **ret) {
        const char *name, *keys;
        int r = store_account_name(a, account, &name);

        if (r < 0)
                return r;
        keys = acl_keys(a, account);
        if (!keys)
                return -ENOMEM;
        *ret = text_format(a, "user %s on %s resetkeys%s resetchannels -@all %s", name, account->password,
                           keys, store_account_commands(account->role));
        return *ret ? 0 : -ENOMEM;
}
