/* SPDX-License-Identifier: Apache-2.0 */
/* The service's own certificates, for Redis and for the hosts' libvirt: those that end soon are shown and said while there is
 * time to renew them. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/app/setup/certificate_ends.h"
#include "scheduler/base/log.h"
#include "scheduler/model/host_uri.h"

/* By the pattern of all hosts, and by the hosts' own URIs that name a folder of their own. */
static int service_certificates_libvirt(const ServiceRound *round, const Snapshot *s, CertificateEnds *ends) {
        const char *uri = NULL;
        int r = host_uri_make(ends->arena, settings_text(round->settings, "service", "uri"), "host", &uri);

        if (r == 0)
                r = certificate_ends_add_uri(ends, uri);
        for (HostIx h = 0; r == 0 && s && h < s->n_hosts; h++)
                if (s->hosts[h].uri && strstr(s->hosts[h].uri, "pkipath="))
                        r = certificate_ends_add_uri(ends, s->hosts[h].uri);
        return r;
}

int service_certificates(const ServiceRound *round, const Snapshot *s, RoundDisplay *shown) {
        CertificateEnds ends = { .arena = round->arena, .now = round_now(round) };
        LiveCertificate *list;
        int r = certificate_ends_add(&ends, store_certificate(round->store));

        if (r == 0)
                r = certificate_ends_add(&ends, store_ca(round->store));
        if (r == 0)
                r = service_certificates_libvirt(round, s, &ends);
        list = r == 0 ? arena_new(round->arena, LiveCertificate, ends.n) : NULL;
        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < ends.n; i++)
                list[i] = (LiveCertificate){ .file = ends.at[i].file, .until = ends.at[i].until };
        shown->live.certificates = list;
        shown->live.n_certificates = ends.n;
        service_say_certificates(&round->memory->said, list, ends.n, round_monotonic(round));
        return 0;
}
