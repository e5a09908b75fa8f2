/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/block_local.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"

#define DEPTH_MOST 16 /* partition on LV on dm-crypt on md on disk is five */

/* "rbd0", "zd16p1": the word and a number. */
static bool is_numbered(const char *name, const char *word) {
        size_t n = strlen(word);

        return strncmp(name, word, n) == 0 && name[n] >= '0' && name[n] <= '9';
}

/* 1, 0, UNKNOWN by its name alone. A zvol is of a pool, which one host at a time imports. */
static int64_t block_local_name(const char *name) {
        static const char *const shared_names[] = { "rbd", "nbd", "drbd" };

        for (size_t i = 0; i < ARRAY_SIZE(shared_names); i++)
                if (is_numbered(name, shared_names[i]))
                        return 0;
        return is_numbered(name, "zd") ? 1 : UNKNOWN;
}

/* With native multipath a namespace is of its subsystem, and that names the controllers it is reached by: one on PCIe is
 * the host's own; several are several paths. */
static int64_t block_local_nvme(Arena *a, const char *root, const char *target) {
        const char *at = strstr(target, "/nvme-subsystem/"),
                   *word = at ? at + strlen("/nvme-subsystem/") : "";
        const char *subsystem =
                text_format(a, "/sys/class/nvme-subsystem/%.*s", (int) strcspn(word, "/"), word);
        const char *path = subsystem ? text_format(a, "%s%s", root, subsystem) : NULL;
        DIR *dir = path ? opendir(path) : NULL;
        uint32_t own = 0, others = 0;

        if (!dir)
                return UNKNOWN;
        for (struct dirent *e; (e = readdir(dir));) {
                const char *text;
                size_t n;

                if (!is_numbered(e->d_name, "nvme") || e->d_name[4 + strspn(e->d_name + 4, "0123456789")])
                        continue; /* a namespace */
                path = text_format(a, "%s/%s/transport", subsystem, e->d_name);
                if (!path || file_slurp(a, root, path, &text, &n) < 0)
                        others++;
                else
                        *(strncmp(text, "pcie", 4) == 0 ? &own : &others) += 1;
        }
        (void) closedir(dir);
        return own + others == 0 ? UNKNOWN : own == 1 && others == 0;
}

static int64_t block_local_leaf(Arena *a, const char *root, const char *target) {
        static const char *const shared_ways[] = { "/session", "/rport-", "/nvme-fabrics/",
                                                   "/infiniband_srp/" };
        static const char *const own_ways[] = { "/ata", "/host", "/nvme", "/virtio", "/mmc" };

        if (strstr(target, "/nvme-subsystem/"))
                return block_local_nvme(a, root, target);
        for (size_t i = 0; i < ARRAY_SIZE(shared_ways); i++)
                if (strstr(target, shared_ways[i]))
                        return 0;
        for (size_t i = 0; i < ARRAY_SIZE(own_ways); i++)
                if (strstr(target, own_ways[i]))
                        return 1;
        return UNKNOWN;
}

static bool block_local_is_multipath(Arena *a, const char *root, const char *name) {
        const char *path = text_format(a, "/sys/class/block/%s/dm/uuid", name), *text;
        size_t n;

        return path && file_slurp(a, root, path, &text, &n) == 0 && strncmp(text, "mpath-", 6) == 0;
}

static int64_t block_local_below(Arena *a, const char *root, const char *name, int depth);

/* Those it is made of. 1, 0, UNKNOWN; -2: it is made of none. */
static int64_t block_local_slaves(Arena *a, const char *root, const char *name, int depth) {
        const char *path = text_format(a, "%s/sys/class/block/%s/slaves", root, name);
        DIR *dir = path ? opendir(path) : NULL;
        int64_t worst = -2;

        if (!dir)
                return worst;
        for (struct dirent *e; worst != 0 && (e = readdir(dir));) {
                int64_t one;

                if (e->d_name[0] == '.')
                        continue;
                one = block_local_below(a, root, e->d_name, depth + 1);
                if (worst == -2 || one == 0 || one == UNKNOWN)
                        worst = one == 0 || worst != UNKNOWN ? one : worst;
        }
        (void) closedir(dir);
        return worst;
}

static int64_t block_local_below(Arena *a, const char *root, const char *name, int depth) {
        const char *link = text_format(a, "%s/sys/class/block/%s", root, name);
        char target[PATH_MAX];
        int64_t below;
        ssize_t n;

        if (!link || depth > DEPTH_MOST)
                return UNKNOWN;
        below = block_local_name(name);
        if (below != UNKNOWN)
                return below;
        if (block_local_is_multipath(a, root, name))
                return 0;
        below = block_local_slaves(a, root, name, depth);
        if (below != -2)
                return below;
        n = readlink(link, target, sizeof(target) - 1);
        if (n <= 0)
                return UNKNOWN;
        target[n] = '\0';
        return block_local_leaf(a, root, target);
}

int64_t block_is_local(Arena *scratch, const char *root, const char *name) {
        return strchr(name, '/') ? UNKNOWN : block_local_below(scratch, root, name, 0);
}
