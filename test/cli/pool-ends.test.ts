import { constants } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type JsonRecord, RUNNERS, runByName, scratch, writeScript } from '../helpers/procctl.ts';

const EXIT_CODES = [0, 1, 2, 126, 127, 128, 129, 130, 134, 137, 139, 141, 143, 255];
/** Every signal that ends a process which does nothing about it. */
const ENDING_SIGNALS = [
  ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2', 'PIPE', 'ALRM'],
  ...['TERM', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'IO', 'PWR', 'SYS'],
];

const FORMS_OF_PROGRAMS = ['plain program', 'plain line'];

describe.each(RUNNERS)('the end of a task run by --runner %s', (runner) => {
  const directory = scratch();
  let records: ReadonlyMap<string, JsonRecord>;

  beforeAll(async () => {
    writeScript(join(directory, 'exits'), '#!/bin/sh\nexit "$(($1 / 7))"\n');
    writeScript(join(directory, 'dies'), '#!/bin/sh\nkill -"$(echo "$1" | tr a-z A-Z)" $$\n');
    const tasks = [
      ...EXIT_CODES.flatMap((code) => [
        { name: `line exits ${code}`, command: `exit ${code}` },
        { name: `quoted line exits ${code}`, command: `sh -c 'exit ${code}'` },
        { name: `program exits ${code}`, command: ['sh', '-c', `exit ${code}`] },
        { name: `plain program exits ${code}`, command: ['./exits', `${7 * code}`] },
        { name: `plain line exits ${code}`, command: `./exits ${7 * code}` },
      ]),
      ...ENDING_SIGNALS.flatMap((signal) => [
        { name: `line dies ${signal}`, command: `kill -${signal} $$` },
        { name: `quoted line dies ${signal}`, command: `sh -c 'kill -${signal} $$'` },
        { name: `program dies ${signal}`, command: ['sh', '-c', `kill -${signal} $$`] },
        { name: `plain program dies ${signal}`, command: ['./dies', signal.toLowerCase()] },
        { name: `plain line dies ${signal}`, command: `./dies ${signal.toLowerCase()}` },
      ]),
      { name: 'line dies 40', command: 'kill -40 $$' },
      { name: 'program dies 40', command: ['sh', '-c', 'kill -40 $$'] },
    ];
    records = await runByName(runner, tasks, directory);
  });

  /** A shell does not tell the end of a program by these two signals from an exit with their numbers. */
  const isAmbiguous = (form: string, end: number | string): boolean =>
    runner === 'auto' && form.startsWith('plain') && [130, 141, 'INT', 'PIPE'].includes(end);

  const ambiguous = FORMS_OF_PROGRAMS.flatMap((form) => [
    [`${form} exits 130`, 130],
    [`${form} exits 141`, 141],
    [`${form} dies INT`, 130],
    [`${form} dies PIPE`, 141],
  ]);
  it.runIf(runner === 'auto').each(ambiguous)('is not made up where it cannot be told: %s', (name, status) => {
    const { state, exitCode, signal, error } = records.get(`${name}`) as JsonRecord;
    expect({ state, exitCode, signal }).toEqual({ state: 'failed', exitCode: null, signal: null });
    expect(error).toMatchObject({ code: 'ERR_AMBIGUOUS_END', message: expect.stringContaining(`status ${status}`) });
  });

  const FORMS = ['line', 'quoted line', 'program', 'plain program', 'plain line'];

  it.each(
    FORMS.flatMap((form) => EXIT_CODES.map((code) => [form, code] as const)).filter((pair) => !isAmbiguous(...pair)),
  )('is an exit code when a %s exits with %i', (form, exitCode) => {
    const state = exitCode === 0 ? 'succeeded' : 'failed';
    expect(records.get(`${form} exits ${exitCode}`)).toMatchObject({ state, exitCode, signal: null, error: null });
  });

  it.each(
    ['line', 'program', 'plain program']
      .flatMap((form) => ENDING_SIGNALS.map((signal) => [form, signal] as const))
      .filter((pair) => !isAmbiguous(...pair)),
  )('is a signal when a %s is ended by SIG%s', (form, name) => {
    const signal = `SIG${name}`;
    expect(records.get(`${form} dies ${name}`)).toMatchObject({ state: 'failed', exitCode: null, signal, error: null });
  });

  it.each(
    ['quoted line', 'plain line']
      .flatMap((form) => ENDING_SIGNALS.map((signal) => [form, signal] as const))
      .filter((pair) => !isAmbiguous(...pair)),
  )("is the signal, or the shell's exit code for it, when the last program of a %s is ended by SIG%s", (form, name) => {
    const { state, exitCode, signal, error } = records.get(`${form} dies ${name}`) as JsonRecord;
    expect({ state, error }).toEqual({ state: 'failed', error: null });
    expect(signal ?? exitCode).toBe(
      signal === null ? 128 + constants.signals[`SIG${name}` as NodeJS.Signals] : `SIG${name}`,
    );
  });

  // Node itself reports such an end of its own child as exit code 0, so with --runner spawn nobody can know.
  it.runIf(runner === 'auto').each(['line', 'program'])('is told when a signal without a name ends a %s', (form) => {
    expect(records.get(`${form} dies 40`)).toMatchObject({
      state: 'failed',
      exitCode: null,
      error: { code: 'ERR_SIGNAL', message: 'ended by signal 40' },
    });
  });
});
