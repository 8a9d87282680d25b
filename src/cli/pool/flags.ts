import type { BackgroundFlags } from './options/background-options.ts';
import type { BatchFlags } from './options/batch-options.ts';
import type { ControlFlags } from './options/control-options.ts';
import type { EndFlags } from './options/end-options.ts';
import type { InputFlags } from './options/input-options.ts';
import type { JournalFlags } from './options/journal-options.ts';
import type { OutputFlags } from './options/output-options.ts';
import type { RemoteFlags } from './options/remote-options.ts';
import type { ResultsFlags } from './options/results-options.ts';
import type { RunFlags } from './options/run-options.ts';
import type { TemplateFlags } from './options/template-options.ts';
import type { ViewFlags } from './options/view-options.ts';

/** The options of `procctl pool`, as commander delivers them. */
export interface PoolFlags
  extends InputFlags,
    TemplateFlags,
    RunFlags,
    ControlFlags,
    EndFlags,
    OutputFlags,
    ResultsFlags,
    JournalFlags,
    ViewFlags,
    BackgroundFlags,
    RemoteFlags,
    BatchFlags {}
