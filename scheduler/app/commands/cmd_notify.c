/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/notices/notice_send.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/out.h"
#include "scheduler/base/secret.h"
#include "scheduler/base/url_secret.h"
#include "scheduler/snapshot/json/json_value.h"

#define URL_SIZE 2048

typedef struct NotifyTest {
        Invocation *in;
        const NoticeConfig *config;
        const char *cluster;
        char id[NOTICE_ID_SIZE];
        NoticeCondition condition;
        json_t *results;
        unsigned failed;
} NotifyTest;

/* The caller's, by free(); NULL: no memory. */
static char *notify_test_body(const NotifyTest *t, NoticeChannel channel) {
        const NoticeTold told = { .id = t->id,
                                  .thread = t->id,
                                  .cluster = t->cluster,
                                  .link = t->config->link,
                                  .state = NOTICE_OPEN,
                                  .condition = &t->condition,
                                  .at = t->condition.since,
                                  .count = 1 };
        json_t *list;
        char *text;

        if (channel == NOTICE_WEBHOOK)
                return notice_text(&told);
        list = json_pack("[o]", notice_alert(t->cluster, t->config->link, &t->condition, NOTICE_INFO,
                                             t->condition.since + 60 * USEC_PER_SEC));
        text = list ? json_dumps(list, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
        json_decref(list);
        return text;
}

static void notify_test_channel(NotifyTest *t, NoticeChannel channel) {
        char *body = notify_test_body(t, channel), url[URL_SIZE];
        const NoticeStop nobody = { 0 };
        TextFault fault = { 0 };
        const int r =
                body ? notice_send(t->in->arena, t->config, channel, t->id, body, nobody, &fault) : -ENOMEM;

        free(body);
        t->failed += r < 0;
        (void) url_secret_masked(t->config->urls[channel], url, sizeof(url));
        (void) json_array_append_new(
                t->results, json_pack("{s:s, s:s, s:b, s:o}", "channel", notice_channel_names[channel], "url",
                                      url, "taken", r == 0, "error", json_text(r < 0 ? fault.what : NULL)));
        if (!t->in->json && r == 0)
                (void) out_say(t->in->out.out, "%s: taken by %s\n", notice_channel_names[channel], url);
        if (!t->in->json && r < 0)
                (void) out_say(t->in->err.out, "%s: not taken by %s: %s\n", notice_channel_names[channel],
                               url, fault.what);
}

static ExitStatus notify_test(Invocation *in, const NoticeConfig *config, const char *cluster) {
        NotifyTest t = { .in = in, .config = config, .cluster = cluster, .results = json_array() };
        char random[SECRET_HEX] = "";

        if (secret_make(random) < 0 || !t.results)
                return command_complain(in, EXIT_FAILED, "the kernel gives no random bytes");
        (void) snprintf(t.id, sizeof(t.id), "test-%.16s", random);
        t.condition = (NoticeCondition){
                .event = NOTICE_TEST, .severity = NOTICE_INFO, .level = 1, .since = clock_now()
        };
        (void) snprintf(t.condition.title, sizeof(t.condition.title),
                        "Test of notices of cluster %.200s: nothing has happened", cluster);
        for (int i = 0; i < NOTICE_CHANNEL_N; i++)
                if (config->channels >> i & 1U)
                        notify_test_channel(&t, (NoticeChannel) i);
        if (in->json)
                (void) json_print(json_pack("{s:s, s:s, s:s, s:O}", "schema", "plimsoll.notify-test/1",
                                            "cluster", cluster, "id", t.id, "channels", t.results),
                                  in->out.out);
        json_decref(t.results);
        return t.failed > 0 ? EXIT_FAILED : EXIT_DONE;
}

static ExitStatus cmd_notify_run(Invocation *in) {
        const char *cluster = option_text(&in->options, "cluster");
        Settings *settings = NULL;
        TextFault fault = { 0 };
        NoticeConfig config;
        ExitStatus status;
        int r;

        if (strcmp(in->options.arguments[0], "test") != 0)
                return command_complain(in, EXIT_BAD_INPUT, "unknown word %s; accepted: test",
                                        in->options.arguments[0]);
        status = facts_settings(in, &settings);
        if (status != EXIT_DONE)
                return status;
        r = notice_config_read(in->arena, settings, &config, &fault);
        if (r < 0)
                return command_complain(in, EXIT_BAD_INPUT, "%s: %s", fault.field, fault.what);
        if (config.channels == 0)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "no receiver is set: set notify.webhook or notify.alertmanager (docs/notices.md)");
        return notify_test(in, &config, cluster ? cluster : settings_text(settings, "service", "cluster"));
}

static const OptionDef cmd_notify_options[] = {
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0, "as of this cluster; default: service.cluster" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.notify-test/1" },
        SETTINGS_OPTIONS,
        { 0 },
};

const Command command_notify = {
        .name = "notify",
        .summary = "send a test notice to those who are told what needs a person",
        .usage = "test [--cluster NAME]",
        .help = "Sends one notice, event \"test\", to notify.webhook and notify.alertmanager as the settings have them, by the\n"
                "same code as the service, and prints who has taken it. Exit status 1: somebody has not (docs/notices.md).",
        .examples = "plimsoll notify test",
        .options = cmd_notify_options,
        .least_arguments = 1,
        .most_arguments = 1,
        .run = cmd_notify_run,
};
