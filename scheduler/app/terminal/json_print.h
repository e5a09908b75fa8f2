/* SPDX-License-Identifier: Apache-2.0 */
/* JSON on a stream: UTF-8 as it is, what is not harmless (base/text_harmless.h) as \u….
 *
 * Units: none. Owner: the value stays the caller's. Errors: -1 as json_dumpf(). Threads: one a stream.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* As json_dumpf(). */
int json_print(const json_t *value, FILE *out, size_t flags);
