// Whether programs that use the library find it, and its types, in the package as it is packed.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { withDirectory } from './helpers/library.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A program of ours that looks at packages: how it ended, and what it said. */
const look = (program: string, args: readonly string[]): { readonly status: number | null; readonly said: string } => {
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', program), args, {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, said: `${stdout}${stderr}` };
};

it('offers its entry points and types in a way that publint and attw find nothing wrong with', async () => {
  await withDirectory(async (path) => {
    const directory = path('.');
    // Without scripts: `prepare` would build anew, under the feet of the other tests.
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: root, stdio: 'ignore' });
    const [tarball = ''] = readdirSync(directory);
    expect(look('publint', ['run', path(tarball), '--strict'])).toEqual({
      status: 0,
      said: expect.stringContaining('All good!'),
    });
    // The library is ESM only. Nothing is asked of a registry.
    const args = [path(tarball), '--profile', 'esm-only', '--no-definitely-typed', '--format', 'json'];
    const { status, said } = look('attw', args);
    expect(JSON.parse(said)).toMatchObject({ analysis: { packageName: 'procctl', types: { kind: 'included' } } });
    expect(status).toBe(0);
  });
});
