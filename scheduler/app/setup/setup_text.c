/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/setup_text.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/setup/setup_tls.h"
#include "scheduler/app/terminal/table.h"

static const char *setup_text_login(const SetupView *view, const SetupHost *host) {
        return host->login ? host->login : view->user->name;
}

/* ---- what to put where ---- */

/* Names of the hosts of that way (and login), after a blank each. */
static const char *setup_text_hosts(const SetupView *view, SetupWay way, const char *login) {
        const char *names = "";

        for (uint32_t i = 0; names && i < view->n; i++)
                if (view->hosts[i].way == way &&
                    (!login || strcmp(setup_text_login(view, &view->hosts[i]), login) == 0))
                        names = text_format(view->result->arena, "%s%s%s", names, *names ? " " : "",
                                            view->hosts[i].name);
        return names ? names : "";
}

static void setup_text_ssh(const SetupView *view, FILE *out) {
        const SetupKey *key = view->key;

        (void) out_say(out, "ssh key of user %s: %s%s\n", view->user->name, key->path,
                       key->made          ? " (made now)"
                       : key->public_line ? ""
                                          : " (none)");
        for (uint32_t i = 0; i < view->n; i++) {
                const char *login = setup_text_login(view, &view->hosts[i]);
                bool said = view->hosts[i].way != SETUP_SSH;

                for (uint32_t j = 0; j < i && !said; j++)
                        said = view->hosts[j].way == SETUP_SSH &&
                               strcmp(setup_text_login(view, &view->hosts[j]), login) == 0;
                if (said || !key->public_line)
                        continue;
                (void) out_say(out, "On %s, a line of ~%s/.ssh/authorized_keys:\n  %s\n",
                               setup_text_hosts(view, SETUP_SSH, login), login, key->public_line);
                if (strcmp(login, "root") != 0)
                        (void) out_say(out, "and there, that it may use libvirt: usermod -aG libvirt %s\n",
                                       login);
        }
        for (uint32_t i = 0; i < view->n; i++)
                if (view->host_keys[i].added && view->host_keys[i].fingerprints) {
                        (void) out_say(out,
                                       "Accepted now, on first use; compare with `ssh-keygen -l -f "
                                       "/etc/ssh/ssh_host_ed25519_key.pub` on %s:\n",
                                       view->hosts[i].name);
                        out_lines(out, view->host_keys[i].fingerprints);
                }
}

static int setup_text_tls(const SetupView *view, FILE *out) {
        for (uint32_t i = 0; i < view->n; i++) {
                SetupTlsFiles files;

                if (view->hosts[i].way != SETUP_TLS)
                        continue;
                if (setup_tls_files(view->result->arena, view->user, view->hosts[i].pkipath, &files) < 0)
                        return -ENOMEM;
                (void) out_say(
                        out,
                        "Certificates of user %s, all signed by one CA:\n"
                        "  here: %s, %s and %s\n"
                        "  on %s: /etc/pki/CA/cacert.pem, /etc/pki/libvirt/servercert.pem and private/serverkey.pem;\n"
                        "  for migrations to the others also /etc/pki/libvirt/clientcert.pem and "
                        "private/clientkey.pem\n",
                        view->user->name, files.ca, files.certificate, files.key,
                        setup_text_hosts(view, SETUP_TLS, NULL));
                return 0;
        }
        return 0;
}

/* ---- what was found ---- */

static int setup_text_row(Table *table, const SetupFinding *finding, bool first) {
        static const Style styles[SETUP_STATE_N] = { STYLE_GOOD, STYLE_FAINT, STYLE_BAD };
        const Cell cells[] = {
                { .text = first ? finding->who : NULL },
                { .text = first ? (finding->peer ? finding->peer : "-") : NULL },
                { .text = setup_state_names[finding->state], .style = styles[finding->state] },
                { .text = finding->what },
        };

        return table_row(table, cells);
}

/* Of a row that is good, or not tested, all in one line. */
static const char *setup_text_joined(Arena *a, const SetupRow *row, SetupState state) {
        const char *text = "";

        for (uint32_t i = 0; text && i < row->n; i++)
                if (row->findings[i].state == state)
                        text = text_format(a, "%s%s%s", text, *text ? "; " : "", row->findings[i].what);
        return text;
}

static int setup_text_table(const SetupView *view, const Screen *screen, const SetupRow *rows, uint32_t n) {
        static const Column columns[] = { { .title = "from", .most = 30 },
                                          { .title = "to", .most = 30 },
                                          { .title = "state" },
                                          { .title = "result" } };
        Arena *a = view->result->arena;
        Table table = table_begin(a, columns, ARRAY_SIZE(columns));

        for (uint32_t i = 0; i < n; i++) {
                bool first = true;

                for (uint32_t k = 0; k < rows[i].n && rows[i].findings[k].state == SETUP_WRONG;
                     k++, first = false)
                        if (setup_text_row(&table, &rows[i].findings[k], first) < 0)
                                return -ENOMEM;
                for (int state = SETUP_NOT_TESTED; first && state >= SETUP_GOOD; state--) {
                        SetupFinding all = rows[i].findings[0];

                        all.state = (SetupState) state;
                        all.what = setup_text_joined(a, &rows[i], all.state);
                        if (!all.what)
                                return -ENOMEM;
                        if (all.what[0] && setup_text_row(&table, &all, first) < 0)
                                return -ENOMEM;
                        first = first && !all.what[0];
                }
        }
        table_print(&table, screen, "");
        return 0;
}

/* Each command once, in the order of the rows. */
static void setup_text_to_do(const SetupRow *rows, uint32_t n, FILE *out) {
        unsigned said = 0;

        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < rows[i].n; k++) {
                        const SetupFinding *f = &rows[i].findings[k];
                        bool again = f->state != SETUP_WRONG || !f->to_do;

                        for (uint32_t j = 0; j <= i && !again; j++)
                                for (uint32_t l = 0; l < (j < i ? rows[j].n : k) && !again; l++)
                                        again = rows[j].findings[l].state == SETUP_WRONG &&
                                                rows[j].findings[l].to_do &&
                                                strcmp(rows[j].findings[l].to_do, f->to_do) == 0;
                        if (again)
                                continue;
                        if (said++ == 0)
                                (void) out_say(out, "\nTo do, then run this again:\n");
                        (void) out_say(out, "%3u. %s\n", said, f->to_do);
                }
}

int setup_text_print(const SetupView *view, const Screen *screen) {
        const SetupRow *rows = NULL;
        uint32_t n, wrong = 0, untested = 0;
        bool ssh = false;

        for (uint32_t i = 0; i < view->n; i++)
                ssh = ssh || view->hosts[i].way == SETUP_SSH;
        if (ssh)
                setup_text_ssh(view, screen->out);
        if (setup_text_tls(view, screen->out) < 0)
                return -ENOMEM;
        n = setup_result_rows(view->result, &rows);
        if (view->result->full)
                return -ENOMEM;
        (void) out_say(screen->out, "\n");
        if (setup_text_table(view, screen, rows, n) < 0)
                return -ENOMEM;
        setup_text_to_do(rows, n, screen->out);
        for (uint32_t i = 0; i < n; i++) {
                wrong += rows[i].state == SETUP_WRONG;
                untested += rows[i].state == SETUP_NOT_TESTED;
        }
        if (view->result->pairs < view->result->pairs_all)
                (void) out_say(screen->out,
                               "\n"
                               "A sample: %u of %u pairs of hosts, each host in it as source and as target\n",
                               view->result->pairs, view->result->pairs_all);
        (void) out_say(screen->out,
                       "\n"
                       "%u of %u rows wrong, %u not completely tested\n",
                       wrong, n, untested);
        return 0;
}

/* ---- JSON ---- */

/* False: no memory. Both are taken over. */
static bool setup_text_append(json_t *list, json_t *item) {
        return json_array_append_new(list, item) == 0;
}

static json_t *setup_text_findings(const SetupRow *row) {
        json_t *list = json_array();

        for (uint32_t i = 0; list && i < row->n; i++)
                if (!setup_text_append(list,
                                       json_pack("{s:s, s:s, s:s, s:s?}", "test", row->findings[i].test,
                                                 "state", setup_state_names[row->findings[i].state], "what",
                                                 row->findings[i].what, "to_do", row->findings[i].to_do))) {
                        json_decref(list);
                        list = NULL;
                }
        return list;
}

static json_t *setup_text_json_hosts(const SetupView *view) {
        Arena *a = view->result->arena;
        json_t *list = json_array();
        bool fine = list;

        for (uint32_t i = 0; fine && i < view->n; i++)
                fine = setup_text_append(
                        list, json_pack("{s:s, s:s, s:s?}", "host", setup_result_text(a, view->hosts[i].name),
                                        "uri", setup_result_text(a, view->hosts[i].uri), "fingerprints",
                                        setup_result_text(a, view->host_keys[i].fingerprints)));
        return fine ? list : (json_decref(list), NULL);
}

static json_t *setup_text_json_rows(const SetupView *view) {
        const SetupRow *rows = NULL;
        const uint32_t n = setup_result_rows(view->result, &rows);
        json_t *list = json_array();
        bool fine = list && !view->result->full;

        for (uint32_t i = 0; fine && i < n; i++)
                fine = setup_text_append(
                        list, json_pack("{s:s, s:s?, s:s, s:o}", "from", rows[i].findings[0].who, "to",
                                        rows[i].findings[0].peer, "state", setup_state_names[rows[i].state],
                                        "findings", setup_text_findings(&rows[i])));
        return fine ? list : (json_decref(list), NULL);
}

json_t *setup_text_json(const SetupView *view) {
        Arena *a = view->result->arena;
        const SetupResult *result = view->result;
        json_t *key = json_null(), *sample = json_null();

        if (view->key->path)
                key = json_pack("{s:s, s:s?, s:b}", "file", setup_result_text(a, view->key->path), "public",
                                setup_result_text(a, view->key->public_line), "made", view->key->made);
        if (result->pairs < result->pairs_all)
                sample = json_pack("{s:i, s:i}", "pair_count", (int) result->pairs, "of_pair_count",
                                   (int) result->pairs_all);
        return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "schema", "plimsoll.setup/1", "status",
                         setup_state_names[setup_result_worst(result)], "user",
                         setup_result_text(a, view->user->name), "home",
                         setup_result_text(a, view->user->home), "ssh_key", key, "sample", sample, "hosts",
                         setup_text_json_hosts(view), "rows", setup_text_json_rows(view));
}
