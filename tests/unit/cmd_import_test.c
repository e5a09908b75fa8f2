/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/commands/command.h"

static const char data[] = "g1|u1|preferred||\n\na|16384|0|8192|1000|900|16|N|u1|1\n\n"
                           "web1|4096|1024|2|running|Y|a||ext||1\n\n";

static void write_file(const char *path, const char *text) {
        FILE *f = fopen(path, "w");

        cr_assert_not_null(f);
        cr_assert_geq(fputs(text, f), 0);
        cr_assert_eq(0, fclose(f));
}

/* The exit status; what was printed on standard output and standard error, in that order, in words. */
static int import(const char *const *arguments, char *words, size_t size) {
        char copies[8][128] = { "plimsoll", "import" };
        char *argv[9] = { copies[0], copies[1] };
        FILE *out = tmpfile(), *err = tmpfile();
        int argc = 2, status;
        size_t n;

        for (; arguments[argc - 2]; argc++) {
                (void) snprintf(copies[argc], sizeof(copies[argc]), "%s", arguments[argc - 2]);
                argv[argc] = copies[argc];
        }
        status = command_main(argc, argv, out, err);
        rewind(out);
        rewind(err);
        n = fread(words, 1, size - 1, out);
        n += fread(words + n, 1, size - 1 - n, err);
        words[n] = '\0';
        (void) fclose(out);
        (void) fclose(err);
        return status;
}

#define IMPORT(...) import((const char *const[]){ __VA_ARGS__, NULL }, words, sizeof(words))

Test(cmd_import, htools_files_are_imported_or_refused_with_file_and_line) {
        char directory[] = "/tmp/import-test-XXXXXX", path[64], use[64], output[64], words[4096];
        FILE *f;

        cr_assert_not_null(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/rome.data", directory);
        (void) snprintf(use, sizeof(use), "%s/use", directory);
        (void) snprintf(output, sizeof(output), "%s/out", directory);
        write_file(path, data);
        write_file(use, "\nweb9 1 1 1 1\n");
        cr_expect_eq(EXIT_BAD_INPUT, IMPORT("htools", path, "-U", use, "-o", output));
        cr_expect(strstr(words, "use:2: use: instance \"web9\" not found"), "%s", words);
        cr_expect_eq(EXIT_BAD_INPUT, IMPORT("htools", use));
        cr_expect(strstr(words, "accepted: groups, nodes, instances"), "%s", words);
        cr_expect_eq(EXIT_BAD_INPUT, IMPORT("vmware", path));
        cr_expect(strstr(words, "accepted: htools"), "%s", words);
        cr_expect_eq(EXIT_BAD_INPUT, IMPORT("htools", "/nowhere"));
        cr_expect(strstr(words, "/nowhere"), "%s", words);
        cr_expect_neq(0, access(output, F_OK), "nothing was written");

        write_file(use, "web1 0.05 1 1 1\n");
        cr_assert_eq(EXIT_DONE, IMPORT("htools", path, "-U", use, "-o", output));
        cr_assert(strstr(words, "1 host, 1 VM, 0 rules"), "%s", words);
        f = fopen(output, "r");
        cr_assert_not_null(f);
        words[fread(words, 1, sizeof(words) - 1, f)] = '\0';
        (void) fclose(f);
        cr_expect(strstr(words, "\"cluster\": \"rome\""), "%s", words);
        cr_expect(strstr(words, "\"name\": \"web1\", \"host\": \"a\", \"vcpus\": 2, \"memory_mib\": 4096, "
                                "\"cpu\": 0.8"),
                  "%s", words);
        (void) unlink(output);
        (void) unlink(path);
        (void) unlink(use);
        (void) rmdir(directory);
}
