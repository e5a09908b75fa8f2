/* SPDX-License-Identifier: Apache-2.0 */
/* What a domain's XML says in people's own words: its metadata of our namespace, and '#' words of its title → groups, labels,
 * and rules as labels (docs/rules.md). Internal to collectors/parse. Pure.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "collectors/parse/domain_xml.h"
#include "collectors/parse/xml_walk.h"

/* Fills groups and labels of *io, whose title is known. 0 or -ENOMEM. */
int domain_metadata_parse(Arena *a, const xmlNode *root, DomainFacts *io) must_check;
