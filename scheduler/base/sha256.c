/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/sha256.h"

#include <nettle/sha2.h>
#include <stdio.h>

void sha256_print(const void *bytes, size_t n, char ret[SHA256_HEX]) {
        unsigned char digest[SHA256_DIGEST_SIZE];
        struct sha256_ctx x;

        sha256_init(&x);
        sha256_update(&x, n, bytes);
        sha256_digest(&x, sizeof(digest), digest);
        for (size_t i = 0; i < sizeof(digest); i++)
                (void) snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}
