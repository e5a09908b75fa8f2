/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/top_terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "scheduler/base/common.h"

/* The other screen, without a cursor; and back. */
#define TOP_SCREEN_ENTER "\033[?1049h\033[?25l"
#define TOP_SCREEN_LEAVE "\033[?25h\033[?1049l"

static struct termios top_terminal_before;
static volatile sig_atomic_t top_terminal_is_ours;
static const int top_terminal_fatal[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGQUIT };

static void top_terminal_write(const char *s, size_t n) {
        while (n > 0) {
                const ssize_t done = write(STDOUT_FILENO, s, n);

                if (done < 0 && errno != EINTR)
                        return;
                if (done > 0) {
                        s += done;
                        n -= (size_t) done;
                }
        }
}

/* All of it may be called by a handler of signals: tcsetattr(3) and write(2) may, too. */
static void top_terminal_take(void) {
        struct termios raw = top_terminal_before;

        raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        (void) tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        top_terminal_write(TOP_SCREEN_ENTER, sizeof(TOP_SCREEN_ENTER) - 1);
        top_terminal_is_ours = 1;
}

void top_terminal_leave(void) {
        if (!top_terminal_is_ours)
                return;
        top_terminal_is_ours = 0;
        top_terminal_write(TOP_SCREEN_LEAVE, sizeof(TOP_SCREEN_LEAVE) - 1);
        (void) tcsetattr(STDIN_FILENO, TCSANOW, &top_terminal_before);
}

/* As without a handler, once the terminal is as it was. */
static void top_terminal_pass_on(int number) {
        const int error = errno;
        sigset_t one;

        top_terminal_leave();
        (void) signal(number, SIG_DFL);
        (void) sigemptyset(&one);
        (void) sigaddset(&one, number);
        (void) raise(number);
        (void) sigprocmask(SIG_UNBLOCK, &one, NULL); /* it ends, or stops, here */
        errno = error;
}

static void top_terminal_stopped(int number) {
        struct sigaction action = { .sa_handler = top_terminal_stopped };

        top_terminal_pass_on(number);
        (void) sigemptyset(&action.sa_mask);
        (void) sigaction(SIGTSTP, &action, NULL);
        top_terminal_take();
}

/* That it came ends a wait for keys. */
static void top_terminal_resized(int number) {
        (void) number;
}

int top_terminal_enter(void) {
        struct sigaction fatal = { .sa_handler = top_terminal_pass_on },
                         stopped = { .sa_handler = top_terminal_stopped },
                         resized = { .sa_handler = top_terminal_resized };

        if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
            tcgetattr(STDIN_FILENO, &top_terminal_before) < 0)
                return -ENOTTY;
        if (atexit(top_terminal_leave) != 0)
                return -ENOMEM;
        (void) sigemptyset(&fatal.sa_mask);
        (void) sigemptyset(&stopped.sa_mask);
        (void) sigemptyset(&resized.sa_mask);
        for (size_t i = 0; i < ARRAY_SIZE(top_terminal_fatal); i++)
                (void) sigaction(top_terminal_fatal[i], &fatal, NULL);
        (void) sigaction(SIGTSTP, &stopped, NULL);
        (void) sigaction(SIGWINCH, &resized, NULL);
        top_terminal_take();
        return 0;
}

void top_terminal_size(unsigned *ret_columns, unsigned *ret_lines) {
        struct winsize size = { 0 };
        const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;

        *ret_columns = known ? size.ws_col : 80;
        *ret_lines = known ? size.ws_row : 24;
}

void top_terminal_draw(const char *frame, size_t n) {
        top_terminal_write("\033[H", 3);
        top_terminal_write(frame, n);
        top_terminal_write("\033[J", 3);
}

/* ---- keys ---- */

/* -1: nothing came. */
static int top_terminal_byte(int timeout_ms) {
        struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
        unsigned char c;

        if (poll(&in, 1, timeout_ms) <= 0)
                return -1;
        if (in.revents & POLLIN)
                return read(STDIN_FILENO, &c, 1) == 1 ? c : TOP_KEY_CLOSED;
        return TOP_KEY_CLOSED;
}

/* What terminals send for keys that are no characters begins with Escape; what follows comes at once. */
static int top_terminal_sequence(void) {
        static const struct {
                const char *is;
                int key;
        } keys[] = { { "[A", TOP_KEY_UP },   { "[B", TOP_KEY_DOWN },     { "OA", TOP_KEY_UP },
                     { "OB", TOP_KEY_DOWN }, { "[5~", TOP_KEY_PAGE_UP }, { "[6~", TOP_KEY_PAGE_DOWN },
                     { "[H", TOP_KEY_HOME }, { "[F", TOP_KEY_END },      { "OH", TOP_KEY_HOME },
                     { "OF", TOP_KEY_END },  { "[1~", TOP_KEY_HOME },    { "[4~", TOP_KEY_END } };
        char got[8] = "";
        size_t n = 0;

        for (int c = top_terminal_byte(50); c >= 0 && c < 256; c = top_terminal_byte(50)) {
                if (n + 1 < sizeof(got))
                        got[n++] = (char) c;
                if (n > 1 && (c == '~' || (c >= 'A' && c <= 'Z')))
                        break;
        }
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strcmp(keys[i].is, got) == 0)
                        return keys[i].key;
        return n == 0 ? TOP_KEY_ESCAPE : TOP_KEY_NONE;
}

int top_terminal_key(int timeout_ms) {
        const int c = top_terminal_byte(timeout_ms);

        return c < 0 ? TOP_KEY_NONE : c == TOP_KEY_ESCAPE ? top_terminal_sequence() : c;
}
