/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/model/selection.h"
#include "scheduler/snapshot/build/what_if.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static Arena arena;
static const Snapshot *cluster;

static const char text[] =
        "{ \"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"demo\","
        "\"hosts\": [ { \"name\": \"h1\", \"cpus\": 8, \"memory_mib\": 32768, \"cpu_busy\": 3, \"rack\": "
        "\"r1\" },"
        "             { \"name\": \"h3\", \"cpus\": 8, \"memory_mib\": 32768 } ],"
        "\"vms\": [ { \"name\": \"a\", \"host\": \"h1\", \"vcpus\": 4, \"memory_mib\": 4096, \"cpu\": 2, "
        "\"groups\": [\"web\"] },"
        "           { \"name\": \"c\", \"host\": \"h3\", \"vcpus\": 2, \"memory_mib\": 2048, \"cpu\": 1 } ],"
        "\"rules\": [ { \"name\": \"r\", \"kind\": \"apart\", \"group\": \"web\" },"
        "             { \"name\": \"on\", \"kind\": \"on\", \"vms\": [\"c\"], \"hosts\": [\"h3\"] } ] }";

static void read_cluster(void) {
        TextFault fault;

        cr_assert_eq(0, arena_open(64 << 20, &arena));
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &cluster, &fault), "%s", fault.what);
}

TestSuite(what_if, .init = read_cluster);

static const Snapshot *suppose(WhatIf w) {
        const Snapshot *s = NULL;
        TextFault fault = { 0 };

        cr_assert_eq(0, what_if_apply(&arena, cluster, &w, &s, &fault), "%s", fault.what);
        return s;
}

Test(what_if, a_new_host_is_like_another_and_the_indexes_follow) {
        TextFault fault;
        const Snapshot *s;
        NewHost host;

        cr_assert_eq(0, what_if_host_parse(&arena, "name=h2,like=h1,memory=64GiB", &host, &fault));
        s = suppose((WhatIf){ .hosts = &host, .n_hosts = 1 });
        cr_assert_eq(s->n_hosts, 3);
        cr_assert_str_eq(s->hosts[1].name, "h2");
        cr_assert_eq(s->hosts[1].memory_mib, 65536);
        cr_assert_str_eq(s->hosts[1].rack, "r1");
        cr_assert_eq(s->hosts[1].cpu_busy_mcores, UNKNOWN);
        cr_assert_eq(s->vms[1].host, 2);
        cr_assert_eq(s->rules[1].hosts[0], 2);
}

Test(what_if, a_new_host_joins_the_rules_whose_words_select_it) {
        const char *words = "label:disk=ssd,h3";
        const Selection *said;
        Selection sel = { 0 };
        const Snapshot *s;
        Rule rules[2];
        Snapshot with;
        NewHost host;
        TextFault fault = { 0 };

        cr_assert_eq(0, selection_add(&arena, &sel, words, SELECT_FROM_HOSTS, &fault), "%s", fault.what);
        said = &sel;
        memcpy(rules, cluster->rules, sizeof(rules));
        rules[1].hosts_said = said;
        with = *cluster;
        with.rules = rules;
        cluster = &with;
        cr_assert_eq(0, what_if_host_parse(&arena, "name=h2,cpus=4,memory=8GiB,label=disk=hdd,label=disk=ssd",
                                           &host, &fault));
        s = suppose((WhatIf){ .hosts = &host, .n_hosts = 1 });
        cr_assert_eq(s->hosts[1].labels.n, 1);
        cr_assert_eq(s->rules[1].n_hosts, 2);
        cr_assert_eq(s->rules[1].hosts[0], 1);
        cr_assert_eq(s->rules[1].hosts[1], 2);
        rules[1].hosts_said = NULL;
        s = suppose((WhatIf){ .hosts = &host, .n_hosts = 1 });
        cr_assert_eq(s->rules[1].n_hosts, 1, "a rule that names its hosts keeps them");
        cr_assert_eq(-EINVAL, what_if_host_parse(&arena, "name=h2,label=disk", &host, &fault));
        cr_assert(strstr(fault.what, "--add-host label disk: accepted: KEY=VALUE"), "%s", fault.what);
}

Test(what_if, a_new_vm_joins_its_groups_rules_and_uses_what_vms_use) {
        TextFault fault;
        const Snapshot *s;
        NewVm vm;

        cr_assert_eq(0,
                     what_if_vm_parse(&arena, "name=b,vcpus=8,memory=1.5GiB,group=web,count=2", &vm, &fault));
        s = suppose((WhatIf){ .vms = &vm, .n_vms = 1 });
        cr_assert_eq(s->n_vms, 4);
        cr_assert_str_eq(s->vms[1].name, "b-1");
        cr_assert_eq(s->vms[1].host, IX_NONE);
        cr_assert_eq(s->vms[1].memory_mib, 1536);
        cr_assert_eq(s->vms[1].cpu_mcores, 4000, "3 cores of 6 vCPUs, times 8");
        cr_assert_eq(s->rules[0].n_vms, 3);
        cr_assert_eq(s->rules[1].vms[0], 3);
}

Test(what_if, a_lost_hosts_vms_run_nowhere_and_an_emptied_host_keeps_them) {
        static const char *const names[] = { "h1" };
        const Snapshot *s = suppose((WhatIf){ .lost = names, .n_lost = 1 });

        cr_assert_eq(s->vms[0].host, IX_NONE);
        cr_assert_eq(s->hosts[0].state, HOST_OFFLINE);
        s = suppose((WhatIf){ .emptied = names, .n_emptied = 1 });
        cr_assert_eq(s->vms[0].host, 0);
        cr_assert_eq(s->hosts[0].state, HOST_MAINTENANCE);
}

Test(what_if, a_removed_vm_takes_its_use_with_it) {
        static const char *const names[] = { "a" };
        const Snapshot *s = suppose((WhatIf){ .removed = names, .n_removed = 1 });

        cr_assert_eq(s->n_vms, 1);
        cr_assert_eq(s->hosts[0].cpu_busy_mcores, 1000);
        cr_assert_eq(s->rules[0].n_vms, 0);
        cr_assert_eq(s->rules[1].vms[0], 0);
        cr_assert_eq(cluster->hosts[0].cpu_busy_mcores, 3000, "the original stays as it is");
}

Test(what_if, what_is_wrong_is_named) {
        static const char *const specs[] = { "name", "name=x,memory=5", "name=x,vcpus=0", "name=x,colour=red",
                                             "=3" };
        static const char *const nobody[] = { "h9" };
        const Snapshot *s;
        TextFault fault;
        NewHost host;
        NewVm vm;

        for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
                fault = (TextFault){ 0 };
                cr_assert_eq(-EINVAL, what_if_vm_parse(&arena, specs[i], &vm, &fault), "%s", specs[i]);
                cr_assert_neq(fault.what[0], '\0');
        }
        cr_assert_eq(-EINVAL,
                     what_if_apply(&arena, cluster, &(WhatIf){ .lost = nobody, .n_lost = 1 }, &s, &fault));
        cr_assert_eq(0, what_if_host_parse(&arena, "name=h1,cpus=2,memory=2GiB", &host, &fault));
        cr_assert_eq(-EINVAL,
                     what_if_apply(&arena, cluster, &(WhatIf){ .hosts = &host, .n_hosts = 1 }, &s, &fault));
        cr_assert(strstr(fault.what, "already"), "%s", fault.what);
}
