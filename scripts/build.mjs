// Builds dist/: the library (ESM by esbuild, types by tsc) and the command line (minified CommonJS bundles, by esbuild).
// A file named `*.lazy.ts` becomes a bundle of its own beside the main one, loaded by `import()` when it is needed.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

const lazyEntries = Object.fromEntries(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.lazy.ts'))
    .map((file) => [basename(file, '.ts'), join('src', file)]),
);

/** Turns `import('../x/y.lazy.ts')` into a run-time require of `./y.lazy.cjs`. */
const lazyBundles = {
  name: 'lazy-bundles',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\.lazy\.ts$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path, '.ts')}.cjs`, external: true } : undefined,
    );
  },
};

/** The bundles that read the definitions of commands without commander. */
const QUICK = ['quick-pool.lazy', 'quick-program.lazy'];

/** Puts what reads plainly right words in the place of commander. */
const quickWords = {
  name: 'quick-words',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^commander$/ }, () => ({ path: join(root, 'src/cli/quick/commander.ts') }));
  },
};

rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.lib.json'], {
  stdio: 'inherit',
});
const common = { bundle: true, platform: 'node', target: 'node20.12', legalComments: 'none' };
// What a worker loads and what a program imports share their modules, so a class or a counter is there once.
await build({
  ...common,
  entryPoints: { index: 'src/index.ts', ...(existsSync('src/worker/main.ts') && { worker: 'src/worker/main.ts' }) },
  outdir: 'dist/lib',
  format: 'esm',
  splitting: true,
  packages: 'external',
  define: { PROCCTL_WORKER: '"./worker.js"' },
});
const URL_OF_BUNDLE = "const PROCCTL_URL=require('node:url').pathToFileURL(__filename).href;";
const commandLine = {
  ...common,
  entryNames: '[name]',
  outdir: 'dist/cli',
  outExtension: { '.js': '.cjs' },
  minify: true,
  // A lazy bundle is loaded by require, which takes a third of the time of Node's loader for modules.
  supported: { 'dynamic-import': false },
  format: 'cjs',
  // CommonJS has no import.meta.
  banner: { js: URL_OF_BUNDLE },
  define: {
    PROCCTL_VERSION: JSON.stringify(version),
    PROCCTL_WORKER: '"../lib/worker.js"',
    'import.meta.url': 'PROCCTL_URL',
  },
  loader: { '.sh': 'text' },
};
const isQuick = ([name]) => QUICK.includes(name);
const quick = Object.fromEntries(Object.entries(lazyEntries).filter(isQuick));
const others = Object.fromEntries(Object.entries(lazyEntries).filter((entry) => !isQuick(entry)));
await build({
  ...commandLine,
  entryPoints: { main: 'src/cli/main.ts', daemon: 'src/daemon/main.ts', ...others },
  plugins: [lazyBundles],
});
await build({ ...commandLine, entryPoints: quick, plugins: [lazyBundles, quickWords] });

/** Gives each bundle a name at its end, by which bin/procctl.cjs knows what belongs to it. */
const nameBundles = () => {
  for (const name of readdirSync('dist/cli')) {
    const built = readFileSync(join('dist/cli', name), 'utf8');
    // Few ask where they are.
    const text = built.lastIndexOf('PROCCTL_URL') > URL_OF_BUNDLE.length ? built : built.replace(URL_OF_BUNDLE, '');
    const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
    writeFileSync(join('dist/cli', name), `${text}//${id}`);
  }
};
nameBundles();

/** Runs procctl once in each way that has to start quickly; what V8 makes of the bundles then, later runs need not make again. */
const keepParsed = () => {
  const scratch = mkdtempSync(join(tmpdir(), 'procctl-build-'));
  try {
    const tasks = join(scratch, 'tasks.json');
    writeFileSync(tasks, '[["true"], ":"]');
    const { NODE_OPTIONS: _, ...env } = process.env;
    const words = [
      ['pool', '--json', '--journal', join(scratch, 'journal'), tasks],
      ['pool', tasks],
      ['pool', '--', 'true', ':::', 'a'],
      ['pool', '--runner', 'spawn', tasks],
      ['ps'],
      // There is no daemon: that is its answer, and an exit status.
      ['daemon', 'status'],
      ['--help'],
    ];
    for (const each of words) {
      const { error } = spawnSync(
        process.execPath,
        ['--require', './scripts/keep-parsed.cjs', 'bin/procctl.cjs', ...each],
        {
          env: { ...env, PROCCTL_HOME: scratch, TMPDIR: scratch },
          stdio: 'ignore',
        },
      );
      if (error !== undefined) throw error;
    }
  } catch (error) {
    console.warn(`procctl starts more slowly than it could: ${error.message}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};
keepParsed();
