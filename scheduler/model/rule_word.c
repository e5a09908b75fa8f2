/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/rule_word.h"

#include "scheduler/base/key_word.h"

const RuleAlias rule_aliases[RULE_ALIASES_N] = { { "anti-affinity", "apart" }, { "affinity", "together" } };

const char *rule_word(const char *word) {
        for (uint32_t i = 0; i < RULE_ALIASES_N; i++)
                if (key_word_is_same(rule_aliases[i].word, word))
                        return rule_aliases[i].kind;
        return word;
}

const char *rule_kind_title(RuleKind kind) {
        switch (kind) {
        case RULE_APART:
        case RULE_AVOID:
                return "anti-affinity";
        case RULE_TOGETHER:
                return "affinity";
        default:
                return rule_kind_names[kind];
        }
}
