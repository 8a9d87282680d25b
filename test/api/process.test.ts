// What CPython's test.test_multiprocessing asks of Process (the rule is named in brackets), and what procctl adds.
import { existsSync, readFileSync } from 'node:fs';
import { activeChildren, currentProcess, type ErrorCode, type ProcctlError, Process, parentProcess } from 'procctl';
import { describe, expect, it } from 'vitest';
import { fixture, isRunning, pidIn, runFixture, startFixture, withDirectory } from '../helpers/library.ts';
import { waitFor } from '../helpers/procctl.ts';

const functions = fixture('functions.mjs');
const codeOf = (action: () => unknown): ErrorCode | undefined => {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as ProcctlError).code;
  }
};
const forever = (): Promise<never> => new Promise(() => setInterval(() => {}, 1000));

describe.concurrent('a process', () => {
  it('is given its arguments, the named ones last, and a name [test_process]', async () => {
    const process = new Process({
      target: { module: functions, export: 'described' },
      args: [1, 'two', null],
      kwargs: { hello: 23 },
      name: 'my process',
    });
    expect([process.state, process.pid, process.isAlive(), process.exitCode, process.daemon]).toEqual([
      'ready',
      null,
      false,
      null,
      false,
    ]);
    process.start();
    expect(process.pid).toBeGreaterThan(0);
    expect(process.isAlive()).toBe(true);
    expect(activeChildren()).toContain(process);
    expect(await process.result).toEqual({
      args: [1, 'two', null, { hello: 23 }],
      name: 'my process',
      daemon: false,
      parent: 'MainProcess',
      parentPid: globalThis.process.pid,
    });
    expect(await process.join()).toBe(true);
    expect([process.state, process.isAlive(), process.exitCode, process.signal]).toEqual(['exited', false, 0, null]);
    expect(activeChildren()).not.toContain(process);
  });

  it('is MainProcess where nobody of ours has started it [test_current]', () => {
    expect(currentProcess()).toEqual({ name: 'MainProcess', pid: process.pid, daemon: false });
    expect(parentProcess()).toBeNull();
  });

  it('is numbered, and so are those it starts [test_recursion]', async () => {
    const process = new Process({ target: { module: functions, export: 'chain' }, args: [2] }).start();
    const [first, second, third] = (await process.result) as string[];
    expect(first).toMatch(/^Process-\d+$/);
    expect([second, third]).toEqual([`${first}:1`, `${first}:1:1`]);
    expect(await process.join()).toBe(true);
  });

  it('knows those it has started as long as they run [test_active_children]', async () => {
    const process = new Process({ target: { module: functions, export: 'childrenOfMine' } }).start();
    expect(await process.result).toEqual([[`${process.name}:1`], 0]);
  });

  it('runs the default export of a module, by URL or path', async () => {
    const results = [functions, functions.href, functions.pathname].map(
      (target) => new Process<(a: number, b: number) => number>({ target, args: [3, 4] }).start().result,
    );
    expect(await Promise.all(results)).toEqual([7, 7, 7]);
  });

  it('runs functions of every form, by their text', async () => {
    const forms = {
      method(a: number) {
        return a + 1;
      },
      async asyncMethod(a: number) {
        return a + 1;
      },
      arrow: (a: number) => a + 1,
      asyncArrow: async (a: number) => a + 1,
      plain: function named(a: number) {
        return a + 1;
      },
    };
    const results = Object.values(forms).map(
      (target) => new Process<(a: number) => unknown>({ target, args: [1] }).start().result,
    );
    expect(await Promise.all(results)).toEqual([2, 2, 2, 2, 2]);
  });

  it('runs functions that import built-in modules, packages and files, and says nothing of its own', async () => {
    // By its text: what stands here would be rewritten for the tests.
    const target = new Function(
      'path',
      "return Promise.all([import('node:path'), import('procctl'), import(path)]).then(([a, b, c]) => [a.sep, typeof b.Pool, c.add(1, 2)]);",
    ) as (path: string) => unknown;
    const child = new Process({ target, args: ['./test/fixtures/library/functions.mjs'], stdio: 'pipe' }).start();
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    expect(await child.result).toEqual(['/', 'function', 3]);
    await child.join();
    expect(stderr).toBe('');
  });

  it('shares no globals: what a child changes is unchanged here, and what is around a function is not there', async () => {
    (globalThis as { shared?: number }).shared = 1;
    const child = new Process({
      target: () => {
        (globalThis as { shared?: number }).shared = ((globalThis as { shared?: number }).shared ?? 0) + 10;
        return (globalThis as { shared?: number }).shared;
      },
    }).start();
    expect(await child.result).toBe(10);
    expect((globalThis as { shared?: number }).shared).toBe(1);
    const outside = 3;
    const captures = new Process({ target: () => outside + 1, stdio: 'ignore' }).start();
    await expect(captures.result).rejects.toThrow(
      /^outside is not defined: a function is sent by its source, and nothing around it comes along; pass outside as an argument/,
    );
  });

  it.each([
    ['a bound function', (() => 1).bind(null)],
    ['a builtin', Math.max],
    ['a class', class {}],
    ['nothing', undefined],
    ['an object without a module', {}],
    ['an empty path', ''],
  ])('refuses %s as its target', (_title, target) => {
    expect(codeOf(() => new Process({ target: target as () => void }))).toBe('ERR_OPTION');
  });

  it('cannot be started twice, joined or ended before its start, nor closed while alive; closed, it is of no use [test_close]', async () => {
    const child = new Process({ target: forever });
    expect(codeOf(() => child.join())).toBe('ERR_STATE');
    expect(codeOf(() => child.terminate())).toBe('ERR_STATE');
    child.start();
    expect(codeOf(() => child.start())).toBe('ERR_STATE');
    expect(codeOf(() => child.close())).toBe('ERR_STATE');
    child.kill();
    await child.join();
    child.close();
    child.close();
    for (const use of [
      () => child.start(),
      () => child.join(),
      () => child.terminate(),
      () => child.isAlive(),
      () => child.pid,
      () => child.exitCode,
    ]) {
      expect(codeOf(use)).toBe('ERR_STATE');
    }
    expect(child.name).toMatch(/^Process-/);
  });

  it('is joined within a time, or not [test_process, test_terminate]', async () => {
    const child = new Process({ target: forever }).start();
    expect(await child.join({ timeoutMs: 0 })).toBe(false);
    expect(await child.join({ timeoutMs: 10 })).toBe(false);
    expect(await child.join({ signal: AbortSignal.timeout(10) })).toBe(false);
    expect(child.isAlive()).toBe(true);
    child.terminate();
    expect(await child.join()).toBe(true);
    expect([child.exitCode, child.signal]).toEqual([null, 'SIGTERM']);
    await expect(child.result).rejects.toMatchObject({
      name: 'WorkerLostError',
      code: 'ERR_WORKER_LOST',
      exitCode: null,
      signal: 'SIGTERM',
      pid: expect.any(Number),
    });
    expect(codeOf(() => child.join({ timeoutMs: Number.NaN }))).toBe('ERR_OPTION');
  });

  it('is ended by kill whatever it is at, and by an abort [test_kill]', async () => {
    const busy = new Process({
      target: () => {
        for (;;);
      },
    }).start();
    busy.kill();
    expect(await busy.join()).toBe(true);
    expect(busy.signal).toBe('SIGKILL');
    const controller = new AbortController();
    const aborted = new Process({ target: forever, signal: controller.signal }).start();
    controller.abort(new Error('enough'));
    expect(await aborted.join()).toBe(true);
    await expect(aborted.result).rejects.toMatchObject({ name: 'WorkerLostError', cause: { message: 'enough' } });
  });

  it.each([
    ['returns', () => 3, 0],
    [
      'throws',
      () => {
        throw new Error('no');
      },
      1,
    ],
    [
      'throws no error',
      () => {
        throw 'text';
      },
      1,
    ],
    [
      'rejects',
      async () => {
        throw new Error('later');
      },
      1,
    ],
    ['exits with 8', () => process.exit(8), 8],
    ['exits with 0', () => process.exit(0), 0],
    [
      'sets the exit code',
      () => {
        process.exitCode = 5;
      },
      5,
    ],
    [
      'has an error in a later tick',
      () =>
        new Promise(() =>
          setTimeout(() => {
            throw new Error('x');
          }),
        ),
      1,
    ],
    [
      'leaves a rejection unhandled',
      () =>
        new Promise(() => {
          void Promise.reject(new Error('x'));
          setInterval(() => {}, 1000);
        }),
      1,
    ],
  ])(
    'that %s has the exit code of Python, or of Node [test_sentinel, test_sys_exit]',
    async (_title, target, exitCode) => {
      const child = new Process({ target: target as () => unknown, stdio: 'ignore' }).start();
      await child.join();
      expect([child.exitCode, child.signal]).toEqual([exitCode, null]);
    },
  );

  it('rejects its result with what the target threw, and says it on standard error [test_error_on_stdio_flush]', async () => {
    const child = new Process({
      name: 'thrower',
      target: () => {
        throw Object.assign(new RangeError('too far', { cause: new Error('deep') }), { metres: 3 });
      },
      stdio: 'pipe',
    }).start();
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    await expect(child.result).rejects.toThrow('too far');
    await child.join();
    expect(stderr).toMatch(/^Process thrower:\nRangeError: too far\n {4}at /);
  });

  it('says that its target cannot be loaded, and which there are', async () => {
    const load = (target: { module: URL | string; export?: string }): Promise<unknown> =>
      new Process({ target, stdio: 'ignore' }).start().result;
    await expect(load({ module: new URL('nope.mjs', functions) })).rejects.toMatchObject({
      message: expect.stringContaining('cannot be loaded'),
    });
    await expect(load({ module: functions, export: 'nope' })).rejects.toMatchObject({
      message: expect.stringContaining('nope of'),
    });
    await expect(load({ module: functions, export: 'notAFunction' })).rejects.toMatchObject({
      message: expect.stringContaining('is no function'),
    });
  });

  it('fails at start with arguments that cannot cross, and says which', () => {
    const child = new Process({ target: (...args: unknown[]) => args, args: [1, { save: () => 1 }] });
    expect(() => child.start()).toThrow(expect.objectContaining({ code: 'ERR_SERIALIZATION', path: 'args[1].save' }));
    expect(child.pid).toBeNull();
  });

  it('fails at start where there is no such directory, and leaves nothing behind', () => {
    const child = new Process({ target: () => 1, cwd: '/no/such/directory' });
    expect(codeOf(() => child.start())).toBe('ERR_CWD');
    expect(activeChildren()).not.toContain(child);
  });

  it('runs in a directory and with an environment of its own', async () => {
    const child = new Process({
      target: () => [process.cwd(), process.env.ONLY, process.env.HOME],
      cwd: '/',
      env: { ONLY: 'this' },
    }).start();
    expect(await child.result).toEqual(['/', 'this', undefined]);
  });

  it('sends 20 MB, and what it says right before it exits is not lost', async () => {
    const large = new Process({ target: () => Buffer.alloc(20_000_000, 7) }).start();
    expect(Buffer.from((await large.result) as Uint8Array).equals(Buffer.alloc(20_000_000, 7))).toBe(true);
    const last = new Process({
      target: () => {
        process.stderr.write('x'.repeat(3_000_000));
        process.exit(4);
      },
      stdio: 'pipe',
    }).start();
    let bytes = 0;
    last.stderr?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await last.join();
    await waitFor(() => bytes === 3_000_000, 'all of standard error');
    expect(last.exitCode).toBe(4);
  });

  it('is ended by `await using`, and is of no use afterwards', async () => {
    const child = new Process({ target: forever }).start();
    const { pid } = child;
    await child[Symbol.asyncDispose]();
    expect(isRunning(pid as number)).toBe(false);
    expect(codeOf(() => child.isAlive())).toBe('ERR_STATE');
  });

  it('shows what the kernel says of it: on a CPU, or asleep', async () => {
    const asleep = new Process({ target: forever }).start();
    await waitFor(() => asleep.state === 'waiting', 'asleep');
    const busy = new Process({
      target: () => {
        for (;;);
      },
    }).start();
    await waitFor(() => busy.state === 'running', 'on a CPU');
    for (const child of [asleep, busy]) {
      child.kill();
      await child.join();
      expect(child.state).toBe('exited');
    }
  });
});

describe.concurrent('a daemon', () => {
  it.each([
    ['is killed while it waits', 'wait', 'SIGKILL'],
    ['is killed in a busy loop', 'spin', 'SIGKILL'],
    ['is told to end', 'wait', 'SIGTERM'],
    ['exits', 'exit', undefined],
  ] as const)('in a busy loop ends when its parent %s [test_daemon_flag]', async (_title, how, signal) => {
    await withDirectory(async (path) => {
      const { child, ended } = startFixture('daemon-parent.mjs', [how, 'spinForever', path('pid')]);
      // Who exits at once may do so before the daemon has said anything.
      const pid = how === 'exit' ? undefined : await pidIn(path('pid'));
      if (signal !== undefined) child.kill(signal);
      await ended;
      const daemon = pid ?? (existsSync(path('pid')) ? Number(readFileSync(path('pid'), 'utf8')) : 0);
      await waitFor(() => daemon === 0 || !isRunning(daemon), 'the daemon is gone');
    });
  });

  it('that ignores SIGTERM, and the daemon of a daemon, end too', async () => {
    await withDirectory(async (path) => {
      const stubborn = startFixture('daemon-parent.mjs', ['wait', 'ignoreTermAndSpin', path('stubborn')]);
      const nested = startFixture('daemon-parent.mjs', ['wait', 'daemonOfDaemon', path('outer'), path('inner')]);
      const pids = await Promise.all(['stubborn', 'outer', 'inner'].map((name) => pidIn(path(name))));
      for (const { child, ended } of [stubborn, nested]) {
        child.kill('SIGKILL');
        await ended;
      }
      for (const pid of pids) await waitFor(() => !isRunning(pid), `${pid} is gone`);
    });
  });

  it('is what its parent is, unless it is told', async () => {
    const child = new Process({ target: { module: functions, export: 'described' }, daemon: true }).start();
    expect(await child.result).toMatchObject({ daemon: true });
    expect(child.daemon).toBe(true);
  });
});

describe.concurrent('a program', () => {
  it('ends when its children have, and does not wait for daemons nor for idle pools', async () => {
    expect(await runFixture('waits-for-child.mjs')).toMatchObject({ code: 0, stdout: 'child\nparent\n' });
    expect(await runFixture('forgets-close.mjs')).toMatchObject({ code: 0, stdout: '[ 2, 3, 4 ]\n0\n' });
  });

  it('ends after it has terminated a pool that was at work', async () => {
    expect(await runFixture('terminates-busy.mjs')).toMatchObject({ code: 0, stdout: 'PoolClosedError\n' });
  });

  it('whose workers load it and make pools again gets an error, and no flood of processes', async () => {
    const { stdout, code } = await runFixture('pool-at-top.mjs');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/a pool is made while a worker loads this module.*parentProcess\(\) === null/),
    ]);
  });
});
