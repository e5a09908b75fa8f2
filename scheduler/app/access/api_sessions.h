/* SPDX-License-Identifier: Apache-2.0 */
/* Who has logged in with a browser: a session is 256 random bits, of which only the SHA-256 is kept, in memory, beside that of the
 * token by which it was begun. It ends after twelve hours, at the logout, with its token, and with this process. Of many the
 * oldest go first.
 *
 * Units: usec_t: microseconds since the epoch. Owner: the process. Errors: a negative errno. Threads: any.
 */
#pragma once

#include "scheduler/app/access/api_tokens.h"

#define API_SESSION_FOR (INT64_C(43200) * USEC_PER_SEC)

/* ret_id is the only place where it stands. 0; -EAGAIN: no random bytes. */
int api_session_begin(const ApiToken *token, usec_t now, char ret_id[SECRET_HEX]) must_check;

/* The SHA-256 of the token that it was begun with, which has to be good still, and until when. False: there is none. */
bool api_session_find(const char *id, usec_t now, char ret_token[SHA256_HEX], usec_t *ret_until);

void api_session_end(const char *id);
