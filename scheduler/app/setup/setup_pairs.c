/* SPDX-License-Identifier: Apache-2.0 */
/* Host → host, seen from the one by ssh: -W has its sshd open a connection to a port of the other, as libvirt and QEMU will. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/setup/setup_login.h"

#define PORT_FIRST 49152 /* qemu.conf: migration_port_min */
#define PORT_LAST  49215 /* migration_port_max */

enum { PROBE_FIRST, PROBE_LAST, PROBE_LIBVIRT, PROBE_LOGIN, PROBE_N };

static const struct {
        int64_t port; /* 0: libvirt's */
        bool listens; /* something must answer: a refusal is a fault */
} setup_pairs_probes[PROBE_LOGIN] = { { PORT_FIRST, false }, { PORT_LAST, false }, { 0, true } };

typedef struct SetupPair {
        const SetupHost *from, *to;
        SetupChild *children; /* [PROBE_N] */
} SetupPair;

static void setup_pairs_commands(Arena *a, const SetupLogin *login, const SetupPair *pair) {
        const char *from = pair->from->address;

        for (int i = 0; i < PROBE_LOGIN; i++) {
                const int64_t port = setup_pairs_probes[i].port ? setup_pairs_probes[i].port : pair->to->port;
                const char *target = text_format(a, strchr(pair->to->address, ':') ? "[%s]:%lld" : "%s:%lld",
                                                 pair->to->address, (long long) port);

                pair->children[i].command = setup_login_command(
                        a, login, pair->from,
                        (const char *[]){ "-oLogLevel=VERBOSE", "-W", target, "--", from, NULL });
        }
        /* the daemon of the one is root there, and migrates by connecting to the other: so does its virsh */
        if (strcmp(setup_login_name(login, pair->from), "root") == 0 && setup_word_is_plain(pair->to->uri)) {
                ToolCommand *command = &pair->children[PROBE_LOGIN].command;

                *command = setup_login_command(
                        a, login, pair->from,
                        (const char *[]){ "-oLogLevel=VERBOSE", "--", from, "env LC_ALL=C virsh", NULL });
                command->input = text_format(a, "connect %s\nhostname\nquit\n", pair->to->uri);
        }
}

static SetupFinding setup_pairs_blocked(Arena *a, const SetupLogin *login, const SetupPair *pair,
                                        const char *ports) {
        return (SetupFinding){
                .test = "ports",
                .state = SETUP_WRONG,
                .what = text_format(a, "%s of %s is not reachable from %s: no answer within %lld s", ports,
                                    pair->to->name, pair->from->name,
                                    (long long) (login->limit / USEC_PER_SEC)),
                .to_do = text_format(a,
                                     "on %s: open TCP %lld and %d-%d to the other hosts "
                                     "(firewall-cmd --permanent --add-port=%d-%d/tcp, or nftables)",
                                     pair->to->name, (long long) pair->to->port, PORT_FIRST, PORT_LAST,
                                     PORT_FIRST, PORT_LAST)
        };
}

static SetupFinding setup_pairs_untested(Arena *a, const SetupPair *pair, SetupPort port,
                                         const SetupChild *child) {
        return (SetupFinding){
                .test = "ports",
                .state = SETUP_NOT_TESTED,
                .what = port == SETUP_PORT_FORBIDDEN
                                ? text_format(a,
                                              "ports: %s does not permit ssh forwarding (AllowTcpForwarding)",
                                              pair->from->name)
                                : text_format(a, "ports: ssh to %s gave no result: %s", pair->from->name,
                                              setup_login_line(a, child))
        };
}

static SetupFinding setup_pairs_port(Arena *a, const SetupLogin *login, const SetupPair *pair, int i) {
        const SetupChild *child = &pair->children[i];
        const SetupPort seen = setup_port_of(child->result, &child->output);
        const long long port =
                (long long) (setup_pairs_probes[i].port ? setup_pairs_probes[i].port : pair->to->port);

        switch (seen) {
        case SETUP_PORT_NO_NAME:
                return (SetupFinding){ .test = "ports",
                                       .state = SETUP_WRONG,
                                       .what = text_format(a, "the name %s does not resolve on %s",
                                                           pair->to->address, pair->from->name),
                                       .to_do = text_format(a, "on %s: put %s into /etc/hosts, or into DNS",
                                                            pair->from->name, pair->to->address) };
        case SETUP_PORT_SILENT:
                return setup_pairs_blocked(a, login, pair, text_format(a, "port %lld", port));
        case SETUP_PORT_FORBIDDEN:
        case SETUP_PORT_UNSEEN:
                return setup_pairs_untested(a, pair, seen, child);
        case SETUP_PORT_REFUSED:
                if (setup_pairs_probes[i].listens)
                        return (SetupFinding){
                                .test = "ports",
                                .state = SETUP_WRONG,
                                .what = text_format(a, "nothing listens on port %lld of %s", port,
                                                    pair->to->name),
                                .to_do = text_format(a, "on %s: systemctl enable --now %s", pair->to->name,
                                                     pair->to->way == SETUP_SSH   ? "ssh"
                                                     : pair->to->way == SETUP_TLS ? "libvirtd-tls.socket"
                                                                                  : "libvirtd-tcp.socket")
                        };
                break;
        case SETUP_PORT_REACHED:
                break;
        }
        return (SetupFinding){ .test = "ports", .state = SETUP_GOOD };
}

/* Nothing listens at migration's ports while none runs: that it is refused there is an answer, too. The worst counts. */
static SetupFinding setup_pairs_ports(Arena *a, const SetupLogin *login, const SetupPair *pair) {
        SetupFinding worst = { .test = "ports",
                               .state = SETUP_GOOD,
                               .what = text_format(a, "ports %d, %d and %lld are reachable", PORT_FIRST,
                                                   PORT_LAST, (long long) pair->to->port) };

        for (int i = 0; i < PROBE_LOGIN; i++) {
                const SetupFinding f = setup_pairs_port(a, login, pair, i);

                if (f.state > worst.state)
                        worst = f;
        }
        return worst;
}

static const char *setup_pairs_error(Arena *a, const char *text) {
        const char *why = setup_virsh_error(text);

        return why ? text_copy(a, why, strcspn(why, "\r\n")) : NULL;
}

static const char *setup_pairs_login_to_do(Arena *a, const SetupLogin *login, const SetupPair *pair,
                                           SshTrouble trouble) {
        const char *from = pair->from->name, *as = setup_login_name(login, pair->to), *to = pair->to->address;
        const long long port = (long long) pair->to->port;

        if (pair->to->way != SETUP_SSH)
                return text_format(
                        a,
                        "on %s: /etc/pki/CA/cacert.pem, /etc/pki/libvirt/clientcert.pem and private/clientkey.pem must "
                        "be there, of the same CA (docs/libvirt-access.md)",
                        from);
        if (trouble == SSH_UNKNOWN || trouble == SSH_CHANGED)
                return text_format(
                        a,
                        "on %s, as root: ssh -p %lld %s@%s true, once, and compare the fingerprint it shows",
                        from, port, as, to);
        return text_format(
                a, "on %s, as root: ssh-keygen -t ed25519 if there is no key, then ssh-copy-id -p %lld %s@%s",
                from, port, as, to);
}

/* It was not tried: nobody but root may, or the URI cannot stand in a line of virsh's. */
static SetupFinding setup_pairs_untried(Arena *a, const SetupLogin *login, const SetupPair *pair) {
        const bool is_root = strcmp(setup_login_name(login, pair->from), "root") == 0;

        return (SetupFinding){
                .test = "migration-login",
                .state = SETUP_NOT_TESTED,
                .what = is_root ? text_format(
                                          a,
                                          "login of its libvirt: %s contains more than letters, digits and +:/@._-",
                                          pair->to->uri)
                                : "login of its libvirt: only root can try it there",
                .to_do = text_format(a, "on %s: sudo virsh -c %s hostname", pair->from->name,
                                     setup_word_quoted(a, pair->to->uri))
        };
}

static SetupFinding setup_pairs_login(Arena *a, const SetupLogin *login, const SetupPair *pair) {
        const SetupChild *child = &pair->children[PROBE_LOGIN];
        const bool is_in = strstr(child->output.text, "Authenticated to ");
        const char *from = pair->from->name, *error = setup_pairs_error(a, child->output.text);
        SetupFinding f = { .test = "migration-login", .state = SETUP_NOT_TESTED };

        if (!child->command.words[0])
                return setup_pairs_untried(a, login, pair);
        if (child->result == 0 && child->output.status == 0 && setup_virsh_answered(child->output.text)) {
                f.state = SETUP_GOOD;
                f.what = "its libvirt may connect";
        } else if (child->result == 0 &&
                   (child->output.status == 127 || ssh_trouble_of(child->output.text) == SSH_NO_COMMAND)) {
                f.what = text_format(a, "login of its libvirt: %s has no virsh (apt install libvirt-clients)",
                                     from);
        } else if (is_in && child->result == -ETIMEDOUT) {
                f.state = SETUP_WRONG;
                f.what = text_format(a, "libvirt of %s (as root) got no answer from %s in time", from,
                                     pair->to->uri);
                f.to_do = text_format(a, "on %s, as root: virsh -c %s hostname", from,
                                      setup_word_quoted(a, pair->to->uri));
        } else if (is_in && child->result == 0 && error) {
                f.state = SETUP_WRONG;
                f.what = text_format(a, "libvirt of %s (as root) may not connect to %s: %s", from,
                                     pair->to->uri, error);
                f.to_do = setup_pairs_login_to_do(a, login, pair, ssh_trouble_of(child->output.text));
        } else {
                f.what = text_format(a, "login of its libvirt: virsh by ssh to %s gave no result: %s", from,
                                     setup_login_line(a, child));
        }
        return f;
}

static void setup_pairs_put(const SetupLogin *login, const SetupPair *pair, SetupFinding f) {
        f.who = pair->from->name;
        f.peer = pair->to->name;
        setup_result_add(login->result, f);
}

/* ---- which pairs ---- */

typedef struct PairsChoice {
        SetupPairIx *pairs;
        uint32_t n;
        bool *is_from, *is_to, *taken; /* [n], [n], [n * n] */
} PairsChoice;

static void setup_pairs_take(PairsChoice *c, uint32_t hosts, uint32_t from, uint32_t to) {
        c->pairs[c->n++] = (SetupPairIx){ from, to };
        c->is_from[from] = c->is_to[to] = c->taken[(size_t) from * hosts + to] = true;
}

int setup_pairs_choose(Arena *a, const bool *from, const bool *to, uint32_t n, uint32_t most,
                       SetupPairs *ret) {
        const size_t all_pairs = (size_t) n * n;
        PairsChoice c = { .pairs = arena_new(a, SetupPairIx, all_pairs),
                          .is_from = arena_new(a, bool, n),
                          .is_to = arena_new(a, bool, n),
                          .taken = arena_new(a, bool, all_pairs) };
        uint32_t all = 0;

        if (!c.pairs || !c.is_from || !c.is_to || !c.taken)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t j = 0; j < n; j++)
                        all += i != j && from[i] && to[j];
        /* by steps around the list, so that neighbours in it are not all of one host; first each once, then more */
        for (int round = all > most ? 0 : 1; round < 2; round++)
                for (uint32_t step = 1; step < n; step++)
                        for (uint32_t i = 0; i < n; i++) {
                                const uint32_t j = (i + step) % n;

                                if (!from[i] || !to[j] || c.taken[(size_t) i * n + j])
                                        continue;
                                if (round == 0 ? !c.is_from[i] || !c.is_to[j] : c.n < most)
                                        setup_pairs_take(&c, n, i, j);
                        }
        *ret = (SetupPairs){ .at = c.pairs, .n = c.n, .all = all };
        return 0;
}

int setup_login_pairs(Arena *a, const SetupLogin *login) {
        bool *from = arena_new(a, bool, login->n), *to = arena_new(a, bool, login->n);
        SetupPairs chosen = { 0 };
        SetupPair *pairs;
        SetupChild *children;
        int r;

        if (!from || !to)
                return -ENOMEM;
        if (!login->ssh)
                return 0;
        for (uint32_t i = 0; i < login->n; i++) {
                from[i] = login->hosts[i].way == SETUP_SSH && login->is_in[i];
                to[i] = login->hosts[i].address;
        }
        r = setup_pairs_choose(a, from, to, login->n, SETUP_PAIRS_MOST, &chosen);
        if (r < 0)
                return r;
        pairs = arena_new(a, SetupPair, chosen.n);
        children = arena_new(a, SetupChild, (size_t) chosen.n * PROBE_N);
        if (!pairs || !children)
                return -ENOMEM;
        for (uint32_t i = 0; i < chosen.n; i++) {
                pairs[i] = (SetupPair){ .from = &login->hosts[chosen.at[i].from],
                                        .to = &login->hosts[chosen.at[i].to],
                                        .children = &children[(size_t) i * PROBE_N] };
                setup_pairs_commands(a, login, &pairs[i]);
                for (int k = 0; k < PROBE_N; k++)
                        pairs[i].children[k].lane = chosen.at[i].from;
        }
        r = setup_children_run(a, children, chosen.n * PROBE_N);
        for (uint32_t i = 0; r == 0 && i < chosen.n; i++) {
                setup_pairs_put(login, &pairs[i], setup_pairs_ports(a, login, &pairs[i]));
                setup_pairs_put(login, &pairs[i], setup_pairs_login(a, login, &pairs[i]));
        }
        login->result->pairs += chosen.n;
        login->result->pairs_all += chosen.all;
        return r;
}
