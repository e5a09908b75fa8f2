/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "collectors/remote/remote.h"
#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/setup_guests.h"
#include "scheduler/app/setup/setup_children.h"
#include "scheduler/app/setup/setup_login.h"
#include "scheduler/app/setup/setup_text.h"
#include "scheduler/app/setup/setup_tls.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/model/host_uri.h"
#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/wire/sample_wire.h"

#define SERVICE_USER "plimsoll"

typedef struct Setup {
        Invocation *in;
        Settings *settings;
        SetupUser user;
        SetupKey key;
        SetupHost *hosts;
        SetupHostKey *host_keys;
        bool *is_in; /* [n] libvirt there is worth a try */
        uint32_t n;
        const Snapshot *agents; /* what they reported; NULL: there are none */
        Source *source;
        Store *store;
        SetupResult result;
} Setup;

/* ---- which hosts ---- */

static ExitStatus setup_add_host(Setup *setup, const char *name, const char *uri, TextFault *fault) {
        SetupHost *host = &setup->hosts[setup->n];
        int r = setup_host_parse(setup->in->arena, name, uri, host, fault);

        if (r < 0)
                return r == -EINVAL ? EXIT_BAD_INPUT
                                    : command_complain(setup->in, EXIT_FAILED, "out of memory");
        for (uint32_t i = 0; i < setup->n; i++)
                if (strcmp(setup->hosts[i].name, host->name) == 0 ||
                    strcmp(setup->hosts[i].uri, host->uri) == 0) {
                        text_fault(fault, "", "%s is given twice. Give each host once.", host->name);
                        return EXIT_BAD_INPUT;
                }
        setup->n++;
        return EXIT_DONE;
}

/* A host by its name, and so by the pattern that the service goes by; or a URI. EXIT_BAD_INPUT: with *fault, which is not
 * said yet. */
static ExitStatus setup_add_one(Setup *setup, const char *word, const HostAdmission *admitted,
                                TextFault *fault) {
        const char *uri = NULL;

        if (strstr(word, "://"))
                return setup_add_host(setup, NULL, word, fault);
        if (host_uri_of(setup->in->arena, setup->settings, word, admitted, &uri) < 0)
                return command_complain(setup->in, EXIT_FAILED, "out of memory");
        if (uri)
                return setup_add_host(setup, word, uri, fault);
        text_fault(
                fault, "",
                "\"%.64s\" does not make a valid URI with service.uri \"%.64s\"; accepted: names of letters, "
                "digits, dots and dashes, and libvirt URIs",
                word, settings_text(setup->settings, "service", "uri"));
        return EXIT_BAD_INPUT;
}

static ExitStatus setup_add_word(Setup *setup, const char *word) {
        TextFault fault = { 0 };
        ExitStatus status;

        if (setup->n == HOSTS_NAMED_MAX)
                return command_complain(setup->in, EXIT_BAD_INPUT, "more than %d hosts", HOSTS_NAMED_MAX);
        status = setup_add_one(setup, word, NULL, &fault);
        return status == EXIT_BAD_INPUT ? command_complain_fault(setup->in, status, NULL, &fault) : status;
}

/* All that report. One whose name is none that a URI can be made of does not keep the others from their tests. */
static ExitStatus setup_add_agents(Setup *setup) {
        Arena *a = setup->in->arena;
        ExitStatus status = EXIT_DONE;

        for (HostIx h = 0; h < setup->agents->n_hosts && status == EXIT_DONE; h++) {
                const Host *host = &setup->agents->hosts[h];
                TextFault fault = { 0 };

                if (setup->n == HOSTS_NAMED_MAX)
                        return command_complain(setup->in, EXIT_BAD_INPUT, "more than %d hosts",
                                                HOSTS_NAMED_MAX);
                status = setup_add_one(setup, host->name, host->admitted, &fault);
                if (status != EXIT_BAD_INPUT)
                        continue;
                status = EXIT_DONE;
                setup_result_add(
                        &setup->result,
                        (SetupFinding){
                                .who = SETUP_SERVICE,
                                .peer = host->name,
                                .test = "uri",
                                .state = SETUP_WRONG,
                                .what = text_format(a, "%s", fault.what),
                                .to_do =
                                        "add it to hosts: with a URI (docs/settings.md), or start its agent with another --host" });
        }
        return status;
}

static ExitStatus setup_add_list(Setup *setup, const char *list) {
        ExitStatus status = EXIT_DONE;

        for (const char *at = list; status == EXIT_DONE && *at; at += strcspn(at, ","), at += *at == ',') {
                const char *word = text_copy(setup->in->arena, at, strcspn(at, ","));

                if (!word)
                        return command_complain(setup->in, EXIT_FAILED, "out of memory");
                status = *word && strstr(word, "://")
                                 ? setup_add_word(setup, word)
                                 : command_complain(setup->in, EXIT_BAD_INPUT,
                                                    "--hosts accepts libvirt URIs, separated by commas");
        }
        return status;
}

static ExitStatus setup_choose(Setup *setup) {
        const Options *o = &setup->in->options;
        ExitStatus status = EXIT_DONE;
        const char *list;

        setup->hosts = arena_new(setup->in->arena, SetupHost, HOSTS_NAMED_MAX + 1);
        if (!setup->hosts)
                return command_complain(setup->in, EXIT_FAILED, "out of memory");
        for (int i = 1; status == EXIT_DONE && i < o->n_arguments; i++)
                status = setup_add_word(setup, o->arguments[i]);
        for (unsigned i = 0; status == EXIT_DONE && (list = option_nth(o, "hosts", i)); i++)
                status = setup_add_list(setup, list);
        if (status == EXIT_DONE && setup->agents && o->n_arguments == 1 && !option_given(o, "hosts"))
                status = setup_add_agents(setup);
        if (status == EXIT_DONE && setup->n == 0 && setup->result.n == 0)
                status = command_complain(
                        setup->in, EXIT_BAD_INPUT,
                        "No hosts given. Name them, or use --hosts URI[,URI], or --redis URL for all that report.");
        return status;
}

/* ---- what agents reported ---- */

/* A store that the settings alone name may be set up later than this. */
static ExitStatus setup_agents(Setup *setup) {
        Invocation *in = setup->in;
        const char *given = option_text(&in->options, "redis"),
                   *cluster = option_text(&in->options, "cluster");
        const char *url = given ? given : settings_text(setup->settings, "service", "redis");
        TextFault fault = { 0 };
        int r;

        if (!url[0])
                return EXIT_DONE;
        cluster = cluster ? cluster : settings_text(setup->settings, "service", "cluster");
        r = store_open(&(StoreOptions){ .url = url, .cluster = cluster }, &setup->store, &fault);
        if (r == 0)
                r = source_open_store(setup->store, cluster, &setup->source);
        if (r == 0)
                r = source_read(setup->source, in->arena, setup->settings, &setup->agents, &fault);
        if (r == 0)
                return EXIT_DONE;
        setup->agents = NULL;
        if (given)
                return command_complain_fault(in, r == -EINVAL ? EXIT_BAD_INPUT : EXIT_FAILED, NULL, &fault);
        (void) out_say(in->err.out, "%s: agent reports are not used: %s\n", in->program, fault.what);
        return EXIT_DONE;
}

/* Of hosts whose clock nothing else shows. */
static void setup_agents_clock(Setup *setup, const SetupHost *host) {
        const HostIx h = setup->agents ? snapshot_host(setup->agents, host->name) : IX_NONE;
        const Host *seen = h != IX_NONE ? &setup->agents->hosts[h] : NULL;
        SetupFinding f = { .who = SETUP_SERVICE,
                           .peer = host->name,
                           .test = "clock",
                           .state = SETUP_NOT_TESTED,
                           .what = "clock: not checked (no ssh, and no agent report)" };

        if (seen && seen->excluded == EXCLUDED_CLOCK) {
                f.state = SETUP_WRONG;
                f.what = seen->excluded_why ? seen->excluded_why : exclusion_texts[EXCLUDED_CLOCK];
                f.to_do = text_format(setup->in->arena,
                                      "on %s: apt install chrony (or timedatectl set-ntp true)", host->name);
        } else if (seen && seen->seen_at > 0 && seen->excluded != EXCLUDED_STALE) {
                f.state = SETUP_GOOD;
                f.what = "clock OK according to its agent's reports";
        }
        setup_result_add(&setup->result, f);
}

/* Of pairs that no ssh shows. */
static void setup_agents_pair(Setup *setup, const SetupHost *from, const SetupHost *to) {
        const HostIx h = setup->agents ? snapshot_host(setup->agents, from->name) : IX_NONE;
        const char *what = setup->agents
                                   ? "not tested: no ssh to it, and its agent has not measured this path"
                                   : "not tested (no agents, and no ssh to it)";

        for (uint32_t i = 0; h != IX_NONE && i < setup->agents->hosts[h].n_peers; i++)
                if (strcmp(setup->agents->hosts[h].peers[i].name, to->name) == 0)
                        what = text_format(
                                setup->in->arena,
                                "its agent reaches that of %s in %.1f ms; the ports of migrations: not tested (no ssh)",
                                to->name, (double) setup->agents->hosts[h].peers[i].rtt_us / 1000);
        setup_result_add(&setup->result, (SetupFinding){ .who = from->name,
                                                         .peer = to->name,
                                                         .test = "ports",
                                                         .state = SETUP_NOT_TESTED,
                                                         .what = what });
}

/* ---- libvirt ---- */

static SetupFinding setup_libvirt_fault(Setup *setup, const SetupHost *host, const RemoteHost *remote) {
        Arena *a = setup->in->arena;
        const char *words = remote->error_text ? remote->error_text : strerrordesc_np(remote->error),
                   *login = host->login ? host->login : setup->user.name;
        SetupFinding f = { .who = SETUP_SERVICE,
                           .peer = host->name,
                           .test = "libvirt",
                           .state = SETUP_WRONG,
                           .what = text_format(a, "libvirt does not answer: %s", words) };

        if (remote->error == EEXIST) { /* it, or another of that UUID or name, is there already */
                f.test = "machines";
                f.what = words;
                f.to_do = "give each host only once";
        } else if (strstr(words, "ermission denied") || strstr(words, "authentication") ||
                   strstr(words, "access denied"))
                f.to_do = text_format(a, "on %s: usermod -aG libvirt %s", host->name, login);
        else if (strstr(words, "libvirt-sock") || strstr(words, "virtqemud-sock"))
                f.to_do = text_format(a, "on %s: systemctl enable --now libvirtd.socket", host->name);
        else if (host->way == SETUP_PLAIN)
                f.to_do = text_format(
                        a, "on %s: systemctl enable --now libvirtd-tcp.socket; better: qemu+tls or qemu+ssh",
                        host->name);
        else
                f.to_do = text_format(a, "%svirsh -c %s list; on %s: journalctl -u libvirtd",
                                      setup->user.sudo, setup_word_quoted(a, host->uri), host->name);
        return f;
}

static void setup_libvirt_versions(Setup *setup, const Snapshot *s, const SetupHost *host) {
        const HostIx h = snapshot_host(s, host->name);
        const HostPlatform *platform = h != IX_NONE ? s->hosts[h].platform : NULL;

        setup_result_add(
                &setup->result,
                (SetupFinding){
                        .who = SETUP_SERVICE,
                        .peer = host->name,
                        .test = "libvirt",
                        .state = SETUP_GOOD,
                        .what = text_format(setup->in->arena, "libvirt %s, %s",
                                            platform && platform->libvirt ? platform->libvirt : "?",
                                            platform && platform->hypervisor ? platform->hypervisor : "?") });
}

/* What the hosts that answered say, and whether the guests of each could go to the others. */
static int setup_libvirt_look(Setup *setup, const uint32_t *which, const RemoteHost *remote, uint32_t n) {
        Arena *a = setup->in->arena;
        const Report **reports = arena_new(a, const Report *, n);
        BuildInput in = { .cluster = settings_text(setup->settings, "service", "cluster"),
                          .now = clock_now(),
                          .reports = reports };
        const Snapshot *s = NULL;
        TextFault fault = { 0 };
        int r = reports ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                if (remote[i].error)
                        setup_result_add(&setup->result,
                                         setup_libvirt_fault(setup, &setup->hosts[which[i]], &remote[i]));
                else
                        r = report_reread(a, &remote[i].report, &reports[in.n_reports++], &fault);
        }
        if (r == 0)
                r = snapshot_build(a, &in, setup->settings, &s);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (!remote[i].error)
                        setup_libvirt_versions(setup, s, &setup->hosts[which[i]]);
        return r == 0 ? setup_guests_test(s, setup->settings, &setup->result) : r;
}

static int setup_libvirt(Setup *setup) {
        Arena *a = setup->in->arena;
        const char **uris = arena_new(a, const char *, setup->n),
                   **names = arena_new(a, const char *, setup->n);
        uint32_t *which = arena_new(a, uint32_t, setup->n), n = 0;
        RemoteHost *remote = NULL;
        TextFault fault = { 0 };
        int r;

        if (!uris || !names || !which)
                return -ENOMEM;
        for (uint32_t i = 0; i < setup->n; i++)
                if (setup->is_in[i]) {
                        uris[n] = setup->hosts[i].uri;
                        names[n] = setup->hosts[i].name;
                        which[n++] = i;
                }
        if (n == 0)
                return 0;
        r = remote_read(&(RemoteOptions){ .uris = uris,
                                          .names = names,
                                          .n_uris = n,
                                          .keep_going = true,
                                          .interval = settings_int(setup->settings, "agentless", "interval"),
                                          .timeout = settings_int(setup->settings, "agentless", "timeout") },
                        a, &remote, &fault);
        if (r != -EINVAL)
                return r < 0 ? r : setup_libvirt_look(setup, which, remote, n);
        setup_result_add(&setup->result, (SetupFinding){ .who = SETUP_SERVICE,
                                                         .test = "machines",
                                                         .state = SETUP_WRONG,
                                                         .what = text_format(a, "%s", fault.what),
                                                         .to_do = "give each host only once" });
        return 0;
}

/* ---- all of it ---- */

static bool setup_has(const Setup *setup, SetupWay way) {
        for (uint32_t i = 0; i < setup->n; i++)
                if (setup->hosts[i].way == way)
                        return true;
        return false;
}

static int setup_keys(Setup *setup) {
        Arena *a = setup->in->arena;
        const bool dry = option_given(&setup->in->options, "dry-run");
        int r = 0;

        if (!setup_has(setup, SETUP_SSH))
                return 0;
        r = setup_key_have(a, &setup->user, !dry, &setup->key);
        if (r == 0 && setup->key.wrong)
                setup_result_add(&setup->result, (SetupFinding){ .who = SETUP_SERVICE,
                                                                 .test = "key",
                                                                 .state = SETUP_WRONG,
                                                                 .what = setup->key.wrong,
                                                                 .to_do = setup->key.to_do });
        if (r == 0)
                r = setup_host_keys(a, &setup->user, setup->hosts, setup->n,
                                    option_given(&setup->in->options, "accept-host-keys") && !dry,
                                    setup->host_keys);
        for (uint32_t i = 0; r == 0 && i < setup->n; i++)
                if (setup->host_keys[i].wrong)
                        setup_result_add(&setup->result, (SetupFinding){ .who = SETUP_SERVICE,
                                                                         .peer = setup->hosts[i].name,
                                                                         .test = "host-key",
                                                                         .state = SETUP_WRONG,
                                                                         .what = setup->host_keys[i].wrong });
        return r;
}

/* Of hosts that ssh showed nothing of. */
static int setup_test_agents(Setup *setup) {
        Arena *a = setup->in->arena;
        bool *from = arena_new(a, bool, setup->n), *to = arena_new(a, bool, setup->n);
        SetupPairs pairs = { 0 };
        int r = from && to ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < setup->n; i++) {
                const bool by_ssh = setup->hosts[i].way == SETUP_SSH && setup->is_in[i];

                to[i] = true;
                from[i] = setup->hosts[i].address &&
                          !by_ssh; /* this machine has our clock, and ways of its own */
                if (from[i])
                        setup_agents_clock(setup, &setup->hosts[i]);
        }
        if (r == 0)
                r = setup_pairs_choose(a, from, to, setup->n, SETUP_PAIRS_MOST, &pairs);
        for (uint32_t i = 0; r == 0 && i < pairs.n; i++)
                setup_agents_pair(setup, &setup->hosts[pairs.at[i].from], &setup->hosts[pairs.at[i].to]);
        setup->result.pairs += pairs.n;
        setup->result.pairs_all += pairs.all;
        return r;
}

static int setup_test(Setup *setup) {
        Arena *a = setup->in->arena;
        const usec_t limit = settings_int(setup->settings, "agentless", "timeout");
        SetupLogin login = { .user = &setup->user,
                             .key = &setup->key,
                             .hosts = setup->hosts,
                             .n = setup->n,
                             .limit = limit < USEC_PER_SEC ? USEC_PER_SEC : limit,
                             .clock_skew = settings_int(setup->settings, "snapshot", "clock_skew"),
                             .result = &setup->result,
                             .is_in = setup->is_in };
        int r = 0;

        (void) setup_child_find(a, "ssh", &login.ssh);
        r = setup_login_test(a, &login);
        if (r == 0)
                r = setup_tls_test(a, &(SetupTls){ .user = &setup->user,
                                                   .hosts = setup->hosts,
                                                   .n = setup->n,
                                                   .limit = login.limit,
                                                   .now = clock_now(),
                                                   .result = &setup->result,
                                                   .is_in = setup->is_in });
        if (r == 0)
                r = setup_libvirt(setup);
        if (r == 0)
                r = setup_login_pairs(a, &login);
        return r == 0 ? setup_test_agents(setup) : r;
}

static int setup_show(Setup *setup) {
        const SetupView view = { .user = &setup->user,
                                 .key = &setup->key,
                                 .hosts = setup->hosts,
                                 .host_keys = setup->host_keys,
                                 .n = setup->n,
                                 .result = &setup->result };
        json_t *o;

        if (!setup->in->json)
                return setup_text_print(&view, &setup->in->out);
        o = setup_text_json(&view);
        if (!o)
                return -ENOMEM;
        (void) json_print(o, setup->in->out.out);
        return 0;
}

static ExitStatus setup_libvirt_run(Setup *setup) {
        Busy busy;
        Invocation *in = setup->in;
        const char *user = option_text(&in->options, "user");
        TextFault fault = { 0 };
        ExitStatus status;
        int r = setup_user_become(in->arena, user, &setup->user, &fault);

        if (r < 0)
                return command_complain_fault(in, r == -EINVAL ? EXIT_BAD_INPUT : EXIT_FAILED, NULL, &fault);
        if (!user && setup->user.is_root && getpwnam(SERVICE_USER))
                (void) out_say(in->err.out, "%s: root is meant; for the service add --user %s\n", in->program,
                               SERVICE_USER);
        status = facts_settings(in, &setup->settings);
        if (status == EXIT_DONE)
                status = setup_agents(setup);
        if (status == EXIT_DONE)
                status = setup_choose(setup);
        if (status != EXIT_DONE)
                return status;
        setup->is_in = arena_new(in->arena, bool, setup->n);
        setup->host_keys = arena_new(in->arena, SetupHostKey, setup->n);
        r = setup->is_in && setup->host_keys ? setup_keys(setup) : -ENOMEM;
        if (r == 0) {
                busy_begin(&busy, &in->err, "testing the hosts");
                r = setup_test(setup);
                busy_end(&busy);
        }
        if (r == 0)
                r = setup_show(setup);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s", strerrordesc_np(-r));
        return setup_result_worst(&setup->result) == SETUP_WRONG ? EXIT_BLOCKED : EXIT_DONE;
}

static ExitStatus cmd_setup_run(Invocation *in) {
        Setup setup = { .in = in, .result = { .arena = in->arena } };
        ExitStatus status;

        if (strcmp(in->options.arguments[0], "libvirt") != 0)
                return command_complain(in, EXIT_BAD_INPUT, "unknown action \"%s\"; accepted: libvirt",
                                        in->options.arguments[0]);
        status = setup_libvirt_run(&setup);
        setup.source = source_free(setup.source);
        setup.store = store_free(setup.store);
        return status;
}

static const OptionDef cmd_setup_options[] = {
        { "hosts", 0, OPTION_TEXT, "URI[,URI]", 0, 0, 0, "hosts as libvirt URIs; may be repeated" },
        { "redis", 0, OPTION_TEXT, "URL", 0, 0, 0,
          "also use what the agents reported; without HOSTS: all hosts that report; default: "
          "service.redis" },
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0,
          "name of the cluster in Redis; default: service.cluster" },
        { "user", 0, OPTION_TEXT, "NAME", 0, 0, 0,
          "set up this user, as root (plimsoll for the packaged service); default: the user that runs "
          "this" },
        { "accept-host-keys", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "add unknown ssh host keys to known_hosts, and show their fingerprints" },
        { "dry-run", 0, OPTION_FLAG, NULL, 0, 0, 0, "only test: make no key, accept no host key" },
        SETTINGS_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.setup/1" },
        { 0 },
};

const Command command_setup = {
        .name = "setup",
        .summary = "prepare libvirt access to the hosts: key, certificates, tests of every pair",
        .usage = "libvirt [HOST…] [--user NAME] [--hosts URI,…] [--redis URL]",
        .help = "libvirt: as the user that the service runs as, makes an ssh key if there is none (never overwrites one),\n"
                "shows what to install on each host, and tests service → host (login, libvirt and QEMU, clock,\n"
                "certificates) and host → host (migration ports, login of its libvirt, machine types and CPUs of the\n"
                "guests). HOST is a name, which service.uri turns into a URI, or a libvirt URI. The result is a row for\n"
                "each host and pair, the worst first, and a list of what to do. Exit status 3: something is wrong. What\n"
                "cannot be tested is listed, and does not count as wrong. See docs/libvirt-access.md.",
        .examples = "plimsoll setup libvirt h1 h2 --dry-run\n"
                    "plimsoll setup libvirt --redis redis://store:6379 --user plimsoll --accept-host-keys",
        .options = cmd_setup_options,
        .least_arguments = 1,
        .most_arguments = 1 + HOSTS_NAMED_MAX,
        .run = cmd_setup_run,
};
