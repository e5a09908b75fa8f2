#include "scheduler/app/report_reader.h"

#include <errno.h>

#include "scheduler/snapshot/sample_wire.h"

#define PIECES_A_THREAD 4 /* so that one that is slow is not waited for long */

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

int reports_read(Arena *a, const Workers *workers, const StoredText *texts, uint32_t n, ReadReport **ret) {
        const uint32_t n_pieces = workers->threads * PIECES_A_THREAD;
        Job job = { .texts = texts,
                    .reports = arena_new(a, ReadReport, n),
                    .pieces = arena_new(a, Piece, n_pieces) };

        if (!job.reports || !job.pieces)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_pieces; i++)
                job.pieces[i] = (Piece){ .from = (uint32_t) ((uint64_t) n * i / n_pieces),
                                         .to = (uint32_t) ((uint64_t) n * (i + 1) / n_pieces) };
        workers->run(workers, n_pieces, piece_measure, &job);
        for (uint32_t i = 0; i < n_pieces; i++)
                if (arena_split(a, job.pieces[i].room, &job.pieces[i].arena) < 0)
                        return -ENOMEM;
        workers->run(workers, n_pieces, piece_parse, &job);
        for (uint32_t i = 0; i < n_pieces; i++)
                if (job.pieces[i].error < 0)
                        return job.pieces[i].error;
        *ret = job.reports;
        return 0;
}
