/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/certificate_ends.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/setup/setup_handshake.h"

int certificate_ends_add(CertificateEnds *ends, const char *file) {
        usec_t until = 0;
        CertificateEnd *at;
        uint32_t i = 0;

        if (!file || !file[0])
                return 0;
        while (i < ends->n && strcmp(ends->at[i].file, file) < 0)
                i++;
        if ((i < ends->n && strcmp(ends->at[i].file, file) == 0) || certificate_until(file, &until) < 0 ||
            until - ends->now >= SETUP_TLS_SOON)
                return 0;
        at = arena_room(ends->arena, ends->at, ends->n, sizeof(*at));
        file = text_copy(ends->arena, file, strlen(file));
        if (!at || !file)
                return -ENOMEM;
        memmove(at + i + 1, at + i, (ends->n - i) * sizeof(*at));
        at[i] = (CertificateEnd){ .file = file, .until = until };
        ends->at = at;
        ends->n++;
        return 0;
}

/* As libvirt finds its user's folder: by HOME, else the password database. */
static const char *certificate_ends_home(void) {
        const char *home = getenv("HOME");
        const struct passwd *entry = home && home[0] ? NULL : getpwuid(geteuid());

        return home && home[0] ? home : entry ? entry->pw_dir : "/";
}

int certificate_ends_add_uri(CertificateEnds *ends, const char *uri) {
        const SetupUser user = { .home = certificate_ends_home(), .is_root = geteuid() == 0 };
        SetupTlsFiles files;
        SetupHost host;
        TextFault fault;
        int r = uri ? setup_host_parse(ends->arena, NULL, uri, &host, &fault) : -EINVAL;

        if (r == -EINVAL || (r == 0 && host.way != SETUP_TLS))
                return 0;
        if (r == 0)
                r = setup_tls_files(ends->arena, &user, host.pkipath, &files);
        if (r == 0)
                r = certificate_ends_add(ends, files.ca);
        return r == 0 ? certificate_ends_add(ends, files.certificate) : r;
}
