/* SPDX-License-Identifier: Apache-2.0 */
/* What of a cluster's keys is worth keeping, read from the store: for `plimsoll store export`, and to be compared with what
 * an import brings.
 *
 * Left out is what would say later that something is so which was so then: that a service leads, that a host reports, that an
 * operator wants a move (ExportKind).
 *
 * Units: usec_t, in microseconds; ttl_ms in milliseconds. Owner: the caller's arena. Errors: as store.h. Threads: the Store's:
 * one; what asks no store: any.
 */
#pragma once

#include "scheduler/store/keys.h"
#include "scheduler/store/store.h"

typedef enum ExportKind {
        EXPORT_KEPT,
        EXPORT_LIVE, /* says that something is alive, or is made anew by who is: restored, silence looked like health */
        EXPORT_ASKED, /* what an operator asked for then: restored, it would be done a second time */
} ExportKind;

/* A switch without default: a key that nobody has thought about does not compile. `part` where the key has one. */
ExportKind store_export_kind(StoreKey key, const char *part);

/* One key with all that is in it. */
typedef struct ExportKey {
        StoreKey key;
        const char *part; /* NULL: it has none */
        int64_t ttl_ms;   /* 0: it stays */
        StoredText *
                items; /* a string's text; fields of a hash, members of a set (names alone), by name; entries of a stream,
                              the oldest first */
        uint32_t n;
} ExportKey;

typedef struct StoreExport {
        const char *cluster;
        usec_t taken_at;       /* since the epoch, by the server's clock */
        const ExportKey *keys; /* in the order of keys.h, then by part; none is empty */
        uint32_t n;
        uint32_t n_left; /* texts that are none (bytes that are no UTF-8): left out */
} StoreExport;

/* Key after key: while a service leads, within some milliseconds; the journal last. */
int store_export_read(Store *s, Arena *a, StoreExport *ret) must_check;

/* The same keys with the same in them, whatever their expiry. */
bool store_export_equal(const StoreExport *left, const StoreExport *right);

/* For qsort(), of ExportKey: as StoreExport has them. */
int store_export_order(const void *left, const void *right);

/* Of n bytes: UTF-8, and no zero byte in it. */
bool store_export_is_text(const char *text, size_t n);

/* "marks", "note:roll". NULL: no memory. */
const char *store_export_name(Arena *a, const ExportKey *key);
