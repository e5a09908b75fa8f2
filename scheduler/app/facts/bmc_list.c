/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/bmc_list.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "scheduler/app/terminal/file.h"

#define WORDS_MAX 4

static int bmc_list_refuse(TextFault *f, uint32_t line, const char *what) {
        text_fault(f, "", "%s; each line must be: HOST URL [USER PASSWORD]", what);
        f->line = line;
        return -EBADMSG;
}

static bool bmc_list_is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

/* The words of s[0..n), copied; how many, or one more than there may be; -ENOMEM. */
static int words_of(Arena *a, const char *s, size_t n, const char *words[WORDS_MAX]) {
        size_t at = 0;
        int count = 0;

        while (at < n) {
                size_t end;

                while (at < n && bmc_list_is_blank(s[at]))
                        at++;
                for (end = at; end < n && !bmc_list_is_blank(s[end]);)
                        end++;
                if (end == at || s[at] == '#')
                        break;
                if (count == WORDS_MAX)
                        return WORDS_MAX + 1;
                words[count] = text_copy(a, s + at, end - at);
                if (!words[count++])
                        return -ENOMEM;
                at = end;
        }
        return count;
}

static int bmc_list_line_read(Arena *a, const char *s, size_t n, uint32_t line, Bmc *ret, TextFault *f) {
        const char *words[WORDS_MAX] = { "", "", "", "" };
        int count = words_of(a, s, n, words);

        if (count <= 0)
                return count < 0 ? count : 1;
        if (count != 2 && count != 4)
                return bmc_list_refuse(f, line,
                                       count < 2    ? "the URL is missing"
                                       : count == 3 ? "a user without a password"
                                                    : "too many words");
        if (!text_is_name(words[0], strlen(words[0])))
                return bmc_list_refuse(f, line, "the host is not a valid name");
        if (strncmp(words[1], "https://", 8) != 0 && strncmp(words[1], "http://", 7) != 0)
                return bmc_list_refuse(f, line, "the URL does not begin with https:// or http://");
        for (int i = 2; i < WORDS_MAX; i++)
                if (!text_is_line(words[i], strlen(words[i])))
                        return bmc_list_refuse(f, line, "user or password is not valid UTF-8");
        *ret = (Bmc){ .host = words[0], .url = words[1], .user = words[2], .password = words[3] };
        return 0;
}

int bmc_list_parse(Arena *a, const char *text, size_t n, const Bmc **ret, uint32_t *ret_n,
                   TextFault *reterr_fault) {
        uint32_t lines = 1, count = 0, line = 0;
        Bmc *list;

        for (size_t i = 0; i < n; i++)
                lines += text[i] == '\n';
        list = arena_new(a, Bmc, lines);
        if (!list)
                return -ENOMEM;
        for (const char *at = text, *end = text + n, *newline; at < end; at = newline + 1) {
                int r;

                newline = memchr(at, '\n', (size_t) (end - at));
                newline = newline ? newline : end;
                r = bmc_list_line_read(a, at, (size_t) (newline - at), ++line, &list[count], reterr_fault);
                if (r < 0)
                        return r;
                for (uint32_t i = 0; r == 0 && i < count; i++)
                        if (strcmp(list[i].host, list[count].host) == 0)
                                return bmc_list_refuse(reterr_fault, line, "the host has a BMC already");
                count += r == 0;
        }
        *ret = list;
        *ret_n = count;
        return 0;
}

int bmc_list_read(Arena *a, const char *path, const Bmc **ret, uint32_t *ret_n, TextFault *reterr_fault) {
        struct stat st;
        const char *text;
        size_t n;
        int r;

        if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
                text_fault(
                        reterr_fault, "",
                        "it holds passwords, and users other than its owner can read or write it. Use chmod 600");
                return -EPERM;
        }
        r = file_read(a, path, &text, &n, reterr_fault);
        return r < 0 ? r : bmc_list_parse(a, text, n, ret, ret_n, reterr_fault);
}
