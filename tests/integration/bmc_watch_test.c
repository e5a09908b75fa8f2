/* SPDX-License-Identifier: Apache-2.0 */
/* From a BMC through the service's thread and a real Redis into the report that is graded. */
#include <microhttpd.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "scheduler/app/facts/bmc_watch.h"
#include "tests/integration/redis_fixture.h"

static Store *store;
static atomic_int asked;

static enum MHD_Result serve(void *arg, struct MHD_Connection *c, const char *path, const char *method,
                             const char *version, const char *data, size_t *n_data, void **request) {
        static const char *const pages[][2] = {
                { "/redfish/v1/", "{\"Chassis\": {\"@odata.id\": \"/redfish/v1/Chassis\"}}" },
                { "/redfish/v1/Chassis", "{\"Members\": [{\"@odata.id\": \"/redfish/v1/Chassis/1\"}]}" },
                { "/redfish/v1/Chassis/1", "{\"@odata.id\": \"/redfish/v1/Chassis/1\", \"Power\": "
                                           "{\"@odata.id\": \"/redfish/v1/P\"}}" },
                { "/redfish/v1/P",
                  "{\"PowerSupplies\": [{\"Name\": \"PSU 2\", \"Status\": {\"Health\": \"Critical\"}}]}" },
        };
        const char *text = NULL;
        struct MHD_Response *r;
        enum MHD_Result result;

        (void) arg, (void) method, (void) version, (void) data, (void) n_data, (void) request;
        atomic_fetch_add(&asked, 1);
        for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
                if (strcmp(pages[i][0], path) == 0)
                        text = pages[i][1];
        r = MHD_create_response_from_buffer(text ? strlen(text) : 0, (void *) (uintptr_t) (text ? text : ""),
                                            MHD_RESPMEM_PERSISTENT);
        result = MHD_queue_response(c, text ? 200 : 404, r);
        MHD_destroy_response(r);
        return result;
}

static void setup(void) {
        TextFault f;

        fixture_setup();
        server_start(NULL, NULL);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "t" }, &store, &f), "%s", f.what);
}

static void teardown(void) {
        store = store_free(store);
        fixture_teardown();
}

TestSuite(bmc_watch, .init = setup, .fini = teardown, .timeout = 60);

static uint32_t reports(const Report *const **ret) {
        uint32_t n = 0;

        cr_assert_eq(0, bmc_reports(store, &arena, ret, &n), "%s", store_error(store));
        return n;
}

Test(bmc_watch, what_bmcs_say_reaches_the_store_while_this_service_leads) {
        struct MHD_Daemon *bmc =
                MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve, NULL, MHD_OPTION_END);
        unsigned port = MHD_get_daemon_info(bmc, MHD_DAEMON_INFO_BIND_PORT)->port;
        char path[] = "/tmp/plimsoll-bmc-XXXXXX";
        FILE *list = fdopen(mkstemp(path), "w");
        BmcWatchOptions o = { .redis = url,
                              .cluster = "t",
                              .file = path,
                              .every = USEC_PER_SEC / 5,
                              .timeout = 5 * USEC_PER_SEC };
        const Report *const *said = NULL;
        BmcWatch *watch = NULL;
        uint64_t token;

        cr_assert(bmc && list);
        (void) fprintf(list, "h1 http://127.0.0.1:%u\nh2 http://127.0.0.1:%u\nh3 http://127.0.0.1:1\n", port,
                       port);
        (void) fclose(list);
        cr_assert_eq(0, bmc_watch_new(&o, &watch));
        clock_sleep(USEC_PER_SEC); /* some turns: that nothing is asked in them shows in no other way */
        cr_expect_eq(0, atomic_load(&asked), "another leads: nothing is asked");
        cr_assert_eq(0, store_lease(store, "d1", 60 * USEC_PER_SEC, &token, NULL, 0));
        bmc_watch_lead(watch, token);
        for (int i = 0; i < 200 && reports(&said) < 2; i++)
                clock_sleep(USEC_PER_SEC / 20);
        cr_assert_eq(2, reports(&said), "h3 does not answer, and is no reason to stop");
        cr_expect_str_eq("h1", said[0]->host);
        cr_expect_str_eq("h2", said[1]->host);
        cr_assert_eq(1, said[0]->n_sections);
        cr_expect_str_eq("redfish", said[0]->sections[0].collector);
        cr_assert_gt(said[0]->sections[0].n_samples, 0);
        cr_expect_eq(METRIC_FAULT_GRADE, said[0]->sections[0].samples[0].metric);
        cr_expect_eq(1, said[0]->sections[0].samples[0].number, "a supply: power is 1 at most");
        (void) bmc_watch_free(watch);
        MHD_stop_daemon(bmc);
        (void) remove(path);
}

Test(bmc_watch, rubbish_in_the_store_counts_as_nothing) {
        const Report *const *said;

        cr_assert_eq(0, store_put_state(store, "redfish", "rubbish\nplimsoll.report/1 x", 26, 0));
        cr_expect_eq(0, reports(&said));
}
