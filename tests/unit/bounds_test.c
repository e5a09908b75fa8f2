/* SPDX-License-Identifier: Apache-2.0 */
/* Each number that comes from outside has a bound, and the bound is what is taken. */
#include <criterion/criterion.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/files/snapshot_fields.h"
#include "scheduler/snapshot/wire/sample_wire.h"

Test(bounds, each_number_of_a_report_has_one) {
        for (int m = 0; m < METRIC_N; m++)
                if (metric_defs[m].kind == METRIC_NUMBER)
                        cr_expect(metric_bound((Metric) m) > 0 && metric_bound((Metric) m) <= QUANTITY_MAX,
                                  "%s: bounds.def has no METRIC_BOUND of it, and no UNIT_BOUND of \"%s\"",
                                  metric_defs[m].name, metric_defs[m].unit);
}

Test(bounds, each_number_of_a_snapshot_file_has_one) {
        static const FieldTable *const tables[] = {
                &snapshot_fields,    &host_fields,          &nic_fields,
                &vm_fields,          &rule_fields,          &extra_fields,
                &traffic_fields,     &net_fields,           &headroom_fields,
                &fault_fields,       &hugepages_fields,     &fault_device_fields,
                &numa_fields,        &measured_fields,      &host_contention_fields,
                &platform_fields,    &vm_contention_fields, &ties_fields,
                &lessons_fields,     &host_device_fields,   &vm_lesson_fields,
                &route_lesson_fields
        };
        uint32_t n = 0;

        for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
                for (uint32_t i = 0; i < tables[t]->n; i++) {
                        const FieldDef *d = &tables[t]->defs[i];

                        if (d->kind != FIELD_NUMBER)
                                continue;
                        n++;
                        cr_expect(field_bound_is(d->unit, d->max),
                                  "%s of %s: bounds.def has no FIELD_BOUND of \"%s\" that is %lld", d->name,
                                  tables[t]->object, d->unit, (long long) d->max);
                }
        cr_assert_gt(n, 60U);
}

Test(bounds, each_size_says_what_it_is_and_why) {
        for (int i = 0; i < BOUND_N; i++)
                cr_expect(bounds[i].most > 0 && bounds[i].what[0] && bounds[i].source[0], "row %d", i);
        cr_expect_geq(bound_of(BOUND_STORED), bound_of(BOUND_TIME));
        cr_expect_lt(bound_of(BOUND_STORED), INT64_MAX / 12);
}

Test(bounds, a_name_is_as_long_as_its_bound) {
        char name[300];

        memset(name, 'x', sizeof(name));
        cr_expect(text_is_name(name, (size_t) bound_of(BOUND_NAME_BYTES)));
        cr_expect_not(text_is_name(name, (size_t) bound_of(BOUND_NAME_BYTES) + 1));
}

static Arena arena;

/* One report with one number of each metric. */
static const Report *report_of_all(int64_t beyond) {
        const Report *r = NULL;
        const char *text = "plimsoll.report/1 h sent=1 seq=1 every=1\n@vms 1\n";
        TextFault f;

        for (int m = 0; m < METRIC_N; m++)
                if (metric_defs[m].kind == METRIC_NUMBER) {
                        text = text_format(&arena, "%s%s\tx\t%lld\n", text, metric_defs[m].name,
                                           (long long) (metric_bound((Metric) m) + beyond));
                        cr_assert_not_null(text);
                }
        cr_assert_eq(0, report_parse(&arena, text, strlen(text), &r, &f), "%s", f.what);
        return r;
}

Test(bounds, a_number_at_its_bound_is_taken_and_one_over_it_left_out_and_named) {
        uint32_t numbers = 0;
        const Report *r;

        cr_assert_eq(0, arena_open(64 << 20, &arena));
        for (int m = 0; m < METRIC_N; m++)
                numbers += metric_defs[m].kind == METRIC_NUMBER;
        r = report_of_all(0);
        cr_assert_eq(r->sections[0].n_samples, numbers);
        cr_assert_eq(r->n_dropped, 0);
        r = report_of_all(1);
        cr_assert_eq(r->sections[0].n_samples, 0);
        cr_assert_eq(r->n_dropped, numbers);
        for (uint32_t i = 0; i < numbers; i++) {
                cr_expect_eq(metric_defs[r->dropped[i].metric].kind, METRIC_NUMBER);
                cr_expect_str_eq(r->dropped[i].subject, "x");
        }
}
