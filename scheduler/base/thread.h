/* SPDX-License-Identifier: Apache-2.0 */
/* Threads beside the main one. Signals are the main thread's: these are begun with all of them blocked.
 *
 * Units: usec_t. Owner: the caller joins or detaches it. Errors: a negative errno: it was not begun. Threads:
 * any.
 */
#pragma once

#include <pthread.h>

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

/* 0, or a negative errno: it was not begun. */
int thread_begin(pthread_t *ret, void *(*body)(void *), void *arg) must_check;

/* A condition variable whose times are clock_monotonic()'s: a clock that is set moves none of them. Ended by
 * pthread_cond_destroy(). */
void cond_open(pthread_cond_t *ret);
/* Under the lock. False: it is `until`, by clock_monotonic(). True: it was signalled, or for no reason; the caller looks. */
bool cond_wait_until(pthread_cond_t *c, pthread_mutex_t *lock, usec_t until);
