/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/settings/app_settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/read/collector.h"
#include "collectors/remote/prometheus.h"
#include "collectors/remote/redfish.h"
#include "policies/policies.h"
#include "scheduler/app/settings/api_settings.h"
#include "scheduler/app/settings/notify_settings.h"
#include "scheduler/app/settings/service_modes.h"
#include "scheduler/app/settings/settings_file.h"
#include "scheduler/app/settings/settings_lists.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/base/url_secret.h"
#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/plan/planner.h"
#include "scheduler/model/host_memory.h"
#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/health/brake.h"
#include "scheduler/snapshot/health/move_holds.h"
#include "scheduler/snapshot/wire/estimators.h"

static const SettingDef service_settings[] = {
        { "redis", SETTING_TEXT, 0, 0, 0, "", NULL,
          "Redis server with the facts and the journal: redis://[user:password@]host:port[/db], "
          "redis+sentinel://host,host/MASTER or unix:///path; over TLS rediss:// and "
          "rediss+sentinel:// (docs/redis-keys.md). The environment variable PLIMSOLL_REDIS and the "
          "systemd credential plimsoll-redis override the file; put passwords there. Empty: run a "
          "private redis-server in state_dir." },
        { "uri", SETTING_TEXT, 0, 0, 0, "qemu+tls://{host}/system", NULL,
          "libvirt URI by which the service and other hosts reach a host, with {host} for its name. "
          "Can be overridden per host in hosts. URIs reported by agents are never used." },
        { "state_dir", SETTING_TEXT, 0, 0, 0, "/var/lib/plimsoll", NULL,
          "Directory for the service's own data, such as the private redis-server." },
        { "cluster", SETTING_TEXT, 0, 0, 0, "default", NULL,
          "Name of the cluster: the hosts between which VMs may move. Part of the names of its keys in "
          "Redis." },
        { "clusters", SETTING_TEXT, 0, 0, 0, "", setting_words,
          "Clusters that plimsolld manages, instead of service.cluster: a list of names, or all for "
          "every cluster that has ever reported. clusters/NAME.yaml next to the settings file "
          "overrides settings for one cluster." },
        { "mode", SETTING_CHOICE, 0, 0, MODE_N - 1, NULL, service_mode_names,
          "advise: plans are made, stored and shown, and nothing is moved. confirm: a plan is carried "
          "out after a person has confirmed it (plimsoll confirm). auto: plans are carried out. "
          "Section modes overrides this for single kinds of action." },
        { "confirm_for", SETTING_DURATION, 28800 * USEC_PER_SEC, USEC_PER_SEC,
          INT64_C(30) * 86400 * USEC_PER_SEC, NULL, NULL,
          "Unanswered plans expire after this time; a new one is proposed if still needed." },
        { "confirm_again", SETTING_DURATION, 28800 * USEC_PER_SEC, 0, INT64_C(30) * 86400 * USEC_PER_SEC,
          NULL, NULL,
          "For this time after a plan was rejected, plans that move only the same VMs are not proposed "
          "again, except for a more urgent kind of action." },
        { "interval", SETTING_DURATION, 30 * USEC_PER_SEC, USEC_PER_SEC, 86400 * USEC_PER_SEC, NULL, NULL,
          "Time from the start of one round to the start of the next." },
        { "lease", SETTING_DURATION, 5 * USEC_PER_SEC, 2 * USEC_PER_SEC, 600 * USEC_PER_SEC, NULL, NULL,
          "Lease of the leader: if the leader stops renewing it, another service takes over after this "
          "time." },
        { "cool_down", SETTING_DURATION, 1800 * USEC_PER_SEC, 0, INT64_C(30) * 86400 * USEC_PER_SEC, NULL,
          NULL, "Minimum time between two moves of a VM for balance." },
        { "max_cool_down", SETTING_DURATION, 28800 * USEC_PER_SEC, 0, INT64_C(30) * 86400 * USEC_PER_SEC,
          NULL, NULL,
          "Maximum cool-down. The cool-down of a VM doubles, up to this time, each time the VM is "
          "moved again soon after its last cool-down." },
        { "hold", SETTING_DURATION, 60 * USEC_PER_SEC, 0, 86400 * USEC_PER_SEC, NULL, NULL,
          "Move VMs for load lines or balance only if every plan within this time wanted moves, so "
          "that short spikes are ignored. Evacuation and repair do not wait." },
        { "settle", SETTING_DURATION, 20 * USEC_PER_SEC, 0, 3600 * USEC_PER_SEC, NULL, NULL,
          "Time to wait after moves have ended before the next plan is made, since load measured "
          "during moves is misleading. Use at least two intervals of the agents." },
        { "think", SETTING_DURATION, 10 * USEC_PER_SEC, 100 * USEC_PER_MSEC, 3600 * USEC_PER_SEC, NULL, NULL,
          "Maximum time for planning. The search stops after 70 % of it and uses the best plan found; "
          "the rest is for ordering, explaining and checking it. The plan reports what was cut short." },
        { "audit_keep", SETTING_DURATION, INT64_C(30) * 86400 * USEC_PER_SEC, 3600 * USEC_PER_SEC,
          INT64_C(3650) * 86400 * USEC_PER_SEC, NULL, NULL,
          "How long decisions and their results are kept for plimsoll audit." },
        { "pause_after", SETTING_COUNT, 20, 0, 1000, NULL, NULL,
          "Number of recent moves by which the service judges its predictions; fewer than this many "
          "are not enough to judge. If they were predicted too wrongly or failed too often, balance "
          "pauses; repair and evacuation go on. Repeated failures of one VM or one target count once. "
          "0: never pause." },
        { "pause_factor", SETTING_COUNT, 4, 2, 1000, NULL, NULL,
          "Pause when the median move took more than this many times its prediction, or less than the "
          "prediction divided by this." },
        { "pause_failed", SETTING_PERMILLE, 300, 0, 1000, NULL, NULL,
          "Pause when more than this share of the moves failed." },
        { "min_pause_difference", SETTING_DURATION, 5 * USEC_PER_SEC, 0, 3600 * USEC_PER_SEC, NULL, NULL,
          "Differences between predicted and actual duration below this time are ignored." },
        { 0 },
};

static const SettingDef agentless_settings[] = {
        { "interval", SETTING_DURATION, USEC_PER_SEC, 200 * USEC_PER_MSEC, 600 * USEC_PER_SEC, NULL, NULL,
          "Time between the two readings from which rates are computed." },
        { "timeout", SETTING_DURATION, 8 * USEC_PER_SEC, 500 * USEC_PER_MSEC, 300 * USEC_PER_SEC, NULL, NULL,
          "Timeout of a libvirt connection; a host that has not answered by then counts as unreachable." },
        { 0 },
};

#define SECTIONS_MAX 64

static int sections_fill(Arena *a, SettingSection *sections, uint32_t *ret_n) {
        CollectorSet collectors = collectors_all();
        const SettingSection *policies = NULL;
        uint32_t n = 0, n_policies = 0;
        int r = policies_settings(a, &policies, &n_policies);

        if (r < 0)
                return r;

        sections[n++] = (SettingSection){ "service", "The service plimsolld.", service_settings };
        sections[n++] =
                (SettingSection){ "modes", "What the service may do on its own, for each kind of action.",
                                  mode_settings };
        sections[n++] = (SettingSection){ "api", "The HTTP API of plimsolld.", api_settings };
        sections[n++] = (SettingSection){ "notify", "Who is told what needs a person.", notify_settings };
        sections[n++] =
                (SettingSection){ "cluster", "Hosts of the cluster: admission, headroom and overcommit.",
                                  cluster_settings };
        sections[n++] = (SettingSection){ "memory", "Memory of hosts that is not available to VMs.",
                                          memory_settings };
        sections[n++] = (SettingSection){ "plan", "What plans aim at, and their limits.", planner_settings };
        for (uint32_t i = 0; i < n_policies; i++, n++) {
                assert(n < SECTIONS_MAX);
                sections[n] = policies[i];
        }
        sections[n++] =
                (SettingSection){ "brake", "How many hosts may be evacuated at once.", brake_settings };
        sections[n++] = (SettingSection){ "migration", "How VMs are migrated.", migration_settings };
        sections[n++] = (SettingSection){ "retry", "When a failed migration is retried.", retry_settings };
        sections[n++] =
                (SettingSection){ "snapshot", "When facts are too old to be used.", snapshot_settings };
        sections[n++] = (SettingSection){ "demand", "How the demand of VMs is estimated from their use.",
                                          demand_settings };
        sections[n++] = (SettingSection){ "prometheus", "Hosts read from Prometheus exporters.",
                                          prometheus_settings };
        sections[n++] = (SettingSection){ "redfish", "BMCs of hosts, read by the service through Redfish.",
                                          redfish_settings };
        sections[n++] =
                (SettingSection){ "agentless", "Reading hosts through libvirt without an agent (--hosts).",
                                  agentless_settings };
        for (uint32_t i = 0; i < collectors.n; i++) {
                const Collector *c = collectors.collectors[i];

                assert(n < SECTIONS_MAX);
                if (c->settings)
                        sections[n++] = (SettingSection){ c->name, c->summary, c->settings };
        }
        *ret_n = n;
        return 0;
}

int app_settings_new(Arena *a, Settings **ret) {
        SettingSection *sections = arena_new(a, SettingSection, SECTIONS_MAX);

        uint32_t n = 0;
        int r = sections ? sections_fill(a, sections, &n) : -ENOMEM;

        return r < 0 ? r : settings_new(a, sections, n, ret);
}

/* "rules", or "rule": one more of them. */
static bool names_list(const char *key, const char *list) {
        const size_t n = strlen(list);

        return strncmp(key, list, n - 1) == 0 && (strcmp(key + n - 1, "s") == 0 || key[n - 1] == '\0');
}

static int set_one(Arena *a, Settings *s, const char *assignment, TextFault *f) {
        const char *equals = strchr(assignment, '=');
        const char *key;

        if (!equals || equals == assignment) {
                text_fault(f, "", "--set %.80s: accepted: KEY=VALUE", assignment);
                return -EINVAL;
        }
        key = text_copy(a, assignment, (size_t) (equals - assignment));
        if (!key)
                return -ENOMEM;
        for (size_t i = 0; settings_list_names[i]; i++)
                if (names_list(key, settings_list_names[i]))
                        return settings_list_add(settings_list_names[i], equals + 1, s, f);
        return settings_set(s, key, equals + 1, f);
}

static bool app_settings_is_section(const char *key, const char *section) {
        const size_t n = strlen(section);

        return strncmp(key, section, n) == 0 && key[n] == '.';
}

bool app_settings_decides(const char *assignment) {
        const PolicySet policies = policies_all();
        char key[80] = { 0 };

        (void) snprintf(key, sizeof(key), "%.*s", (int) strcspn(assignment, "="), assignment);
        for (size_t i = 0; key[0] && settings_list_names[i]; i++)
                if (names_list(key, settings_list_names[i]))
                        return true;
        for (uint32_t i = 0; i < policies.n; i++)
                if (app_settings_is_section(key, policies.policies[i]->name))
                        return true;
        return app_settings_is_section(key, "cluster");
}

/* URLs of Redis, Prometheus and receivers of notices may have a password; a file that has one is not for everybody. */
static int secrets_check(const char *path, const Settings *s, TextFault *f) {
        struct stat st;

        if (!url_secret_in(settings_text(s, "service", "redis")) &&
            !url_secret_in(settings_text(s, "prometheus", "url")) &&
            !url_secret_in(settings_text(s, "notify", "webhook")) &&
            !url_secret_in(settings_text(s, "notify", "alertmanager")))
                return 0;
        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IROTH))
                return 0;
        text_fault(f, "",
                   "contains a URL with a password, and other users can read the file (mode %04o); accepted: "
                   "mode 0640 or 0600",
                   (unsigned) (st.st_mode & 07777));
        return -EINVAL;
}

static int file_load(Arena *a, const char *path, Settings *s, const char **reterr_file, TextFaults *faults) {
        TextFault fault = { 0 };
        const char *text;
        size_t n;
        int r = file_read(a, path, &text, &n, &fault);

        if (r == 0)
                r = settings_file_read(text, n, s, faults);
        else
                (void) text_faults_add(faults, &fault);
        if (r == 0 && (r = secrets_check(path, s, &fault)) < 0)
                (void) text_faults_add(faults, &fault);
        if (r < 0)
                *reterr_file = path;
        return r;
}

static const char *option_if_known(const Options *o, const char *name) {
        for (const OptionDef *d = o->defs; d->name; d++)
                if (strcmp(d->name, name) == 0)
                        return option_text(o, name);
        return NULL;
}

/* clusters/NAME.yaml beside the settings file. */
static int cluster_load(Arena *a, const char *path, const char *cluster, Settings *s,
                        const char **reterr_file, TextFaults *faults) {
        const char *slash = strrchr(path, '/');
        const char *file =
                text_format(a, "%.*sclusters/%s.yaml", slash ? (int) (slash - path) + 1 : 0, path, cluster);

        if (!file)
                return -ENOMEM;
        if (!cluster[0] || strchr(cluster, '/') || access(file, F_OK) != 0)
                return 0;
        return file_load(a, file, s, reterr_file, faults);
}

/* Where the store is may be given where a password may be: beside the settings file, and before the command line. */
static int store_load(Settings *s, TextFaults *faults) {
        char url[2048];
        TextFault fault = { 0 };
        int r = url_secret_given(URL_SECRET_CREDENTIAL, URL_SECRET_VARIABLE, url, sizeof(url), &fault);

        if (r == 0)
                r = settings_set(s, "service.redis", url, &fault);
        if (r < 0)
                (void) text_faults_add(faults, &fault);
        return r < 0 ? r : 0;
}

typedef struct Loading {
        const Options *o;
        const char *cluster; /* NULL: what the options or the settings say */
        bool as_is;
} Loading;

static int set_all(Arena *a, const Loading *loading, Settings *s, TextFaults *faults) {
        const char *assignment;
        int r = 0;

        for (unsigned i = 0; loading->o && (assignment = option_nth(loading->o, "set", i)); i++) {
                TextFault fault = { 0 };
                int n = loading->as_is && app_settings_decides(assignment)
                                ? 0
                                : set_one(a, s, assignment, &fault);

                if (n < 0)
                        r = n;
                if (n == -ENOMEM || (n < 0 && !text_faults_add(faults, &fault)))
                        break;
        }
        return r;
}

static int app_settings_load_all(Arena *a, const Loading *loading, Settings **ret, const char **reterr_file,
                                 TextFaults *faults) {
        const char *path = loading->o ? option_text(loading->o, "settings") : NULL,
                   *cluster = loading->cluster;
        Settings *s = NULL;
        int r = app_settings_new(a, &s);

        *reterr_file = NULL;
        if (!path && access(SETTINGS_PATH, F_OK) == 0)
                path = SETTINGS_PATH;
        if (!cluster && loading->o)
                cluster = option_if_known(loading->o, "cluster");
        if (r == 0 && path)
                r = file_load(a, path, s, reterr_file, faults);
        if (r == 0 && path)
                r = cluster_load(a, path, cluster ? cluster : settings_text(s, "service", "cluster"), s,
                                 reterr_file, faults);
        if (r == 0)
                r = store_load(s, faults);
        if (r == 0)
                r = set_all(a, loading, s, faults);
        if (r == 0)
                *ret = s;
        if (r < 0 && faults->n == 0) {
                TextFault fault = { 0 };

                text_fault(&fault, "", "out of memory");
                (void) text_faults_add(faults, &fault);
        }
        return r;
}

static int load_first(Arena *a, const Loading *loading, Settings **ret, const char **reterr_file,
                      TextFault *reterr_fault) {
        TextFaults first = { .at = reterr_fault, .most = 1 };

        *reterr_fault = (TextFault){ 0 };
        return app_settings_load_all(a, loading, ret, reterr_file, &first);
}

int app_settings_load(Arena *a, const Options *o, Settings **ret, const char **reterr_file,
                      TextFault *reterr_fault) {
        return load_first(a, &(Loading){ .o = o }, ret, reterr_file, reterr_fault);
}

int app_settings_load_for(Arena *a, const Options *o, const char *cluster, Settings **ret,
                          const char **reterr_file, TextFault *reterr_fault) {
        return load_first(a, &(Loading){ .o = o, .cluster = cluster }, ret, reterr_file, reterr_fault);
}

int app_settings_load_as_is(Arena *a, const Options *o, Settings **ret, const char **reterr_file,
                            TextFault *reterr_fault) {
        return load_first(a, &(Loading){ .o = o, .as_is = true }, ret, reterr_file, reterr_fault);
}

int app_settings_check(Arena *a, const Options *o, Settings **ret, const char **reterr_file,
                       TextFaults *faults) {
        return app_settings_load_all(a, &(Loading){ .o = o }, ret, reterr_file, faults);
}
