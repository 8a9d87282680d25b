import { Malformed } from './byte-reader.ts';
import type { Decoder } from './decoder.ts';

export const readDate = (decoder: Decoder): Date => decoder.keep(new Date(decoder.readDouble()));

export const readRegExp = (decoder: Decoder): RegExp => {
  const regexp = new RegExp(decoder.readText(), decoder.readText());
  regexp.lastIndex = decoder.readVarint();
  return decoder.keep(regexp);
};

export const readBigint = (decoder: Decoder): bigint => {
  const text = decoder.readText();
  return text.startsWith('-') ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`);
};

export const readMap = (decoder: Decoder): Map<unknown, unknown> => {
  const map = decoder.keep(new Map());
  decoder.enter();
  for (let left = decoder.readUint32(); left > 0; left--) {
    const key = decoder.read();
    map.set(key, decoder.read());
  }
  decoder.leave();
  return map;
};

export const readSet = (decoder: Decoder): Set<unknown> => {
  const set = decoder.keep(new Set());
  decoder.enter();
  for (let left = decoder.readUint32(); left > 0; left--) set.add(decoder.read());
  decoder.leave();
  return set;
};

export const readBoxed = (decoder: Decoder): object => {
  const value = decoder.read();
  if (typeof value === 'object' || value === undefined) throw new Malformed('has a box without a primitive');
  return decoder.keep(Object(value));
};
