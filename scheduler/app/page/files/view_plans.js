// SPDX-License-Identifier: Apache-2.0
// Plans that wait, and the review of one. What is under review does not change by itself: it is read once, and approved as it was
// read (If-Match); what the service does with it then is shown below the answer.
import { h } from './dom.js';
import { act, get, getTagged, list, may, Problem } from './live.js';
import { askFirst, button, whoMay } from './actions.js';
import { budgets, buys, draftNote, loadDraft, proposeBar } from './budget.js';
import { sign } from './draw.js';
import { table } from './table.js';
import { factsAge, moving } from './model.js';
import { bounded, bytes, count, kindName, kinds, mib, pct, pctPair, plural, since, span } from './text.js';
import { at, when } from './when.js';
import { moveLine } from './view_cluster.js';

export const plans = {
	title: () => 'Plans',
	load: async (place, signal) => ({ status: await get('status', {}, { signal }), audit: await list('audit', { since: '7d' }, { most: 100, signal }) }),
	age: data => factsAge(data.status),
	draw({ status, audit }, ctx) {
		const waiting = status.service?.waiting || [], past = audit.items.filter(d => d.waiting_plan && d.answer_state !== 'asked');
		return [h('h1', null, 'Plans'),
			waiting.length ? h('ul.items', { key: 'waiting' }, waiting.map(w => h('li.item', { key: w.id }, h('a', { href: ctx.planUrl(w.id) }, h('strong', null, `Plan ${w.id}`), h('span.soft', null, ` ${plural(w.move_count, 'move')}: ${w.kinds.map(kindName).join(', ')}; expires `, at(w.until)), h('br'), w.summary))))
				: h('p.empty', { key: 'none' }, !status.service ? 'Unknown: no service writes what waits.' : status.service.mode === 'confirm' ? `No plan waits for an answer. The last round: ${status.service.summary}` : `No plan waits: the service is in mode ${status.service.mode}. ${status.service.mode === 'advise' ? 'It plans and moves nothing' : 'It moves without asking'}; the last round: ${status.service.summary}`),
			h('h2', { key: 'h' }, 'Answered within seven days'),
			table({
				name: 'Answered plans', rows: past, key: d => d.id, usual: null, empty: 'None was answered.',
				columns: [
					{ id: 'at', label: 'When', csv: d => d.answered_at || d.at, cell: d => at(d.answered_at || d.at) }, { id: 'id', label: 'Plan', cell: d => h('a', { href: ctx.planUrl(d.waiting_plan) }, d.waiting_plan) },
					{ id: 'answer', label: 'What became of it', cell: d => outcome[d.answer_state] || d.answer_state }, { id: 'by', label: 'By, or why', wide: true, text: true, cell: d => d.by || '' }, { id: 'n', label: 'Moves', num: true, cell: d => count(d.moves.length) },
				],
			})];
	},
};

const outcome = { asked: 'asked', yes: 'approved', no: 'rejected', expired: 'expired', dropped: 'dropped: it held no more', acknowledged: 'acknowledged', settled: 'settled' };

async function load(place, signal, ctx) {
	const s = ctx.state, path = `plans/${encodeURIComponent(place.name)}`;
	s.decision ||= null;
	s.budgets ||= budgets();
	if (!s.seen) {
		try {
			s.seen = await getTagged(path, {}, { signal });
			s.gone = null;
		} catch (e) {
			if (!(e instanceof Problem) || e.status !== 404) throw e;
			s.gone = e;
		}
	}
	const status = await get('status', {}, { signal }), waits = (status.service?.waiting || []).some(w => w.id === place.name);
	await loadDraft(s.budgets, place.query.draft, signal);
	if (s.budgets.proposed && status.service?.waiting?.some(w => w.id === s.budgets.proposed)) {
		ctx.go(ctx.planUrl(s.budgets.proposed), { replace: true });
		return new Promise(() => {}); // this view is left
	}
	if (s.seen && (!s.lastLook || Date.now() - s.lastLook > 6000 || !waits || s.answered)) {
		const all = await list('plans', { q: place.name }, { signal }), same = all.items.find(x => x.id === place.name); // without its moves
		s.lastLook = Date.now();
		s.state = same || null;
		s.changed = !!same && same.etag !== s.seen.etag;
		s.gone = same ? null : new Problem(404, 'Not found', `plan ${place.name} waits no more`, null);
	}
	if (s.gone || s.answered) {
		const audit = await list('audit', { since: '2d' }, { most: 500, signal });
		s.decision = audit.items.find(d => d.waiting_plan === place.name && d.answer_state !== 'asked') || audit.items.find(d => d.waiting_plan === place.name) || null;
		if (s.gone && !s.seen && !s.decision) throw s.gone;
	}
	return { status, waits };
}

function newer(status, id, ctx) {
	const other = (status.service?.waiting || []).filter(w => w.id !== id);
	return other.length ? h('div.banner.note', { key: 'newer', role: 'status' }, `Another plan waits, too: ${plural(other[0].move_count, 'move')}. `, h('a', { href: ctx.planUrl(other[0].id) }, `Look at ${other[0].id}`), '. This page does not change by itself.') : null;
}

/** all: the plan of which p is a draft with less. */
function pairs(p, all) {
	const row = (name, a, b, c, cls) => h('tr', { key: name }, h('th', { scope: 'row' }, name), h('td.num', null, a), h('td', { 'aria-hidden': 'true' }, '→'), h('td.num', { class: cls || null }, b), all ? h('td.num.soft', null, c) : null);
	const load_ = (name, r, what) => (p.before.load[r] ? row(name, ...pctPair(p.before.load[r][what], p.after.load[r][what]), all ? pct(all.after.load[r]?.[what]) : null) : null);
	return h('table.pairs', { 'aria-label': 'Now and after the plan' }, h('thead', null, h('tr', null, h('td'), h('th.num', { scope: 'col' }, 'now'), h('td'), h('th.num', { scope: 'col' }, 'after'), all ? h('th.num', { scope: 'col' }, `all ${count(all.moves.length)}`) : null)), h('tbody', null,
		row('Hosts above their line', count(p.before.over_limit), count(p.after.over_limit), count(all?.after.over_limit), p.after.over_limit ? 'bad' : null), load_('CPU, highest', 'cpu', 'max'), load_('CPU, spread', 'cpu', 'sd'), load_('Memory, highest', 'memory', 'max'), load_('Memory, spread', 'memory', 'sd')));
}

const groups = moves => {
	const by = new Map();
	for (const k of Object.keys(kinds)) by.set(k, []);
	for (const m of moves) by.set(m.kind, [...(by.get(m.kind) || []), m]);
	return [...by].filter(([, list_]) => list_.length);
};
const total = moves => moves.reduce((sum, m) => sum + (m.predicted?.bytes || 0), 0);

function optimum(p) {
	const tiers = ['repair', 'evacuate', 'load', 'balance'], left = tiers.find(t => p.after.cost[t] > 0);
	if (!p.bound || !left) return null;
	if (tiers.slice(0, tiers.indexOf(left)).some(t => p.after.cost[t] !== p.bound[t]) || !(p.bound[left] > 0)) return null;
	return `${left}: within ${pct((p.after.cost[left] - p.bound[left]) / p.bound[left], 1)} of the optimum`;
}

const PART = 40;

const because = m => [m.why || '', m.held_why ? h('span.bad', null, ` Held: ${m.held_why}`) : null];
const time = m => bounded(m.predicted?.seconds, m.predicted?.seconds_low, m.predicted?.seconds_high);
const pause = m => bounded(m.predicted?.downtime_seconds, m.predicted?.downtime_seconds_low, m.predicted?.downtime_seconds_high);

/** On a phone a move is a card: why it is made is part of what is approved. */
function moveCards(moves, ctx, kind) {
	const n = (ctx.state.parts ||= {})[kind] || PART, left = moves.length - n;
	return [h('ul.items', null, moves.slice(0, n).map(m => h('li.item', { key: m.vm }, h('a', { href: ctx.vmUrl(m.vm) }, h('strong', null, m.vm), ` ${m.from} → ${m.to}`, h('br'), h('span.soft', null, `${mib(m.predicted?.basis?.memory_mib)}, ${time(m)}, downtime ${pause(m)}: `, because(m)))))),
		left > 0 ? h('button', { type: 'button', onclick: () => { ctx.state.parts[kind] = n + PART; ctx.draw(); } }, `${Math.min(PART, left)} more of ${count(moves.length)}`) : null];
}

function moveTable(moves, ctx, name) {
	return table({
		name, rows: moves, key: m => m.vm, usual: null,
		columns: [
			{ id: 'wave', label: 'Wave', num: true, cell: m => count(m.wave) }, { id: 'vm', label: 'VM', cell: m => h('a', { href: ctx.vmUrl(m.vm) }, m.vm) },
			{ id: 'way', label: 'From → to', cell: m => `${m.from} → ${m.to}` }, { id: 'size', label: 'Memory', num: true, sort: false, unit: 'MiB', value: m => m.predicted?.basis?.memory_mib, cell: m => mib(m.predicted?.basis?.memory_mib) },
			{ id: 'time', label: 'Time (bounds)', num: true, cell: time }, { id: 'pause', label: 'Downtime', num: true, cell: pause },
			{ id: 'why', label: 'Because', text: true, cell: because },
		],
	});
}

/** The moves of a kind: elements only where it is open. */
function kind(k, moves, i, ctx) {
	const open = (ctx.state.open ||= new Map());
	if (!open.has(k)) open.set(k, i === 0 && ctx.isWide);
	const is = open.get(k);
	const toggled = e => { if (e.currentTarget.open !== is) { open.set(k, e.currentTarget.open); ctx.draw(); } };
	return h('details.kind', { key: `kind:${k}`, open: is, ontoggle: toggled }, h('summary', null, h('h2', null, `${kindName(k)} (${count(moves.length)})`)),
		!is ? null : ctx.isWide ? moveTable(moves, ctx, `Moves to ${kindName(k)}`) : moveCards(moves, ctx, k));
}

/** Each host that moves touch, now and after: drawn where it is open. */
function hostsTouched(p, ctx) {
	const open = (ctx.state.open ||= new Map()), is = open.get('hosts') ?? false, hosts = p.hosts || [];
	if (!hosts.length) return null;
	const toggled = e => { if (e.currentTarget.open !== is) { open.set('hosts', e.currentTarget.open); ctx.draw(); } };
	const two = (r, id, label) => [['used_before', 'now'], ['used_after', 'after']].map(([at_, word]) => ({
		id: `${id}_${at_}`, label: `${label} ${word}`, num: true, value: x => x.load[r]?.[at_] ?? null,
		cell: x => { const l = x.load[r]; return !l ? 'unknown' : h('span', { class: l[at_] > l.load_line ? 'bad' : null }, pct(l[at_]), l[at_] > l.load_line ? ' above its line' : ''); },
	}));
	return h('details.touched', { key: 'hosts', open: is, ontoggle: toggled }, h('summary', null, h('h2', null, `Hosts that it touches, now and after (${count(hosts.length)})`)),
		!is ? null : table({ name: 'Hosts that the plan touches', rows: hosts, key: x => x.name, usual: 'name',
			columns: [{ id: 'name', label: 'Host', value: x => x.name, cell: x => h('a', { href: ctx.hostUrl(x.name) }, x.name) }, ...two('cpu', 'cpu', 'CPU'), ...two('memory', 'memory', 'Memory')] }));
}

function answer(s, id, yes, ctx) {
	const p = s.seen.value.plan, words = `${plural(p.moves.length, 'move')}, ${bytes(p.predicted.bytes)}`, etag = s.seen.etag;
	askFirst({
		title: yes ? `Approve plan ${id}?` : `Reject plan ${id}?`, kind: yes ? 'go' : 'danger', button: yes ? `Approve ${words}` : 'Reject',
		text: yes ? [h('p', null, `${words}, about ${span(p.predicted.seconds)}: ${groups(p.moves).map(([k, l]) => `${l.length} to ${kindName(k)}`).join(', ')}.`), h('p.soft', null, 'The service judges it once more on fresh facts before anything moves, and drops what does not hold.')]
			: [h('p', null, 'Nothing of it moves. The service plans again each round, and asks again only for what is different.')],
		run: () => act('PUT', `plans/${encodeURIComponent(id)}/answer`, { answer: yes ? 'accept' : 'reject' }, { 'If-Match': etag }),
		said: yes ? `Plan ${id} is approved.` : `Plan ${id} is rejected.`,
		then: () => { s.answered = { yes, at: new Date().toISOString() }; ctx.draw(); ctx.wake(); },
	});
}

/** What became of it: each state has its own words. */
function progress(s, status, id, ctx) {
	const value = s.state || s.seen?.value, given = value?.answer, d = s.decision, ended = d && !['asked', 'yes'].includes(d.answer_state);
	const planned = s.seen?.value.plan.moves || [], names = new Set(planned.map(m => m.vm)), own = (status.service?.moves || []).filter(m => !names.size || names.has(m.vm));
	const running = moving(status).filter(m => !names.size || names.has(m.vm)), done = d?.moves?.filter(m => m.end === 'done').length || 0, failed = d?.moves?.filter(m => !['done'].includes(m.end)) || [];
	const recent = (status.recent || []).filter(m => names.has(m.vm) && (!s.answered || Date.parse(m.at) > Date.parse(s.answered.at) - 5000));
	const left = d && ['dropped', 'expired'].includes(d.answer_state), by = (left ? null : d?.by) || given?.by || (s.answered ? 'you' : null), yes = left ? null : given ? given.yes : s.answered ? s.answered.yes : d?.answer_state === 'no' ? false : null;
	if (!s.answered && !given && !s.gone && !ended) return null;
	const head = text => h('h2', null, text);
	let body;
	if (yes === false) body = [head('Rejected'), h('p', null, `Rejected${by ? ` by ${by}` : ''}${d?.answered_at ? ' ' : ''}`, d?.answered_at ? at(d.answered_at) : '', '. Nothing of it moves.')];
	else if (d?.answer_state === 'expired') body = [head('Expired'), h('p', null, 'Nobody answered in time. A new plan is proposed if it is still needed.')];
	else if (d?.answer_state === 'dropped') body = [head('Dropped'), h('p', null, `It held no more on fresh facts, so nothing of it was moved${d.by ? `: ${d.by}` : ''}. A new plan is proposed if it is still needed.`)];
	else if (running.length || (own.some(m => m.phase === 'queued') && s.answered && !d?.moves.length && !s.gone)) {
		body = [head(running.length ? `Running: ${recent.filter(m => m.end === 'done').length} of ${planned.length || own.length} done, ${running.length} moving` : 'Approved: being checked on fresh facts'),
			h('ul.items', null, running.slice(0, 12).map(m => moveLine(m, ctx)))];
	} else if (d?.moves.length) body = [head(failed.length ? `Ended: ${done} done, ${failed.length} not` : `Done: ${plural(done, 'move')}`), h('p', null, `Predicted ${span(d.predicted_seconds)}, measured ${span(d.seconds)}; ${bytes(d.bytes)} sent. `, h('a', { href: `${ctx.base}/audit` }, 'Audit')), failed.length ? h('ul.plainlist', null, failed.slice(0, 20).map(m => h('li', null, h('a', { href: ctx.vmUrl(m.vm) }, m.vm), ` ${m.from} → ${m.to}: `, h('span.bad', null, m.end)))) : null];
	else if (s.gone) body = [head(recent.length ? `Ended: ${recent.filter(m => m.end === 'done').length} done` : 'It waits no more'), h('p', null, by ? `Answered by ${by}. ` : '', 'The audit says what became of it as soon as the service has written it. ', h('a', { href: `${ctx.base}/audit` }, 'Audit'))];
	else body = [head('Approved: being checked on fresh facts'), h('p', null, `By ${by}. Moves start with the service's next round.`)];
	return h('section.card.progress', { key: 'progress', 'aria-live': 'polite' }, body, recent.length && running.length ? h('p.soft', null, `Last ended: ${recent.slice(0, 3).map(m => `${m.vm} ${m.end}`).join(', ')}`) : null);
}

export const plan = {
	title: place => `Plan ${place.name}`,
	gone: (place, problem, ctx) => [h('p', null, problem.message), h('p', null, h('a', { href: `${ctx.base}/plans` }, 'Plans'), ' · ', h('a', { href: `${ctx.base}/audit` }, 'Audit'))],
	load,
	age: data => factsAge(data.status),
	draw({ status, waits }, ctx) {
		const s = ctx.state, id = ctx.place.name, w = s.seen?.value, third = ctx.isWide ? Math.floor((ctx.width - 40) / 3) - 34 : ctx.width - 34, b = s.budgets, draftId = ctx.place.query.draft, draft = draftId ? b.drafts.get(draftId) : undefined;
		const p = draft?.plan || w?.plan;
		if (!p) return [h('h1', null, `Plan ${id}`), progress(s, status, id, ctx), draftNote(b, draft, draftId, ctx), newer(status, id, ctx)];
		const open = w && !s.answered && !s.gone && !(s.state?.answer) && waits && since(w.until) < 0, best = optimum(p);
		const why = h('table.kinds', { 'aria-label': 'Moves by kind' }, h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Why'), h('th.num', { scope: 'col' }, 'Moves'), h('th.num', { scope: 'col' }, 'To send'))), h('tbody', null, groups(p.moves).map(([k, list_]) => h('tr', { key: k }, h('th', { scope: 'row' }, kindName(k)), h('td.num', null, count(list_.length)), h('td.num', null, bytes(total(list_)))))));
		return [
			h('h1', null, draft ? `Draft in place of plan ${id} ` : `Plan ${id} `, h('span.soft', null, `${plural(p.moves.length, 'move')}, ${bytes(p.predicted.bytes)}, about ${span(p.predicted.seconds)}`)),
			w ? h('p.soft', { key: 'line' }, draft ? `Plan ${id} was proposed ` : 'Proposed ', at(w.made_at), draft ? '' : ' by the service', open ? [s.changed ? null : ['; still waits (seen ', when(status.taken_at), ')'], '; expires ', at(w.until)] : null) : null,
			draftNote(b, draft, draftId, ctx),
			s.changed ? h('div.banner.above', { key: 'changed', role: 'alert' }, h('strong', null, 'The plan has changed since you read it. '), 'What you see is as you read it, and cannot be approved any more. ', h('button', { type: 'button', onclick: () => { Object.assign(s, { seen: null, changed: false, state: null }); ctx.wake(); } }, 'Read it again')) : null,
			newer(status, id, ctx),
			progress(s, status, id, ctx),
			h('div.columns.three', { key: 'top' }, h('section.card', { key: 'why' }, h('h2', null, 'Why'), why, h('p.soft', null, `Cannot: ${count(p.refused_all)}; late: ${count(p.late.length)}`)),
				h('section.card', { key: 'pairs' }, h('h2', null, 'Now → after'), pairs(p, draft ? w?.plan : null), best ? h('p.soft', null, best) : null), h('section.card', { key: 'buys' }, h('h2', null, 'What fewer moves buy'), buys(b, ctx, third, w?.plan.moves.length ?? p.moves.length))),
			p.refused.length ? h('section.card', { key: 'refused' }, h('h2', null, sign('failing', 'cannot'), ` ${plural(p.refused_all, 'VM')} cannot be moved`), h('ul.plainlist', null, p.refused.slice(0, 20).map(r => h('li', { key: r.vm }, h('a', { href: ctx.vmUrl(r.vm) }, r.vm), `: ${r.why || r.text || r.reason || 'see the VM'}`)))) : null,
			groups(p.moves).map(([k, list_], i) => kind(k, list_, i, ctx)), hostsTouched(p, ctx),
			draft ? proposeBar(b, draft, ctx) : open ? h('div.sticky', { key: 'sticky' }, button('operate', `Approve ${plural(p.moves.length, 'move')}, ${bytes(p.predicted.bytes)}`, () => answer(s, id, true, ctx), { kind: 'go' }), button('operate', 'Reject…', () => answer(s, id, false, ctx)),
				may('operate') ? h('span.soft', null, 'Both are in the audit.') : whoMay('operate', 'approve or reject it')) : null,
		];
	},
};
