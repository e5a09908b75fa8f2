#include "scheduler/snapshot/json_reader.h"

#include <errno.h>
#include <string.h>

#define EXCERPT_MAX 40

JsonReader json_reader_new(const char *text, size_t n, Arena *a, TextFault *fault) {
        return (JsonReader){ .text = text, .n = n, .arena = a, .fault = fault };
}

/* ---- faults ---- */

void json_reader_locate(const JsonReader *r, size_t at, TextFault *f) {
        size_t line_at = 0;
        const char *p;

        f->line = 1;
        while ((p = memchr(r->text + line_at, '\n', at - line_at))) {
                f->line++;
                line_at = (size_t) (p - r->text) + 1;
        }
        f->column = (uint32_t) (at - line_at) + 1;
}

typedef struct Path {
        char *text;
        size_t size, used;
} Path;

static void path_put(Path *p, const char *s, size_t n) {
        if (n > p->size - 1 - p->used)
                n = p->size - 1 - p->used;
        memcpy(p->text + p->used, s, n);
        p->used += n;
        p->text[p->used] = '\0';
}

int json_reader_place(JsonReader *r) {
        Path path = { .text = r->fault->field, .size = sizeof(r->fault->field) };

        path.text[0] = '\0';
        for (uint32_t d = 0; d < r->depth; d++) {
                const JsonFrame *f = &r->path[d];
                TextFault number;

                if (!f->started)
                        continue;
                if (f->key.s) {
                        path_put(&path, ".", path.used > 0);
                        path_put(&path, f->key.s, f->key.n);
                } else {
                        text_fault(&number, "", "[%u]", f->index);
                        path_put(&path, number.what, strlen(number.what));
                }
        }
        json_reader_locate(r, r->value_at, r->fault);
        return -EBADMSG;
}

const char *json_reader_found(const JsonReader *r, char buf[JSON_FOUND_MAX]) {
        const char *s = r->text + r->value_at;
        size_t left = r->n - r->value_at, n = 0;
        const char *word = left == 0   ? "the end of the text"
                           : *s == '{' ? "an object"
                           : *s == '[' ? "an array"
                                       : NULL;

        if (word)
                return memcpy(buf, word, strlen(word) + 1);
        if (*s == '"')
                for (n = 1; n < left && s[n] != '"'; n++)
                        n += s[n] == '\\';
        else
                while (n < left && !strchr(" \t\r\n,:]}", s[n]))
                        n++;
        n = n + (*s == '"') > left ? left : n + (*s == '"');
        if (n == 0)
                n = 1;
        if (n <= EXCERPT_MAX) {
                memcpy(buf, s, n);
                buf[n] = '\0';
        } else {
                for (n = EXCERPT_MAX; n > 1 && (s[n] & 0xc0) == 0x80; n--) /* not within a character */
                        ;
                memcpy(buf, s, n);
                memcpy(buf + n, "…", sizeof("…"));
        }
        for (char *c = buf; *c; c++)
                if ((unsigned char) *c < 0x20 || *c == 0x7f)
                        *c = '?';
        return buf;
}

/* ---- structure ---- */

static bool is_space(char c) {
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void skip_space(JsonReader *r) {
        while (r->at < r->n && is_space(r->text[r->at]))
                r->at++;
        r->value_at = r->at;
}

JsonKind json_reader_kind(JsonReader *r) {
        skip_space(r);
        if (r->at == r->n)
                return JSON_KIND_NONE;
        switch (r->text[r->at]) {
        case '{':
                return JSON_KIND_OBJECT;
        case '[':
                return JSON_KIND_ARRAY;
        case '"':
                return JSON_KIND_STRING;
        case 't':
                return JSON_KIND_TRUE;
        case 'f':
                return JSON_KIND_FALSE;
        case 'n':
                return JSON_KIND_NULL;
        case '-':
        case '0' ... '9':
                return JSON_KIND_NUMBER;
        default:
                return JSON_KIND_NONE;
        }
}

int json_reader_enter(JsonReader *r, JsonKind kind) {
        assert(kind == JSON_KIND_OBJECT || kind == JSON_KIND_ARRAY);
        if (json_reader_kind(r) != kind)
                return json_reader_expect(r, "%s", kind == JSON_KIND_OBJECT ? "an object" : "an array");
        if (r->depth == JSON_DEPTH_MAX)
                return json_reader_refuse(r, "nested deeper than %d levels", JSON_DEPTH_MAX);
        r->path[r->depth++] = (JsonFrame){ .index = 0 };
        r->at++;
        return 0;
}

/* Steps over what stands between items. 1: an item follows; 0: closed by `close`. */
static int step(JsonReader *r, char close) {
        JsonFrame *f = &r->path[r->depth - 1];

        skip_space(r);
        if (r->at < r->n && r->text[r->at] == close) {
                r->at++;
                r->depth--;
                return 0;
        }
        if (!f->started)
                return 1;
        if (r->at == r->n || r->text[r->at] != ',')
                return json_reader_expect(r, "',' or '%c'", close);
        r->at++;
        skip_space(r);
        return 1;
}

static int read_string(JsonReader *r, Span *ret);

int json_reader_field(JsonReader *r, Span *ret_key) {
        JsonFrame *f = &r->path[r->depth - 1];
        int k = step(r, '}');

        if (k <= 0)
                return k;
        f->key = (Span){ .s = "", .n = 0 };
        f->started = false;
        if (r->at == r->n || r->text[r->at] != '"')
                return json_reader_expect(r, "a field name in double quotes");
        k = read_string(r, &f->key);
        if (k < 0)
                return k;
        *ret_key = f->key;
        f->started = true;
        {
                const size_t key_at = r->value_at;

                skip_space(r);
                if (r->at == r->n || r->text[r->at] != ':')
                        return json_reader_expect(r, "':' after a field name");
                r->at++;
                r->value_at = key_at;
        }
        return 1;
}

int json_reader_item(JsonReader *r) {
        JsonFrame *f = &r->path[r->depth - 1];
        int k = step(r, ']');

        if (k <= 0)
                return k;
        if (f->started)
                f->index++;
        f->started = true;
        return 1;
}

int json_reader_end(JsonReader *r) {
        skip_space(r);
        return r->at == r->n ? 0 : json_reader_expect(r, "nothing after the closing brace");
}

/* The end of the string that begins at `at`, or n. */
static size_t string_end(const JsonReader *r, size_t at) {
        for (at++; at < r->n; at++) {
                const char *quote = memchr(r->text + at, '"', r->n - at);
                size_t slashes = 0;

                if (!quote)
                        return r->n;
                at = (size_t) (quote - r->text);
                while (r->text[at - 1 - slashes] == '\\')
                        slashes++; /* ends at the opening quote at the latest */
                if (slashes % 2 == 0)
                        return at + 1;
        }
        return r->n;
}

enum { PLAIN, QUOTE, OPEN, CLOSE, COMMA, COLON }; /* COLON: only ends a word */
static const unsigned char marks[256] = {
        ['"'] = QUOTE, ['{'] = OPEN, ['['] = OPEN, ['}'] = CLOSE, [']'] = CLOSE, [','] = COMMA, [':'] = COLON
};

/* A number or a word ends where the next mark or white space stands. */
static void skip_word(JsonReader *r) {
        while (r->at < r->n && marks[(unsigned char) r->text[r->at]] == PLAIN && !is_space(r->text[r->at]))
                r->at++;
}

int json_reader_skip(JsonReader *r, size_t *ret_items) {
        size_t depth = 0, commas = 0, at;
        bool empty = true;
        JsonKind kind = json_reader_kind(r);

        if (kind == JSON_KIND_NONE)
                return -EBADMSG;
        if (kind >= JSON_KIND_NUMBER)
                skip_word(r);
        for (at = r->at; kind < JSON_KIND_NUMBER && at < r->n;) {
                unsigned char mark = marks[(unsigned char) r->text[at]];

                if (mark == QUOTE) {
                        at = string_end(r, at);
                } else {
                        at++;
                        depth += mark == OPEN;
                        depth -= mark == CLOSE;
                        commas += mark == COMMA && depth == 1;
                }
                if (mark == PLAIN)
                        continue;
                if (depth == 0)
                        break;
                if (mark == OPEN && depth == 1) {
                        while (at < r->n && is_space(r->text[at]))
                                at++;
                        empty = at == r->n || marks[(unsigned char) r->text[at]] == CLOSE;
                }
        }
        r->at = at;
        if (depth > 0)
                return -EBADMSG;
        *ret_items = empty ? 0 : commas + 1;
        return 0;
}

/* ---- values ---- */

static int hex4(const char *s, uint32_t *ret) {
        uint32_t v = 0;

        for (int i = 0; i < 4; i++) {
                char c = s[i];
                uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t) (c - '0')
                                 : c >= 'a' && c <= 'f' ? (uint32_t) (c - 'a') + 10
                                 : c >= 'A' && c <= 'F' ? (uint32_t) (c - 'A') + 10
                                                        : 16;

                if (digit == 16)
                        return -EBADMSG;
                v = v << 4 | digit;
        }
        *ret = v;
        return 0;
}

static size_t utf8_put(char *s, uint32_t c) {
        if (c < 0x80) {
                s[0] = (char) c;
                return 1;
        }
        if (c < 0x800) {
                s[0] = (char) (0xc0 | c >> 6);
                s[1] = (char) (0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                s[0] = (char) (0xe0 | c >> 12);
                s[1] = (char) (0x80 | (c >> 6 & 0x3f));
                s[2] = (char) (0x80 | (c & 0x3f));
                return 3;
        }
        s[0] = (char) (0xf0 | c >> 18);
        s[1] = (char) (0x80 | (c >> 12 & 0x3f));
        s[2] = (char) (0x80 | (c >> 6 & 0x3f));
        s[3] = (char) (0x80 | (c & 0x3f));
        return 4;
}

/* One escape at s (after the backslash) into out. The bytes it took of s, or 0. */
static size_t unescape(const char *s, size_t n, char *out, size_t *ret_written) {
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *simple = n > 0 && *s ? strchr(from, *s) : NULL;
        uint32_t c, low;

        if (simple) {
                *out = to[simple - from];
                *ret_written = 1;
                return 1;
        }
        if (n < 5 || *s != 'u' || hex4(s + 1, &c) < 0 || c == 0 || (c >= 0xdc00 && c < 0xe000))
                return 0;
        if (c < 0xd800 || c >= 0xe000) {
                *ret_written = utf8_put(out, c);
                return 5;
        }
        if (n < 11 || s[5] != '\\' || s[6] != 'u' || hex4(s + 7, &low) < 0 || low < 0xdc00 || low >= 0xe000)
                return 0;
        *ret_written = utf8_put(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
        return 11;
}

static int read_string(JsonReader *r, Span *ret) {
        const size_t start = r->at + 1, end = string_end(r, r->at);
        const char *s = r->text + start;
        size_t n, used = 0;
        char *copy;

        r->value_at = r->at;
        if (end <= start || r->text[end - 1] != '"' || end - 1 < start)
                return json_reader_refuse(r, "a string that does not end");
        n = end - 1 - start;
        if (!text_is_line(s, n))
                return json_reader_refuse(
                        r, "a string with a control character, or not UTF-8; accepted: UTF-8, with "
                           "control characters as \\n, \\t, \\u001f …");
        r->at = end;
        if (!memchr(s, '\\', n)) {
                *ret = (Span){ .s = s, .n = n };
                return 0;
        }
        copy = arena_new(r->arena, char, n);
        if (!copy)
                return -ENOMEM;
        for (size_t i = 0; i < n;) {
                size_t written = 1, taken = 0;

                if (s[i] != '\\') {
                        copy[used++] = s[i++];
                        continue;
                }
                taken = unescape(s + i + 1, n - i - 1, copy + used, &written);
                if (taken == 0)
                        return json_reader_refuse(
                                r, "a string with a bad escape; accepted: \\\" \\\\ \\/ \\b \\f \\n "
                                   "\\r \\t \\uXXXX (not \\u0000)");
                i += 1 + taken;
                used += written;
        }
        *ret = (Span){ .s = copy, .n = used };
        return 0;
}

int json_reader_string(JsonReader *r, Span *ret) {
        if (json_reader_kind(r) != JSON_KIND_STRING)
                return json_reader_expect(r, "a string");
        return read_string(r, ret);
}

static size_t digits(const char *s, size_t n) {
        size_t i = 0;

        while (i < n && s[i] >= '0' && s[i] <= '9')
                i++;
        return i;
}

int json_reader_number(JsonReader *r, Span *ret) {
        const char *s;
        size_t n, i = 0, d;

        if (json_reader_kind(r) != JSON_KIND_NUMBER)
                return json_reader_expect(r, "a number");
        s = r->text + r->at;
        n = r->n - r->at;
        if (*s == '-')
                i++;
        d = digits(s + i, n - i);
        if (d == 0 || (d > 1 && s[i] == '0'))
                return json_reader_expect(r, "a number as JSON writes it");
        i += d;
        if (i < n && s[i] == '.') {
                d = digits(s + i + 1, n - i - 1);
                if (d == 0)
                        return json_reader_expect(r, "a number as JSON writes it");
                i += 1 + d;
        }
        if (i < n && (s[i] == 'e' || s[i] == 'E')) {
                i++;
                if (i < n && (s[i] == '+' || s[i] == '-'))
                        i++;
                d = digits(s + i, n - i);
                if (d == 0)
                        return json_reader_expect(r, "a number as JSON writes it");
                i += d;
        }
        r->at += i;
        *ret = (Span){ .s = s, .n = i };
        return 0;
}

static bool starts_with(const JsonReader *r, const char *word) {
        size_t n = strlen(word);

        return r->n - r->at >= n && memcmp(r->text + r->at, word, n) == 0;
}

int json_reader_bool(JsonReader *r, bool *ret) {
        (void) json_reader_kind(r);
        if (starts_with(r, "true")) {
                r->at += 4;
                *ret = true;
                return 0;
        }
        if (starts_with(r, "false")) {
                r->at += 5;
                *ret = false;
                return 0;
        }
        return json_reader_expect(r, "true or false");
}

/* The i-th digit of a number whose digits (with one '.' left out at `point`) begin at s; 0 outside. */
static int64_t digit_at(const char *s, int64_t count, int64_t point, int64_t i) {
        if (i < 0 || i >= count)
                return 0;
        return s[i < point ? i : i + 1] - '0';
}

int json_number_scaled(Span number, int64_t scale, int64_t min, int64_t max, int64_t *ret) {
        const char *s = number.s;
        const size_t sign = number.n > 0 && *s == '-';
        int64_t point, count, exponent = 0, whole = 0, part = 0, first = 0;
        size_t i;

        s += sign;
        point = (int64_t) digits(s, number.n - sign);
        i = (size_t) point;
        count = point;
        if (i < number.n - sign && s[i] == '.') {
                count += (int64_t) digits(s + i + 1, number.n - sign - i - 1);
                i = (size_t) count + 1;
        }
        if (i < number.n - sign) {
                bool negative = s[i + 1] == '-';

                i += s[i + 1] == '-' || s[i + 1] == '+' ? 2 : 1;
                for (; i < number.n - sign && exponent < INT32_MAX; i++)
                        exponent = exponent * 10 + (s[i] - '0');
                exponent = negative ? -exponent : exponent;
        }
        while (first < count && digit_at(s, count, point, first) == 0)
                first++;
        if (first == count)
                exponent = 0; /* zero, however it is written */
        else if (point + exponent - first > 18)
                return -ERANGE;
        /* The value is digits 0 … before point + exponent, then its decimals. */
        for (int64_t k = first; first < count && k < point + exponent; k++)
                whole = whole * 10 + digit_at(s, count, point, k);
        for (int64_t k = point + exponent, n = 0; n < 9; k++, n++)
                part = part * 10 + digit_at(s, count, point, k);
        if (scale == 1) {
                for (int64_t k = point + exponent < 0 ? 0 : point + exponent; k < count; k++)
                        if (digit_at(s, count, point, k) != 0)
                                return -EINVAL;
                part = 0;
        }
        if (__builtin_mul_overflow(whole, scale, &whole) ||
            __builtin_add_overflow(whole, (part * scale + 500000000) / 1000000000, &whole))
                return -ERANGE;
        if (sign)
                whole = -whole;
        if (whole < min || whole > max)
                return -ERANGE;
        *ret = whole;
        return 0;
}
