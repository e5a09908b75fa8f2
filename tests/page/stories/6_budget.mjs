// SPDX-License-Identifier: Apache-2.0
// A person wants fewer moves: a point of the plot shows the plan of that budget beside the one that waits, in the numbers of the API. It is
// proposed, read, and approved as any other; all by keys. Who reviews the first plan is told of the second, and sees no other moves.
import { World, cluster, until } from '../world.mjs';
import { tab } from '../browser.mjs';

/** Goes to an element as who has no pointer does, from where the focus is. */
async function tabTo(page, what) {
	const target = page.locator(what).first();
	await target.waitFor({ timeout: 30000 });
	for (let i = 0; i < 120; i++) {
		if (await target.evaluate(el => el === document.activeElement)) return;
		await page.keyboard.press('Tab');
	}
	throw new Error(`not reached by Tab: ${what}`);
}

export default async function story({ browser, build, check }) {
	const world = await World.open(build, { hosts: cluster(20), moveMs: 1500 });
	try {
		const waiting = await until(60, 'a plan waits', async () => (await world.api('status')).service?.waiting?.[0]);
		const address = `${world.url}/c/t/plans/${waiting.id}`, [page, other, viewer] = [await tab(browser, world, 'operate'), await tab(browser, world, 'operate'), await tab(browser, world, 'view')];
		const all = (await world.api(`plans/${waiting.id}`)).plan, heading = page.getByRole('heading', { level: 1 });
		await other.goto(address);
		await other.getByRole('button', { name: `Approve ${all.moves.length} moves` }).waitFor();
		const read = await other.locator('details.kind').first().innerText();

		// ---- fewer moves, by keys ----
		await page.goto(address);
		await tabTo(page, 'main select');
		await page.keyboard.press('ArrowUp'); // from all moves to the most that are less
		await heading.filter({ hasText: 'Draft in place of' }).waitFor({ timeout: 60000 });
		const id = new URL(page.url()).searchParams.get('draft'), draft = (await world.api(`plans/${id}`)).plan, n = draft.moves.length;
		check('they are fewer', n > 0 && n < all.moves.length, `${n} of ${all.moves.length}`);
		check('the heading says how many', (await heading.innerText()).includes(`${n} move`));
		const pairs = await page.locator('table.pairs').innerText();
		check('now, after, and with all', new RegExp(`Hosts above their line\\s+${draft.before.over_limit}\\s+→?\\s*${draft.after.over_limit}\\s+${all.after.over_limit}`).test(pairs), pairs);
		check('the moves are the draft\'s', (await page.locator('table.kinds tbody tr').evaluateAll(l => l.reduce((sum, tr) => sum + Number(tr.children[1].textContent), 0))) === n);
		check('nobody can approve it like that', await page.getByRole('button', { name: /^Approve/ }).count() === 0);
		await page.goBack();
		await heading.filter({ hasText: `Plan ${waiting.id}` }).waitFor();
		check('the choice is that of the address', (await page.locator('main select option:checked').innerText()).startsWith('all moves'));

		// ---- a click does the same; who looks may look ----
		await viewer.goto(address);
		await viewer.locator('.frontier .point').nth(1).click({ force: true });
		await viewer.getByText('Role operate may propose it; you have view.').waitFor({ timeout: 60000 });
		check('and has no button', await viewer.getByRole('button', { name: /^Propose/ }).count() === 0);

		// ---- proposed, read, approved: by keys ----
		await page.goto(`${address}?draft=${id}`);
		await tabTo(page, 'button:has-text("Propose")');
		await page.keyboard.press('Enter');
		await page.waitForURL(/plans\/less-/, { timeout: 30000 });
		await page.getByRole('button', { name: `Approve ${n} move` }).waitFor({ timeout: 30000 });
		await other.getByText('Another plan waits, too').waitFor({ timeout: 30000 });
		check('what is under review has not changed', await other.locator('details.kind').first().innerText() === read && (await other.getByRole('button', { name: /^Approve/ }).innerText()).startsWith(`Approve ${all.moves.length} moves`));
		await tabTo(page, 'button:has-text("Approve")');
		await page.keyboard.press('Enter');
		await tabTo(page, 'dialog button[type=submit]');
		await page.keyboard.press('Enter');
		await heading.filter({ hasText: 'Plan less-' }).waitFor();
		await page.getByRole('heading', { name: /^Done/ }).waitFor({ timeout: 90000 });
		for (const m of draft.moves) check(`${m.vm} is where it was to be`, world.host(m.to).vms.some(v => v.name === m.vm));
		for (const p of [page, other, viewer]) check('the console has nothing against it', p.complaints.length === 0, p.complaints.join('\n'));
		await Promise.all([page, other, viewer].map(p => p.context().close()));
	} finally {
		await world.close();
	}
}
