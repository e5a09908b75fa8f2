/* SPDX-License-Identifier: Apache-2.0 */
/* What of a link each migration may take while several go over it: as planned, and beside that what the
 * others leave idle.
 *
 * A wave's plan gives each of its moves a part of its links (MoveManner.bandwidth_kbit), together what
 * migrations may have of them. A move that prepares, or has sent all and is being completed or looked at,
 * leaves its part idle. That goes to the one that was started first and still sends: so moves that began
 * together end one after the other, and the next ones prepare while others send.
 *
 * The sum of what is in force never exceeds what migrations may have of a link (where nobody says it: what
 * the plan gave the wave's moves of it), nor `most`: a cap is raised only as far as others have been lowered
 * already. Left as they are: moves without a cap and all that share a link with them; moves that may switch
 * to post-copy, whose caps are of two kinds. A link here is one direction of a host's NIC.
 *
 * Owner: the caller, by link_share_free(). Threads: one. No clock, no I/O.
 *
 * Units: MiB/s for caps, kbit/s for links; usec_t, in microseconds. Errors: -ENOMEM from link_share_add()
 * alone.
 */
#pragma once

#include "scheduler/act/executor.h"

typedef struct LinkShare LinkShare;

typedef struct LinkShareOptions {
        uint32_t per_out, per_in; /* how many a host may have at once; 0: any number */
        int64_t most_kbit;        /* of a link, whatever the plan says; 0: as the plan says */
        usec_t prepares;          /* what a migration takes before it sends */
} LinkShareOptions;

/* NULL: no memory. */
LinkShare *link_share_new(LinkShareOptions options) must_check;
LinkShare *link_share_free(LinkShare *s);

/* Moves of one plan, sorted by wave; their numbers go on from those that were added before. Their orders' texts outlive
 * the share. 0 or -ENOMEM: none was added. */
int link_share_add(LinkShare *s, const RunMove *moves, uint32_t n) must_check;

/* How many moves of its wave were planned to go over the busier of its two links at once. */
uint32_t link_share_planned(const LinkShare *s, uint32_t move);

/* Whether one more may go over its links: as many as were planned, beside moves of other plans two. */
bool link_share_has_room(const LinkShare *s, uint32_t move);

/* How many that run go over the busier of its two links, without those that have sent all, or will have
 * before another one is prepared. */
uint32_t link_share_busy(const LinkShare *s, uint32_t move);

/* Of one that runs: it has sent all, or will have before another one is prepared. */
bool link_share_ends_soon(const LinkShare *s, uint32_t move);

/* The cap to start it with, MiB/s: its own, or as little as there is when others have that. 0: as it says. */
int64_t link_share_begin(LinkShare *s, uint32_t move);

/* What is seen of one that runs. An ended one: link_share_end(). */
void link_share_look(LinkShare *s, uint32_t move, const MigrationStatus *status);
void link_share_end(LinkShare *s, uint32_t move);

/* Calls set() for each that is to have another cap now, lowered ones first. To be called after each look
 * round. */
void link_share_settle(LinkShare *s, void (*set)(void *arg, uint32_t move, int64_t mib_s), void *arg);
