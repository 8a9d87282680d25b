import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LogRecord, type LogStream, outputOf } from '../../src/protocol/log-record.ts';
import { LogCursor } from '../../src/runtime/logs/log-cursor.ts';

/** All that can be read now. */
export const readAll = (cursor: LogCursor): LogRecord[] => {
  const all: LogRecord[] = [];
  for (let records = cursor.read(); records.length > 0; records = cursor.read()) all.push(...records);
  return all;
};

export const recordsIn = (directory: string): LogRecord[] => {
  const cursor = LogCursor.atStart(directory);
  try {
    return readAll(cursor);
  } finally {
    cursor.close();
  }
};

/** The bytes of a stream. */
export const bytesFrom = (records: readonly LogRecord[], stream: LogStream): Buffer =>
  Buffer.concat(records.filter((record) => record.stream === stream).map(outputOf));

export const textIn = (directory: string, stream: LogStream): string =>
  bytesFrom(recordsIn(directory), stream).toString('latin1');

export const filesIn = (directory: string): { readonly name: string; readonly text: string }[] =>
  readdirSync(directory)
    .sort()
    .map((name) => ({ name, text: readFileSync(join(directory, name), 'latin1') }));
