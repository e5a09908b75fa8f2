/* SPDX-License-Identifier: Apache-2.0 */
/* What is drawn of a cluster, and what its agents report. */
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/wire/sample_wire.h"
#include "scheduler/store/store.h"
#include "tests/simulation/simulation.h"

#define REPORTS_EVERY (30 * SECOND)
#define OWN_MIB       1024 /* of the host itself */

static void draw_sizes(uint32_t hosts, uint32_t vms) {
        const uint32_t h = prng_below(&world.chance, 8) == 0 ? 20 + prng_below(&world.chance, 21)
                                                             : 3 + prng_below(&world.chance, 20);
        const uint32_t a_host = prng_below(&world.chance, 8) == 0 ? 20 : 4 + prng_below(&world.chance, 6);

        world.n_hosts = hosts > 0 ? hosts : h;
        world.n_vms = vms > 0 ? vms : world.n_hosts * a_host;
}

static void draw_vm(SimVm *vm, uint32_t i) {
        static const int64_t sizes[] = { 1024, 2048, 2048, 4096, 4096, 8192, 16384 };

        (void) snprintf(vm->name, sizeof(vm->name), "vm%03u", i);
        (void) snprintf(vm->uuid, sizeof(vm->uuid), "00000000-0000-4000-8000-%012u", i + 1);
        vm->mib = sizes[prng_below(&world.chance, 7)];
        vm->vcpus = 1 + prng_below(&world.chance, 6);
        vm->base_mcores = vm->vcpus * (50 + prng_below(&world.chance, 400));
        vm->phase = prng_below(&world.chance, 1000);
        vm->running = true;
        vm->move = -1;
}

/* Half of the memory and two fifths of the CPUs are used. */
static void draw_hosts(void) {
        int64_t mib = 0, mcores = 0;

        for (uint32_t v = 0; v < world.n_vms; v++) {
                mib += world.vms[v].mib;
                mcores += world.vms[v].base_mcores;
        }
        for (uint32_t h = 0; h <= world.n_hosts; h++) {
                SimHost *host = &world.hosts[h];

                *host = (SimHost){ .up = true,
                                   .outsider = h == world.n_hosts,
                                   .cpus = mcores * 5 / 2 / world.n_hosts / 1000 + 4 +
                                           prng_below(&world.chance, 4),
                                   .mib = (2 * mib / world.n_hosts + 32768) / 1024 * 1024 };
                (void) snprintf(host->name, sizeof(host->name), host->outsider ? "x%02u" : "h%02u", h);
        }
}

void cluster_draw(uint32_t hosts, uint32_t vms) {
        draw_sizes(hosts, vms);
        for (uint32_t v = 0; v < world.n_vms; v++)
                draw_vm(&world.vms[v], v);
        draw_hosts();
        for (uint32_t v = 0; v < world.n_vms; v++) {
                SimVm *vm = &world.vms[v];

                vm->host = UINT32_MAX;
                for (uint32_t k = prng_below(&world.chance, world.n_hosts), tries = 0;; k++, tries++) {
                        const uint32_t h = k % world.n_hosts;

                        must(tries < world.n_hosts, "room for all VMs");
                        if (host_used_mib(h) + vm->mib <= world.hosts[h].mib * 3 / 4) {
                                vm->host = h;
                                break;
                        }
                }
        }
        for (uint32_t h = 0; h < world.n_hosts && world.mutant == MUTANT_MEMORY_OVERSTATED; h++)
                world.hosts[h].mib = host_used_mib(h) + 1024;
        for (uint32_t v = 0; v + GROUP <= world.n_vms / 2 && world.n_hosts > GROUP; v += GROUP)
                for (uint32_t i = 0; i < GROUP; i++)
                        world.vms[v + i].group = 1 + v / GROUP;
}

void cluster_write_settings(const char *path) {
        FILE *f = fopen(path, "we");

        must(f != NULL, "a settings file");
        if (world.mutant == MUTANT_RULES_UNREAD) {
                must(fclose(f) == 0, "a settings file");
                return;
        }
        if (world.vms[0].group > 0)
                (void) fprintf(f, "groups:\n");
        for (uint32_t v = 0; v < world.n_vms && world.vms[v].group > 0; v += GROUP) {
                (void) fprintf(f, "  - name: g%u\n    vms: [", world.vms[v].group);
                for (uint32_t i = 0; i < GROUP; i++)
                        (void) fprintf(f, "%s%s", i > 0 ? ", " : "", world.vms[v + i].name);
                (void) fprintf(f, "]\n");
        }
        if (world.vms[0].group > 0)
                (void) fprintf(f, "rules:\n");
        for (uint32_t v = 0; v < world.n_vms && world.vms[v].group > 0; v += GROUP)
                (void) fprintf(f, "  - anti-affinity: group:g%u\n", world.vms[v].group);
        must(fclose(f) == 0, "a settings file");
}

int64_t vm_mcores(const SimVm *vm, usec_t at) {
        const bool swings = world.mutant == MUTANT_LOADS_SWING && at > world.quiet;
        const usec_t t = at < world.quiet ? at : world.quiet; /* then no load changes any more */
        int64_t wave = (t - BEGIN) / (DAY / 1000) + vm->phase;

        if (swings) /* every 40 minutes another half of the VMs is busy */
                return (vm->phase + at / (40 * MINUTE) * 250) % 1000 < 500 ? vm->vcpus * 900 : 20;
        wave = wave % 1000;
        wave = wave < 500 ? wave : 1000 - wave; /* 0 … 500 … 0 in a day */
        return vm->base_mcores * (500 + 2 * wave) / 1000;
}

int64_t host_used_mib(uint32_t h) {
        int64_t mib = OWN_MIB;

        for (uint32_t v = 0; v < world.n_vms; v++) {
                const SimVm *vm = &world.vms[v];

                if (vm->host == h || (vm->move >= 0 && world.moves[vm->move].to == h))
                        mib += vm->mib;
        }
        return mib;
}

int host_by_name(const char *name) {
        for (uint32_t h = 0; h <= world.n_hosts; h++)
                if (strcmp(world.hosts[h].name, name) == 0)
                        return (int) h;
        return -1;
}

int vm_by_name(const char *name) {
        for (uint32_t v = 0; v < world.n_vms; v++)
                if (strcmp(world.vms[v].name, name) == 0)
                        return (int) v;
        return -1;
}

/* ---- agents ---- */

typedef struct Posted {
        uint32_t host;
        usec_t read_at;
        bool failing;
        size_t n;
        char text[];
} Posted;

#define NUMBER(m, s, v)                                                                                      \
        { .metric = METRIC_##m, .subject = (s), .number = (v) }
#define TEXT(m, s, v)                                                                                        \
        { .metric = METRIC_##m, .subject = (s), .text = (v) }

static uint32_t agent_lists_vms(uint32_t h, Sample *list, int64_t *io_busy, int64_t *io_free) {
        uint32_t k = 0;

        for (uint32_t v = 0; v < world.n_vms; v++) {
                const SimVm *vm = &world.vms[v];
                const int64_t mcores = vm_mcores(vm, sim_now());

                if (vm->host != h || !vm->running)
                        continue;
                *io_busy += mcores;
                *io_free -= vm->mib;
                list[k++] = (Sample) TEXT(VM_UUID, vm->name, vm->uuid);
                list[k++] = (Sample) TEXT(VM_STATE, vm->name, "running");
                list[k++] = (Sample) NUMBER(VM_VCPUS, vm->name, vm->vcpus);
                list[k++] = (Sample) NUMBER(VM_MEMORY, vm->name, vm->mib);
                list[k++] = (Sample) NUMBER(VM_CPU, vm->name, mcores);
                list[k++] = (Sample) NUMBER(VM_DIRTY, vm->name, 0);
        }
        return k;
}

static Posted *agent_prints(uint32_t h) {
        static Sample list[6 * SIM_VMS];
        const SimHost *host = &world.hosts[h];
        const usec_t at = sim_now() + host->clock;
        int64_t busy = 100;
        const int64_t mib = host->mib * (world.mutant == MUTANT_MEMORY_OVERSTATED ? 4 : 1);
        int64_t spare = mib - OWN_MIB;
        const uint32_t n_list = agent_lists_vms(h, list, &busy, &spare);
        Sample facts[] = { NUMBER(HOST_CPUS, "", host->cpus), NUMBER(HOST_DAEMON, "", 1),
                           NUMBER(HOST_CPU_BUSY, "", busy) };
        Sample memory[] = { NUMBER(HOST_MEMORY_TOTAL, "", mib), NUMBER(HOST_MEMORY_AVAILABLE, "", spare) };
        Sample fault[] = { NUMBER(FAULT_GRADE, "sda", 4), TEXT(FAULT_WHY, "sda", "it is about to fail") };
        Section sections[] = {
                { .collector = "host", .read_at = at, .samples = facts, .n_samples = 3 },
                { .collector = "memory", .read_at = at, .samples = memory, .n_samples = 2 },
                { .collector = "vms", .read_at = at, .samples = list, .n_samples = n_list },
                { .collector = "faults_d", .read_at = at, .samples = fault, .n_samples = 2 },
        };
        Report r = { .host = host->name,
                     .sent_at = at,
                     .sequence = (uint64_t) sim_now(),
                     .interval = REPORTS_EVERY,
                     .sections = sections,
                     .n_sections = host->failing && world.mutant != MUTANT_FAULTS_UNSAID ? 4 : 3 };
        const char *text = NULL;
        Posted *p;
        size_t n = 0;

        arena_rewind(&world.arena, 0);
        must(report_print(&world.arena, &r, &text, &n) == 0, "a report");
        p = malloc(sizeof(*p) + n);
        must(p != NULL, "memory");
        *p = (Posted){ .host = h, .read_at = sim_now(), .failing = host->failing, .n = n };
        memcpy(p->text, text, n);
        return p;
}

static void agent_post(uint32_t h, usec_t later) {
        Posted *p = agent_prints(h);

        if (later > 0)
                event_put(sim_now() + later, EVENT_ARRIVES, h, p);
        else
                agent_arrives(p);
}

void agent_reads(uint32_t h) {
        const SimHost *host = &world.hosts[h];

        event_put(sim_now() + REPORTS_EVERY, EVENT_REPORT, h, NULL);
        if (!host->up || host->lost)
                return;
        agent_post(h, host->late);
        if (host->again)
                agent_post(h, host->late + REPORTS_EVERY + 5 * SECOND);
}

void agent_arrives(void *report) {
        Posted *p = report;
        SimHost *host = &world.hosts[p->host];

        if (store_put_report(world.store, host->name, p->text, p->n, store_report_expiry(REPORTS_EVERY)) ==
            0) {
                host->read_at = p->read_at;
                host->came_at = sim_now();
                if (p->failing && host->failing_since == 0) {
                        host->failing_since = sim_now();
                        (void) !store_raise_alarm(world.store, host->name, sim_now());
                }
        }
        free(p);
}
