import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runProcctl } from '../helpers/procctl.ts';

describe.concurrent('help', () => {
  it.each([['--help'], ['-h'], ['help'], ['help', 'pool'], ['pool', '--help'], ['pool', '-h']])(
    'of %s %s goes to standard output: exit 0',
    async (...args) => {
      const { code, stdout, stderr } = await runProcctl(args.filter((arg) => arg !== undefined));
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.toString()).toMatch(/^Usage: procctl/);
    },
  );

  it('names every option of pool', async () => {
    const text = (await runProcctl(['pool', '--help'])).stdout.toString();
    for (const option of [
      '--size',
      '--format',
      '--output',
      '--tag',
      '--keep-order',
      '--json',
      '--timeout',
      '--stop-timeout',
      '--retries',
      '--halt',
      '--progress',
      '--quiet',
      '--color',
      '--runner',
      '--journal',
      '--resume',
      '--retry-failed',
      '--show',
      '--timeline',
      '--jobs',
      '--env',
      '--cwd',
      '--shuffle',
      '--dry-run',
      '--shell',
      '--max-args',
      '--pack',
      '--max-chars',
      '--replace',
      '--null',
      '--csv',
      '--tsv',
      '--json-lines',
      '--pipe',
      '--block',
      '--record-sep',
      '--task-name',
    ]) {
      expect(text).toContain(option);
    }
    expect(text).not.toMatch(/\x1b/);
  });

  it('says of every option of pool what holds without it', async () => {
    const text = (await runProcctl(['pool', '--help'])).stdout.toString();
    const options = text.split(/\n(?= {2}-)/).slice(1);
    expect(options.length).toBeGreaterThan(40);
    const silent = options.filter((option) => !/default/.test(option.split('\n\n')[0] as string));
    expect(silent.map((option) => option.trim().split(/ {2}/)[0])).toEqual(['-j, --jobs <n>', '-h, --help']);
  });

  it('says which version this is', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((await runProcctl(['--version'])).stdout.toString()).toBe(`${version}\n`);
  });
});

describe.concurrent('wrong use', () => {
  it.each([
    [['pool', '--sise', '4', '-'], /unknown option '--sise'.*did you mean --size/i],
    [['pool', '--jsn', '-'], /unknown option '--jsn'.*did you mean --json/i],
    [['pool', '--zzzzzz', '-'], /unknown option '--zzzzzz'/],
    [['pool', '--size', 'nofile', '-'], /"nofile" is neither a size nor a file with one/],
    [['pool', '--size', './nofile', '-'], /size file .*nofile: no such file\n/],
    [['pool', '--journal', 'nodir/j', '-'], /no such file.*there is no directory nodir/],
    [['pool'], /missing: a tasks file.*behind --/],
    [['pool', '-', 'more'], /too many arguments/],
    [['pool', '--size'], /--size.*argument missing/],
    [['pool', '--output', 'lines', '-'], /--output.*lines.*group, line, none/],
    [['pool', '--format', 'yaml', '-'], /--format.*yaml.*json, ndjson/],
    [['pool', '--progress', 'bar', '-'], /--progress bar needs a terminal/],
    [['pool', '--json', '--output', 'line', '-'], /--json.*--output line/],
    [['pool', '--json', '--tag', '-'], /--json.*--tag/],
    [['pool', '--stop-timeout', 'x', '-'], /--stop-timeout.*expected a duration/],
    [['pol', '-'], /unknown command 'pol'.*did you mean pool/i],
    [['--nope'], /unknown option '--nope'/],
  ])('%j is one line on standard error: exit 2', async (args, message) => {
    const { code, stdout, stderr } = await runProcctl(args, { input: '["echo a"]' });
    expect([code, stdout.toString()]).toEqual([2, '']);
    expect(stderr).toMatch(/^procctl: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\x1b|\bat .*\.[cm]?js/);
  });

  it('is no command at all, which gets the help on standard error', async () => {
    const { code, stdout, stderr } = await runProcctl([]);
    expect([code, stdout.toString()]).toEqual([2, '']);
    expect(stderr).toContain('Usage: procctl');
  });
});
