// Objects that cross to another process as a reference: both sides then speak of the same queue, lock or event.

/** What is needed to reach the object from another process; plain JSON. */
export interface HandleDescription {
  readonly kind: string;
  readonly [key: string]: unknown;
}

/** The method that describes such an object. Registered, so that copies of this module agree on it. */
export const HANDLE: unique symbol = Symbol.for('procctl.handle') as never;

export interface Handle {
  [HANDLE](): HandleDescription;
}

/** Makes the object again from its description. */
export type RestoreHandle = (description: HandleDescription) => object;
