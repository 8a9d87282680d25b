// `ps` in the quick way (src/client/quick-question.ts): with the same result as in the slow one, whatever happens to it.
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RPC_ERROR } from '../../src/protocol/rpc-message.ts';
import { TestHome } from '../helpers/home.ts';
import { scratch } from '../helpers/procctl.ts';
import { RunningCommand } from '../helpers/running-command.ts';
import { processView } from '../render/process-views.ts';

/** Preloaded, takes away what the quick way needs. */
const withoutBindings = (): { readonly NODE_OPTIONS: string } => {
  const file = join(scratch(), 'no-bindings.cjs');
  writeFileSync(file, "process.binding = () => { throw new Error('not here') };");
  return { NODE_OPTIONS: `--require ${file}` };
};

interface Asked {
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** What claims to be the daemon of a home, and says whatever a test wants; @returns what it was asked */
const pretend = async (home: TestHome, answer: (asked: Asked, client: Socket) => void): Promise<Asked[]> => {
  mkdirSync(home.path, { recursive: true, mode: 0o700 });
  const seen: Asked[] = [];
  const server = createServer((client) => {
    let text = '';
    client.on('error', () => {});
    client.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
        const asked = JSON.parse(text.slice(0, end)) as Asked;
        text = text.slice(end + 1);
        seen.push(asked);
        answer(asked, client);
      }
    });
  });
  const path = join(home.path, 'daemon.sock');
  rmSync(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  closers.push(() => server.close());
  return seen;
};

const say = (client: Socket, { id }: Asked, what: object): void => {
  client.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...what })}\n`);
};

const WEB = processView({ name: 'web' });
const ROW = /^3 +web +4711 +yes +waiting \(sleep\) +3% +41M +2h03m +0$/;

describe('a quick ps', () => {
  it('says and ends as the slow one does', async () => {
    const home = new TestHome();
    await home.spawn('--name', 'done', 'true');
    await home.spawn('--name', 'failed', '--max-restarts', '0', 'false');
    await home.spawn('--name', 'web', '-i', '2', 'true');
    await home.spawn('--name', '漢字', 'true');
    for (const name of ['done', 'web-1', 'web-2', '漢字']) {
      await home.until(name, ({ state }) => state === 'exited', 'exited');
    }
    await home.until('failed', ({ state }) => state === 'failed', 'failed');
    const slow = { env: withoutBindings() };
    for (const words of [
      [],
      ['--wide'],
      ['--no-headers'],
      ['-q'],
      ['--json'],
      ['--json', '--wide'],
      ['done'],
      ['web'],
      ['web', '1', 'done', '--no-headers'],
      ['*e*', '-q'],
      ['all'],
      ['漢字'],
      ['dnoe'],
      ['web', '99'],
      ['x*'],
      ['\u001b[31m'],
      [''],
      ['-q', '--json'],
      ['--json', 'nobody'],
    ]) {
      const [quick, other] = await Promise.all([home.run(['ps', ...words]), home.run(['ps', ...words], slow)]);
      expect({ words, ...quick }).toEqual({ words, ...other });
    }
    expect((await home.run(['ps', 'dnoe'])).stderr).toBe('procctl: no process named "dnoe"; did you mean "done"?\n');
  });

  it('gets its text from the daemon', async () => {
    const home = new TestHome();
    const seen = await pretend(home, (asked, client) => say(client, asked, { result: { text: 'as it is\n' } }));
    expect(await home.run(['ps', 'a', '--wide'])).toEqual({ code: 0, signal: null, stdout: 'as it is\n', stderr: '' });
    await home.ok(['ps', '-q', '--no-headers']);
    await home.ok(['ps', '--json']);
    const params = { names: [], face: 'table', wide: false, headers: true };
    expect(seen.map((asked) => [asked.method, asked.params])).toEqual([
      ['process.table', { ...params, names: ['a'], wide: true }],
      ['process.table', { ...params, face: 'names', headers: false }],
      ['process.table', { ...params, face: 'json' }],
    ]);
  });

  it('lays out itself what the daemon leaves to it, without asking again', async () => {
    const home = new TestHome();
    const seen = await pretend(home, (asked, client) =>
      say(client, asked, { result: { processes: [processView({ name: '漢字' })] } }),
    );
    expect(await home.ok(['ps', '--no-headers', '漢字'])).toMatch(/^3 +漢字 +4711 /);
    expect(seen).toHaveLength(1);
  });

  it('lays out itself what goes to a terminal, or is to be coloured', async () => {
    const home = new TestHome();
    const seen = await pretend(home, (asked, client) => say(client, asked, { result: { processes: [WEB] } }));
    expect(await home.ok(['ps'], { env: { FORCE_COLOR: '1' } })).toContain('\u001b[');
    expect(seen.map(({ method }) => method)).toEqual(['process.list']);
    expect((await home.run(['ps', 'wbe'], { env: { FORCE_COLOR: '1' } })).stderr).toContain('did you mean "web"?');
  });

  it('asks a daemon that does not know the question as before', async () => {
    const home = new TestHome();
    const seen = await pretend(home, (asked, client) =>
      asked.method === 'process.list'
        ? say(client, asked, { result: { processes: [WEB] } })
        : say(client, asked, { error: { code: RPC_ERROR.noMethod, message: 'no method' } }),
    );
    expect((await home.ok(['ps', '--no-headers'])).trimEnd()).toMatch(ROW);
    expect(JSON.parse(await home.ok(['ps', '--json', 'web']))).toEqual([WEB]);
    expect(seen.map(({ method }) => method)).toEqual(Array(2).fill(['process.table', 'process.list']).flat());
  });

  it.each<[string, (client: Socket) => void]>([
    ['goes before it has answered', (client) => client.destroy()],
    ['goes in the middle of its answer', (client) => client.end('{"jsonrpc":"2.0","id":1,"result":{"te')],
    ['says what is no JSON', (client) => client.end('hello\n')],
    ['says nothing in many words', (client) => client.end('{}\n')],
  ])('asks again when the daemon %s', async (_title, fail) => {
    const home = new TestHome();
    const seen = await pretend(home, (asked, client) => {
      if (seen.length === 1) fail(client);
      else say(client, asked, { result: { processes: [WEB] } });
    });
    const { stdout, ...rest } = await home.run(['ps', '--no-headers']);
    expect(rest).toEqual({ code: 0, signal: null, stderr: '' });
    expect(stdout.trimEnd()).toMatch(ROW);
  });

  it('reads the disk when there is no daemon, none any more, and no home', async () => {
    const home = new TestHome();
    const slow = { env: withoutBindings() };
    const both = async (...words: string[]) => {
      const [quick, other] = await Promise.all([home.run(['ps', ...words]), home.run(['ps', ...words], slow)]);
      expect(quick).toEqual(other);
      expect(quick.stderr).toBe('procctl: the daemon is not running; this is what the disk and the kernel say\n');
      return quick;
    };
    expect((await both('--json')).stdout).toBe('[]\n');
    await home.spawn('--name', 'done', 'true');
    await home.until('done', ({ state }) => state === 'exited', 'exited');
    await home.killDaemon();
    expect((await both('-q')).stdout).toBe('done\n');
    expect((await both()).stdout).toMatch(/^ID .*\n1 +done .*\n$/);
    rmSync(join(home.path, 'daemon.sock'), { force: true });
    expect((await both('-q')).stdout).toBe('done\n');
  });

  it('refuses a home that is none', async () => {
    const home = new TestHome();
    writeFileSync(home.path, '');
    const [quick, other] = await Promise.all([home.run(['ps']), home.run(['ps'], { env: withoutBindings() })]);
    expect(quick).toEqual(other);
    expect(quick).toMatchObject({ code: 125, stdout: '', stderr: expect.stringContaining('not a directory') });
  });

  it('finds the daemon of a home with a long path', async () => {
    const home = new TestHome('h'.repeat(120));
    await home.spawn('--name', 'done', 'true');
    expect(await home.ok(['ps', '-q'])).toBe('done\n');
    expect(await home.ok(['ps', '-q'], { env: { PROCCTL_HOME: `${home.path}//` } })).toBe('done\n');
  });

  it('finds the daemon of the home in the directory of the user', async () => {
    const home = new TestHome('user/.local/state/procctl');
    const seen = await pretend(home, (asked, client) => say(client, asked, { result: { text: 'quick\n' } }));
    const env = { PROCCTL_HOME: '', XDG_STATE_HOME: '', HOME: join(home.path, '../../..') };
    expect(await home.run(['ps'], { env })).toEqual({ code: 0, signal: null, stdout: 'quick\n', stderr: '' });
    expect(seen).toHaveLength(1);
  });

  it.each([
    { NODE_OPTIONS: '--pending-deprecation' },
    { NODE_PENDING_DEPRECATION: '1' },
    { NODE_OPTIONS: '--trace-warnings' },
  ])('warns of nothing with %o', async (env) => {
    const home = new TestHome();
    await pretend(home, (asked, client) => say(client, asked, { result: { text: 'quick\n' } }));
    expect(await home.run(['ps'], { env })).toEqual({ code: 0, signal: null, stdout: 'quick\n', stderr: '' });
  });
});

describe('what a quick ps writes', () => {
  const LONG = `${'x'.repeat(99)}\n`.repeat(30_000);
  const longHome = async (): Promise<TestHome> => {
    const home = new TestHome();
    await pretend(home, (asked, client) => say(client, asked, { result: { text: LONG } }));
    return home;
  };

  it('is whole, however long it is', async () => {
    const home = await longHome();
    expect((await home.ok(['ps'])) === LONG).toBe(true);
  });

  it('may find nobody who reads it: it ends as SIGPIPE would have it, and says nothing', async () => {
    const home = await longHome();
    const running = new RunningCommand(home, ['ps'], { isReaderAsleep: true });
    running.closeReader();
    const { status, stderr } = await running.ended;
    expect([status, stderr]).toEqual([141, '']);
  });

  it('may be read by nobody for long: SIGINT and SIGTERM end it all the same', async () => {
    for (const [signal, expected] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const home = new TestHome();
      let isAsked = (): void => {};
      const asked = new Promise<void>((resolve) => {
        isAsked = resolve;
      });
      await pretend(home, (question, client) => {
        client.on('close', () => isAsked());
        say(client, question, { result: { text: LONG } });
      });
      const running = new RunningCommand(home, ['ps'], { isReaderAsleep: true });
      // It has the answer, and is about to write it, or already waits for a reader.
      await asked;
      running.signal(signal);
      expect((await running.ended).status).toBe(expected);
    }
  });

  it('is whole also where standard output does not block', async () => {
    const home = await longHome();
    // Somebody who shares it wants it so.
    const before = `'${process.execPath}' -e 'new (require("net").Socket)({ fd: 3 }); process.exit()' 3>&1`;
    const { status, stdout, stderr } = await new RunningCommand(home, ['ps'], { before }).ended;
    expect([status, stderr, stdout.toString() === LONG]).toEqual([0, '', true]);
  });
});
