// Random lists of tasks end as they do when Node spawns each by itself. PROCCTL_LISTS says how many lists there are, and
// PROCCTL_SEED with which seed they begin; the title of a test has its seed.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runByOracle, sha256, type Verdict } from '../helpers/oracle.ts';
import { bytesOf, type JsonRecord, RUNNERS, recordsOf, runProcctl, scratch } from '../helpers/procctl.ts';
import { randomList, randomNumbers } from '../helpers/random-list.ts';

const LISTS = Number(process.env.PROCCTL_LISTS ?? 6);
const LENGTH = 200;
const FIRST_SEED = Number(process.env.PROCCTL_SEED ?? randomBytes(3).readUIntBE(0, 3));
const MAX_SIZE = 8;

const verdictOf = (record: JsonRecord): Verdict => ({
  id: record.id,
  code: record.exitCode,
  signal: record.signal,
  stdout: sha256(bytesOf(record, 'stdout')),
  stderr: sha256(bytesOf(record, 'stderr')),
});

const verdictsOf = (lines: Buffer): Verdict[] =>
  recordsOf(lines)
    .sort((a, b) => a.seq - b.seq)
    .map(verdictOf);

const cases = Array.from({ length: LISTS }, (_, index) => {
  const seed = FIRST_SEED + index;
  return { seed, runner: RUNNERS[index % RUNNERS.length] as (typeof RUNNERS)[number] };
});

describe('200 random tasks', () => {
  it.each(cases)('end as by a plain spawn, with --runner $runner and seed $seed', async ({ seed, runner }) => {
    const directory = scratch();
    writeFileSync(join(directory, 'bytes'), randomBytes(200_000));
    writeFileSync(join(directory, 'text'), 'é漢 "text"\\ of lines\n'.repeat(10_000));
    const data = ['bytes', 'text'];
    const tasks = randomList({ seed, length: LENGTH, data, hasRawBytes: runner === 'auto' });
    const random = randomNumbers(~seed);
    const size = (): string => String(1 + Math.floor(random() * MAX_SIZE));
    const options = { cwd: directory, before: 'ulimit -c 0', input: JSON.stringify(tasks) };
    const args = ['pool', '--runner', runner, '--quiet', '--size'];

    const oracle = await runByOracle(tasks, directory);
    const asJson = await runProcctl([...args, size(), '--json', '-'], options);
    expect(verdictsOf(asJson.stdout)).toEqual(oracle.verdicts);

    const results = join(directory, 'results.ndjson');
    const inOrder = await runProcctl([...args, size(), '--keep-order', '--results', results, '-'], options);
    expect(sha256(inOrder.stdout)).toBe(sha256(oracle.output));
    expect(verdictsOf(readFileSync(results))).toEqual(oracle.verdicts);
  });
});
