#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program in the sandbox of a unit, as far as that needs no running systemd: its own lines are read.

usage: unit_sandbox.py UNIT STATE_DIRECTORY COMMAND...     (as root, in a mount namespace of its own: unshare -m)
       unit_sandbox.py --list UNIT

Each line of [Service] is a row of LINES or MANAGER, or it is an error: a new one cannot be forgotten. Before the command
is run each row of LINES is tried out from inside: what it forbids must fail. --list prints the lines, how each is tried,
and which are not, with the reason. Linux on x86-64, Linux 6.3 or later (PR_SET_MDWE). Exit status 77: not on this machine."""
import ctypes, errno, os, re, resource, stat, struct, subprocess, sys

UID = 64077
HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'
DEVICES = {'null': 3, 'zero': 5, 'full': 7, 'random': 8, 'urandom': 9}  # of major 1
CAPABILITIES = {'CAP_SYSLOG': 34}
FAMILIES = {'AF_UNIX': 1, 'AF_INET': 2, 'AF_INET6': 10, 'AF_NETLINK': 16}
AF_PACKET, NAMESPACES, SUID, SGID = 17, 0x7E020080, 0o4000, 0o2000
libc = ctypes.CDLL(None, use_errno=True)
numbers = {}  # of system calls


def skip(why):
    print(why)
    sys.exit(77)


def called(name, *values):
    """0, or the errno."""
    values = [ctypes.c_long(v) if isinstance(v, int) else v for v in values]
    return 0 if libc.syscall(ctypes.c_long(numbers[name]), *values) >= 0 else ctypes.get_errno()


def prctl(option, *values):
    values = list(values) + [0] * (4 - len(values))
    if libc.prctl(option, *[ctypes.c_ulong(v) if isinstance(v, int) else v for v in values]) < 0:
        raise OSError(ctypes.get_errno(), f'prctl {option}')


def opened(path, flags=os.O_RDONLY):
    """0, or the errno."""
    try:
        os.close(os.open(path, flags))
        return 0
    except OSError as e:
        return e.errno


def status(word):
    return next(line.split()[1] for line in open('/proc/self/status') if line.startswith(word + ':'))


# ---- what each line forbids, tried from inside: true as it should be ----------------------------------------------------

def writes_nowhere(u):
    return all(opened(p, os.O_WRONLY | os.O_CREAT) in (errno.EROFS, errno.EACCES) for p in ('/etc/plimsoll-was-here', '/usr/plimsoll-was-here')) and \
        os.statvfs('/etc').f_flag & os.ST_RDONLY and os.statvfs('/usr').f_flag & os.ST_RDONLY


def only_its_devices(u):
    """By number, whatever stands in /dev: a node of a disk is made before the sandbox, and cannot be opened in it."""
    if not u.devices:
        return None
    kmsg = opened('/run/plimsoll-kmsg')
    return opened('/run/plimsoll-null') == 0 and opened('/run/plimsoll-disk') == errno.EPERM and \
        (kmsg in (0, errno.EACCES) if u.has('DeviceAllow') else kmsg == errno.EPERM)


def bounded(u):
    wanted = sum(1 << CAPABILITIES[c] for c in u.last('CapabilityBoundingSet').split())
    return int(status('CapBnd'), 16) == wanted


def ambient(u):
    wanted = sum(1 << CAPABILITIES[c] for c in u.last('AmbientCapabilities').split())
    return int(status('CapAmb'), 16) == wanted == int(status('CapEff'), 16)


def families(u):
    return all(called('socket', n, 2, 0) == 0 for f, n in FAMILIES.items() if f in u.last('RestrictAddressFamilies').split()) and \
        all(called('socket', n, 2, 0) == errno.EAFNOSUPPORT for n in (AF_PACKET, *(v for f, v in FAMILIES.items() if f not in u.last('RestrictAddressFamilies').split())))


def suid(u):
    path = os.path.join(u.state, 'suid')
    open(path, 'w').close()
    try:
        return called('chmod', path.encode(), 0o600 | SUID) == called('chmod', path.encode(), 0o600 | SGID) == errno.EPERM and called('chmod', path.encode(), 0o600) == 0 and \
            called('openat', -100, (path + '2').encode(), os.O_CREAT | os.O_WRONLY, 0o600 | SUID) == errno.EPERM
    finally:
        os.unlink(path)


def executable_memory(u):
    libc.mmap.restype = ctypes.c_void_p
    p = libc.mmap(None, ctypes.c_size_t(4096), 3, 0x22, -1, ctypes.c_long(0))
    return libc.mprotect(ctypes.c_void_p(p), ctypes.c_size_t(4096), 5) < 0 and ctypes.get_errno() == errno.EACCES


def others_hidden(u):
    return not os.path.exists('/proc/1') and os.path.exists('/proc/self')


def unwritable(*paths):
    return all(opened(p, os.O_WRONLY) in (errno.EROFS, errno.EACCES, errno.ENOENT, errno.EPERM, errno.EISDIR) for p in paths) and \
        all(os.statvfs(p).f_flag & os.ST_RDONLY for p in paths if os.path.exists(p) and not p.startswith('/proc/sysrq'))


BY = None  # what is exercised by what the command does
# directive: (what is tried, how; None as its result: cannot be tried on this machine, for the reason given last)
LINES = {
    'User': ('it is not root', lambda u: os.getuid() == UID and os.geteuid() == UID),
    'Group': ('nor of its group', lambda u: os.getgid() == UID),
    'NoNewPrivileges': ('no privileges to gain', lambda u: status('NoNewPrivs') == '1'),
    'UMask': ('what it makes is its own', lambda u: os.umask(0o077) == int(u.last('UMask'), 8)),
    'LimitCORE': ('no core', lambda u: resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)),
    'LimitNOFILE': ('so many files', lambda u: resource.getrlimit(resource.RLIMIT_NOFILE)[0] == u.files),
    'Nice': ('its priority', lambda u: os.nice(0) == int(u.last('Nice'))),
    'MemoryMax': ('more memory than that is refused', lambda u: u.memory and u.memory.read().strip() == str(int(u.last('MemoryMax')[:-1]) << 20) or None,
                  'no memory controller of cgroup v1 that can be written to'),
    'CapabilityBoundingSet': ('no other capability', bounded),
    'AmbientCapabilities': ('those that it has', ambient),
    'ProtectSystem': ('the system is read-only', writes_nowhere),
    'ProtectHome': ('no home', lambda u: all(opened(p) == errno.EACCES for p in ('/home', '/root'))),
    'PrivateTmp': ('a /tmp of its own', lambda u: os.listdir('/tmp') == [] and opened('/tmp/x', os.O_CREAT | os.O_WRONLY) == 0 and not os.unlink('/tmp/x')),
    'PrivateDevices': ('no node of hardware in /dev', lambda u: sorted(n for n in os.listdir('/dev') if stat.S_ISBLK(os.stat(f'/dev/{n}').st_mode) or stat.S_ISCHR(os.stat(f'/dev/{n}').st_mode)) == sorted(DEVICES)),
    'DevicePolicy': ('the node of a disk cannot be opened', only_its_devices, 'no device controller of cgroup v1 (with v2 systemd loads a BPF program)'),
    'DeviceAllow': ('that device it may read', only_its_devices, 'no device controller of cgroup v1'),
    'PrivateIPC': ('an IPC namespace of its own', lambda u: os.readlink('/proc/self/ns/ipc') != u.ipc),
    'ProtectProc': ('no process of others', others_hidden),
    'ProcSubset': ('nothing but processes in /proc', lambda u: not os.path.exists('/proc/meminfo') and not os.path.exists('/proc/sys')),
    'ProtectClock': ('the clock', lambda u: called('clock_settime', 0, ctypes.create_string_buffer(16)) == errno.EPERM),
    'ProtectHostname': ('the host\'s name', lambda u: called('sethostname', b'x', 1) == errno.EPERM and os.readlink('/proc/self/ns/uts') != u.uts),
    'ProtectKernelLogs': ('the kernel\'s log', lambda u: called('syslog', 2, ctypes.create_string_buffer(16), 16) == errno.EPERM and opened('/dev/kmsg') != 0),
    'ProtectKernelTunables': ('tunables', lambda u: unwritable('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/sys/kernel')),
    'ProtectKernelModules': ('modules', lambda u: called('init_module', b'', 0, b'') == errno.EPERM and opened('/lib/modules') in (errno.EACCES, errno.ENOENT)),
    'ProtectControlGroups': ('control groups', lambda u: os.statvfs('/sys/fs/cgroup').f_flag & os.ST_RDONLY),
    'RestrictAddressFamilies': ('sockets of other families', families),
    'RestrictNamespaces': ('no namespaces', lambda u: all(called('unshare', f) == errno.EPERM for f in (0x10000000, 0x40000000, 0x20000))),
    'RestrictRealtime': ('no real-time priority', lambda u: called('sched_setscheduler', 0, 1, struct.pack('i', 1)) == errno.EPERM),
    'RestrictSUIDSGID': ('no SUID and SGID files', suid),
    'LockPersonality': ('no other personality', lambda u: called('personality', 0x0040000) == errno.EPERM and called('personality', 0) == 0),
    'MemoryDenyWriteExecute': ('memory that was written is not executed', executable_memory),
    'SystemCallArchitectures': ('calls of 32 bits', BY, 'the filter ends a process for it: a probe would be the last thing it does'),
    'SystemCallFilter': ('calls of other groups', lambda u: status('Seccomp') == '2' and called('kexec_load', 0, 0, 0, 0) == called('swapon', b'/x', 0) == errno.EPERM),
    'SystemCallErrorNumber': ('as an error, not its end', lambda u: called('reboot', 0) == errno.EPERM),
    'StateDirectory': ('its directory can be written to', lambda u: opened(u.state + '/x', os.O_CREAT | os.O_WRONLY) == 0 and not os.unlink(u.state + '/x')),
    'StateDirectoryMode': ('and read by nobody else', lambda u: stat.S_IMODE(os.stat(u.state).st_mode) == int(u.last('StateDirectoryMode'), 8)),
    'RuntimeDirectory': ('its directory in /run', lambda u: opened(f'/run/{u.last("RuntimeDirectory")}/x', os.O_CREAT | os.O_WRONLY) == 0),
    'RemoveIPC': ('what it leaves of System V IPC', BY, 'systemd removes it when the unit has ended; nothing here makes any'),
    'SupplementaryGroups': ('groups', BY, 'a group that exists only where libvirt is installed'),
}
# What systemd does with the process: no sandbox.
MANAGER = ('Type', 'NotifyAccess', 'EnvironmentFile', 'Environment', 'ExecStart', 'ExecReload', 'Restart', 'RestartSec', 'RestartPreventExitStatus', 'WatchdogSec', 'KillMode',
           'TimeoutStopSec')


class Unit:
    def __init__(self, path, state):
        self.path, self.state, self.words, section = path, state, {}, ''
        for line in open(path):
            section = line.strip() if line.startswith('[') else section
            m = re.match(r'^(\w+)=(.*)$', line.strip())
            if m and section == '[Service]':
                self.words.setdefault(m[1], []).append(m[2])
        unknown = [w for w in self.words if w not in LINES and w not in MANAGER]
        assert not unknown, f'{path}: {", ".join(unknown)}: how is that tried? (tests/support/unit_sandbox.py)'
        self.devices = self.memory = None
        self.files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.ipc, self.uts = os.readlink('/proc/self/ns/ipc'), os.readlink('/proc/self/ns/uts')

    def has(self, word):
        return bool(self.words.get(word)) and self.words[word][-1] not in ('', 'no')

    def last(self, word):
        return self.words[word][-1]


# ---- control groups (v1): devices, memory --------------------------------------------------------------------------------

def control_group(controller):
    """A group of our own below the one that we are in, or None. Whoever runs this removes it."""
    m = next((line.rstrip('\n').split(':', 2)[2] for line in open('/proc/self/cgroup') if line.split(':')[1] == controller), None)
    path = f'/sys/fs/cgroup/{controller}{m}/plimsoll-sandbox-{os.getpid()}' if m else None
    try:
        os.mkdir(path)
        print(f'control group {path}', flush=True)  # for who removes it
        return path
    except (OSError, TypeError):
        return None


def put(path, text):
    with open(path, 'w') as f:
        f.write(text)


def control_groups(u):
    """Made before the mounts that hide them; entered, by what is returned, once the nodes are made."""
    devices = control_group('devices') if u.has('DevicePolicy') else None
    memory = control_group('memory') if u.has('MemoryMax') else None
    if memory:
        put(memory + '/memory.limit_in_bytes', str(int(u.last('MemoryMax')[:-1]) << 20))
        u.memory = open(memory + '/memory.limit_in_bytes')
    if devices:
        put(devices + '/devices.deny', 'a')
        for minor in DEVICES.values():
            put(devices + '/devices.allow', f'c 1:{minor} rwm')
        for device in u.words.get('DeviceAllow', []):
            at = os.stat(device.split()[0]).st_rdev
            put(devices + '/devices.allow', f'c {os.major(at)}:{os.minor(at)} {device.split()[1]}')
        u.devices = devices
    return [open(g + '/cgroup.procs', 'w') for g in (devices, memory) if g]


# ---- mounts --------------------------------------------------------------------------------------------------------------

RDONLY, NOSUID, NODEV, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18


def mount(what, where, kind, flags, data=None):
    if libc.mount(what.encode(), where.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode() if data else None) < 0:
        raise OSError(ctypes.get_errno(), f'mount {where}')


def hide(path):
    if os.path.isdir(path):
        mount('tmpfs', path, 'tmpfs', RDONLY | NOSUID | NODEV, 'mode=000')
    elif os.path.exists(path):
        mount('/run/plimsoll-nothing', path, '', BIND)


def read_only(paths):
    for line in open('/proc/self/mountinfo').read().splitlines():
        at = line.split()[4].replace('\\040', ' ')
        if any(at == p or at.startswith(p.rstrip('/') + '/') for p in paths):
            libc.mount(b'none', at.encode(), None, ctypes.c_ulong(BIND | REMOUNT | RDONLY), None)


def devices_of_its_own():
    mount('tmpfs', '/run/plimsoll-dev', 'tmpfs', NOSUID, 'mode=755')
    for name, minor in DEVICES.items():
        os.mknod(f'/run/plimsoll-dev/{name}', stat.S_IFCHR | 0o666, os.makedev(1, minor))
        os.chmod(f'/run/plimsoll-dev/{name}', 0o666)
    os.mkdir('/run/plimsoll-dev/shm')
    os.chmod('/run/plimsoll-dev/shm', 0o1777)
    mount('/run/plimsoll-dev', '/dev', '', BIND)


def mounts(u):
    mount('none', '/', '', PRIVATE | REC)
    mount(u.state, u.state, '', BIND)
    mount('tmpfs', '/run', 'tmpfs', NOSUID, 'mode=755')
    put('/run/plimsoll-nothing', '')
    os.chmod('/run/plimsoll-nothing', 0)
    os.mkdir('/run/plimsoll-dev')
    for name, kind, major, minor in (('null', stat.S_IFCHR, 1, 3), ('kmsg', stat.S_IFCHR, 1, 11), ('disk', stat.S_IFBLK, 7, 0)):
        os.mknod(f'/run/plimsoll-{name}', kind | 0o666, os.makedev(major, minor))
        os.chmod(f'/run/plimsoll-{name}', 0o666)
    if u.has('RuntimeDirectory'):
        os.mkdir(f'/run/{u.last("RuntimeDirectory")}')
        os.chown(f'/run/{u.last("RuntimeDirectory")}', UID, UID)
    if u.has('PrivateDevices'):
        devices_of_its_own()
    if u.has('ProtectHome'):
        for path in ('/home', '/root', '/run/user'):
            hide(path)
    if u.has('ProtectKernelModules'):
        hide('/lib/modules')
    if u.has('ProtectKernelLogs'):
        hide('/dev/kmsg')
        hide('/proc/kmsg')
    options = [o for o in ('hidepid=' + u.last('ProtectProc') if u.has('ProtectProc') else '', 'subset=pid' if u.has('ProcSubset') else '') if o]
    if options:
        mount('proc', '/proc', 'proc', NOSUID | NODEV, ','.join(options))
    if u.has('ProtectKernelTunables'):
        for path in ('/proc/sys', '/proc/irq', '/proc/fs', '/proc/sysrq-trigger'):
            if os.path.exists(path):
                mount(path, path, '', BIND)
                read_only([path])
        read_only(['/sys'])
    assert u.last('ProtectSystem') == 'strict'
    keep = (os.path.realpath(u.state), '/dev', '/proc', '/sys', '/run')
    for line in open('/proc/self/mountinfo').read().splitlines():
        at = line.split()[4].replace('\\040', ' ')
        if not any(at == k or at.startswith(k + '/') for k in keep):
            libc.mount(b'none', at.encode(), None, ctypes.c_ulong(BIND | REMOUNT | RDONLY), None)
    for folder in ('/tmp', '/var/tmp'):
        if not os.path.realpath(u.state).startswith(folder + '/'):
            mount('tmpfs', folder, 'tmpfs', NOSUID | NODEV, 'mode=1777')


# ---- system calls --------------------------------------------------------------------------------------------------------

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
            these = names(word) if word.startswith('@') else {word}
            out = out - these if f.startswith('~') else out | these
    return out | names('@default') | {'execve', 'exit', 'exit_group', 'rt_sigreturn'}


def with_arguments(u):
    """(call, argument, test, value, errno): the error where the argument is in the mask, or is another, or is none of these."""
    rules = []
    if u.has('RestrictAddressFamilies'):
        rules.append(('socket', 0, 'none of', [FAMILIES[f] for f in u.last('RestrictAddressFamilies').split()], errno.EAFNOSUPPORT))
    if u.has('RestrictNamespaces'):
        rules += [('unshare', 0, 'mask', NAMESPACES, errno.EPERM), ('clone', 0, 'mask', NAMESPACES, errno.EPERM), ('setns', 0, 'none of', [], errno.EPERM),
                  ('clone3', 0, 'none of', [], errno.ENOSYS)]
    if u.has('RestrictRealtime'):
        rules.append(('sched_setscheduler', 1, 'none of', [0, 3, 5], errno.EPERM))
    if u.has('RestrictSUIDSGID'):
        rules += [(call, at, 'mask', SUID | SGID, errno.EPERM) for call, at in
                  (('chmod', 1), ('fchmod', 1), ('fchmodat', 2), ('open', 2), ('creat', 1), ('openat', 3), ('mknod', 1), ('mknodat', 2), ('mkdir', 1), ('mkdirat', 2))]
    if u.has('LockPersonality'):
        rules.append(('personality', 0, 'none of', [0], errno.EPERM))
    for line, calls in (('ProtectClock', '@clock'), ('ProtectKernelModules', '@module')):
        rules += [(call, 0, 'none of', [], errno.EPERM) for call in (sorted(names(calls)) if u.has(line) else ())]
    rules += [('sethostname', 0, 'none of', [], errno.EPERM), ('setdomainname', 0, 'none of', [], errno.EPERM)] if u.has('ProtectHostname') else []
    rules += [('syslog', 0, 'none of', [], errno.EPERM)] if u.has('ProtectKernelLogs') else []
    return [r for r in rules if r[0] in numbers]


def seccomp(u):
    good = sorted(numbers[n] for n in allowed(u.words['SystemCallFilter']) if n in numbers)
    assert len(good) > 150, 'no system calls: is systemd-analyze another one?'
    code = [(0x20, 0, 0, 4), (0x15, 1, 0, 0xC000003E), (0x06, 0, 0, 0x80000000), (0x20, 0, 0, 0)]
    for call, at, test, value, error in with_arguments(u):
        body = [(0x20, 0, 0, 16 + 8 * at)]
        if test == 'mask':
            body += [(0x45, 0, 1, value), (0x06, 0, 0, 0x00050000 | error)]
        else:
            body += [(0x15, len(value) - i, 0, v) for i, v in enumerate(value)] + [(0x06, 0, 0, 0x00050000 | error)]
        body.append((0x20, 0, 0, 0))
        code += [(0x15, 0, len(body), numbers[call]), *body]
    for n in good:
        code += [(0x15, 0, 1, n), (0x06, 0, 0, 0x7FFF0000)]
    code.append((0x06, 0, 0, 0x00050000 | errno.EPERM))
    program = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *c) for c in code))
    header = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(code), ctypes.addressof(program)))
    prctl(22, 2, header)  # PR_SET_SECCOMP
    return program


# ---- who it is -----------------------------------------------------------------------------------------------------------

def become(u):
    kept = [CAPABILITIES[c] for c in u.last('CapabilityBoundingSet').split()]
    for capability in range(64):
        if capability not in kept:
            libc.prctl(24, ctypes.c_ulong(capability), 0, 0, 0)  # PR_CAPBSET_DROP
    prctl(8, 1)  # PR_SET_KEEPCAPS
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    bits = sum(1 << c for c in (CAPABILITIES[c] for c in u.last('AmbientCapabilities').split()))
    data = struct.pack('6I', *(word for half in (bits & 0xFFFFFFFF, bits >> 32) for word in (half, half, half)))
    assert called('capset', struct.pack('Ii', 0x20080522, 0), data) == 0
    for capability in (CAPABILITIES[c] for c in u.last('AmbientCapabilities').split()):
        prctl(47, 2, capability)  # PR_CAP_AMBIENT_RAISE


def probe(u):
    for word in u.words:
        how = LINES.get(word, (0, BY))[1]
        if how is BY or not (u.has(word) or word in ('CapabilityBoundingSet', 'AmbientCapabilities')):
            continue
        good = how(u)
        if good is None:
            print(f'not exercised: {word}: {LINES[word][2]}', flush=True)
        elif not good:
            raise SystemExit(f'{u.path}: {word} does not do what it should: {LINES[word][0]}')


def listed(u):
    for word, values in u.words.items():
        if word in MANAGER:
            continue
        what, how, *why = LINES[word]
        print(f'{word}={" ".join(values)}: {"not exercised: " + why[0] if how is BY else what}')


def main():
    if sys.argv[1] == '--list':
        listed(Unit(sys.argv[2], '/'))
        return
    u, command = Unit(sys.argv[1], sys.argv[2]), sys.argv[3:]
    if os.geteuid() != 0 or os.uname().machine != 'x86_64' or not os.path.exists(HEADER):
        skip('not root on x86-64 with the headers of Linux')
    numbers.update({m[1]: int(m[2]) for m in re.finditer(r'#define __NR_(\w+) (\d+)', open(HEADER).read())})
    os.chown(u.state, UID, UID)
    if u.has('PrivateIPC') and called('unshare', 0x08000000) or u.has('ProtectHostname') and called('unshare', 0x04000000):
        skip('no IPC and UTS namespaces')
    groups = control_groups(u)
    mounts(u)
    for group in groups:
        group.write(str(os.getpid()))
        group.close()
    if u.has('ProtectControlGroups'):
        read_only(['/sys/fs/cgroup'])
    if u.has('LimitNOFILE'):
        u.files = min(int(u.last('LimitNOFILE')), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (u.files, u.files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if u.has('Nice'):
        os.setpriority(os.PRIO_PROCESS, 0, int(u.last('Nice')))
    become(u)
    os.umask(0o077)
    os.chdir('/')
    os.environ['HOME'] = u.state
    prctl(38, 1)  # PR_SET_NO_NEW_PRIVS
    try:
        prctl(65, 1)  # PR_SET_MDWE
    except OSError:
        skip('Linux before 6.3')
    program = seccomp(u)
    probe(u)
    del program
    os.execv(command[0], command)


main()
