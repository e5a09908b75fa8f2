/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard's files within the program: all of them, as they stand in the tree, small, and naming only each other. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/page/page_file.h"
#include "scheduler/base/common.h"

#define FOLDER SOURCE_DIR "/scheduler/app/page/files/"
#define MOST   ((size_t) 200 << 10)

Test(page_file, they_are_those_of_the_tree) {
        for (size_t i = 0; page_file_at(i); i++) {
                const PageFile *file = page_file_at(i);
                char path[512], *bytes = malloc(file->n + 1);
                FILE *f;

                (void) snprintf(path, sizeof(path), FOLDER "%s", file->name);
                f = fopen(path, "r");
                cr_assert(f && bytes, "%s", path);
                cr_assert_eq(file->n, fread(bytes, 1, file->n + 1, f), "%s", path);
                cr_assert_eq(0, memcmp(bytes, file->bytes, file->n), "%s", path);
                cr_assert(strlen(file->etag) == 34 && file->etag[0] == '"');
                (void) fclose(f);
                free(bytes);
        }
        cr_assert_not_null(page_file_find(PAGE_SHELL));
        cr_assert_null(page_file_find("nosuch.js"));
        cr_assert_null(page_file_find("../page_file.c"));
}

Test(page_file, all_is_at_most_200_kib) {
        size_t n = 0;

        for (size_t i = 0; page_file_at(i); i++)
                n += page_file_at(i)->n;
        cr_assert(n > 10000 && n <= MOST, "%zu bytes", n);
}

/* A module's imports and the shell's files are there; no other server is named but that of SVG's names. */
Test(page_file, they_name_each_other_alone) {
        for (size_t i = 0; page_file_at(i); i++) {
                const PageFile *file = page_file_at(i);
                static const char *const before[] = { "from './", "\"/page/" };

                for (size_t k = 0; k < ARRAY_SIZE(before); k++)
                        for (const char *at = file->bytes; (at = strstr(at, before[k])); at++) {
                                char name[64];
                                const char *start = at + strlen(before[k]);

                                (void) snprintf(name, sizeof(name), "%.*s", (int) strcspn(start, "'\""),
                                                start);
                                cr_assert_not_null(page_file_find(name), "%s wants %s", file->name, name);
                        }
                for (const char *at = file->bytes; (at = strstr(at, "://")); at++)
                        cr_assert(strncmp(at, "://www.w3.org/2000/svg", 22) == 0 ||
                                          strncmp(at, "://localhost:9180/", 18) == 0,
                                  "%s names %.40s", file->name, at);
        }
}
