/* SPDX-License-Identifier: Apache-2.0 */
/* Every collector of collectors.def, on every tree of tests/fixtures/host-*, keeps the contract of
 * collector.h: a reading gives valid samples or a negative errno, never a crash; what is not there is not
 * reported. Collectors that need libvirt get none here: they must say so. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/read/sample_list.h"
#include "scheduler/base/text.h"

#define FIXTURES SOURCE_DIR "/tests/fixtures"

typedef struct Reading {
        int opened, first, second;
        SampleList samples; /* of the second reading */
} Reading;

static Reading read_twice(const Collector *c, const char *root, Arena *a) {
        CollectorEnv env = { .root = root, .self = "h" };
        void *state = calloc(1, c->state_size > 0 ? c->state_size : 1);
        SampleList first = sample_list_over(a);
        Reading r = { .samples = sample_list_over(a) };

        cr_assert_not_null(state);
        r.opened = c->open(state, &env);
        if (r.opened == 0) {
                r.first = c->read(state, &env, USEC_PER_SEC, &first.sink);
                r.second = c->read(state, &env, 2 * USEC_PER_SEC, &r.samples.sink);
        }
        c->close(state);
        free(state);
        return r;
}

static void sample_check(const Collector *c, const char *root, const Sample *s) {
        cr_assert_lt(s->metric, METRIC_N, "%s on %s", c->name, root);
        cr_assert(*s->subject == '\0' || text_is_name(s->subject, strlen(s->subject)), "%s on %s", c->name,
                  root);
        if (metric_defs[s->metric].kind == METRIC_TEXT)
                cr_assert(s->text && *s->text && !strchr(s->text, '\n'), "%s on %s", c->name, root);
        else
                cr_assert(s->number >= 0 && s->number <= QUANTITY_MAX, "%s on %s: %s is %lld", c->name, root,
                          metric_defs[s->metric].name, (long long) s->number);
}

static void samples_check(const Collector *c, const char *root, const SampleList *list) {
        for (uint32_t i = 0; i < list->n; i++) {
                sample_check(c, root, &list->samples[i]);
                for (uint32_t j = 0; j < i; j++)
                        cr_assert(list->samples[j].metric != list->samples[i].metric ||
                                          strcmp(list->samples[j].subject, list->samples[i].subject) != 0,
                                  "%s on %s says %s of \"%s\" twice", c->name, root,
                                  metric_defs[list->samples[i].metric].name, list->samples[i].subject);
        }
}

/* A parameter is an index: Criterion runs each test in a fresh process. */
ParameterizedTestParameters(collector, keeps_its_contract_on_every_fixture) {
        uint32_t n = collectors_all().n;
        uint32_t *all = cr_malloc(n * sizeof(uint32_t));

        for (uint32_t i = 0; i < n; i++)
                all[i] = i;
        return cr_make_param_array(uint32_t, all, n);
}

ParameterizedTest(uint32_t *param, collector, keeps_its_contract_on_every_fixture) {
        const Collector *c = collectors_all().collectors[*param];
        DIR *dir = opendir(FIXTURES);
        unsigned trees = 0;

        cr_assert(c->name && c->summary && c->runs && c->open && c->read && c->close);
        cr_assert_not_null(dir);
        for (struct dirent *e; (e = readdir(dir));) {
                char root[1024];
                Arena a;
                Reading r;

                if (strncmp(e->d_name, "host-", 5) != 0)
                        continue;
                (void) snprintf(root, sizeof(root), "%s/%s", FIXTURES, e->d_name);
                cr_assert_eq(0, arena_open(UINT64_C(64) << 20, &a));
                r = read_twice(c, root, &a);
                cr_assert(r.opened <= 1 && r.first <= 1 && r.second <= 1, "%s on %s", c->name, root);
                if (r.opened == 0 && (c->runs & RUNS_REMOTE))
                        cr_assert_lt(r.first, 0, "%s read something without libvirt", c->name);
                samples_check(c, root, &r.samples);
                if (r.opened == 0 && strcmp(e->d_name, "host-empty") == 0)
                        cr_assert(r.first < 0 && r.samples.n == 0, "%s found something in an empty tree",
                                  c->name);
                arena_close(&a);
                trees++;
        }
        (void) closedir(dir);
        cr_assert_geq(trees, 8);
}

/* ---- exact facts of single trees ---- */
static const Collector *by_name(const char *name) {
        CollectorSet all = collectors_all();

        for (uint32_t i = 0; i < all.n; i++)
                if (strcmp(all.collectors[i]->name, name) == 0)
                        return all.collectors[i];
        cr_assert_fail("no collector %s", name);
        return NULL;
}

static int64_t number_of(const SampleList *list, Metric metric, const char *subject) {
        for (uint32_t i = 0; i < list->n; i++)
                if (list->samples[i].metric == metric && strcmp(list->samples[i].subject, subject) == 0)
                        return list->samples[i].number;
        return UNKNOWN;
}

static Reading read_tree(const char *collector, const char *tree) {
        static unsigned char memory[1 << 20];
        static Arena a;
        char root[1024];

        a = arena_over(memory, sizeof(memory));
        (void) snprintf(root, sizeof(root), "%s/%s", FIXTURES, tree);
        return read_twice(by_name(collector), root, &a);
}

Test(memory, huge_pages_of_all_sizes_are_summed) {
        Reading r = read_tree("memory", "host-hugepages");

        cr_assert_eq(r.second, 0);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_HUGEPAGES_TOTAL, ""), 2 * 1024 + 128 * 1024);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_HUGEPAGES_FREE, ""), 1024 + 64 * 1024);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_MEMORY_TOTAL, ""), 263856128 / 1024);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_SWAP_USED, ""), 0);
}

Test(memory, huge_pages_are_told_for_each_node) {
        Reading r = read_tree("memory", "host-hugepages");

        cr_assert_eq(number_of(&r.samples, METRIC_NUMA_HUGEPAGES_TOTAL, "0/1048576"), 96 * 1024);
        cr_assert_eq(number_of(&r.samples, METRIC_NUMA_HUGEPAGES_TOTAL, "1/1048576"), 32 * 1024);
        cr_assert_eq(number_of(&r.samples, METRIC_NUMA_HUGEPAGES_TOTAL, "1/2048"), 1024);
        cr_assert_eq(number_of(&r.samples, METRIC_NUMA_HUGEPAGES_FREE, "0/2048"), 0);
        cr_assert_eq(number_of(&r.samples, METRIC_NUMA_HUGEPAGES_FREE, "1/2048"), 1024);
        r = read_tree("memory", "host-plain");
        cr_assert_eq(number_of(&r.samples, METRIC_NUMA_HUGEPAGES_TOTAL, "0/2048"), UNKNOWN);
}

/* MemAvailable does not have it in it; the least that the cache shrinks to is in use. */
Test(memory, zfs_gives_back_its_cache_but_for_the_least_it_keeps) {
        Reading r = read_tree("memory", "host-hugepages");

        cr_assert_eq(number_of(&r.samples, METRIC_HOST_MEMORY_RECLAIMABLE, ""), 35840 - 2048);
        r = read_tree("memory", "host-plain");
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_MEMORY_RECLAIMABLE, ""), 0,
                     "a host without ZFS has none");
}

Test(memory, what_an_old_kernel_does_not_say_is_left_out) {
        Reading r = read_tree("memory", "host-old-kernel");

        cr_assert_eq(r.second, 0);
        cr_assert_gt(number_of(&r.samples, METRIC_HOST_MEMORY_TOTAL, ""), 0);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_MEMORY_AVAILABLE, ""), UNKNOWN);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_MEMORY_PRESSURE, ""), UNKNOWN);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_IO_PRESSURE, ""), UNKNOWN);
}

Test(memory, pressure_is_in_permille) {
        Reading r = read_tree("memory", "host-many-cpus");

        cr_assert_eq(number_of(&r.samples, METRIC_HOST_MEMORY_PRESSURE, ""), 125);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_MEMORY_PRESSURE_FULL, ""), 33);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_IO_PRESSURE, ""), 1000);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_SWAP_USED, ""), 4096);
}

/* A fixture's counters stand still: nothing was swapped, where the kernel counts at all. */
Test(memory, swapping_is_known_only_where_the_kernel_counts_it) {
        Reading r = read_tree("memory", "host-many-cpus");

        cr_assert_eq(number_of(&r.samples, METRIC_HOST_SWAP_IN, ""), 0);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_SWAP_OUT, ""), 0);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_MEMORY_STALLED, ""), 0);
        r = read_tree("memory", "host-plain");
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_SWAP_IN, ""), UNKNOWN, "a kernel without swap");
        r = read_tree("memory", "host-old-kernel");
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_SWAP_OUT, ""), UNKNOWN);
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_IO_STALLED, ""), UNKNOWN);
        r = read_tree("cpu", "host-old-kernel");
        cr_assert_eq(number_of(&r.samples, METRIC_HOST_CPU_STALLED, ""), UNKNOWN);
}

/* Pages of files and slabs count as had; a node without memory has none. */
Test(numa, what_can_be_had_of_each_node_is_told) {
        Reading r = read_tree("numa", "host-numa");

        cr_assert_eq(r.second, 0);
        cr_assert_eq(number_of(&r.samples, METRIC_NUMA_AVAILABLE, "0"),
                     (20971520 + 1048576 + 524288 + 204800) / 1024);
        cr_assert_eq(number_of(&r.samples, METRIC_NUMA_AVAILABLE, "1"), 32768, "never more than it has");
        cr_assert_eq(number_of(&r.samples, METRIC_NUMA_AVAILABLE, "2"), UNKNOWN,
                     "an old kernel does not say");
        cr_assert_eq(read_tree("numa", "host-plain").first, -ENOENT);
}

Test(cpu, truncated_and_absurd_files_are_errors_not_zeroes) {
        cr_assert_eq(read_tree("cpu", "host-truncated").first, -EBADMSG);
        cr_assert_eq(read_tree("cpu", "host-garbage").first, -EBADMSG);
        cr_assert_eq(read_tree("cpu", "host-empty-files").first, -EBADMSG);
        cr_assert_eq(read_tree("cpu", "host-empty").first, -ENOENT);
        cr_assert_eq(read_tree("memory", "host-garbage").first, -EBADMSG);
        cr_assert_eq(read_tree("nic", "host-truncated").first, -EBADMSG);
}

Test(cpu, a_cpu_that_counted_nothing_has_no_share) {
        Reading r = read_tree("cpu", "host-plain"); /* a fixture's counters stand still */

        cr_assert_eq(number_of(&r.samples, METRIC_HOST_CPU_BUSY, ""), 0);
        cr_assert_eq(number_of(&r.samples, METRIC_CPU_BUSY, "0"), UNKNOWN);
        cr_assert_neq(number_of(&r.samples, METRIC_HOST_CPU_PRESSURE, ""), UNKNOWN);
}

Test(nic, only_links_that_lead_off_the_host_are_reported) {
        Reading r = read_tree("nic", "host-containers");

        cr_assert_eq(r.second, 0);
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_CARRIER, "veth0"), 1);
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_RX, "veth0"), 0);
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_CARRIER, "lo"), UNKNOWN);
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_CARRIER, "br0"), UNKNOWN);
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_CARRIER, "veth0p"), UNKNOWN, "a port of a bridge");
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_CARRIER, "vnet0"), UNKNOWN);
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_CARRIER, "vnet1"), UNKNOWN);
}

static const char *text_of(const SampleList *list, Metric metric, const char *subject) {
        for (uint32_t i = 0; i < list->n; i++)
                if (list->samples[i].metric == metric && strcmp(list->samples[i].subject, subject) == 0)
                        return list->samples[i].text;
        return "";
}

Test(nic, tells_of_a_bond_its_members_and_who_carries) {
        Reading r = read_tree("nic", "host-bonds");

        cr_assert_str_eq(text_of(&r.samples, METRIC_NIC_MODE, "bond0"), "active-backup");
        cr_assert_str_eq(text_of(&r.samples, METRIC_NIC_MEMBERS, "bond0"), "eth0,eth1");
        cr_assert_str_eq(text_of(&r.samples, METRIC_NIC_ACTIVE, "bond0"), "eth0");
        cr_assert_str_eq(text_of(&r.samples, METRIC_NIC_ACTIVE, "bond1"), "eth2");
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_FLAPS, "bond0"), 0, "none since it is watched");
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_RX, "bond0"), 0);
        cr_assert_eq(number_of(&r.samples, METRIC_NIC_CARRIER, "eth0"), UNKNOWN,
                     "a member is not counted twice");
}
