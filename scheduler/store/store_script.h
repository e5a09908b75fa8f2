/* SPDX-License-Identifier: Apache-2.0 */
/* Lua scripts: run by the server as one step, so that what is read and what is written cannot be parted by
 * another program. All keys of a call are of one cluster, hence in one slot, and are passed as KEYS.
 *
 * Units: usec_t, in microseconds; Redis' ids in milliseconds. Owner: `buf` and `keys` are the caller's;
 * entries are in the arena. Errors: as store.h; 1 is no error. Threads: as the Store's: one.
 */
#pragma once

#include "scheduler/store/store_object.h"

enum { SCRIPT_KEYS = 6, SCRIPT_WORDS = 4 };

/* Adds EVAL, the script and its keys to `c`; what is added afterwards are ARGV. `keys` must live until the
 * command is sent. */
typedef struct ScriptKeys {
        char texts[SCRIPT_KEYS][KEY_SIZE];
        char count[24];
} ScriptKeys;

void script_add(const Store *s, Command *c, const char *script, const StoreKey *keys, int n, ScriptKeys *buf);

/* The newest entries of a stream, newest first; name is the entry's id, "MILLISECONDS-N". */
int stream_read(Store *s, Arena *a, StoreKey stream, uint32_t most, StoredText **ret,
                uint32_t *ret_n) must_check;
/* The same, not older than the id `since` ("-": all). */
int stream_read_since(Store *s, Arena *a, StoreKey stream, const char *since, uint32_t most, StoredText **ret,
                      uint32_t *ret_n) must_check;

/* A script that writes: it returns 0, or 1 when it refused. */
typedef struct ScriptWrite {
        const char *script, *what; /* what: for messages, "journal" */
        bool fenced; /* the script begins with SCRIPT_FENCE; KEYS[1] is KEY_TOKEN and ARGV[1] `token`, what is
                        listed here follows them */
        uint64_t token;
        StoreKey keys[SCRIPT_KEYS - 1];
        const char *part; /* of keys[0], where it has one */
        int n_keys;
        StoredText words[SCRIPT_WORDS]; /* text and n; NULL: "" */
        int n_words;
} ScriptWrite;

/* Nothing is written by a leader whose token is not the newest: checked in the same step as what follows. */
#define SCRIPT_FENCE "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 1 end\n"

/* A counter, of which only that it changes counts, grows: to the server's time, or by one where it is at that or beyond.
 * So it differs also from what was read before the store lost it. One that is damaged, or no text, begins again. */
#define SCRIPT_COUNT(key)                                                                                    \
        "do\n"                                                                                               \
        "  local count, at = redis.pcall('INCR', " key "), redis.call('TIME')\n"                             \
        "  at = at[1] * 1000000 + at[2]\n"                                                                   \
        "  if type(count) ~= 'number' or count < at then\n"                                                  \
        "    redis.call('SET', " key ", string.format('%.0f', at))\n"                                        \
        "  end\n"                                                                                            \
        "end\n"

/* 0; 1: refused; a negative errno of the store. */
int script_write(Store *s, const ScriptWrite *w) must_check;
/* The same; *ret_said: what the script returned, where that is 0 or 1. */
int script_write_said(Store *s, const ScriptWrite *w, int64_t *ret_said) must_check;

/* A field of a hash: `kind` of its name ("host"), `what` is done, for messages; the text may be none. */
typedef struct ScriptField {
        StoreKey hash;
        const char *kind, *what, *name, *text;
        size_t n;
} ScriptField;

/* What only the leader keeps there; n == 0: no more. 0; 1: refused; -EINVAL with words: no name; a negative errno of the store. */
int script_keep(Store *s, uint64_t token, const ScriptField *f) must_check;
/* What an operator wants, which is a call (KEY_CALL), and stays until a leader takes it. As above, without 1. */
int script_ask(Store *s, const ScriptField *f) must_check;
/* The leader takes it: it goes, unless another text stands there by now. As script_keep(). */
int script_take(Store *s, uint64_t token, StoreKey hash, const char *what,
                const StoredText *asked) must_check;

#define SCRIPT_TEXT(t, size) ((StoredText){ .text = (t), .n = (size) })
