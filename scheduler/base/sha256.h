/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4, by nettle) as text: what is kept of a thing that must be recognised and not read.
 *
 * Units: bytes. Owner: the caller. Errors: none. Threads: any.
 */
#pragma once

#include <stddef.h>

enum { SHA256_HEX = 65 };

/* 64 hexadecimal digits and a NUL. */
void sha256_print(const void *bytes, size_t n, char ret[SHA256_HEX]);
