import { describe, expect, it } from 'vitest';
import { recordsOf, runProcctl } from '../helpers/procctl.ts';

const run = (tasks: readonly unknown[], ...args: readonly string[]) =>
  runProcctl(['pool', '--size', '2', '--summary', ...args, '-'], { input: JSON.stringify(tasks) });

describe.concurrent('--summary', () => {
  it('names the failed tasks with the end of what they said, also with --quiet and --output none', async () => {
    const complaint = 'printf "1\\n2\\n3\\n\\033[2J4\\n" >&2';
    const { code, stderr, stdout } = await run(['echo a', `${complaint}; exit 3`], '--quiet', '--output', 'none');
    expect([code, stdout.length]).toEqual([1, 0]);
    const lines = stderr.split('\n');
    expect(lines[1]).toMatch(/^task time {2}\S+ in 2 attempts$/);
    const failed = lines.slice(lines.indexOf('FAILED') + 1);
    expect(failed).toEqual([expect.stringMatching(/^task 2 \(.*\): exit code 3$/), '  2', '  3', '  \\u001b[2J4', '']);
  });

  it('counts each attempt, and tells of the last one', async () => {
    const { stderr } = await run(['echo try $PROCCTL_ATTEMPT >&2; false'], '--retries', '2', '--output', 'none');
    expect(stderr).toContain(' in 3 attempts\n');
    expect(stderr).toMatch(/FAILED\ntask 1 \(.*\): exit code 1 after 3 attempts\n {2}try 3\n$/);
  });

  it('comes after the line of totals, and leaves --json alone', async () => {
    const { stdout, stderr, code } = await run(['echo a', 'sleep 0.05'], '--json');
    expect(code).toBe(0);
    expect(recordsOf(stdout)).toHaveLength(2);
    expect(stderr).toMatch(/^procctl: 2 tasks: 2 succeeded in .*\nelapsed /);
    expect(stderr).not.toContain('FAILED');
    expect(stderr).toMatch(/SLOWEST\n(?:.*\n)* *\S+ {2}task 2 \(sleep 0.05\)\n/);
  });

  it('names ten failed tasks, and how many more there are', async () => {
    const { stderr } = await run(Array(25).fill('exit 1'), '--quiet');
    const failed = stderr.split('FAILED\n')[1]?.split('\n') ?? [];
    expect(failed.slice(10)).toEqual(['and 15 more', '']);
  });

  it('is nothing where nothing was run', async () => {
    expect(await run([], '--quiet')).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await run([{ cmd: 'x' }]);
    expect([code, stderr.trimEnd().split('\n').length]).toEqual([2, 1]);
  });
});
