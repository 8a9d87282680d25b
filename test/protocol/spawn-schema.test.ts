import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instanceName } from '../../src/core/process/name.ts';
import { parseSpec, sharedSpec } from '../../src/protocol/spawn-schema.ts';
import { specOf } from '../helpers/shim.ts';

const specsArb = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 1000 })), {
    minLength: 2,
    maxLength: 20,
    selector: ([id]) => id,
  })
  .map((pairs) =>
    pairs.map(([id, instance]) =>
      specOf({ argv: ['sleep'], id, group: 'web', name: instanceName('web', instance), instance }),
    ),
  );

const reread = (value: object): unknown => JSON.parse(JSON.stringify(value));

describe('the spec that instances share', () => {
  it('gives back to each its own, and nothing to anybody else', () => {
    fc.assert(
      fc.property(specsArb, fc.integer({ min: 1 }), (specs, other) => {
        const stored = reread({ format: 2, ...sharedSpec(specs) });
        for (const spec of specs) expect(parseSpec(stored, spec.id)).toEqual(spec);
        if (!specs.some(({ id }) => id === other)) expect(parseSpec(stored, other)).toBeUndefined();
      }),
    );
  });

  it.each([
    ['no list', { instances: 3 }],
    ['no pairs', { instances: [1, 2] }],
    ['no number', { instances: [[1, null]] }],
    ['no command', { argv: [] }],
  ])('is none with %s', (_how, wrong) => {
    const specs = [specOf({ argv: ['a'], id: 1, instance: 1 }), specOf({ argv: ['a'], id: 2, instance: 2 })];
    expect(parseSpec(reread({ ...sharedSpec(specs), ...wrong }), 1)).toBeUndefined();
  });
});

it('a spec of one process is not that of another', () => {
  const spec = specOf({ argv: ['a'], id: 3 });
  expect(parseSpec(reread(spec), 3)).toEqual(spec);
  expect(parseSpec(reread(spec), 4)).toBeUndefined();
});
