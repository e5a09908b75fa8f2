/* SPDX-License-Identifier: Apache-2.0 */
/* Any two texts, parted by a NUL, as a pattern and a host's name: no URI, or the pattern with nothing but letters, digits,
 * dots and dashes in its gaps: what libvirt would run a program by cannot come from a name. */
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/host_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[4 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const char *pattern = n < 4096 ? text_copy(&a, (const char *) data, n) : NULL, *host, *uri = NULL,
                   *at;

        if (!pattern)
                return 0;
        host = memchr(pattern, '\0', n) ? pattern + strlen(pattern) + 1 : "";
        if (strlen(pattern) == n)
                host = "h1";
        if (host_uri_make(&a, pattern, host, &uri) < 0 || !uri)
                return 0;
        assert(strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
                       strlen(host) ||
               !strstr(pattern, "{host}"));
        at = uri;
        for (const char *p = pattern; *p;) {
                if (strncmp(p, "{host}", 6) == 0) {
                        assert(strncmp(at, host, strlen(host)) == 0);
                        at += strlen(host);
                        p += 6;
                } else {
                        assert(*at++ == *p++);
                }
        }
        assert(!*at);
        return 0;
}
