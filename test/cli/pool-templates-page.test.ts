// Runs the examples of docs/pool-templates.md: what stands behind `$ ` is a line for the shell, what follows is all it prints.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scratch, writeScript } from '../helpers/procctl.ts';

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

interface Example {
  readonly command: string;
  readonly output: string;
}

const examples = (page: string): Example[] => {
  const found: Example[] = [];
  for (const [, block] of readFileSync(file(page), 'utf8').matchAll(/^```console\n(.*?)^```$/gms)) {
    for (const [, command, output] of (block as string).matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      found.push({ command: command as string, output: output as string });
    }
  }
  return found;
};

const directory = scratch();
for (const name of ['bin', 'home', 'tmp', 'work']) mkdirSync(join(directory, name));
writeScript(
  join(directory, 'bin', 'procctl'),
  `#!/bin/sh\nexec '${process.execPath}' '${file('bin/procctl.cjs')}' "$@"\n`,
);

const printed = (command: string): Promise<string> =>
  new Promise((resolve) => {
    const env = {
      PATH: `${join(directory, 'bin')}${delimiter}${process.env.PATH}`,
      HOME: join(directory, 'home'),
      PROCCTL_HOME: join(directory, 'home'),
      TMPDIR: join(directory, 'tmp'),
      LANG: 'C.UTF-8',
    };
    const child = spawn('/bin/sh', ['-c', `exec 2>&1\n${command}`], {
      cwd: join(directory, 'work'),
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('close', () => resolve(output));
  });

describe.concurrent('the page on templates', () => {
  it.each(examples('docs/pool-templates.md'))('is right about $command', async ({ command, output }) => {
    expect(await printed(command)).toBe(output);
  });
  it('has examples', () => {
    expect(examples('docs/pool-templates.md').length).toBeGreaterThan(15);
  });
});
