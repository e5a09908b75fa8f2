/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/memory_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/terminal/file.h"
#include "scheduler/base/hash.h"
#include "scheduler/store/stored_json.h"

#define SCHEMA "plimsoll.store-memory/1"

int memory_file_path(Arena *a, const char *dir, const char *place, const char *cluster, const char **ret) {
        uint64_t hash = fnv1a(fnv1a(FNV1A_START, place, strlen(place) + 1), cluster, strlen(cluster));
        struct stat st;

        *ret = NULL;
        if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) ||
            access(dir, W_OK | X_OK) < 0)
                return 0;
        *ret = text_format(a, "%s/store-memory-%016llx.json", dir, (unsigned long long) hash);
        return *ret ? 0 : -ENOMEM;
}

/* ---- writing ---- */

/* What is no UTF-8 is left out: it is kept by the memory alone. */
static json_t *memory_file_items(const StoreMemory *m, StoreKey key) {
        json_t *list = json_array();
        uint32_t n;
        const MemoryItem *items = store_memory_items(m, key, &n);

        for (uint32_t i = 0; i < n; i++) {
                json_t *one = json_pack("[s, s%, I]", items[i].name, items[i].text, items[i].n,
                                        (json_int_t) items[i].since);

                if (one)
                        (void) json_array_append_new(list, one);
        }
        return list;
}

static json_t *memory_file_json(const StoreMemory *m) {
        json_t *o = json_pack("{s:s}", "schema", SCHEMA), *keys = json_object();

        for (int k = 0; k < KEY_N; k++)
                if (store_key_defs[k].loss == LOSS_REWRITTEN)
                        (void) json_object_set_new(keys, store_key_defs[k].name,
                                                   memory_file_items(m, (StoreKey) k));
        (void) json_object_set_new(o, "keys", keys);
        return o;
}

/* Without the time of the last look, which is another each time. */
static uint64_t memory_file_hash(const StoreMemory *m) {
        uint64_t hash = FNV1A_START;

        for (int k = 0; k < KEY_N; k++) {
                uint32_t n;
                const MemoryItem *items = store_memory_items(m, (StoreKey) k, &n);

                for (uint32_t i = 0; i < n; i++) {
                        if (k == KEY_EPOCH && strcmp(items[i].name, "look") == 0)
                                continue;
                        hash = fnv1a(hash, items[i].name, strlen(items[i].name) + 1);
                        hash = fnv1a(hash, items[i].text, items[i].n + 1);
                }
        }
        return hash;
}

int memory_file_write(const char *path, const StoreMemory *m, bool due, uint64_t *hash,
                      TextFault *reterr_fault) {
        const uint64_t is = memory_file_hash(m);
        json_t *o;
        char *text;
        int r;

        if (is == *hash && !due)
                return 0;
        o = memory_file_json(m);
        text = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        json_decref(o);
        r = text ? file_write(path, text, strlen(text), reterr_fault) : -ENOMEM;
        free(text);
        if (r == 0)
                *hash = is;
        return r;
}

/* ---- reading ---- */

static int memory_file_take(Arena *a, StoreMemory *m, StoreKey key, const json_t *list) {
        MemoryItem *items = arena_new(a, MemoryItem, json_array_size(list) + 1);
        uint32_t n = 0;

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *name = NULL, *text = NULL;
                json_int_t since = 0;
                size_t length = 0;

                if (json_unpack(json_array_get(list, i), "[s, s%, I]", &name, &text, &length, &since) < 0 ||
                    since < 0 || (name[0] && !text_is_name(name, strlen(name))))
                        return -EBADMSG;
                items[n] = (MemoryItem){ .name = name, .text = text, .n = length, .since = since };
                n++;
        }
        return store_memory_put(m, key, items, n);
}

int memory_file_parse(Arena *a, const char *text, size_t n, StoreMemory *m) {
        const char *schema = NULL;
        json_t *o, *keys = NULL;
        int r;

        o = stored_json(text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        r = o && json_unpack(o, "{s:s, s:o}", "schema", &schema, "keys", &keys) == 0 &&
                            strcmp(schema, SCHEMA) == 0
                    ? 0
                    : -EBADMSG;
        for (int k = 0; r == 0 && k < KEY_N; k++) {
                const json_t *list = json_object_get(keys, store_key_defs[k].name);

                if (store_key_defs[k].loss == LOSS_REWRITTEN && list)
                        r = memory_file_take(a, m, (StoreKey) k, list);
        }
        json_decref(o);
        return r;
}

int memory_file_read(Arena *a, const char *path, StoreMemory *m, TextFault *reterr_fault) {
        const char *text = NULL;
        size_t n = 0;
        int r = file_read(a, path, &text, &n, reterr_fault);

        if (r < 0)
                return r == -ENOENT ? 1 : r;
        r = memory_file_parse(a, text, n, m);
        if (r == -EBADMSG)
                text_fault(reterr_fault, "",
                           "%s is not of schema " SCHEMA ": a service begins with what the store has", path);
        return r;
}
