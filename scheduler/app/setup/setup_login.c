/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/setup_login.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define OUTPUT_MOST   ((size_t) 64 << 10)
#define SPARE         (5 * USEC_PER_SEC) /* beyond the limit that ssh itself is given */
#define TIME_IN_MICRO 1000000

/* In this order: a changed key is also complained of as one that does not verify. */
static const struct {
        const char *words;
        SshTrouble trouble;
} setup_login_words[] = {
        { "REMOTE HOST IDENTIFICATION HAS CHANGED", SSH_CHANGED },
        { "Host key verification failed", SSH_UNKNOWN },
        { "Permission denied", SSH_NO_KEY },
        { "Too many authentication failures", SSH_NO_KEY },
        { "administratively prohibited", SSH_NO_FORWARDING },
        { "open failed: unknown channel type", SSH_NO_FORWARDING },
        { "Could not resolve hostname", SSH_NO_NAME },
        { "Name or service not known", SSH_NO_NAME },
        { "Temporary failure in name resolution", SSH_NO_NAME },
        { "No address associated with hostname", SSH_NO_NAME },
        { "Connection refused", SSH_REFUSED },
        { "timed out", SSH_SILENT },
        { "No route to host", SSH_SILENT },
        { "Network is unreachable", SSH_SILENT },
        { "command not found", SSH_NO_COMMAND },
        { "virsh: not found", SSH_NO_COMMAND },
};

SshTrouble ssh_trouble_of(const char *text) {
        for (size_t i = 0; i < ARRAY_SIZE(setup_login_words); i++)
                if (strstr(text, setup_login_words[i].words))
                        return setup_login_words[i].trouble;
        return SSH_NONE;
}

usec_t setup_clock_of(const char *text) {
        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                const size_t n = strcspn(line, "\r\n");
                int64_t at;

                if (n >= 12 && memchr(line, '.', n) &&
                    text_to_scaled(line, n, TIME_IN_MICRO, 1, INT64_MAX / 2, &at) == 0)
                        return at;
        }
        return 0;
}

/* What the server says of a channel that it could not open. */
static SetupPort setup_port_refused(const char *words) {
        switch (ssh_trouble_of(words)) {
        case SSH_REFUSED:
                return SETUP_PORT_REFUSED;
        case SSH_SILENT:
                return SETUP_PORT_SILENT;
        case SSH_NO_NAME:
                return SETUP_PORT_NO_NAME;
        case SSH_NO_FORWARDING:
                return SETUP_PORT_FORBIDDEN;
        default:
                return SETUP_PORT_UNSEEN;
        }
}

SetupPort setup_port_of(int result, const ToolOutput *output) {
        const char *failed = strstr(output->text, "open failed: ");

        if (result == -ETIMEDOUT) /* the login is over: what is silent is the port */
                return strstr(output->text, "Authenticated to ") ? SETUP_PORT_SILENT : SETUP_PORT_UNSEEN;
        if (result < 0)
                return SETUP_PORT_UNSEEN;
        return output->status == 0 ? SETUP_PORT_REACHED
               : failed            ? setup_port_refused(failed)
                                   : SETUP_PORT_UNSEEN;
}

const char *setup_virsh_error(const char *text) {
        static const char mark[] = "error: ", that[] = "failed to connect to the hypervisor";
        const char *first = NULL;

        for (const char *at = text; (at = strstr(at, mark));) {
                at += strlen(mark);
                if (*at == '\0' || *at == '\r' || *at == '\n')
                        continue;
                if (strncmp(at, that, strlen(that)) != 0)
                        return at;
                first = first ? first : at;
        }
        return first;
}

/* virsh shows its prompt before each answer; with readline the command, too. */
bool setup_virsh_answered(const char *text) {
        static const char prompt[] = "virsh # ", command[] = "hostname\n";
        const char *at = strstr(text, prompt), *answer;

        at = at && !strstr(text, "error: ") ? strstr(at + strlen(prompt), prompt) : NULL;
        if (!at)
                return false;
        answer = at + strlen(prompt);
        if (strncmp(answer, command, strlen(command)) == 0)
                answer += strlen(command);
        return answer[strcspn(answer, "\n")] == '\n' && *answer != '\n' &&
               strcspn(answer, " \n") == strcspn(answer, "\n");
}

/* ---- service → host ---- */

const char *setup_login_name(const SetupLogin *login, const SetupHost *host) {
        return host->login ? host->login : login->user->name;
}

ToolCommand setup_login_command(Arena *a, const SetupLogin *login, const SetupHost *host,
                                const char *const *more) {
        const char *wait = text_format(a, "-oConnectTimeout=%lld", (long long) (login->limit / USEC_PER_SEC)),
                   *port = text_format(a, "-oPort=%lld", (long long) host->port);
        /* a test leaves known_hosts as it is, whatever ssh_config says, and sees no connection of before */
        ToolCommand command = { .words = { wait && port ? login->ssh : NULL, "-T", "-oBatchMode=yes", wait,
                                           "-oUpdateHostKeys=no", "-oStrictHostKeyChecking=yes",
                                           "-oControlMaster=no", "-oControlPath=none", port, "-l",
                                           setup_login_name(login, host) },
                                .limit = login->limit + SPARE,
                                .most = OUTPUT_MOST,
                                .errors = true };
        size_t n = 11;

        for (; *more; n++) {
                assert(n < TOOL_WORDS_MAX);
                command.words[n] = *more++;
        }
        return command;
}

const char *setup_login_line(Arena *a, const SetupChild *child) {
        static const char *const chatter[] = { "Authenticated to ", "Transferred: ", "Bytes per second: " };
        const char *last = NULL;

        if (child->result < 0)
                return strerrordesc_np(-child->result);
        for (const char *line = child->output.text; *line;
             line += strcspn(line, "\n"), line += *line == '\n') {
                bool is_chatter = strcspn(line, "\r\n") == 0;

                for (size_t i = 0; i < ARRAY_SIZE(chatter); i++)
                        is_chatter = is_chatter || strncmp(line, chatter[i], strlen(chatter[i])) == 0;
                last = is_chatter ? last : line;
        }
        return last ? text_copy(a, last, strcspn(last, "\r\n"))
                    : text_format(a, "exit status %d", child->output.status);
}

/* What is wrong with a login, and what mends it. */
static SetupFinding setup_login_finding(Arena *a, const SetupLogin *login, const SetupHost *host,
                                        const SetupChild *child) {
        const char *as = setup_login_name(login, host);
        SetupFinding f = { .who = SETUP_SERVICE, .peer = host->name, .test = "login", .state = SETUP_WRONG };
        const SshTrouble trouble =
                child->result == -ETIMEDOUT ? SSH_SILENT : ssh_trouble_of(child->output.text);

        switch (trouble) {
        case SSH_NO_KEY:
                f.what = text_format(a, "%s does not accept the key %s.pub for user %s", host->name,
                                     login->key->path, as);
                f.to_do =
                        text_format(a,
                                    "%scat %s.pub | ssh -p %lld %s@%s 'mkdir -p .ssh && cat >> "
                                    ".ssh/authorized_keys' (or put that line into "
                                    "~%s/.ssh/authorized_keys on %s)",
                                    *login->user->sudo ? "sudo " : "", setup_word_quoted(a, login->key->path),
                                    (long long) host->port, as, host->address, as, host->name);
                break;
        case SSH_UNKNOWN:
                f.what = text_format(a, "the host key of %s is not in %s/.ssh/known_hosts", host->name,
                                     login->user->home);
                f.to_do = text_format(
                        a, "%splimsoll setup libvirt%s --accept-host-keys %s, and compare its fingerprint",
                        *login->user->option ? "sudo " : "", login->user->option, setup_host_word(a, host));
                break;
        case SSH_CHANGED:
                f.what = text_format(a, "the host key of %s differs from the one in %s/.ssh/known_hosts",
                                     host->name, login->user->home);
                f.to_do = text_format(
                        a,
                        "find out why; if the host was reinstalled: %sssh-keygen -R %s -f %s/.ssh/known_hosts",
                        login->user->sudo, setup_word_quoted(a, setup_host_known_name(a, host)),
                        setup_word_quoted(a, login->user->home));
                break;
        case SSH_NO_NAME:
                f.what = text_format(a, "the name %s does not resolve here", host->address);
                f.to_do = text_format(a, "put %s into DNS, or into /etc/hosts here and on all hosts",
                                      host->address);
                break;
        case SSH_REFUSED:
                f.what = text_format(a, "nothing listens on port %lld of %s", (long long) host->port,
                                     host->address);
                f.to_do = text_format(a, "on %s: systemctl enable --now ssh", host->name);
                break;
        case SSH_SILENT:
                f.what =
                        text_format(a, "no answer from port %lld of %s within %lld s", (long long) host->port,
                                    host->address, (long long) (login->limit / USEC_PER_SEC));
                f.to_do = text_format(a, "switch %s on, or open port %lld in its firewall", host->name,
                                      (long long) host->port);
                break;
        default:
                f.what = text_format(a, "ssh to %s failed: %s", host->name, setup_login_line(a, child));
                f.to_do = text_format(a, "%sssh -v -p %lld %s@%s true", login->user->sudo,
                                      (long long) host->port, as, host->address);
                break;
        }
        return f;
}

static void setup_login_clock(Arena *a, const SetupLogin *login, const SetupHost *host,
                              const SetupChild *child) {
        const usec_t theirs = setup_clock_of(child->output.text);
        const usec_t off = theirs == 0             ? 0
                           : theirs < child->began ? theirs - child->began
                           : theirs > child->ended ? theirs - child->ended
                                                   : 0;
        SetupFinding f = { .who = SETUP_SERVICE, .peer = host->name, .test = "clock", .state = SETUP_GOOD };

        if (theirs == 0) {
                f.state = SETUP_NOT_TESTED;
                f.what = "its clock: date +%s.%N printed no time there";
        } else if (off > login->clock_skew || -off > login->clock_skew) {
                f.state = SETUP_WRONG;
                f.what =
                        text_format(a, "its clock is %.1f s %s ours (limit %.1f s)",
                                    (double) (off < 0 ? -off : off) / USEC_PER_SEC,
                                    off < 0 ? "behind" : "before", (double) login->clock_skew / USEC_PER_SEC);
                f.to_do = text_format(
                        a,
                        "on %s: apt install chrony (or timedatectl set-ntp true); timedatectl shows which of the two "
                        "clocks is wrong",
                        host->name);
        } else {
                f.what = text_format(a, "clock within %.1f s of ours",
                                     (double) (off < 0 ? -off : off) / USEC_PER_SEC);
        }
        setup_result_add(login->result, f);
}

int setup_login_test(Arena *a, const SetupLogin *login) {
        SetupChild *children = arena_new(a, SetupChild, login->n);
        int r;

        if (!children)
                return -ENOMEM;
        for (uint32_t i = 0; i < login->n; i++)
                login->is_in[i] = login->hosts[i].way != SETUP_SSH;
        if (!login->ssh)
                return 0; /* the key's finding says so */
        for (uint32_t i = 0; i < login->n; i++) {
                const char *const words[] = { "--", login->hosts[i].address, "date +%s.%N", NULL };

                if (login->hosts[i].way != SETUP_SSH)
                        continue;
                children[i].command = setup_login_command(a, login, &login->hosts[i], words);
                children[i].lane = i;
        }
        r = setup_children_run(a, children, login->n);
        for (uint32_t i = 0; r == 0 && i < login->n; i++) {
                const SetupHost *host = &login->hosts[i];

                if (host->way != SETUP_SSH)
                        continue;
                /* a login shell that is none (nologin) lets nobody run anything, libvirt's tunnel neither */
                login->is_in[i] = children[i].result == 0 && children[i].output.status == 0;
                if (!login->is_in[i]) {
                        setup_result_add(login->result, setup_login_finding(a, login, host, &children[i]));
                        continue;
                }
                setup_result_add(
                        login->result,
                        (SetupFinding){ .who = SETUP_SERVICE,
                                        .peer = host->name,
                                        .test = "login",
                                        .state = SETUP_GOOD,
                                        .what = text_format(a, "ssh as %s", setup_login_name(login, host)) });
                setup_login_clock(a, login, host, &children[i]);
        }
        return r;
}
