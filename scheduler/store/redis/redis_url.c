/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/redis/redis_url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ACCEPTED                                                                                             \
        "redis://[[user]:password@]host[:port][/db], unix://[[user]:password@]/path[?db=N] or "              \
        "redis+sentinel://[[user]:password@]host[:port][,host[:port]].../MASTER[/db]; over TLS "             \
        "rediss:// and rediss+sentinel://, with [?ca=FILE][&cert=FILE&key=FILE][&name=NAME]"

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

/* One "key=value" behind the '?'. */
static int parse_word(Span word, RedisUrl *u, TextFault *fault) {
        const char *equals = memchr(word.s, '=', word.n);
        const Span key = equals ? span_between(word.s, equals) : word;
        const Span value = equals ? span_between(equals + 1, word.s + word.n) : (Span){ "", 0 };
        const struct {
                const char *name;
                char *ret;
        } texts[] = {
                { "ca", u->tls.ca }, { "cert", u->tls.cert }, { "key", u->tls.key }, { "name", u->tls.name }
        };

        for (size_t i = 0; u->tls.on && value.n > 0 && i < ARRAY_SIZE(texts); i++)
                if (key.n == strlen(texts[i].name) && memcmp(key.s, texts[i].name, key.n) == 0)
                        return span_decode(value, texts[i].name, texts[i].ret, sizeof(u->tls.ca), fault);
        if (u->path[0] == '/' && value.n > 0 && key.n == 2 && memcmp(key.s, "db", 2) == 0)
                return span_number(value, "db", 0, 1000000, &u->db, fault);
        text_fault(fault, "redis", "after '?' only %s is accepted",
                   u->tls.on ? "ca=FILE, cert=FILE with key=FILE, and name=NAME, separated by '&',"
                             : "db=N of a unix socket");
        return -EINVAL;
}

static int parse_query(Span query, RedisUrl *u, TextFault *fault) {
        const char *end = query.s + query.n;

        for (const char *at = query.s, *next; at <= end; at = next + 1) {
                next = at < end ? memchr(at, '&', (size_t) (end - at)) : NULL;
                next = next ? next : end;
                if (parse_word(span_between(at, next), u, fault) < 0)
                        return -EINVAL;
        }
        if ((u->tls.cert[0] != '\0') != (u->tls.key[0] != '\0')) {
                text_fault(fault, "redis", "cert=FILE and key=FILE belong together: %s is missing",
                           u->tls.cert[0] ? "key" : "cert");
                return -EINVAL;
        }
        return 0;
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

typedef struct RedisScheme {
        const char *name;
        int (*parse)(Span rest, RedisUrl *u, TextFault *fault);
        bool tls;
} RedisScheme;

static const RedisScheme redis_schemes[] = {
        { "redis://", parse_tcp, false },
        { "rediss://", parse_tcp, true },
        { "unix://", parse_unix, false },
        { "redis+sentinel://", parse_sentinel, false },
        { "rediss+sentinel://", parse_sentinel, true },
};

static const RedisScheme *redis_scheme_of(const char *url) {
        for (size_t i = 0; i < ARRAY_SIZE(redis_schemes); i++)
                if (strncmp(url, redis_schemes[i].name, strlen(redis_schemes[i].name)) == 0)
                        return &redis_schemes[i];
        return NULL;
}

int redis_url_parse(const char *url, RedisUrl *ret, TextFault *reterr_fault) {
        const RedisScheme *scheme = redis_scheme_of(url);
        RedisUrl u = { .db = 0 };
        const char *start, *end = url + strlen(url), *query, *at;
        Span words = { NULL, 0 };

        *reterr_fault = (TextFault){ 0 };
        if (!scheme) {
                text_fault(reterr_fault, "redis", "not a Redis URL; accepted: " ACCEPTED);
                return -EINVAL;
        }
        u.tls.on = scheme->tls;
        start = url + strlen(scheme->name);
        query = memchr(start, '?', (size_t) (end - start));
        if (query) {
                words = span_between(query + 1, end);
                end = query;
        }
        at = memrchr(start, '@', (size_t) (end - start));
        if (at) {
                if (parse_login(span_between(start, at), &u, reterr_fault) < 0)
                        return -EINVAL;
                start = at + 1;
        }
        if (scheme->parse(span_between(start, end), &u, reterr_fault) < 0)
                return -EINVAL;
        if (query && parse_query(words, &u, reterr_fault) < 0)
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
