/* SPDX-License-Identifier: Apache-2.0 */
/* Post-copy that broke off: each host has a part of the VM's memory, and only both together have all of it.
 */
#include <stdio.h>
#include <string.h>

#include "scheduler/act/libvirt/migration_job.h"

#define PAUSE_MOST (60 * USEC_PER_SEC)

static usec_t migration_resume_pause_of(const Migration *m) {
        usec_t pause = m->hub->options.resume_after << m->resume_tries;

        return pause < PAUSE_MOST ? pause : PAUSE_MOST;
}

static void migration_resume_say(Migration *m, const char *why) {
        hub_lock(m->hub);
        if (!migration_has_ended(m->status.phase))
                (void) snprintf(m->status.message, sizeof(m->status.message), "%s", why);
        m->answered_at = clock_monotonic(); /* no libvirt is asked meanwhile */
        hub_unlock(m->hub);
}

/* False: it was told to stop, or given up. */
static bool migration_resume_rest(Migration *m, usec_t pause) {
        const usec_t until = clock_monotonic() + pause;
        bool go_on;

        hub_lock(m->hub);
        while (!m->stop_asked && clock_monotonic() < until) {
                m->answered_at = clock_monotonic();
                (void) hub_wait(m->hub, until);
        }
        go_on = !m->stop_asked && !migration_has_ended(m->status.phase);
        hub_unlock(m->hub);
        return go_on;
}

static bool broke_off(Migration *m) {
        bool broke;

        hub_lock(m->hub);
        broke = m->mover_result < 0 && m->status.post_copy && !m->stop_asked;
        hub_unlock(m->hub);
        return broke && domain_state_read(migration_source(m), m->uuid, m->hub->options.connect_at_most)
                                .post_copy_failed;
}

static void take_up(Migration *m) {
        hub_lock(m->hub);
        m->params.flags |= VIR_MIGRATE_POSTCOPY_RESUME;
        m->mover_ended = false;
        m->status.resumes++;
        m->status.message[0] = '\0';
        m->answered_at = clock_monotonic();
        migration_news(m);
        hub_unlock(m->hub);
}

bool migration_resume_due(Migration *m) {
        char words[LIBVIRT_WORDS];
        DomainState to;

        while (m->resume_tries < RESUMES_MOST && broke_off(m)) {
                (void) snprintf(words, sizeof(words),
                                "post-copy was interrupted (%.120s); it is resumed, try %u of %d",
                                m->mover_words, m->resume_tries + 1, RESUMES_MOST);
                migration_resume_say(m, words);
                if (!migration_resume_rest(m, migration_resume_pause_of(m)))
                        return false;
                m->resume_tries++;
                to = domain_state_read(migration_target(m), m->uuid, m->hub->options.connect_at_most);
                if (to.presence == PRESENCE_NONE)
                        return false; /* what it had of the VM is lost: nobody can take it up */
                if (to.presence == PRESENCE_UNKNOWN)
                        continue;
                take_up(m);
                return true;
        }
        return false;
}

void migration_resume_command(const Migration *m, char *words, size_t size) {
        (void) snprintf(
                words, size,
                "post-copy was interrupted. Once %.32s and %.32s reach each other: virsh -c %.60s " RESUME_BY_HAND
                "%s %.40s %.60s",
                m->request->order->from, m->request->order->to, m->request->order->from_uri,
                m->params.flags & VIR_MIGRATE_UNDEFINE_SOURCE ? " --persistent --undefinesource" : "",
                m->request->order->vm, m->request->order->to_uri);
}
