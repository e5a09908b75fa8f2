/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/drops.h"

#include <stdio.h>

#define SHOWN 60 /* bytes of an element */

/* Plain ASCII stays; the rest is shown by its number. */
static void drops_show(const char *element, size_t n, char *ret, size_t size) {
        size_t k = 0;

        for (size_t i = 0; i < n && i < SHOWN && k + 5 < size; i++) {
                const unsigned char c = (unsigned char) element[i];

                k += (size_t) snprintf(ret + k, size - k,
                                       c >= 0x20 && c < 0x7f && c != '\\' ? "%c" : "\\x%02x", c);
        }
        (void) snprintf(ret + k, size - k, "%s", n > SHOWN ? "…" : "");
}

void drops_add(Drops *d, const char *where, const char *element, size_t n, const char *why) {
        char shown[SHOWN * 4 + 8];

        if (d->n < DROPS_NAMED) {
                drops_show(element, n, shown, sizeof(shown));
                (void) snprintf(d->words[d->n], DROPS_WORDS, "%s: %s %s", where, shown, why);
        }
        d->n++;
}

uint32_t drops_named(const Drops *d) {
        return d->n < DROPS_NAMED ? (uint32_t) d->n : DROPS_NAMED;
}
