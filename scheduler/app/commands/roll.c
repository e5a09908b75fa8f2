/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/roll.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/maintenance.h"
#include "scheduler/app/commands/roll_state.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/sha256.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/decide/query/roll_order.h"
#include "scheduler/snapshot/json/json_value.h"

#define STATE      "roll"
#define CORDON_WHY "rolling maintenance: it is emptied later, and accepts no VM until then"
#define FRESH_POLL USEC_PER_SEC
#define FRESH_MOST (900 * USEC_PER_SEC)

typedef struct Roll {
        Invocation *in;
        Facts *facts;
        Store *store;
        const char *command; /* as it was given to this program: none is ever taken from the store */
        const char *digest;  /* of the command the roll began with, and how it is run */
        bool shell;
        uint32_t at_once;
        const char **left, **done; /* hosts, by name */
        uint32_t n_left, n_done;
        const char **stayed; /* [n_stayed] of this run: they could not be emptied, and the others went on */
        uint32_t n_stayed;
        const char *by;
        usec_t at;
        RollOrder order;
        const char *run; /* this program's run of it: no other writes the same state */
        const char *was; /* the state as it is in the store, by what this run knows; "": none */
        TextFault held;  /* why it stopped, for its JSON */
} Roll;

/* ---- how far it is ---- */

static json_t *roll_names_json(const char *const *names, uint32_t n) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < n; i++)
                (void) json_array_append_new(list, json_string(names[i]));
        return list;
}

/* What stayed is left, too: --resume tries it again. */
static json_t *state_json(const Roll *roll) {
        json_t *left = roll_names_json(roll->left, roll->n_left),
               *stayed = roll_names_json(roll->stayed, roll->n_stayed);

        (void) json_array_extend(left, stayed);
        json_decref(stayed);
        return json_pack("{s:s, s:s, s:I, s:s, s:s, s:I, s:o, s:o}", "schema", ROLL_SCHEMA, "by", roll->by,
                         "at", (json_int_t) roll->at, "process", roll->run, "run_sha256", roll->digest,
                         "at_once", (json_int_t) roll->at_once, "left", left, "done",
                         roll_names_json(roll->done, roll->n_done));
}

/* Of two runs of one roll the one that took it over last goes on: the other's next step is refused here. 0;
 * 1: refused; a negative errno. */
static int roll_save(Roll *roll) {
        json_t *o = state_json(roll);
        char *text = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        const char *is = text ? text_copy(roll->in->arena, text, strlen(text)) : NULL;
        int r = is ? store_change_note(roll->store, STATE, roll->was, is) : -ENOMEM;

        json_decref(o);
        free(text);
        if (r == 0)
                roll->was = is;
        return r;
}

/* It is over, unless another run goes on with it. */
static int roll_forget(const Roll *roll) {
        int r = store_change_note(roll->store, STATE, roll->was, "");

        return r < 0 ? r : 0;
}

/* 0: there is one that is not over; 1: none. */
static int roll_load(Roll *roll, uint32_t room) {
        const char *text = NULL;
        RollState s = { 0 };
        size_t n = 0;
        int r = store_get_note(roll->store, roll->in->arena, STATE, &text, &n);

        roll->was = r == 0 ? text : "";
        if (r != 0 || n == 0)
                return r < 0 ? r : 1;
        r = roll_state_parse(roll->in->arena, text, n, room, &s);
        if (r < 0)
                return r;
        roll->by = s.by;
        roll->digest = s.digest;
        roll->at = s.at;
        roll->at_once = s.at_once;
        roll->left = s.left;
        roll->n_left = s.n_left;
        roll->done = s.done;
        roll->n_done = s.n_done;
        return 0;
}

/* ---- the plan ---- */

static ExitStatus make_order(Roll *roll) {
        Busy busy;
        Invocation *in = roll->in;
        const Snapshot *s = roll->facts->snapshot;
        HostIx *hosts = arena_new(in->arena, HostIx, roll->n_left);
        const Problem *p = NULL;
        int r = hosts ? problem_build(in->arena, s, roll->facts->settings, &p) : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < roll->n_left; i++) {
                hosts[i] = snapshot_host(s, roll->left[i]);
                if (hosts[i] == IX_NONE)
                        return command_complain(in, EXIT_BAD_INPUT, "%s is no longer a host of %s",
                                                roll->left[i], s->cluster);
        }
        if (r == 0) {
                busy_begin(&busy, &in->err, "planning the order");
                r = roll_order(in->arena, p, hosts, roll->n_left, roll->at_once, &roll->order);
                busy_end(&busy);
        }
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "cannot plan: %s", strerrordesc_np(-r));
        for (uint32_t i = 0; i < roll->order.n; i++)
                roll->left[i] = s->hosts[roll->order.hosts[i]].name;
        return EXIT_DONE;
}

static void print_order_json(const Roll *roll) {
        json_t *groups = json_array(), *group = NULL;
        const RollOrder *o = &roll->order;
        json_t *all;

        for (uint32_t i = 0; i < o->n; i++) {
                if (i == 0 || o->group[i] != o->group[i - 1]) {
                        group = json_array();
                        (void) json_array_append_new(groups, group);
                }
                (void) json_array_append_new(group, json_string(roll->left[i]));
        }
        all = json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "schema", "plimsoll.roll-plan/1",
                        "cluster", roll->facts->snapshot->cluster, "groups", groups, "move_count",
                        (json_int_t) o->moves, "moved_mib", (json_int_t) o->mib, "moved_again_count",
                        (json_int_t) o->twice, "moved_again_mib", (json_int_t) o->twice_mib, "stuck_count",
                        (json_int_t) o->n_stuck);
        (void) json_print(all, roll->in->out.out);
}

static void print_order(const Roll *roll) {
        const RollOrder *o = &roll->order;
        FILE *out = roll->in->out.out;
        char name[256], all[HUMAN_SIZE], again[HUMAN_SIZE];

        if (roll->in->json)
                return;
        (void) out_say(out, "%u host%s in %u group%s, %u %s, %s of memory in all", o->n, o->n == 1 ? "" : "s",
                       o->n_groups, o->n_groups == 1 ? "" : "s", o->moves,
                       text_plural(o->moves, "migration", "migrations"), human_mib(o->mib, all));
        if (o->twice > 0)
                (void) out_say(out, "; %u %s more than once (%s), because there is no room elsewhere",
                               o->twice, text_plural(o->twice, "VM moves", "VMs move"),
                               human_mib(o->twice_mib, again));
        (void) fputc('\n', out);
        for (uint32_t i = 0; i < o->n; i++) {
                if (i == 0 || o->group[i] != o->group[i - 1])
                        (void) out_say(out, i > 0 ? "\n  %u. " : "  %u. ", o->group[i] + 1);
                else
                        (void) fputs(", ", out);
                (void) out_say(out, "%s", roll->left[i]);
        }
        (void) fputs("\n", out);
        for (uint32_t i = 0; i < o->n_stuck; i++)
                (void) out_say(out, "%s: one of its VMs has no room on any other host, or may not move\n",
                               text_safe(roll->facts->snapshot->hosts[o->stuck[i]].name, name, sizeof(name)));
}

/* ---- cordons: what is emptied later takes nothing until then, where there is room elsewhere ---- */

/* Only an active host is cordoned, and only our own cordon is taken back. */
static int roll_cordon(const Roll *roll, const char *host, bool on) {
        OperatorMark was = { 0 };
        const char *old = "", *text = text_format(roll->in->arena, "-%s", roll->by);
        int r = text ? host_mark_get(roll->store, roll->in->arena, host, &was, &old) : -ENOMEM;
        bool ours = was.state == HOST_CORDONED && was.why && strcmp(was.why, CORDON_WHY) == 0;

        if (r < 0 || (on ? old[0] != '\0' : !ours))
                return r;
        if (on)
                r = host_mark_print(roll->in->arena,
                                    &(OperatorMark){ .state = HOST_CORDONED,
                                                     .by = roll->by,
                                                     .why = CORDON_WHY,
                                                     .at = clock_now() },
                                    &text);
        if (r == 0)
                r = store_change_mark(roll->store, host, old, text);
        return r < 0 ? r : 0; /* another operator was quicker: theirs counts */
}

/* Those of group `first …` are to be entered; those after it are closed, unless they are needed. */
static int cordon_later(const Roll *roll, uint32_t end, bool spills) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < roll->n_left; i++)
                r = roll_cordon(roll, roll->left[i], i >= end && !spills);
        return r;
}

static int uncordon_all(const Roll *roll) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < roll->n_left; i++)
                r = roll_cordon(roll, roll->left[i], false);
        return r;
}

/* ---- one host ---- */

/* The command's exit status, 0 … 255, or a negative errno. */
static int roll_run_command(const Roll *roll, const char *host) {
        pid_t pid;
        int status = 0;

        (void) fflush(NULL);
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                struct sigaction plain = { .sa_handler = SIG_DFL };

                (void) sigaction(SIGINT, &plain, NULL);
                (void) sigaction(SIGTERM, &plain, NULL);
                (void) sigaction(SIGPIPE, &plain, NULL);
                (void) setenv("PLIMSOLL_HOST", host, 1);
                if (roll->in->json)
                        (void) dup2(STDERR_FILENO, STDOUT_FILENO);
                if (roll->shell)
                        (void) execl("/bin/sh", "sh", "-c", roll->command, "sh", host, (char *) NULL);
                else
                        (void) execlp(roll->command, roll->command, host, (char *) NULL);
                _exit(127);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Its agent must have reported after the command: what the host says of itself counts, not that it answers.
 */
static ExitStatus wait_fresh(const Roll *roll, const char *host, usec_t since) {
        usec_t end = clock_monotonic() + option_number(&roll->in->options, "fresh-within", FRESH_MOST);

        while (clock_monotonic() < end && stop_signal_count() == 0) {
                HostIx h = IX_NONE;

                if (facts_read(roll->in, roll->facts) == EXIT_DONE)
                        h = snapshot_host(roll->facts->snapshot, host);
                if (h != IX_NONE && roll->facts->snapshot->hosts[h].excluded == EXCLUDED_NONE &&
                    roll->facts->snapshot->hosts[h].seen_at > since)
                        return EXIT_DONE;
                clock_sleep(FRESH_POLL);
        }
        return command_complain(roll->in, EXIT_FAILED, "%s has not reported since its command ended", host);
}

static ExitStatus do_host(const Roll *roll, const char *host) {
        char safe[256];
        usec_t ended;
        int r = 0;

        (void) text_safe(host, safe, sizeof(safe));
        if (roll->command) {
                if (!roll->in->json)
                        (void) out_say(roll->in->out.out, "%s: running %s\n", safe, roll->command);
                r = roll_run_command(roll, host);
        }
        if (r != 0)
                return r < 0 ? command_complain(roll->in, EXIT_FAILED, "%s: %s", roll->command,
                                                strerrordesc_np(-r))
                             : command_complain(roll->in, EXIT_FAILED, "%s exited with status %d for %s%s",
                                                roll->command, r, safe,
                                                r == 127 ? " (does it exist, and is it executable?)" : "");
        ended = clock_now();
        if (wait_fresh(roll, host, ended) != EXIT_DONE)
                return EXIT_FAILED;
        return maintenance_exit(roll->in, roll->facts, host);
}

/* ---- one group ---- */

static void roll_take_out(Roll *roll, const char *host) {
        uint32_t at = 0;

        while (at < roll->n_left && strcmp(roll->left[at], host) != 0)
                at++;
        roll->n_left--;
        memmove((void *) (roll->left + at), roll->left + at + 1, sizeof(*roll->left) * (roll->n_left - at));
}

static int mark_done(Roll *roll, const char *host) {
        roll->done[roll->n_done++] = host;
        roll_take_out(roll, host);
        return roll_save(roll);
}

/* Emptied as far as it can be. It stays in maintenance, and the others go on; not where nobody would empty these either:
 * no service acts, or all moves are stopped. 0; 1: they do not go on, or the state was another's; a negative errno. */
static int roll_set_aside(Roll *roll, const char *host) {
        int acts = maintenance_acts(roll->in, roll->facts);

        if (acts <= 0 || stopped_words(roll->in, roll->store))
                return acts < 0 ? acts : 1;
        roll->stayed[roll->n_stayed++] = host;
        roll_take_out(roll, host);
        return roll_save(roll);
}

/* 1: the state was another's by then. */
static ExitStatus store_failed(const Roll *roll, int r) {
        if (r > 0)
                return command_complain(
                        roll->in, EXIT_FAILED,
                        "another command continues this roll. Progress: plimsoll maintenance status");
        return maintenance_failed(roll->in, roll->store, r);
}

/* Of a host that is in maintenance already the service has planned before: once more, since something may have changed.
 * *ret: when; 0: none is. */
static int roll_ask_again(const Roll *roll, const char *const *group, uint32_t n, usec_t *ret) {
        const Snapshot *s = roll->facts->snapshot;
        bool again = false;

        for (uint32_t i = 0; i < n; i++) {
                const HostIx h = snapshot_host(s, group[i]);

                again |= h != IX_NONE && s->hosts[h].state == HOST_MAINTENANCE;
        }
        *ret = again ? clock_now() : 0;
        return again ? store_call_round(roll->store) : 0;
}

/* The first `n` of those that are left. */
static ExitStatus do_group(Roll *roll, uint32_t n, bool spills) {
        const char **group = arena_new(roll->in->arena, const char *, n);
        bool *stays = arena_new(roll->in->arena, bool, n);
        ExitStatus status = EXIT_DONE;
        usec_t asked = 0;
        int r = group && stays ? cordon_later(roll, n, spills) : -ENOMEM;

        if (r >= 0) {
                memcpy((void *) group, roll->left, sizeof(*group) * n);
                r = roll_ask_again(roll, group, n, &asked);
        }
        if (r < 0)
                return store_failed(roll, r);
        status = chosen_hosts_take_part(roll->in, roll->facts->snapshot, &(Strings){ group, n });
        for (uint32_t i = 0; status == EXIT_DONE && i < n; i++)
                status = maintenance_enter(roll->in, roll->facts, group[i], true);
        for (uint32_t i = 0; status == EXIT_DONE && i < n; i++) {
                status = maintenance_wait(roll->in, roll->facts, group[i], asked);
                stays[i] = status == EXIT_BLOCKED && roll_set_aside(roll, group[i]) == 0;
                status = stays[i] ? EXIT_DONE : status;
        }
        for (uint32_t i = 0; status == EXIT_DONE && i < n; i++) {
                if (stays[i])
                        continue;
                status = do_host(roll, group[i]);
                r = status == EXIT_DONE ? mark_done(roll, group[i]) : 0;
                if (r != 0)
                        return store_failed(roll, r);
        }
        return status;
}

static void roll_print_json(const Roll *roll, const char *stopped_at) {
        json_t *o = state_json(roll);

        (void) json_object_set_new(o, "schema", json_string("plimsoll.roll-state/1"));
        (void) json_object_set_new(o, "at", json_instant(roll->at));
        (void) json_object_set_new(o, "stayed", roll_names_json(roll->stayed, roll->n_stayed));
        (void) json_object_set_new(o, "stopped_at_host", json_text(stopped_at));
        (void) json_object_set_new(o, "stopped_why", json_text(stopped_at ? roll->held.what : NULL));
        (void) json_print(o, roll->in->out.out);
}

/* The hosts that could not be emptied, and by which VMs. */
static ExitStatus roll_say_stayed(const Roll *roll) {
        const Strings stayed = { .at = roll->stayed, .n = roll->n_stayed };

        if (!roll->in->json && facts_read(roll->in, roll->facts) == EXIT_DONE) {
                (void) out_say(roll->in->out.out, "\n"
                                                  "What stayed, and why:\n");
                (void) maintenance_show(roll->in, roll->facts, &stayed);
        }
        return command_complain(
                roll->in, EXIT_BLOCKED,
                "%u host%s done; %u could not be emptied and %s in maintenance. To try again: plimsoll "
                "maintenance roll --resume --run CMD; to give one back: plimsoll maintenance exit HOST",
                roll->n_done, roll->n_done == 1 ? " is" : "s are", roll->n_stayed,
                roll->n_stayed == 1 ? "stays" : "stay");
}

static ExitStatus say_stopped(const Roll *roll, ExitStatus status) {
        char safe[256];

        if (roll->in->json)
                roll_print_json(roll, roll->left[0]);
        if (roll->n_stayed > 0)
                (void) roll_say_stayed(roll);
        return command_complain(
                roll->in, status,
                "stopped at %s, which stays in maintenance; %u %s done, %u left. To continue: "
                "plimsoll maintenance roll --resume --run CMD",
                text_safe(roll->left[0], safe, sizeof(safe)), roll->n_done,
                text_plural(roll->n_done, "host is", "hosts are"), roll->n_left + roll->n_stayed);
}

/* Anew before each group: what the last one made of the cluster is a fact now. */
static ExitStatus do_all(Roll *roll) {
        ExitStatus status = EXIT_DONE;

        stop_signal_watch();
        roll->in->held = &roll->held; /* one document is printed, also of a roll that stops */
        while (roll->n_left > 0 && status == EXIT_DONE && stop_signal_count() == 0) {
                uint32_t n = 0;

                status = stopped_check(roll->in, roll->store, roll->facts->settings);
                if (status == EXIT_DONE)
                        status = make_order(roll);
                while (n < roll->order.n && roll->order.group[n] == 0)
                        n++;
                if (status == EXIT_DONE)
                        status = do_group(roll, n, roll->order.spills[0]);
                if (status == EXIT_DONE)
                        status = facts_read(roll->in, roll->facts);
        }
        if (uncordon_all(roll) < 0)
                (void) command_complain(roll->in, EXIT_FAILED,
                                        "cordons of this roll could not be removed: %s",
                                        store_error(roll->store));
        if (roll->n_left > 0)
                return say_stopped(roll, status == EXIT_DONE ? EXIT_FAILED : status);
        if (roll->n_stayed == 0)
                (void) !roll_forget(roll); /* one that is left says that nothing is left */
        if (roll->in->json)
                roll_print_json(roll, NULL);
        else if (roll->n_stayed == 0)
                (void) out_say(roll->in->out.out, "all done: %u %s\n", roll->n_done,
                               text_plural(roll->n_done, "host", "hosts"));
        return roll->n_stayed == 0 ? EXIT_DONE : roll_say_stayed(roll);
}

/* ---- the command ---- */

static ExitStatus roll_abandon(Roll *roll, int loaded) {
        int r = loaded == 0 ? uncordon_all(roll) : 0;

        if (r == 0 && loaded != 1)
                r = roll_forget(roll);
        if (r < 0)
                return store_failed(roll, r);
        if (roll->in->json)
                (void) json_print(json_done(), roll->in->out.out);
        else
                (void) out_say(roll->in->out.out,
                               loaded == 1 ? "no roll is running\n" : "the roll is discarded\n");
        return EXIT_DONE;
}

/* Of what is run and how; a command that is run by a shell is another one. */
static const char *command_digest(const Roll *roll) {
        char hex[SHA256_HEX];
        const char *all = text_format(roll->in->arena, "%s %s", roll->shell ? "sh -c" : "exec",
                                      roll->command ? roll->command : "");

        if (!all)
                return NULL;
        sha256_print(all, strlen(all), hex);
        return text_copy(roll->in->arena, hex, strlen(hex));
}

/* What is run as the operator comes from the operator: whoever can write to the store must not have a command run. */
static ExitStatus same_command(const Roll *roll) {
        const char *now = command_digest(roll);

        if (!now)
                return command_complain(roll->in, EXIT_FAILED, "out of memory");
        if (!roll->command)
                return command_complain(
                        roll->in, EXIT_BAD_INPUT,
                        "--resume needs the same --run CMD (and --shell if it was used): the store keeps only a "
                        "checksum of it");
        if (strcmp(now, roll->digest) != 0)
                return command_complain(
                        roll->in, EXIT_BAD_INPUT,
                        "--run is not the command of this roll; nothing was run. Give the same --run and --shell, or "
                        "--abandon the roll and start a new one");
        if (!roll->in->json)
                (void) out_say(roll->in->out.out, "continuing the roll of %s, with %s%s\n", roll->by,
                               roll->shell ? "sh -c " : "", roll->command);
        return EXIT_DONE;
}

static ExitStatus roll_begin_new(Roll *roll, const Strings *hosts) {
        const Snapshot *s = roll->facts->snapshot;
        bool all = option_given(&roll->in->options, "all");
        char by[256];

        if (all == (hosts->n > 0))
                return command_complain(roll->in, EXIT_BAD_INPUT, "roll needs HOSTS, or --all");
        for (uint32_t i = 0; i < (all ? s->n_hosts : hosts->n); i++)
                roll->left[roll->n_left++] = all ? s->hosts[i].name : hosts->at[i];
        roll->digest = command_digest(roll);
        roll->at_once = (uint32_t) option_number(&roll->in->options, "at-once", 1);
        roll->at = clock_now();
        (void) operator_name(by, sizeof(by));
        roll->by = text_copy(roll->in->arena, by, strlen(by));
        return roll->by && roll->digest ? EXIT_DONE
                                        : command_complain(roll->in, EXIT_FAILED, "out of memory");
}

static ExitStatus roll_start(Roll *roll, const Strings *hosts, int loaded) {
        Invocation *in = roll->in;
        bool resume = option_given(&in->options, "resume"), dry = option_given(&in->options, "dry-run");
        ExitStatus status = EXIT_DONE;
        const char *words;
        char safe[1024];
        int acts;

        if (resume && (loaded == 1 || hosts->n > 0))
                return command_complain(
                        in, EXIT_BAD_INPUT, "%s",
                        hosts->n > 0
                                ? "--resume continues with the hosts of the stopped roll. Leave out HOSTS."
                                : "no stopped roll found; nothing to resume");
        if (!resume && !dry && loaded == 0)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "a roll of %s is running or stopped, with %u %s left. Continue it with --resume (and the "
                        "same --run), or discard it with --abandon",
                        roll->by, roll->n_left, text_plural(roll->n_left, "host", "hosts"));
        roll->command = option_text(&in->options, "run");
        roll->shell = option_given(&in->options, "shell");
        if (!resume) {
                roll->n_left = roll->n_done = 0;
                status = roll_begin_new(roll, hosts);
        } else if (!dry) {
                status = same_command(roll);
        }
        if (status == EXIT_DONE)
                status = make_order(roll);
        if (status != EXIT_DONE)
                return status;
        print_order(roll);
        words = dry ? stopped_words(in, roll->store) : NULL;
        if (words && !in->json)
                (void) out_say(in->out.out, "%s\n", text_safe(words, safe, sizeof(safe)));
        if (dry && in->json)
                print_order_json(roll);
        if (dry)
                return roll->order.n_stuck > 0 ? EXIT_BLOCKED : EXIT_DONE;
        if (!roll->command)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "Give --run CMD: the command to run for each emptied host");
        status = stopped_check(in, roll->store, roll->facts->settings);
        if (status != EXIT_DONE)
                return status;
        acts = maintenance_acts(in, roll->facts);
        if (acts <= 0)
                return acts < 0
                               ? store_failed(roll, acts)
                               : command_complain(
                                         in, EXIT_BLOCKED,
                                         "no service in auto mode is running for this cluster, so the hosts would not be emptied. "
                                         "Start plimsolld with service.mode: auto");
        acts = roll_save(roll);
        return acts != 0 ? store_failed(roll, acts) : do_all(roll);
}

ExitStatus roll_run(Invocation *in, Facts *facts, const Strings *hosts) {
        Roll x = { .in = in, .facts = facts, .store = source_store(facts->source), .was = "" };
        uint32_t room = facts->snapshot->n_hosts + HOSTS_MAX / 16;
        ExitStatus status;
        int loaded;

        x.run = text_format(in->arena, "%ld/%lld", (long) getpid(), (long long) clock_now());
        x.left = arena_new(in->arena, const char *, room);
        x.done = arena_new(in->arena, const char *, room);
        x.stayed = arena_new(in->arena, const char *, room);
        if (!x.run || !x.left || !x.done || !x.stayed)
                return command_complain(in, EXIT_FAILED, "out of memory");
        loaded = roll_load(&x, room);
        if (option_given(&in->options, "abandon"))
                return roll_abandon(&x, loaded);
        if (loaded == -EBADMSG)
                return command_complain(in, EXIT_FAILED,
                                        "the stored state of the roll is damaged. Discard it with --abandon");
        if (loaded < 0)
                return store_failed(&x, loaded);
        status = roll_start(&x, hosts, loaded);
        in->held = NULL;
        return status;
}
