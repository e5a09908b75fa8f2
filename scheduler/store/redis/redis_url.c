/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/redis/redis_url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ACCEPTED                                                                                             \
        "redis://[[user]:password@]host[:port][/db], unix://[[user]:password@]/path[?db=N] or "              \
        "redis+sentinel://[[user]:password@]host[:port][,host[:port]].../MASTER[/db]"

/* A part of the URL, not yet decoded. */
typedef struct Span {
        const char *s;
        size_t n;
} Span;

static Span span_between(const char *from, const char *to) {
        return (Span){ from, (size_t) (to - from) };
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char) (c | 0x20);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `what` is the part's name for the fault; the part itself may be a password and is not shown. */
static int span_decode(Span in, const char *what, char *ret, size_t size, TextFault *fault) {
        size_t n = 0;

        for (size_t i = 0; i < in.n; i++) {
                char c = in.s[i];

                if (c == '%') {
                        int high = in.n - i > 2 ? hex_digit(in.s[i + 1]) : -1;
                        int low = in.n - i > 2 ? hex_digit(in.s[i + 2]) : -1;

                        if (high < 0 || low < 0) {
                                text_fault(fault, "redis",
                                           "the %s has a '%%' without two hexadecimal digits after it", what);
                                return -EINVAL;
                        }
                        c = (char) (high << 4 | low);
                        i += 2;
                }
                if ((unsigned char) c < 0x20 || c == 0x7f) {
                        text_fault(fault, "redis", "the %s has a control character in it", what);
                        return -EINVAL;
                }
                if (n + 1 >= size) {
                        text_fault(fault, "redis", "the %s is longer than %zu bytes", what, size - 1);
                        return -EINVAL;
                }
                ret[n++] = c;
        }
        ret[n] = '\0';
        return 0;
}

static int span_number(Span in, const char *what, int min, int max, int *ret, TextFault *fault) {
        int64_t value;

        if (text_to_int(in.s, in.n, min, max, &value) < 0) {
                text_fault(fault, "redis", "the %s must be a number from %d to %d", what, min, max);
                return -EINVAL;
        }
        *ret = (int) value;
        return 0;
}

/* "user:password", ":password", "password" as redis-cli takes it is not accepted: it would read a user as a
 * password. */
static int parse_login(Span login, RedisUrl *u, TextFault *fault) {
        const char *colon = memchr(login.s, ':', login.n);

        if (login.n == 0)
                return 0;
        if (!colon || colon + 1 == login.s + login.n) {
                text_fault(fault, "redis", "a user needs a password: user:password@, or :password@ alone");
                return -EINVAL;
        }
        if (span_decode(span_between(login.s, colon), "user", u->user, sizeof(u->user), fault) < 0)
                return -EINVAL;
        return span_decode(span_between(colon + 1, login.s + login.n), "password", u->password,
                           sizeof(u->password), fault);
}

static int parse_query(Span query, RedisUrl *u, TextFault *fault) {
        if (query.n < 3 || memcmp(query.s, "db=", 3) != 0) {
                text_fault(fault, "redis", "after '?' only db=N is accepted");
                return -EINVAL;
        }
        return span_number((Span){ query.s + 3, query.n - 3 }, "db", 0, 1000000, &u->db, fault);
}

static int parse_host(Span where, RedisUrl *u, TextFault *fault) {
        Span host = where, port = { NULL, 0 };
        const char *colon;

        if (where.n > 0 && where.s[0] == '[') {
                const char *end = memchr(where.s, ']', where.n);

                if (!end || (end + 1 != where.s + where.n && end[1] != ':')) {
                        text_fault(fault, "redis", "an IPv6 address is written [::1] or [::1]:6379");
                        return -EINVAL;
                }
                host = span_between(where.s + 1, end);
                colon = end + 1 != where.s + where.n ? end + 1 : NULL;
        } else {
                colon = memchr(where.s, ':', where.n);
                if (colon)
                        host = span_between(where.s, colon);
        }
        if (colon)
                port = span_between(colon + 1, where.s + where.n);
        if (host.n == 0) {
                text_fault(fault, "redis", "the host is missing; accepted: " ACCEPTED);
                return -EINVAL;
        }
        if (colon && span_number(port, "port", 1, 65535, &u->port, fault) < 0)
                return -EINVAL;
        return span_decode(host, "host", u->host, sizeof(u->host), fault);
}

static void place_print(RedisUrl *u) {
        (void) snprintf(u->place, sizeof(u->place), strchr(u->host, ':') ? "[%s]:%d" : "%s:%d", u->host,
                        u->port);
}

/* `rest` is what stands after "redis://" and the login. */
static int parse_tcp(Span rest, RedisUrl *u, TextFault *fault) {
        const char *slash = memchr(rest.s, '/', rest.n), *end = rest.s + rest.n;
        int r;

        u->port = 6379;
        r = parse_host(slash ? span_between(rest.s, slash) : rest, u, fault);

        if (r < 0)
                return r;
        if (slash && slash + 1 < end)
                r = span_number(span_between(slash + 1, end), "db", 0, 1000000, &u->db, fault);
        place_print(u);
        return r;
}

/* "host:port,host:port" */
static int parse_sentinels(Span list, RedisUrl *u, TextFault *fault) {
        const char *end = list.s + list.n;

        for (const char *at = list.s, *comma; at <= end; at = comma + 1) {
                comma = at < end ? memchr(at, ',', (size_t) (end - at)) : NULL;
                comma = comma ? comma : end;
                if (u->n_sentinels == SENTINELS_MOST) {
                        text_fault(fault, "redis", "more than %d sentinels", SENTINELS_MOST);
                        return -EINVAL;
                }
                u->port = 26379;
                if (parse_host(span_between(at, comma), u, fault) < 0)
                        return -EINVAL;
                memcpy(u->sentinels[u->n_sentinels].host, u->host, sizeof(u->host));
                u->sentinels[u->n_sentinels++].port = u->port;
        }
        return 0;
}

static int parse_sentinel(Span rest, RedisUrl *u, TextFault *fault) {
        const char *slash = memchr(rest.s, '/', rest.n), *end = rest.s + rest.n, *db = NULL;
        Span name = { "", 0 };

        if (slash) {
                db = memchr(slash + 1, '/', (size_t) (end - slash - 1));
                name = span_between(slash + 1, db ? db : end);
        }
        if (name.n == 0) {
                text_fault(fault, "redis", "the master's name is missing; accepted: " ACCEPTED);
                return -EINVAL;
        }
        if ((db && span_number(span_between(db + 1, end), "db", 0, 1000000, &u->db, fault) < 0) ||
            parse_sentinels(span_between(rest.s, slash), u, fault) < 0 ||
            span_decode(name, "master's name", u->master, sizeof(u->master), fault) < 0)
                return -EINVAL;
        (void) snprintf(u->place, sizeof(u->place), "master %s of %u sentinels", u->master, u->n_sentinels);
        return 0;
}

static int parse_unix(Span rest, RedisUrl *u, TextFault *fault) {
        if (rest.n < 2 || rest.s[0] != '/') {
                text_fault(fault, "redis", "a unix socket needs an absolute path: unix:///run/redis.sock");
                return -EINVAL;
        }
        (void) snprintf(u->place, sizeof(u->place), "unix:%.*s", (int) (rest.n < 200 ? rest.n : 200), rest.s);
        return span_decode(rest, "path of the unix socket", u->path, sizeof(u->path), fault);
}

int redis_url_parse(const char *url, RedisUrl *ret, TextFault *reterr_fault) {
        RedisUrl u = { .db = 0 };
        bool tcp = strncmp(url, "redis://", 8) == 0, local = strncmp(url, "unix://", 7) == 0;
        bool sentinel = strncmp(url, "redis+sentinel://", 17) == 0;
        const char *start = url + (sentinel ? 17 : tcp ? 8 : 7), *end = url + strlen(url), *query, *at;

        *reterr_fault = (TextFault){ 0 };
        if (strncmp(url, "rediss://", 9) == 0) {
                text_fault(reterr_fault, "redis",
                           "rediss:// (TLS) is not supported by the client library; use a unix socket, a "
                           "TLS tunnel on this host (stunnel), or redis:// in a network you trust");
                return -EINVAL;
        }
        if (!tcp && !local && !sentinel) {
                text_fault(reterr_fault, "redis", "not a Redis URL; accepted: " ACCEPTED);
                return -EINVAL;
        }
        query = memchr(start, '?', (size_t) (end - start));
        if (query) {
                if (parse_query(span_between(query + 1, end), &u, reterr_fault) < 0)
                        return -EINVAL;
                end = query;
        }
        at = memrchr(start, '@', (size_t) (end - start));
        if (at) {
                if (parse_login(span_between(start, at), &u, reterr_fault) < 0)
                        return -EINVAL;
                start = at + 1;
        }
        if ((sentinel ? parse_sentinel
             : tcp    ? parse_tcp
                      : parse_unix)(span_between(start, end), &u, reterr_fault) < 0)
                return -EINVAL;
        *ret = u;
        return 0;
}

int redis_url_move(RedisUrl *u, const char *host, size_t n, int port) {
        if (n >= sizeof(u->host) || (n > 0 && !text_is_name(host, n)))
                return -EPROTO;
        if (n > 0) {
                memcpy(u->host, host, n);
                u->host[n] = '\0';
        }
        u->port = port;
        place_print(u);
        return 0;
}

int redis_url_of_socket(const char *path, RedisUrl *ret, char *ret_url, size_t size) {
        static const char digits[] = "0123456789ABCDEF";
        RedisUrl u = { .db = 0 };
        size_t n = 7;

        if (strlen(path) >= sizeof(u.path) || size < 8)
                return -ENAMETOOLONG;
        memcpy(u.path, path, strlen(path));
        (void) snprintf(u.place, sizeof(u.place), "unix:%s", path);
        memcpy(ret_url, "unix://", 7);
        for (const char *p = path; *p; p++) {
                unsigned char c = (unsigned char) *p;

                if (n + 4 > size)
                        return -ENAMETOOLONG;
                if (c <= ' ' || c >= 0x7f || strchr("%?@#", c)) {
                        ret_url[n++] = '%';
                        ret_url[n++] = digits[c >> 4];
                        ret_url[n++] = digits[c & 15];
                } else
                        ret_url[n++] = (char) c;
        }
        ret_url[n] = '\0';
        *ret = u;
        return 0;
}
