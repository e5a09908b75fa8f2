/* SPDX-License-Identifier: Apache-2.0 */
/* What a pure function says of many inputs, kept as text in tests/recorded/NAME.txt: a number that changes by one is seen,
 * and which line. BLESS=1 writes it anew: the diff is what the change does, to be read before it is committed. */
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Recording {
        char path[256];
        FILE *f; /* to be written to */
        char *text;
        size_t n;
} Recording;

static inline void recording_begin(Recording *r, const char *name) {
        *r = (Recording){ 0 };
        (void) snprintf(r->path, sizeof(r->path), SOURCE_DIR "/tests/recorded/%s.txt", name);
        r->f = open_memstream(&r->text, &r->n);
        cr_assert_not_null(r->f);
}

static inline char *recording_kept(const char *path) {
        FILE *f = fopen(path, "r");
        char *text = NULL;
        size_t room = 0;

        if (f && getdelim(&text, &room, '\0', f) < 0)
                *text = '\0';
        if (f)
                (void) fclose(f);
        return text;
}

static inline void recording_bless(const Recording *r) {
        FILE *f = fopen(r->path, "w");

        cr_assert(f && fwrite(r->text, 1, r->n, f) == r->n && fclose(f) == 0, "%s", r->path);
}

static inline void recording_end(Recording *r) {
        const char *was, *is = NULL;
        char *kept;
        int line = 1;

        cr_assert_eq(0, fclose(r->f));
        if (getenv("BLESS"))
                recording_bless(r);
        was = kept = recording_kept(r->path);
        cr_assert_not_null(was, "there is no %s; BLESS=1 makes it", r->path);
        for (is = r->text; *was && strcmp(was, is) != 0; line++) {
                const size_t n = strcspn(was, "\n") + (was[strcspn(was, "\n")] == '\n');

                if (strncmp(was, is, n) != 0)
                        break;
                was += n;
                is += n;
        }
        cr_assert_str_eq(was, is, "%s:%d: it was\n  %.*s\nit is\n  %.*s\n(BLESS=1 writes what is)", r->path,
                         line, (int) strcspn(was, "\n"), was, (int) strcspn(is, "\n"), is);
        free(kept);
        free(r->text);
}
