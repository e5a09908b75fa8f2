/* SPDX-License-Identifier: Apache-2.0 */
/* Every importer of importers.def, on the files of tests/fixtures/import/NAME: each is read, printed as a snapshot
 * file and read again to the same bytes; none of its beginnings crashes, and what is refused is refused with words
 * and a line. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/terminal/file.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/import/importer.h"

#define FIXTURES SOURCE_DIR "/tests/fixtures/import"

static void is_read(const Importer *importer, const char *path, const ImportText *in, Arena *a) {
        const Snapshot *s = NULL, *again = NULL;
        const char *one, *two;
        size_t n_one, n_two;
        TextFault f = { 0 };

        cr_assert_eq(0, importer->parse(a, in, &s, &f), "%s: line %u: %s", path, f.line, f.what);
        cr_assert(s->n_hosts > 0 && s->n_vms > 0, "%s has no host or no VM", path);
        cr_assert_eq(0, snapshot_file_print(a, s, &one, &n_one));
        cr_assert_eq(0, snapshot_file_parse(a, one, n_one, &again, &f), "%s: %s", path, f.what);
        cr_assert_eq(0, snapshot_file_print(a, again, &two, &n_two));
        cr_assert(n_one == n_two && memcmp(one, two, n_one) == 0, "%s: printed, read and printed differs",
                  path);
}

static void beginnings_are_judged(const Importer *importer, const char *path, ImportText in, Arena *a) {
        const size_t all = in.n_data;

        for (in.n_data = 0; in.n_data < all; in.n_data++) {
                const ArenaMark mark = arena_mark(a);
                const Snapshot *s = NULL;
                TextFault f = { 0 };
                int k = importer->parse(a, &in, &s, &f);

                cr_assert(k == 0 ? s != NULL : k == -EBADMSG, "%s, %zu bytes: %d", path, in.n_data, k);
                cr_assert(k == 0 || f.what[0], "%s, %zu bytes: refused without a word", path, in.n_data);
                arena_rewind(a, mark);
        }
}

static uint32_t files_of(const Importer *importer) {
        char folder[512];
        uint32_t n = 0;
        DIR *dir;

        (void) snprintf(folder, sizeof(folder), "%s/%s", FIXTURES, importer->name);
        dir = opendir(folder);
        cr_assert_not_null(dir, "%s is missing: files that the importer reads", folder);
        for (struct dirent *e; (e = readdir(dir));) {
                ImportText in = { .cluster = "c" };
                char path[1024];
                TextFault f;
                Arena a;

                if (*e->d_name == '.')
                        continue;
                cr_assert_eq(0, arena_open(UINT64_C(64) << 20, &a));
                (void) snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
                cr_assert_eq(0, file_read(&a, path, &in.data, &in.n_data, &f));
                is_read(importer, path, &in, &a);
                beginnings_are_judged(importer, path, in, &a);
                arena_close(&a);
                n++;
        }
        (void) closedir(dir);
        return n;
}

Test(importer, keeps_its_contract) {
        const Importer *importer;

        for (uint32_t i = 0; (importer = importer_at(i)); i++) {
                cr_assert(importer->name && importer->parse);
                cr_assert(importer->summary && *importer->summary, "%s says nothing of itself",
                          importer->name);
                cr_assert_str_neq(importer->name, "list", "a word of the command");
                for (uint32_t k = 0; k < i; k++)
                        cr_assert_str_neq(importer->name, importer_at(k)->name);
                cr_assert_geq(files_of(importer), 1, "%s/%s has no file", FIXTURES, importer->name);
        }
        cr_assert_null(importer_at(1000));
}
