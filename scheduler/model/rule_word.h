/* SPDX-License-Identifier: Apache-2.0 */
/* What kinds of rules are called: the field's own words, and those of the tables and of JSON.
 *
 * Pure. Units: none. Owner: static, or the caller's. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/model/cluster.h"

/* Words that stand for a kind beside its own: "anti-affinity" for "apart", "affinity" for "together". */
typedef struct RuleAlias {
        const char *word, *kind;
} RuleAlias;
#define RULE_ALIASES_N 2
extern const RuleAlias rule_aliases[RULE_ALIASES_N];

/* The kind's own word ("apart") where the word is an alias of it, else the word itself. */
const char *rule_word(const char *word);

/* What a person calls the kind: "anti-affinity" for RULE_APART and RULE_AVOID, "affinity" for RULE_TOGETHER, else
 * as rule_kind_names. */
const char *rule_kind_title(RuleKind kind);
