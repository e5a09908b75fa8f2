/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens by which clients of the API say who they are over TCP: a file with a line each, which has their SHA-256 and not
 * themselves. A token is 256 random bits; what is read here cannot be turned back into one.
 *
 *   NAME ROLE SHA256 MADE UNTIL     (seconds since the epoch; lines that begin with # are passed over)
 *
 * Units: usec_t: microseconds since the epoch. Owner: the arena. Errors: a negative errno, with *reterr_fault in words. Threads:
 * any, each its own arena.
 */
#pragma once

#include "scheduler/app/access/api_role.h"
#include "scheduler/base/arena.h"
#include "scheduler/base/clock.h"
#include "scheduler/base/secret.h"
#include "scheduler/base/sha256.h"
#include "scheduler/base/text.h"

#define API_TOKENS_FILE    "api-tokens" /* in service.state_dir */
#define API_TOKEN_PREFIX   "plt_"
#define API_TOKEN_SIZE     (sizeof(API_TOKEN_PREFIX) - 1 + SECRET_HEX)
#define API_TOKENS_MAX     1000
#define API_TOKEN_NAME_MAX 48

typedef struct ApiToken {
        char name[API_TOKEN_NAME_MAX + 1]; /* letters, digits, "-", "_", "." */
        ApiRole role;
        char sha256[SHA256_HEX];
        usec_t made, until;
} ApiToken;

typedef struct ApiTokens {
        const ApiToken *at;
        uint32_t n;
} ApiTokens;

/* A file that is not there has none. A file that others than its owner may write, or that everybody may read, is refused:
 * -EPERM. -EBADMSG: a line that is none. */
int api_tokens_read(Arena *a, const char *path, ApiTokens *ret, TextFault *reterr_fault) must_check;

/* Read and parsed like the file's text. */
int api_tokens_parse(Arena *a, const char *text, size_t n, ApiTokens *ret,
                     TextFault *reterr_fault) must_check;

/* Written at once, mode 0600 and of the owner of its folder, so that the service may read what root has written. */
int api_tokens_write(Arena *a, const char *path, const ApiTokens *tokens, TextFault *reterr_fault) must_check;

/* A new one; ret_token is the only place where it ever stands. 0; -EINVAL: the name; -EAGAIN: no random bytes. */
int api_token_make(const char *name, ApiRole role, usec_t now, usec_t lasts, ApiToken *ret,
                   char ret_token[API_TOKEN_SIZE], TextFault *reterr_fault) must_check;

bool api_token_is_name(const char *name);

/* Which of them this is; NULL: none, or it has expired. Takes the same time whichever it is. */
const ApiToken *api_tokens_find(const ApiTokens *tokens, const char *token, usec_t now);
const ApiToken *api_tokens_find_sha256(const ApiTokens *tokens, const char *sha256, usec_t now);
