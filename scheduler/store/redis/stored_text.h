/* SPDX-License-Identifier: Apache-2.0 */
/* A text of the store with the name it has there. */
#pragma once

#include <stddef.h>

typedef struct StoredText {
        const char *name; /* host */
        const char *text;
        size_t n;
} StoredText;
