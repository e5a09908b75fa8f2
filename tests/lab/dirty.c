/* SPDX-License-Identifier: Apache-2.0 */
/* dirty MIB MIB_PER_S: dirties MIB of memory round and round at that rate (0: flat out). The load of a Linux
 * guest in the lab; the tiny guest has its own.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE_BYTES    4096U
#define PAGES_PER_MIB 256U
#define BATCH         64U /* pages between two looks at the clock */

static double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* Content that neither compresses nor repeats. */
static void dirty_page(unsigned char *page, unsigned *seed) {
        unsigned *words = (unsigned *) (void *) page;

        for (size_t i = 0; i < PAGE_BYTES / sizeof(*words); i += 16) {
                *seed = *seed * 1664525U + 1013904223U;
                words[i] = *seed;
        }
}

int main(int argc, char **argv) {
        unsigned long mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 16;
        unsigned long rate = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
        size_t pages = mib * PAGES_PER_MIB, next = 0;
        unsigned char *memory;
        unsigned seed = 1;
        double start = now();

        if (mib == 0)
                return 2;
        memory = mmap(NULL, pages * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
                perror("dirty: mmap");
                return 1;
        }
        for (;;) {
                double ahead;

                for (size_t i = 0; i < BATCH; i++)
                        dirty_page(memory + next++ % pages * PAGE_BYTES, &seed);
                if (rate == 0)
                        continue;
                ahead = (double) next / PAGES_PER_MIB / (double) rate - (now() - start);
                if (ahead > 0) {
                        struct timespec t = { .tv_sec = (time_t) ahead };

                        t.tv_nsec = (long) ((ahead - (double) t.tv_sec) * 1e9);
                        (void) nanosleep(&t, NULL);
                }
        }
}
