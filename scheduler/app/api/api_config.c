/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/access/api_tokens.h"
#include "scheduler/model/bounds.h"

/* ---- the address ---- */

static int api_address_parse(const char *where, TcpAddress *ret, TextFault *f) {
        if (tcp_address_parse(where, bound_of(BOUND_PORT), ret) == 0)
                return 0;
        text_fault(f, "api.listen", "\"%.80s\": accepted: PORT, IPV4:PORT or [IPV6]:PORT, such as 9180",
                   where);
        return -EINVAL;
}

static bool api_address_is_loopback(const TcpAddress *address) {
        if (address->any.sa_family == AF_INET)
                return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

/* ---- lists of words ---- */

static int api_words(Arena *a, const char *text, const char *key, const char *list[API_NAMES_MAX],
                     uint32_t *io_n, TextFault *f) {
        while (*text) {
                const size_t blank = strspn(text, ", "), n = strcspn(text + blank, ", ");
                const char *word = text_copy(a, text + blank, n);

                if (!word)
                        return -ENOMEM;
                text += blank + n;
                if (n == 0)
                        continue;
                if (*io_n == API_NAMES_MAX) {
                        text_fault(f, key, "more than %d of them", API_NAMES_MAX);
                        return -EINVAL;
                }
                list[(*io_n)++] = word;
        }
        return 0;
}

/* Whatever the address is reached by: its own text, and the names of loopback. */
static int api_config_own_names(Arena *a, ApiConfig *c) {
        char text[INET6_ADDRSTRLEN] = "";

        c->hosts[c->n_hosts++] = "localhost";
        c->hosts[c->n_hosts++] = "127.0.0.1";
        c->hosts[c->n_hosts++] = "[::1]";
        if (!c->has_address)
                return 0;
        if (c->address.any.sa_family == AF_INET)
                (void) inet_ntop(AF_INET, &c->address.v4.sin_addr, text, sizeof(text));
        else
                (void) inet_ntop(AF_INET6, &c->address.v6.sin6_addr, text, sizeof(text));
        c->hosts[c->n_hosts] = text_format(a, c->address.any.sa_family == AF_INET ? "%s" : "[%s]", text);
        return c->hosts[c->n_hosts++] ? 0 : -ENOMEM;
}

static int api_config_names(Arena *a, const Settings *s, ApiConfig *c, TextFault *f) {
        int r = api_config_own_names(a, c);

        if (r == 0)
                r = api_words(a, settings_text(s, "api", "hosts"), "api.hosts", c->hosts, &c->n_hosts, f);
        if (r == 0)
                r = api_words(a, settings_text(s, "api", "origins"), "api.origins", c->origins, &c->n_origins,
                              f);
        for (uint32_t i = 0; r == 0 && i < c->n_origins; i++)
                if (!strstr(c->origins[i], "://") || strchr(strstr(c->origins[i], "://") + 3, '/')) {
                        text_fault(f, "api.origins",
                                   "\"%.80s\": accepted: a scheme and a host, such as https://drs.example",
                                   c->origins[i]);
                        r = -EINVAL;
                }
        return r;
}

/* ---- TLS ---- */

static int api_config_tls(Arena *a, const Settings *s, ApiConfig *c, TextFault *f) {
        const char *certificate = settings_text(s, "api", "certificate"),
                   *key = settings_text(s, "api", "key");

        if (!certificate[0] != !key[0]) {
                text_fault(f, certificate[0] ? "api.key" : "api.certificate",
                           "is missing: a certificate and its key are given together");
                return -EINVAL;
        }
        if (!certificate[0] && !api_address_is_loopback(&c->address)) {
                text_fault(
                        f, "api.listen",
                        "is reached from other machines: give api.certificate and api.key, or listen on 127.0.0.1");
                return -EINVAL;
        }
        if (!certificate[0])
                return 0;
        c->certificate = text_copy(a, certificate, strlen(certificate));
        c->key = text_copy(a, key, strlen(key));
        return c->certificate && c->key ? 0 : -ENOMEM;
}

/* ---- what the service was started with ---- */

static bool api_config_common_add(Arena *a, const char **list, uint32_t *io_n, const char *form,
                                  const char *text) {
        char *word = text ? text_format(a, "%s%s", form, text) : NULL;

        if (word)
                list[(*io_n)++] = word;
        return word || !text;
}

/* The settings file, --set, and the options that are settings by another name; not where the store is. */
static int api_config_common(Arena *a, const Options *options, ApiConfig *c) {
        static const char *const pairs[][2] = { { "settings", "--settings=" },
                                                { "state-dir", "--set=service.state_dir=" },
                                                { "mode", "--set=service.mode=" },
                                                { "interval", "--set=service.interval=" } };
        const char **list, *set;
        uint32_t n_sets = 0;
        bool fits = true;

        while (option_nth(options, "set", n_sets))
                n_sets++;
        list = arena_new(a, const char *, ARRAY_SIZE(pairs) + n_sets);
        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; fits && (set = option_nth(options, "set", i)); i++)
                fits = api_config_common_add(a, list, &c->n_common, "--set=", set);
        for (size_t i = 0; fits && i < ARRAY_SIZE(pairs); i++)
                fits = api_config_common_add(a, list, &c->n_common, pairs[i][1],
                                             option_text(options, pairs[i][0]));
        c->common = list;
        return fits ? 0 : -ENOMEM;
}

int api_config_read(Arena *a, const Settings *settings, const Options *options, ApiConfig *ret,
                    TextFault *reterr_fault) {
        const char *socket = settings_text(settings, "api", "socket"),
                   *listen = settings_text(settings, "api", "listen");
        int r = 0;

        *ret = (ApiConfig){ .socket = socket[0] ? text_copy(a, socket, strlen(socket)) : NULL,
                            .has_address = listen[0] != '\0',
                            .open_metrics = settings_int(settings, "api", "open_metrics"),
                            .connections = settings_int(settings, "api", "connections"),
                            .rate = settings_int(settings, "api", "rate"),
                            .streams = settings_int(settings, "api", "streams"),
                            .time = settings_int(settings, "api", "time") };
        if (!socket[0] && !listen[0])
                return 1;
        ret->tokens =
                text_format(a, "%s/%s", settings_text(settings, "service", "state_dir"), API_TOKENS_FILE);
        if (!ret->tokens || (socket[0] && !ret->socket))
                return -ENOMEM;
        if (ret->has_address)
                r = api_address_parse(listen, &ret->address, reterr_fault);
        if (r == 0 && ret->has_address)
                r = api_config_tls(a, settings, ret, reterr_fault);
        if (r == 0 && options)
                r = api_config_common(a, options, ret);
        return r < 0 ? r : api_config_names(a, settings, ret, reterr_fault);
}

bool api_config_host_is_ours(const ApiConfig *config, const char *host) {
        const char *end;
        size_t n;

        if (!host)
                return false;
        end = host[0] == '[' ? strchr(host, ']') : NULL;
        n = host[0] == '[' ? (end ? (size_t) (end - host) + 1 : 0) : strcspn(host, ":");
        if (n == 0 ||
            (host[n] != '\0' && (host[n] != ':' || host[n + 1 + strspn(host + n + 1, "0123456789")])))
                return false;
        for (uint32_t i = 0; i < config->n_hosts; i++)
                if (strlen(config->hosts[i]) == n && strncasecmp(config->hosts[i], host, n) == 0)
                        return true;
        return false;
}

bool api_config_origin_is_ours(const ApiConfig *config, const char *origin) {
        for (uint32_t i = 0; i < config->n_origins; i++)
                if (strcasecmp(config->origins[i], origin) == 0)
                        return true;
        return false;
}
