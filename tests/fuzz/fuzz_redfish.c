/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON object of paths and resources as a BMC: whatever it links to, the walk ends, and what it tells can be told. */
#include <errno.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/remote/redfish_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

typedef struct Bmc {
        json_t *pages;
        unsigned asked;
} Bmc;

static int page_get(void *arg, const char *path, json_t **ret) {
        Bmc *bmc = arg;
        json_t *page = json_object_get(bmc->pages, path);

        if (++bmc->asked > 512)
                return -E2BIG;
        if (!page)
                return 1;
        if (!json_is_object(page))
                return -EBADMSG;
        *ret = json_incref(page);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[32 << 20], scratch[8 << 20];
        Arena samples = arena_over(memory, sizeof(memory)), a = arena_over(scratch, sizeof(scratch));
        Bmc bmc = { .pages = json_document((const char *) data, n) };
        const RedfishSource source = { .get = page_get, .arg = &bmc };
        SampleList list = sample_list_over(&samples);
        json_t *root = json_object_get(bmc.pages, "/redfish/v1/");

        if (redfish_walk(&source, root, &a, &list) == 0)
                for (uint32_t i = 0; i < list.n; i++)
                        assert(*list.samples[i].subject && list.samples[i].metric < METRIC_N);
        json_decref(bmc.pages);
        return 0;
}
