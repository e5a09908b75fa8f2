/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/unread.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

#define NAMES_MOST 256
#define WHY_MOST   200

/* As a report may hold it: printable, whole characters. */
static const char *unread_clean(Arena *a, const char *text, size_t most) {
        size_t n = strnlen(text, most + 1);
        char *copy;

        if (n > most)
                for (n = most; n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80; n--)
                        ;
        copy = text_copy(a, text, n);
        for (char *c = copy; c && *c; c++)
                if ((unsigned char) *c < ' ' || *c == 0x7f)
                        *c = ' ';
        return copy;
}

int unread_add(Arena *a, Unread **list, const char *name, const char *why) {
        Unread **end = list;
        uint32_t n = 0;

        name = unread_clean(a, name, 200);
        why = unread_clean(a, why, WHY_MOST);
        if (!name || !why)
                return -ENOMEM;
        for (; *end && strcmp((*end)->name, name) != 0; end = &(*end)->next)
                n++;
        if (*end) {
                if (strlen((*end)->why) < WHY_MOST && !strstr((*end)->why, why))
                        (*end)->why = text_format(a, "%s; %s", (*end)->why, why);
                return (*end)->why ? 0 : -ENOMEM;
        }
        if (n == NAMES_MOST)
                return 0;
        *end = arena_new(a, Unread, 1);
        if (!*end)
                return -ENOMEM;
        **end = (Unread){ .name = name, .why = why };
        return 0;
}

int unread_word(Arena *a, Unread **list, const char *name, const char *what, const char *word) {
        const char *why =
                word && *word ? text_format(a, "%s %.80s", what, word) : text_format(a, "no %s", what);

        return why ? unread_add(a, list, name, why) : -ENOMEM;
}
