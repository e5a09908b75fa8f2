#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the daemons tell the service manager, read from the socket that systemd would have: ready, what they do, reloading, stopping; and
# that they are alive, which plimsolld says no more when a cluster's thread hangs (it is stopped here as a debugger would). Lines of their
# logs carry the journal's priorities. Needs python3 and redis-server.
set -u
BUILD=$(realpath "${1:-build/dev}")
exec python3 - "$BUILD" <<'EOF'
import ctypes, os, select, signal, socket, subprocess, sys, tempfile, time

build, bad = sys.argv[1], 0


def check(what, ok, got=""):
    global bad
    print(("ok      " if ok else "FAILED  ") + what + ("" if ok else f": {got}"))
    bad |= not ok


PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def thread_hold(tid):
    if libc.ptrace(PTRACE_SEIZE, tid, None, None) != 0 or libc.ptrace(PTRACE_INTERRUPT, tid, None, None) != 0:
        return False
    return os.waitpid(tid, 0x40000000)[0] == tid  # __WALL


class Daemon:
    def __init__(self, folder, words, **env):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = os.path.join(folder, "notify")
        if os.path.exists(path):
            os.unlink(path)
        self.socket.bind(path)
        self.said, self.log = [], open(os.path.join(folder, "log"), "w+")
        s = os.fstat(self.log.fileno())
        self.process = subprocess.Popen(words, stderr=self.log, stdout=subprocess.DEVNULL, env={
            **os.environ, "PLIMSOLL_SETTINGS": "", "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000",
            "JOURNAL_STREAM": f"{s.st_dev}:{s.st_ino}", **env})

    def hear(self, seconds, word=None, after=0):
        """What is said within seconds, or until a message after the first `after` has the word."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.socket], [], [], .05)[0]:
                self.said.append(self.socket.recv(4096).decode())
                if word and any(word in m for m in self.said[after:]):
                    return True
        return False

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        stopping = self.hear(60, "STOPPING=1")
        return stopping, self.process.wait(60)


with tempfile.TemporaryDirectory() as folder:
    d = Daemon(folder, [f"{build}/plimsolld", "--state-dir", folder, "--mode", "advise", "--interval", "1s"])
    check("plimsolld says that it is ready", d.hear(60, "READY=1"), d.said)
    check("... and what it does", any("STATUS=" in m and "cluster" in m for m in d.said), d.said)
    check("... that it is alive", d.hear(60, "WATCHDOG=1"), d.said)
    n = len(d.said)
    check("... and goes on saying it", d.hear(60, "WATCHDOG=1", n), d.said[n:])
    held = [int(t) for t in os.listdir(f"/proc/{d.process.pid}/task") if int(t) != d.process.pid]
    held = [t for t in held if thread_hold(t)]
    d.hear(1.5)
    n = len(d.said)
    check("its clusters' threads hang: it says no more that it is alive", held and not d.hear(1.5, "WATCHDOG=1", n), (held, d.said[n:]))
    for t in held:
        libc.ptrace(PTRACE_DETACH, t, None, None)
    check("... they go on: it does", d.hear(60, "WATCHDOG=1", n), d.said[n:])
    n = len(d.said)
    d.process.send_signal(signal.SIGHUP)
    check("SIGHUP: it says that it reloads, with the time", d.hear(60, "RELOADING=1\nMONOTONIC_USEC=", n), d.said[n:])
    check("... and is ready again", d.hear(60, "READY=1", n), d.said[n:])
    stopping, status = d.end()
    check("SIGTERM: it says that it stops", stopping, d.said)
    check("... and ends well", status == 0, status)
    lines = open(os.path.join(folder, "log")).read().splitlines()
    check("each line of its log has its priority", lines and all(l[:3] in ("<7>", "<6>", "<4>", "<3>") for l in lines), lines[:5])

    d = Daemon(folder, [f"{build}/plimsolld", "--state-dir", folder, "--set", "service.nothing=1"])
    status = d.process.wait(60)
    check("wrong settings: status 2, which the unit does not try again", status == 2, status)
    check("... and never ready", not d.hear(.2, "READY=1"), d.said)

    redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", f"{folder}/redis.sock", "--dir", folder, "--save", ""],
                             stdout=subprocess.DEVNULL)
    d = Daemon(folder, [f"{build}/plimsoll-agent", "--redis", f"unix://{folder}/redis.sock", "--uri", "test:///default",
                        "--collectors", "cpu,memory", "--interval", "10m"])
    check("plimsoll-agent says that it is ready", d.hear(60, "READY=1"), d.said)
    n = len(d.said)
    check("... and that it is alive, though it reports every ten minutes only", d.hear(60, "WATCHDOG=1", n), d.said[n:])
    stopping, status = d.end()
    check("... that it stops, and ends well", stopping and status == 0, (d.said, status))
    redis.terminate()
    redis.wait()
    d = Daemon(folder, [f"{build}/plimsoll-agent", "--redis", f"unix://{folder}/late.sock", "--collectors", "cpu,memory", "--interval", "200ms"])
    check("an agent whose reports arrive nowhere is ready, and says so", d.hear(60, "READY=1\nSTATUS=does not reach Redis"), d.said)
    n = len(d.said)
    redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", f"{folder}/late.sock", "--dir", folder, "--save", ""],
                             stdout=subprocess.DEVNULL)
    check("... and that it reports, once they do", d.hear(60, "STATUS=reports", n), d.said[n:])
    d.end()
    redis.terminate()
    redis.wait()
    d = Daemon(folder, [f"{build}/plimsoll-agent", "--collectors", "none"])
    status = d.process.wait(60)
    check("a wrong command line: status 2", status == 2, status)
sys.exit(bad)
EOF
