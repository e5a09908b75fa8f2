/* SPDX-License-Identifier: Apache-2.0 */
/* Redis Sentinel: which server is the master now, asked of the sentinels before each connection (redis.io, "Guidelines for
 * Redis clients"). An address is never remembered: a master that was away says for some seconds after its return that it is
 * one still, and takes writes that are lost then; so the one that most sentinels name is taken, and must say ROLE master.
 *
 * Units: usec_t, in microseconds. Owner: nothing is kept. Errors: -ECONNREFUSED: no sentinel answers; -EAGAIN: they know no
 * master of that name, or it says that it is none (a fail-over is under way). Words in r->error. Threads: the Redis'.
 */
#pragma once

#include "scheduler/store/redis/redis.h"

/* For Redis.find, where the URL names sentinels: *node becomes the master. */
int sentinel_find(Redis *r, RedisUrl *node) must_check;
