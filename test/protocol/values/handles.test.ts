// Objects that cross as a reference.
import { describe, expect, it } from 'vitest';
import { SerializationError } from '../../../src/errors.ts';
import { decodeValue, encodeValue } from '../../../src/protocol/values/codec.ts';
import { HANDLE, type HandleDescription } from '../../../src/protocol/values/handle.ts';

class Door {
  constructor(readonly address: string) {}

  [HANDLE](): HandleDescription {
    return { kind: 'door', address: this.address, more: [1, null, { a: true }] };
  }
}

const restore = ({ kind, address }: HandleDescription): object => {
  if (kind !== 'door') throw new RangeError(`no ${kind} here`);
  return new Door(address as string);
};

const crossed = <T>(value: T): T => decodeValue(encodeValue(value), restore) as T;

const describedAs = (description: unknown): object => ({ [HANDLE]: () => description });

describe('a handle', () => {
  it('is made again from its description', () => {
    expect(crossed(new Door('a'))).toBeInstanceOf(Door);
    expect(crossed({ doors: [new Door('a'), new Door('b')] })).toEqual({ doors: [new Door('a'), new Door('b')] });
  });
  it('arrives as one object if it is there twice, among other objects too', () => {
    const door = new Door('a');
    const date = new Date(1);
    const arrived = crossed([door, date, { door }, new Map([[door, date]])] as const);
    expect((arrived[2] as { door: Door }).door).toBe(arrived[0]);
    expect((arrived[3] as Map<Door, Date>).get(arrived[0] as Door)).toBe(arrived[1]);
  });
  it('may be a plain object, one without prototype, or in an error', () => {
    expect(crossed({ [HANDLE]: () => ({ kind: 'door', address: 'p' }) })).toEqual(new Door('p'));
    const bare = Object.assign(Object.create(null), { [HANDLE]: () => ({ kind: 'door', address: 'n' }) });
    expect(crossed(bare)).toEqual(new Door('n'));
    expect(crossed(Object.assign(new Error('e'), { door: new Door('x') }))).toMatchObject({ door: new Door('x') });
  });
  it('may write other values while it describes itself', () => {
    const handle = { [HANDLE]: () => ({ kind: 'door', address: encodeValue([{ a: 1 }]).toString('latin1') }) };
    expect(crossed([{ a: 1 }, handle])).toEqual([{ a: 1 }, new Door(encodeValue([{ a: 1 }]).toString('latin1'))]);
  });
  it('is refused if its description is not plain JSON with a kind, or throws', () => {
    const cyclic: Record<string, unknown> = { kind: 'door' };
    cyclic.self = cyclic;
    for (const description of [
      undefined,
      null,
      'door',
      { address: 1 },
      { kind: 1 },
      { kind: 'door', at: new Date() },
      { kind: 'door', at: undefined },
      { kind: 'door', at: -0 },
      { kind: 'door', at: [Number.NaN] },
      { kind: 'door', at: '\ud800' },
      { kind: 'door', run: () => 1 },
      cyclic,
    ]) {
      expect(() => encodeValue({ a: describedAs(description) })).toThrow(SerializationError);
    }
    const closed = { [HANDLE]: () => Promise.reject.call(undefined, 1) };
    expect(() => encodeValue([closed])).toThrow(/^value\[0\] cannot be read/);
  });
  it('passes on what `restore` throws, as it is', () => {
    const bytes = encodeValue([describedAs({ kind: 'window' })]);
    expect(() => decodeValue(bytes, restore)).toThrow(new RangeError('no window here'));
    expect(() =>
      decodeValue(bytes, () => {
        throw undefined;
      }),
    ).toThrow();
  });
});
