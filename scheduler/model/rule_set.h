/* SPDX-License-Identifier: Apache-2.0 */
/* What operators say in the settings' lists — rules, groups, hosts, windows — read and checked, but not yet
 * about any VM: snapshot/rules/rules_apply puts it onto a Snapshot. Const once read; all in the settings'
 * arena.
 *
 * Units: by suffix (units.h). Owner: the settings' arena. Errors: none; NULL: there is none of that name.
 * Threads: any, const once read.
 */
#pragma once

#include <string.h>

#include "scheduler/model/selection.h"
#include "scheduler/model/settings.h"
#include "scheduler/model/time_window.h"

/* An entry of a list as it was written: for messages, and to print it again. */
typedef struct ListWord {
        const char *text;
        uint32_t line, column; /* from 1; 0: not from a file */
} ListWord;

typedef struct ListField {
        ListWord key;
        const ListWord *values;
        uint32_t n;
        bool is_list; /* it was written as one */
} ListField;

typedef struct ListItem {
        uint32_t line, column;
        const ListField *fields;
        uint32_t n;
} ListItem;

typedef struct RuleSpec {
        uint32_t kind; /* index into rule_kind_defs[] */
        const char *name;
        bool must;
        int64_t weight; /* when !must */
        Level level;
        Selection vms, others, hosts; /* others: from, to */
        Strings windows;              /* their names */
        int64_t count;                /* over, at-most, a-day, is */
        VmMode mode;                  /* only */
        bool evacuate;                /* it may still leave a host that is emptied */
        const ListItem *item;
} RuleSpec;

typedef struct GroupSpec {
        const char *name;
        Selection vms;
        const ListItem *item;
} GroupSpec;

typedef struct HostSpec {
        Selection hosts;
        const char *zone, *rack, *neighborhood; /* NULL: not said */
        Strings labels;                         /* in the order written */
        Strings domains;                        /* n == 0: not said */
        const char *uri;                        /* "{host}" stands for the name; NULL: not said */
        int64_t headroom, headroom_cpu, headroom_memory, headroom_network; /* permille; UNKNOWN */
        int64_t headroom_extra;                                            /* of each extra resource */
        int64_t overcommit_cpu, overcommit_memory;                         /* permille; 0: not said */
        int64_t reserved_mib;                                              /* UNKNOWN */
        const ListItem *item;
} HostSpec;

typedef struct WindowSpec {
        TimeWindow window;
        const ListItem *item;
} WindowSpec;

struct RuleSet {       /* declared in settings.h */
        Strings notes; /* entries that could not be read where that is no error: from labels */
        RuleSpec *rules;
        GroupSpec *groups;
        HostSpec *hosts;
        WindowSpec *windows;
        uint32_t n_rules, n_groups, n_hosts, n_windows;
};

/* The window of that name, or NULL. */
static inline const TimeWindow *rule_set_window(const RuleSet *set, const char *name) {
        for (uint32_t i = 0; i < set->n_windows; i++)
                if (strcmp(set->windows[i].window.name, name) == 0)
                        return &set->windows[i].window;
        return NULL;
}
