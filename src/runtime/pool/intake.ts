import type { TaskSpec } from '../../core/pool/task.ts';

export interface IntakePorts {
  submit(tasks: readonly TaskSpec[]): void;
  /** More is to be read now. */
  isWanted(): boolean;
  /** Nothing more is to be read, ever. */
  isOver(): boolean;
  onEnded(): void;
  onFailed(error: unknown): void;
}

/** Takes tasks from the input, no faster than they are wanted. */
export class Intake {
  readonly #ports: IntakePorts;
  #wake = (): void => {};

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  async read(tasks: AsyncIterable<readonly TaskSpec[]>): Promise<void> {
    try {
      for await (const batch of tasks) {
        this.#ports.submit(batch);
        await this.#untilMoreIsWanted();
        if (this.#ports.isOver()) break;
      }
      this.#ports.onEnded();
    } catch (error) {
      this.#ports.onFailed(error);
    }
  }

  /** Something has changed: more may be wanted. */
  changed(): void {
    this.#wake();
  }

  get #mayGoOn(): boolean {
    return this.#ports.isOver() || this.#ports.isWanted();
  }

  #untilMoreIsWanted(): Promise<void> {
    if (this.#mayGoOn) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = () => {
        if (!this.#mayGoOn) return;
        this.#wake = () => {};
        resolve();
      };
    });
  }
}
