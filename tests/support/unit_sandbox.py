#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program in the sandbox of a unit, as far as that needs no running systemd: its own lines are read.

usage: unit_sandbox.py UNIT STATE_DIRECTORY COMMAND...     (as root, in a mount namespace of its own: unshare -m)

Kept: User= (as a number that nobody has), CapabilityBoundingSet= (empty), NoNewPrivileges=, UMask=, LimitNOFILE=,
ProtectSystem=strict (all is read-only but STATE_DIRECTORY), PrivateTmp=, MemoryDenyWriteExecute= and SystemCallFilter= with
SystemCallErrorNumber=EPERM. A word that is not known here is let be; one of these that the unit lacks is an error.
Linux on x86-64, Linux 6.3 or later (PR_SET_MDWE). Exit status 77: it cannot be done on this machine."""
import ctypes, os, re, resource, struct, subprocess, sys

UID = 64077
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_MDWE, PR_CAPBSET_DROP = 38, 22, 65, 24
HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'
libc = ctypes.CDLL(None, use_errno=True)


def skip(why):
    print(why)
    sys.exit(77)


def prctl(option, *values):
    values = list(values) + [0] * (4 - len(values))
    if libc.prctl(option, *[ctypes.c_ulong(v) if isinstance(v, int) else v for v in values]) < 0:
        raise OSError(ctypes.get_errno(), f'prctl {option}')


def unit(path):
    words = {}
    for line in open(path):
        m = re.match(r'^(\w+)=(.*)$', line.strip())
        if m:
            words.setdefault(m[1], []).append(m[2])
    wanted = {'ProtectSystem': ['strict'], 'PrivateTmp': ['yes'], 'NoNewPrivileges': ['yes'], 'CapabilityBoundingSet': [''],
              'MemoryDenyWriteExecute': ['yes'], 'SystemCallErrorNumber': ['EPERM'], 'UMask': ['0077']}
    for word, value in wanted.items():
        assert words.get(word) == value, f'{path}: {word}={words.get(word)}, and this knows {value} only'
    return words


def names(group):
    text = subprocess.run(['systemd-analyze', 'syscall-filter', group], capture_output=True, text=True, check=True).stdout
    out = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word.startswith('@'):
            out |= names(word)
        elif word and not word.startswith('#'):
            out.add(word)
    return out


def allowed(filters):
    out = names('@default')
    for f in filters:
        for word in f.lstrip('~').split():
            out = out - names(word) if f.startswith('~') else out | names(word)
    return out | names('@default') | {'execve', 'exit', 'exit_group', 'rt_sigreturn'}


def seccomp(filters):
    numbers = {m[1]: int(m[2]) for m in re.finditer(r'#define __NR_(\w+) (\d+)', open(HEADER).read())}
    good = sorted(numbers[n] for n in allowed(filters) if n in numbers)
    assert len(good) > 150, 'no system calls: is systemd-analyze another one?'
    code = [(0x20, 0, 0, 4), (0x15, 1, 0, 0xC000003E), (0x06, 0, 0, 0x80000000), (0x20, 0, 0, 0)]
    for n in good:
        code += [(0x15, 0, 1, n), (0x06, 0, 0, 0x7FFF0000)]
    code.append((0x06, 0, 0, 0x00050001))  # EPERM
    program = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *c) for c in code))
    header = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(code), ctypes.addressof(program)))
    prctl(PR_SET_SECCOMP, 2, header)
    return program


def mount(what, where, kind, flags):
    if libc.mount(what.encode(), where.encode(), kind.encode(), ctypes.c_ulong(flags), None) < 0:
        raise OSError(ctypes.get_errno(), f'mount {where}')


def mounts(state):
    private, bind, rec, remount, readonly = 1 << 18, 4096, 16384, 32, 1
    mount('none', '/', '', private | rec)
    mount(state, state, '', bind)
    keep = {os.path.realpath(state), '/dev/null'}
    for line in open('/proc/self/mountinfo').read().splitlines():
        at = line.split()[4].replace('\\040', ' ')
        if at in keep or at.startswith(('/proc', '/sys', '/dev')):
            continue
        libc.mount(b'none', at.encode(), None, ctypes.c_ulong(bind | remount | readonly), None)
    for folder in ('/tmp', '/var/tmp'):
        if not os.path.realpath(state).startswith(folder + '/'):
            mount('tmpfs', folder, 'tmpfs', 0)


def main():
    path, state, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    words = unit(path)
    if os.geteuid() != 0 or os.uname().machine != 'x86_64' or not os.path.exists(HEADER):
        skip('not root on x86-64 with the headers of Linux')
    os.chown(state, UID, UID)
    mounts(state)
    limit = min(int(words['LimitNOFILE'][0]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0)
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    os.umask(0o077)
    os.chdir('/')
    os.environ['HOME'] = state
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    try:
        prctl(PR_SET_MDWE, 1)
    except OSError:
        skip('Linux before 6.3')
    program = seccomp(words['SystemCallFilter'])
    try:
        open('/etc/plimsoll-was-here', 'w')
        raise SystemExit('/etc can be written to: this is no sandbox')
    except OSError:
        pass
    if libc.syscall(ctypes.c_long(160), 7, 0) >= 0 or ctypes.get_errno() != 1:  # setrlimit, of @resources
        raise SystemExit('setrlimit is let through: this is no sandbox')
    del program
    os.execv(command[0], command)


main()
