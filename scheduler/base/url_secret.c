/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/url_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Redis' URLs are read by ourselves: a login goes to the last '@' before the '?', whatever is in it (redis_url.c). */
static bool is_of_redis(const char *s, const char *colon) {
        static const char *const schemes[] = { "redis", "rediss", "redis+sentinel", "rediss+sentinel",
                                               "unix" };

        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
                const size_t n = strlen(schemes[i]);

                if ((size_t) (colon - s) >= n && strncmp(colon - n, schemes[i], n) == 0)
                        return true;
        }
        return false;
}

/* The password in s, its length in *ret_n (it may be empty); NULL: none. */
static const char *url_secret_find(const char *s, size_t *ret_n) {
        for (const char *at = strstr(s, "://"); at; at = strstr(at + 3, "://")) {
                const char *login = at + 3,
                           *end = login + strcspn(login, is_of_redis(s, at) ? "?" : "/?# \t\n\"'"),
                           *sign = memrchr(login, '@', (size_t) (end - login)), *colon;

                colon = sign ? memchr(login, ':', (size_t) (sign - login)) : NULL;
                if (!colon)
                        continue;
                *ret_n = (size_t) (sign - colon) - 1;
                return colon + 1;
        }
        return NULL;
}

bool url_secret_in(const char *word) {
        size_t n;

        return url_secret_find(word, &n) != NULL;
}

const char *url_secret_masked(const char *word, char *buf, size_t size) {
        size_t n = 0;
        const char *secret = url_secret_find(word, &n);

        if (secret)
                (void) snprintf(buf, size, "%.*s***%s", (int) (secret - word), word, secret + n);
        else
                (void) snprintf(buf, size, "%s", word);
        return buf;
}

int url_secret_in_words(int argc, char *const argv[], TextFault *reterr_fault) {
        for (int i = 1; i < argc; i++)
                if (url_secret_in(argv[i])) {
                        text_fault(
                                reterr_fault, "",
                                "word %d is a URL with a password, which everybody on this machine can read on a command "
                                "line. Put it into a settings file of mode 0600, " URL_SECRET_VARIABLE
                                " in the environment, or systemd's credential " URL_SECRET_CREDENTIAL,
                                i);
                        return -EINVAL;
                }
        return 0;
}

static int credential_read(const char *path, char *buf, size_t size, TextFault *f) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error = errno;
        ssize_t n = -1;

        if (fd < 0 && error == ENOENT)
                return 1;
        if (fd >= 0) {
                n = read(fd, buf, size - 1);
                error = n < 0 ? errno : (size_t) n == size - 1 ? EFBIG : 0;
                (void) close(fd);
        }
        if (error != 0) {
                text_fault(f, "", "%s: cannot be read: %s", path, strerrordesc_np(error));
                return -error;
        }
        buf[n] = '\0';
        buf[strcspn(buf, "\r\n")] = '\0';
        return *buf ? 0 : 1;
}

int url_secret_given(const char *credential, const char *variable, char *buf, size_t size,
                     TextFault *reterr_fault) {
        const char *dir = getenv("CREDENTIALS_DIRECTORY"), *value = getenv(variable);
        char path[512];
        int r = 1;

        if (dir && *dir) {
                (void) snprintf(path, sizeof(path), "%s/%s", dir, credential);
                r = credential_read(path, buf, size, reterr_fault);
        }
        if (r != 1 || !value || !*value)
                return r;
        if (strlen(value) >= size) {
                text_fault(reterr_fault, "", "%s in the environment is longer than %zu bytes", variable,
                           size - 1);
                return -EFBIG;
        }
        (void) snprintf(buf, size, "%s", value);
        return 0;
}
