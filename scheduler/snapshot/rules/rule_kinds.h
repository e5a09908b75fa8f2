/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of rules an operator may write: one table says each kind's word, fields, manual and example, and
 * what becomes of it on a snapshot. To add a kind: a line in rule_kinds.c (a field of its own: in
 * rule_fields[] too). Pure.
 *
 * Units: as each row says. Owner: the reader's arena. Errors: -EINVAL, -ENOENT, -ENOMEM, as said. Threads:
 * one for each ListReader; tables any.
 */
#pragma once

#include "scheduler/snapshot/rules/list_fields.h"
#include "scheduler/snapshot/rules/rule_writer.h"

/* Fields that only some kinds have, as bits. */
enum {
        RULE_HAS_LEVEL = 1,
        RULE_HAS_FROM = 2,
        RULE_HAS_TO = 4,
        RULE_HAS_OVER = 8,
        RULE_HAS_HOSTS = 16,
        RULE_HAS_DURING = 32,
        RULE_HAS_A_DAY = 64,
        RULE_HAS_IS = 128,
        RULE_HAS_EVACUATE = 256,
        RULE_HAS_WEIGHT = 512, /* must, should */
        RULE_HAS_AT_MOST = 1024,
        RULE_HAS_ONLY = 2048,
};

typedef struct RuleKindDef {
        const char *
                word; /* the field that holds the selection of VMs, and the name of the kind; aliases: rule_word.h */
        unsigned takes, needs;
        const char *doc, *example;
        int (*apply)(RuleApply *x, const RuleSpec *spec); /* 0 or -ENOMEM */
} RuleKindDef;

extern const RuleKindDef rule_kind_defs[];
extern const uint32_t n_rule_kinds;

/* The index of the kind of this word, or of an alias of it; n_rule_kinds: there is none. */
uint32_t rule_kind_find(const char *word);

/* All fields a rule may have, besides its kind's word; `bit` of each: of RULE_HAS_…, or 0: all have it. */
extern const ListFieldDef rule_list_fields[];
unsigned rule_field_bit(uint32_t i);
extern const ListDef rule_list;

/* Adds an entry of the list ("rules", "groups", "hosts", "windows") to the set. 0; -EINVAL with r->fault;
 * -ENOENT: there is no such list; -ENOMEM. */
int rule_set_add(ListReader *r, RuleSet *set, const char *list, const ListItem *item) must_check;

/* What only all entries together can say: names that are there twice, windows that are not there (not asked
 * unless all_windows are in the set). 0; -EINVAL, all of them added to *faults; -ENOMEM. */
int rule_set_check(Arena *a, const RuleSet *set, bool all_windows, TextFaults *faults) must_check;
