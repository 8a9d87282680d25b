import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { hangBell, makePipe, writeProgram } from '../lib/bell.mjs';
import { sleepMs, until } from '../lib/processes.mjs';
import { kindOf, SUPERVISORS } from '../lib/supervisors/index.mjs';
import { startServer } from '../lib/supervisors/run-command.mjs';

const LINES = 1_000_000;
const LINE_BYTES = 100;

/** Numbered, so that a lost line, or one that is there twice, is found. */
const lineOf = (number) => `#${String(number).padStart(7, '0')} `.padEnd(LINE_BYTES - 1, 'x');

const LAST = lineOf(LINES);
const NAMES = { runit: 'runit, svlogd', s6: 's6, s6-log' };

/** Files of a log, oldest first: those already full have names that sort by age. */
const filesOf = (directory) =>
  readdirSync(directory)
    .filter((file) => !/^(lock|state|config)$/.test(file))
    .toSorted((a, b) => Number(a === 'current') - Number(b === 'current') || (a < b ? -1 : 1))
    .map((file) => join(directory, file));

/** What procctl writes in front: the time, the stream, and P if a read ended in the middle of the line, which goes on then. */
const MARKS = /^\S{24} stdout ([PF]) /;

/** The lines that were written, without what the supervisor has added. */
const linesOf = (text) => {
  const lines = [];
  let begun = '';
  for (const line of text.split('\n')) {
    const marks = MARKS.exec(line);
    begun += line.slice(marks?.[0].length ?? 0);
    if (marks?.[1] === 'P') continue;
    lines.push(begun);
    begun = '';
  }
  return lines.filter((line) => line !== '');
};

/** Enough for the last line and its marks. */
const END_BYTES = 6 * LINE_BYTES;

/** Whether the newest file ends with the last line. */
const isComplete = (directory) => {
  try {
    const file = filesOf(directory).at(-1);
    const end = Buffer.alloc(END_BYTES);
    const descriptor = openSync(file, 'r');
    readSync(descriptor, end, 0, END_BYTES, Math.max(0, statSync(file).size - END_BYTES));
    closeSync(descriptor);
    return linesOf(end.toString('latin1')).at(-1) === LAST;
  } catch {
    return false; // no log yet, or a file that is being renamed
  }
};

/** @throws Error when a line is missing, not whole, there twice, or not in its place */
const checkLog = (name, directory) => {
  let count = 0;
  for (const file of filesOf(directory)) {
    for (const line of linesOf(readFileSync(file, 'latin1'))) {
      count += 1;
      if (line !== lineOf(count)) throw new Error(`${name}: line ${count} is ${line}`);
    }
  }
  if (count !== LINES) throw new Error(`${name}: ${count} of ${LINES} lines are in the log`);
};

export default {
  title: '1 000 000 log lines of 100 bytes',
  about: `One process writes them as fast as it can, by \`cat\` of a file that is in memory; from the word to begin until the last line is in the
log file. Every log is read and every line compared, at every repetition. procctl writes time and stream in front of
each line (34 bytes, not counted here), the others the line alone. No files are rotated but by s6-log, which cannot do
without. The floor is the same \`cat\` into a file.`,
  unit: 'MB/s',
  goals: [{ text: 'at least 300 MB/s, none lost', way: 'procctl', atLeast: 300 }],
  isMoreBetter: true,
  valueOf: (elapsedMs) => (LINES * LINE_BYTES) / 1000 / elapsedMs,
  ways: async ({ directory, tools, openSupervisor }) => {
    const bell = hangBell(directory);
    const text = join(directory, 'lines.txt');
    writeFileSync(text, Array.from({ length: LINES }, (_, index) => `${lineOf(index + 1)}\n`).join(''));
    const go = makePipe(join(directory, 'go'));
    const program = writeProgram(
      directory,
      'writer',
      `echo $$ >${bell.path}\nread -r word <${go.path}\ncat ${text}\nexec sleep 100000`,
    );
    const timed = async (name, { start, logDirectory, end }) => {
      await Promise.all([bell.next(1), start()]);
      await sleepMs(500);
      const startedAt = performance.now();
      go.write('go\n');
      await until(() => isComplete(logDirectory), `${name}: the last line in the log`, 2);
      const elapsedMs = performance.now() - startedAt;
      await end();
      checkLog(name, logDirectory);
      rmSync(logDirectory, { recursive: true, force: true });
      return { elapsedMs };
    };
    const ways = SUPERVISORS.filter((name) => name in tools).map((needs) => ({
      name: NAMES[needs] ?? needs,
      kind: kindOf(needs),
      needs,
      measure: async () => {
        const { start, logDirectory, close } = await openSupervisor(needs, { program, count: 1 });
        return timed(needs, { start, logDirectory, end: close });
      },
    }));
    const floor = {
      name: 'into a file',
      kind: 'floor',
      measure: () => {
        const logDirectory = join(directory, 'floor');
        mkdirSync(logDirectory);
        let server;
        const start = () => {
          server = startServer(['sh', '-c', `exec ${program} >${join(logDirectory, 'log')}`]);
        };
        return timed('into a file', { start, logDirectory, end: () => server.end() });
      },
    };
    return [...ways, floor];
  },
};
