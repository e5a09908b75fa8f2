/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the kernel by which interface packets to an address leave this host: ip route get, by rtnetlink.
 *
 * Units: none. Owner: it keeps nothing. Errors: a negative errno, as said below. Threads: any.
 */
#pragma once

#include "collectors/hosts/peer_store.h"

/* 0 with the interface's index; negative errno as of socket, or of route_parse(). Ends within a second. */
int route_ask(const PeerAddress *to, uint32_t *ret_index) must_check;
