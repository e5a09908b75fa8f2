/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/guests/vm_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/guests/disk_place.h"
#include "collectors/guests/virt_link.h"
#include "collectors/parse/word_list.h"
#include "collectors/read/block_name.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

#define FACTS_BYTES (UINT64_C(1) << 20) /* reserved; a usual domain needs 2 KiB of it */

static void record_free(VmRecord *r) {
        arena_close(&r->arena);
        free(r);
}

VmRecord *vm_record_get(VmRecords *all, const unsigned char *uuid, unsigned id) {
        VmRecord *r = NULL;

        for (uint32_t i = 0; i < all->n && !r; i++)
                if (memcmp(all->at[i]->uuid, uuid, VIR_UUID_BUFLEN) == 0)
                        r = all->at[i];
        if (r && r->id != id) {
                Arena arena = r->arena;

                *r = (VmRecord){ .arena = arena };
        }
        if (!r && all->n == all->room) {
                uint32_t room = all->room > 0 ? all->room * 2 : 16;
                VmRecord **more = realloc(all->at, room * sizeof(VmRecord *));

                if (!more)
                        return NULL;
                all->at = more;
                all->room = room;
        }
        if (!r) {
                r = calloc(1, sizeof(*r));
                if (!r || arena_open(FACTS_BYTES, &r->arena) < 0) {
                        free(r);
                        return NULL;
                }
                all->at[all->n++] = r;
        }
        memcpy(r->uuid, uuid, VIR_UUID_BUFLEN);
        r->id = id;
        r->seen = true;
        return r;
}

bool vm_record_seen(const VmRecords *all, const unsigned char *uuid) {
        for (uint32_t i = 0; i < all->n; i++)
                if (memcmp(all->at[i]->uuid, uuid, VIR_UUID_BUFLEN) == 0)
                        return all->at[i]->seen;
        return false;
}

void vm_records_forget_gone(VmRecords *all) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < all->n; i++) {
                VmRecord *r = all->at[i];

                if (!r->seen) {
                        record_free(r);
                        continue;
                }
                r->seen = false;
                all->at[kept++] = r;
        }
        all->n = kept;
}

void vm_records_free(VmRecords *all) {
        for (uint32_t i = 0; i < all->n; i++)
                record_free(all->at[i]);
        free(all->at);
        *all = (VmRecords){ 0 };
}

/* params NULL: it is off, and how large its disks are nobody says. */
static void disks_place(VmRecord *r, const virTypedParameter *params, int n, const PoolList *list,
                        const char *root) {
        WordList pools = { 0 }, images = { 0 };
        bool copied = false; /* the disk above it in its chain: what is below it is copied with it */

        r->local_mib = 0;
        for (uint32_t i = 0; i < r->facts.n_disks; i++) {
                const DomainDisk *d = &r->facts.disks[i];
                const char *identity;
                int64_t shared = disk_place(d, list, &r->arena, root, &identity);
                int64_t mib = !params ? 1 : d->target ? vm_stats_disk_mib(params, n, d->target) : UNKNOWN;

                if (d->backing && copied)
                        continue;
                words_add(&pools, identity);
                if (!d->writable && !d->optional && shared == 0 && d->path && !d->block)
                        words_add(&images, d->path);
                if (d->writable)
                        copied = shared != 1;
                if (!d->writable || shared == 1 || r->local_mib == UNKNOWN)
                        continue;
                if (shared == UNKNOWN || mib == UNKNOWN ||
                    __builtin_add_overflow(r->local_mib, mib, &r->local_mib))
                        r->local_mib = UNKNOWN;
        }
        r->pools = words_join(&pools, &r->arena);
        r->images = words_join(&images, &r->arena);
}

/* The device of the host that one disk is on. 0; 1: none of it; -ENXIO: not known; -ENOMEM. */
static int disk_device(const DomainDisk *d, const PoolList *list, Arena *a, const char *root,
                       const char **ret) {
        const PoolFacts *pool = d->pool ? pool_by_name(list, d->pool) : NULL;
        const Mount *m;
        int r;

        if (d->network || (pool && pool->shared))
                return 1;
        if (!d->path)
                return -ENXIO;
        if (d->block) {
                r = block_name_of_path(a, root, d->path, ret);
                return r == 1 ? -ENXIO : r;
        }
        m = mount_of(list->mounts, list->n_mounts, d->path);
        if (!m)
                return -ENXIO;
        if (mount_is_shared(m) || strcmp(m->fstype, "tmpfs") == 0)
                return 1;
        if (strcmp(m->fstype, "zfs") == 0) {
                *ret = text_format(a, "zfs/%.*s", (int) strcspn(m->source, "/"), m->source);
                return *ret ? 0 : -ENOMEM;
        }
        r = block_name_of_number(a, root, m->number, ret);
        if (r == 1)
                r = block_name_of_path(a, root, m->source, ret);
        return r == 1 ? -ENXIO : r;
}

/* One that is not known makes all of them so: the VM may be on any device then. */
static int disks_devices(VmRecord *r, const PoolList *list, const char *root) {
        WordList devices = { 0 };

        r->devices = NULL;
        if (!root)
                return 0;
        for (uint32_t i = 0; i < r->facts.n_disks; i++) {
                const char *name = NULL;
                int e = disk_device(&r->facts.disks[i], list, &r->arena, root, &name);

                if (e < 0)
                        return e == -ENXIO ? 0 : e;
                if (e == 0)
                        words_add(&devices, name);
        }
        if (devices.full)
                return 0;
        r->devices = devices.n > 0 ? words_join(&devices, &r->arena) : "none";
        return r->devices ? 0 : -ENOMEM;
}

static int vm_record_facts_read(VmRecord *r, virDomainPtr domain) {
        char *xml = virDomainGetXMLDesc(domain, 0);
        int e;

        if (!xml)
                return virt_error(NULL, 0);
        r->described = false;
        arena_rewind(&r->arena, 0);
        e = strlen(xml) > (size_t) bound_of(BOUND_DOMAIN_XML)
                    ? -EFBIG
                    : domain_xml_parse(&r->arena, xml, strlen(xml), &r->facts);
        free(xml);
        return e;
}

/* An offline migration takes the definition along and nothing else; and libvirt migrates no domain that has
 * snapshots. */
static const char *stays_for(VmRecord *r, virDomainPtr domain) {
        const char *why = r->facts.pinned;

        if (!why && r->facts.kept)
                why = text_format(&r->arena, "it is off, and its host has the only copy of %s",
                                  r->facts.kept);
        if (!why && virDomainHasManagedSaveImage(domain, 0) == 1)
                why = "it has a managed save image on its host: start it, or remove the image (virsh managedsave-remove)";
        if (!why && virDomainSnapshotNum(domain, 0) > 0)
                why = "it has snapshots; libvirt does not migrate VMs with snapshots";
        if (!why && r->local_mib == UNKNOWN)
                why = "it is off, and it is not known whether its disks are on shared storage";
        return why;
}

/* What libvirt keeps of it beside its XML, as counts; a driver that does not know them says nothing. */
static void counts_read(VmRecord *r, virDomainPtr domain) {
        r->snapshots = virDomainSnapshotNum(domain, 0);
        r->checkpoints = virDomainListAllCheckpoints(domain, NULL, 0);
        r->snapshots = r->snapshots < 0 ? UNKNOWN : r->snapshots;
        r->checkpoints = r->checkpoints < 0 ? UNKNOWN : r->checkpoints;
}

/* No monitor is asked: libvirt itself knows on which disks a job runs. */
static void block_jobs_read(VmRecord *r, virDomainPtr domain) {
        r->block_jobs = UNKNOWN;
        for (uint32_t i = 0; i < r->facts.n_disks; i++) {
                const DomainDisk *d = &r->facts.disks[i];
                virDomainBlockJobInfo info;
                const int n =
                        d->writable && d->target ? virDomainGetBlockJobInfo(domain, d->target, &info, 0) : -1;

                if (n >= 0)
                        r->block_jobs = (r->block_jobs < 0 ? 0 : r->block_jobs) + (n > 0);
        }
}

/* Beside what its XML says: qemuMigrationSrcIsAllowed() of libvirt. */
static void ties_read(VmRecord *r, virDomainPtr domain) {
        counts_read(r, domain);
        block_jobs_read(r, domain);
        if (r->snapshots > 0) {
                r->stays = text_format(&r->arena,
                                       "it has %lld snapshot%s; libvirt does not migrate VMs with snapshots",
                                       (long long) r->snapshots, r->snapshots == 1 ? "" : "s");
                r->tie = "snapshots";
        } else if (r->block_jobs > 0) {
                r->stays =
                        "a block job is running on one of its disks; libvirt does not migrate it until the job ends";
                r->tie = "block-job";
        }
}

static const char *vm_record_fault(int error) {
        return error == -EFBIG    ? "its libvirt XML is too long"
               : error == -ENOMEM ? "its libvirt XML needs too much memory to read"
                                  : "its libvirt XML cannot be read";
}

int vm_record_describe_off(VmRecord *r, virDomainPtr domain, const PoolList *pools, usec_t now) {
        int e = vm_record_facts_read(r, domain);

        r->undescribed = e < 0 && !r->described ? vm_record_fault(e) : NULL;
        if (e < 0)
                return e;
        disks_place(r, NULL, 0, pools, NULL);
        r->devices = NULL;
        counts_read(r, domain);
        r->block_jobs = UNKNOWN;
        r->tie = NULL;
        r->stays = stays_for(r, domain);
        r->described = true;
        r->described_at = now;
        return 0;
}

int vm_record_describe(VmRecord *r, virDomainPtr domain, const virTypedParameter *params, int n,
                       const PoolList *pools, const char *root, usec_t now) {
        const char *name = virDomainGetName(domain);
        int e = vm_record_facts_read(r, domain);

        r->undescribed = e < 0 && !r->described ? vm_record_fault(e) : NULL;
        if (e < 0)
                return e;
        r->stays = r->tie = NULL;
        if (!r->facts.pinned)
                ties_read(r, domain);
        else
                counts_read(r, domain);
        disks_place(r, params, n, pools, root);
        e = disks_devices(r, pools, root);
        r->waits.group = (VmCgroup){ 0 };
        if (e == 0 && root && name)
                e = vm_cgroup_find(&r->arena, root, r->id, name, &r->waits.group);
        r->undescribed = e < 0 ? vm_record_fault(e) : NULL;
        if (e < 0)
                return e;
        r->described = true;
        r->described_at = now;
        return 0;
}
