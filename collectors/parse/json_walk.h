/* SPDX-License-Identifier: Apache-2.0 */
/* A long JSON text, walked piece by piece: each value is found as bytes, and only what is wanted is read by jansson. So that an
 * answer of others takes no more memory than its own bytes: as a tree an array of a byte is a hundred. Whether the
 * bytes of a value are JSON is for whoever reads them to say. Pure.
 *
 * Units: bytes. Owner: the text is the caller's. Errors: -EBADMSG: no value, or no end of one. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

typedef struct JsonPiece {
        const char *at;
        size_t n;
} JsonPiece;

typedef struct JsonWalk {
        const char *at, *end; /* what is left */
        char close;
        bool started;
} JsonWalk;

/* The one value that the text is, with blanks around it. 0 or -EBADMSG. */
int json_piece_of(const char *text, size_t n, JsonPiece *ret) must_check;

/* Begins to walk an object ('{') or an array ('['). 0; -EBADMSG: the piece is none. */
int json_walk_open(JsonPiece piece, char open, JsonWalk *ret) must_check;

/* 1: the next value; of an object with its key, which keeps its quotes. 0: that was all. -EBADMSG. */
int json_walk_next(JsonWalk *w, JsonPiece *ret_key, JsonPiece *ret) must_check;

/* The piece is this word in quotes, without escapes. */
bool json_piece_is(const JsonPiece *piece, const char *word);
