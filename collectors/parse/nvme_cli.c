/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/nvme_cli.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/smart_verdict.h"

#define KELVIN 273

/* By either of its names: they differ between versions. */
static int64_t nvme_cli_either(const json_t *j, const char *name, const char *other) {
        int64_t value = json_whole_at(j, name);

        return value >= 0 ? value : json_whole_at(j, other);
}

int nvme_cli_parse(const char *text, size_t n, SmartFacts *ret) {
        json_t *j = json_document(text, n);
        SmartFacts f = smart_facts_none();
        int64_t kelvin = json_whole_at(j, "temperature");

        /* a number, or (from 2.0 on, where it is explained) an object that holds it */
        f.nvme_warning = nvme_cli_either(j, "critical_warning", "critical_warning.value");
        if (f.nvme_warning < 0) {
                json_decref(j);
                return -EBADMSG;
        }
        (void) memcpy(f.kind, "nvme", sizeof("nvme"));
        (void) memcpy(f.transport, "nvme", sizeof("nvme"));
        f.temperature = kelvin >= KELVIN ? kelvin - KELVIN : UNKNOWN;
        f.spare = nvme_cli_either(j, "avail_spare", "available_spare");
        f.spare_threshold = nvme_cli_either(j, "spare_thresh", "available_spare_threshold");
        f.wear = nvme_cli_either(j, "percent_used", "percentage_used");
        f.media_errors = json_whole_at(j, "media_errors");
        f.nvme_error_entries = json_whole_at(j, "num_err_log_entries");
        f.hours = json_whole_at(j, "power_on_hours");
        smart_verdict_nvme(&f);
        json_decref(j);
        *ret = f;
        return 0;
}
