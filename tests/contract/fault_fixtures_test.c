/* SPDX-License-Identifier: Apache-2.0 */
/* Each fixture of failing hardware through its collector and the grades, against what it expects; and docs/faults.md,
 * whose table of states is made of them. BLESS=1 writes that table anew. */
#include "tests/fault_fixture.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open(UINT64_C(1) << 30, &arena));
}
TestSuite(fault_fixtures, .init = setup, .timeout = 300);

/* The rest of the next line of `expected` that begins with that word; NULL: no more. */
static const char *line_of(Arena *a, const char **at, const char *word) {
        size_t n = strlen(word);

        for (const char *s = *at, *next; *s; s = next) {
                size_t length = strcspn(s, "\n");

                next = s + length + (s[length] == '\n');
                if (length > n && strncmp(s, word, n) == 0 && s[n] == ' ') {
                        *at = next;
                        return text_copy(a, s + n + 1, length - n - 1);
                }
        }
        return NULL;
}

/* "DEVICE N": a device's name may hold blanks. */
static int64_t number_cut(char *line) {
        char *blank = strrchr(line, ' ');
        int64_t n = strtoll(blank + 1, NULL, 10);

        *blank = '\0';
        return n;
}

static void grades_check(const Fixture *f, const FaultOutput *out) {
        const char *at = f->expected, *line;
        uint32_t n = 0;

        while ((line = line_of(f->arena, &at, "grade"))) {
                char *device = text_copy(f->arena, line, strlen(line));
                int64_t grade = number_cut(device);
                const Fault *fault = fixture_fault(out, device);

                n++;
                cr_expect_eq(fault ? fault->grade : 0, grade, "%s/%s: %s is %lld, not %lld: %s", f->source,
                             f->name, device, fault ? (long long) fault->grade : 0, (long long) grade,
                             fault ? fault->why : "");
        }
        for (uint32_t i = 0; n != out->n_faults && i < out->n_faults; i++)
                (void) fprintf(stderr, "  %s/%s: %s %lld %s\n", f->source, f->name, out->faults[i].device,
                               (long long) out->faults[i].grade, out->faults[i].why);
        cr_expect_eq(n, out->n_faults, "%s/%s has %u faults, not %u", f->source, f->name, out->n_faults, n);
        for (at = f->expected; (line = line_of(f->arena, &at, "all"));) {
                const Fault *fault = fixture_fault(out, line);

                cr_expect(fault && !fault->partly, "%s/%s: %s does not concern all of the host", f->source,
                          f->name, line);
        }
}

static void unread_check(const Fixture *f, const SampleList *said) {
        const char *at = f->expected, *line;
        uint32_t wanted = 0, n = 0;

        while ((line = line_of(f->arena, &at, "unread"))) {
                wanted++;
                cr_expect(fixture_unread(said, line), "%s/%s: nothing of %s was not understood", f->source,
                          f->name, line);
        }
        for (uint32_t i = 0; i < said->n; i++)
                if (said->samples[i].metric == METRIC_ITEM_UNREAD) {
                        n++;
                        if (wanted == 0)
                                (void) fprintf(stderr, "  %s/%s: %s: %s\n", f->source, f->name,
                                               said->samples[i].subject, said->samples[i].text);
                }
        cr_expect_eq(n, wanted, "%s/%s: %u items were not understood, not %u", f->source, f->name, n, wanted);
}

static void check(const Fixture *f, void *arg) {
        SampleList said;
        int r = fixture_run(f, &said);
        FaultOutput out;

        (void) arg;
        cr_expect_eq(r, 0, "%s/%s: its collector fails: %s", f->source, f->name, strerror(-r));
        out = fixture_grade(f, &said, NULL, FIXTURE_T0);
        grades_check(f, &out);
        unread_check(f, &said);
}

Test(fault_fixtures, each_comes_to_what_it_expects) {
        fixtures_each(&arena, check, NULL);
}

/* ---- laws ---- */

static void heat_check(const Fixture *f, void *arg) {
        SampleList said;
        FaultOutput out;

        if (fixture_run(f, &said) != 0 || !(strstr(f->name, "hot") || strstr(f->name, "power")))
                return;
        ++*(uint32_t *) arg;
        out = fixture_grade(f, &said, NULL, FIXTURE_T0);
        for (uint32_t i = 0; i < out.n_faults; i++)
                cr_expect_leq(out.faults[i].grade, 1, "%s/%s: %s is %lld", f->source, f->name,
                              out.faults[i].device, (long long) out.faults[i].grade);
}

Test(fault_fixtures, heat_and_power_are_never_more_than_a_watch) {
        uint32_t n = 0;

        fixtures_each(&arena, heat_check, &n);
        cr_expect_geq(n, 6);
}

/* ---- the manual ---- */

typedef struct Table {
        char *text;
        size_t size;
        FILE *f;
} Table;

static void row_write(const Fixture *f, void *arg) {
        const char *form, *tells, *at = f->expected;
        SampleList said;
        FaultOutput out;
        int64_t worst = 0;

        form = line_of(f->arena, &at, "form");
        at = f->expected;
        tells = line_of(f->arena, &at, "tells");
        cr_assert(form && tells, "%s/%s: `expected` lacks form or tells", f->source, f->name);
        cr_assert_eq(0, fixture_run(f, &said));
        out = fixture_grade(f, &said, NULL, FIXTURE_T0);
        for (uint32_t i = 0; i < out.n_faults; i++)
                worst = out.faults[i].grade > worst ? out.faults[i].grade : worst;
        (void) fprintf(((Table *) arg)->f, "| `%s` | %s | %s | %lld |\n", f->source, form, tells,
                       (long long) worst);
}

Test(fault_fixtures, the_manual_has_every_state_with_its_grade) {
        static const char head[] = "| source | as printed by | state | grade |\n|---|---|---|---|\n",
                          begin[] = "<!-- states -->\n", end[] = "<!-- end of states -->";
        Table table = { 0 };
        const char *doc, *from, *to;
        size_t n;

        table.f = open_memstream(&table.text, &table.size);
        cr_assert(table.f);
        (void) fputs(head, table.f);
        fixtures_each(&arena, row_write, &table);
        (void) fclose(table.f);
        doc = fixture_text(&arena, SOURCE_DIR "/docs/faults.md", &n);
        cr_assert(doc);
        from = strstr(doc, begin);
        to = strstr(doc, end);
        cr_assert(from && to && from < to, "docs/faults.md has no table of states");
        from += strlen(begin);
        if (getenv("BLESS")) {
                FILE *f = fopen(SOURCE_DIR "/docs/faults.md", "we");

                cr_assert(f);
                (void) fprintf(f, "%.*s%s%s", (int) (from - doc), doc, table.text, to);
                (void) fclose(f);
        } else {
                cr_expect((size_t) (to - from) == table.size && memcmp(from, table.text, table.size) == 0,
                          "docs/faults.md's table of states is not that of tests/fixtures/faults: run this "
                          "test with "
                          "BLESS=1, and read what it wrote");
        }
        free(table.text);
}
