# SPDX-License-Identifier: Apache-2.0
"""What a VM needs of a host, and what keeps it where it is (docs/limits.md, docs/threshold.md, docs/snapshot-file.md)."""

OF_HOLD = {'never': 'VM_NEVER', 'window': 'VM_WINDOW', 'moves': 'VM_MOVES', 'for-now': 'VM_FOR_NOW', 'missed': 'VM_MISSED', 'mode': 'VM_MODE'}
OF_TIE = {'device': 'VM_DEVICE', 'snapshots': 'VM_SNAPSHOTS', 'block-job': 'VM_BLOCK_JOB',
          'transient-disk': 'VM_TRANSIENT_DISK', 'invtsc': 'VM_INVTSC'}
OF_STATE = {'cordoned': 'HOST_CORDONED', 'maintenance': 'HOST_MAINTENANCE', 'offline': 'HOST_OFFLINE'}


def may_leave(vm, source, settings):
    """Reasons for which the VM may not be moved at all."""
    if vm.state == 'booked':
        yield 'VM_BOOKED'
    if vm.doubled:
        yield 'VM_DOUBLED'
    if vm.in_flight:
        yield 'VM_IN_FLIGHT'
    if not vm.movable:
        yield OF_HOLD.get(vm.hold) or OF_TIE.get(vm.tie) or 'VM_PINNED'
    if vm.local_disk and (vm.state == 'off' or not settings.copy_disks):
        yield 'LOCAL_DISK'
    if not source.seen():
        yield 'SOURCE_FENCED'


def may_enter(vm, home, target):
    """Reasons for which the host takes no VM, or not this one."""
    if target.state != 'active':
        yield OF_STATE[target.state]
    if target.fence != 'none':
        yield 'HOST_SEEN' if target.fence == 'seen' else 'HOST_FENCED'
    if target.no_entry:
        yield 'HOST_UNSURE'
    if target.grade >= 2:
        yield 'HOST_FAULTY'
    for reason, wanted, there in (
            ('NETWORK', vm.networks, target.networks), ('STORAGE', vm.pools, target.pools),
            ('MACHINE', {vm.machine} - {None}, target.machines), ('EMULATOR', {vm.emulator} - {None}, target.emulators),
            ('CPU_FEATURE', vm.cpu_features, target.cpu_features), ('IMAGE', vm.images, target.images),
            ('PORTGROUP', vm.portgroups, target.portgroups), ('CPU_PINS', vm.pins, target.cpu_list),
            ('NUMA_NODE', vm.nodes, target.nodes)):
        if there is not None and not wanted <= there:
            yield reason
    if vm.arch and target.arch and vm.arch != target.arch:
        yield 'ARCH'
    if vm.cpu_model in ('host-passthrough', 'maximum'):
        if home.cpu_model and target.cpu_model and home.cpu_model != target.cpu_model:
            yield 'CPU_MODEL'
    elif vm.cpu_model and target.cpu_models is not None and vm.cpu_model not in target.cpu_models:
        yield 'CPU_MODEL'
    yield from cells_fit(vm, target)


def cells_fit(vm, target):
    """docs/numa.md, 1 and 2: the nodes a cell is bound to must be there, and have its CPUs; 3 to 5 are room.py's."""
    for cell in vm.cells if target.numa else []:
        if not cell['nodes'] <= target.nodes:
            yield 'NUMA_NODE'
        elif cell['nodes']:
            cpus = [target.numa[n].cpus for n in cell['nodes']]
            if None not in cpus and (len(set().union(*cpus)) < cell['cpus'] or not cell['pins'] <= set().union(*cpus)):
                yield 'NUMA_ROOM'
