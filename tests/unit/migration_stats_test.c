/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt says of a running job, field by field: taken as it is, up to what a machine can have. */
#include <criterion/criterion.h>
#include <libvirt/virterror.h>

#include "scheduler/act/libvirt/domain_state.h"
#include "scheduler/model/bounds.h"

typedef struct Field {
        const char *name;
        unsigned long long value;
} Field;

static MigrationStatus read_fields(const Field *fields, size_t n) {
        MigrationStatus s = { .dirty_kib_s = UNKNOWN, .iteration = 7 };
        virTypedParameterPtr params = NULL;
        int n_params = 0, room = 0;

        cr_assert_eq(0, virInitialize());
        for (size_t i = 0; i < n; i++)
                cr_assert_eq(0, virTypedParamsAddULLong(&params, &n_params, &room, fields[i].name,
                                                        fields[i].value));
        libvirt_read_stats(params, n_params, &s);
        virTypedParamsFree(params, n_params);
        return s;
}

Test(migration_stats, every_field_is_read) {
        const Field fields[] = { { VIR_DOMAIN_JOB_DATA_TOTAL, 1000 },
                                 { VIR_DOMAIN_JOB_DATA_PROCESSED, 200 },
                                 { VIR_DOMAIN_JOB_DATA_REMAINING, 300 },
                                 { VIR_DOMAIN_JOB_MEMORY_BPS, 40 },
                                 { VIR_DOMAIN_JOB_DISK_BPS, 5 },
                                 { VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE, 6 },
                                 { VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, 8192 },
                                 { VIR_DOMAIN_JOB_MEMORY_ITERATION, 3 } };
        const MigrationStatus s = read_fields(fields, ARRAY_SIZE(fields));

        cr_assert_eq(1000, s.bytes_total);
        cr_assert_eq(200, s.bytes_done);
        cr_assert_eq(300, s.bytes_left);
        cr_assert_eq(45, s.bytes_per_s, "memory and disks");
        cr_assert_eq(48, s.dirty_kib_s, "6 pages of 8 KiB");
        cr_assert_eq(3, s.iteration);
}

Test(migration_stats, pages_are_of_4_kib_where_nobody_says_and_an_iteration_may_be_none) {
        const Field fields[] = { { VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE, 6 },
                                 { VIR_DOMAIN_JOB_MEMORY_ITERATION, 0 } };
        const MigrationStatus s = read_fields(fields, ARRAY_SIZE(fields));

        cr_assert_eq(24, s.dirty_kib_s);
        cr_assert_eq(0, s.iteration);
        cr_assert_eq(0, s.bytes_per_s);
        cr_assert_eq(0, s.bytes_total);
}

Test(migration_stats, what_is_not_said_stays) {
        const MigrationStatus s = read_fields(NULL, 0);

        cr_assert_eq(UNKNOWN, s.dirty_kib_s);
        cr_assert_eq(7, s.iteration);
}

Test(migration_stats, beyond_its_bound_it_is_not_known) {
        const unsigned long long most = (unsigned long long) bound_of(BOUND_JOB_BYTES);
        const Field in[] = { { VIR_DOMAIN_JOB_DATA_TOTAL, most } },
                    out[] = { { VIR_DOMAIN_JOB_DATA_TOTAL, most + 1 } };

        cr_assert_eq((int64_t) most, read_fields(in, 1).bytes_total);
        cr_assert_eq(0, read_fields(out, 1).bytes_total);
}
