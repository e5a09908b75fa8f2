/* SPDX-License-Identifier: Apache-2.0 */
/* Which switch a host is cabled to, out of lldpcli's words (tests/fuzz/corpus/lldp_neighbors). */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "collectors/parse/lldp_neighbors.h"
#include "collectors/read/slurp.h"

static unsigned char memory[1 << 20];

static int parse(const char *file, const LldpNeighbor **ret, uint32_t *ret_n) {
        Arena a = arena_over(memory, sizeof(memory));
        const char *text;
        size_t n;

        cr_assert_eq(0, file_slurp(&a, SOURCE_DIR "/tests/fuzz/corpus/lldp_neighbors/", file, &text, &n));
        return lldp_neighbors_parse(&a, text, n, ret, ret_n);
}

Test(lldp, switches_are_told_by_name_or_by_their_chassis) {
        const LldpNeighbor *found;
        uint32_t n;

        cr_assert_eq(0, parse("two_switches", &found, &n));
        cr_assert_eq(n, 2, "the telephone on eth2 is no switch");
        cr_assert_str_eq(found[0].interface, "eth0");
        cr_assert_str_eq(found[0].system, "leaf1");
        cr_assert_str_eq(found[0].port, "swp7");
        cr_assert_str_eq(found[1].system, "44:38:39:ff:00:02", "it tells no name");
}

Test(lldp, nobody_heard_is_no_error_and_no_json_is_one) {
        const LldpNeighbor *found;
        uint32_t n;

        cr_assert_eq(0, parse("nobody", &found, &n));
        cr_assert_eq(n, 0);
        cr_assert_eq(-EBADMSG, parse("no_json", &found, &n));
        cr_assert_eq(-EBADMSG, parse("cut", &found, &n));
}
