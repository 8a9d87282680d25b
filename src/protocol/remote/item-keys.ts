/** What procctl keeps of a queue of the library, beside what BullMQ does. `:` is in no queue's name. */
export const itemKeys = (queue: string) => ({
  /** String: the number of the last item of this producer. */
  put: (producer: string): string => `procctl:${queue}:put:${producer}`,
  /** Its presence: nothing more is put. */
  closed: `procctl:${queue}:closed`,
  /** String: JSON of what all have to agree upon. */
  rules: `procctl:${queue}:rules`,
});
