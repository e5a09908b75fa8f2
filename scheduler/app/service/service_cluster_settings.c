/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of one cluster's service: read, in force, and read again while it runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/service/service_cluster_parts.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/model/rule_set.h"

/* Options that are settings by another name; and its own name, whatever they say. */
int service_set_options(const Options *options, Settings *s, TextFault *f) {
        static const char *const pairs[][2] = { { "redis", "service.redis" },
                                                { "state-dir", "service.state_dir" },
                                                { "cluster", "service.cluster" },
                                                { "mode", "service.mode" },
                                                { "interval", "service.interval" } };

        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                const char *text = option_text(options, pairs[i][0]);
                int r = text ? settings_set(s, pairs[i][1], text, f) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

void service_cluster_forget_settings(ClusterService *service, const Settings *in_force) {
        for (SettingsHeld **at = &service->held; *at;) {
                SettingsHeld *held = *at;

                if (held->settings && held->settings == in_force) {
                        at = &held->before;
                        continue;
                }
                *at = held->before;
                arena_close(&held->arena);
                free(held);
        }
}

int service_cluster_load_settings(ClusterService *service, const char **reterr_file,
                                  TextFault *reterr_fault) {
        SettingsHeld *held = calloc(1, sizeof(*held));
        Settings *s = NULL;
        int r = held ? arena_open(SETTINGS_MEMORY, &held->arena) : -ENOMEM;

        if (r < 0) {
                free(held);
                text_fault(reterr_fault, "", "out of memory");
                return r;
        }
        held->before = service->held;
        service->held = held;
        r = app_settings_load_for(&held->arena, service->options,
                                  service->cluster[0] ? service->cluster : NULL, &s, reterr_file,
                                  reterr_fault);
        if (r == 0)
                r = service_set_options(service->options, s, reterr_fault);
        if (r == 0 && service->cluster[0])
                r = settings_set(s, "service.cluster", service->cluster, reterr_fault);
        if (r == -ENOMEM && !reterr_fault->what[0])
                text_fault(reterr_fault, "", "need more than %zu MiB of memory", SETTINGS_MEMORY >> 20);
        if (r < 0)
                return r;
        service->settings = held->settings = s;
        return 0;
}

void service_log_fault(const char *event, const char *file, const TextFault *f) {
        char quoted[512];

        log_event(LOG_ERROR, event, "file=%s line=%u column=%u key=%s error=%s", file ? file : "-", f->line,
                  f->column, f->field[0] ? f->field : "-", log_quote(f->what, quoted, sizeof(quoted)));
}

/* What was opened with a setting goes on as it was opened: said, not passed over. */
static void say_what_waits(const Settings *was, const Settings *now) {
        static const char *const texts[] = { "redis", "state_dir", "cluster" };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (strcmp(settings_text(was, "service", texts[i]),
                           settings_text(now, "service", texts[i])) != 0)
                        log_event(LOG_WARNING, "settings.needs_restart", "key=service.%s", texts[i]);
        if (settings_int(was, "service", "lease") != settings_int(now, "service", "lease"))
                log_event(LOG_WARNING, "settings.needs_restart", "key=service.lease");
}

static void service_cluster_reload(ClusterService *service) {
        const Settings *was = service->settings;
        const RuleSet *rules;
        const char *file = NULL;
        TextFault fault = { 0 };

        if (service_cluster_load_settings(service, &file, &fault) < 0) {
                service_log_fault("settings.refused", file, &fault);
                log_event(LOG_WARNING, "settings.kept", "reason=\"the former settings stay in force\"");
                return;
        }
        cluster_metrics_settings(service->metrics);
        rules = settings_rules(service->settings);
        say_what_waits(was, service->settings);
        log_event(LOG_INFO, "settings.loaded", "mode=%s rules=%u",
                  service_mode_names[settings_int(service->settings, "service", "mode")],
                  rules ? rules->n_rules : 0);
}

void service_cluster_reload_if_asked(ClusterService *service) {
        const unsigned asked = service->outer->reloads(service->outer->self);

        if (asked == service->reloads)
                return;
        service->reloads = asked;
        service_cluster_reload(service);
}
