/* SPDX-License-Identifier: Apache-2.0 */
/* plimsolld's HTTP server, by libmicrohttpd, on a unix socket, on a TCP address, or both. Rounds never wait for it: what they
 * leave is on the metrics board.
 *
 * Each request, in this order, is asked: how many there are of this client (429), whether it names this server (421) and comes
 * from a page that may (403), whether its path is one (400, 404, 405), who asks (401, 403), whether its body is small enough
 * (411, 413) and JSON (415). Only then its route's handler sees it.
 *
 * Units: none. Owner: api_server_close() ends its threads and all requests. Errors: a negative errno with *reterr_fault.
 * Threads: open and close from one; requests are answered in the library's.
 */
#pragma once

#include "scheduler/app/api/api_call.h"
#include "scheduler/app/api/api_config.h"
#include "scheduler/app/metrics/process_metrics.h"

/* The settings' section "api" decides; options: the service's command line, which its commands are given, too. 0, with *ret NULL where it says that nothing is to be answered. */
int api_server_open(const Settings *settings, const Options *options, MetricsBoard *board, ApiServer **ret,
                    TextFault *reterr_fault) must_check;
ApiServer *api_server_close(ApiServer *server);

/* The port of its TCP address; 0: it has none. */
uint16_t api_server_port(const ApiServer *server);
