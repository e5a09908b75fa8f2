/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/decide/order/waves.h"

/* Small problems by hand: memory only, hosts of `capacity`, all movable. */
typedef struct Board {
        Problem p;
        int64_t capacity[6], limit[6], base[6], need[64], price[64];
        HostIx home[64];
        Reason pinned[64];
        HostRole roles[6];
        uint32_t groups_start[65], groups_of[64];
        VmIx members[64];
        Group group;
        GroupRule rule;
} Board;

static unsigned char memory[1 << 16];
static Arena arena;

static void board_new(Board *b, uint32_t hosts, int64_t capacity) {
        memset(b, 0, sizeof(*b));
        arena = arena_over(memory, sizeof(memory));
        b->p = (Problem){ .n_hosts = hosts,
                          .n_res = 1,
                          .capacity = b->capacity,
                          .limit = b->limit,
                          .base = b->base,
                          .need = b->need,
                          .home = b->home,
                          .pinned = b->pinned,
                          .roles = b->roles,
                          .move_price = b->price,
                          .move_weight = 100 };
        for (uint32_t h = 0; h < hosts; h++)
                b->capacity[h] = b->limit[h] = capacity;
}

static VmIx vm(Board *b, HostIx home, int64_t need) {
        VmIx v = b->p.n_vms++;

        b->home[v] = home;
        b->need[v] = need;
        b->price[v] = need;
        return v;
}

/* The first n VMs are a group, and this its rule. */
static void group_has(Board *b, uint32_t n, GroupRule rule) {
        for (uint32_t i = 0; i < n; i++)
                b->members[i] = i;
        for (VmIx v = 0; v < b->p.n_vms; v++)
                b->groups_start[v + 1] = b->groups_start[v] + (v < n);
        b->group = (Group){ b->members, n };
        b->rule = rule;
        b->p.groups = &b->group;
        b->p.rules = &b->rule;
        b->p.n_groups = b->p.n_rules = 1;
        b->p.groups_of_start = b->groups_start;
        b->p.groups_of = b->groups_of;
}

static void apart(Board *b, uint32_t n) {
        group_has(b, n, (GroupRule){ .kind = RULE_APART, .level = LEVEL_HOST, .must = true });
}

static WaveOrder order(Board *b, const Move *moves, uint32_t n, WaveLimits limits) {
        WaveOrder o;

        cr_assert_eq(0, waves_order(&arena, &b->p, limits, moves, n, &o));
        return o;
}

static WaveLimits limits_of(uint32_t in, uint32_t out, uint32_t at_once, bool stop_overs) {
        return (WaveLimits){
                .per_host_in = in, .per_host_out = out, .at_once = at_once, .stop_overs = stop_overs
        };
}

static const WaveLimits wide = { .per_host_in = 10, .per_host_out = 10, .at_once = 100, .stop_overs = true };

Test(waves, moves_that_do_not_disturb_each_other_are_one_wave) {
        Board b;
        board_new(&b, 3, 100);
        VmIx x = vm(&b, 0, 10), y = vm(&b, 1, 10);
        WaveOrder o = order(&b, (Move[]){ { x, 0, 2 }, { y, 1, 2 } }, 2, wide);

        cr_assert_eq(o.n, 2);
        cr_assert_eq(o.n_waves, 1);
        cr_assert_eq(o.n_left_out, 0);
        cr_assert_eq(o.host_of[x], 2);
}

Test(waves, what_needs_the_room_another_leaves_waits_for_the_next_wave) {
        Board b;
        board_new(&b, 3, 100);
        VmIx x = vm(&b, 0, 60), y = vm(&b, 1, 60);
        WaveOrder o = order(&b, (Move[]){ { x, 0, 1 }, { y, 1, 2 } }, 2, wide);

        cr_assert_eq(o.n_waves, 2);
        cr_assert_eq(o.moves[0].move.vm, y);
        cr_assert_eq(o.moves[1].move.vm, x);
}

Test(waves, limits_per_host_and_in_all_are_kept) {
        Board b;
        board_new(&b, 3, 100);
        Move moves[6];

        for (uint32_t i = 0; i < 6; i++)
                moves[i] = (Move){ vm(&b, 0, 10), 0, 1 + i % 2 };
        cr_assert_eq(order(&b, moves, 6, limits_of(10, 2, 100, true)).n_waves, 3);
        cr_assert_eq(order(&b, moves, 6, limits_of(1, 10, 100, true)).n_waves, 3);
        cr_assert_eq(order(&b, moves, 6, limits_of(10, 10, 1, true)).n_waves, 6);
}

Test(waves, a_ring_is_opened_by_the_cheapest_vm_on_a_third_host) {
        Board b;
        board_new(&b, 3, 100);
        VmIx x = vm(&b, 0, 60), y = vm(&b, 1, 55);
        WaveOrder o = order(&b, (Move[]){ { x, 0, 1 }, { y, 1, 0 } }, 2, wide);

        cr_assert_eq(o.n_stop_overs, 1);
        cr_assert_eq(o.n, 3);
        cr_assert_eq(o.n_waves, 3);
        cr_assert_eq(o.moves[0].move.vm, y);
        cr_assert_eq(o.moves[0].move.to, 2);
        cr_assert_eq(o.moves[1].move.vm, x);
        cr_assert_eq(o.moves[2].move.vm, y);
        cr_assert_eq(o.moves[2].move.from, 2);
        cr_assert_eq(o.host_of[x], 1);
        cr_assert_eq(o.host_of[y], 0);
}

Test(waves, a_ring_without_a_way_out_is_left_out) {
        Board b;
        board_new(&b, 3, 100);
        VmIx x = vm(&b, 0, 60), y = vm(&b, 1, 55), z = vm(&b, 0, 10);
        Move moves[] = { { x, 0, 1 }, { y, 1, 0 }, { z, 0, 2 } };

        b.roles[2].no_entry = REASON_HOST_CORDONED;
        moves[2].to = 1;
        WaveOrder o = order(&b, moves, 3, wide);
        cr_assert_eq(o.n, 1, "the rest goes on");
        cr_assert_eq(o.n_left_out, 2);
        cr_assert_eq(o.left_out[0], x);
        cr_assert_eq(o.left_out[1], y);
        cr_assert_eq(o.host_of[x], 0);
        b.roles[2].no_entry = REASON_NONE;
        cr_assert_eq(order(&b, moves, 3, limits_of(10, 10, 100, false)).n_left_out, 2, "stop-overs are off");
}

Test(waves, what_is_left_out_is_told_in_the_order_of_vms) {
        Board b;
        board_new(&b, 3, 100);
        VmIx x = vm(&b, 2, 60), y = vm(&b, 1, 30), z = vm(&b, 0, 60), w = vm(&b, 0, 10);
        Move moves[] = { { w, 0, 2 }, { z, 0, 1 }, { y, 1, 2 }, { x, 2, 0 } };

        b.base[0] = b.base[1] = b.base[2] = 30;
        b.need[y] = 60;
        WaveOrder o = order(&b, moves, 4, limits_of(10, 10, 100, false));
        cr_assert_eq(o.n_left_out, 3, "%u", o.n_left_out);
        for (uint32_t i = 0; i < 3; i++)
                cr_assert_eq(o.left_out[i], i);
        (void) x, (void) y, (void) z;
}

Test(waves, vms_that_must_be_apart_never_meet_on_the_way) {
        Board b;
        board_new(&b, 3, 100);
        VmIx x = vm(&b, 0, 10), y = vm(&b, 1, 10);
        apart(&b, 2);
        WaveOrder o = order(&b, (Move[]){ { x, 0, 1 }, { y, 1, 2 } }, 2, wide);

        cr_assert_eq(o.n_waves, 2);
        cr_assert_eq(o.moves[0].move.vm, y);
        cr_assert_eq(o.moves[1].move.vm, x);
}

/* As they stand, and as they will: on two hosts. If the first one went first, all would be on one meanwhile. */
Test(waves, vms_that_must_be_spread_are_on_so_many_hosts_all_the_way) {
        Board b;
        WaveOrder o;

        board_new(&b, 3, 100);
        (void) vm(&b, 0, 10);
        (void) vm(&b, 1, 10);
        (void) vm(&b, 1, 10);
        group_has(&b, 3, (GroupRule){ .kind = RULE_SPREAD, .level = LEVEL_HOST, .must = true, .k = 2 });
        o = order(&b, (Move[]){ { 0, 0, 1 }, { 1, 1, 2 } }, 2, wide);
        cr_assert_eq(o.n, 2);
        cr_assert_eq(o.n_waves, 2);
        cr_assert_eq(o.moves[0].move.vm, 1);
        b.rule.k = 3;
        cr_assert_eq(order(&b, (Move[]){ { 0, 0, 1 } }, 1, wide).n, 0,
                     "it is broken already, and is broken no further");
        b.rule.k = 1;
        cr_assert_eq(order(&b, (Move[]){ { 0, 0, 1 } }, 1, wide).n, 1);
}

Test(waves, no_host_is_filled_above_its_load_line_while_there_is_another_order) {
        Board b;
        board_new(&b, 3, 100);
        VmIx x = vm(&b, 0, 20), y = vm(&b, 1, 20);
        vm(&b, 1, 60);
        b.limit[1] = 80;
        WaveOrder o = order(&b, (Move[]){ { x, 0, 1 }, { y, 1, 2 } }, 2, wide);

        cr_assert_eq(o.n_waves, 2, "x waits until y has left");
        cr_assert_eq(o.moves[0].move.vm, y);
        b.roles[0].evacuate = 100;
        cr_assert_eq(order(&b, (Move[]){ { x, 0, 1 }, { y, 1, 2 } }, 2, wide).n_waves, 1,
                     "unless its host fails");
}

Test(waves, urgent_moves_go_first) {
        Board b;
        board_new(&b, 3, 100);
        VmIx x = vm(&b, 0, 50), y = vm(&b, 1, 10);
        b.roles[1].evacuate = 100;
        WaveOrder o = order(&b, (Move[]){ { x, 0, 2 }, { y, 1, 2 } }, 2, limits_of(10, 10, 1, true));

        cr_assert_eq(o.moves[0].move.vm, y);
        cr_assert_eq(o.moves[1].move.vm, x);
}

/* Long ones together make a wave end early for all. Where what is saved in time counts, small ones first save most. */
Test(waves, of_a_host_the_dear_moves_go_first_or_the_cheap_ones_if_that_is_asked) {
        Board b;
        board_new(&b, 3, 100);
        VmIx x = vm(&b, 0, 10), y = vm(&b, 0, 30), z = vm(&b, 0, 20);
        const Move moves[] = { { x, 0, 1 }, { y, 0, 1 }, { z, 0, 1 } };
        WaveLimits limits = limits_of(10, 1, 100, true);
        WaveOrder o = order(&b, moves, 3, limits);

        cr_assert_eq(o.n_waves, 3);
        cr_assert_eq(o.moves[0].move.vm, y);
        cr_assert_eq(o.moves[1].move.vm, z);
        cr_assert_eq(o.moves[2].move.vm, x);
        limits.small_first = true;
        o = order(&b, moves, 3, limits);
        cr_assert_eq(o.moves[0].move.vm, x);
        cr_assert_eq(o.moves[1].move.vm, z);
        cr_assert_eq(o.moves[2].move.vm, y);
}

/* A host whose first 48 moves have no place waits for the next wave, unless nothing else goes. */
Test(waves, of_a_host_so_many_moves_are_tried_for_a_wave) {
        for (uint32_t blocked = 47; blocked <= 48; blocked++) {
                Board b;
                Move moves[50];
                uint32_t n = 0;
                WaveOrder o;

                board_new(&b, 4, 100);
                b.base[1] = 50;
                for (uint32_t i = 0; i < blocked; i++)
                        moves[n++] = (Move){ vm(&b, 0, 60), 0, 1 };
                moves[n++] = (Move){ vm(&b, 0, 1), 0, 2 };
                moves[n++] = (Move){ vm(&b, 3, 1), 3, 2 };
                o = order(&b, moves, n, limits_of(10, 10, 100, false));
                cr_assert_eq(2, o.n);
                cr_assert_eq(blocked, o.n_left_out);
                cr_assert_eq(blocked == 47 ? 1 : 2, o.n_waves);
                o = order(&b, moves, n - 1, limits_of(10, 10, 100, false));
                cr_assert_eq(1, o.n, "nothing else goes: all are tried");
                cr_assert_eq(1, o.n_waves);
        }
}

/* Before a host is filled above its load line, all of the moves are tried that need not do it. */
Test(waves, what_keeps_the_load_line_goes_first_however_many_stand_before_it) {
        Board b;
        Move moves[49];
        WaveOrder o;

        board_new(&b, 3, 100);
        b.base[1] = b.limit[1] = 40;
        for (uint32_t i = 0; i < 48; i++)
                moves[i] = (Move){ vm(&b, 0, 1), 0, 1 };
        moves[48] = (Move){ vm(&b, 0, 1), 0, 2 };
        b.price[48] = 0; /* the last */
        o = order(&b, moves, 49, limits_of(100, 100, 100, false));
        cr_assert_eq(49, o.n);
        cr_assert_eq(2, o.n_waves);
        cr_assert_eq(48, o.moves[0].move.vm);
        cr_assert_eq(1, o.moves[1].wave);
}

/* Nor are more than 48 of a host tried above the load line, unless nothing else goes. */
Test(waves, above_the_load_line_too_so_many_moves_of_a_host_are_tried) {
        Board b;
        Move moves[50];
        WaveOrder o;

        board_new(&b, 4, 100);
        b.base[2] = 50;
        b.limit[1] = 0;
        for (uint32_t i = 0; i < 48; i++)
                moves[i] = (Move){ vm(&b, 0, 60), 0, 2 };
        moves[48] = (Move){ vm(&b, 0, 1), 0, 1 };
        moves[49] = (Move){ vm(&b, 3, 1), 3, 1 };
        o = order(&b, moves, 50, limits_of(100, 100, 100, false));
        cr_assert_eq(2, o.n);
        cr_assert_eq(2, o.n_waves);
        cr_assert_eq(49, o.moves[0].move.vm);
        cr_assert_eq(48, o.moves[1].move.vm);
}

Test(waves, of_a_walk_what_keeps_the_load_line_goes_before_what_passes_it) {
        Board b;
        WaveOrder o;
        VmIx x, y;

        board_new(&b, 3, 100);
        b.limit[1] = 10;
        x = vm(&b, 0, 20);
        y = vm(&b, 0, 20);
        cr_assert_eq(0, waves_walk(&arena, &b.p, wide, (Move[]){ { x, 0, 1 }, { y, 0, 2 } }, 2, &o));
        cr_assert_eq(2, o.n);
        cr_assert_eq(2, o.n_waves);
        cr_assert_eq(y, o.moves[0].move.vm);
        cr_assert_eq(x, o.moves[1].move.vm);
}

static bool at_once(void *arg, unsigned part) {
        (void) arg, (void) part;
        return true;
}

/* Whose time is up says so, and what has not begun by then is left out. */
Test(waves, when_the_time_is_up_the_rest_is_left_out) {
        Board b;
        Move moves[64];
        WaveLimits limits = limits_of(100, 100, 4, false);
        WaveOrder o;

        board_new(&b, 2, 100);
        for (uint32_t i = 0; i < 64; i++)
                moves[i] = (Move){ vm(&b, 0, 1), 0, 1 };
        o = order(&b, moves, 64, limits);
        cr_assert(!o.cut && o.n == 64 && o.n_left_out == 0);
        limits.time.is_up = at_once;
        o = order(&b, moves, 64, limits);
        cr_assert(o.cut && o.n < 64, "%u", o.n);
        cr_assert_eq(64, o.n + o.n_left_out);
        cr_assert_eq(0, waves_walk(&arena, &b.p, limits, moves, 64, &o));
        cr_assert(o.cut && o.n < 64, "%u", o.n);
        cr_assert_eq(64, o.n + o.n_left_out);
}

Test(waves, a_small_arena_is_reported) {
        Board b;
        WaveOrder o;

        board_new(&b, 3, 100);
        arena = arena_over(memory, 32);
        cr_assert_eq(-ENOMEM, waves_order(&arena, &b.p, wide, NULL, 0, &o));
}
