/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/store_loss.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/state/host_mark.h"
#include "scheduler/base/compare.h"
#include "scheduler/snapshot/health/fault_memory.h"
#include "scheduler/store/stored_json.h"

#define SCHEMA        "plimsoll.loss/1"
#define ANSWER_SCHEMA "plimsoll.loss-answer/1"

/* ---- what was before ---- */

typedef struct HostsBefore {
        const char **emptied, **closed;
        uint32_t n_emptied, n_closed;
} HostsBefore;

static int before_marks(const StoreMemory *m, Arena *a, HostsBefore *ret) {
        uint32_t n;
        const MemoryItem *marks = store_memory_items(m, KEY_MARKS, &n);

        for (uint32_t i = 0; i < n; i++) {
                OperatorMark mark = { .state =
                                              HOST_CORDONED }; /* as everywhere: one that is not understood */

                if (marks[i].text[0] == '-')
                        continue; /* taken back */
                if (host_mark_parse(a, marks[i].text, marks[i].n, &mark) == -ENOMEM)
                        return -ENOMEM;
                if (mark.state == HOST_ACTIVE)
                        continue;
                ret->closed[ret->n_closed++] = marks[i].name;
                if (mark.state == HOST_MAINTENANCE)
                        ret->emptied[ret->n_emptied++] = marks[i].name;
        }
        return 0;
}

static int before_faults(const StoreMemory *m, Arena *a, HostsBefore *ret) {
        uint32_t n;
        const MemoryItem *faults = store_memory_items(m, KEY_FAULTS, &n);

        for (uint32_t i = 0; i < n; i++) {
                const ArenaMark at = arena_mark(a);
                FaultMemory memory = { 0 };
                TextFault fault = { 0 };
                int64_t worst = 0;
                int r = fault_memory_parse(a, faults[i].text, faults[i].n, &memory, &fault);

                if (r == -ENOMEM)
                        return r;
                for (uint32_t d = 0; r == 0 && d < memory.n_devices; d++)
                        if (memory.devices[d].grade > worst)
                                worst = memory.devices[d].grade;
                arena_rewind(a, at);
                if (worst >= 3)
                        ret->closed[ret->n_closed++] = faults[i].name;
                if (worst >= 4)
                        ret->emptied[ret->n_emptied++] = faults[i].name;
        }
        return 0;
}

/* Copied: the memory's texts go with its next look. Sorted, each once. */
static int before_names(Arena *a, const char **names, uint32_t n, Strings *ret) {
        uint32_t kept = 0;

        if (n > 0)
                qsort(names, n, sizeof(*names), compare_strings);
        for (uint32_t i = 0; i < n; i++) {
                const char *copy;

                if (kept > 0 && strcmp(names[kept - 1], names[i]) == 0)
                        continue;
                copy = text_copy(a, names[i], strlen(names[i]));
                if (!copy)
                        return -ENOMEM;
                names[kept++] = copy;
        }
        *ret = (Strings){ .at = names, .n = kept };
        return 0;
}

int store_loss_of(const StoreMemory *m, Arena *a, LostStore *loss, uint64_t random) {
        uint32_t n_marks, n_faults;
        HostsBefore before = { 0 };
        const char *identity = store_memory_identity(m);
        int r;

        (void) store_memory_items(m, KEY_MARKS, &n_marks);
        (void) store_memory_items(m, KEY_FAULTS, &n_faults);
        before.emptied = arena_new(a, const char *, (size_t) n_marks + n_faults);
        before.closed = arena_new(a, const char *, (size_t) n_marks + n_faults);
        loss->id = text_format(a, "%016llx", (unsigned long long) random);
        loss->before = text_copy(a, identity, strlen(identity));
        if (!before.emptied || !before.closed || !loss->id || !loss->before)
                return -ENOMEM;
        r = before_marks(m, a, &before);
        if (r == 0)
                r = before_faults(m, a, &before);
        if (r == 0)
                r = before_names(a, before.emptied, before.n_emptied, &loss->emptied);
        return r < 0 ? r : before_names(a, before.closed, before.n_closed, &loss->closed);
}

/* ---- its text ---- */

static json_t *store_loss_names(const Strings *names) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < names->n; i++)
                (void) json_array_append_new(list, json_string(names->at[i]));
        return list;
}

int store_loss_print(Arena *a, const LostStore *loss, const char **ret, size_t *ret_n) {
        return stored_json_text(a,
                                json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:o, s:o}", "schema", SCHEMA, "id",
                                          loss->id, "at", (json_int_t) loss->at, "by", loss->by, "why",
                                          loss->why, "before", loss->before, "emptied",
                                          store_loss_names(&loss->emptied), "closed",
                                          store_loss_names(&loss->closed)),
                                ret, ret_n);
}

static const char *store_loss_copy(Arena *a, const char *text, bool *full) {
        const char *copy = text && text_is_line(text, strlen(text)) ? text_copy(a, text, strlen(text)) : "";

        *full |= !copy;
        return copy;
}

/* What is no list of names is none: then nothing is emptied, and nothing more closed than is said elsewhere. */
static int store_loss_list(Arena *a, const json_t *list, Strings *ret) {
        const char **names = arena_new(a, const char *, json_array_size(list) + 1);
        uint32_t n = 0;
        bool full = !names;

        for (size_t i = 0; !full && i < json_array_size(list); i++)
                if (json_is_string(json_array_get(list, i)))
                        names[n++] = store_loss_copy(a, json_string_value(json_array_get(list, i)), &full);
        if (full)
                return -ENOMEM;
        if (n > 0)
                qsort(names, n, sizeof(*names), compare_strings);
        *ret = (Strings){ .at = names, .n = n };
        return 0;
}

int store_loss_parse(Arena *a, const char *text, size_t n, LostStore *ret) {
        const char *schema = "", *id = "", *by = "", *why = "", *before = "";
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL), *emptied = NULL, *closed = NULL;
        json_int_t at = 0;
        bool full = false;
        int r = 0;

        *ret = (LostStore){ .why = "the stored data about it cannot be read", .by = "", .before = "" };
        ret->text = text_copy(a, text, n);
        if (json_unpack(o, "{s:s, s:s, s?I, s?s, s?s, s?s, s?o, s?o}", "schema", &schema, "id", &id, "at",
                        &at, "by", &by, "why", &why, "before", &before, "emptied", &emptied, "closed",
                        &closed) == 0 &&
            strcmp(schema, SCHEMA) == 0 && text_is_name(id, strlen(id))) {
                ret->id = store_loss_copy(a, id, &full);
                ret->by = store_loss_copy(a, by, &full);
                ret->why = store_loss_copy(a, why, &full);
                ret->before = store_loss_copy(a, before, &full);
                ret->at = at;
                r = store_loss_list(a, emptied, &ret->emptied);
                if (r == 0)
                        r = store_loss_list(a, closed, &ret->closed);
        }
        json_decref(o);
        return full || !ret->text ? -ENOMEM : r;
}

int store_loss_answer_parse(Arena *a, const char *text, size_t n, LossAnswer *ret) {
        const char *schema = "", *loss = "", *by = "", *why = "";
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        json_int_t at = 0;
        bool full = false, good;

        good = json_unpack(o, "{s:s, s:s, s:s, s?s, s:I}", "schema", &schema, "loss", &loss, "by", &by, "why",
                           &why, "at", &at) == 0 &&
               strcmp(schema, ANSWER_SCHEMA) == 0;
        if (good)
                *ret = (LossAnswer){ .loss = store_loss_copy(a, loss, &full),
                                     .by = store_loss_copy(a, by, &full),
                                     .why = store_loss_copy(a, why, &full),
                                     .at = at };
        json_decref(o);
        return full ? -ENOMEM : good ? 0 : 1;
}

int store_loss_read(Store *s, Arena *a, LostStore *ret) {
        const char *text = NULL;
        size_t n = 0;
        int r = store_get_loss(s, a, &text, &n);

        if (r != 0)
                return r;
        r = store_loss_parse(a, text, n, ret);
        if (r == 0)
                r = store_get_loss_answer(s, a, &text, &n);
        if (r == 0)
                r = store_loss_answer_parse(a, text, n, &ret->answer);
        ret->answered = r == 0 && strcmp(ret->answer.loss, ret->id ? ret->id : LOSS_UNREADABLE) == 0;
        return r < 0 ? r : 0;
}

int store_loss_acknowledge(Store *s, Arena *a, const LossAnswer *answer) {
        const char *text = NULL;
        size_t n = 0;
        int r = stored_json_text(a,
                                 json_pack("{s:s, s:s, s:s, s:s*, s:I}", "schema", ANSWER_SCHEMA, "loss",
                                           answer->loss, "by", answer->by, "why", answer->why, "at",
                                           (json_int_t) answer->at),
                                 &text, &n);

        return r < 0 ? r : store_put_loss_answer(s, text, n);
}

const char *store_loss_words(Arena *a, const LostStore *loss) {
        if (loss->answered)
                return text_format(
                        a,
                        "the store has lost data (%s); acknowledged by %s: continues with the service's next round",
                        loss->why, loss->answer.by);
        return text_format(
                a,
                "the store has lost data (%s): balance, load relief and new marks wait for \"plimsoll store "
                "acknowledge\"",
                loss->why);
}

/* ---- what is held ---- */

static bool store_loss_has(const Strings *sorted, const char *name) {
        return sorted->n > 0 && bsearch(&name, sorted->at, sorted->n, sizeof(*sorted->at), compare_strings);
}

int store_loss_hold(Arena *a, const Snapshot *s, const LostStore *loss, const Snapshot **ret) {
        static const char why[] = "the store has lost data; plimsoll store acknowledge";
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, s->n_hosts);
        Vm *vms = arena_new(a, Vm, s->n_vms);

        if (!copy || !hosts || !vms)
                return -ENOMEM;
        *copy = *s;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                hosts[h] = s->hosts[h];
                if (hosts[h].state == HOST_ACTIVE && store_loss_has(&loss->closed, hosts[h].name))
                        hosts[h].state = HOST_CORDONED;
        }
        for (VmIx v = 0; v < s->n_vms; v++) {
                vms[v] = s->vms[v];
                if (!vms[v].movable ||
                    (vms[v].host < s->n_hosts && store_loss_has(&loss->emptied, hosts[vms[v].host].name)))
                        continue;
                vms[v].movable = false;
                vms[v].unmovable_why = why;
        }
        copy->hosts = hosts;
        copy->vms = vms;
        *ret = copy;
        return 0;
}
