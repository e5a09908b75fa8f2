/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/remote/http_request.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scheduler/model/bounds.h"

#define TIMEOUT_DEFAULT (10 * USEC_PER_SEC)
#define HEADER_MOST     4096

typedef struct Transfer {
        char *body;
        size_t n, room, most;
        bool too_long, no_memory;
        char token[HEADER_MOST], location[HEADER_MOST];
} Transfer;

static void global_start(void) {
        (void) curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t take_body(char *data, size_t size, size_t count, void *arg) {
        Transfer *t = arg;
        size_t n = size * count;

        if (n > t->most - t->n) {
                t->too_long = true;
                return 0;
        }
        if (t->n + n + 1 > t->room) {
                size_t room = (t->n + n + 1) * 2;
                char *more = realloc(t->body, room);

                if (!more) {
                        t->no_memory = true;
                        return 0;
                }
                t->body = more;
                t->room = room;
        }
        memcpy(t->body + t->n, data, n);
        t->n += n;
        t->body[t->n] = '\0';
        return n;
}

/* A header's value, when it is that header's. */
static void header_copy(const char *line, size_t n, const char *name, char *to) {
        size_t length = strlen(name);

        if (n <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
                return;
        line += length + 1;
        n -= length + 1;
        while (n > 0 && *line == ' ')
                line++, n--;
        while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
                n--;
        if (n < HEADER_MOST) {
                memcpy(to, line, n);
                to[n] = '\0';
        }
}

static size_t take_header(char *data, size_t size, size_t count, void *arg) {
        Transfer *t = arg;

        header_copy(data, size * count, "X-Auth-Token", t->token);
        header_copy(data, size * count, "Location", t->location);
        return size * count;
}

static int http_request_goes_on(void *arg, curl_off_t down, curl_off_t down_now, curl_off_t up,
                                curl_off_t up_now) {
        const HttpRequest *q = arg;

        (void) down;
        (void) down_now;
        (void) up;
        (void) up_now;
        return q->stops(q->stops_arg);
}

static int http_request_error_of(CURLcode code, const Transfer *t) {
        if (t->too_long)
                return -EMSGSIZE;
        if (t->no_memory)
                return -ENOMEM;
        switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
                return -ETIMEDOUT;
        case CURLE_COULDNT_CONNECT:
                return -ECONNREFUSED;
        case CURLE_COULDNT_RESOLVE_HOST:
                return -EHOSTUNREACH;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CACERT_BADFILE:
                return -EKEYREJECTED;
        case CURLE_OUT_OF_MEMORY:
                return -ENOMEM;
        case CURLE_ABORTED_BY_CALLBACK:
                return -ECANCELED;
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
                return -EINVAL;
        default:
                return -EIO;
        }
}

static void options_set(CURL *c, const HttpRequest *q, Transfer *t, struct curl_slist *headers, char *error) {
        usec_t timeout = q->timeout > 0 ? q->timeout : TIMEOUT_DEFAULT;

        (void) curl_easy_setopt(c, CURLOPT_URL, q->url);
        (void) curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long) (timeout / USEC_PER_MSEC));
        (void) curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
        (void) curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
        (void) curl_easy_setopt(c, CURLOPT_USERAGENT, "plimsoll/" PLIMSOLL_VERSION);
        (void) curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
        (void) curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
        (void) curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
        (void) curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
        (void) curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, q->insecure ? 0L : 1L);
        (void) curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, q->insecure ? 0L : 2L);
        if (q->stops) {
                (void) curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, http_request_goes_on);
                (void) curl_easy_setopt(c, CURLOPT_XFERINFODATA, q);
                (void) curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
        }
        if (q->ca_file) {
                (void) curl_easy_setopt(c, CURLOPT_CAINFO, q->ca_file);
                (void) curl_easy_setopt(c, CURLOPT_CAPATH, NULL); /* or the system's count beside it */
        }
        if (q->unix_socket)
                (void) curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, q->unix_socket);
        if (q->user_password) {
                (void) curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
                (void) curl_easy_setopt(c, CURLOPT_USERPWD, q->user_password);
        }
        if (q->body)
                (void) curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body);
        if (q->method)
                (void) curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
        if (headers)
                (void) curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
}

static int reply_copy(Arena *a, const Transfer *t, long status, HttpReply *ret) {
        *ret = (HttpReply){ .status = status, .n = t->n };
        ret->body = text_copy(a, t->body ? t->body : "", t->n);
        if (t->token[0])
                ret->token = text_copy(a, t->token, strlen(t->token));
        if (t->location[0])
                ret->location = text_copy(a, t->location, strlen(t->location));
        return ret->body && (ret->token || !t->token[0]) && (ret->location || !t->location[0]) ? 0 : -ENOMEM;
}

/* NULL and *ret_failed: no memory. */
static struct curl_slist *headers_of(const HttpRequest *q, bool *ret_failed) {
        struct curl_slist *list = NULL, *longer;
        char type[128];

        *ret_failed = false;
        if (q->content_type) {
                (void) snprintf(type, sizeof(type), "Content-Type: %s", q->content_type);
                list = curl_slist_append(NULL, type);
                *ret_failed = !list;
        }
        for (uint32_t i = 0; q->headers && q->headers[i] && !*ret_failed; i++) {
                longer = curl_slist_append(list, q->headers[i]);
                *ret_failed = !longer;
                list = longer ? longer : list;
        }
        return list;
}

int http_request(Arena *a, const HttpRequest *request, HttpReply *ret, TextFault *reterr_fault) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        Transfer t = { .most = request->most > 0 ? request->most : (size_t) bound_of(BOUND_HTTP_ANSWER) };
        char error[CURL_ERROR_SIZE] = "";
        struct curl_slist *headers;
        bool failed;
        long status = 0;
        CURLcode code = CURLE_OUT_OF_MEMORY;
        CURL *c;
        int r;

        (void) pthread_once(&once, global_start);
        c = curl_easy_init();
        headers = headers_of(request, &failed);
        if (c && !failed) {
                options_set(c, request, &t, headers, error);
                code = curl_easy_perform(c);
                (void) curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
        }
        r = code == CURLE_OK ? reply_copy(a, &t, status, ret) : http_request_error_of(code, &t);
        if (r < 0)
                text_fault(reterr_fault, "", "%s",
                           t.too_long ? "the answer is too long"
                           : error[0] ? error
                                      : curl_easy_strerror(code));
        curl_slist_free_all(headers);
        curl_easy_cleanup(c);
        free(t.body);
        return r;
}

const char *http_escape(Arena *a, const char *text) {
        static const char digits[] = "0123456789ABCDEF";
        size_t n = strlen(text), k = 0;
        char *to = arena_new(a, char, 3 * n + 1);

        for (size_t i = 0; to && i < n; i++) {
                unsigned char c = (unsigned char) text[i];
                bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '-' || c == '.' || c == '_' || c == '~';

                if (plain) {
                        to[k++] = (char) c;
                } else {
                        to[k++] = '%';
                        to[k++] = digits[c >> 4];
                        to[k++] = digits[c & 15];
                }
        }
        return to;
}
