/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/block_name.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/base/text.h"

/* sysfs writes a slash in a device's name as an exclamation mark. */
static const char *last_part(Arena *a, const char *path, size_t n) {
        size_t at = n;
        char *name;

        while (at > 0 && path[at - 1] != '/')
                at--;
        name = text_copy(a, path + at, n - at);
        for (char *c = name; c && *c; c++)
                if (*c == '!')
                        *c = '/';
        return name;
}

int block_name_of_number(Arena *a, const char *root, const char *number, const char **ret) {
        const char *path = text_format(a, "%s/sys/dev/block/%s", root, number);
        char target[PATH_MAX];
        ssize_t n;

        if (!path)
                return -ENOMEM;
        n = readlink(path, target, sizeof(target));
        if (n <= 0 || n == (ssize_t) sizeof(target))
                return 1;
        *ret = last_part(a, target, (size_t) n);
        return *ret ? 0 : -ENOMEM;
}

int block_name_of_path(Arena *a, const char *root, const char *path, const char **ret) {
        const char *full = text_format(a, "%s%s", root, path);
        char real[PATH_MAX];

        if (strncmp(path, "/dev/", 5) != 0)
                return 1;
        if (strncmp(path, "/dev/zvol/", 10) == 0) {
                *ret = text_format(a, "zfs/%.*s", (int) strcspn(path + 10, "/"), path + 10);
                return *ret ? 0 : -ENOMEM;
        }
        if (!full)
                return -ENOMEM;
        if (!realpath(full, real))
                return 1;
        *ret = last_part(a, real, strlen(real));
        return *ret ? 0 : -ENOMEM;
}
