// What is known of a call before it is made, from the type of the function alone.
import type { AnyFunction } from '../protocol/target.ts';

/** All of a list of types but the last. */
type AllButLast<T extends readonly unknown[]> = T extends readonly [...infer First, unknown?] ? First : T;
/** The last of a list of types, which may be an optional one. */
type Last<T extends readonly unknown[]> = Required<T> extends readonly [...unknown[], infer L] ? L : T[number];

/** The named arguments: an object that comes last. */
type Kwargs<F extends AnyFunction> = Last<Parameters<F>> & object;
/** What comes before them. */
type BeforeKwargs<F extends AnyFunction> = Readonly<AllButLast<Parameters<F>>>;

type Args<F extends AnyFunction> = Readonly<Parameters<F>>;

/** Arguments as a list, or as a list and an object that comes last; a list may be left out where it may be empty. */
export type CallArguments<F extends AnyFunction> =
  | ([] extends Parameters<F>
      ? { readonly args?: Args<F> | undefined; readonly kwargs?: undefined }
      : { readonly args: Args<F>; readonly kwargs?: undefined })
  | ([] extends BeforeKwargs<F>
      ? { readonly args?: BeforeKwargs<F> | undefined; readonly kwargs: Kwargs<F> }
      : { readonly args: BeforeKwargs<F>; readonly kwargs: Kwargs<F> });

/** As `CallArguments`, one after the other. */
export type ApplyArguments<F extends AnyFunction> =
  | ([] extends Parameters<F>
      ? readonly [args?: Args<F> | undefined, kwargs?: undefined]
      : readonly [args: Args<F>, kwargs?: undefined])
  | readonly [args: BeforeKwargs<F>, kwargs: Kwargs<F>];

/** Arguments as a list, and options; the list may be left out where it may be empty. */
export type ArgumentsAnd<Options, F extends AnyFunction> =
  [] extends Parameters<F>
    ? readonly [args?: Args<F> | undefined, options?: Options | undefined]
    : readonly [args: Args<F>, options?: Options | undefined];

/** What `map` hands to a function, which is its only argument. */
export type ItemOf<F extends AnyFunction> =
  Parameters<F> extends readonly []
    ? unknown
    : Parameters<F> extends readonly [unknown, unknown, ...unknown[]]
      ? never
      : Parameters<F>[0];

export type ResultOf<F extends AnyFunction> = Awaited<ReturnType<F>>;
