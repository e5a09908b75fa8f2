/* SPDX-License-Identifier: Apache-2.0 */
/* Which characters may be shown as they are. What comes from outside (names, titles, errors of tools and
 * daemons, reasons that people give) must not steer the terminal or the log it is shown in, nor look like
 * something else there.
 *
 * Not harmless: controls (C0, DEL, C1: ECMA-48), what turns the direction of text (UAX #9, 2.1-2.4), what is not
 * seen at all (Unicode's Default_Ignorable_Code_Point, but for variation selectors, which emoji need), the
 * separators of lines and paragraphs, and bytes that are not UTF-8.
 *
 * Pure. Units: bytes; code points. Owner: it keeps nothing. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

#define TEXT_CHAR_BROKEN UINT32_MAX

/* The character that s[0..n), n > 0, begins with: its length in bytes, 1 for a byte that is not UTF-8 (RFC 3629),
 * whose code point is TEXT_CHAR_BROKEN. */
size_t text_char(const char *s, size_t n, uint32_t *ret);

bool text_char_is_harmless(uint32_t c);

/* All of s[0..n) is. */
bool text_is_harmless(const char *s, size_t n);

/* The start of s[0..n) that is harmless and has none of the bytes in `but`, in bytes. */
size_t text_harmless_span(const char *s, size_t n, const char *but);
