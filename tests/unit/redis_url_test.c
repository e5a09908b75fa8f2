/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/store/redis/redis_url.h"

static RedisUrl parsed(const char *url) {
        TextFault fault;
        RedisUrl u;

        cr_assert_eq(0, redis_url_parse(url, &u, &fault), "%s: %s", url, fault.what);
        return u;
}

Test(redis_url, a_host_alone_gets_the_usual_port) {
        RedisUrl u = parsed("redis://db.example");

        cr_assert_str_eq(u.host, "db.example");
        cr_assert_eq(u.port, 6379);
        cr_assert_eq(u.db, 0);
        cr_assert_str_eq(u.password, "");
        cr_assert_str_eq(u.place, "db.example:6379");
}

Test(redis_url, all_parts_are_taken_and_decoded) {
        RedisUrl u = parsed("redis://ad%6Din:p%40ss%3A%2f@[::1]:7000/3");

        cr_assert_str_eq(u.user, "admin");
        cr_assert_str_eq(u.password, "p@ss:/");
        cr_assert_str_eq(u.host, "::1");
        cr_assert_eq(u.port, 7000);
        cr_assert_eq(u.db, 3);
        cr_assert_str_eq(u.place, "[::1]:7000");
}

Test(redis_url, a_unix_socket_may_have_spaces_a_db_and_a_password) {
        RedisUrl u = parsed("unix://:secret@/run/my%20redis.sock?db=2");

        cr_assert_str_eq(u.path, "/run/my redis.sock");
        cr_assert_str_eq(u.host, "");
        cr_assert_str_eq(u.user, "");
        cr_assert_str_eq(u.password, "secret");
        cr_assert_eq(u.db, 2);
        cr_assert_null(strstr(u.place, "secret"));
}

Test(redis_url, sentinels_are_asked_for_a_master_by_its_name) {
        RedisUrl u = parsed("redis+sentinel://me:hunter22@s1,s2:26380,[::1]:5/my%20master/2");

        cr_assert_eq(u.n_sentinels, 3);
        cr_assert_str_eq(u.sentinels[0].host, "s1");
        cr_assert_eq(u.sentinels[0].port, 26379);
        cr_assert_str_eq(u.sentinels[1].host, "s2");
        cr_assert_eq(u.sentinels[1].port, 26380);
        cr_assert_str_eq(u.sentinels[2].host, "::1");
        cr_assert_eq(u.sentinels[2].port, 5);
        cr_assert_str_eq(u.master, "my master");
        cr_assert_str_eq(u.user, "me");
        cr_assert_eq(u.db, 2);
        cr_assert_str_eq(u.place, "master my master of 3 sentinels");
}

Test(redis_url, tls_has_its_files_and_the_name_it_looks_for) {
        RedisUrl u = parsed(
                "rediss://:pw@10.0.0.1:6380/3?ca=/etc/ssl/my%20ca.pem&cert=/c&key=/k&name=redis.example");

        cr_assert(u.tls.on);
        cr_assert_str_eq(u.host, "10.0.0.1");
        cr_assert_eq(u.db, 3);
        cr_assert_str_eq(u.tls.ca, "/etc/ssl/my ca.pem");
        cr_assert_str_eq(u.tls.cert, "/c");
        cr_assert_str_eq(u.tls.key, "/k");
        cr_assert_str_eq(u.tls.name, "redis.example");
        u = parsed("rediss+sentinel://a,b/m?ca=/x");
        cr_assert(u.tls.on);
        cr_assert_eq(u.n_sentinels, 2);
        cr_assert_not(parsed("redis://h").tls.on);
}

Test(redis_url, what_it_cannot_do_is_refused_and_said) {
        static const struct {
                const char *url, *says;
        } bad[] = {
                { "", "not a Redis URL" },
                { "localhost:6379", "not a Redis URL" },
                { "http://h", "not a Redis URL" },
                { "rediss://h?db=1", "ca=FILE" },
                { "rediss://h?ca=", "ca=FILE" },
                { "rediss://h?cert=/c", "key is missing" },
                { "rediss://h?key=/k", "cert is missing" },
                { "redis://h?ca=/c", "only db=N" },
                { "rediss://h?ca=/a&", "ca=FILE" },
                { "redis://", "host is missing" },
                { "redis://:6379", "host is missing" },
                { "redis://h:0", "port must be a number from 1 to 65535" },
                { "redis://h:65536", "port" },
                { "redis://h:", "port" },
                { "redis://h/x", "db must be a number" },
                { "redis://h/1/2", "db" },
                { "redis://h?tls=1", "only db=N" },
                { "redis://user@h", "user:password@" },
                { "redis://user:@h", "user:password@" },
                { "redis://[::1", "[::1]" },
                { "redis://[::1]x", "[::1]" },
                { "redis://h%0", "%" },
                { "redis://h%zz", "%" },
                { "redis://h%00x", "control character" },
                { "redis://h%0ax", "control character" },
                { "redis+sentinel://", "master's name is missing" },
                { "redis+sentinel://s1:26379", "master's name is missing" },
                { "redis+sentinel://s1/", "master's name is missing" },
                { "redis+sentinel://s1//2", "master's name is missing" },
                { "redis+sentinel:///m", "host is missing" },
                { "redis+sentinel://s1,/m", "host is missing" },
                { "redis+sentinel://s1,s2:x/m", "port" },
                { "redis+sentinel://s1/m/x", "db must be a number" },
                { "redis+sentinel://1,2,3,4,5,6,7,8,9,10/m", "more than 9 sentinels" },
                { "unix://", "absolute path" },
                { "unix://run/x", "absolute path" },
                { "unix:///", "absolute path" },
                { "unix:///x?db=-1", "db" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                TextFault fault;
                RedisUrl u;

                cr_assert_eq(-EINVAL, redis_url_parse(bad[i].url, &u, &fault), "%s", bad[i].url);
                cr_assert_not_null(strstr(fault.what, bad[i].says), "%s: %s", bad[i].url, fault.what);
                cr_assert_str_eq(fault.field, "redis");
        }
}

Test(redis_url, too_long_parts_are_refused) {
        char url[1024] = "unix:///";
        TextFault fault;
        RedisUrl u;

        memset(url + 8, 'x', 107);
        cr_assert_eq(-EINVAL, redis_url_parse(url, &u, &fault));
        cr_assert_not_null(strstr(fault.what, "longer than 107"));
        url[8 + 106] = '\0';
        cr_assert_eq(0, redis_url_parse(url, &u, &fault), "107 bytes fit");
        cr_assert_eq(strlen(u.path), 107);
}

Test(redis_url, a_password_is_never_in_a_fault) {
        TextFault fault;
        RedisUrl u;

        cr_assert_eq(-EINVAL, redis_url_parse("redis://me:hunter2%@h", &u, &fault));
        cr_assert_null(strstr(fault.what, "hunter2"));
        cr_assert_eq(-EINVAL, redis_url_parse("redis://me:hunter2@h:x", &u, &fault));
        cr_assert_null(strstr(fault.what, "hunter2"));
}

Test(redis_url, a_socket_as_url_reads_back_as_the_same_path) {
        const char *path = "/tmp/a b%c?d@e#\xc3\xbc/redis.sock";
        TextFault fault;
        char url[256];
        RedisUrl u, back;

        cr_assert_eq(0, redis_url_of_socket(path, &u, url, sizeof(url)));
        cr_assert_eq(0, redis_url_parse(url, &back, &fault), "%s: %s", url, fault.what);
        cr_assert_str_eq(back.path, path);
        cr_assert_str_eq(u.path, path);
        cr_assert_eq(-ENAMETOOLONG, redis_url_of_socket(path, &u, url, 20));
}
