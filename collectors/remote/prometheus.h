/* SPDX-License-Identifier: Apache-2.0 */
/* Facts from Prometheus: the series that node_exporter, a libvirt exporter and smartctl_exporter make, asked
 * for with the queries of prometheus_queries.def, as one Report a host, such as an agent would have sent.
 *
 * A host is the host label ("instance", its port cut off), so that the exporters of one machine must be
 * scraped under one name. A section's time is that of its scrape: what Prometheus repeats of a dead exporter
 * is old, not news. What exporters do not know is left out: storage pools, networks, passthrough devices,
 * jobs (docs/prometheus.md).
 *
 * Owner: everything returned is in the arena. Threads: any. Blocks for at most prometheus.timeout a query.
 *
 * Units: as metrics.def says of each metric. Errors: a negative errno, as said below.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/sample.h"
#include "scheduler/model/settings.h"

extern const SettingDef prometheus_settings[]; /* section "prometheus" */

typedef struct PromFacts {
        const Report *reports;      /* sorted by host */
        const char *const *members; /* hosts that had a libvirt exporter within the last day, silent or not */
        uint32_t n_reports, n_members;
} PromFacts;

/* url NULL: the setting prometheus.url. No report at all is -ENODATA. Else the errors of http_request(),
 * -EACCES, -EBADMSG: what answers is not Prometheus; -ENOENT …: token_file cannot be read. All with
 * *reterr_fault. */
int prometheus_read(Arena *a, const Settings *settings, const char *url, PromFacts *ret,
                    TextFault *reterr_fault) must_check;
