/* SPDX-License-Identifier: Apache-2.0 */
/* Worlds, one a seed, each in a process of its own; what must not be is printed with its seed, and made smaller while it stays. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/app/state/move_journal.h"
#include "scheduler/base/log.h"
#include "tests/simulation/simulation.h"

World world;

typedef struct Wanted {
        uint64_t seed;
        uint32_t hosts, vms, an_hour, minutes, quiet_minutes;
        uint32_t n_kept; /* faults, of all; UINT32_MAX: all of them */
        bool kept[SIM_FAULTS];
        const char *keep; /* a directory that stays */
        Mutant mutant;
} Wanted;

static int result_fd = -1;

static void world_ends(void) {
        world.result.simulated = sim_now() - BEGIN;
        world.result.hosts = world.n_hosts;
        world.result.vms = world.n_vms;
        (void) !write(result_fd, &world.result, sizeof(world.result));
        redis_end_server();
        _exit(0);
}

void violation(const char *fmt, ...) {
        va_list ap;
        const int n = snprintf(world.result.violation, sizeof(world.result.violation),
                               "at %lld s: ", (long long) ((sim_now() - BEGIN) / SECOND));

        va_start(ap, fmt);
        (void) vsnprintf(world.result.violation + n, sizeof(world.result.violation) - (size_t) n, fmt, ap);
        va_end(ap);
        world_ends();
        abort();
}

void must(bool good, const char *what) {
        if (good)
                return;
        (void) fprintf(stderr, "simulation: seed %llu: wanted: %s (%s)\n", (unsigned long long) world.seed,
                       what, strerror(errno));
        redis_end_server();
        _exit(3);
}

/* ---- one world ---- */

static void world_tick(void) {
        operator_restores();
        redis_note_size();
        event_put(sim_now() + 30 * SECOND, EVENT_TICK, 0, NULL);
}

static void world_event(const Event *e) {
        world.result.events++;
        switch (e->kind) {
        case EVENT_REPORT:
                agent_reads(e->who);
                break;
        case EVENT_ARRIVES:
                agent_arrives(e->what);
                break;
        case EVENT_MOVE:
                move_ends(e->who);
                break;
        case EVENT_FAULT:
                fault_begins(e->who);
                break;
        case EVENT_OVER:
                fault_ends(e->who);
                break;
        case EVENT_TICK:
                world_tick();
                break;
        }
}

static uint64_t digest_of(uint64_t digest, const char *text, size_t n) {
        for (size_t i = 0; i < n; i++)
                digest = (digest ^ (unsigned char) text[i]) * UINT64_C(0x100000001b3);
        return digest;
}

static void world_digest(void) {
        StoredText *texts = NULL;
        uint32_t n = 0;
        uint64_t digest = UINT64_C(0xcbf29ce484222325);

        arena_rewind(&world.arena, 0);
        must(store_get_journal(world.store, &world.arena, 4000, &texts, &n) == 0, "a journal");
        for (uint32_t i = 0; i < n; i++)
                digest = digest_of(digest, texts[i].text, texts[i].n);
        must(store_get_audit(world.store, &world.arena, 0, 1000, &texts, &n) == 0, "an audit");
        for (uint32_t i = 0; i < n; i++)
                digest = digest_of(digest, texts[i].text, texts[i].n);
        world.result.digest = digest_of(digest, (const char *) &world.result.events, sizeof(uint64_t));
}

static void world_open(const Wanted *wanted, const char *dir) {
        TextFault f = { 0 };
        char url[200];

        world.seed = wanted->seed;
        world.dir = dir;
        world.mutant = wanted->mutant;
        world.end = BEGIN + wanted->minutes * MINUTE;
        world.quiet = world.end - wanted->quiet_minutes * MINUTE;
        world.chance = prng_seeded(wanted->seed);
        must(arena_open((size_t) 1 << 30, &world.arena) == 0, "memory");
        sim_time_open(dir);
        cluster_draw(wanted->hosts, wanted->vms);
        faults_draw(wanted->an_hour);
        (void) snprintf(url, sizeof(url), "%s/settings.yaml", dir);
        cluster_write_settings(url);
        for (int i = 0; i < SERVICES; i++) {
                (void) snprintf(url, sizeof(url), "%s/state%d", dir, i);
                must(mkdir(url, 0700) == 0, "a state directory");
        }
        redis_begin_server();
        (void) snprintf(url, sizeof(url), "unix://%s/redis.sock", dir);
        must(store_open(&(StoreOptions){ .url = url, .cluster = "sim" }, &world.store, &f) == 0, "a store");
        for (uint32_t h = 0; h <= world.n_hosts; h++)
                event_put(BEGIN + (usec_t) h * 30 * SECOND / (world.n_hosts + 1), EVENT_REPORT, h, NULL);
        event_put(BEGIN, EVENT_TICK, 0, NULL);
        for (uint32_t i = 0; i < world.n_faults; i++) {
                world.faults[i].dropped = wanted->n_kept != UINT32_MAX && !wanted->kept[i];
                if (!world.faults[i].dropped)
                        event_put(world.faults[i].at, EVENT_FAULT, i, NULL);
        }
        for (int i = 0; i < SERVICES; i++)
                service_begin(i);
}

/* From then on nothing breaks; one host is to be left. */
static void world_is_quiet(void) {
        world.hosts[world.seed % world.n_hosts].mark = HOST_MAINTENANCE;
        operator_restores();
}

static void world_run(const Wanted *wanted, const char *dir) {
        bool quiet = false;
        Event e;

        world_open(wanted, dir);
        while (sim_now() < world.end) {
                while (event_take(&e))
                        world_event(&e);
                if (!quiet && sim_now() > world.quiet) {
                        world_is_quiet();
                        quiet = true;
                }
                sim_sleep((event_next() < world.end ? event_next() : world.end) - sim_now());
        }
        check_rest();
        world_digest();
        world_ends();
}

/* ---- worlds, each in a process ---- */

static int world_of(const Wanted *wanted, Result *ret) {
        char dir[120];
        int fds[2], status = 0;
        pid_t pid;
        ssize_t n;

        (void) snprintf(dir, sizeof(dir), "/tmp/simulation.XXXXXX");
        if (!mkdtemp(dir) || pipe(fds) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                (void) close(fds[0]);
                result_fd = fds[1];
                world_run(wanted, dir);
        }
        (void) close(fds[1]);
        n = read(fds[0], ret, sizeof(*ret));
        (void) close(fds[0]);
        (void) waitpid(pid, &status, 0);
        if (wanted->keep) {
                (void) printf("logs and data: %s\n", dir);
        } else {
                char command[160];

                (void) snprintf(command, sizeof(command), "rm -rf %s", dir);
                (void) !system(command);
        }
        if (n == (ssize_t) sizeof(*ret))
                return 0;
        memset(ret, 0, sizeof(*ret));
        (void) snprintf(ret->violation, sizeof(ret->violation), "ended: status %d", status);
        return 0;
}

/* The first word of it: which law. */
static bool same_law(const char *a, const char *b) {
        const char *x = strstr(a, "s: "), *y = strstr(b, "s: ");

        return x && y && strcspn(x + 3, ":") == strcspn(y + 3, ":") &&
               strncmp(x + 3, y + 3, strcspn(x + 3, ":")) == 0;
}

static void print_again(const Wanted *w) {
        (void) printf(
                "  again: simulation --seed=%llu --minutes=%u --quiet=%u --an-hour=%u --hosts=%u --vms=%u",
                (unsigned long long) w->seed, w->minutes, w->quiet_minutes, w->an_hour, w->hosts, w->vms);
        if (w->mutant != MUTANT_NONE)
                (void) printf(" --mutant=%s", mutant_name(w->mutant));
        if (w->n_kept != UINT32_MAX) {
                const char *comma = "";

                (void) printf(" --faults=");
                for (uint32_t i = 0; i < SIM_FAULTS; i++)
                        if (w->kept[i]) {
                                (void) printf("%s%u", comma, i);
                                comma = ",";
                        }
        }
        (void) printf("\n");
}

/* How many faults faults_draw() draws. */
static uint32_t faults_of(const Wanted *w) {
        world.seed = w->seed;
        world.end = BEGIN + w->minutes * MINUTE;
        world.quiet = world.end - w->quiet_minutes * MINUTE;
        faults_draw(w->an_hour);
        return world.n_faults;
}

static void print_faults(const Wanted *w) {
        (void) faults_of(w);
        for (uint32_t i = 0; i < world.n_faults; i++)
                if (w->n_kept == UINT32_MAX || w->kept[i])
                        (void) printf("    %6lld s  %s, for %lld s, of %u\n",
                                      (long long) ((world.faults[i].at - BEGIN) / SECOND),
                                      fault_words[world.faults[i].kind],
                                      (long long) (world.faults[i].lasts / SECOND), world.faults[i].draw);
}

static bool still_fails(const Wanted *w, const char *violation_words, Result *ret) {
        return world_of(w, ret) == 0 && same_law(violation_words, ret->violation);
}

/* Fewer faults, then fewer VMs and hosts, as long as the same law is broken. */
static void world_shrink(Wanted *w, const Result *first, uint32_t n_faults) {
        Result r, last = *first;
        Wanted less = *w;

        w->hosts = first->hosts;
        w->vms = first->vms;
        if (w->n_kept == UINT32_MAX) {
                w->n_kept = n_faults;
                for (uint32_t i = 0; i < n_faults; i++)
                        w->kept[i] = true;
        }
        for (uint32_t part = n_faults; part > 0; part /= 2)
                for (uint32_t i = 0; i < n_faults; i += part) {
                        uint32_t n = 0;

                        less = *w;
                        for (uint32_t k = i; k < i + part && k < n_faults; k++) {
                                n += less.kept[k];
                                less.kept[k] = false;
                        }
                        less.n_kept -= n;
                        if (n > 0 && still_fails(&less, first->violation, &r)) {
                                *w = less;
                                last = r;
                        }
                }
        for (int i = 0; i < 12; i++) {
                less = *w;
                if (i % 2 == 0)
                        less.vms = less.vms * 2 / 3;
                else
                        less.hosts = less.hosts * 2 / 3;
                if (less.hosts >= 3 && less.vms >= less.hosts && still_fails(&less, first->violation, &r)) {
                        *w = less;
                        last = r;
                }
        }
        (void) printf("  shrunk to %u hosts, %u VMs, %u faults: %s\n", w->hosts, w->vms, w->n_kept,
                      last.violation);
        print_faults(w);
        print_again(w);
}

/* ---- the command line ---- */

static bool argument_number(const char *word, const char *name, uint64_t *ret) {
        const size_t n = strlen(name);
        char *end;

        if (strncmp(word, name, n) != 0 || word[n] != '=')
                return false;
        *ret = strtoull(word + n + 1, &end, 10);
        return *end == '\0' && end > word + n + 1;
}

static void argument_faults(const char *list, Wanted *w) {
        w->n_kept = 0;
        for (char *end; *list; list = *end == ',' ? end + 1 : end) {
                const unsigned long i = strtoul(list, &end, 10);

                if (end == list)
                        break;
                if (i < SIM_FAULTS && !w->kept[i]) {
                        w->kept[i] = true;
                        w->n_kept++;
                }
        }
}

static void print_table(const Result *all, uint32_t n, uint32_t failed) {
        (void) printf(
                "%u worlds, %.1f days, %llu events, %llu calls of the store, %u moves, %u of them done, %u failed\n",
                n, (double) all->simulated / (double) DAY, (unsigned long long) all->events,
                (unsigned long long) all->calls, all->moves, all->done, failed);
        for (int k = 0; k < SIM_FAULT_N; k++)
                (void) printf("%6u  %s\n", all->faults[k], fault_words[k]);
}

static void result_add(Result *all, const Result *r) {
        all->simulated += r->simulated;
        all->events += r->events;
        all->calls += r->calls;
        all->moves += r->moves;
        all->done += r->done;
        for (int k = 0; k < SIM_FAULT_N; k++)
                all->faults[k] += r->faults[k];
}

int main(int argc, char **argv) {
        Wanted w = { .seed = 1, .an_hour = 8, .minutes = 480, .quiet_minutes = 180, .n_kept = UINT32_MAX };
        uint64_t seeds = 1, seconds = UINT32_MAX, least = 1, number;
        const usec_t begun = clock_monotonic();
        uint32_t failed = 0, n_worlds = 0;
        bool shrink = true, twice = false, until = false;
        Result all = { 0 };

        for (int i = 1; i < argc; i++) {
                if (argument_number(argv[i], "--seed", &number))
                        w.seed = number;
                else if (argument_number(argv[i], "--seeds", &number))
                        seeds = number;
                else if (argument_number(argv[i], "--seconds", &number))
                        seconds = number;
                else if (argument_number(argv[i], "--least", &number))
                        least = number;
                else if (argument_number(argv[i], "--hosts", &number))
                        w.hosts = (uint32_t) number;
                else if (argument_number(argv[i], "--vms", &number))
                        w.vms = (uint32_t) number;
                else if (argument_number(argv[i], "--an-hour", &number))
                        w.an_hour = (uint32_t) number;
                else if (argument_number(argv[i], "--minutes", &number))
                        w.minutes = (uint32_t) number;
                else if (argument_number(argv[i], "--quiet", &number))
                        w.quiet_minutes = (uint32_t) number;
                else if (strncmp(argv[i], "--faults=", 9) == 0)
                        argument_faults(argv[i] + 9, &w);
                else if (strcmp(argv[i], "--keep") == 0)
                        w.keep = "";
                else if (strcmp(argv[i], "--as-it-is") == 0)
                        shrink = false;
                else if (strncmp(argv[i], "--mutant=", 9) == 0 && mutant_by_name(argv[i] + 9, &w.mutant))
                        continue;
                else if (strcmp(argv[i], "--mutants") == 0) {
                        mutants_print();
                        return 0;
                } else if (strcmp(argv[i], "--until-broken") == 0)
                        until = true;
                else if (strcmp(argv[i], "--twice") == 0)
                        twice = true;
                else {
                        (void) fprintf(stderr, "simulation: unknown option '%s'\n", argv[i]);
                        return 2;
                }
        }
        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        for (uint64_t i = 0; i < seeds && !(until && failed > 0); i++, n_worlds++) {
                Wanted one = w;
                Result r = { 0 }, again = { 0 };

                if (i >= least && clock_monotonic() - begun > (usec_t) seconds * USEC_PER_SEC)
                        break;
                one.seed = w.seed + i;
                (void) !world_of(&one, &r);
                if (twice && !r.violation[0]) {
                        (void) !world_of(&one, &again);
                        if (again.digest != r.digest)
                                (void) snprintf(r.violation, sizeof(r.violation),
                                                "at 0 s: same: one seed gave two worlds");
                }
                result_add(&all, &r);
                if (!r.violation[0])
                        continue;
                failed++;
                (void) printf("seed %llu: %u hosts, %u VMs: %s\n", (unsigned long long) one.seed, r.hosts,
                              r.vms, r.violation);
                print_again(&one);
                if (shrink && r.hosts > 0)
                        world_shrink(&one, &r, faults_of(&one));
        }
        print_table(&all, n_worlds, failed);
        return failed > 0;
}
