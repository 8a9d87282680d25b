import { posix } from 'node:path';
import { printable } from '../core/printable.ts';
import { ProcctlError } from '../errors.ts';
import { checkProgram } from './find-program.ts';
import type { ScriptFile } from './script-file.ts';

/** The Node that runs procctl, and so the scripts as well. */
export interface NodeFacts {
  readonly execPath: string;
  /** `22.18.0` */
  readonly version: string;
  /** It runs TypeScript without being asked to (22.18, 23.6 and later, unless that was turned off). */
  readonly stripsTypes: boolean;
}

export const thisNode = (): NodeFacts => {
  const features = process.features as { readonly typescript?: unknown }; // not in the types of Node 20
  return {
    execPath: process.execPath,
    version: process.versions.node,
    stripsTypes: typeof features.typescript === 'string',
  };
};

const isAtLeast = (version: string, major: number, minor: number): boolean => {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
};

/** The tsx of the project that the script belongs to, else the one in PATH. */
const findTsx = (script: string, searchPath: string, directory: string): string | undefined => {
  for (let folder = posix.dirname(script); ; folder = posix.dirname(folder)) {
    const path = posix.join(folder, 'node_modules/.bin/tsx');
    if (checkProgram(path, '', '/') === undefined) return path;
    if (folder === '/') break;
  }
  return checkProgram('tsx', searchPath, directory) === undefined ? 'tsx' : undefined;
};

/**
 * Who runs a TypeScript script: this Node where it strips types, else an installed tsx.
 *
 * @returns the words in front of the script, and what is to be said about it: which of the two it is makes a difference
 * @throws ProcctlError ERR_NOT_FOUND when there is neither
 */
export const typescriptRunner = (
  script: ScriptFile,
  around: { readonly node: NodeFacts; readonly searchPath: string; readonly directory: string },
): { readonly argv: readonly string[]; readonly note: string } => {
  const { node } = around;
  const name = printable(script.word);
  if (node.stripsTypes || isAtLeast(node.version, 22, 6)) {
    const flags = node.stripsTypes ? [] : ['--experimental-strip-types'];
    const note = `${name}: run by Node ${node.version} with its types stripped${node.stripsTypes ? '' : ` (${flags})`}`;
    return { argv: [node.execPath, ...flags], note };
  }
  const tsx = findTsx(script.path, around.searchPath, around.directory);
  if (tsx !== undefined) return { argv: [tsx], note: `${name}: run by ${printable(tsx)}` };
  throw new ProcctlError('ERR_NOT_FOUND', `${name}: Node ${node.version} runs no TypeScript, and no tsx is installed`, {
    hint: 'npm install --save-dev tsx, use Node 22.18 or later, or name another program with --interpreter',
  });
};
