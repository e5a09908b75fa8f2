/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "scheduler/act/libvirt/libvirt_ability.h"

Test(libvirt_ability, what_the_versions_of_debian_12_can) {
        const Ability a = ability_of(9000000, 7002000);

        cr_assert(a.auto_converge && a.post_copy && a.parallel && a.tls);
        cr_assert(!a.zstd && !a.parallel_post_copy);
        cr_assert(ability_of(9004000, 7002000).zstd);
        cr_assert(!ability_of(5001000, 9000000).parallel);
        cr_assert(!ability_of(0, 0).auto_converge);
}

Test(libvirt_ability, both_can_what_each_can) {
        const Ability a = ability_of(9004000, 8000000), b = ability_of(5002000, 4000000);

        cr_assert(ability_both(a, b).parallel);
        cr_assert(!ability_both(a, b).zstd);
        cr_assert(!ability_both(b, a).zstd);
}

Test(libvirt_ability, what_was_found_holds_for_a_while) {
        const Ability a = ability_of(9004000, 8000000), old = ability_of(1003003, 2006000);
        AbilityBook b = { 0 };
        Ability ret;

        cr_assert(!ability_known(&b, "h1", 0, &ret));
        ability_note(&b, "h1", 0, a);
        ability_note(&b, "h2", 0, old);
        ability_note(&b, "mute", 0, (Ability){ 0 });
        cr_assert(!ability_known(&b, "mute", 1, &ret), "perhaps it did not answer: asked again");
        cr_assert(ability_known(&b, "h1", ABILITY_HOLDS - 1, &ret));
        cr_assert(ret.zstd);
        cr_assert(ability_known(&b, "h2", 1, &ret));
        cr_assert(!ret.parallel);
        cr_assert(!ability_known(&b, "h1", ABILITY_HOLDS, &ret));
        ability_note(&b, "h1", ABILITY_HOLDS, old);
        cr_assert(ability_known(&b, "h1", ABILITY_HOLDS, &ret));
        cr_assert(!ret.zstd, "the newer one");
        ability_book_done(&b);
        cr_assert(!ability_known(&b, "h1", 0, &ret));
}
