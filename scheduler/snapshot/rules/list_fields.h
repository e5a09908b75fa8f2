/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the settings' lists → structs, by tables: the table is the check, the error and the manual at
 * once. Pure.
 *
 * To add a field: a member in model/rule_set.h and a row in list_fields.c (of a rule: in rule_kinds.c too, in
 * the kinds that take it).
 *
 * Units: as each row says. Owner: the reader's arena. Errors: -EINVAL with the fault, -ENOMEM. Threads: one
 * for each ListReader.
 */
#pragma once

#include "scheduler/model/rule_set.h"
#include "scheduler/model/settings.h"

typedef enum ListValue {
        LIST_NUMBER,  /* int64_t, by its SettingDef */
        LIST_BOOL,    /* bool */
        LIST_CHOICE,  /* an enum (int) */
        LIST_NAME,    /* const char * */
        LIST_NAMES,   /* Strings, in the order written */
        LIST_VMS,     /* Selection */
        LIST_HOSTS,   /* Selection */
        LIST_DAYS,    /* unsigned, bits of TimeWindow.days */
        LIST_CLOCK,   /* int, minutes: "22:00" */
        LIST_ZONE,    /* TimeWindow's zone_name and zone; the member is the TimeWindow */
        LIST_ACTIONS, /* unsigned, bits of Action */
        LIST_LABELS,  /* Strings, "key=value" or "!key", in the order written */
        LIST_VALUE_N,
} ListValue;

typedef struct ListFieldDef {
        SettingDef value; /* name, doc; of LIST_NUMBER, LIST_BOOL, LIST_CHOICE: type, range, words */
        ListValue as;
        size_t at;
        bool required;
} ListFieldDef;

typedef struct ListDef {
        const char *name;   /* "groups" */
        const char *object; /* "a group" */
        const char *summary, *example;
        const ListFieldDef *fields; /* ends with value.name NULL */
} ListDef;

extern const ListDef group_list, host_list, window_list;
extern const char *const list_value_texts[LIST_VALUE_N]; /* what is accepted, in words */

/* Time zones by name: the bytes of a TZif file, or -ENOENT. NULL: only UTC and POSIX texts are known. */
typedef struct ZoneFiles {
        int (*load)(void *arg, const char *name, Arena *a, const unsigned char **ret, size_t *ret_n);
        void *arg;
} ZoneFiles;

/* What is at hand while an entry is read. */
typedef struct ListReader {
        Arena *arena;
        const ZoneFiles *zones;
        TextFault *fault;
        const char *place; /* "rules[2]" */
} ListReader;

/* One field into *object. 0; -EINVAL with the fault (line, column, field, what is accepted); -ENOMEM. */
int list_field_read(ListReader *r, const ListFieldDef *def, const ListField *f, void *object) must_check;

/* All fields of an entry by its list's table; each once, none unknown, none missing. */
int list_item_read(ListReader *r, const ListDef *def, const ListItem *item, void *object) must_check;

/* -EINVAL with a fault at the word. */
int list_fault(ListReader *r, const ListWord *word, const char *field, const char *what) must_check;
#define LIST_FAULT(r, word, field, ...)                                                                      \
        (text_fault((r)->fault, "", __VA_ARGS__), list_fault((r), (word), (field), NULL))

/* The field of that name in the item, or NULL. */
const ListField *list_item_field(const ListItem *item, const char *name);
