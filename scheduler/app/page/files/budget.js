// SPDX-License-Identifier: Apache-2.0
// What fewer moves buy, as a plot. Who picks a point sees the plan of that budget: a draft, which the service makes and keeps for a
// quarter of an hour (?draft=ID). It can be proposed, and is read and answered then as any other plan.
import { h } from './dom.js';
import { act, get, Problem } from './live.js';
import { button, explain, whoMay } from './actions.js';
import { frontier } from './draw.js';
import { withQuery } from './table.js';
import { bytes, pct, plural, span } from './text.js';
import { at } from './when.js';

const SLOW = { timeout: 120000 };

/** What is known of budgets while a plan is reviewed: f: the frontier, or a Problem; drafts: by id, null: kept no more; by: ids by point. */
export const budgets = () => ({ f: undefined, wanted: false, drafts: new Map(), by: new Map(), making: null, failed: null, sending: false, proposed: null });

const show = (ctx, id) => ctx.go(withQuery({ draft: id }), { quiet: true });

/** The draft that the address names, where it is not known yet. */
export async function loadDraft(b, id, signal) {
	if (!id || b.drafts.has(id)) return;
	try {
		b.drafts.set(id, await get(`plans/${encodeURIComponent(id)}`, {}, { signal }));
	} catch (e) {
		if (!(e instanceof Problem) || e.status !== 404) throw e;
		b.drafts.set(id, null);
	}
}

async function pick(b, i, ctx) {
	const made = i === null ? null : b.f.points[i].made_with, budget = made ? Object.fromEntries(Object.entries({
		max_moves: made.max_moves, max_gib: made.max_mib === null ? null : made.max_mib / 1024, max_minutes: made.max_seconds === null ? null : made.max_seconds / 60,
	}).filter(([, v]) => v !== null)) : {};
	b.failed = null;
	b.making = null;
	if (!Object.keys(budget).length || b.drafts.get(b.by.get(i))) {
		show(ctx, b.by.get(i) ?? null);
		return;
	}
	b.making = i;
	ctx.draw();
	try {
		const draft = await act('POST', 'plans', budget, {}, SLOW);
		b.drafts.set(draft.id, draft);
		b.by.set(i, draft.id);
		if (b.making !== i || !ctx.isOpen()) return; // another was picked meanwhile
		b.making = null;
		ctx.say(`A draft of ${plural(draft.plan.moves.length, 'move')} is shown.`);
		show(ctx, draft.id);
	} catch (failed) {
		if (b.making === i) b.making = null;
		b.failed = failed;
		ctx.draw();
	}
}

export function buys(b, ctx, width, moves) {
	if (b.f === undefined && moves > 300 && !b.wanted) return [h('p.soft', null, 'Many plans are made to know that: it takes a while.'), h('button', { type: 'button', onclick: () => { b.wanted = true; ctx.draw(); } }, 'Compute it')];
	if (b.f === undefined) {
		b.f = null;
		get('frontier', {}, SLOW).catch(e => e).then(got => { b.f = got; ctx.draw(); });
	}
	if (!b.f) return h('p.loading', null, 'What fewer moves would buy is being computed');
	if (b.f instanceof Error) return [h('p.soft', null, b.f.status === 404 ? 'plimsoll frontier shows what fewer moves would buy.' : b.f.message), h('button', { type: 'button', onclick: () => { b.f = undefined; ctx.draw(); } }, 'Try again')];
	if (b.f.points.length < 2) return h('p.empty', null, 'Nothing to choose from: there is one plan.');
	const points = b.f.points, last = points.length - 1, shown = ctx.place.query.draft || null, of = shown ? [...b.by].find(([, id]) => id === shown)?.[0] : undefined;
	const chosen = b.making ?? of ?? points.findIndex((p, i) => shown && i < last && p.move_count === b.drafts.get(shown)?.plan.moves.length), on = chosen >= 0 ? chosen : shown ? null : last;
	return [frontier(b.f, width, on, i => pick(b, i === last ? null : i, ctx)),
		h('label', null, 'Show the plan with ', h('select', { onchange: e => pick(b, Number(e.currentTarget.value) === last ? null : Number(e.currentTarget.value), ctx) },
			on === null ? h('option', { value: -1, selected: true }, 'another budget') : null,
			points.map((x, i) => (x.move_count > 0 || i === last ? h('option', { value: i, selected: i === on }, `${i === last ? 'all moves' : plural(x.move_count, 'move')}: ${pct(x.gained)} of the gain${i === b.f.knee ? ' (knee)' : ''}`) : null)))),
		b.making !== null ? h('p.loading', { role: 'status' }, `The plan with ${plural(points[b.making].move_count, 'move')} is being made`) : on !== null && points[on] ? h('p.soft', null, `About ${span(points[on].seconds)}; ${plural(points[on].over_limit, 'host')} above the line after it. A click on a point shows its plan.`) : null,
		b.failed ? explain(b.failed) : null];
}

/** What is shown is a draft, or it should be. */
export function draftNote(b, draft, id, ctx) {
	if (draft === undefined) return null;
	const back = h('a', { href: withQuery({ draft: null }), 'data-quiet': true }, `Back to plan ${ctx.place.name}`);
	if (draft === null) return h('div.banner.note', { key: 'draft', role: 'status' }, 'The draft is kept no more: a service keeps one for 15 minutes, in the instance that made it. Pick a point of the plot to make it again. ', back);
	return h('div.banner.note', { key: 'draft', role: 'status' }, h('strong', null, `A draft of ${plural(draft.plan.moves.length, 'move')} is shown, `), 'on the facts of ', at(draft.as_of), `. It waits for no answer until it is proposed; plan ${ctx.place.name} stays as it is. `, back);
}

/** Its buttons. The name is the draft's: to propose it twice is to propose it once. */
export function proposeBar(b, draft, ctx) {
	const p = draft.plan, name = `less-${draft.id.replace(/^draft-/, '')}`;
	const propose = async () => {
		b.sending = true;
		b.failed = null;
		ctx.draw();
		try {
			await act('PUT', `plans/${name}`, { draft: draft.id });
			b.proposed = name;
			ctx.say(`Plan ${name} is proposed.`);
		} catch (failed) {
			b.failed = failed;
		}
		b.sending = false;
		ctx.draw();
	};
	return h('div.sticky', { key: 'sticky' },
		b.proposed === name ? h('p.loading', { role: 'status' }, `Plan ${name} is proposed; it is shown as soon as it waits.`) : b.sending ? h('p.loading', { role: 'status' }, 'It is being proposed') : p.moves.length ? button('operate', `Propose ${plural(p.moves.length, 'move')}, ${bytes(p.predicted.bytes)}`, propose, { kind: 'go' }) : null,
		whoMay('operate', 'propose it') || h('span.soft', null, 'Proposed, it waits beside the others, to be read and approved.'));
}
