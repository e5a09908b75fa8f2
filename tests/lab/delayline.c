/* SPDX-License-Identifier: Apache-2.0 */
/* delayline NETNS_A IF_A NETNS_B IF_B DELAY_MS: a network cable with a length. Makes a TAP in each of two
 * network namespaces (given as paths) and carries every frame from one to the other DELAY_MS later. For
 * kernels without sch_netem; needs only tun. Prints "ready" once both TAPs are there; runs until it is ended.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_FRAMES 8192U
#define FRAME_BYTES  2048U
#define READ_AT_ONCE 64

typedef struct Frame {
        double due; /* ms */
        size_t length;
        unsigned char bytes[FRAME_BYTES];
} Frame;

/* One direction. head and tail only grow; tail − head frames are under way. */
typedef struct Queue {
        Frame *frames;
        unsigned head, tail;
} Queue;

static double now_ms(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

/* A TAP in the namespace at `netns`; this process stays in that namespace. Ends the program if it cannot. */
static int tap_open(const char *netns, const char *name) {
        struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };
        int fd = open(netns, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) {
                perror(netns);
                exit(1);
        }
        (void) close(fd);
        fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
        (void) snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
        if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0) {
                perror(name);
                exit(1);
        }
        return fd;
}

/* Delivers what is due to `fd`; returns how many ms until the next frame is, at most `most`. A frame that
 * cannot be written is lost, as on a real cable. */
static double deliver(Queue *q, int fd, double most) {
        double t = now_ms();

        for (; q->head != q->tail; q->head++) {
                const Frame *f = &q->frames[q->head % QUEUE_FRAMES];

                if (f->due > t)
                        return f->due - t < most ? f->due - t : most;
                if (write(fd, f->bytes, f->length) < 0)
                        continue;
        }
        return most;
}

static void take_in(Queue *q, int fd, double delay) {
        double t = now_ms();
        static Frame lost; /* what comes when the queue is full */

        for (int i = 0; i < READ_AT_ONCE; i++) {
                bool full = q->tail - q->head >= QUEUE_FRAMES;
                Frame *f = full ? &lost : &q->frames[q->tail % QUEUE_FRAMES];
                ssize_t n = read(fd, f->bytes, sizeof(f->bytes));

                if (n <= 0)
                        return;
                f->length = (size_t) n;
                f->due = t + delay;
                if (!full)
                        q->tail++;
        }
}

int main(int argc, char **argv) {
        Queue queues[2] = { 0 }; /* [0]: from A to B */
        int fds[2];
        double delay;

        if (argc != 6) {
                (void) fprintf(stderr, "usage: delayline NETNS_A IF_A NETNS_B IF_B DELAY_MS\n");
                return 2;
        }
        fds[0] = tap_open(argv[1], argv[2]);
        fds[1] = tap_open(argv[3], argv[4]);
        delay = strtod(argv[5], NULL);
        for (int i = 0; i < 2; i++) {
                queues[i].frames = calloc(QUEUE_FRAMES, sizeof(Frame));
                if (!queues[i].frames)
                        return 1;
        }
        (void) puts("ready");
        (void) fflush(stdout);
        for (;;) {
                struct pollfd p[2] = { { .fd = fds[0], .events = POLLIN },
                                       { .fd = fds[1], .events = POLLIN } };
                double ms = deliver(&queues[1], fds[0], deliver(&queues[0], fds[1], 1000));
                struct timespec t = { .tv_sec = (time_t) (ms / 1e3) };

                t.tv_nsec = (long) ((ms - (double) t.tv_sec * 1e3) * 1e6);
                (void) ppoll(p, 2, &t, NULL);
                take_in(&queues[0], fds[0], delay);
                take_in(&queues[1], fds[1], delay);
        }
}
