/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of links while migrations run: what one leaves idle others get, and in sum never more than was
 * planned. */
#include <criterion/criterion.h>

#include "scheduler/act/link_share.h"
#include "tests/recorded.h"

#define N_MOST 16

typedef struct World {
        MoveOrder orders[N_MOST];
        RunMove moves[N_MOST];
        uint32_t n;
        LinkShare *share;
        MigrationStatus seen[N_MOST];
        bool runs[N_MOST];
        int64_t asked[N_MOST]; /* in force with the next look; 0: nothing was asked */
        unsigned asks;
} World;

static void add(World *w, const char *from, const char *to, uint32_t wave, int64_t mib) {
        w->orders[w->n] = (MoveOrder){ .from = from, .to = to, .wave = wave };
        w->moves[w->n].request = (MigrationRequest){ .order = &w->orders[w->n],
                                                     .manner = { .bandwidth_kbit = mib * KBIT_A_MIB } };
        w->n++;
}

static void open_share(World *w, int64_t most_mib) {
        const LinkShareOptions options = { .most_kbit = most_mib * KBIT_A_MIB, .prepares = USEC_PER_SEC };

        w->share = link_share_new(options);
        cr_assert_eq(0, link_share_add(w->share, w->moves, w->n));
}

static void begin(World *w, uint32_t i) {
        const int64_t cap = link_share_begin(w->share, i);

        w->seen[i] = (MigrationStatus){
                .phase = MIGRATION_QUEUED,
                .cap_mib_s = cap > 0 ? cap : w->moves[i].request.manner.bandwidth_kbit / KBIT_A_MIB
        };
        w->runs[i] = true;
}

static void sends(World *w, uint32_t i) {
        w->seen[i].phase = MIGRATION_RUNNING;
        w->seen[i].bytes_total = w->seen[i].bytes_left = INT64_C(1) << 30;
}

/* The first two have begun, nobody caps their links, and both send. */
static void both_send(World *w) {
        open_share(w, 0);
        begin(w, 0);
        begin(w, 1);
        sends(w, 0);
        sends(w, 1);
}

static void set(void *arg, uint32_t move, int64_t mib_s) {
        World *w = arg;

        cr_assert_gt(mib_s, 0);
        cr_assert(w->runs[move]);
        w->asked[move] = mib_s;
        w->asks++;
}

/* A look round; what was asked is in force after it. */
static void look(World *w) {
        for (uint32_t i = 0; i < w->n; i++)
                if (w->runs[i])
                        link_share_look(w->share, i, &w->seen[i]);
        link_share_settle(w->share, set, w);
        for (uint32_t i = 0; i < w->n; i++) {
                if (w->asked[i] > 0)
                        w->seen[i].cap_mib_s = w->asked[i];
                w->asked[i] = 0;
        }
}

static void end(World *w, uint32_t i) {
        link_share_end(w->share, i);
        w->runs[i] = false;
}

static int64_t cap(const World *w, uint32_t i) {
        return w->seen[i].cap_mib_s;
}

Test(link_share, none_more_is_no_change) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 5);
        open_share(&w, 0);
        begin(&w, 0);
        cr_expect_eq(0, link_share_add(w.share, NULL, 0));
        cr_expect_eq(cap(&w, 0), 5);
        w.share = link_share_free(w.share);
}

Test(link_share, what_one_leaves_the_other_gets) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 5);
        add(&w, "h1", "h3", 0, 6);
        open_share(&w, 0);
        begin(&w, 0);
        begin(&w, 1);
        cr_expect_eq(cap(&w, 0), 5);
        cr_expect_eq(cap(&w, 1), 6);
        sends(&w, 0);
        sends(&w, 1);
        look(&w);
        cr_expect_eq(w.asks, 0);
        w.seen[0].phase = MIGRATION_VERIFYING; /* it has sent all */
        look(&w);
        cr_expect_eq(cap(&w, 1), 6, "its target's link was planned to carry no more");
        w.share = link_share_free(w.share);
}

Test(link_share, one_that_has_nothing_left_to_send_leaves_its_part_before_it_ends) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 5);
        add(&w, "h1", "h2", 0, 5);
        both_send(&w);
        w.seen[0].bytes_left = 0;
        look(&w);
        cr_expect_eq(cap(&w, 1), 5, "nothing was sent yet: it has not begun");
        w.seen[0].bytes_done = 1 << 20;
        w.seen[0].post_copy = true;
        look(&w);
        cr_expect_eq(cap(&w, 1), 5, "what is left is fetched");
        w.seen[0].post_copy = false;
        look(&w);
        cr_expect_eq(cap(&w, 1), 10);
        cr_expect(link_share_ends_soon(w.share, 0));
        w.seen[0].bytes_left = 4 << 20; /* it is not over after all */
        look(&w);
        cr_expect_eq(cap(&w, 1), 5);
        w.share = link_share_free(w.share);
}

Test(link_share, a_link_that_is_known_is_used_to_its_end) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 5);
        add(&w, "h1", "h3", 0, 6);
        for (uint32_t i = 0; i < 2; i++) {
                w.moves[i].out_kbit = 12 * KBIT_A_MIB;
                w.moves[i].in_kbit = 50 * KBIT_A_MIB;
        }
        both_send(&w);
        look(&w);
        cr_expect_eq(cap(&w, 0), 6, "the first has what is over");
        cr_expect_eq(cap(&w, 1), 6);
        w.seen[0].phase = MIGRATION_VERIFYING;
        look(&w);
        cr_expect_eq(cap(&w, 1), 12);
        w.share = link_share_free(w.share);
}

Test(link_share, one_that_sends_alone_has_the_links_whole_budget) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 5);
        add(&w, "h1", "h2", 0, 5);
        open_share(&w, 0);
        begin(&w, 0);
        sends(&w, 0);
        look(&w);
        cr_expect_eq(cap(&w, 0), 10);
        begin(&w, 1);
        cr_expect_eq(cap(&w, 1), 1, "nothing is left of the link but the least there is");
        look(&w);
        cr_expect_eq(cap(&w, 0), 9, "which the other gives back");
        sends(&w, 1);
        look(&w);
        look(&w);
        cr_expect_eq(cap(&w, 0), 5);
        cr_expect_eq(cap(&w, 1), 5);
        end(&w, 0);
        look(&w);
        cr_expect_eq(cap(&w, 1), 10);
        w.share = link_share_free(w.share);
}

Test(link_share, the_operators_share_is_never_exceeded) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 20);
        add(&w, "h1", "h2", 0, 20);
        open_share(&w, 8);
        begin(&w, 0);
        sends(&w, 0);
        look(&w);
        cr_expect_leq(cap(&w, 0), 20, "as planned at most; mover_requests.c caps what the plan says");
        w.share = link_share_free(w.share);
}

Test(link_share, where_a_move_has_no_cap_nothing_is_changed) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 5);
        add(&w, "h1", "h2", 0, 0);
        both_send(&w);
        look(&w);
        end(&w, 1);
        look(&w);
        cr_expect_eq(w.asks, 0);
        w.share = link_share_free(w.share);
}

Test(link_share, one_that_may_switch_to_post_copy_keeps_its_cap) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 5);
        add(&w, "h1", "h2", 0, 5);
        w.moves[1].request.post_copy = true;
        both_send(&w);
        look(&w);
        end(&w, 0);
        look(&w);
        cr_expect_eq(w.asks, 0);
        w.share = link_share_free(w.share);
}

Test(link_share, how_many_were_planned_and_are_at_it) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 5);
        add(&w, "h1", "h3", 0, 5);
        add(&w, "h4", "h3", 1, 5);
        open_share(&w, 0);
        cr_expect_eq(link_share_planned(w.share, 0), 2);
        cr_expect_eq(link_share_planned(w.share, 2), 1);
        begin(&w, 0);
        cr_expect_eq(link_share_busy(w.share, 1), 1);
        cr_expect_eq(link_share_busy(w.share, 2), 0);
        begin(&w, 1);
        cr_expect_eq(link_share_busy(w.share, 2), 1);
        sends(&w, 1);
        look(&w);
        cr_expect_eq(link_share_busy(w.share, 2), 1);
        w.seen[1].bytes_left = 4 << 20;
        look(&w);
        cr_expect_eq(link_share_busy(w.share, 2), 0, "it will have sent all before the other is ready");
        w.seen[1].stalled = 1;
        look(&w);
        cr_expect_eq(link_share_busy(w.share, 2), 1, "if it gets on");
        w.seen[1].phase = MIGRATION_VERIFYING;
        look(&w);
        cr_expect_eq(link_share_busy(w.share, 2), 0);
        w.share = link_share_free(w.share);
}

/* ---- whatever happens ---- */

static uint32_t next_random(uint64_t *io) {
        *io = *io * 6364136223846793005U + 1442695040888963407U;
        return (uint32_t) (*io >> 33);
}

/* What is in force together on a link, of those that may send; and what was planned of it: the least wave's.
 */
static void assert_sums(const World *w, uint64_t seed) {
        for (uint32_t i = 0; i < w->n; i++)
                for (int side = 0; side < 2; side++) {
                        const char *host = side ? w->orders[i].to : w->orders[i].from;
                        int64_t in_force = 0, least = INT64_MAX, running = 0;

                        for (uint32_t k = 0; k < w->n; k++) {
                                const char *other = side ? w->orders[k].to : w->orders[k].from;
                                int64_t planned = 0;

                                if (!w->runs[k] || w->seen[k].phase != MIGRATION_RUNNING || other != host)
                                        continue;
                                running++;
                                in_force += w->seen[k].cap_mib_s;
                                for (uint32_t j = 0; j < w->n; j++)
                                        if (w->orders[j].wave == w->orders[k].wave &&
                                            (side ? w->orders[j].to : w->orders[j].from) == host)
                                                planned += w->moves[j].request.manner.bandwidth_kbit /
                                                           KBIT_A_MIB;
                                least = planned < least ? planned : least;
                        }
                        /* each has at least 1 MiB/s: the only thing that may be beyond */
                        cr_assert(least == INT64_MAX || in_force <= (least > running ? least : running),
                                  "seed %llu", (unsigned long long) seed);
                }
}

static uint32_t wave_now(const World *w) {
        for (uint32_t i = 0; i < w->n; i++)
                if (w->runs[i] || w->seen[i].phase == MIGRATION_QUEUED)
                        return w->orders[i].wave;
        return 0;
}

Test(link_share, a_move_of_another_plan_gets_an_equal_part_of_a_link_that_is_taken) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 100);
        open_share(&w, 0);
        begin(&w, 0);
        sends(&w, 0);
        look(&w);
        add(&w, "h3", "h2", 0, 100);
        cr_assert_eq(0, link_share_add(w.share, &w.moves[1], 1));
        cr_assert(link_share_has_room(w.share, 1));
        begin(&w, 1);
        cr_assert_eq(w.seen[1].cap_mib_s, 1); /* the other has it all yet */
        sends(&w, 1);
        for (int i = 0; i < 4; i++)
                look(&w);
        cr_assert_eq(w.seen[0].cap_mib_s, 50, "%lld", (long long) w.seen[0].cap_mib_s);
        cr_assert_eq(w.seen[1].cap_mib_s, 50, "%lld", (long long) w.seen[1].cap_mib_s);
        add(&w, "h3", "h2", 0, 100);
        cr_assert_eq(0, link_share_add(w.share, &w.moves[2], 1));
        cr_assert_not(link_share_has_room(w.share, 2), "two are enough for a link");
        w.share = link_share_free(w.share);
}

Test(link_share, beside_a_move_whose_cap_nobody_changes_it_has_its_own) {
        World w = { 0 };

        add(&w, "h1", "h2", 0, 100);
        w.moves[0].request.post_copy = true;
        open_share(&w, 0);
        begin(&w, 0);
        sends(&w, 0);
        add(&w, "h3", "h2", 0, 100);
        cr_assert_eq(0, link_share_add(w.share, &w.moves[1], 1));
        cr_assert_eq(0, link_share_begin(w.share, 1),
                     "as its plan says: else it would stay at next to nothing");
        w.share = link_share_free(w.share);
}

Test(link_share, in_sum_no_more_is_in_force_than_was_planned) {
        static const char *const hosts[] = { "h1", "h2", "h3", "h4" };

        for (uint64_t seed = 1; seed <= 500; seed++) {
                uint64_t random = seed;
                World w = { 0 };
                bool begun[N_MOST] = { false };

                for (uint32_t i = 0; i < 12; i++) {
                        const uint32_t from = next_random(&random) % 4;

                        add(&w, hosts[from], hosts[(from + 1 + next_random(&random) % 3) % 4], i / 4,
                            10 + next_random(&random) % 50);
                }
                open_share(&w, 0);
                for (int step = 0; step < 120; step++) {
                        const uint32_t i = next_random(&random) % w.n;

                        if (!begun[i] && w.orders[i].wave <= wave_now(&w) + 1) {
                                begin(&w, i);
                                begun[i] = true;
                        } else if (w.runs[i] && w.seen[i].phase == MIGRATION_QUEUED) {
                                sends(&w, i);
                        } else if (w.runs[i] && next_random(&random) % 3 == 0) {
                                w.seen[i].phase = MIGRATION_VERIFYING;
                                link_share_look(w.share, i, &w.seen[i]);
                        } else if (w.runs[i] && w.seen[i].phase == MIGRATION_VERIFYING) {
                                end(&w, i);
                        }
                        look(&w);
                        assert_sums(&w, seed);
                }
                w.share = link_share_free(w.share);
        }
}

/* ---- in exact numbers ---- */

static void add_any(World *w, uint64_t *random, uint32_t wave) {
        static const char *const hosts[] = { "h1", "h2", "h3", "h4" };
        const uint32_t from = next_random(random) % 4, i = w->n,
                       to = (from + 1 + next_random(random) % 3) % 4;
        MigrationRequest *q = &w->moves[i].request;

        add(w, hosts[from], hosts[to], wave, next_random(random) % 40);
        if (next_random(random) % 5 == 0)
                q->bandwidth_mib_s = next_random(random) % 30;
        if (next_random(random) % 12 == 0)
                q->manner.bandwidth_kbit = 1 + next_random(random) % KBIT_A_MIB;
        q->offline = next_random(random) % 12 == 0;
        q->post_copy = next_random(random) % 12 == 0;
        if (next_random(random) % 12 == 0)
                q->manner.strategy = STRATEGY_POST_COPY;
        if (next_random(random) % 12 == 0)
                q->manner.at_deadline = DEADLINE_POST_COPY;
        if (next_random(random) % 3 == 0)
                w->moves[i].out_kbit = next_random(random) % 90 * KBIT_A_MIB;
        if (next_random(random) % 3 == 0)
                w->moves[i].in_kbit = next_random(random) % 90 * KBIT_A_MIB;
}

static void go_on(World *w, uint64_t *random, uint32_t i) {
        MigrationStatus *seen = &w->seen[i];

        switch (next_random(random) % 8) {
        case 0:
                sends(w, i);
                return;
        case 1:
                seen->bytes_left = (int64_t) (next_random(random) % 40) << 20;
                seen->bytes_done = (int64_t) (next_random(random) % 3) << 20;
                return;
        case 2:
                seen->stalled = next_random(random) % 2;
                seen->post_copy = next_random(random) % 3 == 0;
                return;
        case 3:
                seen->phase = MIGRATION_VERIFYING;
                return;
        case 4: /* somebody else's hand */
                seen->cap_mib_s = next_random(random) % 50;
                return;
        case 5:
                if (seen->phase == MIGRATION_VERIFYING)
                        end(w, i);
                return;
        default:
                return;
        }
}

static void record(FILE *f, uint64_t seed) {
        uint64_t random = seed * 7001;
        World w = { 0 };
        bool begun[N_MOST] = { false };
        LinkShareOptions options = { .per_out = next_random(&random) % 4,
                                     .per_in = next_random(&random) % 4 };

        options.most_kbit = next_random(&random) % 3 == 0 ? (20 + next_random(&random) % 40) * KBIT_A_MIB : 0;
        options.prepares = next_random(&random) % 3 * USEC_PER_SEC;
        for (uint32_t i = 0; i < 8; i++)
                add_any(&w, &random, i / 4);
        w.share = link_share_new(options);
        cr_assert_eq(0, link_share_add(w.share, w.moves, w.n));
        (void) fprintf(f, "%llu: planned", (unsigned long long) seed);
        for (uint32_t i = 0; i < w.n; i++)
                (void) fprintf(f, " %u", link_share_planned(w.share, i));
        (void) fprintf(f, "\n");
        for (int step = 0; step < 40; step++) {
                const uint32_t i = next_random(&random) % w.n;

                if (w.runs[i])
                        go_on(&w, &random, i);
                else if (!begun[i])
                        begin(&w, i);
                begun[i] = true;
                look(&w);
                for (uint32_t k = 0; k < w.n; k++)
                        if (w.runs[k])
                                (void) fprintf(f, " %u:%lld%s", k, (long long) cap(&w, k),
                                               link_share_ends_soon(w.share, k) ? "-" : "");
                (void) fprintf(f, " busy %u\n", link_share_busy(w.share, i));
        }
        w.share = link_share_free(w.share);
}

Test(link_share, caps_of_random_moves_as_they_come_and_go) {
        Recording r;

        recording_begin(&r, "link_shares");
        for (uint64_t seed = 1; seed <= 30; seed++)
                record(r.f, seed);
        recording_end(&r);
}
