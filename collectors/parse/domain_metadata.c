/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/domain_metadata.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/word_list.h"
#include "scheduler/base/text.h"

static const xmlNode *own_metadata(const xmlNode *root) {
        const xmlNode *metadata = xml_child(root, "metadata");

        for (const xmlNode *m = metadata ? metadata->children : NULL; m; m = m->next)
                if (m->type == XML_ELEMENT_NODE && m->ns && m->ns->href &&
                    strcmp((const char *) m->ns->href, DOMAIN_METADATA_NAMESPACE) == 0)
                        return m;
        return NULL;
}

/* "host", and " should 50" where the element says so. Commas would part the list of labels: blanks part words
 * as well. */
static const char *rule_value(Arena *a, const xmlNode *node, const char *value) {
        const char *should = xml_attribute(a, node, "should");
        char *text = value ? text_format(a, "%s%s%s", value, should ? " should " : "", should ? should : "")
                           : NULL;

        for (char *c = text; c && *c; c++)
                if (*c == ',')
                        *c = ' ';
        return text;
}

/* <group apart="rack">web</group>: the rules its group is said to keep, as labels
 * (snapshot/rules/label_rules.h).
 */
static void group_rules_add(WordList *labels, Arena *a, const xmlNode *node, const char *name) {
        static const char *const kinds[] = { "apart", "anti-affinity", "together", "affinity", "spread" };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                const char *value = xml_attribute(a, node, kinds[i]),
                           *level = xml_attribute(a, node, "level");

                if (value && level)
                        value = text_format(a, "%s %s", value, level);
                value = rule_value(a, node, value);
                if (value && name)
                        words_add(labels, text_format(a, "%s:%s=%s", kinds[i], name, value));
        }
}

/* Commas part one text into several groups. */
static void groups_add(WordList *list, WordList *labels, Arena *a, const xmlNode *node) {
        const char *text = xml_text(a, node);

        while (text && *text) {
                size_t n, trimmed;
                const char *name;

                text += strspn(text, " ");
                n = trimmed = strcspn(text, ",");
                while (trimmed > 0 && text[trimmed - 1] == ' ')
                        trimmed--;
                name = trimmed > 0 ? text_copy(a, text, trimmed) : NULL;
                words_add(list, name);
                group_rules_add(labels, a, node, name);
                text += n + (text[n] == ',');
        }
}

/* <rule never-move="yes"/>, <rule on="h1 h2" should="50"/>: what the guest itself asks for. */
static void own_rules_add(WordList *labels, Arena *a, const xmlNode *own) {
        static const char *const kinds[] = { "never-move", "move-only", "move-most", "priority",
                                             "on",         "not-on",    "mode" };

        for (const xmlNode *r = xml_child(own, "rule"); r; r = xml_next(r, "rule"))
                for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                        const char *value = rule_value(a, r, xml_attribute(a, r, kinds[i]));

                        if (value)
                                words_add(labels, text_format(a, "rule:%s=%s", kinds[i], value));
                }
}

/* Words of a title that begin with '#': "#web" is a group, "#owner=ops" a label. */
static void title_add(WordList *groups, WordList *labels, Arena *a, const char *title) {
        while (title && *title) {
                const size_t blanks = strspn(title, " \t\r\n,;"), n = strcspn(title + blanks, " \t\r\n,;");
                const char *word = title + blanks;

                if (n > 1 && word[0] == '#') {
                        const bool label = memchr(word, '=', n) != NULL;

                        if (word[1] != '=')
                                words_add(label ? labels : groups, text_copy(a, word + 1, n - 1));
                }
                title = word + n;
        }
}

int domain_metadata_parse(Arena *a, const xmlNode *root, DomainFacts *io) {
        const xmlNode *own = own_metadata(root);
        WordList groups = { 0 }, labels = { 0 };

        for (const xmlNode *g = xml_child(own, "group"); g; g = xml_next(g, "group"))
                groups_add(&groups, &labels, a, g);
        title_add(&groups, &labels, a, io->title);
        io->groups = words_join(&groups, a);
        own_rules_add(&labels, a, own);
        for (const xmlNode *l = xml_child(own, "label"); l; l = xml_next(l, "label")) {
                const char *key = xml_attribute(a, l, "key"), *value = xml_text(a, l);

                if (key && !strchr(key, '='))
                        words_add(&labels, text_format(a, "%s=%s", key, value ? value : ""));
        }
        io->labels = words_join(&labels, a);
        return io->groups && io->labels ? 0 : -ENOMEM;
}
