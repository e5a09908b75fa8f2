/* SPDX-License-Identifier: Apache-2.0 */
/* A loss of the store that nobody has acknowledged yet: what is held back until then, and for whom not. The text stands
 * in the store (schema plimsoll.loss/1), so that the service and all commands say the same; a service that remembers makes
 * it (store_memory.h).
 *
 * Until `plimsoll store acknowledge`: VMs leave a host only if it was in maintenance, or had a device of grade 4, before
 * the loss; and none goes onto a host that was closed, or had one of grade 3, before.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -ENOMEM, a negative errno of the store.
 * Threads: the store's.
 */
#pragma once

#include "scheduler/model/cluster.h"
#include "scheduler/store/store_memory.h"

#define LOSS_UNREADABLE "unreadable" /* the id of one that has none */

typedef struct LossAnswer {
        const char *loss; /* its id */
        const char *by, *why;
        usec_t at;
} LossAnswer;

typedef struct LostStore {
        const char *
                id; /* NULL: what stands there cannot be read, and counts as a loss before which nothing is known */
        const char *text;   /* as it stands in the store */
        const char *why;    /* "it has another identity" */
        const char *by;     /* the service that saw it */
        const char *before; /* the identity that the store had */
        usec_t at;
        Strings emptied, closed; /* hosts, as they were before it; sorted */
        bool answered;
        LossAnswer answer;
} LostStore;

/* Of what the memory has. random: for its id. */
int store_loss_of(const StoreMemory *m, Arena *a, LostStore *loss, uint64_t random) must_check;
int store_loss_print(Arena *a, const LostStore *loss, const char **ret, size_t *ret_n) must_check;

/* Their texts. One that cannot be read is a loss, too (id NULL), and no answer (1). 0 or -ENOMEM. */
int store_loss_parse(Arena *a, const char *text, size_t n, LostStore *ret) must_check;
int store_loss_answer_parse(Arena *a, const char *text, size_t n, LossAnswer *ret) must_check;

/* What the store has. 1: nothing is lost. */
int store_loss_read(Store *s, Arena *a, LostStore *ret) must_check;

/* By an operator. */
int store_loss_acknowledge(Store *s, Arena *a, const LossAnswer *answer) must_check;

/* "the store has forgotten (WHY), seen at … by …: balance, load and new marks wait" */
const char *store_loss_words(Arena *a, const LostStore *loss);

/* The snapshot as it may be planned on until then. */
int store_loss_hold(Arena *a, const Snapshot *s, const LostStore *loss, const Snapshot **ret) must_check;
