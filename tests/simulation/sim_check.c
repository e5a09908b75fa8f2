/* SPDX-License-Identifier: Apache-2.0 */
/* What must always hold. Most of it is asked when a migration is begun: by what the world knows, not by what the service does. */
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/state/move_journal.h"
#include "scheduler/app/state/stop_entry.h"
#include "tests/simulation/simulation.h"

#define GRACE     (45 * SECOND) /* facts are as old as this when a move begins, where the store is slow */
#define STALE     (90 * SECOND) /* snapshot.stale_after of these services */
#define LIMIT_IN  2             /* plan.moves_in, moves_out, moves_at_once of these services */
#define LIMIT_ALL 5
#define QUIET_FOR (30 * MINUTE) /* at the end nothing moves any more */

typedef struct Begun {
        const MoveOrder *order;
        const SimVm *vm;
        const SimHost *from, *to;
        uint32_t v, h;
        int life;
} Begun;

#define LIFE(b) life_name((b)->life)

/* What the target has may be otherwise than anybody could know: somebody else changed it since it reported. */
static bool is_foreign(const SimHost *host) {
        return host->foreign_at > 0 &&
               (host->came_at <= host->foreign_at + GRACE || host->read_at <= host->foreign_at ||
                sim_now() < host->foreign_at + STALE + GRACE);
}

/* It lost what it knew of moves that ran then. */
static bool has_forgotten(usec_t since) {
        return world.forgot_at > 0 && world.forgot_at + STALE >= since;
}

static void check_target(const Begun *b) {
        const usec_t now = sim_now();

        if (b->to->outsider)
                violation("not-admitted: %s moves %s onto %s, which nobody admitted", LIFE(b), b->vm->name,
                          b->to->name);
        if (b->to->marked_at > 0 && b->to->mark != HOST_ACTIVE && now > b->to->marked_at + GRACE)
                violation("closed: %s moves %s onto %s, which is %s since %lld s", LIFE(b), b->vm->name,
                          b->to->name, host_state_names[b->to->mark],
                          (long long) ((now - b->to->marked_at) / SECOND));
        if (b->to->failing && b->to->failing_since > 0 && now > b->to->failing_since + GRACE)
                violation("failing: %s moves %s onto %s, whose disk fails since %lld s", LIFE(b), b->vm->name,
                          b->to->name, (long long) ((now - b->to->failing_since) / SECOND));
        if (now - b->to->read_at > STALE + GRACE)
                violation("silent: %s moves %s onto %s, of which nothing is known since %lld s", LIFE(b),
                          b->vm->name, b->to->name, (long long) ((now - b->to->read_at) / SECOND));
}

static void check_room(const Begun *b) {
        const int64_t mib = host_used_mib(b->h) + b->vm->mib;

        if (mib > b->to->mib && !is_foreign(b->to))
                violation("capacity: %s moves %s onto %s, which then has %lld of %lld MiB", LIFE(b),
                          b->vm->name, b->to->name, (long long) mib, (long long) b->to->mib);
}

static void check_rule(const Begun *b) {
        for (uint32_t v = 0; v < world.n_vms && b->vm->group > 0; v++) {
                const SimVm *other = &world.vms[v];

                if (v == b->v || other->group != b->vm->group)
                        continue;
                if ((other->host == b->h || (other->move >= 0 && world.moves[other->move].to == b->h)) &&
                    !is_foreign(b->to))
                        violation("rule: %s moves %s onto %s, where %s is, from which it is kept apart",
                                  LIFE(b), b->vm->name, b->to->name, other->name);
        }
}

static void check_limits(const Begun *b) {
        uint32_t in = 1, out = 1, all = 1;

        for (uint32_t v = 0; v < world.n_vms; v++) {
                const SimMove *m = world.vms[v].move >= 0 ? &world.moves[world.vms[v].move] : NULL;

                if (!m || m->life != b->life || migration_has_ended(m->status.phase))
                        continue;
                in += m->to == b->h;
                out += &world.hosts[m->from] == b->from;
                all++;
        }
        if (in > LIMIT_IN || out > LIMIT_IN || all > LIMIT_ALL)
                violation("limits: with %s's move of %s from %s (%u at once) to %s (%u) there are %u",
                          LIFE(b), b->vm->name, b->from->name, out, b->to->name, in, all);
}

static void check_once(const Begun *b) {
        const SimMove *m = b->vm->move >= 0 ? &world.moves[b->vm->move] : NULL;

        if (m && !has_forgotten(m->at))
                violation("twice: %s begins to move %s, which %s moves from %s to %s since %lld s", LIFE(b),
                          b->vm->name, life_name(m->life), world.hosts[m->from].name, world.hosts[m->to].name,
                          (long long) ((sim_now() - m->at) / SECOND));
}

static void check_leader(const Begun *b) {
        StoreLease lease = { 0 };

        if (store_get_lease(world.store, &lease) == 0 && lease.holder[0] &&
            strcmp(lease.holder, life_name(b->life)) != 0)
                violation("leader: %s moves %s, and %s leads", LIFE(b), b->vm->name, lease.holder);
}

static void check_stop(const Begun *b) {
        StopEntry stands = { 0 };
        const char *text = "";
        size_t n = 0;
        usec_t now = 0;

        if (world.stopped_at == 0)
                return;
        if ((store_get_stop(world.store, &world.arena, &text, &n, &now) == 0 &&
             stop_entry_read(&world.arena, text, n, &stands) == 0 && stop_entry_is_in_force(&stands, now)) ||
            (world.forgot_at > 0 && world.stopped_at + 5 * MINUTE < world.forgot_at))
                violation("stop: %s moves %s, and all is stopped since %lld s", LIFE(b), b->vm->name,
                          (long long) ((sim_now() - world.stopped_at) / SECOND));
}

static void check_journal(const Begun *b) {
        StoredText *texts = NULL;
        uint32_t n = 0;

        if (store_get_journal(world.store, &world.arena, 40, &texts, &n) != 0)
                return;
        for (uint32_t i = 0; i < n; i++) {
                JournalEntry e;

                if (journal_parse(&world.arena, texts[i].text, texts[i].n, &e) == 0 &&
                    strcmp(e.order->vm, b->order->vm) == 0) {
                        if (e.event == JOURNAL_INTENT && strcmp(e.order->to, b->order->to) == 0)
                                return;
                        break;
                }
        }
        violation("journal: %s moves %s from %s to %s without an entry", LIFE(b), b->vm->name, b->from->name,
                  b->to->name);
}

void check_start(const MigrationRequest *request, int life) {
        const int v = vm_by_name(request->order->vm), h = host_by_name(request->order->to);
        const Begun b = { .order = request->order,
                          .vm = &world.vms[v],
                          .from = &world.hosts[host_by_name(request->order->from)],
                          .to = &world.hosts[h],
                          .v = (uint32_t) v,
                          .h = (uint32_t) h,
                          .life = life };

        world.checking = true;
        arena_rewind(&world.arena, 0);
        check_target(&b);
        check_once(&b);
        check_room(&b);
        check_rule(&b);
        check_limits(&b);
        check_leader(&b);
        check_stop(&b);
        check_journal(&b);
        world.checking = false;
        world.result.events++;
}

/* ---- at the end, when nothing has broken for a while ---- */

static void check_left(void) {
        for (uint32_t v = 0; v < world.n_vms; v++)
                if (world.hosts[world.vms[v].host].mark == HOST_MAINTENANCE)
                        violation(
                                "leaves: %s is still on %s, which is in maintenance since %lld min, and nothing is in the way",
                                world.vms[v].name, world.hosts[world.vms[v].host].name,
                                (long long) ((sim_now() - world.hosts[world.vms[v].host].marked_at) /
                                             MINUTE));
}

/* The newest entry of each VM says where it is. */
static void check_ends(void) {
        static bool seen[SIM_VMS];
        StoredText *texts = NULL;
        uint32_t n = 0;

        arena_rewind(&world.arena, 0);
        must(store_get_journal(world.store, &world.arena, 4000, &texts, &n) == 0, "a journal");
        for (uint32_t i = 0; i < n; i++) {
                JournalEntry e;
                const SimVm *vm;
                const char *at;
                int v;

                must(journal_parse(&world.arena, texts[i].text, texts[i].n, &e) == 0,
                     "a journal that is read");
                v = vm_by_name(e.order->vm);
                if (v < 0 || seen[v])
                        continue;
                seen[v] = true;
                vm = &world.vms[v];
                at = e.event == JOURNAL_DONE ? e.order->to : e.order->from;
                if (journal_is_open(e.event))
                        violation("settled: the journal's last word of %s is %s, since %lld min", vm->name,
                                  journal_event_names[e.event], (long long) ((sim_now() - e.at) / MINUTE));
                if (vm->foreign_at == 0 && !has_forgotten(e.at) &&
                    strcmp(world.hosts[vm->host].name, at) != 0)
                        violation("truth: by the journal %s is on %s (%s), and it is on %s", vm->name, at,
                                  journal_event_names[e.event], world.hosts[vm->host].name);
        }
}

void check_rest(void) {
        check_left();
        check_ends();
        if (world.last_start > world.end - QUIET_FOR)
                violation("rest: nothing has changed for %lld min, and a VM was moved %lld min ago",
                          (long long) ((world.end - world.quiet) / MINUTE),
                          (long long) ((world.end - world.last_start) / MINUTE));
}
