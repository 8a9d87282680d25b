import { expect, it } from 'vitest';
import { restoreHandle } from '../../src/api/handles.ts';
import { HANDLE, type Handle } from '../../src/protocol/values/handle.ts';
import { scratch } from '../helpers/procctl.ts';

it.each([
  [undefined, 1],
  [1, 1],
  [64, 64],
  [0, 1],
  [-1, 1],
  [1.5, 1],
  [Number.NaN, 1],
  [1e300, 1],
  ['64', 1],
  [{}, 1],
])('a queue that is described with maxLost %j may lose %d', (maxLost, expected) => {
  // Nobody is there, so nothing is asked.
  const description = { kind: 'Queue', directory: scratch(), id: 1, maxSize: 0, delivery: 'at-most-once', maxLost };
  const queue = restoreHandle(description as never) as Handle;
  expect(queue[HANDLE]().maxLost).toBe(expected);
});
