/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/sentence.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

#define PPM_PERCENT  10000 /* millionths in a percent */
#define DECIMALS_MAX 4

/* By long division, a digit after the other: products of 10 do not overflow, those of a million could. */
int64_t share_ppm(int64_t quantity, int64_t whole) {
        const int64_t sign = quantity < 0 ? -1 : 1;
        int64_t share, rest;

        if (whole <= 0)
                return quantity == 0 ? 0 : sign * SHARE_PPM_MAX;
        share = sign * quantity / whole;
        rest = sign * quantity % whole;
        if (share >= SHARE_PPM_MAX / 1000000)
                return sign * SHARE_PPM_MAX;
        for (int i = 0; i < 6; i++) {
                rest *= 10;
                share = share * 10 + rest / whole;
                rest %= whole;
        }
        return sign * share;
}

void sentence_clause(SentenceDraft *d, const char *form, const Fact *facts, uint32_t n) {
        Sentence *s = &d->sentence;

        assert(s->n_clauses < SENTENCE_CLAUSES && s->n_facts + n <= SENTENCE_FACTS);
        s->clauses[s->n_clauses++] = (Clause){ form, n };
        if (n > 0)
                memcpy(d->facts + s->n_facts, facts, n * sizeof(*facts));
        s->n_facts += n;
}

int sentence_keep(Arena *a, const SentenceDraft *d, const Sentence **ret) {
        Sentence *s = arena_new(a, Sentence, 1);
        Fact *facts = arena_new(a, Fact, d->sentence.n_facts);

        if (!s || !facts)
                return -ENOMEM;
        memcpy(facts, d->facts, d->sentence.n_facts * sizeof(*facts));
        *s = d->sentence;
        s->facts = facts;
        *ret = s;
        return 0;
}

/* ---- English ---- */

static bool fact_is_percent(FactKind kind) {
        return kind == FACT_SHARE || kind == FACT_LINE || kind == FACT_EVENED || kind == FACT_LACKING;
}

/* Steps of the last of so many decimals, rounded half up. */
static int64_t percent_steps(int64_t ppm, int decimals) {
        int64_t step = PPM_PERCENT;

        for (int i = 0; i < decimals; i++)
                step /= 10;
        return ((ppm < 0 ? -ppm : ppm) + step / 2) / step;
}

/* Two shares of one thing that differ read the same with so many decimals. */
static bool facts_blur(const Fact *facts, uint32_t n, int decimals) {
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < i && fact_is_percent(facts[i].kind); k++)
                        if (fact_is_percent(facts[k].kind) && facts[k].host == facts[i].host &&
                            facts[k].r == facts[i].r && facts[k].value != facts[i].value &&
                            percent_steps(facts[k].value, decimals) ==
                                    percent_steps(facts[i].value, decimals))
                                return true;
        return false;
}

/* So many that shares of one thing which differ read differently. (58.4996 and 58.5004 do with none, and do not with one.) */
static int clause_decimals(const Fact *facts, uint32_t n) {
        int decimals = 0;

        while (decimals < DECIMALS_MAX && facts_blur(facts, n, decimals))
                decimals++;
        return decimals;
}

static const char *percent_text(Arena *a, int64_t ppm, int decimals) {
        const int64_t steps = percent_steps(ppm, decimals);
        int64_t one = 1;

        for (int i = 0; i < decimals; i++)
                one *= 10;
        if (decimals == 0)
                return text_format(a, "%s%lld %%", ppm < 0 && steps > 0 ? "-" : "", (long long) steps);
        return text_format(a, "%s%lld.%0*lld %%", ppm < 0 && steps > 0 ? "-" : "", (long long) (steps / one),
                           decimals, (long long) (steps % one));
}

static const char *tenths_text(Arena *a, int64_t tenths, const char *unit) {
        const int64_t size = tenths < 0 ? -tenths : tenths;

        return text_format(a, "%s%lld.%lld %s", tenths < 0 ? "-" : "", (long long) size / 10,
                           (long long) size % 10, unit);
}

/* whole: memory in MiB however much it is. */
static const char *sentence_amount_text(Arena *a, int64_t value, FactUnit unit, bool whole) {
        switch (unit) {
        case UNIT_CORES:
                return tenths_text(a, value, "cores");
        case UNIT_MIB:
                return !whole && (value >= 1024 || value <= -1024)
                               ? tenths_text(a, value / 1024 * 10 + value % 1024 * 10 / 1024, "GiB")
                               : text_format(a, "%lld MiB", (long long) value);
        case UNIT_KBIT:
                return value >= 1000 || value <= -1000
                               ? text_format(a, "%lld Mbit/s", (long long) value / 1000)
                               : text_format(a, "%lld kbit/s", (long long) value);
        case UNIT_PLAIN:
                break;
        }
        return text_format(a, "%lld", (long long) value);
}

static const char *fact_text(Arena *a, const Fact *f, int decimals, bool whole) {
        if (f->kind <= FACT_EVIDENCE)
                return f->text;
        if (fact_is_percent(f->kind))
                return percent_text(a, f->value, decimals);
        if (f->kind == FACT_WAVE)
                return text_format(a, "%lld", (long long) f->value + 1);
        return sentence_amount_text(a, f->value, f->kind == FACT_RATE ? UNIT_KBIT : f->unit, whole);
}

/* Tenths of a GiB would show two amounts of one kind, which differ, as the same. */
static bool clause_is_whole(const Fact *facts, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < i && facts[i].unit == UNIT_MIB; k++)
                        if (facts[k].kind == facts[i].kind && facts[k].unit == UNIT_MIB &&
                            facts[k].value != facts[i].value &&
                            facts[k].value * 10 / 1024 == facts[i].value * 10 / 1024)
                                return true;
        return false;
}

/* Appends the clause to `text`; NULL: the arena is full. */
static const char *clause_text(Arena *a, const char *text, const Clause *c, const Fact *facts) {
        const int decimals = clause_decimals(facts, c->n);
        const bool whole = clause_is_whole(facts, c->n);
        const char *form = c->form;
        uint32_t i = 0;

        for (const char *gap = strchr(form, '{'); text && gap; form = gap + 2, gap = strchr(form, '{')) {
                const char *said;

                while (i < c->n && !fact_is_said(facts[i].kind))
                        i++;
                assert(i < c->n);
                said = fact_text(a, &facts[i++], decimals, whole);
                text = said ? text_format(a, "%s%.*s%s", text, (int) (gap - form), form, said) : NULL;
        }
        return text ? text_format(a, "%s%s", text, form) : NULL;
}

const char *sentence_text(Arena *a, const Sentence *s) {
        const Fact *facts = s->facts;
        const char *text = "";

        for (uint32_t i = 0; i < s->n_clauses && text; facts += s->clauses[i++].n) {
                if (i > 0)
                        text = text_format(a, "%s; ", text);
                if (text)
                        text = clause_text(a, text, &s->clauses[i], facts);
        }
        return text;
}
