// SPDX-License-Identifier: Apache-2.0
// Settings as the service has them; they are changed in its file.
import { h } from './dom.js';
import { get } from './live.js';
import { table, withQuery } from './table.js';
import { plural } from './text.js';

export const settings = {
	title: () => 'Settings',
	load: (place, signal) => get('settings', {}, { signal }),
	draw(data, ctx) {
		const { q = '', state = '' } = ctx.place.query, rows = data.settings.filter(s => (!q || s.key.includes(q) || s.doc.toLowerCase().includes(q.toLowerCase())) && (state !== 'changed' || !s.is_default));
		return [h('h1', null, 'Settings'),
			h('p', { key: 'how' }, 'They are changed in the settings file and read again by ', h('code', null, 'systemctl reload plimsolld'), '; ', h('code', null, 'plimsoll settings check'), ' says what is wrong in it.'),
			h('form.filter', { key: 'filter', role: 'search', onsubmit: e => { e.preventDefault(); ctx.go(withQuery({ q: e.currentTarget.elements.q.value.trim(), state: e.currentTarget.elements.changed.checked ? 'changed' : null }), { quiet: true }); } },
				h('label', null, 'Contains ', h('input', { name: 'q', type: 'search', value: q, autocomplete: 'off' })), h('label.check', null, h('input', { name: 'changed', type: 'checkbox', checked: state === 'changed' }), ' not at its default'), h('button', { type: 'submit' }, 'Filter')),
			h('p.soft', { key: 'n' }, `${rows.length} of ${plural(data.settings.length, 'setting')}, ${data.settings.filter(s => !s.is_default).length} not at the default`),
			table({
				name: 'Settings', rows, key: s => s.key, usual: null, empty: 'No setting is so.',
				columns: [
					{ id: 'key', label: 'Setting', value: s => s.key, cell: s => h('code', null, s.key) }, { id: 'value', label: 'Value', cell: s => [h('strong', null, s.value === '' ? 'empty' : String(s.value)), s.is_default ? null : h('span.soft', null, ` default ${s.default === '' ? 'empty' : s.default}`)] },
					{ id: 'doc', label: 'What it is', wide: true, text: true, cell: s => s.doc.split('. ')[0] },
				],
			})];
	},
};
