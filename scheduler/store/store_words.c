/* SPDX-License-Identifier: Apache-2.0 */
/* Words of persons about VMs of which nobody can see how their move ended; the leader takes them in. */
#include "scheduler/store/store_script.h"

int store_put_word(Store *s, const char *vm, const char *text, size_t n) {
        return script_ask(s, &(ScriptField){ KEY_WORDS, "VM", "say where a VM runs", vm, text, n });
}

int store_get_words(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_WORDS, ret, ret_n);
}

int store_take_word(Store *s, uint64_t token, const StoredText *word) {
        return script_take(s, token, KEY_WORDS, "take a word about a VM", word);
}
