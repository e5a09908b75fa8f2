/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/mounts.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "scheduler/base/text.h"

/* Blank, tab, newline and backslash stand there as \040 and the like. */
static const char *mounts_unescaped(Arena *a, Span word) {
        char *s = arena_new(a, char, word.n + 1);
        size_t at = 0;

        for (size_t i = 0; s && i < word.n; i++) {
                const char *c = word.at + i;

                if (*c == '\\' && word.n - i > 3 && c[1] >= '0' && c[1] <= '3' && c[2] >= '0' &&
                    c[2] <= '7' && c[3] >= '0' && c[3] <= '7') {
                        s[at++] = (char) ((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0'));
                        i += 3;
                } else {
                        s[at++] = *c;
                }
        }
        return s;
}

/* id parent major:minor root point options [tags …] - fstype source options */
static int mount_parse(Arena *a, Span line, Mount *ret) {
        Span word, number, root, point, fstype, source;

        for (int i = 0; i < 2; i++)
                if (!word_next(&line, &word))
                        return -EBADMSG;
        if (!word_next(&line, &number))
                return -EBADMSG;
        if (!word_next(&line, &root) || !word_next(&line, &point))
                return -EBADMSG;
        do
                if (!word_next(&line, &word))
                        return -EBADMSG;
        while (!span_is(word, "-"));
        if (!word_next(&line, &fstype) || !word_next(&line, &source))
                return -EBADMSG;
        *ret = (Mount){ .root = mounts_unescaped(a, root),
                        .point = mounts_unescaped(a, point),
                        .fstype = mounts_unescaped(a, fstype),
                        .source = mounts_unescaped(a, source),
                        .number = mounts_unescaped(a, number) };
        return ret->number && ret->root && ret->point && ret->fstype && ret->source ? 0 : -ENOMEM;
}

int mounts_parse(Arena *a, const char *text, size_t n, const Mount **ret, uint32_t *ret_n) {
        Span rest = { text, n }, line;
        uint32_t most = 0, found = 0;
        Mount *mounts;

        while (line_next(&rest, &line))
                most++;
        mounts = arena_new(a, Mount, most);
        if (!mounts)
                return -ENOMEM;
        for (rest = (Span){ text, n }; line_next(&rest, &line); found++) {
                int r = mount_parse(a, line, &mounts[found]);

                if (r < 0)
                        return r;
        }
        *ret = mounts;
        *ret_n = found;
        return 0;
}

static bool mounts_leads(const char *point, size_t n, const char *path) {
        if (n == 1 && *point == '/')
                return *path == '/';
        return n > 0 && strncmp(point, path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

const Mount *mount_of(const Mount *mounts, uint32_t n, const char *path) {
        const Mount *best = NULL;
        size_t best_length = 0;

        for (uint32_t i = 0; i < n; i++) {
                size_t length = strlen(mounts[i].point);

                if (length >= best_length && mounts_leads(mounts[i].point, length, path)) {
                        best = &mounts[i];
                        best_length = length;
                }
        }
        return best;
}

bool mount_is_shared(const Mount *mount) {
        static const char *const shared[] = {
                "nfs",      "nfs4", "gfs2",          "ocfs2",  "afs",       "smb3",
                "cifs",     "ceph", "fuse.ceph",     "gpfs",   "glusterfs", "fuse.glusterfs",
                "fuse.mfs", "acfs", "lustre",        "beegfs", "quobyte",   "fuse.quobyte",
                "pvfs2",    "vxfs", "fuse.vstorage",
        };

        for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
                if (strcmp(mount->fstype, shared[i]) == 0)
                        return true;
        return false;
}

const char *mount_identity(Arena *a, const Mount *mount) {
        const char *type = strcmp(mount->fstype, "nfs4") == 0 ? "nfs" : mount->fstype;
        const char *part = strcmp(mount->root, "/") == 0 ? "" : mount->root;

        return text_format(a, "%s:%s%s", type, mount->source, part);
}
