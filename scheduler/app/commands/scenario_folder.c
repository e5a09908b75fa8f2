/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/scenario_folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/model/host_memory.h"
#include "scheduler/snapshot/files/snapshot_file.h"

/* A scenario knows no cool-downs: whom one held is not movable in it, for the same reason. */
static int held_facts(Arena *a, const Snapshot *facts, const Snapshot *decided, const Snapshot **ret) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = arena_new(a, Vm, facts->n_vms);

        if (!copy || !vms)
                return -ENOMEM;
        for (VmIx v = 0; v < facts->n_vms; v++) {
                VmIx d = snapshot_vm(decided, facts->vms[v].name);

                vms[v] = facts->vms[v];
                if (d != IX_NONE)
                        vms[v].calm_why = decided->vms[d].calm_why;
                if (d == IX_NONE || !vms[v].movable || decided->vms[d].movable ||
                    decided->vms[d].hold == HOLD_NEVER || decided->vms[d].hold == HOLD_WINDOW)
                        continue; /* the settings' rules will say so again */
                vms[v].movable = false;
                vms[v].hold = decided->vms[d].hold;
                vms[v].unmovable_why = decided->vms[d].unmovable_why;
        }
        *copy = *facts;
        copy->vms = vms;
        *ret = copy;
        return 0;
}

static int scenario_folder_put(Arena *a, const char *folder, const char *name, const char *text,
                               TextFault *f) {
        const char *path = text_format(a, "%s/%s", folder, name);

        return path && text ? file_write(path, text, strlen(text), f) : -ENOMEM;
}

/* What was asked for beside the settings; and what of memory is not for guests, which stories have at 0. */
static const char *scenario_folder_budget(Arena *a, const Record *r) {
        const char *text = "";

        for (const SettingDef *def = memory_settings; text && def->name; def++)
                text = text_format(a, "%smemory.%s = %lldMiB\n", text, def->name, (long long) def->def);

        if (text && r->max_moves != UINT32_MAX)
                text = text_format(a, "%sbudget.moves = %u\n", text, r->max_moves);
        if (text && r->max_mib != INT64_MAX)
                text = text_format(a, "%sbudget.gib = %lld\n", text, (long long) (r->max_mib / 1024));
        if (text && r->max_ms != INT64_MAX)
                text = text_format(a, "%sbudget.minutes = %lld\n", text, (long long) (r->max_ms / 60000));
        for (uint32_t i = 0; text && i < r->about.n; i++)
                text = text_format(a, "%sabout = %s\n", text, r->about.at[i]);
        return text;
}

static const char *scenario_folder_readme(Arena *a, const Record *r, const Round *round) {
        const char *summary = plan_text_summary(a, round->snapshot, round->plan);
        char when[HUMAN_SIZE];

        if (!summary)
                return NULL;
        return text_format(a, "From the record of %s (%s)%s%s.\n", human_time(r->at, when), summary,
                           r->paused ? "; balance was paused, which a scenario cannot say: " : "",
                           r->paused ? r->paused : "");
}

int scenario_folder_write(Arena *a, const Record *record, const Round *round, const char *folder,
                          TextFault *reterr_fault) {
        const char *budget_text = scenario_folder_budget(a, record), *cluster = NULL;
        const Snapshot *facts = NULL;
        size_t n = 0;
        int r = held_facts(a, record->facts, round->snapshot, &facts);

        if (r == 0)
                r = snapshot_file_print(a, facts, &cluster, &n);
        if (r == 0 && mkdir(folder, 0777) < 0) {
                r = -errno;
                text_fault(reterr_fault, "", "cannot make the folder: %s", strerrordesc_np(errno));
                return r;
        }
        if (r == 0)
                r = scenario_folder_put(a, folder, "README", scenario_folder_readme(a, record, round),
                                        reterr_fault);
        if (r == 0)
                r = scenario_folder_put(a, folder, "cluster.json", cluster, reterr_fault);
        if (r == 0 && (!budget_text || budget_text[0]))
                r = scenario_folder_put(a, folder, "settings", budget_text, reterr_fault);
        if (r == 0 && record->settings[0])
                r = scenario_folder_put(a, folder, "settings.yaml", record->settings, reterr_fault);
        if (r == -ENOMEM)
                text_fault(reterr_fault, "", "out of memory");
        return r;
}
