/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/lldp_neighbors.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "scheduler/base/text.h"

/* json0 has a list around everything: the first of it, or the thing itself. */
static const json_t *lldp_neighbors_first(const json_t *j) {
        return json_is_array(j) ? json_array_get(j, 0) : j;
}

static const json_t *first_at(const json_t *j, const char *key) {
        return lldp_neighbors_first(json_object_get(lldp_neighbors_first(j), key));
}

/* "value" of the first one; NULL: none, or no name. */
static const char *value_at(const json_t *j, const char *key) {
        const char *text = json_string_value(json_object_get(first_at(j, key), "value"));

        return text && text_is_name(text, strlen(text)) ? text : NULL;
}

static bool is_switch(const json_t *chassis) {
        const json_t *all = json_object_get(lldp_neighbors_first(chassis), "capability"), *one;
        size_t i;

        if (!json_is_array(all) || json_array_size(all) == 0)
                return true;
        json_array_foreach(all, i, one) {
                const char *type = json_string_value(json_object_get(one, "type"));

                if (type && json_is_true(json_object_get(one, "enabled")) &&
                    (strcmp(type, "Bridge") == 0 || strcmp(type, "Router") == 0))
                        return true;
        }
        return false;
}

/* 0; 1: it is none of ours; -ENOMEM. */
static int neighbor_read(Arena *a, const json_t *j, LldpNeighbor *ret) {
        const char *interface = json_string_value(json_object_get(j, "name"));
        const json_t *chassis = first_at(j, "chassis");
        const char *system = value_at(chassis, "name"), *port = value_at(first_at(j, "port"), "id");

        if (!system)
                system = value_at(chassis, "id");
        if (!interface || !text_is_name(interface, strlen(interface)) || !system || !is_switch(chassis))
                return 1;
        *ret = (LldpNeighbor){ .interface = text_copy(a, interface, strlen(interface)),
                               .system = text_copy(a, system, strlen(system)),
                               .port = text_copy(a, port ? port : "", port ? strlen(port) : 0) };
        return ret->interface && ret->system && ret->port ? 0 : -ENOMEM;
}

int lldp_neighbors_parse(Arena *a, const char *text, size_t n, const LldpNeighbor **ret, uint32_t *ret_n) {
        json_t *whole = json_document(text, n);
        const json_t *lldp = first_at(whole, "lldp"), *list = json_object_get(lldp, "interface"), *one;
        LldpNeighbor *found = arena_new(a, LldpNeighbor, LLDP_NEIGHBORS_MAX);
        uint32_t count = 0;
        int r = !found ? -ENOMEM : json_is_object(lldp) ? 0 : -EBADMSG;
        size_t i;

        json_array_foreach(list, i, one) {
                if (r < 0 || count == LLDP_NEIGHBORS_MAX)
                        break;
                r = neighbor_read(a, one, &found[count]);
                count += r == 0;
        }
        json_decref(whole);
        if (r < 0)
                return r;
        *ret = found;
        *ret_n = count;
        return 0;
}
