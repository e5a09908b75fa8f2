/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/setup_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/setup/setup_children.h"

#define KEYGEN_LIMIT (20 * USEC_PER_SEC)
#define KEYGEN_MOST  ((size_t) 64 << 10)

/* Nothing to be said of it: 0 and *ret; a tool that ended otherwise: its first line is in *ret_words. */
static int setup_key_run(Arena *a, ToolCommand command, const char **ret, const char **ret_words) {
        SetupChild child = { .command = command };
        int r = setup_children_run(a, &child, 1);

        if (r < 0)
                return r;
        if (child.result == 0 && child.output.status == 0) {
                *ret = child.output.text;
                return 0;
        }
        *ret_words = child.result < 0 ? strerrordesc_np(-child.result)
                                      : text_copy(a, child.output.text, strcspn(child.output.text, "\r\n"));
        return *ret_words ? 1 : -ENOMEM;
}

static int setup_key_wrong(SetupKey *key, const char *wrong, const char *to_do) {
        key->wrong = wrong;
        key->to_do = to_do;
        return wrong ? 0 : -ENOMEM;
}

/* The folder is there, and its owner's alone. 0; 1: said in key->wrong. */
static int setup_key_folder(Arena *a, const char *folder, SetupKey *key) {
        struct stat st;

        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
                return setup_key_wrong(
                               key,
                               text_format(a, "%s cannot be created: %s", folder, strerrordesc_np(errno)),
                               NULL) < 0
                               ? -ENOMEM
                               : 1;
        if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022))
                return 0;
        return setup_key_wrong(
                       key,
                       text_format(
                               a,
                               "%s is not a directory that only its owner can write: ssh accepts no key there",
                               folder),
                       text_format(a, "chown %u %s; chmod 700 %s", geteuid(), folder, folder)) < 0
                       ? -ENOMEM
                       : 1;
}

static int setup_key_make(Arena *a, const char *keygen, const SetupUser *user, SetupKey *key) {
        char machine[256] = "";
        const char *comment, *text, *words;
        int r;

        (void) gethostname(machine, sizeof(machine) - 1);
        comment = text_format(a, "%s@%s", user->name, machine);
        if (!comment)
                return -ENOMEM;
        r = setup_key_run(a,
                          (ToolCommand){ .words = { keygen, "-q", "-t", "ed25519", "-N", "", "-C", comment,
                                                    "-f", key->path },
                                         .limit = KEYGEN_LIMIT,
                                         .most = KEYGEN_MOST,
                                         .errors = true },
                          &text, &words);
        if (r == 1)
                return setup_key_wrong(key, text_format(a, "no key could be created: %s", words), NULL);
        key->made = r == 0;
        return r;
}

int setup_key_have(Arena *a, const SetupUser *user, bool make, SetupKey *ret) {
        static const char *const kinds[] = { "id_ed25519", "id_ecdsa", "id_rsa" };
        const char *folder = text_format(a, "%s/.ssh", user->home), *keygen, *text, *words;
        SetupKey key = { 0 };
        bool there = false;
        int r;

        for (size_t i = 0; folder && i < ARRAY_SIZE(kinds) && !there; i++) {
                key.path = text_format(a, "%s/%s", folder, kinds[i]);
                there = key.path && access(key.path, F_OK) == 0;
        }
        if (!there)
                key.path = folder ? text_format(a, "%s/%s", folder, kinds[0]) : NULL;
        if (!key.path)
                return -ENOMEM;
        *ret = key;
        if (!setup_child_find(a, "ssh-keygen", &keygen))
                return setup_key_wrong(ret, "ssh is not installed on this machine",
                                       "apt install openssh-client");
        if (!there && !make)
                return setup_key_wrong(ret, text_format(a, "no ssh key found in %s", folder),
                                       text_format(a, "%splimsoll setup libvirt%s, without --dry-run",
                                                   *user->option ? "sudo " : "", user->option));
        r = there ? 0 : setup_key_folder(a, folder, ret);
        if (r == 0 && !there)
                r = setup_key_make(a, keygen, user, ret);
        if (r != 0 || ret->wrong)
                return r < 0 ? r : 0;
        r = setup_key_run(a,
                          (ToolCommand){ .words = { keygen, "-y", "-P", "", "-f", ret->path },
                                         .limit = KEYGEN_LIMIT,
                                         .most = KEYGEN_MOST },
                          &text, &words);
        if (r == 1)
                return setup_key_wrong(
                        ret,
                        text_format(
                                a,
                                "%s cannot be read by the service: it has a passphrase, or wrong permissions",
                                ret->path),
                        text_format(a, "%sssh-keygen -p -f %s; %schmod 600 %s", user->sudo,
                                    setup_word_quoted(a, ret->path), user->sudo,
                                    setup_word_quoted(a, ret->path)));
        if (r < 0)
                return r;
        ret->public_line = text_copy(a, text, strcspn(text, "\r\n"));
        return ret->public_line ? 0 : -ENOMEM;
}

/* ---- known hosts ---- */

typedef struct SetupKnown {
        Arena *a;
        const char *keygen, *keyscan, *file;
        const SetupHost *hosts;
        uint32_t n;
} SetupKnown;

/* What ssh-keygen finds of each that is not known yet: known_hosts may hold names as hashes, which it alone compares. */
static int setup_key_find(const SetupKnown *k, SetupHostKey *ret) {
        SetupChild *children = arena_new(k->a, SetupChild, k->n);
        int r;

        if (!children)
                return -ENOMEM;
        for (uint32_t i = 0; i < k->n; i++) {
                const char *name = k->hosts[i].way == SETUP_SSH && !ret[i].known
                                           ? setup_host_known_name(k->a, &k->hosts[i])
                                           : NULL;

                if (name)
                        children[i].command =
                                (ToolCommand){ .words = { k->keygen, "-l", "-F", name, "-f", k->file },
                                               .limit = KEYGEN_LIMIT,
                                               .most = KEYGEN_MOST };
                children[i].lane = i;
        }
        r = setup_children_run(k->a, children, k->n);
        for (uint32_t i = 0; r == 0 && i < k->n; i++)
                if (children[i].command.words[0] && children[i].result == 0 &&
                    children[i].output.status == 0 && children[i].output.n > 0)
                        ret[i].fingerprints = children[i].output.text;
        return r;
}

/* The lines "NAME TYPE KEY" of that very name, and no others. */
static const char *setup_key_lines(Arena *a, const char *text, const char *name) {
        const size_t n = strlen(name);
        const char *lines = "";

        for (const char *line = text; lines && *line; line += strcspn(line, "\n"), line += *line == '\n') {
                const size_t length = strcspn(line, "\r\n");

                if (length > n && length < 8192 && strncmp(line, name, n) == 0 && line[n] == ' ' &&
                    text_is_line(line, length))
                        lines = text_format(a, "%s%.*s\n", lines, (int) length, line);
        }
        return lines;
}

static int setup_key_write(int fd, const char *lines, size_t n) {
        while (n > 0) {
                const ssize_t written = write(fd, lines, n);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return written < 0 ? -errno : -EIO;
                lines += written;
                n -= (size_t) written;
        }
        return fsync(fd) < 0 ? -errno : 0;
}

int setup_known_append(const char *path, const char *lines) {
        const int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        struct stat st;
        char last = '\n';
        int r = 0;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0 || (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1))
                r = -EIO;
        if (r == 0) {
                r = last == '\n' ? 0 : setup_key_write(fd, "\n", 1);
                r = r == 0 ? setup_key_write(fd, lines, strlen(lines)) : r;
                if (r < 0) /* half a line would spoil the next one, too */
                        (void) !ftruncate(fd, st.st_size);
        }
        return close(fd) < 0 && r == 0 ? -errno : r;
}

/* 0 or -ENOMEM. */
static int setup_key_add(const SetupKnown *k, const char *lines, SetupHostKey *ret) {
        const int r = *lines ? setup_known_append(k->file, lines) : 0;

        ret->added = *lines && r == 0;
        if (r == 0)
                return 0;
        ret->wrong =
                text_format(k->a, "its host key could not be added to %s: %s", k->file, strerrordesc_np(-r));
        return ret->wrong ? 0 : -ENOMEM;
}

static int setup_key_scan(const SetupKnown *k, SetupHostKey *ret) {
        SetupChild *children = arena_new(k->a, SetupChild, k->n);
        const char *lines;
        int r;

        if (!children)
                return -ENOMEM;
        for (uint32_t i = 0; i < k->n; i++) {
                const char *port = text_format(k->a, "%lld", (long long) k->hosts[i].port);

                if (k->hosts[i].way == SETUP_SSH && !ret[i].known)
                        children[i].command =
                                (ToolCommand){ .words = { k->keyscan, "-T", "5", "-t", "ed25519,ecdsa,rsa",
                                                          "-p", port, "--", k->hosts[i].address },
                                               .limit = KEYGEN_LIMIT,
                                               .most = KEYGEN_MOST };
                children[i].lane = i;
        }
        r = setup_children_run(k->a, children, k->n);
        for (uint32_t i = 0; r == 0 && i < k->n; i++) {
                const char *name = setup_host_known_name(k->a, &k->hosts[i]);

                if (!children[i].command.words[0] || children[i].result < 0 || !name)
                        continue;
                lines = setup_key_lines(k->a, children[i].output.text, name);
                r = lines ? setup_key_add(k, lines, &ret[i]) : -ENOMEM;
        }
        return r;
}

int setup_host_keys(Arena *a, const SetupUser *user, const SetupHost *hosts, uint32_t n, bool accept,
                    SetupHostKey *ret) {
        SetupKnown k = {
                .a = a, .file = text_format(a, "%s/.ssh/known_hosts", user->home), .hosts = hosts, .n = n
        };
        int r;

        memset(ret, 0, n * sizeof(*ret));
        if (!k.file)
                return -ENOMEM;
        if (!setup_child_find(a, "ssh-keygen", &k.keygen) || !setup_child_find(a, "ssh-keyscan", &k.keyscan))
                return 0;
        r = setup_key_find(&k, ret);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                ret[i].known = ret[i].fingerprints;
        if (r == 0 && accept)
                r = setup_key_scan(&k, ret);
        return r == 0 && accept ? setup_key_find(&k, ret) : r;
}
