/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/notices/notice_config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "scheduler/app/terminal/file.h"
#include "scheduler/base/url_secret.h"

static int notice_config_url(const char *key, const char *url, TextFault *f) {
        if (!url[0] || strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
                return 0;
        text_fault(f, key, "\"%.80s\": accepted is a URL that begins with http:// or https://", url);
        return -EINVAL;
}

/* A file of its owner's, and its group's at most. */
static int notice_config_file(Arena *a, const char *path, const char **ret, TextFault *f) {
        TextFault why = { 0 };
        struct stat st;
        size_t n;
        int r = file_read(a, path, ret, &n, &why);

        if (r < 0) {
                text_fault(f, "notify.secret_file", "%.80s: %.120s", path, why.what);
                return r == -ENOMEM ? r : -EINVAL;
        }
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH)) {
                text_fault(f, "notify.secret_file",
                           "%.80s: other users can read it (mode %04o); accepted: mode 0640 or 0600", path,
                           (unsigned) (st.st_mode & 07777));
                return -EINVAL;
        }
        return 0;
}

/* The credential of systemd, the environment, or the file. */
static int notice_config_secret(Arena *a, const Settings *s, NoticeConfig *c, TextFault *f) {
        const char *path = settings_text(s, "notify", "secret_file"), *text = NULL;
        char given[512];
        int r = url_secret_given(NOTICE_SECRET_CREDENTIAL, NOTICE_SECRET_VARIABLE, given, sizeof(given), f);

        if (r < 0)
                return -EINVAL;
        if (r == 0)
                text = given;
        else if (path[0])
                r = notice_config_file(a, path, &text, f);
        if (r == 1) {
                text_fault(
                        f, "notify.secret_file",
                        "is missing: notices to notify.webhook are signed. Make a secret: (printf whsec_; head -c 32 "
                        "/dev/urandom | base64) >FILE");
                return -EINVAL;
        }
        if (r < 0)
                return r;
        text = text ? text_copy(a, text, strcspn(text, "\r\n")) : NULL;
        r = !text ? -ENOMEM : notice_secret_parse(text, &c->secret);
        if (r == -EINVAL)
                text_fault(f, "notify.secret_file",
                           "is no secret: accepted is whsec_ and base64 of 24 to 64 bytes");
        explicit_bzero(given, sizeof(given));
        return r;
}

int notice_config_read(Arena *a, const Settings *settings, NoticeConfig *ret, TextFault *reterr_fault) {
        static const char *const keys[NOTICE_CHANNEL_N] = { "notify.webhook", "notify.alertmanager" };
        const char *link = settings_text(settings, "notify", "link"),
                   *ca = settings_text(settings, "notify", "ca_file");
        int r = 0;

        *ret = (NoticeConfig){ .link = text_copy(a, link, strlen(link)),
                               .ca_file = text_copy(a, ca, strlen(ca)),
                               .timeout = settings_int(settings, "notify", "timeout") };
        for (int i = 0; r == 0 && i < NOTICE_CHANNEL_N; i++) {
                const char *url = settings_text(settings, "notify", keys[i] + strlen("notify."));

                r = notice_config_url(keys[i], url, reterr_fault);
                ret->urls[i] = text_copy(a, url, strlen(url));
                ret->channels |= url[0] ? 1U << i : 0U;
                if (r == 0 && !ret->urls[i])
                        r = -ENOMEM;
        }
        if (r == 0)
                r = notice_config_url("notify.link", link, reterr_fault);
        if (r == 0 && (!ret->link || !ret->ca_file))
                r = -ENOMEM;
        if (r == 0 && ret->channels & 1U << NOTICE_WEBHOOK)
                r = notice_config_secret(a, settings, ret, reterr_fault);
        return r;
}
