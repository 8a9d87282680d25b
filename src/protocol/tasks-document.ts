import type { TaskSpec } from '../core/pool/task.ts';
import { ProcctlError } from '../errors.ts';
import { findJsonError, lineAndColumn } from './json-error.ts';
import { show, showFile, showPath } from './show.ts';
import { TaskList } from './task-list.ts';
import { checkDocument, type Problem, type TaskDefaults } from './task-schema.ts';

const NDJSON_HINT = 'if it holds one task a line, say --format ndjson';

const refusal = (file: string, { path, message }: Problem): ProcctlError => {
  const where = path.length === 0 ? showFile(file) : `${showFile(file)}: ${showPath(path)}`;
  return new ProcctlError('ERR_TASKS', `${where}: ${message}`);
};

/** Whether the first line alone is JSON and more lines follow: a `.json` file that is one task a line. */
const looksLikeNdjson = (text: string): boolean => {
  const firstLine = text.trimStart().split('\n', 1)[0] as string;
  return findJsonError(firstLine) === undefined;
};

const parseJson = (text: string, file: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const error = findJsonError(text) ?? { offset: 0, kind: 'wrong', message: (cause as Error).message };
    const { line, column } = lineAndColumn(text, error.offset);
    const message = error.kind === 'wrong' ? error.message : `${error.message} of the document`;
    throw new ProcctlError('ERR_TASKS', `${showFile(file)}:${line}:${column}: not JSON: ${message}`, {
      cause,
      ...(error.kind === 'trailing' && looksLikeNdjson(text) ? { hint: NDJSON_HINT } : undefined),
    });
  }
};

const readTasks = (tasks: readonly unknown[], file: string, base: readonly PropertyKey[], defaults?: TaskDefaults) => {
  const list = new TaskList((seq) => showPath([...base, seq - 1]), defaults, true);
  const refuse = ({ path, message }: Problem): ProcctlError => refusal(file, { path: [...base, ...path], message });
  const specs = tasks.map((task, index): TaskSpec => {
    const checked = list.add(task);
    if ('value' in checked) return checked.value;
    throw refuse({ ...checked.problem, path: [index, ...checked.problem.path] });
  });
  const connected = list.connect(specs);
  if ('problem' in connected) throw refuse(connected.problem);
  return connected.value;
};

/**
 * Reads a whole tasks document: a JSON array of tasks, or `{ "defaults": {…}, "tasks": […] }`.
 *
 * @param text the document, as `decodeBytes` gives it; white space alone holds no tasks
 * @param file its name, for messages
 * @throws ProcctlError ERR_TASKS for the first thing that is wrong, with file and path or line and column
 */
export const parseTasksDocument = (text: string, file: string): readonly TaskSpec[] => {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  if (/^[ \t\r\n]*$/.test(json)) return [];
  const document = parseJson(json, file);
  if (Array.isArray(document)) return readTasks(document, file, []);
  if (typeof document !== 'object' || document === null) {
    const message = `expected an array of tasks or an object with "tasks", got ${show(document)}`;
    throw refusal(file, { path: [], message });
  }
  const checked = checkDocument(document);
  if ('problem' in checked) throw refusal(file, checked.problem);
  return readTasks(checked.value.tasks, file, ['tasks'], checked.value.defaults);
};
