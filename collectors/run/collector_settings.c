/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/run/collector_settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY_MAX 128

static int setting_take(Settings *s, const char *set, TextFault *fault) {
        size_t n = strcspn(set, "=");
        char key[KEY_MAX];

        if (set[n] != '=' || n >= sizeof(key)) {
                text_fault(fault, "--set", "\"%s\" is not COLLECTOR.NAME=VALUE, such as smart.every=1h", set);
                return -EINVAL;
        }
        (void) snprintf(key, sizeof(key), "%.*s", (int) n, set);
        return settings_set(s, key, set + n + 1, fault);
}

int collector_settings_new(Arena *a, const char *const *sets, uint32_t n, const Settings **ret,
                           TextFault *reterr_fault) {
        CollectorSet all = collectors_all();
        SettingSection *sections = arena_new(a, SettingSection, all.n);
        uint32_t count = 0;
        Settings *s;
        int r;

        if (!sections)
                return -ENOMEM;
        for (uint32_t i = 0; i < all.n; i++)
                if ((all.collectors[i]->runs & RUNS_ON_HOST) && all.collectors[i]->settings)
                        sections[count++] = (SettingSection){ .name = all.collectors[i]->name,
                                                              .summary = all.collectors[i]->summary,
                                                              .defs = all.collectors[i]->settings };
        r = settings_new(a, sections, count, &s);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                r = setting_take(s, sets[i], reterr_fault);
        if (r == 0)
                *ret = s;
        return r;
}
