/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/settings/service_modes.h"

#include "scheduler/base/text.h"

const char *const service_mode_names[MODE_N + 1] = { "advise", "confirm", "auto", NULL };

/* The first stands for service.mode; the others are ServiceMode's, one further on. */
static const char *const service_modes_words[] = { "inherit", "advise", "confirm", "auto", NULL };

const SettingDef mode_settings[] = {
        { "evacuation", SETTING_CHOICE, 0, 0, 3, NULL, service_modes_words,
          "Evacuation of hardware with fault grade 3 or 4. inherit: as service.mode." },
        { "repair", SETTING_CHOICE, 0, 0, 3, NULL, service_modes_words,
          "Moves that repair a broken rule (one that must hold) or an overfull host. inherit: as "
          "service.mode." },
        { "maintenance", SETTING_CHOICE, 0, 0, 3, NULL, service_modes_words,
          "Evacuation of hosts in maintenance. inherit: as service.mode." },
        { "load", SETTING_CHOICE, 0, 0, 3, NULL, service_modes_words,
          "Moves off hosts above their load line, and moves for the reserve. inherit: as service.mode." },
        { "balance", SETTING_CHOICE, 0, 0, 3, NULL, service_modes_words,
          "Moves for even use, packing and wishes. inherit: as service.mode." },
        { .name = NULL },
};

ServiceModes service_modes_all(ServiceMode mode) {
        ServiceModes m = { .usual = mode };

        for (int k = 0; k < ACTION_KIND_N; k++)
                m.of[k] = mode;
        return m;
}

ServiceModes service_modes(const Settings *settings) {
        ServiceModes m = service_modes_all((ServiceMode) settings_int(settings, "service", "mode"));

        for (int k = 0; k < ACTION_KIND_N; k++) {
                const int64_t own = settings_int(settings, "modes", action_kind_names[k]);

                if (own > 0)
                        m.of[k] = (ServiceMode) (own - 1);
        }
        return m;
}

unsigned service_modes_bits(const ServiceModes *m, ServiceMode mode) {
        unsigned bits = 0;

        for (int k = 0; k < ACTION_KIND_N; k++)
                if (m->of[k] == mode)
                        bits |= action_kind_bit((ActionKind) k);
        return bits;
}

bool service_modes_act(const ServiceModes *m) {
        return service_modes_bits(m, MODE_ADVISE) != ACTION_KINDS_ALL;
}

const char *service_modes_text(Arena *a, const ServiceModes *m) {
        const char *text = service_mode_names[m->usual];

        for (int mode = 0; text && mode < MODE_N; mode++) {
                const unsigned bits = service_modes_bits(m, (ServiceMode) mode);
                const char *kinds = bits && mode != (int) m->usual ? action_kinds_text(a, bits) : NULL;

                if (bits && mode != (int) m->usual)
                        text = kinds ? text_format(a, "%s; %s: %s", text, kinds, service_mode_names[mode])
                                     : NULL;
        }
        return text;
}
