/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "scheduler/base/key_word.h"

#define NAME_MOST 32   /* bytes of an option's name */
#define FIRST_VAL 1000 /* getopt's values of long options, clear of any letter */

static const OptionDef *def_by_name(const OptionDef *defs, const char *name) {
        for (; defs->name; defs++)
                if (defs->type != OPTION_HEADING && key_word_is_same(defs->name, name))
                        return defs;
        return NULL;
}

static const OptionDef *def_by_letter(const OptionDef *defs, int letter) {
        for (; defs->name; defs++)
                if (defs->type != OPTION_HEADING && defs->letter == letter)
                        return defs;
        return NULL;
}

int duration_parse(const char *text, usec_t *ret) {
        static const struct {
                const char *unit;
                usec_t scale;
        } units[] = { { "ms", 1000 },
                      { "s", USEC_PER_SEC },
                      { "m", 60 * USEC_PER_SEC },
                      { "h", 3600 * USEC_PER_SEC },
                      { "d", 86400 * USEC_PER_SEC } };
        size_t digits = strspn(text, "0123456789.");

        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (strcmp(text + digits, units[i].unit) == 0)
                        return text_to_scaled(text, digits, units[i].scale, 0,
                                              INT64_C(3650) * 86400 * USEC_PER_SEC, ret);
        return -EINVAL;
}

static int number_parse(const OptionDef *d, const char *text, int64_t *ret) {
        int64_t scale = d->scale > 0 ? d->scale : 1;
        size_t n = strlen(text);

        return scale == 1 ? text_to_int(text, n, d->min, d->max, ret)
                          : text_to_scaled(text, n, scale, d->min * scale, d->max * scale, ret);
}

/* What `text` is worth for d; checks it. */
static int options_value_parse(const OptionDef *d, const char *text, int64_t *ret, TextFault *reterr_fault) {
        usec_t duration = 0;
        int r;

        if (d->type == OPTION_NUMBER) {
                r = number_parse(d, text, ret);
                if (r < 0)
                        text_fault(reterr_fault, "",
                                   "--%s %s is not valid; accepted: a%s number from %lld to %lld", d->name,
                                   text, d->scale > 1 ? "" : " whole", (long long) d->min,
                                   (long long) d->max);
                return r < 0 ? -EINVAL : 0;
        }
        if (d->type == OPTION_DURATION) {
                r = duration_parse(text, &duration);
                if (r < 0 || duration < d->min || duration > d->max) {
                        text_fault(
                                reterr_fault, "",
                                "--%s %s is not valid; accepted: a time with its unit (500ms, 30s, 5m, 2h, 1d), from %lld ms "
                                "to %lld s",
                                d->name, text, (long long) (d->min / 1000),
                                (long long) (d->max / USEC_PER_SEC));
                        return -EINVAL;
                }
                *ret = duration;
                return 0;
        }
        if (d->type == OPTION_TEXT && text[0] == '\0') {
                text_fault(reterr_fault, "", "--%s needs a value: %s", d->name, d->value);
                return -EINVAL;
        }
        return 0;
}

/* getopt_long() found what it does not know, or a flag with a value, or an abbreviation of several. */
static void complain_unknown(const OptionDef *defs, const char *word, int letter, TextFault *f) {
        const char *names[OPTIONS_MAX], *nearest;
        char name[64];
        size_t n = 0;

        if (letter > 0 && letter < FIRST_VAL) {
                text_fault(f, "", "unknown option -%c", letter);
                return;
        }
        (void) snprintf(name, sizeof(name), "%.*s", (int) strcspn(word + 2, "="), word + 2);
        if (def_by_name(defs, name)) {
                text_fault(f, "", "--%s takes no value", name);
                return;
        }
        for (const OptionDef *d = defs; d->name; d++)
                if (d->type != OPTION_HEADING)
                        names[n++] = d->name;
        nearest = text_nearest(name, names, n);
        if (nearest)
                text_fault(f, "", "unknown option --%s; did you mean --%s?", name, nearest);
        else
                text_fault(f, "", "unknown option --%s", name);
}

/* max_moves, of max-moves: accepted beside it. */
static bool options_other_spelling(const char *name, char *ret, size_t size) {
        assert(strlen(name) < size);
        for (size_t i = 0; i <= strlen(name); i++)
                ret[i] = (char) (name[i] == '-' ? '_' : name[i]);
        return strchr(name, '-') != NULL;
}

/* The option table in getopt_long()'s words. */
static void tell_getopt(const OptionDef *defs, struct option *longs, char (*others)[NAME_MOST],
                        char *letters) {
        size_t n = 0, k = 0, l = 0;

        letters[l++] = ':'; /* a missing value is told apart from an unknown option */
        for (const OptionDef *d = defs; d->name; d++) {
                if (d->type == OPTION_HEADING)
                        continue;
                assert(k < OPTIONS_MAX);
                longs[n++] =
                        (struct option){ .name = d->name,
                                         .has_arg = d->type == OPTION_FLAG ? no_argument : required_argument,
                                         .val = FIRST_VAL + (int) (d - defs) };
                if (options_other_spelling(d->name, others[k], NAME_MOST)) {
                        longs[n] = longs[n - 1];
                        longs[n++].name = others[k];
                }
                k++;
                if (d->letter) {
                        letters[l++] = d->letter;
                        if (d->type != OPTION_FLAG)
                                letters[l++] = ':';
                }
        }
        longs[n] = (struct option){ 0 };
        letters[l] = '\0';
}

static int use_add(Options *o, const OptionDef *d, const char *text, TextFault *reterr_fault) {
        int64_t number = 0;
        int r;

        if (o->n_uses == OPTION_USES_MAX) {
                text_fault(reterr_fault, "", "more than %d options", OPTION_USES_MAX);
                return -EINVAL;
        }
        r = text ? options_value_parse(d, text, &number, reterr_fault) : 0;
        if (r < 0)
                return r;
        o->uses[o->n_uses++] = (OptionUse){ .def = d, .text = text, .number = number };
        return 0;
}

int options_parse(const OptionDef *defs, int argc, char **argv, Options *ret, TextFault *reterr_fault) {
        struct option longs[2 * OPTIONS_MAX + 1];
        char others[OPTIONS_MAX][NAME_MOST];
        char letters[2 * OPTIONS_MAX + 2];
        Options o = { .defs = defs };
        int c, r;

        tell_getopt(defs, longs, others, letters);
        *reterr_fault = (TextFault){ 0 };
        optind = 0; /* GNU: start afresh */
        opterr = 0;
        while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
                const OptionDef *d = c >= FIRST_VAL ? &defs[c - FIRST_VAL] : def_by_letter(defs, c);

                if (c == ':') {
                        d = optopt >= FIRST_VAL ? &defs[optopt - FIRST_VAL] : def_by_letter(defs, optopt);
                        text_fault(reterr_fault, "", "--%s needs a value: %s", d ? d->name : "?",
                                   d ? d->value : "?");
                        return -EINVAL;
                }
                if (c == '?' || !d) {
                        complain_unknown(defs, argv[optind - 1], optopt, reterr_fault);
                        return -EINVAL;
                }
                r = use_add(&o, d, optarg, reterr_fault);
                if (r < 0)
                        return r;
        }
        o.arguments = argv + optind;
        o.n_arguments = argc - optind;
        *ret = o;
        return 0;
}

const char *option_nth(const Options *o, const char *name, unsigned i) {
        const OptionDef *d = def_by_name(o->defs, name);

        assert(d && d->type != OPTION_FLAG);
        for (unsigned u = 0; u < o->n_uses; u++)
                if (o->uses[u].def == d && i-- == 0)
                        return o->uses[u].text;
        return NULL;
}

static const OptionUse *last_use(const Options *o, const char *name) {
        const OptionDef *d = def_by_name(o->defs, name);

        assert(d);
        for (unsigned u = o->n_uses; u-- > 0;)
                if (o->uses[u].def == d)
                        return &o->uses[u];
        return NULL;
}

bool option_given(const Options *o, const char *name) {
        return last_use(o, name) != NULL;
}

const char *option_text(const Options *o, const char *name) {
        const OptionUse *u = last_use(o, name);

        return u ? u->text : NULL;
}

int64_t option_number(const Options *o, const char *name, int64_t not_given) {
        const OptionUse *u = last_use(o, name);

        return u ? u->number : not_given;
}

void options_wrapped(FILE *out, const char *text, unsigned column, unsigned width) {
        unsigned at = column;

        while (*text) {
                unsigned n = (unsigned) strcspn(text, " ");

                if (at > column && at + 1 + n > width) {
                        (void) fprintf(out, "\n%*s", (int) column, "");
                        at = column;
                } else if (at > column) {
                        (void) fputc(' ', out);
                        at++;
                }
                (void) fprintf(out, "%.*s", (int) n, text);
                at += n;
                text += n;
                text += strspn(text, " ");
        }
        (void) fputc('\n', out);
}

#define HELP_COLUMN 25U

void options_help(const OptionDef *defs, FILE *out, unsigned width) {
        for (const OptionDef *d = defs; d->name; d++) {
                char left[96], letter[8] = "";

                if (d->type == OPTION_HEADING) {
                        (void) fprintf(out, "\n%s\n", d->doc);
                        continue;
                }
                if (d->letter)
                        (void) snprintf(letter, sizeof(letter), "-%c, ", d->letter);
                (void) snprintf(left, sizeof(left), "  %s--%s%s%s", letter, d->name, d->value ? " " : "",
                                d->value ? d->value : "");
                if (strlen(left) + 1 > HELP_COLUMN)
                        (void) fprintf(out, "%s\n%*s", left, (int) HELP_COLUMN, "");
                else
                        (void) fprintf(out, "%-*s", (int) HELP_COLUMN, left);
                options_wrapped(out, d->doc, HELP_COLUMN, width > HELP_COLUMN + 20 ? width : 80);
        }
}
