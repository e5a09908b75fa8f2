/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/base/text.h"

#define FIRST_READ 16384

static int slurp_read_all(Arena *a, int fd, const char **ret, size_t *ret_n) {
        size_t size = FIRST_READ, n = 0;
        char *text = arena_new(a, char, size);

        while (text) {
                ssize_t got = read(fd, text + n, size - 1 - n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                if (got == 0) {
                        text[n] = '\0';
                        *ret = text;
                        *ret_n = n;
                        return 0;
                }
                n += (size_t) got;
                if (n == size - 1) {
                        char *more = arena_new(a, char, size * 2);

                        text = more ? memcpy(more, text, n) : NULL;
                        size *= 2;
                }
        }
        return -ENOMEM;
}

int file_slurp(Arena *a, const char *root, const char *path, const char **ret, size_t *ret_n) {
        const char *full = text_format(a, "%s%s", root, path);
        int fd, r;

        if (!full)
                return -ENOMEM;
        fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        r = slurp_read_all(a, fd, ret, ret_n);
        (void) close(fd);
        return r;
}
