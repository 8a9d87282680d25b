// The shape of a request to supervise something, and of the spec that is kept of it.
import * as z from 'zod/mini';
import { instanceName } from '../core/process/name.ts';
import { BATCH_INPUT_NAME, LIMIT_NAMES, type ProcessSpec, type SpawnRequest } from './process-spec.ts';

/** Arguments and variables: any text without NUL, which ends strings in execve(2). */
const text = z.string().check(z.refine((value) => !value.includes('\0'), { error: 'holds a NUL character' }));
const durationMs = z.number().check(z.gte(0));
const limitValue = z.nullable(z.number().check(z.gte(0)));

const isEnvironment = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(
    ([name, item]) => typeof item === 'string' && name !== '' && !/[=\0]/.test(name) && !item.includes('\0'),
  );

const common = {
  argv: z.array(text).check(z.minLength(1)),
  command: z.string(),
  cwd: text.check(z.startsWith('/')),
  // Not z.record, which loses a variable named __proto__.
  env: z.custom<Record<string, string>>(isEnvironment, { error: 'expected variables and their values, without NUL' }),
  policy: z.object({
    restart: z.enum(['no', 'on-failure', 'always']),
    okExitCodes: z.array(z.int()),
    restartLimit: z.object({ max: z.nullable(z.int().check(z.gte(0))), withinMs: durationMs }),
    backoff: z.object({ minMs: durationMs, maxMs: durationMs }),
    stableAfterMs: durationMs,
  }),
  stopSignal: z.string().check(z.regex(/^SIG[A-Z0-9+]+$/)),
  stopTimeoutMs: durationMs,
  logMaxBytes: z.number().check(z.gte(0)),
  logKeep: z.int().check(z.gte(1)),
  nice: z.nullable(z.int().check(z.gte(-20), z.lte(19))),
  limits: z.partialRecord(z.enum(LIMIT_NAMES), z.object({ soft: limitValue, hard: limitValue })),
  umask: z.nullable(z.int().check(z.gte(0), z.lte(0o777))),
  user: z.nullable(z.object({ name: z.string(), uid: z.int().check(z.gte(0)), gid: z.int().check(z.gte(0)) })),
  boot: z.boolean(),
  stdin: z.optional(z.nullable(text.check(z.startsWith('/')))),
  batch: z.optional(
    z.nullable(
      z.object({
        input: z.nullable(z.string().check(z.regex(BATCH_INPUT_NAME))),
        argvAgain: z.nullable(z.array(text).check(z.minLength(1))),
      }),
    ),
  ),
};

export const spawnRequestSchema = z.object({
  ...common,
  name: z.nullable(z.string()),
  defaultName: z.string(),
  instances: z.nullable(z.int().check(z.gte(1), z.lte(1000))),
});

const specSchema = z.object({
  ...common,
  id: z.int(),
  name: z.string(),
  group: z.string(),
  instance: z.nullable(z.int()),
  token: z.string(),
  createdAt: z.number(),
});

/** Of several instances: what is their own stands in `instances`, as pairs of id and number. */
const sharedSchema = z.object({
  ...common,
  instances: z.array(z.tuple([z.int(), z.int()])),
  group: z.string(),
  token: z.string(),
  createdAt: z.number(),
});

/** What instances of one request have in common, and which they are. */
export const sharedSpec = (specs: readonly ProcessSpec[]): object => {
  const { id, name, instance, ...rest } = specs[0] as ProcessSpec;
  return { ...rest, instances: specs.map((spec) => [spec.id, spec.instance]) };
};

/**
 * Checks what was read from a `spec.json`.
 *
 * @param id of the process it should be of
 * @returns undefined when it is not what this version wrote, or of somebody else
 */
export const parseSpec = (value: unknown, id: number): ProcessSpec | undefined => {
  if (typeof value === 'object' && value !== null && 'instances' in value) return ownPart(value, id);
  const result = specSchema.safeParse(value);
  return result.success && result.data.id === id ? (result.data as ProcessSpec) : undefined;
};

const ownPart = (value: object, id: number): ProcessSpec | undefined => {
  const result = sharedSchema.safeParse(value);
  if (!result.success) return undefined;
  const { instances, ...rest } = result.data;
  const instance = instances.find(([of]) => of === id)?.[1];
  if (instance === undefined) return undefined;
  return { ...rest, id, name: instanceName(rest.group, instance), instance } as ProcessSpec;
};

export const asSpawnRequest = (value: z.infer<typeof spawnRequestSchema>): SpawnRequest => value as SpawnRequest;
