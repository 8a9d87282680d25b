// The pages about the library: every example is run, and says what the page says.
//
// In these pages a block of ```js or ```ts is a program, and the ```text after it is what it writes to standard output. One
// with a name (```js squares.js) is a module that the programs of the page import, and a block of ```typescript or
// ```javascript is a fragment that nobody runs.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, TestRedis } from './helpers/redis.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const PAGES = ['README.md', 'docs/process.md', 'docs/library-pool.md', 'docs/from-python.md', 'docs/from-piscina.md'];

interface Block {
  readonly line: number;
  readonly language: string;
  /** Of the file, where it has one. */
  readonly name: string;
  readonly text: string;
}

const blocksOf = (page: string): Block[] => {
  const blocks: Block[] = [];
  let open: (Omit<Block, 'text'> & { lines: string[] }) | undefined;
  for (const [index, text] of page.split('\n').entries()) {
    const fence = /^```(\S*) ?(.*)$/.exec(text);
    if (fence === null) open?.lines.push(text);
    else if (open === undefined) open = { line: index + 1, language: fence[1] ?? '', name: fence[2] ?? '', lines: [] };
    else {
      blocks.push({ ...open, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    }
  }
  return blocks;
};

/** Where examples have their Redis; the tests put one of their own there. */
const ADDRESS = 'redis://10.0.0.1';
const needsRedis = ({ text }: Block): boolean => text.includes(ADDRESS);

const isCode = ({ language }: Block): boolean => language === 'js' || language === 'ts';

/** A file of JavaScript, with a name that ends in `.js`. */
const asJavaScript = ({ language, text }: Block): string =>
  language === 'js'
    ? text
    : ts.transpileModule(text, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } })
        .outputText;

const run = (directory: string, file: string): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    // One that hangs is ended before the test gives up on it.
    const end = { timeout: 50_000, killSignal: 'SIGKILL' } as const;
    const child = spawn(process.execPath, [file], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], ...end });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });

describe.each(PAGES)('the examples of %s', (page) => {
  const blocks = blocksOf(readFileSync(join(root, page), 'utf8'));
  const programs = blocks.flatMap((block, index) =>
    isCode(block) && block.name === '' ? [{ ...block, output: blocks[index + 1] }] : [],
  );
  let directory: string;
  let redis: TestRedis | undefined;
  beforeAll(async () => {
    if (hasRedis && programs.some(needsRedis)) {
      redis = await TestRedis.start();
      await redis.worker(['--size', '1']);
    }
    // Inside of the package, so that `import 'procctl'` means it.
    directory = mkdtempSync(join(root, 'test', '.docs-'));
    for (const block of blocks.filter((each) => isCode(each) && each.name !== '')) {
      writeFileSync(join(directory, block.name.replace(/\.ts$/, '.js')), asJavaScript(block));
    }
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    await redis?.end('SIGKILL');
  });

  it('are there, each with what it writes', () => {
    expect(programs).not.toEqual([]);
    expect(programs.filter(({ output }) => output?.language !== 'text').map(({ line }) => line)).toEqual([]);
  });
  it.concurrent.each(programs.filter((program) => hasRedis || !needsRedis(program)))(
    'line $line writes what the page says',
    async (program) => {
      const file = join(directory, `line-${program.line}.js`);
      writeFileSync(file, asJavaScript(program).replaceAll(ADDRESS, redis?.url ?? ADDRESS));
      const { code, stdout, stderr } = await run(directory, file);
      expect({ code, stdout, stderr: stdout === program.output?.text ? '' : stderr }).toEqual({
        code: 0,
        stdout: program.output?.text,
        stderr: '',
      });
    },
  );
});
