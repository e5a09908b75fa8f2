/* SPDX-License-Identifier: Apache-2.0 */
/* HTML on a stream. As out_say(), but that each text (%s) is escaped, too: what a VM or a host is called is text in the document
 * and in the values of its attributes, never markup. Markup stands in the form alone.
 *
 * Units: none. Owner: the stream is the caller's. Errors: none: what the stream could not take its ferror() says. Threads: one a
 * stream.
 */
#pragma once

#include <stdio.h>

#include "scheduler/base/common.h"

void html_say(FILE *out, const char *fmt, ...) printf_like(2, 3);
