/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/maintenance.h"
#include "scheduler/app/commands/roll_parts.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/state/roll_cordon.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/base/text.h"

/* Those of the first group, left[0] to left[end - 1], are to be entered; those after it are closed, unless they are needed. */
static int roll_cordon_later(const Roll *roll, uint32_t end, bool spills) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < roll->n_left; i++)
                r = roll_cordon(roll->store, roll->in->arena, roll->by, roll->left[i], i >= end && !spills);
        return r;
}

int roll_uncordon(const Roll *roll) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < roll->n_left; i++)
                r = roll_cordon(roll->store, roll->in->arena, roll->by, roll->left[i], false);
        return r;
}

static void roll_take_out(Roll *roll, const char *host) {
        uint32_t at = 0;

        while (at < roll->n_left && strcmp(roll->left[at], host) != 0)
                at++;
        roll->n_left--;
        memmove((void *) (roll->left + at), roll->left + at + 1, sizeof(*roll->left) * (roll->n_left - at));
}

static int roll_mark_done(Roll *roll, const char *host) {
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
static ExitStatus roll_group(Roll *roll, uint32_t n, bool spills) {
        const char **group = arena_new(roll->in->arena, const char *, n);
        bool *stays = arena_new(roll->in->arena, bool, n);
        ExitStatus status = EXIT_DONE;
        usec_t asked = 0;
        int r = group && stays ? roll_cordon_later(roll, n, spills) : -ENOMEM;

        if (r >= 0) {
                memcpy((void *) group, roll->left, sizeof(*group) * n);
                r = roll_ask_again(roll, group, n, &asked);
        }
        if (r < 0)
                return roll_store_failed(roll, r);
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
                status = roll_host(roll, group[i]);
                r = status == EXIT_DONE ? roll_mark_done(roll, group[i]) : 0;
                if (r != 0)
                        return roll_store_failed(roll, r);
        }
        return status;
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

static ExitStatus roll_say_stopped(const Roll *roll, ExitStatus status) {
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
ExitStatus roll_groups(Roll *roll) {
        ExitStatus status = EXIT_DONE;

        stop_signal_watch();
        roll->in->held = &roll->held; /* one document is printed, also of a roll that stops */
        while (roll->n_left > 0 && status == EXIT_DONE && stop_signal_count() == 0) {
                uint32_t n = 0;

                status = stopped_check(roll->in, roll->store, roll->facts->settings);
                if (status == EXIT_DONE)
                        status = roll_plan(roll);
                while (n < roll->order.n && roll->order.group[n] == 0)
                        n++;
                if (status == EXIT_DONE)
                        status = roll_group(roll, n, roll->order.spills[0]);
                if (status == EXIT_DONE)
                        status = facts_read(roll->in, roll->facts);
        }
        if (roll_uncordon(roll) < 0)
                (void) command_complain(roll->in, EXIT_FAILED,
                                        "cordons of this roll could not be removed: %s",
                                        store_error(roll->store));
        if (roll->n_left > 0)
                return roll_say_stopped(roll, status == EXIT_DONE ? EXIT_FAILED : status);
        if (roll->n_stayed == 0)
                (void) !roll_forget(roll); /* one that is left says that nothing is left */
        if (roll->in->json)
                roll_print_json(roll, NULL);
        else if (roll->n_stayed == 0)
                (void) out_say(roll->in->out.out, "all done: %u %s\n", roll->n_done,
                               text_plural(roll->n_done, "host", "hosts"));
        return roll->n_stayed == 0 ? EXIT_DONE : roll_say_stayed(roll);
}
