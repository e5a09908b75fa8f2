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

/* "/c0/e46/s3" of the letters "ces" → "0:46:3", with `between` for the colons. False: it is of another form. */
static bool path_numbers(const char *path, const char *letters, char between, char ret[64]) {
        size_t n = 0;

        for (const char *l = letters; *l; l++) {
                size_t digits = path[0] == '/' && path[1] == *l ? strspn(path + 2, "0123456789") : 0;

                if (digits == 0 || digits > 10 || n + digits + 2 > 64)
                        return false;
                if (n > 0)
                        ret[n++] = between;
                memcpy(ret + n, path + 2, digits);
                n += digits;
                path += digits + 2;
        }
        ret[n] = '\0';
        return *path == '\0';
}

/* "/c0/e46/s3" → "megaraid/0:46:3"; else the controller's name. */
static const char *item_name(Arena *a, const StorcliFacts *f, const json_t *row, int64_t number) {
        const char *drive = storcli_text(row, "Drive"), *volume = storcli_text(row, "VD");
        char numbers[64];

        if (drive && (path_numbers(drive, "ces", ':', numbers) || path_numbers(drive, "cs", ':', numbers)))
                return text_format(a, "%s/%s", f->family, numbers);
        if (volume && path_numbers(volume, "cv", '/', numbers))
                return text_format(a, "%s/%.*s/v%s", f->family, (int) strcspn(numbers, "/"), numbers,
                                   strchr(numbers, '/') + 1);
        return text_format(a, "%s/%lld", f->family, (long long) number);
}

/* A word of success or failure that is neither is told as it is. */
static int outcome_check(Arena *a, const char *word, const char *name, StorcliFacts *f) {
        static const StateWord words[] = { { "Success", "" }, { "Failure", "" }, { "Failed", "" } };

        return !word || STATE_WORD(words, word) ? 0
                                                : unread_word(a, &f->unread, name, "Command Status", word);
}

static int detail_take(Arena *a, const json_t *row, int64_t number, StorcliFacts *f) {
        const char *word = storcli_text(row, "Status"), *why = storcli_text(row, "ErrMsg"),
                   *name = item_name(a, f, row, number);
        int r = name ? outcome_check(a, word, name, f) : -ENOMEM;

        if (r < 0 || !word || strcmp(word, "Success") == 0 || (why && says_none(why)))
                return r;
        return unread_add(a, &f->unread, name, why && *why && strcmp(why, "-") != 0 ? why : word);
}

static int status_take(Arena *a, const json_t *status, int64_t number, StorcliFacts *f) {
        const char *word = storcli_text(status, "Status"), *description = storcli_text(status, "Description");
        const json_t *details = json_object_get(status, "Detailed Status"), *row;
        const char *name = item_name(a, f, NULL, number);
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

static const json_t *storcli_controller(const json_t *answer, size_t i) {
        return json_array_get(json_object_get(answer, "Controllers"), i);
}

int64_t storcli_number(const json_t *answer, size_t i) {
        const json_t *status = json_object_get(storcli_controller(answer, i), "Command Status");
        int64_t number = json_whole(json_object_get(status, "Controller"));

        return number >= 0 && number < CONTROLLERS_MOST ? number : UNKNOWN;
}

json_t *storcli_data(const json_t *answer, size_t i) {
        json_t *response = json_object_get(storcli_controller(answer, i), "Response Data");

        return json_is_object(response) ? response : NULL;
}

json_t *storcli_response(Arena *a, const json_t *answer, size_t i, StorcliFacts *f, int64_t *ret_number) {
        const json_t *status = json_object_get(storcli_controller(answer, i), "Command Status");

        *ret_number = storcli_number(answer, i);
        if (*ret_number == UNKNOWN)
                return NULL;
        return status_take(a, status, *ret_number, f) == 0 ? storcli_data(answer, i) : NULL;
}
