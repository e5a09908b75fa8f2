/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/policy.h"

#include <errno.h>
#include <string.h>

int64_t policy_setting(const Policy *policy, const Settings *s, const char *name) {
        const SettingDef *def = policy->settings;

        if (s)
                return settings_int(s, policy->name, name);
        while (def->name && strcmp(def->name, name) != 0)
                def++;
        assert(def->name);
        return def->def;
}

int policies_state(Arena *a, const Problem *p, PolicySet policies, const Settings *s, Terms **ret) {
        Terms *t = arena_new(a, Terms, 1);

        if (!t)
                return -ENOMEM;
        t->arena = a;
        t->problem = p;
        for (uint32_t i = 0; i < policies.n; i++) {
                int r = policies.policies[i]->state(p, s, t);

                if (r < 0)
                        return r;
        }
        *ret = t;
        return 0;
}

Costs policies_total(PolicySet policies, const Problem *p, const Settings *s, const Assignment *x) {
        Costs sum = { 0 };

        for (uint32_t i = 0; i < policies.n; i++)
                if (policies.policies[i]->total)
                        policies.policies[i]->total(p, s, x, &sum);
        return sum;
}
