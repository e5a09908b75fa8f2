/* SPDX-License-Identifier: Apache-2.0 */
/* What `plimsoll setup` takes of URIs and of what ssh says, and how it sorts what it found. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/setup/setup_login.h"
#include "scheduler/app/setup/setup_text.h"
#include "scheduler/app/setup/setup_tls.h"

static Arena arena;

static void setup_host_setup(void) {
        cr_assert_eq(0, arena_open((size_t) 16 << 20, &arena));
}

static void setup_host_teardown(void) {
        arena_close(&arena);
}

TestSuite(setup_host, .init = setup_host_setup, .fini = setup_host_teardown);

static SetupHost parsed(const char *uri) {
        SetupHost host;
        TextFault fault = { 0 };

        cr_assert_eq(0, setup_host_parse(&arena, NULL, uri, &host, &fault), "%s: %s", uri, fault.what);
        return host;
}

Test(setup_host, the_way_stands_in_the_uri) {
        SetupHost host = parsed("qemu+ssh://root@h1:2222/system?no_tty=1");

        cr_assert_eq(host.way, SETUP_SSH);
        cr_assert_str_eq(host.address, "h1");
        cr_assert_str_eq(host.login, "root");
        cr_assert_eq(host.port, 2222);
        host = parsed("qemu://h2.example/system?pkipath=%2fetc%2fmine&no_verify=1");
        cr_assert_eq(host.way, SETUP_TLS);
        cr_assert_eq(host.port, 16514);
        cr_assert_str_eq(host.pkipath, "/etc/mine");
        cr_assert(host.unverified);
        cr_assert_null(host.login);
        host = parsed("qemu+tls://[fd00::7]/system?no_verify=0");
        cr_assert_str_eq(host.address, "fd00::7");
        cr_assert_not(host.unverified);
        cr_assert_eq(parsed("qemu:///system").way, SETUP_OTHER);
        cr_assert_eq(parsed("test:///default").way, SETUP_OTHER);
        cr_assert_eq(parsed("qemu+tcp://h1/system").way, SETUP_PLAIN);
}

/* A word that begins with a dash would be an option of ssh, one with other marks a command of somebody's shell. */
Test(setup_host, what_could_be_more_than_a_name_is_refused) {
        static const char *const bad[] = { "h1",
                                           "qemu+ssh://-oProxyCommand=x@h1/system",
                                           "qemu+ssh://-h1/system",
                                           "qemu+ssh://root;id@h1/system",
                                           "qemu+ssh://@h1/system",
                                           "qemu+ssh://root@h1:0/system",
                                           "qemu+ssh://root@h1:65536/system",
                                           "qemu+ssh://root@h1:2x/system",
                                           "qemu+ssh://$(id)/system",
                                           "qemu+tls://[fd00::7/system",
                                           "qemu+tls://[x::7]/system",
                                           "qemu+tls://[]/system" };
        SetupHost host;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                TextFault fault = { 0 };

                cr_expect_eq(-EINVAL, setup_host_parse(&arena, NULL, bad[i], &host, &fault), "%s", bad[i]);
                cr_expect(strstr(fault.what, "accepted") || strstr(fault.what, "missing"), "%s: %s", bad[i],
                          fault.what);
        }
        cr_assert(setup_word_is_plain("qemu+ssh://root@h2:22/system"));
        cr_assert_not(setup_word_is_plain("qemu+ssh://h2/system?command=/tmp/x"));
        cr_assert_not(setup_word_is_plain("qemu+ssh://h2/system\nquit"));
        cr_assert_not(setup_word_is_plain(""));
}

Test(setup_host, what_ssh_complains_of_is_told_apart) {
        static const struct {
                const char *text;
                SshTrouble trouble;
        } said[] = {
                { "root@h1: Permission denied (publickey).\r\n", SSH_NO_KEY },
                { "Host key verification failed.\r\n", SSH_UNKNOWN },
                { "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
                  SSH_CHANGED },
                { "ssh: Could not resolve hostname h9: Name or service not known", SSH_NO_NAME },
                { "ssh: connect to host h1 port 22: Connection refused", SSH_REFUSED },
                { "ssh: connect to host h1 port 22: Connection timed out", SSH_SILENT },
                { "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed",
                  SSH_REFUSED },
                { "channel 0: open failed: administratively prohibited: open failed", SSH_NO_FORWARDING },
                { "SSH-2.0-OpenSSH_9.2p1", SSH_NONE },
        };

        for (size_t i = 0; i < ARRAY_SIZE(said); i++)
                cr_expect_eq(said[i].trouble, ssh_trouble_of(said[i].text), "%s", said[i].text);
}

Test(setup_host, a_time_is_found_below_a_banner) {
        cr_assert_eq(setup_clock_of("Welcome, 3.4\n1764498600.500000000\n"), INT64_C(1764498600500000));
        cr_assert_eq(setup_clock_of("no time\n"), 0);
        cr_assert_eq(setup_clock_of("+%s.%N\n"), 0);
        cr_assert_eq(setup_clock_of(""), 0);
}

Test(setup_host, the_worst_row_stands_first_and_the_service_before_hosts) {
        SetupResult result = { .arena = &arena };
        const SetupRow *rows;

        setup_result_add(&result, (SetupFinding){ "h1", "h2", "ports", SETUP_GOOD, "fine", NULL });
        setup_result_add(&result, (SetupFinding){ SETUP_SERVICE, "h1", "login", SETUP_GOOD, "in", NULL });
        setup_result_add(&result, (SetupFinding){ "h2", "h1", "ports", SETUP_NOT_TESTED, "no", NULL });
        setup_result_add(&result, (SetupFinding){ SETUP_SERVICE, "h1", "clock", SETUP_WRONG, "off", "ntp" });
        setup_result_add(&result, (SetupFinding){ "a1", "h1", "ports", SETUP_WRONG, "shut", "open" });
        cr_assert_eq(4, setup_result_rows(&result, &rows));
        cr_assert_str_eq(rows[0].findings[0].who, SETUP_SERVICE);
        cr_assert_str_eq(rows[0].findings[0].test, "clock"); /* the worst of its row */
        cr_assert_eq(2, rows[0].n);
        cr_assert_str_eq(rows[1].findings[0].who, "a1");
        cr_assert_eq(rows[2].state, SETUP_NOT_TESTED);
        cr_assert_eq(rows[3].state, SETUP_GOOD);
        cr_assert_eq(setup_result_worst(&result), SETUP_WRONG);
        setup_result_add(&result, (SetupFinding){ .who = "h1", .test = "x" });
        cr_assert(result.full, "a finding without words is one that there was no memory for");
}

/* What is shown is pasted into a shell: what is in it must stay one word there. */
Test(setup_host, words_to_paste_are_quoted_unless_plain) {
        SetupHost host = parsed("qemu+ssh://root@h1:2222/system?no_tty=1");

        cr_assert_str_eq(setup_word_quoted(&arena, "qemu+ssh://root@h1/system"), "qemu+ssh://root@h1/system");
        cr_assert_str_eq(setup_word_quoted(&arena, "qemu+tls://h1/system?a=1&b=$(id)"),
                         "'qemu+tls://h1/system?a=1&b=$(id)'");
        cr_assert_str_eq(setup_word_quoted(&arena, "it's"), "'it'\\''s'");
        cr_assert_str_eq(setup_word_quoted(&arena, "'"), "''\\'''");
        cr_assert_str_eq(setup_word_quoted(&arena, ""), "''");
        cr_assert_null(setup_word_quoted(&arena, NULL));
        cr_assert_str_eq(setup_host_word(&arena, &host), "'qemu+ssh://root@h1:2222/system?no_tty=1'",
                         "by its address alone it would be another host");
        cr_assert_str_eq(setup_host_known_name(&arena, &host), "[h1]:2222");
        host = parsed("qemu+ssh://root@h1/system");
        host.name = "h1";
        cr_assert_str_eq(setup_host_word(&arena, &host), "h1");
        cr_assert_str_eq(setup_host_known_name(&arena, &host), "h1");
}

#define IN     "Authenticated to h1 ([10.0.0.1]:22) using \"publickey\".\n"
#define FAILED IN "channel 0: open failed: "

/* A port is called reached, or shut, only by what the host's sshd tells of it: how ssh itself failed says nothing of it. */
Test(setup_host, a_port_is_judged_by_what_the_host_says_of_it) {
        static const struct {
                int result, status;
                const char *text;
                SetupPort port;
        } seen[] = {
                { 0, 0, IN "SSH-2.0-OpenSSH_9.2p1\r\n", SETUP_PORT_REACHED },
                { 0, 0, "", SETUP_PORT_REACHED },
                { 0, 255, FAILED "connect failed: Connection refused\r\nstdio forwarding failed",
                  SETUP_PORT_REFUSED },
                { 0, 255, FAILED "connect failed: No route to host\r\n", SETUP_PORT_SILENT },
                { 0, 255, FAILED "connect failed: Connection timed out\r\n", SETUP_PORT_SILENT },
                { 0, 255, FAILED "connect failed: Name or service not known", SETUP_PORT_NO_NAME },
                { 0, 255, FAILED "administratively prohibited: open failed", SETUP_PORT_FORBIDDEN },
                { -ETIMEDOUT, 0, IN, SETUP_PORT_SILENT },
                { -ETIMEDOUT, 0, "", SETUP_PORT_UNSEEN },
                { 0, 255, "ssh: connect to host h1 port 22: Connection refused\r\n", SETUP_PORT_UNSEEN },
                { 0, 255, "ssh: connect to host h1 port 22: Connection timed out\r\n", SETUP_PORT_UNSEEN },
                { 0, 255, "ssh: Could not resolve hostname h1: Name or service not known\r\n",
                  SETUP_PORT_UNSEEN },
                { 0, 255, "root@h1: Permission denied (publickey).\r\n", SETUP_PORT_UNSEEN },
                { 0, 255, "Host key verification failed.\r\n", SETUP_PORT_UNSEEN },
                { 0, 255, "kex_exchange_identification: Connection closed by remote host\r\n",
                  SETUP_PORT_UNSEEN },
                { 0, 255, "kex_exchange_identification: read: Connection reset by peer", SETUP_PORT_UNSEEN },
                { 0, 255, "Unable to negotiate with h1 port 22: no matching key exchange method found.",
                  SETUP_PORT_UNSEEN },
                { 0, 255, "", SETUP_PORT_UNSEEN },
                { -EAGAIN, 0, "", SETUP_PORT_UNSEEN },
                { -EPIPE, 0, "", SETUP_PORT_UNSEEN },
                { -ENOEXEC, 0, "", SETUP_PORT_UNSEEN },
                { -EFBIG, 0, "", SETUP_PORT_UNSEEN },
        };

        for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
                const ToolOutput output = { .text = seen[i].text, .status = seen[i].status };

                cr_expect_eq(seen[i].port, setup_port_of(seen[i].result, &output), "%d, %d: %s",
                             seen[i].result, seen[i].status, seen[i].text);
        }
}

Test(setup_host, the_line_that_is_shown_is_no_chatter) {
        SetupChild child = { .output = { .text = IN
                                         "Connection to h1 closed by remote host.\r\n"
                                         "Transferred: sent 1, received 2 bytes, in 0.1 seconds\r\n"
                                         "Bytes per second: sent 1.0, received 2.0\r\n" } };

        cr_assert_str_eq(setup_login_line(&arena, &child), "Connection to h1 closed by remote host.");
        child.output = (ToolOutput){ .text = IN, .status = 255 };
        cr_assert_str_eq(setup_login_line(&arena, &child), "exit status 255");
        child.result = -EPIPE;
        cr_assert_str_eq(setup_login_line(&arena, &child), strerrordesc_np(EPIPE));
}

#define WELCOME "Welcome to virsh, the virtualization interactive terminal.\n\n"

/* After a connection that failed virsh takes its own host's libvirt, and tells that one's name. */
Test(setup_host, virsh_has_answered_only_with_a_name_and_without_an_error) {
        cr_assert(setup_virsh_answered(
                IN WELCOME "virsh # connect qemu+ssh://h2/system\n\nvirsh # hostname\nh2\n\nvirsh # quit\n"));
        cr_assert(setup_virsh_answered(WELCOME "virsh # \nvirsh # h2\n\nvirsh # "), "without readline");
        cr_assert_not(setup_virsh_answered(WELCOME
                                           "virsh # connect x\nerror: failed to connect to the hypervisor\n\n"
                                           "virsh # hostname\nh1\n\nvirsh # quit\n"));
        cr_assert_not(setup_virsh_answered(WELCOME "virsh # connect qemu+ssh://h2/system\n\n"));
        cr_assert_not(setup_virsh_answered(WELCOME "virsh # connect x\n\nvirsh # hostname\n"));
        cr_assert_not(setup_virsh_answered("This account is currently not available.\n"));
        cr_assert_not(setup_virsh_answered(""));
}

/* The reason follows the line that says only that it failed; what it says after that is of its own host. */
Test(setup_host, why_virsh_failed_is_what_it_says_of_the_other_host) {
        const char *why = setup_virsh_error(
                "error: failed to connect to the hypervisor\nerror: no route\n\nvirsh # hostname\n"
                "error: failed to connect to the hypervisor\nerror: no socket here\n");

        cr_assert_not_null(why);
        cr_assert_eq(0, strncmp(why, "no route\n", 9), "%s", why);
        why = setup_virsh_error("error: failed to connect to the hypervisor\nerror: \n");
        cr_assert(why && strncmp(why, "failed to connect", 17) == 0);
        cr_assert_null(setup_virsh_error("virsh # hostname\nh2\n"));
        cr_assert_null(setup_virsh_error(""));
}

/* A test must not change known_hosts, nor come through a connection that was there before. */
Test(setup_host, ssh_is_called_for_tests_without_what_a_person_configured) {
        static const char *const wanted[] = {
                "-oBatchMode=yes",    "-oUpdateHostKeys=no", "-oStrictHostKeyChecking=yes",
                "-oControlMaster=no", "-oControlPath=none",  "-oPort=2222"
        };
        const SetupHost host = parsed("qemu+ssh://root@h1:2222/system");
        const SetupLogin login = { .ssh = "/usr/bin/ssh", .limit = 8 * USEC_PER_SEC };
        const ToolCommand command = setup_login_command(
                &arena, &login, &host, (const char *[]){ "-a", "-b", "-c", "--", "h1", NULL });

        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
                bool is_there = false;

                for (size_t k = 0; command.words[k]; k++)
                        is_there = is_there || strcmp(command.words[k], wanted[i]) == 0;
                cr_expect(is_there, "%s", wanted[i]);
        }
        cr_assert_str_eq(command.words[TOOL_WORDS_MAX - 1], "h1");
        cr_assert_null(command.words[TOOL_WORDS_MAX]);
}

#define SAMPLE 40

static void check_sample(uint32_t n, uint32_t mask) {
        bool from[64] = { 0 }, to[64] = { 0 }, was[64][64] = { { 0 } }, as_from[64] = { 0 },
             as_to[64] = { 0 };
        SetupPairs pairs = { 0 }, again = { 0 };

        for (uint32_t i = 0; i < n; i++) {
                from[i] = !(mask & 1) || i % 7 == 3;
                to[i] = !(mask & 2) || i % 5 != 0;
        }
        cr_assert_eq(0, setup_pairs_choose(&arena, from, to, n, SAMPLE, &pairs));
        cr_assert_eq(0, setup_pairs_choose(&arena, from, to, n, SAMPLE, &again));
        cr_assert_eq(pairs.n, again.n);
        cr_assert(pairs.n == 0 || memcmp(pairs.at, again.at, pairs.n * sizeof(*pairs.at)) == 0);
        cr_assert(pairs.all <= SAMPLE ? pairs.n == pairs.all
                                      : pairs.n >= SAMPLE && pairs.n <= SAMPLE + 2 * n);
        for (uint32_t k = 0; k < pairs.n; k++) {
                const SetupPairIx p = pairs.at[k];

                cr_assert(p.from != p.to && from[p.from] && to[p.to] && !was[p.from][p.to]);
                was[p.from][p.to] = as_from[p.from] = as_to[p.to] = true;
        }
        for (uint32_t i = 0; i < n && pairs.all > SAMPLE; i++) {
                cr_assert(as_from[i] == from[i], "%u of %u, mask %u", i, n, mask);
                cr_assert(as_to[i] == to[i], "%u of %u, mask %u", i, n, mask);
        }
}

/* For any hosts: no pair twice, none that may not be, all where they are few, each host as source and target where many. */
Test(setup_host, of_many_pairs_a_sample_has_each_host) {
        for (uint32_t n = 0; n < 60; n += n < 5 ? 1 : 11)
                for (uint32_t mask = 0; mask < 4; mask++)
                        check_sample(n, mask);
}

/* A VM's or a host's name from elsewhere may have any bytes: JSON has none but UTF-8, and a finding must not be lost so. */
Test(setup_host, a_finding_whose_text_is_not_utf8_is_in_the_json) {
        SetupResult result = { .arena = &arena, .pairs = 3, .pairs_all = 9 };
        const SetupView view = { .user = &(SetupUser){ .name = "u", .home = "/home/\xc3" },
                                 .key = &(SetupKey){ 0 },
                                 .result = &result };
        const json_t *row, *finding;
        json_t *o;

        setup_result_add(&result,
                         (SetupFinding){ "h\xff", "h2", "cpu", SETUP_WRONG, "a\xc3(\xe2\x82\xac", "d\x80o" });
        o = setup_text_json(&view);
        cr_assert_not_null(o);
        row = json_array_get(json_object_get(o, "rows"), 0);
        finding = json_array_get(json_object_get(row, "findings"), 0);
        cr_assert_str_eq(json_string_value(json_object_get(row, "from")), "h\xef\xbf\xbd");
        cr_assert_str_eq(json_string_value(json_object_get(finding, "what")), "a\xef\xbf\xbd(\xe2\x82\xac");
        cr_assert_str_eq(json_string_value(json_object_get(finding, "to_do")), "d\xef\xbf\xbdo");
        cr_assert_eq(json_integer_value(json_object_get(json_object_get(o, "sample"), "of_pair_count")), 9);
        json_decref(o);
}

static const char *setup_host_folder(void) {
        static char folder[] = "/tmp/setup_host.XXXXXX";

        cr_assert_not_null(mkdtemp(folder));
        return folder;
}

static void setup_host_write(const char *path, const char *text) {
        FILE *f = fopen(path, "w");

        cr_assert_not_null(f);
        cr_assert(fputs(text, f) >= 0 && fclose(f) == 0);
}

/* An editor may have left the last line without its end: a line put behind it would spoil both. */
Test(setup_host, lines_are_added_behind_whole_ones) {
        static const char *const before[] = { "", "h0 ssh-rsa A\n", "h0 ssh-rsa A" };
        const char *folder = setup_host_folder(), *path = text_format(&arena, "%s/known_hosts", folder);

        for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
                char text[64] = "";
                FILE *f;

                setup_host_write(path, before[i]);
                cr_assert_eq(0, setup_known_append(path, "h1 ssh-rsa B\n"));
                f = fopen(path, "r");
                cr_assert(f && fread(text, 1, sizeof(text) - 1, f) > 0 && fclose(f) == 0);
                cr_assert_str_eq(text, i == 0 ? "h1 ssh-rsa B\n" : "h0 ssh-rsa A\nh1 ssh-rsa B\n");
        }
        cr_assert(unlink(path) == 0 && rmdir(folder) == 0);
        cr_assert_eq(-ENOENT, setup_known_append(path, "h1 ssh-rsa B\n"));
        cr_assert_eq(-ENOSPC, setup_known_append("/dev/full", "h1 ssh-rsa B\n"));
}

/* Whether a key that others may read or write is found, by its mode. */
static bool key_is_found_open(const char *folder, const char *key, mode_t mode) {
        SetupResult result = { .arena = &arena };
        const SetupHost host =
                parsed(text_format(&arena, "qemu+tls://127.0.0.1:1/system?pkipath=%s", folder));
        const char *to_do = text_format(&arena, "chmod 600 %s", key);
        bool is_in = true, found = false;

        cr_assert_eq(0, chmod(key, mode));
        cr_assert_eq(0, setup_tls_test(&arena, &(SetupTls){ .user = &(SetupUser){ .name = "u", .home = "/" },
                                                            .hosts = &host,
                                                            .n = 1,
                                                            .limit = USEC_PER_SEC,
                                                            .result = &result,
                                                            .is_in = &is_in }));
        for (uint32_t i = 0; i < result.n; i++)
                found = found || (result.findings[i].state == SETUP_WRONG && result.findings[i].to_do &&
                                  strcmp(result.findings[i].to_do, to_do) == 0);
        return found;
}

Test(setup_host, a_private_key_that_others_may_read_is_wrong) {
        const char *folder = setup_host_folder(), *key = text_format(&arena, "%s/clientkey.pem", folder);

        setup_host_write(key, "key\n");
        cr_expect(key_is_found_open(folder, key, 0644));
        cr_expect(key_is_found_open(folder, key, 0602));
        cr_expect(key_is_found_open(folder, key, 0660));
        cr_expect_not(key_is_found_open(folder, key, 0640), "a group may be let in to read");
        cr_expect_not(key_is_found_open(folder, key, 0600));
        cr_assert(unlink(key) == 0 && rmdir(folder) == 0);
}

/* What was said until its time was over tells how far it came; many run to their end, whatever lane they are of. */
Test(setup_host, programs_run_to_their_end_and_a_late_one_tells_what_it_said) {
        SetupChild children[40] = { 0 };

        for (uint32_t i = 0; i < ARRAY_SIZE(children); i++) {
                children[i].lane = i % 3;
                if (i % 10 != 9)
                        children[i].command = (ToolCommand){ .words = { "/bin/sh", "-c", "echo in" },
                                                             .limit = 60 * USEC_PER_SEC,
                                                             .most = 4096 };
        }
        children[5].command = (ToolCommand){ .words = { "/bin/sh", "-c", "echo in; exec sleep 60" },
                                             .limit = 2 * USEC_PER_SEC,
                                             .most = 4096 };
        children[7].command.words[0] = "/nowhere/at/all";
        cr_assert_eq(0, setup_children_run(&arena, children, ARRAY_SIZE(children)));
        for (uint32_t i = 0; i < ARRAY_SIZE(children); i++) {
                cr_expect_eq(children[i].result,
                             i == 5   ? -ETIMEDOUT
                             : i == 7 ? -ENOEXEC
                                      : 0,
                             "%u: %d", i, children[i].result);
                cr_expect_str_eq(children[i].output.text, i % 10 == 9 || i == 7 ? "" : "in\n", "%u", i);
                cr_expect_eq(children[i].run.pid, 0);
        }
}
