// SPDX-License-Identifier: Apache-2.0
// What was decided, by whom, and what came of it: predicted against measured, load before and after.
import { h } from './dom.js';
import { list, printed, Problem } from './live.js';
import { explain } from './actions.js';
import { download, withQuery } from './table.js';
import { bounded, bytes, count, pct, plural, span } from './text.js';
import { at } from './when.js';

const spans = [['1h', '1 hour'], ['1d', '24 hours'], ['7d', '7 days'], ['30d', '30 days']];
const answers = { asked: 'proposed', yes: 'approved', no: 'rejected', expired: 'expired', dropped: 'dropped', acknowledged: 'acknowledged', settled: 'settled' };
const MOST = 500;

const highest = (load, key) => (load?.length ? load.reduce((most, x) => (x[key] > most ? x[key] : most), -1) : null);
const say = (a, b) => (a === null ? '' : `${pct(a)} → ${b === null || b === undefined ? 'not looked at yet' : pct(b)}`);

function median(list_) {
	const s = [...list_].sort((a, b) => a - b);
	return s.length ? s[Math.floor(s.length / 2)] : null;
}

/** Of a plan that was dropped, `by` has the reason. */
const isReason = d => ['dropped', 'expired'].includes(d.answer_state);

function decision(d, ctx) {
	const done = d.moves.filter(m => m.end === 'done').length, failed = d.moves.filter(m => m.end !== 'done');
	const what = d.booking ? `booked room for ${d.booking}${d.booking_host ? ` on ${d.booking_host}` : ''}` : d.waiting_plan ? `plan ${d.waiting_plan} ${answers[d.answer_state] || d.answer_state || ''}` : `${d.mode}: ${d.status}`;
	return h('li.item', { key: d.id }, h('details', null,
		h('summary', null, at(d.at), ' ', h('strong', null, isReason(d) ? 'service' : d.by || 'service'), ` ${what}${isReason(d) && d.by ? `: ${d.by}` : ''}`, h('span.soft', null, d.moves.length ? `; ${done} of ${plural(d.moves.length, 'move')} done${failed.length ? `, ${failed.length} not` : ''}; predicted ${span(d.predicted_seconds)}, measured ${span(d.seconds)}` : d.refused_count ? `; ${plural(d.refused_count, 'VM')} cannot be moved` : '')),
		h('dl.facts', null, h('dt', null, 'Status'), h('dd', null, d.status), d.answered_at ? [h('dt', null, 'Answered'), h('dd', null, at(d.answered_at))] : null,
			d.load_before?.length ? [h('dt', null, 'CPU, highest'), h('dd', null, say(highest(d.load_before, 'cpu_used'), highest(d.load_after, 'cpu_used'))), h('dt', null, 'Memory, highest'), h('dd', null, say(highest(d.load_before, 'memory_used'), highest(d.load_after, 'memory_used')))] : null,
			d.bytes !== null ? [h('dt', null, 'Sent'), h('dd', null, `${bytes(d.bytes)}, predicted ${bytes(d.predicted_bytes)}`)] : null,
			d.record ? [h('dt', null, 'Decide again'), h('dd', null, h('code', null, `plimsoll replay ${d.record}`))] : null,
			d.waiting_plan ? [h('dt', null, 'Plan'), h('dd', null, h('a', { href: ctx.planUrl(d.waiting_plan) }, d.waiting_plan))] : null),
		d.moves.length ? h('ul.plainlist', null, d.moves.slice(0, 60).map(m => h('li', { key: `${m.vm}${m.to}` }, h('a', { href: ctx.vmUrl(m.vm) }, m.vm), ` ${m.from} → ${m.to} `, m.end === 'done' ? 'done' : h('span.bad', null, m.end), h('span.soft', null, `; predicted ${bounded(m.predicted?.seconds, m.predicted?.seconds_low, m.predicted?.seconds_high)}, measured ${span(m.seconds)}, downtime ${span(m.downtime_seconds)}`))), d.moves.length > 60 ? h('li', null, `60 of ${d.moves.length}: plimsoll audit has all`) : null) : null));
}

/** What plimsoll audit --csv prints: a line a move. */
async function file(ctx) {
	const { since = '1d', vm, host } = ctx.place.query;
	ctx.state.failed = null;
	try {
		download('audit.csv', await printed('audit', ['--csv', `--since=${since}`, ...(vm ? [`--vm=${vm}`] : []), ...(host ? [`--host=${host}`] : [])]));
	} catch (failed) {
		ctx.state.failed = failed;
	}
	ctx.draw();
}

export const audit = {
	title: () => 'Audit',
	load: (place, signal) => list('audit', { since: place.query.since || '1d', vm: place.query.vm, host: place.query.host }, { most: MOST, signal }),
	gone: (place, problem) => h('p', null, problem instanceof Problem ? problem.message : ''),
	draw(data, ctx) {
		const { since = '1d', vm = '', host = '', who = '', result = '' } = ctx.place.query;
		const rows = data.items.filter(d => (!who || (d.by || 'service').toLowerCase().includes(who.toLowerCase())) && (!result || (result === 'failed' ? d.moves.some(m => m.end !== 'done') : result === 'moved' ? d.moves.length : d.waiting_plan && (answers[d.answer_state] || '') === result)));
		const ended = rows.flatMap(d => d.moves).filter(m => m.end === 'done' && m.seconds > 0 && m.predicted?.seconds > 0), off = median(ended.map(m => Math.abs(m.seconds - m.predicted.seconds) / m.seconds));
		const submit = e => { e.preventDefault(); const f = e.currentTarget.elements; ctx.go(withQuery({ since: f.since.value, vm: f.vm.value.trim(), host: f.host.value.trim(), who: f.who.value.trim(), result: f.result.value }), { quiet: true }); };
		return [h('h1', null, 'Audit'),
			h('form.filter', { key: 'filter', onsubmit: submit },
				h('label', null, 'Since ', h('select', { name: 'since' }, spans.map(([v, t]) => h('option', { value: v, selected: v === since }, t)))),
				h('label', null, 'Host ', h('input', { name: 'host', value: host, autocomplete: 'off' })), h('label', null, 'VM ', h('input', { name: 'vm', value: vm, autocomplete: 'off' })), h('label', null, 'Who ', h('input', { name: 'who', value: who, autocomplete: 'off' })),
				h('label', null, 'Result ', h('select', { name: 'result' }, [['', 'any'], ['moved', 'moved'], ['failed', 'with failures'], ['approved', 'approved'], ['rejected', 'rejected'], ['expired', 'expired'], ['dropped', 'dropped']].map(([v, t]) => h('option', { value: v, selected: v === result }, t)))),
				h('button', { type: 'submit' }, 'Filter'), h('button', { type: 'button', onclick: () => file(ctx), 'aria-label': 'Audit as CSV' }, 'CSV')),
			ctx.state.failed ? explain(ctx.state.failed) : null,
			h('p.soft', { key: 'n' }, `${count(rows.length)} of ${plural(data.total ?? data.items.length, 'decision')}${off !== null ? `; ${plural(ended.length, 'move')}, predictions of time off by ${pct(off)} (median)` : ''}`),
			rows.length ? h('ul.items.decisions', { key: 'list' }, rows.slice(0, 200).map(d => decision(d, ctx))) : h('p.empty', { key: 'none' }, 'No decision is so. The service writes one when it acts, asks, or cannot do what it must.'),
			rows.length > 200 ? h('p.soft', null, `The newest 200 of ${count(rows.length)} are shown; narrow the filter to see others.`) : null];
	},
};
