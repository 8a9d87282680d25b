/** Quotes text as one word for any POSIX shell: nothing in it is special, every character stays as it is. */
export const shellQuote = (text: string): string =>
  text.includes("'") ? `'${text.replaceAll("'", "'\\''")}'` : `'${text}'`;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Variables a shell sets by itself, so that what the caller exported under these names would not get through it. */
const OWNED_BY_SHELLS = new Set(['IFS', 'LINENO', 'OPTIND', 'PPID']);

/** Whether a shell hands a variable of this name on to the programs it runs, unchanged (dash drops any other). */
export const isShellVariable = (name: string): boolean => NAME.test(name) && !OWNED_BY_SHELLS.has(name);

const SIMPLE_LINE = /^[A-Za-z0-9_./:,+@%=-]+( +[A-Za-z0-9_./:,+@%=-]+)*$/;
const RESERVED_WORD =
  /(^|[^A-Za-z0-9_])(if|then|else|elif|fi|do|done|case|esac|while|until|for|in|function|select|time|coproc)($|[^A-Za-z0-9_])/;

/**
 * Whether a line is plain words only: no quotes, no operators, no expansions, no word of the shell's grammar.
 * Such a line can stand inside a larger script as it is; any other could change what surrounds it.
 */
export const isSimpleLine = (line: string): boolean => SIMPLE_LINE.test(line) && !RESERVED_WORD.test(line);
