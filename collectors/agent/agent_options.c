/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/agent_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/agent/metrics_http.h"
#include "collectors/run/collector_settings.h"
#include "collectors/run/libvirt_worker.h"

#define INTERVAL_LEAST (100 * USEC_PER_MSEC)
#define INTERVAL_MOST  (3600 * USEC_PER_SEC)
#define NAMES_MAX      64
#define SETTINGS_BYTES (1 << 20)

typedef enum OptionKind {
        OPTION_TEXT,
        OPTION_DURATION,
        OPTION_FLAG,
        OPTION_SET, /* may be given again and again */
} OptionKind;

typedef struct OptionDef {
        const char *name;
        OptionKind kind;
        size_t offset; /* in AgentOptions */
        const char *value, *doc;
} OptionDef;

#define AT(field) offsetof(AgentOptions, field)
static const OptionDef agent_options_defs[] = {
        { "redis", OPTION_TEXT, AT(redis), "URL",
          "where reports go: redis://[[user]:password@]host[:port][/db] or unix:///path" },
        { "cluster", OPTION_TEXT, AT(cluster), "NAME",
          "the cluster this host belongs to (default: default)" },
        { "host", OPTION_TEXT, AT(host), "NAME", "this host's name in reports (default: its host name)" },
        { "uri", OPTION_TEXT, AT(uri), "URI", "this host's libvirt (default: qemu:///system)" },
        { "advertise", OPTION_TEXT, AT(advertise), "URI",
          "the libvirt URI by which other machines reach this host" },
        { "interval", OPTION_DURATION, AT(interval), "TIME",
          "how often to report: 100ms to 1h (default: 5s; 1s with --once)" },
        { "root", OPTION_TEXT, AT(root), "DIR",
          "read DIR/proc and DIR/sys in place of this host's (then no libvirt but by --uri)" },
        { "collectors", OPTION_TEXT, AT(collectors), "A,B", "only these collectors" },
        { "metrics", OPTION_TEXT, AT(metrics), "[ADDRESS:]PORT",
          "serve what was read at http://ADDRESS:PORT/metrics, for Prometheus (default address: 127.0.0.1)" },
        { "set", OPTION_SET, AT(sets), "NAME=VALUE",
          "a setting of a collector, such as smart.every=1h (may be given often)" },
        { "once", OPTION_FLAG, AT(once), NULL, "two readings an interval apart, one report, then end" },
        { "print", OPTION_FLAG, AT(print), NULL, "show the report; no Redis is needed" },
        { "json", OPTION_FLAG, AT(json), NULL, "show it as JSON" },
        { "help", OPTION_FLAG, AT(help), NULL, "this text" },
        { "version", OPTION_FLAG, AT(version), NULL, "the version" },
};
#undef AT

static const OptionDef *def_find(const char *name, size_t n) {
        for (size_t i = 0; i < ARRAY_SIZE(agent_options_defs); i++)
                if (strlen(agent_options_defs[i].name) == n &&
                    memcmp(agent_options_defs[i].name, name, n) == 0)
                        return &agent_options_defs[i];
        return NULL;
}

static int unknown_option(const char *word, TextFault *fault) {
        const char *names[ARRAY_SIZE(agent_options_defs)], *near;
        char name[64];

        for (size_t i = 0; i < ARRAY_SIZE(agent_options_defs); i++)
                names[i] = agent_options_defs[i].name;
        (void) snprintf(name, sizeof(name), "%.*s", (int) strcspn(word + strspn(word, "-"), "="),
                        word + strspn(word, "-"));
        near = text_nearest(name, names, ARRAY_SIZE(names));
        if (near)
                text_fault(fault, word, "there is no such option; did you mean --%s? (--help lists all)",
                           near);
        else
                text_fault(fault, word, "there is no such option; --help lists all");
        return -EINVAL;
}

/* "500ms", "5s", "2m", "1h" */
static int duration_parse(const char *field, const char *text, usec_t *ret, TextFault *fault) {
        static const struct {
                const char *suffix;
                usec_t unit;
        } units[] = { { "ms", USEC_PER_MSEC },
                      { "s", USEC_PER_SEC },
                      { "m", 60 * USEC_PER_SEC },
                      { "h", 3600 * USEC_PER_SEC } };
        size_t digits = strspn(text, "0123456789.");

        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (strcmp(text + digits, units[i].suffix) == 0 &&
                    text_to_scaled(text, digits, units[i].unit, INTERVAL_LEAST, INTERVAL_MOST, ret) == 0)
                        return 0;
        text_fault(fault, field, "\"%s\" is not a time from 100ms to 1h, such as 500ms, 5s, 2m", text);
        return -EINVAL;
}

static int option_set(const OptionDef *d, const char *value, AgentOptions *o, TextFault *fault) {
        void *at = (char *) o + d->offset;
        char field[64];

        (void) snprintf(field, sizeof(field), "--%s", d->name);
        if (d->kind == OPTION_FLAG) {
                *(bool *) at = true;
                return 0;
        }
        if (!*value) {
                text_fault(fault, field, "is empty; it takes %s: %s", d->value, d->doc);
                return -EINVAL;
        }
        if (d->kind == OPTION_SET) {
                if (o->n_sets == AGENT_SETS_MAX) {
                        text_fault(fault, field, "is given more than %d times", AGENT_SETS_MAX);
                        return -EINVAL;
                }
                o->sets[o->n_sets++] = value;
                return 0;
        }
        if (d->kind == OPTION_DURATION)
                return duration_parse(field, value, at, fault);
        *(const char **) at = value;
        return 0;
}

/* argv[*i], and argv[*i + 1] where that is its value. */
static int option_parse(int argc, char *const *argv, int *i, AgentOptions *o, TextFault *fault) {
        const char *word = argv[*i], *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
        size_t n = equals ? (size_t) (equals - word) : strlen(word);
        const OptionDef *d = n > 2 && strncmp(word, "--", 2) == 0 ? def_find(word + 2, n - 2) : NULL;

        if (strcmp(word, "-h") == 0)
                d = def_find("help", 4);
        if (!d)
                return unknown_option(word, fault);
        if (d->kind == OPTION_FLAG && value) {
                text_fault(fault, word, "--%s takes no value", d->name);
                return -EINVAL;
        }
        if (d->kind != OPTION_FLAG && !value) {
                if (*i + 1 >= argc) {
                        text_fault(fault, word, "needs a value: --%s %s, %s", d->name, d->value, d->doc);
                        return -EINVAL;
                }
                value = argv[++*i];
        }
        return option_set(d, value, o, fault);
}

/* Every name in "a,b" is a collector that an agent runs. */
static int collectors_check(const char *list, TextFault *fault) {
        const char *names[NAMES_MAX], *near;
        CollectorSet all = collectors_all();
        uint32_t n = 0;

        assert(all.n <= NAMES_MAX);
        for (uint32_t i = 0; i < all.n; i++)
                if (all.collectors[i]->runs & RUNS_ON_HOST)
                        names[n++] = all.collectors[i]->name;
        for (;;) {
                size_t length = strcspn(list, ",");
                bool known = false;
                char name[64];

                for (uint32_t i = 0; i < n; i++)
                        known |= strlen(names[i]) == length && memcmp(names[i], list, length) == 0;
                (void) snprintf(name, sizeof(name), "%.*s", (int) length, list);
                if (!known) {
                        near = text_nearest(name, names, n);
                        text_fault(fault, "--collectors",
                                   "there is no collector \"%s\"%s%s%s (--help lists all)", name,
                                   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
                        return -EINVAL;
                }
                if (list[length] == '\0')
                        return 0;
                list += length + 1;
        }
}

static int sets_check(const AgentOptions *o, TextFault *fault) {
        const Settings *s;
        Arena a;
        int r;

        if (arena_open(SETTINGS_BYTES, &a) < 0)
                return -ENOMEM;
        r = collector_settings_new(&a, o->sets, o->n_sets, &s, fault);
        arena_close(&a);
        return r;
}

static int options_check(const AgentOptions *o, TextFault *fault) {
        if (o->host && !text_is_name(o->host, strlen(o->host))) {
                text_fault(fault, "--host", "a name is 1 to 255 bytes of UTF-8 without control characters");
                return -EINVAL;
        }
        if (o->collectors && collectors_check(o->collectors, fault) < 0)
                return -EINVAL;
        if (sets_check(o, fault) < 0)
                return -EINVAL;
        if (o->json && !o->print) {
                text_fault(fault, "--json", "says how --print shows the report; give --print too");
                return -EINVAL;
        }
        if (o->metrics && metrics_http_check(o->metrics, fault) < 0) {
                (void) snprintf(fault->field, sizeof(fault->field), "--metrics");
                return -EINVAL;
        }
        if (!o->redis && !o->print && !o->metrics) {
                text_fault(fault, "--redis",
                           "is needed: where do reports go? (or --metrics, or --print, to see them here)");
                return -EINVAL;
        }
        return 0;
}

int agent_options_parse(int argc, char *const *argv, AgentOptions *ret, TextFault *reterr_fault) {
        AgentOptions o = { 0 };
        int r = 0;

        for (int i = 1; i < argc && r == 0; i++)
                r = option_parse(argc, argv, &i, &o, reterr_fault);
        if (r == 0 && !o.help && !o.version)
                r = options_check(&o, reterr_fault);
        if (r < 0)
                return r;
        *ret = o;
        return 0;
}

static void settings_help(const Collector *c) {
        for (const SettingDef *d = c->settings; d && d->name; d++) {
                char value[64], left[96];

                (void) snprintf(left, sizeof(left), "%s.%s=%s", c->name, d->name,
                                setting_print(d, d->def, d->def_text, value, sizeof(value)));
                printf("  %-26s %s\n", left, d->doc);
        }
}

void agent_options_help(void) {
        CollectorSet all = collectors_all();

        printf("plimsoll-agent: measures this host and its guests, for Plimsoll's scheduler.\n\n"
               "  plimsoll-agent --redis URL [--cluster NAME] [--advertise URI]    report until ended\n"
               "  plimsoll-agent --once --print                                    what would be reported\n\n"
               "Options:\n");
        for (size_t i = 0; i < ARRAY_SIZE(agent_options_defs); i++) {
                char left[64];

                (void) snprintf(left, sizeof(left), "--%s %s", agent_options_defs[i].name,
                                agent_options_defs[i].value ? agent_options_defs[i].value : "");
                printf("  %-20s %s\n", left, agent_options_defs[i].doc);
        }
        printf("\nCollectors:\n");
        for (uint32_t i = 0; i < all.n; i++)
                if (all.collectors[i]->runs & RUNS_ON_HOST)
                        printf("  %-20s %s\n", all.collectors[i]->name, all.collectors[i]->summary);
        printf("\nSettings of collectors, with their defaults:\n");
        for (uint32_t i = 0; i < all.n; i++)
                if (all.collectors[i]->runs & RUNS_ON_HOST)
                        settings_help(all.collectors[i]);
        printf("\nWhat each metric is: docs/metrics.md. Exit status: 0 ended by a signal, or --once is done; "
               "1 it was\n"
               "not; 2 the command line is wrong.\n");
}
