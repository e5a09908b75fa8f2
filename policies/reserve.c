/* SPDX-License-Identifier: Apache-2.0 */
/* The capacity reserve: the VMs of any so many hosts (racks, zones) have room elsewhere, and a share of the
 * cluster stays free (reserve.h has the definition). It gives way only to what mends a broken rule and to VMs
 * that must leave their host; no other move may spend it, and one that is lacking is repaired before load
 * lines are looked at.
 */
#include "scheduler/decide/cost/reserve.h"

#include "scheduler/decide/cost/policy.h"

static const char *const reserve_level_words[] = { "host", "rack", "zone", NULL };
static const char *const share_words[] = { "cluster", "rack", "zone", NULL };
static const char *const maintenance_words[] = { "spends", "waits", NULL };

static const SettingDef reserve_settings[] = {
        { .name = "losses",
          .type = SETTING_COUNT,
          .def = 0,
          .max = RESERVE_LOSSES_MAX,
          .doc = "So many hosts may be lost at once, whichever they are, and all their VMs still have room "
                 "on "
                 "the others; 0: no such reserve." },
        { .name = "losses_of",
          .type = SETTING_CHOICE,
          .choices = reserve_level_words,
          .doc = "What is lost at once: so many hosts, whole racks or whole zones." },
        { .name = "share",
          .type = SETTING_PERMILLE,
          .def = 0,
          .max = 900,
          .doc = "Share of the CPU and memory of all hosts that take VMs that stays free in sum; 0: none." },
        { .name = "share_of",
          .type = SETTING_CHOICE,
          .choices = share_words,
          .doc = "Whether the share is of the cluster, or of each rack or zone." },
        { .name = "maintenance",
          .type = SETTING_CHOICE,
          .choices = maintenance_words,
          .doc = "Whether emptying a host for maintenance spends the reserve, or waits for room beyond it. "
                 "Hosts with failing hardware always spend it." },
        { 0 },
};

static void reserve_policy_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        if (p->reserve)
                ret->tier[TIER_LOAD] += reserve_total(p, x, NULL);
}

static int reserve_state(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        t->reserve = p->reserve;
        return 0;
}

const Policy policy_reserve = {
        .name = "reserve",
        .summary = "VMs of lost hosts have room elsewhere, and a share stays free",
        .settings = reserve_settings,
        .state = reserve_state,
        .total = reserve_policy_total,
};
