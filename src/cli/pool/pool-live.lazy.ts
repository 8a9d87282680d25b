import { renderPoolLive } from '../../render/pool-live.ts';
import type { PoolView } from '../../render/pool-view.ts';
import { Painter } from '../painter.ts';

export interface LiveViewOptions {
  /** Where to paint: a terminal. */
  readonly stream: NodeJS.WriteStream;
  readonly colour: boolean;
  /** What to paint; asked anew for every frame. */
  readonly view: () => PoolView;
}

/** The live view of a pool. */
export class LiveView extends Painter {
  constructor({ stream, colour, view }: LiveViewOptions) {
    super({ stream, render: (size) => renderPoolLive(view(), { ...size, colour }), isSuspendedByCaller: true });
  }
}
