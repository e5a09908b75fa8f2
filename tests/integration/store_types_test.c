/* SPDX-License-Identifier: Apache-2.0 */
/* A key of another type than Plimsoll makes it, as a slip of redis-cli leaves it: what nobody is harmed by counts as none, and
 * is named; what keeps a host or a VM from harm stops a round, and is named.
 */
#include <errno.h>

#include "scheduler/app/terminal/invocation.h"
#include "scheduler/store/store_object.h"
#include "tests/integration/service_fixture.h"

TestSuite(store_types, .init = service_setup, .fini = service_teardown, .timeout = 60);

static char *break_key(StoreKey key, char name[KEY_SIZE]) {
        (void) key_print(name, "t", key, NULL);
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "SET", name, "?", NULL });
        return name;
}

static bool is_dropped(const char *name) {
        const Drops *d = store_drops(store, false);

        for (uint32_t i = 0; i < drops_named(d); i++)
                if (strstr(d->words[i], name))
                        return true;
        return false;
}

Test(store_types, a_hash_that_is_none_is_empty_or_an_error_by_what_its_loss_does) {
        uint32_t hashes = 0;

        for (StoreKey key = 0; key < KEY_N; key++) {
                const StoreKeyDef *def = &store_key_defs[key];
                StoredText *texts = NULL;
                char name[KEY_SIZE];
                uint32_t n = 7;
                int r;

                if (strcmp(def->type, "hash") != 0)
                        continue;
                hashes++;
                (void) break_key(key, name);
                r = store_read_hash(store, &arena, key, &texts, &n);
                if (def->loss == LOSS_LOST) {
                        cr_expect_eq(0, r, "%s: %d", name, r);
                        cr_expect_eq(0, n, "%s", name);
                        cr_expect(is_dropped(name), "%s", name);
                } else {
                        cr_expect_eq(-EMEDIUMTYPE, r, "%s: %d", name, r);
                        cr_expect(strstr(store_error(store), name), "%s", store_error(store));
                }
        }
        cr_assert_geq(hashes, 10);
}

Test(store_types, what_a_script_meets_is_named_too) {
        char name[KEY_SIZE];

        (void) break_key(KEY_ASKED, name);
        cr_assert_eq(-EMEDIUMTYPE, store_put_asked(store, "web1", "x", 1));
        cr_assert(strstr(store_error(store), name), "%s", store_error(store));
}

Test(store_types, a_round_goes_on_without_what_operators_asked_for) {
        char name[KEY_SIZE];

        report("h1", 2);
        report("h2", 0);
        (void) break_key(KEY_ASKED, name);
        (void) break_key(KEY_RETRIES, name);
        (void) break_key(KEY_WORDS, name);
        (void) break_key(KEY_RELEASES, name);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_not_null(live().plan_status);
}

Test(store_types, and_stops_where_it_cannot_see_which_hosts_are_in_maintenance) {
        char name[KEY_SIZE];

        report("h1", 2);
        report("h2", 0);
        (void) break_key(KEY_MARKS, name);
        cr_assert_neq(EXIT_DONE, serve("advise"));
        cr_assert_eq(0, records());
}
