// From the words that somebody typed to the program and arguments that are run, with the disk as it is now. What cannot
// be run is refused here, with its true reason.

import { posix } from 'node:path';
import { printable } from '../core/printable.ts';
import { type ErrorCode, ProcctlError } from '../errors.ts';
import { checkDirectory, checkProgram } from './find-program.ts';
import {
  isRegularFile,
  requireScript,
  requireShebang,
  runsByItself,
  type ScriptFile,
  scriptFile,
} from './script-file.ts';
import { type NodeFacts, typescriptRunner } from './typescript.ts';

/** What is to be run, as the caller said it, and where. */
export interface RunWish {
  /** The script or command, or with `isShellLine` the line. */
  readonly word: string;
  readonly args: readonly string[];
  readonly isShellLine: boolean;
  /** `python3 -u`: split at blanks; `none`: the file as it is; null: by the file's extension. */
  readonly interpreter: string | null;
  /** Absolute; relative names, and relative entries of PATH, start here. */
  readonly cwd: string;
  /** The PATH of the process to be. */
  readonly searchPath: string;
  readonly node: NodeFacts;
}

export interface Invocation {
  readonly argv: readonly string[];
  /** What the caller should be told about it, in one line, or null. */
  readonly note: string | null;
}

/** Who runs scripts of other languages; the first that is there. */
const INTERPRETERS: Readonly<Record<string, readonly string[]>> = {
  '.py': ['python3', 'python'],
  '.sh': ['/bin/sh'],
  '.bash': ['bash'],
  '.zsh': ['zsh'],
  '.fish': ['fish'],
  '.rb': ['ruby'],
  '.pl': ['perl'],
  '.php': ['php'],
  '.lua': ['lua'],
  '.tcl': ['tclsh'],
  '.R': ['Rscript'],
};
const JAVASCRIPT = ['.js', '.mjs', '.cjs'];
const TYPESCRIPT = ['.ts', '.mts', '.cts'];

const isScriptName = (word: string): boolean => {
  const extension = posix.extname(word);
  return [...JAVASCRIPT, ...TYPESCRIPT].includes(extension) || Object.hasOwn(INTERPRETERS, extension);
};

type Refusal = ReturnType<typeof checkProgram>;

const allow = (refusal: Refusal, hint?: string): void => {
  if (refusal === undefined) return;
  throw new ProcctlError(refusal.code as ErrorCode, refusal.message, hint === undefined ? {} : { hint });
};

const runByExtension = (script: ScriptFile, wish: RunWish): Invocation => {
  const { cwd, searchPath, node } = wish;
  requireScript(script, cwd);
  const extension = posix.extname(script.path);
  const run = (program: readonly string[], note: string | null = null): Invocation => ({
    argv: [...program, script.path, ...wish.args],
    note,
  });
  if (JAVASCRIPT.includes(extension)) return run([node.execPath]);
  if (TYPESCRIPT.includes(extension)) {
    const { argv, note } = typescriptRunner(script, { node, searchPath, directory: cwd });
    return run(argv, note);
  }
  if (runsByItself(script.path)) {
    requireShebang(script, searchPath, cwd);
    return run([]);
  }
  const candidates = INTERPRETERS[extension] ?? [];
  const interpreter = candidates.find((program) => checkProgram(program, searchPath, cwd) === undefined);
  if (interpreter !== undefined) return run([interpreter]);
  throw new ProcctlError('ERR_NOT_FOUND', `${printable(script.word)}: needs ${candidates[0]}, which is not in PATH`, {
    hint: 'install it, or name another program with --interpreter',
  });
};

/** A program: found by its path, or by name in PATH; nothing is put in front of it. */
const runAsItIs = (word: string, wish: RunWish): Invocation => {
  const { cwd, searchPath } = wish;
  const refusal = checkProgram(word, searchPath, cwd);
  const file = scriptFile(word, cwd);
  if (word.includes('/')) {
    const isScript = refusal?.code === 'ERR_NOT_EXECUTABLE' && isRegularFile(file.path);
    allow(refusal, isScript ? 'chmod +x makes it executable; or say what runs it with --interpreter' : undefined);
    requireShebang(file, searchPath, cwd);
  } else allow(refusal, isRegularFile(file.path) ? `there is a file ./${printable(word)}` : undefined);
  return { argv: [word, ...wish.args], note: null };
};

const runByInterpreter = (interpreter: string, wish: RunWish): Invocation => {
  const { word, args, cwd, searchPath } = wish;
  const [program, ...options] = interpreter.split(/[ \t]+/).filter((part) => part !== '');
  if (program === undefined) throw new ProcctlError('ERR_USAGE', '--interpreter is empty');
  const script = scriptFile(word, cwd);
  if (program === 'none') return runAsItIs(isRegularFile(script.path) ? script.path : word, wish);
  allow(checkProgram(program, searchPath, cwd));
  requireScript(script, cwd);
  return { argv: [program, ...options, script.path, ...args], note: null };
};

/**
 * Decides how a script or command is run.
 *
 * A word that ends like a script (`.js`, `.py` …) and is a file is that script; one without a slash that is no file is
 * looked up in PATH. Scripts get an absolute path. JavaScript is run by this Node, TypeScript by it or by tsx, other
 * scripts by themselves if they are executable and have a `#!` line, else by the interpreter of their extension.
 *
 * @throws ProcctlError ERR_NOT_FOUND, ERR_NOT_EXECUTABLE or ERR_CWD with the true reason; ERR_USAGE for no words at all
 */
export const planInvocation = (wish: RunWish): Invocation => {
  const { word, cwd, searchPath } = wish;
  allow(checkDirectory(cwd));
  if (word.trim() === '') throw new ProcctlError('ERR_USAGE', 'the command is empty');
  if (wish.isShellLine) {
    // A line that looks like an option of the shell is none behind `--`.
    return { argv: ['/bin/sh', '-c', ...(/^[-+]/.test(word) ? ['--'] : []), word], note: null };
  }
  if (wish.interpreter !== null) return runByInterpreter(wish.interpreter, wish);
  if (!isScriptName(word)) return runAsItIs(word, wish);
  const script = scriptFile(word, cwd);
  const isInPath =
    !word.includes('/') && !isRegularFile(script.path) && checkProgram(word, searchPath, cwd) === undefined;
  return isInPath ? runAsItIs(word, wish) : runByExtension(script, wish);
};
