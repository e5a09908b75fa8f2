/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service_say.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/app/text/doubled_text.h"
#include "scheduler/app/text/late_text.h"

#define QUOTE       512
#define NAMES_QUOTE (4 * QUOTE)
#define HOSTS_ALONE 5U /* so many that fall silent in one round have a line each */

void service_said_close(ServiceSaid *said) {
        said_close(&said->states);
        said_close(&said->notices);
        said_close(&said->settled);
        said_close(&said->doubled);
        said_close(&said->held);
        said_close(&said->silent);
        said_close(&said->late);
        said_close(&said->marks);
        said_close(&said->certificates);
        said_close(&said->unread);
        said_close(&said->pulses);
}

static const char *say_for(const SaidThing *thing, usec_t now, char buf[HUMAN_SIZE]) {
        return human_ms((now - thing->since) / USEC_PER_MSEC, buf);
}

/* ---- states ---- */

bool service_say(Said *said, const SayState *state, const char *why, usec_t now) {
        char quoted[QUOTE], lasted[HUMAN_SIZE];
        SaidThing was;
        SaidStep step;

        if (!why) {
                if (!said_end(said, state->begins, &was) || !state->ends)
                        return false;
                log_event(LOG_INFO, state->ends, "after=%s times=%llu", state->begins,
                          (unsigned long long) was.times);
                return true;
        }
        step = said_look(said, state->begins, why, now);
        if (step == SAID_BEGINS)
                log_event(state->level, state->begins, "error=%s", log_quote(why, quoted, sizeof(quoted)));
        if (step == SAID_CHANGES) {
                const SaidThing *thing = said_find(said, state->begins);

                log_event(state->level, state->begins, "error=%s for=\"%s\" times=%llu",
                          log_quote(why, quoted, sizeof(quoted)), say_for(thing, now, lasted),
                          (unsigned long long) thing->before);
        }
        return step != SAID_GOES_ON;
}

/* ---- hosts that are not seen ---- */

/* A list of names, at most so many bytes of it. */
typedef struct SayNames {
        char text[NAMES_QUOTE];
        size_t used;
        uint32_t n;
} SayNames;

static void say_name(SayNames *names, const char *name) {
        const size_t room = sizeof(names->text) - names->used;

        if (strlen(name) + 8 < room)
                names->used += (size_t) snprintf(names->text + names->used, room, "%s%s",
                                                 names->n > 0 ? "," : "", name);
        else if (room > 4 && names->used > 0 && names->text[names->used - 1] != '.')
                names->used += (size_t) snprintf(names->text + names->used, room, ",...");
        names->n++;
}

static const char SAY_AGENT[] = "agent.silent", SAY_LIBVIRT[] = "libvirt.silent", SAY_LACKS[] = "host.lacks",
                  SAY_CLOCK[] = "host.clock";

/* The words that matter: its report's age is another each time. */
static const char *say_silence(const Host *host) {
        switch (host->excluded) {
        case EXCLUDED_STALE:
                return SAY_AGENT;
        case EXCLUDED_MISSING: /* there is no report, or it lacks something: then the agent speaks */
                return host->seen_at > 0 ? SAY_LACKS : SAY_AGENT;
        case EXCLUDED_DAEMON:
                return SAY_LIBVIRT;
        case EXCLUDED_CLOCK:
                return SAY_CLOCK;
        default:
                return NULL; /* that it is only seen is said elsewhere; offline is what an operator said */
        }
}

static void say_silent_one(const Host *host, const char *event) {
        const usec_t since = host->vms_as_of > 0 ? host->vms_as_of : host->seen_at;
        char why[QUOTE], at[HUMAN_SIZE];

        log_event(LOG_WARNING, event, "host=%s since=\"%s\" why=%s", host->name,
                  since > 0 ? human_time(since, at) : "not known",
                  log_quote(host->excluded_why ? host->excluded_why : exclusion_texts[host->excluded], why,
                            sizeof(why)));
}

static void say_silent_ended(void *arg, const SaidThing *thing) {
        const usec_t *now = arg;
        char lasted[HUMAN_SIZE];

        log_event(LOG_INFO, "host.back", "host=%s silent_for=\"%s\" rounds=%llu", thing->name,
                  say_for(thing, *now, lasted), (unsigned long long) thing->times);
}

/* Of so many for the same reason one line. */
static void say_silent_many(const Snapshot *s, const bool *begins, const char *event) {
        char quoted[2 * NAMES_QUOTE];
        SayNames names = { .used = 0 };

        for (HostIx h = 0; h < s->n_hosts; h++)
                if (begins[h] && say_silence(&s->hosts[h]) == event)
                        say_name(&names, s->hosts[h].name);
        if (names.n > HOSTS_ALONE)
                log_event(LOG_WARNING, event, "hosts=%u names=%s", names.n,
                          log_quote(names.text, quoted, sizeof(quoted)));
        for (HostIx h = 0; names.n <= HOSTS_ALONE && h < s->n_hosts; h++)
                if (begins[h] && say_silence(&s->hosts[h]) == event)
                        say_silent_one(&s->hosts[h], event);
}

void service_say_silent(ServiceSaid *said, Arena *a, const Snapshot *s, usec_t now) {
        static const char *const events[] = { SAY_AGENT, SAY_LIBVIRT, SAY_LACKS, SAY_CLOCK };
        bool *begins = arena_new(a, bool, s->n_hosts);

        for (HostIx h = 0; begins && h < s->n_hosts; h++) {
                const char *event = say_silence(&s->hosts[h]);

                begins[h] = event && said_look(&said->silent, s->hosts[h].name, event, now) != SAID_GOES_ON;
        }
        for (size_t i = 0; begins && i < ARRAY_SIZE(events); i++)
                say_silent_many(s, begins, events[i]);
        if (begins)
                said_turn(&said->silent, say_silent_ended, &now);
}

/* ---- deadlines ---- */

static void say_late_ended(void *arg, const SaidThing *thing) {
        const usec_t *now = arg;
        char lasted[HUMAN_SIZE];

        log_event(LOG_INFO, "maintenance.late_ended", "host=%s late_for=\"%s\"", thing->name,
                  say_for(thing, *now, lasted));
}

void service_say_late(ServiceSaid *said, const Snapshot *s, usec_t of_day, usec_t now) {
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const uint32_t n = late_vms(s, h, of_day);
                char at[HUMAN_SIZE];

                if (n > 0 && said_look(&said->late, s->hosts[h].name, "late", now) != SAID_GOES_ON)
                        log_event(LOG_WARNING, "maintenance.late", "host=%s deadline=\"%s\" vms=%u",
                                  s->hosts[h].name, human_time(s->hosts[h].leave_by, at), n);
        }
        said_turn(&said->late, say_late_ended, &now);
}

/* ---- marks ---- */

typedef struct SayGone {
        Store *store;
        Arena *arena;
        usec_t now;
} SayGone;

/* "-TIME BY"; "not known": a mark of before, or of a store that does not answer. */
static const char *say_gone_by(const SayGone *gone, const char *host) {
        StoredText *texts = NULL;
        uint32_t n = 0;

        if (store_get_marks_gone(gone->store, gone->arena, &texts, &n) < 0)
                return "not known";
        for (uint32_t i = 0; i < n; i++) {
                const char *blank =
                        strcmp(texts[i].name, host) == 0 ? memchr(texts[i].text, ' ', texts[i].n) : NULL;

                if (blank)
                        return text_copy(gone->arena, blank + 1,
                                         texts[i].n - (size_t) (blank + 1 - texts[i].text));
        }
        return "not known";
}

static void say_mark_ended(void *arg, const SaidThing *thing) {
        const SayGone *gone = arg;
        const char *by = say_gone_by(gone, thing->name);
        char lasted[HUMAN_SIZE];

        log_event(LOG_INFO, "host.unmarked", "host=%s by=%s after=\"%s\"", thing->name, by ? by : "not known",
                  say_for(thing, gone->now, lasted));
}

void service_say_marks(ServiceSaid *said, const HostMark *marks, uint32_t n, Store *store, Arena *a,
                       usec_t now) {
        SayGone gone = { store, a, now };
        char words[QUOTE], since[HUMAN_SIZE], by[HUMAN_SIZE];

        for (uint32_t i = 0; i < n; i++) {
                const HostMark *m = &marks[i];

                (void) snprintf(words, sizeof(words), "%d %lld %lld %d", (int) m->state, (long long) m->at,
                                (long long) m->leave_by, (int) m->for_good);
                if (said_look(&said->marks, m->host, words, now) == SAID_GOES_ON)
                        continue;
                log_event(LOG_INFO, "host.marked",
                          "host=%s state=%s by=%s since=\"%s\" deadline=\"%s\" why=%s", m->host,
                          host_state_names[m->state], m->by ? m->by : "not known",
                          m->at > 0 ? human_time(m->at, since) : "not known",
                          m->leave_by > 0 ? human_time(m->leave_by, by) : "none", m->why ? m->why : "-");
        }
        said_turn(&said->marks, say_mark_ended, &gone);
}

/* ---- single hosts ---- */

static void say_count(void *arg, const SaidThing *thing) {
        uint32_t *n = arg;

        (void) thing;
        ++*n;
}

void service_say_notices(ServiceSaid *said, const char *const *texts, uint32_t n, usec_t now) {
        char quoted[QUOTE];
        uint32_t ended = 0;

        for (uint32_t i = 0; i < n; i++)
                if (said_look(&said->notices, texts[i], "", now) == SAID_BEGINS)
                        log_event(LOG_WARNING, "host.notice", "notice=%s",
                                  log_quote(texts[i], quoted, sizeof(quoted)));
        said_turn(&said->notices, say_count, &ended);
        if (ended > 0)
                log_event(LOG_INFO, "host.notice_ended", "notices=%u left=%u", ended, said->notices.n);
}

/* ---- what is damaged ---- */

void service_say_unread(Said *of, const Drops *unread, bool all, usec_t now) {
        char quoted[QUOTE];
        uint32_t ended = 0;

        for (uint32_t i = 0; i < drops_named(unread); i++)
                if (said_look(of, unread->words[i], "", now) == SAID_BEGINS)
                        log_event(LOG_WARNING, "store.unread", "what=%s others=%llu",
                                  log_quote(unread->words[i], quoted, sizeof(quoted)),
                                  (unsigned long long) (unread->n - drops_named(unread)));
        if (all)
                said_turn(of, say_count, &ended);
        if (ended > 0)
                log_event(LOG_INFO, "store.read_again", "values=%u left=%u", ended, of->n);
}

/* ---- certificates ---- */

static void say_certificate_renewed(void *arg, const SaidThing *thing) {
        char quoted[QUOTE];

        (void) arg;
        log_event(LOG_INFO, "certificate.renewed", "file=%s", log_quote(thing->name, quoted, sizeof(quoted)));
}

void service_say_certificates(ServiceSaid *said, const LiveCertificate *list, uint32_t n, usec_t now) {
        char quoted[QUOTE], until[HUMAN_SIZE];

        for (uint32_t i = 0; i < n; i++)
                if (said_look(&said->certificates, list[i].file, human_time(list[i].until, until), now) !=
                    SAID_GOES_ON)
                        log_event(LOG_WARNING, "certificate.ends", "file=%s until=%s",
                                  log_quote(list[i].file, quoted, sizeof(quoted)), until);
        said_turn(&said->certificates, say_certificate_renewed, NULL);
}

/* ---- VMs ---- */

static void say_single(void *arg, const SaidThing *thing) {
        const usec_t *now = arg;
        char quoted[QUOTE], lasted[HUMAN_SIZE];

        log_event(LOG_WARNING, "vm.single", "vm=%s why=\"it runs on at most one host again\" after=\"%s\"",
                  log_quote(thing->name, quoted, sizeof(quoted)), say_for(thing, *now, lasted));
}

void service_say_doubled(ServiceSaid *said, Arena *a, const Snapshot *s, usec_t now) {
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                const char *hosts = vm_is_doubled(vm) ? doubled_hosts_text(a, vm) : NULL;
                char name[QUOTE], quoted[QUOTE];

                if (vm_is_doubled(vm) &&
                    said_look(&said->doubled, vm->name, hosts ? hosts : "", now) != SAID_GOES_ON)
                        log_event(LOG_ERROR, "vm.doubled", "vm=%s hosts=%s",
                                  log_quote(vm->name, name, sizeof(name)),
                                  log_quote(hosts ? hosts : "", quoted, sizeof(quoted)));
        }
        said_turn(&said->doubled, say_single, &now);
}

/* ---- the brake ---- */

void service_say_held(ServiceSaid *said, const Snapshot *s, const Brake *brake, usec_t now) {
        char quoted[2 * NAMES_QUOTE], why[QUOTE];
        const uint32_t before = said->held.n;
        SayNames names = { .used = 0 };
        HostIx first = IX_NONE;
        uint32_t ended = 0;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                if (brake->hosts[h].state != BRAKE_HELD ||
                    said_look(&said->held, s->hosts[h].name, "", now) != SAID_BEGINS)
                        continue;
                first = first == IX_NONE ? h : first;
                say_name(&names, s->hosts[h].name);
        }
        if (first != IX_NONE)
                log_event(LOG_WARNING, "brake.begin", "hosts=%u held=%u limit=%u names=%s why=%s", names.n,
                          brake->n_held, brake->limit, log_quote(names.text, quoted, sizeof(quoted)),
                          log_quote(brake->hosts[first].why, why, sizeof(why)));
        said_turn(&said->held, say_count, &ended);
        if (before > 0 && brake->n_held == 0)
                log_event(LOG_INFO, "brake.end", "why=\"no host is held\"");
}
