// Draws which of its goals procctl reaches, and by how much: `node bench/charts.mjs REPORT.json... > chart.svg`.
// REPORT.json is what `npm run bench -- --json REPORT.json` has written; of several, the later ones win. Apache ECharts
// draws; bench/setup.sh installs it beside the peers.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { peersFolder } from './lib/tools.mjs';

const BAR_PX = 22;
const COLOURS = { ahead: '#2da44e', behind: '#d4730a', ink: '#57606a', faint: '#d0d7de' };

const figureOf = ({ measured, against, unit }) => {
  const digits = Math.abs(measured) >= 100 ? 0 : 2;
  return against === undefined ? `${measured.toFixed(digits)} ${unit}` : `${measured.toFixed(2)} × ${against}`;
};

/** @returns each goal with how many times it was reached: 1 is just so, more is better; without those of which that cannot be said */
const reachedOf = ({ name, goals = [] }) =>
  goals
    .filter(({ measured, atMost }) => measured !== undefined && atMost !== 0)
    .map((goal) => ({
      title: `${name}: ${goal.label ?? goal.text}`,
      times: goal.atLeast === undefined ? goal.atMost / goal.measured : goal.measured / goal.atLeast,
      figure: figureOf(goal),
    }));

const optionOf = (leads) => ({
  animation: false,
  title: {
    text: 'what procctl was to reach, and what it has reached',
    subtext: '1 × is the goal, to the right of it is better; with the number that was measured',
    textStyle: { color: COLOURS.ink, fontSize: 15 },
    subtextStyle: { color: COLOURS.ink },
  },
  // Widths of texts are not known here, so there is room for the longest.
  grid: { left: 420, right: 230, top: 60, bottom: 30 },
  xAxis: {
    // Of doublings, not of times: so a bar begins at "as good as", on either side of it.
    type: 'value',
    minInterval: 1,
    // Room for the longest bar behind.
    min: ({ min }) => Math.floor(Math.min(0, min)) - 1,
    axisLabel: { color: COLOURS.ink, formatter: (doublings) => `${2 ** doublings} ×` },
    splitLine: { lineStyle: { color: COLOURS.faint, opacity: 0.5 } },
  },
  yAxis: {
    type: 'category',
    inverse: true,
    data: leads.map(({ title }) => title),
    axisLabel: { color: COLOURS.ink },
    axisTick: { show: false },
    axisLine: { show: false },
  },
  series: {
    type: 'bar',
    data: leads.map(({ times, figure }) => ({
      value: Math.log2(times),
      itemStyle: { color: times >= 1 ? COLOURS.ahead : COLOURS.behind },
      label: {
        show: true,
        position: 'right',
        color: COLOURS.ink,
        formatter: figure,
      },
    })),
  },
});

const works = new Map();
for (const file of process.argv.slice(2)) {
  for (const work of JSON.parse(readFileSync(file, 'utf8')).works) works.set(work.name, work);
}
const leads = [...works.values()].flatMap(reachedOf).toSorted((a, b) => b.times - a.times);
if (leads.length === 0) {
  process.stderr.write(
    'charts: no benchmark with a goal that was measured; usage: node bench/charts.mjs REPORT.json... > chart.svg\n',
  );
  process.exit(2);
}
const echarts = createRequire(join(peersFolder, 'package.json'))('echarts');
const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 1100, height: 80 + BAR_PX * leads.length });
chart.setOption(optionOf(leads));
const svg = chart.renderToSVGString();
chart.dispose();
process.stdout.write(`${svg}\n`, () => process.exit(0));
