// What a stranger gets: the package, its files, and pages whose links lead somewhere.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

type Targets = string | { readonly [condition: string]: Targets };

const packageJson = JSON.parse(read('package.json')) as {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly types: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Targets>>;
  readonly scripts: Readonly<Record<string, string>>;
};

const filesOf = (targets: Targets): string[] =>
  typeof targets === 'string' ? [targets] : Object.values(targets).flatMap(filesOf);

const isExecutable = (file: string): boolean => {
  try {
    accessSync(join(root, file), constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

describe('package.json', () => {
  it('names the package, its licence and the Node it needs', () => {
    expect(packageJson).toMatchObject({
      name: 'procctl',
      license: 'MIT',
      type: 'module',
      engines: { node: '>=20.12' },
      bin: { procctl: 'bin/procctl.cjs' },
    });
    expect(read('LICENSE')).toMatch(/^MIT License/);
  });
  it('runs nothing on the machine of those who install it', () => {
    const scripts = Object.keys(packageJson.scripts);
    expect(scripts.filter((name) => /^(pre|post)?install$|^(pre|post)prepare$/.test(name))).toEqual([]);
  });
  it('leads to files that the build makes', () => {
    const files = [...Object.values(packageJson.exports).flatMap(filesOf), packageJson.types];
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
  it('has a program that starts and knows its version', () => {
    expect(isExecutable('bin/procctl.cjs')).toBe(true);
    const version = execFileSync(join(root, 'bin/procctl.cjs'), ['--version'], { encoding: 'utf8' });
    expect(version).toBe(`${packageJson.version}\n`);
  });
  it('has a library that loads under its name', () => {
    const script = "import('procctl').then((library) => console.log(typeof library.ProcctlError))";
    expect(execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' })).toBe('function\n');
  });
});

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    readonly version: string;
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };

  it('is of the same version', () => {
    expect(lock.version).toBe(packageJson.version);
  });
  it('checks every package by its checksum, and names no registry but the public one', () => {
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
    const isPublic = (resolved = 'https://registry.npmjs.org/'): boolean =>
      resolved.startsWith('https://registry.npmjs.org/');
    const others = packages.filter(
      ([, { resolved, integrity }]) => !isPublic(resolved) || !integrity?.startsWith('sha512-'),
    );
    expect(packages.length).toBeGreaterThan(0);
    expect(others).toEqual([]);
  });
  it('has the packages of every platform, not only of the one it was made on', () => {
    // npm 11 refuses a lock without them: `npm ci` would fail everywhere.
    const wanted = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    expect(wanted.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([]);
  });
});

describe('the packed package', () => {
  // Without scripts: `prepare` would build anew, under the feet of the other tests.
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as [{ readonly files: readonly { readonly path: string }[] }];
  const files = packed[0].files.map(({ path }) => path);

  it('holds the program, the library, the pages and the licence', () => {
    const pages = readdirSync(join(root, 'docs')).map((name) => `docs/${name}`);
    const built = [...Object.values(packageJson.bin), ...Object.values(packageJson.exports).flatMap(filesOf)];
    expect(files).toEqual(
      expect.arrayContaining([
        ...built.map((file) => relative(root, join(root, file))),
        ...readdirSync(join(root, 'dist/cli')).map((name) => `dist/cli/${name}`),
        ...pages,
        'README.md',
        'LICENSE',
        'CHANGELOG.md',
        'examples/tasks.json',
      ]),
    );
    expect(pages).not.toEqual([]);
  });
  it('holds nothing that only those need who work on it', () => {
    const folders = ['bin', 'dist', 'docs', 'examples'];
    const others = files.filter(
      (file) => file.includes('/') && !folders.some((folder) => file.startsWith(`${folder}/`)),
    );
    expect(others).toEqual([]);
    expect(files.filter((file) => !file.includes('/')).toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'package.json',
    ]);
  });
});

describe('the pages', () => {
  const pages = [
    ...readdirSync(root).filter((name) => name.endsWith('.md')),
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ];

  /** The paths that a page's links and images name, outside of code; anchors and other sites left out. */
  const linksOf = (page: string): string[] => {
    const prose = read(page)
      .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
      .replace(/`[^`\n]*`/g, '');
    const inline = [...prose.matchAll(/\]\(<?([^)\s>]+)/g)];
    const defined = [...prose.matchAll(/^\[[^\]]+\]:\s*<?([^\s>]+)/gm)];
    return [...inline, ...defined]
      .map(([, target = '']) => target.replace(/#.*$/, ''))
      .filter((target) => target !== '' && !/^[a-z][a-z+.-]*:/i.test(target));
  };

  it('are there', () => {
    expect(pages).toEqual(
      expect.arrayContaining([
        'README.md',
        'CHANGELOG.md',
        'docs/pool.md',
        'docs/exit-codes.md',
        'docs/architecture.md',
      ]),
    );
  });
  it.each(pages)('%s links to files that are there', (page) => {
    const missing = linksOf(page).filter(
      (target) => !existsSync(join(root, dirname(page), decodeURIComponent(target))),
    );
    expect(missing).toEqual([]);
  });
});

describe('the gate', () => {
  it('can be run, and ends with the very command of the README', () => {
    expect(isExecutable('.ci/run')).toBe(true);
    expect(spawnSync('bash', ['-n', join(root, '.ci/run')]).status).toBe(0);
    expect(read('.ci/run').trimEnd()).toMatch(/npm cit$/);
    expect(read('README.md')).toContain('npm cit');
  });
});

const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
const isClone = existsSync(join(root, '.git')) && git('rev-parse', '--git-dir').status === 0;

describe.runIf(isClone)('the clone', () => {
  it('tracks nothing that is built, installed or packed', () => {
    const tracked = git('ls-files').stdout.split('\n');
    expect(tracked).toContain('package.json');
    expect(tracked.filter((file) => /^(node_modules|dist|coverage)\/|\.tgz$/.test(file))).toEqual([]);
  });
});
