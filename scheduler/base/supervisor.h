/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon says to the service manager that started it (systemd: sd_notify(3)): that it is ready, what it
 * does, and that it is alive. Where none asks ($NOTIFY_SOCKET is not set) nothing happens.
 *
 * Units: µs. Owner: it keeps nothing; `status` is the caller's. Errors: none: what cannot be said is lost, and
 * the manager decides what silence means. Threads: any.
 */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

/* It serves from now on. `status` is shown by systemctl status, one line. */
void supervisor_ready(const char *status);

/* It reads its settings again; supervisor_ready() ends that. */
void supervisor_reloading(void);

/* It ends: what runs is brought to its end first. */
void supervisor_stopping(const char *status);

void supervisor_status(const char *status);

/* All that must go on has gone on since it was last said. */
void supervisor_alive(void);

/* How often supervisor_alive() is to be called, half of what the manager waits for (WatchdogSec=); 0: nobody waits. */
usec_t supervisor_alive_every(void);

/* Is standard error the journal ($JOURNAL_STREAM)? It takes a line's priority from "<4>" before it: sd-daemon(3). */
bool supervisor_journal(void);
