// SPDX-License-Identifier: Apache-2.0
// Hardware that fails, with its evidence, and what could not be read: that is not health.
import { h } from './dom.js';
import { get, list, printed } from './live.js';
import { whoMay } from './actions.js';
import { sign } from './draw.js';
import { filters, acceptButton } from './view_hosts.js';
import { factsAge } from './model.js';
import { plural } from './text.js';
import { table } from './table.js';
import { at, when } from './when.js';

const level = n => (n === 0 ? 'none' : `grade ${n}`);

/** How grades changed, and who accepted what; the newest first. */
function log(ctx) {
	return table({
		name: 'Fault log', rows: ctx.state.log || [], key: l => `${l.at}${l.host}${l.device}${l.grade_is}`, usual: null, empty: 'No grade has changed, and none was accepted, as far back as the log goes.',
		columns: [
			{ id: 'at', label: 'When', value: l => l.at, csv: l => l.at, cell: l => at(l.at) }, { id: 'host', label: 'Host', value: l => l.host, cell: l => (l.host ? h('a', { href: ctx.hostUrl(l.host) }, l.host) : 'unknown') }, { id: 'device', label: 'Device', value: l => l.device, cell: l => l.device },
			{ id: 'grade', label: 'Grade', value: l => l.grade_is, cell: l => `${level(l.grade_was)} → ${level(l.grade_is)}` }, { id: 'by', label: 'By', wide: true, value: l => l.by, cell: l => l.by || 'its facts' }, { id: 'why', label: 'Why', text: true, cell: l => l.why || '' },
		],
	});
}

export const faults = {
	title: () => 'Faults',
	load: async (place, signal, ctx) => {
		const s = ctx.state;
		if (place.query.state === 'log' && (!s.log || Date.now() - s.logAt > 15000)) {
			s.log = JSON.parse(await printed('faults', ['log', '--json'], signal)).log.reverse();
			s.logAt = Date.now();
		}
		const [status, all] = await Promise.all([get('status', {}, { signal }), list('faults', {}, { most: 1000, signal })]);
		return { status, all };
	},
	age: data => factsAge(data.status),
	draw({ status, all }, ctx) {
		const { state = '' } = ctx.place.query, hosts = new Map(status.hosts.map(x => [x.name, x]));
		const rows = all.items.flatMap(x => (x.faults || []).map(f => ({ ...f, host: x.host }))).sort((a, b) => b.grade - a.grade || (a.host < b.host ? -1 : 1));
		const unread = status.hosts.filter(x => x.unread || x.fenced);
		return [h('h1', null, 'Faults'), filters('faults', [['', `now (${rows.length})`], ['log', 'log'], ['unread', `not read (${unread.length})`]], state),
			status.findings.length ? h('div.banner.above', { key: 'findings' }, status.findings.map(f => h('p', { key: f.hazard }, `${f.hazard}: ${f.host_count} of ${plural(f.of_host_count, 'host')}`))) : null,
			state === 'log' ? log(ctx) : state === 'unread' ? (unread.length ? h('ul.items', { key: 'unread' }, unread.map(x => h('li.item', { key: x.name }, h('a', { href: ctx.hostUrl(x.name) }, sign('unknown'), ' ', h('strong', null, x.name), h('span.soft', null, ` ${x.unread || x.fenced}`))))) : h('p.empty', null, 'All hosts could be read.'))
				: rows.length ? h('ul.faults', { key: 'faults' }, rows.map(f => h('li.card', { key: `${f.host}/${f.device}` },
					h('h2', null, sign(f.grade >= 3 ? 'failing' : 'above', `grade ${f.grade}`), ' ', h('a', { href: ctx.hostUrl(f.host) }, f.host), ` ${f.device}: grade ${f.grade}, ${f.means}`),
					h('p', null, f.why || 'no evidence in words'),
					h('p.soft', null, 'Since ', when(f.since), f.serial ? `; serial ${f.serial}` : '', `; ${f.vms ? `${plural(f.vms.length, 'VM')} on it` : `${plural(hosts.get(f.host)?.vm_count ?? 0, 'VM')} on the host`}`),
					acceptButton(f.host, f, ctx))))
					: h('p.empty', { key: 'none' }, unread.length ? `No fault is known. Of ${plural(unread.length, 'host')} not all could be read.` : 'No fault is known, and all hosts could be read.'),
			h('p.soft', { key: 'say' }, 'Accepted evidence counts again when it grows.'), whoMay('operate', 'accept a fault')];
	},
};
