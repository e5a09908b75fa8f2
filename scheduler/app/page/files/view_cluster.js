// SPDX-License-Identifier: Apache-2.0
// The clusters, worst first; and one cluster on one screen: what is worst, what waits for a person, what moves, every host.
import { h, say } from './dom.js';
import { bare, get, act, list } from './live.js';
import { button, askFirst, whoMay } from './actions.js';
import { dots, rackMap, sign } from './draw.js';
import { counts, sentence, factsAge, staleWhy, hostClass, worstFirst, moving, words } from './model.js';
import { pct, plural, span, clock } from './text.js';
import { at, when } from './when.js';

const clusterRank = c => (!c.ready ? 0 : ['blind', 'infeasible', 'blocked'].includes(c.plan_status) ? 1 : c.plan_status === null ? 2 : c.plan_status === 'balanced' ? 4 : 3);

export const clusters = {
	title: () => 'Clusters',
	load: () => bare('clusters'),
	draw(data, ctx) {
		const items = [...data.items].sort((a, b) => clusterRank(a) - clusterRank(b) || (a.name < b.name ? -1 : 1));
		if (items.length === 1) {
			ctx.go(`/c/${encodeURIComponent(items[0].name)}`, { replace: true });
			return null;
		}
		return [h('h1', null, 'Clusters'),
			items.length ? h('ul.items', null, items.map(c => h('li.item', { key: c.name }, h('a', { href: `/c/${encodeURIComponent(c.name)}` }, sign(clusterRank(c) < 2 ? 'failing' : c.ready && c.plan_status ? 'within' : 'unknown', c.ready ? 'ready' : 'not ready'), ' ', h('strong', null, c.name), h('span.soft', null, ` ${c.ready ? c.plan_status ? `plan: ${c.plan_status}` : 'no plan of this instance yet' : `not ready: ${c.not_ready_why}`}; ${c.leading ? 'led from here' : 'led elsewhere'}`)))))
				: h('p.empty', null, 'No cluster is served here. A cluster is served once its agents have reported: service.cluster or service.clusters names it.')];
	},
};

function planLine(status, ctx) {
	const list = status.service?.waiting || [];
	if (!list.length) return null;
	return h('div.plans', { key: 'plans' }, list.map(w => h('div.planline', { key: w.id },
		h('span', null, h('strong', null, `Plan ${w.id}`), ` waits for an answer until `, at(w.until), `: ${w.summary.replace(/^plan: /, '')}`), h('a.button.go', { href: ctx.planUrl(w.id) }, 'Review'))));
}

function needs(status, ctx) {
	const list = status.hosts.filter(x => hostClass(x) !== 'within').sort(worstFirst), most = ctx.isWide ? 9 : 5;
	const why = x => x.fault_grade >= 3 ? `grade ${x.fault_grade}: ${x.fault || 'its hardware fails'}` : x.fenced ? x.fenced : x.cpu_used === null ? 'its load is unknown'
		: [x.cpu_used > x.cpu_load_line ? `CPU ${pct(x.cpu_used)}, line ${pct(x.cpu_load_line)}` : '', x.memory_used > x.memory_load_line ? `memory ${pct(x.memory_used)}, line ${pct(x.memory_load_line)}` : ''].filter(Boolean).join('; ') || 'above its load line';
	const stuck = status.service?.stays || [];
	return h('section.card', { key: 'needs', 'aria-labelledby': 'needs' }, h('h2', { id: 'needs' }, `Needs attention (${list.length + stuck.length})`),
		list.length + stuck.length === 0 ? h('p.empty', null, `${plural(status.hosts.length, 'host needs', 'hosts need')} nothing.`) : null,
		h('ul.items', null,
			stuck.slice(0, 4).map(s => h('li.item', { key: `vm:${s.vm}` }, h('a', { href: ctx.vmUrl(s.vm) }, sign('failing', 'cannot leave'), ' ', h('strong', null, s.vm), h('span.soft', null, ` cannot leave ${s.host}: ${s.why}`)))),
			list.slice(0, most).map(x => h('li.item', { key: x.name }, h('a', { href: ctx.hostUrl(x.name) }, sign(hostClass(x)), ' ', h('strong', null, x.name), h('span.soft', null, ` ${why(x)}; ${plural(x.vm_count, 'VM')}`))))),
		list.length > most ? h('p', null, h('a', { href: `${ctx.base}/hosts?state=attention` }, `${list.length - most} more`)) : null,
		h('p.soft', null, list.length + stuck.length && status.hosts.length > list.length ? `${plural(status.hosts.length - list.length, 'host needs', 'hosts need')} nothing. ` : null, h('a', { href: `${ctx.base}/hosts` }, 'All hosts')));
}

/** Ends the move that is shown, by its id in the journal: never another move of the VM that came in its place. */
async function abort(m, ctx) {
	const own = (await list('moves').catch(() => null))?.items.find(x => x.vm === m.vm && x.from === m.from && x.to === m.to);
	if (!own) {
		say(`${m.vm}: it is not known which move that is; it may have ended.`);
		return ctx.wake();
	}
	return askFirst({
		title: `Abort the move of ${m.vm}?`, text: h('p', null, `${m.vm} stays on ${m.from}, and what was sent to ${m.to} is thrown away. If the move ends first, the VM is on ${m.to}.`),
		fields: [{ name: 'why', label: 'Why (in the audit)' }], button: 'Abort this move', kind: 'danger', said: `${m.vm}: the move is being aborted.`,
		run: v => act('PUT', `moves/${encodeURIComponent(own.id)}/abort`, v.why ? { why: v.why } : {}), then: ctx.wake,
	});
}

export function moveLine(m, ctx) {
	const share = m.bytes_total > 0 ? Math.max(0, Math.min(1, (m.bytes_total - m.bytes_left) / m.bytes_total)) : null, left = m.predicted_seconds !== null ? m.predicted_seconds - m.running_seconds : null;
	return h('li.item.move', { key: `move:${m.vm}` }, h('a', { href: ctx.vmUrl(m.vm) }, sign('moving'), ' ', h('strong', null, m.vm), ` ${m.from} → ${m.to}`),
		h('progress', { max: 1, value: share === null ? null : share.toFixed(3), 'aria-label': `${m.vm}: ${share === null ? 'progress unknown' : pct(share)}` }),
		h('span.soft', null, m.phase === 'verifying' ? 'being checked on both hosts' : `${share === null ? 'progress unknown' : pct(share)}${m.is_late ? ', past its deadline' : left !== null && left > 0 ? `, about ${span(Math.ceil(left))} left` : ''}`),
		m.phase === 'running' ? button('operate', 'Abort…', () => abort(m, ctx), { kind: 'plain', about: m.vm }) : null);
}

function movingCard(status, ctx) {
	const now_ = moving(status), queued = (status.service?.moves || []).filter(m => m.phase === 'queued' && now_.length).length, last = status.recent || [];
	if (status.service && !now_.length && !last.length) return null; // the tile above says that nothing moves
	return h('section.card', { key: 'moving', 'aria-labelledby': 'moving' }, h('h2', { id: 'moving' }, now_.length ? `Moving (${now_.length})` : 'Moves'),
		now_.length ? h('ul.items', null, now_.slice(0, 8).map(m => moveLine(m, ctx))) : h('p.empty', null, status.service ? 'Nothing moves now.' : 'Unknown: no service writes what moves.'),
		queued ? h('p.soft', null, `${plural(queued, 'move')} after these`) : null,
		last.length ? [h('h3', null, 'What moved lately'), h('ul.plainlist', null, last.slice(0, 5).map(m => h('li', { key: `${m.vm}${m.at}` }, h('a', { href: ctx.vmUrl(m.vm) }, m.vm), ` ${m.from} → ${m.to} `, m.end === 'done' ? h('span.soft', null, `done in ${span(m.seconds)} `) : h('span.bad', null, `${m.end} `), when(m.at))))] : null,
		h('p', null, h('a', { href: `${ctx.base}/moves` }, 'All moves')));
}

function tile(n, text, href, kind) {
	return h('a.tile', { key: text, href, class: n > 0 && kind ? kind : null }, h('strong', null, n === null ? '?' : String(n)), ' ', text);
}

function brake(status, ctx) {
	if (status.stop) return h('div.banner.above', { key: 'stop' }, h('strong', null, `No move starts: ${status.stop.why || 'stopped'}`), ` (by ${status.stop.by || 'an operator'}, `, when(status.stop.since), status.stop.until ? [', until ', at(status.stop.until)] : null, ') ',
		button('admin', 'Let moves start again', () => askFirst({ title: 'Let moves start again?', text: h('p', null, 'The service goes on with what it has planned, in its modes.'), button: 'Let them start', run: () => act('DELETE', 'stop'), then: ctx.wake })), whoMay('admin', 'let moves start again'));
	return null;
}

export function stopButton(ctx) {
	return button('operate', 'Stop new moves…', () => askFirst({
		title: 'Start no more moves?', text: h('p', null, 'Moves that run now end as they would. Nothing else starts, of any kind, until an admin lifts it.'),
		fields: [{ name: 'why', label: 'Why', needed: true }, { name: 'hours', label: 'For', options: [['', 'until it is lifted'], ['1', '1 hour'], ['8', '8 hours'], ['24', '24 hours']] }],
		button: 'Stop new moves', kind: 'danger', said: 'No more moves start.', run: v => act('PUT', 'stop', { why: v.why, ...(v.hours ? { for_seconds: Number(v.hours) * 3600 } : {}) }), then: ctx.wake,
	}), { kind: 'plain' });
}

export const cluster = {
	title: () => 'Cluster',
	load: async (place, signal) => ({ status: await get('status', {}, { signal }) }),
	age: data => factsAge(data.status),
	draw({ status }, ctx) {
		const c = counts(status), s = sentence(status, status.service?.waiting?.length || 0), to = q => `${ctx.base}/hosts?state=${q}`, stale = staleWhy(status);
		const half = ctx.isWide ? Math.floor((ctx.width - 20) / 2) - 34 : ctx.width - 34, go = x => ctx.go(ctx.hostUrl(x.name));
		const mode = status.service?.mode;
		const plots = status.blind ? h('section.card.wide', { key: 'blind' }, h('h2', null, 'Load'), h('p.empty.hatched', null, 'No load is drawn: of no host are the facts good.')) : [
			h('section.card', { key: 'cpu' }, dots(status.hosts, 'cpu', half, 'CPU', go, ctx.hint)), h('section.card', { key: 'memory' }, dots(status.hosts, 'memory', half, 'Memory', go, ctx.hint))];
		const many = status.hosts.length > 160, racks = h('section.card', { class: many ? 'wide' : null, key: 'racks', 'aria-labelledby': 'racks' }, h('h2', { id: 'racks' }, 'Every host, by rack'),
			status.hosts.length ? rackMap(status.hosts, many ? ctx.width - 34 : half, go, ctx.hint, moving(status)) : h('p.empty', null, 'No host has reported. Start plimsoll-agent on each; plimsoll status says what it sees.'), h('p', null, h('a', { href: `${ctx.base}/hosts` }, 'The same as a table')));
		if (ctx.state.said !== s.text && ctx.state.said !== undefined) ctx.say(s.text);
		ctx.state.said = s.text;
		return [
			h('h1.sentence', null, sign(s.grade, words[s.grade]), ' ', s.text),
			brake(status, ctx),
			stale ? h('div.banner.unknown', { key: 'stale' }, h('strong', null, 'Out of date: '), stale) : null,
			status.service?.paused ? h('div.banner.above', { key: 'paused' }, h('strong', null, 'Paused: '), status.service.paused, ' ', button('operate', 'Go on', () => askFirst({ title: 'Go on in spite of wrong predictions?', text: h('p', null, status.service.paused), button: 'Go on', run: () => act('PUT', 'balance/acknowledged'), then: ctx.wake }))) : null,
			h('div.tiles', { key: 'tiles', role: 'group', 'aria-label': 'Counts' },
				tile(c.above, 'above line', to('above'), 'above'), tile(c.failing, 'failing', to('failing'), 'failing'), tile(c.unknown, 'silent', to('unknown'), 'unknown'),
				tile(status.service ? status.service.stays_all : null, 'cannot leave', `${ctx.base}/maintenance`, 'failing'), tile(c.maintenance, 'maintenance', to('maintenance'), ''), tile(status.service ? c.moving : null, 'moving', `${ctx.base}/moves`, ''),
				h('a.tile.mode', { href: `${ctx.base}/settings?q=mode`, title: 'advise: plans only; confirm: asks first; auto: moves' }, h('strong', null, mode || 'no service'), ' mode')),
			planLine(status, ctx),
			!status.service?.waiting?.length && status.service?.summary ? h('p.soft', { key: 'summary' }, `Last round ${clock(status.service.round_at)}: ${status.service.summary}`) : null,
			h('div.columns', { key: 'columns' }, ctx.isWide
				? [plots, h('div.stack', { key: 'left' }, needs(status, ctx)), h('div.stack', { key: 'right' }, movingCard(status, ctx), many ? null : racks), many ? racks : null]
				: [needs(status, ctx), movingCard(status, ctx), plots, racks]),
			h('div.actions', { key: 'actions' }, status.stop ? null : stopButton(ctx)),
		];
	},
};
