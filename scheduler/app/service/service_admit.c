/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes part in a cluster: what the leader writes down of it, and what it says. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"

static void admit_say(const HostAdmission *admission) {
        log_event(LOG_INFO, "host.admitted", "host=%s by=%s uuid=%s cpus=%lld memory_mib=%lld why=%s",
                  admission->host, admission->by ? admission->by : "", admission->uuid ? admission->uuid : "",
                  (long long) admission->cpus, (long long) admission->memory_mib,
                  admission->why ? admission->why : "");
}

/* One that another changed meanwhile stays as that one wrote it. */
static int admit_write(const ServiceRound *round, const HostAdmission *admission) {
        const Leadership *l = round->leadership;
        const char *was = admission_text(source_admissions(round->source), admission->host), *is;
        int r = admission_print(round->arena, admission, &is);

        if (r == 0)
                r = store_lead_admission(l->store, l->token, admission->host, was, is);
        if (r == 0)
                admit_say(admission);
        return r < 0 ? r : 0;
}

/* As it is now. Of a host that is silent nothing is known yet, and is filled in when it speaks. */
static int admit_host(const ServiceRound *round, const Host *host) {
        const bool fits = admission_fits(settings_text(round->settings, "cluster", "hosts"), host->name);
        const HostAdmission *old = host->admitted;
        const bool heard = host->cpus > 0 && host->memory_mib > 0;
        HostAdmission x = { .host = host->name,
                            .by = round->leadership->self,
                            .why = fits ? "its name matches cluster.hosts"
                                        : "it was there before admission was introduced",
                            .at = round_now(round),
                            .cpus = UNKNOWN,
                            .memory_mib = UNKNOWN };

        if (old &&
            (!heard || ((old->uuid || !host->uuid) && old->cpus != UNKNOWN && old->memory_mib != UNKNOWN)))
                return 0;
        if (old)
                x = *old;
        x.uuid = x.uuid ? x.uuid : host->uuid;
        if (heard && x.cpus == UNKNOWN)
                x.cpus = host->cpus;
        if (heard && x.memory_mib == UNKNOWN)
                x.memory_mib = host->memory_mib;
        return admit_write(round, &x);
}

static int admit_forget(const ServiceRound *round, const HostAdmission *admission) {
        const Leadership *l = round->leadership;
        int r = store_forget_host(l->store, admission->host);

        if (r == 0)
                r = store_lead_admission(l->store, l->token, admission->host,
                                         admission_text(source_admissions(round->source), admission->host),
                                         "");
        if (r == 0)
                log_event(LOG_INFO, "host.forgotten", "host=%s by=%s", admission->host,
                          admission->by ? admission->by : "");
        return r < 0 ? r : 0;
}

static int admit_all(const ServiceRound *round, const Snapshot *s) {
        const AdmissionRecords *records = source_admissions(round->source);
        int r = 0;

        /* A store that has forgotten knows no host that was there before hosts were admitted: all of them are strangers. */
        if (!records->begun && source_admits(round->source))
                return store_lead_admits(round->store, round->leadership->token);
        for (uint32_t i = 0; r == 0 && i < records->n; i++)
                if (records->at[i].forgotten)
                        r = admit_forget(round, &records->at[i]);
        for (HostIx h = 0; r == 0 && h < s->n_hosts; h++)
                if (s->hosts[h].excluded != EXCLUDED_SEEN)
                        r = admit_host(round, &s->hosts[h]);
        return r == 0 && !records->begun ? store_lead_admits(round->store, round->leadership->token) : r;
}

static void admit_say_seen(const AdmissionMemory *m, const Snapshot *s) {
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const Host *host = &s->hosts[h];
                const char *was = admission_memory_seen(m, host->name);

                if (host->excluded == EXCLUDED_SEEN && (!was || strcmp(was, host->excluded_why) != 0))
                        log_event(LOG_WARNING, "host.seen", "host=%s why=%s", host->name, host->excluded_why);
        }
        for (uint32_t i = 0; i < m->n_seen; i++) {
                const HostIx h = snapshot_host(s, m->seen[i].name);

                if (h == IX_NONE || s->hosts[h].excluded != EXCLUDED_SEEN)
                        log_event(LOG_INFO, h == IX_NONE ? "host.gone" : "host.takes_part", "host=%s by=%s",
                                  m->seen[i].name,
                                  h != IX_NONE && s->hosts[h].admitted && s->hosts[h].admitted->by
                                          ? s->hosts[h].admitted->by
                                          : "not known");
        }
}

int service_admit(const ServiceRound *round, const Snapshot *s) {
        AdmissionMemory *m = &round->memory->admissions;
        int r = admit_all(round, s);

        if (r == 1)
                return -ECANCELED;
        if (r < 0)
                return r;
        admit_say_seen(m, s);
        return admission_memory_keep(m, s);
}
