/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/settings/api_settings.h"

#include "scheduler/base/clock.h"

const SettingDef api_settings[] = {
        { "socket", SETTING_TEXT, 0, 0, 0, "", NULL,
          "Path of the unix socket on which plimsolld answers HTTP (docs/api.md). Empty: none. A change needs a restart, "
          "as of all of this section." },
        { "listen", SETTING_TEXT, 0, 0, 0, "", NULL,
          "TCP address on which plimsolld answers HTTP: PORT, IPV4:PORT or [IPV6]:PORT; without an address "
          "127.0.0.1. Empty: none. An address beyond loopback needs api.certificate and api.key." },
        { "certificate", SETTING_TEXT, 0, 0, 0, "", NULL,
          "PEM file with the certificate of the TCP address, and those of its issuers. Empty: no TLS." },
        { "key", SETTING_TEXT, 0, 0, 0, "", NULL, "PEM file with the private key of api.certificate." },
        { "hosts", SETTING_TEXT, 0, 0, 0, "", setting_words,
          "Names by which clients reach the TCP address, as their Host header has them, without a port. localhost, "
          "127.0.0.1, ::1 and the address itself are always accepted; any other is answered 421." },
        { "origins", SETTING_TEXT, 0, 0, 0, "", setting_words,
          "Origins of web pages that may use the API: https://drs.example. A request with any other Origin is "
          "answered 403." },
        { "open_metrics", SETTING_BOOL, 0, 0, 1, NULL, NULL,
          "Serve /metrics over TCP without a token. The names of clusters and hosts are in it." },
        { "connections", SETTING_COUNT, 128, 4, 10000, NULL, NULL,
          "Open connections at most, in all; of one TCP address a half of them." },
        { "streams", SETTING_COUNT, 100, 2, 10000, NULL, NULL,
          "Open streams of events at most, in all; of one TCP address or one user of the unix socket a half of them. They "
          "count among api.connections, too." },
        { "rate", SETTING_COUNT, 100, 1, 100000, NULL, NULL,
          "Requests per second at most, of one TCP address or one user of the unix socket; more are answered 429." },
        { "time", SETTING_DURATION, 20 * USEC_PER_SEC, USEC_PER_SEC, 600 * USEC_PER_SEC, NULL, NULL,
          "A request must have arrived in full within this time, or its connection is closed." },
        { 0 },
};
