/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/remote_command.h"

#include <string.h>

static const RemoteCommand remote_commands[] = {
#define REMOTE(command, first, role, plans, options) { #command, first, ROLE_##role, plans, options, false },
#define REMOTE_HANDS(command, plans, options)        { #command, "", ROLE_OPERATE, plans, options, true },
#define REMOTE_NOT(command, first, why)
#include "scheduler/app/commands/remote_commands.def"
#undef REMOTE
#undef REMOTE_HANDS
#undef REMOTE_NOT
};

static const struct {
        const char *name, *first, *why;
} remote_not[] = {
#define REMOTE(command, first, role, plans, options)
#define REMOTE_HANDS(command, plans, options)
#define REMOTE_NOT(command, first, why) { #command, first, why },
#include "scheduler/app/commands/remote_commands.def"
#undef REMOTE
#undef REMOTE_HANDS
#undef REMOTE_NOT
};

/* The first that is no option; "": there is none. */
static const char *remote_command_first(const char *const *words, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (words[i][0] != '-')
                        return words[i];
        return "";
}

const RemoteCommand *remote_command_find(const char *name, const char *const *words, uint32_t n) {
        const char *first = remote_command_first(words, n);

        for (size_t i = 0; i < ARRAY_SIZE(remote_commands); i++)
                if (strcmp(remote_commands[i].name, name) == 0 &&
                    (!remote_commands[i].first[0] || strcmp(remote_commands[i].first, first) == 0))
                        return &remote_commands[i];
        return NULL;
}

const char *remote_command_why_not(const char *name, const char *const *words, uint32_t n) {
        const char *first = remote_command_first(words, n);

        for (size_t i = 0; i < ARRAY_SIZE(remote_not); i++)
                if (strcmp(remote_not[i].name, name) == 0 &&
                    (!remote_not[i].first[0] || strcmp(remote_not[i].first, first) == 0))
                        return remote_not[i].why;
        return NULL;
}

bool remote_command_given(const char *const *words, uint32_t n, const char *option) {
        const size_t length = strlen(option);

        for (uint32_t i = 0; i < n && strcmp(words[i], "--") != 0; i++)
                if (strncmp(words[i], "--", 2) == 0 && strncmp(words[i] + 2, option, length) == 0 &&
                    (words[i][2 + length] == '\0' || words[i][2 + length] == '='))
                        return true;
        return false;
}

bool remote_command_plans(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(remote_commands); i++)
                if (strcmp(remote_commands[i].name, name) == 0)
                        return remote_commands[i].plans;
        return false;
}

static bool remote_command_takes(const char *options, const char *word, size_t n) {
        while (*options) {
                const size_t length = strcspn(options, " ");

                if (length == n && strncmp(options, word, n) == 0)
                        return true;
                options += length + strspn(options + length, " ");
        }
        return false;
}

/* Options are taken in full and by their long names alone: getopt would take the beginning of one for it. */
const char *remote_command_refuses(const RemoteCommand *command, const char *const *words, uint32_t n) {
        for (uint32_t i = 0; i < n && strcmp(words[i], "--") != 0; i++) {
                const char *word = words[i];

                if (word[0] == '-' && (word[1] != '-' || !remote_command_takes(command->options, word + 2,
                                                                               strcspn(word + 2, "="))))
                        return word;
        }
        return NULL;
}
