// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ProcctlOptions, recordsOf, runProcctl, scratch, startProcctl, waitFor } from '../helpers/procctl.ts';

const directory = scratch();

const fileWith = (name: string, text: string | Uint8Array): string => {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
};

/** What the tasks of `procctl pool -k -q …` print. */
const run = async (args: readonly string[], options: ProcctlOptions = {}): Promise<string> => {
  const { code, stdout, stderr } = await runProcctl(['pool', '-k', '-q', ...args], options);
  expect([code, stderr]).toEqual([0, '']);
  return stdout.toString();
};

/** Exit code and what is said about wrong use. */
const complaint = async (args: readonly string[], options: ProcctlOptions = {}): Promise<string> => {
  const { code, stdout, stderr } = await runProcctl(['pool', ...args], options);
  expect([code, stdout.toString()]).toEqual([2, '']);
  expect(stderr).toMatch(/^procctl: .*\n$/);
  return stderr.slice('procctl: '.length, -1);
};

/** The values that hurt a tool which does not pass them as they are. */
const HOSTILE = [
  '',
  ' ',
  '\n',
  'a\nb\n',
  "it's",
  '"',
  '$HOME',
  '`id`',
  '$(id)',
  '-n',
  '--',
  '-rf /',
  '*',
  '~',
  '\\',
  '{}',
  '{.}',
  '{{}',
  ';',
  '|| true',
  '#',
  '%s%n',
  'é 漢字 😀 🐁',
  '\t',
  "'; echo x; '",

  'x'.repeat(100_000),
];

describe.concurrent('a template', () => {
  it.each<[string, string[], string]>([
    ['one source', ['--', 'echo', '{}', '{#}', ':::', 'a', 'b'], 'a 1\nb 2\n'],
    ['arguments at the end', ['--', 'echo', 'x', ':::', 'a', 'b'], 'x a\nx b\n'],
    ['two sources, the last fastest', ['--', 'echo', ':::', 'a', 'b', ':::', '1', '2'], 'a 1\na 2\nb 1\nb 2\n'],
    ['linked sources, as long as the shorter', ['--', 'echo', ':::', 'a', 'b', 'c', ':::+', '1', '2'], 'a 1\nb 2\n'],
    [
      'a link beside a product',
      ['--', 'echo', ':::', 'a', 'b', ':::', 'X', 'Y', ':::+', '1', '2'],
      'a X 1\na Y 2\nb X 1\nb Y 2\n',
    ],
    ['numbers', ['--', 'echo', '{2.}-{1/}-{-1//}', ':::', 'a/b.c', ':::', 'd/e.f'], 'd/e-b.c-d\n'],
    ['parts of paths', ['--', 'echo', '{.} {/} {//} {/.}', ':::', 'a/b.c'], 'a/b b.c a b\n'],
    ['the slot', ['-j', '1', '--', 'echo', '{%}', ':::', 'a', 'b'], '1\n1\n'],
    ['several values in a word', ['--', 'echo', 'x{}y', ':::', 'a', ':::', '1'], 'xa 1y\n'],
    ['two in a command', ['-n', '2', '--', 'echo', '[{}]', '{2}', ':::', 'a', 'b', 'c'], '[a] [b] b\n[c]\n'],
    ['as many as fit, shared out', ['-X', '-j', '2', '--', 'echo', 'p{}', ':::', 'a', 'b', 'c'], 'pa pb\npc\n'],
    ['another replacement string', ['-I', ',,', '--', 'echo', ',,{}', ':::', 'a'], 'a{}\n'],
    ['a brace', ['--', 'echo', '{{}}{foo}', '{}', ':::', 'a'], '{}{foo} a\n'],
    ['a program', ['--', '{}', 'x', ':::', 'echo', 'printf'], 'x\nx'],
    ['nothing', ['--', 'echo', ':::'], ''],
    ['a product with nothing', ['--', 'echo', ':::', 'a', ':::'], ''],
    ['a template with -- in it', ['--', 'echo', '--', '{}', ':::', '-n', '--'], '-- -n\n-- --\n'],
    ['options that are words of it', ['-j2', '--', 'echo', '--json', '-n', ':::', 'a'], '--json -n a\n'],
  ])('has %s', async (_title, args, printed) => {
    expect(await run(args)).toBe(printed);
  });

  it('passes every value as it is, by a template, a variable and a directory', async () => {
    const show = 'printf "%s\\0" "$@" "$V"';
    const expected = HOSTILE.map((value) => `${value}\0x${value}y\0${value}\0`).join('');
    const args = ['-e', 'V={}', '--', 'sh', '-c', show, 'sh', '{}', 'x{}y', ':::', ...HOSTILE];
    expect(await run(args)).toBe(expected);
    const input = HOSTILE.map((value) => `${value}\0`).join('');
    expect(await run(['-0', ...args.slice(0, args.indexOf(':::'))], { input })).toBe(expected);
    for (const name of ['a b', "it's", '-x', '$HOME']) mkdirSync(join(directory, 'in', name), { recursive: true });
    expect(
      await run([
        '--cwd',
        `${directory}/in/{}`,
        '--',
        'sh',
        '-c',
        'basename -- "$PWD"',
        ':::',
        'a b',
        "it's",
        '-x',
        '$HOME',
      ]),
    ).toBe("a b\nit's\n-x\n$HOME\n");
  });

  it('passes bytes that are not UTF-8, of the command line and of files, also very long ones and many at once', async () => {
    const odd = Buffer.from('f\xff\xe9 INT', 'latin1');
    const line = (...words: string[]): string => `set -- ${words.join(' ')}`;
    const { stdout, code } = await runProcctl(['pool', '-q', '--', 'printf', '%s|'], {
      before: `${line('"$@"', ':::', '"$(printf \'f\\377\\351 INT\')"')}`,
    });
    expect([code, stdout]).toEqual([0, Buffer.concat([odd, Buffer.from('|')])]);
    const long = Buffer.alloc(100_000, 0xff);
    const input = Buffer.concat([odd, Buffer.from('\n'), long]);
    const piped = await runProcctl(['pool', '-q', '-k', '--', 'printf', '%s|'], { input });
    expect(piped.stdout.equals(Buffer.concat([odd, Buffer.from('|'), long, Buffer.from('|')]))).toBe(true);
    const packed = await runProcctl(['pool', '-q', '-k', '-X', '-j1', '--', 'printf', '%s|'], { input });
    expect(packed.stdout.equals(piped.stdout)).toBe(true);
  });

  it('reads lines as they are: empty ones, carriage returns, and a last one without an end', async () => {
    expect(await run(['--', 'printf', '<%s>'], { input: 'a\n\nb\r\nc' })).toBe('<a><><b\r><c>');
    expect(await run(['--', 'printf', '<%s>'], { input: '' })).toBe('');
  });

  it('reads files behind ::::, each a source of its own', async () => {
    const [f, g] = [fileWith('f', '1\n2\n'), fileWith('g', 'a\nb')];
    expect(await run(['--', 'echo', '::::', f, g])).toBe('1 a\n1 b\n2 a\n2 b\n');
    expect(await run(['--', 'echo', '::::', f, '::::+', g])).toBe('1 a\n2 b\n');
    expect(await run(['--', 'echo', ':::', 'x', '::::', '-'], { input: '1\n2\n' })).toBe('x 1\nx 2\n');
  });

  it('starts its first task before its input has ended, and reads no further than it must', async () => {
    const ran = join(directory, 'ran');
    const procctl = startProcctl(['pool', '-q', '--', 'touch', '{}'], { isInputOpen: true });
    try {
      procctl.stdin.write(`${ran}\n`);
      await waitFor(() => spawnSync('test', ['-e', ran]).status === 0, 'the first task');
      procctl.stdin.end();
      expect((await procctl.ended).code).toBe(0);
    } finally {
      await procctl.discard();
    }
  });

  it('takes up no more memory for an input that never ends', async () => {
    const procctl = startProcctl(['pool', '-q', '-j1', '--halt', 'soon,success=1', '--', 'sleep', '1'], {
      isInputOpen: true,
    });
    const chunk = '0.001\n'.repeat(20_000);
    let isOpen = true;
    procctl.stdin.on('close', () => {
      isOpen = false;
    });
    let written = 0;
    const more = (): void => {
      while (isOpen && procctl.stdin.writable && procctl.stdin.write(chunk)) written += 1;
    };
    procctl.stdin.on('drain', more);
    try {
      more();
      expect((await procctl.ended).code).toBe(0);
      expect(written).toBeLessThan(100);
    } finally {
      await procctl.discard();
    }
  });

  it('names its tasks by their arguments, or as it is told', async () => {
    expect(await run(['--tag', '--', 'echo', ':::', 'a b', 'c\nd', ':::', '1'])).toBe(
      'a b 1\ta b 1\nc\\nd 1\tc\nc\\nd 1\td 1\n',
    );
    expect(await run(['--tag', '--task-name', '{#}:{/}', '--', 'echo', ':::', 'x/y'])).toBe('1:y\tx/y\n');
  });

  it('gives its arguments to a directory or a variable alone, if that is where they are wanted', async () => {
    expect(await run(['--cwd', '{}', '--', 'pwd', ':::', '/', '/usr'])).toBe('/\n/usr\n');
    expect(await run(['-e', 'A={}', '-e', 'B=2', '--', 'sh', '-c', 'echo $A$B', ':::', 'x'])).toBe('x2\n');
  });

  it.each([
    ['a line for the shell', ['--shell', '--', 'printf "%s\\n" {}']],
    ['a variable', ['--env', 'V={}', '--', 'sh', '-c', 'printf "%s\\n" $V']],
  ])('fits also where all of them go into %s', async (_, words) => {
    const input = Array.from({ length: 60_000 }, (__, index) => `${index % 10}\n`).join('');
    const { stdout, stderr, code } = await runProcctl(['pool', '-k', '-j2', '-X', ...words], { input });
    expect({ stderr, code }).toEqual({ stderr: expect.stringMatching(/^procctl: \d+ tasks: \d+ succeeded/), code: 0 });
    expect(stdout.toString()).toBe(input);
  });

  it('packs thousands of arguments into as few commands as the system takes, and none is lost', async () => {
    const input = Array.from({ length: 60_000 }, (_, index) => `${index} ${'x'.repeat(40)}\n`).join('');
    const { stdout, stderr, code } = await runProcctl(['pool', '-k', '-j1', '-X', '--', 'printf', '%s\\n'], { input });
    expect(code).toBe(0);
    expect(createHash('md5').update(stdout).digest('hex')).toBe(createHash('md5').update(input).digest('hex'));
    expect(Number(/(\d+) tasks?:/.exec(stderr)?.[1])).toBeLessThan(6);
    const limited = await runProcctl(['pool', '-k', '-j1', '-X', '--max-chars', '100', '--', 'echo'], {
      input: 'abcd\n'.repeat(60),
    });
    expect(
      limited.stdout
        .toString()
        .split('\n')
        .every((line) => line.length < 100),
    ).toBe(true);
    expect(limited.stdout.toString().split('\n')).toHaveLength(Math.ceil(60 / 19) + 1);
  });

  it('starts in any order with --shuffle, and keeps the order of the output if it is told to', async () => {
    const input = Array.from({ length: 200 }, (_, index) => `${index}\n`).join('');
    expect(await run(['--shuffle', '--', 'echo'], { input })).toBe(input);
    const { stdout } = await runProcctl(['pool', '-q', '-j1', '--shuffle', '--', 'echo', '{#}', '{}'], { input });
    const lines = stdout.toString().trimEnd().split('\n');
    expect(lines).not.toEqual([...lines].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)));
    expect(
      lines.every(
        (line) => /^(\d+) (\d+)$/.test(line) && Number(line.split(' ')[0]) === Number(line.split(' ')[1]) + 1,
      ),
    ).toBe(true);
    expect(new Set(lines).size).toBe(200);
  });
});

describe.concurrent('tables and JSON', () => {
  it('give their columns by name and by number', async () => {
    const input = 'name,first name,n\r\n"x, ""y""",é,1\r\n"two\nlines",b.c,2\r\n';
    expect(await run(['--csv', '--', 'printf', '%s|', '{name}', '{first name.}', '{3}', '{-1}'], { input })).toBe(
      'x, "y"|é|1|1|two\nlines|b|2|2|',
    );
    expect(await run(['--tsv', '--', 'printf', '%s|'], { input: 'a\tb\n1 2\t3,4\n' })).toBe('1 2|3,4|');
    expect(
      await run(['--csv', '-n', '2', '--', 'echo', '{a}={b}', '-', '{b}'], { input: 'a,b\n1,2\n3,4\n5,6\n' }),
    ).toBe('1=2 3=4 - 2 4\n5=6 - 6\n');
    expect(await run(['--csv', '--', 'echo', '{a}'], { input: '' })).toBe('');
  });

  it('give what is found in a value', async () => {
    const input = '{"a":{"b":"x y"},"n":[1,2]}\n\n{"a":{"b":"$HOME"},"n":null}\n';
    expect(await run(['--json-lines', '--', 'printf', '%s|', '{a.b}', '{n}'], { input })).toBe('x y|[1,2]|$HOME|null|');
    expect(await run(['--json-lines', '--', 'printf', '%s|'], { input: '{"a": 1}\n' })).toBe('{"a": 1}|');
  });

  it.each([
    [['--csv', '--', 'echo', '{nmae}'], 'name,size\na,1\n', /no column for "\{nmae\}"; the columns are name, size/],
    [['--csv', '--', 'echo', '{3}'], 'name,size\na,1\n', /\{3\}: an input has 2 values/],
    [['--csv', '--', 'echo', '{name}'], 'name,name\na,1\n', /\(standard input\):1: two columns/],
    [['--json-lines', '--', 'echo', '{b}'], '{"a":1}\n', /\(standard input\):1: there is no "b".*has a/],
    [['--json-lines', '--', 'echo', '{b}'], 'nonsense\n', /\(standard input\):1: not JSON/],
  ])('that do not fit %j are told in one line, and nothing is run', async (args, input, message) => {
    expect(await complaint(args, { input })).toMatch(message);
  });

  it('run what comes before a mistake, as NDJSON of tasks does', async () => {
    const { code, stdout, stderr } = await runProcctl(['pool', '--csv', '--', 'echo', '{a}'], {
      input: 'a,b\n1,2\n3\n',
    });
    expect([code, stdout.toString()]).toEqual([2, '1\n']);
    expect(stderr).toMatch(/\(standard input\):3: 1 field, and the first line has 2/);
  });
});

describe.concurrent('--shell', () => {
  it('quotes values by where they stand', async () => {
    const expected = HOSTILE.filter((value) => value.length < 30_000).map(
      (value) => `${value}\0<${value}>\0a${value}b\0`,
    );
    const line = `printf '%s\\0' {} "<{}>" 'a{}b' | cat`;
    const values = HOSTILE.filter((value) => value.length < 30_000);
    expect(await run(['--shell', '--', line, ':::', ...values])).toBe(expected.join(''));
  });

  it('takes each input for a line where there is no template', async () => {
    expect(await run(['--shell'], { input: 'echo a; echo b\necho "$((1 + 1))"\n' })).toBe('a\nb\n2\n');
    expect(await run(['--shell', '--', ':::', 'echo x | tr x y'])).toBe('y\n');
  });

  it('puts several words where several inputs go', async () => {
    expect(await run(['--shell', '-n2', '--', 'printf "%s|" {} | tr a b', ':::', 'a a', '"', 'c'])).toBe('b b|"|c|');
  });

  it.each([
    ['echo `cat {}`', /inside backquotes.*--env V=\{\}/],
    ['cat <<END\n{}\nEND', /here-document/],
    ['echo "$(cat {})"', /inside a \$\(…\) within double quotes/],
  ])('refuses %j', async (line, message) => {
    expect(await complaint(['--shell', '--', line, ':::', 'a'])).toMatch(message);
  });
});

describe.concurrent('--pipe', () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, index) => `${index} ${'y'.repeat(60)}\n`).join('');

  it('gives each task a block of whole lines, and all of them are the input', async () => {
    const input = lines(60_000);
    expect(await run(['--pipe', '--block', '100k', '--', 'cat'], { input })).toBe(input);
    const sizes = await run(['--pipe', '--block', '100k', '--', 'wc', '-c'], { input });
    expect(
      sizes
        .trim()
        .split('\n')
        .every((size) => Number(size) <= 102_400),
    ).toBe(true);
    expect(sizes.trim().split('\n')).toHaveLength(Math.ceil(input.length / 102_350));
  });

  it('cuts by records, and by their number', async () => {
    expect(await run(['--pipe', '-n', '2', '--', 'tr', '\\n', '.'], { input: 'a\nb\nc' })).toBe('a.b.c');
    expect(await run(['--pipe', '-n1', '--record-sep', ';', '--', 'sed', 's/$/|/'], { input: 'a;b\nb;c' })).toBe(
      'a;|b|\nb;|c|',
    );
    expect(
      await run(['--pipe', '--block', '3', '--shell', '--', 'echo {#}; cat'], { input: 'aaaaaa\nb\nc\nd\n' }),
    ).toBe('1\naaaaaa\n2\nb\n3\nc\n4\nd\n');
  });

  it('passes any bytes, again on a retry, and runs nothing for an empty input', async () => {
    const input = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 256));
    const script = 'cat; exit $((2 - PROCCTL_ATTEMPT))';
    const { stdout, code } = await runProcctl(
      ['pool', '-q', '-k', '--retries', '1', '--pipe', '--', 'sh', '-c', script],
      { input },
    );
    expect([code, stdout.equals(input)]).toEqual([0, true]);
    expect(await run(['--pipe', '--', 'echo', 'ran'], { input: '' })).toBe('');
  });

  it('holds no more blocks than are at work, and a few', async () => {
    const procctl = startProcctl(
      ['pool', '-q', '-j2', '--pipe', '--block', '8M', '-o', 'none', '--', 'sh', '-c', 'sleep 0.05; cat >/dev/null'],
      {
        isInputOpen: true,
      },
    );
    const peak = (): number =>
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${procctl.pid}/status`, 'utf8'))?.[1] ?? 0);
    const chunk = Buffer.from(lines(16_000));
    try {
      let most = 0;
      for (let sent = 0; sent < 300; sent += 1) {
        if (!procctl.stdin.write(chunk)) await new Promise((resolve) => procctl.stdin.once('drain', resolve));
        if (procctl.isRunning) most = Math.max(most, peak());
      }
      procctl.stdin.end();
      expect((await procctl.ended).code).toBe(0);
      // 320 MB went through.
      expect(most).toBeLessThan(230_000);
    } finally {
      await procctl.discard();
    }
  });
});

describe.concurrent('wrong use of templates', () => {
  it.each<[string[], RegExp]>([
    [['tasks.json', '--', 'echo', ':::', 'a'], /either a tasks file or a template behind --, not both/],
    [['echo', '{}', ':::', 'a'], /::: stands behind a template, and that behind -- \(write procctl pool/],
    [['gzip', '{}'], /too many arguments.*a command stands behind --/],
    [['gzip', '-9', '{}'], /unknown option '-9' \(a command stands behind --: write procctl pool/],
    [['--zzzzzz', '--', 'echo', ':::', 'a'], /unknown option '--zzzzzz'$/],
    [['--', ':::', 'a'], /no command behind --.*with --shell/],
    [['--shell', '--', 'echo', '{}', ':::', 'a'], /--shell takes one word.*quotes/],
    [['--shell', 'tasks.json'], /--shell is for templates/],
    [['-n2', 'tasks.json'], /-n is for templates/],
    [['--csv', '--tsv', '--', 'echo'], /--csv and --tsv do not go together/],
    [['-n2', '-X', '--', 'echo'], /-n and -X do not go together/],
    [['--block', '1M', '--', 'echo'], /--block is for --pipe/],
    [['--max-chars', '9', '--', 'echo'], /--max-chars is for -X/],
    [['--pipe', '--', 'cat', ':::', 'a'], /--pipe reads standard input, and takes no :::/],
    [['--pipe', '--', 'cat', '{}'], /\{\}: with --pipe a task has input and no arguments/],
    [['--csv', '--', 'echo', ':::', 'a'], /--csv reads standard input, or a file behind ::::/],
    [['--', 'echo', '{2}', ':::', 'a'], /\{2\}: an input has one value.*write \{\{\}2\}/],
    [['-n2', '--', 'echo', '{3}', ':::', 'a'], /\{3\}: a command has at most 2 inputs/],
    [['--', 'echo', '::::', 'nosuch'], /nosuch: no such file/],
    [['--', 'echo', '::::', '/tmp'], /\/tmp: is a directory, not a file of arguments/],
    [['--', 'echo', ':::+', 'a'], /links to the source before it/],
    [['--format', 'json', '--', 'echo', ':::', 'a'], /--format is for a tasks file/],
    [['-n0', '--', 'echo'], /--max-args.*from 1 to 1000000/],
    [['-I', '', '--', 'echo'], /--replace/],
    [['-I', ':::', '--', 'echo', ':::', ':::', 'a'], /--replace.*such as -I FILE/],
    [['-e', 'A', '--', 'echo', ':::', 'a'], /--env.*has no value/],
    [['-e', '=x', '--', 'echo', ':::', 'a'], /--env.*name is empty.*\(write NAME=value\)/],
    [['--retry-delay', '1s', '--', 'echo', ':::', 'a'], /--retry-delay without --retries.*add --retries/],
    [['--cwd', '', '--', 'echo', ':::', 'a'], /--cwd.*cannot be empty/],
    [['--cwd', '{}', '--', 'true', ':::', ''], /its directory \(--cwd\) is empty/],
    [['--', '{}', ':::', ''], /the name of its program is empty/],
    [['--task-name', '{%}', '--', 'echo', ':::', 'a'], /\{%\} cannot stand in the name/],
    [['--record-sep', '', '--pipe', '--', 'cat'], /--record-sep.*end with nothing/],
    [['-X', '--max-chars', '8', '--', 'echo', ':::', 'abcdefgh'], /more than --max-chars/],
  ])('%j is one line: exit 2', async (args, message) => {
    expect(await complaint(args)).toMatch(message);
  });
});

describe.concurrent('--env and --cwd', () => {
  it('hold for tasks of a file that do not say otherwise', async () => {
    const tasks = ['echo $A$B; pwd', { command: 'echo $A$B; pwd', env: { A: 'own', B: null }, cwd: '/usr' }];
    const args = ['-e', 'A={}', '-e', 'B=b', '--cwd', '/', '-'];
    expect(await run(args, { input: JSON.stringify(tasks) })).toBe('{}b\n/\nown\n/usr\n');
  });
  it('cannot be kept for functions', async () => {
    const input = JSON.stringify(['touch ran', { module: 'node:path', export: 'join' }]);
    expect(await complaint(['-e', 'A=1', '-'], { input })).toMatch(/task 2: --env cannot be kept for a function/);
    expect(await complaint(['--cwd', '/', '-'], { input })).toMatch(/task 2: --cwd cannot be kept for a function/);
  });
});

describe.concurrent('a template in a run with other options', () => {
  it('has records in JSON, retries, and limits like any task', async () => {
    const args = [
      'pool',
      '--json',
      '-k',
      '--retries',
      '1',
      '--',
      'sh',
      '-c',
      'echo "$1"; [ "$1" = b ]',
      'sh',
      ':::',
      'a',
      'b',
    ];
    const { stdout, code } = await runProcctl(args);
    expect(code).toBe(1);
    expect(recordsOf(stdout)).toMatchObject([
      { seq: 1, name: 'a', state: 'failed', attempts: 2, stdout: 'a\n' },
      { seq: 2, name: 'b', state: 'succeeded', attempts: 1 },
    ]);
  });
});
