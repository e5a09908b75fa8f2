/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "scheduler/base/prng.h"
#include "scheduler/model/selection.h"

#define WORDS(...)                                                                                           \
        {                                                                                                    \
                .at = (const char *const[]){ __VA_ARGS__ },                                                  \
                .n = ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ }))                                      \
        }

static const Host hosts[] = {
        { .name = "h1",
          .zone = "a",
          .rack = "r1",
          .neighborhood = "n1",
          .labels = WORDS("disk=ssd", "gen=9") },
        { .name = "h2", .zone = "a", .rack = "r2", .labels = WORDS("disk=hdd") },
        { .name = "h3", .zone = "b" },
};

static const Vm vms[] = {
        { .name = "a,b", .host = 0 },
        { .name = "db1", .host = 0, .groups = WORDS("db"), .labels = WORDS("owner=ann", "tier=back") },
        { .name = "db2", .host = 1, .groups = WORDS("db"), .labels = WORDS("tier=back") },
        { .name = "odd:name", .host = 2 },
        { .name = "web1", .host = 1, .groups = WORDS("front", "web"), .labels = WORDS("tier=front") },
        { .name = "web12", .host = 2, .groups = WORDS("web") },
};

static const Snapshot cluster = { .hosts = hosts, .n_hosts = 3, .vms = vms, .n_vms = ARRAY_SIZE(vms) };

static unsigned char memory[1 << 16];

/* The names selected, separated by blanks. */
static const char *selected(const char *text, SelectFrom from) {
        static char names[256];
        Arena a = arena_over(memory, sizeof(memory));
        Selection s = { 0 };
        TextFault f = { 0 };
        const uint32_t *at;
        uint32_t n;

        cr_assert_eq(0, selection_add(&a, &s, text, from, &f), "%s: %s", text, f.what);
        if (from == SELECT_FROM_VMS)
                cr_assert_eq(0, selection_vms(&a, &s, &cluster, &at, &n));
        else
                cr_assert_eq(0, selection_hosts(&a, &s, &cluster, &at, &n));
        names[0] = '\0';
        for (uint32_t i = 0; i < n; i++) {
                if (i > 0)
                        strcat(names, " ");
                strcat(names, from == SELECT_FROM_VMS ? vms[at[i]].name : hosts[at[i]].name);
                cr_assert(from == SELECT_FROM_HOSTS || selection_has_vm(&s, &cluster, at[i]));
        }
        return names;
}

Test(selection, vms_by_all_that_is_known_of_them) {
        static const struct {
                const char *text, *names;
        } cases[] = {
                { "web1", "web1" },
                { "web1, db1,web1", "db1 web1" },
                { "web*", "web1 web12" },
                { "web?", "web1" },
                { "[a-d]b[12]", "db1 db2" },
                { "group:db", "db1 db2" },
                { "group:f*", "web1" },
                { "label:tier", "db1 db2 web1" },
                { "label:tier=back", "db1 db2" },
                { "label:tier=b*", "db1 db2" },
                { "label:owner=bob", "" },
                { "host:h1", "a,b db1" },
                { "zone:a", "a,b db1 db2 web1" },
                { "rack:r?", "a,b db1 db2 web1" },
                { "neighborhood:n1", "a,b db1" },
                { "host-label:disk=ssd", "a,b db1" },
                { "host-label:disk", "a,b db1 db2 web1" },
                { "label:disk=ssd", "" },
                { "!host-label:disk=h*", "a,b db1 odd:name web12" },
                { "*,!group:db,!a*", "odd:name web1 web12" },
                { "!group:db, group:db, web1", "web1" },
                { "!web*", "a,b db1 db2 odd:name" },
                { "vm:odd:name", "odd:name" },
                { "odd\\:name", "odd:name" },
                { "a\\,b", "a,b" },
                { "nobody", "" },
                { "w*b*2", "web12" },
                { "[web1", "" },
                { "web[!2-9]", "web1" }, /* once "one of !, 2 … 9": it pinned whom it was to free */
                { "web[^2-9]", "web1" },
                { "db[!1]", "db2" },
                { "[!w]*", "a,b db1 db2 odd:name" },
                { "!web[!1]*", "a,b db1 db2 odd:name web1 web12" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                cr_assert_str_eq(cases[i].names, selected(cases[i].text, SELECT_FROM_VMS), "%s: %s",
                                 cases[i].text, selected(cases[i].text, SELECT_FROM_VMS));
}

Test(selection, hosts_by_name_and_place) {
        static const struct {
                const char *text, *names;
        } cases[] = {
                { "h1", "h1" },
                { "h*,!h2", "h1 h3" },
                { "host:h2,zone:b", "h2 h3" },
                { "!rack:r1", "h2 h3" },
                { "rack:r*", "h1 h2" },
                { "neighborhood:*", "h1" },
                { "label:disk", "h1 h2" },
                { "label:disk=ssd", "h1" },
                { "label:disk=s?d,h3", "h1 h3" },
                { "!label:gen=9", "h2 h3" },
                { "host-label:g*=9", "h1" },
                { "label:tier=back", "" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                cr_assert_str_eq(cases[i].names, selected(cases[i].text, SELECT_FROM_HOSTS), "%s",
                                 cases[i].text);
}

Test(selection, what_is_wrong_is_said_with_the_nearest_right_word) {
        static const struct {
                const char *text, *what;
                SelectFrom from;
        } cases[] = {
                { "gruop:web", "did you mean group:", SELECT_FROM_VMS },
                { "group:", "empty", SELECT_FROM_VMS },
                { "a,,b", "empty", SELECT_FROM_VMS },
                { "", "empty", SELECT_FROM_VMS },
                { "!", "empty", SELECT_FROM_VMS },
                { "label:=x", "needs a key", SELECT_FROM_VMS },
                { "group:web", "accepted: a name, label:key=value, host:, zone:", SELECT_FROM_HOSTS },
                { "label:=ssd", "needs a key", SELECT_FROM_HOSTS },
                { "zoen:a", "did you mean zone:", SELECT_FROM_HOSTS },
                { "a\tb", "control", SELECT_FROM_VMS },
                { "app[9-1]", "from the lower letter to the higher", SELECT_FROM_VMS },
                { "vm:web[[:digit:]]", "no classes", SELECT_FROM_VMS },
                { "label:tier=[z-a]", "from the lower letter", SELECT_FROM_VMS },
                { "host:h[![:alpha:]]", "no classes", SELECT_FROM_HOSTS },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Arena a = arena_over(memory, sizeof(memory));
                Selection s = { 0 };
                TextFault f = { 0 };

                cr_assert_eq(-EINVAL, selection_add(&a, &s, cases[i].text, cases[i].from, &f), "%s",
                             cases[i].text);
                cr_assert(strstr(f.what, cases[i].what), "%s: %s", cases[i].text, f.what);
                cr_assert_eq(0, s.n);
        }
}

Test(selection, a_name_written_for_it_selects_that_name_alone) {
        for (VmIx v = 0; v < ARRAY_SIZE(vms); v++) {
                Arena a = arena_over(memory, sizeof(memory));
                const char *text = selection_name(&a, vms[v].name);
                Selection s = { 0 };
                TextFault f = { 0 };

                cr_assert_eq(0, selection_add(&a, &s, text, SELECT_FROM_VMS, &f), "%s: %s", text, f.what);
                for (VmIx w = 0; w < ARRAY_SIZE(vms); w++)
                        cr_assert_eq(v == w, selection_has_vm(&s, &cluster, w), "%s", text);
        }
}

Test(selection, a_list_grows_word_by_word) {
        Arena a = arena_over(memory, sizeof(memory));
        Selection s = { 0 };
        TextFault f = { 0 };

        cr_assert_eq(0, selection_add(&a, &s, "web*", SELECT_FROM_VMS, &f));
        cr_assert_eq(0, selection_add(&a, &s, "!web12", SELECT_FROM_VMS, &f));
        cr_assert(selection_has_vm(&s, &cluster, snapshot_vm(&cluster, "web1")));
        cr_assert_not(selection_has_vm(&s, &cluster, snapshot_vm(&cluster, "web12")));
}

Test(selection, stars_do_not_take_time_that_grows_with_their_number) {
        char pattern[128] = "", text[256];

        memset(text, 'a', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        for (int i = 0; i < 30; i++)
                strcat(pattern, "*a");
        strcat(pattern, "*b");
        cr_assert_not(text_fits(pattern, text)); /* two to the power of thirty steps would not end */
}

/* Who writes a pattern knows them from the shell: what fits there fits here. */
Test(selection, patterns_are_those_of_the_shell) {
        static const char letters[] = "ab19!^-]-[*?\\[[!";
        Prng g = prng_seeded(1);
        uint32_t fitting = 0, sets = 0;

        for (uint32_t i = 0; i < 400000; i++) {
                char pattern[12], text[6];
                const uint32_t n = prng_below(&g, sizeof(pattern)), m = prng_below(&g, sizeof(text));

                for (uint32_t k = 0; k < n; k++)
                        pattern[k] = letters[prng_below(&g, sizeof(letters) - 1)];
                for (uint32_t k = 0; k < m; k++)
                        text[k] = "ab19!^-][*"[prng_below(&g, 10)];
                pattern[n] = text[m] = '\0';
                if (text_pattern_fault(pattern) || (n > 0 && pattern[n - 1] == '\\'))
                        continue;
                cr_assert_eq(text_fits(pattern, text), fnmatch(pattern, text, 0) == 0, "'%s' and '%s'",
                             pattern, text);
                fitting += text_fits(pattern, text);
                sets += strchr(pattern, '[') && strchr(pattern, ']');
        }
        cr_assert_gt(fitting, 2000);
        cr_assert_gt(sets, 20000);
}
