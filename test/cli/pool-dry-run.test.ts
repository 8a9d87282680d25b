import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ProcctlOptions, runProcctl, scratch } from '../helpers/procctl.ts';

const dryRun = async (args: readonly string[], options: ProcctlOptions = {}): Promise<string> => {
  const { code, stdout, stderr } = await runProcctl(['pool', '--dry-run', ...args], options);
  expect([code, stderr]).toEqual([0, '']);
  return stdout.toString();
};

describe.concurrent('--dry-run', () => {
  it('prints what would be run, in the order of the input, and runs nothing', async () => {
    const directory = scratch();
    const text = await dryRun(['--', 'touch', '{}', ':::', 'a b', "it's", '-x', ''], { cwd: directory });
    expect(text).toBe("touch 'a b'\ntouch 'it'\\''s'\ntouch -x\ntouch ''\n");
    expect(readdirSync(directory)).toEqual([]);
  });

  it('shows directory, variables and input, and a line for the shell as it is', async () => {
    const tasks = [
      'echo a | cat',
      { command: 'echo a', cwd: 'sub dir', env: { A: 'x y', B: null } },
      { command: ['cat'], stdin: 'a\nb' },
      { command: ['A=1', 'b'] },
      { command: ['cat'], stdin: 'x'.repeat(5000) },
    ];
    expect(await dryRun(['--shuffle', '-'], { input: JSON.stringify(tasks) })).toBe(
      [
        'echo a | cat',
        "cd 'sub dir' && env -u B 'A=x y' sh -c 'echo a'",
        "printf %s $'a\\nb' | cat",
        "'A=1' b",
        'cat # reads 5000 bytes',
        '',
      ].join('\n'),
    );
    expect(await dryRun(['--pipe', '-n1', '--', 'cat'], { input: 'a\nbc\n' })).toBe(
      'cat # reads 2 bytes\ncat # reads 3 bytes\n',
    );
    expect(await dryRun(['-e', 'S={%}', '--', 'echo', '{%}', '{}', ':::', 'a'])).toBe("env 'S={%}' echo '{%}' a\n");
  });

  it('prints one line for each task, and a shell reads the same words there', async () => {
    const values = ['a\nb', '\x1b[31m\x07', "'\\\n\t$x`y`", 'é 漢 😀', 'if', '#', '~', '*', '\u0085'];
    const text = await dryRun(['--', 'printf', '%s|', '{}', ':::', ...values]);
    expect(text.split('\n')).toHaveLength(values.length + 1);
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    const { stdout } = spawnSync('bash', ['-c', text], { encoding: 'utf8' });
    expect(stdout).toBe(values.map((value) => `${value}|`).join(''));
  });

  it('prints with --json what pool runs the same', async () => {
    const args = ['-e', 'V={}', '--cwd', '/', '--shell', '--', 'echo "$V" {#} {}; cat', ':::', 'a b', '$HOME', 'x\ny'];
    const ndjson = await dryRun(['--json', ...args]);
    const piped = await runProcctl(['pool', '-q', '-k', '--tag', '-'], { input: ndjson });
    const direct = await runProcctl(['pool', '-q', '-k', '--tag', ...args]);
    expect(piped.stdout.toString()).toBe(direct.stdout.toString());
    expect(direct.stdout.toString()).toContain('$HOME\t$HOME 2 $HOME\n');
    const raw = ndjson
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(raw[0]).toEqual({ name: 'a b', command: "echo \"$V\" '1' 'a b'; cat", cwd: '/', env: { V: 'a b' } });
  });

  it('prints tasks of a file with --json as they are written, defaults filled in', async () => {
    const tasks = {
      defaults: { timeout: '1m' },
      tasks: [
        { id: 'x', name: 'n', command: ['a'], retries: 2, priority: 3, retryDelay: '1s..1m' },
        { command: 'b', needs: ['x'], stdin: 'in' },
        { module: 'm', args: [1], kwargs: { a: 2 } },
      ],
    };
    const first = await dryRun(['--json', '-'], { input: JSON.stringify(tasks) });
    expect(await dryRun(['--json', '-'], { input: first })).toBe(first);
    expect(
      first
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      {
        id: 'x',
        name: 'n',
        command: ['a'],
        retries: 2,
        priority: 3,
        retryDelay: '1000ms..60000ms',
        timeout: '60000ms',
      },
      { command: 'b', needs: ['x'], stdin: 'in' },
      { module: 'm', export: 'default', args: [1, { a: 2 }] },
    ]);
  });

  it('checks the input as a run would', async () => {
    const { code, stdout, stderr } = await runProcctl(['pool', '--dry-run', '-'], { input: '"echo a"\nnonsense\n' });
    expect([code, stdout.toString()]).toEqual([2, 'echo a\n']);
    expect(stderr).toMatch(/\(standard input\):2: not JSON/);
    const slot = await runProcctl(['pool', '--dry-run', '--json', '--', 'echo', '{%}', ':::', 'a']);
    expect([slot.code, slot.stdout.toString()]).toEqual([2, '']);
    expect(slot.stderr).toMatch(/\{%\} is known only when a task starts/);
  });

  it('refuses the options that a run would refuse', async () => {
    for (const args of [
      ['--json', '--tag'],
      ['--json', '--output', 'line'],
    ]) {
      const { code, stdout, stderr } = await runProcctl(['pool', '--dry-run', ...args, '--', 'echo', ':::', 'a']);
      expect([code, stdout.toString()]).toEqual([2, '']);
      expect(stderr).toMatch(/^procctl: --json [^\n]+\n$/);
    }
  });

  it('prints bytes that are not UTF-8 as they are', async () => {
    const file = join(scratch(), 'in');
    writeFileSync(file, Buffer.from('\xff\n', 'latin1'));
    const { stdout } = await runProcctl(['pool', '--dry-run', '--', 'echo', '::::', file]);
    expect(stdout).toEqual(Buffer.from("echo '\xff'\n", 'latin1'));
  });

  it('writes no journal', async () => {
    const journal = join(scratch(), 'journal');
    await dryRun(['--journal', journal, '--', 'echo', ':::', 'a']);
    expect(existsSync(journal)).toBe(false);
  });
});
