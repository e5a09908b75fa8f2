/* SPDX-License-Identifier: Apache-2.0 */
/* A move that an operator wants of the leader (plimsoll move beside a service that acts), and what the leader says came of it:
 * JSON texts in the store, by VM (schemas plimsoll.asked/1, plimsoll.told/1). A VM that is asked for again is wanted where it
 * was asked for last; what nobody took in time is wanted no more.
 *
 * Units: usec_t, in microseconds since the epoch; ms, bytes by suffix. Owner: the arena. Errors: -EBADMSG, -ENOMEM, a negative
 * errno of the store. Threads: the store's; those without one any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/model/record.h"
#include "scheduler/store/store.h"

#define ASKED_FOR (600 * USEC_PER_SEC)  /* so long a leader may take it in */
#define TOLD_FOR  (3600 * USEC_PER_SEC) /* so long what came of it is kept */

typedef struct AskedMove {
        const char *id;   /* different each time; NULL: it cannot be read */
        const char *uuid; /* the VM's, as it was when it was asked for; NULL: not known */
        const char *to;   /* host */
        const char *by;
        usec_t at, until;
        bool makes_way; /* others may move first, so that it fits */
} AskedMove;

typedef struct AskedMoves {
        const StoredText *texts; /* [n] as the store has them, by VM */
        const AskedMove *at;     /* [n] */
        uint32_t n;
} AskedMoves;

int asked_move_print(Arena *a, const AskedMove *move, const char **ret, size_t *ret_n) must_check;
int asked_move_parse(Arena *a, const char *text, size_t n, AskedMove *ret) must_check;
int asked_moves_read(Store *store, Arena *a, AskedMoves *ret) must_check;

/* What came of it. Names are stable in JSON. */
typedef enum ToldEnd {
        TOLD_DONE,    /* it runs there */
        TOLD_REFUSED, /* it cannot move there, and was not tried */
        TOLD_FAILED,  /* it was tried */
        TOLD_EXPIRED, /* nobody took it in */
        TOLD_END_N,
} ToldEnd;
extern const char *const told_end_names[TOLD_END_N]; /* "done", "refused", "failed", "expired" */

typedef struct ToldMove {
        const char *id; /* of what was asked */
        ToldEnd end;
        const char *why;    /* "" or why not */
        const char *leader; /* who says so */
        usec_t at;
        const RecordMove *
                moves; /* that were to be made for it; as they are read back: names, wave, predicted.ms of the order */
        uint32_t n;
} ToldMove;

int told_move_print(Arena *a, const ToldMove *told, const char **ret, size_t *ret_n) must_check;
/* Its moves, as the text and the command's JSON have them; the caller's. */
json_t *told_moves_json(const ToldMove *told) must_check;
int told_move_parse(Arena *a, const char *text, size_t n, ToldMove *ret) must_check;

/* What was said of that one. 0; 1: nothing was. */
int told_move_read(Store *store, Arena *a, const char *vm, const char *id, ToldMove *ret) must_check;
