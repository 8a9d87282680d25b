// The daemon is started with options for V8 that make it small. Another Node may not know one of them, and not start at all.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daemonFlags } from '../../src/core/engine-flags.ts';
import { TestHome } from '../helpers/home.ts';
import { scratch, writeScript } from '../helpers/procctl.ts';

/** Node, as far as it starts at all: each start is noted, and those with certain words end like one with an option that it does not know. */
const otherNode = (refused: string) => {
  const directory = scratch();
  const node = join(directory, 'node');
  const log = join(directory, 'log');
  const preload = join(directory, 'preload.cjs');
  writeScript(
    node,
    `#!/bin/sh
echo "$*" >>'${log}'
case " $* " in *' ${refused} '*) echo 'node: bad option: ${refused}' >&2; exit 9 ;; esac
exec '${process.execPath}' "$@"
`,
  );
  // What the commands of this Node take for themselves.
  writeFileSync(preload, `process.execPath = ${JSON.stringify(node)};`);
  return {
    env: { NODE_OPTIONS: `--require ${preload}` },
    starts: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  };
};

const wordsOf = (pid: number): string[] => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1, -1);

const FLAGS = daemonFlags(process.versions.v8).join(' ');

describe('a Node that does not know an option for the daemon', () => {
  it('starts it without options when it has died twice, and it does its work', async () => {
    const home = new TestHome();
    const { env, starts } = otherNode('--expose-gc');
    expect(await home.run(['daemon', 'start'], { env })).toMatchObject({ code: 0 });
    const daemon = starts().map((words) => words.replace(/ \S+$/, ''));
    expect(daemon).toEqual([FLAGS, FLAGS, '--no-warnings']);
    const { pid } = await home.daemon();
    expect(wordsOf(pid as number)).toEqual(['--no-warnings', expect.stringMatching(/\/daemon\.cjs$/)]);
    expect(readFileSync(join(home.path, 'daemon.log'), 'utf8')).toContain('bad option: --expose-gc');
    const { pid: child } = await home.spawn('--name', 'x', 'sleep', '1000');
    expect(wordsOf(child)).toEqual(['1000']);
    expect((await home.run(['stop', 'x'])).code).toBe(0);
  });

  it('is given up when that does not help, with the way to its reason', async () => {
    const home = new TestHome();
    const { env, starts } = otherNode('--no-warnings');
    expect(await home.run(['daemon', 'start'], { env })).toEqual({
      code: 125,
      signal: null,
      stdout: '',
      stderr: `procctl: the daemon ended before it was ready (see ${join(home.path, 'daemon.log')})\n`,
    });
    expect(starts()).toHaveLength(5);
  });

  it('is asked for its options as long as it starts with them', async () => {
    const home = new TestHome();
    const { env, starts } = otherNode('--something-else');
    await home.ok(['daemon', 'start'], { env });
    expect(starts()).toHaveLength(1);
    expect(
      wordsOf((await home.daemon()).pid as number)
        .slice(0, -1)
        .join(' '),
    ).toBe(FLAGS);
  });
});
