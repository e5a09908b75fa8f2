/* SPDX-License-Identifier: Apache-2.0 */
/* Threads beside the main one. Signals are the main thread's: these are begun with all of them blocked.
 *
 * Units: none. Owner: the caller joins or detaches it. Errors: a negative errno: it was not begun. Threads:
 * any.
 */
#pragma once

#include <pthread.h>

#include "scheduler/base/common.h"

/* 0, or a negative errno: it was not begun. */
int thread_begin(pthread_t *ret, void *(*body)(void *), void *arg) must_check;
