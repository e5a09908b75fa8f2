/* SPDX-License-Identifier: Apache-2.0 */
/* The little of libxml2 that libvirt's XML needs: a tree, children by name, attributes and texts copied into
 * an arena. Documents come from libvirtd, and guests' owners may write parts of them: no network, no entities
 * resolved, no limits lifted.
 *
 * Threads: any; a document belongs to one.
 *
 * Units: none. Owner: a document is the caller's, by xml_close(); copies are in the arena. Errors: -EBADMSG;
 * NULL from the others, as said.
 */
#pragma once

#include <libxml/tree.h>

#include "scheduler/base/arena.h"

/* The document's root, when it is named `root`; freed by xml_close(). 0; -EBADMSG: not well-formed, or
 * another root. */
int xml_open(const char *text, size_t n, const char *root, xmlDoc **ret, const xmlNode **ret_root) must_check;
void xml_close(xmlDoc *doc);

bool xml_is(const xmlNode *node, const char *name);
/* The first child element of that name, or NULL; NULL has no children. */
const xmlNode *xml_child(const xmlNode *node, const char *name);
/* The next element beside `node` of that name, or NULL. */
const xmlNode *xml_next(const xmlNode *node, const char *name);

/* An attribute, or an element's text without the blanks around it, copied into `a`. NULL: there is none, it
 * is empty, or it is longer than any name or path (4096), or the arena is full: then *a is used up. */
const char *xml_attribute(Arena *a, const xmlNode *node, const char *name);
const char *xml_text(Arena *a, const xmlNode *node);
/* Is the attribute there and equal to `value`? */
bool xml_attribute_is(const xmlNode *node, const char *name, const char *value);
