// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesOf, type JsonRecord, RUNNERS, runTasks, scratch } from '../helpers/procctl.ts';

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** Prints its own argv as the kernel has it, a NUL after each, the first three being `sh`, `-c` and this line. */
const SHOW_ARGV = 'cat /proc/$$/cmdline; :';

describe.each(RUNNERS)('a program run by --runner %s', (runner) => {
  const directory = scratch();
  const argvOf = async (args: readonly string[]): Promise<string[]> => {
    const tasks = [['/bin/sh', '-c', SHOW_ARGV, ...args]];
    const { records } = await runTasks(tasks, { args: ['--runner', runner] });
    expect(records[0]).toMatchObject({ state: 'succeeded', exitCode: 0, stderr: '' });
    return bytesOf(records[0] as JsonRecord)
      .toString('utf8')
      .split('\0')
      .slice(3, -1);
  };

  it('gets every argument as it is', async () => {
    const args = [
      'first',
      '',
      ' ',
      '\n',
      '\n\n ',
      '\t\r\v\f\x07\x1b[31m\x7f',
      `it's`,
      `'`,
      `''"'"''`,
      '"$HOME" `id` $(id) ${x} \\ \\\\ \\n',
      '*',
      '?[a-z]{a,b}~',
      '-',
      '--',
      '-n',
      '-rf',
      '--help',
      '=',
      'a=b',
      '#',
      '!',
      ';',
      '&',
      '&&',
      '|',
      '(',
      ')',
      '{',
      '}',
      'fi',
      'done',
      '<<EOF',
      '>/dev/null',
      '~',
      '%s%n',
      '\u0001',
      '\u0001ready',
      'é ü 漢字 😀 \u2028 \ufeff',
      'last',
      '',
    ];
    expect(await argvOf(args)).toEqual(args);
  });

  it('gets each of the characters 1 to 127 as an argument, and all in one', async () => {
    const characters = Array.from({ length: 127 }, (_, index) => String.fromCharCode(index + 1));
    expect(await argvOf([...characters, characters.join('')])).toEqual([...characters, characters.join('')]);
  });

  it('gets arguments of 100 kB, and thousands of them', async () => {
    const huge = `'${'x$ "\n'.repeat(20_000)}`;
    expect(sha256((await argvOf(['a', huge]))[1] ?? '')).toBe(sha256(huge));
    const many = Array.from({ length: 5_000 }, (_, index) => `${index}'`);
    expect(await argvOf(many)).toEqual(many);
  });

  it('gets its name in argv[0] as it was given, and is looked up in PATH', async () => {
    const bin = join(directory, `bin-${runner}`);
    mkdirSync(bin);
    symlinkSync('/bin/sh', join(bin, 'my shell'));
    const tasks = ['my shell', './my shell', `${bin}/../bin-${runner}/my shell`].map((name) => [name, '-c', SHOW_ARGV]);
    const env = { PATH: `${bin}:${process.env.PATH}` };
    const { records } = await runTasks(tasks, { args: ['--runner', runner], cwd: bin, env });
    expect(records.map((record) => record.stdout?.split('\0')[0])).toEqual(tasks.map(([name]) => name));
  });

  it('has nothing open that it would not have without procctl', async () => {
    const look = 'ls /proc/$$/fd; :';
    const plain = spawnSync('/bin/sh', ['-c', look], { encoding: 'utf8' });
    const { records } = await runTasks([['/bin/sh', '-c', look], look], { args: ['--runner', runner] });
    expect(plain.stdout).toMatch(/^0\n1\n2\n/);
    expect(records.map(({ stdout }) => stdout)).toEqual([plain.stdout, plain.stdout]);
  });

  it('finds its standard input empty', async () => {
    const look = 'readlink /proc/self/fd/0; wc -c; cat; read -r line || echo "got [$line]"';
    const { records } = await runTasks([look, ['sh', '-c', look], ['cat'], 'cat'], { args: ['--runner', runner] });
    const nothing = '/dev/null\n0\ngot []\n';
    expect(records.map(({ stdout }) => stdout)).toEqual([nothing, nothing, '', '']);
  });

  it('reads on standard input what it was given, byte by byte, on every try', async () => {
    const large = randomBytes(3_750_000).toString('base64');
    const odd = `no newline at the end, 'quotes', \u0001, \x00, é`;
    const tasks = [
      { command: ['sha256sum'], stdin: large },
      { command: 'sha256sum; exit $((3 - PROCCTL_ATTEMPT))', stdin: large, retries: 2 },
      { command: ['cat'], stdin: odd },
      { command: 'head -n 1; cat', stdin: 'one\ntwo\n' },
      { command: ['true'], stdin: large },
      { command: ['cat'], stdin: '' },
    ];
    const { records, code } = await runTasks(tasks, { args: ['--runner', runner] });
    const sum = `${sha256(large)}  -\n`;
    expect(records.map(({ stdout }) => stdout)).toEqual([sum, sum, odd, 'one\ntwo\n', '', '']);
    expect(code).toBe(0);
  });

  it('can open its output by name, as often as it wants', async () => {
    const line = 'echo a >/dev/stdout; echo b >>/dev/stdout; echo c >/dev/stderr; echo d | tee /dev/stderr; echo e >&2';
    const { records } = await runTasks([line, ['sh', '-c', line]], { args: ['--runner', runner] });
    for (const { stdout, stderr } of records) expect([stdout, stderr]).toEqual(['a\nb\nd\n', 'c\nd\ne\n']);
  });

  it('sees the signals, limits and umask of a plain spawn', async () => {
    const look = `grep -E '^(Sig(Blk|Ign|Cgt)|NoNewPrivs|CapEff)' /proc/self/status; ulimit -a; umask; pwd -P`;
    const before = 'umask 027; ulimit -c 0; ulimit -t 5000; ulimit -n 500';
    const plain = spawnSync(
      '/bin/sh',
      [
        '-c',
        `${before}; exec "$@"`,
        'sh',
        process.execPath,
        '-e',
        `
      require('child_process').spawn('/bin/sh', ['-c', process.argv[1]], { stdio: 'inherit' })`,
        look,
      ],
      {
        cwd: directory,
        encoding: 'utf8',
      },
    );
    const { records } = await runTasks([look, ['sh', '-c', look]], {
      args: ['--runner', runner],
      before,
      cwd: directory,
    });
    expect(plain.stdout).toContain('SigIgn');
    expect(records.map(({ stdout }) => stdout)).toEqual([plain.stdout, plain.stdout]);
  });

  it.each([
    ['plain names', {}],
    ['names and values of all kinds', { 'a-b': '1', 'x.y': '2', '1st': 'no', 'sp ace': ' ', EMPTY: '', é: 'ü' }],
    [
      'IFS and other variables that shells keep for themselves',
      { IFS: 'x:', PS4: '%', OPTIND: '7', LINENO: '3', PPID: '1', ENV: '/dev/null', CDPATH: '/', MAIL: 'm' },
    ],
    ['values with quotes, newlines and backslashes', { Q: `it's "so"\n\n$HOME \\ `, N: '\n', T: '\t\x01\x7f' }],
  ])('sees the environment of a plain spawn: %s', async (_, env) => {
    const variables = (text: string | null): string[] =>
      (text ?? '')
        .split('\0')
        .filter((variable) => !/^(PROCCTL_\w+|_|SHLVL|PWD|OLDPWD|PPID|TMPDIR|HOME|TEST_MARK)=/.test(variable))
        .sort();
    const plain = spawnSync('env', ['-0'], { env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env } });
    const { records } = await runTasks([['env', '-0'], ['sh', '-c', 'exec env -0'], 'env -0'], {
      args: ['--runner', runner],
      env,
    });
    const viaShell = spawnSync('/bin/sh', ['-c', 'exec env -0'], {
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env },
    });
    const [program, shell, line] = records.map(({ stdout }) => variables(stdout));
    expect(program).toEqual(variables(plain.stdout.toString()));
    expect(shell).toEqual(variables(viaShell.stdout.toString()));
    expect(line).toEqual(variables(viaShell.stdout.toString()));
  });

  it('gets the environment and directory of its task, and of no other', async () => {
    mkdirSync(join(directory, `sub ${runner}`));
    const sub = join(directory, `sub ${runner}`);
    const tasks = [
      { command: 'echo "$A|$B|${HOME-none}"; pwd', env: { A: `it's\n`, B: '', HOME: null }, cwd: sub },
      {
        command: ['sh', '-c', 'echo "$A|$B|${HOME-none}"; pwd'],
        env: { A: '*', 'B-C': '2', HOME: null },
        cwd: `sub ${runner}`,
      },
      { command: 'echo "${A-none}|${B-none}|$HOME"; pwd' },
      { command: 'PATH=; sh -c :', env: {} },
      { command: ['true'], env: { PATH: '/nowhere' } },
    ];
    const { records } = await runTasks(tasks, {
      args: ['--runner', runner, '--size', '1'],
      cwd: directory,
      env: { HOME: '/h' },
    });
    expect(records.slice(0, 3).map(({ stdout }) => stdout)).toEqual([
      `it's\n||none\n${sub}\n`,
      `*||none\n${sub}\n`,
      `none|none|/h\n${directory}\n`,
    ]);
    expect(records[3]).toMatchObject({ exitCode: 127 });
    expect(records[4]).toMatchObject({ state: 'failed', error: { code: 'ERR_NOT_FOUND' } });
  });

  it('is told its task, slot and attempt', async () => {
    const command = 'echo $PROCCTL_TASK_ID $PROCCTL_TASK_SEQ $PROCCTL_SLOT $PROCCTL_ATTEMPT';
    const tasks = [{ command, id: `it's` }, { command: ['sh', '-c', command] }];
    const { records } = await runTasks(tasks, { args: ['--runner', runner, '--size', '1'] });
    expect(records.map(({ stdout }) => stdout)).toEqual([`it's 1 1 1\n`, '2 2 1 1\n']);
  });
});

describe('arguments that are not UTF-8', () => {
  /** Runs tasks written with a character for each byte. */
  const runBytes = (json: string, options: Parameters<typeof runTasks>[1] = {}) =>
    runTasks([], { ...options, input: Buffer.from(json, 'latin1') });

  it('are passed byte by byte, every byte from 1 to 255', async () => {
    const each = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1));
    const args = [...each, each.join(''), 'caf\xe9 \xc3\xa9 \xc3', '\xff'];
    const { records } = await runBytes(JSON.stringify([['/bin/sh', '-c', SHOW_ARGV, ...args], `printf %s '\xe9\xff'`]));
    const [argv, line] = records as [JsonRecord, JsonRecord];
    expect(argv).toMatchObject({ exitCode: 0, encoding: 'base64' });
    expect(bytesOf(argv).toString('latin1').split('\0').slice(3, -1)).toEqual(args);
    expect(bytesOf(line).toString('latin1')).toBe('\xe9\xff');
  });

  it('name files and directories', async () => {
    const directory = scratch();
    const inDirectory = (name: string): Buffer =>
      Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name, 'latin1')]);
    mkdirSync(inDirectory('d\xe9'));
    writeFileSync(inDirectory('d\xe9/f\xff'), 'content');
    const json =
      '[{"command":["cat","f\xff"],"cwd":"d\xe9"},{"command":["cat","d\xe9/f\xff"]},{"command":["./none\xff"]}]';
    const { records } = await runBytes(json, { cwd: directory });
    expect(records.map(({ stdout }) => stdout)).toEqual(['content', 'content', '']);
    expect(records[2]?.error?.code).toBe('ERR_NOT_FOUND');
  });

  it('are never passed as other bytes where they cannot be passed', async () => {
    const { records } = await runBytes('[["printf","%s","caf\xe9"], ["echo","fine"]]', { args: ['--runner', 'spawn'] });
    expect(records).toMatchObject([
      { state: 'failed', exitCode: null, error: { code: 'ERR_NOT_UTF8' } },
      { state: 'succeeded', stdout: 'fine\n' },
    ]);
  });
});
