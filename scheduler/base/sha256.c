/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/sha256.h"

#include <nettle/sha2.h>

#include "scheduler/base/text.h"

void sha256_print(const void *bytes, size_t n, char ret[SHA256_HEX]) {
        unsigned char digest[SHA256_DIGEST_SIZE];
        struct sha256_ctx x;

        sha256_init(&x);
        sha256_update(&x, n, bytes);
        sha256_digest(&x, sizeof(digest), digest);
        (void) text_hex(digest, sizeof(digest), ret);
}
