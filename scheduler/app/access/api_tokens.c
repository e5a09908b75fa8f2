/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/access/api_tokens.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/terminal/file.h"
#include "scheduler/model/bounds.h"

#define LINE_SHAPE "NAME ROLE SHA256 MADE UNTIL"
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

bool api_token_is_name(const char *name) {
        const size_t n = strspn(name, NAME_CHARS);

        return n > 0 && n <= API_TOKEN_NAME_MAX && name[n] == '\0' && name[0] != '-' && name[0] != '.';
}

/* ---- the file ---- */

static bool api_token_seconds(const char *text, usec_t *ret) {
        int64_t seconds;

        if (text_to_int(text, strlen(text), 0, bound_of(BOUND_TIME) / USEC_PER_SEC, &seconds) < 0)
                return false;
        *ret = seconds * USEC_PER_SEC;
        return true;
}

/* What is wrong with the line; NULL: nothing. */
static const char *api_token_line(char *line, ApiToken *ret) {
        char *words[5] = { 0 }, *rest = line;
        unsigned n = 0;

        for (char *word = strtok_r(rest, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
                if (n == 5)
                        return "accepted: " LINE_SHAPE;
                words[n++] = word;
        }
        if (n != 5)
                return "accepted: " LINE_SHAPE;
        if (!api_token_is_name(words[0]))
                return "the name: accepted: letters, digits, -, _ and .";
        ret->role = api_role_named(words[1]);
        if (ret->role == ROLE_N)
                return "the role: accepted: view, operate and admin";
        if (strlen(words[2]) != SHA256_HEX - 1 || strspn(words[2], "0123456789abcdef") != SHA256_HEX - 1)
                return "the hash: accepted: 64 hexadecimal digits";
        if (!api_token_seconds(words[3], &ret->made) || !api_token_seconds(words[4], &ret->until))
                return "the times: accepted: seconds since the epoch";
        (void) snprintf(ret->name, sizeof(ret->name), "%s", words[0]);
        (void) snprintf(ret->sha256, sizeof(ret->sha256), "%s", words[2]);
        return NULL;
}

int api_tokens_parse(Arena *a, const char *text, size_t n, ApiTokens *ret, TextFault *reterr_fault) {
        ApiToken *list = arena_new(a, ApiToken, API_TOKENS_MAX);
        char *copy = text_copy(a, text, n), *rest = copy;
        uint32_t n_tokens = 0, line = 0;

        if (!list || !copy)
                return -ENOMEM;
        for (char *at = strsep(&rest, "\n"); at; at = strsep(&rest, "\n")) {
                const char *wrong;

                line++;
                if (at[strspn(at, " \t\r")] == '\0' || at[0] == '#')
                        continue;
                wrong = n_tokens == API_TOKENS_MAX ? "too many tokens" : api_token_line(at, &list[n_tokens]);
                if (wrong) {
                        text_fault(reterr_fault, "", "%s", wrong);
                        reterr_fault->line = line;
                        return -EBADMSG;
                }
                n_tokens++;
        }
        *ret = (ApiTokens){ list, n_tokens };
        return 0;
}

int api_tokens_read(Arena *a, const char *path, ApiTokens *ret, TextFault *reterr_fault) {
        const char *text;
        struct stat st;
        size_t n;
        int r;

        *ret = (ApiTokens){ 0 };
        if (stat(path, &st) < 0)
                r = errno == ENOENT ? 0 : -errno;
        else if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IWGRP | S_IWOTH | S_IROTH)))
                r = -EPERM;
        else if ((r = file_read(a, path, &text, &n, reterr_fault)) == 0)
                return api_tokens_parse(a, text, n, ret, reterr_fault);
        if (r == -EPERM)
                text_fault(reterr_fault, "", "accepted: a file of mode 0600 or 0640");
        else if (r < 0)
                text_fault(reterr_fault, "", "%s", strerrordesc_np(-r));
        return r;
}

/* The service, whose folder it is, reads what root has written. */
static int api_tokens_give(const char *path) {
        const char *slash = strrchr(path, '/');
        char folder[4096] = ".";
        struct stat st;

        if (geteuid() != 0)
                return 0;
        if (slash)
                (void) snprintf(folder, sizeof(folder), "%.*s", (int) (slash - path) + 1, path);
        return stat(folder, &st) < 0 || lchown(path, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

int api_tokens_write(Arena *a, const char *path, const ApiTokens *tokens, TextFault *reterr_fault) {
        char *text = text_copy(a, "# " LINE_SHAPE "\n", strlen("# " LINE_SHAPE "\n"));
        mode_t mask;
        int r;

        for (uint32_t i = 0; text && i < tokens->n; i++) {
                const ApiToken *t = &tokens->at[i];

                text = text_format(a, "%s%s %s %s %lld %lld\n", text, t->name, api_role_names[t->role],
                                   t->sha256, (long long) (t->made / USEC_PER_SEC),
                                   (long long) (t->until / USEC_PER_SEC));
        }
        if (!text)
                return -ENOMEM;
        mask = umask(0077);
        r = file_write(path, text, strlen(text), reterr_fault);
        (void) umask(mask);
        if (r == 0 && (r = api_tokens_give(path)) < 0)
                text_fault(reterr_fault, "", "cannot be given to its folder's owner: %s",
                           strerrordesc_np(-r));
        return r;
}

/* ---- tokens ---- */

int api_token_make(const char *name, ApiRole role, usec_t now, usec_t lasts, ApiToken *ret,
                   char ret_token[API_TOKEN_SIZE], TextFault *reterr_fault) {
        char secret[SECRET_HEX];

        if (!api_token_is_name(name)) {
                text_fault(reterr_fault, "", "\"%.60s\": accepted: 1 to %d letters, digits, -, _ and .", name,
                           API_TOKEN_NAME_MAX);
                return -EINVAL;
        }
        if (secret_make(secret) < 0) {
                text_fault(reterr_fault, "", "the kernel gives no random bytes");
                return -EAGAIN;
        }
        (void) snprintf(ret_token, API_TOKEN_SIZE, "%s%s", API_TOKEN_PREFIX, secret);
        explicit_bzero(secret, sizeof(secret));
        *ret = (ApiToken){ .role = role, .made = now, .until = now + lasts };
        (void) snprintf(ret->name, sizeof(ret->name), "%s", name);
        sha256_print(ret_token, strlen(ret_token), ret->sha256);
        return 0;
}

static bool api_token_is_same(const char *left, const char *right) {
        unsigned char differs = 0;

        for (size_t i = 0; i < SHA256_HEX; i++)
                differs |= (unsigned char) (left[i] ^ right[i]);
        return differs == 0;
}

const ApiToken *api_tokens_find(const ApiTokens *tokens, const char *token, usec_t now) {
        char hash[SHA256_HEX];

        if (strnlen(token, API_TOKEN_SIZE) != API_TOKEN_SIZE - 1)
                return NULL;
        sha256_print(token, strlen(token), hash);
        return api_tokens_find_sha256(tokens, hash, now);
}

const ApiToken *api_tokens_find_sha256(const ApiTokens *tokens, const char *sha256, usec_t now) {
        const ApiToken *found = NULL;

        for (uint32_t i = 0; i < tokens->n; i++)
                if (api_token_is_same(sha256, tokens->at[i].sha256) && now < tokens->at[i].until)
                        found = &tokens->at[i];
        return found;
}
