/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/chosen_hosts.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/model/selection.h"

static const char *chosen_hosts_colon(const char *option) {
        return *option ? ": " : "";
}

static ExitStatus chosen_hosts_none(const Invocation *in, const Snapshot *s, const char *option,
                                    const char *word) {
        const char **names = arena_new(in->arena, const char *, s->n_hosts), *near = NULL;

        if (strpbrk(word, ":*?[!,"))
                return command_complain(in, EXIT_BAD_INPUT, "%s%s%s selects no host of cluster %s", option,
                                        chosen_hosts_colon(option), word, s->cluster);
        for (HostIx h = 0; names && h < s->n_hosts; h++)
                names[h] = s->hosts[h].name;
        if (names && strlen(word) <= 64)
                near = text_nearest(word, names, s->n_hosts);
        return command_complain(in, EXIT_BAD_INPUT, "%s%shost %s not found in cluster %s%s%s%s", option,
                                chosen_hosts_colon(option), word, s->cluster, near ? " (did you mean " : "",
                                near ? near : "", near ? "?)" : "");
}

/* One word into *all; every term of it that is no exception selects a host. */
static ExitStatus chosen_hosts_add(const Invocation *in, const Snapshot *s, const char *option,
                                   const char *word, Selection *all) {
        const char *text = snapshot_host(s, word) != IX_NONE ? selection_name(in->arena, word) : word;
        const uint32_t before = all->n;
        TextFault fault = { 0 };
        int r = text ? selection_add(in->arena, all, text, SELECT_FROM_HOSTS, &fault) : -ENOMEM;

        if (r == -EINVAL)
                return command_complain(in, EXIT_BAD_INPUT, "%s%s%s: %s", option, chosen_hosts_colon(option),
                                        word, fault.what);
        for (uint32_t i = before; r == 0 && i < all->n; i++) {
                SelectTerm term = all->terms[i];
                const Selection one = { .terms = &term, .n = 1 };
                HostIx h = 0;

                while (!term.except && h < s->n_hosts && !selection_has_host(&one, s, h))
                        h++;
                if (h == s->n_hosts)
                        return chosen_hosts_none(in, s, option, word);
        }
        return r == 0 ? EXIT_DONE : command_complain(in, EXIT_FAILED, "out of memory");
}

ExitStatus chosen_hosts(const Invocation *in, const Snapshot *s, const char *option, const Strings *words,
                        Strings *ret) {
        Selection all = { 0 };
        ExitStatus status = EXIT_DONE;
        const HostIx *hosts;
        const char **names;
        uint32_t n;

        for (uint32_t i = 0; status == EXIT_DONE && i < words->n; i++)
                status = chosen_hosts_add(in, s, option, words->at[i], &all);
        if (status != EXIT_DONE)
                return status;
        if (selection_hosts(in->arena, &all, s, &hosts, &n) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (n == 0 && words->n > 0)
                return chosen_hosts_none(
                        in, s, option, words->n == 1 ? words->at[0] : "the list, with its exceptions (!…),");
        names = arena_new(in->arena, const char *, n);
        if (!names)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (uint32_t i = 0; i < n; i++)
                names[i] = s->hosts[hosts[i]].name;
        *ret = (Strings){ .at = names, .n = n };
        return EXIT_DONE;
}

ExitStatus chosen_hosts_of_option(const Invocation *in, const Snapshot *s, const char *option, Strings *ret) {
        char words[64];
        const char **at, *text;
        uint32_t n = 0;

        while (option_nth(&in->options, option, n))
                n++;
        at = arena_new(in->arena, const char *, n);
        if (!at)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (uint32_t i = 0; (text = option_nth(&in->options, option, i)); i++)
                at[i] = text;
        (void) snprintf(words, sizeof(words), "--%s", option);
        return chosen_hosts(in, s, words, &(Strings){ .at = at, .n = n }, ret);
}

ExitStatus chosen_hosts_take_part(const Invocation *in, const Snapshot *s, const Strings *hosts) {
        for (uint32_t i = 0; i < hosts->n; i++) {
                const HostIx h = snapshot_host(s, hosts->at[i]);
                const HostIx other = h == IX_NONE ? IX_NONE : snapshot_same_machine(s, h);

                if (other != IX_NONE)
                        return command_complain(
                                in, EXIT_BLOCKED,
                                "%s and %s are the same machine (UUID %s), so it is not clear which one is meant. Remove "
                                "one: plimsoll host forget HOST",
                                s->hosts[h].name, s->hosts[other].name, s->hosts[h].uuid);
                if (h != IX_NONE && s->hosts[h].excluded == EXCLUDED_SEEN)
                        return command_complain(in, EXIT_BLOCKED, "%s is excluded: %s", s->hosts[h].name,
                                                s->hosts[h].excluded_why ? s->hosts[h].excluded_why
                                                                         : exclusion_texts[EXCLUDED_SEEN]);
        }
        return EXIT_DONE;
}
