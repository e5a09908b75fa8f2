/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM as a count: once, nothing more is started; twice, what runs is aborted.
 *
 * Units: numbers of signals. Owner: process-wide. Errors: none. Threads: any may ask; stop_signal_watch()
 * once, in the main one.
 */
#pragma once

#include "scheduler/act/run_waves.h"

/* From now on they are counted instead of ending the process; system calls are not restarted. SIGPIPE is
 * ignored: a reader that went away is an error of the write. */
void stop_signal_watch(void);

unsigned stop_signal_count(void);
StopRequest stop_signal_request(void);

/* How often SIGHUP came: several may each ask whether it has since they did. */
unsigned stop_signal_reloads(void);
