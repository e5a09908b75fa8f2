/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/setup_host.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/host_uri.h"

bool setup_word_is_plain(const char *word) {
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+:/@._-";

        return word[0] && word[0] != '-' && word[strspn(word, plain)] == '\0';
}

const char *setup_word_quoted(Arena *a, const char *word) {
        const char *quoted = "";

        if (!word || setup_word_is_plain(word))
                return word;
        for (const char *at = word; quoted && *at; at += *at == '\'') {
                const size_t n = strcspn(at, "'");

                quoted = text_format(a, "%s%.*s%s", quoted, (int) n, at, at[n] ? "'\\''" : "");
                at += n;
        }
        return quoted ? text_format(a, "'%s'", quoted) : NULL;
}

const char *setup_host_word(Arena *a, const SetupHost *host) {
        return setup_word_quoted(a, host->name == host->address ? host->uri : host->name);
}

const char *setup_host_known_name(Arena *a, const SetupHost *host) {
        return host->port == SETUP_PORT_SSH
                       ? host->address
                       : text_format(a, "[%s]:%lld", host->address, (long long) host->port);
}

static int setup_host_fault(TextFault *f, const char *uri, const char *what) {
        text_fault(f, "", "%.160s: %s", uri, what);
        return -EINVAL;
}

static const struct {
        const char *scheme;
        SetupWay way;
        int64_t port;
} setup_host_ways[] = {
        { "qemu+ssh", SETUP_SSH, SETUP_PORT_SSH },     { "qemu+libssh", SETUP_SSH, SETUP_PORT_SSH },
        { "qemu+libssh2", SETUP_SSH, SETUP_PORT_SSH }, { "qemu+tls", SETUP_TLS, SETUP_PORT_TLS },
        { "qemu", SETUP_TLS, SETUP_PORT_TLS },         { "qemu+tcp", SETUP_PLAIN, SETUP_PORT_TCP },
};

/* "user@host:port" or "[address]:port" */
static int setup_host_authority(Arena *a, SetupHost *host, const char *text, size_t n, TextFault *f) {
        const char *user = memchr(text, '@', n), *end = text + n, *name_end;

        if (user) {
                host->login = text_copy(a, text, (size_t) (user - text));
                if (!host->login)
                        return -ENOMEM;
                text = user + 1;
                if (!setup_word_is_plain(host->login) || strpbrk(host->login, ":/@"))
                        return setup_host_fault(f, host->uri, "accepted: a plain name before the @");
        }
        if (text < end && *text == '[') {
                name_end = memchr(text, ']', (size_t) (end - text));
                if (!name_end)
                        return setup_host_fault(f, host->uri, "a ] is missing");
                host->address = text_copy(a, text + 1, (size_t) (name_end - text - 1));
                name_end++;
        } else {
                name_end = memchr(text, ':', (size_t) (end - text));
                name_end = name_end ? name_end : end;
                host->address = text_copy(a, text, (size_t) (name_end - text));
        }
        if (!host->address)
                return -ENOMEM;
        if (!host_name_is_dns(host->address) &&
            (!strchr(host->address, ':') || host->address[strspn(host->address, "0123456789abcdefABCDEF:.")]))
                return setup_host_fault(
                        f, host->uri, "accepted: a host name or address (letters, digits, dots and dashes)");
        if (name_end < end && (*name_end != ':' || text_to_int(name_end + 1, (size_t) (end - name_end - 1), 1,
                                                               65535, &host->port) < 0))
                return setup_host_fault(f, host->uri, "accepted: a port from 1 to 65535 after the host");
        return 0;
}

static int setup_host_digit(char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

/* The value of one parameter, without its %XX; NULL: it is not there. */
static const char *setup_host_parameter(Arena *a, const char *query, const char *name) {
        const size_t n = strlen(name);

        for (const char *at = query; at && *at; at = strpbrk(at, "&;")) {
                size_t length;
                char *value;

                at += *at == '&' || *at == ';' || *at == '?';
                if (strncmp(at, name, n) != 0 || at[n] != '=')
                        continue;
                length = strcspn(at + n + 1, "&;");
                value = text_copy(a, at + n + 1, length);
                for (char *hex = value; hex && (hex = strchr(hex, '%')); hex++) {
                        const int high = setup_host_digit(hex[1]),
                                  low = high < 0 ? -1 : setup_host_digit(hex[2]);

                        if (low < 0 || 16 * high + low < ' ')
                                return NULL;
                        *hex = (char) (16 * high + low);
                        memmove(hex + 1, hex + 3, strlen(hex + 3) + 1);
                }
                return value;
        }
        return NULL;
}

int setup_host_parse(Arena *a, const char *name, const char *uri, SetupHost *ret, TextFault *reterr_fault) {
        SetupHost host = { .name = name, .uri = text_copy(a, uri, strlen(uri)), .way = SETUP_OTHER };
        const char *slashes = strstr(uri, "://"), *query = strchr(uri, '?'), *verify;
        size_t n;
        int r = 0;

        if (!host.uri)
                return -ENOMEM;
        if (!slashes)
                return setup_host_fault(reterr_fault, uri, "accepted: host names and libvirt URIs");
        n = strcspn(slashes + 3, "/?");
        for (size_t i = 0; n > 0 && i < ARRAY_SIZE(setup_host_ways); i++)
                if (strlen(setup_host_ways[i].scheme) == (size_t) (slashes - uri) &&
                    strncmp(uri, setup_host_ways[i].scheme, (size_t) (slashes - uri)) == 0) {
                        host.way = setup_host_ways[i].way;
                        host.port = setup_host_ways[i].port;
                }
        if (host.way != SETUP_OTHER)
                r = setup_host_authority(a, &host, slashes + 3, n, reterr_fault);
        if (r < 0)
                return r;
        host.pkipath = setup_host_parameter(a, query, "pkipath");
        verify = setup_host_parameter(a, query, "no_verify");
        host.unverified = verify && strcmp(verify, "0") != 0;
        if (!host.name)
                host.name = host.address ? host.address : host.uri;
        *ret = host;
        return 0;
}
