/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/collector_value.h"

#include <string.h>

static const SettingDef *default_of(const Collector *c, const char *name) {
        const SettingDef *d = c->settings;

        while (d->name && strcmp(d->name, name) != 0)
                d++;
        assert(d->name);
        return d;
}

int64_t collector_int(const CollectorEnv *env, const Collector *c, const char *name) {
        return env->settings ? settings_int(env->settings, c->name, name) : default_of(c, name)->def;
}

const char *collector_text(const CollectorEnv *env, const Collector *c, const char *name) {
        return env->settings ? settings_text(env->settings, c->name, name) : default_of(c, name)->def_text;
}
