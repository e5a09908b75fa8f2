/* SPDX-License-Identifier: Apache-2.0 */
/* The store: what outlives a process. Redis 7 by URL (redis://[user:pass@]host:port[/db], of a Redis Cluster
 * that of any node; redis+sentinel://host,host/MASTER; unix:///path; rediss:// and rediss+sentinel:// over TLS), or a private redis-server on a
 * unix socket in a state directory, started and ended by us.
 *
 * Owner:   the program; a Store is ended by store_free(), which takes NULL.
 * Errors:  -ECONNREFUSED, -ETIMEDOUT, -EHOSTUNREACH … the server is away (the next call tries again);
 *          -EAGAIN it cannot now (loading its data, a read-only replica, keys on the move, no memory);
 *          -EACCES auth; -EMEDIUMTYPE a key, which store_error() names, is of another type than Plimsoll makes it;
 *          -EPROTO it answered what it should not; -EINVAL what was asked is no name; -ENOMEM
 *          the arena. store_error() has the words, without passwords.
 * Threads: one Store, one thread. Every call ends within the time limit, but for the look-up of a host name
 * in a URL, which takes what the system's resolver takes. A call that failed half-way may have been done.
 *
 * Units: usec_t, in microseconds; expiries are lengths, rounded to milliseconds.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/drops.h"
#include "scheduler/base/text.h"
#include "scheduler/model/units.h"
#include "scheduler/store/redis/stored_text.h"

typedef struct Store Store;

typedef struct StoreOptions {
        const char *url;       /* NULL: the embedded server in state_dir */
        const char *state_dir; /* for the embedded server; made if it is not there (0700) */
        const char *cluster;   /* its hash tag: plimsoll:{cluster}:… */
        usec_t timeout;        /* of each call; 0: 3 s */
        bool keeps_hosts;      /* a service's: hosts whose reports are found are put on the list of hosts */
} StoreOptions;

/* With a URL: needs no server yet; a call says when it is away, and the next one tries again. -EINVAL: the
 * URL or the cluster's name. Embedded: the server of state_dir answers when this returns; it was started
 * unless it lived already (programs with one state_dir share one server). -ENOENT no redis-server program,
 * -EIO it would not start, -EPERM the directory is not ours alone, -ETIMEDOUT, -EAGAIN it is still reading
 * its data. */
int store_open(const StoreOptions *options, Store **ret, TextFault *reterr_fault) must_check;
Store *store_free(Store *s); /* returns NULL; the last program that used the embedded server ends it */
DEFINE_OWNED(Store *, store_free);

/* From when hurries(arg) says yes no call waits for the server for longer than STORE_HURRY more (half of it after each that did), and it is asked while
 * a call waits, in whatever thread that is. */
#define STORE_HURRY (300 * USEC_PER_MSEC)
void store_hurry(Store *s, bool (*hurries)(void *arg), void *arg);

/* The last error in words, never NULL. Valid until the next call. */
const char *store_error(const Store *s);
/* The URL to reach it with, also of the embedded one. It may hold a password: not for messages. */
const char *store_url(const Store *s);
/* Where it is, for messages: no password. */
const char *store_place(const Store *s);

/* The account that the URL names; "default": none. Valid as long as the store. */
const char *store_user(const Store *s);

/* Files of the URL's: our certificate for the server, and who may sign the server's; "": none. Valid as long as the store. */
const char *store_certificate(const Store *s);
const char *store_ca(const Store *s);

/* ---- reports: written by agents, one key a host, expiring ---- */
int store_put_report(Store *s, const char *host, const char *text, size_t n, usec_t expiry) must_check;
/* How long an agent lets it stay, by its interval: so it is known when it came (store_get_report_expiries()). */
static inline usec_t store_report_expiry(usec_t interval) {
        const usec_t least = 60 * USEC_PER_SEC, intervals = 10;

        return interval > INT64_MAX / intervals ? INT64_MAX
               : interval * intervals < least   ? least
                                                : interval * intervals;
}

/* All reports there are and all member hosts (those that ever reported and were not removed; of the last minute's new
 * ones those that were looked for), in `a`, both sorted by name. */
int store_get_reports(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n, const char *const **ret_members,
                      uint32_t *ret_n_members) must_check;

/* Those of these hosts (sorted by name), in their order. */
int store_get_reports_of(Store *s, Arena *a, const char *const *hosts, uint32_t n_hosts, StoredText **ret,
                         uint32_t *ret_n) must_check;

/* The same in parts, so that one can be worked on while the next is fetched: first all are asked for (members
 * in `a`), then parts are taken until there is none. Between the two no other call with this store: it
 * would end the answer, by a new connection. */
enum { STORE_REPORTS_AT_ONCE = 256 };

typedef struct ReportsAsked {
        const char *const *members; /* sorted */
        uint32_t n_members, at;     /* how many of them were answered for */
} ReportsAsked;

int store_ask_reports(Store *s, Arena *a, ReportsAsked *ret) must_check;

/* What was left out of what the store holds since reports were last asked for: names that are none, reports longer than
 * their bound. Those of the keys of reports are by the last look for these. Valid as long as the store. */
const Drops *store_drops(const Store *s, bool of_keys);
/* A part, in `a`: texts[STORE_REPORTS_AT_ONCE], *ret_n of which are there, sorted by name. 1; 0: that was
 * all. */
int store_next_reports(Store *s, ReportsAsked *asked, Arena *a, StoredText *texts,
                       uint32_t *ret_n) must_check;

/* A few numbers beside the report (store/pulse.h): what the service looks at between its rounds. Of a host that is silent the last one stays. */
int store_put_pulse(Store *s, const char *host, const char *text, size_t n) must_check;
/* Those of these hosts (sorted by name), in their order. */
int store_get_pulses(Store *s, Arena *a, const char *const *hosts, uint32_t n_hosts, StoredText **ret,
                     uint32_t *ret_n) must_check;

/* Member, report, pulse, mark and place among the peers go. A host whose agent still runs is a member again
 * with its next report. */
int store_forget_host(Store *s, const char *host) must_check;

/* The hosts on the list now, sorted: those whose report is there and that are not on it yet are not looked for. */
int store_get_members(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) must_check;

/* ---- admissions: as what each host was admitted; a text a host (app/state/admission_record.h) ---- */
/* Sorted by host. */
int store_get_admissions(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
/* The host's becomes `is` ("": it goes) if it is still `was` ("": there is none), and a round begins at once. 1: it is
 * another by now, and nothing was changed. */
int store_change_admission(Store *s, const char *host, const char *was, const char *is) must_check;
/* The same by the leader, who needs no round for it. 1: also: refused, `token` is not the newest lease's. */
int store_lead_admission(Store *s, uint64_t token, const char *host, const char *was,
                         const char *is) must_check;

/* Must hosts be admitted to take part: said by a service, once, and for good. By the leader: 1: refused. */
int store_admits(Store *s, bool *ret) must_check;
int store_lead_admits(Store *s, uint64_t token) must_check;

/* The clusters that have ever reported to this server, sorted: whatever the store's own cluster is. It looks
 * through all keys, a thousand at a time; in a Redis Cluster on each master. */
int store_get_clusters(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) must_check;

/* ---- marks: what operators said of hosts (cordon, maintenance) ---- */
int store_set_mark(Store *s, const char *host,
                   const char *state) must_check; /* "" removes it, "-BY": by whom */
/* The same, if the host's mark is still `was` ("": none), and a round begins at once (store_call_round).
 * 1: it is another by now, and nothing was changed. */
int store_change_mark(Store *s, const char *host, const char *was, const char *is) must_check;
/* Sorted by host. */
int store_get_marks(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
/* What marks left that were taken back, sorted by host: "-TIME BY", BY where it is known. */
int store_get_marks_gone(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;

/* ---- peers: where agents reach each other, to measure the distance between hosts ---- */
/* By its agent: where `host` is reached (address and port). It stays for ten minutes. */
int store_put_peer(Store *s, const char *host, const char *address) must_check;
/* The host's partners of the newest ring, at most `most`, sorted by name; text: their address. None where the ring
 * does not have the host yet. */
int store_get_partners(Store *s, Arena *a, const char *host, uint32_t most, StoredText **ret,
                       uint32_t *ret_n) must_check;
/* By the leader: the ring is made of what these hosts' agents said. `a` is as it was afterwards. 1: refused. */
int store_make_ring(Store *s, Arena *a, uint64_t token, const char *const *hosts,
                    uint32_t n_hosts) must_check;
/* The secret all agents of the cluster share, 64 hexadecimal digits: a service makes it where there is none. */
int store_make_echo_key(Store *s) must_check;
/* 1: none yet. */
int store_get_echo_key(Store *s, Arena *a, const char **ret, size_t *ret_n) must_check;

/* ---- faults: what is remembered of hosts' devices (written by the leader only, fenced by its token), and
 * what operators asked to be cleared ---- */
int store_put_fault_memory(Store *s, uint64_t token, const char *host, const char *text,
                           size_t n) must_check; /* n == 0 removes it; 1: refused */
/* Sorted by host. */
int store_get_fault_memories(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
int store_put_clear(Store *s, const char *name, const char *text, size_t n) must_check; /* and in the log */
int store_get_clears(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
/* Removes it, unless another was put there since. 1: refused. */
int store_take_clear(Store *s, uint64_t token, const StoredText *clear) must_check;
int store_log_fault(Store *s, uint64_t token, const char *text, size_t n) must_check; /* 1: refused */
/* Newest first; about the last 10,000 are kept. */
int store_get_fault_log(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) must_check;

/* ---- the brake: what was decided about emptying hosts (written by the leader only, fenced by its token), and what
 * operators released ---- */
int store_put_brake(Store *s, uint64_t token, const char *host, const char *text,
                    size_t n) must_check; /* n == 0 removes it; 1: refused */
/* Sorted by host, as releases. */
int store_get_brake(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
int store_put_release(Store *s, const char *host, const char *text,
                      size_t n) must_check; /* and calls a round */
int store_get_releases(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
/* Removes it, unless another was put there since. 1: refused. */
int store_take_release(Store *s, uint64_t token, const StoredText *release) must_check;

/* ---- VMs of hosts that are not seen, as they were last known: a small report each (facts/known_hosts.h), written by the
 * leader only, fenced by its token ---- */
int store_put_known(Store *s, uint64_t token, const char *host, const char *text,
                    size_t n) must_check; /* n == 0 removes it; 1: refused */
/* Sorted by host. */
int store_get_known(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;

/* ---- migrations that failed (written by the leader only, fenced by its token), and what operators want tried again ---- */
int store_put_missed(Store *s, uint64_t token, const char *text, size_t n) must_check; /* 1: refused */
int store_get_missed(Store *s, Arena *a, const char **ret, size_t *ret_n) must_check;  /* 1: none */
int store_put_retry(Store *s, const char *name, const char *text,
                    size_t n) must_check; /* and calls a round */
int store_get_retries(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check; /* sorted by name */
int store_take_retry(Store *s, uint64_t token, const StoredText *retry) must_check;      /* 1: refused */

/* ---- bookings: room that operators hold for VMs to be started; a text a VM: "SINCE UNTIL WORD …", µs by the server's clock
 * (facts/booking_store.h) ---- */
/* Of a VM, and what stands behind WORD. */
typedef struct BookingAsked {
        const char *vm, *text;
} BookingAsked;

/* All or none, from now on for `lasts`, and a round begins at once; they stand as "SINCE UNTIL new TEXT". changes: as
 * store_get_bookings() said before the facts were read on which the room was found. 1: something was booked or released
 * since, and nothing was changed; 2: there would be more than `most`. */
int store_book(Store *s, int64_t changes, const BookingAsked *asked, uint32_t n, usec_t lasts,
               uint32_t most) must_check;
/* Sorted by VM, also those that are over. *ret_now: the server's time. */
int store_get_bookings(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n, int64_t *ret_changes,
                       usec_t *ret_now) must_check;
/* It becomes "SINCE UNTIL gone BY\nTEXT", and a round begins at once. 1: there is none, or it is over. */
int store_release_booking(Store *s, const char *vm, const char *by) must_check;
/* By the leader: `was` becomes `is`, or goes (n == 0), unless another text stands there by now. 1: refused. */
int store_lead_booking(Store *s, uint64_t token, const StoredText *was, StoredText is) must_check;

/* ---- moves that operators want of the leader (app/state/asked_move.h), and what came of them ---- */
int store_put_asked(Store *s, const char *vm, const char *text, size_t n) must_check;  /* and calls a round */
int store_get_asked(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check; /* sorted by VM */
/* By the leader: it goes, unless another text stands there by now. 1: refused. */
int store_take_asked(Store *s, uint64_t token, const StoredText *asked) must_check;
/* By who asked: likewise. 1: another text stands there, or it was taken. */
int store_withdraw_asked(Store *s, const StoredText *asked) must_check;
int store_put_told(Store *s, uint64_t token, const char *vm, const char *text,
                   size_t n) must_check; /* n == 0 removes it; 1: refused */
int store_get_told(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check; /* sorted by VM */

/* ---- running moves that operators want aborted (app/state/abort_wish.h) ---- */
int store_put_abort(Store *s, const char *vm, const char *text, size_t n) must_check;   /* calls no round */
int store_get_aborts(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check; /* sorted by VM */
/* By who carries the move out: it goes, unless another text stands there by now. 1: refused. */
int store_take_abort(Store *s, uint64_t token, const StoredText *asked) must_check;

/* ---- alarms and calls: numbers that grow when something happens that a round should not wait for ---- */
/* Only that one changes counts: it grows to the time, or by one where it is there or beyond, so that it differs also from what
 * was read before the store lost it. */
/* By its agent, `now` its clock's: the host reports that it has got worse. */
int store_raise_alarm(Store *s, const char *host, usec_t now) must_check;
/* Those of these hosts (sorted by name), in their order; who never raised one is left out. */
int store_get_alarms(Store *s, Arena *a, const char *const *hosts, uint32_t n_hosts, StoredText **ret,
                     uint32_t *ret_n) must_check;
/* The server's clock. */
int store_get_time(Store *s, usec_t *ret) must_check;
/* How long the reports of these hosts (STORE_REPORTS_AT_ONCE at most) still stay; 0: it is not there, or stays. */
int store_get_report_expiries(Store *s, const char *const *hosts, uint32_t n, usec_t *ret) must_check;

/* By an operator's command, which changed what the next round goes by. */
int store_call_round(Store *s) must_check;
int store_get_calls(Store *s, int64_t *ret) must_check; /* 0: none yet */

/* ---- loads: of each host a ring of points (app/state/load_history.h) ---- */
/* lines: "POINT HOST\n" each, points of one width without blanks; at most `most` of a host stay. 1: refused. */
int store_keep_loads(Store *s, uint64_t token, int64_t slot, uint32_t most, const char *lines,
                     size_t n) must_check;
int store_get_loads(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check; /* sorted by host */
/* 1: there is none of it. */
int store_get_load(Store *s, Arena *a, const char *host, const char **ret, size_t *ret_n) must_check;

/* ---- the stop: one text that says whether anything may be moved (stop_entry.h) ---- */
/* 0; 1: none. *ret_now: the server's time, in both. */
int store_get_stop(Store *s, Arena *a, const char **ret, size_t *ret_n, usec_t *ret_now) must_check;
/* If it is still `was` ("": none), and a round begins at once (store_call_round). 1: it is another by now, and nothing
 * was changed. */
int store_change_stop(Store *s, StoredText was, StoredText is) must_check;

/* ---- records: each round's snapshot, settings, plan and outcome, newest first; at most 512 and 256 MiB of
 * them; fenced by the lease's token. name: "MILLISECONDS-N", the server's time since the epoch, different for
 * each ---- */
enum { RECORD_NAME_SIZE = 48 };
/* *ret_name: its name. 1: refused. */
int store_put_record(Store *s, uint64_t token, const char *text, size_t n,
                     char ret_name[RECORD_NAME_SIZE]) must_check;
/* One by its name, or the newest ("last"). 1: there is none (any more). */
int store_get_record(Store *s, Arena *a, const char *name, StoredText *ret) must_check;
/* The newest that was written until `at`, and the oldest that was written after it (0: of all); by the server's clock. 1: there is
 * none, or it cannot be read. */
int store_get_record_before(Store *s, Arena *a, usec_t at, StoredText *ret) must_check;
int store_get_record_after(Store *s, Arena *a, usec_t at, StoredText *ret) must_check;
usec_t record_name_time(const char *name); /* when it was written; 0: it is no such name */
int store_get_records(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) must_check;

/* ---- the journal: a stream of what was started and how it ended; fenced by the lease's token ---- */
/* 0; 1: refused, `token` is not the newest lease's. (A lease that has run out and that nobody has taken since
 * still writes: how a move ended must not be lost.) */
int store_journal(Store *s, uint64_t token, const char *text, size_t n) must_check;
/* The intent of a move, of which nothing has been begun yet: also 2, not written, while the store's stop is in force or
 * can't be read. The check and the write are one step. */
int store_journal_intent(Store *s, uint64_t token, const char *text, size_t n) must_check;
/* Newest first; about the last 100,000 are kept. name: as of records. */
int store_get_journal(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) must_check;

/* ---- words of persons: where a VM runs of which nobody can see how its move ended ---- */
int store_put_word(Store *s, const char *vm, const char *text, size_t n) must_check; /* and calls a round */
/* Sorted by VM. */
int store_get_words(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
/* Removes it, unless another was put there since. 1: refused. */
int store_take_word(Store *s, uint64_t token, const StoredText *word) must_check;

/* ---- the audit: decisions and what came of them, trimmed by age; fenced by the lease's token ---- */
/* 0; 1: refused, as of the journal. Entries older than `keep` go. */
int store_put_audit(Store *s, uint64_t token, const char *text, size_t n, usec_t keep) must_check;
/* Those since then (µs since the epoch, by the server's clock), newest first. name: as of records. */
int store_get_audit(Store *s, Arena *a, usec_t since, uint32_t most, StoredText **ret,
                    uint32_t *ret_n) must_check;

/* ---- plans that wait for a person (written by the leader only, fenced by its token), and answers ---- */
/* n == 0 removes it; an answer to it is taken in either way, and goes. 1: refused. */
int store_put_waiting(Store *s, uint64_t token, const char *id, const char *text, size_t n) must_check;
/* Sorted by id. */
int store_get_waiting(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
/* Answers the plan if it is there and was not answered yet, and calls a round. 1: it is not there, or was
 * answered already: nothing was changed. */
int store_put_answer(Store *s, const char *id, const char *text, size_t n) must_check;
int store_get_answers(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
/* Plans that operators hand over to whoever leads, by id; calls a round. Taken by the leader: 1: another leads, or another text
 * stands there. Withdrawn by who handed it over: 1: it was taken. */
int store_put_handed(Store *s, const char *id, const char *text, size_t n) must_check;
int store_get_handed(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) must_check;
int store_take_handed(Store *s, uint64_t token, const StoredText *handed) must_check;
int store_withdraw_handed(Store *s, const StoredText *handed) must_check;

/* ---- the lease: one leader, with a fencing token that grows with each new holder ---- */
/* 0: ours for ttl from when this was called, *ret_token set (unchanged on renewal); 1: another's, its name in
 * holder, cut to fit. `self` is unique to a process's life (host, pid, start): who gives the same name
 * renews.
 */
int store_lease(Store *s, const char *self, usec_t ttl, uint64_t *ret_token, char *ret_holder,
                size_t holder_size) must_check;
/* What the last store_lease() found that no service of ours writes, and put right; of StoreHealed. */
typedef enum StoreHealed {
        HEALED_EXPIRY = 1, /* the lease had no expiry, or one longer than any lease: it has one now */
        HEALED_TEXT = 2,   /* it names no holder: it is waited for as for any other */
        HEALED_TOKEN = 4,  /* the newest token was not the holder's, or none: there is a new one */
} StoreHealed;
unsigned store_lease_healed(const Store *s);

/* Who has it; "": what is there names nobody. 0; 1: nobody has it; a negative errno. */
typedef struct StoreLease {
        char holder[256];
} StoreLease;
int store_get_lease(Store *s, StoreLease *ret) must_check;

/* 0, also when it was not ours: then nothing changes. */
int store_release(Store *s, const char *self) must_check;

/* ---- live state for `status`: small texts with an expiry (0: none) ---- */
int store_put_state(Store *s, const char *name, const char *text, size_t n, usec_t expiry) must_check;
/* The same by the leader: 1: refused, `token` is not the newest lease's. */
int store_lead_state(Store *s, uint64_t token, const char *name, const char *text, size_t n,
                     usec_t expiry) must_check;
int store_get_state(Store *s, Arena *a, const char *name, const char **ret,
                    size_t *ret_n) must_check; /* 1: none */

/* ---- notes: what operators' commands keep, until another takes it away ---- */
int store_put_note(Store *s, const char *name, const char *text, size_t n) must_check;
/* The same by whoever wrote it last, or took it over from there: 1: it is not `was` any more ("": none), and
 * nothing was changed. is "": it goes. */
int store_change_note(Store *s, const char *name, const char *was, const char *is) must_check;
int store_get_note(Store *s, Arena *a, const char *name, const char **ret,
                   size_t *ret_n) must_check; /* 1: none */
