/* SPDX-License-Identifier: Apache-2.0 */
/* Moves that somebody else made, by virsh or another program: the VM is on another host, and no journal entry says so. Balance
 * and load leave it where it was put for service.cool_down. */
#include <errno.h>

#include "scheduler/app/round/round_store.h"
#include "scheduler/app/round/vm_homes.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"
#include "scheduler/store/store_unread.h"

#define HAND_QUOTE 512
#define HAND_SAID  5U /* of more in one round: one line for the rest */

static void service_hand_say(const VmMovedByHand *moved, uint32_t n, usec_t cool_down) {
        char vm[HAND_QUOTE], from[HAND_QUOTE], to[HAND_QUOTE];

        for (uint32_t i = 0; i < n && i < HAND_SAID; i++)
                log_event(LOG_INFO, "vm.moved_by_hand", "vm=%s from=%s to=%s stays_s=%lld",
                          log_quote(moved[i].now->vm, vm, sizeof(vm)),
                          log_quote(moved[i].was->host, from, sizeof(from)),
                          log_quote(moved[i].now->host, to, sizeof(to)),
                          (long long) (cool_down / USEC_PER_SEC));
        if (n > HAND_SAID)
                log_event(LOG_INFO, "vm.moved_by_hand", "vms=%u stays_s=%lld", n - HAND_SAID,
                          (long long) (cool_down / USEC_PER_SEC));
}

/* What the store remembers; nothing where that cannot be read, which is written anew. */
static int service_hand_before(const ServiceRound *round, VmHomes *ret) {
        const char *text = NULL;
        size_t n = 0;
        int r = store_get_state(round->store, round->arena, VM_HOMES_NAME, &text, &n);

        *ret = (VmHomes){ 0 };
        if (r == 0)
                r = vm_homes_parse(round->arena, text, n, ret);
        if (r == -EBADMSG)
                store_unread_add(round->store, KEY_STATE, VM_HOMES_NAME,
                                 "moves that others made before this round are not noticed");
        return r == -EBADMSG || r == 1 ? 0 : r;
}

static int service_hand_write(const ServiceRound *round, const VmHomes *now) {
        const char *text = NULL;
        size_t n = 0;
        int r = vm_homes_print(round->arena, now, &text, &n);

        return r < 0 ? r
                     : store_lead_state(round->store, round->leadership->token, VM_HOMES_NAME, text, n, 0);
}

static int service_hand_hold(const ServiceRound *round, const VmHomes *before, const VmHomes *now) {
        const JournalEntry *journal = NULL;
        const VmMovedByHand *moved = NULL;
        uint32_t n = 0, n_moved = 0;
        int r = round_store_journal(round->store, round->arena, &journal, &n);

        if (r == 0)
                r = vm_homes_by_hand(round->arena, before, now, journal, n, &moved, &n_moved);
        for (uint32_t i = 0; r == 0 && i < n_moved; i++)
                r = round_store_cool(round->leadership, moved[i].now->vm, "somebody outside Plimsoll",
                                     round->settings);
        if (r == 0)
                service_hand_say(moved, n_moved, settings_int(round->settings, "service", "cool_down"));
        return r;
}

/* Holds that were in force at the last look and are over now. */
static void service_hand_say_ended(const ServiceRound *round, const RoundInput *in) {
        const usec_t last = round->memory->hand_looked;
        char vm[HAND_QUOTE];

        for (uint32_t i = 0; i < in->n_cool_downs && last > 0; i++)
                if (in->cool_downs[i].by && in->cool_downs[i].until > last &&
                    in->cool_downs[i].until <= in->now)
                        log_event(LOG_INFO, "vm.hand_hold_ended", "vm=%s",
                                  log_quote(in->cool_downs[i].vm, vm, sizeof(vm)));
        round->memory->hand_looked = in->now;
}

int service_hand(const ServiceRound *round, RoundFindings *found) {
        VmHomes before, now;
        int r = service_hand_before(round, &before);

        if (r == 0)
                r = vm_homes_now(round->arena, &before, found->facts, found->input.now, &now);
        if (r == 0 && vm_homes_moved(&before, &now))
                r = service_hand_hold(round, &before, &now);
        if (r == 0 && !vm_homes_same(&before, &now))
                r = service_hand_write(round, &now);
        if (r == 0)
                r = round_store_holds(round->store, round->arena, round->leadership->self, &found->input);
        if (r == 0)
                service_hand_say_ended(round, &found->input);
        return r == 1 ? -ECANCELED : r;
}
