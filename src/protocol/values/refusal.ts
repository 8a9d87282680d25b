import { SerializationError } from '../../errors.ts';

const MAX_STEPS = 20;

/**
 * Why a value cannot cross, on its way up from the offender to the root: each container it passes adds a step.
 * Cheaper than keeping the path while all goes well.
 */
export class Refusal {
  /** From the offender to the root: `.save`, `[1]`. */
  readonly steps: string[] = [];

  /**
   * @param problem the end of a sentence that begins with the path: `is a function, …`
   * @param hint the way out
   */
  constructor(
    readonly problem: string,
    readonly hint?: string,
    readonly cause?: unknown,
  ) {}

  toError(root: string): SerializationError {
    const steps = this.steps.toReversed();
    const way = (steps.length > MAX_STEPS ? [...steps.slice(0, MAX_STEPS), '…'] : steps).join('');
    // Without a root the first name begins the path.
    const path = root === '' ? way.replace(/^\./, '') : root + way;
    return new SerializationError(`${path} ${this.problem}`, path, {
      ...(this.hint !== undefined && { hint: this.hint }),
      ...(this.cause !== undefined && { cause: this.cause }),
    });
  }
}

const messageOf = (thrown: unknown): string => {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'a value without text';
  }
};

/** What was thrown by code that is not of the codec: a getter, a description of a handle. */
export const refusalOf = (thrown: unknown): Refusal =>
  thrown instanceof Refusal ? thrown : new Refusal(`cannot be read: ${messageOf(thrown)}`, undefined, thrown);

/** The refusal of something inside a container, one step nearer to the root. */
export const passedBy = (thrown: unknown, step: string): Refusal => {
  const refusal = refusalOf(thrown);
  refusal.steps.push(step);
  return refusal;
};

/** How JavaScript would reach a property: `.user`, `["first name"]`. */
export const propertyStep = (key: string): string =>
  /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;

export const indexStep = (index: number | string): string => `[${index}]`;
