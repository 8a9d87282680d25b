import type { TaskSpec } from './task.ts';

/** How long a task is expected to take, ms; undefined: not known. */
export type ExpectedMs = (task: TaskSpec) => number | undefined;

/**
 * What each task counts on its path: the time it is expected to take, and the median of these where none is known. 1
 * for each as long as nothing is known of any.
 */
export const weigh = (tasks: readonly TaskSpec[], expectedMs: ExpectedMs | undefined): Float64Array => {
  const weights = new Float64Array(tasks.length).fill(1);
  if (expectedMs === undefined) return weights;
  const expected = tasks.map((task) => expectedMs(task));
  const known = Float64Array.from(expected.filter(isTime)).sort();
  const median = known[known.length >> 1];
  if (median === undefined) return weights;
  for (const [index, ms] of expected.entries()) weights[index] = isTime(ms) ? ms : median;
  return weights;
};

const isTime = (ms: number | undefined): ms is number => ms !== undefined && ms >= 0 && ms < Number.POSITIVE_INFINITY;

/**
 * For each task, the longest chain that begins with it: its own weight and those of tasks of which each needs the one
 * before it. Who starts the longest chain first is done soonest, as a rule (critical path scheduling, as in `make`-like
 * builders and in HLFET, Adam, Chandy and Dickson 1974).
 *
 * Only needs among `tasks` count. Linear in tasks and needs, without recursion. Of a cycle, which is refused elsewhere,
 * the tasks count for themselves alone.
 *
 * @param weights one for each task, at least 0
 * @returns a path for each task, in their order
 */
export const criticalPaths = (tasks: readonly TaskSpec[], weights: Float64Array): Float64Array => {
  const paths = Float64Array.from(weights);
  if (tasks.every((task) => task.needs === undefined)) return paths;
  const indexOf = new Map(tasks.map((task, index) => [task.seq, index]));
  const needsOf = (index: number): number[] =>
    (tasks[index]?.needs ?? []).flatMap(({ seq }) => {
      const need = indexOf.get(seq);
      return need === undefined ? [] : [need];
    });
  /** How many tasks need this one whose path is not known yet. */
  const dependants = new Uint32Array(tasks.length);
  for (let index = 0; index < tasks.length; index++) for (const need of needsOf(index)) bump(dependants, need, 1);
  // From the ends of the chains to their beginnings: a task's path is known once those of all who need it are.
  const known: number[] = [];
  for (let index = 0; index < tasks.length; index++) if (dependants[index] === 0) known.push(index);
  for (let index = known.pop(); index !== undefined; index = known.pop()) {
    for (const need of needsOf(index)) {
      paths[need] = Math.max(paths[need] as number, (weights[need] as number) + (paths[index] as number));
      if (bump(dependants, need, -1) === 0) known.push(need);
    }
  }
  return paths;
};

const bump = (counts: Uint32Array, at: number, by: number): number => {
  const count = (counts[at] as number) + by;
  counts[at] = count;
  return count;
};
