// SPDX-License-Identifier: Apache-2.0
// Hosts as a table, and one host: how loaded, what it waits for, what fails, which VMs, what moves.
import { h } from './dom.js';
import { get, list, act } from './live.js';
import { askFirst, button, whoMay } from './actions.js';
import { bar, sign } from './draw.js';
import { table, withQuery } from './table.js';
import { factsAge, hostClass, isAway, label, moving, worstFirst, words } from './model.js';
import { count, mib, pct, plural } from './text.js';
import { when } from './when.js';
import { moveLine } from './view_cluster.js';

const states = [['', 'all'], ['attention', 'need attention'], ['above', 'above line'], ['failing', 'failing'], ['unknown', 'silent'], ['maintenance', 'maintenance or cordoned'], ['within', 'within']];
const fits = {
	'': () => true, attention: x => hostClass(x) !== 'within', maintenance: isAway,
};

export const filters = (name, all, chosen) => h('nav.filters', { 'aria-label': `Filter of ${name}` }, h('ul', null, all.map(([id, text]) => h('li', null, h('a', { href: withQuery({ state: id }), 'aria-current': chosen === id ? 'true' : null, 'data-quiet': true }, text)))));

export const hosts = {
	title: () => 'Hosts',
	load: async (place, signal) => ({ status: await get('status', {}, { signal }) }),
	age: data => factsAge(data.status),
	draw({ status }, ctx) {
		const { state = '', q = '' } = ctx.place.query, fit = fits[state] || (x => hostClass(x) === state);
		const rows = status.hosts.filter(x => fit(x) && x.name.toLowerCase().includes(q.toLowerCase())).sort(worstFirst);
		const use = (r, line, kind) => x => [bar(x.fenced ? null : x[r], x[line], kind(x), ''), h('span.barnum', null, x.fenced ? '?' : pct(x[r]))];
		const kindOf = (r, line) => x => (x[r] > x[line] ? 'above' : 'within');
		return [h('h1', null, 'Hosts'), filters('hosts', states, state),
			q ? h('p', null, `Names with “${q}”. `, h('a', { href: withQuery({ q: null }) }, 'All names')) : null,
			h('p.soft', { key: 'n' }, `${count(rows.length)} of ${plural(status.hosts.length, 'host')}`),
			table({
				name: 'Hosts', rows, key: x => x.name, usual: null, empty: status.hosts.length ? 'No host is so.' : 'No host has reported yet. Start plimsoll-agent on each host.',
				columns: [
					{ id: 'name', label: 'Host', value: x => x.name, csv: x => x.name, cell: x => h('a', { href: ctx.hostUrl(x.name) }, sign(hostClass(x)), ` ${x.name}`) },
					{ id: 'state', label: 'State', wide: true, value: x => `${['failing', 'unknown', 'above', 'within'].indexOf(hostClass(x))}${x.state}`, cell: x => [words[hostClass(x)], isAway(x) ? `, ${x.state}` : ''] },
					{ id: 'cpu', label: 'CPU', unit: 'share of capacity', value: x => (x.fenced ? null : x.cpu_used), cell: use('cpu_used', 'cpu_load_line', kindOf('cpu_used', 'cpu_load_line')) },
					{ id: 'memory', label: 'Memory', unit: 'share of capacity', value: x => (x.fenced ? null : x.memory_used), cell: use('memory_used', 'memory_load_line', kindOf('memory_used', 'memory_load_line')) },
					{ id: 'vms', label: 'VMs', num: true, value: x => x.vm_count, cell: x => count(x.vm_count) },
					{ id: 'grade', label: 'Fault', num: true, wide: true, value: x => x.fault_grade, cell: x => (x.fault_grade ? `grade ${x.fault_grade}` : 'none') },
					{ id: 'rack', label: 'Rack', wide: true, value: x => label(x, 'rack'), cell: x => label(x, 'rack') || '' },
					{ id: 'seen', label: 'Report', wide: true, value: x => x.seen_at, csv: x => x.seen_at, cell: x => when(x.seen_at) },
				],
			})];
	},
};

const isSilent = x => x.fenced || x.cpu_used === null;

function resources(x, after) {
	const one = (name, used, line, then) => h('div.resource', { key: name }, h('span.name', null, name),
		isSilent(x) ? [bar(null, line, 'unknown', name), h('span', null, 'unknown')] : [bar(used, line, used > line ? 'above' : 'within', name), h('span', null, `now ${pct(used)}, line ${pct(line)}${then !== null && then !== undefined ? `; after the plan ${pct(then)}` : ''}`)]);
	return h('section.card', { key: 'resources' }, h('h2', null, 'Load'), one('CPU', x.cpu_used, x.cpu_load_line, after?.cpu), one('Memory', x.memory_used, x.memory_load_line, after?.memory), waits(x.contention));
}

function waits(c) {
	const list = [['CPU', c.cpu_stalled], ['memory', c.memory_stalled], ['I/O', c.io_stalled]];
	return h('dl.facts', null, h('dt', null, 'Waited (share of time a task had to)'), h('dd', null, list.map(([n, v]) => `${n} ${pct(v, v > 0 && v < 0.01 ? 1 : 0)}`).join(', ')),
		h('dt', null, 'Swap in use'), h('dd', null, mib(c.swap_used_mib)));
}

export function acceptButton(hostName, f, ctx) {
	return button('operate', 'Accept…', () => askFirst({
		title: `Accept the evidence against ${f.device} of ${hostName}?`, text: [h('p', null, f.why || ''), h('p', null, 'The host counts as healthy in this respect until the evidence grows; then it counts again. The log keeps who accepted it, when and why.')],
		fields: [{ name: 'why', label: 'Why', needed: true, help: 'such as: cable replaced' }], button: 'Accept', said: `The evidence against ${f.device} is accepted.`,
		run: v => act('PUT', `faults/${encodeURIComponent(hostName)}/${encodeURIComponent(f.device)}/accepted`, { why: v.why }), then: ctx.wake,
	}), { kind: 'plain', about: f.device });
}

export const host = {
	title: place => `Host ${place.name}`,
	gone: (place, problem, ctx) => [h('p', null, problem.message), h('p', null, h('a', { href: `${ctx.base}/hosts` }, 'All hosts'))],
	async load(place, signal) {
		const one = await get(`hosts/${encodeURIComponent(place.name)}`, {}, { signal });
		const [status, vms, faults, maintenance] = await Promise.all([
			get('status', {}, { signal }), list('vms', { host: place.name }, { most: 500, keep: v => v.host === place.name, signal }), list('faults', {}, { signal }), get('maintenance', {}, { signal })]);
		return { host: one, status, vms, fault: faults.items.find(f => f.host === place.name) || null, maintenance: maintenance.hosts.find(m => m.name === place.name) || null };
	},
	age: data => factsAge(data.status),
	draw({ host: x, status, vms, fault, maintenance }, ctx) {
		const kind = hostClass(x), away = isAway(x), here = m => m.from === x.name || m.to === x.name;
		const planned = new Map((status.service?.moves || []).filter(m => m.from === x.name).map(m => [m.vm, m])), now_ = moving(status).filter(here), coming = (status.service?.moves || []).filter(m => m.to === x.name);
		const stays = new Map([...(status.service?.stays || []), ...(maintenance?.cannot_leave || [])].map(s => [s.vm, s.why]));
		return [
			h('h1', null, sign(kind), ` ${x.name} `, h('span.soft', null, `${words[kind]}${away ? `, ${x.state}` : ''}`)),
			h('p.soft', { key: 'line' }, 'Report ', when(x.seen_at), label(x, 'rack') ? `; rack ${label(x, 'rack')}` : '', label(x, 'zone') ? `, zone ${label(x, 'zone')}` : '', `; ${plural(x.vm_count, 'VM')}`),
			isSilent(x) ? h('div.banner.unknown.hatched', { key: 'silent' }, h('strong', null, 'Unknown: '), `${x.fenced || 'of this host not all facts are there'}. Last known: CPU ${pct(x.cpu_used)}, memory ${pct(x.memory_used)}, `, when(x.seen_at), '. It is neither source nor target of a move for load.') : null,
			x.takes_none ? h('div.banner.unknown', { key: 'none' }, `Takes no VM: ${x.takes_none}`) : null,
			x.unread ? h('div.banner.unknown', { key: 'unread' }, `Not all could be read: ${x.unread}`) : null,
			maintenance ? h('div.banner.above', { key: 'maintenance' }, h('strong', null, maintenance.empty ? 'Empty: safe to switch off. ' : 'In maintenance. '), maintenance.text || '', ' ', h('a', { href: `${ctx.base}/maintenance` }, 'Maintenance')) : null,
			h('div.columns', { key: 'columns' }, resources(x, null),
				h('section.card', { key: 'faults' }, h('h2', null, 'Faults'), fault?.faults.length ? h('ul.plainlist', null, fault.faults.map(f => h('li', { key: f.device }, sign(f.grade >= 3 ? 'failing' : 'above', `grade ${f.grade}`), ` ${f.device}: grade ${f.grade}, ${f.means}: ${f.why || ''}; since `, when(f.since), ' ', acceptButton(x.name, f, ctx)))) : h('p.empty', null, fault?.unread || x.unread ? 'Not all could be read: unknown.' : isSilent(x) ? 'Unknown: the host does not report.' : 'None is known.'),
					now_.length ? [h('h3', null, 'Moving now'), h('ul.items', null, now_.map(m => moveLine(m, ctx)))] : null,
					coming.length ? h('p.soft', null, `${plural(coming.length, 'VM')} to come: ${coming.slice(0, 6).map(m => m.vm).join(', ')}${coming.length > 6 ? ' …' : ''}`) : null)),
			h('h2', { key: 'h-vms' }, `VMs${isSilent(x) ? ", as last known" : ""} (${vms.items.length})`),
			table({
				name: `VMs of ${x.name}`, rows: vms.items, key: v => v.uuid || v.name, usual: '-cpu', total: vms.total, empty: isSilent(x) ? 'Unknown: the host does not report.' : 'No VM is on it.',
				columns: [
					{ id: 'name', label: 'VM', value: v => v.name, cell: v => h('a', { href: ctx.vmUrl(v.name) }, v.name) },
					{ id: 'cpu', label: 'CPU, cores', num: true, unit: 'cores', value: v => v.cpu, cell: v => (v.cpu === null || v.cpu === undefined ? 'unknown' : v.cpu.toFixed(1)) },
					{ id: 'memory', label: 'Memory', num: true, unit: 'MiB', value: v => v.memory_mib, cell: v => mib(v.memory_mib) },
					{ id: 'plan', label: 'Plan', value: v => planned.get(v.name)?.to ?? null, cell: v => (planned.has(v.name) ? `→ ${planned.get(v.name).to}` : 'stays') },
					{ id: 'leave', label: 'Can it leave?', wide: true, text: true, value: v => stays.get(v.name) ?? null, cell: v => (stays.has(v.name) ? h('span.bad', null, `no: ${stays.get(v.name)}`) : v.immovable || v.pinned ? `no: ${v.immovable || v.pinned}` : h('a', { href: ctx.vmUrl(v.name) }, 'where to')) },
				],
			}),
			h('div.actions', { key: 'actions' },
				x.state === 'active' ? button('operate', 'Maintenance…', () => ctx.go(`${ctx.base}/maintenance?host=${encodeURIComponent(x.name)}`)) : null,
				x.state === 'maintenance' ? button('operate', 'Give back', () => askFirst({ title: `Put ${x.name} back into service?`, text: h('p', null, 'It takes VMs again from the next plan on.'), button: 'Give back', run: () => act('DELETE', `hosts/${encodeURIComponent(x.name)}/maintenance`), then: ctx.wake })) : null,
				whoMay('operate', 'put it into maintenance or accept a fault')),
		];
	},
};
