/* SPDX-License-Identifier: Apache-2.0 */
/* The settings' section "api", checked as a whole, with what clients may call the server.
 *
 * Units: as in the settings. Owner: texts are in the arena. Errors: -EINVAL with *reterr_fault. Threads: any.
 */
#pragma once

#include "scheduler/base/listen.h"
#include "scheduler/base/options.h"
#include "scheduler/model/settings.h"

#define API_NAMES_MAX 64

typedef struct ApiConfig {
        const char *socket; /* NULL: no unix socket */
        bool has_address;
        TcpAddress address;
        const char *certificate, *key; /* paths of PEM files; NULL: no TLS */
        const char *tokens;            /* the file */
        const char *hosts[API_NAMES_MAX], *origins[API_NAMES_MAX];
        uint32_t n_hosts, n_origins;
        const char *const *common; /* [n_common] options of the service that its commands are given, too */
        uint32_t n_common;
        bool open_metrics;
        int64_t connections, rate, streams;
        usec_t time;
} ApiConfig;

/* In `a`. 0; 1: it is to answer nowhere; -EINVAL; -ENOMEM. */
int api_config_read(Arena *a, const Settings *settings, const Options *options, ApiConfig *ret,
                    TextFault *reterr_fault) must_check;

/* Whether a Host header names this server; NULL: there was none. */
bool api_config_host_is_ours(const ApiConfig *config, const char *host);
bool api_config_origin_is_ours(const ApiConfig *config, const char *origin);
