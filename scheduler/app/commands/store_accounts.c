/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/store_accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/base/secret.h"
#include "scheduler/store/redis/redis_url.h"
#include "scheduler/store/store_acl.h"

typedef struct Account {
        const char *line;        /* of the ACL file */
        const char *name, *path; /* of its login; path NULL: none is asked for */
        const char *login;       /* what is in that file */
} Account;

typedef struct Accounts {
        Account *at;
        size_t n;
        const char *folder, *url; /* NULL: no logins */
} Accounts;

/* As it stands between "://" and "@". NULL: no memory. */
static const char *account_encoded(Arena *a, const char *name) {
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
        const char *text = "";

        for (; text && *name; name++)
                text = strchr(plain, *name) ? text_format(a, "%s%c", text, *name)
                                            : text_format(a, "%s%%%02X", text, (unsigned char) *name);
        return text;
}

/* "PLIMSOLL_REDIS='rediss://NAME:PASSWORD@ctl:6379'": as systemd's EnvironmentFile= and a shell read it. */
static int account_login(Invocation *in, const Accounts *all, const char *password, Account *ret) {
        const char *name = account_encoded(in->arena, ret->name),
                   *rest = all->url + strcspn(all->url, ":") + strlen("://"); /* the URL was parsed */

        if (!name)
                return -ENOMEM;
        ret->path = text_format(in->arena, "%s/%s", all->folder, ret->name);
        ret->login = text_format(in->arena, "PLIMSOLL_REDIS='%.*s%s:%s@%s'\n", (int) (rest - all->url),
                                 all->url, name, password, rest);
        return ret->path && ret->login ? 0 : -ENOMEM;
}

static int account_make(Invocation *in, Accounts *all, StoreAccount account) {
        char password[1 + SECRET_HEX] = ">";
        const bool none = option_given(&in->options, "no-passwords");
        Account *made = &all->at[all->n];
        int r = none ? 0 : secret_make(password + 1);

        account.password = none ? "nopass" : password;
        if (r == 0)
                r = store_account_name(in->arena, &account, &made->name);
        if (r == 0)
                r = store_account_line(in->arena, &account, &made->line);
        if (r == 0 && all->folder && strchr(made->name, '/'))
                r = -EINVAL;
        if (r == 0 && all->url)
                r = account_login(in, all, none ? "any" : password + 1, made);
        all->n += r == 0;
        return r;
}

/* One account a role, and one for the agent of each host named. */
static ExitStatus accounts_make(Invocation *in, const char *cluster, Accounts *all) {
        static const enum StoreRole roles[] = { ROLE_SERVICE, ROLE_OPERATOR, ROLE_READER };
        const char *host = NULL;
        size_t hosts = 0;
        int r = 0;

        while (option_nth(&in->options, "host", (unsigned) hosts))
                hosts++;
        all->at = arena_new(in->arena, Account, ARRAY_SIZE(roles) + hosts);
        if (!all->at)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(roles); i++)
                r = account_make(in, all, (StoreAccount){ .role = roles[i], .cluster = cluster });
        if (r == -EINVAL)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "the cluster name \"%s\" cannot be used in a Redis ACL file%s",
                                        cluster, all->folder ? ", or not as the name of a file" : "");
        for (unsigned i = 0; r == 0 && (host = option_nth(&in->options, "host", i)); i++)
                r = account_make(in, all,
                                 (StoreAccount){ .role = ROLE_AGENT, .cluster = cluster, .host = host });
        if (r == -EINVAL)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "--host \"%s\" cannot be used in a Redis ACL file; accepted: a name without "
                        "blanks, quotes and the characters * ? [ ] \\ ^ #%s",
                        host, all->folder ? ", and with --logins without /" : "");
        return r < 0 ? command_complain(in, EXIT_FAILED, "%s", strerrordesc_np(-r)) : EXIT_DONE;
}

/* ---- logins ---- */

static int login_write(const Account *account) {
        const size_t n = strlen(account->login);
        int fd = open(account->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r = 0;
        ssize_t done;

        if (fd < 0)
                return -errno;
        done = write(fd, account->login, n);
        if (done < 0 || (size_t) done < n || fsync(fd) < 0)
                r = done < 0 || (size_t) done == n ? -errno : -ENOSPC;
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r < 0)
                (void) unlink(account->path);
        return r;
}

/* All of them or none: what was there already stays, and what was written before the first that could not be, goes. */
static ExitStatus logins_write(Invocation *in, const Accounts *all) {
        const bool made = mkdir(all->folder, 0700) == 0;
        int r = made || errno == EEXIST ? 0 : -errno;
        size_t n = 0;

        if (r < 0)
                return command_complain(in, EXIT_BAD_INPUT, "--logins %s cannot be made: %s", all->folder,
                                        strerrordesc_np(-r));
        while (r == 0 && n < all->n) {
                r = login_write(&all->at[n]);
                n += r == 0;
        }
        if (r == 0)
                return EXIT_DONE;
        for (size_t i = 0; i < n; i++)
                (void) unlink(all->at[i].path);
        if (made)
                (void) rmdir(all->folder);
        if (r == -EEXIST)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "%s already exists: a login is never overwritten. Take another "
                                        "directory, and name each host once",
                                        all->at[n].path);
        return command_complain(in, EXIT_FAILED, "%s cannot be written: %s", all->at[n].path,
                                strerrordesc_np(-r));
}

/* The server's URL, which the logins are made of: with no login of its own. */
static ExitStatus logins_url(Invocation *in, const Settings *settings, Accounts *all) {
        const char *url = option_text(&in->options, "redis");
        TextFault fault = { 0 };
        RedisUrl parsed;

        if (!url)
                url = settings_text(settings, "service", "redis");
        if (!url[0])
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "--logins needs the server's URL: --redis rediss://HOST:PORT?ca=FILE&cert=FILE&key=FILE");
        if (redis_url_parse(url, &parsed, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        if (parsed.user[0] || parsed.password[0])
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "the server's URL has a login already; with --logins give it without: "
                        "--redis rediss://HOST:PORT");
        if (strpbrk(url, "'\\\n"))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "the server's URL has a quote or backslash; write it as %%27 or %%5C, as in a URL");
        all->url = url;
        return EXIT_DONE;
}

ExitStatus store_accounts(Invocation *in, const Settings *settings, Store *store, const char *cluster) {
        Accounts all = { .folder = option_text(&in->options, "logins") };
        ExitStatus status = all.folder ? logins_url(in, settings, &all) : EXIT_DONE;

        (void) store;
        if (in->json)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "acl prints lines of an ACL file; --json is not accepted");
        if (status == EXIT_DONE)
                status = accounts_make(in, cluster, &all);
        if (status == EXIT_DONE && all.folder)
                status = logins_write(in, &all);
        if (status != EXIT_DONE)
                return status;
        /* an ACL file holds no comments: Redis refuses to start with one */
        (void) out_say(
                in->err.out,
                "%s: accounts for cluster %s. This file holds passwords; name it in redis.conf as aclfile\n",
                in->program, cluster);
        (void) out_say(in->out.out, "user default off\n");
        for (size_t i = 0; i < all.n; i++)
                (void) out_say(in->out.out, "%s\n", all.at[i].line);
        return EXIT_DONE;
}
