import type { Process } from './process.ts';

const children = new Set<Process>();

// A daemon ends with its parent. Where the parent is killed and gets to nothing any more, its guard does this.
process.on('exit', () => {
  for (const child of children) if (child.daemon) child.terminate();
});

export const addChild = (child: unknown): void => {
  children.add(child as Process);
};

export const removeChild = (child: unknown): void => {
  children.delete(child as Process);
};

/** Processes started by this one that run now. */
export const activeChildren = (): Process[] => [...children].filter((child) => child.isAlive());
