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
                .subject = text_format(a, "%s/%lld", f->family, (long long) number),
                .serial = storcli_trimmed(a, storcli_text(basics, "Serial Number")),
                .model = storcli_trimmed(a, model ? model : storcli_text(basics, "Product Name")),
                .state = STATE_WORD(storcli_controller_words, word),
                .corrected = json_whole(json_object_get(status, "Memory Correctable Errors")),
                .uncorrected = json_whole(json_object_get(status, "Memory Uncorrectable Errors"))
        };
        if (!c->subject || !c->serial || !c->model)
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

static int part_unread(Arena *a, const char *what, StorcliFacts *f) {
        const char *name = text_format(a, "%s%s", what, f->family);

        return name ? unread_add(a, &f->unread, name, "the answer is empty or cut off") : -ENOMEM;
}

/* `must`: without it there is nothing. */
static int part_take(Arena *a, StorcliText text, const char *what, bool must, StorcliFacts *f,
                     int (*take)(Arena *a, const json_t *answer, StorcliFacts *f)) {
        json_t *answer = json_document(text.at ? text.at : "", text.n);
        int r = json_is_array(json_object_get(answer, "Controllers")) ? take(a, answer, f)
                : must                                                ? -EBADMSG
                                                                      : part_unread(a, what, f);

        json_decref(answer);
        return r;
}

int storcli_parse(Arena *a, const char *family, StorcliText controllers, StorcliText volumes,
                  StorcliText drives, StorcliText others, StorcliFacts *ret) {
        StorcliFacts f = { .family = family, .drives = arena_new(a, StorcliDrive, STORCLI_DRIVES_MOST) };
        int r = f.drives ? part_take(a, controllers, "", true, &f, controllers_take) : -ENOMEM;

        if (r == 0)
                r = part_take(a, drives, "drives of ", false, &f, storcli_drives_take);
        if (r == 0 && others.n > 0)
                r = part_take(a, others, "drives without an enclosure of ", false, &f, storcli_drives_take);
        if (r == 0)
                r = part_take(a, volumes, "volumes of ", false, &f, storcli_volumes_take);
        if (r == 0)
                r = part_take(a, controllers, "", true, &f, storcli_lists_take);
        if (r == 0)
                *ret = f;
        return r;
}
