/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/multipathd.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/state_words.h"
#include "collectors/parse/word_list.h"
#include "scheduler/base/text.h"

typedef struct Paths {
        WordList working, failed, shaky;
} Paths;

/* Of the kernel's device mapper; multipathd writes "undef" where it does not know (yet). */
static const StateWord dm_words[] = { { "active", "up" }, { "failed", "down" }, { "undef", "undef" } };
/* Of its checker. Ghost: the standby side of an array, good for when it has to be; delayed: it is up again, and
 * waited for. */
static const StateWord checker_words[] = {
        { "ready", "up" },         { "ghost", "up" },          { "faulty", "down" },
        { "shaky", "down" },       { "delayed", "down" },      { "timeout", "down" },
        { "i/o timeout", "down" }, { "i/o pending", "undef" }, { "undef", "undef" },
        { "unchecked", "undef" },  { "removed", "down" },      { "disconnected", "down" },
        { "wild", "undef" },       { "pending", "undef" },
};

/* Of a map, and of a group of paths. */
static const StateWord map_words[] = { { "active", "" },  { "suspend", "" },  { "suspended", "" },
                                       { "enabled", "" }, { "disabled", "" }, { "undef", "" } };

static const char *multipathd_text(const json_t *j, const char *name) {
        return json_string_value(json_object_get(j, name));
}

/* A path carries I/O when the kernel uses it and the checker finds it ready. What is not known of it is neither up nor
 * lost. */
static int path_take(Arena *a, const json_t *path, const char *item, Paths *to, MultipathMap *map,
                     MultipathFacts *f) {
        const char *dev = multipathd_text(path, "dev"), *dm = multipathd_text(path, "dm_st"),
                   *checker = multipathd_text(path, "chk_st");
        const char *kernel = STATE_WORD(dm_words, dm), *checked = STATE_WORD(checker_words, checker);
        int r = 0;

        dev = text_copy(a, dev ? dev : "", dev ? strlen(dev) : 0);
        if (!dev)
                return -ENOMEM;
        map->n_paths++;
        if (!kernel)
                r = unread_word(a, &f->unread, item, text_format(a, "%.40s: dm_st", dev), dm);
        if (r == 0 && !checked)
                r = unread_word(a, &f->unread, item, text_format(a, "%.40s: chk_st", dev), checker);
        kernel = kernel ? kernel : "undef";
        checked = checked ? checked : "undef";
        if (strcmp(kernel, "up") == 0 && strcmp(checked, "up") == 0) {
                map->n_working++;
                words_add(&to->working, dev);
        } else if (strcmp(kernel, "down") == 0 || strcmp(checked, "down") == 0) {
                words_add(&to->failed, dev);
                if (strcmp(kernel, "up") == 0 || strcmp(checked, "up") == 0)
                        words_add(&to->shaky, dev);
        } else {
                map->unsure = true;
        }
        return r;
}

static int group_check(Arena *a, const json_t *j, const char *item, const char *what, MultipathFacts *f) {
        const char *word = multipathd_text(j, "dm_st");

        return !word || STATE_WORD(map_words, word) ? 0 : unread_word(a, &f->unread, item, what, word);
}

/* An alias may hold commas, which lists have between their words: then the device's name is the map's. */
static const char *map_name(const json_t *j) {
        const char *name = multipathd_text(j, "name"), *block = multipathd_text(j, "sysfs");
        bool usable = name && text_is_name(name, strlen(name)) && !strchr(name, ',');

        return usable                                                               ? name
               : block && text_is_name(block, strlen(block)) && !strchr(block, ',') ? block
                                                                                    : NULL;
}

static int map_take(Arena *a, const json_t *j, size_t number, MultipathMap *map, MultipathFacts *f) {
        const char *name = map_name(j), *block = multipathd_text(j, "sysfs"), *item;
        const json_t *groups = json_object_get(j, "path_groups"), *group, *path;
        Paths *paths = arena_new(a, Paths, 1);
        size_t i, k;
        int r = 0;

        item = name ? text_format(a, "multipath/%s", name) : text_format(a, "multipath/%zu", number);
        if (!paths || !item)
                return -ENOMEM;
        if (!name || !json_is_array(groups))
                return unread_word(a, &f->unread, item, name ? "path_groups" : "name", NULL);
        *map = (MultipathMap){ .name = text_copy(a, name, strlen(name)),
                               .block = text_copy(a, block ? block : "", block ? strlen(block) : 0) };
        r = group_check(a, j, item, "dm_st", f);
        json_array_foreach(groups, i, group) {
                if (r == 0)
                        r = group_check(a, group, item, "a group's dm_st", f);
                json_array_foreach(json_object_get(group, "paths"), k, path) {
                        if (r == 0)
                                r = path_take(a, path, item, paths, map, f);
                }
        }
        map->working = words_join(&paths->working, a);
        map->failed = words_join(&paths->failed, a);
        map->shaky = words_join(&paths->shaky, a);
        f->n++;
        return r < 0 ? r : map->name && map->block && map->working && map->failed && map->shaky ? 0 : -ENOMEM;
}

int multipathd_parse(Arena *a, const char *text, size_t n, MultipathFacts *ret) {
        json_t *j = json_document(text, n);
        const json_t *maps = json_object_get(j, "maps"), *map;
        MultipathMap *to = arena_new(a, MultipathMap, json_array_size(maps));
        MultipathFacts f = { .maps = to };
        int r = !to ? -ENOMEM : json_is_array(maps) ? 0 : -EBADMSG;
        size_t i;

        json_array_foreach(maps, i, map) {
                if (r == 0)
                        r = map_take(a, map, i, &to[f.n], &f);
        }
        json_decref(j);
        if (r == 0)
                *ret = f;
        return r;
}
