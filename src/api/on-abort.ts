const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when a signal is aborted, which it is not yet. However many calls share one, it has one listener: with more
 * than ten, Node warns of a leak, and each further one takes longer to add and to remove.
 *
 * @returns takes it back
 */
export const onAbort = (signal: AbortSignal, callback: () => void): (() => void) => {
  let all = callbacks.get(signal);
  if (all === undefined) {
    const created = new Set<() => void>();
    const listener = (): void => {
      callbacks.delete(signal);
      for (const each of created) each();
    };
    signal.addEventListener('abort', listener, { once: true });
    callbacks.set(signal, created);
    all = created;
  }
  all.add(callback);
  return () => {
    callbacks.get(signal)?.delete(callback);
  };
};
