/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/disks/smart_disks.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/parse/nvme_cli.h"

/* ---- names ---- */
static bool is_behind_controller(const char *type) {
        const char *comma = strchr(type, ',');

        /* "sat,auto" and "sntjmicron,1" have a comma too, and no controller */
        return comma && comma[1] >= '0' && comma[1] <= '9' && strncmp(type, "sat,", 4) != 0 &&
               strncmp(type, "snt", 3) != 0 && strncmp(type, "usb", 3) != 0 && strncmp(type, "nvme,", 5) != 0;
}

static void list_append(char *list, size_t size, const char *name) {
        size_t n = strlen(list);

        if (n + strlen(name) + 2 <= size)
                (void) snprintf(list + n, size - n, "%s%s", n > 0 ? "," : "", name);
}

/* Namespaces of a controller: nvme0n1, or nvme0c1n1 where the kernel joins the paths of several controllers
 * to nvme0n1. In the order of their names. */
static void namespaces_find(SmartDisk *d, const char *root, const char *controller) {
        char path[PATH_MAX];
        struct dirent **entries;
        int n;

        (void) snprintf(path, sizeof(path), "%s/sys/class/nvme/%s", root, controller);
        n = scandir(path, &entries, NULL, alphasort);
        for (int i = 0; i < n; i++) {
                const char *e = entries[i]->d_name, *c, *ns;
                char name[64];

                ns = strncmp(e, "nvme", 4) == 0 ? strchr(e + 4, 'n') : NULL;
                c = ns ? memchr(e + 4, 'c', (size_t) (ns - e - 4)) : NULL;
                if (ns && ns > e + 4) {
                        (void) snprintf(name, sizeof(name), "%.*s%s", (int) ((c ? c : ns) - e), e, ns);
                        list_append(d->blocks, sizeof(d->blocks), name);
                }
                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
}

static void disk_name(SmartDisk *d, const char *root) {
        const char *slash = strrchr(d->device, '/'), *base = slash ? slash + 1 : d->device;
        char path[PATH_MAX], target[PATH_MAX];
        ssize_t n;

        (void) snprintf(d->subject, sizeof(d->subject), "%s", base);
        if (is_behind_controller(d->type)) {              /* "/dev/bus/0", "megaraid,4": bus0/megaraid:4 */
                const char *plus = strrchr(d->type, '+'); /* "sat+megaraid,4" */
                const char *folder = strncmp(d->device, "/dev/bus/", 9) == 0 ? "bus" : "";
                size_t at = (size_t) snprintf(d->subject, sizeof(d->subject), "%s%s/", folder, base);

                if (at < sizeof(d->subject))
                        (void) snprintf(d->subject + at, sizeof(d->subject) - at, "%s", d->type);
                for (char *c = d->subject; *c; c++)
                        if (*c == ',')
                                *c = ':';
                (void) snprintf(d->address, sizeof(d->address), "%s", plus ? plus + 1 : d->type);
                *strchr(d->address, ',') = ':';
                return;
        }
        if (strncmp(base, "nvme", 4) == 0 && !strchr(base + 4, 'n')) {
                namespaces_find(d, root, base);
                if (*d->blocks)
                        (void) snprintf(d->subject, sizeof(d->subject), "%.*s", (int) strcspn(d->blocks, ","),
                                        d->blocks);
                return;
        }
        (void) snprintf(path, sizeof(path), "%s/sys/block/%s", root, base);
        n = readlink(path, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        d->usb = strstr(target, "/usb") != NULL;
        if (access(path, F_OK) == 0)
                list_append(d->blocks, sizeof(d->blocks), base);
}

/* ---- which there are ---- */
static SmartDisk *disk_find(const SmartDisks *s, const SmartDevice *device) {
        for (uint32_t i = 0; i < s->n; i++)
                if (strcmp(s->disks[i]->device, device->name) == 0 &&
                    strcmp(s->disks[i]->type, device->type) == 0)
                        return s->disks[i];
        return NULL;
}

static bool subject_is_taken(const SmartDisks *s, const char *subject) {
        for (uint32_t i = 0; i < s->n; i++)
                if (strcmp(s->disks[i]->subject, subject) == 0)
                        return true;
        return false;
}

static int disk_add(SmartDisks *s, const char *root, const SmartDevice *device, usec_t now) {
        SmartDisk *d;

        if (s->n == SMART_DISKS_MAX || strlen(device->name) >= sizeof(d->device) ||
            strlen(device->type) >= sizeof(d->type))
                return 0;
        d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        *d = (SmartDisk){ .due = now, .facts = smart_facts_none() };
        (void) snprintf(d->device, sizeof(d->device), "%s", device->name);
        (void) snprintf(d->type, sizeof(d->type), "%s", device->type);
        (void) snprintf(d->model, sizeof(d->model), "%s", device->model ? device->model : "");
        (void) snprintf(d->serial, sizeof(d->serial), "%s", device->serial ? device->serial : "");
        d->by_nvme_cli = device->by_nvme_cli;
        disk_name(d, root);
        if (subject_is_taken(s, d->subject)) { /* one disk, told of twice */
                free(d);
                return 0;
        }
        s->disks[s->n++] = d;
        return 0;
}

static void gone_forget(SmartDisks *s, usec_t now, usec_t keep) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < s->n; i++) {
                SmartDisk *d = s->disks[i];

                if (d->gone > 0 && d->run.pid == 0 && (d->usb || now - d->gone >= keep))
                        free(d);
                else
                        s->disks[kept++] = d;
        }
        s->n = kept;
}

int smart_disks_update(SmartDisks *s, const char *root, const SmartDevice *devices, uint32_t n, usec_t now,
                       usec_t keep) {
        for (uint32_t i = 0; i < s->n; i++)
                if (s->disks[i]->gone == 0)
                        s->disks[i]->gone = now > 0 ? now : 1;
        for (uint32_t i = 0; i < n; i++) {
                SmartDisk *d = disk_find(s, &devices[i]);
                int r;

                if (d) {
                        d->gone = 0;
                        continue;
                }
                r = disk_add(s, root, &devices[i], now);
                if (r < 0)
                        return r;
        }
        gone_forget(s, now, keep);
        return 0;
}

/* ---- what it says ---- */
static void health_unknown(SmartDisk *d, const char *why) {
        d->facts.health = SMART_UNKNOWN;
        (void) snprintf(d->facts.why, sizeof(d->facts.why), "%s", why);
}

void smart_disk_answer(SmartDisk *d, int error, const ToolOutput *out, usec_t now) {
        SmartFacts f = smart_facts_none();

        if (error == 0)
                error = d->by_nvme_cli ? nvme_cli_parse(out->text, out->n, &f)
                                       : smart_facts_parse(out->text, out->n, out->status, &f);
        if (error < 0) {
                health_unknown(
                        d,
                        error == -ETIMEDOUT && d->by_nvme_cli ? "nvme did not answer in time"
                        : error == -ETIMEDOUT                 ? "smartctl did not answer in time"
                        : error == -EFBIG && d->by_nvme_cli   ? "the output of nvme is too long"
                        : error == -EFBIG                     ? "the output of smartctl is too long"
                        : error == -EBADMSG && d->by_nvme_cli
                                ? "the output of nvme is not a smart-log in JSON"
                        : error == -EBADMSG
                                ? "the output of smartctl is not valid JSON (smartctl 7.0 or later is needed)"
                                : strerrordesc_np(-error));
                return;
        }
        if (!*f.model)
                (void) snprintf(f.model, sizeof(f.model), "%s", d->model);
        if (!*f.serial && d->by_nvme_cli)
                (void) snprintf(f.serial, sizeof(f.serial), "%s", d->serial);
        d->asleep = f.asleep;
        if (f.asleep) {
                if (!d->known)
                        d->facts = f;
                return;
        }
        d->answered = now;
        /* one that could not be opened has nothing to say: what was known of it stays, but not its health */
        if (f.health == SMART_UNKNOWN && !*f.serial && d->known) {
                health_unknown(d, f.why);
                return;
        }
        d->facts = f;
        d->known = true;
}

void smart_disks_close(SmartDisks *s) {
        for (uint32_t i = 0; i < s->n; i++) {
                tool_run_close(&s->disks[i]->run);
                free(s->disks[i]);
        }
        s->n = 0;
}
