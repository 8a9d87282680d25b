/** A line that names what went wrong, in the words of most languages: `Error: listen EADDRINUSE`, `panic: …`, `[emerg] …`. */
const COMPLAINT = /(error|exception)\b|\b(fatal|panic(ked)?|emerg|abort(ed)?|cannot|can't|could not|failed|unable)\b/i;

/** What stands around the complaint of a crashing program: frames of a stack, the object Node prints, its version. */
const AROUND = /^\s|^[{}[\](),;]*$|^Node\.js v\d|^Emitted 'error' event|^Traceback \(most recent/;

/**
 * The line that most likely says why a program ended: the last that complains and is no part of a stack trace, or else the
 * last that says anything.
 *
 * @param lines the end of its standard error, oldest first
 * @returns the line without blanks around it; undefined when all are empty
 */
export const lastWords = (lines: readonly string[]): string | undefined => {
  const said = lines.filter((line) => line.trim() !== '');
  const own = said.filter((line) => !AROUND.test(line));
  return (own.findLast((line) => COMPLAINT.test(line)) ?? own.at(-1) ?? said.at(-1))?.trim();
};
