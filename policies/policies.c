#include "policies/policies.h"

#include <errno.h>

#define POLICY(name) extern const Policy policy_##name;
#include "policies/policies.def"
#undef POLICY

static const Policy *const table[] = {
#define POLICY(name) &policy_##name,
#include "policies/policies.def"
#undef POLICY
};

PolicySet policies_all(void) {
        return (PolicySet){ .policies = table, .n = ARRAY_SIZE(table) };
}

int policies_settings(Arena *a, const SettingSection **ret, uint32_t *ret_n) {
        SettingSection *sections = arena_new(a, SettingSection, ARRAY_SIZE(table));
        uint32_t n = 0;

        if (!sections)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (table[i]->settings)
                        sections[n++] =
                                (SettingSection){ table[i]->name, table[i]->summary, table[i]->settings };
        *ret = sections;
        *ret_n = n;
        return 0;
}
