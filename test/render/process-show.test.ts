import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcessDetails } from '../../src/protocol/process-view.ts';
import { processHeadline } from '../../src/render/process-headline.ts';
import { renderProcessShow } from '../../src/render/process-show.ts';
import { DOWN, processDetails } from './process-views.ts';

const NOW = Date.parse('2026-01-02T05:07:05.000Z');
const lines = (some: Partial<ProcessDetails>) => renderProcessShow(processDetails(some), NOW).split('\n');
const headline = (some: Partial<ProcessDetails>) => processHeadline(processDetails(some));

const FAILED: Partial<ProcessDetails> = {
  ...DOWN,
  state: 'failed',
  reason: '5 restarts in 60s',
  exitCode: 1,
  endedBy: 'self',
  restarts: 5,
  exitedAt: '2026-01-02T03:05:05.000Z',
  onCpuShare: null,
  ports: [],
  tree: [],
  stderrTail: ['\x1b[31mError: listen EADDRINUSE :::8080\x1b[0m', '\tat \x1b[2Jx', ''],
  portConflict: { port: 8080, pid: 4711, command: 'nginx' },
};

describe('all that is known of a process', () => {
  it('that is up', () => {
    const tree = [
      { pid: 4711, state: 'sleep', command: 'node server.js' },
      { pid: 4712, state: 'running', command: 'sh -c \x1b[2J\ny' },
    ];
    expect(lines({ tree, env: { PATH: '/bin', A: 'b\nc' }, name: 'web-2', group: 'web', instance: 2 })).toEqual([
      'web-2 is up: asleep until there is something to do',
      '',
      'Process',
      '  name           web-2',
      '  id             3',
      '  instance       2 of web',
      '  command        node server.js',
      '  argv           ["node","server.js"]',
      '  cwd            /srv/web',
      '  created        2026-01-01T03:04:05.000Z (1d02h ago)',
      '  directory      /home/ann/.procctl/processes/3',
      '',
      'State',
      '  state          waiting (sleep)',
      '  alive          yes',
      '  wanted         up',
      '  pid            4711',
      '  started        2026-01-02T03:04:05.000Z (2h03m ago)',
      '  uptime         2h03m',
      '  restarts       0',
      '  cpu            3%',
      '  memory         41M',
      '  of its life    3% on a CPU, 0% queued for one, 96% asleep',
      '  ports          8080, 8443',
      '',
      'Tree',
      '  PID   STATE    COMMAND',
      '  4711  sleep    node server.js',
      '  4712  running  sh -c \\u001b[2J\\ny',
      '',
      'Limits and policy',
      '  restart        on-failure',
      '  ok exit codes  0',
      '  restart limit  5 in 60s',
      '  backoff        100ms to 30s, from the start again after 10s up',
      '  stop           SIGTERM, SIGKILL after 5s',
      '  logs           5 files of 10M',
      '  at boot        left down',
      '',
      'Environment',
      '  A=b\\nc',
      '  PATH=/bin',
      '',
    ]);
  });

  it('that has failed', () => {
    const history: ProcessDetails['history'] = [
      {
        run: 6,
        pid: 120,
        exitCode: 1,
        signal: null,
        unknown: null,
        startedAt: '2026-01-02T03:05:04.000Z',
        exitedAt: '2026-01-02T03:05:05.000Z',
        uptimeMs: 1_000,
      },
      {
        run: 5,
        pid: null,
        exitCode: null,
        signal: null,
        unknown: 'its shim was killed',
        startedAt: null,
        exitedAt: null,
        uptimeMs: null,
      },
    ];
    const limits = { nofile: { soft: 1_024, hard: null } };
    const all = lines({ ...FAILED, history, limits, nice: 5, maxRestarts: null, env: { PATH: null } });
    expect(all[0]).toBe(
      'web is down: it exited with code 1, 5 restarts in 60s; last words on stderr: Error: listen EADDRINUSE :::8080; port 8080 is held by pid 4711 (nginx)',
    );
    expect(all.slice(all.indexOf('State'))).toEqual([
      'State',
      '  state          failed (5 restarts in 60s)',
      '  alive          no',
      '  wanted         up',
      '  started        2026-01-02T03:04:05.000Z (2h03m ago)',
      '  exited         2026-01-02T03:05:05.000Z (2h02m ago)',
      '  restarts       5',
      '  last end       exit code 1',
      '',
      'Limits and policy',
      '  restart        on-failure',
      '  ok exit codes  0',
      '  restart limit  none',
      '  backoff        100ms to 30s, from the start again after 10s up',
      '  stop           SIGTERM, SIGKILL after 5s',
      '  logs           5 files of 10M',
      '  at boot        left down',
      '  nice           5',
      '  limit nofile   1024, at most unlimited',
      '',
      'Runs that have ended',
      '  RUN  PID  STARTED                   EXITED                    UPTIME  END',
      '  6    120  2026-01-02T03:05:04.000Z  2026-01-02T03:05:05.000Z  1.0s    1',
      '  5    -    -                         -                         -       unknown: its shim was killed',
      '',
      'Last lines of standard error',
      '  Error: listen EADDRINUSE :::8080',
      '  \\tat \\u001b[2Jx',
      '',
      'Environment (--env shows the values)',
      '  PATH',
      '',
    ]);
  });

  it('has as many lines whatever text is in it, and none that a terminal obeys', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\x1b[2J', '\u2028', '\x9b2J', '\x1b[1m', ''),
    );
    const withText = (one: string, other: string): string =>
      renderProcessShow(
        processDetails({
          ...FAILED,
          name: one,
          command: other,
          cwd: one,
          argv: [one, other],
          reason: other,
          user: one,
          stderrTail: [other, one, 'x'],
          portConflict: { port: 1, pid: null, command: other },
          env: { [`A${one}`]: other, B: null },
          tree: [{ pid: 1, state: one, command: other }],
        }),
        NOW,
      );
    const usual = withText('a', 'b').split('\n').length;
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        const text = withText(one, other);
        expect(text.split('\n')).toHaveLength(usual);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe('the first line about a process', () => {
  it('says what a live one does, or waits for', () => {
    expect(headline({ state: 'running', reason: null })).toBe('web is up: running on a CPU');
    expect(headline({ state: 'ready', reason: null })).toBe('web is up: ready to run, and queued for a CPU');
    expect(headline({ reason: 'disk' })).toBe(
      'web is up: blocked in the kernel, as by a disk or a network file system',
    );
    expect(headline({ reason: 'stopped' })).toBe('web is up: frozen by a signal until SIGCONT');
    expect(headline({ reason: 'traced' })).toBe('web is up: held by a debugger');
    expect(headline({ reason: 'new' })).toBe('web is up: waiting (new)');
    expect(headline({ state: 'stopping', reason: null })).toBe(
      'web is stopping: it got SIGTERM, and gets SIGKILL 5s later',
    );
    expect(headline({ ...DOWN, state: 'ready' })).toBe('web is about to be started');
  });

  it('says when the next restart comes, and after what', () => {
    const backoff = { ...DOWN, state: 'waiting', reason: 'backoff', dueInMs: 3_500, restarts: 2, tree: [] } as const;
    expect(headline({ ...backoff, exitCode: 7, stderrTail: ['no route', ' '] })).toBe(
      'web is down: it exited with code 7, restart 3 comes in 4s; last words on stderr: no route',
    );
    expect(headline({ ...backoff, signal: 'SIGSEGV' })).toBe('web is down: SIGSEGV ended it, restart 3 comes in 4s');
    expect(headline({ ...backoff, reason: 'schedule', dueInMs: null })).toBe('web is down: held back (schedule)');
  });

  it('says who ended it, and never invents an end', () => {
    const exited = { ...DOWN, state: 'exited', stderrTail: ['some words'] } as const;
    expect(headline({ ...exited, endedBy: 'stop', signal: 'SIGTERM' })).toBe(
      'web is down: it was told to stop; SIGTERM ended it',
    );
    expect(headline({ ...exited, endedBy: 'shutdown', exitCode: 0 })).toBe(
      'web is down: it was ended together with the daemon; it exited with code 0',
    );
    expect(headline({ ...exited, endedBy: 'reboot' })).toBe('web is down: the machine went down or was started anew');
    expect(headline({ ...exited, endedBy: 'self' })).toBe(
      'web is down: nobody saw how it ended; last words on stderr: some words',
    );
    expect(headline({ ...exited, endedBy: 'self', exitCode: 0 })).toBe(
      'web is down: it exited with code 0, which is no failure, so it was not restarted',
    );
    expect(headline({ ...exited, endedBy: 'self', exitCode: 3, restart: 'no', stderrTail: [] })).toBe(
      'web is down: it exited with code 3, and is not to be restarted',
    );
  });

  it('names who holds the port, as far as it is known', () => {
    expect(headline({ portConflict: { port: 80, pid: null, command: null } })).toMatch(
      /; port 80 is held by another process$/,
    );
    expect(headline({ portConflict: { port: 80, pid: 1, command: null } })).toMatch(/; port 80 is held by pid 1$/);
  });
});
