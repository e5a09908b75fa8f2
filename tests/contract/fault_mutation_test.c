/* SPDX-License-Identifier: Apache-2.0 */
/* A word that no parser knows, in the place of each state word of each fixture, one at a time. Whatever it stands for:
 * the item is named with the word, all others are told of as before, a grade does not fall for it, and a host that was well
 * is not drained for it. */
#include "tests/fault_fixture.h"

#define ODD "Zqx"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open(UINT64_C(1) << 30, &arena));
}
TestSuite(fault_mutation, .init = setup, .timeout = 600);

typedef struct Place {
        uint32_t file;
        size_t at, n; /* of the word */
} Place;

typedef enum Form {
        FORM_JSON, /* "KEY": "WORD" */
        FORM_LINE, /* KEY: WORDS to the end of the line */
        FORM_TREE, /* …/KEY WORD */
        FORM_POOL, /* the table of zpool status: the second word of a row */
} Form;

static const struct {
        const char *source, *key;
        Form form;
} state_keys[] = {
        { "smart", "when_failed", FORM_JSON },
        { "megaraid", "State", FORM_JSON },
        { "megaraid", "Status", FORM_JSON },
        { "megaraid", "Controller Status", FORM_JSON },
        { "hpraid", "Controller Status", FORM_LINE },
        { "hpraid", "Cache Status", FORM_LINE },
        { "hpraid", "Battery/Capacitor Status", FORM_LINE },
        { "hpraid", "Status", FORM_LINE },
        { "zfs", "state", FORM_JSON },
        { "zfs", "state", FORM_LINE },
        { "zfs", "", FORM_POOL },
        { "multipath", "dm_st", FORM_JSON },
        { "multipath", "chk_st", FORM_JSON },
        { "md", "array_state", FORM_TREE },
        { "md", "level", FORM_TREE },
        { "md", "raid_disks", FORM_TREE },
        { "md", "state", FORM_TREE },
        { "md", "sync_action", FORM_TREE },
        { "redfish", "Health", FORM_JSON },
        { "redfish", "HealthRollup", FORM_JSON },
        { "redfish", "State", FORM_JSON },
        { "redfish", "StatusIndicator", FORM_JSON },
};

/* ---- where the words are ---- */

static bool json_word(const char *text, const char *at, const char *key, Place *ret) {
        size_t n = strlen(key);
        const char *s = at;

        if (*s != '"' || strncmp(s + 1, key, n) != 0 || s[n + 1] != '"')
                return false;
        for (s += n + 2; *s == ' ' || *s == ':' || *s == '\n' || *s == '\t'; s++)
                ;
        if (*s != '"')
                return false;
        ret->at = (size_t) (s + 1 - text);
        ret->n = strcspn(s + 1, "\"");
        return true;
}

static bool line_word(const char *text, const char *at, const char *key, Place *ret) {
        size_t n = strlen(key);
        const char *s = at;

        if (s != text && s[-1] != '\n')
                return false;
        s += strspn(s, " \t");
        if (strncmp(s, key, n) != 0 || s[n] != ':' || s[n + 1] != ' ')
                return false;
        ret->at = (size_t) (s + n + 2 - text);
        ret->n = strcspn(s + n + 2, "\n");
        return true;
}

static bool tree_word(const char *text, const char *at, const char *key, Place *ret) {
        size_t n = strlen(key);

        if (*at != '/' || strncmp(at + 1, key, n) != 0 || at[n + 1] != ' ' || at[n + 2] == '-')
                return false;
        ret->at = (size_t) (at + n + 2 - text);
        ret->n = strcspn(at + n + 2, "\n");
        return true;
}

/* Between NAME and an empty line, rows of which the second word is a state. */
static bool pool_word(const char *text, const char *at, Place *ret) {
        const char *s = at, *head = NULL;

        if (s == text || s[-1] != '\n' || (*s != '\t' && *s != ' '))
                return false;
        for (const char *h = strstr(text, "NAME "); h && h < at; h = strstr(h + 1, "NAME "))
                head = h;
        for (const char *h = head; h && h < at; h++)
                if (h[0] == '\n' && h[1] == '\n')
                        return false;
        if (!head || strchr(head, '\n') >= at)
                return false;
        s += strspn(s, " \t");
        s += strcspn(s, " \t\n");
        s += strspn(s, " \t");
        ret->at = (size_t) (s - text);
        ret->n = strcspn(s, " \t\n");
        return *s >= 'A' && *s <= 'Z';
}

/* Of JSON that is cut off nothing is read. */
static bool is_whole(const FixtureFile *file) {
        json_t *j = file->text[0] == '{' ? json_document(file->text, file->n) : NULL;

        json_decref(j);
        return file->text[0] != '{' || j;
}

static uint32_t places_find(const Fixture *f, Place *ret, uint32_t most) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < f->n; i++)
                for (const char *s = is_whole(&f->files[i]) ? f->files[i].text : ""; *s; s++)
                        for (size_t k = 0; k < ARRAY_SIZE(state_keys); k++) {
                                const char *key = state_keys[k].key, *text = f->files[i].text;
                                Place p = { .file = i };
                                bool found = false;

                                if (strcmp(state_keys[k].source, f->source) != 0 || n == most)
                                        continue;
                                found = state_keys[k].form == FORM_JSON   ? json_word(text, s, key, &p)
                                        : state_keys[k].form == FORM_LINE ? line_word(text, s, key, &p)
                                        : state_keys[k].form == FORM_TREE ? tree_word(text, s, key, &p)
                                                                          : pool_word(text, s, &p);
                                if (found && p.n > 0)
                                        ret[n++] = p;
                        }
        return n;
}

static Fixture mutated(const Fixture *f, const Place *p) {
        Fixture m = *f;
        const FixtureFile *file = &f->files[p->file];

        m.files[p->file].text =
                text_format(f->arena, "%.*s" ODD "%s", (int) p->at, file->text, file->text + p->at + p->n);
        m.files[p->file].n = strlen(m.files[p->file].text);
        return m;
}

/* ---- the laws ---- */

static bool has_subject(const SampleList *said, const char *subject) {
        for (uint32_t i = 0; i < said->n; i++)
                if (strcmp(said->samples[i].subject, subject) == 0)
                        return true;
        return false;
}

static const char *odd_one(const SampleList *said) {
        for (uint32_t i = 0; i < said->n; i++)
                if (said->samples[i].metric == METRIC_ITEM_UNREAD && strstr(said->samples[i].text, ODD))
                        return said->samples[i].subject;
        return NULL;
}

static int64_t worst_of(const FaultOutput *out) {
        int64_t worst = 0;

        for (uint32_t i = 0; i < out->n_faults; i++)
                worst = out->faults[i].grade > worst ? out->faults[i].grade : worst;
        return worst;
}

/* "controller megaraid/0" is the item megaraid/0. */
static bool is_item(const char *device, const char *item) {
        const char *blank = strrchr(device, ' ');

        return strcmp(device, item) == 0 || (blank && strcmp(blank + 1, item) == 0);
}

static void law_hold(const Fixture *f, const Place *p, const SampleList *before, const FaultOutput *graded) {
        const FixtureFile *file = &f->files[p->file];
        const char *where = text_format(f->arena, "%s/%s: %s: %.*s at %zu", f->source, f->name, file->name,
                                        (int) p->n, file->text + p->at, p->at);
        Fixture m = mutated(f, p);
        SampleList said;
        int r = fixture_run(&m, &said);
        FaultOutput later, fresh;
        const char *odd;

        cr_expect_eq(r, 0, "%s blinds its collector: %s", where, strerror(-r));
        if (r != 0)
                return;
        odd = odd_one(&said);
        cr_expect(odd, "%s: the word is told by nobody", where);
        if (!odd)
                return;
        for (uint32_t i = 0; i < before->n; i++)
                cr_expect(has_subject(&said, before->samples[i].subject), "%s: %s is told of no more", where,
                          before->samples[i].subject);
        later = fixture_grade(&m, &said, &graded->memory, FIXTURE_T0 + INT64_C(3600) * 100 * USEC_PER_SEC);
        for (uint32_t i = 0; i < graded->n_faults; i++) {
                const Fault *was = &graded->faults[i], *is = fixture_fault(&later, was->device);

                if (is_item(was->device, odd))
                        cr_expect(is && is->grade >= was->grade, "%s: %s falls from %lld to %lld", where,
                                  was->device, (long long) was->grade, is ? (long long) is->grade : 0);
        }
        fresh = fixture_grade(&m, &said, NULL, FIXTURE_T0);
        if (strncmp(f->name, "good", 4) == 0)
                cr_expect_leq(worst_of(&fresh), 2, "%s: a host that is well is drained for a word", where);
}

static void mutate_all(const Fixture *f, void *arg) {
        Place *places = arena_new(f->arena, Place, 1024);
        const FaultMemory none = { 0 };
        uint32_t n = places_find(f, places, 1024);
        SampleList before;
        FaultOutput graded;

        if (n == 0 || fixture_run(f, &before) != 0)
                return;
        graded = fixture_grade(f, &before, &none, FIXTURE_T0);
        for (uint32_t i = 0; i < n; i++) {
                ArenaMark mark = arena_mark(f->arena);

                law_hold(f, &places[i], &before, &graded);
                arena_rewind(f->arena, mark);
        }
        *(uint32_t *) arg += n;
}

Test(fault_mutation, a_word_that_is_not_known_is_named_blinds_nothing_and_is_never_health) {
        uint32_t n = 0;

        fixtures_each(&arena, mutate_all, &n);
        (void) printf("%u words\n", n);
        cr_assert_gt(n, 300);
}
