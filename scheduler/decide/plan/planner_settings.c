/* SPDX-License-Identifier: Apache-2.0 */
/* Section "plan" of the settings. */
#include "scheduler/decide/plan/planner.h"

const SettingDef planner_settings[] = {
        { .name = "goal",
          .type = SETTING_CHOICE,
          .choices = plan_goal_names,
          .doc = "spread: hosts are equally full (section balance). pack: hosts are emptied, so that they "
                 "may "
                 "be powered off (section pack). Load lines and rules come first in both." },
        { .name = "threshold",
          .type = SETTING_COUNT,
          .def = 3,
          .min = PLAN_THRESHOLD_MIN,
          .max = PLAN_THRESHOLD_MAX,
          .doc = "What is a reason to move a VM. 1: broken rules and hosts to be emptied, nothing else. 2: "
                 "also load lines and a lacking reserve. 3: also balance and wishes, each move at its full "
                 "price (stay.price). 4: the same at 30% of the price. 5: at 5%, almost any gain." },
        { .name = "moves_in",
          .type = SETTING_COUNT,
          .max = 1000,
          .doc = "Migrations that one host receives at once. 0: two, and up to eight small ones, of which "
                 "what is fixed takes longer than sending." },
        { .name = "moves_out",
          .type = SETTING_COUNT,
          .max = 1000,
          .doc = "Migrations that leave one host at once. 0: two, and up to eight small ones, of which what "
                 "is fixed takes longer than sending." },
        { .name = "moves_at_once",
          .type = SETTING_COUNT,
          .def = 100,
          .min = 1,
          .max = 100000,
          .doc = "Migrations at once in the whole cluster." },
        { .name = "moves_per_switch",
          .type = SETTING_COUNT,
          .max = 100000,
          .doc = "Migrations at once from or to hosts of one switch (as LLDP tells them), whose tables learn "
                 "the VM's addresses anew. 0: any number." },
        { .name = "moves_per_pool",
          .type = SETTING_COUNT,
          .max = 100000,
          .doc = "Migrations at once of VMs with disks in one storage pool. 0: any number." },
        { .name = "drain_within",
          .type = SETTING_DURATION,
          .def = 1800 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = INT64_C(30) * 86400 * USEC_PER_SEC,
          .doc = "VMs on hardware of grade 3 should have left it within this time: those that weigh most "
                 "leave "
                 "first, and those that will not make it are named in the plan." },
        { .name = "drain_now_within",
          .type = SETTING_DURATION,
          .def = 300 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = INT64_C(30) * 86400 * USEC_PER_SEC,
          .doc = "The same of grade 4." },
        { .name = "stop_overs",
          .type = SETTING_BOOL,
          .def = 1,
          .doc = "Whether a VM may wait on a third host when moves wait for each other in a ring." },
        { .name = "searches",
          .type = SETTING_COUNT,
          .def = 1,
          .min = 1,
          .max = 64,
          .doc = "Independent searches, of which the best one counts; they run on as many cores as there are." },
        { .name = "exact_nodes",
          .type = SETTING_COUNT,
          .def = 50,
          .max = 1000000000,
          .doc = "Small clusters: what the exact solver may spend, in linear relaxations, to do better than "
                 "the search and to raise the bound; 0: it is not asked." },
        { .name = "exact_places",
          .type = SETTING_COUNT,
          .def = 1000,
          .max = 20000,
          .doc = "A cluster is small for the exact solver up to this number of VMs times hosts." },
        { .name = NULL },
};
