/* SPDX-License-Identifier: Apache-2.0 */
/* Every command of commands.def: what its table says is whole, its help shows all of it, and a word too many or an
 * option that is none ends with status 2 and a word of what is accepted. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/commands/command.h"

static char said[65536];

static int run(const char *command, const char *word) {
        char program[] = "plimsoll", first[64], second[64];
        char *argv[] = { program, first, second, NULL };
        FILE *out = tmpfile();
        size_t n;
        int status;

        (void) snprintf(first, sizeof(first), "%s", command);
        (void) snprintf(second, sizeof(second), "%s", word);
        status = command_main(3, argv, out, out);
        rewind(out);
        n = fread(said, 1, sizeof(said) - 1, out);
        said[n] = '\0';
        (void) fclose(out);
        return status;
}

static void option_check(const Command *c, const OptionDef *d) {
        char written[96];

        cr_assert(d->doc && *d->doc, "plimsoll %s: --%s is not explained", c->name, d->name);
        if (d->type == OPTION_HEADING)
                return;
        (void) snprintf(written, sizeof(written), "--%s%s%s", d->name, d->value ? " " : "",
                        d->value ? d->value : "");
        cr_assert(strstr(said, written), "plimsoll help %s lacks %s", c->name, written);
        cr_assert_eq(d->type == OPTION_FLAG, d->value == NULL, "plimsoll %s: --%s: a value and a word for it",
                     c->name, d->name);
        if (d->type == OPTION_NUMBER || d->type == OPTION_DURATION)
                cr_assert_lt(d->min, d->max, "plimsoll %s: --%s takes nothing", c->name, d->name);
        for (const OptionDef *other = c->options; other < d; other++)
                cr_assert(other->type == OPTION_HEADING || (strcmp(other->name, d->name) != 0 &&
                                                            (!d->letter || d->letter != other->letter)),
                          "plimsoll %s: --%s is there twice", c->name, d->name);
}

Test(command, keeps_its_contract) {
        const Command *c;

        for (unsigned i = 0; (c = command_at(i)); i++) {
                cr_assert(c->name && c->run && c->usage);
                cr_assert(c->summary && *c->summary && strlen(c->summary) <= 90, "plimsoll %s: its summary",
                          c->name);
                cr_assert(c->help && *c->help, "plimsoll %s has no help", c->name);
                cr_assert_leq(c->least_arguments, c->most_arguments, "plimsoll %s", c->name);
                cr_assert_eq(c, command_find(c->name), "plimsoll %s is there twice", c->name);
                cr_assert_eq(0, run("help", c->name));
                cr_assert(strstr(said, c->help) && strstr(said, c->usage), "plimsoll help %s", c->name);
                for (const OptionDef *d = c->options; d && d->name; d++)
                        option_check(c, d);
                cr_assert_eq(2, run(c->name, "--no-such-option"), "plimsoll %s --no-such-option", c->name);
                cr_assert(strstr(said, "there is no option --no-such-option"), "%s", said);
        }
}
