/* SPDX-License-Identifier: Apache-2.0 */
/* Why a move is made, as data: clauses, each an English form with gaps, and the facts that fill them or that
 * the words claim. A policy chooses forms and facts (Policy.why); sentence_text() alone makes English of
 * them. So that a test can count each fact again, from what it is about, whatever the words are
 * (tests/sentence_check.h): a kind that it does not know fails it.
 *
 * A form has "{}" for each fact of its clause that is said, in order; claims have no gap: what the words
 * assert beside names and numbers ("above its load line").
 *
 * Owner: the arena; names are the snapshot's, or static. Pure. Threads: any.
 *
 * Units: as FactUnit says of each fact. Errors: -ENOMEM from sentence_keep(), NULL from sentence_text(): the
 * arena is full; the others have none.
 */
#pragma once

#include "scheduler/model/problem.h"

typedef enum FactKind {
        /* Names: `text` */
        FACT_VM,       /* vm */
        FACT_HOST,     /* host */
        FACT_RULE,     /* rule: index into Snapshot.rules */
        FACT_STRENGTH, /* rule: "rule", "wish" */
        FACT_LEVEL,    /* r: Level. "host", "rack" … */
        FACT_RESOURCE, /* r */
        FACT_DEVICE,   /* host: the failing one that concerns vm */
        FACT_EVIDENCE, /* … and why it is held to fail; vm IX_NONE: the host's */

        /* Numbers: `value` */
        FACT_SHARE,  /* of what `host` has of r: millionths */
        FACT_LINE,   /* its load line: millionths */
        FACT_EVENED, /* of the unit of deviation r (Problem.deviations): millionths */
        FACT_ROOM,   /* of r below the load line of `host`, in `unit` */
        FACT_GRADE,  /* of the fault of `host`, vm as for FACT_DEVICE */
        FACT_PLACES, /* that `rule` wants its group in */
        FACT_OTHERS, /* VMs that `rule` has move into the same place, beside this one and one that is named */
        FACT_RATE,   /* of traffic between vm and r: kbit/s */
        FACT_WAVE,   /* in which vm moves (again): from 0, said from 1 */
        FACT_UNCOVERED, /* VMs without a place, over all cases of the reserve */
        FACT_LACKING,   /* of the share that stays free: millionths of a mean host */
        FACT_SHORT,     /* of pair r (Problem.pairs), on both hosts of the move */
        FACT_REMOTE, /* of vm's memory on host, what is not on one NUMA node with the rest of its cell: MiB */

        /* Claims: said by the words of the form */
        CLAIM_GAIN,       /* the policy costs so much less: value < 0, in tier r */
        CLAIM_NO_GAIN,    /* the move alone is no gain */
        CLAIM_OVERFULL,   /* host holds more of r than it has */
        CLAIM_OVER_LINE,  /* host is above its load line of r */
        CLAIM_UNDER_LINE, /* host is below it */
        CLAIM_IN_LINE,    /* host is above none of its load lines */
        CLAIM_DENIED,     /* a rule forbids vm on host */
        CLAIM_ALLOWED,    /* none does */
        CLAIM_SUITS,      /* `rule` names vm, is against its host, and not against `host` */
        CLAIM_MENDED,     /* `rule` is broken by `value` less (< 0) once the move is made */
        CLAIM_BETTER_MET, /* wishes about hosts are worth `value` (< 0) less once it is made */
        CLAIM_MOVERS, /* `rule` has so many VMs move into the same place beside this one: vm is one of them */
        CLAIM_WITH,   /* vm is in the place (Level r) of host */
        CLAIM_MUST_LEAVE,  /* vm is to leave host */
        CLAIM_MAINTENANCE, /* host is in maintenance */
        CLAIM_WAIVED,      /* `rule` is waived for vm, which must leave its host */
        CLAIM_PARTLY,      /* not all VMs use the failing device of host that concerns vm, and it does */
        CLAIM_WHOLLY,      /* all VMs of host do */
        CLAIM_EMPTY,       /* no VM is on host once the plan is carried out, and that is worth something */
        CLAIM_LAST,        /* the VM that moves is the last on host, which is worth something */
        CLAIM_HOME,        /* vm was on host before the plan */
        CLAIM_NEARER,      /* host is nearer to where vm was than the host it leaves */
        CLAIM_HELD,        /* nothing of vm's memory would be remote on host */
        CLAIM_WATCHED,     /* host has a fault of grade 1, and vm is not from there */
        CLAIM_GOES_ON,     /* vm moves again, to host */
        CLAIM_CAME,        /* vm has moved already */
        CLAIM_SWAPS,       /* vm goes the other way */
        CLAIM_COMES,       /* vm comes to host later */
        CLAIM_IN_THE_WAY,  /* were the move not made, vm would find no room on host, or a rule against it */
        CLAIM_MOST, /* of the policy's parts that it can name, r gains most by the move: `value` < 0. Parts are resources;
                       of balance also its deviations, from Problem.n_res on; of balance_pairs its pairs */
        FACT_KIND_N,
} FactKind;

/* Whether the kind fills a gap. */
static inline bool fact_is_said(FactKind kind) {
        return kind < CLAIM_GAIN;
}

/* How a quantity reads. */
typedef enum FactUnit {
        UNIT_PLAIN,
        UNIT_CORES, /* tenths of a core */
        UNIT_MIB,   /* said in GiB from 1 GiB on */
        UNIT_KBIT,  /* a second; said in Mbit/s from 1 Mbit/s on */
} FactUnit;

typedef struct Fact {
        FactKind kind;
        bool after; /* as it is once the move is made; else just before */
        bool end;   /* as it is once the whole plan is carried out */
        FactUnit unit;
        VmIx vm;
        HostIx host;
        uint32_t r, rule;
        int64_t value;
        const char *text;
} Fact;

typedef struct Clause {
        const char *form;
        uint32_t n; /* facts, after those of the clauses before it */
} Clause;

#define SENTENCE_CLAUSES 4
#define SENTENCE_FACTS   24

typedef struct Sentence {
        const char *by; /* the policy that says it; NULL: the planner */
        Clause clauses[SENTENCE_CLAUSES];
        uint32_t n_clauses, n_facts;
        const Fact *facts;
} Sentence;

/* A sentence as it is put together. */
typedef struct SentenceDraft {
        Sentence sentence;
        Fact facts[SENTENCE_FACTS];
} SentenceDraft;

/* A clause, after those that there are, with its facts. More of either than there is room for is a programmer's
 * error (assert). Errors: none. */
void sentence_clause(SentenceDraft *d, const char *form, const Fact *facts, uint32_t n);

#define SENTENCE_CLAUSE(d, form, ...)                                                                        \
        sentence_clause((d), (form), (const Fact[]){ __VA_ARGS__ },                                          \
                        (uint32_t) (sizeof((const Fact[]){ __VA_ARGS__ }) / sizeof(Fact)))

/* The draft, kept in `a`. 0 or -ENOMEM. */
int sentence_keep(Arena *a, const SentenceDraft *d, const Sentence **ret) must_check;

/* In English, without a full stop. Shares are whole percents, with as many decimals as it takes that two of a
 * clause that differ do not read the same; amounts of memory that would are whole MiB. In `a`; NULL: it is full. */
const char *sentence_text(Arena *a, const Sentence *s) must_check;

/* quantity ÷ whole in millionths, rounded down; nothing of nothing is 0. At most SHARE_PPM_MAX. */
#define SHARE_PPM_MAX INT64_C(1000000000)
int64_t share_ppm(int64_t quantity, int64_t whole);
