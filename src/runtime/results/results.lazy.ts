import type { ResultsTarget } from '../../protocol/results/results-target.ts';
import type { Results, ResultsOptions } from './results.ts';
import { resultsDirectory } from './results-directory.ts';
import { resultsFile } from './results-file.ts';

/** Opens what `--results` names, before anything runs. @throws ProcctlError when nothing could be kept there */
export const openResults = ({ kind, path }: ResultsTarget, options: ResultsOptions): Results =>
  kind === 'directory' ? resultsDirectory(path, options) : resultsFile(kind, path, options);
