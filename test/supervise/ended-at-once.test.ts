import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseStatus } from '../../src/protocol/process-status.ts';
import { TestHome } from '../helpers/home.ts';
import { waitFor } from '../helpers/procctl.ts';

describe('promise 1: processes that end at once', () => {
  // Of one in fifty or so, its shim finds nothing to tell but its end.
  it('are held back by the next daemon as by the one that was killed, each with its exit code', async () => {
    const home = new TestHome();
    await home.ok(['spawn', '-i', '100', '--name', 'f', '--backoff', '1h', 'false']);
    const areHeld = async () => {
      const all = await home.list();
      return all.every(({ reason, exitCode }) => reason === 'backoff' && exitCode === 1) ? all : undefined;
    };
    const held = await waitFor(areHeld, 'all are held back');
    expect(held).toHaveLength(100);
    for (const { id } of held) {
      const text = readFileSync(join(home.path, 'processes', String(id), 'status.json'), 'utf8');
      expect(parseStatus(JSON.parse(text)), text).toBeDefined();
    }
    await home.killDaemon();
    await home.ok(['daemon', 'start']);
    expect(await areHeld()).toHaveLength(100);
  });
});
