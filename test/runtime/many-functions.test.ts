import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import type { AttemptOutcome } from '../../src/core/pool/outcome.ts';
import { gracefully } from '../../src/core/pool/term-sequence.ts';
import { Site } from '../../src/runtime/pool/site.ts';
import { scratch } from '../helpers/procctl.ts';

beforeAll(() => {
  Object.assign(globalThis, {
    PROCCTL_WORKER: pathToFileURL(fileURLToPath(new URL('../../dist/lib/worker.js', import.meta.url))).href,
  });
});

const fail = (error: Error): never => {
  throw error;
};

it('makes more functions by one worker than that remembers, and the first of them again', async () => {
  const directory = scratch();
  const env = { ...process.env, TMPDIR: directory };
  const site = new Site({ env, runner: 'auto', size: 1, directory, ending: gracefully(2_000), nice: 0 }, 100, {
    onShrunk: (_size, error) => fail(error),
    onFailed: fail,
  });
  let seq = 0;
  /** A function of its own for each number, which says the number and who has made it. */
  const call = (number: number): Promise<AttemptOutcome> => {
    seq += 1;
    const source = `() => [${number}, process.pid]`;
    const command = {
      kind: 'function',
      module: '',
      exportName: 'f',
      args: [],
      call: { kind: 'single', source },
    } as const;
    const task = { seq, id: String(seq), name: 'f', command };
    return new Promise((onEnded) => site.run({ task, slot: 1, attempt: 1, onData: () => {}, onEnded }));
  };
  try {
    const pids = new Set<number>();
    for (const number of [...Array(1_100).keys(), ...Array(20).keys(), 1_099, 500]) {
      const outcome = await call(number);
      const [made, pid] = outcome.kind === 'returned' ? JSON.parse(outcome.result) : [outcome];
      expect(made).toEqual(number);
      pids.add(pid);
    }
    expect(pids.size).toBe(1);
  } finally {
    await site.killAll();
    await site.rest();
    await site.close();
    site.remove();
  }
});
