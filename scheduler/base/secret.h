/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that are made here: random bytes of the kernel, as text.
 *
 * Units: bytes. Owner: the caller. Errors: see below. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

enum { SECRET_BYTES = 32, SECRET_HEX = 2 * SECRET_BYTES + 1 };

/* 64 hexadecimal digits and a NUL, unlike all others. 0 or -EAGAIN: the kernel gives no random bytes. */
int secret_make(char ret[SECRET_HEX]) must_check;
