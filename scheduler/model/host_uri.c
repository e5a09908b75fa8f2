/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/host_uri.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

#define PLACE     "{host}"
#define NAME_MOST 253 /* RFC 1035 */

static bool is_alnum(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool host_name_is_dns(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > NAME_MOST || !is_alnum(name[0]))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_alnum(name[i]) && name[i] != '.' && name[i] != '-')
                        return false;
        return true;
}

const char *host_reached_at(const Host *host) {
        return host->admitted && host->admitted->address ? host->admitted->address : host->name;
}

int host_uri_make(Arena *a, const char *pattern, const char *host, const char **ret) {
        const char *uri = "", *place;

        *ret = NULL;
        if (!pattern[0] || (strstr(pattern, PLACE) && !host_name_is_dns(host)))
                return 0;
        for (; uri && (place = strstr(pattern, PLACE)); pattern = place + strlen(PLACE))
                uri = text_format(a, "%s%.*s%s", uri, (int) (place - pattern), pattern, host);
        *ret = uri ? text_format(a, "%s%s", uri, pattern) : NULL;
        return *ret ? 0 : -ENOMEM;
}

int host_uri_of(Arena *a, const Settings *settings, const char *host, const HostAdmission *admitted,
                const char **ret) {
        const RuleSet *rules = settings_rules(settings);
        Host alone = { .name = host, .admitted = admitted };
        const Snapshot s = { .hosts = &alone, .n_hosts = 1 };

        for (uint32_t i = rules ? rules->n_hosts : 0; i-- > 0;)
                if (rules->hosts[i].uri && selection_has_host(&rules->hosts[i].hosts, &s, 0))
                        return host_uri_make(a, rules->hosts[i].uri, host_reached_at(&alone), ret);
        return host_uri_make(a, settings_text(settings, "service", "uri"), host_reached_at(&alone), ret);
}
