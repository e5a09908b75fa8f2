/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/json_walk.h"

#include <errno.h>
#include <string.h>

static const char *json_walk_blanks(const char *s, const char *end) {
        while (s < end && strchr(" \t\r\n", *s) && *s)
                s++;
        return s;
}

/* Behind the closing quote of what begins with one; NULL: there is none. */
static const char *json_walk_string(const char *s, const char *end) {
        for (s++; s < end; s++)
                if (*s == '"')
                        return s + 1;
                else if (*s == '\\')
                        s++;
        return NULL;
}

/* Behind the value that begins here; NULL: it does not end. */
static const char *json_walk_value(const char *s, const char *end) {
        size_t depth = 0;

        while (s && s < end) {
                if (*s == '"') {
                        s = json_walk_string(s, end);
                } else if (*s == '{' || *s == '[') {
                        depth++;
                        s++;
                } else if (*s == '}' || *s == ']') {
                        if (depth == 0)
                                return s;
                        depth--;
                        s++;
                } else if (depth == 0 && strchr(", \t\r\n:", *s)) {
                        return s;
                } else {
                        s++;
                        continue;
                }
                if (depth == 0)
                        return s;
        }
        return depth == 0 ? s : NULL;
}

static int json_walk_piece(const char *s, const char *end, JsonPiece *ret) {
        const char *behind = json_walk_value(s, end);

        if (!behind || behind == s)
                return -EBADMSG;
        *ret = (JsonPiece){ .at = s, .n = (size_t) (behind - s) };
        return 0;
}

int json_piece_of(const char *text, size_t n, JsonPiece *ret) {
        const char *end = text + n;

        if (json_walk_piece(json_walk_blanks(text, end), end, ret) < 0)
                return -EBADMSG;
        return json_walk_blanks(ret->at + ret->n, end) == end ? 0 : -EBADMSG;
}

int json_walk_open(JsonPiece piece, char open, JsonWalk *ret) {
        if (piece.n < 2 || piece.at[0] != open)
                return -EBADMSG;
        *ret = (JsonWalk){ .at = piece.at + 1, .end = piece.at + piece.n, .close = open == '{' ? '}' : ']' };
        return 0;
}

/* 1: a value follows; 0: the end. */
static int json_walk_separator(JsonWalk *w) {
        w->at = json_walk_blanks(w->at, w->end);
        if (w->at < w->end && *w->at == w->close)
                return 0;
        if (w->started && (w->at == w->end || *w->at++ != ','))
                return -EBADMSG;
        w->started = true;
        w->at = json_walk_blanks(w->at, w->end);
        return 1;
}

int json_walk_next(JsonWalk *w, JsonPiece *ret_key, JsonPiece *ret) {
        int r = json_walk_separator(w);

        if (r <= 0)
                return r;
        if (w->close == '}') {
                if (w->at == w->end || *w->at != '"' || json_walk_piece(w->at, w->end, ret_key) < 0)
                        return -EBADMSG;
                w->at = json_walk_blanks(ret_key->at + ret_key->n, w->end);
                if (w->at == w->end || *w->at++ != ':')
                        return -EBADMSG;
                w->at = json_walk_blanks(w->at, w->end);
        }
        if (json_walk_piece(w->at, w->end, ret) < 0)
                return -EBADMSG;
        w->at = ret->at + ret->n;
        return 1;
}

bool json_piece_is(const JsonPiece *piece, const char *word) {
        const size_t n = strlen(word);

        return piece->n == n + 2 && piece->at[0] == '"' && memcmp(piece->at + 1, word, n) == 0;
}
