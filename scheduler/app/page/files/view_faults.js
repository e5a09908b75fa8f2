// SPDX-License-Identifier: Apache-2.0
// Hardware that fails, with its evidence, and what could not be read: that is not health.
import { h } from './dom.js';
import { get, list } from './live.js';
import { whoMay } from './actions.js';
import { sign } from './draw.js';
import { filters, acceptButton } from './view_hosts.js';
import { factsAge } from './model.js';
import { plural } from './text.js';
import { when } from './when.js';

export const faults = {
	title: () => 'Faults',
	load: async (place, signal) => {
		const [status, all] = await Promise.all([get('status', {}, { signal }), list('faults', {}, { most: 1000, signal })]);
		return { status, all };
	},
	age: data => factsAge(data.status),
	draw({ status, all }, ctx) {
		const { state = '' } = ctx.place.query, hosts = new Map(status.hosts.map(x => [x.name, x]));
		const rows = all.items.flatMap(x => (x.faults || []).map(f => ({ ...f, host: x.host }))).sort((a, b) => b.grade - a.grade || (a.host < b.host ? -1 : 1));
		const unread = status.hosts.filter(x => x.unread || x.fenced);
		return [h('h1', null, 'Faults'), filters('faults', [['', `now (${rows.length})`], ['unread', `not read (${unread.length})`]], state),
			status.findings.length ? h('div.banner.above', { key: 'findings' }, status.findings.map(f => h('p', { key: f.hazard }, `${f.hazard}: ${f.host_count} of ${plural(f.of_host_count, 'host')}`))) : null,
			state === 'unread' ? (unread.length ? h('ul.items', { key: 'unread' }, unread.map(x => h('li.item', { key: x.name }, h('a', { href: ctx.hostUrl(x.name) }, sign('unknown'), ' ', h('strong', null, x.name), h('span.soft', null, ` ${x.unread || x.fenced}`))))) : h('p.empty', null, 'All hosts could be read.'))
				: rows.length ? h('ul.faults', { key: 'faults' }, rows.map(f => h('li.card', { key: `${f.host}/${f.device}` },
					h('h2', null, sign(f.grade >= 3 ? 'failing' : 'above', `grade ${f.grade}`), ' ', h('a', { href: ctx.hostUrl(f.host) }, f.host), ` ${f.device}: grade ${f.grade}, ${f.means}`),
					h('p', null, f.why || 'no evidence in words'),
					h('p.soft', null, 'Since ', when(f.since), f.serial ? `; serial ${f.serial}` : '', `; ${f.vms ? `${plural(f.vms.length, 'VM')} on it` : `${plural(hosts.get(f.host)?.vm_count ?? 0, 'VM')} on the host`}`),
					acceptButton(f.host, f, ctx))))
					: h('p.empty', { key: 'none' }, unread.length ? `No fault is known. Of ${plural(unread.length, 'host')} not all could be read.` : 'No fault is known, and all hosts could be read.'),
			h('p.soft', { key: 'say' }, 'Accepted evidence counts again when it grows. How grades changed: ', h('code', null, 'plimsoll faults log'), '.'), whoMay('operate', 'accept a fault')];
	},
};
