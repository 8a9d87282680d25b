import { describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { parseLimit } from '../../src/protocol/limit-option.ts';
import { LIMIT_NAMES } from '../../src/protocol/process-spec.ts';

const limits = (text: string) => {
  const { name, limit } = parseLimit(text);
  return [name, limit.soft, limit.hard];
};

describe('a resource limit', () => {
  it.each([
    ['nofile=1024', ['nofile', 1024, 1024]],
    ['nofile=1024:4096', ['nofile', 1024, 4096]],
    ['nofile=0', ['nofile', 0, 0]],
    ['core=unlimited', ['core', null, null]],
    ['core=0:unlimited', ['core', 0, null]],
    ['stack=8M:infinity', ['stack', 8_388_608, null]],
    ['as=1.5G', ['as', 1_610_612_736, 1_610_612_736]],
    ['fsize=512k:1M', ['fsize', 524_288, 1_048_576]],
    ['cpu=60', ['cpu', 60, 60]],
    ['cpu=2m', ['cpu', 120, 120]],
    ['cpu=300ms', ['cpu', 1, 1]],
  ])('%s is read', (text, expected) => expect(limits(text)).toEqual(expected));

  it.each(LIMIT_NAMES)('may be %s', (name) => expect(limits(`${name}=unlimited`)).toEqual([name, null, null]));

  it.each([
    ['nofile', 'expected a limit such as "nofile=4096", got "nofile"'],
    ['nofile=1:2:3', 'expected a limit such as "nofile=4096", got "nofile=1:2:3"'],
    ['nofiles=1', 'unknown limit "nofiles"; did you mean "nofile"?'],
    ['=1', 'unknown limit ""'],
    ['__proto__=1', 'unknown limit "__proto__"'],
    ['nofile=', 'nofile: expected a whole number, got ""'],
    ['nofile=1k', 'nofile: expected a whole number, got "1k"'],
    ['nofile=-1', 'nofile: expected a whole number, got "-1"'],
    ['as=much', 'as: expected a size such as "10M", got "much"'],
    ['as=1G:', 'as: expected a size such as "10M", got ""'],
    ['cpu=soon', 'cpu: expected a duration such as "30s", got "soon"'],
    ['nofile=2:1', 'nofile: the soft limit, 2, is above the hard limit, 1'],
    ['core=unlimited:1G', 'core: the soft limit, unlimited, is above the hard limit, 1G'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => parseLimit(text)).toThrow(ProcctlError);
    expect(() => parseLimit(text)).toThrow(message);
  });
});
