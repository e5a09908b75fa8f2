/* Lua scripts: run by the server as one step, so that what is read and what is written cannot be parted by
 * another program. All keys of a call are of one cluster, hence in one slot, and are passed as KEYS.
 */
#pragma once

#include "scheduler/store/store_object.h"

enum { SCRIPT_KEYS = 3 };

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
