/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a move of a plan may start now, on small clusters that are written down: what counts of those that run, wait or did
 * not come about, and what is said of whom. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/round/move_recheck.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/base/common.h"
#include "scheduler/snapshot/files/snapshot_file.h"

enum { MOST = 8 };

static Arena arena;
static Settings *settings;
static char why[1024];

static void setup(void) {
        TextFault fault;

        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
        cr_assert_eq(0, settings_set(settings, "memory.keep_for_host", "0MiB", &fault));
        cr_assert_eq(0, settings_set(settings, "memory.per_vm", "0MiB", &fault)); /* round figures */
}

TestSuite(move_recheck, .init = setup);

/* Hosts of 8 GiB, VMs of so many: "h1", "h2", h3 and h4 are there. */
#define HOST(name) "{\"name\": \"" name "\", \"cpus\": 64, \"memory_mib\": 8192}"
#define VM(name, host, gib)                                                                                  \
        "{\"name\": \"" name "\", \"host\": \"" host "\", \"vcpus\": 1, \"memory_mib\": " #gib               \
        "000, \"cpu\": 0.1}"
#define TOGETHER(name, left, right)                                                                          \
        "{\"name\": \"" name "\", \"kind\": \"together\", \"vms\": [\"" left "\", \"" right "\"]}"
#define NEAR(name, left, right)                                                                              \
        "{\"name\": \"" name "\", \"kind\": \"near\", \"vms\": [\"" left "\"], \"near_vms\": [\"" right "\"]}"
#define CLUSTER(vms, rules)                                                                                  \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": [" HOST("h1") "," HOST(        \
                "h2") "," HOST("h3") "," HOST("h4") "], \"vms\": [" vms "], \"rules\": [" rules "]}"

typedef struct Given {
        const char *vm, *from, *to;
        uint32_t wave;
        RecheckStep step;
} Given;

/* What is said of the first of them; the words are in `why`. */
static int asked_of(const char *cluster, const Given *given, uint32_t n, uint32_t move) {
        MoveOrder orders[MOST];
        RecheckStep steps[MOST];
        MoveRecheck x = { .arena = &arena, .settings = settings, .moves = orders, .steps = steps, .n = n };
        TextFault f = { 0 };

        cr_assert_eq(0, snapshot_file_parse(&arena, cluster, strlen(cluster), &x.facts, &f), "%s: %s",
                     f.field, f.what);
        for (uint32_t i = 0; i < n; i++) {
                orders[i] = (MoveOrder){
                        .vm = given[i].vm, .from = given[i].from, .to = given[i].to, .wave = given[i].wave
                };
                steps[i] = given[i].step;
        }
        why[0] = '\0';
        return move_recheck(&x, move, why, sizeof(why));
}

#define ASKED(cluster, ...)                                                                                  \
        asked_of(cluster, (const Given[]){ __VA_ARGS__ }, ARRAY_SIZE(((const Given[]){ __VA_ARGS__ })), 0)

static void needed(int r, const char *whom) {
        cr_assert_eq(r, RUN_RECHECK_NEEDED, "%d: %s", r, why);
        cr_assert(strncmp(why, whom, strlen(whom)) == 0, "%s", why);
}

Test(move_recheck, what_has_room_goes_and_what_has_none_by_now_does_not) {
        cr_assert_eq(0, ASKED(CLUSTER(VM("a", "h1", 4), ""), { "a", "h1", "h2", 0, RECHECK_WAITS }), "%s",
                     why);
        cr_assert_eq(1, ASKED(CLUSTER(VM("a", "h1", 4) "," VM("b", "h2", 5), ""),
                              { "a", "h1", "h2", 0, RECHECK_WAITS }));
        cr_assert(strstr(why, "h2"), "%s", why);
}

/* ---- those that run ---- */

static const char room_for_two[] =
        CLUSTER(VM("a", "h1", 2) "," VM("b", "h3", 3) "," VM("c", "h4", 3) "," VM("d", "h1", 1), "");

#define RUNS(vm, from)                                                                                       \
        { vm, from, "h2", 0, RECHECK_RUNS }

Test(move_recheck, what_runs_has_its_room_wherever_it_stands_in_the_plan) {
        const Given plan[] = { RUNS("b", "h3"),
                               { "a", "h1", "h2", 0, RECHECK_WAITS },
                               RUNS("c", "h4"),
                               { "d", "h1", "h2", 0, RECHECK_WAITS } };

        cr_assert_eq(0, asked_of(room_for_two, plan, 2, 1), "%s", why);
        cr_assert_eq(0, asked_of(room_for_two, plan, 3, 1), "b, c and a fill it: %s", why);
        cr_assert_eq(0, asked_of(room_for_two, plan, 4, 1), "%s", why);
        cr_assert_eq(1, ASKED(CLUSTER(VM("a", "h1", 3) "," VM("b", "h3", 3) "," VM("c", "h4", 3), ""),
                              { "a", "h1", "h2", 0, RECHECK_WAITS }, RUNS("b", "h3"), RUNS("c", "h4")));
}

/* b is on its way to h2, where by now e is, too: that is nothing to a, as long as a has nothing to do with it. */
#define WORSE(rules)                                                                                         \
        CLUSTER(VM("a", "h1", 1) "," VM("b", "h3", 5) "," VM("c", "h1", 1) "," VM("e", "h2", 5), rules)

Test(move_recheck, what_runs_and_could_not_start_by_now_is_no_reason_for_others_to_stay) {
        cr_assert_eq(0, ASKED(WORSE(""), { "a", "h1", "h4", 0, RECHECK_WAITS }, RUNS("b", "h3")), "%s", why);
        cr_assert_eq(1, ASKED(WORSE(""), { "a", "h1", "h2", 0, RECHECK_WAITS }, RUNS("b", "h3")));
        cr_assert_eq(0,
                     ASKED(WORSE(TOGETHER("pair", "a", "c")), { "a", "h1", "h4", 0, RECHECK_WAITS },
                           { "c", "h1", "h4", 1, RECHECK_WAITS }),
                     "%s", why);
}

/* ---- what must be together moves one after the other ---- */

Test(move_recheck, the_first_of_two_that_must_be_together_may_go_when_the_other_may_follow) {
        cr_assert_eq(0,
                     ASKED(CLUSTER(VM("a", "h1", 3) "," VM("b", "h1", 3), TOGETHER("pair", "a", "b")),
                           { "a", "h1", "h2", 0, RECHECK_WAITS }, { "b", "h1", "h2", 1, RECHECK_WAITS }),
                     "%s", why);
        cr_assert_eq(1, ASKED(CLUSTER(VM("a", "h1", 3) "," VM("b", "h1", 3) "," VM("c", "h2", 3),
                                      TOGETHER("pair", "a", "b")),
                              { "a", "h1", "h2", 0, RECHECK_WAITS }, { "b", "h1", "h2", 1, RECHECK_WAITS }));
        needed(ASKED(CLUSTER(VM("a", "h1", 3) "," VM("b", "h1", 3), TOGETHER("pair", "a", "b")),
                     { "a", "h1", "h2", 0, RECHECK_WAITS }, { "b", "h1", "h2", 1, RECHECK_MISSED }),
               "b was not moved from h1 to h2: ");
}

/* a and c are together, and go together; b is to come to them, and by now there is no room for it where they go. Where it has
 * to be with them, they do not go there without it; where it does not, they do. */
#define THREE(rules) CLUSTER(VM("a", "h1", 2) "," VM("b", "h3", 5) "," VM("c", "h1", 2), rules)
#define ALL_GO                                                                                               \
        { "a", "h1", "h2", 0, RECHECK_WAITS }, { "c", "h1", "h2", 1, RECHECK_WAITS }, {                      \
                "b", "h3", "h2", 2, RECHECK_WAITS                                                            \
        }

Test(move_recheck, nobody_goes_without_whom_it_must_be_with) {
        cr_assert_eq(0, ASKED(THREE(TOGETHER("r1", "a", "c")), ALL_GO), "%s", why);
        cr_assert_eq(1, ASKED(THREE(TOGETHER("r1", "a", "c") "," TOGETHER("r2", "a", "b")), ALL_GO));
        cr_assert_eq(1, ASKED(THREE(TOGETHER("r1", "a", "b") "," TOGETHER("r2", "a", "c")), ALL_GO));
}

Test(move_recheck, but_without_those_that_rules_of_others_are_about) {
        cr_assert_eq(
                0,
                ASKED(CLUSTER(VM("a", "h1", 2) "," VM("b", "h3", 5) "," VM("c", "h1", 2) "," VM("d", "h3", 1),
                              TOGETHER("r1", "a", "c") "," TOGETHER("r2", "b", "d")),
                      ALL_GO),
                "%s", why);
}

Test(move_recheck, nor_without_whom_those_must_be_with) {
        cr_assert_eq(1, ASKED(THREE(TOGETHER("r1", "c", "b") "," TOGETHER("r2", "a", "c")), ALL_GO));
        cr_assert_eq(1, ASKED(THREE(TOGETHER("r1", "a", "c") "," TOGETHER("r2", "b", "c")), ALL_GO));
}

Test(move_recheck, nor_without_whom_it_must_be_near) {
        cr_assert_eq(1, ASKED(THREE(TOGETHER("r1", "a", "c") "," NEAR("r2", "a", "b")), ALL_GO));
        cr_assert_eq(1, ASKED(THREE(TOGETHER("r1", "a", "c") "," NEAR("r2", "b", "a")), ALL_GO));
}

/* ---- the reserve: what one takes another of its wave may give back ---- */

/* h3's VM has room on h1 alone, should h3 fail: with x on h1, only when a has left it. */
static const char reserve[] = CLUSTER(
        VM("a", "h1", 2) "," VM("b", "h2", 4) "," VM("e", "h3", 6) "," VM("f", "h4", 5) "," VM("x", "h4", 1),
        "");

#define X                                                                                                    \
        { "x", "h4", "h1", 3, RECHECK_WAITS }

static void keep_a_reserve(void) {
        TextFault fault;

        setup();
        cr_assert_eq(0, settings_set(settings, "reserve.losses", "1", &fault));
}

Test(move_recheck, what_takes_of_the_reserve_waits_for_nobody, .init = keep_a_reserve) {
        cr_assert_eq(1, ASKED(reserve, X));
        cr_assert_eq(1, ASKED(reserve, X, { "a", "h1", "h2", 4, RECHECK_WAITS }));
        needed(ASKED(reserve, X, { "a", "h1", "h2", 3, RECHECK_MISSED }), "a was not moved from h1 to h2: ");
        cr_assert_eq(1, ASKED(reserve, X, { "f", "h4", "h2", 3, RECHECK_WAITS }),
                     "nor has f, and it gives nothing");
}

Test(move_recheck, what_another_of_its_wave_gives_back_it_may_take, .init = keep_a_reserve) {
        cr_assert_eq(0, ASKED(reserve, X, { "a", "h1", "h2", 3, RECHECK_WAITS }), "%s", why);
        cr_assert_eq(0, ASKED(reserve, X, { "a", "h1", "h2", 3, RECHECK_RUNS }), "%s", why);
        cr_assert_eq(0,
                     ASKED(reserve, X, { "a", "h1", "h2", 3, RECHECK_WAITS },
                           { "b", "h2", "h3", 4, RECHECK_WAITS }),
                     "what has no room by now is not counted on: %s", why);
        cr_assert_eq(0, asked_of(reserve, (const Given[]){ { "a", "h1", "h2", 3, RECHECK_WAITS }, X }, 2, 1),
                     "%s", why);
}

/* ---- whom it needed ---- */

/* a goes to h2 when b, which is too large, has left it: of those that did not come about, the likeliest is named. */
#define FULL CLUSTER(VM("a", "h1", 4) "," VM("b", "h2", 5) "," VM("c", "h4", 1) "," VM("d", "h1", 1), "")
#define A                                                                                                    \
        { "a", "h1", "h2", 1, RECHECK_WAITS }
#define B                                                                                                    \
        { "b", "h2", "h3", 0, RECHECK_MISSED }
#define C                                                                                                    \
        { "c", "h4", "h3", 0, RECHECK_MISSED }
#define D                                                                                                    \
        { "d", "h1", "h4", 0, RECHECK_MISSED }

Test(move_recheck, who_was_to_leave_its_target_is_named_first) {
        needed(ASKED(FULL, A, B), "b was not moved from h2 to h3: ");
        needed(ASKED(FULL, A, C, B, D), "b was not moved from h2 to h3: ");
        needed(ASKED(FULL, A, D, B, C), "b was not moved from h2 to h3: ");
        needed(ASKED(FULL, A, B, C, D), "b was not moved from h2 to h3: ");
}

/* In one more step: a was to go to h3 first, and is where it was. */
Test(move_recheck, its_own_move_before_is_named_before_all) {
        needed(ASKED(FULL, A, B, { "a", "h4", "h1", 0, RECHECK_MISSED }), "a was not moved from h4 to h1: ");
        needed(ASKED(FULL, A, { "a", "h4", "h1", 0, RECHECK_MISSED }, B), "a was not moved from h4 to h1: ");
}

Test(move_recheck, what_was_made_or_waits_is_not_blamed) {
        cr_assert_eq(1, ASKED(FULL, A, C, D, { "b", "h2", "h3", 2, RECHECK_WAITS }));
        cr_assert(!strstr(why, "was not moved"), "%s", why);
        needed(ASKED(FULL, A, { "d", "h1", "h2", 0, RECHECK_MADE }, B), "b was not moved from h2 to h3: ");
}

Test(move_recheck, what_would_not_have_helped_is_not_blamed) {
        cr_assert_eq(1, ASKED(FULL, A, D, C));
        cr_assert(!strstr(why, "was not moved"), "%s", why);
}

/* ---- what is not known ---- */

Test(move_recheck, while_nobody_knows_where_one_is_those_of_its_rules_stay) {
        const char *cluster = CLUSTER(VM("a", "h1", 1) "," VM("b", "h2", 1) "," VM("c", "h3", 1),
                                      TOGETHER("other", "b", "c") "," TOGETHER("pair", "b", "a"));

        cr_assert_eq(RUN_RECHECK_NEEDED, ASKED(cluster, { "a", "h1", "h2", 0, RECHECK_WAITS },
                                               { "b", "h2", "h1", 0, RECHECK_UNCLEAR }));
        cr_assert_str_eq(why, "rule pair also concerns b, whose migration from h2 to h1 has an unknown end");
        cr_assert_eq(0,
                     ASKED(CLUSTER(VM("a", "h1", 1) "," VM("b", "h2", 1), ""),
                           { "a", "h1", "h2", 0, RECHECK_WAITS }, { "b", "h2", "h1", 0, RECHECK_UNCLEAR }),
                     "%s", why);
}
