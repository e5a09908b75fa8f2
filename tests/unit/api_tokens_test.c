/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of the API: what is kept of them, and who is known by one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/access/api_tokens.h"

#define NOW  (1796047244 * USEC_PER_SEC)
#define DAYS (86400 * USEC_PER_SEC)

static Arena arena;
static char dir[] = "/tmp/api_tokens.XXXXXX", path[64];

static void open_all(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        cr_assert(mkdtemp(dir));
        (void) snprintf(path, sizeof(path), "%s/api-tokens", dir);
}

static void close_all(void) {
        (void) unlink(path);
        (void) rmdir(dir);
        arena_close(&arena);
}

TestSuite(api_tokens, .init = open_all, .fini = close_all);

Test(api_tokens, are_known_again_and_stand_nowhere) {
        char first[API_TOKEN_SIZE], second[API_TOKEN_SIZE];
        ApiToken list[2];
        ApiTokens tokens = { list, 2 }, read;
        const char *text;
        struct stat st;
        TextFault f = { 0 };
        FILE *file;

        cr_assert_eq(0, api_token_make("prometheus", ROLE_VIEW, NOW, 90 * DAYS, &list[0], first, &f));
        cr_assert_eq(0, api_token_make("ci.deploy", ROLE_ADMIN, NOW, DAYS, &list[1], second, &f));
        cr_assert_str_neq(first, second);
        cr_assert_eq(0, api_tokens_write(&arena, path, &tokens, &f), "%s", f.what);
        cr_assert_eq(0, stat(path, &st));
        cr_assert_eq(st.st_mode & 07777, 0600);
        cr_assert_eq(0, api_tokens_read(&arena, path, &read, &f), "%s", f.what);
        cr_assert_eq(read.n, 2);
        cr_assert_str_eq(api_tokens_find(&read, first, NOW)->name, "prometheus");
        cr_assert_eq(api_tokens_find(&read, first, NOW)->role, ROLE_VIEW);
        cr_assert_eq(api_tokens_find(&read, second, NOW)->role, ROLE_ADMIN);
        cr_assert_null(api_tokens_find(&read, second, NOW + DAYS), "it has expired");
        cr_assert_null(api_tokens_find(&read, first + 1, NOW));
        cr_assert_null(api_tokens_find(&read, read.at[0].sha256, NOW), "its hash is no token");
        cr_assert_null(api_tokens_find(&read, "", NOW));
        first[10] = first[10] == '0' ? '1' : '0';
        cr_assert_null(api_tokens_find(&read, first, NOW));
        file = fopen(path, "re");
        text = arena_new(&arena, char, 4096);
        cr_assert(file && text);
        cr_assert_gt(fread((char *) text, 1, 4095, file), 100);
        (void) fclose(file);
        cr_assert_null(strstr(text, second + 4), "the token itself stands in the file");
}

Test(api_tokens, a_file_that_others_may_read_is_refused) {
        ApiTokens none = { NULL, 0 }, read;
        TextFault f = { 0 };

        cr_assert_eq(0, api_tokens_read(&arena, path, &read, &f), "one that is not there has none");
        cr_assert_eq(read.n, 0);
        cr_assert_eq(0, api_tokens_write(&arena, path, &none, &f), "%s", f.what);
        cr_assert_eq(0, chmod(path, 0640));
        cr_assert_eq(0, api_tokens_read(&arena, path, &read, &f), "its group may read it");
        cr_assert_eq(0, chmod(path, 0604));
        cr_assert_eq(-EPERM, api_tokens_read(&arena, path, &read, &f));
        cr_assert_eq(0, chmod(path, 0620));
        cr_assert_eq(-EPERM, api_tokens_read(&arena, path, &read, &f));
}

Test(api_tokens, say_which_line_is_none) {
        static const char *const bad[] = {
                "a view",
                "a view 0 0 0 0",
                "a root 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 1 2",
                "-a view 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 1 2",
                "a view 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef 1 2",
                "a view 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde 1 2",
                "a view 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef -1 2",
                "a view 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 1 x",
        };
        ApiTokens read;

        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                char text[256];
                TextFault f = { 0 };

                (void) snprintf(text, sizeof(text), "# tokens\n\n%s\n", bad[i]);
                cr_expect_eq(-EBADMSG, api_tokens_parse(&arena, text, strlen(text), &read, &f), "%s", bad[i]);
                cr_expect_eq(f.line, 3, "%s", bad[i]);
                cr_expect(f.what[0], "%s", bad[i]);
        }
}
