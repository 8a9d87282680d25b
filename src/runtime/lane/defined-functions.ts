import type { FunctionTarget } from './function-call.ts';

/** A function that the worker has to be told of. */
export interface Definition {
  readonly number: number;
  readonly target: FunctionTarget['target'];
}

/** The functions that one worker knows, by numbers. */
export class DefinedFunctions {
  readonly #numbers = new Map<string, number>();
  #untold: Definition[] = [];

  /** @returns the number by which the worker knows it once it has been told what `takeUntold` returns */
  numberOf({ key, target }: FunctionTarget): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#numbers.size + 1;
    this.#numbers.set(key, number);
    this.#untold.push({ number, target });
    return number;
  }

  takeUntold(): readonly Definition[] {
    const untold = this.#untold;
    this.#untold = [];
    return untold;
  }
}
