/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/text_writer.h"

const char *api_status_words(unsigned status) {
        static const struct {
                unsigned status;
                const char *words;
        } names[] = {
                { 400, "Bad Request" },
                { 401, "Unauthorized" },
                { 403, "Forbidden" },
                { 404, "Not Found" },
                { 405, "Method Not Allowed" },
                { 409, "Conflict" },
                { 410, "Gone" },
                { 411, "Length Required" },
                { 412, "Precondition Failed" },
                { 413, "Content Too Large" },
                { 415, "Unsupported Media Type" },
                { 421, "Misdirected Request" },
                { 422, "Unprocessable Content" },
                { 428, "Precondition Required" },
                { 429, "Too Many Requests" },
                { 500, "Internal Server Error" },
                { 503, "Service Unavailable" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (names[i].status == status)
                        return names[i].words;
        return "Error";
}

const char *api_call_query(const ApiCall *call, const char *name) {
        for (uint32_t i = 0; i < call->n_query; i++)
                if (strcmp(call->query[i].name, name) == 0)
                        return call->query[i].value;
        return NULL;
}

bool api_words_have(const char *words, const char *word) {
        const size_t n = strlen(word);

        while (*words) {
                const size_t length = strcspn(words, " ");

                if (length == n && strncmp(words, word, n) == 0)
                        return true;
                words += length + strspn(words + length, " ");
        }
        return false;
}

void api_reply_text(ApiCall *call, unsigned status, const char *type, const char *body, size_t n) {
        call->reply.status = status;
        call->reply.type = type;
        call->reply.body = body;
        call->reply.n = n;
}

void api_reply_header(ApiCall *call, const char *name, const char *value) {
        if (call->reply.n_headers < API_HEADERS_MAX)
                call->reply.headers[call->reply.n_headers++] = (ApiPair){ name, value };
}

void api_reply_problem(ApiCall *call, unsigned status, const char *fmt, ...) {
        TextWriter w = text_writer_new(call->arena);
        char detail[512];
        const char *text;
        va_list ap;
        size_t n;

        va_start(ap, fmt);
        (void) vsnprintf(detail, sizeof(detail), fmt, ap);
        va_end(ap);
        text_writer_word(&w, "{\"type\": \"about:blank\", \"title\": ");
        text_writer_string(&w, api_status_words(status));
        text_writer_word(&w, ", \"status\": ");
        text_writer_int(&w, status);
        text_writer_word(&w, ", \"detail\": ");
        text_writer_string(&w, detail);
        text_writer_word(&w, ", \"instance\": \"urn:plimsoll:request:");
        text_writer_word(&w, call->id);
        text_writer_word(&w, "\"}\n");
        if (text_writer_end(&w, &text, &n) < 0)
                api_reply_text(call, status, API_TYPE_TEXT, "", 0);
        else
                api_reply_text(call, status, API_TYPE_PROBLEM, text, n);
}
