import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseHalt } from '../../src/core/pool/halt.ts';
import type { TaskSpec } from '../../src/core/pool/task.ts';
import { gracefully } from '../../src/core/pool/term-sequence.ts';
import { noOutput } from '../../src/runtime/output/kept-output.ts';
import { OutputPump } from '../../src/runtime/output/output-pump.ts';
import { PoolRun } from '../../src/runtime/pool/pool-run.ts';
import { FreeMemoryWatch } from '../../src/runtime/pool/watches/free-memory-watch.ts';
import { scratch, waitFor } from '../helpers/procctl.ts';

it('ends the youngest task when memory gets scarce, with all its processes, and runs it again when there is enough', async () => {
  const directory = scratch();
  const tasks = [1, 2, 3].map((seq): TaskSpec => {
    const line = `: >${directory}/${seq}.$PROCCTL_ATTEMPT; sleep 3600 & until [ -e ${directory}/go ]; do sleep 0.02; done; kill $!`;
    return { seq, id: String(seq), name: String(seq), command: { kind: 'shell', line } };
  });
  const pump = new OutputPump({ onBusy: () => {}, onIdle: () => {}, onPressure: () => {}, onBroken: () => {} });
  const requeued: number[] = [];
  const settled: string[] = [];
  const run = new PoolRun(
    {
      size: 2,
      retries: 0,
      halt: parseHalt('never'),
      timeout: { kind: 'fixed', ms: 0 },
      ending: gracefully(2_000),
      delayMs: 0,
      nice: 0,
      runner: 'auto',
      isOrdered: false,
      output: () => noOutput(),
      env: { ...process.env, TMPDIR: directory },
      directory,
    },
    pump,
    {
      onRequeue: ({ task }) => requeued.push(task.seq),
      onSettled: ({ seq, state, attempts }) => settled.push(`${seq} ${state} ${attempts}`),
    },
  );
  let free = 1_000;
  const watch = new FreeMemoryWatch(run, { bytes: 1_000, read: () => free, onHeld: () => {} });
  const started = () => readdirSync(directory).filter((name) => /^\d\.\d$/.test(name));
  const isThere = (name: string) => waitFor(() => existsSync(`${directory}/${name}`), name);
  const result = run.run(
    (async function* () {
      yield tasks;
    })(),
  );
  await Promise.all(['1.1', '2.1'].map(isThere));
  free = 400;
  await waitFor(() => requeued.length > 0, 'the youngest to give way');
  expect(requeued).toEqual([2]);
  await waitFor(() => run.counts.running === 1, 'its end');
  expect(started().sort()).toEqual(['1.1', '2.1']);
  free = 2_000;
  await isThere('2.2');
  writeFileSync(`${directory}/go`, '');
  const { counts } = await result;
  watch.stop();
  expect(counts).toMatchObject({ succeeded: 3, failed: 0, cancelled: 0 });
  expect(settled.sort()).toEqual(['1 succeeded 1', '2 succeeded 2', '3 succeeded 1']);
});
