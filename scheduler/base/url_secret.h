/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords in URLs: never on a command line, which everybody on a machine can read (proc(5), cmdline), nor shown.
 * They come from a settings file that others cannot read, from the environment, or from a credential of systemd
 * (systemd.exec(5), LoadCredential=).
 *
 * Units: bytes. Owner: buffers are the caller's. Errors: a negative errno with a TextFault that holds no secret.
 * Threads: any; url_secret_given() while nobody changes the environment.
 */
#pragma once

#include "scheduler/base/text.h"

#define URL_SECRET_CREDENTIAL "plimsoll-redis"
#define URL_SECRET_VARIABLE   "PLIMSOLL_REDIS"

/* SCHEME://[USER]:PASSWORD@…, anywhere in it. A user alone (qemu+ssh://root@h1/system) is no secret. */
bool url_secret_in(const char *word);

/* `word` with *** for such a password, cut to size. Returns buf. */
const char *url_secret_masked(const char *word, char *buf, size_t size);

/* None of a program's words has one. 0; -EINVAL with which it is, and what is accepted. */
int url_secret_in_words(int argc, char *const argv[], TextFault *reterr_fault) must_check;

/* The line of the credential, else the environment's variable. 0; 1: neither is there; negative errno. */
int url_secret_given(const char *credential, const char *variable, char *buf, size_t size,
                     TextFault *reterr_fault) must_check;
