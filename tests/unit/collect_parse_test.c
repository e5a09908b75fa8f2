/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers of collectors/parse and the rate helper, with exact numbers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>

#include "collectors/parse/links.h"
#include "collectors/parse/meminfo.h"
#include "collectors/parse/pressure.h"
#include "collectors/parse/proc_stat.h"
#include "collectors/parse/stall.h"
#include "collectors/parse/vmstat.h"
#include "collectors/read/rate.h"

static unsigned char memory[1 << 16];

static int stat_of(const char *text, ProcStat *ret) {
        Arena a = arena_over(memory, sizeof(memory));

        return proc_stat_parse(&a, text, strlen(text), ret);
}

Test(proc_stat, guest_time_is_not_counted_twice) {
        ProcStat s;

        cr_assert_eq(0, stat_of("cpu  100 10 20 1000 7 3 4 9 60 5\ncpu0 1 2 3 4 5 6 7 8 9 10\n", &s));
        cr_assert_eq(s.all.busy, 100 + 10 + 20 + 3 + 4);
        cr_assert_eq(s.all.idle, 1000);
        cr_assert_eq(s.all.iowait, 7);
        cr_assert_eq(s.all.steal, 9);
        cr_assert_eq(s.n_cpus, 1);
        cr_assert_eq(s.cpus[0].busy, 1 + 2 + 3 + 6 + 7);
}

Test(proc_stat, offline_cpus_leave_gaps) {
        ProcStat s;

        cr_assert_eq(0, stat_of("cpu 1 1 1 1\ncpu0 1 1 1 1\ncpu3 1 1 1 1\nintr 5\n", &s));
        cr_assert_eq(s.n_cpus, 2);
        cr_assert_eq(s.ids[1], 3);
        cr_assert_eq(-EBADMSG, stat_of("cpu 1 1 1 1\ncpu3 1 1 1 1\ncpu0 1 1 1 1\n", &s));
}

Test(proc_stat, a_line_cut_short_is_not_a_number) {
        ProcStat s;

        cr_assert_eq(-EBADMSG, stat_of("cpu 100 200 300 400", &s), "no newline: it may have gone on");
        cr_assert_eq(-EBADMSG, stat_of("cpu 100 200 300\n", &s));
        cr_assert_eq(-EBADMSG, stat_of("cpu 1 2 3 4x\n", &s));
        cr_assert_eq(-EBADMSG, stat_of("", &s));
        cr_assert_eq(0, stat_of("cpu 1 2 3 4\ncpu0 1 2 3", &s));
        cr_assert_eq(s.n_cpus, 0);
}

Test(meminfo, a_nodes_lines_begin_with_its_number) {
        const char *text = "Node 1 MemTotal:       4096 kB\nNode 1 MemFree:        1024 kB\n"
                           "Node 1 Active(file):     300 kB\nNode 1 Inactive(file):   200 kB\n"
                           "Node 1 SReclaimable:     100 kB\nNode 1\n";
        MemInfo m;

        cr_assert_eq(0, meminfo_parse(text, strlen(text), &m));
        cr_assert_eq(m.total, 4096);
        cr_assert_eq(m.free, 1024);
        cr_assert_eq(m.active_file + m.inactive_file + m.slab_reclaimable, 600);
        cr_assert_eq(m.available, UNKNOWN, "a node does not say");
}

Test(meminfo, absent_fields_are_unknown) {
        const char *text = "MemTotal:  1024 kB\nHugePages_Free: 3\n";
        MemInfo m;

        cr_assert_eq(0, meminfo_parse(text, strlen(text), &m));
        cr_assert_eq(m.total, 1024);
        cr_assert_eq(m.hugepages_free, 3);
        cr_assert_eq(m.available, UNKNOWN);
        cr_assert_eq(-EBADMSG, meminfo_parse("MemTotal:", 9, &m));
        cr_assert_eq(-EBADMSG, meminfo_parse("MemTotal: -1 kB\n", 16, &m));
}

Test(pressure, avg10_in_permille) {
        const char *text =
                "some avg10=49.17 avg60=1 avg300=1 total=9\nfull avg10=0.04 avg60=0 avg300=0 total=1\n";
        Pressure p;

        cr_assert_eq(0, pressure_parse(text, strlen(text), &p));
        cr_assert_eq(p.some, 492);
        cr_assert_eq(p.full, 0);
        cr_assert_eq(0, pressure_parse("some avg10=1.00\n", 16, &p));
        cr_assert_eq(p.full, UNKNOWN, "old kernels have no full line for cpu");
        cr_assert_eq(-EBADMSG, pressure_parse("some avg10=101.00\n", 18, &p));
        cr_assert_eq(-EBADMSG, pressure_parse("some\n", 5, &p));
        cr_assert_eq(-EBADMSG, pressure_parse("", 0, &p));
}

Test(pressure, totals_are_read_and_a_line_without_one_is_unknown) {
        const char *text = "some avg10=0.25 avg60=0.00 avg300=0.00 total=123456\nfull avg10=0.00\n";
        Stall stall = { 0 };
        StallShares shares;
        Pressure p;

        cr_assert_eq(0, pressure_parse(text, strlen(text), &p));
        cr_assert_eq(p.some_total, 123456);
        cr_assert_eq(p.full_total, UNKNOWN);
        shares = stall_next(&stall, &p, USEC_PER_SEC);
        cr_assert_eq(shares.some, UNKNOWN, "one reading is no rate");
        p.some_total += 500000;
        shares = stall_next(&stall, &p, 3 * USEC_PER_SEC);
        cr_assert_eq(shares.some, 250);
        cr_assert_eq(shares.full, UNKNOWN, "not 0");
        p.some_total += 9000000;
        cr_assert_eq(stall_next(&stall, &p, 5 * USEC_PER_SEC).some, 1000);
        cr_assert_eq(-EBADMSG, pressure_parse("some avg10=1.00 total=x\n", 24, &p));
}

Test(vmstat, a_kernel_without_swap_counts_none) {
        const char *text = "nr_free_pages 9\npswpin 3\npswpout 4\n";
        VmStat s;

        cr_assert_eq(0, vmstat_parse(text, strlen(text), &s));
        cr_assert_eq(s.swapped_in, 3);
        cr_assert_eq(s.swapped_out, 4);
        cr_assert_eq(0, vmstat_parse("nr_free_pages 9\n", 16, &s));
        cr_assert_eq(s.swapped_in, UNKNOWN);
        cr_assert_eq(-EBADMSG, vmstat_parse("pswpin -3\n", 10, &s));
        cr_assert_eq(-EBADMSG, vmstat_parse("", 0, &s));
}

Test(link, hardware_bonds_and_lone_veths_are_uplinks) {
        const Link up = { .name = "e", .kind = "", .master_kind = "", .flags = IFF_UP, .type = ARPHRD_ETHER };
        Link l = up;

        cr_assert(link_is_uplink(&l));
        l.flags = 0;
        cr_assert_not(link_is_uplink(&l), "down");
        l = up;
        l.master = 4;
        l.master_kind = "bridge";
        cr_assert(link_is_uplink(&l), "a card in a bridge");
        l.kind = "veth";
        cr_assert_not(link_is_uplink(&l), "a container's cable in a bridge");
        l.master = 0;
        l.master_kind = "";
        cr_assert(link_is_uplink(&l), "the uplink of a container");
        l.kind = "tun";
        cr_assert(link_is_uplink(&l));
        l.name = "vnet7";
        cr_assert_not(link_is_uplink(&l), "a guest's");
        l = up;
        l.master = 2;
        l.master_kind = "bond";
        cr_assert_not(link_is_uplink(&l), "its bond is reported");
        l = up;
        l.kind = "bond";
        cr_assert(link_is_uplink(&l));
        l.kind = "vlan";
        cr_assert_not(link_is_uplink(&l), "its traffic is its card's");
}

Test(link, a_short_answer_is_refused) {
        Arena a = arena_over(memory, sizeof(memory));
        const Link *links;
        uint32_t n;

        cr_assert_eq(-EBADMSG, links_parse(&a, "", 0, &links, &n));
        cr_assert_eq(-EBADMSG, links_parse(&a, "\x10\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0", 16, &links, &n));
        cr_assert_eq(0, links_parse(&a, "\x10\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0", 16, &links, &n));
        cr_assert_eq(n, 0);
}

Test(rate, needs_two_readings_and_a_counter_that_grows) {
        Rate r = { 0 };
        int64_t v = 7;

        cr_assert_eq(1, rate_next(&r, 1000, 0, 1, 1, &v), "the first");
        cr_assert_eq(0, rate_next(&r, 3000, 2 * USEC_PER_SEC, 1, 1, &v));
        cr_assert_eq(v, 1000);
        cr_assert_eq(1, rate_next(&r, 10, 3 * USEC_PER_SEC, 1, 1, &v), "reset");
        cr_assert_eq(0, rate_next(&r, 20, 4 * USEC_PER_SEC, 1, 1, &v));
        cr_assert_eq(v, 10);
        cr_assert_eq(1, rate_next(&r, 30, 4 * USEC_PER_SEC, 1, 1, &v), "time stands still");
        cr_assert_eq(1, rate_next(&r, 40, 3 * USEC_PER_SEC, 1, 1, &v), "time goes back");
        cr_assert_eq(0, rate_next(&r, 40, 5 * USEC_PER_SEC, 1, 1, &v));
        cr_assert_eq(v, 0);
}

Test(rate, scales_rounds_and_never_overflows) {
        Rate r = { 0 };
        int64_t v = 7;

        cr_assert_eq(1, rate_next(&r, 0, 0, 8, 1000, &v));
        cr_assert_eq(0, rate_next(&r, 125000000, USEC_PER_SEC, 8, 1000, &v)); /* bytes → kbit/s */
        cr_assert_eq(v, 1000000);
        cr_assert_eq(0, rate_next(&r, 125000062, 2 * USEC_PER_SEC, 8, 1000, &v));
        cr_assert_eq(v, 0, "0.496");
        cr_assert_eq(0, rate_next(&r, 125000125, 3 * USEC_PER_SEC, 8, 1000, &v));
        cr_assert_eq(v, 1, "0.504");
        cr_assert_eq(1, rate_next(&r, UINT64_MAX, 4 * USEC_PER_SEC, INT64_MAX, 1, &v), "no such rate");
        cr_assert_eq(v, 1, "untouched");
}
