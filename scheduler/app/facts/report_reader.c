/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/report_reader.h"

#include <errno.h>

#include "scheduler/snapshot/wire/sample_wire.h"

#define TEXTS_BYTES     (UINT64_C(4) << 30) /* reserved, not used */
#define PIECES_A_THREAD 4                   /* so that one that is slow is not waited for long */

typedef struct Piece {
        uint32_t from, to;
        size_t room;
        Arena arena;
        int error;
} Piece;

typedef struct Job {
        const StoredText *texts;
        ReadReport *reports;
        Piece *pieces;
} Job;

static void piece_measure(void *arg, unsigned i) {
        const Job *job = arg;
        Piece *p = &job->pieces[i];

        for (uint32_t k = p->from; k < p->to; k++)
                p->room += report_parse_room(job->texts[k].text, job->texts[k].n) + sizeof(TextFault) +
                           2 * _Alignof(max_align_t);
}

static int fault_keep(Arena *a, const TextFault *fault, ReadReport *ret) {
        TextFault *kept = arena_new(a, TextFault, 1);

        if (!kept)
                return -ENOMEM;
        *kept = *fault;
        ret->fault = kept;
        return 0;
}

static void piece_parse(void *arg, unsigned i) {
        const Job *job = arg;
        Piece *p = &job->pieces[i];

        for (uint32_t k = p->from; k < p->to && p->error == 0; k++) {
                ReadReport *r = &job->reports[k];
                TextFault fault = { 0 };

                p->error = report_parse(&p->arena, job->texts[k].text, job->texts[k].n, &r->report, &fault);
                if (p->error == -EBADMSG)
                        p->error = fault_keep(&p->arena, &fault, r);
        }
}

/* Cuts n texts into pieces, each with memory of its own. */
static int pieces_cut(Arena *a, const Workers *workers, Job *job, uint32_t n) {
        const uint32_t n_pieces = workers->threads * PIECES_A_THREAD;

        for (uint32_t i = 0; i < n_pieces; i++)
                job->pieces[i] = (Piece){ .from = (uint32_t) ((uint64_t) n * i / n_pieces),
                                          .to = (uint32_t) ((uint64_t) n * (i + 1) / n_pieces) };
        workers->run(workers, n_pieces, piece_measure, job);
        for (uint32_t i = 0; i < n_pieces; i++)
                if (arena_split(a, job->pieces[i].room, &job->pieces[i].arena) < 0)
                        return -ENOMEM;
        return 0;
}

static int pieces_error(const Workers *workers, const Job *job) {
        for (uint32_t i = 0; i < workers->threads * PIECES_A_THREAD; i++)
                if (job->pieces[i].error < 0)
                        return job->pieces[i].error;
        return 0;
}

int reports_read(Arena *a, const Workers *workers, const StoredText *texts, uint32_t n, ReadReport **ret) {
        const uint32_t n_pieces = workers->threads * PIECES_A_THREAD;
        Job job = { .texts = texts,
                    .reports = arena_new(a, ReadReport, n),
                    .pieces = arena_new(a, Piece, n_pieces) };
        int r;

        if (!job.reports || !job.pieces)
                return -ENOMEM;
        r = pieces_cut(a, workers, &job, n);
        if (r < 0)
                return r;
        workers->run(workers, n_pieces, piece_parse, &job);
        *ret = job.reports;
        return pieces_error(workers, &job);
}

/* ---- from the store ---- */

/* One side is parsed while the other is filled. */
typedef struct Fetch {
        Store *store;
        ReportsAsked asked;
        Arena arenas[2];
        StoredText texts[2][STORE_REPORTS_AT_ONCE];
        uint32_t n[2];
        unsigned side;
        int more; /* of the side that is filled: 1; 0: there is no more; negative errno */
        Job job;
} Fetch;

static void side_fill(Fetch *f, unsigned side) {
        arena_rewind(&f->arenas[side], 0);
        f->n[side] = 0;
        f->more = store_next_reports(f->store, &f->asked, &f->arenas[side], f->texts[side], &f->n[side]);
}

static void fetch_task(void *arg, unsigned i) {
        Fetch *f = arg;

        if (i == 0)
                side_fill(f, f->side ^ 1);
        else
                piece_parse(&f->job, i - 1);
}

/* Also when memory lacks, all that was asked for is taken: the store's next answer shall be to its question.
 */
static int fetch_all(Fetch *f, Arena *a, const Workers *workers, uint32_t *n) {
        const uint32_t n_pieces = workers->threads * PIECES_A_THREAD;
        ReadReport *reports = f->job.reports;
        int r = 0;

        for (side_fill(f, 0); f->more > 0; f->side ^= 1) {
                f->job.texts = f->texts[f->side];
                f->job.reports = reports + *n;
                if (r == 0)
                        r = pieces_cut(a, workers, &f->job, f->n[f->side]);
                workers->run(workers, r == 0 ? 1 + n_pieces : 1, fetch_task, f);
                if (r == 0)
                        r = pieces_error(workers, &f->job);
                for (uint32_t i = 0; i < f->n[f->side]; i++)
                        f->job.reports[i].host = f->texts[f->side][i].name;
                *n += f->n[f->side];
        }
        return f->more < 0 ? f->more : r;
}

int reports_fetch(Arena *a, const Workers *workers, Store *store, FetchedReports *ret) {
        Fetch *f = arena_new(a, Fetch, 1);
        uint32_t n = 0;
        int r;

        if (!f)
                return -ENOMEM;
        f->store = store;
        r = store_ask_reports(store, a, &f->asked);
        if (r < 0)
                return r;
        f->job.reports = arena_new(a, ReadReport, f->asked.n_members);
        f->job.pieces = arena_new(a, Piece, (size_t) workers->threads * PIECES_A_THREAD);
        *ret = (FetchedReports){ .reports = f->job.reports,
                                 .members = f->asked.members,
                                 .n_members = f->asked.n_members };
        if (!f->job.reports || !f->job.pieces || arena_open(TEXTS_BYTES, &f->arenas[0]) < 0)
                return -ENOMEM;
        r = arena_open(TEXTS_BYTES, &f->arenas[1]);
        if (r == 0)
                r = fetch_all(f, a, workers, &n);
        arena_close(&f->arenas[0]);
        arena_close(&f->arenas[1]);
        ret->n = n;
        return r;
}
