/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/setup_tls.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/setup/setup_handshake.h"
#include "scheduler/base/text.h"
#include "scheduler/base/workers.h"

#define AT_ONCE 16
#define DAY     (INT64_C(24) * 3600 * USEC_PER_SEC)

static bool setup_tls_there(const char *path) {
        return access(path, F_OK) == 0;
}

int setup_tls_files(Arena *a, const SetupUser *user, const char *pkipath, SetupTlsFiles *ret) {
        const char *folder = pkipath ? pkipath : text_format(a, "%s/.pki/libvirt", user->home);
        SetupTlsFiles own, files = { .ca = "/etc/pki/CA/cacert.pem",
                                     .certificate = "/etc/pki/libvirt/clientcert.pem",
                                     .key = "/etc/pki/libvirt/private/clientkey.pem" };

        if (!folder)
                return -ENOMEM;
        own = (SetupTlsFiles){ .ca = text_format(a, "%s/cacert.pem", folder),
                               .certificate = text_format(a, "%s/clientcert.pem", folder),
                               .key = text_format(a, "%s/clientkey.pem", folder) };
        if (!own.ca || !own.certificate || !own.key)
                return -ENOMEM;
        if (pkipath || (!user->is_root && setup_tls_there(own.ca)))
                files.ca = own.ca;
        if (pkipath || (!user->is_root && setup_tls_there(own.certificate) && setup_tls_there(own.key))) {
                files.certificate = own.certificate;
                files.key = own.key;
        }
        *ret = files;
        return 0;
}

/* ---- what is here ---- */

static const char *setup_tls_left(Arena *a, usec_t until, usec_t now) {
        return until <= now ? text_format(a, "ended %lld %s ago", (long long) ((now - until) / DAY),
                                          text_plural((now - until) / DAY, "day", "days"))
                            : text_format(a, "ends in %lld %s", (long long) ((until - now) / DAY),
                                          text_plural((until - now) / DAY, "day", "days"));
}

static void setup_tls_here_put(const SetupTls *tls, SetupState state, const char *what, const char *to_do) {
        setup_result_add(tls->result, (SetupFinding){ .who = SETUP_SERVICE,
                                                      .test = "certificates",
                                                      .state = state,
                                                      .what = what,
                                                      .to_do = to_do });
}

static void setup_tls_file_test(Arena *a, const SetupTls *tls, const char *path, const char *what) {
        usec_t until = 0;
        const int r = certificate_until(path, &until);

        if (r == -ENOENT)
                setup_tls_here_put(tls, SETUP_WRONG, text_format(a, "%s not found: %s", path, what),
                                   text_format(a, "put %s there, readable by %s (docs/libvirt-access.md)",
                                               path, tls->user->name));
        else if (r < 0)
                setup_tls_here_put(
                        tls, SETUP_WRONG,
                        text_format(a, "%s: %s", path,
                                    r == -EBADMSG ? "it is not a PEM certificate" : strerrordesc_np(-r)),
                        text_format(a, "%s must be a certificate that %s may read", path, tls->user->name));
        else if (until - tls->now < SETUP_TLS_SOON)
                setup_tls_here_put(tls, SETUP_WRONG,
                                   text_format(a, "%s %s", path, setup_tls_left(a, until, tls->now)),
                                   text_format(a, "renew %s (docs/libvirt-access.md)", path));
        else
                setup_tls_here_put(tls, SETUP_GOOD,
                                   text_format(a, "%s %s", path, setup_tls_left(a, until, tls->now)), NULL);
}

/* Who has it can use libvirt, and so be root on every host. */
static bool setup_tls_key_is_open(const char *path) {
        struct stat st;

        return stat(path, &st) == 0 && (st.st_mode & (S_IWGRP | S_IROTH | S_IWOTH));
}

static void setup_tls_here(Arena *a, const SetupTls *tls, const SetupTlsFiles *files) {
        setup_tls_file_test(a, tls, files->ca, "the CA that signs all certificates");
        setup_tls_file_test(a, tls, files->certificate, "the service's certificate");
        if (!setup_tls_there(files->key))
                setup_tls_here_put(
                        tls, SETUP_WRONG,
                        text_format(a, "%s not found: the key of the service's certificate", files->key),
                        text_format(a, "put %s there, readable by %s alone", files->key, tls->user->name));
        else if (access(files->key, R_OK) < 0)
                setup_tls_here_put(
                        tls, SETUP_WRONG, text_format(a, "%s cannot read %s", tls->user->name, files->key),
                        text_format(a, "chown %s %s", tls->user->name, setup_word_quoted(a, files->key)));
        else if (setup_tls_there(files->ca) && setup_tls_there(files->certificate) &&
                 !certificate_is_of(files->certificate, files->ca))
                setup_tls_here_put(
                        tls, SETUP_WRONG,
                        text_format(a, "%s is not signed by the CA of %s", files->certificate, files->ca),
                        "have both from one CA (docs/libvirt-access.md)");
        if (setup_tls_key_is_open(files->key))
                setup_tls_here_put(tls, SETUP_WRONG,
                                   text_format(a, "users other than %s can read or change %s",
                                               tls->user->name, files->key),
                                   text_format(a, "chmod 600 %s", setup_word_quoted(a, files->key)));
}

/* ---- what the hosts show ---- */

typedef struct TlsTask {
        const SetupTls *tls;
        const SetupTlsFiles *files; /* [n] */
        HandshakeView *views;       /* [n] */
} TlsTask;

static void setup_tls_task(void *arg, unsigned i) {
        const TlsTask *task = arg;

        if (task->tls->hosts[i].way == SETUP_TLS)
                handshake_try(&task->files[i], &task->tls->hosts[i], task->tls->limit, &task->views[i]);
}

static SetupFinding setup_tls_finding(Arena *a, const SetupTls *tls, const SetupTlsFiles *files,
                                      const SetupHost *host, const HandshakeView *view) {
        SetupFinding f = { .who = SETUP_SERVICE, .peer = host->name, .test = "tls", .state = SETUP_WRONG };
        const long long port = (long long) host->port;

        switch (view->outcome) {
        case HANDSHAKE_FINE:
                f.state = view->until - tls->now < SETUP_TLS_SOON ? SETUP_WRONG : SETUP_GOOD;
                f.what = text_format(a, "its certificate %s", setup_tls_left(a, view->until, tls->now));
                if (f.state == SETUP_WRONG)
                        f.to_do = text_format(
                                a,
                                "on %s: renew /etc/pki/libvirt/servercert.pem, then systemctl restart libvirtd",
                                host->name);
                break;
        case HANDSHAKE_NO_NAME:
                f.what = text_format(a, "the name %s does not resolve here", host->address);
                f.to_do = text_format(a, "put %s into DNS, or into /etc/hosts here and on all hosts",
                                      host->address);
                break;
        case HANDSHAKE_REFUSED:
                f.what = text_format(a, "nothing listens on port %lld of %s", port, host->address);
                f.to_do = text_format(
                        a, "on %s: systemctl stop libvirtd; systemctl enable --now libvirtd-tls.socket",
                        host->name);
                break;
        case HANDSHAKE_SILENT:
                f.what = text_format(a, "no answer from port %lld of %s within %lld s", port, host->address,
                                     (long long) (tls->limit / USEC_PER_SEC));
                f.to_do = text_format(a, "switch %s on, or open port %lld in its firewall", host->name, port);
                break;
        case HANDSHAKE_UNTRUSTED:
                f.what = text_format(a, "its certificate is of another CA (%s) than %s", view->issuer,
                                     files->ca);
                f.to_do = text_format(
                        a,
                        "on %s: have /etc/pki/libvirt/servercert.pem signed by the CA of %s, and put that CA "
                        "into /etc/pki/CA/cacert.pem there; then systemctl restart libvirtd",
                        host->name, files->ca);
                break;
        case HANDSHAKE_OTHER:
                f.what = text_format(a, "its certificate is not for the name %s", host->address);
                f.to_do = text_format(a, "on %s: a servercert.pem with dns_name = %s", host->name,
                                      host->address);
                break;
        case HANDSHAKE_EXPIRED:
                f.what = text_format(a, "its certificate is not valid now: it %s",
                                     setup_tls_left(a, view->until, tls->now));
                f.to_do = text_format(
                        a,
                        "on %s: renew /etc/pki/libvirt/servercert.pem, then systemctl restart libvirtd; or correct "
                        "its clock",
                        host->name);
                break;
        case HANDSHAKE_DENIED:
                f.what = text_format(a, "it does not accept our certificate %s", files->certificate);
                f.to_do = text_format(
                        a,
                        "on %s: /etc/pki/CA/cacert.pem must be the CA of our certificate, and tls_allowed_dn_list of "
                        "libvirtd.conf, if set, have its name",
                        host->name);
                break;
        default:
                f.what = text_format(a, "no TLS at port %lld of %s: %s", port, host->address, view->words);
                f.to_do = text_format(a, "on %s: journalctl -u libvirtd", host->name);
                break;
        }
        return f;
}

int setup_tls_test(Arena *a, const SetupTls *tls) {
        const Workers workers = workers_threads(AT_ONCE);
        TlsTask task = { .tls = tls, .views = arena_new(a, HandshakeView, tls->n) };
        SetupTlsFiles *files = arena_new(a, SetupTlsFiles, tls->n);
        bool usual = false;

        if (!files || !task.views)
                return -ENOMEM;
        for (uint32_t i = 0; i < tls->n; i++) {
                if (setup_tls_files(a, tls->user, tls->hosts[i].pkipath, &files[i]) < 0)
                        return -ENOMEM;
                if (tls->hosts[i].way != SETUP_TLS || (usual && !tls->hosts[i].pkipath))
                        continue;
                usual = usual || !tls->hosts[i].pkipath;
                setup_tls_here(a, tls, &files[i]);
        }
        task.files = files;
        workers.run(&workers, tls->n, setup_tls_task, &task);
        for (uint32_t i = 0; i < tls->n; i++) {
                SetupFinding f;

                if (tls->hosts[i].way != SETUP_TLS)
                        continue;
                f = setup_tls_finding(a, tls, &files[i], &tls->hosts[i], &task.views[i]);
                /* where nothing is verified, a certificate of whatever CA is one that libvirt takes */
                if (tls->hosts[i].unverified && task.views[i].outcome == HANDSHAKE_UNTRUSTED)
                        f = (SetupFinding){ .who = SETUP_SERVICE,
                                            .peer = tls->hosts[i].name,
                                            .test = "tls",
                                            .state = SETUP_NOT_TESTED,
                                            .what = "its certificate is not verified (no_verify)" };
                tls->is_in[i] = f.state != SETUP_WRONG || task.views[i].outcome == HANDSHAKE_FINE;
                setup_result_add(tls->result, f);
        }
        return 0;
}
