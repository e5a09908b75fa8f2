/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_one VM FROM FROM_URI TO TO_URI [limit=MS] [bandwidth=MIB_S] [abort=MS] [post-copy] [auto-converge]
 *         [strategy=plain|multifd|auto-converge|post-copy] [channels=N]
 * [at-deadline=abort|auto-converge|post-copy] [pause=FROM-TO] [network=URI] [offline] [copy]
 *
 * One migration by the libvirt executor, for the stories in the lab. Prints a line for each phase it sees
 * and, at the end, "result PHASE seconds=S bytes=N downtime_ms=N message=…". Exit 0 done, 1 failed or
 * aborted, 3 unclear, 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/act/libvirt/executor_libvirt.h"

typedef struct Command {
        MigrationRequest request;
        usec_t abort_after; /* 0: never */
} Command;

static int word_of(const char *const *words, int n, const char *word) {
        int i = 0;

        while (i < n && strcmp(words[i], word) != 0)
                i++;
        return i;
}

/* How the move is to be made, as a plan would say it. */
static bool read_manner(const char *word, const char *value, MigrationRequest *r) {
        MoveManner *m = &r->manner;
        int i = 0;

        if (strncmp(word, "strategy=", 9) == 0)
                m->strategy = (MoveStrategy) (i = word_of(move_strategy_names, STRATEGY_N, value));
        else if (strncmp(word, "at-deadline=", 12) == 0)
                m->at_deadline =
                        (DeadlineAction) (i = word_of(deadline_action_names, DEADLINE_ACTION_N, value));
        else if (strncmp(word, "channels=", 9) == 0)
                m->channels = (uint32_t) strtoul(value, NULL, 10);
        else if (strncmp(word, "network=", 8) == 0)
                r->migrate_uri = value;
        else if (strncmp(word, "pause=", 6) == 0 && strchr(value, '-'))
                m->downtime_limit_ms = strtoll(value, NULL, 10),
                m->downtime_limit_ms_most = strtoll(strchr(value, '-') + 1, NULL, 10);
        else if (strcmp(word, "offline") == 0)
                r->offline = true;
        else if (strcmp(word, "copy") == 0)
                r->copy_disks = true;
        else
                return false;
        return i < STRATEGY_N;
}

static bool read_option(const char *word, Command *io) {
        const char *value = strchr(word, '=');
        int64_t n = value ? strtoll(value + 1, NULL, 10) : 0;

        if (strncmp(word, "limit=", 6) == 0)
                io->request.time_limit = n * USEC_PER_MSEC;
        else if (strncmp(word, "bandwidth=", 10) == 0)
                io->request.bandwidth_mib_s = n;
        else if (strncmp(word, "abort=", 6) == 0)
                io->abort_after = n * USEC_PER_MSEC;
        else if (strcmp(word, "post-copy") == 0)
                io->request.post_copy = true;
        else if (strcmp(word, "auto-converge") == 0)
                io->request.auto_converge = true;
        else
                return read_manner(word, value ? value + 1 : "", &io->request);
        return true;
}

static MigrationStatus follow(const Executor *e, uint32_t id, usec_t abort_after) {
        MigrationPhase last = MIGRATION_PHASE_N;
        MigrationStatus s;

        for (;;) {
                e->poll(e->self, id, &s);
                if (s.phase != last) {
                        (void) printf("phase %s\n", migration_phase_names[s.phase]);
                        (void) fflush(stdout);
                        last = s.phase;
                }
                if (migration_has_ended(s.phase))
                        return s;
                if (abort_after > 0 && s.phase == MIGRATION_RUNNING &&
                    clock_monotonic() - s.started >= abort_after)
                        e->abort(e->self, id);
                e->wait(e->self, 50 * USEC_PER_MSEC);
        }
}

int main(int argc, char **argv) {
        Command c = { 0 };
        MigrationStatus s;
        MoveOrder order;
        Executor e;
        uint32_t id;
        int r;

        for (int i = 6; i < argc; i++)
                if (!read_option(argv[i], &c))
                        argc = 0;
        if (argc < 6) {
                (void) fprintf(stderr,
                               "usage: migrate_one VM FROM FROM_URI TO TO_URI [limit=MS] [bandwidth=MIB_S] "
                               "[abort=MS] [post-copy] [auto-converge]\n");
                return 2;
        }
        order = (MoveOrder){
                .vm = argv[1], .from = argv[2], .from_uri = argv[3], .to = argv[4], .to_uri = argv[5]
        };
        c.request.order = &order;
        r = executor_libvirt_open((ExecutorLibvirtOptions){ 0 }, &e);
        if (r == 0)
                r = e.start(e.self, &c.request, &id);
        if (r < 0) {
                (void) fprintf(stderr, "migrate_one: %s\n", strerror(-r));
                return 1;
        }
        s = follow(&e, id, c.abort_after);
        (void) printf("result %s seconds=%.2f bytes=%lld downtime_ms=%lld post_copy=%d resumes=%u stalled=%u "
                      "remark=[%s] "
                      "message=%s\n",
                      migration_phase_names[s.phase], (double) (s.ended - s.started) / (double) USEC_PER_SEC,
                      (long long) s.bytes_done, (long long) s.downtime_ms, s.post_copy, s.resumes, s.stalled,
                      s.remark, s.message);
        e.forget(e.self, id);
        e.free(e.self);
        return s.phase == MIGRATION_DONE ? 0 : s.phase == MIGRATION_UNCLEAR ? 3 : 1;
}
