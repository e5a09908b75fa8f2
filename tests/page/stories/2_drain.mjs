// SPDX-License-Identifier: Apache-2.0
// A host's disk fails: the page says so, and the host is seen to drain. Another is emptied for maintenance: first the preview, then how
// far it is, at last "EMPTY, safe to switch off"; and it is given back. All of it in the words of the commands' --json.
import { World, cluster, until } from '../world.mjs';
import { tab } from '../browser.mjs';

export default async function story({ browser, build, check }) {
	const hosts = cluster(4);
	hosts[0].vms.splice(3);
	const world = await World.open(build, { hosts, mode: 'auto', moveMs: 2500 });
	try {
		await until(30, 'a round was made', async () => (await world.api('status')).service?.round_at);
		const operator = await tab(browser, world, 'operate');
		await operator.getByRole('heading', { level: 1 }).filter({ hasText: 'Every host is within its load line' }).waitFor();

		// ---- a disk fails ----
		world.host('kvm2').faults.push({ device: 'sda', grade: 3, why: '24 sectors cannot be read' });
		await operator.getByRole('heading', { level: 1 }).filter({ hasText: '1 host is failing' }).waitFor({ timeout: 30000 });
		await operator.locator('.item.move progress').first().waitFor({ timeout: 30000 });
		await until(60, 'it has drained', () => world.host('kvm2').vms.length === 0);
		await operator.goto(`${world.url}/c/t/faults`);
		await operator.getByText('24 sectors cannot be read').waitFor();
		const said = world.plimsoll('faults').hosts.find(x => x.host === 'kvm2').faults[0];
		check('the device is named', (await operator.locator('.faults').innerText()).includes(`${said.device}: grade ${said.grade}, ${said.means}`));
		await operator.getByRole('link', { name: 'kvm2' }).click();
		await operator.getByText('No VM is on it.').waitFor({ timeout: 15000 });
		const viewer = await tab(browser, world, 'view');
		await viewer.goto(`${world.url}/c/t/faults`);
		await viewer.getByText('Role operate may accept a fault; you have view.').waitFor();
		check('a viewer cannot accept it', await viewer.getByRole('button', { name: /Accept/ }).count() === 0);

		// ---- maintenance: preview, start, empty ----
		await operator.goto(`${world.url}/c/t/maintenance`);
		await operator.locator('select[name=host]').selectOption('kvm3');
		await operator.locator('input[name=why]').fill('new memory');
		await operator.getByRole('button', { name: 'Preview' }).click();
		const n = world.host('kvm3').vms.length;
		await operator.locator('.preview').filter({ hasText: `${n} VMs move` }).waitFor({ timeout: 30000 });
		check('nothing has moved by that', world.host('kvm3').vms.length === n && world.plimsoll('maintenance', 'status').hosts.length === 0);
		await operator.getByRole('button', { name: 'Empty kvm3', exact: true }).click();
		await operator.getByText('EMPTY, safe to switch off').waitFor({ timeout: 60000 });
		const row = world.plimsoll('maintenance', 'status').hosts[0];
		check('maintenance status says it, too', row.name === 'kvm3' && row.empty && row.why === 'new memory');
		check('by whom', (await operator.locator('li.empty-now').innerText()).includes('token olga'));
		check('it is empty', world.host('kvm3').vms.length === 0);
		await operator.getByRole('button', { name: /^Give back/ }).click();
		await operator.locator('dialog button[type=submit]').click();
		await operator.getByText('No host is in maintenance.').waitFor({ timeout: 30000 });

		// ---- what came of it ----
		await operator.goto(`${world.url}/c/t/moves`);
		await operator.locator('table[aria-label="Ended moves"] tbody tr').first().waitFor({ timeout: 30000 });
		const ended = world.plimsoll('audit', '--since', '1d').decisions.flatMap(d => d.moves);
		check('as many moves as the audit has', await operator.locator('table[aria-label="Ended moves"] tbody tr').count() === ended.length);
		check('all are done', ended.every(m => m.end === 'done'));
		await operator.goto(`${world.url}/c/t/audit?result=moved`);
		await operator.locator('.decisions details').first().click();
		await operator.getByText('plimsoll replay').first().waitFor();
		for (const p of [operator, viewer]) check('the console has nothing against it', p.complaints.length === 0, p.complaints.join('\n'));
		await Promise.all([operator, viewer].map(p => p.context().close()));
	} finally {
		await world.close();
	}
}
