/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a domain's XML: read, or refused; what is read is the same as itself, and freed whole. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/act/libvirt/moved_domain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        char *text = malloc(n + 1), words[256] = "";
        MovedDomain a, b;
        int r;

        if (!text)
                abort();
        memcpy(text, data, n);
        text[n] = '\0';
        r = moved_domain_parse(text, &a);
        if (r == 0) {
                if (moved_domain_parse(text, &b) < 0)
                        abort();
                for (size_t i = 0; i < a.n_ports; i++)
                        if (!a.ports[i].mac || !a.ports[i].policy)
                                abort();
                for (size_t i = 0; i < a.n_disks; i++)
                        if (!a.disks[i].target)
                                abort();
                if (a.n_ports == 1 && moved_domain_differs(&a, &b, words, sizeof(words)))
                        abort();
                moved_domain_done(&b);
        } else if (r != -EBADMSG && r != -ENOMEM) {
                abort();
        }
        moved_domain_done(&a);
        free(text);
        return 0;
}
