/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/health/brake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/health/brake_parts.h"

const SettingDef brake_settings[] = {
        { .name = "hosts",
          .type = SETTING_COUNT,
          .def = 2,
          .min = 0,
          .max = 100000,
          .doc = "Maximum number of causes within brake.within for which hosts are evacuated, however small "
                 "the cluster is; more wait for plimsoll release. The default of 2 allows for one host "
                 "failing while another is in maintenance." },
        { .name = "percent",
          .type = SETTING_PERMILLE,
          .def = 200,
          .min = 0,
          .max = 1000,
          .doc = "The same limit as a share of the cluster's hosts; the larger of the two applies. 100%: no "
                 "limit except room." },
        { .name = "within",
          .type = SETTING_DURATION,
          .def = 600 * USEC_PER_SEC,
          .min = 10 * USEC_PER_SEC,
          .max = 86400 * USEC_PER_SEC,
          .doc = "Time in which causes are counted. It should be longer than a bad update or threshold takes "
                 "to reach all hosts, and shorter than the time in which several hosts fail independently." },
        { 0 },
};

bool brake_wants(const Host *host) {
        return host->state == HOST_MAINTENANCE || host->fault_grade >= 3;
}

/* The fault that asks for it: the worst, the first of several. NULL: a mark does, or nobody says of what. */
static const Fault *brake_fault(const Host *host) {
        for (uint32_t i = 0; host->fault_grade >= 3 && i < host->n_faults; i++)
                if (host->faults[i].grade == host->fault_grade)
                        return &host->faults[i];
        return NULL;
}

static const char *brake_kind(const Host *host) {
        const Fault *fault = brake_fault(host);

        return fault && fault->hazard ? fault->hazard : host->fault_grade >= 3 ? "fault" : "maintenance";
}

/* ---- causes that count ---- */

typedef struct BrakeCause {
        HostIx host; /* whose signal was counted */
        const char *kind;
} BrakeCause;

typedef struct BrakeWork {
        const Snapshot *s;
        usec_t now, within;
        uint32_t n_all; /* hosts that the share is of */
        BrakeVerdict *verdicts;
        BrakeCause *causes; /* [n] */
        uint32_t n, limit;
} BrakeWork;

static bool brake_shares_domain(const Host *left, const Host *right) {
        for (uint32_t i = 0; i < left->domains.n; i++)
                for (uint32_t k = 0; k < right->domains.n; k++)
                        if (strcmp(left->domains.at[i], right->domains.at[k]) == 0)
                                return true;
        return false;
}

static bool brake_is_counted(const BrakeWork *w, HostIx h, const char *kind) {
        for (uint32_t i = 0; i < w->n; i++)
                if (w->causes[i].host == h ||
                    (strcmp(w->causes[i].kind, kind) == 0 &&
                     brake_shares_domain(&w->s->hosts[w->causes[i].host], &w->s->hosts[h])))
                        return true;
        return false;
}

static void brake_count(BrakeWork *w, HostIx h, const char *kind) {
        if (!brake_is_counted(w, h, kind))
                w->causes[w->n++] = (BrakeCause){ h, kind };
}

static bool brake_is_recent(const BrakeWork *w, usec_t at) {
        return at > w->now - w->within;
}

/* ---- what is remembered, and what was asked for knowingly ---- */

static BrakeVerdict brake_remembered(const BrakeWork *w, HostIx h) {
        const Host *host = &w->s->hosts[h];
        const bool passed = host->brake == BRAKE_PASSED || host->brake == BRAKE_RELEASED;
        const char *kind = host->brake_kind ? host->brake_kind : brake_kind(host);
        const BrakeVerdict same = { .state = host->brake, .at = host->brake_at, .kind = kind };
        const BrakeVerdict asked = { .state = BRAKE_RELEASED, .at = w->now, .kind = brake_kind(host) };
        const Fault *fault = brake_fault(host);
        const usec_t since = host->fault_grade < 3 ? host->marked_at : fault ? fault->since : 0;

        if (!brake_wants(host)) { /* what was emptied a moment ago counts still */
                if ((passed || host->brake == BRAKE_PAST) && brake_is_recent(w, host->brake_at))
                        return (BrakeVerdict){ .state = BRAKE_PAST, .at = host->brake_at, .kind = kind };
                return (BrakeVerdict){ 0 };
        }
        if (passed)
                return same;
        if (host->brake == BRAKE_PAST &&
            brake_is_recent(w, host->brake_at)) /* it counts already, and from now on anew */
                return (BrakeVerdict){ .state = BRAKE_PASSED, .at = w->now, .kind = kind };
        if (host->fault_grade < 3 && host->several)
                return asked;
        if (host->brake == BRAKE_HELD)
                return same;
        if (w->s->brake_new && since > 0 && !brake_is_recent(w, since))
                return (BrakeVerdict){ .state = BRAKE_PASSED, .at = since, .kind = brake_kind(host) };
        return (BrakeVerdict){ 0 };
}

typedef struct BrakeOrder {
        usec_t at;
        int64_t grade;
        HostIx host;
} BrakeOrder;

/* Those that were counted, in the order in which they were; so whose domain stands for a cause is the same each time. */
static int brake_by_time(const void *left, const void *right) {
        const BrakeOrder *a = left, *b = right;

        return a->at != b->at ? (a->at > b->at) - (a->at < b->at) : (a->host > b->host) - (a->host < b->host);
}

/* The worst first. */
static int brake_by_grade(const void *left, const void *right) {
        const BrakeOrder *a = left, *b = right;

        return a->grade != b->grade ? (a->grade < b->grade) - (a->grade > b->grade)
                                    : (a->host > b->host) - (a->host < b->host);
}

static void brake_count_past(BrakeWork *w, BrakeOrder *scratch) {
        uint32_t n = 0;

        for (HostIx h = 0; h < w->s->n_hosts; h++) {
                const HostBrake state = w->verdicts[h].state;

                if (state != BRAKE_NONE && state != BRAKE_HELD && brake_is_recent(w, w->verdicts[h].at))
                        scratch[n++] = (BrakeOrder){ .at = w->verdicts[h].at, .host = h };
        }
        if (n > 0)
                qsort(scratch, n, sizeof(*scratch), brake_by_time);
        for (uint32_t i = 0; i < n; i++)
                brake_count(w, scratch[i].host, w->verdicts[scratch[i].host].kind);
}

/* ---- what is new ---- */

static const char *brake_why_many(Arena *a, const BrakeWork *w) {
        return text_format(a, "more than %u of %u hosts would be evacuated within %lld min", w->limit,
                           w->n_all, (long long) ((w->within + 59 * USEC_PER_SEC) / (60 * USEC_PER_SEC)));
}

/* Room is looked for only where something is new: then for what is emptied already, too. */
static int brake_judge_new(Arena *a, BrakeWork *w, BrakeSpace *space, const BrakeOrder *new, uint32_t n) {
        const Snapshot *s = w->s;
        bool *leaves = arena_new(a, bool, s->n_hosts);
        HostIx *to = arena_new(a, HostIx, s->n_vms);
        int r = 0;

        if (!leaves || !to)
                return -ENOMEM;
        for (HostIx h = 0; r >= 0 && h < s->n_hosts; h++) {
                if ((w->verdicts[h].state != BRAKE_PASSED && w->verdicts[h].state != BRAKE_RELEASED) ||
                    !brake_wants(&s->hosts[h]))
                        continue;
                leaves[h] = true;
                r = brake_space_add(a, space, leaves, to); /* what has no room has none whatever is added */
                leaves[h] = false;
        }
        for (uint32_t i = 0; r >= 0 && i < n; i++) {
                const HostIx h = new[i].host;
                BrakeVerdict *verdict = &w->verdicts[h];

                *verdict =
                        (BrakeVerdict){ .state = BRAKE_HELD, .at = w->now, .kind = brake_kind(&s->hosts[h]) };
                if (!brake_is_counted(w, h, verdict->kind) && w->n >= w->limit)
                        continue;
                leaves[h] = true;
                r = brake_space_add(a, space, leaves, to);
                leaves[h] = false;
                if (r != 0 && w->n > 0) /* the first one is saved as far as there is room */
                        continue;
                brake_count(w, h, verdict->kind);
                verdict->state = BRAKE_PASSED;
        }
        return r < 0 ? r : 0;
}

/* Words for what is held: of what was held earlier the reason of now, and that it waits for a person. */
static int brake_say(Arena *a, const BrakeWork *w, Brake *ret) {
        const char *many = brake_why_many(a, w), *room = "the other hosts have no room for its VMs",
                   *waits = "held earlier and not released yet";

        if (!many)
                return -ENOMEM;
        ret->n_held = 0;
        for (HostIx h = 0; h < w->s->n_hosts; h++) {
                BrakeVerdict *verdict = &w->verdicts[h];

                if (verdict->state != BRAKE_HELD)
                        continue;
                ret->n_held++;
                verdict->why = verdict->at == w->now && w->n < w->limit ? room
                               : w->n < w->limit                        ? waits
                                                                        : many;
        }
        return 0;
}

static uint32_t brake_limit(const Settings *settings, uint32_t n_all) {
        const int64_t share = n_all * settings_int(settings, "brake", "percent") / 1000;
        const int64_t hosts = settings_int(settings, "brake", "hosts");

        return (uint32_t) (share > hosts ? share : hosts);
}

static bool brake_is_new(const BrakeVerdict *verdict, const Host *host) {
        return verdict->state == BRAKE_NONE && brake_wants(host) && host->excluded == EXCLUDED_NONE &&
               host->state != HOST_OFFLINE;
}

static bool brake_is_changed(const BrakeVerdict *verdict, const Host *host) {
        return verdict->state != host->brake || verdict->at != host->brake_at ||
               strcmp(verdict->kind ? verdict->kind : "", host->brake_kind ? host->brake_kind : "") != 0;
}

int brake_judge(Arena *a, const Snapshot *s, const Settings *settings, Brake *ret) {
        BrakeWork w = { .s = s,
                        .now = s->taken_at,
                        .verdicts = arena_new(a, BrakeVerdict, s->n_hosts),
                        .causes = arena_new(a, BrakeCause, s->n_hosts) };
        BrakeOrder *order = arena_new(a, BrakeOrder, s->n_hosts);
        BrakeSpace *space = NULL;
        uint32_t n = 0;
        int r = 0;

        *ret = (Brake){ .hosts = w.verdicts };
        if (!w.verdicts || !w.causes || !order)
                return -ENOMEM;
        if (!s->braked)
                return 0;
        w.within = settings_int(settings, "brake", "within");
        for (HostIx h = 0; h < s->n_hosts; h++) {
                w.n_all += s->hosts[h].excluded == EXCLUDED_NONE && s->hosts[h].state != HOST_OFFLINE;
                w.verdicts[h] = brake_remembered(&w, h);
        }
        w.limit = brake_limit(settings, w.n_all);
        brake_count_past(&w, order);
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (brake_is_new(&w.verdicts[h], &s->hosts[h]))
                        order[n++] = (BrakeOrder){ .grade = s->hosts[h].fault_grade, .host = h };
        if (n > 0) {
                qsort(order, n, sizeof(*order), brake_by_grade);
                r = brake_space_new(a, s, settings, &space);
                if (r == 0)
                        r = brake_judge_new(a, &w, space, order, n);
        }
        if (r == 0)
                r = brake_say(a, &w, ret);
        if (r < 0)
                return r;
        ret->limit = w.limit;
        ret->counted = w.n;
        for (HostIx h = 0; h < s->n_hosts; h++)
                ret->changed |= brake_is_changed(&w.verdicts[h], &s->hosts[h]);
        return 0;
}

/* ---- put onto the snapshot ---- */

static bool brake_is_for(const Brake *brake, HostIx h, const char *why) {
        return brake->hosts[h].why && strcmp(brake->hosts[h].why, why) == 0;
}

/* "h3, h4, h5": those held for one reason. */
static const char *brake_names(Arena *a, const Snapshot *s, const Brake *brake, const char *why,
                               uint32_t *ret_n) {
        size_t size = 1, at = 0;
        uint32_t n = 0;
        char *names;

        for (HostIx h = 0; h < s->n_hosts; h++)
                size += brake_is_for(brake, h, why) ? strlen(s->hosts[h].name) + 2 : 0;
        names = arena_new(a, char, size);
        for (HostIx h = 0; names && h < s->n_hosts; h++) {
                const size_t length = strlen(s->hosts[h].name);

                if (!brake_is_for(brake, h, why))
                        continue;
                memcpy(names + at, ", ", n > 0 ? 2 : 0);
                at += n++ > 0 ? 2 : 0;
                memcpy(names + at, s->hosts[h].name, length);
                at += length;
        }
        *ret_n = n;
        return names;
}

/* "3 hosts are held, and not emptied: h3, h4, h5 (more than …)": those of one reason in one sentence. */
static const char *brake_note(Arena *a, const Snapshot *s, const Brake *brake, const char *why) {
        uint32_t n = 0;
        const char *names = brake_names(a, s, brake, why, &n);

        return names ? text_format(
                               a, "%u host%s held, and not emptied: %s (%s; plimsoll release HOST… or --all)",
                               n, n == 1 ? " is" : "s are", names, why)
                     : NULL;
}

int brake_apply(Arena *a, const Snapshot *s, const Brake *brake, const Snapshot **ret) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, s->n_hosts);
        const char **notes = arena_new(a, const char *, (size_t) s->notes.n + 3);
        uint32_t n = s->notes.n;

        if (brake->n_held == 0) {
                *ret = s;
                return 0;
        }
        if (!copy || !hosts || !notes)
                return -ENOMEM;
        *copy = *s;
        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        if (n > 0)
                memcpy(notes, s->notes.at, sizeof(*notes) * n);
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const char *why = brake->hosts[h].why;
                bool said = false;

                hosts[h].held = why;
                for (HostIx k = 0; why && k < h && !said; k++)
                        said = brake->hosts[k].why && strcmp(brake->hosts[k].why, why) == 0;
                if (!why || said)
                        continue;
                notes[n] = brake_note(a, s, brake, why);
                if (!notes[n++])
                        return -ENOMEM;
        }
        copy->hosts = hosts;
        copy->notes = (Strings){ .at = notes, .n = n };
        *ret = copy;
        return 0;
}
