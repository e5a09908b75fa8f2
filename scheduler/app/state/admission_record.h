/* SPDX-License-Identifier: Apache-2.0 */
/* As what hosts were admitted: a text a host in the store, schema plimsoll.admission/1. Operators' commands write them, and
 * the leading service for hosts that the settings admit.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -EBADMSG, -ENOMEM, a negative errno of the
 * store. Threads: printing and parsing any; the others the store's.
 */
#pragma once

#include "scheduler/app/state/leadership.h"
#include "scheduler/model/host_admission.h"

/* 0 or -ENOMEM. */
int admission_print(Arena *a, const HostAdmission *admission, const char **ret) must_check;

/* 0; -EBADMSG: it is none of this version's; -ENOMEM. In `a`, all but `host`, which stays the caller's. */
int admission_parse(Arena *a, const char *host, const char *text, size_t n, HostAdmission *ret) must_check;

typedef struct AdmissionRecords {
        const HostAdmission *at; /* sorted by host */
        const StoredText *texts; /* [n] as they stand in the store */
        uint32_t n;
        bool begun; /* the service has admitted those that were there before hosts were admitted at all */
} AdmissionRecords;

/* All of the cluster. One that cannot be read is `unread`. */
int admission_records(Store *store, Arena *a, AdmissionRecords *ret) must_check;

/* The text of the host's record, "" when there is none. */
const char *admission_text(const AdmissionRecords *records, const char *host);

/* By the leader: another machine answers where this host is reached. From the next reading on it takes no part, until it is
 * admitted anew. 0, also where that is written down already; 1: another leads, or somebody else changed the record just
 * now; -ENOMEM, a negative errno of the store. */
int admission_found(const Leadership *l, Arena *a, const char *host, const char *uuid) must_check;
