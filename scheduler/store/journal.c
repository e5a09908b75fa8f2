/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: a stream that only the newest leader may write to. The check and the write are one script, so
 * that a leader which was suspended between the two cannot write after another has taken over. */
#include "scheduler/store/store_script.h"

/* About 25 MiB at 250 bytes an entry; weeks at 100 moves an hour and 10 entries a move. '~' lets the server
 * trim whole nodes only, which costs it nothing. */
#define JOURNAL_MAX "100000"

static const char journal_write_script[] =
        SCRIPT_FENCE "redis.call('XADD', KEYS[2], 'MAXLEN', '~', " JOURNAL_MAX ", '*', 'text', ARGV[2])\n"
                     "return 0\n";

int store_journal(Store *s, uint64_t token, const char *text, size_t n) {
        return script_write(s, &(ScriptWrite){ .script = journal_write_script,
                                               .what = "journal",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_JOURNAL },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(text, n) },
                                               .n_words = 1 });
}

/* What is not plainly an entry of stop_entry.h that lets moves start is one that stops them. */
static const char journal_intent_script[] = SCRIPT_FENCE
        "local stop = redis.call('GET', KEYS[3])\n"
        "if stop then\n"
        "  local ok, o = pcall(cjson.decode, stop)\n"
        "  if not ok or type(o) ~= 'table' or o['schema'] ~= 'plimsoll.stop/1' then return 2 end\n"
        "  if o['stopped'] ~= false then\n"
        "    local till = o['until']\n"
        "    if type(till) ~= 'number' or till <= 0 then return 2 end\n"
        "    local now = redis.call('TIME')\n"
        "    if now[1] * 1000000 + now[2] < till then return 2 end\n"
        "  end\n"
        "end\n"
        "redis.call('XADD', KEYS[2], 'MAXLEN', '~', " JOURNAL_MAX ", '*', 'text', ARGV[2])\n"
        "return 0\n";

int store_journal_intent(Store *s, uint64_t token, const char *text, size_t n) {
        int64_t said = 0;
        int k = script_write_said(s,
                                  &(ScriptWrite){ .script = journal_intent_script,
                                                  .what = "journal",
                                                  .fenced = true,
                                                  .token = token,
                                                  .keys = { KEY_JOURNAL, KEY_STOP },
                                                  .n_keys = 2,
                                                  .words = { SCRIPT_TEXT(text, n) },
                                                  .n_words = 1 },
                                  &said);

        return k == 1 && said == 2 ? 2 : k;
}

int store_get_journal(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        return stream_read(s, a, KEY_JOURNAL, most, ret, ret_n);
}
