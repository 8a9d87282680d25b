// Runs the examples of the pages on queues and locks. A program is a block of JavaScript, or several that begin with the name of their
// file, main.mjs first; the next block without a language is what it prints.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { withDirectory } from './helpers/library.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Example {
  readonly title: string;
  readonly files: ReadonlyMap<string, string>;
  readonly output: string;
}

const examplesIn = (page: string): Example[] => {
  const text = readFileSync(`${root}/docs/${page}`, 'utf8');
  const examples: Example[] = [];
  let files = new Map<string, string>();
  for (const [, language, body] of text.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    if (language === 'js') files.set(/^\/\/ (\S+\.mjs)\n/.exec(body as string)?.[1] ?? 'main.mjs', body as string);
    else if (language === '' && files.size > 0) {
      examples.push({ title: `${page}, example ${examples.length + 1}`, files, output: body as string });
      files = new Map();
    }
  }
  return examples;
};

const run = (directory: string): Promise<string> =>
  new Promise((resolve) => {
    const { NODE_OPTIONS: _, ...env } = process.env;
    // One that hangs is ended before the test gives up on it.
    const end = { timeout: 50_000, killSignal: 'SIGKILL' } as const;
    const child = spawn(process.execPath, ['main.mjs'], {
      cwd: directory,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...end,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
    child.once('close', () => resolve(output));
  });

describe.concurrent('the examples of the documentation', () => {
  it.each(['queue.md', 'sync.md'].flatMap(examplesIn))('print what is said: $title', async ({ files, output }) => {
    await withDirectory(async (path) => {
      mkdirSync(path('node_modules'));
      symlinkSync(root, path('node_modules/procctl'));
      for (const [name, text] of files) writeFileSync(path(name), text);
      expect(await run(path('.'))).toBe(output);
    });
  });
});
