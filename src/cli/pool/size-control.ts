import { availableParallelism } from 'node:os';
import type { PoolRun } from '../../runtime/pool/pool-run.ts';
import { type SizeSetting, stepped } from '../../runtime/pool/size-file.ts';
import { SizeWatch } from '../../runtime/pool/size-watch.ts';

/**
 * Lets a pool grow and shrink while it runs: by SIGUSR1 and SIGUSR2, and by the file its size was read from. What was said last
 * counts.
 */
export class SizeControl {
  readonly #run: PoolRun;
  readonly #say: (line: string) => void;
  readonly #watch: SizeWatch | undefined;
  readonly #more = (): void => this.#step(1);
  readonly #fewer = (): void => this.#step(-1);

  constructor(run: PoolRun, { size, file }: SizeSetting, say: (line: string) => void) {
    this.#run = run;
    this.#say = say;
    process.on('SIGUSR1', this.#more);
    process.on('SIGUSR2', this.#fewer);
    if (file === null) return;
    this.#watch = new SizeWatch(file, size, availableParallelism(), {
      onSize: (next) => this.#resize(next),
      onBad: (error) => say(`procctl: ${error.message}; still ${run.wantedSize} at a time`),
    });
  }

  stop(): void {
    this.#watch?.stop();
    process.off('SIGUSR1', this.#more);
    process.off('SIGUSR2', this.#fewer);
  }

  #step(by: 1 | -1): void {
    const size = stepped(this.#run.wantedSize, by);
    if (size !== this.#run.wantedSize) this.#resize(size);
  }

  #resize(wanted: number): void {
    const { size, reason } = this.#run.resize(wanted);
    const instead = size < wanted ? ` instead of ${wanted}: ${reason}` : '';
    this.#say(`procctl: ${size} at a time${instead}`);
  }
}
