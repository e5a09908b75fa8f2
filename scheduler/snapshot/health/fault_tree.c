/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes are names; "below" leads to what a node is made of. Effects go up, from members to arrays to what
 * stands on them; who is on top is found by going up from a device. Both walks end at nodes they are in
 * already, so that a report that goes round in circles does no harm. */
#include "scheduler/snapshot/health/fault_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"

typedef struct Link {
        uint32_t to;
        struct Link *next;
} Link;

typedef struct User {
        const char *vm;
        struct User *next;
} User;

typedef struct Node {
        const Device *device; /* NULL: only named by others */
        Link *below, *above;
        Link *twins; /* of an array without a block device: those with one over the same members */
        User *users;
        bool is_array, system, data; /* data: mounted, though not as the system */
        bool distrusted;             /* by its array */
        bool kernel;                 /* a block device: if nothing stands on it, nothing does */
        enum { NOT_YET, BEING, DONE } walk;
        Effect effect;
        uint32_t lost; /* an array's members that are gone */
} Node;

struct FaultTree {
        Arena *a;
        const DeviceTable *table;
        NameTable names;
        Node *nodes;
        uint32_t *seen; /* [node] the walk up that was here last, and with what effect */
        Effect *seen_as;
        uint32_t walks;
        Strings strangers; /* VMs of which nobody says what they are on */
        bool has_tree;
};

int64_t fault_grading(Effect effect, Standing standing) {
        static const int64_t table[EFFECT_N][3] = {
#define HAZARD(...)
#define GRADING(state, guests, system, nobody) [EFFECT_##state] = { guests, system, nobody },
#include "scheduler/snapshot/health/hazards.def"
#undef HAZARD
        };

        return table[effect][standing];
}

/* ---- lists in texts ---- */

typedef struct Word {
        const char *at;
        size_t n;
} Word;

static bool word_next(const char **rest, Word *ret) {
        while (**rest == ',')
                (*rest)++;
        ret->at = *rest;
        ret->n = strcspn(*rest, ",");
        *rest += ret->n;
        return ret->n > 0;
}

static uint64_t words_count(const char *list) {
        uint64_t n = list ? 1 : 0;

        for (; list && *list; list++)
                n += *list == ',';
        return n;
}

/* ---- building ---- */

static const Metric list_metrics[] = { METRIC_BLOCK_OVER,   METRIC_BLOCK_MOUNTS, METRIC_ARRAY_MEMBERS,
                                       METRIC_ARRAY_BLOCKS, METRIC_DISK_BLOCKS,  METRIC_ARRAY_SUSPECTS,
                                       METRIC_ARRAY_LOST };

/* A disk's second name leads to its first. */
static uint32_t fault_tree_find(const FaultTree *t, Word w) {
        uint32_t i = name_table_find(&t->names, w.at, w.n);

        return i < t->table->names.n && t->table->devices[i].same
                       ? (uint32_t) (t->table->devices[i].same - t->table->devices)
                       : i;
}

static int node_named(FaultTree *t, Word w, uint32_t *ret) {
        const char *name;

        *ret = fault_tree_find(t, w);
        if (*ret != UINT32_MAX)
                return 0;
        name = text_copy(t->a, w.at, w.n);
        if (!name)
                return -ENOMEM;
        *ret = name_table_add(&t->names, name);
        return 0;
}

static bool has_link(const Link *list, uint32_t to) {
        for (; list; list = list->next)
                if (list->to == to)
                        return true;
        return false;
}

static int link_nodes(FaultTree *t, uint32_t above, uint32_t below) {
        Link *links;

        if (above == below || has_link(t->nodes[above].below, below))
                return 0;
        links = arena_new(t->a, Link, 2);
        if (!links)
                return -ENOMEM;
        links[0] = (Link){ below, t->nodes[above].below };
        links[1] = (Link){ above, t->nodes[below].above };
        t->nodes[above].below = &links[0];
        t->nodes[below].above = &links[1];
        return 0;
}

static bool is_system(Word mount) {
        static const char *const system[] = { "/",     "/usr",      "/var",     "/etc",
                                              "/boot", "/boot/efi", "/var/log", "[SWAP]" };

        for (size_t i = 0; i < ARRAY_SIZE(system); i++)
                if (strlen(system[i]) == mount.n && memcmp(system[i], mount.at, mount.n) == 0)
                        return true;
        return false;
}

/* What a list's words are to the node it is told of. */
static int word_take(FaultTree *t, uint32_t i, Metric metric, Word w) {
        uint32_t other;
        int k;

        if (metric == METRIC_BLOCK_MOUNTS) {
                t->nodes[i].system |= is_system(w);
                t->nodes[i].data |= !is_system(w);
                return 0;
        }
        k = node_named(t, w, &other);
        if (k < 0)
                return k;
        switch (metric) {
        case METRIC_BLOCK_OVER:
                t->nodes[other].kernel = true;
                return link_nodes(t, i, other);
        case METRIC_ARRAY_MEMBERS:
                return link_nodes(t, i, other);
        case METRIC_ARRAY_BLOCKS:
        case METRIC_DISK_BLOCKS:
                t->nodes[other].kernel = true;
                return link_nodes(t, other, i);
        default:
                t->nodes[other].distrusted |= metric == METRIC_ARRAY_SUSPECTS;
                return 0;
        }
}

static int fault_tree_device_add(FaultTree *t, uint32_t i, const Device *d) {
        Word w;
        int k = 0;

        t->nodes[i].device = d;
        t->nodes[i].is_array = device_text(d, METRIC_ARRAY_STATE) || device_text(d, METRIC_ARRAY_LEVEL) ||
                               device_reading(d, METRIC_ARRAY_REDUNDANCY);
        for (const Reading *r = d->readings; r && k == 0; r = r->next) {
                const char *rest = r->text ? r->text : "";

                t->nodes[i].kernel |= strncmp(metric_defs[r->metric].name, "block.", 6) == 0 &&
                                      strncmp(d->name, "zfs/", 4) != 0;
                for (size_t m = 0; m < ARRAY_SIZE(list_metrics); m++)
                        while (k == 0 && r->metric == list_metrics[m] && word_next(&rest, &w))
                                k = word_take(t, i, r->metric, w);
        }
        return k;
}

/* One array that two sources tell of: the one that does not know its block device stands below the other. */
static int twins_find(FaultTree *t, uint32_t i) {
        Node *node = &t->nodes[i];

        if (!node->is_array || node->above)
                return 0;
        for (const Link *down = node->below; down; down = down->next)
                for (const Link *up = t->nodes[down->to].above; up; up = up->next) {
                        const Node *other = &t->nodes[up->to];
                        Link *link;

                        if (up->to == i || !other->is_array || !other->above || has_link(node->twins, up->to))
                                continue;
                        link = arena_new(t->a, Link, 1);
                        if (!link)
                                return -ENOMEM;
                        *link = (Link){ up->to, node->twins };
                        node->twins = link;
                }
        return 0;
}

/* ---- effects, upwards ---- */

static Effect fault_tree_worse(Effect left, Effect right) {
        return left > right ? left : right;
}

static bool list_has(const FaultTree *t, const Device *array, Metric list, uint32_t member) {
        for (const Reading *r = device_reading(array, list); r; r = reading_of(r->next, list)) {
                const char *rest = r->text ? r->text : "";
                Word w;

                while (word_next(&rest, &w))
                        if (fault_tree_find(t, w) == member)
                                return true;
        }
        return false;
}

/* A spare that stands in for another may be listed as both: it works. */
static bool fault_tree_is_lost(const FaultTree *t, const Device *array, uint32_t member) {
        return list_has(t, array, METRIC_ARRAY_LOST, member) &&
               !list_has(t, array, METRIC_ARRAY_MEMBERS, member);
}

static Effect node_effect(FaultTree *t, uint32_t i);

/* Members beyond redundancy are lost with what stands on it; see hazards.def for what each comes to. */
static Effect array_effect(FaultTree *t, uint32_t i, const Device *d) {
        Node *node = &t->nodes[i];
        const char *action = device_text(d, METRIC_ARRAY_ACTION), *state = device_text(d, METRIC_ARRAY_STATE);
        int64_t left = device_number(d, METRIC_ARRAY_REDUNDANCY, 0), predicted = 0, suspect = 0, missing;
        bool mending = action && (strcmp(action, "recover") == 0 || strcmp(action, "rebuild") == 0 ||
                                  strcmp(action, "resilver") == 0);
        Effect least = d->own;

        for (const Link *l = node->below; l; l = l->next) {
                Effect e = node_effect(t, l->to);

                if (fault_tree_is_lost(t, d, l->to))
                        continue;
                if (t->nodes[l->to].distrusted)
                        e = fault_tree_worse(e, EFFECT_SUSPECT);
                predicted += e >= EFFECT_PREDICTED;
                suspect += e == EFFECT_SUSPECT;
                if (e != EFFECT_GOOD)
                        least = fault_tree_worse(least, EFFECT_WATCH);
        }
        /* one that is called degraded has lost something, though nobody counts it */
        missing = device_number(d, METRIC_ARRAY_FAILED, state && strcmp(state, "degraded") == 0);
        node->lost = (uint32_t) (missing > 0 && missing < 1000 ? missing : 0);
        if (d->own == EFFECT_FAILED)
                return EFFECT_FAILED;
        if (left < predicted)
                return fault_tree_worse(least, EFFECT_PREDICTED);
        if (left < predicted + suspect)
                return fault_tree_worse(least, missing > 0 ? EFFECT_PREDICTED : EFFECT_SUSPECT);
        if (missing == 0 && predicted == 0)
                return suspect > 0 ? fault_tree_worse(least, EFFECT_THIN) : least;
        return fault_tree_worse(least,
                                left > predicted || (mending && predicted == 0) ? EFFECT_THIN : EFFECT_BARE);
}

static Effect node_effect(FaultTree *t, uint32_t i) {
        Node *node = &t->nodes[i];

        if (node->walk != NOT_YET)
                return node->effect;
        node->walk = BEING;
        node->effect = node->device ? node->device->own : EFFECT_GOOD;
        if (node->is_array && node->device)
                node->effect = array_effect(t, i, node->device);
        for (const Link *l = node->below; l && !node->is_array; l = l->next)
                node->effect = fault_tree_worse(node->effect, node_effect(t, l->to));
        node->walk = DONE;
        return node->effect;
}

/* ---- who is on top ---- */

static int users_add(FaultTree *t, const VmUse *use, const char **strangers, uint32_t *n_strangers) {
        const char *rest = use->devices;
        uint32_t node;
        Word w;
        int k = 0;

        if (!rest) {
                strangers[(*n_strangers)++] = use->vm;
                return 0;
        }
        if (strcmp(rest, "none") == 0)
                return 0;
        while (k == 0 && word_next(&rest, &w)) {
                User *user = arena_new(t->a, User, 1);

                k = user ? node_named(t, w, &node) : -ENOMEM;
                if (k < 0)
                        return k;
                *user = (User){ use->vm, t->nodes[node].users };
                t->nodes[node].users = user;
                t->nodes[node].kernel |= strncmp(t->names.names[node], "zfs/", 4) != 0;
        }
        return k;
}

int fault_tree_build(Arena *a, const DeviceTable *table, const VmUse *uses, uint32_t n_uses,
                     FaultTree **ret) {
        FaultTree *t = arena_new(a, FaultTree, 1);
        const char **strangers = arena_new(a, const char *, n_uses);
        uint64_t most = table->names.n;
        int k;

        if (!t || !strangers)
                return -ENOMEM;
        for (uint32_t i = 0; i < table->names.n; i++)
                for (const Reading *r = table->devices[i].readings; r; r = r->next)
                        for (size_t m = 0; m < ARRAY_SIZE(list_metrics); m++)
                                most += r->metric == list_metrics[m] ? words_count(r->text) : 0;
        for (uint32_t i = 0; i < n_uses; i++)
                most += words_count(uses[i].devices);
        if (most > UINT32_MAX / 4)
                return -ENOMEM;
        *t = (FaultTree){ .a = a, .table = table, .has_tree = table->has_tree };
        k = name_table_new(a, (uint32_t) most, &t->names);
        t->nodes = arena_new(a, Node, most);
        t->seen = arena_new(a, uint32_t, most);
        t->seen_as = arena_new(a, Effect, most);
        if (k < 0 || !t->nodes || !t->seen || !t->seen_as)
                return -ENOMEM;
        for (uint32_t i = 0; i < table->names.n; i++)
                (void) name_table_add(&t->names, table->devices[i].name);
        for (uint32_t i = 0; k == 0 && i < table->names.n; i++)
                if (!table->devices[i].same)
                        k = fault_tree_device_add(t, i, &table->devices[i]);
        for (uint32_t i = 0; k == 0 && i < table->names.n; i++)
                k = twins_find(t, i);
        for (uint32_t i = 0; k == 0 && i < n_uses; i++)
                k = users_add(t, &uses[i], strangers, &t->strangers.n);
        t->strangers.at = strangers;
        for (uint32_t i = 0; k == 0 && i < t->names.n; i++)
                (void) node_effect(t, i);
        *ret = t;
        return k;
}

/* The walk up from one device. */
typedef struct Climb {
        FaultTree *t;
        Outcome *outcome;
        const char **vms;
        uint32_t n_vms, room;
        Effect guests, system; /* the worst at those on top */
        Effect top;            /* the worst where nothing stands above */
        bool open;             /* VMs' data could be put on it */
        bool ends, dangles;    /* it ends at block devices; at something whose users nobody tells */
        bool full;
} Climb;

static void climb_guest(Climb *c, const char *vm) {
        if (c->n_vms == c->room) {
                uint32_t room = c->room > 0 ? c->room * 2 : 16;
                const char **more = arena_longer(c->t->a, const char *, c->vms, c->n_vms, room);

                if (!more) {
                        c->full = true;
                        return;
                }
                c->vms = more;
                c->room = room;
        }
        c->vms[c->n_vms++] = vm;
}

/* `e`: what the device we come from amounts to here. Each node is passed again only with a worse one. */
static void fault_tree_climb(Climb *c, uint32_t i, Effect effect, unsigned depth) {
        FaultTree *t = c->t;
        const Node *node = &t->nodes[i];
        bool again = t->seen[i] == t->walks;

        if ((again && t->seen_as[i] >= effect) || depth > 64 || c->full)
                return;
        t->seen[i] = t->walks;
        t->seen_as[i] = effect;
        for (const User *u = node->users; u && !c->full; u = u->next) {
                c->guests = fault_tree_worse(c->guests, effect);
                if (!again)
                        climb_guest(c, u->vm);
        }
        if (node->system)
                c->system = fault_tree_worse(c->system, effect);
        c->outcome->system |= node->system;
        if (!node->above)
                c->top = fault_tree_worse(c->top, effect);
        c->ends |= !node->above && node->kernel;
        c->dangles |= !node->above && !node->kernel && !node->twins;
        if (node->data || (!node->above && !node->system && strncmp(t->names.names[i], "dm-", 3) == 0)) {
                c->open = true;
                c->guests = fault_tree_worse(c->guests, effect);
        }
        for (const Link *l = node->above; l; l = l->next) {
                const Node *up = &t->nodes[l->to];
                Effect there = effect;

                if (up->is_array && up->device && fault_tree_is_lost(t, up->device, i)) {
                        c->ends = true; /* the array tells what that comes to */
                        continue;
                }
                if (up->is_array) {
                        there = effect >= EFFECT_SUSPECT || t->nodes[i].distrusted ? up->effect
                                : effect > EFFECT_WATCH                            ? EFFECT_WATCH
                                                                                   : effect;
                        if (c->outcome->array == UINT32_MAX)
                                c->outcome->array = l->to;
                }
                fault_tree_climb(c, l->to, there, depth + 1);
        }
        for (const Link *l = node->twins; l; l = l->next)
                fault_tree_climb(c, l->to, effect, depth + 1);
}

/* Whether an array has given the device up: it is none of its members any more. */
static bool is_given_up(const FaultTree *t, uint32_t device) {
        for (uint32_t i = 0; i < t->table->names.n; i++)
                if (t->nodes[i].is_array && t->nodes[i].device &&
                    fault_tree_is_lost(t, t->nodes[i].device, device))
                        return true;
        return false;
}

/* Whether its controller or pool says that it holds none of the data: a spare, a log, in no array. */
static bool fault_tree_is_idle(const Device *d) {
        const char *role = d ? device_text(d, METRIC_DISK_ROLE) : NULL;

        return role && strcmp(role, "member") != 0;
}

static void fault_tree_unique(Climb *c) {
        uint32_t kept = 0;

        if (c->n_vms > 1)
                qsort(c->vms, c->n_vms, sizeof(*c->vms), compare_strings);
        for (uint32_t i = 0; i < c->n_vms; i++)
                if (kept == 0 || strcmp(c->vms[kept - 1], c->vms[i]) != 0)
                        c->vms[kept++] = c->vms[i];
        c->n_vms = kept;
}

/* By the worse of what it is to VMs and to the host's system. Where the system alone would not make VMs
 * leave, only those on the device are concerned. */
static void fault_tree_settle(Climb *c) {
        Outcome *o = c->outcome;
        int64_t guests = c->n_vms > 0 || c->open ? fault_grading(c->guests, STANDING_GUESTS) : 0;
        int64_t system = o->system ? fault_grading(c->system, STANDING_SYSTEM) : 0;

        o->used = c->n_vms > 0 || c->open || o->system;
        o->effect = fault_tree_worse(c->guests, c->system);
        o->grade = guests > system ? guests : system;
        o->partly = !o->system || (guests > system && system < 3);
        o->vms = (Strings){ .at = c->vms, .n = c->n_vms };
        if (!o->known) { /* nobody says who is on what: anybody may be */
                o->effect = fault_tree_worse(o->effect, c->top);
                o->grade = fault_grading(o->effect, STANDING_GUESTS);
                o->partly = false;
                o->used = true;
        } else if (!o->used) {
                o->effect = c->top;
                o->grade = fault_grading(c->top, STANDING_NOBODY);
        }
}

int fault_tree_outcome(FaultTree *t, uint32_t device, Outcome *ret) {
        const Node *node = &t->nodes[device];
        Climb c = { .t = t, .outcome = ret };
        bool idle = fault_tree_is_idle(node->device);

        *ret = (Outcome){ .array = UINT32_MAX };
        t->walks++;
        fault_tree_climb(&c, device,
                         node->is_array ? node->effect
                         : node->device ? node->device->own
                                        : EFFECT_GOOD,
                         0);
        ret->known = c.n_vms > 0 || c.open || ret->system;
        idle = idle && !ret->known;
        ret->known =
                idle || (t->has_tree && (ret->known || (c.ends && !c.dangles) || is_given_up(t, device)));
        for (uint32_t i = 0; i < t->strangers.n && !idle; i++) {
                climb_guest(&c, t->strangers.at[i]);
                c.guests = fault_tree_worse(c.guests, c.top);
        }
        if (c.full)
                return -ENOMEM;
        fault_tree_unique(&c);
        fault_tree_settle(&c);
        return 0;
}

/* ---- arrays ---- */

Effect fault_tree_array(const FaultTree *t, uint32_t device) {
        const Node *node = &t->nodes[device];

        return node->is_array && node->lost > 0 ? node->effect : EFFECT_GOOD;
}

/* "raid5 degraded: 2 of 3 members active, no redundancy left; lost: sdb; now: rebuild". */
const char *fault_tree_array_words(const FaultTree *t, uint32_t i) {
        const Device *d = t->nodes[i].device;
        const char *level = device_text(d, METRIC_ARRAY_LEVEL), *lost = device_text(d, METRIC_ARRAY_LOST);
        const char *action = device_text(d, METRIC_ARRAY_ACTION), *members = "", *redundancy = "";
        int64_t wanted = device_number(d, METRIC_ARRAY_WANTED, UNKNOWN);
        int64_t working = device_number(d, METRIC_ARRAY_WORKING, UNKNOWN);
        int64_t left = device_number(d, METRIC_ARRAY_REDUNDANCY, 0);
        const bool degraded = working != UNKNOWN && working < wanted;

        if (wanted >= 0 && working >= 0)
                members = text_format(t->a, "%lld of %lld members active, ", (long long) working,
                                      (long long) wanted);
        if (left >= 0)
                redundancy = left > 0 ? text_format(t->a, "%lld more may fail", (long long) left)
                                      : "no redundancy left";
        if (!members || !redundancy)
                return NULL;
        return text_format(t->a, "%s%s%s%s%s%s%s%s%s", level ? level : "",
                           level && degraded ? " degraded"
                           : degraded        ? "degraded"
                                             : "",
                           level || degraded ? ": " : "", members, redundancy, lost ? "; lost: " : "",
                           lost ? lost : "", action ? "; now: " : "", action ? action : "");
}
