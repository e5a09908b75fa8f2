/* SPDX-License-Identifier: Apache-2.0 */
/* Bonds, VLANs, bridges and routes: over which card traffic leaves. The dumps are in
 * tests/fixtures/host-bonds and tests/fuzz/corpus/route. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "collectors/hosts/link_dump.h"
#include "collectors/parse/route.h"
#include "collectors/read/slurp.h"

static unsigned char memory[1 << 20];
static Arena arena;
static const Link *links;
static uint32_t n_links;

static void setup(void) {
        arena = arena_over(memory, sizeof(memory));
        cr_assert_eq(0, link_dump(&arena, SOURCE_DIR "/tests/fixtures/host-bonds", &links, &n_links));
}
TestSuite(links, .init = setup);

static const Link *named(const char *name) {
        for (uint32_t i = 0; i < n_links; i++)
                if (strcmp(links[i].name, name) == 0)
                        return &links[i];
        cr_assert_fail("no link %s", name);
        return NULL;
}

static const char *uplink_of(const char *name) {
        const Link *l = link_uplink(links, n_links, named(name)->index);

        return l ? l->name : "none";
}

Test(links, of_a_bond_have_its_mode_and_say_who_carries) {
        cr_assert_str_eq(link_bond_mode(named("bond0")), "active-backup");
        cr_assert_str_eq(link_bond_mode(named("bond1")), "802.3ad");
        cr_assert_null(link_bond_mode(named("br0")));
        cr_assert(link_is_bundle(named("bond1")));
        cr_assert(link_carries(named("eth0")), "the active one");
        cr_assert_not(link_carries(named("eth1")), "the backup");
        cr_assert(link_carries(named("eth2")));
        cr_assert_not(link_carries(named("eth3")), "its cable is out");
        cr_assert_eq(named("eth3")->carrier_losses, 9);
}

Test(links, lead_down_to_the_card_that_traffic_leaves_by) {
        cr_assert_str_eq(uplink_of("bond0"), "bond0");
        cr_assert_str_eq(uplink_of("eth0"), "bond0", "a member's traffic is its bond's");
        cr_assert_str_eq(uplink_of("br0"), "bond0");
        cr_assert_str_eq(uplink_of("br0.100"), "bond0", "a VLAN on a bridge on a bond");
        cr_assert_str_eq(uplink_of("bond1.7"), "bond1");
        cr_assert_str_eq(uplink_of("br-int"), "eth4", "Open vSwitch");
        cr_assert_str_eq(uplink_of("virbr0"), "none", "a bridge of guests only");
        cr_assert_str_eq(uplink_of("lo"), "none");
        cr_assert_str_eq(uplink_of("loop.a"), "none", "VLANs in a circle");
        cr_assert_null(link_uplink(links, n_links, 4711));
}

static int route_of(const char *file, uint32_t *ret) {
        const char *bytes;
        size_t n;

        cr_assert_eq(0, file_slurp(&arena, SOURCE_DIR "/tests/fuzz/corpus/route/", file, &bytes, &n));
        return route_parse(bytes, n, ret);
}

Test(links, of_a_route_are_told_by_the_kernel) {
        uint32_t index = 0;

        cr_assert_eq(0, route_of("eth0", &index));
        cr_assert_eq(index, 3);
        cr_assert_eq(-ENETUNREACH, route_of("unreachable", &index));
        cr_assert_eq(-EBADMSG, route_of("cut", &index));
        cr_assert_eq(-EBADMSG, route_of("no_interface", &index));
        cr_assert_eq(index, 3, "untouched");
}
