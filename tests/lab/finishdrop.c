/* SPDX-License-Identifier: Apache-2.0 */
/* finishdrop LISTEN_PORT HOST PORT: passes on what a libvirtd says to another, until the migration's last call but one,
 * Finish, has been answered: that answer is dropped, and the connection is cut. The VM runs on the target then, and the
 * source, which has not heard of it, lets it go on there, too. One connection after the other; later ones are left alone
 * once an answer was dropped.
 *
 * Of libvirt's protocol (src/rpc/virnetprotocol.x): a packet is its length, program, version, procedure, type (0 call,
 * 1 reply), serial and status, each 4 bytes, big-endian, and its payload.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REMOTE_PROGRAM 0x20008086U
#define FINISH3        217U /* REMOTE_PROC_DOMAIN_MIGRATE_FINISH3 */
#define FINISH3_PARAMS 306U /* …_FINISH3_PARAMS */
#define HEAD           28U
#define PACKET_MOST    (64U << 20)

typedef struct Packet {
        unsigned char *bytes;
        uint32_t n;
} Packet;

static uint32_t word(const Packet *p, unsigned i) {
        uint32_t x;

        memcpy(&x, p->bytes + (size_t) 4 * i, 4);
        return ntohl(x);
}

static bool read_all(int fd, unsigned char *to, size_t n) {
        while (n > 0) {
                ssize_t k = read(fd, to, n);

                if (k <= 0)
                        return false;
                to += k;
                n -= (size_t) k;
        }
        return true;
}

static bool write_all(int fd, const unsigned char *from, size_t n) {
        while (n > 0) {
                ssize_t k = write(fd, from, n);

                if (k <= 0)
                        return false;
                from += k;
                n -= (size_t) k;
        }
        return true;
}

static bool packet_read(int fd, Packet *p) {
        unsigned char head[4];

        if (!read_all(fd, head, 4))
                return false;
        p->n = (uint32_t) head[0] << 24 | (uint32_t) head[1] << 16 | (uint32_t) head[2] << 8 | head[3];
        if (p->n < HEAD || p->n > PACKET_MOST || !(p->bytes = realloc(p->bytes, p->n)))
                return false;
        memcpy(p->bytes, head, 4);
        return read_all(fd, p->bytes + 4, p->n - 4);
}

static bool is_finish(const Packet *p, uint32_t type) {
        return word(p, 1) == REMOTE_PROGRAM && (word(p, 3) == FINISH3 || word(p, 3) == FINISH3_PARAMS) &&
               word(p, 4) == type;
}

/* Returns whether an answer was dropped. */
static bool pass_on(int client, int server) {
        struct pollfd fds[2] = { { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN } };
        Packet p = { 0 };
        bool dropped = false;

        while (!dropped && poll(fds, 2, -1) > 0) {
                const bool asks = fds[0].revents != 0;

                if (!packet_read(asks ? client : server, &p))
                        break;
                dropped = !asks && is_finish(&p, 1);
                if (!dropped && !write_all(asks ? server : client, p.bytes, p.n))
                        break;
        }
        free(p.bytes);
        return dropped;
}

static int connect_to(const char *host, const char *port) {
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        struct addrinfo *to = NULL;
        int fd = -1;

        if (getaddrinfo(host, port, &hints, &to) != 0)
                return -1;
        fd = socket(to->ai_family, SOCK_STREAM, 0);
        if (fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
                (void) close(fd);
                fd = -1;
        }
        freeaddrinfo(to);
        return fd;
}

int main(int argc, char **argv) {
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
        const int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

        if (argc != 4 || fd < 0)
                return 2;
        at.sin_port = htons((uint16_t) strtoul(argv[1], NULL, 10));
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, (const struct sockaddr *) &at, sizeof(at)) < 0 || listen(fd, 64) < 0)
                return 2;
        (void) signal(SIGCHLD, SIG_IGN);
        (void) signal(SIGPIPE, SIG_IGN);
        (void) puts("listens");
        (void) fflush(stdout);
        for (int client; (client = accept(fd, NULL, NULL)) >= 0; (void) close(client)) {
                if (fork() == 0) {
                        const int server = connect_to(argv[2], argv[3]);

                        if (server >= 0 && pass_on(client, server)) {
                                (void) puts("dropped the answer to Finish");
                                (void) fflush(stdout);
                        }
                        _exit(0);
                }
        }
        return 1;
}
