import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ANSWER_PATIENCE_MS } from '../../src/client/patience.ts';
import { askQuickly } from '../../src/client/quick-question.ts';
import { scratch } from '../helpers/procctl.ts';

const servers: Server[] = [];

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) server.close();
});

/** Listens, and does with each line that comes, and whom it came from. */
const listen = async (onLine: (line: string, client: Socket) => void): Promise<string> => {
  const path = join(scratch(), 'socket');
  const server = createServer({ allowHalfOpen: true }, (client) => {
    let text = '';
    client.on('error', () => {});
    client.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (text.endsWith('\n')) onLine(text.slice(0, -1), client);
    });
    client.on('close', () => client.destroy());
    client.on('end', () => client.end());
  });
  servers.push(server);
  server.listen(path);
  await once(server, 'listening');
  return path;
};

/** In the place of what Node's own sockets are made of. */
const stubBinding = (binding: unknown): void => {
  vi.spyOn(process as unknown as { binding: () => unknown }, 'binding').mockImplementation(binding as () => unknown);
};

describe('a quick question', () => {
  it('has the line that comes for an answer', async () => {
    const path = await listen((line, client) => client.write(`${line}, ${line}\n`));
    expect(await askQuickly(path, 'what?\n')).toEqual({ tag: 'answered', line: 'what?, what?' });
  });

  it('is sent whole, and answered whole, however long they are', async () => {
    const long = `${'漢é'.repeat(500_000)}end`;
    const path = await listen((line, client) => client.write(`${line.length} ${long}\n`));
    const question = 'ü'.repeat(1_000_000);
    expect(await askQuickly(path, `${question}\n`)).toEqual({ tag: 'answered', line: `${question.length} ${long}` });
  });

  it('is answered in pieces, also of a character', async () => {
    const path = await listen((_line, client) => {
      const bytes = [...Buffer.from('{"漢":"🫠"}\n')];
      const next = (): void => {
        const byte = bytes.shift();
        if (byte === undefined) return;
        client.write(Buffer.of(byte), () => setImmediate(next));
      };
      next();
    });
    expect(await askQuickly(path, '?\n')).toEqual({ tag: 'answered', line: '{"漢":"🫠"}' });
  });

  it('finds nobody where there is no socket, and where nobody listens any more', async () => {
    const directory = scratch();
    expect(await askQuickly(join(directory, 'none'), '?\n')).toEqual({ tag: 'nobody' });
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(await askQuickly(file, '?\n')).toEqual({ tag: 'nobody' });
    expect(await askQuickly(join(file, 'below'), '?\n')).toEqual({ tag: 'unknown' });
  });

  it('does not know when the other side ends, before its answer or in the middle of it', async () => {
    const deaf = await listen((_line, client) => client.destroy());
    expect(await askQuickly(deaf, '?\n')).toEqual({ tag: 'unknown' });
    const dying = await listen((_line, client) => client.end('half an ans'));
    expect(await askQuickly(dying, '?\n')).toEqual({ tag: 'unknown' });
  });

  it('is given up when nothing, or not everything, has come for long', async () => {
    for (const words of ['', 'half an ans']) {
      let isAsked = (): void => {};
      const asked = new Promise<void>((resolve) => {
        isAsked = resolve;
      });
      const path = await listen((_line, client) => client.write(words, () => isAsked()));
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const answer = askQuickly(path, '?\n');
      await asked;
      await vi.advanceTimersByTimeAsync(ANSWER_PATIENCE_MS - 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(await answer).toEqual({ tag: 'silent' });
      vi.useRealTimers();
    }
  });

  it.each<[string, () => void]>([
    [
      'of a version that nobody has tried',
      () => vi.spyOn(process, 'versions', 'get').mockReturnValue({ ...process.versions, node: '99.0.0' }),
    ],
    [
      'that permits nothing',
      () =>
        stubBinding(() => {
          throw new Error('ERR_ACCESS_DENIED');
        }),
    ],
    ['that has none of it', () => stubBinding(() => ({}))],
    ['that has no bindings', () => stubBinding(() => undefined)],
    [
      'that has something else by these names',
      () =>
        stubBinding(() => ({
          ...{ Pipe: class {}, PipeConnectWrap: class {}, WriteWrap: class {}, constants: { SOCKET: 0 } },
          ...{ streamBaseState: new Int32Array(4), kReadBytesOrError: 0, kArrayBufferOffset: 1 },
        })),
    ],
  ])('is not asked in a Node %s', async (_title, stub) => {
    const path = await listen((line, client) => client.write(`${line}\n`));
    stub();
    expect(await askQuickly(path, '?\n')).toEqual({ tag: 'unknown' });
  });

  it('warns of nothing, and leaves warnings as they were', async () => {
    const path = await listen((line, client) => client.write(`${line}\n`));
    const seen: unknown[] = [];
    const { binding } = process as unknown as { binding: (name: string) => unknown };
    stubBinding((name: string) => {
      seen.push(process.noDeprecation);
      return binding(name);
    });
    const before = process.noDeprecation;
    expect(await askQuickly(path, '?\n')).toEqual({ tag: 'answered', line: '?' });
    expect(seen).toEqual([true, true]);
    expect(process.noDeprecation).toBe(before);
  });
});
