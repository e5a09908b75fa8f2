// SPDX-License-Identifier: Apache-2.0
// What moves now, what waits for its turn, what has ended, and moves whose end nobody knows.
import { h } from './dom.js';
import { get, list } from './live.js';
import { table } from './table.js';
import { factsAge, moving } from './model.js';
import { bounded, bytes, count, kindName, plural, span } from './text.js';
import { at, when } from './when.js';
import { moveLine, stopButton } from './view_cluster.js';
import { whoMay } from './actions.js';

export const moves = {
	title: () => 'Moves',
	load: async (place, signal) => {
		const [status, open, audit] = await Promise.all([get('status', {}, { signal }), list('moves', {}, { signal }), list('audit', { since: '1d' }, { most: 200, signal })]);
		return { status, open, audit };
	},
	age: data => factsAge(data.status),
	draw({ status, open, audit }, ctx) {
		const now_ = moving(status), all = status.service?.moves || [], queued = now_.length ? all.filter(m => m.phase === 'queued') : [], held = all.filter(m => m.held_why);
		const unclear = open.items.filter(m => m.event === 'unclear' || (!all.some(x => x.vm === m.vm) && m.event !== 'queued'));
		const past = audit.items.flatMap(d => d.moves.map(m => ({ ...m, at: d.at, id: d.id }))), failed = status.missed || [];
		return [h('h1', null, 'Moves'),
			h('section.card', { key: 'now' }, h('h2', null, `Moving now (${now_.length})`), now_.length ? h('ul.items', null, now_.map(m => moveLine(m, ctx))) : h('p.empty', null, status.service ? 'Nothing moves now.' : 'Unknown: no service writes what moves.'), queued.length ? h('p.soft', null, `${plural(queued.length, 'move')} after these: ${queued.slice(0, 5).map(m => m.vm).join(', ')}${queued.length > 5 ? ' …' : ''}`) : null),
			unclear.length ? h('section.card', { key: 'unclear' }, h('h2', null, `End not known (${unclear.length})`), h('ul.plainlist', null, unclear.map(m => h('li', { key: m.id }, h('a', { href: ctx.vmUrl(m.vm) }, m.vm), ` ${m.from} → ${m.to}: ${m.event}, `, when(m.at), m.message ? `; ${m.message}` : '')))) : null,
			failed.length ? h('section.card', { key: 'missed' }, h('h2', null, `Failed, to be tried again (${failed.length})`), h('ul.plainlist', null, failed.map(m => h('li', { key: m.vm }, h('a', { href: ctx.vmUrl(m.vm) }, m.vm), ` ${m.from} → ${m.to}: ${m.miss}, ${plural(m.tries, 'attempt')}`, m.waits ? ['; tried again ', when(m.until)] : '', m.why ? `; ${m.why}` : '')))) : null,
			held.length ? h('section.card', { key: 'held' }, h('h2', null, `Held (${held.length})`), h('ul.plainlist', null, held.slice(0, 40).map(m => h('li', { key: m.vm }, h('a', { href: ctx.vmUrl(m.vm) }, m.vm), ` ${m.from} → ${m.to}: ${m.held_why}`)))) : null,
			h('h2', { key: 'h' }, `Ended within a day (${count(past.length)})`),
			table({
				name: 'Ended moves', rows: past, key: m => `${m.id}:${m.vm}:${m.to}`, usual: null, empty: 'No move has ended within a day.',
				columns: [
					{ id: 'at', label: 'Plan of', value: m => m.at, csv: m => m.at, cell: m => at(m.at) }, { id: 'vm', label: 'VM', value: m => m.vm, cell: m => h('a', { href: ctx.vmUrl(m.vm) }, m.vm) },
					{ id: 'way', label: 'From → to', cell: m => `${m.from} → ${m.to}` }, { id: 'end', label: 'Result', value: m => m.end, cell: m => (m.end === 'done' ? 'done' : h('span.bad', null, m.end)) },
					{ id: 'predicted', label: 'Predicted', num: true, unit: 's', wide: true, value: m => m.predicted?.seconds ?? null, cell: m => bounded(m.predicted?.seconds, m.predicted?.seconds_low, m.predicted?.seconds_high) },
					{ id: 'seconds', label: 'Measured', num: true, unit: 's', value: m => m.seconds, cell: m => span(m.seconds) }, { id: 'pause', label: 'Downtime', num: true, unit: 's', wide: true, value: m => m.downtime_seconds, cell: m => span(m.downtime_seconds) },
					{ id: 'bytes', label: 'Sent', num: true, unit: 'bytes', wide: true, value: m => m.bytes, cell: m => bytes(m.bytes) }, { id: 'kind', label: 'Why', wide: true, value: m => m.kind, cell: m => kindName(m.kind) },
				],
			}),
			h('div.actions', { key: 'actions' }, status.stop ? h('p', null, `No move starts: stopped by ${status.stop.by}.`) : stopButton(ctx), whoMay('operate', 'stop new moves'))];
	},
};
