// The slots of a pool over time, as SVG: a lane for each slot, a bar for each attempt.
import { printable } from '../core/printable.ts';
import { formatDuration } from '../protocol/duration.ts';
import type { AttemptView, RunView } from '../protocol/journal/history.ts';
import { cut } from '../protocol/show.ts';
import { tickText, timeTicks } from './time-axis.ts';

const WIDTH = 1200;
const LEFT = 60;
const RIGHT = 20;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const MOST_TICKS = 10;
/** A lane is this high, or as much lower as is needed for all lanes of a run to fit into `MAX_PLOT_HEIGHT`. */
const LANE_HEIGHT = 18;
const MIN_LANE_HEIGHT = 2;
const MAX_PLOT_HEIGHT = 900;
const MAX_NAME_CHARS = 120;
/** Bars narrower than this, with no more than this between them, become one: nobody could tell them apart. */
const HAIR = 0.5;

const STYLE = `svg{font:12px system-ui,sans-serif;background:#fff;--ink:#24292f;--faint:#d0d7de;--lane:#f6f8fa}
text{fill:var(--ink)}.grid{stroke:var(--faint)}.lane{fill:var(--lane)}
.succeeded{fill:#2da44e}.failed{fill:#cf222e}.timedOut{fill:#d4730a}.cancelled{fill:#8c959f}.retried{fill-opacity:.5}
@media (prefers-color-scheme:dark){svg{background:#0d1117;--ink:#e6edf3;--faint:#30363d;--lane:#161b22}
.succeeded{fill:#3fb950}.failed{fill:#f85149}.timedOut{fill:#e09b3d}.cancelled{fill:#848d97}}`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that is only ever text in XML, whatever it holds; two characters of Unicode may not stand in XML at all. */
const xml = (text: string): string =>
  printable(text)
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const round = (value: number): string => String(Math.round(value * 100) / 100);

interface Bar {
  readonly x: number;
  width: number;
  readonly first: AttemptView;
  count: number;
}

const classOf = ({ state, final }: AttemptView): string => (final ? state : `${state} retried`);

/** The bars of one lane, from left to right. */
const barsOf = (
  attempts: readonly AttemptView[],
  place: (attempt: AttemptView) => readonly [number, number],
): Bar[] => {
  const bars: Bar[] = [];
  for (const { attempt, x, width } of attempts
    .map((attempt) => ({ attempt, x: place(attempt)[0], width: place(attempt)[1] }))
    .sort((one, other) => one.x - other.x)) {
    const last = bars.at(-1);
    const isHair = last !== undefined && width < HAIR && (last.count > 1 || last.width < HAIR);
    if (isHair && classOf(last.first) === classOf(attempt) && x - last.x - last.width < HAIR) {
      last.width = Math.max(last.width, x + width - last.x);
      last.count += 1;
    } else {
      bars.push({ x, width, first: attempt, count: 1 });
    }
  }
  return bars;
};

const endText = ({ exitCode, signal }: AttemptView): string =>
  exitCode === null ? (signal === null ? '' : `, ${signal}`) : `, exit code ${exitCode}`;

const titleOf = ({ first, count }: Bar): string => {
  if (count > 1) return `${count} attempts, ${classOf(first)}`;
  const { id, name, attempt, state, durationMs, slot } = first;
  const tries = attempt > 1 ? `, attempt ${attempt}` : '';
  const label = id === name ? id : `${cut(id, MAX_NAME_CHARS)} (${cut(name, MAX_NAME_CHARS)})`;
  return `${label}: ${state}${endText(first)}, ${formatDuration(durationMs)}, slot ${slot}${tries}`;
};

/** When an attempt began, ms after its run; never before, even if somebody has set the clock. */
const offsetOf = ({ startedAt }: AttemptView, run: RunView): number =>
  Math.max(0, Date.parse(startedAt) - Date.parse(run.startedAt));

const spanOf = (run: RunView): number =>
  run.attempts.reduce((span, attempt) => Math.max(span, offsetOf(attempt, run) + attempt.durationMs), 1);

const byLane = (run: RunView): ReadonlyMap<number, readonly AttemptView[]> => {
  const lanes = new Map<number, AttemptView[]>();
  for (const attempt of run.attempts) {
    const lane = lanes.get(attempt.slot);
    if (lane === undefined) lanes.set(attempt.slot, [attempt]);
    else lane.push(attempt);
  }
  return new Map([...lanes].sort(([one], [other]) => one - other));
};

/** One run: a heading, its lanes, its axis. */
const renderRun = (run: RunView, top: number, spanMs: number): { readonly svg: string; readonly height: number } => {
  const lanes = byLane(run);
  const laneHeight = Math.min(LANE_HEIGHT, Math.max(MIN_LANE_HEIGHT, MAX_PLOT_HEIGHT / Math.max(1, lanes.size)));
  const scale = (ms: number): number => (ms / spanMs) * PLOT_WIDTH;
  const plotTop = top + 24;
  const plotBottom = plotTop + lanes.size * laneHeight;
  const parts = [
    `<text x="${LEFT}" y="${top + 14}" font-weight="bold">${xml(
      `run ${run.run}, ${run.state}, ${run.startedAt}, ${run.size} at a time`,
    )}</text>`,
  ];
  const gap = laneHeight > 6 ? 2 : 0;
  for (const [index, [slot, attempts]] of [...lanes].entries()) {
    const y = round(plotTop + index * laneHeight);
    const height = round(laneHeight - gap);
    parts.push(`<rect class="lane" x="${LEFT}" y="${y}" width="${PLOT_WIDTH}" height="${height}"/>`);
    if (laneHeight >= 12) {
      parts.push(`<text x="${LEFT - 8}" y="${round(Number(y) + laneHeight / 2 + 3)}" text-anchor="end">${slot}</text>`);
    }
    const place = (attempt: AttemptView) => [scale(offsetOf(attempt, run)), scale(attempt.durationMs)] as const;
    for (const bar of barsOf(attempts, place)) {
      const width = round(Math.max(HAIR, bar.width));
      parts.push(
        `<rect class="${classOf(bar.first)}" x="${round(LEFT + bar.x)}" y="${y}" width="${width}" height="${height}"` +
          `><title>${xml(titleOf(bar))}</title></rect>`,
      );
    }
  }
  for (const ms of timeTicks(spanMs, MOST_TICKS)) {
    const x = round(LEFT + scale(ms));
    parts.push(`<path class="grid" d="M${x} ${round(plotTop)}V${round(plotBottom + 4)}"/>`);
    parts.push(`<text x="${x}" y="${round(plotBottom + 17)}" text-anchor="middle">${tickText(ms)}</text>`);
  }
  return { svg: parts.join('\n'), height: plotBottom - top + 34 };
};

const LEGEND = ['succeeded', 'failed', 'timedOut', 'cancelled', 'failed retried'];

const legend = (): string =>
  LEGEND.map((name, index) => {
    const x = LEFT + index * 110;
    return `<rect class="${name}" x="${x}" y="10" width="12" height="12"/><text x="${x + 18}" y="20">${name}</text>`;
  }).join('\n');

/** An SVG document of its own: no script, no font and nothing else from elsewhere. All runs have the same scale. */
export const renderTimeline = (runs: readonly RunView[]): string => {
  const spanMs = runs.reduce((span, run) => Math.max(span, spanOf(run)), 1);
  const parts: string[] = [];
  let top = 36;
  for (const run of runs) {
    const { svg, height } = renderRun(run, top, spanMs);
    parts.push(svg);
    top += height;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${Math.ceil(top)}" width="${WIDTH}" height="${Math.ceil(top)}">`,
    '<title>Slots over time</title>',
    `<style>${STYLE}</style>`,
    legend(),
    ...parts,
    '</svg>\n',
  ].join('\n');
};
