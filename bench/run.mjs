// Measures procctl beside its peers: `npm run bench`, or `npm run bench -- NAME... [--json FILE] [--repetitions N]`.
// A benchmark is a file of works/. The tables go to standard output, what is going on to standard error.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judgeGoals } from './lib/goals.mjs';
import { describeMachine, load } from './lib/machine.mjs';
import { goalsSection, headSection, workSection } from './lib/markdown.mjs';
import { measureWork } from './lib/measure-work.mjs';
import { openSupervisors } from './lib/supervisors/index.mjs';
import { findTools } from './lib/tools.mjs';

/** More than this, and something else is at work on the machine. */
const BUSY_LOAD = 0.5;

const root = fileURLToPath(new URL('..', import.meta.url));
const procctl = join(root, 'bin', 'procctl.cjs');
const say = (text) => process.stderr.write(`${text}\n`);

const leave = (status, text) => {
  say(`bench: ${text}`);
  process.exit(status);
};

const all = readdirSync(new URL('works', import.meta.url))
  .map((file) => file.replace(/\.mjs$/, ''))
  .toSorted();
const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  // --repetitions: at most so many of each way, to try out a benchmark.
  options: { json: { type: 'string' }, repetitions: { type: 'string', default: 'Infinity' } },
});
const unknown = names.find((name) => !all.includes(name));
if (unknown !== undefined) leave(2, `no benchmark is named ${unknown}; there are ${all.join(', ')}`);
if (!existsSync(join(root, 'dist'))) leave(2, 'dist/ is missing: npm run build');

// Reading the certificates it names costs every start of Node 20 some 50 ms.
delete process.env.NODE_EXTRA_CA_CERTS;

const directory = mkdtempSync(join(tmpdir(), 'procctl-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const supervisors = openSupervisors({ directory, procctl });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => supervisors.closeAll().finally(() => process.exit(1)));
}

const loadBefore = load();
if (loadBefore > BUSY_LOAD) say(`bench: the machine is busy (load ${loadBefore}): do not trust these numbers`);

const bench = {
  root,
  /** Where benchmarks put their files. */
  directory,
  procctl,
  tools: findTools(procctl),
  mostRepetitions: Number(flags.repetitions),
  /** Opens one of them for this benchmark: see lib/supervisors/index.mjs. */
  openSupervisor: supervisors.open,
  /** The command for `procctl pool --size 4 …`. */
  pool: (...args) => [process.execPath, procctl, 'pool', '--size', '4', ...args],
};
const report = {
  startedAt: new Date().toISOString(),
  machine: describeMachine(),
  tools: bench.tools,
  loadBefore,
  works: [],
};
process.stdout.write(`${headSection(report)}\n`);
const goals = [];
let hasFailed = false;
for (const name of names.length > 0 ? names : all) {
  say(`bench: ${name}`);
  const { default: work } = await import(`./works/${name}.mjs`);
  const loadBefore = load();
  // Benchmarks may give their files the same names.
  const own = mkdtempSync(join(directory, `${name}-`));
  try {
    const measured = await measureWork(work, { ...bench, directory: own }).finally(() => supervisors.closeAll());
    const result = { name, loadBefore, ...work, ...measured, goals: judgeGoals({ ...work, ...measured }) };
    report.works.push(result);
    goals.push(result);
    process.stdout.write(`${workSection(result)}\n`);
  } catch (error) {
    hasFailed = true;
    goals.push({ name, goals: judgeGoals(work) });
    say(`bench: ${name}: ${error.message}`);
  }
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
}
if (goals.some((result) => result.goals.length > 0)) process.stdout.write(goalsSection(goals));
if (hasFailed) process.exitCode = 1;
