/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/hash.h"

#define ROOM_FIRST 8U

void said_close(Said *said) {
        free(said->things);
        *said = (Said){ 0 };
}

static uint64_t said_hash(const char *text) {
        return fnv1a(FNV1A_START, text, strlen(text) + 1);
}

static SaidThing *said_thing(const Said *said, uint64_t hash) {
        for (uint32_t i = 0; i < said->n; i++)
                if (said->things[i].hash == hash)
                        return &said->things[i];
        return NULL;
}

const SaidThing *said_find(const Said *said, const char *name) {
        return said_thing(said, said_hash(name));
}

/* NULL: it is beyond the bound. */
static SaidThing *said_add(Said *said) {
        const uint32_t room = said->room == 0 ? ROOM_FIRST : 2 * said->room;
        SaidThing *more;

        if (said->n == SAID_MAX)
                return NULL;
        if (said->n == said->room) {
                more = realloc(said->things, sizeof(*more) * room);
                if (!more)
                        return NULL;
                said->things = more;
                said->room = room;
        }
        return &said->things[said->n++];
}

SaidStep said_look(Said *said, const char *name, const char *words, usec_t now) {
        const uint64_t hash = said_hash(name), w = said_hash(words);
        SaidThing *t = said_thing(said, hash);

        if (t) {
                const bool changes = t->words != w;

                t->before = changes ? t->times : t->before;
                t->times++;
                t->words = w;
                t->last = now;
                t->turn = said->turn;
                return changes ? SAID_CHANGES : SAID_GOES_ON;
        }
        t = said_add(said);
        if (!t)
                return SAID_GOES_ON;
        *t = (SaidThing){
                .hash = hash, .words = w, .times = 1, .since = now, .last = now, .turn = said->turn
        };
        (void) snprintf(t->name, sizeof(t->name), "%s", name);
        return SAID_BEGINS;
}

static void said_remove(Said *said, uint32_t i) {
        memmove(&said->things[i], &said->things[i + 1], sizeof(SaidThing) * (said->n - i - 1));
        said->n--;
}

bool said_end(Said *said, const char *name, SaidThing *ret) {
        SaidThing *t = said_thing(said, said_hash(name));

        if (!t)
                return false;
        *ret = *t;
        said_remove(said, (uint32_t) (t - said->things));
        return true;
}

void said_turn(Said *said, SaidEnded ended, void *arg) {
        for (uint32_t i = 0; i < said->n;) {
                const SaidThing thing = said->things[i];

                if (thing.turn == said->turn) {
                        i++;
                        continue;
                }
                said_remove(said, i);
                ended(arg, &thing);
        }
        said->turn++;
}
