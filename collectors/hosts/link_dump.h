/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the kernel for all network links. By rtnetlink, so that it is right inside a network namespace:
 * /sys/class/net shows the namespace in which sysfs was mounted.
 *
 * Units: Mbit/s; bytes. Owner: links are in the arena. Errors: a negative errno, as said below. Threads: any,
 * each its own arena.
 */
#pragma once

#include "collectors/parse/links.h"

/* root "": the kernel is asked. Else a dump recorded in root + "/rtnetlink/links" (tests). 0; negative errno
 * as from socket, or from links_parse(). Ends within about a second. */
int link_dump(Arena *a, const char *root, const Link **ret, uint32_t *ret_n) must_check;

/* Mbit/s as the driver says, by ethtool (fd: any socket of the namespace); UNKNOWN where it does not. */
int64_t link_speed(int fd, const char *name);
