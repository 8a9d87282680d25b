import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { writeOwn } from '../../src/runtime/output/write-own.ts';

const failing = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });

it('raises nothing when a reader of the program has gone, unless the program listens', async () => {
  const deaf = failing();
  const closed = new Promise<void>((resolve) => {
    deaf.once('close', resolve);
  });
  writeOwn(deaf, Buffer.from('a'));
  await closed;
  writeOwn(deaf, Buffer.from('b'));
  const listening = failing();
  const errors: unknown[] = [];
  listening.on('error', (error) => errors.push(error));
  writeOwn(listening, Buffer.from('a'));
  await expect.poll(() => errors).toMatchObject([{ message: 'EPIPE' }]);
});
