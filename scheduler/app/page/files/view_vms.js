// SPDX-License-Identifier: Apache-2.0
// VMs by name, and one VM: why it is here, where else it could be, and what it has been through.
import { h } from './dom.js';
import { get, list, Problem } from './live.js';
import { sign } from './draw.js';
import { table, withQuery } from './table.js';
import { bounded, bytes, count, mib, pct, pctPair, plural, span } from './text.js';
import { at } from './when.js';

const MOST = 1000;

export const vms = {
	title: () => 'VMs',
	async load(place, signal) {
		const q = (place.query.q || '').toLowerCase(), keep = q ? v => v.name.toLowerCase().includes(q) : null;
		return list('vms', { q: place.query.q }, { most: MOST, keep, signal });
	},
	draw(data, ctx) {
		const q = ctx.place.query.q || '';
		return [h('h1', null, 'VMs'),
			h('form.filter', { key: 'filter', role: 'search', onsubmit: e => { e.preventDefault(); ctx.go(withQuery({ q: e.currentTarget.elements.q.value.trim() }), { quiet: true }); } },
				h('label', null, 'Name contains ', h('input', { name: 'q', type: 'search', value: q, autocomplete: 'off', spellcheck: 'false' })), h('button', { type: 'submit' }, 'Filter')),
			h('p.soft', { key: 'n' }, data.total === null ? `the first ${count(data.items.length)} that match` : data.items.length < data.total ? `${count(data.items.length)} of ${count(data.total)}: filter to see others` : plural(data.items.length, 'VM')),
			table({
				name: 'VMs', rows: data.items, key: v => v.uuid || v.name, usual: q ? 'name' : '-cpu', empty: q ? `No VM has “${q}” in its name.` : 'No VM is known: no host has reported one.',
				columns: [
					{ id: 'name', label: 'VM', value: v => v.name, cell: v => h('a', { href: ctx.vmUrl(v.name) }, v.name) },
					{ id: 'host', label: 'Host', value: v => v.host, cell: v => h('a', { href: ctx.hostUrl(v.host) }, v.host) },
					{ id: 'cpu', label: 'CPU, cores', num: true, unit: 'cores', value: v => v.cpu, cell: v => (v.cpu === null || v.cpu === undefined ? 'unknown' : v.cpu.toFixed(1)) },
					{ id: 'vcpus', label: 'vCPUs', num: true, unit: 'vCPUs', wide: true, value: v => v.vcpus, cell: v => count(v.vcpus) },
					{ id: 'memory', label: 'Memory', num: true, unit: 'MiB', value: v => v.memory_mib, cell: v => mib(v.memory_mib) },
					{ id: 'state', label: 'State', wide: true, value: v => v.state || 'running', cell: v => v.state || 'running' },
				],
			})];
	},
};

const share = x => pct(x, x > 0 && x < 0.01 ? 1 : 0);
const pairText = (name, p) => (p ? `${name} ${pctPair(p.now, p.with_it).join(' → ')}` : '');

function reasons(refused) {
	const by = new Map();
	for (const x of refused) by.set(x.reason || 'other', [...(by.get(x.reason || 'other') || []), x]);
	return [...by].sort((a, b) => b[1].length - a[1].length);
}

export const vm = {
	title: place => `VM ${place.name}`,
	gone: (place, problem, ctx) => [h('p', null, problem.message), h('p', null, h('a', { href: `${ctx.base}/vms` }, 'All VMs'))],
	async load(place, signal) {
		const one = await get(`vms/${encodeURIComponent(place.name)}`, {}, { signal });
		const [why, past] = await Promise.all([
			get('explain', { vm: place.name, host: place.query.to }, { signal }).catch(e => { if (e instanceof Problem && e.status === 400) return { failed: e }; throw e; }),
			list('audit', { vm: place.name, since: '30d' }, { most: 50, signal })]);
		return { vm: one, why, past };
	},
	draw({ vm: v, why, past }, ctx) {
		const all = why.hosts || [], open = all.filter(x => x.verdict === 'open'), refused = all.filter(x => x.verdict === 'refused'), c = why.contention || {}, to = ctx.place.query.to || '';
		const moves = past.items.flatMap(d => d.moves.filter(m => m.vm === v.name).map(m => ({ ...m, at: d.at, by: d.by })));
		const here = all.find(x => x.verdict === 'here'), waited = [['CPU', c.cpu_delay ?? c.cpu_stalled], ['memory', c.memory_stalled], ['I/O', c.io_stalled]];
		const hostRow = x => h('li', { key: x.host }, h('a', { href: ctx.hostUrl(x.host) }, x.host), h('span.soft', null, ` ${[pairText('CPU', x.load?.cpu), pairText('memory', x.load?.memory)].filter(Boolean).join(', ')}${x.above_load_line ? '; above its line then' : ''}`));
		return [
			h('h1', null, v.name, ' ', h('span.soft', null, 'on '), h('a', { href: ctx.hostUrl(v.host) }, v.host)),
			h('p.soft', { key: 'facts' }, `${v.state || 'running'}, ${plural(v.vcpus, 'vCPU')}, ${mib(v.memory_mib)}${v.groups?.length ? `; group ${v.groups.join(', ')}` : ''}`),
			h('div.columns', { key: 'columns' },
				h('section.card', { key: 'why' }, h('h2', null, 'Why here'),
					why.failed ? h('p.empty', null, why.failed.message) : [
						why.blocked_why ? h('p.bad', null, sign('failing', 'cannot leave'), ` It must leave and cannot: ${why.blocked_why}`) : null,
						why.planned ? h('p', null, 'The plan moves it: ', h('strong', null, `→ ${why.planned.to}`), `: ${why.planned.why}`) : h('p', null, here?.above_load_line ? 'Its host is above its load line; the plan leaves it here all the same: other moves gain more, or none is worth its cost.' : 'It stays: no move of it is worth its cost.'),
						here ? h('p.soft', null, `${v.host} now: ${[['CPU', here.load?.cpu], ['memory', here.load?.memory]].filter(p => p[1]).map(([n, p]) => `${n} ${pct(p.now)}`).join(', ')}`) : null],
					h('dl.facts', null, h('dt', null, 'It waited (share of time)'), h('dd', null, waited.map(([n, x]) => `${n} ${share(x)}`).join(', ')), h('dt', null, 'It asks for'), h('dd', null, why.needs ? `${why.needs.cpu?.toFixed(1) ?? 'unknown'} cores, ${mib(why.needs.memory_mib)}` : 'unknown'))),
				h('section.card', { key: 'where' }, h('h2', null, 'Where else'),
					h('p.soft', null, `${open.length} open, ${refused.length} refused`, to ? [`; asked about ${to} alone. `, h('a', { href: withQuery({ to: null }) }, 'All hosts')] : null),
					open.length ? h('ul.plainlist', null, open.slice(0, 8).map(hostRow)) : null,
					open.length > 8 ? h('details', null, h('summary', null, `${open.length - 8} more that are open`), h('ul.plainlist', null, open.slice(8, 60).map(hostRow))) : null,
					reasons(refused).map(([reason, list_]) => h('details', { key: `r:${reason}`, open: !!to }, h('summary', null, h('span.bad', null, `${plural(list_.length, 'host')} refused`), `: ${list_[0].text || reason}`),
						h('ul.plainlist', null, list_.slice(0, 40).map(x => h('li', { key: x.host }, h('a', { href: withQuery({ to: x.host }) }, x.host), `: ${x.text || reason}`, x.would_allow_it ? h('span.soft', null, ` What would allow it: ${x.would_allow_it}`) : null))), list_.length > 40 ? h('p.soft', null, `40 of ${list_.length}`) : null)),
					why.smallest_change ? h('p', null, h('strong', null, 'Smallest change that would let it go: '), `${why.smallest_change.text}${why.smallest_change.host ? ` (to ${why.smallest_change.host})` : ''}`) : null)),
			h('h2', { key: 'h' }, 'Past moves'),
			table({
				name: `Moves of ${v.name}`, rows: moves, key: m => `${m.at}${m.to}`, usual: null, empty: 'It has not been moved within 30 days.',
				columns: [
					{ id: 'at', label: 'When', csv: m => m.at, cell: m => at(m.at) }, { id: 'way', label: 'From → to', cell: m => `${m.from} → ${m.to}` },
					{ id: 'end', label: 'Result', cell: m => (m.end === 'done' ? 'done' : h('span.bad', null, m.end)) },
					{ id: 'predicted', label: 'Predicted', num: true, wide: true, cell: m => bounded(m.predicted?.seconds, m.predicted?.seconds_low, m.predicted?.seconds_high) },
					{ id: 'seconds', label: 'Measured', num: true, cell: m => span(m.seconds) }, { id: 'pause', label: 'Downtime', num: true, wide: true, cell: m => span(m.downtime_seconds) },
					{ id: 'bytes', label: 'Sent', num: true, wide: true, cell: m => bytes(m.bytes) }, { id: 'why', label: 'Because', wide: true, text: true, cell: m => m.why || '' },
				],
			}),
		];
	},
};
