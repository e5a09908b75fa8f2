/* SPDX-License-Identifier: Apache-2.0 */
/* Which machine a libvirt daemon says it is: the UUID in its capabilities, digits and dashes alone. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "scheduler/act/libvirt/libvirt_connection.h"

Test(libvirt_machine, the_uuid_of_its_capabilities) {
        static const struct {
                const char *xml, *machine; /* NULL: it does not say */
        } all[] = {
                { "<capabilities><host><uuid>1-aF</uuid></host></capabilities>", "1-aF" },
                { "<capabilities><host>\n<cpu/><uuid> 1\n2g!</uuid></host></capabilities>", "12" },
                { "<capabilities><guest/><host><uuid>7</uuid><uuid>8</uuid></host></capabilities>", "7" },
                { "<capabilities><host><uuid></uuid></host></capabilities>", NULL },
                { "<capabilities><host><uuid>xyz</uuid></host></capabilities>", NULL },
                { "<capabilities><host><name>7</name></host></capabilities>", NULL },
                { "<capabilities><guest><uuid>7</uuid></guest></capabilities>", NULL },
                { "<capabilities/>", NULL },
                { "<capabilities>", NULL },
                { "", NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                char machine[LIBVIRT_MACHINE] = "x";

                cr_assert_eq(all[i].machine != NULL, libvirt_machine_of(all[i].xml, machine), "row %zu", i);
                cr_assert_str_eq(all[i].machine ? all[i].machine : "", machine, "row %zu", i);
        }
}

Test(libvirt_machine, one_that_is_too_long_is_cut) {
        char xml[400], machine[LIBVIRT_MACHINE];

        (void) snprintf(xml, sizeof(xml), "<c><host><uuid>%0200d</uuid></host></c>", 0);
        cr_assert(libvirt_machine_of(xml, machine));
        cr_assert_eq(LIBVIRT_MACHINE - 1, strlen(machine));
}
