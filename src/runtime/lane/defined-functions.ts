import type { FunctionTarget } from './function-call.ts';

/** Functions that a worker knows at a time. */
const MOST = 1_000;
/** Characters of them together, unless one alone is longer: some are sent by their text. */
const MOST_CHARS = 16 * 1024 * 1024;

/** A function that the worker has to be told of. */
export interface Definition {
  /** One that the worker knows another function by already means this one from now on. */
  readonly number: number;
  readonly target: FunctionTarget['target'];
}

/**
 * The functions that one worker knows, by numbers. There may be ever new ones, so those that were used least recently give way; who
 * is used again is defined again.
 */
export class DefinedFunctions {
  readonly #limits: { readonly most: number; readonly mostChars: number };
  /** Those used least recently are the first. */
  readonly #numbers = new Map<string, number>();
  #chars = 0;
  #lastNumber = 0;
  /** Numbers that mean nothing any more; the next is taken from the end, so that what it meant is forgotten soonest. */
  readonly #free: number[] = [];
  #untold: Definition[] = [];

  /** @param limits default: what is meant for a worker */
  constructor(limits = { most: MOST, mostChars: MOST_CHARS }) {
    this.#limits = limits;
  }

  /**
   * @returns the number by which the worker knows it once it has been told what `takeUntold` returns, until it has been told the
   * next time; so a message must name one function, or few
   */
  numberOf({ key, target }: FunctionTarget): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) {
      this.#numbers.delete(key);
      this.#numbers.set(key, known);
      return known;
    }
    this.#makeRoom(key.length);
    const number = this.#free.pop() ?? this.#next();
    this.#numbers.set(key, number);
    this.#chars += key.length;
    this.#untold.push({ number, target });
    return number;
  }

  takeUntold(): readonly Definition[] {
    const untold = this.#untold;
    this.#untold = [];
    return untold;
  }

  #next(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  #makeRoom(chars: number): void {
    const { most, mostChars } = this.#limits;
    for (const [key, number] of this.#numbers) {
      if (this.#numbers.size < most && this.#chars + chars <= mostChars) return;
      this.#numbers.delete(key);
      this.#chars -= key.length;
      this.#free.push(number);
    }
  }
}
