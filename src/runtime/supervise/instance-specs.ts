import { instanceNames, parseProcessName, uniqueName } from '../../core/process/name.ts';
import { ProcctlError } from '../../errors.ts';
import type { ProcessSpec, SpawnRequest } from '../../protocol/process-spec.ts';

/** What a request finds. */
export interface Present {
  /** Those of this very request that are there already. */
  readonly known: readonly ProcessSpec[];
  /** All others, also those that are still being made. */
  readonly others: readonly ProcessSpec[];
}

/**
 * Gives the processes of a request their names and ids.
 *
 * @returns those that are not there yet
 * @throws ProcctlError ERR_NAME for a name that is none, or is taken
 */
export const instanceSpecs = (
  request: SpawnRequest,
  token: string,
  { known, others }: Present,
  nextId: () => number,
): ProcessSpec[] => {
  const { name, defaultName, instances, ...rest } = request;
  const taken = new Set(others.flatMap((spec) => [spec.name, spec.group]));
  const given = name === null ? undefined : parseProcessName(name);
  const group = known[0]?.group ?? given ?? uniqueName(parseProcessName(defaultName), taken);
  const names = instances === null ? [group] : instanceNames(group, instances);
  const isTaken = [group, ...names].find((candidate) => taken.has(candidate));
  if (isTaken !== undefined) {
    throw new ProcctlError('ERR_NAME', `there is a process named ${isTaken} already`, {
      hint: `choose another name with --name, or remove it first: procctl rm ${isTaken}`,
    });
  }
  return names
    .map((instanceName, index) => ({ instanceName, instance: instances === null ? null : index + 1 }))
    .filter(({ instanceName }) => !known.some((spec) => spec.name === instanceName))
    .map(({ instanceName, instance }) => ({
      ...rest,
      id: nextId(),
      name: instanceName,
      group,
      instance,
      token,
      createdAt: Date.now(),
    }));
};
