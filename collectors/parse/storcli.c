/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/storcli.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/state_words.h"
#include "collectors/parse/storcli_answer.h"
#include "scheduler/base/text.h"

static const StateWord storcli_controller_words[] = {
        { "Optimal", "optimal" },
        { "OK", "optimal" },
        { "Needs Attention", "degraded" },
        { "Degraded", "degraded" },
        { "Need Attention", "degraded" },
        { "Failed", "failed" },
        { "Fault", "failed" },
};
static const StateWord storcli_battery_words[] = {
        { "Optimal", "optimal" },      { "Good", "optimal" },      { "OK", "optimal" },
        { "Dgd", "degraded" },         { "Degraded", "degraded" }, { "Dgrd", "degraded" },
        { "Fail", "failed" },          { "Failed", "failed" },     { "Critical", "failed" },
        { "Learn", "charging" },       { "Learning", "charging" }, { "Charging", "charging" },
        { "Discharging", "charging" }, { "Missing", "missing" },   { "Absent", "missing" },
        { "Not Present", "missing" },
};

<<<<<<< HEAD
=======
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
static const char *item_name(Arena *a, const json_t *row, int64_t number) {
        const char *drive = storcli_text(row, "Drive"), *volume = storcli_text(row, "VD");
        char numbers[64];

        if (drive && (path_numbers(drive, "ces", ':', numbers) || path_numbers(drive, "cs", ':', numbers)))
                return text_format(a, "megaraid/%s", numbers);
        if (volume && path_numbers(volume, "cv", '/', numbers))
                return text_format(a, "megaraid/%.*s/v%s", (int) strcspn(numbers, "/"), numbers,
                                   strchr(numbers, '/') + 1);
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

>>>>>>> main
/* ---- controllers ---- */
static int battery_take(Arena *a, const json_t *response, StorcliController *c, StorcliFacts *f) {
        static const struct {
                const char *list, *state;
        } infos[] = { { "Cachevault_Info", "State" },
                      { "BBU_Info", "State" },
                      { "Energy Pack Info", "Status" } };
        const json_t *hardware = json_object_get(response, "HwCfg");
        const char *present = storcli_text(hardware, "BBU");

        c->battery = "";
        present = present ? present : storcli_text(hardware, "Energy Pack");
        for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
                const json_t *info = json_array_get(json_object_get(response, infos[i].list), 0);
                const char *word = storcli_text(info, infos[i].state);

                if (!info)
                        continue;
                c->battery = STATE_WORD(storcli_battery_words, word);
                if (c->battery)
                        return 0;
                c->battery = "unknown";
                return unread_word(a, &f->unread, c->subject, infos[i].list, word);
        }
        present = STATE_WORD(storcli_battery_words, present);
        c->battery = present && strcmp(present, "missing") == 0 ? present : "";
        return 0;
}

static int controller_take(Arena *a, const json_t *response, int64_t number, StorcliController *c,
                           StorcliFacts *f) {
        const json_t *basics = json_object_get(response, "Basics"),
                     *status = json_object_get(response, "Status");
        const char *model = storcli_text(basics, "Model"), *word = storcli_text(status, "Controller Status");
        int r;

        *c = (StorcliController){
                .number = number,
                .subject = text_format(a, "megaraid/%lld", (long long) number),
                .model = storcli_trimmed(a, model ? model : storcli_text(basics, "Product Name")),
                .state = STATE_WORD(storcli_controller_words, word),
                .corrected = json_whole(json_object_get(status, "Memory Correctable Errors")),
                .uncorrected = json_whole(json_object_get(status, "Memory Uncorrectable Errors"))
        };
        if (!c->subject || !c->model)
                return -ENOMEM;
        r = battery_take(a, response, c, f);
        if (r == 0 && !c->state) {
                c->state = "unknown";
                r = unread_word(a, &f->unread, c->subject, "Controller Status", word);
        }
        return r;
}

static int controllers_take(Arena *a, const json_t *answer, StorcliFacts *f) {
        size_t n = storcli_controllers(answer);
        StorcliController *to = arena_new(a, StorcliController, n);
        uint32_t known = 0;
        int r = to ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n; i++) {
                int64_t number;
                json_t *response = storcli_response(a, answer, i, f, &number);

                known += number != UNKNOWN;
                if (response)
                        r = controller_take(a, response, number, &to[f->n_controllers++], f);
        }
        f->controllers = to;
        return r < 0 ? r : known > 0 ? 0 : -ENODEV;
}

/* ---- all of it ---- */

/* `must`: without it there is nothing. */
static int part_take(Arena *a, StorcliText text, const char *what, bool must, StorcliFacts *f,
                     int (*take)(Arena *a, const json_t *answer, StorcliFacts *f)) {
        json_t *answer = json_document(text.at ? text.at : "", text.n);
        int r = json_is_array(json_object_get(answer, "Controllers")) ? take(a, answer, f)
                : must                                                ? -EBADMSG
                       : unread_add(a, &f->unread, what, "the answer is cut off, or none");

        json_decref(answer);
        return r;
}

int storcli_parse(Arena *a, StorcliText controllers, StorcliText volumes, StorcliText drives,
                  StorcliText others, StorcliFacts *ret) {
        StorcliFacts f = { .drives = arena_new(a, StorcliDrive, STORCLI_DRIVES_MOST) };
        int r = f.drives ? part_take(a, controllers, "megaraid", true, &f, controllers_take) : -ENOMEM;

        if (r == 0)
                r = part_take(a, drives, "drives of megaraid", false, &f, storcli_drives_take);
        if (r == 0 && others.n > 0)
                r = part_take(a, others, "drives without an enclosure", false, &f, storcli_drives_take);
        if (r == 0)
                r = part_take(a, volumes, "volumes of megaraid", false, &f, storcli_volumes_take);
        if (r == 0)
                *ret = f;
        return r;
}
