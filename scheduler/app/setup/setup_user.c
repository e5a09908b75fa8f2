/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/setup_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/setup/setup_host.h"

static const char *const setup_user_of_the_person[] = {
        "SSH_AUTH_SOCK", "SSH_ASKPASS", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
};

int setup_user_become(Arena *a, const char *name, SetupUser *ret, TextFault *reterr_fault) {
        const struct passwd *entry = name ? getpwnam(name) : getpwuid(geteuid());
        SetupUser user;
        uid_t uid;

        if (!entry) {
                text_fault(reterr_fault, "", "user %.64s not found on this machine",
                           name ? name : "with this number");
                return -EINVAL;
        }
        uid = entry->pw_uid;
        user = (SetupUser){ .name = text_copy(a, entry->pw_name, strlen(entry->pw_name)),
                            .home = text_copy(a, entry->pw_dir, strlen(entry->pw_dir)),
                            .option = name ? text_format(a, " --user %s", setup_word_quoted(a, name)) : "",
                            .sudo = name ? text_format(a, "sudo -u %s ", setup_word_quoted(a, name)) : "",
                            .is_root = uid == 0 };
        if (!user.name || !user.home || !user.option || !user.sudo)
                return -ENOMEM;
        if (uid != geteuid()) {
                if (geteuid() != 0) {
                        text_fault(reterr_fault, "", "--user %.64s: only root may do that for another user",
                                   name);
                        return -EINVAL;
                }
                if (initgroups(user.name, entry->pw_gid) < 0 || setgid(entry->pw_gid) < 0 ||
                    setuid(uid) < 0 || setuid(0) == 0) {
                        text_fault(reterr_fault, "", "cannot become user %.64s: %s", name,
                                   strerrordesc_np(errno));
                        return -EIO;
                }
        }
        for (size_t i = 0; i < ARRAY_SIZE(setup_user_of_the_person); i++)
                (void) unsetenv(setup_user_of_the_person[i]);
        if (setenv("HOME", user.home, 1) < 0)
                return -ENOMEM;
        *ret = user;
        return 0;
}
