import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outcomeOfStatus } from '../../src/protocol/lane-outcome.ts';
import { attemptScript, type LaneAttempt, LaneReader, silenceOf } from '../../src/protocol/lane-script.ts';
import { isShellVariable, isSimpleLine, shellQuote } from '../../src/protocol/shell-text.ts';

const attemptOf = (attempt: Partial<LaneAttempt>): LaneAttempt => ({
  command: { kind: 'argv', argv: ['true'] },
  cwd: undefined,
  oldDirectory: undefined,
  env: undefined,
  identity: "PROCCTL_TASK_ID='1'",
  redirections: "<'/dev/null' >'/o' 2>'/e'",
  witnessPath: '/w',
  token: '7.1',
  ...attempt,
});

describe('shell text', () => {
  it('quotes any text without NUL as one word that a shell hands on unchanged', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed());
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (words) => {
        const script = `printf '%s\\0' ${words.map(shellQuote).join(' ')}`;
        expect(execFileSync('/bin/sh', { input: script }).toString()).toBe(words.map((word) => `${word}\0`).join(''));
      }),
      { numRuns: 40 },
    );
  });

  it('knows which variables a shell hands on', () => {
    expect(['PATH', '_x', 'a1'].every(isShellVariable)).toBe(true);
    expect(['', '1a', 'a-b', 'BASH_FUNC_f%%', 'a.b', 'é', 'IFS', 'PPID', 'OPTIND'].some(isShellVariable)).toBe(false);
  });

  it.each(['gzip -9 file.txt', 'A=b make all', 'exit 3', './x --y=z'])('takes %j for plain words', (line) => {
    expect(isSimpleLine(line)).toBe(true);
  });

  it.each([
    'a; b',
    'a | b',
    'a && b',
    'a & b',
    '(a',
    'a)',
    '{ a',
    '}',
    '! a',
    'a > b',
    "a 'b'",
    'a "b"',
    'a \\b',
    'a $b',
    'a `b`',
    'a # b',
    'a * b',
    'a ? b',
    'a [b]',
    'a ~',
    'a\nb',
    'a\tb',
    '',
    ' ',
    'if',
    'fi',
    'x fi',
    'then a',
    'do',
    'done',
    'case',
    'esac',
    'while a',
    'until a',
    'for',
    'in',
    'else',
    'elif',
    'function f',
    'time a',
    'é',
  ])('takes %j for more than plain words', (line) => {
    expect(isSimpleLine(line)).toBe(false);
  });
});

describe('the script of an attempt', () => {
  it('lets a program take the place of the subshell, and leaves a witness if it cannot', () => {
    expect(attemptScript(attemptOf({ command: { kind: 'argv', argv: ['a b', ''] } }))).toBe(
      `(export PROCCTL_TASK_ID='1'; trap ': >'\\''/w'\\''' EXIT; exec 'a b' '') <'/dev/null' >'/o' 2>'/e'\n` +
        'echo "\u00017.1 $?"\n',
    );
  });

  it('changes directory and variables inside the subshell only', () => {
    const script = attemptScript(attemptOf({ cwd: '/d', env: { A: "it's", B: null }, oldDirectory: '/old' }));
    expect(
      script.startsWith("(unset B; export A='it'\\''s'; export PROCCTL_TASK_ID='1'; cd -P '/d' || exit 126; "),
    ).toBe(true);
    expect(script).toContain("OLDPWD='/old'; ");
    expect(script.indexOf("cd -P '/d'")).toBeLessThan(script.indexOf(') <'));
  });

  it.each(['kill $$', 'echo $' + '{$}', 'echo $PPID', 'echo $' + '{PPID}'])('gives %j a shell of its own', (line) => {
    expect(attemptScript(attemptOf({ command: { kind: 'shell', line } }))).toContain('exec /bin/sh -c -- ');
  });

  it('is two commands, whatever the line holds', () => {
    const line = fc.string({ unit: 'binary-ascii', minLength: 1 }).filter((value) => !/[\0$]/.test(value));
    fc.assert(
      fc.property(line, (text) => {
        const script = attemptScript(attemptOf({ command: { kind: 'shell', line: text }, redirections: '' }));
        // With `set -n` the shell only reads: a line that broke out of its quotes would be a syntax error, or eat the rest.
        expect(() => execFileSync('/bin/sh', ['-n'], { input: script, stdio: 'pipe' })).not.toThrow();
        expect(script.endsWith('echo "\u00017.1 $?"\n')).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what a lane says', () => {
  const said = '\u0001ready\n\u00011.1 0\nKilled\n\u00012.1 137\n\u00013.1 137\nSegmentation fault\n\n\u00014.2 139\n';

  it('is the same in whatever pieces it comes', () => {
    const whole = new LaneReader().push(said);
    expect(whole).toEqual([
      { tag: 'ready' },
      { tag: 'ended', token: '1.1', status: 0, wasAnnounced: false },
      { tag: 'ended', token: '2.1', status: 137, wasAnnounced: true },
      { tag: 'ended', token: '3.1', status: 137, wasAnnounced: false },
      { tag: 'ended', token: '4.2', status: 139, wasAnnounced: true },
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(said.length)), (cuts) => {
        const reader = new LaneReader();
        const ends = [...cuts.sort((a, b) => a - b), said.length];
        const messages = ends.flatMap((end, i) => reader.push(said.slice(i === 0 ? 0 : ends[i - 1], end)));
        expect(messages).toEqual(whole);
      }),
    );
  });
});

describe('the outcome of a status', () => {
  const name = (signal: number): NodeJS.Signals | undefined =>
    (Object.keys(constants.signals) as NodeJS.Signals[]).find((key) => constants.signals[key] === signal);

  it('is a signal only where the shell announced one', () => {
    expect(outcomeOfStatus(137, true, 'unknown', name)).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect(outcomeOfStatus(137, false, 'unknown', name)).toEqual({ kind: 'exited', exitCode: 137 });
    expect(outcomeOfStatus(127, true, 'unknown', name)).toEqual({ kind: 'exited', exitCode: 127 });
    expect(outcomeOfStatus(168, true, 'unknown', name)).toMatchObject({ kind: 'error', message: 'ended by signal 40' });
  });

  it('is never guessed where the shell is silent', () => {
    for (const [status, signal] of [
      [130, 'SIGINT'],
      [141, 'SIGPIPE'],
    ] as const) {
      expect(outcomeOfStatus(status, false, 'exited', name)).toEqual({ kind: 'exited', exitCode: status });
      expect(outcomeOfStatus(status, false, 'signaled', name)).toEqual({ kind: 'signaled', signal });
      expect(outcomeOfStatus(status, false, 'unknown', name)).toMatchObject({
        kind: 'error',
        code: 'ERR_AMBIGUOUS_END',
      });
    }
  });

  it('can be told for a line by its witness, unless the line undoes traps', () => {
    expect(silenceOf({ kind: 'shell', line: 'a; exit 130' }, true)).toBe('exited');
    expect(silenceOf({ kind: 'shell', line: 'a; b' }, false)).toBe('signaled');
    expect(silenceOf({ kind: 'shell', line: 'trap : EXIT; a' }, false)).toBe('unknown');
    expect(silenceOf({ kind: 'shell', line: 'gzip x' }, false)).toBe('unknown');
    expect(silenceOf({ kind: 'argv', argv: ['a'] }, false)).toBe('unknown');
  });
});
