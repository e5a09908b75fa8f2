/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/page/page_file.h"

#include <string.h>

#include "scheduler/base/common.h"

/* Written when the program is built: page_file_0[] … and PAGE_FILES, a row a file. */
#include <page_files.inc>

static const PageFile page_files[] = { PAGE_FILES };

const PageFile *page_file_at(size_t i) {
        return i < ARRAY_SIZE(page_files) ? &page_files[i] : NULL;
}

const PageFile *page_file_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(page_files); i++)
                if (strcmp(page_files[i].name, name) == 0)
                        return &page_files[i];
        return NULL;
}
