/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest reads and its host alone may have: the base of an overlay on shared storage, a CD. What libvirt copies
 * with a move is not among it. On libvirt's own test driver and a table of mounts that is made here. */
#include <criterion/criterion.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"

static Arena arena;
static char root[64], driver[128];

#define DOMAIN(name, number, disk)                                                                           \
        "<domain type='test' id='" number "'><name>" name "</name>"                                          \
        "<uuid>00000000-0000-4000-8000-00000000000" number "</uuid><memory unit='MiB'>64</memory>"           \
        "<vcpu>1</vcpu><os><type>hvm</type></os><devices>" disk "</devices></domain>"
#define DISK(device, path, more)                                                                             \
        "<disk type='file' device='" device "'><driver name='qemu' type='qcow2'/><source file='" path        \
        "'/>" more "</disk>"
#define BASE(path)                                                                                           \
        "<backingStore type='file'><format type='qcow2'/><source file='" path                                \
        "'/><backingStore/></backingStore>"
#define VDA "<target dev='vda' bus='virtio'/>"

static void file_made(const char *name, const char *text) {
        char path[128];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/%s", root, name);
        f = fopen(path, "w");
        cr_assert(f, "%s", path);
        cr_assert_geq(fputs(text, f), 0);
        cr_assert_eq(0, fclose(f));
}

static void setup(void) {
        char path[128];

        (void) snprintf(root, sizeof(root), "/tmp/guest_images.XXXXXX");
        cr_assert(mkdtemp(root));
        for (size_t i = 0; i < 2; i++) {
                (void) snprintf(path, sizeof(path), "%s/proc%s", root, i == 0 ? "" : "/self");
                cr_assert_eq(0, mkdir(path, 0755));
        }
        file_made("proc/self/mountinfo", "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
                                         "40 22 0:44 / /mnt/nfs rw,relatime - nfs4 store:/vms rw\n");
        file_made("node.xml",
                  "<node>" DOMAIN("over", "1",
                                  DISK("disk", "/mnt/nfs/a.qcow2", BASE("/var/lib/images/base.qcow2") VDA))
                          DOMAIN("shared", "2",
                                 DISK("disk", "/mnt/nfs/b.qcow2", BASE("/mnt/nfs/base.qcow2") VDA))
                                  DOMAIN("copied", "3",
                                         DISK("disk", "/var/lib/images/c.qcow2",
                                              BASE("/var/lib/images/base.qcow2") VDA)) "</node>");
        (void) snprintf(driver, sizeof(driver), "test://%s/node.xml", root);
        cr_assert_eq(0, arena_open(UINT64_C(64) << 20, &arena));
}

static void teardown(void) {
        static const char *const made[] = { "/node.xml", "/proc/self/mountinfo", "/proc/self", "/proc", "" };
        char path[128];

        for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
                (void) snprintf(path, sizeof(path), "%s%s", root, made[i]);
                (void) remove(path);
        }
        arena_close(&arena);
}

TestSuite(guest_images, .init = setup, .fini = teardown, .timeout = 60);

static void libvirt_quiet(void *arg, virErrorPtr error) {
        (void) arg;
        (void) error; /* the driver knows no statistics of jobs */
}

static const char *images_of(const SampleList *said, const char *vm) {
        for (uint32_t i = 0; i < said->n; i++)
                if (said->samples[i].metric == METRIC_VM_IMAGES && strcmp(said->samples[i].subject, vm) == 0)
                        return said->samples[i].text;
        return "";
}

Test(guest_images, the_base_of_an_overlay_on_shared_storage_is_one_and_what_is_copied_is_none) {
        CollectorSet all = collectors_all();
        CollectorEnv env = { .root = root };
        SampleList said = sample_list_over(&arena);
        const Collector *vms = NULL;
        void *state;

        virSetErrorFunc(NULL, libvirt_quiet);
        env.libvirt = virConnectOpen(driver);
        cr_assert(env.libvirt, "%s", driver);
        for (uint32_t i = 0; i < all.n; i++)
                if (strcmp(all.collectors[i]->name, "vms") == 0)
                        vms = all.collectors[i];
        state = calloc(1, vms->state_size);
        cr_assert_eq(0, vms->open(state, &env));
        cr_assert_geq(vms->read(state, &env, clock_monotonic(), &said.sink), 0);

        cr_expect_str_eq(images_of(&said, "over"), "/var/lib/images/base.qcow2");
        cr_expect_str_eq(images_of(&said, "shared"), "");
        cr_expect_str_eq(images_of(&said, "copied"), "", "libvirt copies the whole chain");

        vms->close(state);
        free(state);
        (void) virConnectClose(env.libvirt);
}
