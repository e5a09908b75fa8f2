/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/file_trust.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/base/text.h"

const char *file_trust_reason(Arena *a, const struct stat *st) {
        const char *why = NULL;

        if (st->st_uid != 0 && st->st_uid != geteuid())
                why = text_format(a, "it is owned by user %u; accepted: root or the agent's user",
                                  (unsigned) st->st_uid);
        else if (st->st_mode & S_IWOTH)
                why = text_format(a, "it is world-writable (mode %04o)", (unsigned) (st->st_mode & 07777));
        else if ((st->st_mode & S_IWGRP) && st->st_gid != 0)
                why = text_format(a, "it is writable by group %u (mode %04o)", (unsigned) st->st_gid,
                                  (unsigned) (st->st_mode & 07777));
        else
                return NULL;
        return why ? why : "?";
}

/* One name on the way: what it is, and for a link whose. */
static int path_step(Arena *a, const char *path, const char **ret_why) {
        struct stat st;
        const char *why;

        if (lstat(path, &st) < 0)
                return -errno;
        if (S_ISLNK(st.st_mode)) { /* its own mode says nothing; what it leads to is looked at where it is */
                st.st_mode = S_IFLNK;
                why = file_trust_reason(a, &st);
        } else {
                if (S_ISDIR(st.st_mode) &&
                    (st.st_mode & S_ISVTX)) /* others cannot put their own in place of ours */
                        st.st_mode &= ~(mode_t) (S_IWOTH | S_IWGRP);
                why = file_trust_reason(a, &st);
        }
        if (!why)
                return 0;
        *ret_why = text_format(a, "%s: %s", path, why);
        return *ret_why ? 1 : -ENOMEM;
}

static int file_trust_steps(Arena *a, const char *path, const char **ret_why) {
        char *name = text_copy(a, path, strlen(path));
        int r = name ? path_step(a, "/", ret_why) : -ENOMEM;

        for (char *end = name ? name + 1 : NULL; r == 0 && end && *end; end++) {
                char kept;

                end += strcspn(end, "/");
                kept = *end;
                *end = '\0';
                r = path_step(a, name, ret_why);
                *end = kept;
                if (!kept)
                        break;
        }
        return r;
}

int file_trust_path(Arena *a, const char *path, const char **ret_why) {
        char real[PATH_MAX];
        int r;

        assert(path[0] == '/');
        if (!realpath(path, real))
                return -errno;
        r = file_trust_steps(a, path, ret_why);
        return r == 0 && strcmp(real, path) != 0 ? file_trust_steps(a, real, ret_why) : r;
}
