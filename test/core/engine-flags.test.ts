import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { daemonFlags, optimiseLater, smallHeap } from '../../src/core/engine-flags.ts';

const { v8 } = process.versions;

const startedWith = (flags: readonly string[]): string =>
  spawnSync(process.execPath, [...flags, '-e', 'console.log(typeof gc)'], { encoding: 'utf8' }).stdout.trim();

describe('options of the engine', () => {
  it('are all known to this Node, which would not start otherwise', () => {
    expect(startedWith([...daemonFlags(v8), ...smallHeap(v8)])).toBe('function');
    expect(startedWith(optimiseLater(v8, 1))).toBe('undefined');
  });

  it('say of Node 20 to 26, each in its own words, that functions are optimised later', () => {
    expect(optimiseLater('11.3.244.8-node.38', 2)).toEqual(['--interrupt-budget=135168']);
    for (const later of ['12.4.254.21-node.57', '13.6.233.17-node.53', '14.6.202.34-node.34']) {
      expect(optimiseLater(later, 2)).toEqual([
        '--invocation-count-for-maglev=800',
        '--invocation-count-for-turbofan=6000',
      ]);
    }
  });

  it('are only those that have always been there for an engine that has not been tried', () => {
    for (const unknown of ['10.2.154', '15.0.1', 'something else']) {
      expect(optimiseLater(unknown, 2)).toEqual([]);
      expect(smallHeap(unknown)).toEqual([]);
      expect(daemonFlags(unknown)).toEqual([
        '--no-warnings',
        '--max-semi-space-size=1',
        '--expose-gc',
        '--optimize-for-size',
        '--single-threaded-gc',
      ]);
    }
  });
});
