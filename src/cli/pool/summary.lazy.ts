export { SummaryTally } from '../../core/pool/summary.ts';
export { renderPoolSummary } from '../../render/pool-summary.ts';
export { summaryOutput } from '../../runtime/output/summary-output.ts';
