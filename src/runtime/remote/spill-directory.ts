import type { TermSequence } from '../../core/pool/term-sequence.ts';
import { Guard } from '../guard.ts';
import { makeRunDirectory, removeRunDirectory } from '../run-directory.ts';
import { uniqueText } from '../unique-text.ts';

/** The directory of a run whose tasks are elsewhere, for output that memory does not hold; made when it is asked for. */
export class SpillDirectory {
  readonly #env: NodeJS.ProcessEnv;
  readonly #ending: TermSequence;
  #path: string | undefined;
  /** It removes the directory if procctl cannot. */
  #guard: Guard | undefined;

  constructor(env: NodeJS.ProcessEnv, ending: TermSequence) {
    this.#env = env;
    this.#ending = ending;
  }

  /** @throws ProcctlError ERR_RUNTIME when there is no room for one */
  get path(): string {
    if (this.#path !== undefined) return this.#path;
    this.#path = makeRunDirectory(this.#env);
    this.#guard = new Guard(this.#env, `/${uniqueText()}.`, this.#path, this.#ending);
    return this.#path;
  }

  remove(): void {
    if (this.#path !== undefined) removeRunDirectory(this.#path);
    void this.#guard?.dismiss();
  }
}
