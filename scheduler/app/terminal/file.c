/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/model/bounds.h"

#define CHUNK_SIZE ((size_t) 256 << 10)

static int fault_errno(TextFault *f, const char *doing, int error) {
        text_fault(f, "", "%s: %s", doing, strerrordesc_np(error));
        return -error;
}

/* The arena hands out memory in a row: chunks taken one after the other are one text. */
static int file_read_all(int fd, Arena *a, const char **ret, size_t *ret_n, TextFault *f) {
        char *base = NULL;
        size_t n = 0;

        for (;;) {
                ArenaMark mark = arena_mark(a);
                char *chunk = arena_new(a, char, CHUNK_SIZE);
                ssize_t got;

                if (!chunk || n > (size_t) bound_of(BOUND_FILE)) {
                        text_fault(f, "", "is larger than this program can read");
                        return -EFBIG;
                }
                base = base ? base : chunk;
                do
                        got = read(fd, chunk, CHUNK_SIZE - 1);
                while (got < 0 && errno == EINTR);
                if (got < 0)
                        return fault_errno(f, "cannot be read", errno);
                n += (size_t) got;
                arena_rewind(a, mark + (size_t) got);
                if (got > 0)
                        continue;
                arena_rewind(a, mark);
                chunk = arena_new(a, char, 1); /* the NUL: memory comes zeroed */
                if (!chunk)
                        return -ENOMEM;
                *ret = base;
                *ret_n = n;
                return 0;
        }
}

int file_read(Arena *a, const char *path, const char **ret, size_t *ret_n, TextFault *reterr_fault) {
        struct stat st;
        int fd, r;

        *reterr_fault = (TextFault){ 0 };
        if (strcmp(path, "-") == 0)
                return file_read_all(STDIN_FILENO, a, ret, ret_n, reterr_fault);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return fault_errno(reterr_fault, "cannot be opened", errno);
        if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
                r = fault_errno(reterr_fault, "cannot be read", EISDIR);
        else
                r = file_read_all(fd, a, ret, ret_n, reterr_fault);
        (void) close(fd);
        return r;
}

static int write_all(int fd, const char *text, size_t n) {
        while (n > 0) {
                ssize_t done = write(fd, text, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0)
                        return -errno;
                text += done;
                n -= (size_t) done;
        }
        return 0;
}

static int write_in_place(const char *path, const char *text, size_t n, TextFault *f) {
        int fd = open(path, O_WRONLY | O_CLOEXEC), r;

        if (fd < 0)
                return fault_errno(f, "cannot be opened", errno);
        r = write_all(fd, text, n);
        (void) close(fd);
        return r < 0 ? fault_errno(f, "cannot be written", -r) : 0;
}

static mode_t mode_of_new_file(void) {
        mode_t mask = umask(022);

        (void) umask(mask);
        return 0666 & ~mask;
}

static int write_and_rename(const char *path, mode_t mode, const char *text, size_t n, TextFault *f) {
        char temporary[PATH_MAX];
        const char *doing = "cannot be written";
        int fd, r, length;

        length = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
        if (length < 0 || (size_t) length >= sizeof(temporary))
                return fault_errno(f, "cannot be written", ENAMETOOLONG);
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return fault_errno(f, "cannot be written", errno);
        r = write_all(fd, text, n);
        if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
                r = -errno;
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(temporary);
        return r < 0 ? fault_errno(f, doing, -r) : 0;
}

int file_write(const char *path, const char *text, size_t n, TextFault *reterr_fault) {
        char real[PATH_MAX];
        struct stat st;

        *reterr_fault = (TextFault){ 0 };
        if (strcmp(path, "-") == 0) {
                if (fwrite(text, 1, n, stdout) == n && fflush(stdout) == 0)
                        return 0;
                return fault_errno(reterr_fault, "cannot be written", errno);
        }
        if (stat(path, &st) < 0)
                return write_and_rename(path, mode_of_new_file(), text, n, reterr_fault);
        if (S_ISDIR(st.st_mode))
                return fault_errno(reterr_fault, "cannot be written", EISDIR);
        if (!S_ISREG(st.st_mode))
                return write_in_place(path, text, n, reterr_fault);
        if (!realpath(path, real))
                return fault_errno(reterr_fault, "cannot be written", errno);
        return write_and_rename(real, st.st_mode & 07777, text, n, reterr_fault);
}
