// The pool is killed again and again, at moments that nobody chooses, and resumed.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { liveWithMark, RUNNERS, runProcctl, scratch, startProcctl, waitFor } from '../helpers/procctl.ts';

const TASKS = 300;
const KILLS = 10;
const SIZE = 4;

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];

/** How often each task has begun, by its id. */
const begunIn = (file: string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const id of linesOf(file)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
};

/** The ids of the tasks that the journal says have succeeded, as often as it says so; a line cut short says nothing. */
const succeededIn = (journal: string): string[] =>
  linesOf(journal).flatMap((line) => {
    try {
      const { type, state, id } = JSON.parse(line);
      return type === 'attempt' && state === 'succeeded' ? [id as string] : [];
    } catch {
      return [];
    }
  });

/** Each task says that it has begun by one write, then does something that takes a moment. */
const taskList = (begun: string) =>
  Array.from({ length: TASKS }, (_, index) => ({
    id: `t${index}`,
    command: `echo t${index} >>${begun}; sleep 0.0${index % 4}`,
  }));

describe.concurrent.each(RUNNERS)('a pool with a journal, with --runner %s', (runner) => {
  it('killed ten times and resumed, runs each task, and none that is recorded as done again', {
    timeout: 180_000,
  }, async () => {
    const directory = scratch();
    const [list, journal, begun] = ['tasks.json', 'journal', 'begun'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(list, JSON.stringify(taskList(begun)));
    appendFileSync(begun, '');
    const args = [
      'pool',
      '--size',
      String(SIZE),
      '--runner',
      runner,
      '--journal',
      journal,
      '--resume',
      '--quiet',
      list,
    ];
    const steps: number[] = [];
    /** How often the tasks that are recorded as done had begun when that was first seen. */
    const settled = new Map<string, number | undefined>();
    const expectNoneAgain = (): void => {
      const times = begunIn(begun);
      for (const [id, before] of settled) expect(times.get(id), `${id}, killed after ${steps}`).toBe(before);
      for (const id of succeededIn(journal)) settled.set(id, times.get(id));
    };

    for (let kill = 1; kill <= KILLS; kill += 1) {
      const step = 1 + Math.floor(Math.random() * (TASKS / KILLS - SIZE));
      steps.push(step);
      const before = linesOf(begun).length;
      const procctl = startProcctl(args, { cwd: directory });
      await waitFor(() => linesOf(begun).length >= before + step || !procctl.isRunning, `${step} more tasks`);
      procctl.signal('SIGKILL');
      expect((await procctl.ended).signal).toBe('SIGKILL');
      await waitFor(() => liveWithMark(procctl.token).length === 0, 'the end of what the killed pool had started');
      await procctl.discard();
      expectNoneAgain();
    }

    const { code, stderr } = await runProcctl(args, { cwd: directory });
    expect([code, stderr]).toEqual([0, '']);
    const begunAll = begunIn(begun);
    expectNoneAgain();
    expect(begunAll.size).toBe(TASKS);
    expect(succeededIn(journal).toSorted()).toEqual(
      taskList(begun)
        .map(({ id }) => id)
        .toSorted(),
    );
    expect(linesOf(begun).length, `killed after ${steps}`).toBeLessThanOrEqual(TASKS + SIZE * KILLS);
  });
});
