/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a settings file: accepted or refused with words; what is accepted prints and reads back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/settings/settings_file.h"

static const SettingDef defs[] = {
        { "share", SETTING_PERMILLE, 200, 0, 900, NULL, NULL, "A share." },
        { "size", SETTING_MIB, 1024, 0, QUANTITY_MAX, NULL, NULL, "A size." },
        { "rate", SETTING_KBIT, 1000, 0, QUANTITY_MAX, NULL, NULL, "A rate." },
        { "every", SETTING_DURATION, USEC_PER_SEC, 0, 3600 * USEC_PER_SEC, NULL, NULL, "A time." },
        { "on", SETTING_BOOL, 0, 0, 1, NULL, NULL, "A switch." },
        { "words", SETTING_TEXT, 0, 0, 0, "", setting_words, "Words." },
        { "name", SETTING_TEXT, 0, 0, 0, "", NULL, "A text." },
        { 0 },
};
static const SettingSection sections[] = { { "a", "All kinds.", defs } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* One mistake is said exactly where one of all is. */
static void check_all(Arena *a, const char *text, size_t n, const TextFault *first) {
        TextFault at[50] = { 0 };
        TextFaults faults = { .at = at, .most = 50 };
        Settings *s = NULL;
        bool found = false;

        if (settings_new(a, sections, 1, &s) < 0)
                abort();
        if (settings_file_read(text, n, s, &faults) == 0 && first)
                abort();
        for (uint32_t i = 0; first && i < faults.n; i++)
                found |= memcmp(first, &at[i], sizeof(*first)) == 0;
        if (first ? !found && faults.n < faults.most : faults.n > 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        Settings *s = NULL, *again = NULL;
        const char *printed = NULL, *twice = NULL;
        TextFault fault = { 0 };
        Arena a;

        if (arena_open(64 << 20, &a) < 0 || settings_new(&a, sections, 1, &s) < 0 ||
            settings_new(&a, sections, 1, &again) < 0)
                abort();
        if (settings_file_apply((const char *) data, n, s, &fault) < 0) {
                if (!fault.what[0])
                        abort();
                check_all(&a, (const char *) data, n, &fault);
        } else if (settings_file_print(&a, s, false, &printed) < 0 ||
                   settings_file_print(&a, s, true, &printed) < 0 ||
                   settings_file_apply(printed, strlen(printed), again, &fault) < 0 ||
                   settings_file_print(&a, again, true, &twice) < 0 || strcmp(printed, twice) != 0)
                abort();
        arena_close(&a);
        return 0;
}
