/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scheduler/base/text.h"

#define GROUP_OPERATE "plimsoll"
#define GROUP_ADMIN   "plimsoll-admin"
#define GROUPS_MOST   1024
#define ENTRY_SIZE    16384

static bool api_peer_group(const char *name, gid_t *ret) {
        struct group entry, *found = NULL;
        char text[ENTRY_SIZE];

        if (getgrnam_r(name, &entry, text, sizeof(text), &found) != 0 || !found)
                return false;
        *ret = found->gr_gid;
        return true;
}

static bool api_peer_has(const gid_t *groups, size_t n, const char *name) {
        gid_t wanted;

        if (!api_peer_group(name, &wanted))
                return false;
        for (size_t i = 0; i < n; i++)
                if (groups[i] == wanted)
                        return true;
        return false;
}

static void api_peer_name(uid_t uid, char ret[API_WHO_SIZE]) {
        struct passwd entry, *found = NULL;
        char text[ENTRY_SIZE];

        if (getpwuid_r(uid, &entry, text, sizeof(text), &found) == 0 && found &&
            text_is_name(found->pw_name, strlen(found->pw_name)))
                (void) snprintf(ret, API_WHO_SIZE, "%.64s", found->pw_name);
        else
                (void) snprintf(ret, API_WHO_SIZE, "uid %u", (unsigned) uid);
}

int api_peer_read(int fd, ApiPeer *ret) {
        gid_t groups[GROUPS_MOST + 1];
        socklen_t n = sizeof(gid_t) * GROUPS_MOST;
        struct ucred cred;
        socklen_t size = sizeof(cred);
        size_t n_groups;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
                return -errno;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) < 0)
                n = 0; /* more than any user has, or a kernel before 4.13: his own group alone */
        n_groups = n / sizeof(gid_t);
        groups[n_groups++] = cred.gid;
        *ret = (ApiPeer){ .role = ROLE_VIEW, .uid = cred.uid };
        if (cred.uid == geteuid() || api_peer_has(groups, n_groups, GROUP_OPERATE))
                ret->role = ROLE_OPERATE;
        if (cred.uid == 0 || api_peer_has(groups, n_groups, GROUP_ADMIN))
                ret->role = ROLE_ADMIN;
        api_peer_name(cred.uid, ret->who);
        return 0;
}
