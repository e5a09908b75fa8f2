/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/text_writer.h"

#define WORDS_MOST 64

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

const char *api_words_nearest(Arena *a, const char *words, const char *word) {
        const char *list[WORDS_MOST];
        size_t n = 0;

        while (*words && n < WORDS_MOST) {
                const size_t length = strcspn(words, " ");
                const char *copy = text_copy(a, words, length);

                if (copy)
                        list[n++] = copy;
                words += length + strspn(words + length, " ");
        }
        return n > 0 && strlen(word) <= 64 ? text_nearest(word, list, n) : NULL;
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

/* ---- problems ---- */

static void api_reply_member(TextWriter *w, const char *name, const char *value, bool *io_first) {
        if (!value)
                return;
        text_writer_word(w, *io_first ? "{\"" : ", \"");
        text_writer_word(w, name);
        text_writer_word(w, "\": ");
        text_writer_string(w, value);
        *io_first = false;
}

static void api_reply_faults(TextWriter *w, const ApiProblem *problem) {
        for (uint32_t i = 0; i < problem->n_faults; i++) {
                const ApiFault *f = &problem->faults[i];
                bool first = true;

                text_writer_word(w, i == 0 ? ", \"errors\": [" : ", ");
                api_reply_member(w, "pointer", f->pointer, &first);
                api_reply_member(w, "parameter", f->parameter, &first);
                api_reply_member(w, "detail", f->detail, &first);
                api_reply_member(w, "accepted", f->accepted, &first);
                api_reply_member(w, "nearest", f->nearest, &first);
                text_writer_word(w, i + 1 == problem->n_faults ? "}]" : "}");
        }
}

static void api_reply_blocks(TextWriter *w, const ApiProblem *problem) {
        for (uint32_t i = 0; i < problem->n_blocks; i++) {
                const ApiBlock *b = &problem->blocks[i];
                bool first = true;

                text_writer_word(w, i == 0 ? ", \"blocked_by\": [" : ", ");
                api_reply_member(w, "kind", b->kind, &first);
                api_reply_member(w, "name", b->name, &first);
                api_reply_member(w, "why", b->why, &first);
                text_writer_word(w, i + 1 == problem->n_blocks ? "}]" : "}");
        }
}

static void api_reply_print(ApiCall *call) {
        const ApiProblem *problem = &call->problem;
        TextWriter w = text_writer_new(call->arena);
        const char *text;
        size_t n;

        text_writer_word(&w, "{\"type\": \"about:blank\", \"title\": ");
        text_writer_string(&w, api_status_words(problem->status));
        text_writer_word(&w, ", \"status\": ");
        text_writer_int(&w, problem->status);
        text_writer_word(&w, ", \"detail\": ");
        text_writer_string(&w, problem->detail);
        text_writer_word(&w, ", \"instance\": \"urn:plimsoll:request:");
        text_writer_word(&w, call->id);
        text_writer_word(&w, "\"");
        api_reply_faults(&w, problem);
        api_reply_blocks(&w, problem);
        text_writer_word(&w, "}\n");
        if (text_writer_end(&w, &text, &n) < 0)
                api_reply_text(call, problem->status, API_TYPE_TEXT, "", 0);
        else
                api_reply_text(call, problem->status, API_TYPE_PROBLEM, text, n);
}

void api_reply_problem(ApiCall *call, unsigned status, const char *fmt, ...) {
        char detail[512];
        const char *copy;
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(detail, sizeof(detail), fmt, ap);
        va_end(ap);
        copy = text_copy(call->arena, detail, strlen(detail));
        call->problem = (ApiProblem){ .status = status, .detail = copy ? copy : "out of memory" };
        api_reply_print(call);
}

void api_reply_fault(ApiCall *call, unsigned status, ApiFault fault) {
        ApiProblem *problem = &call->problem;

        if (problem->n_faults == 0)
                api_reply_problem(call, status, "%s%.80s%s%.200s%s%.400s", fault.parameter ? "?" : "",
                                  fault.parameter ? fault.parameter : fault.pointer,
                                  fault.parameter || fault.pointer[0] ? ": " : "", fault.detail,
                                  fault.accepted ? "; accepted: " : "", fault.accepted ? fault.accepted : "");
        if (problem->n_faults == API_FAULTS_MAX)
                return;
        problem->faults[problem->n_faults++] = fault;
        api_reply_print(call);
}

void api_reply_blocked(ApiCall *call, ApiBlock block) {
        ApiProblem *problem = &call->problem;

        if (problem->status == 0 || problem->n_blocks == API_BLOCKS_MAX)
                return;
        problem->blocks[problem->n_blocks++] = block;
        api_reply_print(call);
}
