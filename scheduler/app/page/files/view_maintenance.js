// SPDX-License-Identifier: Apache-2.0
// Emptying a host: first who moves and who cannot, then the start, then how far it is, at last "empty, safe to switch off".
import { h, say } from './dom.js';
import { act, get, getTagged, list, may } from './live.js';
import { askFirst, button, explain, whoMay } from './actions.js';
import { sign } from './draw.js';
import { factsAge } from './model.js';
import { bytes, kindName, mib, plural, span } from './text.js';
import { at, when } from './when.js';

const encode = encodeURIComponent;

async function previewOf(name, ctx) {
	const s = ctx.state;
	s.preview = { name, busy: true };
	ctx.draw();
	try {
		const vms = await list('vms', { host: name }, { most: 500, keep: v => v.host === name });
		const on = vms.items.filter(v => (v.state || 'running') !== 'off'), off = vms.items.filter(v => v.state === 'off');
		const [capacity, looks] = [await draft(name), []];
		if (!capacity) for (const v of on.slice(0, 200)) looks.push({ vm: v, why: await get('explain', { vm: v.name }).catch(() => null) });
		s.preview = { name, on, off, draft: capacity, looks, at: new Date().toISOString() };
	} catch (failed) {
		s.preview = { name, failed };
	}
	ctx.draw();
}

/** A plan as it would be with the host in maintenance, where the service can be asked that. */
async function draft(name) {
	try {
		return (await act('POST', 'plans', { without: [name] }));
	} catch (e) {
		if ([404, 405, 422].includes(e.status)) return null;
		throw e;
	}
}

function preview(p, ctx) {
	if (p.busy) return h('p.loading', { key: 'busy' }, 'Asking who can leave, and where to');
	if (p.failed) return explain(p.failed);
	const away = x => x.verdict === 'open', cannot = p.looks.filter(l => l.why && !l.why.hosts.some(away)), asked = p.looks.filter(l => l.why), can = asked.length - cannot.length, memory = p.on.reduce((sum, v) => sum + (v.memory_mib || 0), 0);
	const moves = p.draft?.plan?.moves || p.draft?.moves || null, refused = p.draft?.plan?.refused || p.draft?.refused || [];
	const leaving = moves ? moves.filter(m => m.from === p.name) : null;
	return h('div.preview', { key: 'preview', role: 'status' }, h('h3', null, `Preview of ${p.name}`),
		leaving ? h('p', null, h('strong', null, `${plural(leaving.length, 'VM moves', 'VMs move')}`), ` (${mib(memory)})${refused.length ? '' : ', none is stuck'}; ${plural(p.off.length, 'VM that is off stays', 'VMs that are off stay')}. With all that the plan does besides: about ${span(p.draft.plan.predicted.seconds)}, ${plural(p.draft.plan.after.over_limit, 'host')} above the line after it.`)
			: h('p', null, h('strong', null, `${can} of ${plural(p.on.length, 'VM')} can go elsewhere now`), ` (${mib(memory)} in all)${cannot.length ? `; ${cannot.length} cannot` : ''}${asked.length < p.on.length ? `; of ${p.on.length - asked.length} it is unknown` : ''}; ${plural(p.off.length, 'VM that is off stays', 'VMs that are off stay')}.`),
		leaving ? h('ul.plainlist.flow', null, leaving.slice(0, 24).map(m => h('li', { key: m.vm }, h('a', { href: ctx.vmUrl(m.vm) }, m.vm), ` → ${m.to}`))) : null,
		leaving?.length > 24 ? h('p.soft', null, `and ${leaving.length - 24} more`) : null,
		refused.length || cannot.length ? h('ul.plainlist', null, refused.map(r => h('li', { key: r.vm }, sign('failing', 'cannot leave'), ' ', h('a', { href: ctx.vmUrl(r.vm) }, r.vm), ` cannot: ${r.why || r.text || r.reason || ''}`)), cannot.slice(0, 20).map(l => h('li', { key: l.vm.name }, sign('failing', 'cannot leave'), ' ', h('a', { href: ctx.vmUrl(l.vm.name) }, l.vm.name), ` cannot: ${l.why.blocked_why || l.why.smallest_change?.text || l.why.hosts.find(x => x.text)?.text || 'no host takes it'}`))) : null,
		leaving ? null : h('p.soft', null, 'Each VM by itself, as the hosts are now; the service plans them together.'));
}

function form(data, ctx) {
	if (!may('operate')) return whoMay('operate', 'empty a host');
	const chosen = ctx.place.query.host || '', s = ctx.state, p = s.preview, hosts = data.status.hosts.filter(x => x.state === 'active').map(x => x.name).sort();
	const values = f => ({ host: f.elements.host.value, minutes: Number(f.elements.minutes.value), why: f.elements.why.value.trim(), good: f.elements.good.checked });
	const submit = e => { e.preventDefault(); s.values = values(e.currentTarget); previewOf(s.values.host, ctx); };
	const mode = data.maintenance.mode, then = mode === 'auto' ? 'Its moves start with the next round.' : mode === 'confirm' ? 'The service proposes a plan for it, which is shown here and moves nothing before it is approved.' : 'The service is in mode advise: it will plan and move nothing.';
	const start = async () => { // the preview above the button is what is confirmed by it
		const v = { ...s.values, ...values(document.querySelector('form.empty-host')) };
		if (v.host !== p.name) return previewOf(v.host, ctx);
		if (p.starts) return null;
		Object.assign(p, { starts: true, refused: null });
		ctx.draw();
		try {
			await act('PUT', `hosts/${encode(v.host)}/maintenance`, { ...(v.why ? { why: v.why } : {}), ...(v.minutes > 0 ? { deadline_seconds: v.minutes * 60 } : {}), ...(v.good ? { for_good: true } : {}) });
			s.preview = null;
			say(`${v.host} is in maintenance.`);
			ctx.wake();
		} catch (e) {
			Object.assign(p, { starts: false, refused: e });
		}
		return ctx.draw();
	};
	return h('section.card', { key: 'form', 'aria-labelledby': 'empty' }, h('h2', { id: 'empty' }, 'Empty a host'),
		hosts.length ? h('form.empty-host', { onsubmit: submit },
			h('label', null, 'Host ', h('select', { name: 'host' }, hosts.map(n => h('option', { value: n, selected: n === (s.values?.host || chosen) }, n)))),
			h('label', null, 'Within, minutes ', h('input', { name: 'minutes', type: 'number', min: 1, max: 10000, placeholder: 'no deadline' })),
			h('label', null, 'Why ', h('input', { name: 'why', type: 'text', maxlength: 200, placeholder: 'new memory', autocomplete: 'off' })),
			h('label.check', null, h('input', { name: 'good', type: 'checkbox' }), ' for good: VMs that are off leave, too'),
			h('button', { type: 'submit', class: p && !p.busy ? null : 'go' }, 'Preview')) : h('p.empty', null, 'No host is active.'),
		p ? preview(p, ctx) : null,
		p && !p.busy && !p.failed ? [p.refused ? explain(p.refused) : null, h('p', null, `No VM comes to ${p.name} from then on. ${then}`), h('div.buttons', null, button('operate', p.starts ? `Asking for ${p.name} to be emptied` : `Empty ${p.name}`, start, { kind: 'go' }))] : null);
}

const SHOWN = 60; // moves that are listed whole, and can be approved here

/** Plans that wait and empty hosts: each is read once, as it is shown, with the digest that an approval sends. */
async function waitingPlans(status, s, signal) {
	const waits = (status.service?.waiting || []).filter(w => w.kinds.includes('maintenance'));
	s.plans ||= new Map();
	for (const id of [...s.plans.keys()]) if (!waits.some(w => w.id === id)) s.plans.delete(id);
	for (const w of waits.slice(0, 3)) {
		if (s.plans.has(w.id) || w.move_count > SHOWN) continue;
		const seen = await getTagged(`plans/${encode(w.id)}`, {}, { signal }).catch(e => { if (e.status === 404) return null; throw e; });
		if (seen) s.plans.set(w.id, seen);
	}
	return waits;
}

async function approve(w, seen, ctx) {
	const s = ctx.state;
	if (s.approving) return;
	s.approving = w.id;
	s.answer = null;
	ctx.draw();
	try {
		await act('PUT', `plans/${encode(w.id)}/answer`, { answer: 'accept' }, { 'If-Match': seen.etag });
		(s.approved ||= new Set()).add(w.id);
		say(`Plan ${w.id} is approved.`);
	} catch (e) {
		s.answer = { id: w.id, failed: e };
		if (e.status === 412) s.plans.delete(w.id); // read again, and shown as it is now
	}
	s.approving = null;
	ctx.draw();
	ctx.wake();
}

/** A plan of few moves stands here whole: what is approved is what is read above the button. */
function waitingPlan(w, ctx) {
	const s = ctx.state, seen = s.plans?.get(w.id), p = seen?.value.plan, given = s.approved?.has(w.id) || seen?.value.answer;
	const review = h('a.button', { href: ctx.planUrl(w.id), class: p ? null : 'go' }, 'Review'), failed = s.answer?.id === w.id ? explain(s.answer.failed) : null;
	if (!p) return h('div', { key: w.id }, failed, h('div.planline', null, h('span', null, h('strong', null, `Plan ${w.id}`), ` for it: ${plural(w.move_count, 'move')}; waits for an answer until `, at(w.until)), review));
	return h('section.card', { key: w.id, 'aria-labelledby': `plan-${w.id}` }, h('h2', { id: `plan-${w.id}` }, `Plan ${w.id}: ${plural(p.moves.length, 'move')}, ${bytes(p.predicted.bytes)}, about ${span(p.predicted.seconds)}`),
		h('ul.plainlist.flow', null, p.moves.map(m => h('li', { key: m.vm }, h('a', { href: ctx.vmUrl(m.vm) }, m.vm), ` ${m.from} → ${m.to}`, m.kind === 'maintenance' ? '' : h('span.soft', null, ` (${kindName(m.kind)})`)))),
		h('p.soft', null, 'The service judges it once more on fresh facts before anything moves. It waits until ', at(w.until), '.'), failed,
		given ? h('p', { role: 'status' }, 'Approved: being checked on fresh facts.') : [h('div.buttons', null, button('operate', s.approving === w.id ? 'Approving' : `Approve ${plural(p.moves.length, 'move')}, ${bytes(p.predicted.bytes)}`, () => approve(w, seen, ctx), { kind: 'go' }), review), whoMay('operate', 'approve it')]);
}

function row(m, inRoll, ctx) {
	const left = m.vm_count - m.off_count, stuck = m.cannot_leave.length;
	return h('li.card', { key: m.name, class: m.empty ? 'empty-now' : null },
		h('h2', null, h('a', { href: ctx.hostUrl(m.name) }, m.name), ' ', m.empty ? h('strong.safe', null, 'EMPTY, safe to switch off') : m.state === 'maintenance' ? `emptying: ${plural(left, 'VM')} left` : m.state),
		h('p', null, [m.by ? `asked for by ${m.by} ` : '', when(m.since), m.why ? `, because: ${m.why}` : '', m.leave_by ? [', by ', at(m.leave_by)] : '', m.for_good ? ', for good' : '']),
		m.empty ? null : h('p.soft', null, `${plural(m.moving_count, 'VM')} on the way, ${m.waiting_count} waiting for a move, ${m.off_count} off and staying${stuck ? `, ${stuck} cannot leave` : ''}. ${m.text || ''}`),
		stuck ? h('ul.plainlist', null, m.cannot_leave.slice(0, 12).map(c => h('li', { key: c.vm }, sign('failing', 'cannot leave'), ' ', h('a', { href: ctx.vmUrl(c.vm) }, c.vm), `: ${c.why}`))) : null,
		inRoll ? h('p.soft', null, 'It is given back by the roll, when its work is finished.') : button('operate', 'Give back', () => askFirst({ title: `Put ${m.name} back into service?`, text: h('p', null, m.empty ? 'It takes VMs again from the next plan on.' : 'It is not empty: what has not left yet stays, and it takes VMs again.'), button: 'Give back', said: `${m.name} is back in service.`, run: () => act('DELETE', `hosts/${encode(m.name)}/maintenance`), then: ctx.wake }), { about: m.name }));
}

const rollWords = { emptying: 'moving', empty: 'within', finished: 'within', blocked: 'failing' };

/** A host of a roll that the service carries out: what is next, and the button for it. */
function rollHost(x, r, ctx) {
	return h('li', { key: x.name }, sign(rollWords[x.state] || 'unknown', x.state), ' ', h('a', { href: ctx.hostUrl(x.name) }, x.name), ` ${x.state}${x.vm_count ? `: ${plural(x.vm_count, 'VM')} there` : ''} `,
		x.state === 'empty' ? button('operate', 'Work finished', () => askFirst({ title: `Is the work at ${x.name} finished?`, text: h('p', null, 'It goes back into service once its agent has reported, and the next hosts are emptied.'), button: 'It is finished', said: `${x.name} goes back into service when it reports.`,
			run: () => act('PUT', `rolls/${encode(r.id)}/finished/${encode(x.name)}`, {}), then: ctx.wake }), { kind: 'go', about: x.name }) : h('span.soft', null, x.text));
}

function rollButtons(r, ctx) {
	const url = `rolls/${encode(r.id)}`;
	return h('div.buttons', { key: 'buttons' },
		r.held ? button('operate', 'Go on', () => askFirst({ title: 'Empty the next hosts?', text: h('p', null, `${r.held}.`), button: 'Go on', said: 'The roll goes on.', run: () => act('DELETE', `${url}/held`), then: ctx.wake }))
			: button('operate', 'Hold…', () => askFirst({ title: 'Begin no other host?', text: h('p', null, 'Hosts that are being emptied go on; no other one is begun until somebody lets the roll go on.'), fields: [{ name: 'why', label: 'Why' }], button: 'Hold the roll', said: 'The roll is held.', run: v => act('PUT', `${url}/held`, v.why ? { why: v.why } : {}), then: ctx.wake }), { kind: 'plain' }),
		button('operate', 'Abandon…', () => askFirst({ title: `Abandon the roll ${r.id}?`, text: h('p', null, 'No other host is begun. Hosts in maintenance stay there until they are given back.'), button: 'Abandon it', kind: 'danger', said: 'The roll is abandoned.', run: () => act('DELETE', url), then: ctx.wake }), { kind: 'plain' }));
}

/** How far a rolling maintenance is; the service's own is steered here, one of a command by that command. */
function rollCard(r, own, ctx) {
	if (!r) return null;
	const names = list_ => list_.slice(0, 12).map((n, i) => [i ? ', ' : '', h('a', { href: ctx.hostUrl(n) }, n)]).concat(list_.length > 12 ? ` and ${list_.length - 12} more` : []);
	return h('section.card', { key: 'roll', 'aria-labelledby': 'roll' }, h('h2', { id: 'roll' }, `Rolling maintenance${r.id ? ` ${r.id}` : ''}: ${r.done_count} of ${plural(r.host_count, 'host')} done`),
		h('progress', { max: Math.max(1, r.host_count), value: r.done_count, 'aria-label': 'hosts done' }),
		r.held ? h('div.banner.above', { key: 'held' }, h('strong', null, 'Held: '), r.held) : null,
		own?.hosts.length ? h('ul.plainlist', { key: 'now' }, own.hosts.map(x => rollHost(x, r, ctx))) : null,
		h('p', null, own ? null : r.in_maintenance.length ? ['In maintenance: ', names(r.in_maintenance), '. '] : 'None of those left is in maintenance. ', r.left.length ? [own ? 'To come: ' : 'Left: ', names(r.left), '.'] : null),
		h('p.soft', null, `By ${r.by || 'unknown'}, `, when(r.since), r.id ? '.' : '. Whether it runs or was stopped is not known here.'),
		own ? [rollButtons(r, ctx), whoMay('operate', 'steer it')] : null);
}

/** A roll of several hosts, which the service carries out. */
function rollBegin(data, ctx) {
	if (data.maintenance.roll || !may('operate')) return null;
	const today = new Date().toISOString().slice(0, 10);
	return h('p', { key: 'begin-roll' }, button('operate', 'Empty several hosts in turn…', () => askFirst({
		title: 'Rolling maintenance', text: h('p', null, 'The service empties the hosts one group after the other. You do the work at each empty host and say that it is finished; then it goes back into service.'),
		fields: [{ name: 'id', label: 'Name', needed: true, value: `roll-${today}`, help: 'letters, digits, - _ .' }, { name: 'hosts', label: 'Hosts', needed: true, help: 'names or selections, with blanks between them: kvm1 rack:r2; all: each host' }, { name: 'at_once', label: 'At the same time', type: 'number', value: '1' }],
		button: 'Begin', said: 'The roll begins with the next round.', then: ctx.wake,
		run: v => act('PUT', `rolls/${encode(v.id)}`, { ...(v.hosts === 'all' ? { all: true } : { hosts: v.hosts.split(/\s+/).filter(Boolean) }), at_once: Number(v.at_once) || 1 }),
	}), { kind: 'plain' }));
}

export const maintenance = {
	title: () => 'Maintenance',
	load: async (place, signal, ctx) => {
		const [status, maintenance_] = await Promise.all([get('status', {}, { signal }), get('maintenance', {}, { signal })]);
		const id = maintenance_.roll?.id, roll = id ? await get(`rolls/${encode(id)}`, {}, { signal }).catch(e => { if (e.status === 404) return null; throw e; }) : null;
		return { status, maintenance: maintenance_, roll, waiting: await waitingPlans(status, ctx.state, signal) };
	},
	age: data => factsAge(data.status),
	draw(data, ctx) {
		const m = data.maintenance, cordoned = data.status.hosts.filter(x => x.state === 'cordoned');
		if (ctx.place.query.host && !ctx.state.preview && may('operate') && ctx.state.asked !== ctx.place.query.host && data.status.hosts.some(x => x.name === ctx.place.query.host)) {
			ctx.state.asked = ctx.place.query.host;
			setTimeout(() => previewOf(ctx.place.query.host, ctx));
		}
		return [h('h1', null, 'Maintenance'), form(data, ctx),
			data.waiting.map(w => waitingPlan(w, ctx)),
			rollCard(m.roll, data.roll, ctx) || rollBegin(data, ctx),
			m.hosts.length ? h('ul.faults', { key: 'hosts' }, m.hosts.map(x => row(x, data.roll?.hosts.some(y => y.name === x.name), ctx))) : h('p.empty', { key: 'none' }, 'No host is in maintenance.'),
			cordoned.length ? h('p.soft', { key: 'cordoned' }, `Cordoned (take no VM, keep theirs): ${cordoned.map(x => x.name).join(', ')}`) : null];
	},
};
