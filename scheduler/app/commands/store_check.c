/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/store_check.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/setup/setup_result.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/store/admin/store_findings.h"

#define SCHEMA       "plimsoll.store-check/1"
#define AGENT_PREFIX "agent-"

/* ---- as whom the account should be ---- */

static const struct {
        const char *word;
        enum StoreRole role;
} store_check_roles[] = {
        { "agent", ROLE_AGENT },
        { "service", ROLE_SERVICE },
        { "operator", ROLE_OPERATOR },
        { "reader", ROLE_READER },
};

static const char *store_check_role_word(enum StoreRole role) {
        for (size_t i = 0; i < ARRAY_SIZE(store_check_roles); i++)
                if (store_check_roles[i].role == role)
                        return store_check_roles[i].word;
        return "";
}

/* The host of "agent-HOST" or "agent-HOST-CLUSTER"; NULL: it is no such name. */
static const char *store_check_agent(Arena *a, const char *user, const char *cluster) {
        const size_t n = strlen(user), tail = strcmp(cluster, "default") == 0 ? 0 : strlen(cluster) + 1;

        if (strncmp(user, AGENT_PREFIX, strlen(AGENT_PREFIX)) != 0 || n <= strlen(AGENT_PREFIX) + tail)
                return NULL;
        if (tail > 0 && (user[n - tail] != '-' || strcmp(user + n - tail + 1, cluster) != 0))
                return NULL;
        return text_copy(a, user + strlen(AGENT_PREFIX), n - strlen(AGENT_PREFIX) - tail);
}

/* By its name, as `plimsoll store acl` gives it; the service, where it has another. */
static enum StoreRole store_check_role_of(Arena *a, const char *user, const char *cluster) {
        for (size_t i = 0; i < ARRAY_SIZE(store_check_roles); i++) {
                const StoreAccount account = { .role = store_check_roles[i].role, .cluster = cluster };
                const char *name;

                if (account.role != ROLE_AGENT && store_account_name(a, &account, &name) == 0 &&
                    strcmp(name, user) == 0)
                        return account.role;
        }
        return store_check_agent(a, user, cluster) ? ROLE_AGENT : ROLE_SERVICE;
}

static ExitStatus store_check_account(Invocation *in, Store *store, const char *cluster, StoreAccount *ret) {
        const char *word = option_text(&in->options, "role"), *host = option_text(&in->options, "host");
        const char *user = store_user(store);
        bool known = !word;

        *ret = (StoreAccount){ .cluster = cluster };
        ret->role = store_check_role_of(in->arena, user, cluster);
        for (size_t i = 0; word && i < ARRAY_SIZE(store_check_roles); i++)
                if (strcmp(store_check_roles[i].word, word) == 0) {
                        known = true;
                        ret->role = store_check_roles[i].role;
                }
        if (!known)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "--role: unknown role \"%s\"; accepted: agent, service, operator, reader", word);
        if (ret->role == ROLE_AGENT)
                ret->host = host ? host : store_check_agent(in->arena, user, cluster);
        if (ret->role == ROLE_AGENT && (!ret->host || !text_is_name(ret->host, strlen(ret->host))))
                return command_complain(in, EXIT_BAD_INPUT,
                                        "--role agent: the agent of which host? Add --host HOST");
        return EXIT_DONE;
}

/* ---- what was found ---- */

/* One line: what is, why it matters, what to do. */
static const char *store_check_line(Arena *a, const ServerFinding *f) {
        const char *why = f->why ? f->why : "", *to_do = f->to_do ? f->to_do : "";

        return text_format(a, "%s%s%s%s%s", f->what, f->why ? ": " : "", why, f->to_do ? ". To do: " : "",
                           to_do);
}

static int store_check_table(Invocation *in, const ServerFinding *findings, uint32_t n) {
        static const Column columns[] = { { .title = "check" },
                                          { .title = "state" },
                                          { .title = "what was found" } };
        static const Style styles[STORE_STATE_N] = { STYLE_GOOD, STYLE_FAINT, STYLE_BAD };
        Table table = table_begin(in->arena, columns, ARRAY_SIZE(columns));

        for (uint32_t i = 0; i < n; i++) {
                const ServerFinding *f = &findings[i];
                const Cell cells[] = { { .text = f->test },
                                       { .text = store_state_names[f->state], .style = styles[f->state] },
                                       { .text = store_check_line(in->arena, f) } };

                if (!cells[2].text || table_row(&table, cells) < 0)
                        return -ENOMEM;
        }
        table_print(&table, &in->out, "");
        return 0;
}

static int store_check_text(Invocation *in, const ServerFinding *findings, uint32_t n) {
        unsigned wrong = 0, untested = 0;

        for (uint32_t i = 0; i < n; i++) {
                wrong += findings[i].state == STORE_WRONG;
                untested += findings[i].state == STORE_NOT_TESTED;
        }
        if (store_check_table(in, findings, n) < 0)
                return -ENOMEM;
        if (wrong == 0)
                (void) out_say(in->out.out, "\nnothing is wrong");
        else
                (void) out_say(in->out.out, "\n%u wrong", wrong);
        if (untested > 0)
                (void) out_say(in->out.out, "; %u not tested", untested);
        (void) out_say(in->out.out, "\n");
        return 0;
}

static int store_check_json(Invocation *in, const StoreAccount *account, const ServerFacts *facts,
                            const ServerFinding *findings, uint32_t n) {
        json_t *list = json_array();
        json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?}", "schema", SCHEMA, "state",
                              store_state_names[store_findings_worst(findings, n)], "cluster",
                              account->cluster, "server", facts->place, "account", facts->user, "role",
                              store_check_role_word(account->role), "host", account->host);
        bool fine = list && o;

        for (uint32_t i = 0; fine && i < n; i++)
                fine = json_array_append_new(
                               list, json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "test", findings[i].test,
                                               "state", store_state_names[findings[i].state], "what",
                                               setup_result_text(in->arena, findings[i].what), "why",
                                               findings[i].why, "to_do", findings[i].to_do)) == 0;
        fine = fine && json_object_set(o, "findings", list) == 0;
        json_decref(list);
        if (fine)
                return json_print(o, in->out.out) == -ENOMEM ? -ENOMEM : 0;
        json_decref(o);
        return -ENOMEM;
}

ExitStatus store_check(Invocation *in, const Settings *settings, Store *store, const char *cluster) {
        StoreAccount account;
        StoreDemands demands = { .clock_skew = settings_int(settings, "snapshot", "clock_skew"),
                                 .lease = settings_int(settings, "service", "lease") };
        const ServerFinding *findings = NULL;
        ServerFacts facts;
        uint32_t n = 0;
        ExitStatus status = store_check_account(in, store, cluster, &account);
        int r;

        if (status != EXIT_DONE)
                return status;
        demands.role = store_check_role_word(account.role);
        r = server_facts_read(store, in->arena, &account, &facts);
        if (r == 0)
                r = store_findings(in->arena, &facts, &demands, &findings, &n);
        if (r == 0)
                r = in->json ? store_check_json(in, &account, &facts, findings, n)
                             : store_check_text(in, findings, n);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s", strerrordesc_np(-r));
        return store_findings_worst(findings, n) == STORE_WRONG ? EXIT_BLOCKED : EXIT_DONE;
}
