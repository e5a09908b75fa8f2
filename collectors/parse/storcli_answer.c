/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/storcli_answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/state_words.h"
#include "scheduler/base/text.h"

const char *storcli_text(const json_t *j, const char *key) {
        return json_string_value(json_object_get(j, key));
}

const char *storcli_trimmed(Arena *a, const char *text) {
        char name[STORCLI_NAME_MOST];

        json_trim(name, sizeof(name), text);
        return text_copy(a, name, strlen(name));
}

/* ---- what a status says ---- */

/* That there is none of what was asked for, or that this kind of controller cannot have any. */
static bool says_none(const char *why) {
        return strncmp(why, "No ", 3) == 0 || strstr(why, "n-supported command") ||
               strstr(why, "nsupported command");
}

/* "/c0/e46/s3" → "megaraid/0:46:3"; else the controller's name. */
static const char *item_name(Arena *a, const json_t *row, int64_t number) {
        const char *drive = storcli_text(row, "Drive"), *volume = storcli_text(row, "VD");
        unsigned c, e, s;

        if (drive && sscanf(drive, "/c%u/e%u/s%u", &c, &e, &s) == 3)
                return text_format(a, "megaraid/%u:%u:%u", c, e, s);
        if (drive && sscanf(drive, "/c%u/s%u", &c, &s) == 2)
                return text_format(a, "megaraid/%u:%u", c, s);
        if (volume && sscanf(volume, "/c%u/v%u", &c, &s) == 2)
                return text_format(a, "megaraid/%u/v%u", c, s);
        return text_format(a, "megaraid/%lld", (long long) number);
}

/* A word of success or failure that is neither is told as it is. */
static int outcome_check(Arena *a, const char *word, const char *name, StorcliFacts *f) {
        static const StateWord words[] = { { "Success", "" }, { "Failure", "" }, { "Failed", "" } };

        return !word || STATE_WORD(words, word) ? 0
                                                : unread_word(a, &f->unread, name, "Command Status", word);
}

static int detail_take(Arena *a, const json_t *row, int64_t number, StorcliFacts *f) {
        const char *word = storcli_text(row, "Status"), *why = storcli_text(row, "ErrMsg"),
                   *name = item_name(a, row, number);
        int r = name ? outcome_check(a, word, name, f) : -ENOMEM;

        if (r < 0 || !word || strcmp(word, "Success") == 0 || (why && says_none(why)))
                return r;
        return unread_add(a, &f->unread, name, why && *why && strcmp(why, "-") != 0 ? why : word);
}

static int status_take(Arena *a, const json_t *status, int64_t number, StorcliFacts *f) {
        const char *word = storcli_text(status, "Status"), *description = storcli_text(status, "Description");
        const json_t *details = json_object_get(status, "Detailed Status"), *row;
        const char *name = item_name(a, NULL, number);
        size_t i;
        int r = name ? outcome_check(a, word, name, f) : -ENOMEM;

        if (r < 0 || (word && strcmp(word, "Success") == 0))
                return r;
        json_array_foreach(details, i, row) {
                if (r == 0)
                        r = detail_take(a, row, number, f);
        }
        /* where the details say all is well, nothing is missing */
        if (r == 0 && json_array_size(details) == 0 && !(description && says_none(description)))
                r = unread_word(a, &f->unread, name, "Status",
                                description && strcmp(description, "None") != 0 ? description : word);
        return r;
}

size_t storcli_controllers(const json_t *answer) {
        return json_array_size(json_object_get(answer, "Controllers"));
}

json_t *storcli_response(Arena *a, const json_t *answer, size_t i, StorcliFacts *f, int64_t *ret_number) {
        const json_t *controller = json_array_get(json_object_get(answer, "Controllers"), i);
        const json_t *status = json_object_get(controller, "Command Status");
        json_t *response = json_object_get(controller, "Response Data");

        *ret_number = json_whole(json_object_get(status, "Controller"));
        if (*ret_number < 0 || *ret_number >= CONTROLLERS_MOST) {
                *ret_number = UNKNOWN;
                return NULL;
        }
        return status_take(a, status, *ret_number, f) == 0 && json_is_object(response) ? response : NULL;
}
