// The way imports point, as docs/architecture.md has it; `violationsIn` reads any tree of sources.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** From left to right; a file may import from its own level and from those after it. */
const LEVELS = [
  ['bin'],
  ['cli'],
  ['daemon', 'client', 'api', 'worker', 'index.ts'],
  ['runtime'],
  ['protocol', 'render'],
  ['core'],
  ['errors.ts'],
  ['exit-status.ts'],
];

/** What the folders without effects may import: nothing that reads a clock, a disk, a terminal or the environment. */
const PURE_BUILTINS = ['node:buffer', 'node:path/posix', 'node:string_decoder', 'node:util', 'node:v8'];
const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'exit-status.ts': [],
  'errors.ts': [],
  core: [],
  protocol: ['fastest-levenshtein', 'zod'],
  render: ['chalk', 'cli-table3', 'slice-ansi', 'string-width'],
};
const EFFECTFUL_GLOBALS = new Set(
  `process console performance globalThis global fetch queueMicrotask setTimeout setInterval setImmediate clearTimeout
  clearInterval clearImmediate crypto require`.split(/\s+/),
);

/** Packages that cost start-up: no bundle that every command loads may hold them. */
const HEAVY_PACKAGES = ['bullmq', 'chalk', 'cli-table3', 'execa', 'ioredis', 'log-update', 'string-width'];
/** It loads the modules that users name. */
const LOADS_TARGETS = 'src/worker/load-target.ts';
const ENTRIES = ['src/cli/main.ts', 'src/index.ts'];

/** Path, from the root of the repository, to source text. */
type Tree = ReadonlyMap<string, string>;

interface Import {
  /** `type` is gone at run time; `import { type A }` is not, it still loads the module. */
  readonly kind: 'static' | 'dynamic' | 'type';
  readonly specifier: string;
  /** The file of the tree it names, for a relative path; it may not be there. */
  readonly path: string | undefined;
}

interface Module {
  readonly path: string;
  readonly imports: readonly Import[];
  /** Uses of globals with effects, such as `Date.now`. */
  readonly effects: readonly string[];
}

/** The file a relative import means; bundles of dist/cli are made of the sources of the same name. */
const resolved = (from: string, specifier: string): string | undefined =>
  specifier.startsWith('.')
    ? posix.join(posix.dirname(from), specifier).replace(/^dist\/cli\/(.+)\.cjs$/, 'src/cli/$1.ts')
    : undefined;

const importOf = (node: ts.Node): (Pick<Import, 'kind'> & { readonly from: ts.Node | undefined }) | undefined => {
  if (ts.isImportDeclaration(node)) {
    return { kind: node.importClause?.isTypeOnly ? 'type' : 'static', from: node.moduleSpecifier };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { kind: node.isTypeOnly ? 'type' : 'static', from: node.moduleSpecifier };
  }
  if (ts.isImportTypeNode(node))
    return { kind: 'type', from: ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined };
  if (ts.isExternalModuleReference(node)) return { kind: 'static', from: node.expression };
  if (!ts.isCallExpression(node)) return undefined;
  if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return { kind: 'dynamic', from: node.arguments[0] };
  const callee = ts.isIdentifier(node.expression) ? node.expression.text : '';
  const [from] = node.arguments;
  // bin/procctl.cjs loads bundles in a way of its own.
  const isLoad = callee === 'load' && from !== undefined && ts.isStringLiteralLike(from) && from.text.startsWith('.');
  return callee === 'require' || isLoad ? { kind: 'static', from } : undefined;
};

/** Whether an identifier stands for a value, and is no type nor the name of a member, property or declaration. */
const isUse = (node: ts.Identifier): boolean => {
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  const isName = 'name' in parent && parent.name === node;
  const isPropertyName = 'propertyName' in parent && parent.propertyName === node;
  return !isName && !isPropertyName && !ts.isTypeNode(parent) && !ts.isQualifiedName(parent);
};

const effectOf = (node: ts.Node): string | undefined => {
  if (ts.isIdentifier(node) && EFFECTFUL_GLOBALS.has(node.text) && isUse(node)) return node.text;
  if (ts.isPropertyAccessExpression(node)) {
    const text = `${ts.isIdentifier(node.expression) ? node.expression.text : ''}.${node.name.text}`;
    return text === 'Date.now' || text === 'Math.random' ? text : undefined;
  }
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return undefined;
  if (!ts.isIdentifier(node.expression) || node.expression.text !== 'Date') return undefined;
  return ts.isNewExpression(node) && node.arguments?.length ? undefined : 'Date()';
};

const moduleOf = (path: string, text: string): Module => {
  const imports: Import[] = [];
  const effects: string[] = [];
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found !== undefined) {
      const specifier = found.from !== undefined && ts.isStringLiteralLike(found.from) ? found.from.text : '(computed)';
      imports.push({ kind: found.kind, specifier, path: resolved(path, specifier) });
    }
    const effect = effectOf(node);
    if (effect !== undefined) effects.push(effect);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return { path, imports, effects };
};

const modulesOf = (tree: Tree): Module[] =>
  [...tree].filter(([path]) => /\.[cm]?[jt]s$/.test(path)).map(([path, text]) => moduleOf(path, text));

/** `bin`, a folder of src, or a file right in src. */
const folderOf = (path: string): string => path.split('/')[path.startsWith('src/') ? 1 : 0] ?? '';

const levelOf = (path: string): number => LEVELS.findIndex((folders) => folders.includes(folderOf(path)));

const isLazy = (path: string): boolean => path.endsWith('.lazy.ts');

/** `zod` of `zod/mini`, `@a/b` of `@a/b/c`. */
const packageOf = (specifier: string): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

const isBuiltin = (specifier: string): boolean => specifier.startsWith('node:') || builtinModules.includes(specifier);

/** Imports from the left, from folders without a place in the order, and from files that are not there. */
const wrongWays = (tree: Tree): string[] =>
  modulesOf(tree).flatMap(({ path, imports }) => {
    if (levelOf(path) === -1) return [`${path}: ${folderOf(path)} has no place in the order of imports`];
    return imports.flatMap((to) => {
      if (to.specifier === '(computed)')
        return path === LOADS_TARGETS ? [] : [`${path}: imports what only running it can tell`];
      if (to.path === undefined) return [];
      if (!tree.has(to.path)) return [`${path}: imports ${to.path}, which is not there`];
      return levelOf(to.path) < levelOf(path) ? [`${path}: imports ${to.path}, from its left`] : [];
    });
  });

const isPure = (folder: string, { specifier, path }: Import): boolean => {
  if (path !== undefined) return true;
  if (isBuiltin(specifier)) return PURE_BUILTINS.includes(specifier);
  return PURE_PACKAGES[folder]?.includes(packageOf(specifier)) === true;
};

/** Effects, by import or by global, in folders that have to do without. */
const effects = (tree: Tree): string[] =>
  modulesOf(tree)
    .filter(({ path }) => folderOf(path) in PURE_PACKAGES)
    .flatMap((module) => [
      ...module.imports
        .filter((to) => !isPure(folderOf(module.path), to))
        .map(({ specifier }) => `${module.path}: imports ${specifier}, which may have effects`),
      ...module.effects.map((name) => `${module.path}: uses ${name}`),
    ]);

/** Files that need each other before either can run. Types are gone by then; what is imported later may look back. */
const cycles = (tree: Tree): string[] => {
  const next = new Map(
    modulesOf(tree).map(({ path, imports }) => [
      path,
      imports.filter(({ kind }) => kind === 'static').map((to) => to.path),
    ]),
  );
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start !== -1) found.push([...way.slice(start), path].join(' -> '));
    if (start !== -1 || done.has(path)) return;
    for (const to of next.get(path) ?? []) if (to !== undefined) visit(to, [...way, path]);
    done.add(path);
  };
  for (const path of next.keys()) visit(path, []);
  return found;
};

/** Lazy files that are loaded at once. */
const eagerLoads = (tree: Tree): string[] =>
  modulesOf(tree).flatMap(({ path, imports }) =>
    imports
      .filter((to) => to.kind === 'static' && to.path !== undefined && isLazy(to.path))
      .map((to) => `${path}: imports ${to.path} statically`),
  );

/** Heavy packages in a bundle that every command loads: a bundle holds all it imports, later or not, up to lazy files. */
const eagerWeight = (tree: Tree): string[] => {
  const modules = new Map(modulesOf(tree).map((module) => [module.path, module]));
  const found: string[] = [];
  const seen = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    if (seen.has(path) || isLazy(path)) return;
    seen.add(path);
    for (const to of modules.get(path)?.imports ?? []) {
      if (to.kind === 'type') continue;
      if (to.path !== undefined) visit(to.path, [...way, path]);
      else if (HEAVY_PACKAGES.includes(packageOf(to.specifier))) found.push([...way, path, to.specifier].join(' -> '));
    }
  };
  for (const entry of ENTRIES) visit(entry, []);
  return found;
};

const RULES = { wrongWays, effects, cycles, eagerLoads, eagerWeight };

const violationsIn = (files: Readonly<Record<string, string>>): string[] => {
  const tree = new Map(Object.entries(files));
  return Object.values(RULES).flatMap((rule) => rule(tree));
};

const readTree = (): Record<string, string> => {
  const root = new URL('..', import.meta.url);
  const files = ['bin', 'src'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => posix.join(entry.parentPath, entry.name).slice(root.pathname.length)),
  );
  return Object.fromEntries(files.map((file) => [file, readFileSync(new URL(file, root), 'utf8')]));
};

describe('the imports of src and bin', () => {
  const files = readTree();
  const tree = new Map(Object.entries(files));

  it('are all seen: from bin to the command line, and from there to the errors', () => {
    const imports = modulesOf(tree).flatMap((module) =>
      module.imports.map((to) => `${module.path} ${to.kind} ${to.path}`),
    );
    expect(imports).toContain('bin/procctl.cjs static src/cli/main.ts');
    expect(imports).toContain('src/errors.ts static src/exit-status.ts');
    expect(imports.filter((line) => /dynamic .*\.lazy\.ts$/.test(line))).not.toEqual([]);
  });
  it('point one way: bin, cli, daemon and client and api, runtime, protocol and render, core, errors, exit status', () => {
    expect(wrongWays(tree)).toEqual([]);
  });
  it('bring no effects into core, protocol and render, and neither do globals', () => {
    expect(effects(tree)).toEqual([]);
  });
  it('have no cycles', () => {
    expect(cycles(tree)).toEqual([]);
  });
  it('load lazy files only when they are needed', () => {
    expect(eagerLoads(tree)).toEqual([]);
  });
  it('reach tables, colours and execa only by way of lazy files', () => {
    expect(eagerWeight(tree)).toEqual([]);
  });
});

describe('the built bundles', () => {
  const bundle = (name: string): string => readFileSync(new URL(`../dist/cli/${name}`, import.meta.url), 'utf8');
  // Names that minifying leaves alone: an option of cli-table3, a colour of chalk, an option of string-width and of execa.
  it.each([
    ['cli-table3', 'top-mid', 'pool-live.lazy.cjs'],
    ['chalk', 'bgMagentaBright', 'pool-live.lazy.cjs'],
    ['string-width', 'ambiguousIsNarrow', 'pool-live.lazy.cjs'],
    ['execa', 'forceKillAfterDelay', 'execa.lazy.cjs'],
  ])('have %s in its lazy bundle, not in what every command loads', (_package, mark, lazy) => {
    expect(bundle(lazy)).toContain(mark);
    expect(bundle('main.cjs')).not.toContain(mark);
  });
});

describe('each rule can fail', () => {
  const sound = {
    'bin/procctl.cjs': "load('../dist/cli/main.cjs');",
    'src/index.ts': "export { Pool } from './api/pool.ts';",
    'src/cli/main.ts': "import { run } from '../runtime/run.ts'; void import('./table.lazy.ts'); run();",
    'src/cli/table.lazy.ts': "import { table } from '../render/table.ts'; export { table };",
    'src/api/pool.ts': "import { run } from '../runtime/run.ts'; export class Pool { run = run; }",
    'src/runtime/run.ts':
      "import { spawn } from 'node:child_process'; import { next } from '../core/next.ts'; export const run = () => spawn(next());",
    'src/render/table.ts':
      "import Table from 'cli-table3'; import type { Spec } from '../protocol/spec.ts'; export const table = (s: Spec) => new Table(s);",
    'src/protocol/spec.ts':
      "import * as z from 'zod/mini'; import { isUtf8 } from 'node:buffer'; import { width } from '../render/width.ts'; export type Spec = {};",
    'src/render/width.ts': 'export const width = { process: 1, console: (at: number) => new Date(at) };',
    'src/core/next.ts':
      "import { ProcctlError } from '../errors.ts'; export const next = (process: string) => { throw new ProcctlError(); };",
    'src/errors.ts':
      "import { EXIT } from './exit-status.ts'; export class ProcctlError extends Error { status = EXIT; }",
    'src/exit-status.ts': 'export const EXIT = 1;',
  };
  const broken = (files: Record<string, string>): string[] => violationsIn({ ...sound, ...files });

  it('and a sound tree breaks none', () => {
    expect(violationsIn(sound)).toEqual([]);
  });

  it.each([
    ['a static import', "import { main } from '../cli/main.ts';"],
    ['a static import of a type', "import type { Main } from '../cli/main.ts';"],
    ['an inline type', "export type Main = import('../cli/main.ts').Main;"],
    ['a dynamic import', "void import('../cli/main.ts');"],
    ['an export', "export * from '../cli/main.ts';"],
    ['an export of a type', "export type { Main } from '../cli/main.ts';"],
    ['a require', "require('../cli/main.ts');"],
  ])('%s from the left', (_title, text) => {
    expect(broken({ 'src/runtime/left.ts': text })).toContain(
      'src/runtime/left.ts: imports src/cli/main.ts, from its left',
    );
  });
  it.each([
    ['src/exit-status.ts', "import './errors.ts';", 'src/errors.ts'],
    ['src/errors.ts', "import '../src/core/next.ts';", 'src/core/next.ts'],
    ['src/core/next.ts', "import '../render/width.ts';", 'src/render/width.ts'],
    ['src/protocol/spec.ts', "import '../runtime/run.ts';", 'src/runtime/run.ts'],
    ['src/runtime/run.ts', "import '../api/pool.ts';", 'src/api/pool.ts'],
    ['src/api/pool.ts', "import '../cli/main.ts';", 'src/cli/main.ts'],
  ])('%s importing from the level on its left', (file, text, to) => {
    expect(broken({ [file]: text })).toContain(`${file}: imports ${to}, from its left`);
  });
  it.each([
    [
      'a folder without a place',
      { 'src/utils/all.ts': '' },
      'src/utils/all.ts: utils has no place in the order of imports',
    ],
    [
      'a file that is not there',
      { 'src/cli/a.ts': "import './b.ts';" },
      'src/cli/a.ts: imports src/cli/b.ts, which is not there',
    ],
    [
      'a computed import',
      { 'src/cli/a.ts': 'void import(name);' },
      'src/cli/a.ts: imports what only running it can tell',
    ],
  ])('%s', (_title, files, violation) => {
    expect(broken(files)).toEqual([violation]);
  });

  it.each([
    'node:fs',
    'fs',
    'node:child_process',
    'node:net',
    'node:os',
    'node:process',
    'node:timers/promises',
    'execa',
  ])('an import of %s in core, protocol or render', (specifier) => {
    for (const file of ['src/core/a.ts', 'src/protocol/a.ts', 'src/render/a.ts']) {
      const violation = `${file}: imports ${specifier}, which may have effects`;
      expect(broken({ [file]: `import * as a from '${specifier}';` })).toEqual([violation]);
      expect(broken({ [file]: `void import('${specifier}');` })).toEqual([violation]);
    }
  });
  it.each([
    ['process', 'const a = process.env.HOME;'],
    ['process', 'export const a = { process };'],
    ['console', "console.log('a');"],
    ['setTimeout', 'const a = setTimeout(b, 1);'],
    ['performance', 'const a = performance.now();'],
    ['Date.now', 'const a = Date.now();'],
    ['Date.now', 'const a = { clock: Date.now };'],
    ['Date()', 'const a = new Date();'],
    ['Math.random', 'const a = Math.random();'],
    ['globalThis', 'const a = globalThis.process;'],
    ['process', 'const { env } = process;'],
    ['process', 'const a = (from = process) => from;'],
    ['process', 'const a = () => process;'],
  ])('the global %s in core, protocol or render: %s', (name, text) => {
    for (const file of ['src/core/a.ts', 'src/protocol/a.ts', 'src/render/a.ts']) {
      expect(broken({ [file]: text })).toEqual([`${file}: uses ${name}`]);
    }
  });

  it('a cycle, unless it is one of types or of what is imported later', () => {
    const back = (text: string) => broken({ 'src/core/a.ts': "import { b } from './b.ts';", 'src/core/b.ts': text });
    expect(back("import { a } from './a.ts';")).toEqual(['src/core/a.ts -> src/core/b.ts -> src/core/a.ts']);
    expect(back("import { type A } from './a.ts';")).toHaveLength(1);
    expect(back("export { a } from './a.ts';")).toHaveLength(1);
    expect(back("import type { A } from './a.ts';")).toEqual([]);
    expect(back("void import('./a.ts');")).toEqual([]);
  });

  it('a lazy file loaded at once, unless for its types', () => {
    const load = (text: string) => eagerLoads(new Map(Object.entries({ ...sound, 'src/cli/pool.ts': text })));
    expect(load("import { table } from './table.lazy.ts';")).toEqual([
      'src/cli/pool.ts: imports src/cli/table.lazy.ts statically',
    ]);
    expect(load("export { table } from './table.lazy.ts';")).toHaveLength(1);
    expect(load("import type { Table } from './table.lazy.ts';")).toEqual([]);
  });

  it('a heavy package reached without a lazy file, statically or later, through however many files', () => {
    const main = (text: string) => eagerWeight(new Map(Object.entries({ ...sound, 'src/cli/main.ts': text })));
    expect(main("import { table } from '../render/table.ts';")).toEqual([
      'src/cli/main.ts -> src/render/table.ts -> cli-table3',
    ]);
    expect(main("void import('../render/table.ts');")).toHaveLength(1);
    expect(main("void import('string-width');")).toEqual(['src/cli/main.ts -> string-width']);
    expect(main("import type { ChalkInstance } from 'chalk';")).toEqual([]);
  });
});
