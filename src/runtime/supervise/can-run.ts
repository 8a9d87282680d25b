import { ProcctlError } from '../../errors.ts';
import type { ProcessSpec, SpawnRequest } from '../../protocol/process-spec.ts';
import { checkDirectory, checkProgram } from '../find-program.ts';
import { isDamaged } from './damaged-spec.ts';

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** @throws ProcctlError ERR_CWD, ERR_NOT_FOUND or ERR_NOT_EXECUTABLE, with the true reason */
export const checkCanRun = ({ cwd, argv, env }: Pick<SpawnRequest, 'cwd' | 'argv' | 'env'>): void => {
  const refusal = checkDirectory(cwd) ?? checkProgram(argv[0] as string, env.PATH ?? DEFAULT_PATH, cwd);
  if (refusal !== undefined) throw new ProcctlError(refusal.code as 'ERR_NOT_FOUND', refusal.message);
};

/** @throws ProcctlError as `checkCanRun`, and ERR_DISK when nobody knows any more what it was */
export const checkCanStart = (spec: ProcessSpec): void => {
  if (isDamaged(spec)) {
    throw new ProcctlError('ERR_DISK', `${spec.name}: its spec.json is damaged; what to run is not known`, {
      hint: `spawn it anew, and remove this one: procctl rm ${spec.name}`,
    });
  }
  checkCanRun(spec);
};
