import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { EventsReader } from '../../src/runtime/remote/events-reader.ts';
import { waitFor } from '../helpers/procctl.ts';

type Entry = readonly [id: string, fields: readonly string[]];

/** A stream that is read; an Error instead of an entry: the connection is cut off there, once. */
class Stream {
  readonly asked: string[] = [];
  readonly #entries: (Entry | Error)[];

  constructor(entries: readonly (Entry | Error)[]) {
    this.#entries = [...entries];
  }

  get redis(): Redis {
    return { xread: (...words: unknown[]) => this.#read(words) } as unknown as Redis;
  }

  async #read(words: unknown[]): Promise<unknown> {
    this.asked.push(String(words.at(-1)));
    const next = this.#entries.shift();
    if (next instanceof Error) throw next;
    if (next !== undefined) return [[String(words.at(-2)), [next]]];
    return new Promise(() => {});
  }
}

it('tells each event once, in their order, also when it is cut off, and goes on behind the last', async () => {
  const stream = new Stream([
    ['1-0', ['event', 'completed', 'jobId', 'a', 'returnvalue', '7']],
    new Error('cut off'),
    ['2-0', ['jobId', 'of no event']],
    ['3-0', ['event', 'of-ours']],
  ]);
  const heard: unknown[] = [];
  const reader = new EventsReader(stream.redis, { key: 'events', lastId: '0-5' }, (event, field) =>
    heard.push([event, field('jobId'), field('returnvalue')]),
  );
  await waitFor(() => stream.asked.length === 5, 'all to be read');
  reader.stop();
  expect(heard).toEqual([
    ['completed', 'a', '7'],
    ['of-ours', undefined, undefined],
  ]);
  expect(stream.asked).toEqual(['0-5', '1-0', '1-0', '2-0', '3-0']);
});

it('tells nothing more once it is stopped', async () => {
  const stream = new Stream([
    ['1-0', ['event', 'first']],
    ['2-0', ['event', 'second']],
  ]);
  const heard: string[] = [];
  const reader: EventsReader = new EventsReader(stream.redis, { key: 'events', lastId: '0' }, (event) => {
    heard.push(event);
    reader.stop();
  });
  await waitFor(() => heard.length > 0, 'the first');
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual(['first']);
});
