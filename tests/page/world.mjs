// SPDX-License-Identifier: Apache-2.0
// A cluster for the page's stories: a private Redis, page_service (plimsolld on a simulated executor), and reports of hosts and VMs
// as agents would send them; where a VM has moved it is reported there. By hand, to look at the page:
//   node tests/page/world.mjs build/dev [HOSTS]     prints addresses and tokens, and lives until Ctrl-C
import { spawn, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync, rmSync, createWriteStream, mkdirSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const sleep = ms => new Promise(r => setTimeout(r, ms));

/** Waits until what() is true. */
export async function until(seconds, words, what) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		try {
			const got = await what();
			if (got) return got;
		} catch (e) {
			if (Date.now() > end) throw e;
		}
		if (Date.now() > end) throw new Error(`not within ${seconds} s: ${words}`);
		await sleep(50);
	}
}

async function freePort() {
	const server = net.createServer();
	await new Promise(r => server.listen(0, '127.0.0.1', r));
	const { port } = server.address();
	await new Promise(r => server.close(r));
	return port;
}

/** The same numbers each time. */
export function chance(seed) {
	let x = seed >>> 0;
	return () => {
		x = (x + 0x6d2b79f5) >>> 0;
		let t = Math.imul(x ^ (x >>> 15), x | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

/** n hosts in racks of twenty, with VMs: some hosts above their line. */
export function cluster(n, perHost = n > 100 ? 20 : 15) {
	const draw = chance(n), hosts = [];
	const digits = n > 999 ? 4 : n > 9 ? 2 : 1;
	for (let i = 0; i < n; i++) {
		const cpus = n < 10 ? 16 : 64, mib = n < 10 ? 65536 : 524288;
		const host = { name: `kvm${String(i + 1).padStart(digits, '0')}`, cpus, mib, rack: `r${Math.floor(i / 20) + 1}`, faults: [], silent: false, vms: [] };
		const heavy = n < 10 ? i === 0 : i % (n > 100 ? 29 : 7) === 3;
		const many = n < 10 ? (i === 0 ? 7 : 2) : heavy ? Math.round(perHost * 1.7) : Math.round(perHost * (0.6 + 0.5 * draw()));
		for (let k = 0; k < many; k++) {
			const size = n < 10 ? 8 : [8, 16, 32][Math.floor(draw() * 3)];
			host.vms.push({ name: '', vcpus: n < 10 ? 2 : 4, mib: size * 1024, mcores: Math.round((n < 10 ? 2 : n > 100 ? 1.8 : heavy ? 2.3 : 2.4) * 1000 * (0.6 + 0.8 * draw())), groups: '' });
		}
		hosts.push(host);
	}
	let i = 0;
	for (const host of hosts)
		for (const vm of host.vms) {
			i++;
			vm.name = `${['app', 'web', 'db', 'mail'][i % 4]}${String(i).padStart(n > 100 ? 5 : 3, '0')}`;
			vm.uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
		}
	return hosts;
}

function report(host, interval) {
	const at = `${Date.now()}000`, lines = [];
	const busy = host.vms.reduce((sum, v) => sum + v.mcores, 500), used = host.vms.reduce((sum, v) => sum + v.mib, 2048);
	lines.push(`plimsoll.report/1 ${host.name} sent=${at} seq=${at} every=${interval}000`);
	const put = (metric, subject, value) => lines.push(`${metric}\t${subject}\t${value}`);
	lines.push(`@host ${at}`);
	put('host.cpus', '', host.cpus);
	put('host.daemon', '', 1);
	put('host.uri', '', `qemu+tcp://${host.name}.invalid/system`);
	put('host.labels', '', `rack=${host.rack},zone=z1`);
	put('host.cpu.busy', '', Math.min(busy, host.cpus * 1000));
	lines.push(`@memory ${at}`);
	put('host.memory.total', '', host.mib);
	put('host.memory.available', '', Math.max(host.mib - used, 100));
	lines.push(`@nics ${at}`);
	put('nic.speed', 'bond0', 25000);
	put('nic.carrier', 'bond0', 1);
	put('nic.rx', 'bond0', 40000 * host.vms.length);
	put('nic.tx', 'bond0', 30000 * host.vms.length);
	lines.push(`@vms ${at}`);
	for (const v of host.vms) {
		put('vm.uuid', v.name, v.uuid);
		put('vm.state', v.name, v.state || 'running');
		put('vm.vcpus', v.name, v.vcpus);
		put('vm.memory', v.name, v.mib);
		put('vm.cpu', v.name, v.mcores);
		put('vm.dirty', v.name, 20000);
		if (v.pinned) put('vm.pinned', v.name, v.pinned);
		if (v.groups) put('vm.groups', v.name, v.groups);
	}
	host.faults.forEach(f => {
		lines.push(`@faults_d ${at}`);
		put('fault.grade', f.device, f.grade);
		put('fault.why', f.device, f.why);
	});
	return lines.join('\n') + '\n';
}

/** One connection that writes: SET key value EX seconds. */
class Redis {
	constructor(file) {
		this.socket = net.createConnection(file);
		this.socket.on('data', () => {});
		this.socket.on('error', () => {});
	}
	send(...words) {
		this.socket.write(`*${words.length}\r\n` + words.map(w => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join(''));
	}
}

export class World {
	/** options: hosts (a list as cluster() makes it), mode, settings [KEY=VALUE…], interval (ms of reports), moveMs */
	static async open(build, options) {
		const w = new World();
		w.build = path.resolve(build);
		w.options = { mode: 'confirm', settings: [], interval: 1000, moveMs: 1500, ...options };
		w.hosts = w.options.hosts;
		w.cluster = 't';
		w.dir = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-page-'));
		w.redisFile = path.join(w.dir, 'r.sock');
		w.store = `unix://${w.redisFile}`;
		await w.startRedis();
		w.tokens = {};
		w.writeTokens(['view', 'operate', 'admin']);
		w.report();
		w.timer = setInterval(() => w.report(), w.options.interval);
		w.port = await freePort();
		w.url = `http://127.0.0.1:${w.port}`;
		await w.startService();
		return w;
	}

	async startRedis() {
		this.redis = spawn('redis-server', ['--port', '0', '--unixsocket', this.redisFile, '--save', '', '--dir', this.dir], { stdio: 'ignore' });
		await until(10, 'redis answers', () => execFileSync('redis-cli', ['-s', this.redisFile, 'ping'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().startsWith('PONG'));
		this.connection = new Redis(this.redisFile);
	}

	writeTokens(roles) {
		const lines = roles.map((role, i) => {
			const token = (this.tokens[role] ||= `plt_${String(i + 1).repeat(64)}`);
			return `${role === 'view' ? 'vera' : role === 'operate' ? 'olga' : 'ada'} ${role} ${createHash('sha256').update(token).digest('hex')} 0 99999999999`;
		});
		mkdirSync(path.join(this.dir, 'state'), { recursive: true });
		writeFileSync(path.join(this.dir, 'state', 'api-tokens'), lines.join('\n') + '\n', { mode: 0o600 });
	}

	common() {
		const all = ['cluster.hosts=*', 'service.hold=0s', 'snapshot.stale_after=30s', 'service.settle=3s', 'service.cool_down=0us', ...this.options.settings];
		return all.flatMap(s => ['--set', s]);
	}

	async startService() {
		const o = this.options;
		const words = ['--redis', this.store, '--cluster', this.cluster, '--mode', o.mode, '--interval', o.round || '3s', '--state-dir', path.join(this.dir, 'state'),
			...this.common(), '--set', `api.listen=${this.port}`, '--set', `api.socket=${this.dir}/a.sock`];
		this.service = spawn(path.join(this.build, 'page_service'), words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PAGE_MOVE_MS: String(o.moveMs) } });
		this.service.stderr.pipe(createWriteStream(path.join(this.dir, 'log'), { flags: 'a' }));
		let rest = '';
		this.service.stdout.on('data', data => {
			const lines = (rest + data).split('\n');
			rest = lines.pop();
			for (const line of lines) this.moved(...line.split('\t'));
		});
		this.service.on('exit', code => { if (code && !this.closed) console.error(`page_service ended with ${code}: ${this.dir}/log`); });
		await until(60, 'the service is ready', async () => (await fetch(`${this.url}/readyz`)).ok);
	}

	async stopService() {
		const service = this.service;
		this.closed = true;
		if (service.exitCode === null) {
			service.kill();
			await new Promise(r => service.on('exit', r));
		}
		this.closed = false;
	}

	moved(vm, from, to) {
		const a = this.hosts.find(h => h.name === from), b = this.hosts.find(h => h.name === to);
		const v = a.vms.find(x => x.name === vm);
		if (!v) return;
		a.vms.splice(a.vms.indexOf(v), 1);
		b.vms.push(v);
		this.send(a);
		this.send(b);
	}

	send(host) {
		if (!host.silent) this.connection.send('SET', `plimsoll:{${this.cluster}}:report:${host.name}`, report(host, this.options.interval), 'EX', '120');
	}

	report() { this.hosts.forEach(h => this.send(h)); }
	host(name) { return this.hosts.find(h => h.name === name); }

	/** What the command prints with --json. */
	plimsoll(...words) {
		return JSON.parse(execFileSync(path.join(this.build, 'plimsoll'), [...words, '--json', '--redis', this.store, '--cluster', this.cluster, ...this.common()],
			{ maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }));
	}

	async api(what, role = 'admin', more = {}) {
		const r = await fetch(`${this.url}/api/v1/${what}`, { ...more, headers: { Authorization: `Bearer ${this.tokens[role]}`, ...(more.headers || {}) } });
		if (!r.ok) throw new Error(`${what}: ${r.status} ${await r.text()}`);
		return r.json();
	}

	async close() {
		clearInterval(this.timer);
		await this.stopService();
		this.connection.socket.destroy();
		this.redis.kill();
		await new Promise(r => this.redis.on('exit', r));
		rmSync(this.dir, { recursive: true, force: true });
	}
}

if (process.argv[1] && import.meta.url === `file://${path.resolve(process.argv[1])}`) {
	const world = await World.open(process.argv[2] || 'build/dev', { hosts: cluster(Number(process.argv[3] || 40)), settings: [] , mode: process.argv[4] || 'confirm' });
	console.log(world.url, world.tokens, world.dir);
	process.on('SIGINT', async () => { await world.close(); process.exit(0); });
	process.on('SIGTERM', async () => { await world.close(); process.exit(0); });
}
