import type { PathOperation } from './path-operation.ts';

/** A replacement string of a template. */
export type Placeholder =
  /** `{}`: every value of the input. */
  | { readonly kind: 'all'; readonly operation: PathOperation; readonly text: string }
  /** `{2}`, `{-1}`: one value, counted from 1, or from the end. */
  | { readonly kind: 'position'; readonly position: number; readonly operation: PathOperation; readonly text: string }
  /** `{name}`: a column of a table, or a path into a JSON value. */
  | { readonly kind: 'name'; readonly name: string; readonly operation: PathOperation; readonly text: string }
  /** `{#}`: the number of the task. */
  | { readonly kind: 'seq'; readonly text: string }
  /** `{%}`: the slot it runs in, known when it starts. */
  | { readonly kind: 'slot'; readonly text: string };

/** A piece of a template: text as it is, or a replacement string. */
export type Part = string | Placeholder;

export const isPlaceholder = (part: Part): part is Placeholder => typeof part !== 'string';

/** Whether a part stands for an argument: not for the number of the task or its slot. */
export const isArgument = (part: Part): boolean => isPlaceholder(part) && part.kind !== 'seq' && part.kind !== 'slot';
