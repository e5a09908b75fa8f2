/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard's files, as they stand in scheduler/app/page/files, within the program (page_files.cmake).
 *
 * Units: bytes. Owner: static. Errors: NULL: there is no such file. Threads: any.
 */
#pragma once

#include <stddef.h>

#define PAGE_SHELL "index.html" /* what a browser is given for each address of the page */

typedef struct PageFile {
        const char *name;
        const char *type; /* Content-Type */
        const char *etag; /* of its bytes, with its quotes */
        const char *bytes;
        size_t n;
} PageFile;

const PageFile *page_file_find(const char *name);

/* In no order that means anything; NULL past the last. */
const PageFile *page_file_at(size_t i);
