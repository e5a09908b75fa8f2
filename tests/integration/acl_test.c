/* SPDX-License-Identifier: Apache-2.0 */
/* What each account of the store may do, on a real Redis with the accounts that store_acl.h writes: every role × every
 * key × every command that the key's type has. What an account may must be what keys.h says, no less and no more.
 */
#include "scheduler/store/keys.h"
#include "scheduler/store/store_acl.h"
#include "tests/integration/redis_fixture.h"

TestSuite(acl, .init = fixture_setup, .fini = fixture_teardown, .timeout = 120);

static const enum StoreRole roles[] = { ROLE_AGENT, ROLE_SERVICE, ROLE_OPERATOR, ROLE_READER };
static char acl_path[96];

static const char *account(enum StoreRole role) {
        const StoreAccount who = {
                .role = role, .cluster = "t", .host = role == ROLE_AGENT ? "h1" : NULL, .password = "nopass"
        };
        const char *name = NULL;

        cr_assert_eq(0, store_account_name(&arena, &who, &name));
        return name;
}

static void accounts_write(void) {
        FILE *f;

        (void) snprintf(acl_path, sizeof(acl_path), "%s/acl", dir);
        f = fopen(acl_path, "w");
        cr_assert_not_null(f);
        (void) fprintf(f, "user default on nopass ~* &* +@all\n"); /* the test's own */
        for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
                const StoreAccount who = { .role = roles[i],
                                           .cluster = "t",
                                           .host = roles[i] == ROLE_AGENT ? "h1" : NULL,
                                           .password = "nopass" };
                const char *line = NULL;

                cr_assert_eq(0, store_account_line(&arena, &who, &line));
                (void) fprintf(f, "%s\n", line);
        }
        (void) fclose(f);
}

/* One answer of redis-cli, its first line. */
static void ask(char ret[256], const char *fmt, ...) printf_like(2, 3);
static void ask(char ret[256], const char *fmt, ...) {
        char command[4096], line[4096];
        va_list args;
        FILE *p;
        int n = snprintf(command, sizeof(command), "redis-cli -s %s --no-auth-warning ", socket_path);

        va_start(args, fmt);
        (void) vsnprintf(command + n, sizeof(command) - (size_t) n, fmt, args);
        va_end(args);
        p = popen(command, "r");
        cr_assert_not_null(p);
        *ret = '\0';
        if (fgets(line, sizeof(line), p))
                (void) snprintf(ret, 256, "%.255s", line);
        (void) pclose(p);
}

static bool dry_run(const char *name, const char *command) {
        char answer[256];

        ask(answer, "ACL DRYRUN '%s' %s", name, command);
        return strncmp(answer, "OK", 2) == 0;
}

typedef struct TypeCommands {
        const char *type, *write, *values, *read, *range; /* write KEY values; read KEY range */
} TypeCommands;

static const TypeCommands commands_of[] = {
        { "string", "SET", "x", "GET", "" },
        { "hash", "HSET", "f x", "HGETALL", "" },
        { "set", "SADD", "x", "SMEMBERS", "" },
        { "zset", "ZADD", "0 x", "ZRANGE", "0 -1" },
        { "stream", "XADD", "'*' text x", "XREVRANGE", "+ -" },
};

static const TypeCommands *commands_find(const char *type) {
        for (size_t i = 0; i < ARRAY_SIZE(commands_of); i++)
                if (strcmp(commands_of[i].type, type) == 0)
                        return &commands_of[i];
        cr_assert_fail("no commands for keys of type %s", type);
        return NULL;
}

static void one_key(enum StoreRole role, StoreKey key, const char *part, bool own) {
        const StoreKeyDef *d = &store_key_defs[key];
        const TypeCommands *c = commands_find(d->type);
        const bool removes = role == ROLE_SERVICE && (d->writes & ROLE_AGENT);
        const bool writes = ((d->writes & role) && own) || removes;
        const bool reads = ((d->reads & role) && own) || writes;
        char text[KEY_SIZE], command[2 * KEY_SIZE];

        (void) key_print(text, "t", key, part);
        (void) snprintf(command, sizeof(command), "%s '%s' %s", c->write, text, c->values);
        cr_assert_eq(dry_run(account(role), command), writes, "%s: %s", account(role), command);
        (void) snprintf(command, sizeof(command), "EVAL 'return 0' 1 '%s'", text);
        cr_assert_eq(dry_run(account(role), command), writes && role != ROLE_AGENT, "%s: %s", account(role),
                     command);
        if (role == ROLE_AGENT)
                return; /* what it reads, it reads by a script: below */
        (void) snprintf(command, sizeof(command), "%s '%s' %s", c->read, text, c->range);
        if (strcmp(d->type, "zset") != 0 || role == ROLE_SERVICE)
                cr_assert_eq(dry_run(account(role), command), reads, "%s: %s", account(role), command);
}

Test(acl, every_role_may_do_with_every_key_what_the_table_says_and_no_more) {
        unsigned tried = 0;

        accounts_write();
        server_start("--aclfile", acl_path);
        for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
                for (int k = 0; k < KEY_N; k++) {
                        const char *part = store_key_defs[k].part;

                        one_key(roles[i], (StoreKey) k,
                                !*part                      ? NULL
                                : strcmp(part, "HOST") == 0 ? "h1"
                                                            : "x",
                                true);
                        if (strcmp(part, "HOST") == 0) /* another host's, and one that only begins like it */
                                for (int other = 0; other < 2; other++)
                                        one_key(roles[i], (StoreKey) k, other ? "h10" : "h2",
                                                roles[i] != ROLE_AGENT);
                        tried++;
                }
        cr_assert_eq(tried, ARRAY_SIZE(roles) * KEY_N);
}

Test(acl, no_account_may_do_what_no_program_of_ours_does) {
        static const char *const never[] = {
                "FLUSHALL",          "FLUSHDB",         "KEYS '*'",    "CONFIG GET requirepass",
                "ACL LIST",          "SHUTDOWN NOSAVE", "MODULE LIST", "REPLICAOF h 1",
                "DEBUG SLEEP 0",     "SET other x",     "GET other",   "SCRIPT FLUSH",
                "MIGRATE h 1 k 0 1", "PUBLISH c x"
        };

        accounts_write();
        server_start("--aclfile", acl_path);
        for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
                for (size_t k = 0; k < ARRAY_SIZE(never); k++)
                        cr_assert_not(dry_run(account(roles[i]), never[k]), "%s: %s", account(roles[i]),
                                      never[k]);
}

/* A script is no way around: keys that it hides, keys of another host. */
Test(acl, a_script_may_not_do_what_its_caller_may_not) {
        char answer[256];

        accounts_write();
        server_start("--aclfile", acl_path);
        ask(answer, "--user agent-h1-t --pass x EVAL_RO \"return redis.call('SET', 'plimsoll:{t}:report:h2', "
                    "'x')\" 0");
        cr_assert_null(strstr(answer, "OK"), "%s", answer);
        ask(answer, "--user operator-t --pass x EVAL \"return redis.call('HSET', ARGV[1], 'x', 'y')\" 0 "
                    "'plimsoll:{t}:waiting'");
        cr_assert_str_neq(answer, "1\n");
        ask(answer, "EXISTS 'plimsoll:{t}:report:h2' 'plimsoll:{t}:waiting'");
        cr_assert_eq(answer[0], '0', "%s", answer);
}

static Store *as(enum StoreRole role) {
        static char urls[16][160];
        static unsigned n;
        StoreOptions o = { .cluster = "t", .keeps_hosts = role == ROLE_SERVICE };
        Store *s = NULL;
        TextFault fault;

        (void) snprintf(urls[n], sizeof(urls[n]), "unix://%s:x@%s", account(role), socket_path);
        o.url = urls[n++ % 16];
        cr_assert_eq(0, store_open(&o, &s, &fault), "%s", fault.what);
        return s;
}

/* Each call of the store that a role's programs make, by that role's account; the server's log of refusals stays empty. */
Test(acl, what_the_programs_do_their_accounts_may) {
        owned(store_free) Store *agent = NULL, *service = NULL, *person = NULL, *reader = NULL;
        static const char *const hosts[] = { "h1" };
        const char *const *names;
        const char *text;
        char holder[160], refusals[256];
        uint64_t token = 0;
        int64_t count;
        StoredText *texts, clear;
        uint32_t n;
        size_t size;
        Reports r;

        accounts_write();
        server_start("--aclfile", acl_path);
        agent = as(ROLE_AGENT);
        service = as(ROLE_SERVICE);
        person = as(ROLE_OPERATOR);
        reader = as(ROLE_READER);
        expect(0, agent, store_put_report(agent, "h1", "x", 1, 60 * SECOND));
        expect(0, agent, store_put_pulse(agent, "h1", "x", 1));
        expect(0, agent, store_raise_alarm(agent, "h1", 1));
        expect(1, agent, store_get_echo_key(agent, &arena, &text, &size));
        expect(0, agent, store_put_peer(agent, "h1", "10.0.0.1 1"));
        expect(0, service, store_lease(service, "s", 60 * SECOND, &token, holder, sizeof(holder)));
        expect(0, service, get_reports(service, &r));
        cr_assert_eq(r.n_members, 1);
        expect(0, service, store_make_echo_key(service));
        expect(0, service, store_make_ring(service, &arena, token, hosts, 1));
        expect(0, agent, store_get_echo_key(agent, &arena, &text, &size));
        expect(0, agent, store_get_partners(agent, &arena, "h1", 32, &texts, &n));
        expect(-EACCES, agent, store_put_report(agent, "h2", "x", 1, 60 * SECOND));
        ask(refusals, "ACL LOG RESET");
        expect(0, service, store_get_pulses(service, &arena, hosts, 1, &texts, &n));
        expect(0, service, store_get_alarms(service, &arena, hosts, 1, &texts, &n));
        expect(0, service, store_get_calls(service, &count));
        expect(0, service, store_put_fault_memory(service, token, "h1", "x", 1));
        expect(0, service, store_put_waiting(service, token, "id", "plan", 4));
        expect(0, service, store_lead_state(service, token, "service", "x", 1, SECOND));
        expect(0, service, store_put_state(service, "candidate", "x", 1, SECOND));
        expect(0, service, store_journal(service, token, "x", 1));
        expect(0, service, store_put_record(service, token, "x", 1, record_name));
        expect(0, service, store_put_audit(service, token, "x", 1, 60 * SECOND));
        expect(0, service, store_log_fault(service, token, "x", 1));
        expect(0, service, store_get_clusters(service, &arena, &names, &n));
        expect(0, person, store_change_mark(person, "h1", "", "cordoned"));
        expect(0, person, store_put_answer(person, "id", "yes", 3));
        expect(1, person, store_put_answer(person, "id", "no", 2));
        expect(0, person, store_put_clear(person, "h1 sda", "x", 1));
        expect(0, person, store_put_note(person, "roll", "x", 1));
        expect(0, person, store_change_note(person, "roll", "x", ""));
        expect(0, person, store_call_round(person));
        expect(0, service, store_get_clears(service, &arena, &texts, &n));
        clear = texts[0];
        expect(0, service, store_take_clear(service, token, &clear));
        expect(0, service, store_get_answers(service, &arena, &texts, &n));
        expect(0, service, store_put_waiting(service, token, "id", "", 0));
        for (int i = 0; i < 2; i++) {
                Store *s = i ? reader : person;

                expect(0, s, get_reports(s, &r));
                expect(0, s, store_get_marks(s, &arena, &texts, &n));
                expect(0, s, store_get_journal(s, &arena, 10, &texts, &n));
                expect(0, s, store_get_records(s, &arena, 10, &texts, &n));
                expect(0, s, store_get_audit(s, &arena, 0, 10, &texts, &n));
                expect(0, s, store_get_waiting(s, &arena, &texts, &n));
                expect(0, s, store_get_fault_memories(s, &arena, &texts, &n));
                expect(0, s, store_get_fault_log(s, &arena, 10, &texts, &n));
                expect(0, s, store_get_clusters(s, &arena, &names, &n));
                cr_assert_eq(n, 1);
        }
        expect(0, service, store_forget_host(service, "h1"));
        expect(0, service, store_release(service, "s"));
        ask(refusals, "ACL LOG");
        cr_assert_str_eq(refusals, "\n", "the server refused something: %s", refusals);
        expect(-EACCES, reader, store_put_note(reader, "roll", "x", 1));
        expect(-EACCES, person, store_lease(person, "p", SECOND, &token, holder, sizeof(holder)));
}
