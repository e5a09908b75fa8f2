// SPDX-License-Identifier: Apache-2.0
// Three hosts, one above its load line: the page says so in the numbers of status --json, its plan is read and approved, the moves are
// seen to run and to end, and the VMs are where the plan wanted them. A second tab comes too late; a viewer is not even asked.
import { World, cluster, until } from '../world.mjs';
import { tab } from '../browser.mjs';

export default async function story({ browser, build, check }) {
	const hosts = cluster(3);
	hosts[0].vms[0].name = '<img src=x onerror=alert(1)>';
	const world = await World.open(build, { hosts, moveMs: 4000 });
	try {
		const waiting = await until(60, 'a plan waits', async () => (await world.api('status')).service?.waiting?.[0]);
		const operator = await tab(browser, world, 'operate');

		// ---- the cluster, in the same numbers ----
		const status = world.plimsoll('status', '--all'), above = status.hosts.filter(h => h.above_load_line);
		await operator.getByRole('heading', { level: 1 }).filter({ hasText: `${above.length} host is above its load line` }).waitFor();
		const tile = text => operator.locator('.tile', { hasText: text }).locator('strong').innerText();
		check('above line', await tile('above line') === String(above.length));
		check('failing', await tile('failing') === String(status.failing));
		check('mode', await tile('mode') === status.service.mode);
		await operator.goto(`${world.url}/c/t/hosts?sort=name`);
		await operator.locator('tbody tr').first().waitFor();
		const cells = await operator.locator('tbody tr').evaluateAll(list => list.map(tr => [...tr.children].map(td => td.innerText.trim())));
		check('each host has a row', cells.length === status.hosts.length);
		for (const [i, h] of status.hosts.entries()) {
			check(`${h.name}: CPU as status --json has it`, cells[i][2] === `${(h.cpu_used * 100).toFixed(0)} %`, `${cells[i][2]} and ${h.cpu_used}`);
			check(`${h.name}: memory`, cells[i][3] === `${(h.memory_used * 100).toFixed(0)} %`);
			check(`${h.name}: VMs`, cells[i][4] === String(h.vm_count));
		}

		// ---- the plan, as confirm --json has it ----
		await operator.goto(`${world.url}/c/t/plans/${waiting.id}`);
		await operator.getByRole('button', { name: /^Approve/ }).waitFor();
		const own = world.plimsoll('confirm').plans.find(p => p.id === waiting.id).plan;
		check('the button says how much', (await operator.getByRole('button', { name: /^Approve/ }).innerText()).startsWith(`Approve ${own.moves.length} move`));
		const rows = operator.locator('details.kind tbody tr');
		for (const d of await operator.locator('details.kind:not([open])').all()) await d.locator('summary').click();
		await until(10, 'a row a move', async () => await rows.count() === own.moves.length);
		await operator.locator('details.touched summary').click();
		const touched = operator.locator('details.touched tbody tr');
		await until(10, 'a row a host that moves touch', async () => await touched.count() === own.hosts.length && own.hosts.length > 0);
		const told = await touched.evaluateAll(list => list.map(tr => [...tr.children].map(td => td.innerText.trim())));
		for (const [i, x] of own.hosts.entries()) {
			const share = n => `${(n * 100).toFixed(0)} %`, l = x.load, want = [l.cpu.used_before, l.cpu.used_after, l.memory.used_before, l.memory.used_after];
			check(`${x.name}: now and after as the plan has it`, told[i][0] === x.name && want.every((n, k) => told[i][k + 1].startsWith(share(n))), told[i].join(' '));
			check(`${x.name}: above its line is said`, (l.cpu.used_before > l.cpu.load_line) === told[i][1].includes('above its line'));
		}
		const text = await operator.locator('main').innerText();
		for (const m of own.moves) check(`${m.vm}: its reason is read`, text.includes(m.why), m.why);
		check('now and after', new RegExp(`Hosts above their line\\s+${own.before.over_limit}\\s+→?\\s*${own.after.over_limit}`).test(text), text);

		// ---- who only looks ----
		const viewer = await tab(browser, world, 'view');
		await viewer.goto(`${world.url}/c/t/plans/${waiting.id}`);
		await viewer.getByText('Role operate may approve or reject it; you have view.').waitFor();
		check('a viewer has no button', await viewer.getByRole('button', { name: /Approve|Reject/ }).count() === 0);

		// ---- what was seen is what is approved ----
		const second = await tab(browser, world, 'operate');
		await second.goto(`${world.url}/c/t/plans/${waiting.id}`);
		await second.getByRole('button', { name: /^Approve/ }).click();
		const changed = await tab(browser, world, 'operate');
		await changed.route('**/api/v1/plans/*?*', async route => {
			const r = await route.fetch();
			await route.fulfill({ response: r, headers: { ...r.headers(), etag: '"another"' } });
		});
		await changed.goto(`${world.url}/c/t/plans/${waiting.id}`);
		await changed.getByRole('button', { name: /^Approve/ }).click();
		await changed.locator('dialog button[type=submit]').click();
		await changed.locator('dialog [role=alert]').filter({ hasText: '412' }).waitFor();
		check('it says what that means', (await changed.locator('dialog').innerText()).includes('nothing was approved'));
		check('and nothing was', world.plimsoll('confirm').plans.find(p => p.id === waiting.id)?.answer === null);

		// ---- approved, and seen to run ----
		await operator.getByRole('button', { name: /^Approve/ }).click();
		await operator.locator('dialog button[type=submit]').click();
		await operator.getByRole('heading', { name: /^(Approved: being checked|Running)/ }).waitFor();
		await operator.getByRole('heading', { name: /^Running/ }).waitFor({ timeout: 60000 });
		await operator.locator('.item.move progress').first().waitFor();
		check('no button is left', await operator.getByRole('button', { name: /^Approve/ }).count() === 0);
		// the other tab still has its dialog open
		await second.locator('dialog button[type=submit]').click();
		await second.locator('dialog [role=alert]').filter({ hasText: /\((409|410)\)/ }).waitFor();
		check('the second tab is refused in words', /Somebody else was faster|waits no more/.test(await second.locator('dialog').innerText()));
		await operator.getByRole('heading', { name: /^Done/ }).waitFor({ timeout: 90000 });
		for (const m of own.moves) check(`${m.vm} is where the plan wanted it`, world.host(m.to).vms.some(v => v.name === m.vm));

		// ---- text is text ----
		const evil = encodeURIComponent('<img src=x onerror=alert(1)>');
		operator.on('dialog', d => { throw new Error(`a script of a name ran: ${d.message()}`); });
		await operator.goto(`${world.url}/c/t/vms/${evil}`);
		await operator.getByRole('heading', { level: 1 }).filter({ hasText: '<img src=x onerror=alert(1)>' }).waitFor();
		check('no such image', await operator.locator('main img').count() === 0);
		for (const p of [operator, viewer, second, changed]) check('the console has nothing against it', p.complaints.length === 0, p.complaints.join('\n'));
		await Promise.all([operator, viewer, second, changed].map(p => p.context().close()));
	} finally {
		await world.close();
	}
}
