/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/import/importer.h"

#define IMPORTER(name) extern const Importer importer_##name;
#include "scheduler/snapshot/import/importers.def"
#undef IMPORTER

static const Importer *const importers_all[] = {
#define IMPORTER(name) &importer_##name,
#include "scheduler/snapshot/import/importers.def"
#undef IMPORTER
};

const Importer *importer_at(uint32_t i) {
        return i < ARRAY_SIZE(importers_all) ? importers_all[i] : NULL;
}
