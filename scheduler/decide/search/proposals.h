/* SPDX-License-Identifier: Apache-2.0 */
/* What an annealing search tries next: which VM, which hosts, which partner for a swap. Uniform draws waste
 * themselves: on VMs too small to matter, on hosts that could never take the VM, on partners of another size.
 *
 * Built once per search, in its arena; const after it.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM from proposals_build() alone. Threads: any, const once
 * built.
 */
#pragma once

#include "scheduler/decide/search/flat.h"

typedef struct Proposals {
        uint32_t n_vms, n_hosts;
        /* Host sets: without what is too small for v even when empty, and, where transient resources are held
         * at home for all that left (TRANSIENT_TOGETHER), when all that may leave has left. NULL: not kept,
         * the problem is too large. */
        uint64_t *possible; /* [vm × words] */
        uint32_t words;
        uint32_t *list_start; /* [vm + 1] into list: the hosts of a VM with few; no entry: all */
        HostIx *list;
        VmIx *wheel; /* [wheel_mask + 1] each VM with a choice in proportion to how often it is drawn */
        uint32_t wheel_mask;
        VmIx *by_size;  /* [rank] those with a choice, the largest first */
        uint32_t *rank; /* [vm] */
        uint32_t n_ranks;
        uint32_t rank_digits; /* binary digits of n_ranks */
} Proposals;

/* 0 or -ENOMEM. */
int proposals_build(Arena *a, const Flat *f, Proposals *ret) must_check;

static inline bool proposals_possible(const Proposals *k, VmIx v, HostIx h) {
        return !k->possible || (k->possible[(size_t) v * k->words + h / 64] >> (h % 64) & 1);
}

/* Is there another host than one for v? */
static inline bool proposals_has_choice(const Proposals *k, VmIx v) {
        return k->list_start[v + 1] - k->list_start[v] != 1;
}

/* The same of the 16 hosts from `first` on, a multiple of 16, as bits. */
static inline uint32_t proposals_possible_from(const Proposals *k, VmIx v, HostIx first) {
        if (k->possible)
                return k->possible[(size_t) v * k->words + first / 64] >> (first % 64) & 0xffff;
        return k->n_hosts - first >= 16 ? 0xffff : (UINT32_C(1) << (k->n_hosts - first)) - 1;
}

/* All take 64 random bits. */
static inline VmIx proposals_vm(const Proposals *k, uint64_t bits) {
        return k->wheel[(bits >> 32) & k->wheel_mask];
}

/* Another VM of similar size: how similar is drawn too, every power of two of ranks being as likely. */
static inline VmIx proposals_like(const Proposals *k, VmIx v, uint64_t bits) {
        const uint32_t within = UINT32_C(2) << (((bits >> 16 & 0xff) * k->rank_digits) >> 8);
        const uint64_t off = ((bits >> 24 & 0xffffff) * (2 * (uint64_t) within + 1)) >> 24;
        const int64_t r = (int64_t) k->rank[v] + (int64_t) off - within, n = k->n_ranks;

        if (r < 0)
                return k->by_size[-r < n ? -r : 0];
        return k->by_size[r < n ? r : 2 * n - 1 - r >= 0 ? 2 * n - 1 - r : 0];
}
