/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/remote/redfish_walk.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/redfish_host.h"
#include "collectors/parse/redfish_hpe.h"
#include "collectors/parse/redfish_json.h"
#include "collectors/parse/redfish_word.h"
#include "scheduler/base/text.h"

#define LINKS_MOST 512

/* HPE's: the controller that is being read. */
typedef struct HpeController {
        const json_t *resource;
        const char *name; /* "SmartStorage0" */
        json_t *links;    /* of the volume that is read: its drives */
} HpeController;

typedef struct RedfishWalk {
        const RedfishSource *source;
        Arena *a;
        SampleList *list;
        struct {
                const char *link;
                bool works;
        } drives[LINKS_MOST];
        uint32_t n_drives;
        HpeController hpe;
} RedfishWalk;

typedef int (*Visit)(RedfishWalk *w, const char *parent, const json_t *resource);

/* 0; 1: none, or it cannot be read, which was noted. */
static int resource_get(RedfishWalk *w, const char *path, json_t **ret) {
        int r = w->source->get(w->source->arg, path, ret);

        if (r != -EBADMSG)
                return r;
        r = emit_text(&w->list->sink, METRIC_ITEM_UNREAD, path, "the BMC's answer cannot be read");
        return r < 0 ? r : 1;
}

static int link_visit(RedfishWalk *w, const char *link, const char *parent, Visit visit) {
        json_t *one = NULL;
        int r = resource_get(w, link, &one);

        if (r == 0) {
                r = visit(w, parent, one);
                json_decref(one);
        }
        return r < 0 ? r : 0;
}

/* Each resource `links` of `j` names. */
static int links_visit(RedfishWalk *w, const json_t *j, const char *key, const char *parent, Visit visit) {
        const char *links[LINKS_MOST];
        uint32_t n = redfish_links(j, key, links, LINKS_MOST);
        int r = 0;

        for (uint32_t i = 0; i < n && r == 0; i++)
                r = link_visit(w, links[i], parent, visit);
        return r;
}

/* The collection that `key` of `j` links to, page after page; none is nothing to visit. */
static int collection_visit(RedfishWalk *w, const json_t *j, const char *key, const char *parent,
                            Visit visit) {
        const char *link = json_string_value(json_object_get(json_object_get(j, key), "@odata.id"));
        int r = 0;

        for (int page = 0; r == 0 && link && link[0] == '/'; page++) {
                json_t *collection = NULL;
                const char *next;

                if (page == REDFISH_PAGES_MOST)
                        return emit_text(&w->list->sink, METRIC_ITEM_UNREAD, link, "a page more than 50");
                r = resource_get(w, link, &collection);
                if (r != 0)
                        return r < 0 ? r : 0;
                r = links_visit(w, collection, "Members", parent, visit);
                next = json_string_value(json_object_get(collection, "Members@odata.nextLink"));
                link = next ? text_copy(w->a, next, strlen(next)) : NULL;
                if (next && !link)
                        r = -ENOMEM;
                json_decref(collection);
        }
        return r;
}

/* The one resource that `key` of `j` links to. */
static int one_visit(RedfishWalk *w, const json_t *j, const char *key, const char *parent, Visit visit) {
        const char *link = json_string_value(json_object_get(json_object_get(j, key), "@odata.id"));

        return link && link[0] == '/' ? link_visit(w, link, parent, visit) : 0;
}

/* ---- what is unwell, so that coarse words are known to be explained ---- */

static uint32_t unwell_count(const RedfishWalk *w) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < w->list->n; i++)
                n += redfish_is_unwell(&w->list->samples[i]);
        return n;
}

/* ---- storage ---- */

/* A drive may be linked from its storage and from its chassis: the first counts. An empty slot is no drive, though
 * the other link may know of one. */
static int drive_visit(RedfishWalk *w, const char *storage, const json_t *drive) {
        const char *link = json_string_value(json_object_get(drive, "@odata.id"));

        for (uint32_t i = 0; link && i < w->n_drives; i++)
                if (redfish_links_are_one(w->drives[i].link, link))
                        return 0;
        if (link && w->n_drives < LINKS_MOST) {
                w->drives[w->n_drives].link = text_copy(w->a, link, strlen(link));
                if (!w->drives[w->n_drives].link)
                        return -ENOMEM;
                w->drives[w->n_drives++].works = redfish_drive_works(drive);
        }
        return redfish_drive(&w->list->sink, storage, drive);
}

static bool drive_works(const void *arg, const char *link) {
        const RedfishWalk *w = arg;

        for (uint32_t i = 0; i < w->n_drives; i++)
                if (redfish_links_are_one(w->drives[i].link, link))
                        return w->drives[i].works;
        return true;
}

static int volume_visit(RedfishWalk *w, const char *storage, const json_t *volume) {
        RedfishDrives drives = { .works = drive_works, .arg = w };

        return redfish_volume(&w->list->sink, storage, volume, &drives);
}

static int controller_visit(RedfishWalk *w, const char *storage, const json_t *controller) {
        (void) storage;
        return redfish_controller(&w->list->sink, controller);
}

static int storage_visit(RedfishWalk *w, const char *system, const json_t *storage) {
        const char *id = json_string_value(json_object_get(storage, "Id"));
        const char *last = redfish_name(json_string_value(json_object_get(storage, "@odata.id"))),
                   *name = id ? id : text_copy(w->a, last, (size_t) redfish_name_length(last));
        uint32_t before = unwell_count(w);
        int r = name ? redfish_controller(&w->list->sink, storage) : -ENOMEM;

        (void) system;
        if (r == 0)
                r = collection_visit(w, storage, "Controllers", name, controller_visit);
        if (r == 0)
                r = links_visit(w, storage, "Drives", name, drive_visit);
        if (r == 0)
                r = collection_visit(w, storage, "Volumes", name, volume_visit);
        return r < 0 ? r : redfish_coarse(&w->list->sink, "storage", storage, unwell_count(w) > before);
}

/* ---- HPE's SmartStorage ---- */

static int hpe_drive_visit(RedfishWalk *w, const char *parent, const json_t *drive) {
        json_t *standard = redfish_hpe_drive(drive, w->hpe.resource);
        int r = standard ? drive_visit(w, w->hpe.name, standard) : -ENOMEM;

        (void) parent;
        json_decref(standard);
        return r;
}

static int hpe_member_visit(RedfishWalk *w, const char *parent, const json_t *drive) {
        const char *link = json_string_value(json_object_get(drive, "@odata.id"));
        json_t *one = link ? json_pack("{s:s}", "@odata.id", link) : NULL;

        (void) parent;
        return !link ? 0 : one && json_array_append_new(w->hpe.links, one) == 0 ? 0 : -ENOMEM;
}

static int hpe_volume_visit(RedfishWalk *w, const char *parent, const json_t *logical) {
        json_t *standard = NULL;
        int r;

        (void) parent;
        w->hpe.links = json_array();
        r = w->hpe.links ? collection_visit(w, json_object_get(logical, "Links"), "DataDrives", "",
                                            hpe_member_visit)
                         : -ENOMEM;
        if (r == 0)
                standard = redfish_hpe_volume(logical, w->hpe.links);
        if (r == 0)
                r = standard ? volume_visit(w, w->hpe.name, standard) : -ENOMEM;
        /* its reasons said what its health, by a word that is not known, did not */
        if (r == 0 && redfish_health(logical, "Status.Health") == REDFISH_ODD &&
            redfish_health(standard, "Status.Health") != REDFISH_ODD)
                r = redfish_unread(&w->list->sink, w->hpe.name, logical, "");
        json_decref(standard);
        json_decref(w->hpe.links);
        return r;
}

static int hpe_controller_visit(RedfishWalk *w, const char *parent, const json_t *controller) {
        const json_t *links = json_object_get(controller, "Links");
        int r = redfish_controller(&w->list->sink, controller);

        (void) parent;
        w->hpe.resource = controller;
        w->hpe.name = text_format(w->a, "SmartStorage%.60s", redfish_id(controller));
        if (r == 0 && !w->hpe.name)
                r = -ENOMEM;
        if (r == 0)
                r = collection_visit(w, links, "PhysicalDrives", "", hpe_drive_visit);
        return r == 0 ? collection_visit(w, links, "LogicalDrives", "", hpe_volume_visit) : r;
}

static int hpe_storage_visit(RedfishWalk *w, const char *parent, const json_t *storage) {
        const json_t *links = json_object_get(storage, "Links");
        uint32_t before = unwell_count(w);
        int r = collection_visit(w, links, "ArrayControllers", parent, hpe_controller_visit);

        if (r == 0)
                r = collection_visit(w, links, "HostBusAdapters", parent, hpe_controller_visit);
        return r < 0 ? r : redfish_coarse(&w->list->sink, "storage", storage, unwell_count(w) > before);
}

/* Where the standard resources have no drives: HPE has them there, by this link. */
static int hpe_visit(RedfishWalk *w, const json_t *system) {
        const json_t *links = json_at(system, "Oem.Hpe.Links");

        links = links ? links : json_at(system, "Oem.Hp.Links");
        return links ? one_visit(w, links, "SmartStorage", "", hpe_storage_visit) : 0;
}

static int system_visit(RedfishWalk *w, const char *root, const json_t *system) {
        uint32_t before = w->n_drives;
        int r = redfish_system(&w->list->sink, system);

        if (r == 0)
                r = collection_visit(w, system, "Storage", root, storage_visit);
        return r == 0 && w->n_drives == before ? hpe_visit(w, system) : r;
}

/* Once all else is known: what its health has to say beside that. */
static int system_judge(RedfishWalk *w, const char *root, const json_t *system) {
        (void) root;
        return redfish_coarse(&w->list->sink, "system", system, unwell_count(w) > 0);
}

/* ---- chassis ---- */

static int thermal_visit(RedfishWalk *w, const char *chassis, const json_t *thermal) {
        return redfish_thermal(&w->list->sink, chassis, thermal);
}

static int power_visit(RedfishWalk *w, const char *chassis, const json_t *power) {
        return redfish_power(&w->list->sink, chassis, power);
}

static int fan_visit(RedfishWalk *w, const char *chassis, const json_t *fan) {
        return redfish_fan(&w->list->sink, chassis, fan);
}

static int supply_visit(RedfishWalk *w, const char *chassis, const json_t *supply) {
        return redfish_supply(&w->list->sink, chassis, supply);
}

static int cooling_visit(RedfishWalk *w, const char *chassis, const json_t *subsystem) {
        return collection_visit(w, subsystem, "Fans", chassis, fan_visit);
}

static int supplies_visit(RedfishWalk *w, const char *chassis, const json_t *subsystem) {
        int r = collection_visit(w, subsystem, "PowerSupplies", chassis, supply_visit);

        return r < 0 ? r : collection_visit(w, subsystem, "Batteries", chassis, supply_visit);
}

/* The older resources have the limits of temperatures with them; what has only the newer ones is read there. */
static int chassis_visit(RedfishWalk *w, const char *root, const json_t *chassis) {
        const char *link = json_string_value(json_object_get(chassis, "@odata.id"));
        const char *last = redfish_name(link),
                   *name = text_copy(w->a, last, (size_t) redfish_name_length(last));
        uint32_t before = unwell_count(w);
        int r = name ? one_visit(w, chassis, "Thermal", name, thermal_visit) : -ENOMEM;

        (void) root;
        if (r == 0 && !json_object_get(chassis, "Thermal"))
                r = one_visit(w, chassis, "ThermalSubsystem", name, cooling_visit);
        if (r == 0)
                r = one_visit(w, chassis, "Power", name, power_visit);
        if (r == 0 && !json_object_get(chassis, "Power"))
                r = one_visit(w, chassis, "PowerSubsystem", name, supplies_visit);
        if (r == 0)
                r = collection_visit(w, chassis, "Drives", name, drive_visit);
        if (r == 0)
                r = links_visit(w, json_object_get(chassis, "Links"), "Drives", name, drive_visit);
        return r < 0 ? r : redfish_coarse(&w->list->sink, "chassis", chassis, unwell_count(w) > before);
}

int redfish_walk(const RedfishSource *source, const json_t *root, Arena *a, SampleList *list) {
        RedfishWalk *w = arena_new(a, RedfishWalk, 1);
        int r = w ? 0 : -ENOMEM;

        if (w)
                *w = (RedfishWalk){ .source = source, .a = a, .list = list };
        if (r == 0)
                r = collection_visit(w, root, "Systems", "", system_visit);
        if (r == 0)
                r = collection_visit(w, root, "Chassis", "", chassis_visit);
        if (r == 0)
                r = collection_visit(w, root, "Systems", "", system_judge);
        if ((r == -ETIMEDOUT || r == -E2BIG) && list->n > 0)
                r = emit_text(&list->sink, METRIC_ITEM_UNREAD, "the rest of the BMC",
                              r == -ETIMEDOUT ? "not read in time" : "too many resources");
        return r;
}
