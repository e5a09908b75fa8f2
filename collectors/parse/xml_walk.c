/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/xml_walk.h"

#include <errno.h>
#include <libxml/parser.h>
#include <limits.h>
#include <string.h>

#include "scheduler/base/text.h"

#define XML_TEXT_MAX 4096
#define XML_SIZE_MAX (16 << 20) /* no domain is described by more */

int xml_open(const char *text, size_t n, const char *root, xmlDoc **ret, const xmlNode **ret_root) {
        const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA;
        xmlDoc *doc;
        const xmlNode *top;

        if (n > XML_SIZE_MAX)
                return -EBADMSG;
        doc = xmlReadMemory(text, (int) n, NULL, NULL, options);
        top = doc ? xmlDocGetRootElement(doc) : NULL;
        if (!top || !xml_is(top, root)) {
                xml_close(doc);
                return -EBADMSG;
        }
        *ret = doc;
        *ret_root = top;
        return 0;
}

void xml_close(xmlDoc *doc) {
        if (doc)
                xmlFreeDoc(doc);
}

bool xml_is(const xmlNode *node, const char *name) {
        return node->type == XML_ELEMENT_NODE && strcmp((const char *) node->name, name) == 0;
}

static const xmlNode *first_named(const xmlNode *node, const char *name) {
        while (node && !xml_is(node, name))
                node = node->next;
        return node;
}

const xmlNode *xml_child(const xmlNode *node, const char *name) {
        return node ? first_named(node->children, name) : NULL;
}

const xmlNode *xml_next(const xmlNode *node, const char *name) {
        return first_named(node->next, name);
}

static const char *trimmed_copy(Arena *a, const xmlChar *value) {
        const char *s = (const char *) value;
        size_t n;

        if (!s)
                return NULL;
        s += strspn(s, " \t\r\n");
        for (n = strlen(s); n > 0 && strchr(" \t\r\n", s[n - 1]);)
                n--;
        return n > 0 && n <= XML_TEXT_MAX ? text_copy(a, s, n) : NULL;
}

const char *xml_attribute(Arena *a, const xmlNode *node, const char *name) {
        xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *) name) : NULL;
        const char *copy = trimmed_copy(a, value);

        xmlFree(value);
        return copy;
}

const char *xml_text(Arena *a, const xmlNode *node) {
        xmlChar *value = node ? xmlNodeGetContent(node) : NULL;
        const char *copy = trimmed_copy(a, value);

        xmlFree(value);
        return copy;
}

bool xml_attribute_is(const xmlNode *node, const char *name, const char *value) {
        xmlChar *found = node ? xmlGetNoNsProp(node, (const xmlChar *) name) : NULL;
        bool same = found && strcmp((const char *) found, value) == 0;

        xmlFree(found);
        return same;
}
