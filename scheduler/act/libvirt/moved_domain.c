/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/moved_domain.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool moved_domain_is(const xmlNode *n, const char *name) {
        return n->type == XML_ELEMENT_NODE && strcmp((const char *) n->name, name) == 0;
}

static const xmlNode *moved_domain_child(const xmlNode *n, const char *name) {
        for (const xmlNode *c = n ? n->children : NULL; c; c = c->next)
                if (moved_domain_is(c, name))
                        return c;
        return NULL;
}

/* A copy of an attribute, or NULL. */
static char *moved_domain_attribute(const xmlNode *n, const char *name) {
        xmlChar *value = n ? xmlGetProp(n, (const xmlChar *) name) : NULL;
        char *copy = value ? strdup((const char *) value) : NULL;

        xmlFree(value);
        return copy;
}

static bool attribute_is(const xmlNode *n, const char *name, const char *wanted) {
        xmlChar *value = n ? xmlGetProp(n, (const xmlChar *) name) : NULL;
        bool same = value && strcmp((const char *) value, wanted) == 0;

        xmlFree(value);
        return same;
}

static char *moved_domain_content(const xmlNode *n) {
        xmlChar *value = n ? xmlNodeGetContent(n) : NULL;
        char *copy = value ? strdup((const char *) value) : NULL;

        xmlFree(value);
        return copy;
}

static char *moved_domain_element(xmlDoc *doc, const xmlNode *n) {
        xmlBuffer *buffer = n ? xmlBufferCreate() : NULL;
        char *copy = NULL;

        if (buffer && xmlNodeDump(buffer, doc, (xmlNode *) n, 0, 0) >= 0)
                copy = strdup((const char *) xmlBufferContent(buffer));
        xmlBufferFree(buffer);
        return copy;
}

/* ---- ports ---- */

/* What of a port is the host's own and differs on each: its tap device, its place, its address. */
static bool is_of_host(const xmlNode *n) {
        static const char *const names[] = { "target", "alias",   "address", "boot",
                                             "mac",    "backend", "driver",  "rom" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (moved_domain_is(n, names[i]))
                        return true;
        return n->type != XML_ELEMENT_NODE;
}

static void put_attributes(FILE *out, const xmlNode *n) {
        for (const xmlAttr *a = n->properties; a; a = a->next) {
                const char *name = (const char *) a->name;
                char *value;

                if (strcmp(name, "portid") == 0 || strcmp(name, "interfaceid") == 0 ||
                    strcmp(name, "index") == 0)
                        continue; /* made anew on each host */
                value = moved_domain_attribute(n, name);
                (void) fprintf(out, " %s=%s", name, value ? value : "?");
                free(value);
        }
}

static void put_policy(FILE *out, const xmlNode *n, unsigned depth) {
        if (is_of_host(n) || depth > 8)
                return;
        (void) fprintf(out, "%s%s", depth > 0 ? " " : "", (const char *) n->name);
        put_attributes(out, n);
        for (const xmlNode *c = n->children; c; c = c->next)
                put_policy(out, c, depth + 1);
}

/* Of a source only what it names; the network's bridge is libvirt's own and may be called otherwise. */
static char *policy_of(const xmlNode *port) {
        char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);
        bool network = attribute_is(port, "type", "network");

        if (!out)
                return NULL;
        for (const xmlNode *c = port->children; c; c = c->next) {
                if (moved_domain_is(c, "source") && network) {
                        char *name = moved_domain_attribute(c, "network"),
                             *group = moved_domain_attribute(c, "portgroup");

                        (void) fprintf(out, "network=%s portgroup=%s ", name ? name : "", group ? group : "");
                        free(name);
                        free(group);
                        continue;
                }
                put_policy(out, c, 0);
                if (!is_of_host(c))
                        (void) fputc(' ', out);
        }
        if (fclose(out) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static int add_port(MovedDomain *d, const xmlNode *n) {
        MovedPort *p = &d->ports[d->n_ports];

        if (d->n_ports == MOVED_LIST_MAX || !moved_domain_child(n, "mac"))
                return 0;
        d->n_ports++;
        p->mac = moved_domain_attribute(moved_domain_child(n, "mac"), "address");
        p->network = attribute_is(n, "type", "network")
                             ? moved_domain_attribute(moved_domain_child(n, "source"), "network")
                             : NULL;
        p->policy = policy_of(n);
        return p->mac && p->policy ? 0 : -ENOMEM;
}

/* ---- disks ---- */

static int add_disk(MovedDomain *d, const xmlNode *n) {
        const xmlNode *source = moved_domain_child(n, "source"), *target = moved_domain_child(n, "target");
        MovedDisk *disk = &d->disks[d->n_disks];

        if (d->n_disks == MOVED_LIST_MAX || !source || !target || moved_domain_child(n, "readonly") ||
            moved_domain_child(n, "shareable") || attribute_is(n, "device", "cdrom") ||
            attribute_is(n, "device", "floppy"))
                return 0;
        disk->in_pool = attribute_is(n, "type", "volume");
        if (disk->in_pool)
                disk->pool = moved_domain_attribute(source, "pool");
        else
                disk->path =
                        moved_domain_attribute(source, attribute_is(n, "type", "block") ? "dev" : "file");
        if (!disk->path && !disk->pool)
                return 0; /* a network disk: every host reaches it */
        disk->target = moved_domain_attribute(target, "dev");
        d->n_disks++;
        return disk->target ? 0 : -ENOMEM;
}

/* ---- all of it ---- */

static int moved_domain_read_devices(MovedDomain *d, const xmlNode *devices) {
        int r = 0;

        for (const xmlNode *n = devices ? devices->children : NULL; n && r == 0; n = n->next) {
                if (moved_domain_is(n, "emulator") && !d->emulator)
                        d->emulator = moved_domain_content(n);
                else if (moved_domain_is(n, "interface"))
                        r = add_port(d, n);
                else if (moved_domain_is(n, "disk"))
                        r = add_disk(d, n);
                else if (moved_domain_is(n, "channel") &&
                         attribute_is(moved_domain_child(n, "target"), "name", "org.qemu.guest_agent.0") &&
                         attribute_is(moved_domain_child(n, "target"), "state", "connected"))
                        d->agent = true;
        }
        return r;
}

static int read_domain(xmlDoc *doc, MovedDomain *d) {
        const xmlNode *root = xmlDocGetRootElement(doc), *cpu, *os;

        if (!root || !moved_domain_is(root, "domain"))
                return -EBADMSG;
        cpu = moved_domain_child(root, "cpu");
        os = moved_domain_child(moved_domain_child(root, "os"), "type");
        d->type = moved_domain_attribute(root, "type");
        d->arch = moved_domain_attribute(os, "arch");
        d->machine = moved_domain_attribute(os, "machine");
        d->cpu = moved_domain_element(doc, cpu);
        d->cpu_of_host =
                attribute_is(cpu, "mode", "host-passthrough") || attribute_is(cpu, "mode", "maximum");
        d->huge_pages = moved_domain_child(moved_domain_child(root, "memoryBacking"), "hugepages") != NULL;
        return moved_domain_read_devices(d, moved_domain_child(root, "devices"));
}

int moved_domain_parse(const char *xml, MovedDomain *ret) {
        xmlDoc *doc = xmlReadMemory(xml, (int) strnlen(xml, 16U << 20), "domain", NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        int r;

        *ret = (MovedDomain){ 0 };
        r = doc ? read_domain(doc, ret) : -EBADMSG;
        xmlFreeDoc(doc);
        if (r < 0)
                moved_domain_done(ret);
        return r;
}

void moved_domain_done(MovedDomain *d) {
        free(d->type);
        free(d->arch);
        free(d->machine);
        free(d->emulator);
        free(d->cpu);
        for (size_t i = 0; i < d->n_ports; i++) {
                free(d->ports[i].mac);
                free(d->ports[i].network);
                free(d->ports[i].policy);
        }
        for (size_t i = 0; i < d->n_disks; i++) {
                free(d->disks[i].target);
                free(d->disks[i].path);
                free(d->disks[i].pool);
        }
        *d = (MovedDomain){ 0 };
}

bool moved_domain_differs(const MovedDomain *before, const MovedDomain *after, char *words, size_t size) {
        for (size_t i = 0; i < before->n_ports; i++) {
                const MovedPort *was = &before->ports[i], *now = NULL;

                for (size_t k = 0; k < after->n_ports && !now; k++)
                        if (strcmp(after->ports[k].mac, was->mac) == 0)
                                now = &after->ports[k];
                if (now && strcmp(now->policy, was->policy) == 0)
                        continue;
                (void) snprintf(words, size, "port %s %s%.80s%s%.80s", was->mac, now ? "was " : "is gone",
                                now ? was->policy : "", now ? ", is " : "", now ? now->policy : "");
                return true;
        }
        return false;
}
