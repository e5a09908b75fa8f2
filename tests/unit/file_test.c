/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/terminal/file.h"

static unsigned char memory[4 << 20];
static char folder[] = "/tmp/plimsoll-file-XXXXXX", path[64];

static void setup(void) {
        cr_assert_not_null(mkdtemp(folder));
        (void) snprintf(path, sizeof(path), "%s/plan", folder);
}

static unsigned entries(void) {
        DIR *dir = opendir(folder);
        unsigned n = 0;

        for (struct dirent *e; (e = readdir(dir));)
                n += e->d_name[0] != '.';
        (void) closedir(dir);
        return n;
}

static void cleanup(void) {
        char other[80];

        (void) snprintf(other, sizeof(other), "%s/link", folder);
        (void) unlink(other);
        (void) unlink(path);
        (void) rmdir(folder);
}

TestSuite(file, .init = setup, .fini = cleanup);

Test(file, what_is_written_is_read_back_whole) {
        static char big[(256 << 10) * 3 + 17];
        Arena a = arena_over(memory, sizeof(memory));
        const char *text;
        size_t n;
        TextFault f;

        for (size_t i = 0; i < sizeof(big); i++)
                big[i] = (char) (i * 31);
        cr_assert_eq(0, file_write(path, big, sizeof(big), &f), "%s", f.what);
        cr_assert_eq(0, file_read(&a, path, &text, &n, &f), "%s", f.what);
        cr_assert_eq(sizeof(big), n);
        cr_assert_eq(0, memcmp(big, text, n));
        cr_assert_eq('\0', text[n]);
        cr_assert_eq(1, entries(), "no temporary file is left");
}

Test(file, an_existing_file_keeps_its_mode_and_a_link_stays_a_link) {
        char other[80];
        struct stat st;
        TextFault f;

        (void) snprintf(other, sizeof(other), "%s/link", folder);
        cr_assert_eq(0, file_write(path, "1", 1, &f));
        cr_assert_eq(0, chmod(path, 0640));
        cr_assert_eq(0, symlink("plan", other));
        cr_assert_eq(0, file_write(other, "22", 2, &f), "%s", f.what);
        cr_assert_eq(0, lstat(other, &st));
        cr_assert(S_ISLNK(st.st_mode));
        cr_assert_eq(0, stat(path, &st));
        cr_assert_eq(0640, st.st_mode & 07777);
        cr_assert_eq(2, st.st_size);
}

Test(file, errors_say_what_and_leave_nothing_behind) {
        Arena a = arena_over(memory, sizeof(memory));
        const char *text;
        char missing[96];
        size_t n;
        TextFault f;

        (void) snprintf(missing, sizeof(missing), "%s/no/such", folder);
        cr_assert_eq(-ENOENT, file_read(&a, path, &text, &n, &f));
        cr_assert(strstr(f.what, "No such file"), "%s", f.what);
        cr_assert_eq(-ENOENT, file_write(missing, "x", 1, &f));
        cr_assert_eq(-EISDIR, file_read(&a, folder, &text, &n, &f));
        cr_assert_eq(-EISDIR, file_write(folder, "x", 1, &f));
        cr_assert_eq(0, entries());
}

Test(file, a_file_larger_than_the_arena_is_refused) {
        static char big[300 << 10];
        Arena a = arena_over(memory, 280 << 10);
        const char *text;
        size_t n;
        TextFault f;

        cr_assert_eq(0, file_write(path, big, sizeof(big), &f));
        cr_assert_eq(-EFBIG, file_read(&a, path, &text, &n, &f));
}

Test(file, an_empty_file_is_empty_text) {
        Arena a = arena_over(memory, sizeof(memory));
        const char *text;
        size_t n;
        TextFault f;

        cr_assert_eq(0, file_write(path, "", 0, &f));
        cr_assert_eq(0, file_read(&a, path, &text, &n, &f));
        cr_assert_eq(0, n);
        cr_assert_str_eq("", text);
}
