/** Those who wait until something holds; they look after every change. */
export class Waiters {
  readonly #looks = new Set<() => void>();
  #isClosed = false;

  /** @returns false when `signal` came first; true also when nothing changes any more */
  until(holds: () => boolean, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (value: boolean): void => {
        this.#looks.delete(look);
        signal?.removeEventListener('abort', giveUp);
        resolve(value);
      };
      const look = (): void => {
        if (holds() || this.#isClosed) finish(true);
      };
      const giveUp = (): void => finish(false);
      this.#looks.add(look);
      signal?.addEventListener('abort', giveUp);
      if (signal?.aborted) giveUp();
      else look();
    });
  }

  /** Something has changed. */
  tell(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Nothing changes any more: nobody has to wait. */
  close(): void {
    this.#isClosed = true;
    this.tell();
  }
}
