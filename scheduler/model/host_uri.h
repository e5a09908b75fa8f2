/* SPDX-License-Identifier: Apache-2.0 */
/* By which URI a host's libvirt is reached: made of a pattern of the settings and the host's name. What a report, the
 * journal or another host says of URIs is shown and never opened: libvirt's drivers run programs by their parameters
 * (ssh's command, netcat, keyfile, the transport "ext").
 *
 * Units: none. Owner: the caller's arena. Errors: -ENOMEM. Threads: any. Pure.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/rule_set.h"
#include "scheduler/model/settings.h"

/* Can it stand in a URI as a host: letters, digits, dots and dashes, not one of these first (RFC 1123). */
bool host_name_is_dns(const char *name);

/* What stands for the host in a URI: the address that was kept when it was admitted, else its name. */
const char *host_reached_at(const Host *host);

/* `pattern` with the name in the place of each "{host}". *ret NULL: the pattern is empty, or the name is none that
 * can stand in a URI. 0 or -ENOMEM. */
int host_uri_make(Arena *a, const char *pattern, const char *host, const char **ret) must_check;

/* The URI of a host that may be in no snapshot (it is dead, or of the journal): the last `uri` of the settings' list of
 * hosts whose words select it by its name, else by service.uri; `admitted`: its record, or NULL. As above. */
int host_uri_of(Arena *a, const Settings *settings, const char *host, const HostAdmission *admitted,
                const char **ret) must_check;
