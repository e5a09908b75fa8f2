// SPDX-License-Identifier: Apache-2.0
// What a person does: asked for with its consequence, sent once, and what the service answers is shown where it was asked.
import { h, say } from './dom.js';
import { live, may } from './live.js';

/** A button for who may; else a line that says who may. */
export function button(role, text, run, { kind = '', about = '' } = {}) {
	if (!may(role)) return null;
	return h('button', { class: kind || null, type: 'button', disabled: live.cut !== null, onclick: run, 'aria-label': about ? `${text}: ${about}` : null }, text);
}
export const whoMay = (role, what) => (may(role) ? null : h('p.soft.whomay', null, `Role ${role} may ${what}; you have ${live.login?.role || 'none'}.`));

export function explain(problem) {
	const more = {
		401: 'Log in again.',
		403: 'Ask someone whose role suffices.',
		412: 'The plan has changed since you read it; nothing was approved. Look at it again, then decide.',
		409: 'Somebody else was faster, or it cannot be done as things are; nothing was done by you.',
		410: 'It waits no more: it was answered, carried out, dropped or has expired. The audit says which.',
		0: 'It is not known whether the service took it. Look before you try again.',
	}[problem.status];
	return h('div.banner.failing', { role: 'alert' }, h('strong', null, `${problem.title || 'It failed'}${problem.status ? ` (${problem.status})` : ''}: `), problem.message, more ? ` ${more}` : '', problem.id ? [' Request ', h('code', null, problem.id), '.'] : null);
}

/** fields: [{name, label, type, needed, value, options, help}]; run(values) does it; then(answer). */
export function askFirst({ title, text, fields = [], button: word, kind = 'go', run, then, said }) {
	const note = h('div', { 'aria-live': 'polite' });
	const read = form => Object.fromEntries(fields.map(f => [f.name, f.type === 'checkbox' ? form.elements[f.name].checked : form.elements[f.name].value.trim()]));
	const field = f => {
		const id = `field-${f.name}`;
		if (f.type === 'checkbox') return h('label.check', null, h('input', { type: 'checkbox', name: f.name, id, checked: !!f.value }), ` ${f.label}`);
		const input = f.options ? h('select', { name: f.name, id }, f.options.map(o => h('option', { value: o[0], selected: o[0] === f.value }, o[1]))) : h('input', { name: f.name, id, type: f.type || 'text', required: !!f.needed, autocomplete: 'off', value: f.value ?? null, maxlength: 200 });
		return h('label', { for: id }, f.label, input, f.help ? h('span.soft', null, f.help) : null);
	};
	const send = async e => {
		e.preventDefault();
		const form = e.currentTarget, submit = form.querySelector('button[type=submit]');
		submit.disabled = true;
		note.replaceChildren();
		try {
			const answer = await run(read(form));
			dialog.close();
			if (said) say(said);
			then?.(answer);
		} catch (failed) {
			note.replaceChildren(explain(failed));
			submit.disabled = false;
			if ([409, 410, 412].includes(failed.status)) submit.remove();
		}
	};
	const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' }, h('form', { onsubmit: send }, h('h2', { id: 'dialog-title' }, title), text, fields.map(field), note,
		h('div.buttons', null, h('button', { type: 'submit', class: kind }, word), h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'))));
	document.body.append(dialog);
	dialog.addEventListener('close', () => dialog.remove());
	dialog.showModal();
	return dialog;
}

