/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request by libcurl, within a time limit and a size limit. No redirects are followed, only http and
 * https are spoken, TLS certificates are verified unless the caller says otherwise.
 *
 * Threads: any; each call is its own. Blocks for at most the time limit.
 *
 * Units: usec_t, in microseconds; bytes. Owner: the reply is in the arena. Errors: a negative errno, as said
 * at http_request(); http_escape(): NULL, the arena is full.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/clock.h"
#include "scheduler/base/text.h"

typedef struct HttpRequest {
        const char *url;
        const char *method;         /* NULL: GET, or POST when there is a body */
        const char *body;           /* NULL: none */
        const char *content_type;   /* of the body; NULL: application/x-www-form-urlencoded */
        const char *const *headers; /* "Name: value", ends with NULL; NULL: none */
        const char *user_password;  /* "user:password" for basic authentication; NULL */
        const char *ca_file;        /* NULL: the system's certificates */
        const char *unix_socket;    /* connect to this path instead; NULL: by the URL */
        bool insecure;              /* certificates are not verified */
        usec_t timeout;             /* for everything; 0: 10 s */
        size_t most;                /* bytes of the answer; 0: 256 MiB */
        /* Asked about each second: yes ends it, -ECANCELED. NULL: nobody is asked. */
        bool (*stops)(void *arg);
        void *stops_arg;
} HttpRequest;

typedef struct HttpReply {
        long status;
        const char *body; /* NUL-terminated, in the arena */
        size_t n;
        const char *token, *location; /* X-Auth-Token, Location; NULL: not said */
} HttpReply;

/* 0, whatever the status; -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH, -EKEYREJECTED (TLS), -EMSGSIZE (longer
 * than `most`), -EIO, -ENOMEM, each with *reterr_fault in words, without user and password. */
int http_request(Arena *a, const HttpRequest *request, HttpReply *ret, TextFault *reterr_fault) must_check;

/* For a query string or a form: text with everything else than letters, digits and -._~ as %XX. */
const char *http_escape(Arena *a, const char *text) must_check;
