/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/store/keys.h"
#include "scheduler/store/store_acl.h"

Test(keys, a_key_carries_its_cluster_as_hash_tag) {
        char buf[KEY_SIZE];

        cr_assert_str_eq(key_print(buf, "prod", KEY_HOSTS, NULL), "plimsoll:{prod}:hosts");
        cr_assert_str_eq(key_print(buf, "prod", KEY_REPORT, "h{1}"), "plimsoll:{prod}:report:h{1}");
}

Test(keys, the_longest_names_fit) {
        char buf[KEY_SIZE], name[256];

        memset(name, 'x', 255);
        name[255] = '\0';
        cr_assert(key_is_cluster(name));
        for (int k = 0; k < KEY_N; k++)
                cr_assert_lt(
                        strlen(key_print(buf, name, (StoreKey) k, store_key_defs[k].part[0] ? name : NULL)),
                        KEY_SIZE);
}

/* "{}x" would be an empty tag: then the whole key is hashed, and keys fall into different slots. */
Test(keys, a_cluster_that_would_break_the_hash_tag_is_none) {
        cr_assert_not(key_is_cluster(""));
        cr_assert_not(key_is_cluster("}x"));
        cr_assert_not(key_is_cluster("a{b"));
        cr_assert_not(key_is_cluster("a\nb"));
        cr_assert(key_is_cluster("rack 1/\xc3\xbc %s"));
}

static char *slurp(const char *path) {
        FILE *f = fopen(path, "rb");
        char *text = calloc(1, 1 << 16);

        cr_assert_not_null(f);
        cr_assert_not_null(text);
        cr_assert_gt(fread(text, 1, (1 << 16) - 1, f), 0);
        (void) fclose(f);
        return text;
}

Test(keys, the_documentation_has_every_key_and_no_other) {
        char *text = slurp(SOURCE_DIR "/docs/redis-keys.md");
        int rows = 0;

        for (int k = 0; k < KEY_N; k++) {
                const StoreKeyDef *d = &store_key_defs[k];
                char row[512];

                (void) snprintf(row, sizeof(row),
                                "\n| `plimsoll:{CLUSTER}:%s%s%s` | %s | %s | %s | %s | %s |\n", d->name,
                                d->part[0] ? ":" : "", d->part, d->type, d->expiry,
                                store_roles_text(d->writes), store_loss_text(d->loss), d->holds);
                cr_assert_not_null(strstr(text, row), "docs/redis-keys.md has no line %s", row);
        }
        for (const char *p = text; (p = strstr(p, "\n| `plimsoll:")); p++)
                rows++;
        cr_assert_eq(rows, KEY_N);
        free(text);
}

/* A key that nobody has thought about is nobody's: then no account may touch it, and this says so first. */
Test(keys, every_key_has_a_role_that_writes_it_and_one_that_reads_it) {
        for (int k = 0; k < KEY_N; k++) {
                const StoreKeyDef *d = &store_key_defs[k];

                cr_assert_neq(d->writes, 0, "%s: no role writes it", d->name);
                cr_assert_neq(d->reads, 0, "%s: no role reads it", d->name);
                cr_assert_not(d->writes & ROLE_READER, "%s: a reader writes", d->name);
                cr_assert(!(d->writes & ROLE_AGENT) || strcmp(d->part, "HOST") == 0,
                          "%s: an agent writes its own host's keys only", d->name);
                cr_assert_str_neq(store_roles_text(d->writes), "no one", "%s", d->name);
                cr_assert_str_neq(store_roles_text(d->reads), "no one", "%s", d->name);
        }
}

/* Whoever adds a key says what becomes of it when the store comes back empty: a key without an answer is 0, which is none.
 * What is written again is carried as a whole, and by one of these types: store_memory.c knows no others. */
Test(keys, every_key_says_what_becomes_of_it_when_the_store_has_lost_it) {
        for (int k = 0; k < KEY_N; k++) {
                const StoreKeyDef *d = &store_key_defs[k];

                cr_assert(d->loss >= LOSS_REWRITTEN && d->loss <= LOSS_LOST,
                          "%s: what becomes of it after a loss?", d->name);
                if (d->loss != LOSS_REWRITTEN)
                        continue;
                cr_assert(!d->part[0], "%s: written again, but which of its parts?", d->name);
                cr_assert(strcmp(d->type, "hash") == 0 || strcmp(d->type, "set") == 0 ||
                                  strcmp(d->type, "string") == 0 || k == KEY_JOURNAL,
                          "%s: a %s is not carried", d->name, d->type);
                cr_assert_not(d->writes & ROLE_AGENT, "%s: an agent says it again itself", d->name);
        }
}

/* The section that says what a loss means has each key in a row that says the same as the table's column. */
Test(keys, the_document_says_how_each_lost_key_comes_back) {
        static const char *const words[] = {
                [LOSS_REWRITTEN] = "itten again", [LOSS_MADE_ANEW] = "created again", [LOSS_LOST] = "for good"
        };
        char *text = slurp(SOURCE_DIR "/docs/redis-keys.md"), *section, *end;

        section = strstr(text, "\n## What is lost when Redis is lost");
        cr_assert_not_null(section);
        end = strstr(section + 1, "\n## ");
        cr_assert_not_null(end);
        *end = '\0';
        for (int k = 0; k < KEY_N; k++) {
                const StoreKeyDef *d = &store_key_defs[k];
                char name[80], row[1024];
                const char *at, *begin;

                (void) snprintf(name, sizeof(name), "`%s`", d->name);
                at = strstr(section, name);
                cr_assert_not_null(at, "%s stands in no row", name);
                for (begin = at; begin > section && begin[-1] != '\n';)
                        begin--;
                (void) snprintf(row, sizeof(row), "%.*s", (int) strcspn(begin, "\n"), begin);
                cr_assert(strstr(row, words[d->loss]), "%s: \"%s\" is lacking: %s", name, words[d->loss],
                          row);
        }
        free(text);
}
