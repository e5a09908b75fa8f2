/* SPDX-License-Identifier: Apache-2.0 */
#include "policies/policies.h"

#include <errno.h>

#define POLICY(name) extern const Policy policy_##name;
#include "policies/policies.def"
#undef POLICY

static const Policy *const policies_table[] = {
#define POLICY(name) &policy_##name,
#include "policies/policies.def"
#undef POLICY
};

PolicySet policies_all(void) {
        return (PolicySet){ .policies = policies_table, .n = ARRAY_SIZE(policies_table) };
}

int policies_settings(Arena *a, const SettingSection **ret, uint32_t *ret_n) {
        SettingSection *sections = arena_new(a, SettingSection, ARRAY_SIZE(policies_table));
        uint32_t n = 0;

        if (!sections)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(policies_table); i++)
                if (policies_table[i]->settings)
                        sections[n++] = (SettingSection){ policies_table[i]->name, policies_table[i]->summary,
                                                          policies_table[i]->settings };
        *ret = sections;
        *ret_n = n;
        return 0;
}
