/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/abort_wish.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/store_unread.h"
#include "scheduler/store/stored_json.h"

#define ABORT_WISH_SCHEMA "plimsoll.abort-wish/1"
#define ID_MAX            400 /* bytes */

bool abort_wish_is_why(const char *why) {
        const size_t n = strlen(why);

        return n <= ABORT_WHY_MAX && (n == 0 || text_is_line(why, n));
}

static bool abort_wish_is_id(const char *id) {
        const size_t n = strlen(id);

        return n > 0 && n <= ID_MAX && text_is_line(id, n);
}

static bool abort_wish_is_time(json_int_t at) {
        return at >= 0 && at <= bound_of(BOUND_STORED);
}

int abort_wish_print(Arena *a, const AbortWish *wish, const char **ret, size_t *ret_n) {
        return stored_json_text(a,
                                json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "schema", ABORT_WISH_SCHEMA, "id",
                                          wish->id, "by", wish->by, "why", wish->why, "at",
                                          (json_int_t) wish->at, "until", (json_int_t) wish->until),
                                ret, ret_n);
}

static int abort_wish_of_json(Arena *a, json_t *o, AbortWish *ret) {
        const char *schema = NULL, *id = NULL, *by = NULL, *why = NULL;
        json_int_t at = 0, until = 0;

        if (json_unpack(o, "{s:s, s:s, s:s, s:s, s:I, s:I}", "schema", &schema, "id", &id, "by", &by, "why",
                        &why, "at", &at, "until", &until) < 0 ||
            strcmp(schema, ABORT_WISH_SCHEMA) != 0 || !abort_wish_is_id(id) ||
            !text_is_name(by, strlen(by)) || !abort_wish_is_why(why) || !abort_wish_is_time(at) ||
            !abort_wish_is_time(until))
                return -EBADMSG;
        *ret = (AbortWish){ .id = text_copy(a, id, strlen(id)),
                            .by = text_copy(a, by, strlen(by)),
                            .why = text_copy(a, why, strlen(why)),
                            .at = at,
                            .until = until };
        return ret->id && ret->by && ret->why ? 0 : -ENOMEM;
}

int abort_wish_parse(Arena *a, const char *text, size_t n, AbortWish *ret) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? abort_wish_of_json(a, o, ret) : -EBADMSG;

        json_decref(o);
        return r;
}

int abort_wishes_read(Store *store, Arena *a, AbortWishes *ret) {
        StoredText *texts = NULL;
        AbortWish *list;
        uint32_t n = 0;
        int r = store_get_aborts(store, a, &texts, &n);

        list = r == 0 ? arena_new(a, AbortWish, n) : NULL;
        if (r == 0 && !list)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                r = abort_wish_parse(a, texts[i].text, texts[i].n, &list[i]);
                if (r == -EBADMSG)
                        store_unread_add(store, KEY_ABORTS, texts[i].name, "its move is not aborted for it");
                r = r == -EBADMSG ? 0 : r;
        }
        if (r == 0)
                *ret = (AbortWishes){ .texts = texts, .at = list, .n = n };
        return r;
}

const char *abort_wish_words(Arena *a, const AbortWish *wish) {
        return text_format(a, "aborted by %s%s%s", wish->by, wish->why[0] ? ": " : "", wish->why);
}
