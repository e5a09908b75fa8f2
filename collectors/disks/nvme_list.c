/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/disks/nvme_list.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/read/number_file.h"
#include "scheduler/base/text.h"

#define CLASS         "/sys/class/nvme"
#define CONTROLLERS_N 512

static int nvme_list_one(Arena *a, const char *root, const char *name, SmartDevice *ret) {
        const char *model = text_format(a, CLASS "/%s/model", name),
                   *serial = text_format(a, CLASS "/%s/serial", name);

        ret->name = text_format(a, "/dev/%s", name);
        ret->type = "nvme";
        ret->by_nvme_cli = true;
        if (!model || !serial || !ret->name)
                return -ENOMEM;
        ret->model = line_file(a, root, model);
        ret->serial = line_file(a, root, serial);
        return 0;
}

int nvme_list(Arena *a, const char *root, const SmartDevice **ret, uint32_t *ret_n) {
        SmartDevice *to = arena_new(a, SmartDevice, CONTROLLERS_N);
        struct dirent **entries;
        char path[PATH_MAX];
        uint32_t count = 0;
        int n, r = to ? 0 : -ENOMEM;

        (void) snprintf(path, sizeof(path), "%s" CLASS, root);
        n = scandir(path, &entries, NULL, alphasort);
        if (n < 0 && errno != ENOENT)
                return -errno;
        for (int i = 0; i < n; i++) {
                const char *name = entries[i]->d_name;

                if (r == 0 && strncmp(name, "nvme", 4) == 0 && strspn(name + 4, "0123456789") > 0 &&
                    name[4 + strspn(name + 4, "0123456789")] == '\0' && count < CONTROLLERS_N)
                        r = nvme_list_one(a, root, name, &to[count++]);
                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
        *ret = to;
        *ret_n = count;
        return r;
}
