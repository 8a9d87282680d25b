import { pathToFileURL } from 'node:url';
import { type Target, targetOnWire } from '../protocol/target.ts';
import type { TargetOnWire } from '../protocol/worker-frames.ts';
import { parseList } from './options.ts';

/** @throws ProcctlError ERR_OPTION */
export const parseTarget = (target: unknown): TargetOnWire =>
  targetOnWire(target as Target, (path) => pathToFileURL(path).href);

/** What a function is called with: `kwargs`, where there are any, come last. @throws ProcctlError ERR_OPTION */
export const parseArguments = (args: unknown, kwargs: unknown): readonly unknown[] => {
  const list = args === undefined ? [] : parseList(args, 'args');
  return kwargs === undefined ? list : [...list, kwargs];
};
