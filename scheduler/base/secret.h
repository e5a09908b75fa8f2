/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: those that are made here, random bytes of the kernel, as text; and that a process keeps what it was given.
 *
 * Units: bytes. Owner: the caller. Errors: see below. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

enum { SECRET_BYTES = 32, SECRET_HEX = 2 * SECRET_BYTES + 1 };

/* 64 hexadecimal digits and a NUL, unlike all others. 0 or -EAGAIN: the kernel gives no random bytes. */
/* Can it be one: as many digits as one has. */
bool secret_is(const char *text, size_t n);

int secret_make(char ret[SECRET_HEX]) must_check;

/* Nobody but root reads this process' memory and environment (proc(5), ptrace(2)), its own user neither, and it leaves no
 * core: passwords stand there. Programs call it first. A build with sanitizers stays as it is: they look at
 * themselves. */
void secret_keep(void);
