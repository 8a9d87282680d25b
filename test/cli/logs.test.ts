// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../helpers/home.ts';
import { waitFor } from '../helpers/procctl.ts';
import { RunningCommand } from '../helpers/running-command.ts';

/** A program that writes what is appended to `script`, as it is appended. */
const FOLLOWER = 'exec tail -n +1 -F -s 0.02 script 2>/dev/null';

const until = (home: TestHome, name: string, text: string): Promise<unknown> =>
  waitFor(async () => (await home.ok(['logs', name, '-n', 'all'])).includes(text), `${name} has written ${text}`);

describe.concurrent('procctl logs', () => {
  it('shows the last lines of a process, byte for byte, of both streams or of one', async () => {
    const home = new TestHome();
    const line =
      'for n in $(seq 25); do echo "out $n"; done; sleep 0.05; printf "err\\377 \\033[31m\\nlast words" >&2; exec sleep 1000';
    await home.spawn('--name', 'web', '--shell', line);
    await until(home, 'web', 'last words');
    const { stdout } = await new RunningCommand(home, ['logs', 'web', '-n', '3']).ended;
    expect(stdout.toString('latin1')).toBe('out 25\nerr\xff \x1b[31m\nlast words');
    expect((await home.ok(['logs', 'web', '--stdout'])).split('\n')).toEqual([
      ...Array.from({ length: 20 }, (_, at) => `out ${at + 6}`),
      '',
    ]);
    expect((await home.ok(['logs', 'web', '--stdout', '-n', 'all'])).split('\n')).toHaveLength(26);
    expect(await home.ok(['logs', 'web', '-n', '0'])).toBe('');
    expect(await home.ok(['logs', 'web', '--stderr', '-n', '1'])).toBe('last words');
    expect(await home.ok(['logs', 'web', '--stdout', '-n', '1', '-t'])).toMatch(/^\d{4}-\d\d-\d\dT\S+Z out 25\n$/);
    const records = (await home.ok(['logs', 'web', '--json', '-n', '3']))
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    const common = { time: expect.stringMatching(/Z$/), id: 1, name: 'web' };
    expect(records).toEqual([
      { ...common, stream: 'stdout', line: 'out 25' },
      {
        ...common,
        stream: 'stderr',
        line: 'err\ufffd \u001b[31m',
        base64: Buffer.from('err\xff \x1b[31m', 'latin1').toString('base64'),
      },
      { ...common, stream: 'stderr', line: 'last words', partial: true },
    ]);
  });

  it('shows several with their names in front, in the order of time', async () => {
    const home = new TestHome();
    await home.spawn(
      '--name',
      'a',
      '--shell',
      'echo a1; until [ -e go ]; do sleep 0.01; done; echo a2; exec sleep 1000',
    );
    await until(home, 'a', 'a1');
    await home.spawn('--name', 'longer', '--shell', 'sleep 0.02; echo b1; exec sleep 1000');
    await until(home, 'longer', 'b1');
    await home.ok(['spawn', '--name', 'silent', '--shell', 'sleep 0.02; touch go']);
    await until(home, 'a', 'a2');
    expect(await home.ok(['logs', 'a', 'longer'])).toBe('a      | a1\nlonger | b1\na      | a2\n');
    expect(await home.ok(['logs', '-n', '1', '1', '2'])).toBe('longer | b1\na      | a2\n');
    expect(await home.ok(['logs', '[al]*'])).toBe('a      | a1\nlonger | b1\na      | a2\n');
    expect((await home.ok(['logs'])).split('\n').sort()).toEqual(['', 'a      | a1', 'a      | a2', 'longer | b1']);
    const json = (await home.ok(['logs', '--json']))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(json.map(({ name, line }) => `${name} ${line}`)).toEqual(['a a1', 'longer b1', 'a a2']);
  });

  it('shows the lines since a time', async () => {
    const home = new TestHome();
    await home.spawn(
      '--name',
      'web',
      '--shell',
      'echo early; until [ -e go ]; do sleep 0.01; done; sleep 0.02; echo late; exec sleep 1000',
    );
    await until(home, 'web', 'early');
    const now = new Date(Date.now() + 5).toISOString();
    await home.ok(['spawn', '--shell', 'sleep 0.02; touch go']);
    await until(home, 'web', 'late');
    expect(await home.ok(['logs', 'web', '--since', now])).toBe('late\n');
    expect(await home.ok(['logs', 'web', '--since', '1h'])).toBe('early\nlate\n');
    expect((await home.run(['logs', 'web', '--since', 'teatime'])).code).toBe(2);
  });

  it('follows what is written, through restarts of the process and of the daemon, until the process is removed', async () => {
    const home = new TestHome();
    const script = join(home.work, 'script');
    writeFileSync(script, 'one\n');
    await home.spawn('--name', 'web', '--log-max-size', '1k', '--log-keep', '1000', '--shell', FOLLOWER);
    await until(home, 'web', 'one');
    const following = new RunningCommand(home, ['logs', '-f', 'web']);
    await following.says('one\n');
    appendFileSync(script, 'two\n');
    await following.says('two\n');
    writeFileSync(script, '');
    await home.ok(['restart', 'web']);
    appendFileSync(script, 'three\n');
    await following.says('three\n');
    await home.killDaemon();
    appendFileSync(script, 'four\n');
    await home.ok(['daemon', 'start']);
    await following.says('four\n');
    // From one file to the next.
    const many = Array.from({ length: 500 }, (_, at) => `five ${at}\n`).join('');
    appendFileSync(script, `${many}six\n`);
    await following.says('six\n');
    await home.ok(['rm', 'web']);
    const { status, stdout } = await following.ended;
    expect([status, stdout.toString()]).toEqual([0, `one\ntwo\nthree\nfour\n${many}six\n`]);
  });

  it('follows several, and ends by Ctrl-C or when nobody reads it', async () => {
    const home = new TestHome();
    writeFileSync(join(home.work, 'script'), '');
    for (const name of ['x', 'yy']) await home.spawn('--name', name, '--shell', FOLLOWER);
    const following = new RunningCommand(home, ['logs', '-f', '-n', '0']);
    const json = new RunningCommand(home, ['logs', '-f', '-n', 'all', '--json', 'x']);
    let count = 0;
    // It may not look yet: lines are written until it shows one.
    await waitFor(() => {
      count += 1;
      appendFileSync(join(home.work, 'script'), `n${count}\n`);
      return /^x {2}\| n\d+$/m.test(following.stdout) && /^yy \| n\d+$/m.test(following.stdout);
    }, 'lines of both');
    following.signal('SIGINT');
    expect((await following.ended).status).toBe(130);
    await json.says('"line":"n1"');
    json.closeReader();
    appendFileSync(join(home.work, 'script'), 'the last straw\n');
    const { status, stderr } = await json.ended;
    expect([status, stderr]).toEqual([141, '']);
  });

  it('keeps no more than it was told to, and shows what is there', async () => {
    const home = new TestHome();
    const line = 'seq 3000; echo end; exec sleep 1000';
    await home.spawn('--name', 'chatty', '--log-max-size', '4k', '--log-keep', '3', '--shell', line);
    await until(home, 'chatty', 'end');
    const lines = (await home.ok(['logs', 'chatty', '-n', 'all'])).trim().split('\n');
    const first = Number(lines[0]);
    expect(lines).toEqual([...Array.from({ length: 3000 - first + 1 }, (_, at) => String(first + at)), 'end']);
    const { code, stderr } = await home.run(['logs', 'chatyt']);
    expect([code, stderr]).toEqual([1, 'procctl: no process named "chatyt"; did you mean "chatty"?\n']);
  });
});
