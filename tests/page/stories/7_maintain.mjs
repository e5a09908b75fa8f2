// SPDX-License-Identifier: Apache-2.0
// In mode confirm a host is emptied from its own page by three presses: who would move, the start, and the plan, approved where it is
// shown. A plan that is another one by then is not approved. A move that runs is aborted, and seen to end so; a viewer may do neither.
// Search opens what has exactly that name.
import { World, cluster, until } from '../world.mjs';
import { tab } from '../browser.mjs';

export default async function story({ browser, build, check }) {
	const hosts = cluster(4);
	hosts[0].vms.splice(2);
	const world = await World.open(build, { hosts, moveMs: 15000 });
	try {
		await until(30, 'a round was made', async () => (await world.api('status')).service?.round_at);
		const operator = await tab(browser, world, 'operate'), viewer = await tab(browser, world, 'view');
		const search = async text => {
			await operator.getByRole('searchbox', { name: 'Search host, VM or plan' }).fill(text);
			await operator.keyboard.press('Enter');
		};

		// ---- search ----
		const vm = world.host('kvm3').vms[0].name;
		await operator.goto(`${world.url}/c/t/settings`);
		await search(vm);
		await operator.waitForURL(`**/c/t/vms/${vm}`);
		await search('kvm3');
		await operator.waitForURL('**/c/t/hosts/kvm3');

		// ---- one press shows, one begins, one approves ----
		await operator.getByRole('button', { name: 'Maintenance…' }).click();
		await operator.locator('.preview').filter({ hasText: '2 VMs move' }).waitFor({ timeout: 30000 });
		await operator.getByText('shown here and moves nothing before it is approved').waitFor();
		await operator.getByRole('button', { name: 'Empty kvm3', exact: true }).click();
		const approve = operator.getByRole('button', { name: /^Approve/ }), waits = async () => (await world.api('plans')).items.find(p => p.kinds.includes('maintenance') && !p.answer);
		await approve.waitFor({ timeout: 60000 });
		const plan = await waits(), moves = (await world.api(`plans/${plan.id}/moves`)).items, card = operator.locator('section.card', { has: approve });
		check('the button says how many', (await approve.innerText()).startsWith(`Approve ${moves.length} move`));
		for (const m of moves) check(`${m.vm} is read before it is approved`, (await card.innerText()).includes(`${m.vm} ${m.from} → ${m.to}`));

		await viewer.goto(`${world.url}/c/t/maintenance`);
		await viewer.getByText('Role operate may approve it; you have view.').waitFor();
		check('a viewer has no button', await viewer.getByRole('button', { name: /Approve|Empty|Give back/ }).count() === 0);

		// ---- another plan by then ----
		const other = await tab(browser, world, 'operate');
		let reads = 0;
		await other.route('**/api/v1/plans/*?*', async route => {
			if (route.request().method() !== 'GET' || reads++ > 0) return route.continue();
			const r = await route.fetch();
			return route.fulfill({ response: r, headers: { ...r.headers(), etag: '"another"' } });
		});
		await other.goto(`${world.url}/c/t/maintenance`);
		await other.getByRole('button', { name: /^Approve/ }).click();
		await other.locator('[role=alert]').filter({ hasText: '412' }).waitFor();
		check('nothing was approved', (await waits())?.id === plan.id);
		await until(10, 'it was read again', () => reads >= 2);

		// ---- approved; one of its moves is aborted ----
		await viewer.goto(`${world.url}/c/t/moves`);
		await approve.click();
		await operator.goto(`${world.url}/c/t/moves`);
		await viewer.locator('.item.move progress').first().waitFor({ timeout: 60000 });
		check('a viewer cannot abort', await viewer.getByRole('button', { name: /^(Abort|Stop)/ }).count() === 0);
		const line = operator.locator('.item.move').first();
		await line.getByRole('button', { name: /^Abort…/ }).click({ timeout: 60000 });
		const dialog = operator.locator('dialog'), name = /Abort the move of (\S+)\?/.exec(await dialog.innerText())[1];
		await dialog.getByLabel('Why (in the audit)').fill('wrong rack');
		await dialog.locator('button[type=submit]').click();
		await operator.locator('table[aria-label="Ended moves"] tbody tr', { hasText: name }).filter({ hasText: 'aborted' }).waitFor({ timeout: 60000 });
		const move = moves.find(m => m.vm === name), where = world.hosts.find(x => x.vms.some(v => v.name === name)).name;
		check('the VM stayed', where === move.from, `${name}: ${move.from} → ${move.to}, on ${where}`);
		const said = world.plimsoll('audit', '--since', '1d').decisions.flatMap(d => d.moves).find(m => m.vm === name);
		check('the audit has who and why', said.end === 'aborted' && /olga.*wrong rack/.test(JSON.stringify(said)), JSON.stringify(said));

		// ---- how far a rolling maintenance is ----
		world.connection.send('SET', 'plimsoll:{t}:note:roll', '{"schema": "plimsoll.roll/1", "by": "root@ops", "at": 1770000000000000, "process": "1/1", "run_sha256": "0", "at_once": 2, "left": ["kvm3", "kvm4"], "done": ["kvm1"]}');
		await viewer.goto(`${world.url}/c/t/maintenance`);
		const roll = viewer.locator('section.card', { hasText: 'Rolling maintenance: 1 of 3 hosts done' });
		await roll.waitFor({ timeout: 30000 });
		check('what is in maintenance of it, and left', /In maintenance: kvm3\. Left: kvm3, kvm4\./.test(await roll.innerText()), await roll.innerText());
		for (const p of [operator, viewer, other]) check('the console has nothing against it', p.complaints.length === 0, p.complaints.join('\n'));
		await Promise.all([operator, viewer, other].map(p => p.context().close()));
	} finally {
		await world.close();
	}
}
