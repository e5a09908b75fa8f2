/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/round_record.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/settings/settings_file.h"
#include "scheduler/milp/exact.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/files/record_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"

/* ---- making ---- */

/* Facts with what the VMs were taken to need, as the round had it: the estimator's memory is in no record. */
static int with_demand(Arena *a, const Snapshot *facts, const Snapshot *decided, const Snapshot **ret) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = arena_new(a, Vm, facts->n_vms);

        if (!copy || !vms)
                return -ENOMEM;
        *copy = *facts;
        for (VmIx v = 0; v < facts->n_vms; v++) {
                VmIx d = snapshot_vm(decided, facts->vms[v].name);

                vms[v] = facts->vms[v];
                if (d == IX_NONE)
                        continue;
                vms[v].cpu_mcores = decided->vms[d].cpu_mcores;
                vms[v].memory_used_mib = decided->vms[d].memory_used_mib;
                vms[v].rx_kbit = decided->vms[d].rx_kbit;
                vms[v].tx_kbit = decided->vms[d].tx_kbit;
                vms[v].measured = decided->vms[d].measured;
        }
        copy->vms = vms;
        copy->demand_by = decided->demand_by;
        *ret = copy;
        return 0;
}

/* Places that may carry a password, and that no decision looks at. */
static bool is_secret(const char *section, size_t section_n, const char *line) {
        static const char *const secrets[][2] = { { "service", "  redis: " }, { "prometheus", "  url: " } };

        for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
                if (strlen(secrets[i][0]) == section_n && strncmp(secrets[i][0], section, section_n) == 0 &&
                    strncmp(line, secrets[i][1], strlen(secrets[i][1])) == 0)
                        return true;
        return false;
}

/* The file as settings_file_print() writes it, with such values emptied. */
static int without_secrets(Arena *a, const char *text, const char **ret) {
        char *copy = arena_new(a, char, strlen(text) + 16), *out = copy;
        const char *section = "";
        size_t section_n = 0;

        if (!copy)
                return -ENOMEM;
        for (const char *line = text, *end; *line; line = end) {
                const char *colon;
                size_t n;

                end = strchrnul(line, '\n');
                end += *end == '\n';
                if (*line != ' ' && *line != '-') {
                        section = line;
                        section_n = strcspn(line, ":\n");
                }
                colon = strchr(line, ':');
                n = is_secret(section, section_n, line) && colon ? (size_t) (colon + 2 - line)
                                                                 : (size_t) (end - line);
                memcpy(out, line, n);
                out += n;
                if (n < (size_t) (end - line)) {
                        memcpy(out, "''\n", 3); /* longer than what it stands for by a byte at most */
                        out += 3;
                }
        }
        *out = '\0';
        *ret = copy;
        return 0;
}

int round_record_make(Arena *a, const RoundRecord *record, const Record **ret) {
        const RoundInput *in = record->input;
        Record *r = arena_new(a, Record, 1);
        const char *settings = NULL;
        size_t n = 0;
        int k;

        if (!r)
                return -ENOMEM;
        *r = (Record){ .version = PLIMSOLL_VERSION,
                       .leader = record->leader,
                       .mode = record->mode,
                       .at = in->now,
                       .seed = in->request.seed,
                       .evaluations = in->request.evaluations,
                       .max_moves = in->request.max_moves,
                       .max_mib = in->request.max_mib,
                       .max_ms = in->request.max_ms,
                       .threshold = in->request.threshold,
                       .about = in->request.about,
                       .wish = in->request.wish,
                       .solver = in->request.solver ? in->request.solver->name : NULL,
                       .paused = in->paused,
                       .stopped = in->stopped,
                       .not_now = in->not_now,
                       .hold_from = in->hold_from,
                       .cool_downs = in->cool_downs,
                       .n_cool_downs = in->n_cool_downs,
                       .moves = record->moves,
                       .n_moves = record->n_moves };
        k = with_demand(a, record->facts, in->snapshot, &r->facts);
        if (k == 0)
                k = settings_file_print(a, in->settings, true, &settings);
        if (k == 0)
                k = without_secrets(a, settings, &r->settings);
        if (k == 0)
                k = plan_file_print(a, record->round->snapshot, record->round->plan, &r->plan, &n);
        if (k == 0)
                *ret = r;
        return k;
}

int round_record_store(const Leadership *l, Arena *a, const RoundRecord *round_record,
                       char ret_name[RECORD_NAME_SIZE]) {
        const Record *record = NULL;
        const char *text = NULL;
        size_t n = 0;
        int k = round_record_make(a, round_record, &record);

        if (k == 0)
                k = record_file_print(a, record, &text, &n);
        return k < 0 ? k : store_put_record(l->store, l->token, text, n, ret_name);
}

/* ---- deciding again ---- */

int round_record_settings(Arena *a, const Record *record, const Settings **ret, TextFault *reterr_fault) {
        Settings *settings = NULL;
        int k = app_settings_new(a, &settings);

        if (k == 0)
                k = settings_file_apply(record->settings, strlen(record->settings), settings, reterr_fault);
        if (k == 0)
                *ret = settings;
        return k;
}

int round_replay(Arena *a, const Record *record, const Settings *settings, const Workers *workers,
                 Round *ret) {
        RoundInput in = { .settings = settings,
                          .request = PLAN_REQUEST_DEFAULT,
                          .cool_downs = record->cool_downs,
                          .n_cool_downs = record->n_cool_downs,
                          .paused = record->paused,
                          .stopped = record->stopped,
                          .not_now = record->not_now,
                          .hold_from = record->hold_from,
                          .now = record->at };
        int k = rules_apply(a, record->facts, settings_rules(settings), &in.snapshot);

        in.request.seed = record->seed;
        in.request.evaluations = record->evaluations;
        in.request.max_moves = record->max_moves;
        in.request.max_mib = record->max_mib;
        in.request.max_ms = record->max_ms;
        in.request.threshold = record->threshold;
        in.request.about = record->about;
        in.request.wish = record->wish;
        in.request.workers = workers;
        if (record->solver && strcmp(record->solver, exact_solver.name) == 0)
                in.request.solver = &exact_solver;
        else if (record->solver)
                in.request.solver = &exact_absent;
        return k < 0 ? k : round_decide(a, &in, ret);
}
