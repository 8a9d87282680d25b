import type { ClaimSlot } from './claims.ts';

/**
 * What a consumer notes of the items that it hands out, before it does: should it be killed, its host takes all that is noted for
 * lost. Where several may be lost, several are noted at once, and the note is made true again at the end of the turn.
 */
export class HandedNote {
  readonly #slot: ClaimSlot | undefined;
  readonly #maxLost: number;
  /** The number after the last item that is noted. */
  #noted = 0;
  #acked = 0;

  /** @param maxLost how many items that were not handed out, and the one that was last, may be lost together */
  constructor(slot: ClaimSlot | undefined, maxLost: number) {
    this.#slot = slot;
    this.#maxLost = maxLost;
  }

  /** Whether anything can be noted; where not, nothing is to be sent that was not asked for. */
  get hasPlace(): boolean {
    return this.#slot !== undefined;
  }

  /**
   * @param number of the item that is handed out next
   * @param until the number after the last item that could be noted with it
   * @param soon how many will be handed out within a moment, by what was seen so far
   * @returns whether more is noted than was handed out: then `settle` is to be called when the turn ends
   */
  hand(number: number, until: number, soon: number): boolean {
    if (number >= this.#noted) {
      const noted = Math.min(number + Math.max(1, Math.min(soon, this.#maxLost)), until);
      // First: what could not be written is not noted.
      this.#slot?.write(noted, this.#acked);
      this.#noted = noted;
    }
    return this.#noted > number + 1;
  }

  /** Notes exactly what was handed out. @param taken the number after the last of these @returns whether that is news */
  settle(taken: number): boolean {
    if (this.#noted <= taken) return false;
    try {
      this.#slot?.write(taken, this.#acked);
      this.#noted = taken;
    } catch {
      // It says too much, until the next time.
    }
    return true;
  }

  /** @param acked the number up to which all items are done with */
  acknowledge(taken: number, acked: number): void {
    this.#noted = taken;
    this.#acked = acked;
    this.#slot?.write(taken, acked);
  }
}
