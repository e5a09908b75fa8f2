/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts are opened side by side from the first moment on, and a process ends when it is through: libxml2, which libvirt reads files
 * with, must have been set up by one thread before. Each try is a process of its own, for it is once in each.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collectors/guests/virt_link.h"
#include "scheduler/act/libvirt/libvirt_connection.h"
#include "tests/seeds.h"

#define TRIES (int) PART_OF(60)

enum { OPENERS = 6 };

static pthread_barrier_t together;

static void *connects(void *arg) {
        virConnectPtr c = NULL;
        LibvirtFault fault;

        (void) arg;
        (void) pthread_barrier_wait(&together);
        (void) !libvirt_connect((LibvirtAt){ .uri = "test:///nowhere/h1" }, 5 * USEC_PER_SEC, &c, &fault);
        return NULL;
}

static void *links(void *arg) {
        VirtLink link = { .uri = "test:///nowhere/h1" };
        virConnectPtr c = NULL;

        (void) arg;
        (void) pthread_barrier_wait(&together);
        (void) !virt_link_get(&link, clock_monotonic(), &c);
        return NULL;
}

static void child(void *(*opens)(void *) ) {
        pthread_t threads[OPENERS];

        if (opens == connects && libvirt_start() < 0)
                _exit(1);
        (void) pthread_barrier_init(&together, NULL, OPENERS);
        for (int i = 0; i < OPENERS; i++)
                if (pthread_create(&threads[i], NULL, opens, NULL) != 0)
                        _exit(1);
        for (int i = 0; i < OPENERS; i++)
                (void) pthread_join(threads[i], NULL);
        exit(0);
}

static void all_end(void *(*opens)(void *) ) {
        for (int i = 0; i < TRIES; i++) {
                const usec_t begun = clock_monotonic();
                const pid_t pid = fork();
                int status = 0;
                pid_t ended = 0;

                if (pid == 0)
                        child(opens);
                while (ended == 0 && clock_monotonic() < begun + 20 * USEC_PER_SEC) {
                        ended = waitpid(pid, &status, WNOHANG);
                        if (ended == 0)
                                clock_sleep(USEC_PER_MSEC);
                }
                if (ended == 0) {
                        (void) kill(pid, SIGKILL);
                        (void) waitpid(pid, &status, 0);
                }
                cr_assert_eq(pid, ended, "try %d hangs", i);
                cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "try %d: status %d", i, status);
        }
}

Test(libvirt_start, hosts_that_are_opened_side_by_side_do_not_hang) {
        all_end(connects);
}

Test(libvirt_start, nor_do_those_that_are_read) {
        all_end(links);
}
