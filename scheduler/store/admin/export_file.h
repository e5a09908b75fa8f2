/* SPDX-License-Identifier: Apache-2.0 */
/* The file of `plimsoll store export`, schema plimsoll.store-export/1: lines of JSON, the first with the cluster and what is
 * left out, one for each key (a stream has several), the last with their number, so that a cut file is known. Pure.
 *
 * Whatever is read was checked as a whole: keys that keys.h has and an import may restore, of their type, names that are
 * names, entries in order and not from the future. What stands in a text its reader checks, as always.
 *
 * Units: usec_t, in microseconds; ttl_ms in milliseconds, ttl_s of the file in seconds. Owner: the arena. Errors: -ENOMEM;
 * -EBADMSG with line and field. Threads: any.
 */
#pragma once

#include <stdio.h>

#include "scheduler/store/admin/store_export.h"

#define EXPORT_SCHEMA "plimsoll.store-export/1"

/* 0; -ENOMEM; -EIO: the stream did not take it. */
int export_file_print(const StoreExport *content, FILE *out) must_check;

int export_file_parse(Arena *a, const char *text, size_t n, StoreExport *ret,
                      TextFault *reterr_fault) must_check;
