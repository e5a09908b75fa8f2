/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/settle_word.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/store/store_unread.h"
#include "scheduler/store/stored_json.h"

#define SETTLE_WORD_SCHEMA "plimsoll.settle/1"

int settle_word_print(Arena *a, const SettleWord *word, const char **ret, size_t *ret_n) {
        json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "schema", SETTLE_WORD_SCHEMA, "id", word->id,
                              "host", word->at, "by", word->by, "why", word->why, "at",
                              (json_int_t) word->said_at);

        return stored_json_text(a, o, ret, ret_n);
}

static int settle_word_of_json(Arena *a, json_t *o, SettleWord *ret) {
        const char *schema = NULL, *id = NULL, *at = NULL, *by = NULL, *why = NULL;
        json_int_t said_at = 0;

        if (json_unpack(o, "{s:s, s:s, s:s, s:s, s:s, s:I}", "schema", &schema, "id", &id, "host", &at, "by",
                        &by, "why", &why, "at", &said_at) < 0 ||
            strcmp(schema, SETTLE_WORD_SCHEMA) != 0 || !text_is_name(at, strlen(at)) ||
            !text_is_name(by, strlen(by)) || strlen(why) > SETTLE_WHY_MAX ||
            !text_is_line(why, strlen(why)) || said_at < 0 || said_at > SETTLE_TIME_MAX)
                return -EBADMSG;
        *ret = (SettleWord){ .id = text_copy(a, id, strlen(id)),
                             .at = text_copy(a, at, strlen(at)),
                             .by = text_copy(a, by, strlen(by)),
                             .why = text_copy(a, why, strlen(why)),
                             .said_at = said_at };
        return ret->id && ret->at && ret->by && ret->why ? 0 : -ENOMEM;
}

int settle_word_parse(Arena *a, const char *text, size_t n, SettleWord *ret) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? settle_word_of_json(a, o, ret) : -EBADMSG;

        json_decref(o);
        return r;
}

int settle_words_read(Store *store, Arena *a, SettleWords *ret) {
        StoredText *texts = NULL;
        SettleWord *list;
        uint32_t n = 0;
        int r = store_get_words(store, a, &texts, &n);

        list = r == 0 ? arena_new(a, SettleWord, n) : NULL;
        if (r == 0 && !list)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                r = settle_word_parse(a, texts[i].text, texts[i].n, &list[i]);
                if (r == -EBADMSG)
                        store_unread_add(store, KEY_WORDS, texts[i].name, "it settles nothing");
                r = r == -EBADMSG ? 0 : r;
        }
        if (r == 0)
                *ret = (SettleWords){ .texts = texts, .at = list, .n = n };
        return r;
}

const SettleWord *settle_word_of(const SettleWords *words, const JournalEntry *entry) {
        for (uint32_t i = 0; i < words->n; i++)
                if (words->at[i].id && strcmp(words->at[i].id, entry->id) == 0 &&
                    strcmp(words->texts[i].name, entry->order->vm) == 0)
                        return &words->at[i];
        return NULL;
}
