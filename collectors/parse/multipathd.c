/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/multipathd.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/word_list.h"
#include "scheduler/base/text.h"

typedef struct Paths {
        WordList working, failed, shaky;
} Paths;

static bool multipathd_is_word(const json_t *j, const char *name, const char *word) {
        const char *s = json_string_value(json_object_get(j, name));

        return s && strcmp(s, word) == 0;
}

/* A path carries I/O when the kernel's device mapper uses it, and the checker finds it ready (ghost: the
 * standby side of an array, good for when it has to be). */
static void path_take(Arena *a, const json_t *path, Paths *to, MultipathMap *map) {
        const char *dev = json_string_value(json_object_get(path, "dev"));
        bool active = multipathd_is_word(path, "dm_st", "active");
        bool ready =
                multipathd_is_word(path, "chk_st", "ready") || multipathd_is_word(path, "chk_st", "ghost");

        dev = dev ? text_copy(a, dev, strlen(dev)) : "";
        map->n_paths++;
        map->n_working += active && ready;
        words_add(active && ready ? &to->working : &to->failed, dev);
        if (active != ready)
                words_add(&to->shaky, dev);
}

static int map_take(Arena *a, const json_t *j, MultipathMap *map) {
        const char *name = json_string_value(json_object_get(j, "name"));
        const char *block = json_string_value(json_object_get(j, "sysfs"));
        const json_t *groups = json_object_get(j, "path_groups"), *group, *path;
        Paths *paths = arena_new(a, Paths, 1);
        size_t i, k;

        if (!paths)
                return -ENOMEM;
        if (!name || !text_is_name(name, strlen(name)) || !json_is_array(groups))
                return -EBADMSG;
        json_array_foreach(groups, i, group) {
                json_array_foreach(json_object_get(group, "paths"), k, path) {
                        path_take(a, path, paths, map);
                }
        }
        map->name = text_copy(a, name, strlen(name));
        map->block = text_copy(a, block ? block : "", block ? strlen(block) : 0);
        map->working = words_join(&paths->working, a);
        map->failed = words_join(&paths->failed, a);
        map->shaky = words_join(&paths->shaky, a);
        return map->name && map->block && map->working && map->failed && map->shaky ? 0 : -ENOMEM;
}

int multipathd_parse(Arena *a, const char *text, size_t n, const MultipathMap **ret, uint32_t *ret_n) {
        json_t *j = json_document(text, n);
        const json_t *maps = json_object_get(j, "maps"), *map;
        MultipathMap *to = arena_new(a, MultipathMap, json_array_size(maps));
        int r = !to ? -ENOMEM : json_is_array(maps) ? 0 : -EBADMSG;
        uint32_t count = 0;
        size_t i;

        json_array_foreach(maps, i, map) {
                if (r == 0)
                        r = map_take(a, map, &to[count++]);
        }
        json_decref(j);
        if (r < 0)
                return r;
        *ret = to;
        *ret_n = count;
        return 0;
}
