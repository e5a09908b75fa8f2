/* SPDX-License-Identifier: Apache-2.0 */
/* A roll that the service carries out (round/roll_step.h): here it is handed over, looked at and steered. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/maintenance_look.h"
#include "scheduler/app/commands/roll_parts.h"
#include "scheduler/app/commands/roll_served_print.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/roll_cordon.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"

#define BLOCKS_MOST 20U

typedef struct Served {
        Roll *roll;
        RollState state;
        bool there; /* there is one, perhaps over */
} Served;

/* ---- the state ---- */

static ExitStatus served_load(Roll *roll, Served *ret) {
        const uint32_t room = roll->facts->snapshot->n_hosts + HOSTS_MAX / 16; /* as roll_run() has it */
        const char *wanted = option_text(&roll->in->options, "id");
        int r = 0;

        *ret = (Served){ .roll = roll };
        if (roll->was[0])
                r = roll_state_parse(roll->in->arena, roll->was, strlen(roll->was), room, &ret->state);
        if (r < 0)
                return command_complain(roll->in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory"
                                                     : "the stored state of the roll is damaged. Discard it "
                                                       "with --abandon");
        ret->there =
                ret->state.id && !ret->state.abandoned && (!wanted || strcmp(wanted, ret->state.id) == 0);
        return EXIT_DONE;
}

static ExitStatus served_save(Served *served) {
        Roll *roll = served->roll;
        const char *is;
        char by[256];
        int r;

        served->state.changed_by = operator_name(by, sizeof(by));
        r = roll_state_print(roll->in->arena, &served->state, &is);

        if (r == 0)
                r = store_change_note(roll->store, ROLL_NOTE, roll->was, is);
        if (r == 0) {
                roll->was = is;
                r = store_call_round(roll->store);
        }
        if (r < 0)
                return roll_store_failed(roll, r);
        return r == 0 ? EXIT_DONE
                      : command_complain(roll->in, EXIT_FAILED,
                                         "the roll was changed just now by another. Try again");
}

static ExitStatus served_show(const Served *served) {
        return roll_served_print(served->roll->in, served->roll->facts, &served->state);
}

/* ---- a new one ---- */

/* The same hosts, whatever has become of them. */
static bool served_is_of(const Served *served, const Strings *hosts) {
        const RollState *s = &served->state;
        const uint32_t n = s->n_left + s->n_now + s->n_done;
        const char **names = arena_new(served->roll->in->arena, const char *, n);

        if (!names || n != hosts->n)
                return false;
        for (uint32_t i = 0; i < n; i++)
                names[i] = i < s->n_left              ? s->left[i]
                           : i < s->n_left + s->n_now ? s->now[i - s->n_left].name
                                                      : s->done[i - s->n_left - s->n_now];
        qsort((void *) names, n, sizeof(*names), compare_strings);
        for (uint32_t i = 0; i < n; i++) /* those that were chosen are in the order of their names */
                if (strcmp(names[i], hosts->at[i]) != 0)
                        return false;
        return true;
}

static ExitStatus served_hosts(const Served *served, const Strings *hosts, Strings *ret) {
        const Snapshot *s = served->roll->facts->snapshot;
        const char **all = arena_new(served->roll->in->arena, const char *, s->n_hosts);

        if (option_given(&served->roll->in->options, "all") == (hosts->n > 0))
                return command_complain(served->roll->in, EXIT_BAD_INPUT, "roll needs HOSTS, or --all");
        if (!all)
                return command_complain(served->roll->in, EXIT_FAILED, "out of memory");
        for (HostIx h = 0; h < s->n_hosts; h++)
                all[h] = s->hosts[h].name;
        if (hosts->n == 0 && s->n_hosts > 0)
                qsort((void *) all, s->n_hosts, sizeof(*all), compare_strings);
        *ret = hosts->n > 0 ? *hosts : (Strings){ .at = all, .n = s->n_hosts };
        return EXIT_DONE;
}

static ExitStatus served_may_begin(const Served *served) {
        Invocation *in = served->roll->in;
        ExitStatus status = stopped_check(in, served->roll->store, served->roll->facts->settings);
        int acts;

        if (status != EXIT_DONE)
                return status;
        acts = maintenance_acts(in, served->roll->facts);
        if (acts < 0)
                return roll_store_failed(served->roll, acts);
        return acts > 0 ? EXIT_DONE
                        : command_complain(
                                  in, EXIT_BLOCKED,
                                  "no service that moves VMs is running for this cluster, so none would "
                                  "carry the roll out. Start plimsolld with service.mode: auto or confirm");
}

static ExitStatus served_begin(Served *served, const Strings *chosen) {
        Invocation *in = served->roll->in;
        const char *id = option_text(&in->options, "id");
        Strings hosts = { 0 };
        char by[256];
        ExitStatus status = served_hosts(served, chosen, &hosts);

        if (status == EXIT_DONE && (!id || !roll_state_is_id(id)))
                status = command_complain(in, EXIT_BAD_INPUT,
                                          "--id NAME is needed; accepted: 1 to 64 letters, digits, - _ .");
        if (status != EXIT_DONE)
                return status;
        if (served->there && served_is_of(served, &hosts)) /* the same again begins nothing twice */
                return served_show(served);
        if (served->there || (served->roll->was[0] && !roll_state_is_over(&served->state)))
                return command_complain(
                        in, EXIT_BLOCKED,
                        "a roll%s%s of %s %s. Show it with plimsoll maintenance status; discard it with plimsoll "
                        "maintenance roll --abandon",
                        served->state.id ? " " : "", served->state.id ? served->state.id : "",
                        served->state.by,
                        roll_state_is_over(&served->state) ? "had this name" : "is under way");
        status = served_may_begin(served);
        if (status != EXIT_DONE)
                return status;
        served->state = (RollState){ .by = operator_name(by, sizeof(by)),
                                     .at = clock_now(),
                                     .process = "",
                                     .digest = "",
                                     .at_once = (uint32_t) option_number(&in->options, "at-once", 1),
                                     .left = (const char **) hosts.at,
                                     .n_left = hosts.n,
                                     .id = id };
        status = served_save(served);
        return status == EXIT_DONE ? served_show(served) : status;
}

/* ---- one that is there ---- */

static bool served_is_done(const RollState *s, const char *host) {
        for (uint32_t i = 0; i < s->n_done; i++)
                if (strcmp(s->done[i], host) == 0)
                        return true;
        return false;
}

/* Those that are there. NULL: no memory, and *ret_n is 0. */
static const ErrorBlock *served_vms(const Served *served, HostIx h, uint32_t *ret_n) {
        const Snapshot *s = served->roll->facts->snapshot;
        ErrorBlock *blocks = arena_new(served->roll->in->arena, ErrorBlock, BLOCKS_MOST);

        *ret_n = 0;
        for (VmIx v = 0; blocks && v < s->n_vms && *ret_n < BLOCKS_MOST; v++)
                if (snapshot_vm_is_on(s, v, h))
                        blocks[(*ret_n)++] = (ErrorBlock){ "vm", s->vms[v].name, "it is on the host" };
        return blocks;
}

static ExitStatus served_finish(Served *served, const char *name) {
        Invocation *in = served->roll->in;
        const HostIx h = snapshot_host(served->roll->facts->snapshot, name);
        RollHost *host = roll_state_now(&served->state, name);
        MaintenanceLook look = { .in = in, .facts = served->roll->facts };
        Emptying e = { 0 };
        const ErrorBlock *vms;
        uint32_t n;
        int r;

        if ((!host && served_is_done(&served->state, name)) || (host && host->finished > 0))
                return EXIT_DONE;
        if (!host || h == IX_NONE)
                return command_complain(in, EXIT_BAD_INPUT, "%s is not being emptied by the roll %s", name,
                                        served->state.id);
        r = maintenance_read_live(&look);
        if (r == 0)
                r = maintenance_look_at(&look, h, &e);
        if (r < 0)
                return roll_store_failed(served->roll, r);
        vms = served_vms(served, h, &n);
        if (!vms)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (!host->entered || !e.empty)
                return command_complain_blocked(
                        in, EXIT_BLOCKED, vms, n, "%s is not known to be empty yet: %s", name,
                        e.left > 0 ? text_format(in->arena, "%u %s there", e.left,
                                                 text_plural(e.left, "VM is", "VMs are"))
                                   : "it has not reported since it was put into maintenance");
        host->finished = clock_now();
        return EXIT_DONE;
}

static ExitStatus served_finished(Served *served, const Strings *hosts) {
        ExitStatus status = EXIT_DONE;

        if (hosts->n == 0)
                return command_complain(served->roll->in, EXIT_BAD_INPUT, "--finished needs HOSTS");
        for (uint32_t i = 0; i < hosts->n && status == EXIT_DONE; i++)
                status = served_finish(served, hosts->at[i]);
        if (status == EXIT_DONE && !roll_state_is_over(&served->state))
                status = served_save(served);
        return status == EXIT_DONE ? served_show(served) : status;
}

static ExitStatus served_hold(Served *served, const Strings *hosts) {
        const char *why = option_text(&served->roll->in->options, "why");
        char by[256];
        ExitStatus status;

        (void) hosts;
        served->state.held = text_format(served->roll->in->arena, "held by %s%s%s",
                                         operator_name(by, sizeof(by)), why ? ": " : "", why ? why : "");
        status = served->state.held ? served_save(served)
                                    : command_complain(served->roll->in, EXIT_FAILED, "out of memory");
        return status == EXIT_DONE ? served_show(served) : status;
}

static ExitStatus served_resume(Served *served, const Strings *hosts) {
        ExitStatus status = served_may_begin(served);

        (void) hosts;
        served->state.held = NULL;
        if (status == EXIT_DONE)
                status = served_save(served);
        return status == EXIT_DONE ? served_show(served) : status;
}

static ExitStatus served_look(Served *served, const Strings *hosts) {
        (void) hosts;
        return served_show(served);
}

/* Its cordons go; hosts that are in maintenance stay there, and are named. */
static ExitStatus served_abandon(Served *served, const Strings *hosts) {
        const Roll *roll = served->roll;
        FILE *out = roll->in->out.out;
        char safe[256], by[256];
        ExitStatus status;
        int r = 0;

        (void) hosts;
        served->state.abandoned = true;
        served->state.held = text_format(roll->in->arena, "abandoned by %s", operator_name(by, sizeof(by)));
        status = served->state.held ? served_save(served)
                                    : command_complain(roll->in, EXIT_FAILED, "out of memory");
        if (status != EXIT_DONE)
                return status;
        for (uint32_t i = 0; i < served->state.n_left && r == 0; i++)
                r = roll_cordon(roll->store, roll->in->arena, served->state.by, served->state.left[i], false);
        if (r < 0)
                return roll_store_failed(roll, r);
        if (roll->in->json) {
                (void) json_print(json_done(), out);
                return EXIT_DONE;
        }
        (void) out_say(out, "the roll is discarded");
        for (uint32_t i = 0; i < served->state.n_now; i++)
                (void) out_say(out, "%s%s", i > 0 ? ", " : "; in maintenance stay: ",
                               text_safe(served->state.now[i].name, safe, sizeof(safe)));
        (void) fputc('\n', out);
        return EXIT_DONE;
}

/* ---- which ---- */

typedef struct ServedVerb {
        const char *option;
        ExitStatus (*run)(Served *served, const Strings *hosts);
} ServedVerb;

static const ServedVerb served_verbs[] = {
        { "show", served_look },     { "finished", served_finished }, { "hold", served_hold },
        { "resume", served_resume }, { "abandon", served_abandon },
};

bool roll_is_served(const Roll *roll, int loaded) {
        const Options *o = &roll->in->options;

        return loaded >= 0 && !option_given(o, "dry-run") &&
               (roll->id || option_given(o, "by-service") || option_given(o, "show") ||
                option_given(o, "finished") || option_given(o, "hold") || option_given(o, "id"));
}

ExitStatus roll_served(Roll *roll, const Strings *hosts, int loaded) {
        Invocation *in = roll->in;
        const char *id = option_text(&in->options, "id");
        const ServedVerb *verb = NULL;
        unsigned given = option_given(&in->options, "by-service");
        Served served;
        ExitStatus status = served_load(roll, &served);

        (void) loaded;
        for (size_t i = 0; i < ARRAY_SIZE(served_verbs); i++)
                if (option_given(&in->options, served_verbs[i].option)) {
                        verb = &served_verbs[i];
                        given++;
                }
        if (status != EXIT_DONE)
                return status;
        if (given != 1 || option_given(&in->options, "run"))
                return command_complain(
                        in, EXIT_BAD_INPUT, "%s",
                        given > 1
                                ? "give one of --by-service, --show, --finished, --hold, --resume and --abandon"
                        : served.there
                                ? "the service carries out the roll that is under way: --show, --finished HOSTS, "
                                  "--hold, --resume or --abandon, without --run"
                                : "--id is for rolls of the service: give --by-service, without --run");
        if (!verb)
                return served_begin(&served, hosts);
        if (!served.there)
                return command_complain(in, EXIT_BAD_INPUT, "the service carries out no roll%s%s",
                                        id ? " " : "", id ? id : "");
        return verb->run(&served, hosts);
}
