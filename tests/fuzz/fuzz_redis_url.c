/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a Redis URL: refused without its password in the words, or parts that are whole; moved to another server
 * as a redirection says; and masked, it has no password any more. */
#include <errno.h>
#include <string.h>

#include "scheduler/base/url_secret.h"
#include "scheduler/store/redis/redis_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const char *text = text_copy(&a, (const char *) data, n);
        char url[2048];
        RedisUrl u, socket;
        TextFault f = { 0 };
        int r = text ? redis_url_parse(text, &u, &f) : -ENOMEM;

        assert(!text || r == 0 || (r == -EINVAL && f.what[0]));
        if (r != 0)
                return 0;
        assert(u.path[0] ? u.path[0] == '/' && !u.host[0] : u.host[0] && u.port > 0 && u.port < 65536);
        assert(!u.password[0] || url_secret_in(text));
        assert(strlen(u.password) < 8 || !strstr(u.place, u.password) || u.path[0] ||
               strstr(u.host, u.password) || strstr(u.master, u.password));
        assert(u.n_sentinels == 0 || u.master[0]);
        if (u.path[0] && redis_url_of_socket(u.path, &socket, url, sizeof(url)) == 0) {
                assert(redis_url_parse(url, &socket, &f) == 0);
                assert(strcmp(socket.path, u.path) == 0);
        }
        r = redis_url_move(&u, text, n < 64 ? n : 64, 6380);
        assert(r == 0 || r == -EPROTO);
        return 0;
}
