// Needs as they are written, by id, become needs by place in the input; what no order of starts can fulfil is refused.
import type { Need, TaskSpec } from '../core/pool/task.ts';
import { show } from './show.ts';
import { didYouMean } from './suggest.ts';
import type { Checked, Problem } from './task-schema.ts';

/** Which task has an id: its place in the input, from 1; undefined: none. */
export type SeqOf = (id: string) => number | undefined;

/** A line that names a long circle shows this many of its ids. */
const MAX_SHOWN_IDS = 12;

/**
 * Looks up the ids that a task needs.
 *
 * @param seq its own place
 * @param unknown what to say of an id that no task has
 * @returns each need once
 */
export const resolveNeeds = (
  ids: readonly string[],
  seq: number,
  seqOf: SeqOf,
  unknown: (id: string) => string,
): Checked<readonly Need[]> => {
  const needs = new Map<number, Need>();
  for (const [index, id] of ids.entries()) {
    const needed = seqOf(id);
    if (needed === seq) return { problem: { path: ['needs', index], message: 'a task cannot need itself' } };
    if (needed === undefined) return { problem: { path: ['needs', index], message: unknown(id) } };
    needs.set(needed, { seq: needed, id });
  }
  return { value: [...needs.values()] };
};

/** `no task has the id "biuld"; did you mean "build"?` */
export const unknownIn = (tasks: readonly TaskSpec[]): ((id: string) => string) => {
  return (id) => {
    const meant = didYouMean(
      id,
      tasks.slice(0, 10_000).map((task) => task.id),
    );
    return `no task has the id ${show(id)}${meant === undefined ? '' : `; did you mean ${show(meant)}?`}`;
  };
};

/**
 * Finds tasks that need each other in a circle.
 *
 * @param tasks in the order of the input, the first with `seq` 1, their needs among them
 * @returns where it is and what it says, `a needs b needs c needs a`; undefined: there is none. Linear in tasks and needs.
 */
export const findCycle = (tasks: readonly TaskSpec[]): Problem | undefined => {
  if (tasks.every(({ needs }) => needs === undefined)) return undefined;
  const cycle = cycleAmong(tasks);
  if (cycle === undefined) return undefined;
  const path = [cycle[0] as number, 'needs'];
  return { path, message: `no task of a circle can start: ${cycleText(cycle.map((at) => tasks[at]?.id ?? ''))}` };
};

/** Indexes of tasks each of which needs the next one, and the last the first; begins with the earliest of them. */
const cycleAmong = (tasks: readonly TaskSpec[]): number[] | undefined => {
  const isOpen = openOnes(tasks);
  let at = isOpen.indexOf(1);
  if (at === -1) return undefined;
  // Whoever can never start needs someone who cannot either: going from need to need comes round.
  const steps = new Map<number, number>();
  for (; !steps.has(at); at = openNeed(tasks[at], isOpen)) steps.set(at, steps.size);
  const cycle = [...steps.keys()].slice(steps.get(at));
  const first = cycle.indexOf(cycle.reduce((least, index) => Math.min(least, index)));
  return [...cycle.slice(first), ...cycle.slice(0, first)];
};

const openNeed = (task: TaskSpec | undefined, isOpen: Uint8Array): number =>
  (task?.needs?.find(({ seq }) => isOpen[seq - 1] === 1)?.seq ?? 1) - 1;

/** 1 for each task that could never start: all others have been struck off, again and again, once their needs had. */
const openOnes = (tasks: readonly TaskSpec[]): Uint8Array => {
  const isOpen = new Uint8Array(tasks.length).fill(1);
  const missing = Uint32Array.from(tasks, ({ needs = [] }) => needs.length);
  const dependants = new Map<number, number[]>();
  for (const [index, { needs = [] }] of tasks.entries()) {
    for (const { seq } of needs) {
      const others = dependants.get(seq - 1);
      if (others === undefined) dependants.set(seq - 1, [index]);
      else others.push(index);
    }
  }
  const free = [...missing.keys()].filter((index) => missing[index] === 0);
  for (let at = free.pop(); at !== undefined; at = free.pop()) {
    isOpen[at] = 0;
    for (const index of dependants.get(at) ?? []) {
      missing[index] = (missing[index] as number) - 1;
      if (missing[index] === 0) free.push(index);
    }
  }
  return isOpen;
};

const cycleText = (ids: readonly string[]): string => {
  const shown = ids.map(idText);
  const hidden = shown.length - MAX_SHOWN_IDS;
  const middle = hidden > 1 ? [...shown.slice(0, MAX_SHOWN_IDS), `… (${hidden} more) …`] : shown;
  return [...middle, shown[0]].join(' needs ');
};

/** Bare where it cannot be mistaken for anything else. */
const idText = (id: string): string => (/^[\w.:/@+-]{1,40}$/.test(id) ? id : show(id));
