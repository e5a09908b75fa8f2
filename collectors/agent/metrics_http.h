/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics: the newest text it was given, by libmicrohttpd, in one thread of the library's.
 *
 * A scraper costs a copy of the text, never a reading; a slow one holds nobody up. Before the first text:
 * 503.
 *
 * Owner:   metrics_http_free() ends the thread. Threads: put and free from one.
 *
 * Units: none. Errors: a negative errno, with *reterr_fault where it is given.
 */
#pragma once

#include "scheduler/base/text.h"

typedef struct MetricsHttp MetricsHttp;

/* "PORT", "ADDRESS:PORT" or "[IPv6]:PORT"; without an address 127.0.0.1. 0; -EINVAL with *reterr_fault: not
 * an address; -EADDRINUSE and the like with *reterr_fault: it cannot listen there. */
int metrics_http_open(const char *where, MetricsHttp **ret, TextFault *reterr_fault) must_check;
MetricsHttp *metrics_http_free(MetricsHttp *http);

/* Copies the text. 0 or -ENOMEM: the one before stays. */
int metrics_http_put(MetricsHttp *http, const char *text, size_t n) must_check;

/* Only whether `where` is an address. */
int metrics_http_check(const char *where, TextFault *reterr_fault) must_check;

/* The port it listens on (of use when 0 was given). */
uint16_t metrics_http_port(const MetricsHttp *http);
